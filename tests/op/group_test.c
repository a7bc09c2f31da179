/* GROUP BY without windows: changes that add up, retractions, the final rows, time to live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"

#define SCHEMA "k STRING, n BIGINT"
#define CONFIG "aggregate keys=k aggs=count(*),sum(n)"

/* What the changes add up to, and in batch mode the final rows. */
static void check(const char *config, const char *schema, const char *input, const char *final)
{
    tide_op_check(&(tide_op_case){
        .schema = schema, .config = config, .input = input, .expect = final, .materialize = true });
    tide_op_check(&(tide_op_case){ .schema = schema,
                                   .config = config,
                                   .input = input,
                                   .expect = final,
                                   .materialize = true,
                                   .batch_mode = true });
}

static void every_batch_updates_its_groups(void **state)
{
    (void)state;
    check(CONFIG, SCHEMA, "row a 1\nrow b 2\nrow a 3\nrow NULL 4\nrow a NULL\nrow NULL 1\nend\n",
          "NULL 2 5\na 3 4\nb 1 2\n");
    char *text = tide_op_run_once(
        &(tide_op_case){ .schema = SCHEMA,
                         .config = CONFIG,
                         .input = "row a 1\nrow b 2\nwm 1\nrow a 3\nrow c 1\nwm 2\nend\n" });
    assert_string_equal(text,
                        "+I a 1 1\n+I b 1 2\nwm 1\n-U a 1 1\n+U a 2 4\n+I c 1 1\nwm 2\nend\n");
    tide_free(text);
}

static void unchanged_results_do_not_come_out(void **state)
{
    (void)state;
    char *text = tide_op_run_once(
        &(tide_op_case){ .schema = SCHEMA,
                         .config = "aggregate keys=k aggs=max(n),min(k)",
                         .input = "row a 5\nrow 'a long key, not inline at all' 1\nwm 1\nrow a 4\n"
                                  "row 'a long key, not inline at all' 0\nwm 2\nrow a 6\nend\n" });
    assert_string_equal(
        text, "+I a 5 a\n+I 'a long key, not inline at all' 1 'a long key, not inline at all'\n"
              "wm 1\nwm 2\n-U a 5 a\n+U a 6 a\nend\n");
    tide_free(text);
}

static void distinct_is_an_aggregate_without_aggregates(void **state)
{
    (void)state;
    check("aggregate keys=k,n", SCHEMA,
          "row a 1\nrow a 1\nrow b 1\nrow a NULL\nrow a NULL\nrow a 2\nend\n",
          "a 1\na 2\na NULL\nb 1\n");
}

static void without_keys_there_is_always_one_row(void **state)
{
    (void)state;
    check("aggregate aggs=count(*),sum(n)", SCHEMA, "row a 1\nrow b 2\nend\n", "2 3\n");
    check("aggregate aggs=count(*),sum(n)", SCHEMA, "wm 5\nend\n", "0 NULL\n");
    check(CONFIG, SCHEMA, "wm 5\nend\n", "");
}

static void distinct_and_filter(void **state)
{
    (void)state;
    check("aggregate keys=k aggs=count(distinct n),sum(n)/f,count(distinct n)/f,avg(distinct n)",
          "k STRING, n INT, f BOOLEAN",
          "row a 1 true\nrow a 1 false\nrow a 2 false\nrow a NULL true\nrow b 3 NULL\nrow a 2 "
          "true\nend\n",
          "a 2 3 2 1.5000000000000000\nb 1 NULL 0 3.0000000000000000\n");
}

static void check_updating(const char *config, const char *schema, const char *input,
                           const char *final)
{
    tide_op_check(&(tide_op_case){ .schema = schema,
                                   .config = config,
                                   .input = input,
                                   .expect = final,
                                   .materialize = true,
                                   .input_updating = true });
}

static void retractions_are_taken_away(void **state)
{
    (void)state;
    check_updating(CONFIG, SCHEMA, "+I a 1\n+I b 2\n-U a 1\n+U a 5\n-D b 2\n+I c 7\nend\n",
                   "a 1 5\nc 1 7\n");
    check_updating("aggregate aggs=count(*),sum(n)", SCHEMA, "+I a 1\n-D a 1\nend\n", "0 NULL\n");
    check_updating(CONFIG, SCHEMA, "+I a 1\nwm 1\n-D a 1\nwm 2\n+I a 3\nend\n", "a 1 3\n");
    char *text = tide_op_run_once(
        &(tide_op_case){ .schema = SCHEMA,
                         .config = CONFIG,
                         .input_updating = true,
                         .input = "+I a 1\n+I b 1\nwm 1\n-U a 1\n+U b 1\n-D c 9\nwm 2\nend\n" });
    assert_string_equal(text,
                        "+I a 1 1\n+I b 1 1\nwm 1\n-D a 1 1\n-U b 1 1\n+U b 2 2\nwm 2\nend\n");
    tide_free(text);
}

static void distinct_values_are_counted_out_again(void **state)
{
    (void)state;
    check_updating(
        "aggregate keys=k aggs=count(distinct n),sum(distinct n),count(*)", SCHEMA,
        "+I a 1\n+I a 1\n+I a 2\n-D a 1\nwm 1\n-D a 2\n+I b 4\n-U b 4\n+U b 5\n+I a NULL\nend\n",
        "a 1 1 2\nb 1 5 1\n");
}

/* The best value goes: the next best takes its place. */
static void min_and_max_give_way(void **state)
{
    (void)state;
    check_updating(
        "aggregate keys=k aggs=min(n),max(n)", SCHEMA,
        "+I a 5\n+I a 9\n+I a 1\n+I b 2\nwm 1\n-D a 9\n-D a 1\nwm 2\n+I a 7\n+I a 7\n-D a 7\n"
        "-D b 2\n+I b NULL\nend\n",
        "a 5 7\nb NULL NULL\n");
    check_updating(
        "aggregate keys=k aggs=max(s),min(d),count(distinct s)", "k INT, s STRING, d DOUBLE",
        "+I 1 abc 1.5\n+I 1 'the greatest of all of them' -2\n+I 1 b NULL\nwm 1\n"
        "-U 1 'the greatest of all of them' -2\n+U 1 'and a small one, just as long' 0\nend\n",
        "1 b 0 3\n");
    check_updating("aggregate aggs=max(n)", SCHEMA, "+I a 3\n+I b 4\n-U b 4\n+U b 1\nend\n", "3\n");
}

/* What DISTINCT gives carries changes that only add: min and max then keep no values to take back.
 */
static void a_change_column_of_inserts_is_no_retraction(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .config = "aggregate keys=k aggs=min(n),max(n)",
                                   .input = "+I a 5\n+I a 9\n+I b 2\nend\n",
                                   .materialize = true,
                                   .expect = "a 5 9\nb 2 2\n" });
}

static void groups_that_rest_are_forgotten(void **state)
{
    (void)state;
    tide_op_case c = { .schema = SCHEMA,
                       .config = CONFIG " ttl=100",
                       .input = "row a 1\nrow b 1\ntime 90\nrow a 1\ntime 150\nrow a 1\nrow b 1\n"
                                "time 1000\nrow a 1\nend\n",
                       .expect =
                           "+I a 1 1\n+I a 1 1\n+I b 1 1\n+I b 1 1\n+U a 2 2\n+U a 3 3\n-U a 1 1\n"
                           "-U a 2 2\nend\n" };
    tide_op_check(&c);
}

static void many_groups_in_one_batch(void **state)
{
    (void)state;
    tide_bytes input = { 0 }, expect = { 0 };
    for (int round = 0; round < 2; round++)
        for (int i = 10000; i < 15000; i++) tide_bytes_printf(&input, "row k%d 1\n", i);
    for (int i = 10000; i < 15000; i++) tide_bytes_printf(&expect, "k%d 2 2\n", i);
    tide_bytes_puts(&input, "end\n");
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .config = CONFIG,
                                   .no_snapshot = true,
                                   .input = tide_bytes_text(&input),
                                   .batch_mode = true,
                                   .expect = tide_bytes_text(&expect),
                                   .materialize = true });
    tide_bytes_fini(&input);
    tide_bytes_fini(&expect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_batch_updates_its_groups),
        cmocka_unit_test(unchanged_results_do_not_come_out),
        cmocka_unit_test(distinct_is_an_aggregate_without_aggregates),
        cmocka_unit_test(without_keys_there_is_always_one_row),
        cmocka_unit_test(distinct_and_filter),
        cmocka_unit_test(retractions_are_taken_away),
        cmocka_unit_test(distinct_values_are_counted_out_again),
        cmocka_unit_test(min_and_max_give_way),
        cmocka_unit_test(a_change_column_of_inserts_is_no_retraction),
        cmocka_unit_test(groups_that_rest_are_forgotten),
        cmocka_unit_test(many_groups_in_one_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
