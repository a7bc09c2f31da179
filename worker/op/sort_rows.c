/* sort_rows.c - see sort_rows.h: the rows themselves. Their order is sort_order.c's. */
#include "worker/op/sort_rows.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

/* So that rows can be numbered, with one that is added in two batches. */
#define BATCHES_MAX (UINT32_MAX / TIDE_BATCH_ROWS_MAX - 2)

void tide_sort_rows_open(tide_sort_rows *self, tide_pool *pool, const tide_schema *schema,
                         const tide_sort_key *keys, uint32_t n_keys, bool whole_row)
{
    tide_type *types = tide_calloc(schema->n + 1u, sizeof *types);
    uint32_t n = n_keys + (whole_row ? schema->n : 0);
    self->pool = pool;
    self->columns = tide_calloc(n + 1u, sizeof *self->columns);
    for (uint32_t i = 0; i < schema->n; i++) types[i] = schema->fields[i].type;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t column = i < n_keys ? keys[i].column : i - n_keys;
        self->columns[self->n_columns++] =
            (tide_sort_column){ .column = column,
                                .type = types[column],
                                .descending = i < n_keys && keys[i].descending,
                                .nulls_first = i < n_keys && keys[i].nulls_first };
    }
    tide_builder_init(&self->builder, pool, types, schema->n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
}

static void drop_batches(tide_sort_rows *self)
{
    for (uint32_t i = 0; i < self->n_batches; i++) tide_batch_unref(&self->batches[i]);
    tide_free(self->batches);
    tide_free(self->order);
}

void tide_sort_rows_close(tide_sort_rows *self)
{
    tide_builder_fini(&self->builder);
    drop_batches(self);
    tide_batch_unref(&self->last);
    tide_free(self->columns);
    tide_free(self->words);
    *self = (tide_sort_rows){ 0 };
}

/* ---- rows in ---- */

void tide_sort_rows_seal(tide_sort_rows *self)
{
    tide_batch *made = tide_builder_finish(&self->builder);
    if (made == NULL) return;
    if (tide_batch_pinned_bytes(made) / 2 > tide_batch_used_bytes(made)) {
        tide_batch *shared = made;
        made = tide_batch_copy(self->pool, shared);
        tide_batch_unref(&shared);
    }
    for (uint32_t i = 0; i < self->n_columns; i++)
        self->columns[i].has_nulls |= made->cols[self->columns[i].column]->validity != NULL;
    TIDE_GROW(self->batches, self->n_batches, self->cap_batches);
    self->batches[self->n_batches++] = made;
    self->batch_bytes += tide_batch_pinned_bytes(made);
}

/* Does the row, whose first word that is, come behind the last one kept? Of rows with the same key
 * those that came first are kept. */
static bool is_beyond(const tide_sort_rows *self, const tide_batch *in, uint32_t row, uint64_t word,
                      bool is_null)
{
    if (is_null != self->last_is_null) return is_null != self->columns[0].nulls_first;
    if (!is_null && word != self->last_word) return word > self->last_word;
    return tide_sort_rows_compare(self, 0, in, row, self->last, self->last->n_phys - 1) >= 0;
}

/* The physical rows that are not beyond the last one kept; returns their number. */
static uint32_t choose(tide_sort_rows *self, const tide_batch *in, uint16_t *rows)
{
    const tide_col *col = in->cols[self->columns[0].column];
    uint32_t n = 0;
    for (uint32_t k = 0; k < in->n_rows; k++)
        self->words[k] = (tide_sort_entry){ .row = tide_batch_phys(in, k) };
    if (col->validity == NULL)
        tide_sort_words_of(&self->columns[0], col, 0, self->words, in->n_rows, 0);
    for (uint32_t k = 0; k < in->n_rows; k++) {
        tide_sort_entry *e = &self->words[k];
        bool is_null = !tide_col_valid(col, e->row);
        if (col->validity && !is_null) tide_sort_words_of(&self->columns[0], col, 0, e, 1, 0);
        rows[n] = (uint16_t)e->row;
        n += !is_beyond(self, in, e->row, e->word, is_null);
    }
    return n;
}

tide_status tide_sort_rows_add(tide_sort_rows *self, const tide_batch *in)
{
    uint16_t rows[TIDE_BATCH_ROWS_MAX];
    uint32_t n_rows = in->n_rows;
    if (self->words)
        n_rows = self->n_columns ? choose(self, in, rows) : 0;
    else
        for (uint32_t k = 0; k < n_rows; k++) rows[k] = (uint16_t)tide_batch_phys(in, k);
    if (self->n_batches >= BATCHES_MAX) return tide_fail(TIDE_E_LIMIT, "too many rows to sort");
    for (uint32_t done = 0; done < n_rows;) {
        uint32_t space = self->builder.cap - self->builder.n, n = n_rows - done;
        if (n > space) n = space;
        tide_builder_append(&self->builder, in, rows + done, n);
        done += n;
        self->n += n;
        if (tide_builder_full(&self->builder)) tide_sort_rows_seal(self);
    }
    return TIDE_OK;
}

void tide_sort_rows_turn_away(tide_sort_rows *self)
{
    tide_assert(self->n > 0 && self->builder.n == 0);
    if (self->words == NULL) self->words = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->words);
    tide_batch_unref(&self->last);
    self->last = tide_batch_ref(self->batches[self->n_batches - 1]);
    if (self->n_columns == 0) return;
    const tide_col *col = self->last->cols[self->columns[0].column];
    tide_sort_entry e = { .row = self->last->n_phys - 1 };
    self->last_is_null = !tide_col_valid(col, e.row);
    if (!self->last_is_null) tide_sort_words_of(&self->columns[0], col, 0, &e, 1, 0);
    self->last_word = e.word;
}

/* ---- rows out ---- */

tide_change tide_sort_rows_change(const tide_sort_rows *self, uint32_t place)
{
    uint32_t row = self->order[place].row;
    return tide_batch_change(self->batches[row / TIDE_BATCH_ROWS_MAX], row % TIDE_BATCH_ROWS_MAX);
}

tide_batch *tide_sort_rows_batch(tide_sort_rows *self, uint32_t first, uint32_t n)
{
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    tide_assert(self->builder.n == 0);
    for (uint32_t i = 0; i < n; i++) rows[i] = self->order[first + i].row;
    tide_builder_gather(&self->builder, self->batches, rows, n);
    return tide_builder_finish(&self->builder);
}

void tide_sort_rows_keep(tide_sort_rows *self, const uint32_t *keep, uint32_t n)
{
    tide_sort_rows old = *self;
    uint32_t rows[TIDE_BATCH_ROWS_MAX];
    tide_assert(self->builder.n == 0);
    self->batches = NULL;
    self->order = NULL;
    self->n_batches = self->cap_batches = self->n = 0;
    self->batch_bytes = 0;
    for (uint32_t i = 0; i < self->n_columns; i++) self->columns[i].has_nulls = false;
    while (self->n < n) {
        uint32_t some = n - self->n < self->builder.cap ? n - self->n : self->builder.cap;
        for (uint32_t i = 0; i < some; i++) rows[i] = old.order[keep[self->n + i]].row;
        tide_builder_gather(&self->builder, old.batches, rows, some);
        self->n += some;
        tide_sort_rows_seal(self);
    }
    drop_batches(&old);
}

size_t tide_sort_rows_bytes(const tide_sort_rows *self)
{
    return self->batch_bytes + (size_t)self->n * 2 * sizeof *self->order;
}
