#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/exit.h"

static void codes_are_those_of_the_manual(void **state)
{
    (void)state;
    static const struct {
        tide_status status;
        tide_exit plan, run;
    } cases[] = {
        { TIDE_OK, TIDE_EXIT_OK, TIDE_EXIT_OK },
        { TIDE_E_SYNTAX, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
        { TIDE_E_BIND, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
        { TIDE_E_OPTION, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
        { TIDE_E_DIV_ZERO, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
        { TIDE_E_DATA, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
        { TIDE_E_NOT_FOUND, TIDE_EXIT_NOT_FOUND, TIDE_EXIT_NOT_FOUND },
        { TIDE_E_UNREACHABLE, TIDE_EXIT_UNREACHABLE, TIDE_EXIT_UNREACHABLE },
        { TIDE_E_TIMEOUT, TIDE_EXIT_TIMEOUT, TIDE_EXIT_TIMEOUT },
        { TIDE_E_REFUSED, TIDE_EXIT_REFUSED, TIDE_EXIT_REFUSED },
        { TIDE_E_EXISTS, TIDE_EXIT_REFUSED, TIDE_EXIT_REFUSED },
        { TIDE_E_CANCELLED, TIDE_EXIT_INTERRUPTED, TIDE_EXIT_INTERRUPTED },
        { TIDE_E_NO_SPACE, TIDE_EXIT_SQL, TIDE_EXIT_JOB_FAILED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(tide_exit_of(cases[i].status, TIDE_PHASE_PLAN), cases[i].plan);
        assert_int_equal(tide_exit_of(cases[i].status, TIDE_PHASE_RUN), cases[i].run);
    }
}

/* A failure that looks like success would be the worst of all. */
static void no_failure_exits_with_zero(void **state)
{
    (void)state;
    for (tide_status s = 1; s < TIDE_STATUS_COUNT; s++) {
        assert_int_not_equal(tide_exit_of(s, TIDE_PHASE_PLAN), TIDE_EXIT_OK);
        assert_int_not_equal(tide_exit_of(s, TIDE_PHASE_RUN), TIDE_EXIT_OK);
        assert_non_null(tide_exit_text(tide_exit_of(s, TIDE_PHASE_RUN)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(codes_are_those_of_the_manual),
                                        cmocka_unit_test(no_failure_exits_with_zero) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
