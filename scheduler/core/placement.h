/* placement.h - which free slots shall a job get, and in which order?
 *
 * Pure. A job asks for P slots; job slot i runs subtask i of every chain, so what is placed is job
 * slots. A policy is a function over plain values, one per file in scheduler/policy, all with the
 * signature of tide_place_fn: SPREAD (as many hosts as possible, then NUMA nodes), PACK (as few
 * hosts as possible), NEAREST (within one cache, NUMA node, socket or host if one holds them; else
 * the fewest of each, neighbours in job slot order side by side). Deterministic: the same slots
 * give the same answer, in whatever order they are listed. */
#ifndef TIDE_SCHEDULER_CORE_PLACEMENT_H
#define TIDE_SCHEDULER_CORE_PLACEMENT_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

typedef enum tide_placement_policy {
    TIDE_PLACE_SPREAD,
    TIDE_PLACE_PACK,
    TIDE_PLACE_NEAREST
} tide_placement_policy;

/* "spread", "pack" or "nearest"; TIDE_E_OPTION names the nearest of them. */
TIDE_MUST_CHECK tide_status tide_placement_parse(const char *name, tide_placement_policy *out);
const char *tide_placement_name(tide_placement_policy policy);

typedef struct tide_free_slot {
    uint32_t agent;              /* Caller's number of the agent. */
    uint32_t host;               /* Caller's number of the host: several agents may share one. */
    uint32_t local;              /* The agent's slot. */
    int32_t socket, numa, cache; /* Of the host; -1 unknown. */
} tide_free_slot;

/* Chooses n_wanted of the n_free slots, which are enough: chosen[i] is the index of job slot i's.
 */
typedef void (*tide_place_fn)(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                              uint32_t *chosen);
void tide_place_spread(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                       uint32_t *chosen);
void tide_place_pack(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                     uint32_t *chosen);
void tide_place_nearest(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                        uint32_t *chosen);

/* By policy. False, changing nothing: fewer are free than wanted. */
TIDE_MUST_CHECK bool tide_place(tide_placement_policy policy, const tide_free_slot *free,
                                uint32_t n_free, uint32_t n_wanted, uint32_t *chosen);

#endif
