/* key.c - columns to canonical keys and back. */
#include "base/column/key.h"

#include <string.h>

#include "base/column/key_priv.h"
#include "base/core/assert.h"

#define SCRATCH_BYTES 16384u
#define DAY_US (INT64_C(86400) * 1000000)
#define CANONICAL_NAN UINT64_C(0x7ff8000000000000)

/* ---- layout ---- */
static uint32_t field_bytes(tide_type t)
{
    if (t.id == TIDE_TYPE_DECIMAL) return 24;
    return t.id == TIDE_TYPE_INTERVAL || tide_type_is_string(t) ? 16 : 8;
}

static tide_key_shape shape_of(const tide_key_spec *spec)
{
    if (spec->n_strs) return TIDE_KEY_STRS;
    if (spec->key_bytes == 8) return TIDE_KEY_WORD;
    return spec->key_bytes == 16 ? TIDE_KEY_PAIR : TIDE_KEY_WORDS;
}

tide_status tide_key_spec_init(tide_key_spec *self, const tide_key_col *cols, uint32_t n,
                               uint32_t n_route)
{
    *self = (tide_key_spec){ 0 };
    if (n == 0 || n_route > n) return tide_fail(TIDE_E_INVALID, "a key needs at least one column");
    if (n > TIDE_KEY_COLS_MAX)
        return tide_fail(TIDE_E_LIMIT, "a key of %u columns; at most %u are possible", n,
                         TIDE_KEY_COLS_MAX);
    self->n = n;
    self->n_route = n_route ? n_route : n;
    bool nullable = false;
    for (uint32_t c = 0; c < n; c++) {
        if (cols[c].type.id == TIDE_TYPE_NULL || cols[c].type.id >= TIDE_TYPE_COUNT)
            return tide_fail(TIDE_E_INVALID, "column %u of a key has no type", c);
        self->cols[c] = cols[c];
        self->at[c] = (uint16_t)self->hash_bytes;
        self->hash_bytes += field_bytes(cols[c].type);
        if (c < self->n_route) self->route_bytes = self->hash_bytes;
        self->n_strs += tide_type_is_string(cols[c].type);
        nullable |= !cols[c].not_null;
    }
    self->key_bytes = self->hash_bytes + (nullable ? 8 : 0);
    self->shape = shape_of(self);
    return TIDE_OK;
}

/* ---- canonical forms ---- */
TIDE_INLINE uint64_t canonical_double(double d)
{
    uint64_t bits;
    d += 0.0; /* -0.0 + 0.0 is 0.0. */
    memcpy(&bits, &d, 8);
    return d != d ? CANONICAL_NAN : bits;
}

static void canonical_decimal(__int128 v, uint32_t scale, uint8_t *to)
{
    while (scale > 0 && (v < INT64_MIN || v > INT64_MAX) && v % 10 == 0) {
        v /= 10;
        scale--;
    }
    if (v >= INT64_MIN && v <= INT64_MAX) { /* 64-bit division costs a tenth. */
        int64_t small = (int64_t)v;
        if (small == 0) scale = 0;
        for (; scale > 0 && small % 10 == 0; scale--) small /= 10;
        v = small;
    }
    int64_t scale_word = scale;
    memcpy(to, &v, 16);
    memcpy(to + 16, &scale_word, 8);
}

static int64_t clamp_to_i32(__int128 v)
{
    return v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : (int64_t)v;
}

/* What does not fit into months stays in days, and so on: every span has one form, and all of
 * them fit. */
static void canonical_interval(tide_interval in, uint8_t *to)
{
    __int128 span = (__int128)in.micros + ((__int128)in.days + (__int128)in.months * 30) * DAY_US;
    tide_interval out;
    out.months = (int32_t)clamp_to_i32(span / (30 * (__int128)DAY_US));
    span -= (__int128)out.months * 30 * DAY_US;
    out.days = (int32_t)clamp_to_i32(span / DAY_US);
    span -= (__int128)out.days * DAY_US;
    out.micros = (int64_t)span;
    memcpy(to, &out, 16);
}

static void canonical_string(const tide_col *col, uint32_t row, uint8_t *to)
{
    const tide_view *v = (const tide_view *)col->values + row;
    tide_key_str s;
    if (v->len <= TIDE_VIEW_INLINE_MAX) {
        memcpy(to, v, 16);
        return;
    }
    s.len = v->len;
    memcpy(s.prefix, v->prefix, 4);
    s.ptr = tide_view_ptr(v, col->data);
    memcpy(to, &s, 16);
}

_Static_assert(offsetof(tide_view, inline_) == offsetof(tide_key_str, prefix),
               "inline strings are copied");

/* One value of a 64-bit field; `id` is constant where this is inlined. */
TIDE_INLINE uint64_t word_of(const void *values, uint32_t row, uint32_t id)
{
    switch (id) {
    case TIDE_TYPE_BOOLEAN: return ((const uint8_t *)values)[row];
    case TIDE_TYPE_TINYINT: return (uint64_t)((const int8_t *)values)[row];
    case TIDE_TYPE_SMALLINT: return (uint64_t)((const int16_t *)values)[row];
    case TIDE_TYPE_INT: return (uint64_t)((const int32_t *)values)[row];
    case TIDE_TYPE_FLOAT: return canonical_double((double)((const float *)values)[row]);
    case TIDE_TYPE_DOUBLE: return canonical_double(((const double *)values)[row]);
    default: return ((const uint64_t *)values)[row];
    }
}

TIDE_INLINE void words_of(const tide_col *col, const uint16_t *sel, uint32_t n, uint8_t *to,
                          size_t stride, uint32_t id)
{
    for (uint32_t k = 0; k < n; k++) {
        uint64_t word = word_of(col->values, sel ? sel[k] : k, id);
        memcpy(to + k * stride, &word, 8);
    }
}

static void encode_words(const tide_col *col, const uint16_t *sel, uint32_t n, uint8_t *to,
                         size_t stride)
{
    switch (col->type.id) {
    case TIDE_TYPE_BOOLEAN: words_of(col, sel, n, to, stride, TIDE_TYPE_BOOLEAN); return;
    case TIDE_TYPE_TINYINT: words_of(col, sel, n, to, stride, TIDE_TYPE_TINYINT); return;
    case TIDE_TYPE_SMALLINT: words_of(col, sel, n, to, stride, TIDE_TYPE_SMALLINT); return;
    case TIDE_TYPE_INT:
    case TIDE_TYPE_DATE: words_of(col, sel, n, to, stride, TIDE_TYPE_INT); return;
    case TIDE_TYPE_FLOAT: words_of(col, sel, n, to, stride, TIDE_TYPE_FLOAT); return;
    case TIDE_TYPE_DOUBLE: words_of(col, sel, n, to, stride, TIDE_TYPE_DOUBLE); return;
    default:
        if (stride == 8 && sel == NULL)
            memcpy(to, col->values, (size_t)n * 8);
        else if (stride == 8)
            words_of(col, sel, n, to, 8, TIDE_TYPE_BIGINT);
        else
            words_of(col, sel, n, to, stride, TIDE_TYPE_BIGINT);
    }
}

/* Fields wider than a word. NULLs are left alone: their values may be anything, views included. */
static void encode_wide(const tide_col *col, const uint16_t *sel, uint32_t n, uint8_t *to,
                        size_t stride)
{
    if (tide_type_is_string(col->type) && col->validity == NULL) {
        for (uint32_t k = 0; k < n; k++) canonical_string(col, sel ? sel[k] : k, to + k * stride);
        return;
    }
    for (uint32_t k = 0; k < n; k++, to += stride) {
        uint32_t row = sel ? sel[k] : k;
        if (!tide_col_valid(col, row)) continue;
        if (col->type.id == TIDE_TYPE_DECIMAL)
            canonical_decimal(((const __int128 *)col->values)[row], col->type.scale, to);
        else if (col->type.id == TIDE_TYPE_INTERVAL)
            canonical_interval(((const tide_interval *)col->values)[row], to);
        else
            canonical_string(col, row, to);
    }
}

/* Zeroes the fields of NULLs and sets their bit in the NULL word, which lies at null_at of each
 * row. Returns the number of NULLs. With null_at SIZE_MAX they are only counted. */
static uint32_t encode_nulls(const tide_col *col, uint32_t c, const uint16_t *sel, uint32_t n,
                             uint8_t *rows, size_t stride, size_t field_at, size_t null_at)
{
    uint32_t n_nulls = 0;
    for (uint32_t k = 0; k < n; k++) {
        if (TIDE_LIKELY(tide_col_valid(col, sel ? sel[k] : k))) continue;
        n_nulls++;
        if (null_at == SIZE_MAX) continue;
        uint8_t *row = rows + k * stride;
        memset(row + field_at, 0, field_bytes(col->type));
        uint64_t nulls;
        memcpy(&nulls, row + null_at, 8);
        nulls |= 1ull << c;
        memcpy(row + null_at, &nulls, 8);
    }
    return n_nulls;
}

static void encode_fields(const tide_col *col, const uint16_t *sel, uint32_t n, uint8_t *to,
                          size_t stride)
{
    if (field_bytes(col->type) == 8)
        encode_words(col, sel, n, to, stride);
    else
        encode_wide(col, sel, n, to, stride);
}

static void clear_words(uint8_t *at, size_t stride, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) memset(at + k * stride, 0, 8);
}

tide_status tide_key_encode_cols(const tide_key_spec *self, const tide_col *const *cols,
                                 const uint16_t *sel, uint32_t n, uint8_t *keys, uint64_t *hash)
{
    size_t stride = self->key_bytes;
    uint32_t n_nulls = 0;
    if (self->key_bytes != self->hash_bytes) clear_words(keys + self->hash_bytes, stride, n);
    for (uint32_t c = 0; c < self->n; c++) {
        encode_fields(cols[c], sel, n, keys + self->at[c], stride);
        if (cols[c]->validity == NULL) continue;
        size_t null_at = self->cols[c].not_null ? SIZE_MAX : self->hash_bytes;
        uint32_t of_it = encode_nulls(cols[c], c, sel, n, keys, stride, self->at[c], null_at);
        n_nulls += of_it;
        if (of_it && self->cols[c].not_null)
            return tide_fail(TIDE_E_DATA, "key column %u is NOT NULL but holds a NULL", c + 1);
    }
    tide_key_hash_rows(self, keys, stride, n_nulls > 0, n, hash);
    return TIDE_OK;
}

/* The columns of a batch that the key names. */
static void pick_columns(const tide_key_spec *self, const tide_batch *batch, const tide_col **cols)
{
    for (uint32_t c = 0; c < self->n; c++) {
        tide_assert(self->cols[c].idx < batch->n_cols);
        cols[c] = batch->cols[self->cols[c].idx];
    }
}

tide_status tide_key_encode(const tide_key_spec *self, const tide_batch *batch, uint8_t *keys,
                            uint64_t *hash)
{
    const tide_col *cols[TIDE_KEY_COLS_MAX];
    pick_columns(self, batch, cols);
    return tide_key_encode_cols(self, cols, batch->sel, batch->n_rows, keys, hash);
}

/* ---- hashes only ---- */
static bool is_plain_word(const tide_col *col)
{
    return field_bytes(col->type) == 8 && tide_type_width(col->type) == 8 &&
           col->type.id != TIDE_TYPE_DOUBLE && col->validity == NULL;
}

/* Rows are encoded piece by piece into a scratch that stays in the first-level cache. `first`
 * counts rows of sel, or physical rows when sel is NULL. */
static void hash_piece(const tide_key_spec *self, const tide_col *const *cols, const uint16_t *sel,
                       uint32_t n, uint8_t *scratch, uint64_t *hash)
{
    size_t stride = self->hash_bytes + 8;
    bool null_word = false;
    for (uint32_t c = 0; c < self->n; c++) null_word |= cols[c]->validity != NULL;
    if (null_word)
        clear_words(scratch + self->hash_bytes, stride, n);
    else if (self->hash_bytes == 8)
        stride = 8;
    for (uint32_t c = 0; c < self->n; c++) {
        encode_fields(cols[c], sel, n, scratch + self->at[c], stride);
        if (cols[c]->validity)
            (void)encode_nulls(cols[c], c, sel, n, scratch, stride, self->at[c], self->hash_bytes);
    }
    tide_key_hash_rows(self, scratch, stride, null_word, n, hash);
}

void tide_key_hash_cols(const tide_key_spec *self, const tide_col *const *cols, const uint16_t *sel,
                        uint32_t n, uint64_t *hash)
{
    if (self->n == 1 && sel == NULL && is_plain_word(cols[0])) {
        tide_key_hash_words(cols[0]->values, n, hash);
        return;
    }
    uint8_t scratch[SCRATCH_BYTES] TIDE_ALIGNED(16);
    uint16_t piece_sel[SCRATCH_BYTES / 16];
    uint32_t rows_max = SCRATCH_BYTES / (self->hash_bytes + 8);
    for (uint32_t done = 0, m; done < n; done += m) {
        m = n - done < rows_max ? n - done : rows_max;
        for (uint32_t k = 0; k < m; k++) piece_sel[k] = (uint16_t)(sel ? sel[done + k] : done + k);
        hash_piece(self, cols, piece_sel, m, scratch, hash + done);
    }
}

void tide_key_hash(const tide_key_spec *self, const tide_batch *batch, uint64_t *hash)
{
    const tide_col *cols[TIDE_KEY_COLS_MAX];
    pick_columns(self, batch, cols);
    tide_key_hash_cols(self, cols, batch->sel, batch->n_rows, hash);
}

/* ---- encoded keys ---- */
bool tide_key_equal(const tide_key_spec *self, const uint8_t *a, const uint8_t *b)
{
    if (self->shape != TIDE_KEY_STRS) return memcmp(a, b, self->key_bytes) == 0;
    if (memcmp(a + self->hash_bytes, b + self->hash_bytes, self->key_bytes - self->hash_bytes))
        return false;
    for (uint32_t c = 0; c < self->n; c++) {
        const uint8_t *x = a + self->at[c], *y = b + self->at[c];
        if (!tide_type_is_string(self->cols[c].type)) {
            if (memcmp(x, y, field_bytes(self->cols[c].type))) return false;
            continue;
        }
        tide_key_str s, t;
        memcpy(&s, x, sizeof s);
        memcpy(&t, y, sizeof t);
        if (s.len != t.len || memcmp(s.prefix, t.prefix, 4)) return false;
        bool inside = s.len <= TIDE_VIEW_INLINE_MAX;
        if (memcmp(inside ? s.rest : s.ptr, inside ? t.rest : t.ptr, inside ? 8 : s.len))
            return false;
    }
    return true;
}

/* The digits of a canonical decimal at the column's own scale. */
static __int128 decimal_at_scale(const uint8_t *field, uint32_t scale)
{
    unsigned __int128 v;
    int64_t from;
    memcpy(&v, field, 16);
    memcpy(&from, field + 16, 8);
    for (int64_t s = from < 0 ? 0 : from; s < scale; s++) v *= 10;
    return (__int128)v;
}

tide_value tide_key_value(const tide_key_spec *self, uint32_t col, const uint8_t *key)
{
    tide_type type = self->cols[col].type;
    const uint8_t *field = key + self->at[col];
    tide_value value = { .type = type, .is_null = tide_key_is_null(self, key, col) };
    if (value.is_null) return value;
    switch (type.id) {
    case TIDE_TYPE_BOOLEAN: value.boolean = *(const uint64_t *)(const void *)field != 0; break;
    case TIDE_TYPE_FLOAT:
    case TIDE_TYPE_DOUBLE: memcpy(&value.f64, field, 8); break;
    case TIDE_TYPE_DECIMAL: value.i128 = decimal_at_scale(field, type.scale); break;
    case TIDE_TYPE_INTERVAL: memcpy(&value.interval, field, 16); break;
    case TIDE_TYPE_STRING:
    case TIDE_TYPE_BYTES: {
        const tide_key_str *s = (const tide_key_str *)(const void *)field;
        value.str.ptr = tide_key_str_ptr(s);
        value.str.len = s->len;
        break;
    }
    default: memcpy(&value.i64, field, 8);
    }
    return value;
}

TIDE_INLINE void decode_words(const uint8_t *const *keys, uint32_t at, uint32_t n, uint8_t *to,
                              uint32_t width)
{
    for (uint32_t i = 0; i < n; i++) memcpy(to + (size_t)i * width, keys[i] + at, width);
}

static void decode_fixed(const tide_key_spec *self, uint32_t col, const uint8_t *const *keys,
                         uint32_t n, tide_colb *out, uint32_t first)
{
    uint32_t at = self->at[col];
    tide_type type = self->cols[col].type;
    uint32_t width = tide_type_width(type);
    uint8_t *to = (uint8_t *)out->values + (size_t)first * width;
    if (type.id == TIDE_TYPE_FLOAT) {
        for (uint32_t i = 0; i < n; i++)
            ((float *)(void *)to)[i] = (float)*(const double *)(const void *)(keys[i] + at);
    } else if (type.id == TIDE_TYPE_DECIMAL) {
        for (uint32_t i = 0; i < n; i++)
            ((__int128 *)(void *)to)[i] = decimal_at_scale(keys[i] + at, type.scale);
    } else if (width == 8) {
        decode_words(keys, at, n, to, 8);
    } else if (width == 4) {
        decode_words(keys, at, n, to, 4);
    } else { /* Integers keep their low bytes: a narrower one is a prefix of its field. */
        decode_words(keys, at, n, to, width);
    }
}

void tide_key_decode(const tide_key_spec *self, uint32_t col, const uint8_t *const *keys,
                     uint32_t n, tide_colb *out, uint32_t first)
{
    tide_assert(out->type.id == self->cols[col].type.id);
    bool nullable = !self->cols[col].not_null;
    if (tide_type_is_string(self->cols[col].type)) {
        for (uint32_t i = 0; i < n; i++) {
            if (nullable && tide_key_is_null(self, keys[i], col)) continue;
            const tide_key_str *s = (const tide_key_str *)(const void *)(keys[i] + self->at[col]);
            tide_colb_put_str(out, first + i, tide_key_str_ptr(s), s->len);
        }
    } else {
        decode_fixed(self, col, keys, n, out, first);
    }
    for (uint32_t i = 0; nullable && i < n; i++)
        if (tide_key_is_null(self, keys[i], col)) tide_colb_set_null(out, first + i);
}
