#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/units.h"

static void durations_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        { "10 s", 10000000 },       { "500ms", 500000 }, { "1 h 30 min", 5400000000 },
        { "250", 250000 },          { "0", 0 },          { "3 Days", 259200000000 },
        { " 7  us ", 7 },           { "1999 ns", 1 },    { "1m", 60000000 },
        { "2 minutes", 120000000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = -1;
        assert_int_equal(tide_duration_parse(cases[i].text, &us), TIDE_OK);
        assert_int_equal(us, cases[i].us);
    }
}

static void bad_durations_and_sizes_are_refused(void **state)
{
    (void)state;
    static const char *const durations[] = { "",         "s",        "-1 s",
                                             "1 parsec", "1 s 5",    "1.5s",
                                             "5 5",      "101000 d", "99999999999999999999 s" };
    int64_t us;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        assert_int_equal(tide_duration_parse(durations[i], &us), TIDE_E_OPTION);
    static const char *const sizes[] = { "", "mb", "-1", "1 pb", "1 mb x", "9999999 tb" };
    uint64_t bytes;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_int_equal(tide_size_parse(sizes[i], &bytes), TIDE_E_OPTION);
}

static void sizes_are_powers_of_1024(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    assert_int_equal(tide_size_parse("64 mb", &bytes), TIDE_OK);
    assert_int_equal(bytes, 64 << 20);
    assert_int_equal(tide_size_parse("4096", &bytes), TIDE_OK);
    assert_int_equal(bytes, 4096);
    assert_int_equal(tide_size_parse("2GiB", &bytes), TIDE_OK);
    assert_int_equal(bytes, 2LL << 30);
}

static void durations_print_in_their_shortest_exact_form(void **state)
{
    (void)state;
    char text[TIDE_DURATION_TEXT_MAX];
    assert_string_equal(tide_duration_print(5400000000, text, sizeof text), "1 h 30 min");
    assert_string_equal(tide_duration_print(1500000, text, sizeof text), "1 s 500 ms");
    assert_string_equal(tide_duration_print(0, text, sizeof text), "0 s");
    assert_string_equal(tide_duration_print(-60000000, text, sizeof text), "-1 min");
    tide_duration_print(INT64_MIN, text, sizeof text);
    char tiny[4];
    tide_duration_print(5400000001, tiny, sizeof tiny);
    assert_int_equal(strlen(tiny), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_read_as_people_write_them),
        cmocka_unit_test(bad_durations_and_sizes_are_refused),
        cmocka_unit_test(sizes_are_powers_of_1024),
        cmocka_unit_test(durations_print_in_their_shortest_exact_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
