/* sort_entries.c - see sort_entries.h. */
#include "worker/op/sort_entries.h"

#include <string.h>

#include "base/core/attr.h"

#define DIGIT_BITS 8u
#define DIGITS (1u << DIGIT_BITS)
#define INSERT_MAX 32u          /* So few are put into place one by one. */
#define CACHED_MAX (16u * 1024) /* Entries: twice that is half a second-level cache. */

static void insert_each(tide_sort_entry *entries, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        tide_sort_entry e = entries[i];
        uint32_t at = i;
        for (; at > 0 && entries[at - 1].word > e.word; at--) entries[at] = entries[at - 1];
        entries[at] = e;
    }
}

/* The bits in which words differ. */
static uint64_t differing(const tide_sort_entry *entries, uint32_t n)
{
    uint64_t differ = 0;
    for (uint32_t i = 1; i < n; i++) differ |= entries[i].word ^ entries[0].word;
    return differ;
}

TIDE_INLINE uint32_t digit(uint64_t word, uint32_t shift)
{
    return (uint32_t)(word >> shift) & (DIGITS - 1);
}

/* By one digit; first[d] is then where entries of digit d begin, first[DIGITS] their number. */
static void scatter(const tide_sort_entry *from, tide_sort_entry *to, uint32_t n, uint32_t shift,
                    uint32_t *first)
{
    uint32_t at[DIGITS] = { 0 }, sum = 0;
    for (uint32_t i = 0; i < n; i++) at[digit(from[i].word, shift)]++;
    for (uint32_t d = 0; d < DIGITS; d++) {
        first[d] = sum;
        sum += at[d];
        at[d] = first[d];
    }
    first[DIGITS] = sum;
    for (uint32_t i = 0; i < n; i++) to[at[digit(from[i].word, shift)]++] = from[i];
}

/* Orders from[0..n), with `other` as room for as many; they end there if into_other. */
static void order(tide_sort_entry *from, tide_sort_entry *other, uint32_t n, bool into_other)
{
    uint32_t first[DIGITS + 1];
    uint64_t differ = n > INSERT_MAX ? differing(from, n) : 0;
    if (n <= INSERT_MAX) {
        insert_each(from, n);
    } else if (differ && n > CACHED_MAX) {
        uint32_t top = 63u - (uint32_t)__builtin_clzll(differ);
        scatter(from, other, n, top < DIGIT_BITS ? 0 : top - (DIGIT_BITS - 1), first);
        for (uint32_t d = 0; d < DIGITS; d++)
            order(other + first[d], from + first[d], first[d + 1] - first[d], !into_other);
        return;
    } else {
        for (uint32_t shift = 0; shift < 64 && differ >> shift; shift += DIGIT_BITS) {
            if (digit(differ, shift) == 0) continue;
            scatter(from, other, n, shift, first);
            tide_sort_entry *sorted = other;
            other = from;
            from = sorted;
            into_other = !into_other;
        }
    }
    if (into_other) memcpy(other, from, n * sizeof *from);
}

void tide_sort_entries(tide_sort_entry *entries, tide_sort_entry *spare, uint32_t n)
{
    order(entries, spare, n, false);
}
