/* kit.c - see kit.h. */
#include "tests/integ/worker/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/clock.h"

#define DEADLINE_NS INT64_C(30000000000)
#define CHUNK_BYTES 100000u
#define TERM 1u

int64_t kit_now_ns(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

/* ---- agents ---- */
static void start_agent(kit *self, uint32_t index)
{
    char masters[128], data[128];
    snprintf(masters, sizeof masters, "control.masters=%s",
             tide_control_endpoint(self->control) + strlen("tcp://"));
    snprintf(data, sizeof data, "data.dir=%s/agent-%u", self->folder, index);
    const char *argv[32] = {
        "tidemill", "worker", "--log", "warn", "-D",
        masters,    "-D",     data,    "-D",   "taskmanager.numberOfTaskSlots=2"
    };
    int n = 10;
    for (uint32_t i = 0; self->settings[i]; i++) {
        argv[n++] = "-D";
        argv[n++] = self->settings[i];
    }
    const char *program = getenv("TIDEMILL");
    assert_non_null(program);
    char *log = tide_asprintf("%s/agent-%u.log", self->folder, index);
    pid_t pid = fork();
    if (pid == 0) { /* Ends with the test, however that ends. */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        execv(program, (char **)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(pid > 0);
    self->agents[index].pid = pid;
    tide_free(log);
}

static bool all_said_hello(kit *self, uint64_t arg)
{
    (void)arg;
    for (uint32_t i = 0; i < self->n_agents; i++)
        if (self->agents[i].heartbeats == 0) return false;
    return true;
}

void kit_begin(kit *self, uint32_t n_agents, const char *const *settings)
{
    *self = (kit){ .n_agents = n_agents };
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    assert_true(tide_test_folder_new("worker", self->folder));
    for (uint32_t i = 0; settings && settings[i]; i++) self->settings[i] = settings[i];
    self->control = tide_control_new(
        &(tide_control_config){ .name = "test", .frame_bytes_max = TIDE_PROTO_BYTES_MAX });
    assert_int_equal(tide_control_bind(self->control, "tcp://127.0.0.1:0"), TIDE_OK);
    for (uint32_t i = 0; i < KIT_RUNNERS_MAX; i++) self->runners[i].arena = tide_arena_new();
    for (uint32_t i = 0; i < n_agents; i++) start_agent(self, i);
    kit_until(self, all_said_hello, 0, "the agents' hellos");
}

/* Until a process has ended; it need not be our child. */
static void await_end(pid_t pid, int64_t within_ns)
{
    struct pollfd end = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    if (end.fd < 0) return; /* Ended and waited for. */
    assert_int_equal(poll(&end, 1, (int)(within_ns / 1000000)), 1);
    close(end.fd);
}

static void end_agent(kit_agent *agent)
{
    if (agent->pid == 0) return;
    kill(agent->pid, SIGTERM);
    await_end(agent->pid, DEADLINE_NS);
    int status = 0;
    assert_int_equal(waitpid(agent->pid, &status, 0), agent->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void kit_end(kit *self)
{
    for (uint32_t i = 0; i < self->n_agents; i++) end_agent(&self->agents[i]);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* Nobody is left. */
    assert_int_equal(errno, ECHILD);
    for (uint32_t i = 0; i < KIT_RUNNERS_MAX; i++) tide_arena_free(&self->runners[i].arena);
    tide_control_free(&self->control);
    tide_bytes_fini(&self->artifact);
    tide_bytes_fini(&self->log);
    assert_true(tide_test_folder_remove(self->folder));
}

void kit_await_gone(pid_t pid, int64_t within_ns)
{
    await_end(pid, within_ns);
    waitpid(pid, NULL, 0); /* Ours, if it lost its parent. */
}

/* ---- messages ---- */
static void send_to(kit *self, uint64_t peer, tide_msg_kind kind, const void *body)
{
    tide_bytes frame = { 0 };
    tide_msg_encode(kind, body, &frame);
    tide_control_send(self->control, peer, frame.p, frame.n);
    tide_bytes_fini(&frame);
}

void kit_send(kit *self, uint32_t agent, tide_msg_kind kind, const void *body)
{
    send_to(self, self->agents[agent].peer, kind, body);
}

/* The agent of a peer, found by its process when it is new. */
static kit_agent *agent_of(kit *self, uint64_t peer, const tide_msg *message)
{
    kit_agent *agent = NULL;
    for (uint32_t i = 0; i < self->n_agents; i++)
        if (self->agents[i].peer == peer) agent = &self->agents[i];
    if (message == NULL || message->kind != TIDE_MSG_AGENT_HELLO) return agent;
    const tide_agent_hello *hello = message->body;
    for (uint32_t i = 0; i < self->n_agents; i++)
        if ((uint64_t)self->agents[i].pid == hello->pid) agent = &self->agents[i];
    assert_non_null(agent);
    agent->peer = peer;
    agent->n_slots = hello->slots.n;
    snprintf(agent->id, sizeof agent->id, "%s", hello->agent);
    return agent;
}

static void on_report(kit *self, uint64_t peer, const tide_runner_report *r)
{
    const tide_report_ack ack = { .term = TERM,
                                  .job = r->job,
                                  .attempt = r->attempt,
                                  .runner = r->runner,
                                  .report = r->report,
                                  .forget = r->state == TIDE_RUNNER_EXITED };
    send_to(self, peer, TIDE_MSG_REPORT_ACK, &ack);
    if (r->attempt != self->attempt || r->runner >= KIT_RUNNERS_MAX) return;
    kit_runner *runner = &self->runners[r->runner];
    runner->states |= 1u << r->state;
    if (r->state < runner->report.state) return; /* Late. */
    tide_arena_reset(runner->arena);
    runner->report = *TIDE_COPY_RECORD(runner_report, r, runner->arena);
}

static void on_stats(kit *self, const tide_runner_stats *m)
{
    kit_runner *runner = &self->runners[m->runner];
    runner->n_stats++;
    runner->rows_in = runner->rows_out = 0;
    for (uint32_t i = 0; i < m->tasks.n; i++) {
        runner->rows_in += m->tasks.items[i].rows_in;
        runner->rows_out += m->tasks.items[i].rows_out;
    }
}

static void on_artifact_get(kit *self, uint64_t peer, const tide_artifact_get *m)
{
    bool here = strcmp(m->artifact, self->artifact_name) == 0;
    uint64_t total = here ? self->artifact.n : 0, left = here ? total - m->offset : 0;
    const tide_artifact_data data = { .artifact = m->artifact,
                                      .offset = m->offset,
                                      .total = total,
                                      .data = { here ? (const uint8_t *)self->artifact.p + m->offset
                                                     : NULL,
                                                left < CHUNK_BYTES ? left : CHUNK_BYTES } };
    self->chunks_sent++;
    send_to(self, peer, TIDE_MSG_ARTIFACT_DATA, &data);
}

static void on_log_data(kit *self, const tide_log_data *m)
{
    tide_bytes_put(&self->log, m->data.p, m->data.n);
    self->log_total = m->total;
    self->log_came = true;
}

static void on_message(kit *self, uint64_t peer, const tide_msg *message)
{
    kit_agent *agent = agent_of(self, peer, message);
    assert_non_null(agent);
    const void *body = message->body;
    const tide_agent_welcome welcome = { .term = TERM };
    switch ((int)message->kind) {
    case TIDE_MSG_AGENT_HELLO:
        agent->hellos++;
        send_to(self, peer, TIDE_MSG_AGENT_WELCOME, &welcome);
        break;
    case TIDE_MSG_AGENT_HEARTBEAT:
        agent->heartbeats++;
        agent->beat_runners = ((const tide_agent_heartbeat *)body)->runners.n;
        break;
    case TIDE_MSG_RUNNER_REPORT:
        on_report(self, peer, &((const tide_runner_report_msg *)body)->report);
        break;
    case TIDE_MSG_RUNNER_STATS: on_stats(self, body); break;
    case TIDE_MSG_ARTIFACT_GET: on_artifact_get(self, peer, body); break;
    case TIDE_MSG_LOG_DATA: on_log_data(self, body); break;
    case TIDE_MSG_AGENT_GOODBYE: agent->goodbyes++; break;
    default: fail_msg("%s", tide_msg_name(message->kind));
    }
}

static void take_events(kit *self)
{
    tide_control_event e;
    tide_arena *arena = tide_arena_new();
    while (tide_control_next(self->control, &e)) {
        tide_msg message;
        kit_agent *agent = agent_of(self, e.peer, NULL);
        if (e.kind == TIDE_CONTROL_CLOSED && agent) agent->peer = 0;
        if (e.kind != TIDE_CONTROL_FRAME) continue;
        assert_int_equal(tide_msg_decode(e.bytes, e.n, arena, &message), TIDE_OK);
        on_message(self, e.peer, &message);
        tide_arena_reset(arena);
    }
    tide_arena_free(&arena);
}

/* With what the agents said. */
static void give_up(kit *self, const char *what)
{
    for (uint32_t i = 0; i < self->n_agents; i++) {
        char *path = tide_asprintf("%s/agent-%u.log", self->folder, i), line[512];
        FILE *f = fopen(path, "r");
        while (f && fgets(line, sizeof line, f)) print_error("agent %u: %s", i, line);
        if (f) fclose(f);
        tide_free(path);
    }
    fail_msg("waited too long for %s", what);
}

void kit_until(kit *self, bool (*done)(kit *self, uint64_t arg), uint64_t arg, const char *what)
{
    int64_t until_ns = kit_now_ns() + DEADLINE_NS;
    while (take_events(self), !done(self, arg)) {
        if (kit_now_ns() > until_ns) give_up(self, what);
        tide_control_wait(self->control, NULL, 0, 100);
    }
}

static bool has_state(kit *self, uint64_t arg)
{
    const kit_runner *runner = &self->runners[arg >> 8];
    uint64_t state = arg & 0xff;
    if (runner->states & 1u << state) return true;
    if (runner->report.state == TIDE_RUNNER_EXITED)
        fail_msg("exited instead of %s: %s", tide_runner_state_name((tide_runner_state)state),
                 runner->report.failure.text);
    return false;
}

void kit_until_state(kit *self, uint32_t runner, tide_runner_state state)
{
    kit_until(self, has_state, (uint64_t)runner << 8 | state, tide_runner_state_name(state));
}

/* ---- an attempt ---- */
void kit_start(kit *self, const tide_job_spec *spec, uint32_t n_runners)
{
    self->attempt++;
    for (uint32_t i = 0; i < n_runners; i++) {
        self->runners[i].states = 0;
        self->runners[i].report = (tide_runner_report){ 0 };
        tide_slot_ref slot = { .slot = i, .local = i / self->n_agents };
        const tide_runner_start m = { .term = TERM,
                                      .job = KIT_JOB,
                                      .attempt = self->attempt,
                                      .runner = i,
                                      .lists_splits = i == 0,
                                      .spec = *spec,
                                      .slots = { 1, &slot } };
        kit_send(self, i % self->n_agents, TIDE_MSG_RUNNER_START, &m);
    }
}

void kit_deploy(kit *self, uint32_t n_runners)
{
    tide_peer_info peers[KIT_RUNNERS_MAX];
    tide_slot_owner owners[KIT_RUNNERS_MAX];
    for (uint32_t i = 0; i < n_runners; i++) {
        const tide_runner_report *r = &self->runners[i].report;
        peers[i] = (tide_peer_info){ i, self->agents[i % self->n_agents].id, "h", r->tcp, r->ipc };
        owners[i] = (tide_slot_owner){ i, i };
    }
    const tide_runner_report *lister = &self->runners[0].report;
    for (uint32_t i = 0; i < n_runners; i++) {
        tide_runner_deploy m = { .term = TERM,
                                 .job = KIT_JOB,
                                 .attempt = self->attempt,
                                 .runner = i,
                                 .peers = { n_runners, peers },
                                 .owners = { n_runners, owners } };
        m.scans.n = lister->scans.n;
        m.scans.items = lister->scans.items;
        m.splits.n = lister->splits.n;
        m.splits.items = lister->splits.items;
        kit_send(self, i % self->n_agents, TIDE_MSG_RUNNER_DEPLOY, &m);
    }
}

void kit_go(kit *self, uint32_t n_runners)
{
    for (uint32_t i = 0; i < n_runners; i++) {
        const tide_runner_go m = {
            .term = TERM, .job = KIT_JOB, .attempt = self->attempt, .runner = i
        };
        kit_send(self, i % self->n_agents, TIDE_MSG_RUNNER_GO, &m);
    }
}

void kit_run(kit *self, const tide_job_spec *spec, uint32_t n_runners)
{
    kit_start(self, spec, n_runners);
    for (uint32_t i = 0; i < n_runners; i++) kit_until_state(self, i, TIDE_RUNNER_PREPARED);
    kit_deploy(self, n_runners);
    for (uint32_t i = 0; i < n_runners; i++) kit_until_state(self, i, TIDE_RUNNER_DEPLOYED);
    kit_go(self, n_runners);
    for (uint32_t i = 0; i < n_runners; i++) kit_until_state(self, i, TIDE_RUNNER_RUNNING);
}

void kit_stop(kit *self, uint32_t n_runners)
{
    for (uint32_t i = 0; i < n_runners; i++) {
        const tide_runner_stop m = {
            .term = TERM, .job = KIT_JOB, .attempt = self->attempt, .runner = i
        };
        kit_send(self, i % self->n_agents, TIDE_MSG_RUNNER_STOP, &m);
    }
}

void kit_kill(kit *self, uint32_t n_runners)
{
    for (uint32_t i = 0; i < n_runners; i++) {
        const tide_runner_kill m = {
            .term = TERM, .job = KIT_JOB, .attempt = self->attempt, .runner = i
        };
        kit_send(self, i % self->n_agents, TIDE_MSG_RUNNER_KILL, &m);
    }
    for (uint32_t i = 0; i < n_runners; i++) kit_until_state(self, i, TIDE_RUNNER_EXITED);
}

/* ---- files ---- */
void kit_serve(kit *self, const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    char buf[4096];
    size_t n;
    self->artifact.n = 0;
    while ((n = fread(buf, 1, sizeof buf, f)) > 0) tide_bytes_put(&self->artifact, buf, n);
    fclose(f);
    snprintf(self->artifact_name, sizeof self->artifact_name, "%016llx",
             (unsigned long long)XXH3_64bits(self->artifact.p, self->artifact.n));
}

static bool log_came(kit *self, uint64_t arg)
{
    (void)arg;
    return self->log_came;
}

const char *kit_log(kit *self, uint32_t agent)
{
    self->log.n = 0;
    do {
        const tide_log_get m = {
            .job = KIT_JOB, .request = 1, .offset = self->log.n, .bytes_max = 1000
        };
        self->log_came = false;
        kit_send(self, agent, TIDE_MSG_LOG_GET, &m);
        kit_until(self, log_came, 0, "the log");
    } while (self->log.n < self->log_total);
    return tide_bytes_text(&self->log);
}
