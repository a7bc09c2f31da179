/* restart_test.c - when a failed job may try again. */
#include "scheduler/core/restart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static tide_bytes why;

static bool failed(tide_restart *r, int64_t now_ns, int64_t *delay_ns)
{
    why.n = 0;
    bool again = tide_restart_failed(r, now_ns, delay_ns, &why);
    tide_bytes_text(&why);
    return again;
}

static tide_restart *make(const tide_restart_config *config)
{
    assert_int_equal(tide_restart_check(config), TIDE_OK);
    return tide_restart_new(config, 7);
}

static void none_gives_up_at_once(void **state)
{
    (void)state;
    tide_restart_config config = tide_restart_default();
    config.kind = TIDE_RESTART_NONE;
    tide_restart *r = make(&config);
    int64_t delay;
    assert_false(failed(r, 0, &delay));
    assert_non_null(strstr(why.p, "restart-strategy.type is none"));
    tide_restart_free(&r);
}

static void fixed_delay_tries_so_many_times(void **state)
{
    (void)state;
    const tide_restart_config config = { .kind = TIDE_RESTART_FIXED_DELAY,
                                         .attempts = 2,
                                         .delay_ns = 10 * S };
    tide_restart *r = make(&config);
    int64_t delay;
    assert_true(failed(r, 0, &delay));
    assert_int_equal(delay, 10 * S);
    assert_string_equal(why.p, "restart 1 of 2 in 10 s");
    assert_true(failed(r, 500 * S, &delay));
    assert_false(failed(r, 9000 * S, &delay));
    assert_string_equal(why.p, "no restart: all 2 of fixed-delay are used up");
    tide_restart_free(&r);
}

static void exponential_delay_grows_to_its_limit_and_begins_anew(void **state)
{
    (void)state;
    tide_restart_config config = tide_restart_default();
    config.jitter = 0;
    config.multiplier = 2;
    config.max_ns = 5 * S;
    config.reset_ns = 60 * S;
    tide_restart *r = make(&config);
    int64_t delay, now = 0;
    const int64_t expected[] = { S, 2 * S, 4 * S, 5 * S, 5 * S };
    for (size_t i = 0; i < 5; i++) {
        assert_true(failed(r, now, &delay));
        assert_int_equal(delay, expected[i]);
        now += delay + S;
    }
    assert_true(failed(r, now + 60 * S, &delay));
    assert_int_equal(delay, S);
    tide_restart_free(&r);
}

static void jitter_spreads_but_little(void **state)
{
    (void)state;
    tide_restart_config config = tide_restart_default();
    config.multiplier = 1;
    tide_restart *r = make(&config);
    int64_t delay, low = INT64_MAX, high = 0;
    for (int i = 0; i < 200; i++) {
        assert_true(failed(r, i, &delay));
        if (delay < low) low = delay;
        if (delay > high) high = delay;
    }
    assert_in_range(low, S * 9 / 10, S * 92 / 100);
    assert_in_range(high, S * 108 / 100, S * 11 / 10);
    tide_restart_free(&r);
}

static void exponential_delay_may_have_a_limit(void **state)
{
    (void)state;
    tide_restart_config config = tide_restart_default();
    config.exponential_attempts = 1;
    tide_restart *r = make(&config);
    int64_t delay;
    assert_true(failed(r, 0, &delay));
    assert_false(failed(r, 2 * S, &delay));
    tide_restart_free(&r);
}

static void failures_must_be_rare_enough(void **state)
{
    (void)state;
    const tide_restart_config config = {
        .kind = TIDE_RESTART_FAILURE_RATE, .failures_max = 2, .interval_ns = 60 * S, .delay_ns = S
    };
    tide_restart *r = make(&config);
    int64_t delay;
    assert_true(failed(r, 0, &delay));
    assert_true(failed(r, 30 * S, &delay));
    assert_true(failed(r, 60 * S, &delay)); /* The first is a whole interval ago. */
    assert_false(failed(r, 80 * S, &delay));
    assert_string_equal(why.p, "no restart: more than 2 failures in 60 s");
    tide_restart_free(&r);
}

static void names_and_nonsense(void **state)
{
    (void)state;
    tide_restart_kind kind;
    assert_int_equal(tide_restart_kind_parse("failure-rate", &kind), TIDE_OK);
    assert_int_equal(kind, TIDE_RESTART_FAILURE_RATE);
    assert_int_equal(tide_restart_kind_parse("disable", &kind), TIDE_OK);
    assert_string_equal(tide_restart_kind_name(kind), "none");
    assert_int_equal(tide_restart_kind_parse("fixed-dela", &kind), TIDE_E_OPTION);
    assert_non_null(strstr(tide_error_text(), "did you mean fixed-delay?"));
    tide_restart_config config = tide_restart_default();
    config.multiplier = 0.5;
    assert_int_equal(tide_restart_check(&config), TIDE_E_OPTION);
    config = tide_restart_default();
    config.max_ns = 0;
    assert_int_equal(tide_restart_check(&config), TIDE_E_OPTION);
    config.kind = TIDE_RESTART_FAILURE_RATE;
    config.failures_max = 0;
    assert_int_equal(tide_restart_check(&config), TIDE_E_OPTION);
    config.failures_max = 1;
    config.delay_ns = -1;
    assert_int_equal(tide_restart_check(&config), TIDE_E_OPTION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(none_gives_up_at_once),
        cmocka_unit_test(fixed_delay_tries_so_many_times),
        cmocka_unit_test(exponential_delay_grows_to_its_limit_and_begins_anew),
        cmocka_unit_test(jitter_spreads_but_little),
        cmocka_unit_test(exponential_delay_may_have_a_limit),
        cmocka_unit_test(failures_must_be_rare_enough),
        cmocka_unit_test(names_and_nonsense),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    tide_bytes_fini(&why);
    return rc;
}
