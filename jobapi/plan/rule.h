/* rule.h - what is a rewrite rule, and what do rules share? Internal to plan/.
 *
 * A rule looks at one node, whose inputs were rewritten before, and gives the node that stands for
 * it from now on: with the same columns (names and types) and the same rows. It gives the node
 * itself when there is nothing to do. input_uses[i] counts the consumers of input i: what is moved
 * into or past a node with several would be computed once for each, so most rules leave such inputs
 * alone. */
#ifndef TIDE_JOBAPI_PLAN_RULE_H
#define TIDE_JOBAPI_PLAN_RULE_H
#include "jobapi/plan/node.h"

typedef tide_status (*tide_rule)(tide_arena *arena, const tide_node *node,
                                 const uint32_t *input_uses, const tide_node **out);

tide_status tide_rule_fold(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                           const tide_node **out);
tide_status tide_rule_push_filter(tide_arena *arena, const tide_node *node,
                                  const uint32_t *input_uses, const tide_node **out);
tide_status tide_rule_push_project(tide_arena *arena, const tide_node *node,
                                   const uint32_t *input_uses, const tide_node **out);
tide_status tide_rule_merge(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                            const tide_node **out);
tide_status tide_rule_trivial(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                              const tide_node **out);
tide_status tide_rule_fuse_window(tide_arena *arena, const tide_node *node,
                                  const uint32_t *input_uses, const tide_node **out);
tide_status tide_rule_values(tide_arena *arena, const tide_node *node, const uint32_t *input_uses,
                             const tide_node **out);

/* Of the whole plan: every operator keeps only the columns that someone reads. */
void tide_plan_push_columns(tide_plan *self);

/* The operands of nested ANDs, in order of evaluation. */
typedef struct tide_conjuncts {
    uint32_t n, cap;
    const tide_expr **items;
} tide_conjuncts;
void tide_conjuncts_split(tide_arena *arena, const tide_expr *predicate, tide_conjuncts *out);
TIDE_MUST_CHECK tide_status tide_conjuncts_join(tide_arena *arena, const tide_conjuncts *self,
                                                const tide_expr **out);

bool tide_expr_is_true(const tide_expr *self); /* The literal. */
bool tide_expr_is_call(const tide_expr *self, const char *name);
bool tide_expr_may_fail(const tide_expr *self); /* Some rows may give an error. */
/* Adds to counts[i] how often column i occurs. */
void tide_expr_count_columns(const tide_expr *self, uint32_t *counts);
/* A column or a literal: computing it again costs nothing. */
TIDE_INLINE bool tide_expr_is_plain(const tide_expr *self)
{
    return self->kind != TIDE_EXPR_CALL;
}

#endif
