/* type.c - widths, names and the parser of type names. */
#include "base/column/type.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/core/assert.h"
#include "base/core/nearest.h"

typedef struct type_row {
    const char *name;
    uint32_t width;
} type_row;

static const type_row rows[TIDE_TYPE_COUNT] = {
    [TIDE_TYPE_NULL] = { "NULL", 1 },
    [TIDE_TYPE_BOOLEAN] = { "BOOLEAN", 1 },
    [TIDE_TYPE_TINYINT] = { "TINYINT", 1 },
    [TIDE_TYPE_SMALLINT] = { "SMALLINT", 2 },
    [TIDE_TYPE_INT] = { "INT", 4 },
    [TIDE_TYPE_BIGINT] = { "BIGINT", 8 },
    [TIDE_TYPE_FLOAT] = { "FLOAT", 4 },
    [TIDE_TYPE_DOUBLE] = { "DOUBLE", 8 },
    [TIDE_TYPE_DECIMAL] = { "DECIMAL", 16 },
    [TIDE_TYPE_STRING] = { "STRING", 16 },
    [TIDE_TYPE_BYTES] = { "BYTES", 16 },
    [TIDE_TYPE_DATE] = { "DATE", 4 },
    [TIDE_TYPE_TIME] = { "TIME", 8 },
    [TIDE_TYPE_TIMESTAMP] = { "TIMESTAMP", 8 },
    [TIDE_TYPE_TIMESTAMP_LTZ] = { "TIMESTAMP_LTZ", 8 },
    [TIDE_TYPE_INTERVAL] = { "INTERVAL", 16 },
};

/* Spellings in upper case, blanks collapsed to one. */
static const struct {
    const char *spelling;
    tide_type_id id;
} spellings[] = {
    { "BOOLEAN", TIDE_TYPE_BOOLEAN },
    { "BOOL", TIDE_TYPE_BOOLEAN },
    { "TINYINT", TIDE_TYPE_TINYINT },
    { "SMALLINT", TIDE_TYPE_SMALLINT },
    { "INT2", TIDE_TYPE_SMALLINT },
    { "INT", TIDE_TYPE_INT },
    { "INTEGER", TIDE_TYPE_INT },
    { "INT4", TIDE_TYPE_INT },
    { "BIGINT", TIDE_TYPE_BIGINT },
    { "INT8", TIDE_TYPE_BIGINT },
    { "FLOAT", TIDE_TYPE_FLOAT },
    { "REAL", TIDE_TYPE_FLOAT },
    { "FLOAT4", TIDE_TYPE_FLOAT },
    { "DOUBLE", TIDE_TYPE_DOUBLE },
    { "DOUBLE PRECISION", TIDE_TYPE_DOUBLE },
    { "FLOAT8", TIDE_TYPE_DOUBLE },
    { "DECIMAL", TIDE_TYPE_DECIMAL },
    { "NUMERIC", TIDE_TYPE_DECIMAL },
    { "DEC", TIDE_TYPE_DECIMAL },
    { "STRING", TIDE_TYPE_STRING },
    { "VARCHAR", TIDE_TYPE_STRING },
    { "TEXT", TIDE_TYPE_STRING },
    { "CHARACTER VARYING", TIDE_TYPE_STRING },
    { "BYTES", TIDE_TYPE_BYTES },
    { "BYTEA", TIDE_TYPE_BYTES },
    { "VARBINARY", TIDE_TYPE_BYTES },
    { "DATE", TIDE_TYPE_DATE },
    { "TIME", TIDE_TYPE_TIME },
    { "TIME WITHOUT TIME ZONE", TIDE_TYPE_TIME },
    { "TIMESTAMP", TIDE_TYPE_TIMESTAMP },
    { "TIMESTAMP WITHOUT TIME ZONE", TIDE_TYPE_TIMESTAMP },
    { "TIMESTAMP_LTZ", TIDE_TYPE_TIMESTAMP_LTZ },
    { "TIMESTAMPTZ", TIDE_TYPE_TIMESTAMP_LTZ },
    { "TIMESTAMP WITH TIME ZONE", TIDE_TYPE_TIMESTAMP_LTZ },
    { "TIMESTAMP WITH LOCAL TIME ZONE", TIDE_TYPE_TIMESTAMP_LTZ },
    { "INTERVAL", TIDE_TYPE_INTERVAL },
};

uint32_t tide_type_width(tide_type t)
{
    tide_assert(t.id < TIDE_TYPE_COUNT);
    return rows[t.id].width;
}

char *tide_type_print(tide_type t, char *buf, size_t cap)
{
    tide_assert(t.id < TIDE_TYPE_COUNT);
    const char *name = rows[t.id].name;
    if (t.id == TIDE_TYPE_DECIMAL)
        snprintf(buf, cap, "DECIMAL(%u, %u)", t.precision, t.scale);
    else if (t.id == TIDE_TYPE_STRING && t.precision)
        snprintf(buf, cap, "VARCHAR(%u)", t.precision);
    else if (tide_type_is_timestamp(t))
        snprintf(buf, cap, "%s(%u)", name, t.precision);
    else
        snprintf(buf, cap, "%s", name);
    return buf;
}

/* The parts of a type's text: its words without arguments, and up to two arguments. */
typedef struct type_text {
    char words[TIDE_TYPE_TEXT_MAX];
    uint32_t n_args;
    long args[2];
} type_text;

static bool read_args(const char **at_p, type_text *out)
{
    const char *at = *at_p + 1; /* Behind the parenthesis. */
    for (;;) {
        char *end;
        if (out->n_args == 2) return false;
        out->args[out->n_args++] = strtol(at, &end, 10);
        if (end == at) return false;
        at = end;
        while (*at == ' ') at++;
        if (*at == ')') break;
        if (*at != ',') return false;
        at++;
    }
    *at_p = at + 1;
    return true;
}

static bool split_text(const char *text, type_text *out)
{
    *out = (type_text){ 0 };
    size_t n = 0;
    for (const char *at = text; *at;) {
        if (*at == '(') {
            if (out->n_args || !read_args(&at, out)) return false;
            continue;
        }
        bool blank = isspace((unsigned char)*at);
        if (!(blank && (n == 0 || out->words[n - 1] == ' '))) {
            if (n + 1 >= sizeof out->words) return false;
            out->words[n++] = blank ? ' ' : (char)toupper((unsigned char)*at);
        }
        at++;
    }
    while (n && out->words[n - 1] == ' ') n--;
    out->words[n] = '\0';
    return n > 0;
}

static tide_status with_decimal_args(const char *text, const type_text *parts, tide_type *out)
{
    long p = parts->n_args > 0 ? parts->args[0] : TIDE_DECIMAL_PRECISION_MAX;
    long s = parts->n_args > 1 ? parts->args[1] : (parts->n_args ? 0 : 18);
    if (p < 1 || p > TIDE_DECIMAL_PRECISION_MAX)
        return tide_fail(TIDE_E_TYPE, "%s: the precision of a DECIMAL is 1 to 38", text);
    if (s < 0 || s > p)
        return tide_fail(TIDE_E_TYPE, "%s: the scale of a DECIMAL is 0 to its precision", text);
    *out = tide_type_decimal((uint16_t)p, (uint8_t)s);
    return TIDE_OK;
}

static tide_status with_args(const char *text, tide_type_id id, const type_text *parts,
                             tide_type *out)
{
    if (id == TIDE_TYPE_DECIMAL) return with_decimal_args(text, parts, out);
    *out = tide_type_of(id);
    if (parts->n_args == 0) return TIDE_OK;
    if (parts->n_args > 1) return tide_fail(TIDE_E_TYPE, "%s: one argument at most", text);
    long arg = parts->args[0];
    if (tide_type_is_timestamp(*out) || id == TIDE_TYPE_TIME) {
        if (arg < 0 || arg > 6)
            return tide_fail(TIDE_E_TYPE, "%s: the precision is 0 to 6 (microseconds)", text);
        out->precision = (uint16_t)arg;
        return TIDE_OK;
    }
    if (id == TIDE_TYPE_STRING || id == TIDE_TYPE_BYTES) {
        if (arg < 1) return tide_fail(TIDE_E_TYPE, "%s: the length is at least 1", text);
        /* Flink writes VARCHAR(2147483647) for STRING; lengths that do not fit mean no limit. */
        out->precision = id == TIDE_TYPE_STRING && arg <= UINT16_MAX ? (uint16_t)arg : 0;
        return TIDE_OK;
    }
    return tide_fail(TIDE_E_TYPE, "%s: %s takes no argument", text, rows[id].name);
}

tide_status tide_type_parse(const char *text, tide_type *out)
{
    type_text parts;
    if (!split_text(text, &parts))
        return tide_fail(TIDE_E_TYPE, "cannot read the type \"%s\"", text);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (strcmp(parts.words, spellings[i].spelling) == 0)
            return with_args(text, spellings[i].id, &parts, out);
    tide_nearest near;
    tide_nearest_init(&near, parts.words);
    /* Of equally near ones the usual name: INT rather than INT2. */
    for (size_t i = TIDE_TYPE_NULL + 1; i < TIDE_TYPE_COUNT; i++)
        tide_nearest_try(&near, rows[i].name);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        tide_nearest_try(&near, spellings[i].spelling);
    const char *best = tide_nearest_best(&near);
    return best ? tide_fail(TIDE_E_TYPE, "unknown type \"%s\", did you mean %s?", text, best)
                : tide_fail(TIDE_E_TYPE, "unknown type \"%s\"", text);
}
