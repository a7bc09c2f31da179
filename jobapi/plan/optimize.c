/* optimize.c - applies the rewrite rules (rule.h) to every node until nothing
 * changes. */
#include "jobapi/plan/rule.h"
#include "jobapi/plan/walk.h"

#define PASSES_MAX                                                                                 \
    200u /* A filter sinks one level a pass; what is left then is correct all                      \
            the same. */

static const tide_rule rules[] = { tide_rule_fold,         tide_rule_values, tide_rule_push_filter,
                                   tide_rule_push_project, tide_rule_merge,  tide_rule_trivial,
                                   tide_rule_fuse_window };

static tide_status run_pass(tide_plan *self, bool *changed);
static tide_status rewrite(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                           const tide_node **out);

tide_status tide_plan_optimize(tide_plan *self)
{
    for (uint32_t round = 0; round < 2; round++) { /* Narrowing leaves projections to merge. */
        bool changed = true;
        for (uint32_t pass = 0; changed && pass < PASSES_MAX; pass++)
            TIDE_TRY(run_pass(self, &changed));
        if (round == 0) tide_plan_push_columns(self);
    }
    return TIDE_OK;
}

static tide_status run_pass(tide_plan *self, bool *changed)
{
    tide_walk walk;
    tide_walk_init(&walk, self->sinks, self->n_sinks);
    const tide_node **made = TIDE_NEW_N(walk.arena, const tide_node *, walk.n);
    tide_status rv = TIDE_OK;
    *changed = false;
    for (uint32_t i = 0; i < walk.n && rv == TIDE_OK; i++) {
        const tide_node *node = walk.nodes[i];
        const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, node->n_inputs);
        uint32_t *uses = TIDE_NEW_N(walk.arena, uint32_t, node->n_inputs);
        bool same = true;
        for (uint32_t j = 0; j < node->n_inputs; j++) {
            uint32_t in = tide_walk_index(&walk, node->inputs[j]);
            inputs[j] = made[in];
            uses[j] = walk.uses[in];
            same &= inputs[j] == node->inputs[j];
        }
        if (!same) node = tide_node_with_inputs(self->arena, node, inputs);
        rv = rewrite(self->arena, node, uses, &made[i]);
        *changed |= made[i] != walk.nodes[i];
    }
    for (uint32_t s = 0; s < self->n_sinks && rv == TIDE_OK; s++)
        self->sinks[s] = made[tide_walk_index(&walk, self->sinks[s])];
    tide_walk_fini(&walk);
    return rv;
}

/* The first rule that has something to do; the others get their turn in the
 * next pass, when the uses of the new inputs are known. */
static tide_status rewrite(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                           const tide_node **out)
{
    *out = node;
    for (size_t i = 0; i < sizeof rules / sizeof *rules && *out == node; i++)
        TIDE_TRY(rules[i](arena, node, input_uses, out));
    return TIDE_OK;
}
