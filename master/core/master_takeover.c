/* master_takeover.c - becoming the leader, and ceasing to be it.
 *
 * What there is, is listed, and every job's log is claimed: behind the end of one that has ended
 * nothing is written. Agents are asked to say hello meanwhile; slots are given out when all logs
 * were claimed and the grace is over. Keys of a job without entry 0 are what an interrupted removal
 * left, and go. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/master_priv.h"

#define JOBS "jobs/"
#define RETRY_NS INT64_C(500000000)
/* After so many in a row the other jobs do not wait any longer for a log to be read. */
#define UNREADABLE_FAILURES 5u
/* An older leader's last words may be written after our first listing. */
#define LIST_AGAIN_NS INT64_C(5000000000)

static void list_jobs(tide_master *self)
{
    self->list_ns = INT64_MAX;
    tide_master_store(self, TIDE_OP_LIST, "",
                      &(tide_store_op){ .kind = TIDE_STORE_LIST, .key = JOBS });
}

void tide_master_begin_reign(tide_master *self)
{
    const tide_cluster_settings *s = &self->config.settings;
    self->leads = true;
    self->reign++;
    self->listed = false;
    /* Before the first leader there was nothing that could report. */
    int64_t grace_ns = tide_master_term_of(self) > 1 ? s->takeover_grace_us * INT64_C(1000) : 0;
    self->schedules_ns = self->now_ns + grace_ns;
    self->members = tide_membership_new(s->heartbeat_timeout_us * INT64_C(1000));
    self->slots = tide_slots_new(TIDE_MASTER_OVERTAKE_NS);
    self->seen = tide_seen_new();
    self->artifacts = tide_artifacts_new(TIDE_MASTER_UNUSED_NS);
    self->tails = tide_tails_new();
    const tide_leases_config leases = {
        .term = tide_master_term_of(self),
        .retry_ns = s->control_retry_us * INT64_C(1000),
        .silence_ns = s->heartbeat_timeout_us * INT64_C(1000),
        .orphan_ns = (s->takeover_grace_us + 2 * s->heartbeat_timeout_us) * INT64_C(1000),
    };
    self->leases = tide_leases_new(&leases, s);
    tide_master_trace(self, "", "leads with term %" PRIu64, tide_master_term_of(self));
    const tide_hello_again again = { .term = tide_master_term_of(self) };
    for (uint32_t i = 0; i < self->n_peers; i++)
        tide_master_send(self, self->peers[i], TIDE_MSG_HELLO_AGAIN, &again);
    list_jobs(self);
    tide_artifacts_list(self->artifacts);
}

void tide_master_end_reign(tide_master *self)
{
    if (!self->leads) return;
    self->leads = false;
    self->reign++;
    tide_master_trace(self, "", "leads no more: jobs go on without");
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        tide_master_job *job = self->jobs[i];
        for (uint32_t w = 0; w < job->n_waiters; w++)
            tide_master_reply_redirect(self, job->waiters[w].request);
        tide_master_free_job(job);
    }
    self->n_jobs = 0;
    tide_master_drop_questions(self);
    tide_leases_free(&self->leases);
    tide_slots_free(&self->slots);
    tide_seen_free(&self->seen);
    tide_membership_free(&self->members);
    tide_artifacts_free(&self->artifacts);
    tide_tails_free(&self->tails);
}

/* ---- what there is ---- */

/* "jobs/<id>/log/<seq>"; false: something else. */
static bool split_key(const char *key, char id[17], uint64_t *seq)
{
    size_t at = strlen(JOBS);
    const char *slash = strchr(key + at, '/');
    if (!slash || slash - (key + at) != 16 || strncmp(slash, "/log/", 5) != 0) return false;
    memcpy(id, key + at, 16);
    id[16] = '\0';
    char *end;
    *seq = strtoull(slash + 5, &end, 10);
    return end != slash + 5 && *end == '\0';
}

static void note_key(tide_master *self, const char *key)
{
    char id[17];
    uint64_t seq;
    if (!split_key(key, id, &seq)) return;
    tide_master_job *job = tide_master_find_job(self, id);
    if (!job) job = tide_master_add_job(self, id, TIDE_STAGE_CHECKING);
    if (seq == 0) job->stage = TIDE_STAGE_CLAIMING;
    if (seq >= job->n_keys) job->n_keys = seq + 1;
}

void tide_master_claim(tide_master *self, tide_master_job *job)
{
    tide_decision_log_acts acts = { 0 };
    tide_decision_log_free(&job->log);
    job->stage = TIDE_STAGE_CLAIMING;
    job->log = tide_decision_log_new(job->id, tide_master_term_of(self), self->config.id);
    tide_decision_log_claim(job->log, &acts);
    tide_master_on_log(self, job, &acts);
}

static void check_first(tide_master *self, tide_master_job *job)
{
    char key[64];
    job->retry_ns = INT64_MAX;
    snprintf(key, sizeof key, JOBS "%s/log/0", job->id);
    tide_master_store(self, TIDE_OP_FIRST, job->id,
                      &(tide_store_op){ .kind = TIDE_STORE_GET, .key = key });
}

/* Of what is new since the last listing, entry 0 must be there to be read: a job that was removed
 * meanwhile is no job. */
static void look_for_late_jobs(tide_master *self, const tide_storage_listing *listing)
{
    for (uint32_t i = 0; i < listing->n; i++) {
        char id[17];
        uint64_t seq;
        if (!split_key(listing->keys[i], id, &seq) || seq != 0 || tide_master_find_job(self, id))
            continue;
        tide_master_trace(self, id, "was submitted to an older leader");
        check_first(self, tide_master_add_job(self, id, TIDE_STAGE_CHECKING));
    }
}

void tide_master_on_listed(tide_master *self, const tide_store_done *done)
{
    self->list_ns = self->now_ns + (done->status == TIDE_OK ? LIST_AGAIN_NS : RETRY_NS);
    if (done->status != TIDE_OK) {
        tide_master_trace(self, "", "jobs cannot be listed: %s", tide_status_text(done->status));
        return;
    }
    if (self->listed) {
        look_for_late_jobs(self, done->listing);
        return;
    }
    self->listed = true;
    for (uint32_t i = 0; i < done->listing->n; i++) note_key(self, done->listing->keys[i]);
    tide_master_trace(self, "", "takes over %u job%s", self->n_jobs, self->n_jobs == 1 ? "" : "s");
    for (uint32_t i = self->n_jobs; i-- > 0;) {
        if (self->jobs[i]->stage == TIDE_STAGE_CLAIMING)
            tide_master_claim(self, self->jobs[i]);
        else
            check_first(self, self->jobs[i]);
    }
}

/* A listing made while others write may lack an entry; only its absence makes the rest remains. */
void tide_master_on_first(tide_master *self, tide_master_job *job, const tide_store_done *done)
{
    if (done->status == TIDE_OK)
        tide_master_claim(self, job);
    else if (done->status == TIDE_E_NOT_FOUND)
        tide_master_forget(self, job);
    else
        job->retry_ns = self->now_ns + RETRY_NS;
}

/* ---- logs that cannot be read ---- */

bool tide_master_is_suspended(const tide_master_job *job)
{
    return job->error && (job->stage == TIDE_STAGE_BROKEN || job->stage == TIDE_STAGE_CLAIMING);
}

void tide_master_note_unreadable(tide_master *self, tide_master_job *job)
{
    if (job->error || tide_decision_log_n_failed(job->log) < UNREADABLE_FAILURES) return;
    tide_master_suspend(self, job);
}

static bool is_looked_at_again(const tide_master_job *job)
{
    return job->stage == TIDE_STAGE_CHECKING || job->stage == TIDE_STAGE_BROKEN;
}

void tide_master_takeover_tick(tide_master *self)
{
    if (self->now_ns >= self->list_ns) list_jobs(self);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        tide_master_job *job = self->jobs[i];
        if (!is_looked_at_again(job) || self->now_ns < job->retry_ns) continue;
        if (job->stage == TIDE_STAGE_CHECKING)
            check_first(self, job);
        else
            tide_master_claim(self, job);
    }
}

int64_t tide_master_takeover_deadline_ns(const tide_master *self)
{
    int64_t at = self->list_ns;
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        const tide_master_job *job = self->jobs[i];
        if (is_looked_at_again(job) && job->retry_ns < at) at = job->retry_ns;
    }
    return at;
}
