/* views.h - strings gathered: views of chosen rows, and their long bytes into one heap. For this
 * folder. */
#ifndef TIDE_BASE_COLUMN_VIEWS_H
#define TIDE_BASE_COLUMN_VIEWS_H
#include "base/column/batch.h"

/* Where the bytes of long strings go. */
typedef struct tide_views_heap {
    uint8_t *at;        /* Of the next string. */
    const uint8_t *end; /* Of the room, which is enough. */
    uint32_t buf;       /* What the views call the heap's buffer, */
    uint32_t offset;    /* and where `at` is in it. */
} tide_views_heap;

/* Bytes of the long strings of rows[0..n) of a string column; rows NULL: of the first n. */
uint64_t tide_views_long_bytes(const tide_col *col, const uint16_t *rows, uint32_t n);
/* Those rows' views to `out`, all zeros where NULL, and the bytes of long ones behind each other to
 * the heap, which is moved on. */
void tide_views_gather(const tide_col *col, const uint16_t *rows, uint32_t n, tide_view *out,
                       tide_views_heap *heap);

#endif
