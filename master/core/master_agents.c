/* master_agents.c - what agents and drivers say, and who gets which slots. */
#include <inttypes.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/master_priv.h"

static bool has_coordinator(const tide_master_job *job)
{
    return job && (job->stage == TIDE_STAGE_LIVE || job->stage == TIDE_STAGE_KEPT);
}

/* ---- what is said about runners ---- */

/* A runner of no job of ours, and of no driver that we know: it goes. Only when all is known. */
static void end_unknown(tide_master *self, uint64_t peer, const tide_runner_beat *beat)
{
    if (!tide_master_schedules(self) || tide_leases_has(self->leases, beat->job)) return;
    bool exited = beat->state == TIDE_RUNNER_EXITED;
    uint64_t term = tide_master_term_of(self);
    const tide_runner_kill kill = { term, beat->job, beat->attempt, beat->runner };
    if (!exited) tide_master_send(self, peer, TIDE_MSG_RUNNER_KILL, &kill);
    const tide_report_ack ack = {
        term, beat->job, beat->attempt, beat->runner, beat->report, exited
    };
    tide_master_send(self, peer, TIDE_MSG_REPORT_ACK, &ack);
}

static void hear_report(tide_master *self, tide_master_job *job, const char *agent,
                        const char *host, const tide_runner_report *r)
{
    tide_tails_runner(self->tails, job->id, agent, host, r->state, self->now_ns);
    tide_master_step_job(self, job,
                         (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REPORT,
                                                   .agent = agent,
                                                   .host = host,
                                                   .report = r });
}

static void on_report(tide_master *self, const tide_member *member, const tide_runner_report *r,
                      bool with_hello)
{
    tide_master_job *job = tide_master_find_job(self, r->job);
    if (with_hello)
        tide_seen_reported(self->seen, member->id, member->host, r, self->slots);
    else
        tide_seen_update(self->seen, member->id, r, self->slots);
    self->slots_changed = true;
    if (has_coordinator(job)) {
        hear_report(self, job, member->id, member->host, r);
    } else if (!job) {
        const tide_runner_beat beat = { r->job, r->attempt, r->runner, r->state, r->report, 0 };
        end_unknown(self, member->peer, &beat);
    }
}

void tide_master_feed(tide_master *self, tide_master_job *job)
{
    for (uint32_t i = 0; i < tide_seen_n(self->seen); i++) {
        tide_seen_runner s;
        tide_seen_at(self->seen, i, &s);
        if (strcmp(s.report->job, job->id) != 0) continue;
        /* The coordinator may take the runner over, and what is seen of it goes. */
        uint32_t before = tide_seen_n(self->seen);
        tide_runner_report *report = TIDE_COPY_RECORD(runner_report, s.report, self->step_arena);
        hear_report(self, job, tide_arena_strdup(self->step_arena, s.agent),
                    tide_arena_strdup(self->step_arena, s.host), report);
        if (tide_seen_n(self->seen) != before) return;
    }
}

static void beat_job(tide_master *self, tide_master_job *job, const char *agent,
                     const tide_agent_heartbeat *msg)
{
    uint32_t n = 0;
    tide_runner_beat *beats = TIDE_NEW_N(self->step_arena, tide_runner_beat, msg->runners.n);
    for (uint32_t i = 0; i < msg->runners.n; i++)
        if (strcmp(msg->runners.items[i].job, job->id) == 0) beats[n++] = msg->runners.items[i];
    if (n == 0 && !tide_coordinator_is_on(job->coordinator, agent)) return;
    tide_master_step_job(self, job,
                         (tide_coordinator_event){ .kind = TIDE_COORDINATOR_BEAT,
                                                   .agent = agent,
                                                   .beats = beats,
                                                   .n_beats = n });
}

/* ---- messages of agents ---- */

static void welcome(tide_master *self, uint64_t peer, uint64_t seq)
{
    const tide_agent_welcome msg = {
        .term = tide_master_term_of(self),
        .seq = seq,
        .leader = self->config.control,
        .heartbeat_ms = (uint64_t)(self->config.settings.heartbeat_interval_us / 1000),
    };
    tide_master_send(self, peer, TIDE_MSG_AGENT_WELCOME, &msg);
}

static void remember_peer(tide_master *self, uint64_t peer)
{
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i] == peer) return;
    if (self->n_peers == TIDE_MASTER_PEERS_MAX) return;
    TIDE_GROW(self->peers, self->n_peers, self->cap_peers);
    self->peers[self->n_peers++] = peer;
}

static void tell_jobs(tide_master *self, tide_coordinator_event_kind kind, const char *agent,
                      const char *why)
{
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (self->jobs[i]->stage == TIDE_STAGE_LIVE)
            tide_master_step_job(self, self->jobs[i],
                                 (tide_coordinator_event){
                                     .kind = kind, .agent = agent, .text = why });
}

static void add_slots(tide_master *self, const tide_member *member)
{
    tide_slot_place *places = TIDE_NEW_N(self->step_arena, tide_slot_place, member->n_slots);
    for (uint32_t i = 0; i < member->n_slots; i++) {
        const tide_slot_info *s = &member->slots[i];
        places[i] = (tide_slot_place){ (uint32_t)s->local, (int32_t)s->socket, (int32_t)s->numa,
                                       (int32_t)s->cache };
    }
    tide_status rv =
        tide_slots_add_agent(self->slots, member->id, member->host, places, member->n_slots);
    if (rv != TIDE_OK) tide_master_trace(self, "", "%s", tide_error_text());
    self->slots_changed = true;
}

static void on_news(tide_master *self, const tide_member_event *news)
{
    const tide_member *member = tide_membership_find(self->members, news->agent);
    switch (news->kind) {
    case TIDE_MEMBER_JOINED:
        tide_master_trace(self, "", "%s with %u slots", news->why, member->n_slots);
        add_slots(self, member);
        break;
    case TIDE_MEMBER_LEAVES:
        tide_master_trace(self, "", "%s", news->why);
        tide_slots_drain_agent(self->slots, news->agent);
        self->slots_changed = true;
        tell_jobs(self, TIDE_COORDINATOR_AGENT_LEAVES, news->agent, news->why);
        break;
    case TIDE_MEMBER_LOST:
        tide_master_trace(self, "", "%s", news->why);
        tide_slots_remove_agent(self->slots, news->agent);
        tide_seen_agent_lost(self->seen, news->agent, self->slots);
        self->slots_changed = true;
        tell_jobs(self, TIDE_COORDINATOR_AGENT_GONE, news->agent, news->why);
        tide_leases_agent_lost(self->leases, news->agent, news->why, self->now_ns);
        tide_tails_agent_lost(self->tails, news->agent, news->why, self->wall_us);
        break;
    }
}

static bool take_news(tide_master *self)
{
    tide_member_event news;
    bool any = false;
    for (; tide_membership_next(self->members, &news); any = true) on_news(self, &news);
    return any;
}

static void on_hello(tide_master *self, uint64_t peer, const tide_agent_hello *hello)
{
    take_news(self);
    tide_status rv = tide_membership_hello(self->members, peer, hello, self->now_ns, self->wall_us);
    if (rv != TIDE_OK) {
        tide_master_trace(self, "", "hello refused: %s", tide_error_text());
        return;
    }
    take_news(self); /* Its slots are there before its runners claim theirs. */
    welcome(self, peer, 0);
    const tide_member *member = tide_membership_find(self->members, hello->agent);
    for (uint32_t i = 0; i < hello->leases.n; i++)
        tide_leases_held(self->leases, member->id, member->host, &hello->leases.items[i],
                         self->now_ns);
    tell_jobs(self, TIDE_COORDINATOR_AGENT_BACK, member->id, "");
    for (uint32_t i = 0; i < hello->runners.n; i++)
        on_report(self, member, &hello->runners.items[i], true);
}

static void on_heartbeat(tide_master *self, uint64_t peer, const tide_agent_heartbeat *msg)
{
    welcome(self, peer, msg->seq);
    for (uint32_t i = 0; i < msg->runners.n; i++) {
        const tide_runner_beat *beat = &msg->runners.items[i];
        bool of_lease = false;
        for (uint32_t l = 0; l < msg->leases.n; l++)
            of_lease = of_lease || strcmp(msg->leases.items[l].text, beat->job) == 0;
        if (!of_lease && !tide_master_find_job(self, beat->job)) end_unknown(self, peer, beat);
    }
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (has_coordinator(self->jobs[i])) beat_job(self, self->jobs[i], msg->agent, msg);
    tide_leases_beat(self->leases, msg->agent, msg->leases.items, msg->leases.n, self->now_ns);
    if (tide_seen_beat(self->seen, msg->agent, msg->runners.items, msg->runners.n, self->slots))
        self->slots_changed = true;
}

static void on_stats(tide_master *self, const tide_runner_stats *stats)
{
    tide_master_job *job = tide_master_find_job(self, stats->job);
    if (job && job->stage == TIDE_STAGE_LIVE)
        tide_master_step_job(self, job,
                             (tide_coordinator_event){ .kind = TIDE_COORDINATOR_STATS,
                                                       .stats = stats });
}

/* What an agent says after its hello; if we know nothing of one, it has to say it (again). */
static bool is_known(tide_master *self, uint64_t peer, const char *agent)
{
    if (tide_membership_heard(self->members, peer, agent, self->now_ns)) return true;
    const tide_hello_again again = { .term = tide_master_term_of(self) };
    tide_master_send(self, peer, TIDE_MSG_HELLO_AGAIN, &again);
    return false;
}

/* ---- messages of drivers ---- */

static void on_lease(tide_master *self, uint64_t peer, const tide_driver_lease *msg)
{
    if (!tide_master_schedules(self)) return; /* It asks again. */
    uint64_t n = msg->spec.parallelism;
    if (tide_master_find_job(self, msg->job) || n > TIDE_MASTER_PARALLELISM_MAX) {
        const tide_lease_state refused = {
            .term = tide_master_term_of(self),
            .job = msg->job,
            .seq = msg->seq,
            .state = "refused",
            .reason = n > TIDE_MASTER_PARALLELISM_MAX ? "too many slots"
                                                      : "the master has a job of this id",
        };
        tide_master_send(self, peer, TIDE_MSG_LEASE_STATE, &refused);
        return;
    }
    tide_leases_asked(self->leases, peer, msg, self->now_ns);
}

/* ---- dispatch ---- */

static void stand_by(tide_master *self, uint64_t peer, const tide_msg *msg)
{
    bool agent = msg->kind == TIDE_MSG_AGENT_HELLO || msg->kind == TIDE_MSG_AGENT_HEARTBEAT;
    if (agent) remember_peer(self, peer);
    if (!agent && msg->kind != TIDE_MSG_DRIVER_LEASE) return;
    const tide_not_leader answer = { .term = tide_master_term_of(self),
                                     .leader = tide_election_leader_control(self->election) };
    tide_master_send(self, peer, TIDE_MSG_NOT_LEADER, &answer);
}

static uint64_t term_of(const tide_msg *msg)
{
    if (msg->kind == TIDE_MSG_AGENT_HELLO) return ((const tide_agent_hello *)msg->body)->term_seen;
    if (msg->kind == TIDE_MSG_AGENT_HEARTBEAT)
        return ((const tide_agent_heartbeat *)msg->body)->term_seen;
    return 0;
}

static void on_agent_message(tide_master *self, uint64_t peer, const tide_msg *msg)
{
    if (msg->kind == TIDE_MSG_AGENT_HELLO) {
        remember_peer(self, peer);
        on_hello(self, peer, msg->body);
    } else if (msg->kind == TIDE_MSG_AGENT_HEARTBEAT) {
        const tide_agent_heartbeat *beat = msg->body;
        if (is_known(self, peer, beat->agent)) on_heartbeat(self, peer, beat);
    } else if (msg->kind == TIDE_MSG_RUNNER_REPORT) {
        const tide_runner_report_msg *report = msg->body;
        if (is_known(self, peer, report->agent))
            on_report(self, tide_membership_find(self->members, report->agent), &report->report,
                      false);
    } else if (msg->kind == TIDE_MSG_RUNNER_STATS) {
        const tide_runner_stats *stats = msg->body;
        if (is_known(self, peer, stats->agent)) on_stats(self, stats);
    } else if (msg->kind == TIDE_MSG_AGENT_GOODBYE) {
        const tide_agent_goodbye *goodbye = msg->body;
        if (is_known(self, peer, goodbye->agent))
            tide_membership_goodbye(self->members, goodbye->agent);
    }
}

void tide_master_on_message(tide_master *self, uint64_t peer, const tide_msg *msg)
{
    if (!self->leads) {
        stand_by(self, peer, msg);
        return;
    }
    if (term_of(msg) > tide_master_term_of(self)) {
        tide_master_trace(self, "", "an agent has heard of term %" PRIu64, term_of(msg));
        tide_master_depose(self, term_of(msg));
        return;
    }
    if (msg->kind == TIDE_MSG_ARTIFACT_GET)
        tide_artifacts_wanted(self->artifacts, peer, msg->body, self->now_ns);
    else if (msg->kind == TIDE_MSG_LOG_DATA)
        tide_master_on_log_data(self, msg->body);
    else if (msg->kind == TIDE_MSG_DRIVER_LEASE)
        on_lease(self, peer, msg->body);
    else if (msg->kind == TIDE_MSG_DRIVER_RELEASE)
        tide_leases_released(self->leases, ((const tide_driver_release *)msg->body)->job,
                             self->now_ns);
    else
        on_agent_message(self, peer, msg);
}

/* ---- who gets which slots ---- */

static tide_job_slot *describe_slots(tide_master *self, const tide_granted_slot *granted,
                                     uint32_t n)
{
    tide_job_slot *slots = TIDE_NEW_N(self->step_arena, tide_job_slot, n);
    for (uint32_t i = 0; i < n; i++) {
        const tide_member *member = tide_membership_find(self->members, granted[i].agent);
        tide_assert(member != NULL);
        slots[i] = (tide_job_slot){ member->id, member->host, granted[i].local };
    }
    return slots;
}

static bool give_slots(tide_master *self)
{
    bool any = false;
    const tide_granted_slot *granted;
    uint32_t n;
    const char *owner;
    while ((owner = tide_slots_next_grant(self->slots, self->now_ns, &granted, &n)) != NULL) {
        any = true;
        const char *id = tide_arena_strdup(self->step_arena, owner);
        const tide_job_slot *slots = describe_slots(self, granted, n);
        tide_master_job *job = tide_master_find_job(self, id);
        if (job && job->stage == TIDE_STAGE_LIVE)
            tide_master_step_job(self, job,
                                 (tide_coordinator_event){ .kind = TIDE_COORDINATOR_GRANTED,
                                                           .slots = slots,
                                                           .n_slots = n });
        else if (tide_leases_has(self->leases, id))
            tide_leases_granted(self->leases, id, slots, n, self->members, self->now_ns);
        else
            tide_slots_release(self->slots, id);
    }
    return any;
}

static void carry_out(tide_master *self, const tide_lease_act *act)
{
    switch (act->kind) {
    case TIDE_LEASE_SEND_AGENT:
        tide_master_send_agent(self, act->agent, act->msg.kind, act->msg.body);
        break;
    case TIDE_LEASE_SEND_DRIVER:
        tide_master_send(self, act->peer, act->msg.kind, act->msg.body);
        break;
    case TIDE_LEASE_ASK: {
        tide_status rv =
            tide_slots_ask(self->slots, act->job, act->n_slots, act->policy, self->now_ns);
        if (rv != TIDE_OK) tide_master_trace(self, act->job, "%s", tide_error_text());
        self->slots_changed = true;
        break;
    }
    case TIDE_LEASE_ADOPT:
        for (uint32_t i = 0; i < act->n_slots; i++) {
            const tide_granted_slot slot = { act->slots[i].agent, (uint32_t)act->slots[i].local };
            if (tide_slots_adopt(self->slots, act->job, &slot, 1) != TIDE_OK)
                tide_master_trace(self, act->job, "%s", tide_error_text());
        }
        self->slots_changed = true;
        break;
    case TIDE_LEASE_RELEASE:
        tide_slots_release(self->slots, act->job);
        self->slots_changed = true;
        break;
    case TIDE_LEASE_TRACE: tide_master_trace(self, act->job, "%s", act->text); break;
    }
}

static bool take_lease_acts(tide_master *self)
{
    tide_lease_acts acts;
    tide_leases_take(self->leases, &acts);
    for (uint32_t i = 0; i < acts.n; i++) carry_out(self, &acts.items[i]);
    return acts.n > 0;
}

/* Who waits is told for what, whenever that changes. */
static void explain_waiting(tide_master *self)
{
    tide_bytes why = { 0 };
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        tide_master_job *job = self->jobs[i];
        why.n = 0;
        if (job->stage != TIDE_STAGE_LIVE || !tide_slots_why_waiting(self->slots, job->id, &why) ||
            strcmp(tide_coordinator_why_waiting(job->coordinator), tide_bytes_text(&why)) == 0)
            continue;
        tide_master_step_job(self, job,
                             (tide_coordinator_event){ .kind = TIDE_COORDINATOR_SHORT,
                                                       .text = tide_bytes_text(&why) });
    }
    for (uint32_t i = 0; i < tide_leases_n(self->leases); i++) {
        tide_lease_view lease;
        tide_leases_at(self->leases, i, &lease);
        why.n = 0;
        if (tide_slots_why_waiting(self->slots, lease.job, &why))
            tide_leases_short(self->leases, lease.job, tide_bytes_text(&why));
    }
    tide_bytes_fini(&why);
}

void tide_master_settle_agents(tide_master *self)
{
    bool any;
    do {
        any = take_news(self);
        any = take_lease_acts(self) || any;
        any = (tide_master_schedules(self) && give_slots(self)) || any;
    } while (any);
    if (!self->slots_changed) return;
    self->slots_changed = false;
    explain_waiting(self);
    take_lease_acts(self);
}
