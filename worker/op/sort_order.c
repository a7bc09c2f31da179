/* sort_order.c - puts the rows of sort_rows.h in order.
 *
 * A range of rows that are equal so far is sorted by its next word; then each range of rows equal
 * in that one, too, is. Ranges of few rows soon end it. What is still equal after many words (texts
 * with a long common beginning, or many columns) is sorted by comparing whole values instead. */
#include <stdlib.h>

#include "base/core/mem.h"
#include "worker/op/sort_rows.h"

#define WORDS_MAX 24u /* How deep ranges lie in one another; the stack is bounded. */

/* How far a range is sorted: its rows are equal in all columns before `column`, and in that one's
 * words before `nth`. */
typedef struct place {
    uint32_t column, nth, depth;
} place;

typedef struct sorter {
    const tide_sort_rows *rows;
    tide_sort_entry *spare; /* Room for all entries. */
    uint32_t column;        /* From which on whole values are compared. */
} sorter;

/* ---- whole values ---- */

int tide_sort_rows_compare(const tide_sort_rows *self, uint32_t column, const tide_batch *a,
                           uint32_t row_a, const tide_batch *b, uint32_t row_b)
{
    for (; column < self->n_columns; column++) {
        const tide_sort_column *c = &self->columns[column];
        const tide_col *col_a = a->cols[c->column], *col_b = b->cols[c->column];
        bool has_a = tide_col_valid(col_a, row_a), has_b = tide_col_valid(col_b, row_b);
        if (has_a != has_b) return has_a == c->nulls_first ? 1 : -1;
        int order = has_a ? tide_sort_compare(c, col_a, row_a, col_b, row_b) : 0;
        if (order != 0) return order;
    }
    return 0;
}

static int compare_rows(const tide_sort_rows *self, uint32_t column, uint32_t a, uint32_t b)
{
    return tide_sort_rows_compare(self, column, self->batches[a / TIDE_BATCH_ROWS_MAX],
                                  a % TIDE_BATCH_ROWS_MAX, self->batches[b / TIDE_BATCH_ROWS_MAX],
                                  b % TIDE_BATCH_ROWS_MAX);
}

bool tide_sort_rows_equal(const tide_sort_rows *self, uint32_t a, uint32_t b)
{
    return compare_rows(self, 0, self->order[a].row, self->order[b].row) == 0;
}

static int compare_entries(const void *a_v, const void *b_v, void *self_v)
{
    const sorter *self = self_v;
    const tide_sort_entry *a = a_v, *b = b_v;
    int order = compare_rows(self->rows, self->column, a->row, b->row);
    return order != 0 ? order : a->row < b->row ? -1 : 1;
}

/* ---- word by word ---- */

/* Stably, to where they belong; returns the number of those that come first. */
static uint32_t part_nulls(const sorter *self, const tide_sort_column *c, tide_sort_entry *entries,
                           uint32_t n)
{
    uint32_t n_first = 0, n_behind = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = entries[i].row;
        const tide_batch *batch = self->rows->batches[row / TIDE_BATCH_ROWS_MAX];
        bool valid = tide_col_valid(batch->cols[c->column], row % TIDE_BATCH_ROWS_MAX);
        if (valid != c->nulls_first)
            entries[n_first++] = entries[i];
        else
            self->spare[n_behind++] = entries[i];
    }
    memcpy(entries + n_first, self->spare, n_behind * sizeof *entries);
    return n_first;
}

static void sort_range(sorter *self, tide_sort_entry *entries, uint32_t n, place at);

static place next_column(place at)
{
    return (place){ .column = at.column + 1, .depth = at.depth + 1 };
}

/* Not one of them is NULL. */
static void sort_values(sorter *self, tide_sort_entry *entries, uint32_t n, place at)
{
    const tide_sort_column *c = &self->rows->columns[at.column];
    if (n < 2) return;
    if (tide_type_is_string(c->type)) {
        bool same;
        at.nth += tide_sort_words_in_common(c, self->rows->batches, at.nth, entries, n, &same);
        if (same) {
            sort_range(self, entries, n, next_column(at));
            return;
        }
    }
    tide_sort_words(c, self->rows->batches, at.nth, entries, n);
    tide_sort_entries(entries, self->spare, n);
    for (uint32_t from = 0, to; from < n; from = to) {
        uint64_t word = entries[from].word;
        for (to = from + 1; to < n && entries[to].word == word;) to++;
        place next = { at.column, at.nth + 1, at.depth + 1 };
        if (tide_sort_word_is_last(c, at.nth, word)) next = next_column(at);
        if (to - from > 1) sort_range(self, entries + from, to - from, next);
    }
}

static void sort_range(sorter *self, tide_sort_entry *entries, uint32_t n, place at)
{
    if (n < 2 || at.column == self->rows->n_columns) return;
    if (at.depth == WORDS_MAX) {
        self->column = at.column;
        qsort_r(entries, n, sizeof *entries, compare_entries, self);
        return;
    }
    const tide_sort_column *c = &self->rows->columns[at.column];
    if (at.nth > 0 || !c->has_nulls) {
        sort_values(self, entries, n, at);
        return;
    }
    uint32_t n_first = part_nulls(self, c, entries, n);
    tide_sort_entry *behind = entries + n_first;
    if (c->nulls_first) {
        sort_range(self, entries, n_first, next_column(at));
        sort_values(self, behind, n - n_first, at);
    } else {
        sort_values(self, entries, n_first, at);
        sort_range(self, behind, n - n_first, next_column(at));
    }
}

void tide_sort_rows_sort(tide_sort_rows *self)
{
    tide_sort_rows_seal(self);
    tide_free(self->order);
    self->order = tide_malloc(((size_t)self->n + 1) * sizeof *self->order);
    for (uint32_t b = 0, n = 0; b < self->n_batches; b++)
        for (uint32_t r = 0; r < self->batches[b]->n_phys; r++)
            self->order[n++] = (tide_sort_entry){ .row = b * TIDE_BATCH_ROWS_MAX + r };
    sorter s = { .rows = self };
    if (self->n > 1 && self->n_columns) s.spare = tide_malloc((size_t)self->n * sizeof *s.spare);
    sort_range(&s, self->order, self->n, (place){ 0 });
    tide_free(s.spare);
}
