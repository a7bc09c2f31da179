/* agent_peers.c - masters and drivers: who leads, who holds a lease, what they hear. */
#include "base/core/assert.h"
#include "worker/core/agent_priv.h"

#define BEAT_MIN_NS INT64_C(10000000)
#define BEAT_MAX_NS INT64_C(10000000000)

void agent_add_peer(tide_agent *self, uint32_t *index)
{
    uint32_t i = self->config.n_masters;
    while (i < self->n_peers && self->peers[i].in_use) i++;
    if (i >= self->n_peers) {
        TIDE_GROW(self->peers, self->n_peers, self->cap_peers);
        i = self->n_peers++;
    }
    self->peers[i] =
        (agent_peer){ .in_use = true, .due_ns = NEVER, .beat_ns = self->config.heartbeat_ns };
    *index = i;
}

bool agent_is_master(const tide_agent *self, uint32_t peer)
{
    return peer < self->config.n_masters;
}

static agent_peer *peer_at(tide_agent *self, uint32_t peer)
{
    return peer < self->n_peers && self->peers[peer].in_use ? &self->peers[peer] : NULL;
}

static agent_lease *lease_of_peer(const tide_agent *self, uint32_t peer)
{
    for (uint32_t i = 0; i < self->n_leases; i++)
        if (self->leases[i].peer == peer) return &self->leases[i];
    return NULL;
}

agent_lease *agent_lease_of(const tide_agent *self, const char *job)
{
    for (uint32_t i = 0; i < self->n_leases; i++)
        if (strcmp(self->leases[i].job, job) == 0) return &self->leases[i];
    return NULL;
}

static void hello_now(tide_agent *self, agent_peer *p)
{
    p->welcomed = false;
    if (p->up) p->due_ns = self->now_ns;
}

void agent_peer_up(tide_agent *self, uint32_t peer)
{
    agent_peer *p = peer_at(self, peer);
    if (p == NULL) return;
    p->up = true;
    hello_now(self, p);
}

void agent_peer_down(tide_agent *self, uint32_t peer)
{
    agent_peer *p = peer_at(self, peer);
    if (p == NULL) return;
    p->up = p->welcomed = false;
    p->due_ns = NEVER;
    agent_trace(self, "peer %u is gone; its runners go on", peer);
}

/* ---- terms ---- */
/* NULL: messages of this kind have none. */
static const uint64_t *term_of(const tide_msg *m)
{
#define TERM_OF(NAME, name)                                                                        \
    case TIDE_MSG_##NAME: return &((const tide_##name *)m->body)->term
    switch ((int)m->kind) {
        TERM_OF(AGENT_WELCOME, agent_welcome);
        TERM_OF(NOT_LEADER, not_leader);
        TERM_OF(HELLO_AGAIN, hello_again);
        TERM_OF(RUNNER_START, runner_start);
        TERM_OF(RUNNER_DEPLOY, runner_deploy);
        TERM_OF(RUNNER_GO, runner_go);
        TERM_OF(RUNNER_STOP, runner_stop);
        TERM_OF(RUNNER_KILL, runner_kill);
        TERM_OF(REPORT_ACK, report_ack);
        TERM_OF(LEASE_GRANT, lease_grant);
        TERM_OF(LEASE_END, lease_end);
    default: return NULL;
    }
#undef TERM_OF
}

/* A new term: whoever welcomed us in an older one leads no more, or has to hear all again. */
static void raise_term(tide_agent *self, uint64_t term)
{
    agent_trace(self, "term %llu -> %llu", (unsigned long long)self->term,
                (unsigned long long)term);
    self->term = term;
    for (uint32_t i = 0; i < self->config.n_masters; i++) hello_now(self, &self->peers[i]);
}

static bool driver_may(tide_agent *self, uint32_t peer, const tide_msg *message)
{
    const agent_lease *lease = lease_of_peer(self, peer);
    tide_assert(lease != NULL);
    runner_key key = agent_key_of(message);
    const char *job = key.job;
    if (message->kind == TIDE_MSG_LOG_GET) job = ((const tide_log_get *)message->body)->job;
    if (message->kind == TIDE_MSG_LEASE_GRANT || message->kind == TIDE_MSG_LEASE_END ||
        message->kind == TIDE_MSG_NOT_LEADER || (job && strcmp(job, lease->job) != 0)) {
        agent_trace(self, "%s of a driver is none of its business", tide_msg_name(message->kind));
        return false;
    }
    return true;
}

bool agent_may(tide_agent *self, uint32_t peer, const tide_msg *message)
{
    if (!agent_is_master(self, peer)) return driver_may(self, peer, message);
    const uint64_t *term = term_of(message);
    if (term && *term < self->term) {
        agent_trace(self, "%s of the old term %llu", tide_msg_name(message->kind),
                    (unsigned long long)*term);
        return false;
    }
    if (term && *term > self->term) raise_term(self, *term);
    runner_key key = agent_key_of(message);
    if (key.job && agent_lease_of(self, key.job)) {
        agent_trace(self, "%s of a master for the leased job %s", tide_msg_name(message->kind),
                    key.job);
        return false;
    }
    return true;
}

void agent_on_welcome(tide_agent *self, uint32_t peer, const tide_agent_welcome *m)
{
    agent_peer *p = &self->peers[peer];
    int64_t beat_ns = m->heartbeat_ms < 1000000 ? (int64_t)m->heartbeat_ms * 1000000 : BEAT_MAX_NS;
    if (beat_ns > 0) p->beat_ns = beat_ns < BEAT_MIN_NS ? BEAT_MIN_NS : beat_ns;
    if (p->beat_ns > BEAT_MAX_NS) p->beat_ns = BEAT_MAX_NS;
    if (p->welcomed) return;
    p->welcomed = p->up = true; /* Words come from who is there. */
    p->due_ns = self->now_ns;
    agent_trace(self, "welcomed by peer %u, term %llu", peer, (unsigned long long)m->term);
}

/* It stands by; hellos go on, since it may lead at any time. */
void agent_on_not_leader(tide_agent *self, uint32_t peer, const tide_not_leader *m)
{
    agent_peer *p = &self->peers[peer];
    if (!p->welcomed) return;
    p->welcomed = false;
    agent_trace(self, "peer %u leads no more; %s does", peer, *m->leader ? m->leader : "nobody");
}

void agent_on_hello_again(tide_agent *self, uint32_t peer)
{
    hello_now(self, &self->peers[peer]);
}

/* ---- leases ---- */
static void set_slots(tide_agent *self, agent_lease *lease, const tide_lease_grant *m)
{
    memset(lease->slots, 0, self->config.n_slots * sizeof *lease->slots);
    for (uint32_t i = 0; i < m->slots.n; i++)
        if (m->slots.items[i].local < self->config.n_slots)
            lease->slots[m->slots.items[i].local] = true;
}

static void connect_driver(tide_agent *self, agent_lease *lease, const char *endpoint)
{
    agent_add_peer(self, &lease->peer);
    lease->endpoint = tide_strdup(endpoint);
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_CONNECT,
                                          .peer = lease->peer,
                                          .text = tide_arena_strdup(self->step_arena, endpoint) });
}

static void disconnect_driver(tide_agent *self, agent_lease *lease)
{
    self->peers[lease->peer].in_use = false;
    tide_free(lease->endpoint);
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_DISCONNECT, .peer = lease->peer });
}

void agent_on_lease_grant(tide_agent *self, const tide_lease_grant *m)
{
    agent_lease *lease = agent_lease_of(self, m->job);
    if (lease == NULL) {
        TIDE_GROW(self->leases, self->n_leases, self->cap_leases);
        lease = &self->leases[self->n_leases++];
        *lease = (agent_lease){ .job = tide_strdup(m->job),
                                .slots = tide_calloc(self->config.n_slots, sizeof(bool)) };
        connect_driver(self, lease, m->endpoint);
        agent_trace(self, "lease of job %s to %s", m->job, m->endpoint);
    } else if (strcmp(lease->endpoint, m->endpoint) != 0) {
        disconnect_driver(self, lease);
        connect_driver(self, lease, m->endpoint);
    }
    if (!lease->ending) set_slots(self, lease, m);
}

void agent_on_lease_end(tide_agent *self, const tide_lease_end *m)
{
    agent_lease *lease = agent_lease_of(self, m->job);
    if (lease == NULL || lease->ending) return;
    lease->ending = true;
    agent_trace(self, "lease of job %s ends", m->job);
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (strcmp(self->runners[i]->report.job, m->job) == 0)
            agent_kill(self, self->runners[i], TIDE_E_CANCELLED, "the driver's lease ended");
}

/* Nobody is left to acknowledge what the runners of an ended lease report. */
static bool drop_dead_runners(tide_agent *self, const char *job)
{
    bool any_left = false;
    for (uint32_t i = self->n_runners; i-- > 0;) {
        agent_runner *r = self->runners[i];
        if (strcmp(r->report.job, job) != 0) continue;
        if (r->phase == RUNNER_GONE)
            agent_drop_runner(self, r);
        else
            any_left = true;
    }
    return !any_left;
}

void agent_close_ended_leases(tide_agent *self)
{
    for (uint32_t i = self->n_leases; i-- > 0;) {
        agent_lease *lease = &self->leases[i];
        if (!lease->ending || !drop_dead_runners(self, lease->job)) continue;
        disconnect_driver(self, lease);
        tide_free(lease->job);
        tide_free(lease->slots);
        *lease = self->leases[--self->n_leases];
    }
}

bool agent_send_to_owner(tide_agent *self, const char *job, tide_msg_kind kind, const void *body)
{
    const agent_lease *lease = agent_lease_of(self, job);
    bool sent = false;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        const agent_peer *p = &self->peers[i];
        bool is_owner = lease ? i == lease->peer : agent_is_master(self, i);
        if (!is_owner || !p->in_use || !p->welcomed) continue;
        agent_send(self, i, kind, body);
        sent = true;
    }
    return sent;
}

/* ---- hello and heartbeat ---- */
/* Is this runner a matter of that peer? */
static bool concerns(const tide_agent *self, uint32_t peer, const agent_runner *r)
{
    const agent_lease *lease = agent_lease_of(self, r->report.job);
    return lease ? lease->peer == peer : agent_is_master(self, peer);
}

/* So that a new master knows whose these slots are. */
static void list_leases(tide_agent *self, tide_agent_hello *m)
{
    m->leases.items = TIDE_NEW_N(self->step_arena, tide_held_lease, self->n_leases);
    for (uint32_t i = 0; i < self->n_leases; i++) {
        const agent_lease *lease = &self->leases[i];
        tide_held_lease *held = &m->leases.items[m->leases.n++];
        held->job = lease->job;
        held->slots.items = TIDE_NEW_N(self->step_arena, tide_slot_info, self->config.n_slots);
        for (uint32_t s = 0; s < self->config.n_slots; s++)
            if (lease->slots[s]) held->slots.items[held->slots.n++] = self->config.slots[s];
    }
}

static void send_hello(tide_agent *self, uint32_t peer)
{
    const tide_agent_config *c = &self->config;
    const agent_lease *lease = lease_of_peer(self, peer);
    tide_agent_hello m = { .agent = c->agent,
                           .host = c->host,
                           .version = c->version,
                           .data_host = c->data_host,
                           .rest = c->rest,
                           .pid = c->pid,
                           .term_seen = self->term,
                           .job = lease ? lease->job : "" };
    m.slots.items = TIDE_NEW_N(self->step_arena, tide_slot_info, c->n_slots);
    for (uint32_t i = 0; i < c->n_slots; i++)
        if (lease == NULL || lease->slots[i]) m.slots.items[m.slots.n++] = c->slots[i];
    m.runners.items = TIDE_NEW_N(self->step_arena, tide_runner_report, self->n_runners);
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (concerns(self, peer, self->runners[i]))
            m.runners.items[m.runners.n++] = self->runners[i]->report;
    if (agent_is_master(self, peer)) list_leases(self, &m);
    agent_send(self, peer, TIDE_MSG_AGENT_HELLO, &m);
}

static tide_runner_beat beat_of(const agent_runner *r)
{
    return (tide_runner_beat){ .job = r->report.job,
                               .attempt = r->report.attempt,
                               .runner = r->report.runner,
                               .state = r->report.state,
                               .report = r->report.report,
                               .progress = r->progress };
}

static void send_heartbeat(tide_agent *self, uint32_t peer)
{
    tide_agent_heartbeat m = { .agent = self->config.agent,
                               .seq = ++self->peers[peer].seq,
                               .term_seen = self->term };
    m.runners.items = TIDE_NEW_N(self->step_arena, tide_runner_beat, self->n_runners);
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (concerns(self, peer, self->runners[i]))
            m.runners.items[m.runners.n++] = beat_of(self->runners[i]);
    if (agent_is_master(self, peer)) {
        m.leases.items = TIDE_NEW_N(self->step_arena, tide_text_item, self->n_leases);
        for (uint32_t i = 0; i < self->n_leases; i++)
            m.leases.items[m.leases.n++].text = self->leases[i].job;
    }
    agent_send(self, peer, TIDE_MSG_AGENT_HEARTBEAT, &m);
}

static void send_goodbye(tide_agent *self, uint32_t peer)
{
    const tide_agent_goodbye m = { .agent = self->config.agent };
    agent_send(self, peer, TIDE_MSG_AGENT_GOODBYE, &m);
}

void agent_say_goodbye(tide_agent *self)
{
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i].in_use && self->peers[i].up) send_goodbye(self, i);
}

void agent_peers_timers(tide_agent *self)
{
    for (uint32_t i = 0; i < self->n_peers; i++) {
        agent_peer *p = &self->peers[i];
        if (!p->in_use || p->due_ns > self->now_ns) continue;
        p->due_ns = self->now_ns + p->beat_ns;
        if (p->welcomed)
            send_heartbeat(self, i);
        else
            send_hello(self, i);                   /* It has runners of ours to take note of. */
        if (self->draining) send_goodbye(self, i); /* One may get lost. */
    }
}
