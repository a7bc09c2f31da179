/* lower.c - from a tree to the steps of a program. */
#include "base/core/assert.h"
#include "base/expr/arith_priv.h"
#include "base/expr/bind_priv.h"
#include "base/expr/kernels_priv.h"
#include "base/expr/lower_priv.h"

static tide_status lower_call(tide_lower *l, const tide_expr *e, uint32_t *reg_out);
static uint32_t lower_column(tide_lower *l, const tide_expr *e);
static uint32_t lower_literal(tide_lower *l, const tide_expr *e);

/* ---- registers and steps ---- */

uint32_t tide_lower_reg(tide_lower *l, tide_type type)
{
    tide_prog *p = l->prog;
    TIDE_GROW(p->regs, p->n_regs, l->cap_regs);
    p->regs[p->n_regs] = (tide_reg){ .vec = { .type = type } };
    return p->n_regs++;
}

uint32_t tide_lower_mask(tide_lower *l)
{
    return l->prog->n_masks++;
}

tide_step *tide_lower_step(tide_lower *l, void (*run)(tide_prog *, const tide_step *), uint32_t dst,
                           const uint32_t *args, uint32_t n_args, uint32_t pos)
{
    tide_prog *p = l->prog;
    TIDE_GROW(p->steps, p->n_steps, l->cap_steps);
    tide_step *s = &p->steps[p->n_steps++];
    *s = (tide_step){ .run = run, .dst = dst, .mask = l->mask, .n_args = n_args, .pos = pos };
    s->args = TIDE_NEW_N(p->arena, uint32_t, n_args + 1);
    for (uint32_t i = 0; i < n_args; i++) s->args[i] = args[i];
    return s;
}

/* ---- expressions ---- */

static bool is_volatile(const tide_expr *e)
{
    if (e->kind != TIDE_EXPR_CALL) return false;
    if (e->call.fn->flags & TIDE_FN_VOLATILE) return true;
    for (uint32_t i = 0; i < e->call.n_args; i++)
        if (is_volatile(e->call.args[i])) return true;
    return false;
}

tide_status tide_lower_expr(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    for (uint32_t i = 0; i < l->n_known; i++) {
        if (!tide_expr_equal(l->known[i].expr, e)) continue;
        *reg_out = l->known[i].reg;
        return TIDE_OK;
    }
    switch (e->kind) {
    case TIDE_EXPR_COLUMN: *reg_out = lower_column(l, e); break;
    case TIDE_EXPR_LITERAL: *reg_out = lower_literal(l, e); break;
    case TIDE_EXPR_CALL: TIDE_TRY(lower_call(l, e, reg_out)); break;
    }
    if (e->kind == TIDE_EXPR_COLUMN || is_volatile(e)) return TIDE_OK;
    TIDE_GROW(l->known, l->n_known, l->cap_known);
    l->known[l->n_known++] = (struct tide_known){ .expr = e, .reg = *reg_out };
    return TIDE_OK;
}

/* Columns are read once, for the whole program. */
static uint32_t lower_column(tide_lower *l, const tide_expr *e)
{
    tide_prog *p = l->prog;
    for (uint32_t i = 0; i < p->n_inputs; i++)
        if (p->inputs[i].column == e->column) return p->inputs[i].reg;
    TIDE_GROW(p->inputs, p->n_inputs, l->cap_inputs);
    uint32_t reg = tide_lower_reg(l, e->type);
    p->inputs[p->n_inputs++] = (tide_prog_input){ .column = e->column, .reg = reg };
    return reg;
}

/* The text of a long literal, as a buffer that outlives the pool made for it. */
static void keep_long_text(tide_reg *reg, const tide_value *v)
{
    tide_pool *pool = tide_pool_new(0);
    tide_buf *buf = tide_pool_take(pool, v->str.len);
    tide_pool_free(&pool);
    memcpy(buf->data, v->str.ptr, v->str.len);
    TIDE_GROW(reg->owned, reg->n_owned, reg->cap_owned);
    reg->owned[reg->n_owned++] = buf;
    reg->vec.data = reg->owned;
    reg->vec.n_data = 1;
}

static void set_constant(tide_reg *reg, const tide_value *v, void *at)
{
    switch ((tide_type_id)v->type.id) {
    case TIDE_TYPE_BOOLEAN: *(uint8_t *)at = v->boolean; break;
    case TIDE_TYPE_TINYINT: *(int8_t *)at = (int8_t)v->i64; break;
    case TIDE_TYPE_SMALLINT: *(int16_t *)at = (int16_t)v->i64; break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: *(int32_t *)at = (int32_t)v->i64; break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: *(int64_t *)at = v->i64; break;
    case TIDE_TYPE_FLOAT: *(float *)at = (float)v->f64; break;
    case TIDE_TYPE_DOUBLE: *(double *)at = v->f64; break;
    case TIDE_TYPE_DECIMAL: memcpy(at, &v->i128, 16); break;
    case TIDE_TYPE_INTERVAL: memcpy(at, &v->interval, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: {
        tide_view *view = at;
        view->len = v->str.len;
        if (v->str.len <= TIDE_VIEW_INLINE_MAX) {
            memcpy(view->inline_, v->str.ptr, v->str.len);
        } else {
            memcpy(view->prefix, v->str.ptr, 4);
            keep_long_text(reg, v);
        }
        break;
    }
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: break;
    }
}

static uint32_t lower_literal(tide_lower *l, const tide_expr *e)
{
    uint32_t i = tide_lower_reg(l, e->type);
    tide_reg *reg = &l->prog->regs[i];
    reg->vec.constant = true;
    reg->vec.values = tide_arena_zalloc(l->prog->arena, 16);
    if (e->literal.is_null)
        reg->vec.validity = tide_arena_zalloc(l->prog->arena, sizeof(uint64_t));
    else
        set_constant(reg, &e->literal, reg->vec.values);
    return i;
}

/* A NULL literal of e's type, for calls that a NULL argument makes NULL. */
static uint32_t lower_null(tide_lower *l, const tide_expr *e)
{
    tide_expr null = { .kind = TIDE_EXPR_LITERAL, .type = e->type, .pos = e->pos };
    null.literal = (tide_value){ .type = e->type, .is_null = true };
    return lower_literal(l, &null);
}

/* Kernels take at most some arguments constant: makes one of all-constant arguments a column. */
static void spread_one(tide_lower *l, uint32_t *args, uint32_t n, uint32_t pos)
{
    for (uint32_t i = 0; i < n; i++)
        if (!l->prog->regs[args[i]].vec.constant) return;
    if (n == 0) return;
    uint32_t at = n > 1 && l->prog->regs[args[0]].vec.type.id == TIDE_TYPE_STRING &&
                          l->prog->regs[args[1]].vec.type.id != TIDE_TYPE_STRING
                      ? 1
                      : 0; /* Not the field of an extract. */
    uint32_t spread = tide_lower_reg(l, l->prog->regs[args[at]].vec.type);
    tide_lower_step(l, tide_step_broadcast, spread, &args[at], 1, pos);
    args[at] = spread;
}

/* ---- shortcuts ---- */

static bool is_call(const tide_expr *e, void (*vector)(const tide_kcall *k))
{
    return e->kind == TIDE_EXPR_CALL && e->call.fn->vector == vector;
}

/* x % d = 0 and x % d <> 0, with a constant d that is not 0: a multiplication tells. */
static tide_status lower_multiple(tide_lower *l, const tide_expr *e, bool *done, uint32_t *reg_out)
{
    int64_t zero, d;
    bool equal = is_call(e, tide_vec_eq);
    *done = false;
    if (!equal && !is_call(e, tide_vec_ne)) return TIDE_OK;
    const tide_expr *rest = e->call.args[0];
    if (!is_call(rest, tide_vec_mod) || rest->type.id != TIDE_TYPE_BIGINT) return TIDE_OK;
    if (!tide_expr_int_literal(e->call.args[1], &zero) || zero != 0) return TIDE_OK;
    if (!tide_expr_int_literal(rest->call.args[1], &d) || d == 0) return TIDE_OK;
    uint32_t x;
    TIDE_TRY(tide_lower_expr(l, rest->call.args[0], &x));
    if (l->prog->regs[x].vec.constant) return TIDE_OK;
    *reg_out = tide_lower_reg(l, e->type);
    tide_step *s = tide_lower_step(l, tide_step_vector, *reg_out, &x, 1, e->pos);
    s->fn = equal ? &tide_fn_is_multiple : &tide_fn_is_no_multiple;
    s->imm = tide_multiples_of(d);
    s->drop = tide_free;
    *done = true;
    return TIDE_OK;
}

/* Arithmetic on DECIMALs takes BIGINTs as they are: their cast is left out. */
static const tide_expr *without_cast(const tide_expr *e, const tide_expr *arg)
{
    const tide_expr *inner;
    bool arithmetic =
        e->type.id == TIDE_TYPE_DECIMAL &&
        (is_call(e, tide_vec_add) || is_call(e, tide_vec_sub) || is_call(e, tide_vec_mul) ||
         is_call(e, tide_vec_div) || is_call(e, tide_vec_mod));
    if (!arithmetic || !tide_expr_is_cast(arg, &inner) || inner->type.id != TIDE_TYPE_BIGINT)
        return arg;
    return arg->type.scale == 0 && arg->type.precision >= 19 ? inner : arg;
}

static tide_status lower_call(tide_lower *l, const tide_expr *e, uint32_t *reg_out)
{
    const tide_fn *fn = e->call.fn;
    if (fn->form) return fn->form(l, e, reg_out);
    bool done;
    TIDE_TRY(lower_multiple(l, e, &done, reg_out));
    if (done) return TIDE_OK;
    tide_assert(fn->vector || fn->row);
    uint32_t *args = TIDE_NEW_N(l->prog->arena, uint32_t, e->call.n_args + 1);
    bool null = false;
    for (uint32_t i = 0; i < e->call.n_args; i++) {
        TIDE_TRY(tide_lower_expr(l, without_cast(e, e->call.args[i]), &args[i]));
        null |= tide_expr_is_null_literal(e->call.args[i]);
    }
    if (null && !(fn->flags & TIDE_FN_NULLS)) {
        *reg_out = lower_null(l, e);
        return TIDE_OK;
    }
    if (fn->vector) spread_one(l, args, e->call.n_args, e->pos);
    *reg_out = tide_lower_reg(l, e->type);
    tide_step *s = tide_lower_step(l, fn->vector ? tide_step_vector : tide_step_row, *reg_out, args,
                                   e->call.n_args, e->pos);
    s->fn = fn;
    if (fn->prepare) s->imm = fn->prepare(e, &s->drop);
    return TIDE_OK;
}
