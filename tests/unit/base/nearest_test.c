/* nearest_test.c - suggestions name what was meant, and stay silent when nothing is near. */
#include "base/core/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *nearest_of(const char *wanted, const char *const *names)
{
    tide_nearest n;
    tide_nearest_init(&n, wanted);
    for (; *names; names++) tide_nearest_try(&n, *names);
    return tide_nearest_best(&n);
}

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    const char *const names[] = { "topic", "format", "scan.startup.mode", "scan.bounded.mode",
                                  NULL };
    assert_string_equal(nearest_of("topci", names), "topic");
    assert_string_equal(nearest_of("FORMATS", names), "format");
    assert_string_equal(nearest_of("scan.startup.mod", names), "scan.startup.mode");
    assert_null(nearest_of("password", names));
    assert_null(nearest_of("", names));
}

static void edits_are_counted_once(void **state)
{
    (void)state;
    assert_int_equal(tide_name_distance("abcd", "abcd"), 0);
    assert_int_equal(tide_name_distance("abcd", "abdc"), 1);
    assert_int_equal(tide_name_distance("abc", "abcd"), 1);
    assert_int_equal(tide_name_distance("kitten", "sitting"), 3);
    assert_int_equal(tide_name_distance("", "abc"), 3);
    char a[201], b[201];
    memset(a, 'a', 200), memset(b, 'b', 200);
    a[200] = b[200] = 0;
    assert_int_equal(tide_name_distance(a, b), TIDE_NEAREST_LENGTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(edits_are_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
