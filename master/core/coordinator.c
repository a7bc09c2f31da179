/* coordinator.c - events change what is known, then the state decides; see coordinator.h. */
#include "master/core/coordinator.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "master/core/coordinator_priv.h"

static const tide_job_behaviour *const behaviours[TIDE_LIFECYCLE_COUNT] = {
    [TIDE_LIFECYCLE_CREATED] = &tide_state_created,
    [TIDE_LIFECYCLE_RECONCILING] = &tide_state_reconciling,
    [TIDE_LIFECYCLE_WAITING] = &tide_state_waiting,
    [TIDE_LIFECYCLE_NUMBERING] = &tide_state_numbering,
    [TIDE_LIFECYCLE_PREPARING] = &tide_state_preparing,
    [TIDE_LIFECYCLE_DEPLOYING] = &tide_state_deploying,
    [TIDE_LIFECYCLE_RUNNING] = &tide_state_running,
    [TIDE_LIFECYCLE_STOPPING] = &tide_state_stopping,
    [TIDE_LIFECYCLE_RESTARTING] = &tide_state_restarting,
    [TIDE_LIFECYCLE_CANCELLING] = &tide_state_cancelling,
    [TIDE_LIFECYCLE_FAILING] = &tide_state_failing,
    [TIDE_LIFECYCLE_ENDING] = &tide_state_ending,
    [TIDE_LIFECYCLE_FINISHED] = &tide_state_over,
    [TIDE_LIFECYCLE_CANCELED] = &tide_state_over,
    [TIDE_LIFECYCLE_FAILED] = &tide_state_over,
    [TIDE_LIFECYCLE_SUSPENDED] = &tide_state_over,
};

static void on_event(tide_coordinator *self, const tide_coordinator_event *event);
static void settle(tide_coordinator *self);
static void send_due_commands(tide_coordinator *self);

/* How long ago this was decided; clocks of masters differ. */
static int64_t age_us(const tide_coordinator_config *config, int64_t at_us)
{
    return at_us < config->wall_us ? config->wall_us - at_us : 0;
}

/* The strategy counts on where the master before left it, also in a pause that is not over. */
static void restore_restarts(tide_coordinator *self, const tide_coordinator_config *config)
{
    const tide_job_history *history = &config->history;
    tide_bytes why = { 0 };
    for (uint32_t i = 0; i < history->n_restarts; i++) {
        const tide_log_restart *entry = history->restarts[i];
        int64_t at_ns = config->now_ns - age_us(config, entry->at_us) * 1000, delay_ns;
        tide_failures_add(&self->failures, entry->attempt, entry->at_us, "", &entry->failure);
        if (entry->count) tide_restart_failed(self->restart, at_ns, &delay_ns, &why);
    }
    tide_bytes_fini(&why);
    const tide_log_restart *last =
        history->n_restarts ? history->restarts[history->n_restarts - 1] : NULL;
    self->was_restarting = last && last->attempt == history->attempt;
    if (!self->was_restarting) return;
    int64_t left_us = last->delay_us - age_us(config, last->at_us);
    self->restart_at_ns = config->now_ns + (left_us > 0 ? left_us * 1000 : 0);
}

static void restore(tide_coordinator *self, const tide_coordinator_config *config)
{
    const tide_job_history *history = &config->history;
    restore_restarts(self, config);
    self->submitted_us = history->submitted_us;
    self->since_us[TIDE_LIFECYCLE_CREATED] = history->submitted_us;
    self->attempt_number = history->attempt;
    self->request = self->wanted = history->request;
    if (history->failure)
        tide_failures_add(&self->failures, history->attempt, history->ended_us, "",
                          history->failure);
    if (history->end == TIDE_LIFECYCLE_CREATED) return;
    tide_assert(tide_lifecycle_is_final(history->end));
    self->state = self->end = history->end;
    self->since_us[self->state] = self->ended_us = history->ended_us;
}

tide_coordinator *tide_coordinator_new(const tide_coordinator_config *config)
{
    tide_coordinator *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    self->step_arena = tide_arena_new();
    self->job = tide_arena_strdup(self->arena, config->job);
    self->spec = TIDE_COPY_RECORD(job_spec, config->spec, self->arena);
    self->term = config->term;
    self->takeover_grace_ns = config->settings->takeover_grace_us * 1000;
    self->policy = tide_job_policy_of(config->settings, self->spec);
    self->restart = tide_restart_new(&self->policy.restart, config->random_seed);
    self->deadline_ns = self->restart_at_ns = INT64_MAX;
    tide_attempt_init(&self->attempt, config->settings->control_retry_us * 1000);
    restore(self, config);
    return self;
}

void tide_coordinator_free(tide_coordinator **self_p)
{
    tide_coordinator *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    tide_attempt_fini(&self->attempt);
    tide_failures_fini(&self->failures);
    tide_arena_free(&self->last_arena);
    tide_restart_free(&self->restart);
    tide_bytes_fini(&self->short_of);
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->arena);
    tide_free(self);
}

void tide_coordinator_step(tide_coordinator *self, const tide_coordinator_event *event,
                           tide_coordinator_acts *acts)
{
    tide_arena_reset(self->step_arena);
    self->acts = NULL;
    self->n_acts = self->cap_acts = 0;
    self->now_ns = event->now_ns;
    self->wall_us = event->wall_us;
    on_event(self, event);
    settle(self);
    send_due_commands(self);
    *acts = (tide_coordinator_acts){ self->n_acts, self->acts };
}

int64_t tide_coordinator_deadline_ns(const tide_coordinator *self)
{
    int64_t at = self->deadline_ns;
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        int64_t due = tide_attempt_due_ns(&self->attempt, &self->attempt.runners[i]);
        if (due < at) at = due;
    }
    return at;
}

/* ---- deciding ---- */

static void append_request(tide_coordinator *self)
{
    bool ends = self->state == TIDE_LIFECYCLE_ENDING || tide_lifecycle_is_final(self->state);
    if (self->log != TIDE_LOG_FREE || self->wanted <= self->request || ends) return;
    const tide_log_request entry = { .term = self->term,
                                     .what = self->wanted == TIDE_REQUEST_STOP ? "stop" : "cancel",
                                     .at_us = self->wall_us };
    self->appending = self->wanted;
    tide_coordinator_append(self, TIDE_LOG_REQUESTS, TIDE_MSG_LOG_REQUEST, &entry);
}

static void settle(tide_coordinator *self)
{
    tide_lifecycle before;
    do {
        before = self->state;
        append_request(self);
        if (behaviours[self->state]->decide) behaviours[self->state]->decide(self);
    } while (self->state != before);
}

void tide_coordinator_move(tide_coordinator *self, tide_lifecycle to, const char *why_fmt, ...)
{
    tide_assert(tide_lifecycle_may_follow(self->state, to));
    char text[1024];
    va_list args;
    va_start(args, why_fmt);
    vsnprintf(text, sizeof text, why_fmt, args);
    va_end(args);
    tide_coordinator_trace(self, "%s -> %s: %s", tide_lifecycle_name(self->state),
                           tide_lifecycle_name(to), text);
    self->state = to;
    self->since_us[to] = self->wall_us;
    self->deadline_ns = INT64_MAX;
    if (behaviours[to]->enter) behaviours[to]->enter(self);
}

/* ---- acting ---- */

static tide_coordinator_act *add_act(tide_coordinator *self, tide_coordinator_act_kind kind)
{
    TIDE_PUSH(self->step_arena, self->acts, self->n_acts, self->cap_acts,
              (tide_coordinator_act){ .kind = kind });
    return &self->acts[self->n_acts - 1];
}

void tide_coordinator_trace(tide_coordinator *self, const char *fmt, ...)
{
    char text[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add_act(self, TIDE_COORDINATOR_TRACE)->text = tide_arena_strdup(self->step_arena, text);
}

void tide_coordinator_ask(tide_coordinator *self)
{
    tide_coordinator_act *act = add_act(self, TIDE_COORDINATOR_ASK);
    act->n_slots = (uint32_t)self->spec->parallelism;
    act->policy = self->policy.placement;
}

void tide_coordinator_adopt(tide_coordinator *self)
{
    tide_job_slot *slots = TIDE_NEW_N(self->step_arena, tide_job_slot, self->spec->parallelism);
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        const tide_job_runner *runner = &self->attempt.runners[i];
        for (uint32_t s = 0; s < runner->n_slots && !runner->gone; s++)
            slots[n++] = (tide_job_slot){ runner->agent, runner->host, runner->slots[s].local };
    }
    tide_coordinator_act *act = add_act(self, TIDE_COORDINATOR_ADOPT);
    act->slots = slots;
    act->n_slots = n;
}

void tide_coordinator_append(tide_coordinator *self, tide_log_use use, tide_msg_kind kind,
                             const void *body)
{
    tide_assert(self->log == TIDE_LOG_FREE);
    self->log = use;
    add_act(self, TIDE_COORDINATOR_APPEND)->msg =
        (tide_msg){ kind, tide_msg_copy(kind, body, self->step_arena) };
}

static void send(tide_coordinator *self, const char *agent, tide_msg_kind kind, const void *body)
{
    tide_coordinator_act *act = add_act(self, TIDE_COORDINATOR_SEND);
    act->agent = tide_arena_strdup(self->step_arena, agent);
    act->msg = (tide_msg){ kind, body };
}

/* RUNNER_GO, _STOP and _KILL have the same fields. */
static void send_order(tide_coordinator *self, const char *agent, tide_msg_kind kind,
                       uint64_t attempt, uint64_t runner)
{
    tide_runner_kill *order = TIDE_NEW(self->step_arena, tide_runner_kill);
    _Static_assert(sizeof(tide_runner_kill) == sizeof(tide_runner_go), "one layout");
    _Static_assert(sizeof(tide_runner_kill) == sizeof(tide_runner_stop), "one layout");
    *order = (tide_runner_kill){ self->term, self->job, attempt, runner };
    send(self, agent, kind, order);
}

static void acknowledge(tide_coordinator *self, const char *agent, uint64_t attempt,
                        uint64_t runner, uint64_t report, bool forget)
{
    tide_report_ack *ack = TIDE_NEW(self->step_arena, tide_report_ack);
    *ack = (tide_report_ack){ self->term, self->job, attempt, runner, report, forget };
    send(self, agent, TIDE_MSG_REPORT_ACK, ack);
}

static void send_command(tide_coordinator *self, tide_job_runner *runner, tide_msg_kind kind)
{
    runner->sent = kind;
    runner->sent_ns = self->now_ns;
    if (kind == TIDE_MSG_RUNNER_START) {
        runner->started = true;
        tide_runner_start *start = TIDE_NEW(self->step_arena, tide_runner_start);
        *start = (tide_runner_start){ .term = self->term,
                                      .job = self->job,
                                      .attempt = self->attempt_number,
                                      .runner = runner->number,
                                      .lists_splits = runner->number == 0,
                                      .spec = *self->spec };
        start->slots.n = runner->n_slots;
        start->slots.items = runner->slots;
        send(self, runner->agent, kind, start);
    } else if (kind == TIDE_MSG_RUNNER_DEPLOY) {
        tide_runner_deploy *deploy = TIDE_NEW(self->step_arena, tide_runner_deploy);
        *deploy = self->attempt.deploy;
        deploy->term = self->term;
        deploy->job = self->job;
        deploy->attempt = self->attempt_number;
        deploy->runner = runner->number;
        send(self, runner->agent, kind, deploy);
    } else {
        send_order(self, runner->agent, kind, self->attempt_number, runner->number);
    }
}

static void send_due_commands(tide_coordinator *self)
{
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        tide_job_runner *runner = &self->attempt.runners[i];
        if (tide_attempt_due_ns(&self->attempt, runner) <= self->now_ns)
            send_command(self, runner, tide_attempt_command(&self->attempt, runner));
    }
}

/* What every runner of a job that ended so is said to have come to. */
static const tide_runner_report *last_report(tide_lifecycle end)
{
    static const tide_runner_report
        finished = { .job = "", .tcp = "", .ipc = "", .rest = "", .state = TIDE_RUNNER_FINISHED },
        failed = { .job = "", .tcp = "", .ipc = "", .rest = "", .state = TIDE_RUNNER_FAILED },
        exited = { .job = "", .tcp = "", .ipc = "", .rest = "", .state = TIDE_RUNNER_EXITED };
    if (end == TIDE_LIFECYCLE_FINISHED) return &finished;
    return end == TIDE_LIFECYCLE_FAILED ? &failed : &exited;
}

static void keep_for_view(tide_coordinator *self)
{
    tide_arena *arena = self->last_arena = tide_arena_new();
    self->last = TIDE_NEW_N(arena, tide_runner_view, self->attempt.n);
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        tide_runner_view *kept = &self->last[i];
        tide_coordinator_runner(self, i, kept);
        uint64_t *slots = TIDE_NEW_N(arena, uint64_t, kept->n_slots);
        if (kept->n_slots) memcpy(slots, kept->slots, kept->n_slots * sizeof *slots);
        kept->slots = slots;
        kept->agent = tide_arena_strdup(arena, kept->agent);
        kept->host = tide_arena_strdup(arena, kept->host);
        kept->gone = true;
        kept->report = last_report(self->state);
        kept->before = NULL;
        if (kept->stats) kept->stats = tide_msg_copy(TIDE_MSG_RUNNER_STATS, kept->stats, arena);
    }
    self->n_last = self->attempt.n;
}

void tide_coordinator_clear(tide_coordinator *self)
{
    if (tide_lifecycle_is_final(self->state) && self->attempt.n) keep_for_view(self);
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        const tide_job_runner *runner = &self->attempt.runners[i];
        if (runner->report->state == TIDE_RUNNER_EXITED)
            acknowledge(self, runner->agent, self->attempt_number, runner->number,
                        runner->report->report, true);
    }
    tide_attempt_clear(&self->attempt);
    self->granted = self->refused = false;
    self->short_of.n = 0;
    add_act(self, TIDE_COORDINATOR_RELEASE);
}

/* ---- failing ---- */

void tide_coordinator_fail(tide_coordinator *self, const char *agent, const tide_failure *failure)
{
    bool ends = tide_failure_is_final(failure) || self->state == TIDE_LIFECYCLE_STOPPING;
    tide_bytes why = { 0 };
    tide_failure_print(failure, &why);
    tide_failures_add(&self->failures, self->attempt_number, self->wall_us, agent, failure);
    tide_coordinator_move(self, ends ? TIDE_LIFECYCLE_FAILING : TIDE_LIFECYCLE_RESTARTING,
                          "attempt %" PRIu64 ": %s", self->attempt_number, tide_bytes_text(&why));
    tide_bytes_fini(&why);
}

void tide_coordinator_fail_because(tide_coordinator *self, tide_status code, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    tide_coordinator_fail(self, "",
                          &(tide_failure){
                              .code = (uint64_t)code, .text = text, .operator= "", .host = "" });
}

void tide_coordinator_give_time(tide_coordinator *self, int64_t ns)
{
    self->deadline_ns = ns == INT64_MAX ? INT64_MAX : self->now_ns + ns;
}

void tide_coordinator_fail_late(tide_coordinator *self, tide_runner_state state,
                                const char *setting)
{
    const tide_job_runner *late = tide_attempt_behind(&self->attempt, state);
    tide_coordinator_fail_because(self, TIDE_E_TIMEOUT,
                                  "runner %" PRIu64 " on host %s was not %s within %s",
                                  late->number, late->host, tide_runner_state_name(state), setting);
}

bool tide_coordinator_was_interrupted(tide_coordinator *self)
{
    bool runs = self->state == TIDE_LIFECYCLE_RUNNING || self->state == TIDE_LIFECYCLE_STOPPING;
    if (self->request == TIDE_REQUEST_CANCEL) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING, "asked for");
        return true;
    }
    if (self->request == TIDE_REQUEST_STOP && !runs) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING, "asked to stop while nothing runs");
        return true;
    }
    const tide_job_runner *failed = tide_attempt_failed(&self->attempt);
    if (!failed) return false;
    tide_coordinator_fail(self, failed->agent, &failed->report->failure);
    return true;
}

void tide_coordinator_note_failures(tide_coordinator *self)
{
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        const tide_job_runner *runner = &self->attempt.runners[i];
        if (!runner->failed ||
            !tide_failures_improve(&self->failures, runner->agent, &runner->report->failure))
            continue;
        tide_bytes why = { 0 };
        tide_failure_print(&runner->report->failure, &why);
        tide_coordinator_trace(self, "attempt %" PRIu64 " failed because of %s",
                               self->attempt_number, tide_bytes_text(&why));
        tide_bytes_fini(&why);
    }
}

/* ---- what events tell ---- */

/* Of another attempt, or of one that is over: it goes, and is forgotten when it is gone. */
static void end_stale(tide_coordinator *self, const char *agent, const tide_runner_beat *beat)
{
    bool is_over = tide_lifecycle_is_final(self->state); /* Behind the end there is no attempt. */
    if (beat->attempt > self->attempt_number && !is_over) return; /* A newer master's. */
    bool exited = beat->state == TIDE_RUNNER_EXITED;
    if (!exited) send_order(self, agent, TIDE_MSG_RUNNER_KILL, beat->attempt, beat->runner);
    acknowledge(self, agent, beat->attempt, beat->runner, beat->report, exited);
}

static tide_job_runner *find_current(tide_coordinator *self, const char *agent, uint64_t attempt,
                                     uint64_t runner)
{
    bool numbered =
        self->state != TIDE_LIFECYCLE_WAITING && self->state != TIDE_LIFECYCLE_NUMBERING;
    if (attempt != self->attempt_number || !numbered) return NULL;
    return tide_attempt_find(&self->attempt, agent, runner);
}

static void on_report(tide_coordinator *self, const tide_coordinator_event *event)
{
    const tide_runner_report *r = event->report;
    tide_job_runner *runner = find_current(self, event->agent, r->attempt, r->runner);
    if (!runner && self->state == TIDE_LIFECYCLE_RECONCILING && r->attempt == self->attempt_number)
        runner = tide_attempt_adopt(&self->attempt, event->agent, event->host, r);
    if (!runner) {
        end_stale(self, event->agent,
                  &(tide_runner_beat){ .attempt = r->attempt,
                                       .runner = r->runner,
                                       .state = r->state,
                                       .report = r->report });
        return;
    }
    if (tide_attempt_reported(runner, r) && r->state == TIDE_RUNNER_EXITED)
        tide_coordinator_trace(self, "runner %" PRIu64 " of attempt %" PRIu64 " exited", r->runner,
                               r->attempt);
    /* Not to be forgotten yet: a new master must be able to see that it finished. */
    acknowledge(self, event->agent, r->attempt, r->runner, r->report, false);
}

static bool is_listed(const tide_coordinator_event *event, uint64_t attempt, uint64_t runner)
{
    for (uint32_t i = 0; i < event->n_beats; i++)
        if (event->beats[i].attempt == attempt && event->beats[i].runner == runner) return true;
    return false;
}

/* An agent that lists neither a runner that it once reported, nor one that it was to kill, does not
 * have it. Several beats in a row: one may have been under way already. */
static void miss_runners(tide_coordinator *self, const tide_coordinator_event *event)
{
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        tide_job_runner *runner = &self->attempt.runners[i];
        bool expected = runner->report->state != 0 || self->attempt.want == TIDE_WANT_GONE;
        if (runner->gone || !expected || strcmp(runner->agent, event->agent) != 0) continue;
        if (is_listed(event, self->attempt_number, runner->number)) {
            runner->beats_missing = 0;
        } else if (++runner->beats_missing >= TIDE_RUNNER_BEATS_MISSING_MAX) {
            tide_coordinator_trace(self, "runner %" PRIu64 " is not known to its agent %s",
                                   runner->number, event->agent);
            tide_attempt_lost(runner, "its agent knows nothing of the runner any more");
        }
    }
}

static void on_beat(tide_coordinator *self, const tide_coordinator_event *event)
{
    for (uint32_t i = 0; i < event->n_beats; i++) {
        const tide_runner_beat *beat = &event->beats[i];
        bool may_be_ours =
            self->state == TIDE_LIFECYCLE_RECONCILING && beat->attempt == self->attempt_number;
        if (!may_be_ours && !find_current(self, event->agent, beat->attempt, beat->runner))
            end_stale(self, event->agent, beat);
    }
    miss_runners(self, event);
}

static void on_stats(tide_coordinator *self, const tide_runner_stats *stats)
{
    tide_job_runner *runner = find_current(self, stats->agent, stats->attempt, stats->runner);
    if (runner) tide_attempt_stats(runner, stats);
}

static void on_agent(tide_coordinator *self, const tide_coordinator_event *event)
{
    bool met = false;
    for (uint32_t i = 0; i < self->attempt.n; i++) {
        tide_job_runner *runner = &self->attempt.runners[i];
        if (runner->gone || strcmp(runner->agent, event->agent) != 0) continue;
        met = true;
        if (event->kind == TIDE_COORDINATOR_AGENT_BACK) runner->sent = TIDE_MSG_NONE;
        if (event->kind == TIDE_COORDINATOR_AGENT_GONE) tide_attempt_lost(runner, event->text);
    }
    bool runs = self->state == TIDE_LIFECYCLE_PREPARING ||
                self->state == TIDE_LIFECYCLE_DEPLOYING || self->state == TIDE_LIFECYCLE_RUNNING;
    if (!met || event->kind != TIDE_COORDINATOR_AGENT_LEAVES || !runs) return;
    tide_coordinator_fail_because(self, TIDE_E_UNREACHABLE, "%s", event->text);
    self->restart_is_free = true;
}

static void on_granted(tide_coordinator *self, const tide_coordinator_event *event)
{
    if (self->state != TIDE_LIFECYCLE_WAITING || self->granted) return; /* It gave up meanwhile. */
    self->granted = true;
    tide_attempt_plan(&self->attempt, event->slots, event->n_slots);
}

static void on_appended(tide_coordinator *self)
{
    tide_log_use use = self->log;
    tide_assert(use != TIDE_LOG_FREE);
    self->log = TIDE_LOG_FREE;
    if (use == TIDE_LOG_REQUESTS) self->request = self->appending;
    if (use == TIDE_LOG_RESTARTS) tide_coordinator_clear(self);
    if (use == TIDE_LOG_NUMBERS) {
        self->attempt_number++;
        tide_coordinator_move(self, TIDE_LIFECYCLE_PREPARING, "attempt %" PRIu64 " on %u runner%s",
                              self->attempt_number, self->attempt.n,
                              self->attempt.n == 1 ? "" : "s");
    }
    if (use == TIDE_LOG_ENDS) {
        self->ended_us = self->wall_us;
        tide_coordinator_move(self, self->end, "decided");
    }
}

static void note_shortage(tide_coordinator *self, const char *why)
{
    self->short_of.n = 0;
    tide_bytes_puts(&self->short_of, why);
    tide_bytes_text(&self->short_of); /* Views borrow it as a text. */
}

static void on_event(tide_coordinator *self, const tide_coordinator_event *event)
{
    switch (event->kind) {
    case TIDE_COORDINATOR_BEGIN:
    case TIDE_COORDINATOR_TICK: break;
    case TIDE_COORDINATOR_GRANTED: on_granted(self, event); break;
    case TIDE_COORDINATOR_SHORT: note_shortage(self, event->text); break;
    case TIDE_COORDINATOR_REFUSED:
        note_shortage(self, event->text);
        self->refused = self->state == TIDE_LIFECYCLE_WAITING;
        break;
    case TIDE_COORDINATOR_APPENDED: on_appended(self); break;
    case TIDE_COORDINATOR_REQUEST:
        if (event->request > self->wanted) self->wanted = event->request;
        break;
    case TIDE_COORDINATOR_REPORT: on_report(self, event); break;
    case TIDE_COORDINATOR_BEAT: on_beat(self, event); break;
    case TIDE_COORDINATOR_STATS: on_stats(self, event->stats); break;
    case TIDE_COORDINATOR_AGENT_BACK:
    case TIDE_COORDINATOR_AGENT_LEAVES:
    case TIDE_COORDINATOR_AGENT_GONE: on_agent(self, event); break;
    }
}
