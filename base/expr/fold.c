/* fold.c - constant subtrees become literals, by running them. */
#include "base/core/assert.h"
#include "base/expr/bind_priv.h"
#include "base/expr/prog.h"

static bool is_constant(const tide_expr *e)
{
    if (e->kind != TIDE_EXPR_CALL) return e->kind == TIDE_EXPR_LITERAL;
    if (e->call.fn->flags & (TIDE_FN_STABLE | TIDE_FN_VOLATILE)) return false;
    for (uint32_t i = 0; i < e->call.n_args; i++)
        if (!is_constant(e->call.args[i])) return false;
    return true;
}

/* The value of a constant expression as a literal; e itself when it fails. */
static const tide_expr *evaluate(tide_arena *arena, const tide_expr *e)
{
    tide_prog *prog;
    if (tide_prog_compile(&e, 1, &prog) != TIDE_OK) return e;
    tide_pool *pool = tide_pool_new(0);
    tide_prog_env env = { .pool = pool };
    tide_row_errors errs = { 0 };
    tide_batch *in = tide_batch_new(pool, NULL, 0, 1);
    tide_col *out;
    tide_prog_eval(prog, &env, in, &out, &errs);
    const tide_expr *result = e;
    if (errs.n == 0) {
        tide_value v = tide_col_value(out, 0);
        v.type = e->type;
        result = tide_expr_literal(arena, &v, e->pos);
    }
    tide_col_unref(&out);
    tide_batch_unref(&in);
    tide_row_errors_fini(&errs);
    tide_prog_free(&prog);
    tide_pool_free(&pool);
    return result;
}

const tide_expr *tide_expr_fold(tide_arena *arena, const tide_expr *self)
{
    if (self->kind != TIDE_EXPR_CALL) return self;
    if (is_constant(self)) return evaluate(arena, self);
    const tide_expr **args = TIDE_NEW_N(arena, const tide_expr *, self->call.n_args);
    bool changed = false;
    for (uint32_t i = 0; i < self->call.n_args; i++) {
        args[i] = tide_expr_fold(arena, self->call.args[i]);
        changed |= args[i] != self->call.args[i];
    }
    if (!changed) return self;
    tide_expr *copy = TIDE_NEW(arena, tide_expr);
    *copy = *self;
    copy->call.args = args;
    return copy;
}
