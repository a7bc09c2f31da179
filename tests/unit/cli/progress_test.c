#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/progress.h"

static void assert_text(tide_job_progress now, double rate, int64_t wall_us, const char *expect)
{
    tide_bytes out = { 0 };
    tide_progress_text(&now, rate, wall_us, &out);
    assert_string_equal(tide_bytes_text(&out), expect);
    tide_bytes_fini(&out);
}

static void the_line_says_what_is_known(void **state)
{
    (void)state;
    /* 2026-03-01 12:00:00 UTC */
    const int64_t noon = INT64_C(1772366400000000);
    assert_text((tide_job_progress){ .watermark_us = INT64_MIN }, -1, noon, "0 rows");
    assert_text((tide_job_progress){ .rows_in = 12345678, .watermark_us = INT64_MIN }, 1234567,
                noon, "12,345,678 rows  1.2 M rows/s");
    assert_text((tide_job_progress){ .rows_in = 999, .watermark_us = noon - 3200000 }, 12, noon,
                "999 rows  12 rows/s  watermark 2026-03-01 11:59:56  lag 3.2 s");
    assert_text(
        (tide_job_progress){ .rows_in = 1000,
                             .watermark_us = noon - 86400000000 * 10,
                             .late_rows = 5,
                             .bad_rows = 1234 },
        0, noon,
        "1,000 rows  0 rows/s  watermark 2026-02-19 12:00:00  lag 10 days  5 late  1,234 bad");
    /* The end of a bounded input; event time ahead of the clock. */
    assert_text((tide_job_progress){ .rows_in = 1, .watermark_us = INT64_MAX }, 1, noon,
                "1 rows  1 rows/s");
    assert_text((tide_job_progress){ .rows_in = 1, .watermark_us = noon + 1000000 }, -1, noon,
                "1 rows  watermark 2026-03-01 12:00:01");
}

static void short_numbers_keep_three_digits(void **state)
{
    (void)state;
    static const struct {
        double n;
        const char *expect;
    } cases[] = {
        { 0, "0" },         { 999.4, "999" },     { 999.6, "1.0 k" }, { 12345, "12.3 k" },
        { 99960, "100 k" }, { 1234567, "1.2 M" }, { 2.5e9, "2.5 G" }, { 5e12, "5000 G" }
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_bytes out = { 0 };
        tide_progress_short(&out, cases[i].n);
        assert_string_equal(tide_bytes_text(&out), cases[i].expect);
        tide_bytes_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_line_says_what_is_known),
                                        cmocka_unit_test(short_numbers_keep_three_digits) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
