/* attempt.c - a table of runners; see attempt.h. */
#include "master/core/attempt.h"

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/failures.h"

static const tide_runner_report nothing_reported = { .job = "", .tcp = "", .ipc = "", .rest = "" };

void tide_attempt_init(tide_attempt *self, int64_t retry_ns)
{
    *self = (tide_attempt){ .arena = tide_arena_new(), .retry_ns = retry_ns };
}

void tide_attempt_clear(tide_attempt *self)
{
    for (uint32_t i = 0; i < self->n; i++) {
        tide_arena_free(&self->runners[i].report_arena);
        tide_arena_free(&self->runners[i].stats_arena);
        tide_arena_free(&self->runners[i].before_arena);
    }
    tide_arena *arena = self->arena;
    tide_arena_reset(arena);
    *self = (tide_attempt){ .arena = arena, .retry_ns = self->retry_ns };
}

void tide_attempt_fini(tide_attempt *self)
{
    tide_attempt_clear(self);
    tide_arena_free(&self->arena);
}

/* ---- who takes part ---- */

static tide_job_runner *add_runner(tide_attempt *self, uint64_t number, const char *agent,
                                   const char *host)
{
    tide_job_runner runner = { .number = number,
                               .agent = tide_arena_strdup(self->arena, agent),
                               .host = tide_arena_strdup(self->arena, host),
                               .report_arena = tide_arena_new(),
                               .stats_arena = tide_arena_new(),
                               .before_arena = tide_arena_new(),
                               .report = &nothing_reported };
    TIDE_PUSH(self->arena, self->runners, self->n, self->cap, runner);
    return &self->runners[self->n - 1];
}

static void add_slot(tide_attempt *self, tide_job_runner *runner, tide_slot_ref slot)
{
    uint32_t n = runner->n_slots, cap = runner->cap_slots;
    TIDE_PUSH(self->arena, runner->job_slots, n, cap, slot.slot);
    TIDE_PUSH(self->arena, runner->slots, runner->n_slots, runner->cap_slots, slot);
}

static tide_job_runner *of_agent(tide_attempt *self, const char *agent)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->runners[i].agent, agent) == 0) return &self->runners[i];
    return NULL;
}

void tide_attempt_plan(tide_attempt *self, const tide_job_slot *slots, uint32_t n)
{
    tide_assert(self->n == 0);
    for (uint32_t i = 0; i < n; i++) {
        tide_job_runner *runner = of_agent(self, slots[i].agent);
        if (!runner) runner = add_runner(self, self->n, slots[i].agent, slots[i].host);
        add_slot(self, runner, (tide_slot_ref){ .slot = i, .local = slots[i].local });
    }
}

tide_job_runner *tide_attempt_find(tide_attempt *self, const char *agent, uint64_t number)
{
    for (uint32_t i = 0; i < self->n; i++) {
        tide_job_runner *runner = &self->runners[i];
        if (runner->number == number && strcmp(runner->agent, agent) == 0) return runner;
    }
    return NULL;
}

tide_job_runner *tide_attempt_adopt(tide_attempt *self, const char *agent, const char *host,
                                    const tide_runner_report *report)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->runners[i].number == report->runner)
            return tide_attempt_find(self, agent, report->runner);
    tide_job_runner *runner = add_runner(self, report->runner, agent, host);
    runner->started = true;
    for (uint32_t i = 0; i < report->slots.n; i++) add_slot(self, runner, report->slots.items[i]);
    return runner;
}

bool tide_attempt_covers(const tide_attempt *self, uint64_t n_slots)
{
    uint64_t n = 0;
    bool once = true;
    bool *seen = tide_calloc(n_slots, sizeof *seen);
    for (uint32_t i = 0; i < self->n; i++) {
        for (uint32_t s = 0; s < self->runners[i].n_slots; s++, n++) {
            uint64_t slot = self->runners[i].job_slots[s];
            once = once && slot < n_slots && !seen[slot];
            if (once) seen[slot] = true;
        }
    }
    tide_free(seen);
    return once && n == n_slots;
}

/* ---- what they say ---- */

/* The process ended as one whose tasks all finished does. */
static bool is_clean(const tide_failure *f)
{
    return f->code == 0 && f->signal == 0 && f->exit_code == 0;
}

/* What our own kill leads to says nothing of the job; a kill that was not ours (the system's, a
 * person's) has another code, also when ours was on its way. */
static bool is_our_doing(const tide_job_runner *runner, const tide_failure *f)
{
    return runner->sent == TIDE_MSG_RUNNER_KILL &&
           (f->code == TIDE_E_NOT_FOUND || f->code == TIDE_E_CANCELLED);
}

/* An agent that has no such runner, or will not start it, answers EXITED: a fault of the cluster,
 * where the same code from the runner would be one of the job. */
static bool is_agents_answer(const tide_job_runner *runner, const tide_failure *f)
{
    return !runner->failed && (f->code == TIDE_E_NOT_FOUND || f->code == TIDE_E_REFUSED);
}

static void exited(tide_job_runner *runner, tide_runner_report *report)
{
    runner->gone = true;
    if (is_clean(&report->failure) && !runner->failed) runner->finished = true;
    if (runner->finished || is_our_doing(runner, &report->failure)) return;
    if (is_agents_answer(runner, &report->failure)) report->failure.code = TIDE_E_IO;
    runner->failed = true;
}

bool tide_attempt_reported(tide_job_runner *runner, const tide_runner_report *report)
{
    /* Nothing new proves nothing: an agent that has forgotten the runner denies it for ever. */
    if (report->report <= runner->report->report && runner->report->state != 0) return false;
    runner->beats_missing = 0;
    tide_failure before = runner->report->failure;
    tide_arena *arena = tide_arena_new();
    tide_runner_report *copy = TIDE_COPY_RECORD(runner_report, report, arena);
    if (report->state == TIDE_RUNNER_FINISHED) runner->finished = true;
    if (report->state == TIDE_RUNNER_EXITED) exited(runner, copy);
    if (runner->failed && tide_failures_telling(&before) > tide_failures_telling(&copy->failure))
        copy->failure = *TIDE_COPY_RECORD(failure, &before, arena);
    if (report->state == TIDE_RUNNER_FAILED) runner->failed = true;
    tide_arena_free(&runner->report_arena);
    runner->report_arena = arena;
    runner->report = copy;
    return true;
}

void tide_attempt_stats(tide_job_runner *runner, const tide_runner_stats *stats)
{
    tide_arena *oldest = runner->before_arena;
    runner->before_arena = runner->stats_arena;
    runner->before = runner->stats;
    runner->stats_arena = oldest;
    tide_arena_reset(oldest);
    runner->stats = tide_msg_copy(TIDE_MSG_RUNNER_STATS, stats, runner->stats_arena);
}

tide_task_stats tide_stats_since(const tide_runner_stats *before, uint32_t at,
                                 const tide_task_stats *now)
{
    const tide_task_stats *old = before && at < before->tasks.n ? &before->tasks.items[at] : NULL;
    if (!old || old->vertex != now->vertex || old->subtask != now->subtask) return *now;
    tide_task_stats since = *now;
#define SINCE(field) since.field = now->field > old->field ? now->field - old->field : 0
    SINCE(rows_in);
    SINCE(rows_out);
    SINCE(bytes_in);
    SINCE(bytes_out);
    SINCE(late_rows);
    SINCE(bad_rows);
    SINCE(busy_ns);
    SINCE(backpressured_ns);
    SINCE(idle_ns);
#undef SINCE
    return since;
}

void tide_attempt_lost(tide_job_runner *runner, const char *why)
{
    runner->gone = true;
    if (runner->finished || runner->failed) return;
    runner->failed = true;
    tide_runner_report *last = TIDE_NEW(runner->report_arena, tide_runner_report);
    *last = *runner->report;
    last->failure = (tide_failure){ .code = TIDE_E_IO,
                                    .text = tide_arena_strdup(runner->report_arena, why),
                                    .operator= "",
                                    .host = runner->host };
    runner->report = last;
}

bool tide_attempt_reached(const tide_attempt *self, tide_runner_state state)
{
    return tide_attempt_behind(self, state) == NULL;
}

const tide_job_runner *tide_attempt_behind(const tide_attempt *self, tide_runner_state state)
{
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_job_runner *runner = &self->runners[i];
        if (!runner->finished && runner->report->state < (uint64_t)state) return runner;
        if (runner->failed) return runner;
    }
    return NULL;
}

bool tide_attempt_gone(const tide_attempt *self)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->runners[i].started && !self->runners[i].gone) return false;
    return true;
}

bool tide_attempt_finished(const tide_attempt *self)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (!self->runners[i].finished) return false;
    return tide_attempt_gone(self);
}

const tide_job_runner *tide_attempt_failed(const tide_attempt *self)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->runners[i].failed) return &self->runners[i];
    return NULL;
}

/* ---- what they are told ---- */

tide_msg_kind tide_attempt_command(const tide_attempt *self, const tide_job_runner *runner)
{
    const uint64_t state = runner->report->state;
    if (runner->gone) return TIDE_MSG_NONE;
    switch (self->want) {
    case TIDE_WANT_NOTHING: return TIDE_MSG_NONE;
    case TIDE_WANT_PREPARED: return state == 0 ? TIDE_MSG_RUNNER_START : TIDE_MSG_NONE;
    case TIDE_WANT_DEPLOYED:
        return state == TIDE_RUNNER_PREPARED ? TIDE_MSG_RUNNER_DEPLOY : TIDE_MSG_NONE;
    case TIDE_WANT_RUNNING:
        return state == TIDE_RUNNER_DEPLOYED ? TIDE_MSG_RUNNER_GO : TIDE_MSG_NONE;
    case TIDE_WANT_STOPPED: /* One that was not let go yet cannot end cleanly. */
        if (state == TIDE_RUNNER_DEPLOYED) return TIDE_MSG_RUNNER_GO;
        return state == TIDE_RUNNER_RUNNING ? TIDE_MSG_RUNNER_STOP : TIDE_MSG_NONE;
    case TIDE_WANT_GONE: return runner->started ? TIDE_MSG_RUNNER_KILL : TIDE_MSG_NONE;
    }
    return TIDE_MSG_NONE;
}

int64_t tide_attempt_due_ns(const tide_attempt *self, const tide_job_runner *runner)
{
    tide_msg_kind command = tide_attempt_command(self, runner);
    if (command == TIDE_MSG_NONE) return INT64_MAX;
    return command == runner->sent ? runner->sent_ns + self->retry_ns : INT64_MIN;
}

static void gather_owners(tide_attempt *self, uint32_t n_slots)
{
    self->deploy.owners.items = TIDE_NEW_N(self->arena, tide_slot_owner, n_slots);
    self->deploy.owners.n = n_slots;
    for (uint32_t i = 0; i < self->n; i++)
        for (uint32_t s = 0; s < self->runners[i].n_slots; s++) {
            uint64_t slot = self->runners[i].job_slots[s];
            self->deploy.owners.items[slot] = (tide_slot_owner){ slot, self->runners[i].number };
        }
}

void tide_attempt_gather(tide_attempt *self)
{
    tide_assert(self->n > 0 && self->runners[0].number == 0);
    uint32_t n_slots = 0;
    self->deploy = (tide_runner_deploy){ .job = "" };
    self->deploy.peers.items = TIDE_NEW_N(self->arena, tide_peer_info, self->n);
    self->deploy.peers.n = self->n;
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_job_runner *runner = &self->runners[i];
        n_slots += runner->n_slots;
        self->deploy.peers.items[i] = (tide_peer_info){
            .runner = runner->number,
            .agent = runner->agent,
            .host = runner->host,
            .tcp = tide_arena_strdup(self->arena, runner->report->tcp),
            .ipc = tide_arena_strdup(self->arena, runner->report->ipc),
        };
    }
    gather_owners(self, n_slots);
    /* Runner 0's next report need not repeat its splits: they are copied. */
    const tide_runner_report *first =
        TIDE_COPY_RECORD(runner_report, self->runners[0].report, self->arena);
    self->deploy.scans.n = first->scans.n;
    self->deploy.scans.items = first->scans.items;
    self->deploy.splits.n = first->splits.n;
    self->deploy.splits.items = first->splits.items;
}
