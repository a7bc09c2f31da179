/* worker_test.c - a real agent and real runners do what a master asks, survive what jobs do to
 * them, and leave nothing behind. The master is a script (kit.h). */
#include "tests/integ/worker/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobapi/graph/graph.h"
#include "worker/runtime/load.h"

#define SECOND INT64_C(1000000000)

#define BIDS                                                                                       \
    "CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, "  \
    "date_time TIMESTAMP(3), extra STRING) WITH ('connector' = 'nexmark', 'table-type' = 'bid'"
/* 46 of 50 events are bids. */
static const char counted[] = BIDS ", 'events' = '50000');\n"
                                   "SELECT COUNT(*) AS n, SUM(price) AS s FROM bid";
static const char endless[] =
    BIDS ");\nCREATE TABLE nowhere (bidder BIGINT, n BIGINT) WITH ('connector' = 'blackhole');\n"
         "INSERT INTO nowhere SELECT bidder, COUNT(*) FROM bid GROUP BY bidder";

static tide_job_spec sql_job(const char *text, uint64_t parallelism)
{
    return (tide_job_spec){
        .kind = "sql", .text = text, .text_name = "job.sql", .parallelism = parallelism
    };
}

/* bad_job.c with an argument; the kit has the library. */
static tide_job_spec bad_job(kit *k, tide_text_item *how, const char *what)
{
    const char *path = getenv("BAD_JOB");
    assert_non_null(path);
    kit_serve(k, path);
    how->text = what;
    return (tide_job_spec){ .kind = "library",
                            .artifact = k->artifact_name,
                            .artifact_name = "libbad_job.so",
                            .args = { 1, how },
                            .parallelism = 1 };
}

static uint64_t plan_hash(const char *text, uint64_t parallelism)
{
    tide_plan *plan;
    tide_job_settings settings;
    const tide_load_settings around = { 0 };
    assert_int_equal(tide_load_sql(text, strlen(text), "job.sql", &around, &plan, &settings),
                     TIDE_OK);
    settings.parallelism = parallelism;
    tide_graph *graph;
    assert_int_equal(tide_graph_build(plan, &settings, &graph), TIDE_OK);
    uint64_t hash = graph->plan_hash;
    tide_graph_free(&graph);
    tide_plan_free(&plan);
    return hash;
}

static bool nothing_runs(kit *k, uint64_t arg)
{
    (void)arg;
    for (uint32_t i = 0; i < k->n_agents; i++)
        if (k->agents[i].beat_runners) return false;
    return true;
}

static void one_runner_runs_a_job_from_start_to_end(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    assert_int_equal(k.agents[0].n_slots, 2);
    tide_job_spec spec = sql_job(counted, 1);
    spec.plan_hash = plan_hash(counted, 1);
    kit_run(&k, &spec, 1);
    kit_until_state(&k, 0, TIDE_RUNNER_FINISHED);
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    assert_int_equal(k.runners[0].report.failure.code, TIDE_OK);
    assert_int_equal(k.runners[0].report.plan_hash, spec.plan_hash);
    assert_true(k.runners[0].rows_in >= 46000);
    assert_non_null(strstr(kit_log(&k, 0), "{\"n\":46000,"));
    kit_until(&k, nothing_runs, 0, "a heartbeat without runners");
    kit_await_gone((pid_t)k.runners[0].report.pid, SECOND);
    kit_end(&k);
}

static void two_runners_of_two_agents_exchange_rows(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 2, NULL);
    tide_job_spec spec = sql_job(counted, 2);
    spec.plan_hash = plan_hash(counted, 2);
    kit_run(&k, &spec, 2);
    for (uint32_t i = 0; i < 2; i++) {
        kit_until_state(&k, i, TIDE_RUNNER_EXITED);
        assert_int_equal(k.runners[i].report.failure.code, TIDE_OK);
    }
    /* The result is in one of the two logs. */
    bool first = strstr(kit_log(&k, 0), "{\"n\":46000,") != NULL;
    bool second = strstr(kit_log(&k, 1), "{\"n\":46000,") != NULL;
    assert_true(first != second);
    kit_end(&k);
}

/* One runner's death is the other's failure, by name. */
static void a_lost_peer_fails_the_others(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 2, NULL);
    const tide_job_spec spec = sql_job(endless, 2);
    kit_run(&k, &spec, 2);
    assert_int_equal(kill((pid_t)k.runners[1].report.pid, SIGKILL), 0);
    int64_t killed_ns = kit_now_ns();
    kit_until_state(&k, 1, TIDE_RUNNER_EXITED);
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    assert_true(kit_now_ns() - killed_ns < 5 * SECOND);
    assert_int_equal(k.runners[1].report.failure.signal, SIGKILL);
    assert_int_equal(k.runners[0].report.failure.code, TIDE_E_UNREACHABLE);
    kit_end(&k);
}

static bool has_moved(kit *k, uint64_t arg)
{
    (void)arg;
    return k->runners[0].n_stats > 0 && k->runners[0].rows_in > 0;
}

static void a_killed_runner_is_diagnosed_from_outside(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    const tide_job_spec spec = sql_job(endless, 1);
    kit_run(&k, &spec, 1);
    kit_until(&k, has_moved, 0, "rows");
    assert_int_equal(kill((pid_t)k.runners[0].report.pid, SIGKILL), 0);
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    const tide_failure *f = &k.runners[0].report.failure;
    assert_int_equal(f->code, TIDE_E_CRASHED);
    assert_int_equal(f->signal, SIGKILL);
    assert_true(f->operator[0] != '\0');
    kit_end(&k);
}

static void a_stop_ends_an_endless_job_cleanly(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 2, NULL);
    const tide_job_spec spec = sql_job(endless, 2);
    kit_run(&k, &spec, 2);
    kit_until(&k, has_moved, 0, "rows");
    kit_stop(&k, 2);
    for (uint32_t i = 0; i < 2; i++) {
        kit_until_state(&k, i, TIDE_RUNNER_EXITED);
        assert_int_equal(k.runners[i].report.failure.code, TIDE_OK);
        assert_true(k.runners[i].report.stopped);
    }
    kit_end(&k);
}

static void another_plan_is_refused_with_the_difference(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    tide_job_spec spec = sql_job(counted, 1);
    spec.plan_hash = 12345;
    kit_start(&k, &spec, 1);
    kit_until_state(&k, 0, TIDE_RUNNER_FAILED);
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    const tide_failure *f = &k.runners[0].report.failure;
    assert_int_equal(f->code, TIDE_E_MISMATCH);
    assert_non_null(strstr(f->text, "the plan built on this worker differs"));
    spec = sql_job("SELECT nothing FROM nowhere", 1);
    kit_start(&k, &spec, 1);
    kit_until_state(&k, 0, TIDE_RUNNER_FAILED);
    assert_non_null(strstr(k.runners[0].report.failure.text, "nowhere"));
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    kit_end(&k);
}

/* ---- what user code may do ---- */
static const tide_failure *run_bad_job(kit *k, const char *how)
{
    tide_text_item arg;
    const tide_job_spec spec = bad_job(k, &arg, how);
    kit_run(k, &spec, 1);
    kit_until_state(k, 0, TIDE_RUNNER_EXITED);
    const tide_failure *f = &k->runners[0].report.failure;
    print_message("%s: \"%s\" in \"%s\"\n", how, f->text, f->operator);
    return f;
}

static void crashes_of_user_code_are_told_with_operator_and_batch(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    const tide_failure *f = run_bad_job(&k, "abort");
    assert_int_equal(f->code, TIDE_E_CRASHED);
    assert_int_equal(f->signal, SIGABRT);
    assert_non_null(strstr(f->operator, "misbehave"));
    assert_true(f->batch > 0);
    assert_non_null(strstr(f->text, "was killed by signal 6"));
    assert_non_null(strstr(kit_log(&k, 0), "/artifacts/")); /* The calls that led there. */
    uint32_t chunks = k.chunks_sent;
    assert_true(chunks >= 1);
    f = run_bad_job(&k, "fault");
    assert_non_null(strstr(f->operator, "misbehave"));
    assert_int_equal(k.chunks_sent, chunks); /* The library is here already. */
    f = run_bad_job(&k, "fail");
    assert_int_equal(f->code, TIDE_E_USER_CODE);
    assert_non_null(strstr(f->text, "row 5000 is not to my liking"));
    f = run_bad_job(&k, "behave");
    assert_int_equal(f->code, TIDE_OK);
    kit_end(&k);
}

/* There is no room left on the slot's stack to say so: the handler has one of its own. */
static void a_stack_that_is_used_up_is_told_with_operator_and_batch(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    const tide_failure *f = run_bad_job(&k, "recurse");
    assert_int_equal(f->code, TIDE_E_CRASHED);
    assert_non_null(strstr(f->operator, "misbehave"));
    assert_true(f->batch > 0);
    if (!*getenv("TIDE_SANITIZE")) { /* They end the process by themselves. */
        assert_int_equal(f->signal, SIGSEGV);
        assert_non_null(strstr(f->text, "signal 11 (Segmentation fault: stack overflow)"));
    }
    assert_non_null(strstr(kit_log(&k, 0), "/artifacts/"));
    f = run_bad_job(&k, "fault");
    assert_null(strstr(f->text, "stack overflow"));
    kit_end(&k);
}

static void user_code_that_never_returns_is_killed(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    tide_pair timeout = { "task.stuck-timeout", "500 ms" };
    tide_text_item arg;
    tide_job_spec spec = bad_job(&k, &arg, "loop");
    spec.settings_above.n = 1;
    spec.settings_above.items = &timeout;
    kit_run(&k, &spec, 1);
    kit_until_state(&k, 0, TIDE_RUNNER_EXITED);
    const tide_failure *f = &k.runners[0].report.failure;
    assert_int_equal(f->code, TIDE_E_TIMEOUT);
    assert_non_null(strstr(f->operator, "misbehave"));
    assert_non_null(strstr(f->text, "task.stuck-timeout"));
    kit_end(&k);
}

/* Its agent can end it before it knows any time-out. */
static void a_plan_that_never_ends_can_be_killed(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    tide_text_item arg;
    const tide_job_spec spec = bad_job(&k, &arg, "loop-in-plan");
    kit_start(&k, &spec, 1);
    kit_until_state(&k, 0, TIDE_RUNNER_STARTING);
    kit_kill(&k, 1);
    assert_int_equal(k.runners[0].report.failure.code, TIDE_E_CANCELLED);
    kit_end(&k);
}

static void a_runner_that_takes_all_memory_is_told_so(void **state)
{
    (void)state;
    if (*getenv("TIDE_SANITIZE")) skip(); /* Their own reservations do not fit any limit. */
    static const char *const settings[] = { "taskmanager.memory.process.size=1g", NULL };
    kit k;
    kit_begin(&k, 1, settings);
    const tide_failure *f = run_bad_job(&k, "memory");
    assert_int_equal(f->code, TIDE_E_CRASHED);
    assert_non_null(strstr(f->text, "of its 512 MiB of memory"));
    assert_non_null(strstr(f->operator, "misbehave"));
    kit_end(&k);
}

/* ---- the agent's end ---- */
static void runners_of_a_killed_agent_are_gone_within_a_second(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    const tide_job_spec spec = sql_job(endless, 1);
    kit_run(&k, &spec, 1);
    pid_t runner = (pid_t)k.runners[0].report.pid;
    assert_int_equal(kill(k.agents[0].pid, SIGKILL), 0);
    assert_int_equal(waitpid(k.agents[0].pid, NULL, 0), k.agents[0].pid);
    k.agents[0].pid = 0;
    kit_await_gone(runner, SECOND);
    kit_end(&k);
}

static bool said_goodbye(kit *k, uint64_t arg)
{
    (void)arg;
    return k->agents[0].goodbyes > 0;
}

static void sigterm_drains(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1, NULL);
    const tide_job_spec spec = sql_job(endless, 1);
    kit_run(&k, &spec, 1);
    pid_t agent = k.agents[0].pid;
    assert_int_equal(kill(agent, SIGTERM), 0);
    kit_until(&k, said_goodbye, 0, "a goodbye");
    assert_int_equal(waitpid(agent, NULL, WNOHANG), 0); /* It waits for the runner. */
    kit_kill(&k, 1);
    int status;
    assert_int_equal(waitpid(agent, &status, 0), agent);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    k.agents[0].pid = 0;
    kit_end(&k);
}

static void a_drain_that_nobody_heeds_ends_by_itself(void **state)
{
    (void)state;
    static const char *const settings[] = { "taskmanager.shutdown-timeout=300 ms", NULL };
    kit k;
    kit_begin(&k, 1, settings);
    const tide_job_spec spec = sql_job(endless, 1);
    kit_run(&k, &spec, 1);
    kit_end(&k);
}

/* Every test of its own, or all of them. */
int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_runner_runs_a_job_from_start_to_end),
        cmocka_unit_test(two_runners_of_two_agents_exchange_rows),
        cmocka_unit_test(a_lost_peer_fails_the_others),
        cmocka_unit_test(a_killed_runner_is_diagnosed_from_outside),
        cmocka_unit_test(a_stop_ends_an_endless_job_cleanly),
        cmocka_unit_test(another_plan_is_refused_with_the_difference),
        cmocka_unit_test(crashes_of_user_code_are_told_with_operator_and_batch),
        cmocka_unit_test(a_stack_that_is_used_up_is_told_with_operator_and_batch),
        cmocka_unit_test(user_code_that_never_returns_is_killed),
        cmocka_unit_test(a_plan_that_never_ends_can_be_killed),
        cmocka_unit_test(a_runner_that_takes_all_memory_is_told_so),
        cmocka_unit_test(runners_of_a_killed_agent_are_gone_within_a_second),
        cmocka_unit_test(sigterm_drains),
        cmocka_unit_test(a_drain_that_nobody_heeds_ends_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
