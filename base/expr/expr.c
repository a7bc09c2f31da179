/* expr.c - nodes, and walks over trees of them. */
#include "base/expr/expr.h"

#include "base/core/assert.h"
#include "base/expr/bind_priv.h"

const tide_expr *tide_expr_column(tide_arena *arena, uint32_t column, tide_type type, bool not_null,
                                  uint32_t pos)
{
    tide_expr *self = TIDE_NEW(arena, tide_expr);
    *self = (tide_expr){
        .kind = TIDE_EXPR_COLUMN, .type = type, .not_null = not_null, .pos = pos, .column = column
    };
    return self;
}

const tide_expr *tide_expr_literal(tide_arena *arena, const tide_value *value, uint32_t pos)
{
    tide_expr *self = TIDE_NEW(arena, tide_expr);
    *self = (tide_expr){
        .kind = TIDE_EXPR_LITERAL, .type = value->type, .pos = pos, .literal = *value
    };
    bool is_null = value->is_null || value->type.id == TIDE_TYPE_NULL;
    self->not_null = !is_null;
    self->literal.is_null = is_null;
    if (!is_null && tide_type_is_string(value->type))
        self->literal.str.ptr = tide_arena_strndup(arena, value->str.ptr, value->str.len);
    return self;
}

const tide_expr *tide_expr_node(const tide_bind *b)
{
    tide_expr *self = TIDE_NEW(b->arena, tide_expr);
    const tide_expr **args = TIDE_NEW_N(b->arena, const tide_expr *, b->n);
    uint64_t n_nodes = 1;
    for (uint32_t i = 0; i < b->n; i++) {
        args[i] = b->args[i];
        n_nodes += args[i]->n_nodes;
    }
    *self = (tide_expr){ .kind = TIDE_EXPR_CALL,
                         .type = b->type,
                         .not_null = b->not_null,
                         .pos = b->pos,
                         .n_nodes = n_nodes < UINT32_MAX ? (uint32_t)n_nodes : UINT32_MAX,
                         .call = { .fn = b->fn, .args = args, .n_args = b->n } };
    return self;
}

bool tide_expr_is_null_literal(const tide_expr *e)
{
    return e->kind == TIDE_EXPR_LITERAL && e->literal.is_null;
}

bool tide_expr_is_text_literal(const tide_expr *e)
{
    return e->kind == TIDE_EXPR_LITERAL && !e->literal.is_null && e->type.id == TIDE_TYPE_STRING;
}

bool tide_expr_int_literal(const tide_expr *e, int64_t *out)
{
    if (e->kind != TIDE_EXPR_LITERAL || e->literal.is_null || !tide_type_is_integer(e->type))
        return false;
    *out = e->literal.i64;
    return true;
}

bool tide_expr_is_cast(const tide_expr *e, const tide_expr **arg_out)
{
    if (e->kind != TIDE_EXPR_CALL || e->call.fn != tide_fn_by_name("cast")) return false;
    *arg_out = e->call.args[0];
    return true;
}

/* ---- walks ---- */

static bool values_equal(const tide_value *a, const tide_value *b)
{
    if (a->is_null || b->is_null) return a->is_null && b->is_null;
    switch ((tide_type_id)a->type.id) {
    case TIDE_TYPE_BOOLEAN: return a->boolean == b->boolean;
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE: return memcmp(&a->f64, &b->f64, sizeof a->f64) == 0;
    case TIDE_TYPE_DECIMAL: return a->i128 == b->i128;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES:
        return a->str.len == b->str.len && memcmp(a->str.ptr, b->str.ptr, a->str.len) == 0;
    case TIDE_TYPE_INTERVAL:
        return a->interval.months == b->interval.months && a->interval.days == b->interval.days &&
               a->interval.micros == b->interval.micros;
    case TIDE_TYPE_TINYINT:
    case TIDE_TYPE_SMALLINT:
    case TIDE_TYPE_INT:
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_DATE:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: return a->i64 == b->i64;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: break;
    }
    return true;
}

bool tide_expr_equal(const tide_expr *a, const tide_expr *b)
{
    if (a == b) return true;
    if (a->kind != b->kind || !tide_type_equal(a->type, b->type)) return false;
    if (a->kind == TIDE_EXPR_COLUMN) return a->column == b->column;
    if (a->kind == TIDE_EXPR_LITERAL) return values_equal(&a->literal, &b->literal);
    if (a->call.fn != b->call.fn || a->call.n_args != b->call.n_args) return false;
    for (uint32_t i = 0; i < a->call.n_args; i++)
        if (!tide_expr_equal(a->call.args[i], b->call.args[i])) return false;
    return true;
}

bool tide_expr_is_deterministic(const tide_expr *self)
{
    if (self->kind != TIDE_EXPR_CALL) return true;
    if (self->call.fn->flags & (TIDE_FN_STABLE | TIDE_FN_VOLATILE)) return false;
    for (uint32_t i = 0; i < self->call.n_args; i++)
        if (!tide_expr_is_deterministic(self->call.args[i])) return false;
    return true;
}

void tide_expr_mark_columns(const tide_expr *self, bool *bits, uint32_t n_columns)
{
    if (self->kind == TIDE_EXPR_COLUMN) {
        tide_assert(self->column < n_columns);
        bits[self->column] = true;
    } else if (self->kind == TIDE_EXPR_CALL) {
        for (uint32_t i = 0; i < self->call.n_args; i++)
            tide_expr_mark_columns(self->call.args[i], bits, n_columns);
    }
}

const tide_expr *tide_expr_substitute(tide_arena *arena, const tide_expr *self,
                                      const tide_expr *const *exprs)
{
    if (self->kind == TIDE_EXPR_COLUMN) return exprs[self->column];
    if (self->kind == TIDE_EXPR_LITERAL) return self;
    const tide_expr **args = TIDE_NEW_N(arena, const tide_expr *, self->call.n_args);
    bool changed = false;
    uint64_t n_nodes = 1;
    for (uint32_t i = 0; i < self->call.n_args; i++) {
        args[i] = tide_expr_substitute(arena, self->call.args[i], exprs);
        changed |= args[i] != self->call.args[i];
        n_nodes += args[i]->n_nodes;
    }
    if (!changed) return self;
    tide_expr *copy = TIDE_NEW(arena, tide_expr);
    *copy = *self;
    copy->call.args = args;
    copy->n_nodes = n_nodes < UINT32_MAX ? (uint32_t)n_nodes : UINT32_MAX;
    return copy;
}
