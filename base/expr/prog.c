/* prog.c - compiling expressions, and running the program over a batch. */
#include "base/expr/prog.h"

#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/expr/lower_priv.h"

static void place_registers(tide_prog *p);
static void run_steps(tide_prog *p);

/* ---- compiling ---- */

tide_status tide_prog_compile(const tide_expr *const *exprs, uint32_t n, tide_prog **out)
{
    tide_prog *self = tide_calloc(1, sizeof *self);
    tide_lower l = { .prog = self, .mask = TIDE_MASK_ALL };
    tide_status rv = TIDE_OK;
    self->arena = tide_arena_new();
    self->outputs = TIDE_NEW_N(self->arena, tide_prog_output, n + 1);
    self->n_outputs = n;
    for (uint32_t i = 0; i < n && rv == TIDE_OK; i++) {
        self->outputs[i].type = exprs[i]->type;
        rv = tide_lower_expr(&l, exprs[i], &self->outputs[i].reg);
    }
    tide_free(l.known);
    if (rv != TIDE_OK) {
        tide_prog_free(&self);
        return rv;
    }
    uint32_t n_args_max = 1;
    for (uint32_t i = 0; i < self->n_steps; i++)
        if (self->steps[i].n_args > n_args_max) n_args_max = self->steps[i].n_args;
    self->args = TIDE_NEW_N(self->arena, const tide_vec *, n_args_max);
    self->masks = tide_malloc_aligned(64, ((size_t)self->n_masks + 1) * sizeof *self->masks);
    self->gathered = TIDE_NEW_N(self->arena, tide_col *, self->n_inputs + 1);
    place_registers(self);
    *out = self;
    return TIDE_OK;
}

void tide_prog_free(tide_prog **self_p)
{
    tide_prog *self = *self_p;
    if (self == NULL) return;
    for (uint32_t i = 0; i < self->n_steps; i++)
        if (self->steps[i].drop && self->steps[i].imm) self->steps[i].drop(self->steps[i].imm);
    for (uint32_t i = 0; i < self->n_regs; i++) {
        tide_reg *reg = &self->regs[i];
        for (uint32_t k = 0; k < reg->n_owned; k++) tide_buf_unref(&reg->owned[k]);
        tide_free(reg->owned);
    }
    tide_rowcall_fini(&self->rowcall);
    tide_free(self->steps);
    tide_free(self->regs);
    tide_free(self->inputs);
    tide_free(self->masks);
    tide_free(self->slots);
    tide_arena_free(&self->arena);
    tide_free(self);
    *self_p = NULL;
}

static bool writes_mask(const tide_step *s)
{
    return s->run == tide_step_mask || s->run == tide_step_skip;
}

/* The last step that touches each register; outputs stay until the end. */
static uint32_t *find_last_uses(const tide_prog *p)
{
    uint32_t *last = tide_calloc(p->n_regs + 1, sizeof *last);
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const tide_step *s = &p->steps[i];
        for (uint32_t k = 0; k < s->n_args; k++) last[s->args[k]] = i;
        if (!writes_mask(s)) last[s->dst] = i;
    }
    for (uint32_t i = 0; i < p->n_outputs; i++) last[p->outputs[i].reg] = UINT32_MAX;
    return last;
}

#define SLOT_PADDING 64u /* Kernels may read a little beyond the last row. */

/* Registers get memory by linear scan: a slot is free again behind the last use of what it held,
 * so that programs run in little memory, which stays in the cache. Slots of one width are alike. */
static void place_registers(tide_prog *p)
{
    typedef struct slot {
        size_t at;
        uint32_t width;
        bool taken;
    } slot;
    uint32_t n_slots = 0, *last = find_last_uses(p);
    uint32_t *slot_of = tide_malloc((p->n_regs + 1) * sizeof *slot_of);
    slot *slots = tide_malloc((p->n_regs + 1) * sizeof *slots);
    size_t bytes = 0;
    for (uint32_t r = 0; r < p->n_regs; r++) slot_of[r] = UINT32_MAX;
    for (uint32_t i = 0; i < p->n_steps; i++) {
        const tide_step *s = &p->steps[i];
        if (!writes_mask(s) && slot_of[s->dst] == UINT32_MAX) {
            uint32_t width = tide_type_width(p->regs[s->dst].vec.type), k = 0;
            while (k < n_slots && (slots[k].taken || slots[k].width != width)) k++;
            if (k == n_slots) {
                slots[n_slots++] = (slot){ .at = bytes, .width = width };
                bytes +=
                    TIDE_BATCH_ROWS_MAX * (size_t)width + SLOT_PADDING + TIDE_BATCH_ROWS_MAX / 8;
            }
            slots[k].taken = true;
            slot_of[s->dst] = k;
        }
        for (uint32_t r = 0; r < p->n_regs; r++)
            if (last[r] == i && slot_of[r] != UINT32_MAX) slots[slot_of[r]].taken = false;
    }
    p->slots = tide_malloc_aligned(64, bytes + 1);
    memset(p->slots, 0, bytes);
    for (uint32_t r = 0; r < p->n_regs; r++) {
        if (slot_of[r] == UINT32_MAX) continue;
        const slot *at = &slots[slot_of[r]];
        p->regs[r].slot = p->slots + at->at;
        p->regs[r].vec.values = p->regs[r].slot;
        p->regs[r].validity_store =
            (uint64_t *)(p->slots + at->at + TIDE_BATCH_ROWS_MAX * (size_t)at->width +
                         SLOT_PADDING);
    }
    tide_free(slots);
    tide_free(slot_of);
    tide_free(last);
}

/* ---- evaluating ---- */

static void begin(tide_prog *p, const tide_prog_env *env, const tide_batch *in,
                  tide_row_errors *errs)
{
    tide_assert(in->n_rows <= TIDE_BATCH_ROWS_MAX);
    p->env = env;
    p->errs = errs;
    p->n = in->n_rows;
    p->any_failed = false;
    errs->n = 0;
    memset(p->failed, 0, sizeof p->failed);
    if (env->random_seed != p->random_seed) {
        p->random_seed = env->random_seed;
        p->random_state = env->random_seed;
    }
}

/* Points the input registers to the columns, dense. gathered[i] keeps what had to be copied. */
static void load_inputs(tide_prog *p, const tide_batch *in, tide_col **gathered)
{
    for (uint32_t i = 0; i < p->n_inputs; i++) {
        tide_assert(p->inputs[i].column < in->n_cols);
        tide_col *col = in->cols[p->inputs[i].column];
        gathered[i] = in->sel ? tide_col_gather(p->env->pool, col, in->sel, in->n_rows) : NULL;
        if (gathered[i]) col = gathered[i];
        tide_vec *v = &p->regs[p->inputs[i].reg].vec;
        tide_assert(tide_type_width(v->type) == tide_type_width(col->type));
        v->values = (void *)(uintptr_t)col->values;
        v->validity = col->validity;
        v->data = col->data;
        v->n_data = col->n_data;
    }
}

static void run_steps(tide_prog *p)
{
    for (uint32_t i = 0; i < p->n_steps;) {
        const tide_step *s = &p->steps[i];
        if (s->run != tide_step_skip) {
            s->run(p, s);
            i++;
            continue;
        }
        uint64_t any = 0;
        if (s->mask == TIDE_MASK_ALL) any = 1;
        for (uint32_t w = 0; s->mask != TIDE_MASK_ALL && w < tide_mask_words(p->n); w++)
            any |= p->masks[s->mask][w];
        i = any ? i + 1 : s->target;
    }
}

static int by_row(const void *a, const void *b)
{
    uint32_t x = ((const tide_row_error *)a)->row, y = ((const tide_row_error *)b)->row;
    return x < y ? -1 : x > y;
}

static void end(tide_prog *p, tide_col **gathered)
{
    for (uint32_t i = 0; i < p->n_inputs; i++) tide_col_unref(&gathered[i]);
    for (uint32_t i = 0; i < p->n_regs; i++) {
        tide_reg *reg = &p->regs[i];
        if (reg->vec.constant) continue; /* Owns its text for good. */
        for (uint32_t k = 0; k < reg->n_owned; k++) tide_buf_unref(&reg->owned[k]);
        reg->n_owned = reg->vec.n_data = 0;
        reg->writing = false;
        if (reg->slot) reg->vec.values = reg->slot;
    }
    if (p->errs->n > 1) qsort(p->errs->items, p->errs->n, sizeof *p->errs->items, by_row);
}

void tide_row_errors_fini(tide_row_errors *self)
{
    tide_free(self->items);
    *self = (tide_row_errors){ 0 };
}

/* ---- outputs ---- */

/* Lets the step that computes output i write straight into a new column. Returns NULL if no step
 * does, or an earlier output has the same register. */
static tide_col *open_output(tide_prog *p, uint32_t i)
{
    tide_reg *reg = &p->regs[p->outputs[i].reg];
    if (reg->slot == NULL || reg->vec.values != reg->slot) return NULL;
    void *values;
    tide_col *col = tide_col_new(p->env->pool, p->outputs[i].type, p->n, &values, false, NULL);
    reg->vec.values = values;
    return col;
}

/* Failed rows are NULL, whatever was computed from them. */
static void set_validity(tide_prog *p, tide_col *col, const uint64_t *validity)
{
    if (validity == NULL && !p->any_failed) return;
    uint32_t words = tide_mask_words(p->n);
    col->validity_buf = tide_pool_take(p->env->pool, words * sizeof(uint64_t));
    uint64_t *to = (uint64_t *)col->validity_buf->data;
    for (uint32_t w = 0; w < words; w++)
        to[w] = (validity ? validity[w] : ~UINT64_C(0)) & ~p->failed[w];
    col->validity = to;
}

static void close_output(tide_prog *p, uint32_t i, tide_col *col)
{
    tide_reg *reg = &p->regs[p->outputs[i].reg];
    set_validity(p, col, reg->vec.validity);
    for (uint32_t k = 0; k < reg->n_owned; k++) {
        tide_buf *buf = tide_buf_ref(reg->owned[k]);
        tide_col_add_data(col, p->env->pool, &buf);
    }
}

static tide_col *constant_output(tide_prog *p, uint32_t i)
{
    const tide_vec *v = &p->regs[p->outputs[i].reg].vec;
    tide_value value = { .is_null = true };
    if (tide_vec_valid(v, 0)) tide_vec_load(v, 0, &value);
    value.type = p->outputs[i].type;
    if (value.type.id == TIDE_TYPE_NULL) value.type = tide_type_of(TIDE_TYPE_STRING);
    return tide_col_constant(p->env->pool, &value, p->n);
}

/* An output that is just an input, a constant, or the same as an earlier output. */
static tide_col *share_output(tide_prog *p, uint32_t i, const tide_batch *in,
                              tide_col *const *gathered, tide_col *const *out)
{
    uint32_t reg = p->outputs[i].reg;
    if (p->regs[reg].vec.constant) return constant_output(p, i);
    tide_col *col = NULL;
    for (uint32_t k = 0; k < p->n_inputs && col == NULL; k++)
        if (p->inputs[k].reg == reg)
            col = gathered[k] ? gathered[k] : in->cols[p->inputs[k].column];
    for (uint32_t k = 0; k < i && col == NULL; k++)
        if (p->outputs[k].reg == reg) col = out[k];
    tide_assert(col != NULL);
    return tide_type_equal(col->type, p->outputs[i].type)
               ? tide_col_ref(col)
               : tide_col_retyped(p->env->pool, col, p->outputs[i].type);
}

void tide_prog_eval(tide_prog *self, const tide_prog_env *env, const tide_batch *in, tide_col **out,
                    tide_row_errors *errs)
{
    tide_col **gathered = self->gathered;
    begin(self, env, in, errs);
    load_inputs(self, in, gathered);
    for (uint32_t i = 0; i < self->n_outputs; i++) out[i] = open_output(self, i);
    run_steps(self);
    for (uint32_t i = 0; i < self->n_outputs; i++) {
        if (out[i])
            close_output(self, i, out[i]);
        else
            out[i] = share_output(self, i, in, gathered, out);
    }
    end(self, gathered);
}

/* ---- selecting ---- */

/* The positions of the bits, ascending; branch-free where they are dense. */
static uint32_t positions_of(const uint64_t *bits, uint32_t n, uint16_t *sel)
{
    uint32_t k = 0;
    for (uint32_t w = 0; w < tide_mask_words(n); w++) {
        uint64_t word = bits[w];
        uint32_t rows = n - w * 64 < 64 ? n - w * 64 : 64;
        if (__builtin_popcountll(word) > 12) {
            for (uint32_t i = 0; i < rows; i++) {
                sel[k] = (uint16_t)(w * 64 + i);
                k += (uint32_t)(word >> i) & 1;
            }
            continue;
        }
        for (; word; word &= word - 1)
            sel[k++] = (uint16_t)(w * 64 + (uint32_t)__builtin_ctzll(word));
    }
    return k;
}

uint32_t tide_prog_select(tide_prog *self, const tide_prog_env *env, const tide_batch *in,
                          uint16_t *sel, tide_row_errors *errs)
{
    tide_assert(self->n_outputs == 1 && self->outputs[0].type.id <= TIDE_TYPE_BOOLEAN);
    uint64_t bits[TIDE_MASK_WORDS], valid[TIDE_MASK_WORDS];
    begin(self, env, in, errs);
    load_inputs(self, in, self->gathered);
    run_steps(self);
    tide_truth_of(&self->regs[self->outputs[0].reg].vec, self->n, bits, valid);
    for (uint32_t w = 0; w < tide_mask_words(self->n); w++) bits[w] &= valid[w] & ~self->failed[w];
    end(self, self->gathered);
    uint32_t n = positions_of(bits, self->n, sel);
    for (uint32_t i = 0; in->sel && i < n; i++) sel[i] = in->sel[sel[i]];
    return n;
}
