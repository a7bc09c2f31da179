/* conjuncts.c - what the rules ask of expressions; see rule.h. */
#include <string.h>

#include "base/expr/fn.h"
#include "jobapi/plan/rule.h"

void tide_conjuncts_split(tide_arena *arena, const tide_expr *predicate, tide_conjuncts *out)
{
    if (!tide_expr_is_call(predicate, "and")) {
        TIDE_PUSH(arena, out->items, out->n, out->cap, predicate);
        return;
    }
    for (uint32_t i = 0; i < predicate->call.n_args; i++)
        tide_conjuncts_split(arena, predicate->call.args[i], out);
}

tide_status tide_conjuncts_join(tide_arena *arena, const tide_conjuncts *self,
                                const tide_expr **out)
{
    if (self->n == 1) {
        *out = self->items[0];
        return TIDE_OK;
    }
    return tide_expr_call(arena, "and", self->items, self->n, self->items[0]->pos, out);
}

bool tide_expr_is_true(const tide_expr *self)
{
    return self->kind == TIDE_EXPR_LITERAL && !self->literal.is_null &&
           self->type.id == TIDE_TYPE_BOOLEAN && self->literal.boolean;
}

bool tide_expr_is_call(const tide_expr *self, const char *name)
{
    return self->kind == TIDE_EXPR_CALL && strcmp(self->call.fn->name, name) == 0;
}

bool tide_expr_may_fail(const tide_expr *self)
{
    if (self->kind != TIDE_EXPR_CALL) return false;
    if (self->call.fn->flags & TIDE_FN_FAILS) return true;
    for (uint32_t i = 0; i < self->call.n_args; i++)
        if (tide_expr_may_fail(self->call.args[i])) return true;
    return false;
}

void tide_expr_count_columns(const tide_expr *self, uint32_t *counts)
{
    if (self->kind == TIDE_EXPR_COLUMN) counts[self->column]++;
    if (self->kind != TIDE_EXPR_CALL) return;
    for (uint32_t i = 0; i < self->call.n_args; i++)
        tide_expr_count_columns(self->call.args[i], counts);
}
