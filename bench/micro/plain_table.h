/* plain_table.h - the keyed table's layout alone, by hand: what it allows on this machine.
 *
 * As in the experiment that set the floors (docs/decisions/0005): an index of lines of eight per
 * key group, rows whole in pages of a key group, a dirty bit a row. No types, no NULLs, no
 * deletion, no snapshot, no small first pages; keys of one or two words, a sum behind them.
 * Compiled for the machine it is built on. */
#ifndef TIDE_BENCH_MICRO_PLAIN_TABLE_H
#define TIDE_BENCH_MICRO_PLAIN_TABLE_H
#include "checkpoint/state/memory.h"

typedef struct plain_table plain_table;

/* words: of a key, 1 or 2. Room for rows_max rows; pages and lines come from `memory`. */
plain_table *plain_new(uint32_t words, uint64_t rows_max, tide_state_memory *memory);
void plain_free(plain_table **self_p);
/* Adds v[i] to the sum of key i, for up to 4096 keys. */
void plain_add(plain_table *self, const uint64_t *keys, const int64_t *v, uint32_t n);
/* Sums that were added up, over all rows: the same as the sum of all v. */
int64_t plain_total(const plain_table *self);

#endif
