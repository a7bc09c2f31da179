/* sort_words.c - see sort_words.h. */
#include "worker/op/sort_words.h"

#include <math.h>

#define SIGN ((uint64_t)1 << 63)
#define TEXT_BYTES 7u /* Of a text in one word; */
#define TEXT_MORE 8u  /* in its last byte: there are more. */
#define MICROS_PER_DAY 86400000000LL

/* IEEE order as unsigned integers; NaN above all, and both zeros alike. */
static uint64_t order_of_double(double v)
{
    uint64_t bits;
    if (isnan(v)) return UINT64_MAX;
    if (v == 0) v = 0;
    memcpy(&bits, &v, sizeof bits);
    return bits & SIGN ? ~bits : bits | SIGN;
}

typedef struct halves { /* Of an __int128, which need not be aligned here. */
    uint64_t low, high;
} halves;

static uint64_t half_of(halves v, uint32_t nth)
{
    return nth == 0 ? v.high ^ SIGN : v.low;
}

static halves micros_of(const tide_interval *v)
{
    __int128 micros = ((__int128)v->months * 30 + v->days) * MICROS_PER_DAY + v->micros;
    return (halves){ (uint64_t)micros, (uint64_t)((unsigned __int128)micros >> 64) };
}

static uint64_t text_word(const tide_view *v, tide_buf *const *data, uint32_t nth)
{
    const char *at = tide_view_ptr(v, data) + (size_t)nth * TEXT_BYTES;
    uint32_t left = v->len - nth * TEXT_BYTES;
    uint64_t word = 0;
    if (left > TEXT_BYTES) {
        memcpy(&word, at, sizeof word);
        return (__builtin_bswap64(word) & ~(uint64_t)0xff) | TEXT_MORE;
    }
    memcpy(&word, at, left);
    return __builtin_bswap64(word) | left;
}

#define WORDS(type, expression)                                                                    \
    do {                                                                                           \
        const type *values_ = col->values;                                                         \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            const type *v = &values_[entries[i].row - first];                                      \
            entries[i].word = (uint64_t)(expression) ^ invert;                                     \
        }                                                                                          \
    } while (0)

void tide_sort_words_of(const tide_sort_column *self, const tide_col *col, uint32_t nth,
                        tide_sort_entry *entries, uint32_t n, uint32_t first)
{
    uint64_t invert = self->descending ? UINT64_MAX : 0;
    switch ((tide_type_id)self->type.id) {
    case TIDE_TYPE_BOOLEAN: WORDS(uint8_t, *v); break;
    case TIDE_TYPE_TINYINT: WORDS(int8_t, (int64_t)*v ^ INT64_MIN); break;
    case TIDE_TYPE_SMALLINT: WORDS(int16_t, (int64_t)*v ^ INT64_MIN); break;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: WORDS(int32_t, (int64_t)*v ^ INT64_MIN); break;
    case TIDE_TYPE_BIGINT:
    case TIDE_TYPE_TIME:
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: WORDS(int64_t, *v ^ INT64_MIN); break;
    case TIDE_TYPE_FLOAT: WORDS(float, order_of_double((double)*v)); break;
    case TIDE_TYPE_DOUBLE: WORDS(double, order_of_double(*v)); break;
    case TIDE_TYPE_DECIMAL: WORDS(halves, half_of(*v, nth)); break;
    case TIDE_TYPE_INTERVAL: WORDS(tide_interval, half_of(micros_of(v), nth)); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: WORDS(tide_view, text_word(v, col->data, nth)); break;
    case TIDE_TYPE_NULL:
    case TIDE_TYPE_COUNT: break;
    }
}

void tide_sort_words(const tide_sort_column *self, tide_batch *const *batches, uint32_t nth,
                     tide_sort_entry *entries, uint32_t n)
{
    for (uint32_t from = 0, to; from < n; from = to) {
        uint32_t batch = entries[from].row / TIDE_BATCH_ROWS_MAX;
        for (to = from + 1; to < n && entries[to].row / TIDE_BATCH_ROWS_MAX == batch;) to++;
        tide_sort_words_of(self, batches[batch]->cols[self->column], nth, entries + from, to - from,
                           batch * TIDE_BATCH_ROWS_MAX);
    }
}

/* ---- what texts have in common ---- */

typedef struct text {
    const char *at;
    uint32_t n;
} text;

/* From word number nth on. */
static text text_of(const tide_sort_column *self, tide_batch *const *batches, uint32_t nth,
                    uint32_t row)
{
    const tide_col *col = batches[row / TIDE_BATCH_ROWS_MAX]->cols[self->column];
    text t;
    t.at = tide_col_str(col, row % TIDE_BATCH_ROWS_MAX, &t.n) + (size_t)nth * TEXT_BYTES;
    t.n -= nth * TEXT_BYTES;
    return t;
}

static uint32_t bytes_in_common(const char *a, const char *b, uint32_t n)
{
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t of_a, of_b;
        memcpy(&of_a, a + i, 8);
        memcpy(&of_b, b + i, 8);
        if (of_a != of_b) return i + (uint32_t)__builtin_ctzll(of_a ^ of_b) / 8;
    }
    while (i < n && a[i] == b[i]) i++;
    return i;
}

uint32_t tide_sort_words_in_common(const tide_sort_column *self, tide_batch *const *batches,
                                   uint32_t nth, const tide_sort_entry *entries, uint32_t n,
                                   bool *same)
{
    text first = text_of(self, batches, nth, entries[0].row);
    uint32_t common = first.n;
    *same = true;
    for (uint32_t i = 1; i < n && (*same || common > TEXT_BYTES); i++) {
        text t = text_of(self, batches, nth, entries[i].row);
        common = bytes_in_common(first.at, t.at, common < t.n ? common : t.n);
        *same &= t.n == first.n && common == first.n;
    }
    /* A word whose bytes are the same also tells whether more follow: so one byte more is needed.
     */
    return common > 0 ? (common - 1) / TEXT_BYTES : 0;
}

bool tide_sort_word_is_last(const tide_sort_column *self, uint32_t nth, uint64_t word)
{
    if (tide_type_is_string(self->type))
        return ((self->descending ? ~word : word) & 0xff) != TEXT_MORE;
    return nth > 0 || tide_type_width(self->type) != 16;
}

static int compare_texts(const tide_col *a, uint32_t row_a, const tide_col *b, uint32_t row_b)
{
    uint32_t n_a, n_b;
    const char *at_a = tide_col_str(a, row_a, &n_a), *at_b = tide_col_str(b, row_b, &n_b);
    int order = memcmp(at_a, at_b, n_a < n_b ? n_a : n_b);
    return order != 0 ? order : n_a < n_b ? -1 : n_a > n_b;
}

int tide_sort_compare(const tide_sort_column *self, const tide_col *a, uint32_t row_a,
                      const tide_col *b, uint32_t row_b)
{
    if (tide_type_is_string(self->type)) {
        int order = compare_texts(a, row_a, b, row_b);
        return self->descending ? -order : order;
    }
    for (uint32_t nth = 0;; nth++) {
        tide_sort_entry of_a = { .row = row_a }, of_b = { .row = row_b };
        tide_sort_words_of(self, a, nth, &of_a, 1, 0);
        tide_sort_words_of(self, b, nth, &of_b, 1, 0);
        if (of_a.word != of_b.word) return of_a.word < of_b.word ? -1 : 1;
        if (tide_sort_word_is_last(self, nth, of_a.word)) return 0;
    }
}
