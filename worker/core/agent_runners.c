/* agent_runners.c - runners as their agent sees them: reports, ends, stuck slots. */
#include "base/core/assert.h"
#include "worker/core/agent_priv.h"

/* ---- the table ---- */
agent_runner *agent_find_runner(const tide_agent *self, const runner_key *key)
{
    for (uint32_t i = 0; i < self->n_runners; i++) {
        const tide_runner_report *report = &self->runners[i]->report;
        if (report->attempt == key->attempt && report->runner == key->runner &&
            strcmp(report->job, key->job) == 0)
            return self->runners[i];
    }
    return NULL;
}

agent_runner *agent_runner_by_id(const tide_agent *self, uint64_t id)
{
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (self->runners[i]->id == id) return self->runners[i];
    return NULL;
}

agent_runner *agent_add_runner(tide_agent *self, const tide_runner_start *start)
{
    agent_runner *r = tide_calloc(1, sizeof *r);
    r->id = self->next_runner++;
    r->arena = tide_arena_new();
    r->report_arena = tide_arena_new();
    r->start = tide_msg_copy(TIDE_MSG_RUNNER_START, start, r->arena);
    r->report = (tide_runner_report){ .job = r->start->job,
                                      .attempt = start->attempt,
                                      .runner = start->runner,
                                      .state = TIDE_RUNNER_STARTING,
                                      .tcp = "",
                                      .ipc = "",
                                      .rest = "",
                                      .slots = { r->start->slots.n, r->start->slots.items } };
    r->resend_ns = NEVER;
    TIDE_GROW(self->runners, self->n_runners, self->cap_runners);
    self->runners[self->n_runners++] = r;
    agent_touch(self, r);
    return r;
}

void agent_drop_runner(tide_agent *self, agent_runner *r)
{
    uint32_t at = 0;
    while (self->runners[at] != r) at++;
    memmove(&self->runners[at], &self->runners[at + 1],
            (self->n_runners - at - 1) * sizeof(agent_runner *));
    self->n_runners--;
    tide_free(r->watches);
    tide_arena_free(&r->report_arena);
    tide_arena_free(&r->arena);
    tide_free(r);
}

static void send_to_runner(tide_agent *self, agent_runner *r, tide_msg_kind kind, const void *body)
{
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_RUNNER_SEND,
                                          .runner = r->id,
                                          .message = { kind, body } });
}

void agent_spawn(tide_agent *self, agent_runner *r, const char *artifact_path)
{
    r->phase = RUNNER_ALIVE;
    agent_act(self,
              &(tide_agent_action){ .kind = TIDE_AGENT_SPAWN, .runner = r->id, .start = r->start });
    if (artifact_path) {
        const tide_artifact_path path = { .path = artifact_path };
        send_to_runner(self, r, TIDE_MSG_ARTIFACT_PATH,
                       tide_msg_copy(TIDE_MSG_ARTIFACT_PATH, &path, self->step_arena));
    }
    send_to_runner(self, r, TIDE_MSG_RUNNER_START, r->start);
    agent_trace(self, "job %s, attempt %llu: runner %llu starts", r->report.job,
                (unsigned long long)r->report.attempt, (unsigned long long)r->report.runner);
}

/* ---- fences ---- */
static agent_fence *find_fence(const tide_agent *self, const char *job)
{
    for (uint32_t i = 0; i < self->n_fences; i++)
        if (strcmp(self->fences[i].job, job) == 0) return &self->fences[i];
    return NULL;
}

bool agent_is_fenced(const tide_agent *self, const runner_key *key)
{
    const agent_fence *fence = find_fence(self, key->job);
    return fence && key->attempt <= fence->attempt;
}

void agent_raise_fence(tide_agent *self, const char *job, uint64_t attempt)
{
    agent_fence *fence = find_fence(self, job);
    if (fence) {
        if (attempt > fence->attempt) fence->attempt = attempt;
        return;
    }
    if (self->n_fences == FENCES_MAX) {
        tide_free(self->fences[0].job);
        memmove(self->fences, self->fences + 1, (--self->n_fences) * sizeof *self->fences);
    }
    TIDE_GROW(self->fences, self->n_fences, self->cap_fences);
    self->fences[self->n_fences++] = (agent_fence){ tide_strdup(job), attempt };
}

/* ---- reports ---- */
void agent_touch(tide_agent *self, agent_runner *r)
{
    r->report.report++;
    r->resend_ns = self->now_ns;
}

void agent_report_again(tide_agent *self, agent_runner *r)
{
    if (r->acked == r->report.report) r->acked--;
    r->resend_ns = self->now_ns;
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

/* Where a running one serves its metrics it says once, when it does. */
static bool is_address(const agent_runner *r, const tide_runner_report *said)
{
    return said->state == TIDE_RUNNER_RUNNING && r->report.state == TIDE_RUNNER_RUNNING &&
           *r->report.rest == '\0' && *or_empty(said->rest) != '\0';
}

/* Takes over what a runner says of itself. Plan and endpoints stay what they were when it was
 * prepared; the splits nobody asks for later. */
static void copy_report(agent_runner *r, const tide_runner_report *said)
{
    tide_runner_report *mine = &r->report;
    tide_arena_reset(r->report_arena);
    tide_runner_report *copy = TIDE_COPY_RECORD(runner_report, said, r->report_arena);
    mine->state = copy->state;
    mine->scans.n = mine->splits.n = 0;
    if (copy->state == TIDE_RUNNER_PREPARED) {
        mine->plan_hash = copy->plan_hash;
        mine->tcp = tide_arena_strdup(r->arena, or_empty(copy->tcp));
        mine->ipc = tide_arena_strdup(r->arena, or_empty(copy->ipc));
        mine->scans.n = copy->scans.n;
        mine->scans.items = copy->scans.items;
        mine->splits.n = copy->splits.n;
        mine->splits.items = copy->splits.items;
    }
    if (*copy->rest) mine->rest = tide_arena_strdup(r->arena, copy->rest);
    mine->stopped = copy->stopped;
    mine->failure = copy->failure;
}

static void on_report(tide_agent *self, agent_runner *r, const tide_runner_report *said)
{
    bool forward = said->state > r->report.state && said->state < TIDE_RUNNER_EXITED;
    if (r->phase != RUNNER_ALIVE || (!forward && !is_address(r, said))) {
        agent_trace(self, "job %s: a runner's report of state %llu makes no sense", r->report.job,
                    (unsigned long long)said->state);
        return;
    }
    copy_report(r, said);
    if (r->report.state == TIDE_RUNNER_FAILED) r->report.failure.host = self->config.host;
    agent_trace(self, "job %s, attempt %llu: %s", r->report.job,
                (unsigned long long)r->report.attempt,
                tide_runner_state_name((tide_runner_state)r->report.state));
    agent_touch(self, r);
}

static void on_stats(tide_agent *self, const agent_runner *r, const tide_runner_stats *said)
{
    tide_runner_stats m = *said;
    m.agent = self->config.agent;
    m.job = r->report.job;
    m.attempt = r->report.attempt;
    m.runner = r->report.runner;
    agent_send_to_owner(self, r->report.job, TIDE_MSG_RUNNER_STATS, &m);
}

void agent_on_runner_message(tide_agent *self, agent_runner *r, const tide_msg *message)
{
    if (message->kind == TIDE_MSG_RUNNER_REPORT)
        on_report(self, r, &((const tide_runner_report_msg *)message->body)->report);
    else if (message->kind == TIDE_MSG_RUNNER_STATS)
        on_stats(self, r, message->body);
    else
        agent_trace(self, "%s of a runner makes no sense", tide_msg_name(message->kind));
}

/* ---- the end ---- */
void agent_kill(tide_agent *self, agent_runner *r, tide_status code, const char *text)
{
    if (r->phase == RUNNER_GONE || r->killing) return;
    r->killing = true;
    r->why_killed = (tide_failure){ .code = code, .text = tide_arena_strdup(r->arena, text) };
    agent_trace(self, "job %s, attempt %llu: kill: %s", r->report.job,
                (unsigned long long)r->report.attempt, text);
    if (r->phase == RUNNER_ALIVE) {
        agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_KILL, .runner = r->id });
    } else {
        const tide_failure failure = r->why_killed;
        agent_end(self, r, &failure);
    }
}

void agent_end(tide_agent *self, agent_runner *r, const tide_failure *failure)
{
    r->phase = RUNNER_GONE;
    r->report.state = TIDE_RUNNER_EXITED;
    r->report.scans.n = r->report.splits.n = 0;
    r->report.failure = *TIDE_COPY_RECORD(failure, failure, r->arena);
    if (failure->code) r->report.failure.host = self->config.host;
    agent_trace(self, "job %s, attempt %llu: exited: %s", r->report.job,
                (unsigned long long)r->report.attempt,
                failure->code ? or_empty(failure->text) : "well");
    agent_touch(self, r);
}

/* What a runner said before it ended counts more than how it ended; why it was killed, too. */
void agent_on_exited(tide_agent *self, agent_runner *r, const tide_failure *exit)
{
    if (r->phase != RUNNER_ALIVE) return;
    tide_failure failure = *exit;
    bool spoke = r->report.state == TIDE_RUNNER_FINISHED || r->report.state == TIDE_RUNNER_FAILED;
    if (spoke) {
        failure = r->report.failure;
    } else if (r->killing) {
        failure.code = r->why_killed.code;
        failure.text = r->why_killed.text;
    } else if (exit->code == TIDE_OK) {
        failure.code = TIDE_E_CRASHED;
        failure.text = "the runner ended before its job";
    }
    if (spoke && failure.code == TIDE_OK) {
        agent_end(self, r, &failure);
        return;
    }
    failure.signal = exit->signal;
    failure.exit_code = exit->exit_code;
    if (or_empty(failure.operator)[0] == '\0') {
        failure.operator= exit->operator;
        failure.batch = exit->batch;
    }
    agent_end(self, r, &failure);
}

/* ---- stuck slots ---- */
static void watch(tide_agent *self, agent_runner *r, const tide_agent_progress *progress)
{
    if (r->n_watches == progress->n) return;
    r->watches = tide_realloc(r->watches, progress->n * sizeof *r->watches);
    r->n_watches = progress->n;
    for (uint32_t i = 0; i < r->n_watches; i++)
        r->watches[i] = (slot_watch){ progress->slots[i].progress, self->now_ns };
}

static void kill_stuck(tide_agent *self, agent_runner *r, uint32_t slot,
                       const tide_agent_progress *progress)
{
    bool plans = slot + 1 == progress->n;
    char *text =
        tide_arena_printf(self->step_arena, "%s has not returned for %lld ms (task.stuck-timeout)",
                          plans ? "building the plan, or opening the job," : "a callback",
                          (long long)(progress->stuck_timeout_ns / 1000000));
    agent_kill(self, r, TIDE_E_TIMEOUT, text);
}

void agent_on_progress(tide_agent *self, agent_runner *r, const tide_agent_progress *progress)
{
    if (r->phase != RUNNER_ALIVE || progress->n == 0) return;
    watch(self, r, progress);
    r->progress = 0;
    for (uint32_t i = 0; i < progress->n; i++) {
        const tide_agent_slot_progress *slot = &progress->slots[i];
        slot_watch *w = &r->watches[i];
        r->progress += slot->progress;
        if (!slot->busy || slot->progress != w->progress)
            *w = (slot_watch){ slot->progress, self->now_ns };
        else if (progress->stuck_timeout_ns > 0 &&
                 self->now_ns - w->since_ns >= progress->stuck_timeout_ns)
            kill_stuck(self, r, i, progress);
    }
}

/* ---- timers ---- */
void agent_runners_timers(tide_agent *self)
{
    for (uint32_t i = 0; i < self->n_runners; i++) {
        agent_runner *r = self->runners[i];
        if (r->resend_ns > self->now_ns) continue;
        r->resend_ns = self->now_ns + self->config.retry_ns;
        const tide_runner_report_msg m = { .agent = self->config.agent, .report = r->report };
        agent_send_to_owner(self, r->report.job, TIDE_MSG_RUNNER_REPORT, &m);
    }
}
