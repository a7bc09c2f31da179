/* server_test.c - masters with their sockets, storage and threads, and an agent that only talks. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "base/net/control.h"
#include "cli/driver/client_mode.h"
#include "master/core/view.h"
#include "master/runtime/master_server.h"
#include "tests/support/folder.h"

#define DEADLINE_NS INT64_C(20000000000)
#define REQUEST_NS INT64_C(10000000000)

/* An agent that does at once whatever it is told, in words. */
typedef struct talker {
    tide_control *control;
    uint64_t peers[2];
    uint32_t n_peers;
    bool welcome[2];
    tide_arena *arena;
    tide_runner_report report; /* Of its one runner; attempt 0: none. */
    uint64_t state_max;        /* How far it gets by itself. */
    const char *lease;         /* Job of the driver that it is leased to; "" none. */
    uint32_t driver;           /* Which of the peers that is. */
} talker;

static char folder[TIDE_TEST_FOLDER_BYTES];

static int setup(void **state)
{
    (void)state;
    return !tide_test_folder_new("master", folder);
}

static int teardown(void **state)
{
    (void)state;
    return !tide_test_folder_remove(folder);
}

static tide_master_server *start_server(void)
{
    tide_master_server_config config = { .bind = "tcp://127.0.0.1:0", .storage = folder };
    tide_master_server *server;
    tide_master_config_init(&config.master);
    config.master.rest = "http://127.0.0.1:1";
    if (tide_master_server_new(&config, &server) != TIDE_OK) fail_msg("%s", tide_error_text());
    return server;
}

/* ---- the agent ---- */

static void talk(talker *self, uint32_t to, tide_msg_kind kind, const void *body)
{
    tide_bytes frame = { 0 };
    tide_msg_encode(kind, body, &frame);
    tide_control_send(self->control, self->peers[to], frame.p, frame.n);
    tide_bytes_fini(&frame);
}

static void say_hello(talker *self, uint32_t to)
{
    tide_slot_info slot = { .local = 0, .cpu = -1, .numa = -1, .socket = -1, .cache = -1 };
    tide_agent_hello hello = { .agent = "000000000000000a",
                               .host = "h1",
                               .version = "1",
                               .data_host = "",
                               .rest = "",
                               .job = "" };
    if (to == self->driver) hello.job = self->lease;
    hello.slots.n = 1;
    hello.slots.items = &slot;
    hello.runners.n = self->report.attempt ? 1 : 0;
    hello.runners.items = &self->report;
    talk(self, to, TIDE_MSG_AGENT_HELLO, &hello);
}

static void report(talker *self, uint32_t to, uint64_t state)
{
    tide_runner_report_msg msg = { .agent = "000000000000000a" };
    self->report.state = state;
    self->report.report++;
    msg.report = self->report;
    talk(self, to, TIDE_MSG_RUNNER_REPORT, &msg);
}

static void obey_lease(talker *self, const tide_msg *msg)
{
    const tide_lease_grant *grant = msg->body;
    if (msg->kind == TIDE_MSG_LEASE_END) {
        self->lease = "";
    } else if (!*self->lease) {
        self->lease = tide_arena_strdup(self->arena, grant->job);
        self->driver = self->n_peers;
        assert_int_equal(tide_control_connect(self->control, grant->endpoint,
                                              &self->peers[self->n_peers++]),
                         TIDE_OK);
    }
}

static void obey(talker *self, uint32_t from, const tide_msg *msg)
{
    if (msg->kind == TIDE_MSG_LEASE_GRANT || msg->kind == TIDE_MSG_LEASE_END) obey_lease(self, msg);
    if (msg->kind == TIDE_MSG_AGENT_WELCOME) self->welcome[from] = true;
    if (msg->kind == TIDE_MSG_HELLO_AGAIN) say_hello(self, from);
    if (msg->kind == TIDE_MSG_RUNNER_START && self->report.attempt == 0) {
        const tide_runner_start *start = msg->body;
        self->report = (tide_runner_report){ .job = tide_arena_strdup(self->arena, start->job),
                                             .attempt = start->attempt,
                                             .tcp = "tcp://nowhere",
                                             .ipc = "",
                                             .failure = { .text = "", .operator= "", .host = "" } };
        self->report.slots.n = 1;
        self->report.slots.items = TIDE_NEW(self->arena, tide_slot_ref);
        report(self, from, TIDE_RUNNER_PREPARED);
    } else if (msg->kind == TIDE_MSG_RUNNER_DEPLOY) {
        report(self, from, TIDE_RUNNER_DEPLOYED);
    } else if (msg->kind == TIDE_MSG_RUNNER_GO) {
        report(self, from, TIDE_RUNNER_RUNNING);
        if (self->state_max < TIDE_RUNNER_EXITED) return;
        report(self, from, TIDE_RUNNER_FINISHED);
        report(self, from, TIDE_RUNNER_EXITED);
    } else if (msg->kind == TIDE_MSG_RUNNER_KILL) {
        self->report.failure.signal = 9;
        report(self, from, TIDE_RUNNER_EXITED);
    }
}

/* What came, or one heartbeat's time without anything. */
static void pump(talker *self)
{
    tide_control_event event;
    tide_arena *arena = tide_arena_new();
    tide_control_wait(self->control, NULL, 0, 100);
    tide_runner_beat runner = { .job = self->report.job,
                                .attempt = self->report.attempt,
                                .state = self->report.state,
                                .report = self->report.report };
    tide_text_item lease = { self->lease };
    tide_agent_heartbeat beat = { .agent = "000000000000000a" };
    beat.leases.n = *self->lease ? 1 : 0;
    beat.leases.items = &lease;
    beat.runners.n = self->report.attempt ? 1 : 0;
    beat.runners.items = &runner;
    for (uint32_t i = 0; i < self->n_peers; i++) talk(self, i, TIDE_MSG_AGENT_HEARTBEAT, &beat);
    while (tide_control_next(self->control, &event)) {
        uint32_t from = self->n_peers > 1 && event.peer == self->peers[1];
        tide_msg msg;
        if (event.kind == TIDE_CONTROL_CONNECTED) say_hello(self, from);
        if (event.kind != TIDE_CONTROL_FRAME) continue;
        assert_int_equal(tide_msg_decode(event.bytes, event.n, arena, &msg), TIDE_OK);
        obey(self, from, &msg);
    }
    tide_arena_free(&arena);
}

static void connect_to(talker *self, tide_master_server *server)
{
    assert_int_equal(tide_control_connect(self->control, tide_master_server_control(server),
                                          &self->peers[self->n_peers++]),
                     TIDE_OK);
}

static talker make_talker(uint64_t state_max)
{
    return (talker){ .control = tide_control_new(&(tide_control_config){
                         .name = "agent", .frame_bytes_max = TIDE_PROTO_BYTES_MAX }),
                     .arena = tide_arena_new(),
                     .state_max = state_max,
                     .lease = "",
                     .driver = 2 };
}

static void free_talker(talker *self)
{
    tide_control_free(&self->control);
    tide_arena_free(&self->arena);
}

/* ---- looking ---- */

typedef struct seen {
    tide_view_overview overview;
    tide_lifecycle state;
    bool there;
} seen;

static void look(void *ctx, const tide_master *master, int64_t now_ns)
{
    (void)now_ns;
    seen *out = ctx;
    tide_arena *arena = tide_arena_new();
    tide_view_job_detail detail;
    tide_view_overview_of(master, arena, &out->overview);
    out->there = tide_view_job_of(master, "00000000000000ab", arena, &detail);
    if (out->there) out->state = detail.job.state;
    tide_arena_free(&arena);
}

/* Talks until the job is in the state there. */
static void until_job(talker *self, tide_master_server *server, tide_lifecycle state)
{
    int64_t until_ns = tide_clock_now_ns(tide_clock_real()) + DEADLINE_NS;
    seen now;
    for (;;) {
        tide_master_server_look(server, look, &now);
        if (now.there && now.state == state) return;
        if (tide_clock_now_ns(tide_clock_real()) > until_ns)
            fail_msg("the job is %s", now.there ? tide_lifecycle_name(now.state) : "not there");
        pump(self);
    }
}

static tide_status request(tide_master_server *server, tide_master_request_kind kind)
{
    const tide_job_spec spec = { .name = "job",
                                 .kind = "sql",
                                 .text = "SELECT 1",
                                 .text_name = "",
                                 .artifact = "",
                                 .artifact_name = "",
                                 .parallelism = 1,
                                 .explain = "" };
    const tide_master_request r = {
        .kind = kind, .job = "00000000000000ab", .agent = "", .artifact = "", .spec = &spec
    };
    tide_arena *arena = tide_arena_new();
    tide_master_reply reply;
    tide_status rv = tide_master_server_request(server, &r, REQUEST_NS, arena, &reply);
    tide_arena_free(&arena);
    return rv;
}

/* It may not lead yet, or still be taking over. */
static void submit(talker *self, tide_master_server *server)
{
    int64_t until_ns = tide_clock_now_ns(tide_clock_real()) + DEADLINE_NS;
    while (request(server, TIDE_MASTER_SUBMIT) != TIDE_OK) {
        if (tide_clock_now_ns(tide_clock_real()) > until_ns) fail_msg("%s", tide_error_text());
        pump(self);
    }
}

/* ---- tests ---- */

static void a_job_runs_through_sockets_and_files(void **state)
{
    (void)state;
    tide_master_server *server = start_server();
    talker agent = make_talker(TIDE_RUNNER_EXITED);
    connect_to(&agent, server);
    submit(&agent, server);
    until_job(&agent, server, TIDE_LIFECYCLE_FINISHED);
    assert_true(agent.welcome[0]);
    assert_int_equal(request(server, TIDE_MASTER_SUBMIT), TIDE_OK); /* Again: it is there. */
    assert_int_equal(request(server, TIDE_MASTER_CANCEL), TIDE_E_REFUSED);
    free_talker(&agent);
    tide_master_server_free(&server);
}

/* The leader is shut down while the job runs; the standby goes on with the same attempt. */
static void a_standby_takes_a_running_job_over(void **state)
{
    (void)state;
    tide_master_server *first = start_server();
    talker agent = make_talker(TIDE_RUNNER_RUNNING);
    connect_to(&agent, first);
    submit(&agent, first);
    until_job(&agent, first, TIDE_LIFECYCLE_RUNNING);
    tide_master_server *second = start_server();
    connect_to(&agent, second);
    tide_status rv =
        request(second, TIDE_MASTER_CANCEL); /* Stands by; may not know who leads yet. */
    assert_true(rv == TIDE_E_REFUSED || rv == TIDE_E_UNREACHABLE);
    tide_master_server_free(&first);
    until_job(&agent, second, TIDE_LIFECYCLE_RUNNING);
    assert_int_equal(agent.report.attempt, 1);
    assert_int_equal(request(second, TIDE_MASTER_CANCEL), TIDE_OK);
    until_job(&agent, second, TIDE_LIFECYCLE_CANCELED);
    free_talker(&agent);
    tide_master_server_free(&second);
}

/* ---- driver mode ---- */

typedef struct driven {
    const char *masters;
    int cancel_fd;
    tide_status status;
    tide_lifecycle end;
    atomic_bool done;
} driven;

static void *drive(void *self_v)
{
    driven *self = self_v;
    tide_cluster_settings settings;
    tide_cluster_settings_init(&settings);
    settings.masters = self->masters;
    const tide_job_spec spec = { .name = "job",
                                 .kind = "sql",
                                 .text = "SELECT 1",
                                 .text_name = "",
                                 .artifact = "",
                                 .artifact_name = "",
                                 .parallelism = 1,
                                 .explain = "" };
    self->status = tide_client_mode_run(&(tide_client_mode){ .job = "00000000000000dd",
                                                             .spec = &spec,
                                                             .settings = &settings,
                                                             .random_seed = 1,
                                                             .unanswered_ns = REQUEST_NS,
                                                             .cancel_fd = self->cancel_fd },
                                        &self->end);
    atomic_store(&self->done, true);
    return NULL;
}

static void drive_with(uint64_t state_max, bool cancels, driven *out)
{
    tide_master_server *server = start_server();
    talker agent = make_talker(state_max);
    connect_to(&agent, server);
    *out = (driven){ .masters = tide_master_server_control(server) + strlen("tcp://"),
                     .cancel_fd = eventfd(0, EFD_CLOEXEC) };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, drive, out), 0);
    int64_t until_ns = tide_clock_now_ns(tide_clock_real()) + DEADLINE_NS;
    while (!atomic_load(&out->done) && tide_clock_now_ns(tide_clock_real()) < until_ns) {
        pump(&agent);
        const uint64_t one = 1;
        if (cancels && agent.report.state == TIDE_RUNNER_RUNNING)
            assert_int_equal(write(out->cancel_fd, &one, sizeof one), sizeof one);
        cancels = cancels && agent.report.state != TIDE_RUNNER_RUNNING;
    }
    assert_true(atomic_load(&out->done));
    pthread_join(thread, NULL);
    close(out->cancel_fd);
    free_talker(&agent);
    tide_master_server_free(&server);
}

static void a_driver_runs_its_job_on_leased_slots(void **state)
{
    (void)state;
    driven job;
    drive_with(TIDE_RUNNER_EXITED, false, &job);
    assert_int_equal(job.status, TIDE_OK);
    assert_int_equal(job.end, TIDE_LIFECYCLE_FINISHED);
}

static void an_interrupt_cancels_a_drivers_job(void **state)
{
    (void)state;
    driven job;
    drive_with(TIDE_RUNNER_RUNNING, true, &job);
    assert_int_equal(job.status, TIDE_OK);
    assert_int_equal(job.end, TIDE_LIFECYCLE_CANCELED);
}

static void a_driver_without_masters_says_so(void **state)
{
    (void)state;
    tide_cluster_settings settings;
    tide_cluster_settings_init(&settings);
    settings.masters = "127.0.0.1:1";
    const tide_job_spec spec = { .name = "job", .kind = "sql", .parallelism = 1 };
    tide_lifecycle end;
    assert_int_equal(tide_client_mode_run(&(tide_client_mode){ .job = "00000000000000dd",
                                                               .spec = &spec,
                                                               .settings = &settings,
                                                               .unanswered_ns = 100000000,
                                                               .cancel_fd = -1 },
                                          &end),
                     TIDE_E_UNREACHABLE);
    settings.masters = "nonsense";
    assert_int_equal(tide_client_mode_run(&(tide_client_mode){ .job = "00000000000000dd",
                                                               .spec = &spec,
                                                               .settings = &settings,
                                                               .cancel_fd = -1 },
                                          &end),
                     TIDE_E_OPTION);
}

static void a_port_that_is_taken_is_said(void **state)
{
    (void)state;
    tide_master_server *server = start_server(), *other = NULL;
    tide_master_server_config config = { .bind = tide_master_server_control(server),
                                         .storage = folder };
    tide_master_config_init(&config.master);
    assert_int_equal(tide_master_server_new(&config, &other), TIDE_E_IO);
    assert_null(other);
    tide_master_server_free(&server);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_runs_through_sockets_and_files),  TEST(a_standby_takes_a_running_job_over),
        TEST(a_driver_runs_its_job_on_leased_slots), TEST(an_interrupt_cancels_a_drivers_job),
        TEST(a_driver_without_masters_says_so),      TEST(a_port_that_is_taken_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
