/* forms.c - calls whose arguments are not all computed for all rows (FORM in functions.def). */
#include "base/core/assert.h"
#include "base/expr/bind_priv.h"
#include "base/expr/casts_priv.h"
#include "base/expr/lower_priv.h"

/* A branch being laid out under its own mask. */
typedef struct branch {
    uint32_t outer_mask, n_known, skip; /* skip: index of the step to patch. */
} branch;

/* Is it better to compute e for all rows than to find out who needs it? It cannot fail, and
 * costs little. */
static bool is_harmless(const tide_expr *e, uint32_t *budget)
{
    if (e->kind != TIDE_EXPR_CALL) return true;
    if (e->call.fn->flags & (TIDE_FN_FAILS | TIDE_FN_SLOW | TIDE_FN_VOLATILE)) return false;
    if (e->call.fn->vector == NULL && e->call.fn->form == NULL) return false; /* Row by row. */
    if ((*budget)-- == 0) return false;
    for (uint32_t i = 0; i < e->call.n_args; i++)
        if (!is_harmless(e->call.args[i], budget)) return false;
    return true;
}

static bool is_cheap(const tide_expr *e)
{
    uint32_t budget = 4;
    return is_harmless(e, &budget);
}

static uint32_t put_mask(tide_lower *l, uint32_t parent, uint32_t reg, tide_mask_of which,
                         uint32_t pos)
{
    uint32_t mask = tide_lower_mask(l);
    tide_step *s = tide_lower_step(l, tide_step_mask, mask, &reg, 1, pos);
    s->mask = parent;
    s->which = (uint32_t)which;
    return mask;
}

/* Opens a branch for the rows of `mask`; what is computed in it is not known outside. */
static branch open_branch(tide_lower *l, uint32_t mask, uint32_t pos)
{
    branch b = { .outer_mask = l->mask, .n_known = l->n_known, .skip = l->prog->n_steps };
    l->mask = mask;
    tide_lower_step(l, tide_step_skip, 0, NULL, 0, pos);
    return b;
}

static void close_branch(tide_lower *l, branch b)
{
    l->mask = b.outer_mask;
    l->n_known = b.n_known;
    l->prog->steps[b.skip].target = l->prog->n_steps;
}

/* ---- AND, OR ---- */

/* Reads left to right; the right side only where the left has not decided. The last step
 * combines both by SQL's logic, under which a decided left side wins over whatever the right
 * register holds. */
static tide_status lower_logic(tide_lower *l, const tide_expr *e, bool is_and, uint32_t *reg_out)
{
    uint32_t left;
    TIDE_TRY(tide_lower_expr(l, e->call.args[0], &left));
    for (uint32_t i = 1; i < e->call.n_args; i++) {
        const tide_expr *arg = e->call.args[i];
        uint32_t right;
        if (is_cheap(arg)) {
            TIDE_TRY(tide_lower_expr(l, arg, &right));
        } else {
            uint32_t mask = put_mask(l, l->mask, left,
                                     is_and ? TIDE_MASK_NOT_FALSE : TIDE_MASK_NOT_TRUE, e->pos);
            branch b = open_branch(l, mask, arg->pos);
            tide_status rv = tide_lower_expr(l, arg, &right);
            close_branch(l, b);
            TIDE_TRY(rv);
        }
        uint32_t joined = tide_lower_reg(l, e->type);
        tide_step *s =
            tide_lower_step(l, tide_step_vector, joined, (uint32_t[]){ left, right }, 2, e->pos);
        s->fn = e->call.fn;
        left = joined;
    }
    *reg_out = left;
    return TIDE_OK;
}

tide_status tide_form_and(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    return lower_logic(l, e, true, reg_out);
}

tide_status tide_form_or(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    return lower_logic(l, e, false, reg_out);
}

/* ---- CASE, COALESCE ---- */

static tide_status put_choice(tide_lower *l, uint32_t mask, const tide_expr *value, uint32_t dst)
{
    uint32_t reg;
    if (tide_expr_is_null_literal(value)) return TIDE_OK; /* It starts as NULL. */
    branch b = open_branch(l, mask, value->pos);
    tide_status rv = tide_lower_expr(l, value, &reg);
    if (rv == TIDE_OK) tide_lower_step(l, tide_step_blend, dst, &reg, 1, value->pos);
    close_branch(l, b);
    return rv;
}

tide_status tide_form_case(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    uint32_t dst = tide_lower_reg(l, e->type), outer = l->mask, rest = l->mask;
    uint32_t n = e->call.n_args, n_known = l->n_known;
    tide_status rv = TIDE_OK;
    tide_lower_step(l, tide_step_null, dst, NULL, 0, e->pos);
    for (uint32_t i = 0; i + 1 < n && rv == TIDE_OK; i += 2) {
        uint32_t condition;
        l->mask = rest;
        rv = tide_lower_expr(l, e->call.args[i], &condition);
        if (rv != TIDE_OK) break;
        /* The first condition is computed for all rows of the branch, so it is known behind the
         * CASE. */
        if (i == 0) n_known = l->n_known;
        uint32_t hit = put_mask(l, rest, condition, TIDE_MASK_TRUE, e->pos);
        rest = put_mask(l, rest, condition, TIDE_MASK_NOT_TRUE, e->pos);
        rv = put_choice(l, hit, e->call.args[i + 1], dst);
    }
    if (rv == TIDE_OK && n % 2 == 1) rv = put_choice(l, rest, e->call.args[n - 1], dst);
    l->mask = outer;
    l->n_known = n_known;
    *reg_out = dst;
    return rv;
}

tide_status tide_form_coalesce(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    uint32_t dst = tide_lower_reg(l, e->type), outer = l->mask, n_known = l->n_known;
    tide_status rv = TIDE_OK;
    tide_lower_step(l, tide_step_null, dst, NULL, 0, e->pos);
    uint32_t n_skips = 0, *skips = TIDE_NEW_N(l->prog->arena, uint32_t, e->call.n_args);
    for (uint32_t i = 0; i < e->call.n_args && rv == TIDE_OK; i++) {
        uint32_t reg;
        rv = tide_lower_expr(l, e->call.args[i], &reg);
        if (rv != TIDE_OK) break;
        tide_lower_step(l, tide_step_blend, dst, &reg, 1, e->pos);
        if (i == 0) n_known = l->n_known;
        if (i + 1 == e->call.n_args || e->call.args[i]->not_null) break;
        l->mask = put_mask(l, l->mask, reg, TIDE_MASK_NULL, e->pos);
        skips[n_skips++] = l->prog->n_steps;
        tide_lower_step(l, tide_step_skip, 0, NULL, 0, e->pos);
    }
    for (uint32_t i = 0; i < n_skips; i++) l->prog->steps[skips[i]].target = l->prog->n_steps;
    l->mask = outer;
    l->n_known = n_known;
    *reg_out = dst;
    return rv;
}

/* ---- CAST ---- */

/* Is every value of `from` the same bytes in `to`? */
static bool same_bytes(tide_type from, tide_type to)
{
    if (from.id == TIDE_TYPE_STRING && to.id == TIDE_TYPE_STRING)
        return to.precision == 0 || (from.precision && from.precision <= to.precision);
    if (tide_type_is_timestamp(from) && from.id == to.id) return to.precision >= from.precision;
    if (from.id == TIDE_TYPE_DECIMAL && to.id == TIDE_TYPE_DECIMAL)
        return from.scale == to.scale && from.precision <= to.precision;
    return from.id == to.id && from.id != TIDE_TYPE_STRING && from.id != TIDE_TYPE_DECIMAL &&
           !tide_type_is_timestamp(from);
}

static tide_cast_kind cast_kind_of(const tide_expr *e)
{
    if (e->call.fn->flags & TIDE_FN_MAKES_NULL) return TIDE_CAST_TRY;
    return e->call.fn == tide_fn_by_name("assign") ? TIDE_CAST_IMPLICIT : TIDE_CAST_EXPLICIT;
}

tide_status tide_form_cast(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    const tide_expr *arg = e->call.args[0];
    TIDE_TRY(tide_lower_expr(l, arg, reg_out));
    if (same_bytes(arg->type, e->type)) return TIDE_OK;
    uint32_t from = *reg_out;
    const tide_fn *fn = tide_cast_fn(arg->type, e->type, cast_kind_of(e));
    if (fn->vector && l->prog->regs[from].vec.constant) {
        uint32_t spread = tide_lower_reg(l, arg->type);
        tide_lower_step(l, tide_step_broadcast, spread, &from, 1, e->pos);
        from = spread;
    }
    *reg_out = tide_lower_reg(l, e->type);
    tide_step *s = tide_lower_step(l, fn->vector ? tide_step_vector : tide_step_row, *reg_out,
                                   &from, 1, e->pos);
    s->fn = fn;
    return TIDE_OK;
}
