/* Operators that look at one row at a time: filter, project, windowing without aggregation,
 * watermarks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"

/* ---- nodes ---- */

static const tide_expr *column(tide_arena *arena, const tide_node *input, uint32_t i)
{
    return tide_expr_column(arena, i, input->schema.fields[i].type, false, TIDE_POS_UNKNOWN);
}

static const tide_expr *number(tide_arena *arena, int64_t v)
{
    tide_value value = { .type = tide_type_of(TIDE_TYPE_BIGINT), .i64 = v };
    return tide_expr_literal(arena, &value, TIDE_POS_UNKNOWN);
}

/* `pos` 9: the second line of the kit's source text, column 3. */
static const tide_expr *call(tide_arena *arena, const char *name, const tide_expr *a,
                             const tide_expr *b)
{
    const tide_expr *args[] = { a, b }, *out;
    assert_int_equal(tide_expr_call(arena, name, args, 2, 9, &out), TIDE_OK);
    return out;
}

static tide_node *node_over(tide_arena *arena, const tide_node *input, tide_node_kind kind)
{
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, 1);
    tide_node *node = TIDE_NEW(arena, tide_node);
    inputs[0] = input;
    *node = (tide_node){ .kind = kind,
                         .n_inputs = 1,
                         .inputs = inputs,
                         .schema = input->schema,
                         .rowtime = -1,
                         .window_start = -1,
                         .window_end = -1 };
    return node;
}

/* WHERE 10 / n > 2 */
static const tide_node *filter_node(tide_arena *arena, const tide_node *input)
{
    tide_node *node = node_over(arena, input, TIDE_NODE_FILTER);
    node->filter.predicate =
        call(arena, ">", call(arena, "/", number(arena, 10), column(arena, input, 1)),
             number(arena, 2));
    return node;
}

static const tide_node *project_to(tide_arena *arena, const tide_node *input, const tide_expr *a,
                                   const tide_expr *b)
{
    tide_node *node = node_over(arena, input, TIDE_NODE_PROJECT);
    const tide_expr **exprs = TIDE_NEW_N(arena, const tide_expr *, 2);
    tide_field *fields = TIDE_NEW_N(arena, tide_field, 2);
    exprs[0] = a;
    exprs[1] = b;
    fields[0] = (tide_field){ .name = "a", .type = a->type };
    fields[1] = (tide_field){ .name = "b", .type = b->type };
    node->project.exprs = exprs;
    node->schema = (tide_schema){ .n = 2, .fields = fields };
    return node;
}

/* SELECT n, k */
static const tide_node *swap_node(tide_arena *arena, const tide_node *input)
{
    return project_to(arena, input, column(arena, input, 1), column(arena, input, 0));
}

/* SELECT k, 10 / n */
static const tide_node *divide_node(tide_arena *arena, const tide_node *input)
{
    return project_to(arena, input, column(arena, input, 0),
                      call(arena, "/", number(arena, 10), column(arena, input, 1)));
}

/* The watermark is column 1. */
static const tide_node *watermark_node(tide_arena *arena, const tide_node *input)
{
    tide_node *node = node_over(arena, input, TIDE_NODE_WATERMARK);
    node->watermark.watermark = column(arena, input, 1);
    node->rowtime = 1;
    return node;
}

/* ---- filter, project ---- */

#define SCHEMA "k STRING, n BIGINT"

static void filter_keeps_the_rows_for_which_the_predicate_is_true(void **state)
{
    (void)state;
    tide_op_check(
        &(tide_op_case){ .schema = SCHEMA,
                         .build = filter_node,
                         .ordered = true,
                         .input = "row a 1\nrow b 9\nrow c NULL\nrow d 3\nwm 5\nrow e 8\nend\n",
                         .expect = "row a 1\nrow d 3\nwm 5\nend\n" });
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .build = filter_node,
                                   .input_updating = true,
                                   .input = "+I a 1\n-U a 1\n+U a 2\n-D b 9\nend\n",
                                   .ordered = true,
                                   .expect = "+I a 1\n-U a 1\n+U a 2\nend\n" });
}

static void rows_that_fail_follow_the_policy(void **state)
{
    (void)state;
    tide_op_case c = { .schema = SCHEMA,
                       .build = filter_node,
                       .ordered = true,
                       .skip_bad_rows = true,
                       .input = "row a 1\nrow b 0\nrow c 2\nrow d 0\nend\n",
                       .expect = "row a 1\nrow c 2\nend\n",
                       .bad_rows = 2 };
    tide_op_check(&c);
    c.build = divide_node;
    c.expect = "row a 10\nrow c 5\nend\n";
    tide_op_check(&c);
    c.skip_bad_rows = false;
    c.expect_error = "test.sql:2:3: division by zero; the row is ('b', 0)";
    tide_op_check(&c);
    c.build = filter_node;
    tide_op_check(&c);
}

static void project_computes_or_shares_columns(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .build = swap_node,
                                   .ordered = true,
                                   .input = "row a 1\nrow NULL 2\nrow c NULL\nend\n",
                                   .expect = "row 1 a\nrow 2 NULL\nrow NULL c\nend\n" });
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .build = divide_node,
                                   .ordered = true,
                                   .input = "row a 1\nrow b 3\nrow c NULL\nend\n",
                                   .expect = "row a 10\nrow b 3\nrow c NULL\nend\n" });
    tide_op_check(&(tide_op_case){ .schema = SCHEMA,
                                   .build = divide_node,
                                   .input_updating = true,
                                   .input = "+I a 1\n-U a 1\n+U a 5\nend\n",
                                   .ordered = true,
                                   .expect = "+I a 10\n-U a 10\n+U a 2\nend\n" });
}

/* ---- windowing without aggregation ---- */

#define TIMED "k STRING, ts TIMESTAMP(3)"

static void a_row_comes_once_per_window_it_lies_in(void **state)
{
    (void)state;
    const char *input = "row a 1\nrow b -1\nrow c 12\nend\n";
    tide_op_check(
        &(tide_op_case){ .schema = TIMED,
                         .config = "window window=tumble size=10",
                         .input = input,
                         .ordered = true,
                         .expect = "row a 1 0 10 9\nrow b -1 -10 0 -1\nrow c 12 10 20 19\nend\n" });
    tide_op_check(&(tide_op_case){
        .schema = TIMED,
        .config = "window window=hop size=10 slide=5",
        .input = input,
        .ordered = true,
        .expect = "row a 1 -5 5 4\nrow a 1 0 10 9\nrow b -1 -10 0 -1\nrow b -1 -5 5 4\n"
                  "row c 12 5 15 14\nrow c 12 10 20 19\nend\n" });
    tide_op_check(&(tide_op_case){
        .schema = TIMED,
        .config = "window window=cumulate size=10 slide=5 offset=1",
        .input = input,
        .ordered = true,
        .expect = "row a 1 1 6 5\nrow a 1 1 11 10\nrow b -1 -9 1 0\nrow c 12 11 16 15\n"
                  "row c 12 11 21 20\nend\n" });
    tide_op_check(&(tide_op_case){ .schema = TIMED,
                                   .config = "window window=hop size=2 slide=10",
                                   .input = input,
                                   .ordered = true,
                                   .expect = "row a 1 0 2 1\nend\n" });
}

/* 20 rows in 1000 windows each: more than a batch of them. */
static void many_windows_per_row(void **state)
{
    (void)state;
    tide_bytes input = { 0 }, expect = { 0 };
    for (int r = 0; r < 20; r++) {
        tide_bytes_printf(&input, "row a %d\n", r);
        for (int w = r - 999; w <= r; w++)
            tide_bytes_printf(&expect, "row a %d %d %d %d\n", r, w, w + 1000, w + 999);
    }
    tide_bytes_puts(&input, "end\n");
    tide_bytes_puts(&expect, "end\n");
    tide_op_check(&(tide_op_case){ .schema = TIMED,
                                   .config = "window window=hop size=1000 slide=1",
                                   .input = tide_bytes_text(&input),
                                   .ordered = true,
                                   .expect = tide_bytes_text(&expect) });
    tide_bytes_fini(&input);
    tide_bytes_fini(&expect);
}

static void rows_without_a_time_have_no_window(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){ .schema = TIMED,
                                   .config = "window window=tumble size=10",
                                   .ordered = true,
                                   .skip_bad_rows = true,
                                   .input = "row a 1\nrow b NULL\nrow c 2\nend\n",
                                   .bad_rows = 1,
                                   .expect = "row a 1 0 10 9\nrow c 2 0 10 9\nend\n" });
}

/* ---- watermarks ---- */

static void the_watermark_is_the_largest_value_so_far(void **state)
{
    (void)state;
    char *text = tide_op_run_once(&(tide_op_case){
        .schema = TIMED,
        .build = watermark_node,
        .input = "row a 5\nrow b 7\nwm 1\nrow c 6\nwm 2\nrow d NULL\nrow e 9\nend\n" });
    assert_string_equal(text, "row a 5\nrow b 7\nwm 7\nrow c 6\nrow d NULL\nrow e 9\nwm 9\n"
                              "wm 9223372036854775\nend\n");
    tide_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_keeps_the_rows_for_which_the_predicate_is_true),
        cmocka_unit_test(rows_that_fail_follow_the_policy),
        cmocka_unit_test(project_computes_or_shares_columns),
        cmocka_unit_test(a_row_comes_once_per_window_it_lies_in),
        cmocka_unit_test(many_windows_per_row),
        cmocka_unit_test(rows_without_a_time_have_no_window),
        cmocka_unit_test(the_watermark_is_the_largest_value_so_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
