/* options.h - what a table's WITH (...) says, read by the documented option tables.
 *
 * A row of such a table (tide_option_def, base/format/format.h) is checked once, by
 * tide_connector_of; afterwards the getters below cannot fail and return the table's value or
 * the row's default. Types: "string", "boolean", "integer" or "integer(min..max)", "double" or
 * "double(min..max)", "duration" ("10 s"), "size" ("64 kb"), "timestamp" ("2024-01-01
 * 00:00:00"), "enum(a|b|c)". A key may hold '*', which stands for one or more characters
 * ("fields.*.kind", "properties.*"). Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_OPTIONS_H
#define TIDE_WORKER_CONNECTOR_OPTIONS_H
#include "base/core/arena.h"
#include "base/format/format.h"
#include "jobapi/plan/table.h"
#include "worker/op/op.h"

/* The default_value of an option that must be given; NULL: may be absent, and then has no value. */
#define TIDE_OPTION_REQUIRED "(required)"

/* Options that every table may have: connector, format, on-error, source.idle-timeout. */
extern const tide_option_def tide_options_common[];

/* The option as written, or NULL. Keys are compared exactly. */
const tide_option *tide_options_find(const tide_table *table, const char *key);
/* The row of defs for `key` (exactly, else by pattern), or NULL. */
const tide_option_def *tide_option_def_find(const tide_option_def *defs, const char *key);
/* Is `value` one of the row's type? TIDE_E_OPTION with what was expected; does not name the
 * table. */
TIDE_MUST_CHECK tide_status tide_option_check(const tide_option_def *def, const char *key,
                                              const char *value);

/* Getters for checked tables. `key` must match a row of defs. */
const char *tide_option_str(const tide_table *table, const tide_option_def *defs, const char *key);
bool tide_option_bool(const tide_table *table, const tide_option_def *defs, const char *key);
int64_t tide_option_i64(const tide_table *table, const tide_option_def *defs, const char *key);
double tide_option_f64(const tide_table *table, const tide_option_def *defs, const char *key);
int64_t tide_option_us(const tide_table *table, const tide_option_def *defs, const char *key);
uint64_t tide_option_bytes(const tide_table *table, const tide_option_def *defs, const char *key);
/* Microseconds since 1970 of a "timestamp". */
int64_t tide_option_timestamp(const tide_table *table, const tide_option_def *defs,
                              const char *key);
/* Which word of the row's "enum(a|b|c)", from 0; -1: absent and without default. */
int32_t tide_option_enum(const tide_table *table, const tide_option_def *defs, const char *key);
/* Is there a value, given or by default? */
bool tide_option_has(const tide_table *table, const tide_option_def *defs, const char *key);

/* 'on-error' of the table; TIDE_ON_ERROR_FAIL unless it says skip. */
tide_on_error tide_table_on_error(const tide_table *table);

/* A table's record format with its options, for `role` "value" or "key": the option
 * 'value.format' (or 'key.format'), for "value" also plain 'format'; options 'json.x', and
 * 'value.json.x' before them. Keys are spelled as in the format's own table. Arrays live in the
 * arena. */
typedef struct tide_table_format {
    const tide_format *format; /* NULL: the table names none. */
    const tide_format_option *options;
    uint32_t n_options;
} tide_table_format;
TIDE_MUST_CHECK tide_status tide_table_format_of(const tide_table *table, const char *role,
                                                 tide_arena *arena, tide_table_format *out);

#endif
