/* slots.c - lists of agents and owners; thousands of slots, so plain scans. */
#include "scheduler/core/slots.h"

#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

typedef struct owner {
    char *id;
    bool waits;
    uint32_t n; /* Slots wanted while it waits. */
    tide_placement_policy policy;
    int64_t since_ns;
} owner;

typedef struct slot {
    tide_slot_place place;
    owner *owner; /* NULL: free. */
} slot;

typedef struct agent {
    char *id;
    uint32_t host; /* Index into hosts. */
    bool drains;
    uint32_t n;
    slot *slots;
} agent;

struct tide_slots {
    int64_t overtake_ns;
    agent *agents;
    uint32_t n_agents, cap_agents;
    char **hosts; /* Every host ever seen: few. */
    uint32_t n_hosts, cap_hosts;
    owner **owners; /* In the order of asking. */
    uint32_t n_owners, cap_owners;
    /* Scratch of a grant. */
    tide_free_slot *free;
    slot **where; /* Of each free slot. */
    uint32_t *chosen;
    uint32_t cap_free;
    tide_granted_slot *granted;
    uint32_t cap_granted;
};

tide_slots *tide_slots_new(int64_t overtake_ns)
{
    tide_slots *self = tide_calloc(1, sizeof *self);
    self->overtake_ns = overtake_ns;
    return self;
}

static void free_owner(owner *o)
{
    tide_free(o->id);
    tide_free(o);
}

static void free_agent(agent *a)
{
    tide_free(a->id);
    tide_free(a->slots);
}

void tide_slots_free(tide_slots **self_p)
{
    tide_slots *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_agents; i++) free_agent(&self->agents[i]);
    for (uint32_t i = 0; i < self->n_hosts; i++) tide_free(self->hosts[i]);
    for (uint32_t i = 0; i < self->n_owners; i++) free_owner(self->owners[i]);
    tide_free(self->agents);
    tide_free(self->hosts);
    tide_free(self->owners);
    tide_free(self->free);
    tide_free(self->where);
    tide_free(self->chosen);
    tide_free(self->granted);
    tide_free(self);
}

/* ---- agents ---- */
static agent *find_agent(const tide_slots *self, const char *id)
{
    for (uint32_t i = 0; i < self->n_agents; i++)
        if (strcmp(self->agents[i].id, id) == 0) return &self->agents[i];
    return NULL;
}

static slot *find_slot(const tide_slots *self, const char *agent_id, uint32_t local)
{
    agent *a = find_agent(self, agent_id);
    for (uint32_t i = 0; a && i < a->n; i++)
        if (a->slots[i].place.local == local) return &a->slots[i];
    return NULL;
}

static uint32_t host_number(tide_slots *self, const char *host)
{
    for (uint32_t i = 0; i < self->n_hosts; i++)
        if (strcmp(self->hosts[i], host) == 0) return i;
    TIDE_GROW(self->hosts, self->n_hosts, self->cap_hosts);
    self->hosts[self->n_hosts] = tide_strdup(host);
    return self->n_hosts++;
}

static bool offers_twice(const tide_slot_place *places, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t j = 0; j < i; j++)
            if (places[i].local == places[j].local) return true;
    return false;
}

tide_status tide_slots_add_agent(tide_slots *self, const char *agent_id, const char *host,
                                 const tide_slot_place *places, uint32_t n)
{
    if (find_agent(self, agent_id))
        return tide_fail(TIDE_E_EXISTS, "worker %s has registered its slots", agent_id);
    if (offers_twice(places, n))
        return tide_fail(TIDE_E_INVALID, "worker %s offers one slot twice", agent_id);
    TIDE_GROW(self->agents, self->n_agents, self->cap_agents);
    agent *a = &self->agents[self->n_agents++];
    *a = (agent){ .id = tide_strdup(agent_id), .host = host_number(self, host), .n = n };
    a->slots = tide_calloc(n, sizeof *a->slots);
    for (uint32_t i = 0; i < n; i++) a->slots[i].place = places[i];
    return TIDE_OK;
}

void tide_slots_remove_agent(tide_slots *self, const char *agent_id)
{
    agent *a = find_agent(self, agent_id);
    if (a == NULL) return;
    free_agent(a);
    uint32_t i = (uint32_t)(a - self->agents);
    memmove(a, a + 1, (self->n_agents - i - 1) * sizeof *a);
    self->n_agents--;
}

void tide_slots_drain_agent(tide_slots *self, const char *agent_id)
{
    agent *a = find_agent(self, agent_id);
    if (a) a->drains = true;
}

/* ---- owners ---- */
static owner *find_owner(const tide_slots *self, const char *id)
{
    for (uint32_t i = 0; i < self->n_owners; i++)
        if (strcmp(self->owners[i]->id, id) == 0) return self->owners[i];
    return NULL;
}

static owner *add_owner(tide_slots *self, const char *id, uint32_t n, bool waits)
{
    TIDE_GROW(self->owners, self->n_owners, self->cap_owners);
    owner *o = tide_calloc(1, sizeof *o);
    *o = (owner){ .id = tide_strdup(id), .n = n, .waits = waits };
    self->owners[self->n_owners++] = o;
    return o;
}

tide_status tide_slots_ask(tide_slots *self, const char *owner_id, uint32_t n,
                           tide_placement_policy policy, int64_t now_ns)
{
    if (n == 0) return tide_fail(TIDE_E_INVALID, "%s asks for no slots", owner_id);
    if (find_owner(self, owner_id))
        return tide_fail(TIDE_E_EXISTS, "%s has asked for slots already", owner_id);
    owner *o = add_owner(self, owner_id, n, true);
    o->policy = policy;
    o->since_ns = now_ns;
    return TIDE_OK;
}

tide_status tide_slots_adopt(tide_slots *self, const char *owner_id, const tide_granted_slot *slots,
                             uint32_t n)
{
    owner *o = find_owner(self, owner_id);
    for (uint32_t i = 0; i < n; i++) {
        const slot *s = find_slot(self, slots[i].agent, slots[i].local);
        if (s == NULL)
            return tide_fail(TIDE_E_NOT_FOUND, "worker %s has no slot %u", slots[i].agent,
                             slots[i].local);
        if (s->owner && s->owner != o)
            return tide_fail(TIDE_E_REFUSED, "slot %u of worker %s belongs to %s", slots[i].local,
                             slots[i].agent, s->owner->id);
    }
    if (o == NULL) o = add_owner(self, owner_id, 0, false);
    o->waits = false; /* What it has now it need not wait for. */
    for (uint32_t i = 0; i < n; i++) find_slot(self, slots[i].agent, slots[i].local)->owner = o;
    return TIDE_OK;
}

static void release_on(owner *o, agent *a)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (a->slots[i].owner == o) a->slots[i].owner = NULL;
}

void tide_slots_release(tide_slots *self, const char *owner_id)
{
    owner *o = find_owner(self, owner_id);
    if (o == NULL) return;
    for (uint32_t i = 0; i < self->n_agents; i++) release_on(o, &self->agents[i]);
    uint32_t at = 0;
    while (self->owners[at] != o) at++;
    memmove(&self->owners[at], &self->owners[at + 1],
            (self->n_owners - at - 1) * sizeof *self->owners);
    self->n_owners--;
    free_owner(o);
}

void tide_slots_release_on(tide_slots *self, const char *owner_id, const char *agent_id)
{
    owner *o = find_owner(self, owner_id);
    agent *a = find_agent(self, agent_id);
    if (o && a) release_on(o, a);
}

/* ---- grants ---- */
static uint32_t list_free(tide_slots *self)
{
    uint32_t n = 0, total = tide_slots_total(self);
    if (total > self->cap_free) {
        self->cap_free = total;
        self->free = tide_realloc(self->free, total * sizeof *self->free);
        self->where = tide_realloc(self->where, total * sizeof(slot *));
        self->chosen = tide_realloc(self->chosen, total * sizeof *self->chosen);
    }
    for (uint32_t a = 0; a < self->n_agents; a++) {
        const agent *from = &self->agents[a];
        for (uint32_t i = 0; i < from->n && !from->drains; i++) {
            const tide_slot_place *p = &from->slots[i].place;
            if (from->slots[i].owner) continue;
            self->free[n] =
                (tide_free_slot){ a, from->host, p->local, p->socket, p->numa, p->cache };
            self->where[n++] = &from->slots[i];
        }
    }
    return n;
}

static void grant(tide_slots *self, owner *o, uint32_t n_free)
{
    bool placed = tide_place(o->policy, self->free, n_free, o->n, self->chosen);
    tide_assert(placed);
    if (o->n > self->cap_granted) {
        self->cap_granted = o->n;
        self->granted = tide_realloc(self->granted, o->n * sizeof *self->granted);
    }
    for (uint32_t i = 0; i < o->n; i++) {
        const tide_free_slot *f = &self->free[self->chosen[i]];
        self->where[self->chosen[i]]->owner = o;
        self->granted[i] = (tide_granted_slot){ self->agents[f->agent].id, f->local };
    }
    o->waits = false;
}

static bool is_patient(const tide_slots *self, const owner *o, int64_t now_ns)
{
    return now_ns - o->since_ns < self->overtake_ns;
}

const char *tide_slots_next_grant(tide_slots *self, int64_t now_ns, const tide_granted_slot **slots,
                                  uint32_t *n)
{
    uint32_t n_free = list_free(self);
    for (uint32_t i = 0; i < self->n_owners; i++) {
        owner *o = self->owners[i];
        if (!o->waits) continue;
        if (o->n <= n_free) {
            grant(self, o, n_free);
            *slots = self->granted;
            *n = o->n;
            return o->id;
        }
        if (!is_patient(self, o, now_ns)) return NULL;
    }
    return NULL;
}

int64_t tide_slots_deadline_ns(const tide_slots *self, int64_t now_ns)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n_owners; i++) {
        const owner *o = self->owners[i];
        if (!o->waits || !is_patient(self, o, now_ns)) continue;
        if (o->since_ns + self->overtake_ns < at) at = o->since_ns + self->overtake_ns;
    }
    return at;
}

/* ---- looking ---- */
uint32_t tide_slots_total(const tide_slots *self)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_agents; i++) n += self->agents[i].n;
    return n;
}

static uint32_t count_free(const agent *a)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->n && !a->drains; i++) n += a->slots[i].owner == NULL;
    return n;
}

uint32_t tide_slots_free_count(const tide_slots *self)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_agents; i++) n += count_free(&self->agents[i]);
    return n;
}

uint32_t tide_slots_free_on(const tide_slots *self, const char *agent_id)
{
    const agent *a = find_agent(self, agent_id);
    return a ? count_free(a) : 0;
}

const char *tide_slots_owner(const tide_slots *self, const char *agent_id, uint32_t local)
{
    const slot *s = find_slot(self, agent_id, local);
    return s && s->owner ? s->owner->id : NULL;
}

/* The first owner that waits and is not served before others; what everybody behind it waits for.
 */
static const owner *first_waiting(const tide_slots *self)
{
    for (uint32_t i = 0; i < self->n_owners; i++)
        if (self->owners[i]->waits) return self->owners[i];
    return NULL;
}

bool tide_slots_why_waiting(const tide_slots *self, const char *owner_id, tide_bytes *out)
{
    const owner *o = find_owner(self, owner_id);
    if (o == NULL || !o->waits) return false;
    uint32_t n_free = tide_slots_free_count(self), total = tide_slots_total(self);
    tide_bytes_printf(out, "waits for %u slot%s: %u of %u are free on %u worker%s", o->n,
                      o->n == 1 ? "" : "s", n_free, total, self->n_agents,
                      self->n_agents == 1 ? "" : "s");
    const owner *first = first_waiting(self);
    if (o->n <= n_free && first != o)
        tide_bytes_printf(out, "; %s has waited longer, for %u", first->id, first->n);
    else if (total < o->n)
        tide_bytes_puts(out, "; start more workers (tidemill worker) or submit with a lower -p");
    else
        tide_bytes_puts(out, "; cancel another job, start more workers, or submit with a lower -p");
    return true;
}
