/* format_priv.h - numbers and times by patterns, to text and back. Pure.
 *
 * Two languages of time patterns: PostgreSQL's (YYYY-MM-DD HH24:MI:SS) and Java's (yyyy-MM-dd
 * HH:mm:ss). */
#ifndef TIDE_BASE_EXPR_FORMAT_PRIV_H
#define TIDE_BASE_EXPR_FORMAT_PRIV_H
#include "base/core/bytes.h"
#include "base/expr/calendar_priv.h"

/* A time in the parts that patterns print. Of an interval, `days` (since 1970) is no date. */
typedef struct tide_parts {
    int64_t year, month, day, hour, minute, second, micros;
    int32_t days;
    bool is_interval, has_zone; /* has_zone: a point in time, shown in UTC. */
} tide_parts;

tide_parts tide_parts_of(int64_t micros, bool has_zone);
tide_parts tide_parts_of_interval(const tide_interval *v);

/* What a pattern read. -1: not given. */
typedef struct tide_read_time {
    int64_t year, month, day, day_of_year, iso_year, iso_week, iso_day, julian;
    int64_t hour, minute, second, micros, second_of_day;
    int64_t offset_minutes; /* Of the zone, east of UTC; INT64_MIN: not given. */
    bool is_pm, is_12_hours;
} tide_read_time;

void tide_print_pg_time(const tide_parts *t, const char *pattern, size_t len, tide_bytes *out);
/* False when the text does not follow the pattern. */
bool tide_read_pg_time(const char *text, size_t len, const char *pattern, size_t pattern_len,
                       tide_read_time *out);
/* False when the pattern has letters that mean nothing. */
bool tide_print_java_time(const tide_parts *t, const char *pattern, size_t len, tide_bytes *out);
bool tide_read_java_time(const char *text, size_t len, const char *pattern, size_t pattern_len,
                         tide_read_time *out);
/* Is a pattern PostgreSQL's rather than Java's? */
bool tide_is_pg_pattern(const char *pattern, size_t len);

void tide_read_time_init(tide_read_time *self);
/* The time that was read; false if there is no such. */
bool tide_read_time_resolve(const tide_read_time *self, int64_t *micros_out);

/* A number by a pattern of PostgreSQL's (999D99, FM0000, S9G999, 9.99EEEE, RN). Text "NaN" and
 * "Infinity" too. */
typedef struct tide_number {
    bool negative;
    const char
        *digits; /* Whole digits without leading zeros ("0" for none), then all fraction digits. */
    uint32_t n_whole, n_fraction;
} tide_number;

/* How many digits the pattern has behind the point (of EEEE too), and by which power of ten V
 * multiplies. False if it is no pattern. */
typedef struct tide_number_shape {
    uint32_t n_whole, n_fraction, power;
    bool exponent, roman;
} tide_number_shape;
bool tide_number_shape_of(const char *pattern, size_t len, tide_number_shape *out);
/* v has exactly shape.n_fraction fraction digits. */
void tide_print_number(const tide_number *v, const char *pattern, size_t len, tide_bytes *out);
/* Digits, sign and point out of text; false if there is no number. scale: of the result. */
bool tide_read_number(const char *text, size_t len, const char *pattern, size_t pattern_len,
                      uint32_t scale, __int128 *out);

#endif
