/* views.c - strings that lie behind each other are copied together. */
#include "base/column/views.h"

#include "base/core/assert.h"

#define SHORT_COPY_MAX 256u /* Longer ones are worth a call of memcpy. */

static TIDE_HOT uint64_t add_long_bytes(const tide_view *views, uint32_t n)
{
    uint64_t bytes = 0;
    for (uint32_t row = 0; row < n; row++)
        bytes += views[row].len > TIDE_VIEW_INLINE_MAX ? views[row].len : 0;
    return bytes;
}

uint64_t tide_views_long_bytes(const tide_col *col, const uint16_t *rows, uint32_t n)
{
    const tide_view *views = col->values;
    if (col->n_data == 0) return 0;
    if (rows == NULL && col->validity == NULL) return add_long_bytes(views, n);
    uint64_t bytes = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = rows ? rows[k] : k;
        bool counts = views[row].len > TIDE_VIEW_INLINE_MAX && tide_col_valid(col, row);
        bytes += counts ? views[row].len : 0;
    }
    return bytes;
}

typedef struct run {
    const uint8_t *from;
    uint32_t buf, begin, end; /* Of the column's buffer `buf`. */
} run;

/* Copies the run to `to`; in pieces of 16 bytes, if it is short, of which up to 15 are too many:
 * every buffer is readable behind its end, and `end` is where the room at `to` ends. */
TIDE_INLINE uint8_t *copy_run(const run *r, uint8_t *to, const uint8_t *end)
{
    uint32_t len = r->end - r->begin;
    if (len > SHORT_COPY_MAX || to + len + 16 > end)
        memcpy(to, r->from + r->begin, len);
    else
        for (uint32_t i = 0; i < len; i += 16) memcpy(to + i, r->from + r->begin + i, 16);
    return to + len;
}

/* A view as two words, in registers: length and prefix; buffer and offset. Fields that are written
 * one by one and then copied as a whole cost more than all the rest. */
typedef struct halves {
    uint64_t low, high;
} halves;
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && offsetof(tide_view, buf) == 8, "");

void tide_views_gather(const tide_col *col, const uint16_t *rows, uint32_t n, tide_view *out,
                       tide_views_heap *heap)
{
    const halves *views = col->values;
    halves *to = (halves *)out;
    uint8_t *at = heap->at;
    run r = { .from = at, .buf = UINT32_MAX };
    for (uint32_t k = 0; k < n; k++) {
        uint32_t row = rows ? rows[k] : k;
        halves v = views[row];
        if (!tide_col_valid(col, row)) v = (halves){ 0 };
        if ((uint32_t)v.low > TIDE_VIEW_INLINE_MAX) {
            uint32_t buf = (uint32_t)v.high, begin = (uint32_t)(v.high >> 32);
            if (buf != r.buf || begin != r.end) {
                at = copy_run(&r, at, heap->end);
                r = (run){ col->data[buf]->data, buf, begin, begin };
            }
            uint32_t offset = heap->offset + (uint32_t)(at - heap->at) + (r.end - r.begin);
            v.high = (uint64_t)offset << 32 | heap->buf;
            r.end += (uint32_t)v.low;
        }
        to[k] = v;
    }
    at = copy_run(&r, at, heap->end);
    tide_assert(at <= heap->end);
    heap->offset += (uint32_t)(at - heap->at);
    heap->at = at;
}
