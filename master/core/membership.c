/* membership.c - a list of agents in the order of joining, and a queue of news. */
#include "master/core/membership.h"

#include "base/core/assert.h"

#define SLOTS_OF_AN_AGENT_MAX 1024u

typedef struct member {
    tide_member agent; /* First: what others see. */
    tide_arena *arena;
    int64_t lost_ns;
} member;

typedef struct news {
    tide_member_news kind;
    const char *agent;
    char *why;
} news;

struct tide_membership {
    int64_t timeout_ns;
    member **members;
    uint32_t n, cap;
    news *news;
    uint32_t n_news, cap_news, at; /* news[at] is the next to be taken. */
    char *told;                    /* The `why` that _next gave out last. */
};

const char *tide_member_state_name(tide_member_state state)
{
    switch (state) {
    case TIDE_MEMBER_ALIVE: return "alive";
    case TIDE_MEMBER_DRAINING: return "draining";
    case TIDE_MEMBER_SILENT: return "silent";
    case TIDE_MEMBER_GONE: return "gone";
    }
    return "?";
}

bool tide_member_lives(const tide_member *agent)
{
    return agent->state == TIDE_MEMBER_ALIVE || agent->state == TIDE_MEMBER_DRAINING;
}

tide_membership *tide_membership_new(int64_t heartbeat_timeout_ns)
{
    tide_membership *self = tide_calloc(1, sizeof *self);
    self->timeout_ns = heartbeat_timeout_ns;
    return self;
}

static void free_member(member *m)
{
    tide_arena_free(&m->arena);
    tide_free(m);
}

void tide_membership_free(tide_membership **self_p)
{
    tide_membership *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) free_member(self->members[i]);
    for (uint32_t i = self->at; i < self->n_news; i++) tide_free(self->news[i].why);
    tide_free(self->told);
    tide_free(self->news);
    tide_free(self->members);
    tide_free(self);
}

static void tell(tide_membership *self, const member *m, tide_member_news kind, const char *what)
{
    TIDE_GROW(self->news, self->n_news, self->cap_news);
    self->news[self->n_news++] =
        (news){ .kind = kind,
                .agent = m->agent.id,
                .why = tide_asprintf("agent %s on host %s %s", m->agent.id, m->agent.host, what) };
}

static void lose(tide_membership *self, member *m, tide_member_state as, const char *what,
                 int64_t now_ns)
{
    m->agent.state = as;
    m->lost_ns = now_ns;
    tell(self, m, TIDE_MEMBER_LOST, what);
}

static member *find(const tide_membership *self, const char *agent)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->members[i]->agent.id, agent) == 0) return self->members[i];
    return NULL;
}

/* One port, one process: whoever was there before is not any more. */
static void lose_predecessor(tide_membership *self, const tide_agent_hello *hello, int64_t now_ns)
{
    for (uint32_t i = 0; i < self->n && *hello->rest; i++) {
        member *m = self->members[i];
        bool same_place =
            strcmp(m->agent.rest, hello->rest) == 0 && strcmp(m->agent.host, hello->host) == 0;
        if (same_place && strcmp(m->agent.id, hello->agent) != 0 && tide_member_lives(&m->agent))
            lose(self, m, TIDE_MEMBER_GONE, "was followed by another at its address", now_ns);
    }
}

static void describe(member *m, const tide_agent_hello *hello)
{
    tide_arena_reset(m->arena);
    m->agent.id = tide_arena_strdup(m->arena, hello->agent);
    m->agent.host = tide_arena_strdup(m->arena, hello->host);
    m->agent.version = tide_arena_strdup(m->arena, hello->version);
    m->agent.data_host = tide_arena_strdup(m->arena, hello->data_host);
    m->agent.rest = tide_arena_strdup(m->arena, hello->rest);
    m->agent.pid = hello->pid;
    m->agent.n_slots = hello->slots.n;
    tide_slot_info *slots = TIDE_NEW_N(m->arena, tide_slot_info, hello->slots.n);
    if (hello->slots.n) memcpy(slots, hello->slots.items, hello->slots.n * sizeof *slots);
    m->agent.slots = slots;
}

static member *add(tide_membership *self)
{
    TIDE_GROW(self->members, self->n, self->cap);
    member *m = tide_calloc(1, sizeof *m);
    m->arena = tide_arena_new();
    m->agent.state = TIDE_MEMBER_GONE;
    self->members[self->n++] = m;
    return m;
}

tide_status tide_membership_hello(tide_membership *self, uint64_t peer,
                                  const tide_agent_hello *hello, int64_t now_ns, int64_t wall_us)
{
    tide_assert(self->at == self->n_news); /* News point to what is described anew here. */
    if (!*hello->agent) return tide_fail(TIDE_E_INVALID, "an agent without an id");
    if (hello->slots.n > SLOTS_OF_AN_AGENT_MAX)
        return tide_fail(TIDE_E_INVALID, "agent %s offers %u slots, more than %u", hello->agent,
                         hello->slots.n, SLOTS_OF_AN_AGENT_MAX);
    member *m = find(self, hello->agent);
    if (!m && self->n == TIDE_MEMBERS_MAX)
        return tide_fail(TIDE_E_LIMIT, "there are %u agents already", TIDE_MEMBERS_MAX);
    lose_predecessor(self, hello, now_ns);
    if (!m) m = add(self);
    m->agent.peer = peer;
    m->agent.heard_ns = now_ns;
    if (m->agent.id && tide_member_lives(&m->agent)) return TIDE_OK;
    describe(m, hello);
    m->agent.state = TIDE_MEMBER_ALIVE;
    m->agent.joined_us = wall_us;
    tell(self, m, TIDE_MEMBER_JOINED, "joined");
    return TIDE_OK;
}

bool tide_membership_heard(tide_membership *self, uint64_t peer, const char *agent, int64_t now_ns)
{
    member *m = find(self, agent);
    if (!m || !tide_member_lives(&m->agent) || m->agent.peer != peer) return false;
    m->agent.heard_ns = now_ns;
    return true;
}

void tide_membership_goodbye(tide_membership *self, const char *agent)
{
    member *m = find(self, agent);
    if (!m || m->agent.state != TIDE_MEMBER_ALIVE) return;
    m->agent.state = TIDE_MEMBER_DRAINING;
    tell(self, m, TIDE_MEMBER_LEAVES, "is shutting down");
}

void tide_membership_closed(tide_membership *self, uint64_t peer, int64_t now_ns)
{
    for (uint32_t i = 0; i < self->n; i++) {
        member *m = self->members[i];
        if (m->agent.peer == peer && tide_member_lives(&m->agent))
            lose(self, m, TIDE_MEMBER_GONE, "closed its connection", now_ns);
    }
}

/* ---- time ---- */

static void forget(tide_membership *self, uint32_t i)
{
    free_member(self->members[i]);
    memmove(&self->members[i], &self->members[i + 1], (self->n - i - 1) * sizeof *self->members);
    self->n--;
}

static uint32_t count_lost(const tide_membership *self)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n; i++) n += !tide_member_lives(&self->members[i]->agent);
    return n;
}

/* News about a member may not be taken yet: nothing is forgotten while there are any. */
static void forget_lost(tide_membership *self, int64_t now_ns)
{
    uint32_t n_lost = count_lost(self);
    for (uint32_t i = 0; i < self->n && self->at == self->n_news;) {
        const member *m = self->members[i];
        bool old = now_ns - m->lost_ns >= TIDE_MEMBER_LOST_NS || n_lost > TIDE_MEMBERS_LOST_MAX;
        if (tide_member_lives(&m->agent) || !old) {
            i++;
            continue;
        }
        forget(self, i);
        n_lost--;
    }
}

void tide_membership_tick(tide_membership *self, int64_t now_ns)
{
    for (uint32_t i = 0; i < self->n; i++) {
        member *m = self->members[i];
        if (tide_member_lives(&m->agent) && now_ns - m->agent.heard_ns >= self->timeout_ns)
            lose(self, m, TIDE_MEMBER_SILENT, "has been silent for too long", now_ns);
    }
    forget_lost(self, now_ns);
}

int64_t tide_membership_deadline_ns(const tide_membership *self)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n; i++) {
        const member *m = self->members[i];
        int64_t due = tide_member_lives(&m->agent) ? m->agent.heard_ns + self->timeout_ns
                                                   : m->lost_ns + TIDE_MEMBER_LOST_NS;
        if (due < at) at = due;
    }
    return at;
}

/* ---- looking ---- */

bool tide_membership_next(tide_membership *self, tide_member_event *out)
{
    tide_free(self->told);
    self->told = NULL;
    if (self->at == self->n_news) {
        self->at = self->n_news = 0;
        return false;
    }
    const news *next = &self->news[self->at++];
    self->told = next->why;
    *out = (tide_member_event){ next->kind, next->agent, next->why };
    return true;
}

uint32_t tide_membership_n(const tide_membership *self)
{
    return self->n;
}

const tide_member *tide_membership_at(const tide_membership *self, uint32_t i)
{
    tide_assert(i < self->n);
    return &self->members[i]->agent;
}

const tide_member *tide_membership_find(const tide_membership *self, const char *agent)
{
    const member *m = find(self, agent);
    return m ? &m->agent : NULL;
}
