/* domains.h - free slots in the order of the machine: host, socket, NUMA node, cache.
 *
 * Shared by the policies. Sorted that way, every domain is a range of the order. Pure. */
#ifndef TIDE_SCHEDULER_POLICY_DOMAINS_H
#define TIDE_SCHEDULER_POLICY_DOMAINS_H
#include "scheduler/core/placement.h"

typedef enum tide_domain_level {
    TIDE_DOMAIN_HOST,
    TIDE_DOMAIN_SOCKET,
    TIDE_DOMAIN_NUMA,
    TIDE_DOMAIN_CACHE,
    TIDE_DOMAIN_LEVELS
} tide_domain_level;

typedef struct tide_domain {
    uint32_t begin, end; /* Of the order. */
} tide_domain;

/* Indexes of the slots, sorted; the caller's with tide_free. */
uint32_t *tide_domains_order(const tide_free_slot *free, uint32_t n_free);
/* Splits order[begin, end) into its domains of one level, most slots first, then by place. Returns
 * how many; `out` has room for end - begin. */
uint32_t tide_domains_split(const tide_free_slot *free, const uint32_t *order, tide_domain whole,
                            tide_domain_level level, tide_domain *out);
/* Takes n slots out of order[whole] so that they lie in the fewest domains of each level down to
 * `last`: the smallest one that holds them all, or the largest ones whole and the rest from the
 * smallest that holds it. Appends to chosen; returns behind the last. */
uint32_t *tide_domains_gather(const tide_free_slot *free, const uint32_t *order, tide_domain whole,
                              tide_domain_level last, uint32_t n, uint32_t *chosen);

#endif
