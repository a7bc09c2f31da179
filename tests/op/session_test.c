/* Sessions: what joins, what fires when, what is late; rows in any order. Gap 10 unless said
 * otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"

#define SCHEMA "user STRING, ts TIMESTAMP(3), ad BIGINT"
#define CONFIG "aggregate keys=user aggs=count(*) window=session time=ts size=10"

static void check(const char *config, const char *input, const char *expect, uint64_t late)
{
    tide_op_check(&(tide_op_case){
        .schema = SCHEMA, .config = config, .input = input, .expect = expect, .late_rows = late });
}

static void rows_within_the_gap_are_one_session(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nrow b 3 1\nrow a 7 1\nrow a 30 1\nwm 100\nend\n",
          "row a 2 0 17 16\nrow b 1 3 13 12\nrow a 1 30 40 39\nwm 100\nend\n", 0);
}

/* As in Flink and Kafka Streams; one more does not join. */
static void a_gap_of_exactly_the_size_still_joins(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nrow a 10 1\nrow b 0 1\nrow b 11 1\nend\n",
          "row a 2 0 20 19\nrow b 1 0 10 9\nrow b 1 11 21 20\nend\n", 0);
}

/* At W = last + gap a row with that time could still come and join. */
static void fires_only_when_the_watermark_is_past_the_end(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nwm 10\nrow a 10 1\nwm 20\nwm 21\nend\n",
          "wm 10\nwm 20\nrow a 2 0 20 19\nwm 21\nend\n", 0);
}

static void out_of_order_row_bridges_two_sessions(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nrow a 15 1\nrow a 8 1\nwm 40\nend\n", "row a 3 0 25 24\nwm 40\nend\n",
          0);
}

/* Three sessions apart, then the two rows that join them, from the far end. */
static void bridges_fuse_older_sessions_in_any_order(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nrow a 40 1\nrow a 20 1\nrow a 10 1\nrow a 30 1\nend\n",
          "row a 5 0 50 49\nend\n", 0);
    check(CONFIG, "row a 100 1\nrow a 0 1\nrow a 40 1\nrow a 20 1\nrow a 30 1\nrow a 10 1\nend\n",
          "row a 5 0 50 49\nrow a 1 100 110 109\nend\n", 0);
}

static void older_sessions_grow_at_both_ends(void **state)
{
    (void)state;
    check(CONFIG,
          "row a 100 1\nrow a 50 1\nrow a 45 1\nrow a 55 1\nrow a 20 1\nwm 70\nrow a 75 1\nend\n",
          "row a 3 45 65 64\nrow a 1 20 30 29\nwm 70\nrow a 1 75 85 84\nrow a 1 100 110 109\nend\n",
          0);
}

/* ts + gap < W and no open session in reach: late. Else it is taken, even with ts < W. */
static void late_only_when_no_session_can_take_the_row(void **state)
{
    (void)state;
    check(CONFIG, "row a 20 1\nwm 29\nrow a 18 1\nrow b 18 1\nrow b 19 1\nwm 50\nrow a 30 1\nend\n",
          "wm 29\nrow a 2 18 30 29\nrow b 1 19 29 28\nwm 50\nend\n", 2);
}

/* Whether a row below the watermark joins depends on what came before it, also when rows before it
 * are held back by a first phase. */
static void rows_that_may_be_late_keep_their_order(void **state)
{
    (void)state;
    check(CONFIG,
          "wm 100\nrow a 95 1\nrow a 86 1\nrow b 88 1\nrow b 93 1\nrow b 85 1\nrow c 99 1\n"
          "row c 88 1\nrow c 97 1\nrow c 89 1\nrow c 88 1\nwm 200\nend\n",
          "wm 100\nrow a 2 86 105 104\nrow b 2 85 103 102\nrow c 4 88 109 108\nwm 200\nend\n", 2);
}

/* Sessions 0, 20, 40 and 60 are open when the rows 10 to 50 come: held back, they are one range,
 * which meets all but the last. */
static void a_range_fuses_every_session_it_meets(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = SCHEMA,
        .config = "aggregate keys=user aggs=count(*),sum(ad),avg(ad),min(ad),max(ad) "
                  "window=session time=ts size=10",
        .input = "row a 0 1\nrow a 20 2\nrow a 40 3\nrow a 61 9\nwm 1\nrow a 30 4\nrow a 36 5\n"
                 "row a 25 6\nrow a 15 7\nrow a 10 8\nrow a 45 1\nrow a 50 1\nend\n",
        .expect = "wm 1\nrow a 10 38 3.8000000000000000 1 8 0 60 59\n"
                  "row a 1 9 9.0000000000000000 9 9 61 71 70\nend\n" });
    check(CONFIG,
          "row a 0 1\nrow a 100 1\nwm 5\nrow a 8 1\nrow a 16 1\nrow a 24 1\nwm 8\nrow a 90 1\n"
          "row a 95 1\nrow a 110 1\nend\n",
          "wm 5\nwm 8\nrow a 4 0 34 33\nrow a 4 90 120 119\nend\n", 0);
}

static void a_late_row_may_join_what_is_still_open(void **state)
{
    (void)state;
    check(CONFIG,
          "row a 20 1\nrow a 30 1\nwm 35\nrow a 15 1\nrow a 4 1\nrow a 5 1\nrow a 4 1\nend\n",
          "wm 35\nrow a 5 4 40 39\nend\n", 1);
}

static void late_rows_can_be_routed(void **state)
{
    (void)state;
    check(CONFIG " late", "row a 20 1\nwm 50\nrow a 20 7\nrow b 60 1\nrow a 39 8\nend\n",
          "row a 1 20 30 29\nwm 50\nlate a 20 7\nlate a 39 8\nrow b 1 60 70 69\nend\n", 2);
}

static void a_user_who_comes_back_before_the_watermark_has_two_sessions(void **state)
{
    (void)state;
    check(CONFIG, "row a 0 1\nrow a 20 1\nrow a 40 1\nwm 31\nrow a 45 1\nwm 60\nend\n",
          "row a 1 0 10 9\nrow a 1 20 30 29\nwm 31\nrow a 2 40 55 54\nwm 60\nend\n", 0);
}

static void negative_times_and_time_zero(void **state)
{
    (void)state;
    check(CONFIG, "row a -15 1\nrow a -5 1\nrow a 0 1\nrow b 0 1\nrow c -30 1\nwm -10\nend\n",
          "row c 1 -30 -20 -21\nwm -10\nrow a 3 -15 10 9\nrow b 1 0 10 9\nend\n", 0);
}

static void null_keys_are_one_key(void **state)
{
    (void)state;
    check(CONFIG, "row NULL 0 1\nrow '' 0 1\nrow NULL 20 1\nrow NULL 10 1\nend\n",
          "row NULL 3 0 30 29\nrow '' 1 0 10 9\nend\n", 0);
}

static void without_keys_there_is_one_sequence_of_sessions(void **state)
{
    (void)state;
    check("aggregate aggs=count(*),max(user) window=session time=ts size=10",
          "row a 0 1\nrow b 5 1\nrow c 40 1\nrow d 20 1\nend\n",
          "row 2 b 0 15 14\nrow 1 d 20 30 29\nrow 1 c 40 50 49\nend\n", 0);
}

static void all_aggregates_survive_moving_and_fusing(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "user STRING, ts TIMESTAMP(3), n INT, f BOOLEAN, s STRING",
        .config = "aggregate keys=user aggs=sum(n),min(s),max(s),avg(n),count(n)/f,min(n) "
                  "window=session time=ts size=10",
        .input = "row a 0 1 true 'a string that is too long to be inline'\n"
                 "row a 40 2 false b\nrow a 20 NULL true NULL\nrow a 30 4 NULL zz\n"
                 "row a 10 8 true 'another string of some length'\nrow b 5 NULL true NULL\nend\n",
        .expect =
            "row a 15 'a string that is too long to be inline' zz 3.7500000000000000 2 1 0 50 49\n"
            "row b NULL NULL NULL NULL 0 NULL 5 15 14\nend\n" });
}

/* The distinct sets move and fuse with their sessions. */
static void distinct_values_of_a_session(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){
        .schema = "user STRING, ts TIMESTAMP(3), ad BIGINT, s STRING, f BOOLEAN",
        .config = "aggregate keys=user aggs=count(distinct ad),count(distinct s),sum(distinct ad),"
                  "count(distinct ad)/f,count(*) window=session time=ts size=10",
        .input =
            "row a 0 1 x true\nrow a 5 1 'a value that is long enough' false\nrow a 30 2 x true\n"
            "row a 15 NULL 'a value that is long enough' true\nrow b 0 7 x NULL\nrow b 1 7 y NULL\n"
            "row a 20 3 NULL true\nrow a 25 1 x false\nwm 200\nrow a 200 1 x true\nend\n",
        .expect = "row a 3 2 6 3 6 0 40 39\nrow b 1 2 7 0 2 0 11 10\nwm 200\nrow a 1 1 1 1 1 200 "
                  "210 209\n"
                  "end\n" });
}

/* More members than are searched one by one, in two sessions that share half of them and then
 * fuse. */
static void large_sets_of_values(void **state)
{
    (void)state;
    tide_bytes input = { 0 };
    for (int session = 0; session < 2; session++)
        for (int i = 0; i < 300; i++) {
            int v = i % 200 + session * 100;
            tide_bytes_printf(&input, "row a %d %d %d.5 'value number %d of them'\n",
                              session * 20 + i % 3, v, v, v);
        }
    tide_bytes_puts(&input, "row a 11 7 7.5 x\nend\n");
    tide_op_check(&(tide_op_case){
        .schema = "user STRING, ts TIMESTAMP(3), n INT, d DECIMAL(9, 1), s STRING",
        .config = "aggregate keys=user aggs=count(distinct n),sum(distinct n),count(distinct d),"
                  "count(distinct s),count(*) window=session time=ts size=10",
        .input = tide_bytes_text(&input),
        .expect = "row a 300 44850 300 301 601 0 32 31\nend\n" });
    tide_bytes_fini(&input);
}

static void rows_without_a_time_are_bad(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .config = CONFIG,
                                   .skip_bad_rows = true,
                                   .input = "row a NULL 1\nrow a 0 1\nrow a NULL 2\nend\n",
                                   .expect = "row a 1 0 10 9\nend\n",
                                   .bad_rows = 2 });
    tide_op_check(
        &(tide_op_case){ .schema = SCHEMA,
                         .config = CONFIG,
                         .input = "row a NULL 5\nend\n",
                         .expect = "",
                         .expect_error = "the event time is NULL; the row is ('a', NULL, 5)" });
}

static void no_rows_no_sessions(void **state)
{
    (void)state;
    check(CONFIG, "wm 10\nend\n", "wm 10\nend\n", 0);
    check(CONFIG, "end\n", "end\n", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_within_the_gap_are_one_session),
        cmocka_unit_test(a_gap_of_exactly_the_size_still_joins),
        cmocka_unit_test(fires_only_when_the_watermark_is_past_the_end),
        cmocka_unit_test(out_of_order_row_bridges_two_sessions),
        cmocka_unit_test(bridges_fuse_older_sessions_in_any_order),
        cmocka_unit_test(older_sessions_grow_at_both_ends),
        cmocka_unit_test(late_only_when_no_session_can_take_the_row),
        cmocka_unit_test(rows_that_may_be_late_keep_their_order),
        cmocka_unit_test(a_range_fuses_every_session_it_meets),
        cmocka_unit_test(a_late_row_may_join_what_is_still_open),
        cmocka_unit_test(late_rows_can_be_routed),
        cmocka_unit_test(a_user_who_comes_back_before_the_watermark_has_two_sessions),
        cmocka_unit_test(negative_times_and_time_zero),
        cmocka_unit_test(null_keys_are_one_key),
        cmocka_unit_test(without_keys_there_is_one_sequence_of_sessions),
        cmocka_unit_test(all_aggregates_survive_moving_and_fusing),
        cmocka_unit_test(distinct_values_of_a_session),
        cmocka_unit_test(large_sets_of_values),
        cmocka_unit_test(rows_without_a_time_are_bad),
        cmocka_unit_test(no_rows_no_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
