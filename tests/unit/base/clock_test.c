#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/clock.h"

static void manual_clock_moves_only_when_told(void **state)
{
    (void)state;
    tide_clock_manual manual;
    tide_clock_manual_init(&manual, 100, 5000);
    tide_clock *clock = &manual.clock;
    assert_int_equal(tide_clock_now_ns(clock), 100);
    assert_int_equal(tide_clock_now_ns(clock), 100);
    tide_clock_manual_advance(&manual, 2500);
    assert_int_equal(tide_clock_now_ns(clock), 2600);
    assert_int_equal(tide_clock_wall_us(clock), 5002);
}

static void real_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = tide_clock_now_ns(tide_clock_real());
    for (int i = 0; i < 1000; i++) {
        int64_t now = tide_clock_now_ns(tide_clock_real());
        assert_true(now >= before);
        before = now;
    }
    /* 2020-01-01: the wall clock counts microseconds, not something else. */
    assert_true(tide_clock_wall_us(tide_clock_real()) > INT64_C(1577836800000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(manual_clock_moves_only_when_told),
                                        cmocka_unit_test(real_clock_never_goes_back) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
