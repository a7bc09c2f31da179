/* runner.c - one step at a time towards the end of a job's part. */
#include "worker/core/runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"

struct tide_runner {
    tide_runner_config config;
    tide_arena *arena;      /* Commands. */
    tide_arena *step_arena; /* Actions and reports. */
    tide_runner_actions actions;
    tide_runner_action *items;
    uint32_t cap_items;
    tide_runner_state state;
    const char *artifact_path;
    const tide_runner_start *start;   /* NULL: not told yet. */
    const tide_runner_deploy *deploy; /* The same. */
    bool built, connected;
    bool ended, drained;
    bool stopping;
    bool over; /* EXIT was asked for. */
    int64_t stats_ns;
};

static void trace(tide_runner *self, const char *fmt, ...) TIDE_PRINTF(2, 3);

tide_runner *tide_runner_new(const tide_runner_config *config)
{
    tide_runner *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    if (self->config.stats_ns == 0) self->config.stats_ns = TIDE_RUNNER_STATS_NS;
    self->arena = tide_arena_new();
    self->step_arena = tide_arena_new();
    self->state = TIDE_RUNNER_STARTING;
    self->artifact_path = "";
    self->stats_ns = INT64_MAX;
    return self;
}

void tide_runner_free(tide_runner **self_p)
{
    tide_runner *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->arena);
    tide_free(self);
}

static void trace(tide_runner *self, const char *fmt, ...)
{
    if (self->config.trace == NULL) return;
    char line[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    self->config.trace(self->config.trace_ctx, line);
}

static void act(tide_runner *self, tide_runner_action action)
{
    TIDE_PUSH(self->step_arena, self->items, self->actions.n, self->cap_items, action);
}

static void leave(tide_runner *self, int exit_code)
{
    self->over = true;
    self->stats_ns = INT64_MAX;
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_EXIT, .exit_code = exit_code });
}

static void report_to_agent(tide_runner *self, const tide_runner_report *report)
{
    tide_runner_report_msg m = { .agent = "", .report = *report };
    m.report.state = self->state;
    if (self->start) {
        m.report.job = self->start->job;
        m.report.attempt = self->start->attempt;
        m.report.runner = self->start->runner;
    }
    const void *body = tide_msg_copy(TIDE_MSG_RUNNER_REPORT, &m, self->step_arena);
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_SEND,
                                    .message = { TIDE_MSG_RUNNER_REPORT, body } });
}

/* Enters a state and tells the agent; `report` has what belongs to that state. */
static void enter(tide_runner *self, tide_runner_state state, const tide_runner_report *report)
{
    trace(self, "%s -> %s", tide_runner_state_name(self->state), tide_runner_state_name(state));
    self->state = state;
    report_to_agent(self, report);
}

/* ---- commands ---- */
static bool is_for_us(const tide_runner *self, const char *job, uint64_t attempt, uint64_t runner)
{
    const tide_runner_start *s = self->start;
    return s && s->attempt == attempt && s->runner == runner && strcmp(s->job, job) == 0;
}
#define IS_FOR_US(self, m) is_for_us((self), (m)->job, (m)->attempt, (m)->runner)

static void on_start(tide_runner *self, const tide_runner_start *m)
{
    if (self->start) return;
    self->start = tide_msg_copy(TIDE_MSG_RUNNER_START, m, self->arena);
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_PREPARE,
                                    .start = self->start,
                                    .artifact_path = self->artifact_path });
}

static void on_deploy(tide_runner *self, const tide_runner_deploy *m)
{
    if (self->state != TIDE_RUNNER_PREPARED || self->deploy || !IS_FOR_US(self, m)) return;
    self->deploy = tide_msg_copy(TIDE_MSG_RUNNER_DEPLOY, m, self->arena);
    act(self, (tide_runner_action){
                  .kind = TIDE_RUNNER_DEPLOY, .start = self->start, .deploy = self->deploy });
}

static void go(tide_runner *self, int64_t now_ns)
{
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_RUN });
    enter(self, TIDE_RUNNER_RUNNING, &(tide_runner_report){ 0 });
    self->stats_ns = now_ns + self->config.stats_ns;
}

static void finish(tide_runner *self)
{
    if (self->state == TIDE_RUNNER_RUNNING)
        act(self, (tide_runner_action){ .kind = TIDE_RUNNER_STATS });
    enter(self, TIDE_RUNNER_FINISHED, &(tide_runner_report){ .stopped = self->stopping });
    leave(self, 0);
}

/* Once one runner is deployed others may run already: it runs, too, and stops at once, so that what
 * they send finds its way. Before, there is nothing to end. */
static void on_stop(tide_runner *self, int64_t now_ns)
{
    if (self->stopping) return;
    self->stopping = true;
    if (self->state < TIDE_RUNNER_DEPLOYED) {
        finish(self);
        return;
    }
    if (self->state == TIDE_RUNNER_DEPLOYED) go(self, now_ns);
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_STOP });
}

static void on_message(tide_runner *self, const tide_msg *message, int64_t now_ns)
{
    const void *body = message->body;
    switch ((int)message->kind) {
    case TIDE_MSG_ARTIFACT_PATH:
        self->artifact_path =
            tide_arena_strdup(self->arena, ((const tide_artifact_path *)body)->path);
        break;
    case TIDE_MSG_RUNNER_START: on_start(self, body); break;
    case TIDE_MSG_RUNNER_DEPLOY: on_deploy(self, body); break;
    case TIDE_MSG_RUNNER_GO:
        if (self->state == TIDE_RUNNER_DEPLOYED && IS_FOR_US(self, (const tide_runner_go *)body))
            go(self, now_ns);
        break;
    case TIDE_MSG_RUNNER_STOP:
        if (IS_FOR_US(self, (const tide_runner_stop *)body)) on_stop(self, now_ns);
        break;
    default: trace(self, "%s is not for a runner", tide_msg_name(message->kind)); break;
    }
}

/* ---- news of the job ---- */
static void on_prepared(tide_runner *self, const tide_runner_prepared *p)
{
    if (self->start == NULL || self->state != TIDE_RUNNER_STARTING) return;
    tide_runner_report report = { .plan_hash = p->plan_hash, .tcp = p->tcp, .ipc = p->ipc };
    report.scans.n = p->n_scans;
    report.scans.items = (tide_scan_info *)(uintptr_t)p->scans;
    report.splits.n = p->n_splits;
    report.splits.items = (tide_split_info *)(uintptr_t)p->splits;
    enter(self, TIDE_RUNNER_PREPARED, &report);
}

static void on_error(tide_runner *self, const tide_error *error)
{
    const tide_runner_report report = { .failure = { .code = error->code, .text = error->text } };
    if (self->state == TIDE_RUNNER_RUNNING)
        act(self, (tide_runner_action){ .kind = TIDE_RUNNER_STATS });
    enter(self, TIDE_RUNNER_FAILED, &report);
    leave(self, 1);
}

/* Said in its state: a job does not wait for its metrics. */
static void on_serves(tide_runner *self, const char *rest)
{
    if (self->state == TIDE_RUNNER_RUNNING)
        report_to_agent(self, &(tide_runner_report){ .rest = rest });
}

static void look_whether_deployed(tide_runner *self)
{
    if (self->state == TIDE_RUNNER_PREPARED && self->deploy && self->built && self->connected)
        enter(self, TIDE_RUNNER_DEPLOYED, &(tide_runner_report){ 0 });
}

static void look_whether_finished(tide_runner *self)
{
    if (self->state == TIDE_RUNNER_RUNNING && self->ended && self->drained) finish(self);
}

static void on_tick(tide_runner *self, int64_t now_ns)
{
    if (now_ns < self->stats_ns) return;
    self->stats_ns = now_ns + self->config.stats_ns;
    act(self, (tide_runner_action){ .kind = TIDE_RUNNER_STATS });
}

static void handle(tide_runner *self, const tide_runner_event *event, int64_t now_ns)
{
    switch (event->kind) {
    case TIDE_RUNNER_TICK: on_tick(self, now_ns); break;
    case TIDE_RUNNER_MESSAGE: on_message(self, event->message, now_ns); break;
    case TIDE_RUNNER_PREPARED_EVENT: on_prepared(self, event->prepared); break;
    case TIDE_RUNNER_BUILT: self->built = true; break;
    case TIDE_RUNNER_CONNECTED: self->connected = true; break;
    case TIDE_RUNNER_ENDED: self->ended = true; break;
    case TIDE_RUNNER_DRAINED: self->drained = true; break;
    case TIDE_RUNNER_SERVES: on_serves(self, event->rest); break;
    case TIDE_RUNNER_ERROR: on_error(self, event->error); break;
    case TIDE_RUNNER_AGENT_LOST: leave(self, 1); break;
    }
}

const tide_runner_actions *tide_runner_step(tide_runner *self, const tide_runner_event *event,
                                            int64_t now_ns)
{
    tide_arena_reset(self->step_arena);
    self->actions = (tide_runner_actions){ 0 };
    self->items = NULL;
    self->cap_items = 0;
    if (!self->over) handle(self, event, now_ns);
    if (!self->over) look_whether_deployed(self);
    if (!self->over) look_whether_finished(self);
    self->actions.items = self->items;
    return &self->actions;
}

int64_t tide_runner_next_ns(const tide_runner *self)
{
    return self->stats_ns;
}

tide_runner_state tide_runner_state_of(const tide_runner *self)
{
    return self->state;
}

const tide_runner_start *tide_runner_start_of(const tide_runner *self)
{
    return self->start;
}
