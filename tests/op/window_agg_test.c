/* Aligned windows: tumbling, hopping, cumulating, attached; when they fire, what is late, what they
 * share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"

#define SCHEMA "k STRING, ts TIMESTAMP(3), n BIGINT"
#define TUMBLE "aggregate keys=k aggs=count(*),sum(n) window=tumble size=10"

static void check(const char *config, const char *input, const char *expect, uint64_t late)
{
    tide_op_check(&(tide_op_case){
        .schema = SCHEMA, .config = config, .input = input, .expect = expect, .late_rows = late });
}

/* ---- tumbling ---- */

static void a_window_fires_when_the_watermark_reaches_its_end(void **state)
{
    (void)state;
    check(TUMBLE, "row a 0 1\nrow b 9 2\nrow a 9 3\nrow a 10 4\nwm 9\nwm 10\nend\n",
          "wm 9\nrow a 2 4 0 10 9\nrow b 1 2 0 10 9\nwm 10\nrow a 1 4 10 20 19\nend\n", 0);
}

static void rows_of_fired_windows_are_late(void **state)
{
    (void)state;
    check(TUMBLE, "row a 5 1\nwm 12\nrow a 9 1\nrow a 10 1\nrow a 11 1\nrow b 3 1\nend\n",
          "row a 1 1 0 10 9\nwm 12\nrow a 2 2 10 20 19\nend\n", 2);
    check(TUMBLE " late", "wm 12\nrow a 9 1\nrow a 10 1\nrow b 3 7\nend\n",
          "wm 12\nlate a 9 1\nlate b 3 7\nrow a 1 1 10 20 19\nend\n", 2);
}

static void batches_may_span_many_windows_in_any_order(void **state)
{
    (void)state;
    check(TUMBLE,
          "row a 25 1\nrow a 5 1\nrow b 15 1\nrow a 95 1\nrow a 7 1\nrow a 29 1\nwm 30\nend\n",
          "row a 2 2 0 10 9\nrow b 1 1 10 20 19\nrow a 2 2 20 30 29\nwm 30\nrow a 1 1 90 100 "
          "99\nend\n",
          0);
}

static void negative_times_and_offsets(void **state)
{
    (void)state;
    check(TUMBLE, "row a -1 1\nrow a -10 1\nrow a -11 1\nrow a 0 1\nend\n",
          "row a 1 1 -20 -10 -11\nrow a 2 2 -10 0 -1\nrow a 1 1 0 10 9\nend\n", 0);
    check(TUMBLE " offset=3", "row a 2 1\nrow a 3 1\nrow a -7 1\nrow a -8 1\nend\n",
          "row a 1 1 -17 -7 -8\nrow a 2 2 -7 3 2\nrow a 1 1 3 13 12\nend\n", 0);
}

static void null_keys_and_null_arguments(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "k STRING, ts TIMESTAMP(3), n BIGINT",
        .config =
            "aggregate keys=k aggs=count(*),count(n),sum(n),min(n),avg(n) window=tumble size=10",
        .input = "row NULL 1 NULL\nrow NULL 2 4\nrow a 3 NULL\nend\n",
        .expect =
            "row NULL 2 1 4 4 4.0000000000000000 0 10 9\nrow a 1 0 NULL NULL NULL 0 10 9\nend\n" });
}

static void windows_without_keys_and_without_aggregates(void **state)
{
    (void)state;
    check("aggregate aggs=count(*) window=tumble size=10",
          "row a 1 1\nrow b 2 1\nrow a 30 1\nend\n", "row 2 0 10 9\nrow 1 30 40 39\nend\n", 0);
    check("aggregate keys=k window=tumble size=10", "row a 1 1\nrow a 2 1\nrow b 2 1\nend\n",
          "row a 0 10 9\nrow b 0 10 9\nend\n", 0);
    check(TUMBLE, "wm 100\nend\n", "wm 100\nend\n", 0);
}

static void distinct_and_filter(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "k STRING, ts TIMESTAMP(3), n INT, f BOOLEAN, s STRING",
        .config = "aggregate keys=k aggs=count(distinct n),sum(distinct "
                  "n)/f,count(*)/f,count(distinct s),"
                  "max(distinct s) window=tumble size=10",
        .input =
            "row a 1 7 true x\nrow a 2 7 false 'a long string, not inline'\nrow a 3 8 NULL x\n"
            "row a 4 NULL true NULL\nrow b 5 7 true x\nrow a 6 7 true 'a long string, not inline'\n"
            "row a 12 7 true x\nwm 10\nend\n",
        .expect =
            "row a 2 7 3 2 x 0 10 9\nrow b 1 7 1 1 x 0 10 9\nwm 10\nrow a 1 7 1 1 x 10 20 19\n"
            "end\n" });
}

static void sums_that_overflow_fail_the_job(void **state)
{
    (void)state;
    tide_op_check(
        &(tide_op_case){ .schema = "ts TIMESTAMP(3), n DECIMAL(38, 0)",
                         .config = "aggregate aggs=sum(n) window=tumble size=10",
                         .input = "row 1 99999999999999999999999999999999999999\nrow 2 1\nend\n",
                         .expect = "",
                         .expect_error = "sum(n): the result is out of range" });
}

/* ---- hopping ---- */

#define HOP "aggregate keys=k aggs=count(*),sum(n) window=hop size=10 slide=5"

static void hopping_windows_share_their_rows(void **state)
{
    (void)state;
    check(
        HOP,
        "row a 1 1\nrow a 6 2\nrow b 6 4\nwm 5\nrow a 7 8\nwm 10\nwm 12\nrow a 12 16\nwm 15\nend\n",
        "row a 1 1 -5 5 4\nwm 5\nrow a 3 11 0 10 9\nrow b 1 4 0 10 9\nwm 10\nwm 12\n"
        "row a 3 26 5 15 14\nrow b 1 4 5 15 14\nwm 15\nrow a 1 16 10 20 19\nend\n",
        0);
}

/* Late for some windows only: it still counts in those to come. */
static void a_row_is_late_only_when_all_its_windows_have_fired(void **state)
{
    (void)state;
    check(HOP, "row a 6 1\nwm 10\nrow a 7 2\nrow a 4 4\nrow b 5 8\nwm 15\nrow a 9 16\nend\n",
          "row a 1 1 0 10 9\nwm 10\nrow a 2 3 5 15 14\nrow b 1 8 5 15 14\nwm 15\nend\n", 2);
}

static void slides_that_do_not_divide_the_size(void **state)
{
    (void)state;
    check("aggregate keys=k aggs=count(*),sum(n) window=hop size=10 slide=4",
          "row a 0 1\nrow a 5 2\nrow a 9 4\nrow a 11 8\nwm 9\nrow a 9 16\nwm 30\nend\n",
          "row a 1 1 -8 2 1\nrow a 2 3 -4 6 5\nwm 9\nrow a 4 23 0 10 9\nrow a 4 30 4 14 13\n"
          "row a 3 28 8 18 17\nwm 30\nend\n",
          0);
}

/* Rows between two windows belong to none. */
static void slides_larger_than_the_size_leave_gaps(void **state)
{
    (void)state;
    check("aggregate keys=k aggs=count(*),sum(n) window=hop size=3 slide=10",
          "row a 0 1\nrow a 2 2\nrow a 3 4\nrow a 9 8\nrow a 10 16\nwm 3\nend\n",
          "row a 2 3 0 3 2\nwm 3\nrow a 1 16 10 13 12\nend\n", 0);
}

/* min and max cannot be taken away: the windows are rebuilt. DISTINCT: a pane per window. */
static void hopping_windows_of_aggregates_that_do_not_invert(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "k STRING, ts TIMESTAMP(3), n INT, s STRING, d DOUBLE",
        .config = "aggregate keys=k aggs=max(n),min(s),sum(d) window=hop size=10 slide=5",
        .input = "row a 1 9 'the smallest of the strings' 1e300\nrow a 6 3 'x is not the smallest "
                 "one' 1\n"
                 "row a 11 5 y 2\nwm 5\nrow a 7 1 z 4\nwm 12\nend\n",
        .expect = "row a 9 'the smallest of the strings' 1e+300 -5 5 4\nwm 5\n"
                  "row a 9 'the smallest of the strings' 1e+300 0 10 9\nwm 12\n"
                  "row a 5 'x is not the smallest one' 7 5 15 14\nrow a 5 y 2 10 20 19\nend\n" });
    check("aggregate keys=k aggs=count(distinct n),count(*) window=hop size=10 slide=5",
          "row a 1 7\nrow a 6 7\nrow a 7 8\nwm 5\nrow a 8 8\nrow a 3 9\nwm 10\nrow a 9 9\nend\n",
          "row a 1 1 -5 5 4\nwm 5\nrow a 3 5 0 10 9\nwm 10\nrow a 3 4 5 15 14\nend\n", 0);
}

/* A value that two slices have is there until the second is gone, too; NULLs and long texts in the
 * key, NULLs among the values, two sets of which one has a filter. */
static void values_stay_in_hopping_windows_as_long_as_a_slice_has_them(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "k STRING, ts TIMESTAMP(3), n INT, s STRING, f BOOLEAN",
        .config = "aggregate keys=k,f aggs=count(distinct s),count(distinct n)/f,count(*) "
                  "window=hop size=15 slide=5",
        .input = "row '' 4 3 y true\nrow NULL 1 1 'a text that is too long for its view' true\n"
                 "row NULL 6 1 'a text that is too long for its view' true\n"
                 "row NULL 7 2 NULL true\nrow 'a key that is too long for its view' 3 1 x NULL\n"
                 "row '' 8 5 z true\nwm 20\nend\n",
        .expect =
            "row '' true 1 1 1 -10 5 4\nrow '' true 2 2 2 -5 10 9\nrow '' true 2 2 2 0 15 14\n"
            "row '' true 1 1 1 5 20 19\n"
            "row NULL true 1 1 1 -10 5 4\n"
            "row 'a key that is too long for its view' NULL 1 0 1 -10 5 4\n"
            "row NULL true 1 2 3 -5 10 9\n"
            "row 'a key that is too long for its view' NULL 1 0 1 -5 10 9\n"
            "row NULL true 1 2 3 0 15 14\n"
            "row 'a key that is too long for its view' NULL 1 0 1 0 15 14\n"
            "row NULL true 1 2 2 5 20 19\nwm 20\nend\n" });
}

static void long_jumps_of_the_watermark_skip_empty_windows(void **state)
{
    (void)state;
    check(HOP, "row a 1 1\nrow a 1000001 2\nwm 2000000\nrow b 2000001 4\nend\n",
          "row a 1 1 -5 5 4\nrow a 1 1 0 10 9\nrow a 1 2 999995 1000005 1000004\n"
          "row a 1 2 1000000 1000010 1000009\nwm 2000000\nrow b 1 4 1999995 2000005 2000004\n"
          "row b 1 4 2000000 2000010 2000009\nend\n",
          0);
}

/* ---- cumulating ---- */

#define CUMULATE "aggregate keys=k aggs=count(*),max(n) window=cumulate size=15 slide=5"

static void cumulating_windows_grow_step_by_step(void **state)
{
    (void)state;
    check(CUMULATE, "row a 1 9\nrow b 6 1\nwm 5\nrow a 11 3\nrow a 16 2\nwm 15\nend\n",
          "row a 1 9 0 5 4\nwm 5\nrow a 1 9 0 10 9\nrow b 1 1 0 10 9\nrow a 2 9 0 15 14\nrow b 1 1 "
          "0 15 14\n"
          "wm 15\nrow a 1 2 15 20 19\nrow a 1 2 15 25 24\nrow a 1 2 15 30 29\nend\n",
          0);
}

static void cumulating_windows_take_rows_of_fired_steps(void **state)
{
    (void)state;
    check(CUMULATE, "row a 6 1\nwm 10\nrow a 2 5\nwm 15\nrow a 14 1\nend\n",
          "row a 1 1 0 10 9\nwm 10\nrow a 2 5 0 15 14\nwm 15\nend\n", 1);
    check("aggregate keys=k aggs=count(distinct n) window=cumulate size=10 slide=5",
          "row a 1 1\nrow a 6 1\nrow a 7 2\nwm 5\nrow a 2 3\nend\n",
          "row a 1 0 5 4\nwm 5\nrow a 3 0 10 9\nend\n", 0);
}

/* ---- attached ---- */

static void attached_windows_group_by_what_the_rows_carry(void **state)
{
    (void)state;
    const char *schema = "k STRING, ws TIMESTAMP(3), we TIMESTAMP(3), n BIGINT";
    tide_op_check(&(tide_op_case){
        .schema = schema,
        .late_rows = 2,
        .config = "aggregate keys=k aggs=count(*),sum(n),count(distinct n) window=attached "
                  "start=ws stop=we",
        .input =
            "row a 0 10 1\nrow a 0 15 2\nrow b 3 10 4\nrow a 0 10 1\nwm 9\nwm 10\nrow a 0 10 1\n"
            "row a 0 15 3\nrow a 1 9 1\nend\n",
        .expect =
            "wm 9\nrow a 2 2 1 0 10 9\nrow b 1 4 1 3 10 9\nwm 10\nrow a 2 5 2 0 15 14\nend\n" });
    tide_op_check(
        &(tide_op_case){ .schema = schema,
                         .config = "aggregate aggs=max(n),min(k) window=attached start=ws stop=we",
                         .input = "row a 0 10 1\nrow b 0 10 7\nrow NULL 10 20 NULL\nend\n",
                         .expect = "row 7 a 0 10 9\nrow NULL NULL 10 20 19\nend\n" });
}

/* Many new windows of one batch: the table makes some of them later than they come. */
static void attached_windows_of_a_large_batch_all_fire(void **state)
{
    (void)state;
    tide_bytes input = { 0 }, expect = { 0 };
    for (int i = 0; i < 2000; i++) {
        tide_bytes_printf(&input, "row a %d %d %d\n", 10 * i, 10 * i + 10, i);
        tide_bytes_printf(&expect, "row %d %d %d %d\n", i, 10 * i, 10 * i + 10, 10 * i + 9);
    }
    tide_bytes_puts(&input, "end\n");
    tide_bytes_puts(&expect, "end\n");
    tide_op_check(
        &(tide_op_case){ .schema = "k STRING, ws TIMESTAMP(3), we TIMESTAMP(3), n BIGINT",
                         .config = "aggregate aggs=sum(n) window=attached start=ws stop=we",
                         .no_snapshot = true,
                         .input = tide_bytes_text(&input),
                         .expect = tide_bytes_text(&expect) });
    tide_bytes_fini(&input);
    tide_bytes_fini(&expect);
}

/* ---- more rows than a batch ---- */

static void windows_larger_than_a_batch_come_out_whole(void **state)
{
    (void)state;
    tide_bytes input = { 0 }, expect = { 0 };
    for (int i = 0; i < 9000; i++) {
        tide_bytes_printf(&input, "row k%d %d 1\n", i, i % 10);
        tide_bytes_printf(&expect, "row k%d 1 1 0 10 9\n", i);
    }
    tide_bytes_puts(&input, "end\n");
    tide_bytes_puts(&expect, "end\n");
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .config = TUMBLE,
                                   .no_snapshot = true,
                                   .input = tide_bytes_text(&input),
                                   .expect = tide_bytes_text(&expect) });
    tide_bytes_fini(&input);
    tide_bytes_fini(&expect);
}

static void over_budget_fails_and_names_the_operator(void **state)
{
    (void)state;
    tide_bytes input = { 0 };
    for (int i = 0; i < 20000; i++) tide_bytes_printf(&input, "row key%d 1 1\n", i);
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .config = TUMBLE,
                                   .expect = "",
                                   .input = tide_bytes_text(&input),
                                   .state_budget_bytes = 100000,
                                   .no_snapshot = true,
                                   .expect_error = "the budget is" });
    tide_bytes_fini(&input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_fires_when_the_watermark_reaches_its_end),
        cmocka_unit_test(rows_of_fired_windows_are_late),
        cmocka_unit_test(batches_may_span_many_windows_in_any_order),
        cmocka_unit_test(negative_times_and_offsets),
        cmocka_unit_test(null_keys_and_null_arguments),
        cmocka_unit_test(windows_without_keys_and_without_aggregates),
        cmocka_unit_test(distinct_and_filter),
        cmocka_unit_test(sums_that_overflow_fail_the_job),
        cmocka_unit_test(hopping_windows_share_their_rows),
        cmocka_unit_test(a_row_is_late_only_when_all_its_windows_have_fired),
        cmocka_unit_test(slides_that_do_not_divide_the_size),
        cmocka_unit_test(slides_larger_than_the_size_leave_gaps),
        cmocka_unit_test(hopping_windows_of_aggregates_that_do_not_invert),
        cmocka_unit_test(values_stay_in_hopping_windows_as_long_as_a_slice_has_them),
        cmocka_unit_test(long_jumps_of_the_watermark_skip_empty_windows),
        cmocka_unit_test(cumulating_windows_grow_step_by_step),
        cmocka_unit_test(cumulating_windows_take_rows_of_fired_steps),
        cmocka_unit_test(attached_windows_group_by_what_the_rows_carry),
        cmocka_unit_test(attached_windows_of_a_large_batch_all_fire),
        cmocka_unit_test(windows_larger_than_a_batch_come_out_whole),
        cmocka_unit_test(over_budget_fails_and_names_the_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
