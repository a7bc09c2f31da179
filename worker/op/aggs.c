/* aggs.c - see aggs.h. */
#include "worker/op/aggs.h"

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "jobapi/plan/partial.h"
#include "worker/op/user/user_agg.h"

/* The longest state that travels as words: a sum of doubles. */
#define STATE_WORDS_MAX 4u

static tide_status take_partials(const tide_op_aggs *self, const tide_op_rows *at);
static void add_owned(tide_op_aggs *self, uint32_t agg);
static void join_set(tide_op_aggs *self, uint32_t agg);

tide_status tide_op_aggs_open(tide_op_aggs *self, const tide_node *node, uint32_t first_offset,
                              bool retracting)
{
    const tide_schema *in = &node->inputs[0]->schema;
    uint32_t n = node->aggregate.n_aggs;
    self->calls = node->aggregate.aggs;
    self->aggs = tide_calloc(n + 1, sizeof *self->aggs);
    self->offsets = tide_calloc(n + 1, sizeof *self->offsets);
    self->distinct = tide_calloc(n + 1, sizeof *self->distinct);
    self->partial_at = tide_calloc(n + 1, sizeof *self->partial_at);
    self->set_of = tide_calloc(n + 1, sizeof *self->set_of);
    self->set_agg = tide_calloc(n + 1, sizeof *self->set_agg);
    self->counts_set = tide_calloc(n + 1, sizeof *self->counts_set);
    self->owned = tide_calloc(n + 1, sizeof *self->owned);
    self->some_values = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->some_values);
    self->some_rows = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->some_rows);
    self->some_at = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->some_at);
    self->plain = self->invertible = true;
    self->value_bytes = first_offset;
    for (uint32_t i = 0; i < n; i++) {
        const tide_agg_call *call = &self->calls[i];
        tide_agg *agg = &self->aggs[i];
        tide_type arg = call->arg < 0 ? tide_type_of(TIDE_TYPE_NULL) : in->fields[call->arg].type;
        tide_status rv = call->kind == TIDE_AGG_USER
                             ? tide_user_agg_init(agg, call->user, call->result)
                             : tide_agg_init(agg, call->kind, arg);
        if (rv == TIDE_OK && retracting && agg->kind == TIDE_AGG_USER)
            rv = tide_fail(TIDE_E_UNSUPPORTED, "a C aggregate over input with changes");
        if (rv != TIDE_OK) return tide_because(rv, "%s", call->name);
        self->partial_at[i + 1] = self->partial_at[i] + tide_partial_width(agg);
        self->offsets[i] = self->value_bytes;
        self->value_bytes += agg->state_bytes;
        self->n++;
        self->distinct[i] =
            agg->retract == NULL && agg->kind != TIDE_AGG_USER ? retracting : call->distinct;
        if (self->distinct[i]) join_set(self, i);
        if (self->distinct[i] || call->filter >= 0) self->plain = false;
        if (!agg->invertible) self->invertible = false;
        if (agg->heap) add_owned(self, i);
    }
    self->only_count_star = n == 1 && self->plain && self->calls[0].kind == TIDE_AGG_COUNT_STAR;
    return TIDE_OK;
}

void tide_op_aggs_close(tide_op_aggs *self)
{
    tide_free(self->aggs);
    tide_free(self->offsets);
    tide_free(self->distinct);
    tide_free(self->partial_at);
    tide_free(self->set_of);
    tide_free(self->set_agg);
    tide_free(self->counts_set);
    tide_free(self->owned);
    tide_free(self->some_values);
    tide_free(self->some_rows);
    tide_free(self->some_at);
    *self = (tide_op_aggs){ 0 };
}

static tide_status overflow(const tide_op_aggs *self, uint32_t agg)
{
    return tide_fail(TIDE_E_OVERFLOW, "%s: the result is out of range", self->calls[agg].name);
}

tide_status tide_op_aggs_update_one(tide_op_aggs *self, uint32_t agg, const tide_op_rows *at,
                                    bool retract)
{
    const tide_agg *a = &self->aggs[agg];
    if (a->kind == TIDE_AGG_USER)
        return tide_user_agg_update(a, at->in, at->values, self->offsets[agg], at->rows, at->n);
    const tide_col *arg = self->calls[agg].arg < 0 ? NULL : at->in->cols[self->calls[agg].arg];
    uint32_t done =
        (retract ? a->retract : a->update)(a, at->values, self->offsets[agg], arg, at->rows, at->n);
    return done == at->n ? TIDE_OK : overflow(self, agg);
}

/* count(*) FILTER (WHERE ...): rows need not be gathered to be counted. */
static void count_passing(const tide_op_rows *at, uint32_t offset, const uint8_t *pass,
                          int64_t step)
{
    for (uint32_t i = 0; i < at->n; i++)
        *(int64_t *)(void *)(at->values[i] + offset) += step * (pass[at->rows[i]] != 0);
}

/* Feeds one that is not DISTINCT with the rows that its FILTER lets through. */
static tide_status update_filtered(tide_op_aggs *self, uint32_t agg, const tide_op_rows *at,
                                   bool retract)
{
    const tide_agg_call *call = &self->calls[agg];
    const tide_col *filter = at->in->cols[call->filter];
    if (call->kind == TIDE_AGG_COUNT_STAR && filter->validity == NULL) {
        count_passing(at, self->offsets[agg], filter->values, retract ? -1 : 1);
        return TIDE_OK;
    }
    tide_op_rows some = tide_op_aggs_narrow(self, agg, at, false);
    return tide_op_aggs_update_one(self, agg, &some, retract);
}

tide_status tide_op_aggs_update(tide_op_aggs *self, const tide_op_rows *at, bool retract)
{
    if (at->partial) return take_partials(self, at);
    for (uint32_t i = 0; i < self->n; i++) {
        if (self->distinct[i]) continue;
        TIDE_TRY(self->calls[i].filter < 0 ? tide_op_aggs_update_one(self, i, at, retract)
                                           : update_filtered(self, i, at, retract));
    }
    return TIDE_OK;
}

tide_status tide_op_aggs_update_set(tide_op_aggs *self, uint32_t set, const tide_op_rows *at,
                                    bool retract)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->distinct[i] && self->set_of[i] == set &&
            !(retract && self->aggs[i].retract == NULL))
            TIDE_TRY(tide_op_aggs_update_one(self, i, at, retract));
    return TIDE_OK;
}

tide_op_rows tide_op_aggs_narrow(tide_op_aggs *self, uint32_t agg, const tide_op_rows *at,
                                 bool drop_null)
{
    const tide_agg_call *call = &self->calls[agg];
    const tide_col *filter = call->filter < 0 ? NULL : at->in->cols[call->filter];
    const tide_col *arg = drop_null && call->arg >= 0 ? at->in->cols[call->arg] : NULL;
    if (arg && arg->validity == NULL) arg = NULL;
    if (filter == NULL && arg == NULL) {
        for (uint32_t i = 0; i < at->n; i++) self->some_at[i] = (uint16_t)i;
        return *at;
    }
    uint32_t n = 0;
    const uint8_t *pass = filter ? filter->values : NULL;
    bool plain = filter && filter->validity == NULL && arg == NULL;
    for (uint32_t i = 0; i < at->n; i++) {
        uint32_t row = at->rows[i];
        bool keep = plain ? pass[row]
                          : (!filter || (tide_col_valid(filter, row) && pass[row])) &&
                                (!arg || tide_col_valid(arg, row));
        self->some_values[n] = at->values[i];
        self->some_rows[n] = (uint16_t)row;
        self->some_at[n] = (uint16_t)i;
        n += keep;
    }
    return (
        tide_op_rows){ .in = at->in, .values = self->some_values, .rows = self->some_rows, .n = n };
}

tide_status tide_op_aggs_feed_keys(tide_op_aggs *self, tide_pool *pool, uint32_t agg,
                                   const tide_key_spec *spec, uint32_t col,
                                   const uint8_t *const *keys, uint32_t n, uint8_t *value)
{
    const tide_agg *a = &self->aggs[agg];
    tide_builder b;
    tide_assert(n > 0 && n <= TIDE_BATCH_ROWS_MAX);
    tide_builder_init(&b, pool, &spec->cols[col].type, 1, n);
    tide_key_decode(spec, col, keys, n, &b.cols[0], 0);
    b.n = n;
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    for (uint32_t i = 0; i < n; i++) {
        self->some_values[i] = value;
        self->some_rows[i] = (uint16_t)i;
    }
    uint32_t done =
        a->update(a, self->some_values, self->offsets[agg], made->cols[0], self->some_rows, n);
    tide_batch_unref(&made);
    return done == n ? TIDE_OK : overflow(self, agg);
}

tide_status tide_op_aggs_merge(const tide_op_aggs *self, uint8_t *into, const uint8_t *from)
{
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_agg *a = &self->aggs[i];
        if (self->distinct[i]) continue;
        if (!a->merge(a, into + self->offsets[i], from + self->offsets[i]))
            return overflow(self, i);
    }
    return TIDE_OK;
}

tide_status tide_op_aggs_unmerge(const tide_op_aggs *self, uint8_t *into, const uint8_t *from)
{
    tide_assert(self->invertible);
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_agg *a = &self->aggs[i];
        if (self->distinct[i]) continue;
        if (!a->unmerge(a, into + self->offsets[i], from + self->offsets[i]))
            return overflow(self, i);
    }
    return TIDE_OK;
}

void tide_op_aggs_results(const tide_op_aggs *self, const uint8_t *const *values, uint32_t n,
                          tide_colb *cols, uint32_t first)
{
    for (uint32_t i = 0; i < self->n; i++)
        self->aggs[i].result_of(&self->aggs[i], values, self->offsets[i], n, &cols[i], first);
}

/* ---- partial results ---- */

static bool travels_as_value(const tide_agg *agg)
{
    return agg->kind == TIDE_AGG_MIN || agg->kind == TIDE_AGG_MAX;
}

void tide_op_aggs_partials(const tide_op_aggs *self, const uint8_t *const *values, uint32_t n,
                           tide_colb *cols, uint32_t first)
{
    for (uint32_t a = 0; a < self->n; a++) {
        const tide_agg *agg = &self->aggs[a];
        tide_colb *to = cols + self->partial_at[a];
        if (travels_as_value(agg)) {
            agg->result_of(agg, values, self->offsets[a], n, to, first);
            continue;
        }
        for (uint32_t w = 0; w < agg->state_bytes / sizeof(int64_t); w++) {
            int64_t *words = (int64_t *)to[w].values + first;
            uint32_t offset = self->offsets[a] + w * (uint32_t)sizeof(int64_t);
            for (uint32_t i = 0; i < n; i++)
                words[i] = *(const int64_t *)(const void *)(values[i] + offset);
        }
    }
}

/* The words of a row's state, merged into its value. False on overflow. */
static bool merge_words(const tide_agg *agg, tide_col *const *words, uint32_t row, uint8_t *into)
{
    int64_t state[STATE_WORDS_MAX];
    uint32_t n = agg->state_bytes / (uint32_t)sizeof(int64_t);
    tide_assert(n <= STATE_WORDS_MAX);
    for (uint32_t w = 0; w < n; w++) state[w] = ((const int64_t *)words[w]->values)[row];
    return agg->merge(agg, into, (const uint8_t *)state);
}

static tide_status take_partials(const tide_op_aggs *self, const tide_op_rows *at)
{
    for (uint32_t a = 0; a < self->n; a++) {
        const tide_agg *agg = &self->aggs[a];
        tide_col *const *cols = at->partial + self->partial_at[a];
        uint32_t offset = self->offsets[a], i = 0;
        if (travels_as_value(agg)) {
            i = agg->update(agg, at->values, offset, cols[0], at->rows, at->n);
        } else if (agg->state_bytes == sizeof(int64_t)) { /* A count. */
            const int64_t *counts = cols[0]->values;
            for (; i < at->n; i++)
                *(int64_t *)(void *)(at->values[i] + offset) += counts[at->rows[i]];
        } else {
            while (i < at->n && merge_words(agg, cols, at->rows[i], at->values[i] + offset)) i++;
        }
        if (i < at->n) return overflow(self, a);
    }
    return TIDE_OK;
}

void tide_op_aggs_drop(const tide_op_aggs *self, uint8_t *value)
{
    for (uint32_t i = 0; i < self->n_owned; i++)
        self->owned[i].drop(self->owned[i].ctx, value + self->owned[i].offset);
}

static void join_set(tide_op_aggs *self, uint32_t agg)
{
    const tide_agg_call *call = &self->calls[agg];
    for (uint32_t s = 0; s < self->n_sets; s++) {
        const tide_agg_call *other = &self->calls[self->set_agg[s]];
        self->set_of[agg] = s;
        if (other->arg != call->arg || other->filter != call->filter) continue;
        self->counts_set[s] = false;
        return;
    }
    self->set_of[agg] = self->n_sets;
    self->counts_set[self->n_sets] = self->aggs[agg].kind == TIDE_AGG_COUNT;
    self->set_agg[self->n_sets++] = agg;
}

/* ---- what a table needs to carry states that own memory ---- */

static uint32_t owned_size(const void *ctx, const uint8_t *field)
{
    const tide_agg_heap *heap = ctx;
    return heap->saved_bytes(field);
}

static void owned_save(const void *ctx, const uint8_t *field, uint8_t *to)
{
    const tide_agg_heap *heap = ctx;
    heap->save(field, to);
}

static bool owned_load(const void *ctx, uint8_t *field, const uint8_t *from, uint32_t n)
{
    const tide_agg_heap *heap = ctx;
    return heap->load(field, from, n);
}

static void owned_drop(const void *ctx, uint8_t *field)
{
    const tide_agg_heap *heap = ctx;
    heap->drop(field);
}

static void add_owned(tide_op_aggs *self, uint32_t agg)
{
    self->owned[self->n_owned++] = (tide_table_owned){ .offset = self->offsets[agg],
                                                       .ctx = self->aggs[agg].heap,
                                                       .size = owned_size,
                                                       .save = owned_save,
                                                       .load = owned_load,
                                                       .drop = owned_drop };
}
