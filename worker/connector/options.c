/* options.c - reading and checking option values by the tables that document them. */
#include "worker/connector/options.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/units.h"

const tide_option_def tide_options_common[] = {
    { "connector", TIDE_OPTION_REQUIRED, "Where the table's rows come from or go to", "string" },
    { "on-error", "fail", "What a malformed record does: fail the job, or be skipped and counted",
      "enum(fail|skip)" },
    { "source.idle-timeout", NULL,
      "A partition at its end that stays silent for this long no longer holds back watermarks; "
      "unset: the job's setting",
      "duration" },
    { NULL, NULL, NULL, NULL },
};

/* A value of any option type; the type says which member. */
typedef union option_value {
    bool boolean;
    int64_t i64; /* Also durations and timestamps, in microseconds. */
    double f64;
    uint64_t bytes;
    int32_t word;
} option_value;

const tide_option *tide_options_find(const tide_table *table, const char *key)
{
    for (uint32_t i = 0; i < table->n_options; i++)
        if (strcmp(table->options[i].key, key) == 0) return &table->options[i];
    return NULL;
}

/* One '*' at most. */
static bool matches(const char *pattern, const char *key)
{
    const char *star = strchr(pattern, '*');
    if (star == NULL) return strcmp(pattern, key) == 0;
    size_t n_head = (size_t)(star - pattern), n_tail = strlen(star + 1), n = strlen(key);
    return n > n_head + n_tail && memcmp(pattern, key, n_head) == 0 &&
           strcmp(key + n - n_tail, star + 1) == 0;
}

const tide_option_def *tide_option_def_find(const tide_option_def *defs, const char *key)
{
    const tide_option_def *by_pattern = NULL;
    for (const tide_option_def *d = defs; d && d->key; d++) {
        if (strcmp(d->key, key) == 0) return d;
        if (by_pattern == NULL && matches(d->key, key)) by_pattern = d;
    }
    return by_pattern;
}

/* Is the row's type `name`, with or without parameters? *params gets what follows "name(". */
static bool type_is(const tide_option_def *def, const char *name, const char **params)
{
    size_t n = strlen(name);
    if (strncmp(def->type, name, n) != 0) return false;
    *params = def->type[n] == '(' ? def->type + n + 1 : NULL;
    return def->type[n] == '\0' || def->type[n] == '(';
}

static tide_status parse_integer(const char *value, const char *range, option_value *out)
{
    if (!tide_parse_i64(value, strlen(value), &out->i64))
        return tide_fail(TIDE_E_OPTION, "expected an integer");
    if (range == NULL) return TIDE_OK;
    int64_t min = strtoll(range, NULL, 10), max = strtoll(strstr(range, "..") + 2, NULL, 10);
    if (out->i64 < min || out->i64 > max)
        return tide_fail(TIDE_E_OPTION, "expected an integer from %" PRId64 " to %" PRId64, min,
                         max);
    return TIDE_OK;
}

static tide_status parse_double(const char *value, const char *range, option_value *out)
{
    if (!tide_parse_f64(value, strlen(value), &out->f64))
        return tide_fail(TIDE_E_OPTION, "expected a number");
    if (range == NULL) return TIDE_OK;
    double min = strtod(range, NULL), max = strtod(strstr(range, "..") + 2, NULL);
    if (!(out->f64 >= min && out->f64 <= max)) /* Also refuses NaN. */
        return tide_fail(TIDE_E_OPTION, "expected a number from %g to %g", min, max);
    return TIDE_OK;
}

static tide_status parse_word(const char *value, const char *words, option_value *out)
{
    size_t n = strlen(value);
    out->word = 0;
    for (const char *w = words; *w != '\0'; out->word++) {
        size_t len = strcspn(w, "|)");
        if (len == n && memcmp(w, value, n) == 0) return TIDE_OK;
        if (w[len] == ')') break;
        w += len + 1;
    }
    return tide_fail(TIDE_E_OPTION, "expected one of %.*s", (int)strcspn(words, ")"), words);
}

static tide_status parse(const tide_option_def *def, const char *value, option_value *out)
{
    const char *params;
    if (type_is(def, "boolean", &params)) {
        if (!tide_parse_bool(value, strlen(value), &out->boolean))
            return tide_fail(TIDE_E_OPTION, "expected true or false");
        return TIDE_OK;
    }
    if (type_is(def, "integer", &params)) return parse_integer(value, params, out);
    if (type_is(def, "double", &params)) return parse_double(value, params, out);
    if (type_is(def, "duration", &params)) return tide_duration_parse(value, &out->i64);
    if (type_is(def, "size", &params)) return tide_size_parse(value, &out->bytes);
    if (type_is(def, "enum", &params)) return parse_word(value, params, out);
    if (type_is(def, "timestamp", &params)) {
        if (!tide_parse_timestamp(value, strlen(value), &out->i64, NULL))
            return tide_fail(TIDE_E_OPTION, "expected a timestamp like 2024-01-01 00:00:00");
        return TIDE_OK;
    }
    return TIDE_OK; /* "string" takes anything. */
}

tide_status tide_option_check(const tide_option_def *def, const char *key, const char *value)
{
    option_value ignored;
    tide_status rv = parse(def, value, &ignored);
    if (rv != TIDE_OK) return tide_because(rv, "option '%s' = '%s'", key, value);
    return TIDE_OK;
}

const char *tide_option_str(const tide_table *table, const tide_option_def *defs, const char *key)
{
    const tide_option *given = tide_options_find(table, key);
    if (given) return given->value;
    const tide_option_def *def = tide_option_def_find(defs, key);
    tide_assert(def != NULL);
    return def->default_value;
}

bool tide_option_has(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return tide_option_str(table, defs, key) != NULL;
}

static option_value value_of(const tide_table *table, const tide_option_def *defs, const char *key)
{
    option_value v = { 0 };
    const tide_option_def *def = tide_option_def_find(defs, key);
    const char *text = tide_option_str(table, defs, key);
    tide_assert(text != NULL);
    tide_status rv = parse(def, text, &v);
    tide_assert(rv == TIDE_OK); /* tide_connector_of has checked it. */
    return v;
}

bool tide_option_bool(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).boolean;
}

int64_t tide_option_i64(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).i64;
}

double tide_option_f64(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).f64;
}

int64_t tide_option_us(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).i64;
}

uint64_t tide_option_bytes(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).bytes;
}

int64_t tide_option_timestamp(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return value_of(table, defs, key).i64;
}

int32_t tide_option_enum(const tide_table *table, const tide_option_def *defs, const char *key)
{
    return tide_option_has(table, defs, key) ? value_of(table, defs, key).word : -1;
}

tide_on_error tide_table_on_error(const tide_table *table)
{
    return tide_option_enum(table, tide_options_common, "on-error") == 1 ? TIDE_ON_ERROR_SKIP
                                                                         : TIDE_ON_ERROR_FAIL;
}

/* The format option that a table key stands for: 'json.x' or '<role>.json.x' gives the row of
 * the format's table for "json.x" or, if the table leaves the prefix out, "x". NULL: another
 * kind of key. */
static const tide_option_def *format_option(const tide_format *format, const char *role,
                                            const char *key)
{
    size_t n_role = strlen(role), n_name = strlen(format->name);
    if (strncmp(key, role, n_role) == 0 && key[n_role] == '.') key += n_role + 1;
    if (strncmp(key, format->name, n_name) != 0 || key[n_name] != '.') return NULL;
    const tide_option_def *def = tide_option_def_find(format->options, key);
    return def ? def : tide_option_def_find(format->options, key + n_name + 1);
}

tide_status tide_table_format_of(const tide_table *table, const char *role, tide_arena *arena,
                                 tide_table_format *out)
{
    *out = (tide_table_format){ 0 };
    const char *key = tide_arena_printf(arena, "%s.format", role);
    const tide_option *name = tide_options_find(table, key);
    if (name == NULL && strcmp(role, "value") == 0) name = tide_options_find(table, "format");
    if (name == NULL) return TIDE_OK;
    out->format = tide_format_find(name->value);
    if (out->format == NULL)
        return tide_fail(TIDE_E_OPTION, "option '%s' = '%s': no such format; there are %s",
                         name->key, name->value, tide_format_names());
    tide_format_option *list = NULL;
    uint32_t n = 0, cap = 0;
    for (uint32_t i = 0; i < table->n_options; i++) {
        const tide_option_def *def = format_option(out->format, role, table->options[i].key);
        if (def == NULL) continue;
        tide_format_option option = { .key = def->key, .value = table->options[i].value };
        TIDE_PUSH(arena, list, n, cap, option);
    }
    out->options = list;
    out->n_options = n;
    return TIDE_OK;
}
