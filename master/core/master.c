/* master.c - the step: an event goes to its part, then everything settles; see master.h. */
#include "master/core/master.h"

#include <inttypes.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/master_priv.h"

static void on_event(tide_master *self, const tide_master_event *event);
static void settle(tide_master *self);

void tide_master_config_init(tide_master_config *self)
{
    *self = (tide_master_config){ .id = "", .control = "", .rest = "" };
    tide_cluster_settings_init(&self->settings);
}

tide_master *tide_master_new(const tide_master_config *config)
{
    tide_master *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    self->step_arena = tide_arena_new();
    self->config = *config;
    self->config.id = tide_arena_strdup(self->arena, config->id);
    self->config.control = tide_arena_strdup(self->arena, config->control);
    self->config.rest = tide_arena_strdup(self->arena, config->rest);
    tide_random_init(&self->random, config->random_seed, 0);
    self->election = tide_election_new(
        &(tide_election_config){ .id = self->config.id,
                                 .control = self->config.control,
                                 .rest = self->config.rest,
                                 .timeout_ns = config->settings.lease_timeout_us * INT64_C(1000),
                                 .random_seed = config->random_seed });
    return self;
}

void tide_master_free(tide_master **self_p)
{
    tide_master *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    tide_master_end_reign(self);
    tide_election_free(&self->election);
    tide_free(self->ops);
    tide_free(self->peers);
    tide_free(self->jobs);
    tide_free(self->questions);
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->arena);
    tide_free(self);
}

void tide_master_step(tide_master *self, const tide_master_event *event, tide_master_acts *acts)
{
    tide_arena_reset(self->step_arena);
    self->acts = NULL;
    self->n_acts = self->cap_acts = 0;
    self->now_ns = event->now_ns;
    self->wall_us = event->wall_us;
    on_event(self, event);
    settle(self);
    *acts = (tide_master_acts){ self->n_acts, self->acts };
}

/* ---- leadership ---- */

static void on_election(tide_master *self, const tide_election_acts *acts)
{
    if (acts->has_op) tide_master_store(self, TIDE_OP_ELECTION, "", &acts->op);
    if (!acts->role_changed) return;
    bool leads = tide_election_role_of(self->election) == TIDE_LEADING;
    if (leads && !self->leads) tide_master_begin_reign(self);
    if (!leads && self->leads) tide_master_end_reign(self);
}

void tide_master_depose(tide_master *self, uint64_t term)
{
    self->deposed = true;
    if (term > self->term_seen) self->term_seen = term;
}

static void act_on_deposition(tide_master *self)
{
    if (!self->deposed) return;
    tide_election_acts acts = { 0 };
    self->deposed = false;
    tide_election_saw_term(self->election, self->term_seen, self->now_ns, &acts);
    on_election(self, &acts);
}

bool tide_master_schedules(const tide_master *self)
{
    return tide_master_is_ready(self) && self->now_ns >= self->schedules_ns;
}

/* ---- events ---- */

static void on_closed(tide_master *self, uint64_t peer)
{
    for (uint32_t i = 0; i < self->n_peers; i++) {
        if (self->peers[i] != peer) continue;
        self->peers[i] = self->peers[--self->n_peers];
        break;
    }
    if (!self->leads) return;
    tide_membership_closed(self->members, peer, self->now_ns);
    tide_leases_peer_closed(self->leases, peer, self->now_ns);
}

static bool take_op(tide_master *self, uint64_t id, tide_master_op *out)
{
    for (uint32_t i = 0; i < self->n_ops; i++) {
        if (self->ops[i].id != id) continue;
        *out = self->ops[i];
        self->ops[i] = self->ops[--self->n_ops];
        return true;
    }
    return false;
}

static void on_job_stored(tide_master *self, const tide_master_op *op, const tide_store_done *done)
{
    tide_master_job *job = tide_master_find_job(self, op->job);
    if (!job) return;
    tide_decision_log_acts acts = { 0 };
    switch (op->owner) {
    case TIDE_OP_LOG:
        if (!job->log) return;
        tide_decision_log_done(job->log, done, self->now_ns, &acts);
        tide_master_on_log(self, job, &acts);
        break;
    case TIDE_OP_FIRST: tide_master_on_first(self, job, done); break;
    case TIDE_OP_FORGET: tide_master_on_forgotten(self, job, done); break;
    case TIDE_OP_ELECTION:
    case TIDE_OP_LIST:
    case TIDE_OP_ARTIFACTS: break;
    }
}

static void on_stored(tide_master *self, const tide_store_done *event)
{
    tide_master_op op;
    if (!take_op(self, event->id, &op)) return;
    tide_store_done done = *event;
    done.id = op.inner;
    if (op.owner == TIDE_OP_ELECTION) {
        tide_election_acts acts = { 0 };
        tide_election_done(self->election, &done, self->now_ns, &acts);
        on_election(self, &acts);
    } else if (op.reign == self->reign && self->leads) {
        if (op.owner == TIDE_OP_LIST)
            tide_master_on_listed(self, &done);
        else if (op.owner == TIDE_OP_ARTIFACTS)
            tide_artifacts_done(self->artifacts, &done, self->now_ns);
        else
            on_job_stored(self, &op, &done);
    }
}

static void on_tick(tide_master *self)
{
    tide_election_acts acts = { 0 };
    tide_election_tick(self->election, self->now_ns, &acts);
    on_election(self, &acts);
    if (!self->leads) return;
    tide_membership_tick(self->members, self->now_ns);
    tide_leases_tick(self->leases, self->now_ns);
    tide_artifacts_tick(self->artifacts, self->now_ns);
    tide_master_takeover_tick(self);
    tide_master_jobs_tick(self);
    tide_master_questions_tick(self);
    tide_master_ask_tails(self);
}

static void on_resign(tide_master *self)
{
    tide_election_acts acts = { 0 };
    tide_election_resign(self->election, self->now_ns, &acts);
    on_election(self, &acts);
}

static void on_event(tide_master *self, const tide_master_event *event)
{
    switch (event->kind) {
    case TIDE_MASTER_TICK: on_tick(self); break;
    case TIDE_MASTER_MESSAGE: tide_master_on_message(self, event->peer, &event->msg); break;
    case TIDE_MASTER_CLOSED: on_closed(self, event->peer); break;
    case TIDE_MASTER_STORED: on_stored(self, event->done); break;
    case TIDE_MASTER_REQUESTED: tide_master_on_request(self, event->request); break;
    case TIDE_MASTER_RESIGN: on_resign(self); break;
    }
}

static void take_artifact_acts(tide_master *self)
{
    tide_artifact_acts acts;
    tide_artifacts_take(self->artifacts, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const tide_artifact_act *act = &acts.items[i];
        switch (act->kind) {
        case TIDE_ARTIFACT_STORE: tide_master_store(self, TIDE_OP_ARTIFACTS, "", &act->op); break;
        case TIDE_ARTIFACT_SEND:
            tide_master_send(self, act->peer, TIDE_MSG_ARTIFACT_DATA, &act->data);
            break;
        case TIDE_ARTIFACT_REPLY:
            tide_master_reply_failure(self, act->request, act->status, "%s",
                                      act->status == TIDE_OK          ? ""
                                      : act->status == TIDE_E_REFUSED ? "it is being written or "
                                                                        "removed; try again"
                                                                      : "it could not be written");
            break;
        }
    }
}

static void settle(tide_master *self)
{
    if (self->leads) {
        tide_master_settle_agents(self);
        tide_master_settle_jobs(self);
        take_artifact_acts(self);
    }
    act_on_deposition(self);
}

/* ---- looking ---- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t tide_master_deadline_ns(const tide_master *self)
{
    int64_t at = tide_election_deadline_ns(self->election);
    if (!self->leads) return at;
    at = earlier(at, tide_membership_deadline_ns(self->members));
    at = earlier(at, tide_leases_deadline_ns(self->leases));
    at = earlier(at, tide_artifacts_deadline_ns(self->artifacts));
    at = earlier(at, tide_master_takeover_deadline_ns(self));
    at = earlier(at, tide_master_jobs_deadline_ns(self));
    at = earlier(at, tide_master_questions_deadline_ns(self));
    at = earlier(at, tide_tails_deadline_ns(self->tails));
    if (tide_master_schedules(self)) {
        at = earlier(at, tide_slots_deadline_ns(self->slots, self->now_ns));
    } else if (tide_master_is_ready(self)) {
        at = earlier(at, self->schedules_ns);
    }
    return at;
}

bool tide_master_leads(const tide_master *self)
{
    return self->leads;
}

bool tide_master_is_ready(const tide_master *self)
{
    if (!self->leads || !self->listed || !tide_artifacts_is_listed(self->artifacts)) return false;
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (self->jobs[i]->stage == TIDE_STAGE_CHECKING ||
            (self->jobs[i]->stage == TIDE_STAGE_CLAIMING && !self->jobs[i]->error))
            return false;
    return true;
}

uint64_t tide_master_term_of(const tide_master *self)
{
    return tide_election_term(self->election);
}

bool tide_master_is_quiet(const tide_master *self)
{
    return self->n_ops == 0;
}
