/* plan.c - the plan as a container; see plan.h. */
#include "jobapi/plan/plan.h"

#include "base/core/mem.h"

tide_plan *tide_plan_new(void)
{
    tide_plan *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    return self;
}

void tide_plan_free(tide_plan **self_p)
{
    if (!*self_p) return;
    tide_arena_free(&(*self_p)->arena);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_plan_add_sink(tide_plan *self, const tide_node *sink)
{
    const tide_node **sinks = TIDE_NEW_N(self->arena, const tide_node *, self->n_sinks + 1);
    for (uint32_t i = 0; i < self->n_sinks; i++) sinks[i] = self->sinks[i];
    sinks[self->n_sinks++] = sink;
    self->sinks = sinks;
}
