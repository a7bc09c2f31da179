/* runner_process.c - a runner's control thread. */
#include "worker/runtime/runner_process.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "worker/runtime/duplex.h"
#include "worker/runtime/runner_priv.h"

#define LAST_WORDS_NS INT64_C(1000000000) /* For what is unsent when it exits. */

/* What other threads have to tell; under the lock. */
typedef struct news {
    bool prepared, built, connected, drained, failed;
    tide_error error; /* The first. */
} news;

typedef struct process {
    tide_runner_process_config config;
    tide_runner *core;
    tide_duplex *duplex;
    tide_page *page;
    tide_clock *clock;
    tide_arena *step_arena;
    runner_part *part;
    int wake_fd;
    pthread_t builder;
    bool has_builder;
    const tide_runner_deploy *deploy;
    tide_runner_prepared prepared;
    pthread_mutex_t lock;
    news news;
    bool built, connected, drained, ended;
    bool may_serve; /* It has run for a while. */
    tide_metrics_server *metrics;
    tide_arena *stats_arena;
    tide_runner_stats last_stats; /* Once the job is taken down. */
    bool exiting;
    int exit_code;
} process;

static void step(process *self, const tide_runner_event *event);

/* ---- other threads ---- */
static void wake(process *self)
{
    uint64_t one = 1;
    ssize_t n = write(self->wake_fd, &one, sizeof one);
    tide_assert(n == sizeof one || errno == EAGAIN);
}

static void post_error(process *self, const tide_error *error)
{
    pthread_mutex_lock(&self->lock);
    if (!self->news.failed) self->news.error = *error;
    self->news.failed = true;
    pthread_mutex_unlock(&self->lock);
    wake(self);
}

static void post(process *self, bool *what)
{
    pthread_mutex_lock(&self->lock);
    *what = true;
    pthread_mutex_unlock(&self->lock);
    wake(self);
}

static void on_net(void *ctx, const tide_net_event *event)
{
    process *self = ctx;
    switch (event->kind) {
    case TIDE_NET_CONNECTED: post(self, &self->news.connected); break;
    case TIDE_NET_DRAINED: post(self, &self->news.drained); break;
    case TIDE_NET_PEER_LOST:
    case TIDE_NET_FAILED: post_error(self, &event->error); break;
    }
}

static void on_change(void *ctx)
{
    wake(ctx);
}

static void post_result(process *self, tide_status rv, bool *what)
{
    tide_error error;
    if (rv == TIDE_OK) {
        post(self, what);
    } else {
        tide_error_take(rv, &error);
        post_error(self, &error);
    }
}

static void *prepare_main(void *ctx)
{
    process *self = ctx;
    tide_status rv = runner_part_prepare(self->part, &self->prepared);
    post_result(self, rv, &self->news.prepared);
    return NULL;
}

static void *deploy_main(void *ctx)
{
    process *self = ctx;
    tide_status rv = runner_part_deploy(self->part, self->deploy);
    post_result(self, rv, &self->news.built);
    return NULL;
}

/* ---- actions ---- */
static void join_builder(process *self)
{
    if (self->has_builder) pthread_join(self->builder, NULL);
    self->has_builder = false;
}

static void start_builder(process *self, void *(*main)(void *))
{
    join_builder(self);
    int err = pthread_create(&self->builder, NULL, main, self);
    self->has_builder = err == 0;
    if (err == 0) return;
    tide_error error;
    tide_error_take(tide_fail(TIDE_E_IO, "start a thread: %s", strerror(err)), &error);
    post_error(self, &error);
}

static void prepare(process *self, const tide_runner_action *action)
{
    const runner_part_config config = { .start = action->start,
                                        .artifact_path = action->artifact_path,
                                        .data_host = self->config.data_host,
                                        .ipc_folder = self->config.ipc_folder,
                                        .page = self->page,
                                        .on_net = on_net,
                                        .on_change = on_change,
                                        .ctx = self };
    self->part = runner_part_new(&config);
    start_builder(self, prepare_main);
}

static void send_stats(process *self)
{
    const tide_runner_stats now =
        self->ended ? self->last_stats : runner_stats(self->part, self->step_arena);
    tide_duplex_send(self->duplex, TIDE_MSG_RUNNER_STATS, &now);
    self->may_serve = self->config.serves_metrics;
}

static void carry_out(process *self, const tide_runner_action *action)
{
    switch (action->kind) {
    case TIDE_RUNNER_SEND:
        tide_duplex_send(self->duplex, action->message.kind, action->message.body);
        break;
    case TIDE_RUNNER_PREPARE: prepare(self, action); break;
    case TIDE_RUNNER_DEPLOY:
        self->deploy = action->deploy;
        start_builder(self, deploy_main);
        break;
    case TIDE_RUNNER_RUN: runner_part_run(self->part); break;
    case TIDE_RUNNER_STOP: runner_part_stop(self->part); break;
    case TIDE_RUNNER_STATS: send_stats(self); break;
    case TIDE_RUNNER_EXIT:
        self->exiting = true;
        self->exit_code = action->exit_code;
        break;
    }
}

static void step(process *self, const tide_runner_event *event)
{
    const tide_runner_actions *actions =
        tide_runner_step(self->core, event, tide_clock_now_ns(self->clock));
    for (uint32_t i = 0; i < actions->n; i++) carry_out(self, &actions->items[i]);
    tide_arena_reset(self->step_arena);
}

/* ---- events ---- */
static void tell(process *self, tide_runner_event_kind kind)
{
    step(self, &(tide_runner_event){ .kind = kind });
}

static void fail(process *self, const tide_error *error)
{
    tide_log_error("runner failed", tide_log_str("error", error->text));
    step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_ERROR, .error = error });
}

static void take_news(process *self)
{
    pthread_mutex_lock(&self->lock);
    news n = self->news;
    self->news = (news){ 0 };
    pthread_mutex_unlock(&self->lock);
    if (n.failed) {
        fail(self, &n.error);
        return;
    }
    if (n.prepared || n.built) join_builder(self);
    if (n.prepared)
        step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_PREPARED_EVENT,
                                         .prepared = &self->prepared });
    if (n.built) {
        self->built = true;
        tell(self, TIDE_RUNNER_BUILT);
        if (!runner_part_net(self->part)) n.connected = self->drained = true;
    }
    if (n.connected) tell(self, TIDE_RUNNER_CONNECTED);
    if (n.drained) self->drained = true;
}

/* Not before the first statistics: a job that is over sooner need not load a server for them. */
static void serve_metrics(process *self)
{
    if (!self->may_serve || self->ended || self->exiting) return;
    self->may_serve = self->config.serves_metrics = false;
    const char *rest;
    tide_arena *arena = tide_arena_new();
    if (runner_serve_metrics(self->part, self->config.data_host, self->config.token, arena,
                             &self->metrics, &rest) == TIDE_OK)
        step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_SERVES, .rest = rest });
    else
        tide_log_warn("no metrics of this runner", tide_log_str("error", tide_error_text()));
    tide_arena_free(&arena);
}

/* All is done here and all has arrived there: the output is written before anyone is told. */
static void end_job(process *self)
{
    self->last_stats = runner_stats(self->part, self->stats_arena);
    self->ended = true;
    tide_metrics_server_free(&self->metrics); /* It reads the job. */
    tide_status rv = runner_part_end(self->part);
    if (rv != TIDE_OK) {
        tide_error error;
        tide_error_take(rv, &error);
        fail(self, &error);
        return;
    }
    tell(self, TIDE_RUNNER_ENDED);
    tell(self, TIDE_RUNNER_DRAINED);
}

static void look_at_job(process *self)
{
    if (!self->built || self->ended || self->exiting) return;
    tide_job_state state = runner_part_state(self->part);
    if (state == TIDE_JOB_FAILED) {
        tide_error error;
        tide_job_failure(runner_part_job(self->part), &error);
        fail(self, &error);
    } else if (state == TIDE_JOB_FINISHED && self->drained) {
        end_job(self);
    }
}

static void take_messages(process *self)
{
    tide_msg message;
    tide_arena *arena = tide_arena_new();
    tide_duplex_got got;
    while ((got = tide_duplex_next(self->duplex, arena, &message)) == TIDE_DUPLEX_MESSAGE) {
        step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_MESSAGE, .message = &message });
        tide_arena_reset(arena);
    }
    tide_arena_free(&arena);
    if (got == TIDE_DUPLEX_NOTHING) return;
    /* Nobody is left to hear of it. */
    tide_log_error("agent lost", tide_log_int("agent", self->config.agent_pid));
    _exit(1);
}

static void wait_for_events(process *self, int64_t until_ns)
{
    struct pollfd fds[] = {
        { .fd = tide_duplex_fd(self->duplex),
          .events = (short)(POLLIN | (tide_duplex_has_unsent(self->duplex) ? POLLOUT : 0)) },
        { .fd = self->wake_fd, .events = POLLIN },
    };
    int64_t left_ns = until_ns - tide_clock_now_ns(self->clock);
    int timeout_ms = until_ns == INT64_MAX ? -1 : left_ns <= 0 ? 0 : (int)(left_ns / 1000000 + 1);
    int n = poll(fds, 2, timeout_ms);
    tide_assert(n >= 0 || errno == EINTR);
    uint64_t count;
    if (read(self->wake_fd, &count, sizeof count) < 0) tide_assert(errno == EAGAIN);
    tide_duplex_flush(self->duplex);
}

static void run(process *self)
{
    while (!self->exiting) {
        wait_for_events(self, tide_runner_next_ns(self->core));
        take_messages(self);
        take_news(self);
        look_at_job(self);
        if (!self->exiting) tell(self, TIDE_RUNNER_TICK);
        serve_metrics(self);
    }
    int64_t until_ns = tide_clock_now_ns(self->clock) + LAST_WORDS_NS;
    while (tide_duplex_has_unsent(self->duplex) && tide_clock_now_ns(self->clock) < until_ns)
        wait_for_events(self, until_ns);
}

/* ---- begin and end ---- */
static void close_all(process *self)
{
    runner_part_free(&self->part);
    tide_runner_free(&self->core);
    tide_duplex_free(&self->duplex);
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->stats_arena);
    close(self->wake_fd);
    pthread_mutex_destroy(&self->lock);
}

/* The second line behind the closed pair: the kernel ends us when the agent has. */
static bool tie_to_agent(const tide_runner_process_config *config)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == config->agent_pid;
}

/* Sanitizers reserve terabytes for their own. */
static void limit_memory(uint64_t bytes)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    const struct rlimit limit = { bytes, bytes };
    if (bytes && setrlimit(RLIMIT_DATA, &limit) != 0)
        tide_log_warn("memory is not limited", tide_log_str("error", strerror(errno)));
#else
    (void)bytes;
#endif
}

int tide_runner_process(const tide_runner_process_config *config)
{
    process self = { .config = *config, .clock = tide_clock_real() };
    if (!tie_to_agent(config)) return 1;
    if (tide_page_open(config->page_fd, &self.page) != TIDE_OK) {
        tide_log_error("runner cannot start", tide_log_str("error", tide_error_text()));
        return 1;
    }
    close(config->page_fd);
    limit_memory(config->memory_bytes);
    runner_watch_crashes(self.page);
    self.core = tide_runner_new(&(tide_runner_config){ 0 });
    self.duplex = tide_duplex_new(config->duplex_fd);
    self.step_arena = tide_arena_new();
    self.stats_arena = tide_arena_new();
    self.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    tide_assert(self.wake_fd >= 0);
    pthread_mutex_init(&self.lock, NULL);
    run(&self);
    /* Slots of a job that failed may hang in user code, and so may the builder of one that was
     * stopped early. */
    if (!self.ended || self.exit_code != 0) _exit(self.exit_code);
    close_all(&self);
    return self.exit_code;
}

static bool read_number(const char *text, uint64_t *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return *text != '\0' && *end == '\0' && errno == 0;
}

int tide_runner_main(int argc, char **argv)
{
    uint64_t n[5] = { 0 };
    bool good = argc == 7;
    for (int i = 0; good && i < 5; i++) good = read_number(argv[i], &n[i]);
    if (!good) {
        fputs("error: 'tidemill runner' is started by workers only\n", stderr);
        return 2;
    }
    const tide_runner_process_config config = { .duplex_fd = (int)n[0],
                                                .page_fd = (int)n[1],
                                                .agent_pid = (int)n[2],
                                                .memory_bytes = n[3],
                                                .serves_metrics = n[4] != 0,
                                                .data_host = argv[5],
                                                .ipc_folder = argv[6],
                                                .token = getenv(TIDE_RUNNER_TOKEN) };
    return tide_runner_process(&config);
}
