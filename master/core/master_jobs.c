/* master_jobs.c - jobs: their logs, their coordinators, and what becomes of them in the end. */
#include <inttypes.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/master_priv.h"

#define RETRY_NS INT64_C(500000000)

static void begin_job(tide_master *self, tide_master_job *job);
static tide_job_history read_history(const tide_decision_log *log, tide_arena *arena);

/* ---- the list ---- */

tide_master_job *tide_master_find_job(const tide_master *self, const char *id)
{
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (strcmp(self->jobs[i]->id, id) == 0) return self->jobs[i];
    return NULL;
}

tide_master_job *tide_master_add_job(tide_master *self, const char *id, tide_job_stage stage)
{
    TIDE_GROW(self->jobs, self->n_jobs, self->cap_jobs);
    tide_master_job *job = tide_calloc(1, sizeof *job);
    snprintf(job->id, sizeof job->id, "%s", id);
    job->stage = stage;
    job->arena = tide_arena_new();
    job->retry_ns = INT64_MAX;
    self->jobs[self->n_jobs++] = job;
    return job;
}

void tide_master_free_job(tide_master_job *job)
{
    tide_decision_log_free(&job->log);
    tide_coordinator_free(&job->coordinator);
    tide_arena_free(&job->arena);
    tide_free(job->error);
    tide_free(job);
}

void tide_master_drop_job(tide_master *self, tide_master_job *job)
{
    uint32_t at = 0;
    while (self->jobs[at] != job) at++;
    memmove(&self->jobs[at], &self->jobs[at + 1], (self->n_jobs - at - 1) * sizeof *self->jobs);
    self->n_jobs--;
    tide_tails_forget(self->tails, job->id);
    tide_master_free_job(job);
}

/* ---- what a coordinator wants ---- */

/* The runners that it adopts had their slots as seen runners until now. */
static void adopt_slots(tide_master *self, const tide_master_job *job,
                        const tide_coordinator_act *act)
{
    tide_seen_taken_over(self->seen, job->id, self->slots);
    for (uint32_t i = 0; i < act->n_slots; i++) {
        const tide_granted_slot slot = { act->slots[i].agent, (uint32_t)act->slots[i].local };
        tide_status rv = tide_slots_adopt(self->slots, job->id, &slot, 1);
        if (rv != TIDE_OK) tide_master_trace(self, job->id, "%s", tide_error_text());
    }
    self->slots_changed = true;
}

static void ask_for_slots(tide_master *self, const tide_master_job *job,
                          const tide_coordinator_act *act)
{
    tide_status rv = tide_slots_ask(self->slots, job->id, act->n_slots, act->policy, self->now_ns);
    tide_assert(rv == TIDE_OK); /* It released what it had, and no job asks for none. */
    self->slots_changed = true;
}

static void carry_out(tide_master *self, tide_master_job *job, const tide_coordinator_act *act)
{
    tide_decision_log_acts log_acts = { 0 };
    switch (act->kind) {
    case TIDE_COORDINATOR_SEND:
        tide_master_send_agent(self, act->agent, act->msg.kind, act->msg.body);
        break;
    case TIDE_COORDINATOR_APPEND:
        tide_decision_log_append(job->log, act->msg.kind, act->msg.body, &log_acts);
        tide_master_on_log(self, job, &log_acts);
        break;
    case TIDE_COORDINATOR_ASK: ask_for_slots(self, job, act); break;
    case TIDE_COORDINATOR_ADOPT: adopt_slots(self, job, act); break;
    case TIDE_COORDINATOR_RELEASE:
        tide_slots_release(self->slots, job->id);
        self->slots_changed = true;
        break;
    case TIDE_COORDINATOR_TRACE: tide_master_trace(self, job->id, "%s", act->text); break;
    }
}

void tide_master_step_job(tide_master *self, tide_master_job *job, tide_coordinator_event event)
{
    tide_coordinator_acts acts;
    event.now_ns = self->now_ns;
    event.wall_us = self->wall_us;
    tide_coordinator_step(job->coordinator, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) carry_out(self, job, &acts.items[i]);
}

/* ---- what its log says ---- */

static void refuse_waiters(tide_master *self, tide_master_job *job, tide_status status,
                           const char *text)
{
    for (uint32_t i = 0; i < job->n_waiters; i++)
        tide_master_reply_failure(self, job->waiters[i].request, status, "%s", text);
    job->n_waiters = 0;
}

/* For those who look: what can be read of the log. */
static void note_known(tide_master *self, tide_master_job *job)
{
    if (job->coordinator || tide_decision_log_n_entries(job->log) == 0) return;
    const tide_log_submitted *submitted = tide_decision_log_entry(job->log, 0)->body;
    if (!job->spec) job->spec = TIDE_COPY_RECORD(job_spec, &submitted->spec, job->arena);
    job->known = read_history(job->log, self->step_arena);
    job->known.restarts = NULL;
    job->known.failure = NULL;
}

void tide_master_suspend(tide_master *self, tide_master_job *job)
{
    const tide_error error = *tide_decision_log_error(job->log);
    bool is_news = !job->error || strcmp(job->error->text, error.text) != 0;
    if (!job->error) {
        job->error = tide_calloc(1, sizeof *job->error);
        job->suspended_us = self->wall_us;
    }
    *job->error = error;
    if (is_news) tide_master_alarm(self, job->id, error.text);
    refuse_waiters(self, job, error.code, error.text);
    note_known(self, job);
}

static void on_broken(tide_master *self, tide_master_job *job)
{
    const tide_error error = *tide_decision_log_error(job->log);
    bool submitting = job->stage == TIDE_STAGE_SUBMITTING;
    if (submitting && error.code == TIDE_E_EXISTS && !job->was_there) {
        /* An older leader's word that came after our listing: the job is ours now. */
        tide_master_trace(self, job->id, "was submitted to an older leader");
        job->was_there = true;
        tide_master_claim(self, job);
        return;
    }
    /* There never was such a job; or somebody has removed one whose log was broken. */
    bool is_none = submitting || (job->error && error.code == TIDE_E_NOT_FOUND);
    if (is_none) {
        tide_master_trace(self, job->id, "%s", error.text);
        refuse_waiters(self, job, error.code, error.text);
        tide_master_drop_job(self, job);
        return;
    }
    tide_master_suspend(self, job);
    job->stage = TIDE_STAGE_BROKEN;
    job->retry_ns = job->coordinator ? INT64_MAX : self->now_ns + TIDE_MASTER_MENDED_NS;
}

void tide_master_on_log(tide_master *self, tide_master_job *job, const tide_decision_log_acts *acts)
{
    if (acts->has_op) tide_master_store(self, TIDE_OP_LOG, job->id, &acts->op);
    if (acts->lost) {
        tide_master_trace(self, job->id, "another master has this job's log");
        tide_master_depose(self, tide_master_term_of(self) + 1);
    } else if (acts->broken) {
        on_broken(self, job);
    } else if (acts->claimed) {
        begin_job(self, job);
    } else if (acts->appended) {
        tide_master_step_job(self, job,
                             (tide_coordinator_event){ .kind = TIDE_COORDINATOR_APPENDED });
    } else if (job->stage == TIDE_STAGE_CLAIMING) {
        tide_master_note_unreadable(self, job);
    }
}

static tide_lifecycle end_state(const tide_log_end *end)
{
    tide_lifecycle state;
    if (!tide_lifecycle_parse(end->state, &state) || !tide_lifecycle_is_final(state))
        return TIDE_LIFECYCLE_FAILED; /* A newer version's; it is over, anyway. */
    return state;
}

static void note_end(tide_job_history *history, const tide_log_end *end)
{
    history->end = end_state(end);
    history->ended_us = end->at_us;
    if (history->end == TIDE_LIFECYCLE_FAILED) history->failure = &end->failure;
}

/* Borrows from the log; its lists live in the arena. */
static tide_job_history read_history(const tide_decision_log *log, tide_arena *arena)
{
    tide_job_history history = { 0 };
    const tide_log_restart **restarts = NULL;
    uint32_t cap_restarts = 0;
    for (uint64_t seq = 0; seq < tide_decision_log_n_entries(log); seq++) {
        const tide_msg *entry = tide_decision_log_entry(log, seq);
        if (entry->kind == TIDE_MSG_LOG_SUBMITTED) {
            history.submitted_us = ((const tide_log_submitted *)entry->body)->at_us;
        } else if (entry->kind == TIDE_MSG_LOG_ATTEMPT) {
            history.attempt = ((const tide_log_attempt *)entry->body)->attempt;
        } else if (entry->kind == TIDE_MSG_LOG_RESTART) {
            TIDE_PUSH(arena, restarts, history.n_restarts, cap_restarts, entry->body);
        } else if (entry->kind == TIDE_MSG_LOG_REQUEST) {
            const tide_log_request *request = entry->body;
            bool cancels = strcmp(request->what, "cancel") == 0;
            history.request = cancels ? TIDE_REQUEST_CANCEL : TIDE_REQUEST_STOP;
        } else if (entry->kind == TIDE_MSG_LOG_END) {
            note_end(&history, entry->body);
        }
    }
    history.restarts = restarts;
    return history;
}

static void make_coordinator(tide_master *self, tide_master_job *job, const tide_job_spec *spec,
                             const tide_job_history *history)
{
    const tide_coordinator_config config = { .job = job->id,
                                             .spec = spec,
                                             .history = *history,
                                             .now_ns = self->now_ns,
                                             .wall_us = self->wall_us,
                                             .term = tide_master_term_of(self),
                                             .settings = &self->config.settings,
                                             .random_seed = tide_random_u64(&self->random) };
    job->coordinator = tide_coordinator_new(&config);
    job->spec = tide_coordinator_spec(job->coordinator);
    tide_artifacts_used(self->artifacts, job->spec->artifact);
}

static void begin_job(tide_master *self, tide_master_job *job)
{
    const tide_log_submitted *submitted = tide_decision_log_entry(job->log, 0)->body;
    if (job->error) tide_master_trace(self, job->id, "its log can be read now");
    tide_free(job->error);
    job->error = NULL;
    if (job->was_there && !tide_master_same_spec(&submitted->spec, job->spec))
        refuse_waiters(self, job, TIDE_E_EXISTS, "there is another job of this id");
    const tide_job_history history = read_history(job->log, self->step_arena);
    make_coordinator(self, job, &submitted->spec, &history);
    job->stage = TIDE_STAGE_LIVE;
    if (tide_decision_log_is_ended(job->log)) return; /* It is kept, as any that has ended. */
    tide_master_step_job(self, job, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_BEGIN });
    tide_master_feed(self, job);
}

/* ---- what becomes of them ---- */

static bool is_decided(const tide_master_job *job, tide_master_request_kind kind)
{
    if (job->stage != TIDE_STAGE_LIVE && job->stage != TIDE_STAGE_KEPT) return false;
    if (kind == TIDE_MASTER_SUBMIT) return true;
    tide_job_request wanted = kind == TIDE_MASTER_STOP ? TIDE_REQUEST_STOP : TIDE_REQUEST_CANCEL;
    return tide_coordinator_request(job->coordinator) >= wanted ||
           tide_lifecycle_is_final(tide_coordinator_state(job->coordinator));
}

static void answer_waiter(tide_master *self, const tide_master_job *job, tide_job_waiter waiter)
{
    tide_job_request decided = tide_coordinator_request(job->coordinator);
    tide_lifecycle state = tide_coordinator_state(job->coordinator);
    bool in_vain = waiter.kind != TIDE_MASTER_SUBMIT && decided == TIDE_REQUEST_NONE;
    if (in_vain)
        tide_master_reply_failure(self, waiter.request, TIDE_E_REFUSED, "job %s has ended: %s",
                                  job->id, tide_lifecycle_name(state));
    else
        tide_master_reply_to(self, &(tide_master_reply){
                                       .id = waiter.request,
                                       .text = "",
                                       .leader_control = "",
                                       .leader_rest = "",
                                       .job = tide_arena_strdup(self->step_arena, job->id) });
}

static void answer_waiters(tide_master *self, tide_master_job *job)
{
    for (uint32_t i = 0; i < job->n_waiters;) {
        if (!is_decided(job, job->waiters[i].kind)) {
            i++;
            continue;
        }
        answer_waiter(self, job, job->waiters[i]);
        job->waiters[i] = job->waiters[--job->n_waiters];
    }
}

static void forget_next(tide_master *self, tide_master_job *job)
{
    char key[64];
    job->retry_ns = INT64_MAX;
    snprintf(key, sizeof key, "jobs/%s/log/%" PRIu64, job->id, job->forgotten);
    tide_master_store(self, TIDE_OP_FORGET, job->id,
                      &(tide_store_op){ .kind = TIDE_STORE_REMOVE, .key = key });
}

/* Entry 0 first: what is left without it is not a job for any master. */
void tide_master_forget(tide_master *self, tide_master_job *job)
{
    job->stage = TIDE_STAGE_FORGETTING;
    job->forgotten = 0;
    forget_next(self, job);
}

void tide_master_on_forgotten(tide_master *self, tide_master_job *job, const tide_store_done *done)
{
    if (done->status != TIDE_OK) {
        job->retry_ns = self->now_ns + RETRY_NS;
    } else if (++job->forgotten < job->n_keys) {
        forget_next(self, job);
    } else {
        if (job->spec) tide_artifacts_unused(self->artifacts, job->spec->artifact, self->now_ns);
        tide_master_trace(self, job->id, "forgotten");
        tide_master_drop_job(self, job);
    }
}

static void forget_oldest(tide_master *self)
{
    uint64_t n_kept = 0;
    tide_master_job *oldest = NULL;
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        tide_master_job *job = self->jobs[i];
        if (job->stage != TIDE_STAGE_KEPT) continue;
        n_kept++;
        if (!oldest || tide_coordinator_ended_us(job->coordinator) <
                           tide_coordinator_ended_us(oldest->coordinator))
            oldest = job;
    }
    if (n_kept <= self->config.settings.jobs_retained) return;
    tide_master_forget(self, oldest);
}

void tide_master_settle_jobs(tide_master *self)
{
    bool ended = false, suspended = false;
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        tide_master_job *job = self->jobs[i];
        if (tide_master_is_suspended(job)) suspended = true;
        answer_waiters(self, job);
        if (job->stage == TIDE_STAGE_KEPT) ended = true;
        if (job->stage != TIDE_STAGE_LIVE ||
            !tide_lifecycle_is_final(tide_coordinator_state(job->coordinator)))
            continue;
        job->stage = TIDE_STAGE_KEPT;
        job->n_keys = tide_decision_log_n_entries(job->log);
        tide_decision_log_free(&job->log);
        ended = true;
    }
    /* Which library does a job use whose log cannot be read? */
    tide_artifacts_keep_all(self->artifacts, suspended);
    if (ended && tide_master_is_ready(self)) forget_oldest(self);
}

void tide_master_jobs_tick(tide_master *self)
{
    for (uint32_t i = self->n_jobs; i-- > 0;) { /* A job may be dropped by what its log says. */
        tide_master_job *job = self->jobs[i];
        if (job->stage == TIDE_STAGE_LIVE &&
            tide_coordinator_deadline_ns(job->coordinator) <= self->now_ns)
            tide_master_step_job(self, job,
                                 (tide_coordinator_event){ .kind = TIDE_COORDINATOR_TICK });
        if (job->stage == TIDE_STAGE_FORGETTING && self->now_ns >= job->retry_ns)
            forget_next(self, job);
        if (job->log && tide_decision_log_deadline_ns(job->log) <= self->now_ns) {
            tide_decision_log_acts acts = { 0 };
            tide_decision_log_tick(job->log, self->now_ns, &acts);
            tide_master_on_log(self, job, &acts);
        }
    }
}

int64_t tide_master_jobs_deadline_ns(const tide_master *self)
{
    int64_t at = INT64_MAX, due;
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        const tide_master_job *job = self->jobs[i];
        if (job->stage == TIDE_STAGE_FORGETTING && job->retry_ns < at) at = job->retry_ns;
        if (job->log && (due = tide_decision_log_deadline_ns(job->log)) < at) at = due;
        if (job->stage == TIDE_STAGE_LIVE &&
            (due = tide_coordinator_deadline_ns(job->coordinator)) < at)
            at = due;
    }
    return at;
}
