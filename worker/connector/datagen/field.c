/* field.c - one generated column. */
#include "worker/connector/datagen/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/random.h"

#define DAY_US 86400000000ll
#define KEY_MAX 256

const tide_option_def tide_datagen_options[] = {
    { "rows-per-second", "10000", "Pace of all subtasks together; 0: as fast as possible",
      "integer(0..1000000000)" },
    { "number-of-rows", NULL,
      "Rows in total; without it, and without sequences, the table has no end",
      "integer(0..1000000000000000)" },
    { "seed", "1", "The data are the same for the same seed, whatever the parallelism", "integer" },
    { "fields.*.kind", "random", "How the column's values are made", "enum(random|sequence)" },
    { "fields.*.min", NULL, "Smallest random number; the type's smallest unless set", "string" },
    { "fields.*.max", NULL, "Largest random number; the type's largest unless set", "string" },
    { "fields.*.max-past", "0 s", "Random timestamps lie at most so far before the wall clock",
      "duration" },
    { "fields.*.length", "100", "Length of random strings and bytes; at most that of a VARCHAR(n)",
      "integer(1..1000000)" },
    { "fields.*.var-len", "false", "Lengths are random too, from 1", "boolean" },
    { "fields.*.start", NULL, "First value of a sequence", "integer" },
    { "fields.*.end", NULL, "Last value of a sequence; the table ends with the shortest one",
      "integer" },
    { "fields.*.null-rate", "0", "Share of the rows that are NULL", "double(0..1)" },
    { NULL, NULL, NULL, NULL },
};

/* ---- options ---- */

typedef struct option_key {
    char text[KEY_MAX];
} option_key;

static option_key key_of(const tide_table_column *column, const char *name)
{
    option_key key;
    snprintf(key.text, sizeof key.text, "fields.%.200s.%s", column->name, name);
    return key;
}

static bool has(const tide_table *t, const tide_table_column *c, const char *name)
{
    return tide_options_find(t, key_of(c, name).text) != NULL;
}

static int64_t integer(const tide_table *t, const tide_table_column *c, const char *name)
{
    return tide_option_i64(t, tide_datagen_options, key_of(c, name).text);
}

/* The smallest (or largest) integer that a type holds; DECIMAL: up to 18 digits, unscaled. */
static int64_t type_limit(tide_type type, bool largest)
{
    int64_t max = INT64_MAX;
    if (type.id == TIDE_TYPE_TINYINT) max = INT8_MAX;
    if (type.id == TIDE_TYPE_SMALLINT) max = INT16_MAX;
    if (type.id == TIDE_TYPE_INT) max = INT32_MAX;
    if (type.id == TIDE_TYPE_DECIMAL) {
        max = 0;
        for (uint32_t i = type.scale; i < type.precision && i < type.scale + 18u; i++)
            max = max * 10 + 9;
        return largest ? max : -max;
    }
    return largest ? max : -max - 1;
}

static tide_status read_bound(const tide_table *t, const tide_table_column *c, bool largest,
                              tide_datagen_field *out)
{
    const char *name = largest ? "max" : "min";
    const tide_option *given = tide_options_find(t, key_of(c, name).text);
    int64_t *i64 = largest ? &out->max : &out->min;
    double *f64 = largest ? &out->max_f64 : &out->min_f64;
    bool is_float = c->type.id == TIDE_TYPE_FLOAT || c->type.id == TIDE_TYPE_DOUBLE;
    *i64 = type_limit(c->type, largest);
    *f64 = largest ? 1 : 0;
    if (given == NULL) return TIDE_OK;
    size_t n = strlen(given->value);
    bool ok = is_float
                  ? tide_parse_f64(given->value, n, f64)
                  : tide_parse_i64(given->value, n, i64) && *i64 >= type_limit(c->type, false) &&
                        *i64 <= type_limit(c->type, true);
    if (ok && (is_float || tide_type_is_numeric(c->type))) return TIDE_OK;
    char type[TIDE_TYPE_TEXT_MAX];
    return tide_fail(TIDE_E_OPTION, "option '%s' = '%s' is no bound of a column of type %s",
                     given->key, given->value, tide_type_print(c->type, type, sizeof type));
}

static tide_status read_sequence(const tide_table *t, const tide_table_column *c,
                                 tide_datagen_field *out)
{
    if (!tide_type_is_numeric(c->type) && c->type.id != TIDE_TYPE_STRING)
        return tide_fail(TIDE_E_TYPE, "column %s: only numbers and strings can be sequences",
                         c->name);
    if (!has(t, c, "start") || !has(t, c, "end"))
        return tide_fail(TIDE_E_OPTION, "a sequence needs 'fields.%s.start' and 'fields.%s.end'",
                         c->name, c->name);
    out->start = integer(t, c, "start");
    out->end = integer(t, c, "end");
    bool holds = !tide_type_is_integer(c->type) || (out->start >= type_limit(c->type, false) &&
                                                    out->end <= type_limit(c->type, true));
    if (out->start <= out->end && holds) return TIDE_OK;
    return tide_fail(TIDE_E_OPTION, "column %s cannot run from %" PRId64 " to %" PRId64, c->name,
                     out->start, out->end);
}

static bool can_be_random(tide_type type)
{
    return type.id != TIDE_TYPE_INTERVAL && type.id != TIDE_TYPE_NULL;
}

/* What a VARCHAR(n) has room for. */
static tide_status read_length(const tide_table *t, const tide_table_column *c, uint32_t *out)
{
    uint32_t room = c->type.id == TIDE_TYPE_STRING ? c->type.precision : 0;
    *out = (uint32_t)integer(t, c, "length");
    if (room == 0 || *out <= room) return TIDE_OK;
    if (tide_options_find(t, key_of(c, "length").text))
        return tide_fail(TIDE_E_OPTION, "'fields.%s.length' is above the %u of its type", c->name,
                         room);
    *out = room;
    return TIDE_OK;
}

tide_status tide_datagen_field_read(const tide_table *t, const tide_table_column *c,
                                    tide_datagen_field *out)
{
    *out = (tide_datagen_field){ .type = c->type };
    out->key = (uint64_t)tide_option_i64(t, tide_datagen_options, "seed");
    for (const char *p = c->name; *p; p++) out->key = tide_random_mix(out->key ^ (unsigned char)*p);
    out->kind = (tide_field_kind)tide_option_enum(t, tide_datagen_options, key_of(c, "kind").text);
    double null_rate = tide_option_f64(t, tide_datagen_options, key_of(c, "null-rate").text);
    out->null_below = null_rate >= 1 ? UINT64_MAX : (uint64_t)(null_rate * 0x1p64);
    if (out->kind == TIDE_FIELD_SEQUENCE) return read_sequence(t, c, out);
    if (!can_be_random(c->type))
        return tide_fail(TIDE_E_TYPE, "column %s: an INTERVAL cannot be generated", c->name);
    TIDE_TRY(read_bound(t, c, false, out));
    TIDE_TRY(read_bound(t, c, true, out));
    if (out->min > out->max || !(out->min_f64 <= out->max_f64))
        return tide_fail(TIDE_E_OPTION, "'fields.%s.min' is above 'fields.%s.max'", c->name,
                         c->name);
    out->max_past_us = tide_option_us(t, tide_datagen_options, key_of(c, "max-past").text);
    TIDE_TRY(read_length(t, c, &out->length));
    out->variable_length = tide_option_bool(t, tide_datagen_options, key_of(c, "var-len").text);
    return TIDE_OK;
}

uint64_t tide_datagen_field_rows(const tide_datagen_field *self)
{
    if (self->kind == TIDE_FIELD_RANDOM) return UINT64_MAX;
    uint64_t n = (uint64_t)self->end - (uint64_t)self->start;
    return n == UINT64_MAX ? n : n + 1;
}

/* ---- values ---- */

/* min + draw mapped evenly onto max - min + 1 values. */
static int64_t between(int64_t min, int64_t max, uint64_t draw)
{
    unsigned __int128 range = (unsigned __int128)((uint64_t)max - (uint64_t)min) + 1;
    return (int64_t)((uint64_t)min + (uint64_t)(((unsigned __int128)draw * range) >> 64));
}

static int64_t pow10_of(uint32_t digits)
{
    int64_t p = 1;
    while (digits-- > 0) p *= 10;
    return p;
}

static int64_t random_i64(const tide_datagen_field *f, uint64_t draw, int64_t wall_us)
{
    if (f->type.id == TIDE_TYPE_BOOLEAN) return (int64_t)(draw >> 63);
    if (f->type.id == TIDE_TYPE_DATE) return wall_us / DAY_US;
    if (f->type.id == TIDE_TYPE_TIME) return between(0, DAY_US - 1, draw);
    if (!tide_type_is_timestamp(f->type)) return between(f->min, f->max, draw);
    int64_t us = wall_us - between(0, f->max_past_us, draw);
    return us - us % pow10_of(6u - f->type.precision);
}

static void put_text(const tide_datagen_field *f, uint32_t row, uint64_t draw, tide_colb *out)
{
    static const char digits[] = "0123456789abcdef";
    tide_random r;
    tide_random_init(&r, f->key, draw);
    uint32_t len = f->variable_length ? 1 + (uint32_t)tide_random_below(&r, f->length) : f->length;
    char *to = tide_colb_reserve(out, len);
    bool is_bytes = f->type.id == TIDE_TYPE_BYTES;
    for (uint32_t i = 0; i < len;) {
        uint64_t word = tide_random_u64(&r);
        for (uint32_t k = 0; k < 16 && i < len; k++, word >>= 4, i++)
            to[i] = is_bytes ? (char)(word & 0xff) : digits[word & 15];
    }
    tide_colb_commit(out, row, to, len);
}

static void put_number(const tide_datagen_field *f, uint32_t row, int64_t value, tide_colb *out)
{
    tide_value v = { .type = f->type };
    if (f->type.id == TIDE_TYPE_DECIMAL) {
        v.i128 = value;
        for (uint32_t i = 0; i < f->type.scale; i++) v.i128 *= 10;
    } else if (f->type.id == TIDE_TYPE_BOOLEAN) {
        v.boolean = value != 0;
    } else {
        v.i64 = value;
    }
    tide_colb_put_value(out, row, &v);
}

static void put_random(const tide_datagen_field *f, uint32_t row, uint64_t draw, int64_t wall_us,
                       tide_colb *out)
{
    if (tide_type_is_string(f->type)) {
        put_text(f, row, draw, out);
    } else if (f->type.id == TIDE_TYPE_FLOAT || f->type.id == TIDE_TYPE_DOUBLE) {
        double share = (double)(draw >> 11) * 0x1p-53;
        tide_value v = { .type = f->type, .f64 = f->min_f64 + share * (f->max_f64 - f->min_f64) };
        tide_colb_put_value(out, row, &v);
    } else {
        put_number(f, row, random_i64(f, draw, wall_us), out);
    }
}

static void put_sequence(const tide_datagen_field *f, uint32_t row, uint64_t number, tide_colb *out)
{
    int64_t value = (int64_t)((uint64_t)f->start + number);
    if (f->type.id == TIDE_TYPE_STRING) {
        char text[TIDE_TEXT_MAX];
        tide_colb_put_str(out, row, text, tide_print_i64(value, text));
    } else if (f->type.id == TIDE_TYPE_FLOAT || f->type.id == TIDE_TYPE_DOUBLE) {
        tide_value v = { .type = f->type, .f64 = (double)value };
        tide_colb_put_value(out, row, &v);
    } else {
        put_number(f, row, value, out);
    }
}

void tide_datagen_field_fill(const tide_datagen_field *self, const uint64_t *rows, uint32_t n,
                             int64_t wall_us, tide_colb *out)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t draw = tide_random_mix(self->key + rows[i] * 2);
        if (self->null_below && tide_random_mix(self->key + rows[i] * 2 + 1) < self->null_below)
            tide_colb_set_null(out, i);
        else if (self->kind == TIDE_FIELD_SEQUENCE)
            put_sequence(self, i, rows[i], out);
        else
            put_random(self, i, draw, wall_us, out);
    }
}
