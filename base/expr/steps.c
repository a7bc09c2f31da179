/* steps.c - what the steps of a program do around the kernels: NULL logic, masks, choices. */
#include <stdarg.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/expr/lower_priv.h"

/* ---- validity and errors ---- */

uint64_t *tide_kcall_validity(const tide_kcall *k)
{
    tide_reg *out = k->out;
    if (out->vec.validity == NULL) {
        memset(out->validity_store, 0xff, tide_mask_words(k->n) * sizeof(uint64_t));
        out->vec.validity = out->validity_store;
    }
    return out->validity_store;
}

void tide_kcall_set_null(const tide_kcall *k, uint32_t row)
{
    tide_kcall_validity(k)[row >> 6] &= ~(UINT64_C(1) << (row & 63));
}

static void note_error(tide_prog *p, uint32_t row, uint32_t pos, tide_status code, const char *text)
{
    if (tide_bit(p->failed, row)) return;
    p->failed[row >> 6] |= UINT64_C(1) << (row & 63);
    p->any_failed = true;
    TIDE_GROW(p->errs->items, p->errs->n, p->errs->cap);
    tide_row_error *e = &p->errs->items[p->errs->n++];
    *e = (tide_row_error){ .row = row, .pos = pos, .code = code };
    snprintf(e->text, sizeof e->text, "%s", text);
}

void tide_kcall_error(const tide_kcall *k, uint32_t row, tide_status code, const char *fmt, ...)
{
    char text[sizeof((tide_row_error *)NULL)->text];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    note_error(k->prog, row, k->pos, code, text);
    tide_kcall_set_null(k, row);
}

tide_pool *tide_kcall_pool(const tide_kcall *k)
{
    return k->prog->env->pool;
}

int64_t tide_kcall_now(const tide_kcall *k)
{
    return k->prog->env->now_us;
}

/* ---- single values ---- */

/* The values as an array of a C type. */
#define AT(v, type) (((type *)(v)->values)[row])

void tide_vec_load(const tide_vec *v, uint32_t row, tide_value *out)
{
    if (v->constant) row = 0;
    out->type = v->type;
    out->is_null = false;
    switch ((tide_type_id)v->type.id) {
    case TIDE_TYPE_BOOLEAN: out->boolean = AT(v, const uint8_t) != 0; break;
    case TIDE_TYPE_TINYINT: out->i64 = AT(v, const int8_t); break;
    case TIDE_TYPE_SMALLINT: out->i64 = AT(v, const int16_t); break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: out->i64 = AT(v, const int32_t); break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: out->i64 = AT(v, const int64_t); break;
    case TIDE_TYPE_FLOAT: out->f64 = (double)AT(v, const float); break;
    case TIDE_TYPE_DOUBLE: out->f64 = AT(v, const double); break;
    case TIDE_TYPE_DECIMAL: memcpy(&out->i128, (const char *)v->values + row * 16ul, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: out->str.ptr = tide_vec_str(v, row, &out->str.len); break;
    case TIDE_TYPE_INTERVAL: out->interval = AT(v, const tide_interval); break;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: out->is_null = true; break;
    }
}

static void store_value(const tide_kcall *k, uint32_t row, const tide_value *v)
{
    const tide_vec *to = &k->out->vec;
    switch ((tide_type_id)to->type.id) {
    case TIDE_TYPE_BOOLEAN: AT(to, uint8_t) = v->boolean; break;
    case TIDE_TYPE_TINYINT: AT(to, int8_t) = (int8_t)v->i64; break;
    case TIDE_TYPE_SMALLINT: AT(to, int16_t) = (int16_t)v->i64; break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: AT(to, int32_t) = (int32_t)v->i64; break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: AT(to, int64_t) = v->i64; break;
    case TIDE_TYPE_FLOAT: AT(to, float) = (float)v->f64; break;
    case TIDE_TYPE_DOUBLE: AT(to, double) = v->f64; break;
    case TIDE_TYPE_DECIMAL: memcpy((char *)to->values + row * 16ul, &v->i128, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: tide_kcall_put_str(k, row, v->str.ptr, v->str.len); break;
    case TIDE_TYPE_INTERVAL: AT(to, tide_interval) = v->interval; break;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: tide_assert(!"a type that columns have");
    }
}

/* ---- string results ---- */

#define HEAP_BYTES 65536u

static void reg_add_data(tide_reg *reg, tide_buf *buf)
{
    TIDE_GROW(reg->owned, reg->n_owned, reg->cap_owned);
    reg->owned[reg->n_owned++] = buf;
    reg->vec.data = reg->owned;
    reg->vec.n_data = reg->n_owned;
}

uint32_t tide_kcall_share(const tide_kcall *k, const tide_vec *from)
{
    uint32_t base = k->out->n_owned;
    k->out->writing = false;
    for (uint32_t i = 0; i < from->n_data; i++) reg_add_data(k->out, tide_buf_ref(from->data[i]));
    return base;
}

char *tide_kcall_reserve_str(const tide_kcall *k, uint32_t row, uint32_t len)
{
    tide_reg *out = k->out;
    tide_view *view = (tide_view *)out->vec.values + row;
    if (len <= TIDE_VIEW_INLINE_MAX) {
        *view = (tide_view){ .len = len };
        return view->inline_;
    }
    tide_buf *heap = out->writing ? out->owned[out->n_owned - 1] : NULL;
    if (heap == NULL || heap->capacity - out->heap_used < len) {
        heap = tide_pool_take(tide_kcall_pool(k), len > HEAP_BYTES ? len : HEAP_BYTES);
        reg_add_data(out, heap);
        out->writing = true;
        out->heap_used = 0;
    }
    view->len = len;
    view->buf = out->n_owned - 1;
    view->offset = out->heap_used;
    out->heap_used += len;
    return (char *)heap->data + view->offset;
}

void tide_kcall_put_str(const tide_kcall *k, uint32_t row, const char *ptr, uint32_t len)
{
    char *at = tide_kcall_reserve_str(k, row, len);
    if (len) memcpy(at, ptr, len);
    if (len > TIDE_VIEW_INLINE_MAX) memcpy(((tide_view *)k->out->vec.values)[row].prefix, ptr, 4);
}

/* ---- calls ---- */

static tide_kcall begin_call(tide_prog *p, const tide_step *s)
{
    for (uint32_t i = 0; i < s->n_args; i++) p->args[i] = &p->regs[s->args[i]].vec;
    p->regs[s->dst].vec.validity = NULL;
    return (tide_kcall){ .n = p->n,
                         .n_args = s->n_args,
                         .pos = s->pos,
                         .args = p->args,
                         .out = &p->regs[s->dst],
                         .imm = s->imm,
                         .prog = p,
                         .active = s->mask == TIDE_MASK_ALL ? NULL : p->masks[s->mask] };
}

/* The rows where every argument has a value. */
static void join_validity(const tide_kcall *k)
{
    uint32_t words = tide_mask_words(k->n);
    uint64_t *to = k->out->validity_store;
    for (uint32_t i = 0; i < k->n_args; i++) {
        const uint64_t *from = k->args[i]->validity;
        if (from == NULL) continue;
        if (k->args[i]->constant) {
            memset(to, 0, words * sizeof *to); /* A constant that has validity is NULL. */
        } else if (k->out->vec.validity == NULL) {
            memcpy(to, from, words * sizeof *to);
        } else {
            for (uint32_t w = 0; w < words; w++) to[w] &= from[w];
        }
        k->out->vec.validity = to;
    }
}

void tide_step_vector(tide_prog *p, const tide_step *s)
{
    tide_kcall k = begin_call(p, s);
    if (!(s->fn->flags & TIDE_FN_NULLS)) join_validity(&k);
    s->fn->vector(&k);
}

static void load_arg(const tide_vec *v, uint32_t row, tide_value *out)
{
    if (tide_vec_valid(v, row))
        tide_vec_load(v, row, out);
    else
        *out = (tide_value){ .type = v->type, .is_null = true };
}

/* args: with the constant ones loaded. */
TIDE_INLINE void run_row(const tide_kcall *k, const tide_step *s, uint32_t row, tide_value *args)
{
    tide_rowcall *c = &k->prog->rowcall;
    tide_value out = { .type = k->out->vec.type };
    for (uint32_t i = 0; i < k->n_args; i++)
        if (!k->args[i]->constant) load_arg(k->args[i], row, &args[i]);
    c->out.n = 0;
    tide_row_result result = s->fn->row(c, args, &out);
    if (result == TIDE_ROW_VALUE) {
        store_value(k, row, &out);
    } else if (result == TIDE_ROW_FAILED) {
        tide_kcall_error(k, row, c->code, "%s", c->text);
    } else {
        tide_kcall_set_null(k, row);
    }
}

void tide_step_row(tide_prog *p, const tide_step *s)
{
    tide_kcall k = begin_call(p, s);
    tide_value some[TIDE_FN_PARAMS_MAX], *args = some;
    if (!(s->fn->flags & TIDE_FN_NULLS)) join_validity(&k);
    if (tide_type_is_string(k.out->vec.type)) /* Rows left out must be followable. */
        memset(k.out->vec.values, 0, k.n * sizeof(tide_view));
    p->rowcall.n_args = s->n_args;
    p->rowcall.imm = s->imm;
    p->rowcall.now_us = p->env->now_us;
    p->rowcall.random = &p->random_state;
    if (k.n_args > TIDE_FN_PARAMS_MAX) args = tide_malloc(k.n_args * sizeof *args);
    for (uint32_t i = 0; i < k.n_args; i++)
        if (k.args[i]->constant) load_arg(k.args[i], 0, &args[i]);
    for (uint32_t w = 0; w < tide_mask_words(k.n); w++)
        for (uint64_t live = tide_kcall_live_word(&k, w); live; live &= live - 1)
            run_row(&k, s, w * 64 + (uint32_t)__builtin_ctzll(live), args);
    if (args != some) tide_free(args);
}

/* ---- masks and choices ---- */

void tide_bits_of_bytes(const uint8_t *bytes, uint32_t n, uint64_t *bits)
{
    uint32_t words = tide_mask_words(n);
    for (uint32_t w = 0; w < words; w++) {
        uint64_t word = 0;
        for (uint32_t i = 0; i < 8; i++) {
            uint64_t eight;
            memcpy(&eight, bytes + w * 64 + i * 8, 8); /* The buffers' padding allows this. */
            word |= ((eight & 0x0101010101010101u) * 0x0102040810204080u >> 56) << (i * 8);
        }
        bits[w] = word;
    }
    if (n % 64) bits[words - 1] &= (UINT64_C(1) << (n % 64)) - 1;
}

static void all_rows(uint64_t *mask, uint32_t n)
{
    uint32_t words = tide_mask_words(n);
    memset(mask, 0xff, words * sizeof *mask);
    if (n % 64) mask[words - 1] = (UINT64_C(1) << (n % 64)) - 1;
}

void tide_truth_of(const tide_vec *v, uint32_t n, uint64_t *bits, uint64_t *valid)
{
    all_rows(valid, n);
    if (v->constant) {
        memset(bits, 0, tide_mask_words(n) * sizeof *bits);
        if (*(const uint8_t *)v->values) all_rows(bits, n);
        if (v->validity) memset(valid, 0, tide_mask_words(n) * sizeof *valid);
        return;
    }
    if (v->validity)
        for (uint32_t w = 0; w < tide_mask_words(n); w++) valid[w] &= v->validity[w];
    tide_bits_of_bytes(v->values, n, bits);
}

void tide_step_mask(tide_prog *p, const tide_step *s)
{
    const tide_vec *v = &p->regs[s->args[0]].vec;
    uint64_t bits[TIDE_MASK_WORDS], valid[TIDE_MASK_WORDS], *to = p->masks[s->dst];
    if (s->which == TIDE_MASK_NULL || s->which == TIDE_MASK_VALID) {
        all_rows(valid, p->n);
        if (v->validity)
            for (uint32_t w = 0; w < tide_mask_words(p->n); w++)
                valid[w] &= v->constant ? 0 : v->validity[w];
    } else {
        tide_truth_of(v, p->n, bits, valid);
    }
    uint64_t all[TIDE_MASK_WORDS];
    all_rows(all, p->n);
    const uint64_t *parent = s->mask == TIDE_MASK_ALL ? all : p->masks[s->mask];
    for (uint32_t w = 0; w < tide_mask_words(p->n); w++) {
        uint64_t take = 0;
        switch ((tide_mask_of)s->which) {
        case TIDE_MASK_TRUE: take = bits[w] & valid[w]; break;
        case TIDE_MASK_NOT_TRUE: take = ~(bits[w] & valid[w]); break;
        case TIDE_MASK_NOT_FALSE: take = bits[w] | ~valid[w]; break;
        case TIDE_MASK_NULL: take = ~valid[w]; break;
        case TIDE_MASK_VALID: take = valid[w]; break;
        }
        to[w] = parent[w] & take;
    }
}

void tide_step_skip(tide_prog *p, const tide_step *s)
{
    (void)p, (void)s;
    tide_assert(!"skips are taken by the loop");
}

void tide_step_null(tide_prog *p, const tide_step *s)
{
    tide_reg *out = &p->regs[s->dst];
    memset(out->validity_store, 0, tide_mask_words(p->n) * sizeof(uint64_t));
    out->vec.validity = out->validity_store;
    if (tide_type_is_string(out->vec.type)) memset(out->vec.values, 0, p->n * sizeof(tide_view));
}

typedef struct value16 {
    uint64_t a, b;
} value16;

TIDE_INLINE void blend_word(uint8_t *to, const uint8_t *from, uint32_t width, size_t stride,
                            uint32_t row, uint64_t bits)
{
    for (; bits; bits &= bits - 1) {
        size_t i = row + (uint32_t)__builtin_ctzll(bits);
        memcpy(to + i * width, from + i * stride, width);
    }
}

/* Copies the rows of `mask`; stride 0 repeats one value. */
TIDE_INLINE void blend_rows(void *to, const tide_vec *from, uint32_t width, const uint64_t *mask,
                            uint32_t n)
{
    size_t stride = from->constant ? 0 : width;
    for (uint32_t w = 0; w < tide_mask_words(n); w++) {
        if (mask[w] == ~UINT64_C(0) && stride)
            memcpy((uint8_t *)to + (size_t)w * 64 * width,
                   (const uint8_t *)from->values + (size_t)w * 64 * width, 64 * (size_t)width);
        else
            blend_word(to, from->values, width, stride, w * 64, mask[w]);
    }
}

static void blend(const tide_kcall *k, const uint64_t *mask)
{
    void *to = k->out->vec.values;
    const tide_vec *from = k->args[0];
    switch (tide_type_width(k->out->vec.type)) {
    case 1: blend_rows(to, from, 1, mask, k->n); break;
    case 2: blend_rows(to, from, 2, mask, k->n); break;
    case 4: blend_rows(to, from, 4, mask, k->n); break;
    case 8: blend_rows(to, from, 8, mask, k->n); break;
    default: blend_rows(to, from, 16, mask, k->n); break;
    }
}

/* The views just copied point into buffers `base` further on. */
static void rebase_views(const tide_kcall *k, const uint64_t *mask, uint32_t base)
{
    tide_view *views = k->out->vec.values;
    for (uint32_t w = 0; w < tide_mask_words(k->n); w++)
        for (uint64_t bits = mask[w]; bits; bits &= bits - 1) {
            tide_view *view = &views[w * 64 + (uint32_t)__builtin_ctzll(bits)];
            if (view->len > TIDE_VIEW_INLINE_MAX) view->buf += base;
        }
}

void tide_step_blend(tide_prog *p, const tide_step *s)
{
    tide_reg *out = &p->regs[s->dst];
    const uint64_t *had = out->vec.validity;
    tide_kcall k = begin_call(p, s);
    out->vec.validity = had;
    uint64_t mask[TIDE_MASK_WORDS];
    all_rows(mask, p->n);
    if (k.active) memcpy(mask, k.active, tide_mask_words(p->n) * sizeof *mask);
    const tide_vec *from = k.args[0];
    if (from->validity) /* Its NULLs stay what the result began as. */
        for (uint32_t w = 0; w < tide_mask_words(p->n); w++)
            mask[w] &= from->constant ? 0 : from->validity[w];
    blend(&k, mask);
    if (tide_type_is_string(out->vec.type) && from->n_data) {
        uint32_t base = tide_kcall_share(&k, from);
        if (base) rebase_views(&k, mask, base);
    }
    uint64_t missing = 0;
    for (uint32_t w = 0; w < tide_mask_words(p->n); w++) {
        out->validity_store[w] |= mask[w];
        missing |= ~out->validity_store[w] & (w * 64 + 64 <= p->n ? ~UINT64_C(0) : 0);
    }
    if (p->n % 64) missing |= ~out->validity_store[p->n / 64] & ((UINT64_C(1) << (p->n % 64)) - 1);
    out->vec.validity = missing ? out->validity_store : NULL;
}

void tide_step_broadcast(tide_prog *p, const tide_step *s)
{
    tide_kcall k = begin_call(p, s);
    uint64_t mask[TIDE_MASK_WORDS];
    all_rows(mask, p->n);
    if (k.args[0]->validity) {
        tide_step_null(p, s);
        return;
    }
    blend(&k, mask);
    if (tide_type_is_string(k.out->vec.type)) tide_kcall_share(&k, k.args[0]);
}
