/* format_priv.h - numbers and times by patterns, to text and back. Pure.
 *
 * Two languages of time patterns: PostgreSQL's (YYYY-MM-DD HH24:MI:SS) and Java's (yyyy-MM-dd
 * HH:mm:ss). A pattern is taken apart once, into pieces that then print or read any value. */
#ifndef TIDE_BASE_EXPR_FORMAT_PRIV_H
#define TIDE_BASE_EXPR_FORMAT_PRIV_H
#include "base/core/bytes.h"
#include "base/expr/calendar_priv.h"

TIDE_INLINE bool tide_is_digit(char ch)
{
    return (uint8_t)(ch - '0') < 10;
}
TIDE_INLINE bool tide_is_space(char ch)
{
    return ch == ' ' || (uint8_t)(ch - '\t') < 5;
}

/* One piece of a pattern: a field, or a byte that stands for itself. */
typedef struct tide_piece {
    uint8_t id;      /* Which field, of the language's own. */
    uint8_t letters; /* The case of its words, of the language's own. */
    char byte;       /* A literal's; of number fields the first of the pattern. */
    bool fill;       /* FM: no blanks or zeros in front. */
    bool th, th_lower;
    bool quoted;
    bool number_follows; /* A number at once behind it: it takes only its own width. */
    uint32_t n;          /* How often Java's letter is repeated. */
} tide_piece;

/* What a whole pattern for numbers asks for. */
typedef struct tide_number_shape {
    uint32_t n_whole, n_fraction, power; /* Digit places before and behind the point; behind V. */
    uint32_t first_zero, last_zero; /* Digit places of the first and last '0'; UINT32_MAX: none. */
    bool fill, has_point, sign_first, sign_last, angles, exponent, roman, lower, own_sign;
} tide_number_shape;

/* A pattern taken apart. Zero-initialise before the first use; it can be used again. */
typedef struct tide_pattern {
    tide_piece *pieces;
    uint32_t n, cap;
    size_t bytes_max;  /* Of what it prints. */
    bool is_java, bad; /* bad: nothing can be printed by it. */
    tide_number_shape number;
} tide_pattern;

void tide_pattern_fini(tide_pattern *self);
void tide_pattern_pg_time(tide_pattern *self, const char *text, size_t len);
void tide_pattern_java_time(tide_pattern *self, const char *text, size_t len);
/* For numbers (999D99, FM0000, S9G999, 9.99EEEE, RN). */
void tide_pattern_number(tide_pattern *self, const char *text, size_t len);
/* Is a pattern PostgreSQL's rather than Java's? */
bool tide_is_pg_pattern(const char *text, size_t len);

/* A time in the parts that patterns print. Of an interval, `days` (since 1970) is no date. */
typedef struct tide_parts {
    int64_t year, month, day, hour, minute, second, micros;
    int32_t days;
    bool is_interval, has_zone; /* has_zone: a point in time, shown in UTC. */
} tide_parts;

/* Begin with zeros: what is there of another time of the same day stays. */
void tide_parts_set(tide_parts *self, int64_t micros, bool has_zone);
tide_parts tide_parts_of_interval(const tide_interval *v);

/* What a pattern read. -1: not given. */
typedef struct tide_read_time {
    int64_t year, month, day, day_of_year, iso_year, iso_week, iso_day, julian;
    int64_t hour, minute, second, micros, second_of_day;
    int64_t offset_minutes; /* Of the zone, east of UTC; INT64_MIN: not given. */
    bool is_pm, is_12_hours;
} tide_read_time;

void tide_print_pg_time(const tide_parts *t, const tide_pattern *pattern, tide_bytes *out);
/* Not by a bad pattern, one with letters that mean nothing. */
void tide_print_java_time(const tide_parts *t, const tide_pattern *pattern, tide_bytes *out);
/* False when the text does not follow the pattern. */
bool tide_read_pg_time(const char *text, size_t len, const tide_pattern *pattern,
                       tide_read_time *out);
bool tide_read_java_time(const char *text, size_t len, const tide_pattern *pattern,
                         tide_read_time *out);

void tide_read_time_init(tide_read_time *self);
/* The time that was read; false if there is no such. */
bool tide_read_time_resolve(const tide_read_time *self, int64_t *micros_out);

/* A number to print. */
typedef struct tide_number {
    bool negative;
    const char
        *digits; /* Whole digits without leading zeros ("0" for none), then all fraction digits. */
    uint32_t n_whole, n_fraction;
} tide_number;

/* v has exactly the pattern's n_fraction fraction digits; enough of them for EEEE. */
void tide_print_number(const tide_number *v, const tide_pattern *pattern, tide_bytes *out);
/* Digits, sign and point out of text; false if there is no number. scale: of the result. */
bool tide_read_number(const char *text, size_t len, const tide_pattern *pattern, uint32_t scale,
                      __int128 *out);

#endif
