/* sort_entries.h - many small entries put in order by a number, equal ones left as they are.
 * Digit by digit: first by the leading one that differs, until what is left fits the cache, there
 * from the last digit on. Pure. */
#ifndef TIDE_WORKER_OP_SORT_ENTRIES_H
#define TIDE_WORKER_OP_SORT_ENTRIES_H
#include <stdbool.h>
#include <stdint.h>

typedef struct tide_sort_entry {
    uint64_t word;
    uint32_t row, unused;
} tide_sort_entry;

/* Orders entries[0..n) by their words, stably. spare: room for n more. */
void tide_sort_entries(tide_sort_entry *entries, tide_sort_entry *spare, uint32_t n);

#endif
