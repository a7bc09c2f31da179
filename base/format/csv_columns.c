/* csv_columns.c - the values of many regular rows, one column after the other,
 * without a call per value for the common types. What a quick reader does not
 * take goes the long way (csv_field_put): it decides. */
#include "base/column/digits.h"
#include "base/column/text.h"
#include "base/format/csv_internal.h"
#include "base/format/csv_kernels.h"
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

/* Puts the texts of rows [r, r + n) where a kernel takes them. */
TIDE_INLINE void gather(const column_run *run, uint32_t r, uint32_t n, csv_texts *to, bool tails)
{
    const uint32_t stride = run->rows->stride;
    const uint32_t *end_at = run->rows->ends + r * stride + run->column->place;
    const char *base = run->rows->base;
    for (uint32_t i = 0; i < n; i++, end_at += stride) {
        uint32_t start = end_at[-1] + 1, end = *end_at;
        uint16_t tail;
        if (run->last && end > start && base[end - 1] == '\r') end--;
        to->texts[i] = tide_load8(base + start);
        to->lens[i] = end - start;
        memcpy(&tail, base + start + 8, 2);
        if (tails) to->tails[i] = tail;
    }
}

/* Runs a kernel over n gathered texts, for rows from `row` on. Returns 0 if all are of its kind. */
static uint64_t run_kernel(const quick_target *to, uint32_t row, uint32_t n, csv_texts *t)
{
    switch (to->spec->type.id) {
    case TIDE_TYPE_INT:
        return csv_integers32(t->texts, t->lens, n, (uint32_t *)to->values + row, t->bad);
    case TIDE_TYPE_BIGINT:
        return csv_integers(t->texts, t->lens, n, (uint64_t *)to->values + row, t->bad);
    case TIDE_TYPE_DATE:
        return csv_dates(t->texts, t->tails, t->lens, n, (int32_t *)to->values + row, t->bad);
    default:
        return csv_decimals(t->texts, t->lens, n, to->scale, to->largest,
                            (uint64_t *)to->values + 2 * (size_t)row, t->bad);
    }
}

/* Rows [0, n) by a kernel, and singly those that it does not take. Same result. */
TIDE_INLINE uint32_t put_by_kernel(const column_run *run, uint32_t n, quick_reader quick)
{
    csv_texts *t = &run->self->texts;
    for (uint32_t r = 0; r < n; r += CSV_TEXTS) {
        uint32_t k = n - r < CSV_TEXTS ? n - r : CSV_TEXTS;
        gather(run, r, k, t, run->to.spec->type.id == TIDE_TYPE_DATE);
        if (run_kernel(&run->to, run->row0 + r, k, t) == 0) continue;
        for (uint32_t i = 0; i < k; i++)
            if (TIDE_UNLIKELY(t->bad[i]) && !put_one(run, r + i, quick)) return r + i;
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
        return rows->ascii ? put_singly(&run, n, quick_ascii) : put_singly(&run, n, quick_utf8);
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
