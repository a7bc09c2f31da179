/* text.h - single values between memory and text, as SQL, JSON and CSV write
 * them. Pure; any thread.
 *
 * Parsers take ptr[0..len) exactly (no surrounding space) and return false when
 * it is not a value of the type or out of its range. Printers write at most the
 * stated maximum to `at` (no NUL) and return the number of bytes. Timestamps
 * are microseconds since 1970-01-01 00:00:00; the supported range is years 0001
 * to 9999. */
#ifndef TIDE_BASE_COLUMN_TEXT_H
#define TIDE_BASE_COLUMN_TEXT_H
#include "base/column/type.h"

#define TIDE_TEXT_MAX 80 /* Bytes that no printer below exceeds. */

bool tide_parse_i64(const char *ptr, size_t len,
                    int64_t *out); /* "-12"; no plus sign needed, allowed. */
bool tide_parse_f64(const char *ptr, size_t len,
                    double *out); /* Also inf, nan; correctly rounded. */
/* To `scale` digits, rounding half away from zero; false if it needs more than
 * `precision` digits. */
bool tide_parse_decimal(const char *ptr, size_t len, uint32_t precision, uint32_t scale,
                        __int128 *out);
bool tide_parse_bool(const char *ptr, size_t len, bool *out); /* true/false/t/f/yes/no/on/off/1/0 */
bool tide_parse_date(const char *ptr, size_t len, int32_t *days_out);   /* 2024-02-29 */
bool tide_parse_time(const char *ptr, size_t len, int64_t *micros_out); /* 23:59[:59[.123456]] */
/* 2024-02-29[ T]12:00[:00[.123456]][Z|+02[:30]]. Without a zone the text is
 * UTC. *had_zone may be NULL. */
bool tide_parse_timestamp(const char *ptr, size_t len, int64_t *micros_out, bool *had_zone);
/* PostgreSQL's forms: "1 day 02:03:04.5", "30 minutes", "1-2", "P1DT2H", with
 * sign and "ago". */
bool tide_parse_interval(const char *ptr, size_t len, tide_interval *out);

uint32_t tide_print_i64(int64_t v, char *at);
uint32_t tide_print_f64(double v, char *at); /* Shortest text that reads back equal, as
                                      PostgreSQL prints it. */
uint32_t tide_print_f32(float v, char *at);
uint32_t tide_print_decimal(__int128 v, uint32_t scale, char *at);
uint32_t tide_print_date(int32_t days, char *at);
uint32_t tide_print_time(int64_t micros, uint32_t precision, char *at);
/* "2024-02-29 12:00:00.123": `sep` between date and time; exactly `precision`
 * digits of fraction; utc_z adds "Z". */
uint32_t tide_print_timestamp(int64_t micros, uint32_t precision, char sep, bool utc_z, char *at);
/* Digits that the fraction of a second needs without its trailing zeros: 0
 * to 6. */
uint32_t tide_fraction_digits(int64_t micros);
uint32_t tide_print_interval(tide_interval v,
                             char *at); /* PostgreSQL's intervalstyle: "1 day 02:03:04". */
/* Any value of a non-string type as SQL prints it; strings are not handled
 * here. */
uint32_t tide_print_value(const tide_value *value, char *at);

/* Proleptic Gregorian calendar. */
int32_t tide_days_from_civil(int32_t year, uint32_t month, uint32_t day);
void tide_civil_from_days(int32_t days, int32_t *year, uint32_t *month, uint32_t *day);

#endif
