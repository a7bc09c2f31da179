/* text_test.c - single values between memory and text. Expected texts of
 * intervals and floats are PostgreSQL 15's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/column/text.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *shown(char *at, uint32_t n)
{
    assert_true(n <= TIDE_TEXT_MAX);
    at[n] = 0;
    return at;
}

static void integers_read_and_print_at_their_edges(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t v;
    } good[] = {
        { "0", 0 },
        { "-0", 0 },
        { "+7", 7 },
        { "-12", -12 },
        { "12345678", 12345678 },
        { "1234567890123456", 1234567890123456 },
        { "9223372036854775807", INT64_MAX },
        { "-9223372036854775808", INT64_MIN },
        { "00000000000000000000000042", 42 },
    };
    static const char *const bad[] = { "",
                                       "-",
                                       "+",
                                       "9223372036854775808",
                                       "-9223372036854775809",
                                       "18446744073709551616",
                                       "99999999999999999999",
                                       "1a",
                                       "a1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "--1",
                                       "1234567x" };
    char at[TIDE_TEXT_MAX + 1];
    int64_t v;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(tide_parse_i64(good[i].text, strlen(good[i].text), &v));
        assert_int_equal(v, good[i].v);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tide_parse_i64(bad[i], strlen(bad[i]), &v)) fail_msg("%s was read", bad[i]);
    for (int64_t n = 1; n < INT64_MAX / 10; n *= 10)
        for (int64_t d = -1; d <= 1; d++) {
            uint32_t len = tide_print_i64(-(n + d), at);
            assert_true(tide_parse_i64(at, len, &v));
            assert_int_equal(v, -(n + d));
        }
    assert_string_equal(shown(at, tide_print_i64(INT64_MIN, at)), "-9223372036854775808");
    assert_string_equal(shown(at, tide_print_i64(0, at)), "0");
    assert_string_equal(shown(at, tide_print_i64(10, at)), "10");
}

static void floats_print_the_shortest_text_that_reads_back(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *f64, *f32;
    } cases[] = {
        { 0.1, "0.1", "0.1" },
        { 1e15, "1e+15", "1e+15" },
        { 123456789012345, "123456789012345", "1.2345679e+14" },
        { 1234567, "1234567", "1.234567e+06" },
        { 123456, "123456", "123456" },
        { 1e-4, "0.0001", "0.0001" },
        { 1e-5, "1e-05", "1e-05" },
        { 1.0 / 3, "0.3333333333333333", "0.33333334" },
        { 1e22, "1e+22", "1e+22" },
        { -0.0, "-0", "-0" },
        { 5e-45, "5e-45", "6e-45" },
        { 100000, "100000", "100000" },
        { -1.5, "-1.5", "-1.5" },
        { INFINITY, "Infinity", "Infinity" },
        { -INFINITY, "-Infinity", "-Infinity" },
        { NAN, "NaN", "NaN" },
        { 0, "0", "0" },
    };
    char at[TIDE_TEXT_MAX + 1];
    double back;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(shown(at, tide_print_f64(cases[i].v, at)), cases[i].f64);
        assert_true(tide_parse_f64(at, strlen(at), &back));
        assert_true(back == cases[i].v || isnan(back));
        assert_string_equal(shown(at, tide_print_f32((float)cases[i].v, at)), cases[i].f32);
    }
    assert_string_equal(shown(at, tide_print_f64(5e-324, at)), "5e-324");
    assert_string_equal(shown(at, tide_print_f64(0x1.fffffffffffffp+1023, at)),
                        "1.7976931348623157e+308");
    uint64_t bits = 88172645463325252u;
    for (uint32_t i = 0; i < 2000; i++) {
        double v;
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        memcpy(&v, &bits, 8);
        if (!isfinite(v)) continue;
        assert_true(tide_parse_f64(at, tide_print_f64(v, at), &back));
        assert_true(back == v);
    }
}

static void floats_refuse_what_is_no_number(void **state)
{
    (void)state;
    static const char *const bad[] = { "",      "-",      "+",      "+-1",     "1e",
                                       "1e400", "-1e400", "1e-400", "0x10",    "1,5",
                                       " 1",    "1 ",     "nan(1)", "infinit", "." };
    double v;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tide_parse_f64(bad[i], strlen(bad[i]), &v)) fail_msg("%s was read", bad[i]);
    assert_true(tide_parse_f64("+1e3", 4, &v) && v == 1000);
    assert_true(tide_parse_f64("Infinity", 8, &v) && isinf(v));
    assert_true(tide_parse_f64("-inf", 4, &v) && isinf(v) && v < 0);
    assert_true(tide_parse_f64("NaN", 3, &v) && isnan(v));
}

static void decimals_round_half_away_and_keep_their_precision(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t p, s;
        const char *out;
    } cases[] = {
        { "1.005", 10, 2, "1.01" },
        { "-1.005", 10, 2, "-1.01" },
        { "1.0049", 10, 2, "1.00" },
        { "7", 15, 2, "7.00" },
        { "0.1", 5, 5, "0.10000" },
        { "-0.004", 5, 2, "0.00" },
        { ".5", 3, 1, "0.5" },
        { "5.", 3, 1, "5.0" },
        { "1e3", 6, 2, "1000.00" },
        { "12.5e-1", 6, 2, "1.25" },
        { "000012.30", 4, 2, "12.30" },
        { "0.00001", 38, 38, "0.00001000000000000000000000000000000000" },
        { "99999999999999999999999999999999999999", 38, 0,
          "99999999999999999999999999999999999999" },
        { "-1234567890123456789012345678.9012345678", 38, 10,
          "-1234567890123456789012345678.9012345678" },
        { "9.995", 3, 2, NULL },
        { "9.994", 3, 2, "9.99" },
        { "1000", 3, 0, NULL },
        { "1e38", 38, 0, NULL },
        { "1e-60", 38, 4, "0.0000" },
        { "1e999999999", 38, 4, NULL },
        { "0e99", 3, 1, "0.0" },
        { "", 3, 1, NULL },
        { ".", 3, 1, NULL },
        { "1.2.3", 9, 1, NULL },
        { "1e", 9, 1, NULL },
        { "nan", 9, 1, NULL },
        { "1 ", 9, 1, NULL },
        { "-", 9, 1, NULL },
        { "0.5", 1, 0, "1" },
        { "0.49", 1, 0, "0" },
        { "17", 2, 0, "17" },
        { "0.0000000000000000000000000000000000000000000000049", 38, 4, "0.0000" },
        { "3", 38, 25, "3.0000000000000000000000000" },
    };
    char at[TIDE_TEXT_MAX + 1];
    __int128 v;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *text = cases[i].text;
        bool ok = tide_parse_decimal(text, strlen(text), cases[i].p, cases[i].s, &v);
        if (ok != (cases[i].out != NULL)) fail_msg("%s: %d", text, ok);
        if (ok) assert_string_equal(shown(at, tide_print_decimal(v, cases[i].s, at)), cases[i].out);
    }
}

static void booleans_are_the_words_of_postgresql(void **state)
{
    (void)state;
    bool v = false;
    assert_true(tide_parse_bool("TRUE", 4, &v) && v);
    assert_true(tide_parse_bool("off", 3, &v) && !v);
    assert_true(tide_parse_bool("1", 1, &v) && v);
    assert_false(tide_parse_bool("2", 1, &v));
    assert_false(tide_parse_bool("", 0, &v));
    assert_false(tide_parse_bool("yess", 4, &v));
}

static void every_day_of_the_calendar_goes_round(void **state)
{
    (void)state;
    char at[TIDE_TEXT_MAX + 1];
    int32_t back;
    for (int32_t day = -719162; day < 2932897; day += 13) {
        assert_true(tide_parse_date(at, tide_print_date(day, at), &back));
        assert_int_equal(back, day);
    }
    assert_int_equal(tide_days_from_civil(1970, 1, 1), 0);
    assert_int_equal(tide_days_from_civil(1, 1, 1), -719162);
    assert_int_equal(tide_days_from_civil(9999, 12, 31), 2932896);
    assert_string_equal(shown(at, tide_print_date(-719163, at)), "0000-12-31");
}

static void dates_know_leap_years(void **state)
{
    (void)state;
    static const char *const good[] = { "2024-02-29", "2000-02-29", "0004-02-29",
                                        "9999-12-31", "0001-01-01", "2024-2-9" };
    static const char *const bad[] = { "2023-02-29", "1900-02-29", "2024-13-01", "2024-00-10",
                                       "2024-01-00", "2024-04-31", "0000-01-01", "10000-01-01",
                                       "24-01-01",   "2024-01-1x", "2024/01/01", "",
                                       "2024-01" };
    int32_t v;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(tide_parse_date(good[i], strlen(good[i]), &v));
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tide_parse_date(bad[i], strlen(bad[i]), &v)) fail_msg("%s was read", bad[i]);
}

static void timestamps_read_every_documented_form(void **state)
{
    (void)state;
    static const struct {
        const char *text, *out;
        bool zone;
    } cases[] = {
        { "2024-02-29 12:00", "2024-02-29 12:00:00.000000", false },
        { "2024-02-29T12:00:01", "2024-02-29 12:00:01.000000", false },
        { "2024-02-29 12:00:00.5", "2024-02-29 12:00:00.500000", false },
        { "2024-02-29 23:59:59.9999999", "2024-03-01 00:00:00.000000", false },
        { "2024-02-29 12:00:00.123456499", "2024-02-29 12:00:00.123456", false },
        { "2024-02-29 24:00:00", "2024-03-01 00:00:00.000000", false },
        { "2024-02-29 23:59:60", "2024-03-01 00:00:00.000000", false },
        { "2024-02-29T12:00:00Z", "2024-02-29 12:00:00.000000", true },
        { "2024-02-29T12:00:00.25+02", "2024-02-29 10:00:00.250000", true },
        { "2024-02-29 12:00:00 +0230", "2024-02-29 09:30:00.000000", true },
        { "2024-02-29 12:00:00-05:30", "2024-02-29 17:30:00.000000", true },
        { "2024-02-29 12:00:00 UTC", "2024-02-29 12:00:00.000000", true },
        { "2024-02-29", "2024-02-29 00:00:00.000000", false },
        { "0001-01-01 00:00:00", "0001-01-01 00:00:00.000000", false },
        { "9999-12-31 23:59:59.999999", "9999-12-31 23:59:59.999999", false },
        { "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999", false },
        { "2024-01-31 00:00:00", "2024-01-31 00:00:00.000000", false },
    };
    static const char *const bad[] = { "",
                                       "2024-02-30 12:00:00",
                                       "2024-02-29 25:00:00",
                                       "2024-02-29 12:60:00",
                                       "2024-02-29 12:00:61",
                                       "2024-02-29 12",
                                       "2024-02-29x12:00:00",
                                       "2024-02-29 12:00:00.",
                                       "2024-02-29 ",
                                       "2024-02-29 12:00:00 CET",
                                       "2024-02-29 12:00:00+16",
                                       "0001-01-01 00:00:00+01",
                                       "1700000000000",
                                       "9999-12-31 23:59:59-01",
                                       "2024-02-29 12:00:00Zx",
                                       "2024-02-29 24:00:01",
                                       "0000-01-01 00:00:00" };
    char at[TIDE_TEXT_MAX + 1];
    int64_t v;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool zone;
        if (!tide_parse_timestamp(cases[i].text, strlen(cases[i].text), &v, &zone))
            fail_msg("%s was refused", cases[i].text);
        assert_string_equal(shown(at, tide_print_timestamp(v, 6, ' ', false, at)), cases[i].out);
        assert_int_equal(zone, cases[i].zone);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tide_parse_timestamp(bad[i], strlen(bad[i]), &v, NULL)) fail_msg("%s was read", bad[i]);
    assert_string_equal(shown(at, tide_print_timestamp(-1, 3, 'T', true, at)),
                        "1969-12-31T23:59:59.999Z");
    assert_string_equal(shown(at, tide_print_timestamp(0, 0, 'T', false, at)),
                        "1970-01-01T00:00:00");
}

static void times_read_and_print(void **state)
{
    (void)state;
    char at[TIDE_TEXT_MAX + 1];
    int64_t v;
    assert_true(tide_parse_time("23:59", 5, &v));
    assert_string_equal(shown(at, tide_print_time(v, 0, at)), "23:59:00");
    assert_true(tide_parse_time("01:02:03.004", 12, &v));
    assert_string_equal(shown(at, tide_print_time(v, 3, at)), "01:02:03.004");
    assert_false(tide_parse_time("24:00:01", 8, &v));
    assert_false(tide_parse_time("1", 1, &v));
}

static void intervals_read_and_print_as_postgresql_does(void **state)
{
    (void)state;
    static const struct {
        const char *text, *out;
    } cases[] = {
        { "1 day 02:03:04.5", "1 day 02:03:04.5" },
        { "30 minutes", "00:30:00" },
        { "1-2", "1 year 2 mons" },
        { "P1DT2H", "1 day 02:00:00" },
        { "-1-2", "-1 years -2 mons" },
        { "1 day ago", "-1 days" },
        { "-1 day 2 hours", "-1 days +02:00:00" },
        { "1.5 days", "1 day 12:00:00" },
        { "1.5 months", "1 mon 15 days" },
        { "1.5 years", "1 year 6 mons" },
        { "1 12:00", "1 day 12:00:00" },
        { "12:34.5", "00:12:34.5" },
        { "-04:05:06", "-04:05:06" },
        { "1.5 weeks", "10 days 12:00:00" },
        { "2 weeks 3 days", "17 days" },
        { "100", "00:01:40" },
        { "1.5", "00:00:01.5" },
        { "@ 1 minute", "00:01:00" },
        { "1 year 2 mons -3 days", "1 year 2 mons -3 days" },
        { "-1 mon 3 days", "-1 mons +3 days" },
        { "P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5" },
        { "PT-5M", "-00:05:00" },
        { "0.5 month", "15 days" },
        { "1 century", "100 years" },
        { "3 hours 2 ms", "03:00:00.002" },
        { "0", "00:00:00" },
        { "-0.5 s", "-00:00:00.5" },
        { "1 MON -1 Day 00:00:01", "1 mon -1 days +00:00:01" },
        { "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807",
          "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807" },
    };
    static const char *const bad[] = { "",
                                       " ",
                                       "day",
                                       "1 dayz",
                                       "1 day 2 days",
                                       "ago",
                                       "1 day ago 2 hours",
                                       "P",
                                       "PT",
                                       "P1",
                                       "P1H",
                                       "1:60",
                                       "1-12",
                                       "99999999999 years",
                                       "2562047789 hours",
                                       "1 1",
                                       "1 day x",
                                       "3000000000 days",
                                       "99999999999999999999 s" };
    char at[TIDE_TEXT_MAX + 1];
    tide_interval v, back;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!tide_parse_interval(cases[i].text, strlen(cases[i].text), &v))
            fail_msg("%s was refused", cases[i].text);
        assert_string_equal(shown(at, tide_print_interval(v, at)), cases[i].out);
        assert_true(tide_parse_interval(at, strlen(at), &back));
        assert_memory_equal(&v, &back, sizeof v);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tide_parse_interval(bad[i], strlen(bad[i]), &v)) fail_msg("%s was read", bad[i]);
}

static void values_print_by_their_type(void **state)
{
    (void)state;
    char at[TIDE_TEXT_MAX + 1];
    tide_value v = { .type = tide_type_of(TIDE_TYPE_TIMESTAMP), .i64 = 1500000 };
    assert_string_equal(shown(at, tide_print_value(&v, at)), "1970-01-01 00:00:01.5");
    v.type = tide_type_of(TIDE_TYPE_TIMESTAMP_LTZ);
    v.i64 = 0;
    assert_string_equal(shown(at, tide_print_value(&v, at)), "1970-01-01 00:00:00+00");
    v = (tide_value){ .type = tide_type_decimal(5, 2), .i128 = -5 };
    assert_string_equal(shown(at, tide_print_value(&v, at)), "-0.05");
    v = (tide_value){ .type = tide_type_of(TIDE_TYPE_FLOAT), .f64 = (double)0.1f };
    assert_string_equal(shown(at, tide_print_value(&v, at)), "0.1");
    v = (tide_value){ .type = tide_type_of(TIDE_TYPE_BOOLEAN), .boolean = true };
    assert_string_equal(shown(at, tide_print_value(&v, at)), "true");
    v.is_null = true;
    assert_string_equal(shown(at, tide_print_value(&v, at)), "NULL");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_read_and_print_at_their_edges),
        cmocka_unit_test(floats_print_the_shortest_text_that_reads_back),
        cmocka_unit_test(floats_refuse_what_is_no_number),
        cmocka_unit_test(decimals_round_half_away_and_keep_their_precision),
        cmocka_unit_test(booleans_are_the_words_of_postgresql),
        cmocka_unit_test(every_day_of_the_calendar_goes_round),
        cmocka_unit_test(dates_know_leap_years),
        cmocka_unit_test(timestamps_read_every_documented_form),
        cmocka_unit_test(times_read_and_print),
        cmocka_unit_test(intervals_read_and_print_as_postgresql_does),
        cmocka_unit_test(values_print_by_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
