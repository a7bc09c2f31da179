#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/random.h"

/* Expected numbers from the authors' reference code, run with s = {1, 2, 3, 4}. */
static void sequence_is_that_of_the_paper(void **state)
{
    (void)state;
    tide_random r = { { 1, 2, 3, 4 } };
    static const uint64_t expect[] = { 41943041u, 58720359u, 3588806011781223u, 3591011842654386u };
    for (size_t i = 0; i < 4; i++) assert_true(tide_random_u64(&r) == expect[i]);
    assert_true(tide_random_mix(0) ==
                0xe220a8397b1dcdafu); /* splitmix64's first output of seed 0. */
}

static void same_seed_repeats_and_streams_differ(void **state)
{
    (void)state;
    tide_random a, b, c;
    tide_random_init(&a, 7, 0);
    tide_random_init(&b, 7, 0);
    tide_random_init(&c, 7, 1);
    int equal = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = tide_random_u64(&a);
        assert_true(x == tide_random_u64(&b));
        equal += x == tide_random_u64(&c);
    }
    assert_int_equal(equal, 0);
}

static void ranges_are_kept_and_filled_evenly(void **state)
{
    (void)state;
    tide_random r;
    tide_random_init(&r, 1, 0);
    int counts[10] = { 0 };
    for (int i = 0; i < 100000; i++) {
        uint64_t x = tide_random_below(&r, 10);
        assert_true(x < 10);
        counts[x]++;
        double f = tide_random_f64(&r);
        assert_true(f >= 0 && f < 1);
    }
    for (int i = 0; i < 10; i++) assert_in_range(counts[i], 9500, 10500);
    assert_true(tide_random_below(&r, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sequence_is_that_of_the_paper),
                                        cmocka_unit_test(same_seed_repeats_and_streams_differ),
                                        cmocka_unit_test(ranges_are_kept_and_filled_evenly) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
