/* walk.h - every node of a plan once, inputs before consumers, and how often each is used.
 *
 * Internal to plan/ and graph/. The order depends only on the plan's shape, never on addresses. */
#ifndef TIDE_JOBAPI_PLAN_WALK_H
#define TIDE_JOBAPI_PLAN_WALK_H
#include "jobapi/plan/plan.h"

typedef struct tide_walk {
    tide_arena *arena; /* Of the walk's own arrays. */
    uint32_t n;
    const tide_node **nodes; /* Inputs first; sinks in the plan's order. */
    uint32_t *uses;          /* uses[i]: input slots that nodes[i] fills. */
    uint32_t n_slots;        /* Hash table: a power of two. */
    uint32_t *slots;         /* Index into nodes plus 1; 0 empty. */
} tide_walk;

void tide_walk_init(tide_walk *self, const tide_node *const *sinks, uint32_t n_sinks);
void tide_walk_fini(tide_walk *self);
/* The index of a node that was reached; asserts that it was. */
uint32_t tide_walk_index(const tide_walk *self, const tide_node *node);

#endif
