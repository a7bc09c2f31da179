/* agent_test.c - the agent's rules, one script each: masters, terms, runners, leases, artifacts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/agent_kit.h"

static const tide_failure well = { .code = TIDE_OK };
static const tide_failure crash = { .code = TIDE_E_CRASHED,
                                    .text = "killed by signal 11 in map",
                                    .operator= "map",
                                    .batch = 7,
                                    .signal = 11 };

#define REPORT(state) "send 0 RUNNER_REPORT attempt=1 " state

/* Master 0 leads in term 1; a heartbeat is due in 500 ms. */
static void begin_led(kit *k)
{
    kit_begin(k, 1);
    kit_up(k, 0, "send 0 AGENT_HELLO slots=4 runners=0");
    kit_welcome(k, 0, 1, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
}

/* The same with attempt 1 of JOB alive on slot 0, its reports acknowledged. */
static void begin_running(kit *k)
{
    begin_led(k);
    kit_start(k, 0, 1, 1, 0, "spawn 1\ntell 1 RUNNER_START\n" REPORT("starting"));
    kit_said(k, 1, TIDE_RUNNER_PREPARED, REPORT("prepared"));
    kit_command(k, 0, 1, TIDE_MSG_RUNNER_DEPLOY, 1, "tell 1 RUNNER_DEPLOY");
    kit_said(k, 1, TIDE_RUNNER_DEPLOYED, REPORT("deployed"));
    kit_command(k, 0, 1, TIDE_MSG_RUNNER_GO, 1, "tell 1 RUNNER_GO");
    kit_said(k, 1, TIDE_RUNNER_RUNNING, REPORT("running"));
    kit_ack(k, 0, 1, 1, 4, false, "");
}

static void hello_is_repeated_until_welcomed_then_heartbeats(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1);
    kit_wait(&k, 5000, ""); /* Nobody is there. */
    kit_up(&k, 0, "send 0 AGENT_HELLO slots=4 runners=0");
    kit_wait(&k, 499, "");
    kit_wait(&k, 1, "send 0 AGENT_HELLO slots=4 runners=0");
    kit_welcome(&k, 0, 1, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    kit_welcome(&k, 0, 1, ""); /* The answer to a heartbeat. */
    kit_wait(&k, 500, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    kit_message(&k, 0, TIDE_MSG_HELLO_AGAIN, &(tide_hello_again){ .term = 1 },
                "send 0 AGENT_HELLO slots=4 runners=0");
    kit_end(&k);
}

static void a_welcome_sets_the_interval(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 1);
    kit_up(&k, 0, NULL);
    const tide_agent_welcome m = { .term = 1, .heartbeat_ms = 100 };
    kit_message(&k, 0, TIDE_MSG_AGENT_WELCOME, &m, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    kit_wait(&k, 99, "");
    kit_wait(&k, 1, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    kit_end(&k);
}

static void a_standby_gets_hellos_and_a_new_leader_all_again(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 2);
    kit_up(&k, 0, NULL);
    kit_welcome(&k, 0, 1, NULL);
    kit_up(&k, 1, "send 1 AGENT_HELLO slots=4 runners=0");
    kit_message(&k, 1, TIDE_MSG_NOT_LEADER, &(tide_not_leader){ .term = 1, .leader = "a" }, "");
    kit_wait(&k, 500,
             "send 0 AGENT_HEARTBEAT runners=0 leases=0\nsend 1 AGENT_HELLO slots=4 runners=0");
    kit_start(&k, 0, 1, 1, 0, NULL);
    /* Master 1 takes over: the old leader is told of everything as a stranger is. */
    kit_welcome(&k, 1, 2,
                "send 0 AGENT_HELLO slots=4 runners=1\nsend 1 AGENT_HEARTBEAT runners=1 leases=0");
    assert_int_equal(tide_agent_term(k.agent), 2);
    kit_end(&k);
}

static void older_terms_are_ignored(void **state)
{
    (void)state;
    kit k;
    kit_begin(&k, 2);
    kit_up(&k, 0, NULL);
    kit_up(&k, 1, NULL);
    kit_welcome(&k, 1, 7, NULL);
    kit_welcome(&k, 0, 6, "");
    kit_start(&k, 0, 6, 1, 0, "");
    kit_command(&k, 0, 6, TIDE_MSG_RUNNER_KILL, 1, "");
    kit_start(&k, 1, 7, 1, 0, NULL);
    kit_command(&k, 0, 6, TIDE_MSG_RUNNER_KILL, 1, "");
    assert_int_equal(tide_agent_runner(k.agent, 0)->state, TIDE_RUNNER_STARTING);
    kit_end(&k);
}

/* Every command may come twice: the runner hears it once, the coordinator the state again. */
static void commands_are_idempotent(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    kit_start(&k, 0, 1, 1, 0, "spawn 1\ntell 1 RUNNER_START\n" REPORT("starting"));
    kit_start(&k, 0, 1, 1, 0, REPORT("starting"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_GO, 1, ""); /* Too early. */
    kit_said(&k, 1, TIDE_RUNNER_PREPARED, REPORT("prepared"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_DEPLOY, 1, "tell 1 RUNNER_DEPLOY");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_DEPLOY, 1, "");
    kit_said(&k, 1, TIDE_RUNNER_DEPLOYED, REPORT("deployed"));
    kit_said(&k, 1, TIDE_RUNNER_PREPARED, ""); /* Never back. */
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_DEPLOY, 1, REPORT("deployed"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_GO, 1, "tell 1 RUNNER_GO");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_GO, 1, "");
    kit_said(&k, 1, TIDE_RUNNER_RUNNING, REPORT("running"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_STOP, 1, "tell 1 RUNNER_STOP");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_STOP, 1, "");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1, "kill 1");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1, "");
    kit_exited(&k, 1, &crash, REPORT("exited E_CANCELLED: killed as its coordinator asked"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1,
                REPORT("exited E_CANCELLED: killed as its coordinator asked"));
    kit_end(&k);
}

static void reports_are_repeated_until_acknowledged(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    kit_start(&k, 0, 1, 1, 0, NULL);
    kit_wait(&k, 300, REPORT("starting"));
    kit_said(&k, 1, TIDE_RUNNER_PREPARED, REPORT("prepared"));
    kit_ack(&k, 0, 1, 1, 1, false, ""); /* Of the report before. */
    kit_wait(&k, 300, REPORT("prepared") "\nsend 0 AGENT_HEARTBEAT runners=1 leases=0");
    kit_ack(&k, 0, 1, 1, 2, false, "");
    kit_wait(&k, 400, "");
    kit_end(&k);
}

static void an_exit_is_reported_until_forgotten_and_stays_over(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_exited(&k, 1, &crash, REPORT("exited E_CRASHED: killed by signal 11 in map"));
    const tide_failure *f = &tide_agent_runner(k.agent, 0)->failure;
    assert_int_equal(f->signal, 11);
    assert_int_equal(f->batch, 7);
    assert_string_equal(f->operator, "map");
    assert_string_equal(f->host, "h1");
    kit_ack(&k, 0, 1, 1, 5, false, "");
    kit_wait(&k, 500, "send 0 AGENT_HEARTBEAT runners=1 leases=0");
    kit_ack(&k, 0, 1, 1, 5, true, "");
    kit_wait(&k, 500, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    /* A start that was under way for long does not raise the dead. */
    kit_start(&k, 0, 1, 1, 0, REPORT("exited E_NOT_FOUND: the worker has no such runner"));
    kit_end(&k);
}

static void what_a_runner_said_counts_more_than_how_it_ended(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_said(&k, 1, TIDE_RUNNER_FAILED, REPORT("failed E_DATA: bad row"));
    const tide_failure one = { .code = TIDE_E_CRASHED, .text = "exit code 1", .exit_code = 1 };
    kit_exited(&k, 1, &one, REPORT("exited E_DATA: bad row"));
    assert_int_equal(tide_agent_runner(k.agent, 0)->failure.exit_code, 1);
    kit_end(&k);
    begin_running(&k);
    kit_said(&k, 1, TIDE_RUNNER_FINISHED, REPORT("finished"));
    kit_exited(&k, 1, &well, REPORT("exited"));
    assert_int_equal(tide_agent_runner(k.agent, 0)->plan_hash, KIT_PLAN_HASH);
    assert_string_equal(tide_agent_runner(k.agent, 0)->tcp, "tcp://r");
    kit_end(&k);
    begin_running(&k);
    kit_exited(&k, 1, &well, REPORT("exited E_CRASHED: the runner ended before its job"));
    kit_end(&k);
}

static void where_a_runner_serves_metrics_is_reported_once(void **state)
{
    (void)state;
    const tide_runner_report_msg said = { .report = { .state = TIDE_RUNNER_RUNNING,
                                                      .rest = "http://h1:5" } };
    const tide_msg message = { TIDE_MSG_RUNNER_REPORT, &said };
    const tide_agent_event event = { .kind = TIDE_AGENT_RUNNER_MESSAGE,
                                     .runner = 1,
                                     .message = &message };
    kit k;
    begin_running(&k);
    kit_said(&k, 1, TIDE_RUNNER_RUNNING, ""); /* Nothing new. */
    kit_step(&k, &event, REPORT("running"));
    assert_string_equal(tide_agent_runner(k.agent, 0)->rest, "http://h1:5");
    kit_step(&k, &event, "");
    kit_said(&k, 1, TIDE_RUNNER_FINISHED, REPORT("finished"));
    assert_string_equal(tide_agent_runner(k.agent, 0)->rest, "http://h1:5");
    kit_end(&k);
}

static void an_unknown_runner_is_reported_as_exited(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_GO, 3, "");
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 3,
                "send 0 RUNNER_REPORT attempt=3 exited E_NOT_FOUND: the worker has no such runner");
    /* Killed before its start arrived: it never starts. */
    kit_start(&k, 0, 1, 3, 0,
              "send 0 RUNNER_REPORT attempt=3 exited E_NOT_FOUND: the worker has no such runner");
    kit_start(&k, 0, 1, 4, 0, NULL);
    assert_int_equal(tide_agent_runner(k.agent, 0)->attempt, 4);
    kit_end(&k);
}

static void a_newer_attempt_waits_for_the_older_ones_end(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_start(&k, 0, 1, 2, 1, "kill 1");
    kit_start(&k, 0, 1, 2, 1, "");
    kit_exited(&k, 1, &crash, NULL);
    kit_start(&k, 0, 1, 2, 1,
              "spawn 2\ntell 2 RUNNER_START\nsend 0 RUNNER_REPORT attempt=2 starting");
    kit_end(&k);
}

static void slots_that_are_taken_or_not_there_are_refused(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    tide_slot_ref slot = { .local = 0 };
    const tide_runner_start other = { .term = 1, .job = "bb", .attempt = 1, .slots = { 1, &slot } };
    kit_message(&k, 0, TIDE_MSG_RUNNER_START, &other,
                REPORT("exited E_REFUSED: slot 0 is taken by job " JOB ", attempt 1"));
    const tide_runner_start none = { .term = 1, .job = "cc", .attempt = 1 };
    kit_message(&k, 0, TIDE_MSG_RUNNER_START, &none,
                REPORT("exited E_REFUSED: no slots were named"));
    slot.local = 4;
    const tide_runner_start beyond = {
        .term = 1, .job = "dd", .attempt = 1, .slots = { 1, &slot }
    };
    kit_message(&k, 0, TIDE_MSG_RUNNER_START, &beyond,
                REPORT("exited E_REFUSED: there is no slot 4 here"));
    kit_end(&k);
}

static void the_loss_of_all_masters_changes_nothing_for_runners(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_DOWN, .peer = 0 }, "");
    kit_wait(&k, 3600000, "");
    kit_said(&k, 1, TIDE_RUNNER_FINISHED, "");
    kit_up(&k, 0, "send 0 AGENT_HELLO slots=4 runners=1");
    kit_welcome(&k, 0, 2, "send 0 AGENT_HEARTBEAT runners=1 leases=0");
    kit_wait(&k, 300, REPORT("finished"));
    kit_end(&k);
}

static void step_progress(kit *k, uint64_t progress, bool busy, const char *expect)
{
    const tide_agent_slot_progress slots[] = { { progress, busy }, { 1, false } };
    const tide_agent_progress p = { 2, slots, 1000 * MS };
    kit_step(k,
             &(tide_agent_event){ .kind = TIDE_AGENT_RUNNER_PROGRESS, .runner = 1, .progress = &p },
             expect);
}

/* Its peers tell the master that they lost it before its agent can wait for it, and the master's
 * KILL comes first. */
static void what_was_dying_already_was_not_killed_by_us(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    kit_start(&k, 0, 1, 1, 0, "spawn 1\ntell 1 RUNNER_START\n" REPORT("starting"));
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1, "kill 1");
    kit_step(&k,
             &(tide_agent_event){
                 .kind = TIDE_AGENT_RUNNER_EXITED, .runner = 1, .exit = &crash, .was_dying = true },
             REPORT("exited E_CRASHED: killed by signal 11 in map"));
    kit_end(&k);
}

static void a_slot_that_is_busy_and_stands_is_killed(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    step_progress(&k, 5, true, "");
    k.now_ns += 900 * MS;
    step_progress(&k, 6, true, NULL); /* It moved. */
    k.now_ns += 900 * MS;
    step_progress(&k, 6, false, NULL); /* It sleeps. */
    k.now_ns += 5000 * MS;
    step_progress(&k, 6, false, NULL);
    step_progress(&k, 6, true, NULL);
    k.now_ns += 999 * MS;
    step_progress(&k, 6, true, NULL);
    k.now_ns += 1 * MS;
    step_progress(&k, 6, true, NULL);
    assert_non_null(strstr(k.lines.p, "kill 1"));
    const tide_failure killed = { .code = TIDE_E_CRASHED, .signal = 9, .operator= "map" };
    kit_exited(&k, 1, &killed, NULL);
    assert_non_null(strstr(k.lines.p, "exited E_TIMEOUT: a callback has not returned for 1000 ms "
                                      "(task.stuck-timeout)"));
    assert_string_equal(tide_agent_runner(k.agent, 0)->failure.operator, "map");
    kit_end(&k);
}

static void statistics_go_to_the_coordinator_under_the_agents_name(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    const tide_runner_stats m = { .rss_bytes = 5 };
    const tide_msg message = { TIDE_MSG_RUNNER_STATS, &m };
    const tide_agent_event event = { .kind = TIDE_AGENT_RUNNER_MESSAGE,
                                     .runner = 1,
                                     .message = &message };
    kit_step(&k, &event, "send 0 RUNNER_STATS");
    kit_end(&k);
}

/* ---- leases ---- */
static void grant(kit *k, const char *endpoint, uint64_t local, const char *expect)
{
    tide_slot_info slot = { .local = local };
    const tide_lease_grant m = {
        .term = 1, .job = JOB, .endpoint = endpoint, .slots = { 1, &slot }
    };
    kit_message(k, 0, TIDE_MSG_LEASE_GRANT, &m, expect);
}

static void begin_leased(kit *k)
{
    begin_led(k);
    grant(k, "tcp://d", 2, "connect 1 tcp://d");
    grant(k, "tcp://d", 2, "");
    kit_up(k, 1, "send 1 AGENT_HELLO slots=1 runners=0 job=" JOB);
    kit_welcome(k, 1, 0, "send 1 AGENT_HEARTBEAT runners=0 leases=0");
    kit_start(k, 1, 0, 1, 2,
              "spawn 1\ntell 1 RUNNER_START\nsend 1 RUNNER_REPORT attempt=1 starting");
}

static void a_driver_is_obeyed_for_its_job_and_slots_only(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    tide_slot_ref slot = { .local = 2 };
    const tide_runner_start other = { .job = "bb", .attempt = 1, .slots = { 1, &slot } };
    kit_message(&k, 1, TIDE_MSG_RUNNER_START, &other, "");
    kit_command(&k, 1, 0, TIDE_MSG_RUNNER_KILL, 1, "kill 1");
    kit_exited(&k, 1, &crash, NULL);
    kit_ack(&k, 1, 0, 1, 2, true, "");
    kit_start(&k, 1, 0, 2, 0,
              "send 1 RUNNER_REPORT attempt=2 exited E_REFUSED: slot 0 is not leased to the job");
    /* Nor does a master get what is leased. */
    const tide_runner_start masters = {
        .term = 1, .job = "bb", .attempt = 1, .slots = { 1, &slot }
    };
    kit_message(&k, 0, TIDE_MSG_RUNNER_START, &masters,
                REPORT("exited E_REFUSED: slot 2 is leased to a driver"));
    kit_end(&k);
}

static void a_masters_command_for_a_leased_job_is_ignored(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1, "");
    kit_wait(&k, 500,
             "send 1 RUNNER_REPORT attempt=1 starting\n"
             "send 0 AGENT_HEARTBEAT runners=0 leases=1\n"
             "send 1 AGENT_HEARTBEAT runners=1 leases=0");
    kit_end(&k);
}

/* So that it gives nobody else the slots, and the driver goes on with them. */
static void a_new_master_hears_of_leases(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    kit_message(&k, 0, TIDE_MSG_HELLO_AGAIN, &(tide_hello_again){ .term = 1 },
                "send 0 AGENT_HELLO slots=4 runners=0 leases " JOB "=1");
    kit_end(&k);
}

static void a_lease_ends_by_a_masters_word_alone(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_DOWN, .peer = 1 }, "");
    kit_wait(&k, 60000, "send 0 AGENT_HEARTBEAT runners=0 leases=1");
    const tide_lease_end end = { .term = 1, .job = JOB };
    kit_message(&k, 0, TIDE_MSG_LEASE_END, &end, "kill 1");
    kit_message(&k, 0, TIDE_MSG_LEASE_END, &end, "");
    kit_exited(&k, 1, &crash, "disconnect 1");
    kit_wait(&k, 500, "send 0 AGENT_HEARTBEAT runners=0 leases=0");
    assert_null(tide_agent_runner(k.agent, 0));
    kit_end(&k);
}

static void a_driver_that_moved_is_connected_anew(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    grant(&k, "tcp://e", 2, "disconnect 1\nconnect 1 tcp://e");
    kit_up(&k, 1, "send 1 AGENT_HELLO slots=1 runners=1 job=" JOB);
    kit_end(&k);
}

/* ---- artifacts ---- */
static void start_library(kit *k, const char *job, uint64_t local, const char *expect)
{
    tide_slot_ref slot = { .local = local };
    const tide_runner_start m = { .term = 1,
                                  .job = job,
                                  .attempt = 1,
                                  .slots = { 1, &slot },
                                  .spec = { .kind = "library", .artifact = "a1" } };
    kit_message(k, 0, TIDE_MSG_RUNNER_START, &m, expect);
}

static void artifact(kit *k, const char *path, const char *failure, const char *expect)
{
    const tide_agent_artifact a = { "a1", path, failure };
    kit_step(k, &(tide_agent_event){ .kind = TIDE_AGENT_ARTIFACT, .artifact = &a }, expect);
}

static void chunk(kit *k, uint64_t offset, uint64_t n, uint64_t total, const char *expect)
{
    static const uint8_t bytes[16];
    const tide_artifact_data m = {
        .artifact = "a1", .offset = offset, .total = total, .data = { bytes, n }
    };
    kit_message(k, 0, TIDE_MSG_ARTIFACT_DATA, &m, expect);
}

static void an_artifact_is_fetched_once_in_chunks_then_its_runners_start(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    start_library(&k, JOB, 0, "find a1\n" REPORT("starting"));
    start_library(&k, "bb", 1, REPORT("starting"));
    kit_ack(&k, 0, 1, 1, 1, false, "");
    artifact(&k, NULL, NULL, "send 0 ARTIFACT_GET a1 0");
    chunk(&k, 0, 3, 5, "write a1 0+3/5\nsend 0 ARTIFACT_GET a1 3");
    chunk(&k, 0, 3, 5, ""); /* Again. */
    kit_wait(&k, 300, "send 0 ARTIFACT_GET a1 3\n" REPORT("starting"));
    chunk(&k, 3, 9, 5, ""); /* Beyond its end. */
    chunk(&k, 3, 2, 5, "write a1 3+2/5");
    artifact(&k, "/a/a1", NULL,
             "spawn 1\ntell 1 ARTIFACT_PATH /a/a1\ntell 1 RUNNER_START\n"
             "spawn 2\ntell 2 ARTIFACT_PATH /a/a1\ntell 2 RUNNER_START");
    kit_end(&k);
}

static void an_artifact_that_is_not_there_or_damaged_fails_its_runners(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    start_library(&k, JOB, 0, NULL);
    artifact(&k, NULL, NULL, NULL);
    chunk(&k, 0, 0, 0, REPORT("exited E_NOT_FOUND: artifact a1: the master does not have it"));
    start_library(&k, "bb", 0, "find a1\n" REPORT("starting"));
    artifact(&k, NULL, NULL, NULL);
    chunk(&k, 0, 5, 5, "write a1 0+5/5");
    artifact(&k, NULL, "its checksum is another", NULL);
    assert_non_null(strstr(k.lines.p, "E_CORRUPT: artifact a1: its checksum is another"));
    kit_end(&k);
}

static void a_runner_that_waits_for_its_artifact_can_be_killed(void **state)
{
    (void)state;
    kit k;
    begin_led(&k);
    start_library(&k, JOB, 0, NULL);
    kit_command(&k, 0, 1, TIDE_MSG_RUNNER_KILL, 1,
                REPORT("exited E_CANCELLED: killed as its coordinator asked"));
    artifact(&k, NULL, NULL, ""); /* Nobody wants it any more. */
    kit_end(&k);
}

/* ---- the end ---- */
static void draining_refuses_waits_and_exits(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    const tide_agent_event drain = { .kind = TIDE_AGENT_DRAIN };
    kit_step(&k, &drain, "send 0 AGENT_GOODBYE");
    tide_slot_ref slot = { .local = 1 };
    const tide_runner_start other = { .term = 1, .job = "bb", .attempt = 1, .slots = { 1, &slot } };
    kit_message(&k, 0, TIDE_MSG_RUNNER_START, &other,
                REPORT("exited E_REFUSED: the worker is being shut down"));
    kit_said(&k, 1, TIDE_RUNNER_FINISHED, NULL);
    kit_exited(&k, 1, &well, REPORT("exited"));
    kit_ack(&k, 0, 1, 1, 6, true, "");
    const tide_report_ack ack = {
        .term = 1, .job = "bb", .attempt = 1, .report = 2, .forget = true
    };
    kit_message(&k, 0, TIDE_MSG_REPORT_ACK, &ack, "exit");
    kit_end(&k);
}

static void draining_ends_even_when_nobody_listens(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_DOWN, .peer = 0 }, "");
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN }, "");
    kit_wait(&k, 29999, "");
    kit_wait(&k, 1, "kill 1");
    kit_exited(&k, 1, &crash, "");
    kit_wait(&k, 899, "");
    kit_wait(&k, 1, "exit");
    kit_end(&k);
}

/* One goodbye may get lost: the leader hears it with every heartbeat. */
static void a_goodbye_is_said_again(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN }, "send 0 AGENT_GOODBYE");
    kit_wait(&k, 500, "send 0 AGENT_HEARTBEAT runners=1 leases=0\nsend 0 AGENT_GOODBYE");
    kit_end(&k);
}

static void a_second_drain_kills(void **state)
{
    (void)state;
    kit k;
    begin_running(&k);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN }, NULL);
    kit_step(&k, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN }, "kill 1");
    kit_end(&k);
}

static void a_log_is_read_for_a_master_and_for_the_jobs_driver(void **state)
{
    (void)state;
    kit k;
    begin_leased(&k);
    kit_message(&k, 0, TIDE_MSG_LOG_GET, &(tide_log_get){ .job = "bb" }, "log 0");
    kit_message(&k, 1, TIDE_MSG_LOG_GET, &(tide_log_get){ .job = JOB }, "log 1");
    kit_message(&k, 1, TIDE_MSG_LOG_GET, &(tide_log_get){ .job = "bb" }, "");
    kit_end(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_repeated_until_welcomed_then_heartbeats),
        cmocka_unit_test(a_welcome_sets_the_interval),
        cmocka_unit_test(a_standby_gets_hellos_and_a_new_leader_all_again),
        cmocka_unit_test(older_terms_are_ignored),
        cmocka_unit_test(commands_are_idempotent),
        cmocka_unit_test(reports_are_repeated_until_acknowledged),
        cmocka_unit_test(an_exit_is_reported_until_forgotten_and_stays_over),
        cmocka_unit_test(what_a_runner_said_counts_more_than_how_it_ended),
        cmocka_unit_test(where_a_runner_serves_metrics_is_reported_once),
        cmocka_unit_test(an_unknown_runner_is_reported_as_exited),
        cmocka_unit_test(a_newer_attempt_waits_for_the_older_ones_end),
        cmocka_unit_test(slots_that_are_taken_or_not_there_are_refused),
        cmocka_unit_test(the_loss_of_all_masters_changes_nothing_for_runners),
        cmocka_unit_test(what_was_dying_already_was_not_killed_by_us),
        cmocka_unit_test(a_slot_that_is_busy_and_stands_is_killed),
        cmocka_unit_test(statistics_go_to_the_coordinator_under_the_agents_name),
        cmocka_unit_test(a_driver_is_obeyed_for_its_job_and_slots_only),
        cmocka_unit_test(a_masters_command_for_a_leased_job_is_ignored),
        cmocka_unit_test(a_new_master_hears_of_leases),
        cmocka_unit_test(a_lease_ends_by_a_masters_word_alone),
        cmocka_unit_test(a_driver_that_moved_is_connected_anew),
        cmocka_unit_test(an_artifact_is_fetched_once_in_chunks_then_its_runners_start),
        cmocka_unit_test(an_artifact_that_is_not_there_or_damaged_fails_its_runners),
        cmocka_unit_test(a_runner_that_waits_for_its_artifact_can_be_killed),
        cmocka_unit_test(draining_refuses_waits_and_exits),
        cmocka_unit_test(draining_ends_even_when_nobody_listens),
        cmocka_unit_test(a_goodbye_is_said_again),
        cmocka_unit_test(a_second_drain_kills),
        cmocka_unit_test(a_log_is_read_for_a_master_and_for_the_jobs_driver),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
