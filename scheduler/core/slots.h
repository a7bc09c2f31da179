/* slots.h - who has which slot, and who waits for some?
 *
 * Pure. Agents bring slots; owners (jobs and driver leases, by id) ask for a number of them, all or
 * nothing, first come first served. A later owner that needs fewer may overtake one that cannot be
 * served, but only while that one's wait is younger than `overtake_ns`, so nobody starves. An owner
 * that waits can be told for what. Owner: the control thread. */
#ifndef TIDE_SCHEDULER_CORE_SLOTS_H
#define TIDE_SCHEDULER_CORE_SLOTS_H
#include "base/core/bytes.h"
#include "scheduler/core/placement.h"

typedef struct tide_slots tide_slots;

typedef struct tide_slot_place { /* A slot that an agent offers; -1: unknown. */
    uint32_t local;
    int32_t socket, numa, cache;
} tide_slot_place;

typedef struct tide_granted_slot {
    const char *agent;
    uint32_t local;
} tide_granted_slot;

tide_slots *tide_slots_new(int64_t overtake_ns);
void tide_slots_free(tide_slots **self_p);

/* An agent's slots appear. TIDE_E_EXISTS when the agent is known, TIDE_E_INVALID when it offers one
 * slot twice. */
TIDE_MUST_CHECK tide_status tide_slots_add_agent(tide_slots *self, const char *agent,
                                                 const char *host, const tide_slot_place *places,
                                                 uint32_t n);
/* The agent's slots disappear, whoever has them; fine when it is unknown. */
void tide_slots_remove_agent(tide_slots *self, const char *agent);
/* Its free slots are not given to anybody any more. */
void tide_slots_drain_agent(tide_slots *self, const char *agent);

/* Queues the owner for n slots. TIDE_E_EXISTS when it has some or waits already, TIDE_E_INVALID for
 * n = 0. */
TIDE_MUST_CHECK tide_status tide_slots_ask(tide_slots *self, const char *owner, uint32_t n,
                                           tide_placement_policy policy, int64_t now_ns);
/* Takes slots that the owner is known to use (after a change of the master). TIDE_E_REFUSED,
 * changing nothing, when somebody else has one; TIDE_E_NOT_FOUND when one does not exist. */
TIDE_MUST_CHECK tide_status tide_slots_adopt(tide_slots *self, const char *owner,
                                             const tide_granted_slot *slots, uint32_t n);
/* Gives back everything that the owner has or waits for. */
void tide_slots_release(tide_slots *self, const char *owner);
/* Gives back what the owner has on one agent only. */
void tide_slots_release_on(tide_slots *self, const char *owner, const char *agent);

/* Serves the next owner that can be: returns its id and its slots in job slot order, or NULL. Both
 * are valid until the next call of any function here. Call until NULL after every change. */
const char *tide_slots_next_grant(tide_slots *self, int64_t now_ns, const tide_granted_slot **slots,
                                  uint32_t *n);
/* When an owner's patience ends, so that _next_grant may decide otherwise; INT64_MAX: never. */
int64_t tide_slots_deadline_ns(const tide_slots *self, int64_t now_ns);

uint32_t tide_slots_total(const tide_slots *self);
uint32_t tide_slots_free_count(const tide_slots *self); /* Without those of draining agents. */
uint32_t tide_slots_free_on(const tide_slots *self, const char *agent);
/* NULL: free, or no such slot. */
const char *tide_slots_owner(const tide_slots *self, const char *agent, uint32_t local);
/* Appends "waits for 4 slots: 2 of 6 are free on 2 workers; ..." and what to do. False: the owner
 * does not wait. */
bool tide_slots_why_waiting(const tide_slots *self, const char *owner, tide_bytes *out);

#endif
