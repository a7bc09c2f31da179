/* runner_test.c - a runner's way from its start to its end, command by command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "worker/core/runner.h"

#define JOB "00000000000000aa"
#define SECOND INT64_C(1000000000)

typedef struct kit {
    tide_runner *runner;
    int64_t now_ns;
    tide_bytes lines;
} kit;

static void begin(kit *k)
{
    *k = (kit){ .now_ns = SECOND };
    k->runner = tide_runner_new(&(tide_runner_config){ 0 });
}

static void end(kit *k)
{
    tide_runner_free(&k->runner);
    tide_bytes_fini(&k->lines);
}

static void put_action(tide_bytes *out, const tide_runner_action *a)
{
    static const char *const names[] = {
        [TIDE_RUNNER_PREPARE] = "prepare", [TIDE_RUNNER_DEPLOY] = "deploy",
        [TIDE_RUNNER_RUN] = "run",         [TIDE_RUNNER_STOP] = "stop",
        [TIDE_RUNNER_STATS] = "stats",     [TIDE_RUNNER_EXIT] = "exit",
    };
    if (out->n) tide_bytes_putc(out, ' ');
    if (a->kind != TIDE_RUNNER_SEND) {
        tide_bytes_puts(out, names[a->kind]);
        if (a->kind == TIDE_RUNNER_EXIT) tide_bytes_printf(out, "=%d", a->exit_code);
        if (a->kind == TIDE_RUNNER_PREPARE && *a->artifact_path)
            tide_bytes_printf(out, "=%s", a->artifact_path);
        return;
    }
    const tide_runner_report *r = &((const tide_runner_report_msg *)a->message.body)->report;
    assert_int_equal(a->message.kind, TIDE_MSG_RUNNER_REPORT);
    tide_bytes_printf(out, "report:%s", tide_runner_state_name((tide_runner_state)r->state));
    if (r->stopped) tide_bytes_puts(out, ",stopped");
    if (r->splits.n) tide_bytes_printf(out, ",splits=%u,hash=%d", r->splits.n, (int)r->plan_hash);
    if (r->rest && *r->rest) tide_bytes_printf(out, ",rest=%s", r->rest);
    if (r->failure.code) tide_bytes_printf(out, ",%s", r->failure.text);
}

static void step(kit *k, const tide_runner_event *event, const char *expect)
{
    const tide_runner_actions *actions = tide_runner_step(k->runner, event, k->now_ns);
    k->lines.n = 0;
    for (uint32_t i = 0; i < actions->n; i++) put_action(&k->lines, &actions->items[i]);
    assert_string_equal(tide_bytes_text(&k->lines), expect);
}

static void news(kit *k, tide_runner_event_kind kind, const char *expect)
{
    step(k, &(tide_runner_event){ .kind = kind }, expect);
}

static void command(kit *k, tide_msg_kind kind, const void *body, const char *expect)
{
    const tide_msg message = { kind, body };
    step(k, &(tide_runner_event){ .kind = TIDE_RUNNER_MESSAGE, .message = &message }, expect);
}

static void error_comes(kit *k, const char *text, const char *expect)
{
    tide_error error = { .code = TIDE_E_DATA };
    memcpy(error.text, text, strlen(text) + 1);
    step(k, &(tide_runner_event){ .kind = TIDE_RUNNER_ERROR, .error = &error }, expect);
}

static const tide_runner_start start = { .job = JOB, .attempt = 1, .runner = 2 };
static const tide_runner_deploy deploy = { .job = JOB, .attempt = 1, .runner = 2 };
static const tide_runner_go go = { .job = JOB, .attempt = 1, .runner = 2 };
static const tide_runner_stop stop = { .job = JOB, .attempt = 1, .runner = 2 };

static void prepare(kit *k)
{
    begin(k);
    command(k, TIDE_MSG_RUNNER_START, &start, "prepare");
    tide_split_info split = { .id = "s" };
    const tide_runner_prepared p = {
        .plan_hash = 9, .tcp = "t", .ipc = "", .n_splits = 1, .splits = &split
    };
    step(k, &(tide_runner_event){ .kind = TIDE_RUNNER_PREPARED_EVENT, .prepared = &p },
         "report:prepared,splits=1,hash=9");
}

static void deploy_all(kit *k)
{
    prepare(k);
    command(k, TIDE_MSG_RUNNER_DEPLOY, &deploy, "deploy");
    news(k, TIDE_RUNNER_BUILT, "");
    news(k, TIDE_RUNNER_CONNECTED, "report:deployed");
}

static void run(kit *k)
{
    deploy_all(k);
    command(k, TIDE_MSG_RUNNER_GO, &go, "run report:running");
}

static void the_whole_way(void **state)
{
    (void)state;
    kit k;
    run(&k);
    assert_int_equal(tide_runner_next_ns(k.runner), k.now_ns + SECOND);
    k.now_ns += SECOND;
    news(&k, TIDE_RUNNER_TICK, "stats");
    news(&k, TIDE_RUNNER_TICK, "");
    news(&k, TIDE_RUNNER_ENDED, ""); /* Peers have not got everything yet. */
    news(&k, TIDE_RUNNER_DRAINED, "stats report:finished exit=0");
    assert_int_equal(tide_runner_next_ns(k.runner), INT64_MAX);
    error_comes(&k, "late", "");
    end(&k);
}

static void where_metrics_are_is_said_while_it_runs(void **state)
{
    (void)state;
    const tide_runner_event serves = { .kind = TIDE_RUNNER_SERVES, .rest = "http://h:1" };
    kit k;
    deploy_all(&k);
    step(&k, &serves, "");
    command(&k, TIDE_MSG_RUNNER_GO, &go, "run report:running");
    step(&k, &serves, "report:running,rest=http://h:1");
    assert_int_equal(tide_runner_state_of(k.runner), TIDE_RUNNER_RUNNING);
    end(&k);
}

static void a_library_is_known_before_the_start(void **state)
{
    (void)state;
    kit k;
    begin(&k);
    command(&k, TIDE_MSG_ARTIFACT_PATH, &(tide_artifact_path){ .path = "/a" }, "");
    command(&k, TIDE_MSG_RUNNER_START, &start, "prepare=/a");
    end(&k);
}

static void commands_come_twice_and_out_of_order(void **state)
{
    (void)state;
    kit k;
    begin(&k);
    command(&k, TIDE_MSG_RUNNER_GO, &go, "");
    command(&k, TIDE_MSG_RUNNER_START, &start, "prepare");
    command(&k, TIDE_MSG_RUNNER_START, &start, "");
    command(&k, TIDE_MSG_RUNNER_DEPLOY, &deploy, "");
    end(&k);
    prepare(&k);
    command(&k, TIDE_MSG_RUNNER_DEPLOY, &deploy, "deploy");
    command(&k, TIDE_MSG_RUNNER_DEPLOY, &deploy, "");
    news(&k, TIDE_RUNNER_CONNECTED, "");
    command(&k, TIDE_MSG_RUNNER_GO, &go, "");
    news(&k, TIDE_RUNNER_BUILT, "report:deployed");
    const tide_runner_go other = { .job = JOB, .attempt = 2, .runner = 2 };
    command(&k, TIDE_MSG_RUNNER_GO, &other, "");
    end(&k);
}

static void a_failure_in_any_state_is_reported_with_its_text(void **state)
{
    (void)state;
    kit k;
    begin(&k);
    command(&k, TIDE_MSG_RUNNER_START, &start, "prepare");
    error_comes(&k, "no such table", "report:failed,no such table exit=1");
    end(&k);
    run(&k);
    error_comes(&k, "peer 1 was lost", "stats report:failed,peer 1 was lost exit=1");
    news(&k, TIDE_RUNNER_ENDED, "");
    end(&k);
}

static void a_stop_ends_cleanly(void **state)
{
    (void)state;
    kit k;
    run(&k);
    command(&k, TIDE_MSG_RUNNER_STOP, &stop, "stop");
    command(&k, TIDE_MSG_RUNNER_STOP, &stop, "");
    news(&k, TIDE_RUNNER_DRAINED, "");
    news(&k, TIDE_RUNNER_ENDED, "stats report:finished,stopped exit=0");
    end(&k);
}

/* Nothing runs anywhere before all are deployed; behind that, others may. */
static void a_stop_before_the_start_is_an_end_and_after_deployment_a_short_run(void **state)
{
    (void)state;
    kit k;
    prepare(&k);
    command(&k, TIDE_MSG_RUNNER_STOP, &stop, "report:finished,stopped exit=0");
    end(&k);
    deploy_all(&k);
    command(&k, TIDE_MSG_RUNNER_STOP, &stop, "run report:running stop");
    command(&k, TIDE_MSG_RUNNER_GO, &go, "");
    end(&k);
}

static void without_its_agent_it_ends_without_a_word(void **state)
{
    (void)state;
    kit k;
    run(&k);
    news(&k, TIDE_RUNNER_AGENT_LOST, "exit=1");
    end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_way),
        cmocka_unit_test(where_metrics_are_is_said_while_it_runs),
        cmocka_unit_test(a_library_is_known_before_the_start),
        cmocka_unit_test(commands_come_twice_and_out_of_order),
        cmocka_unit_test(a_failure_in_any_state_is_reported_with_its_text),
        cmocka_unit_test(a_stop_ends_cleanly),
        cmocka_unit_test(a_stop_before_the_start_is_an_end_and_after_deployment_a_short_run),
        cmocka_unit_test(without_its_agent_it_ends_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
