/* leases.c - a list of leases, each with the agents that have its slots; see leases.h. */
#include "master/core/leases.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "master/core/job_policy.h"

typedef struct lease_agent {
    const char *id, *host;
    tide_slot_info *slots;
    uint32_t n_slots, cap_slots;
    bool shown;      /* In its last heartbeat. */
    int64_t sent_ns; /* The last LEASE_GRANT or LEASE_END; INT64_MIN: none of what is due now. */
} lease_agent;

typedef struct lease {
    char *job, *name, *endpoint, *why;
    uint32_t n_slots;
    tide_placement_policy policy;
    uint64_t peer, seq;
    int64_t heard_ns; /* Of the driver; ORPHANED: since when. */
    tide_lease_phase phase;
    tide_arena *arena; /* Of the agents. */
    lease_agent *agents;
    uint32_t n_agents, cap_agents;
} lease;

struct tide_leases {
    tide_leases_config config;
    const tide_cluster_settings *settings;
    lease **leases;
    uint32_t n, cap;
    tide_arena *arena; /* Of the actions. */
    tide_lease_act *acts;
    uint32_t n_acts, cap_acts;
    bool taken;
};

tide_leases *tide_leases_new(const tide_leases_config *config,
                             const tide_cluster_settings *settings)
{
    tide_leases *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    self->settings = settings;
    self->arena = tide_arena_new();
    return self;
}

static void free_lease(lease *l)
{
    tide_arena_free(&l->arena);
    tide_free(l->job);
    tide_free(l->name);
    tide_free(l->endpoint);
    tide_free(l->why);
    tide_free(l);
}

void tide_leases_free(tide_leases **self_p)
{
    tide_leases *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) free_lease(self->leases[i]);
    tide_free(self->leases);
    tide_arena_free(&self->arena);
    tide_free(self);
}

const char *tide_lease_phase_name(tide_lease_phase phase)
{
    switch (phase) {
    case TIDE_LEASE_WAITING: return "waiting";
    case TIDE_LEASE_GRANTED: return "granted";
    case TIDE_LEASE_CLEARING: return "clearing";
    case TIDE_LEASE_ENDING: return "ending";
    case TIDE_LEASE_ORPHANED: return "orphaned";
    }
    return "?";
}

/* ---- actions ---- */

static tide_lease_act *add_act(tide_leases *self, tide_lease_act_kind kind, const char *job)
{
    if (self->taken) {
        tide_arena_reset(self->arena);
        self->acts = NULL;
        self->n_acts = self->cap_acts = 0;
        self->taken = false;
    }
    const char *copy = tide_arena_strdup(self->arena, job);
    TIDE_PUSH(self->arena, self->acts, self->n_acts, self->cap_acts,
              ((tide_lease_act){ .kind = kind, .job = copy }));
    return &self->acts[self->n_acts - 1];
}

void tide_leases_take(tide_leases *self, tide_lease_acts *acts)
{
    *acts = (tide_lease_acts){ self->taken ? 0 : self->n_acts, self->acts };
    self->taken = true;
}

static void trace(tide_leases *self, const lease *l, const char *fmt, ...) TIDE_PRINTF(3, 4);
static void trace(tide_leases *self, const lease *l, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    tide_lease_act *act = add_act(self, TIDE_LEASE_TRACE, l->job);
    act->text = tide_arena_strdup(self->arena, text);
}

static void send_agent(tide_leases *self, const lease *l, lease_agent *a, int64_t now_ns)
{
    a->sent_ns = now_ns;
    tide_lease_act *act = add_act(self, TIDE_LEASE_SEND_AGENT, l->job);
    act->agent = tide_arena_strdup(self->arena, a->id);
    if (l->phase == TIDE_LEASE_GRANTED) {
        tide_lease_grant grant = { .term = self->config.term,
                                   .job = l->job,
                                   .endpoint = l->endpoint };
        grant.slots.n = a->n_slots;
        grant.slots.items = a->slots;
        act->msg = (tide_msg){ TIDE_MSG_LEASE_GRANT,
                               tide_msg_copy(TIDE_MSG_LEASE_GRANT, &grant, self->arena) };
    } else {
        const tide_lease_end end = { .term = self->config.term, .job = l->job };
        act->msg =
            (tide_msg){ TIDE_MSG_LEASE_END, tide_msg_copy(TIDE_MSG_LEASE_END, &end, self->arena) };
    }
}

static void answer(tide_leases *self, const lease *l, uint64_t peer, const char *state)
{
    if (peer == 0) return;
    tide_lease_state msg = {
        .term = self->config.term, .job = l->job, .seq = l->seq, .state = state, .reason = l->why
    };
    tide_lease_act *act = add_act(self, TIDE_LEASE_SEND_DRIVER, l->job);
    if (strcmp(state, "granted") == 0) {
        msg.agents.items = TIDE_NEW_N(self->arena, tide_leased_agent, l->n_agents);
        msg.agents.n = l->n_agents;
        for (uint32_t i = 0; i < l->n_agents; i++) {
            msg.agents.items[i] =
                (tide_leased_agent){ .agent = l->agents[i].id, .host = l->agents[i].host };
            msg.agents.items[i].slots.n = l->agents[i].n_slots;
            msg.agents.items[i].slots.items = l->agents[i].slots;
        }
    }
    act->peer = peer;
    act->msg =
        (tide_msg){ TIDE_MSG_LEASE_STATE, tide_msg_copy(TIDE_MSG_LEASE_STATE, &msg, self->arena) };
}

static void tell_driver(tide_leases *self, const lease *l)
{
    answer(self, l, l->peer, l->phase == TIDE_LEASE_GRANTED ? "granted" : "waiting");
}

/* ---- a lease's life ---- */

static lease *find(const tide_leases *self, const char *job)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->leases[i]->job, job) == 0) return self->leases[i];
    return NULL;
}

static void set_text(char **text_p, const char *text)
{
    if (*text_p && strcmp(*text_p, text) == 0) return;
    tide_free(*text_p);
    *text_p = tide_strdup(text);
}

static lease *add(tide_leases *self, const char *job, tide_lease_phase phase, int64_t now_ns)
{
    TIDE_GROW(self->leases, self->n, self->cap);
    lease *l = tide_calloc(1, sizeof *l);
    l->job = tide_strdup(job);
    l->name = tide_strdup("");
    l->endpoint = tide_strdup("");
    l->why = tide_strdup("");
    l->phase = phase;
    l->heard_ns = now_ns;
    l->arena = tide_arena_new();
    self->leases[self->n++] = l;
    return l;
}

static void drop(tide_leases *self, lease *l)
{
    uint32_t at = 0;
    while (self->leases[at] != l) at++;
    memmove(&self->leases[at], &self->leases[at + 1], (self->n - at - 1) * sizeof *self->leases);
    self->n--;
    free_lease(l);
}

static void clear_agents(lease *l)
{
    tide_arena_reset(l->arena);
    l->agents = NULL;
    l->n_agents = l->cap_agents = 0;
}

static lease_agent *find_agent(lease *l, const char *agent)
{
    for (uint32_t i = 0; i < l->n_agents; i++)
        if (strcmp(l->agents[i].id, agent) == 0) return &l->agents[i];
    return NULL;
}

static lease_agent *add_agent(lease *l, const char *agent, const char *host)
{
    TIDE_PUSH(l->arena, l->agents, l->n_agents, l->cap_agents,
              ((lease_agent){ .id = tide_arena_strdup(l->arena, agent),
                              .host = tide_arena_strdup(l->arena, host),
                              .sent_ns = INT64_MIN }));
    return &l->agents[l->n_agents - 1];
}

static void remove_agent(lease *l, lease_agent *a)
{
    uint32_t at = (uint32_t)(a - l->agents);
    memmove(a, a + 1, (l->n_agents - at - 1) * sizeof *a);
    l->n_agents--;
}

static void ask(tide_leases *self, const lease *l)
{
    tide_lease_act *act = add_act(self, TIDE_LEASE_ASK, l->job);
    act->n_slots = l->n_slots;
    act->policy = l->policy;
}

static void set_phase(tide_leases *self, lease *l, tide_lease_phase phase, const char *why)
{
    trace(self, l, "lease %s -> %s: %s", tide_lease_phase_name(l->phase),
          tide_lease_phase_name(phase), why);
    l->phase = phase;
    set_text(&l->why, phase == TIDE_LEASE_GRANTED ? "" : why);
    for (uint32_t i = 0; i < l->n_agents; i++) l->agents[i].sent_ns = INT64_MIN;
}

/* Nobody shows a lease that is to go: its slots are free. */
static void advance(tide_leases *self, lease *l)
{
    bool goes = l->phase == TIDE_LEASE_CLEARING || l->phase == TIDE_LEASE_ENDING;
    if (l->phase == TIDE_LEASE_ORPHANED && l->n_agents == 0) {
        add_act(self, TIDE_LEASE_RELEASE, l->job);
        drop(self, l);
        return;
    }
    if (!goes || l->n_agents > 0) return;
    add_act(self, TIDE_LEASE_RELEASE, l->job);
    if (l->phase == TIDE_LEASE_ENDING) {
        trace(self, l, "lease is over: %s", l->why);
        drop(self, l);
        return;
    }
    set_phase(self, l, TIDE_LEASE_WAITING, l->why);
    ask(self, l);
    tell_driver(self, l);
}

static void send_due(tide_leases *self, lease *l, int64_t now_ns);

static void end(tide_leases *self, lease *l, const char *why, int64_t now_ns)
{
    if (l->phase == TIDE_LEASE_ENDING) return;
    l->peer = 0;
    set_phase(self, l, TIDE_LEASE_ENDING, why);
    send_due(self, l, now_ns);
    advance(self, l);
}

static int64_t due_ns(const tide_leases *self, const lease *l, const lease_agent *a)
{
    bool owed = l->phase == TIDE_LEASE_CLEARING || l->phase == TIDE_LEASE_ENDING ||
                (l->phase == TIDE_LEASE_GRANTED && !a->shown);
    if (!owed) return INT64_MAX;
    return a->sent_ns == INT64_MIN ? INT64_MIN : a->sent_ns + self->config.retry_ns;
}

static void send_due(tide_leases *self, lease *l, int64_t now_ns)
{
    for (uint32_t i = 0; i < l->n_agents; i++)
        if (due_ns(self, l, &l->agents[i]) <= now_ns) send_agent(self, l, &l->agents[i], now_ns);
}

/* ---- the driver's word ---- */

static void grant(tide_leases *self, lease *l, const tide_job_slot *slots, uint32_t n,
                  const tide_membership *members, const char *why, int64_t now_ns)
{
    clear_agents(l);
    for (uint32_t i = 0; i < n; i++) {
        lease_agent *a = find_agent(l, slots[i].agent);
        if (!a) a = add_agent(l, slots[i].agent, slots[i].host);
        const tide_member *known = tide_membership_find(members, slots[i].agent);
        tide_slot_info info = {
            .local = slots[i].local, .cpu = -1, .numa = -1, .socket = -1, .cache = -1
        };
        for (uint32_t s = 0; known && s < known->n_slots; s++)
            if (known->slots[s].local == slots[i].local) info = known->slots[s];
        TIDE_PUSH(l->arena, a->slots, a->n_slots, a->cap_slots, info);
    }
    set_phase(self, l, TIDE_LEASE_GRANTED, why);
    send_due(self, l, now_ns);
    tell_driver(self, l);
}

static void refuse(tide_leases *self, uint64_t peer, const tide_driver_lease *msg, const char *why)
{
    const tide_lease_state state = { .term = self->config.term,
                                     .job = msg->job,
                                     .seq = msg->seq,
                                     .state = "refused",
                                     .reason = why };
    tide_lease_act *act = add_act(self, TIDE_LEASE_SEND_DRIVER, msg->job);
    act->peer = peer;
    act->msg = (tide_msg){ TIDE_MSG_LEASE_STATE,
                           tide_msg_copy(TIDE_MSG_LEASE_STATE, &state, self->arena) };
}

/* Its driver came: an orphan goes on if its agents have all slots. */
static void find_parent(tide_leases *self, lease *l, int64_t now_ns)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n_agents; i++) n += l->agents[i].n_slots;
    bool whole = n == l->n_slots;
    set_phase(self, l, whole ? TIDE_LEASE_GRANTED : TIDE_LEASE_CLEARING,
              whole ? "its driver came" : "not all of its slots are there");
    send_due(self, l, now_ns);
    advance(self, l);
}

void tide_leases_asked(tide_leases *self, uint64_t peer, const tide_driver_lease *msg,
                       int64_t now_ns)
{
    if (msg->spec.parallelism == 0 || !*msg->job || !*msg->endpoint) {
        refuse(self, peer, msg, "a lease needs a job id, an endpoint and a number of slots");
        return;
    }
    lease *l = find(self, msg->job);
    if (!l && self->n >= TIDE_LEASES_MAX) {
        refuse(self, peer, msg, "too many leases");
        return;
    }
    bool is_new = !l;
    if (!l) l = add(self, msg->job, TIDE_LEASE_WAITING, now_ns);
    tide_job_policy policy = tide_job_policy_of(self->settings, &msg->spec);
    l->peer = peer;
    l->seq = msg->seq;
    l->heard_ns = now_ns;
    l->policy = policy.placement;
    if (is_new || l->phase == TIDE_LEASE_ORPHANED) l->n_slots = (uint32_t)msg->spec.parallelism;
    set_text(&l->name, msg->spec.name);
    set_text(&l->endpoint, msg->endpoint);
    if (is_new) {
        trace(self, l, "lease of %u slots for the driver at %s", l->n_slots, l->endpoint);
        ask(self, l);
    } else if (l->phase == TIDE_LEASE_ORPHANED) {
        find_parent(self, l, now_ns);
    } else if (l->phase == TIDE_LEASE_ENDING) { /* It came back before all was over. */
        set_phase(self, l, TIDE_LEASE_CLEARING, "the driver connected again");
        send_due(self, l, now_ns);
    }
    tell_driver(self, l);
}

void tide_leases_released(tide_leases *self, const char *job, int64_t now_ns)
{
    lease *l = find(self, job);
    if (!l) return;
    uint64_t peer = l->peer;
    set_text(&l->why, "the driver is done");
    if (l->phase != TIDE_LEASE_ENDING) answer(self, l, peer, "ended");
    end(self, l, "the driver is done", now_ns);
}

void tide_leases_peer_closed(tide_leases *self, uint64_t peer, int64_t now_ns)
{
    for (uint32_t i = self->n; i-- > 0;)
        if (self->leases[i]->peer == peer)
            end(self, self->leases[i], "the driver closed its connection", now_ns);
}

/* ---- what else is heard ---- */

void tide_leases_granted(tide_leases *self, const char *job, const tide_job_slot *slots, uint32_t n,
                         const tide_membership *members, int64_t now_ns)
{
    lease *l = find(self, job);
    if (l && l->phase == TIDE_LEASE_WAITING)
        grant(self, l, slots, n, members, "its slots are there", now_ns);
}

void tide_leases_short(tide_leases *self, const char *job, const char *why)
{
    lease *l = find(self, job);
    if (!l || l->phase != TIDE_LEASE_WAITING || strcmp(l->why, why) == 0) return;
    set_text(&l->why, why);
    tell_driver(self, l);
}

static bool shows(const tide_text_item *shown, uint32_t n, const char *job)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(shown[i].text, job) == 0) return true;
    return false;
}

/* Agents may still turn up with it. */
static bool may_grow(const lease *l)
{
    return l->phase == TIDE_LEASE_ORPHANED || l->phase == TIDE_LEASE_CLEARING ||
           l->phase == TIDE_LEASE_ENDING;
}

/* NULL: there are too many. */
static lease *find_or_add_orphan(tide_leases *self, const char *job, int64_t now_ns)
{
    lease *l = find(self, job);
    if (l || self->n >= TIDE_LEASES_MAX) return l;
    return add(self, job, TIDE_LEASE_ORPHANED, now_ns);
}

static void note_orphan(tide_leases *self, const char *agent, const char *job, int64_t now_ns)
{
    lease *l = find_or_add_orphan(self, job, now_ns);
    if (!l || find_agent(l, agent)) return;
    if (may_grow(l)) {
        add_agent(l, agent, "");
        return;
    }
    /* It shows a lease of slots that it does not have: from before a change of master. */
    lease_agent stale = { .id = agent };
    tide_lease_phase phase = l->phase;
    l->phase = TIDE_LEASE_ENDING;
    send_agent(self, l, &stale, now_ns);
    l->phase = phase;
}

void tide_leases_held(tide_leases *self, const char *agent, const char *host,
                      const tide_held_lease *held, int64_t now_ns)
{
    lease *l = find_or_add_orphan(self, held->job, now_ns);
    if (!l || !may_grow(l) || find_agent(l, agent)) return;
    lease_agent *a = add_agent(l, agent, host);
    tide_lease_act *act = add_act(self, TIDE_LEASE_ADOPT, l->job);
    tide_job_slot *slots = TIDE_NEW_N(self->arena, tide_job_slot, held->slots.n);
    act->slots = slots;
    act->n_slots = held->slots.n;
    for (uint32_t i = 0; i < held->slots.n; i++) {
        const tide_slot_info *info = &held->slots.items[i];
        TIDE_PUSH(l->arena, a->slots, a->n_slots, a->cap_slots, *info);
        slots[i] = (tide_job_slot){ tide_arena_strdup(self->arena, agent),
                                    tide_arena_strdup(self->arena, host), info->local };
    }
}

void tide_leases_beat(tide_leases *self, const char *agent, const tide_text_item *shown, uint32_t n,
                      int64_t now_ns)
{
    for (uint32_t i = 0; i < n; i++) note_orphan(self, agent, shown[i].text, now_ns);
    for (uint32_t i = self->n; i-- > 0;) {
        lease *l = self->leases[i];
        lease_agent *a = find_agent(l, agent);
        if (!a) continue;
        a->shown = shows(shown, n, l->job);
        if (!a->shown && l->phase != TIDE_LEASE_GRANTED) remove_agent(l, a);
        send_due(self, l, now_ns);
        advance(self, l);
    }
}

void tide_leases_agent_lost(tide_leases *self, const char *agent, const char *why, int64_t now_ns)
{
    for (uint32_t i = self->n; i-- > 0;) {
        lease *l = self->leases[i];
        lease_agent *a = find_agent(l, agent);
        if (!a) continue;
        remove_agent(l, a);
        if (l->phase == TIDE_LEASE_GRANTED) {
            set_phase(self, l, TIDE_LEASE_CLEARING, why);
            send_due(self, l, now_ns);
            tell_driver(self, l);
        }
        advance(self, l);
    }
}

void tide_leases_tick(tide_leases *self, int64_t now_ns)
{
    for (uint32_t i = self->n; i-- > 0;) {
        lease *l = self->leases[i];
        bool has_driver = l->phase != TIDE_LEASE_ENDING && l->phase != TIDE_LEASE_ORPHANED;
        send_due(self, l, now_ns);
        if (has_driver && now_ns - l->heard_ns >= self->config.silence_ns)
            end(self, l, "the driver has been silent for too long", now_ns);
        else if (l->phase == TIDE_LEASE_ORPHANED && now_ns - l->heard_ns >= self->config.orphan_ns)
            end(self, l, "its driver did not come to the new master", now_ns);
    }
}

int64_t tide_leases_deadline_ns(const tide_leases *self)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n; i++) {
        const lease *l = self->leases[i];
        int64_t limit =
            l->phase == TIDE_LEASE_ORPHANED ? self->config.orphan_ns : self->config.silence_ns;
        if (l->phase != TIDE_LEASE_ENDING && l->heard_ns + limit < at) at = l->heard_ns + limit;
        for (uint32_t a = 0; a < l->n_agents; a++) {
            int64_t due = due_ns(self, l, &l->agents[a]);
            if (due < at) at = due;
        }
    }
    return at;
}

/* ---- looking ---- */

uint32_t tide_leases_n(const tide_leases *self)
{
    return self->n;
}

void tide_leases_at(const tide_leases *self, uint32_t i, tide_lease_view *out)
{
    tide_assert(i < self->n);
    const lease *l = self->leases[i];
    *out = (tide_lease_view){ .job = l->job,
                              .name = l->name,
                              .endpoint = l->endpoint,
                              .why = l->why,
                              .phase = l->phase,
                              .n_slots = l->n_slots,
                              .n_agents = l->n_agents };
}

bool tide_leases_has(const tide_leases *self, const char *job)
{
    return find(self, job) != NULL;
}
