/* agent_process.c - an agent's loop. */
#include "worker/runtime/agent_process.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "worker/runtime/agent_process_priv.h"

#define LOOK_NS INT64_C(500000000)    /* How often slots are looked at; */
#define LOOKS_PER_TIMEOUT 5           /* oftener when task.stuck-timeout is short, */
#define LOOK_MIN_NS INT64_C(20000000) /* up to this. */
#define FRAMES_PER_TURN 256u
#define IPC_FOLDER_MAX 80u /* A socket's path has 107 bytes. */

static void step_once(agent_shell *self, const tide_agent_event *event)
{
    const tide_agent_actions *actions =
        tide_agent_step(self->core, event, tide_clock_now_ns(self->clock));
    for (uint32_t i = 0; i < actions->n; i++) agent_carry_out(self, &actions->items[i]);
}

/* Steps for the event, then for what came of it. */
static void step(agent_shell *self, const tide_agent_event *event)
{
    step_once(self, event);
    for (uint32_t i = 0; i < self->n_results; i++) {
        const agent_result r = self->results[i];
        step_once(self, &(tide_agent_event){ .kind = r.kind,
                                             .runner = r.runner,
                                             .pid = r.pid,
                                             .exit = &r.exit,
                                             .artifact = &r.artifact });
    }
    self->results = NULL;
    self->n_results = self->cap_results = 0;
}

/* ---- events of peers ---- */
static bool peer_of(const agent_shell *self, uint64_t number, uint32_t *peer)
{
    for (*peer = 0; *peer < self->n_peers; (*peer)++)
        if (self->peers[*peer] == number) return true;
    return false;
}

static void on_frame(agent_shell *self, uint32_t peer, const tide_control_event *e)
{
    tide_msg message;
    if (tide_msg_decode(e->bytes, e->n, self->arena, &message) == TIDE_OK)
        step(self,
             &(tide_agent_event){ .kind = TIDE_AGENT_MESSAGE, .peer = peer, .message = &message });
    else
        tide_control_complain(self->control, e->peer, tide_error_text());
}

static void take_frames(agent_shell *self)
{
    tide_control_event e;
    uint32_t peer;
    for (uint32_t i = 0; i < FRAMES_PER_TURN && tide_control_next(self->control, &e); i++) {
        if (!peer_of(self, e.peer, &peer)) continue;
        switch (e.kind) {
        case TIDE_CONTROL_CONNECTED:
            step(self, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_UP, .peer = peer });
            break;
        case TIDE_CONTROL_CLOSED:
            step(self, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_DOWN, .peer = peer });
            break;
        case TIDE_CONTROL_FRAME: on_frame(self, peer, &e); break;
        }
    }
}

/* ---- events of runners ---- */
static void take_messages(agent_shell *self, agent_child *child)
{
    tide_msg message;
    while (!child->duplex_ended) {
        switch (tide_duplex_next(child->duplex, self->arena, &message)) {
        case TIDE_DUPLEX_NOTHING: return;
        case TIDE_DUPLEX_MESSAGE:
            step(self, &(tide_agent_event){ .kind = TIDE_AGENT_RUNNER_MESSAGE,
                                            .runner = child->runner,
                                            .message = &message });
            break;
        case TIDE_DUPLEX_BROKEN:
            tide_log_error("runner sent nonsense", tide_log_int("pid", child->pid),
                           tide_log_str("error", tide_error_text()));
            agent_child_kill(child);
            child->duplex_ended = true;
            break;
        case TIDE_DUPLEX_CLOSED: child->duplex_ended = true; break;
        }
    }
}

/* All that it said and printed comes before its end. */
static void on_exit_of(agent_shell *self, uint32_t index)
{
    agent_child *child = self->children[index];
    take_messages(self, child);
    agent_child_copy_output(child);
    const tide_failure exit = agent_child_wait(child, self->arena);
    tide_log_info("runner ended", tide_log_int("pid", child->pid),
                  tide_log_str("how", exit.code ? exit.text : "well"),
                  tide_log_str("operator", exit.operator),
                  tide_log_int("batch", (int64_t)exit.batch));
    self->children[index] = self->children[--self->n_children];
    const tide_agent_event event = { .kind = TIDE_AGENT_RUNNER_EXITED,
                                     .runner = child->runner,
                                     .exit = &exit,
                                     .was_dying = child->was_dying };
    agent_child_free(&child);
    step(self, &event);
}

static void look_at(agent_shell *self, agent_child *child)
{
    int64_t now_ns = tide_clock_now_ns(self->clock);
    if (now_ns < child->look_ns) return;
    const tide_agent_progress progress = agent_child_progress(child, self->arena);
    int64_t wait_ns = LOOK_NS;
    if (progress.stuck_timeout_ns > 0 && progress.stuck_timeout_ns / LOOKS_PER_TIMEOUT < wait_ns)
        wait_ns = progress.stuck_timeout_ns / LOOKS_PER_TIMEOUT;
    child->look_ns = now_ns + (wait_ns < LOOK_MIN_NS ? LOOK_MIN_NS : wait_ns);
    step(self, &(tide_agent_event){ .kind = TIDE_AGENT_RUNNER_PROGRESS,
                                    .runner = child->runner,
                                    .progress = &progress });
}

/* ---- the loop ---- */
static void take_signals(agent_shell *self)
{
    struct signalfd_siginfo info;
    while (read(self->signal_fd, &info, sizeof info) == sizeof info) {
        tide_log_info("draining", tide_log_int("signal", info.ssi_signo));
        step(self, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN });
    }
}

#define FDS_PER_CHILD 3u

static void want(struct pollfd *fd, int number, bool writes)
{
    *fd = (struct pollfd){ .fd = number, .events = (short)(POLLIN | (writes ? POLLOUT : 0)) };
}

/* Descriptors that have ended are replaced by one that is never ready: the own signal's. */
static uint32_t fill_fds(agent_shell *self)
{
    uint32_t n = 1 + FDS_PER_CHILD * self->n_children;
    while (self->cap_fds < n) TIDE_GROW(self->fds, self->cap_fds, self->cap_fds);
    want(&self->fds[0], self->signal_fd, false);
    for (uint32_t i = 0; i < self->n_children; i++) {
        const agent_child *c = self->children[i];
        struct pollfd *fds = &self->fds[1 + FDS_PER_CHILD * i];
        want(&fds[0], c->pidfd, false);
        want(&fds[1], c->duplex_ended ? self->signal_fd : tide_duplex_fd(c->duplex),
             !c->duplex_ended && tide_duplex_has_unsent(c->duplex));
        want(&fds[2], c->out_fd >= 0 ? c->out_fd : self->signal_fd, false);
    }
    return n;
}

static int64_t next_ns(const agent_shell *self)
{
    int64_t at = tide_agent_next_ns(self->core);
    for (uint32_t i = 0; i < self->n_children; i++)
        if (self->children[i]->look_ns < at) at = self->children[i]->look_ns;
    return at;
}

static void wait_for_events(agent_shell *self)
{
    int64_t until_ns = next_ns(self), left_ns = until_ns - tide_clock_now_ns(self->clock);
    uint32_t n = fill_fds(self);
    int64_t timeout_ms = until_ns == INT64_MAX ? -1 : left_ns <= 0 ? 0 : left_ns / 1000000 + 1;
    tide_control_wait(self->control, self->fds, n, timeout_ms);
}

static void turn(agent_shell *self)
{
    wait_for_events(self);
    take_signals(self);
    /* Before commands: a runner that has died was not killed by the one that comes just then. */
    for (uint32_t i = self->n_children; i-- > 0;) {
        agent_child *child = self->children[i];
        struct pollfd end = { .fd = child->pidfd, .events = POLLIN };
        tide_duplex_flush(child->duplex);
        if (poll(&end, 1, 0) > 0) {
            on_exit_of(self, i);
            continue;
        }
        take_messages(self, child);
        agent_child_copy_output(child);
        look_at(self, child);
    }
    take_frames(self);
    step(self, &(tide_agent_event){ .kind = TIDE_AGENT_TICK });
    tide_arena_reset(self->arena);
}

/* ---- begin and end ---- */
/* Whole paths: a runner works in its job's folder. */
static tide_status make_folders(agent_shell *self)
{
    TIDE_TRY(agent_make_folder(self->config.folder));
    char *folder = realpath(self->config.folder, NULL);
    if (folder == NULL) return tide_fail(TIDE_E_IO, "%s: %s", self->config.folder, strerror(errno));
    char *artifacts = tide_asprintf("%s/artifacts", folder);
    self->logs = tide_asprintf("%s/logs", folder);
    self->ipc_folder = tide_asprintf("%s/ipc", folder);
    tide_status rv = agent_make_folder(artifacts);
    if (rv == TIDE_OK) rv = agent_make_folder(self->logs);
    if (rv == TIDE_OK) rv = agent_make_folder(self->ipc_folder);
    if (rv == TIDE_OK) rv = agent_lock_folder(folder, &self->folder_lock);
    self->store = agent_store_new(artifacts);
    if (strlen(self->ipc_folder) > IPC_FOLDER_MAX) self->ipc_folder[0] = '\0';
    tide_free(artifacts);
    free(folder);
    return rv;
}

static void name_agent(agent_shell *self)
{
    uint64_t id;
    ssize_t n = getrandom(&id, sizeof id, 0);
    tide_assert(n == sizeof id);
    snprintf(self->agent, sizeof self->agent, "%016llx", (unsigned long long)id);
    if (gethostname(self->host, sizeof self->host) != 0) self->host[0] = '\0';
    self->host[sizeof self->host - 1] = '\0';
}

static tide_status connect_masters(agent_shell *self)
{
    self->control = tide_control_new(
        &(tide_control_config){ .name = "agent", .frame_bytes_max = TIDE_PROTO_BYTES_MAX });
    for (uint32_t i = 0; i < self->config.n_masters; i++) {
        uint64_t number;
        TIDE_TRY(tide_control_connect(self->control, self->config.masters[i], &number));
        agent_set_peer(self, i, number);
    }
    return TIDE_OK;
}

static void trace(void *ctx, const char *line)
{
    (void)ctx;
    tide_log_debug("agent", tide_log_str("trace", line));
}

static void make_core(agent_shell *self)
{
    const tide_agent_process_config *c = &self->config;
    const tide_agent_config config = { .agent = self->agent,
                                       .host = self->host,
                                       .version = c->version ? c->version : "",
                                       .data_host = c->data_host,
                                       .rest = c->rest ? c->rest : "",
                                       .pid = (uint64_t)getpid(),
                                       .n_masters = c->n_masters,
                                       .n_slots = self->cores.n_slots,
                                       .slots = self->cores.slots,
                                       .heartbeat_ns = c->heartbeat_ns,
                                       .retry_ns = c->retry_ns,
                                       .drain_ns = c->drain_ns,
                                       .trace = trace };
    self->core = tide_agent_new(&config, tide_clock_now_ns(self->clock));
}

static void say_ready(const agent_shell *self)
{
    const tide_agent_ready ready = { .agent = self->agent,
                                     .host = self->host,
                                     .data_host = self->config.data_host,
                                     .n_slots = self->cores.n_slots,
                                     .n_pinned = self->cores.n_pinned };
    if (self->config.on_ready) self->config.on_ready(self->config.ctx, &ready);
}

static void close_all(agent_shell *self)
{
    tide_agent_free(&self->core);
    tide_control_free(&self->control);
    agent_store_free(&self->store);
    agent_cores_fini(&self->cores);
    tide_arena_free(&self->arena);
    tide_arena_free(&self->life_arena);
    if (self->folder_lock >= 0) close(self->folder_lock);
    tide_bytes_fini(&self->frame);
    tide_free(self->logs);
    tide_free(self->ipc_folder);
    tide_free(self->peers);
    tide_free(self->children);
    tide_free(self->fds);
    close(self->signal_fd);
}

/* Drained, no runner lives; what is left of one that could not be killed in time dies with us. */
static tide_status run(agent_shell *self)
{
    TIDE_TRY(make_folders(self));
    TIDE_TRY(agent_cores_claim(self->config.n_slots, self->config.core_folder, &self->cores));
    TIDE_TRY(connect_masters(self));
    make_core(self);
    say_ready(self);
    while (!self->exiting) turn(self);
    return TIDE_OK;
}

tide_status tide_agent_process(const tide_agent_process_config *config)
{
    agent_shell self = { .config = *config,
                         .clock = tide_clock_real(),
                         .arena = tide_arena_new(),
                         .life_arena = tide_arena_new(),
                         .folder_lock = -1 };
    if (self.config.core_folder == NULL) self.config.core_folder = TIDE_AGENT_CORE_FOLDER;
    if (self.config.program == NULL) self.config.program = "/proc/self/exe";
    if (self.config.data_host == NULL)
        self.config.data_host = config->n_masters
                                    ? agent_address_towards(config->masters[0], self.life_arena)
                                    : "127.0.0.1";
    name_agent(&self);
    sigset_t ends, before;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, &before);
    self.signal_fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    tide_assert(self.signal_fd >= 0);
    tide_status rv = run(&self);
    tide_error error;
    if (rv != TIDE_OK) tide_error_take(rv, &error);
    close_all(&self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rv == TIDE_OK ? TIDE_OK : tide_error_raise(&error);
}
