#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/counters.h"

static void counters_add_up_and_print_in_table_order(void **state)
{
    (void)state;
    tide_counters a = { 0 }, b = { 0 };
    tide_counters_add(&a, TIDE_COUNTER_RECORDS_IN, 3);
    tide_counters_add(&a, TIDE_COUNTER_RECORDS_IN, 4);
    tide_counters_add(&b, TIDE_COUNTER_LATE_RECORDS, 1);
    tide_counters_sum(&b, &a);
    assert_int_equal(tide_counters_get(&b, TIDE_COUNTER_RECORDS_IN), 7);
    tide_bytes text = { 0 };
    tide_counters_json(&b, &text);
    assert_string_equal(tide_bytes_text(&text),
                        "{\"num_records_in\":7,\"num_records_out\":0,\"num_bytes_in\":0,"
                        "\"num_bytes_out\":0,\"num_batches_in\":0,\"num_late_records_dropped\":1,"
                        "\"num_bad_records_skipped\":0,\"busy_time_ns\":0}");
    tide_bytes_fini(&text);
}

static void help_has_every_counter_once(void **state)
{
    (void)state;
    tide_bytes text = { 0 };
    tide_counters_help(&text);
    const char *help = tide_bytes_text(&text);
    for (tide_counter id = 0; id < TIDE_COUNTER_COUNT; id++) {
        const char *at = strstr(help, tide_counter_def_of(id)->name);
        assert_non_null(at);
        assert_null(strstr(at + 1, tide_counter_def_of(id)->name));
        assert_true(tide_counter_def_of(id)->help[0] != '\0');
    }
    tide_bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(counters_add_up_and_print_in_table_order),
                                        cmocka_unit_test(help_has_every_counter_once) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
