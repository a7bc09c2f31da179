/* sort_words.h - a column's values as numbers that are in the order of the values.
 *
 * A value is one word of 64 bits or several, of which the first that differ decide. Most types have
 * one; DECIMAL and INTERVAL have two; a text has one for every seven bytes, whose last byte says
 * how many of them are the text's, or that there are more. Descending columns have their words
 * inverted. NULLs have none: whoever sorts puts them apart. Pure. */
#ifndef TIDE_WORKER_OP_SORT_WORDS_H
#define TIDE_WORKER_OP_SORT_WORDS_H
#include "base/column/batch.h"
#include "worker/op/sort_entries.h"

typedef struct tide_sort_column {
    uint32_t column;
    tide_type type;
    bool descending, nulls_first;
    bool has_nulls; /* Among the rows that are kept. */
} tide_sort_column;

/* Word number `nth` of every entry's row: row % TIDE_BATCH_ROWS_MAX of batch row /
 * TIDE_BATCH_ROWS_MAX. None is NULL, and each has so many words. */
void tide_sort_words(const tide_sort_column *self, tide_batch *const *batches, uint32_t nth,
                     tide_sort_entry *entries, uint32_t n);
/* The same for the rows of one column; entries' rows count from `first`. */
void tide_sort_words_of(const tide_sort_column *self, const tide_col *col, uint32_t nth,
                        tide_sort_entry *entries, uint32_t n, uint32_t first);
/* Texts: how many words from number nth on every entry's row has in common, so that they need not
 * be looked at; *same: the whole texts are the same. */
uint32_t tide_sort_words_in_common(const tide_sort_column *self, tide_batch *const *batches,
                                   uint32_t nth, const tide_sort_entry *entries, uint32_t n,
                                   bool *same);
/* Was that a value's last word? */
bool tide_sort_word_is_last(const tide_sort_column *self, uint32_t nth, uint64_t word);
/* Two values, neither NULL: < 0, 0, > 0 as the first comes before, with or behind the second. */
int tide_sort_compare(const tide_sort_column *self, const tide_col *a, uint32_t row_a,
                      const tide_col *b, uint32_t row_b);

#endif
