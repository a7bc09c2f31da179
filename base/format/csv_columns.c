/* csv_columns.c - the values of many regular rows, one column after the other,
 * without a call per value for the common types. What a quick reader does not
 * take goes the long way (csv_field_put): it decides. */
#include "base/column/digits.h"
#include "base/column/text.h"
#include "base/format/csv_internal.h"
#include "base/format/utf8.h"

/* Where a column's values go. A copy on the stack: what a loop needs stays in registers though
 * the values that it stores might, for all that the compiler knows, lie on top of it. */
typedef struct quick_target {
    void *values;
    tide_colb *out;
    const tide_field_spec *spec;
    uint32_t scale;        /* DECIMAL: 1 to 6, */
    uint64_t one, largest; /* 10^scale and the largest magnitude that is quick. */
} quick_target;

static quick_target target_of(const tide_field_spec *spec, tide_colb *out)
{
    quick_target to = {
        .values = out->values, .out = out, .spec = spec, .scale = spec->type.scale
    };
    to.one = tide_pow10_u64[spec->type.scale & 7];
    to.largest = tide_pow10_u64[spec->type.precision < 16 ? spec->type.precision : 16] - 1;
    return to;
}

/* ---- quick readers: false means "not my kind of text" ---- */

/* 1 to 8 digits; reads 8 bytes. */
TIDE_INLINE bool digits8(const char *p, uint32_t len, uint64_t *out)
{
    if (TIDE_UNLIKELY(len - 1 > 7)) return false;
    uint64_t v = tide_load8(p) << (64 - 8 * len);
    v |= UINT64_C(0x3030303030303030) >> 1 >> (8 * len - 1); /* Leading zeros. */
    *out = tide_digits8_value(v);
    return tide_digits8_all(v);
}

TIDE_INLINE bool quick_integer(const char *p, uint32_t len, int64_t *out)
{
    uint64_t high = 0, low;
    bool negative = *p == '-';
    p += negative, len -= negative;
    if (len > 8 && len <= 16) {
        if (!digits8(p, len - 8, &high)) return false;
        p += len - 8, len = 8;
    }
    if (!digits8(p, len, &low)) return false;
    low += high * 100000000u;
    *out = negative ? -(int64_t)low : (int64_t)low;
    return true;
}

TIDE_INLINE bool quick_bigint(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    return quick_integer(p, len, (int64_t *)to->values + row);
}

TIDE_INLINE bool quick_int(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    int64_t v;
    if (!quick_integer(p, len, &v) || v != (int32_t)v) return false;
    ((int32_t *)to->values)[row] = (int32_t)v;
    return true;
}

/* "-123.45" with exactly `scale` digits behind the point, at most 8 in front of it; or without
 * point and fraction. */
TIDE_INLINE bool quick_decimal(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    uint64_t whole, fraction;
    uint32_t scale = to->scale;
    bool negative = *p == '-';
    p += negative, len -= negative;
    if (len < scale + 2 || p[len - scale - 1] != '.') {
        if (!digits8(p, len, &whole)) return false;
        fraction = 0;
    } else if (!digits8(p, len - scale - 1, &whole) ||
               !digits8(p + len - scale, scale, &fraction)) {
        return false;
    }
    uint64_t v = whole * to->one + fraction;
    if (v > to->largest) return false;
    int64_t low = negative ? -(int64_t)v : (int64_t)v;
    /* Two halves: a 16-byte value on its way through the stack would stall the load behind it. */
    int64_t *at = (int64_t *)to->values + 2 * (size_t)row;
    at[0] = low;
    at[1] = low >> 63;
    return true;
}

TIDE_INLINE bool quick_ascii(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    tide_field_put_view(to->out, row, p, len);
    return true;
}

TIDE_INLINE bool quick_utf8(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    if (!tide_utf8_valid(p, len)) return false;
    tide_field_put_view(to->out, row, p, len);
    return true;
}

TIDE_INLINE bool quick_text(const quick_target *to, uint32_t row, const char *p, uint32_t len)
{
    return !tide_type_is_string(to->spec->type) &&
           tide_field_put_text(to->spec, to->out, row, p, len);
}

/* ---- a column ---- */

typedef bool (*quick_reader)(const quick_target *to, uint32_t row, const char *p, uint32_t len);

/* A column of rows on their way into `out`. */
typedef struct column_run {
    csv_decoder *self;
    const csv_column *column;
    const csv_rows *rows;
    quick_target to;
    uint32_t row0; /* Where the first one goes. */
    bool last;     /* A carriage return may end its fields. */
} column_run;

static column_run run_of(csv_decoder *self, const csv_column *column, const csv_rows *rows,
                         tide_colb *out, uint32_t row0)
{
    return (column_run){ .self = self,
                         .column = column,
                         .rows = rows,
                         .row0 = row0,
                         .to = target_of(&column->spec, out),
                         .last = column->place + 1 == rows->n_fields &&
                                 rows->stride == rows->n_fields };
}

/* The text of row r; returns its length. */
TIDE_INLINE uint32_t field_at(const column_run *c, uint32_t r, const char **ptr)
{
    const uint32_t *end_at = c->rows->ends + r * c->rows->stride + c->column->place;
    uint32_t start = end_at[-1] + 1, end = *end_at;
    *ptr = c->rows->base + start;
    if (c->last && end > start && c->rows->base[end - 1] == '\r') end--;
    return end - start;
}

/* A field in quotes, which p[0] and p[len - 1] are. */
TIDE_INLINE bool put_quoted(const column_run *c, uint32_t r, quick_reader quick, const char *p,
                            uint32_t len)
{
    char quote = (char)c->self->options.marks.quote;
    csv_field field = { .ptr = p + 1, .len = len - 2, .quoted = true };
    field.escaped = memchr(field.ptr, quote, field.len) != NULL;
    return (!field.escaped && quick(&c->to, c->row0 + r, field.ptr, len - 2)) ||
           csv_field_put(c->self, c->column, c->to.out, c->row0 + r, &field);
}

/* One value: quickly if it can be. False: it does not convert. */
TIDE_INLINE bool put_one(const column_run *c, uint32_t r, quick_reader quick)
{
    const csv_options *o = &c->self->options;
    const char *p;
    uint32_t len = field_at(c, r, &p);
    if (c->rows->quoted && len && *p == (char)o->marks.quote)
        return put_quoted(c, r, quick, p, len);
    bool null = len == o->null_len && memcmp(p, o->null_literal, len) == 0;
    if (TIDE_LIKELY(!null && quick(&c->to, c->row0 + r, p, len))) return true;
    const csv_field field = { .ptr = p, .len = len };
    return csv_field_put(c->self, c->column, c->to.out, c->row0 + r, &field);
}

/* Rows [0, n) one by one. Returns the first that does not convert, or n. */
TIDE_INLINE uint32_t put_singly(const column_run *run, uint32_t n, quick_reader quick)
{
    const column_run c = *run; /* A copy that no store can lie on top of. */
    for (uint32_t r = 0; r < n; r++)
        if (!put_one(&c, r, quick)) return r;
    return n;
}

/* The texts of rows [r, r + n), as a kernel takes them. */
static csv_texts texts_of(const column_run *run, uint32_t r, uint32_t n)
{
    const csv_rows *rows = run->rows;
    return (csv_texts){ .base = rows->base,
                        .ends = rows->ends + (size_t)r * rows->stride + run->column->place,
                        .stride = rows->stride,
                        .n = n };
}

/* Those of a record's last field, which end in front of a carriage return. pairs: room for 2 n. */
static csv_texts last_texts_of(const column_run *run, uint32_t r, uint32_t n, uint32_t *pairs)
{
    csv_texts texts = texts_of(run, r, n);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t *end_at = texts.ends + (size_t)i * texts.stride;
        uint32_t before = end_at[-1], end = *end_at;
        pairs[2 * i] = before;
        pairs[2 * i + 1] = end - (end > before + 1 && texts.base[end - 1] == '\r');
    }
    return (csv_texts){ texts.base, pairs + 1, 2, n };
}

/* Runs a kernel, for rows from `row` on. Returns 0 if all texts are of its kind. */
static uint32_t run_kernel(const csv_simd *simd, const quick_target *to, uint32_t row,
                           const csv_texts *texts, csv_bad bad)
{
    switch (to->spec->type.id) {
    case TIDE_TYPE_INT: return simd->integers32(texts, (uint32_t *)to->values + row, bad);
    case TIDE_TYPE_BIGINT: return simd->integers(texts, (uint64_t *)to->values + row, bad);
    case TIDE_TYPE_DATE: return simd->dates(texts, (int32_t *)to->values + row, bad);
    default:
        return simd->decimals(texts, to->scale, to->largest,
                              (uint64_t *)to->values + 2 * (size_t)row, bad);
    }
}

/* Rows [0, n) by a kernel, and singly those that it does not take. Same result. */
TIDE_INLINE uint32_t put_by_kernel(const column_run *run, uint32_t n, quick_reader quick)
{
    uint32_t pairs[2 * CSV_TEXTS];
    csv_bad bad;
    for (uint32_t r = 0; r < n; r += CSV_TEXTS) {
        uint32_t k = n - r < CSV_TEXTS ? n - r : CSV_TEXTS;
        csv_texts texts = run->last ? last_texts_of(run, r, k, pairs) : texts_of(run, r, k);
        if (run_kernel(run->self->simd, &run->to, run->row0 + r, &texts, bad) == 0) continue;
        for (uint32_t at = 0; at < k; at += 8)
            for (uint32_t set = bad[at / 8]; set; set &= set - 1) {
                uint32_t i = r + at + (uint32_t)__builtin_ctz(set);
                if (!put_one(run, i, quick)) return i;
            }
    }
    return n;
}

/* The longest text's length; 0 if there is one without any byte. */
static uint32_t longest_of(const csv_texts *texts)
{
    const uint32_t *end = texts->ends;
    uint32_t longest = 0, shortest = UINT32_MAX;
    for (uint32_t i = 0; i < texts->n; i++, end += texts->stride) {
        uint32_t len = *end - end[-1] - 1;
        longest = len > longest ? len : longest;
        shortest = len < shortest ? len : shortest;
    }
    return shortest ? longest : 0;
}

/* Views of texts none of which is NULL, in quotes or too long. */
static void put_views(const column_run *run, uint32_t row, const csv_texts *texts, uint32_t longest)
{
    tide_colb *out = run->to.out;
    bool copied = longest > TIDE_VIEW_INLINE_MAX;
    if (copied) tide_colb_reserve(out, texts->n * CSV_VIEW_BYTES_MAX);
    out->heap_used =
        run->self->simd->views(texts, longest, (tide_view *)run->to.values + row, out->heap,
                               out->heap_used, copied ? out->n_data - 1 : 0);
}

/* Rows [0, n) of a column of strings that need no check: at once where that is possible. Same
 * result. */
static uint32_t put_strings(const column_run *run, uint32_t n)
{
    uint32_t pairs[2 * CSV_TEXTS];
    bool simple = !run->rows->quoted && run->self->options.null_len == 0;
    for (uint32_t r = 0; r < n; r += CSV_TEXTS) {
        uint32_t k = n - r < CSV_TEXTS ? n - r : CSV_TEXTS;
        csv_texts texts = run->last ? last_texts_of(run, r, k, pairs) : texts_of(run, r, k);
        uint32_t longest = simple ? longest_of(&texts) : 0;
        if (longest - 1 < CSV_VIEW_BYTES_MAX) {
            put_views(run, run->row0 + r, &texts, longest);
            continue;
        }
        for (uint32_t i = r; i < r + k; i++)
            if (!put_one(run, i, quick_ascii)) return i;
    }
    return n;
}

/* Could NULL's literal be taken for a number or a date by a kernel, which knows nothing of it? */
static bool null_is_plain(const csv_options *o)
{
    return o->null_len && (uint8_t)(o->null_literal[0] - '0') <= 9;
}

static uint32_t put_typed(csv_decoder *self, const csv_column *column, const csv_rows *rows,
                          uint32_t n, tide_colb *out, uint32_t row0)
{
    const column_run run = run_of(self, column, rows, out, row0);
    const tide_type type = column->spec.type;
    if (type.id == TIDE_TYPE_STRING && !type.precision)
        return rows->ascii ? put_strings(&run, n) : put_singly(&run, n, quick_utf8);
    if (null_is_plain(&self->options)) return put_singly(&run, n, quick_text);
    switch (type.id) {
    case TIDE_TYPE_INT: return put_by_kernel(&run, n, quick_int);
    case TIDE_TYPE_BIGINT: return put_by_kernel(&run, n, quick_bigint);
    case TIDE_TYPE_DATE: return put_by_kernel(&run, n, quick_text);
    case TIDE_TYPE_DECIMAL:
        if (type.scale - 1 > 5) break;
        return put_by_kernel(&run, n, quick_decimal);
    default: break;
    }
    return put_singly(&run, n, quick_text);
}

uint32_t csv_rows_put(csv_decoder *self, const csv_rows *rows, tide_builder *out)
{
    uint32_t n = rows->n;
    for (uint32_t i = 0; i < self->n; i++)
        n = put_typed(self, &self->columns[i], rows, n, &out->cols[i], out->n);
    if (n == rows->n) return n;
    /* NULLs of rows that are given up must not show in those that take their
     * place. */
    for (uint32_t i = 0; i < self->n; i++)
        for (uint32_t r = n; out->cols[i].validity && r < rows->n; r++)
            out->cols[i].validity[(out->n + r) >> 6] |= 1ull << ((out->n + r) & 63);
    return n;
}
