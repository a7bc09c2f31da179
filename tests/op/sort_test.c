/* ORDER BY, LIMIT, OFFSET: every type's order, NULLs, stability, pruning, changes, budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/support/opkit.h"

#define WM_END "wm 9223372036854775\nend\n" /* The operator gives the final watermark itself. */

static void check(const char *schema, const char *config, const char *input, const char *expect)
{
    tide_op_check(&(tide_op_case){ .schema = schema,
                                   .config = config,
                                   .input = input,
                                   .expect = expect,
                                   .ordered = true,
                                   .no_snapshot = true });
}

static void rows_come_in_order_at_the_end(void **state)
{
    (void)state;
    check("a BIGINT, b STRING", "sort by=a", "row 3 x\nrow -1 y\nwm 5\nrow NULL z\nrow 2 v\nend\n",
          "row -1 y\nrow 2 v\nrow 3 x\nrow NULL z\n" WM_END);
    check("a BIGINT, b STRING", "sort by=-a?,b", "row 3 x\nrow 3 a\nrow NULL z\nrow 5 v\nend\n",
          "row NULL z\nrow 5 v\nrow 3 a\nrow 3 x\n" WM_END);
    check("a BIGINT", "sort by=a", "wm 1\nend\n", WM_END);
}

static void equal_rows_keep_their_order(void **state)
{
    (void)state;
    check("a INT, b INT", "sort by=a", "row 1 9\nrow 0 1\nrow 1 8\nrow 0 2\nrow 1 7\nend\n",
          "row 0 1\nrow 0 2\nrow 1 9\nrow 1 8\nrow 1 7\n" WM_END);
}

static void each_type_has_its_order(void **state)
{
    (void)state;
    check("d DOUBLE", "sort by=d", "row nan\nrow 1\nrow -inf\nrow 0\nrow -2.5\nrow inf\nend\n",
          "row -Infinity\nrow -2.5\nrow 0\nrow 1\nrow Infinity\nrow NaN\n" WM_END);
    check("d DECIMAL(30, 2)", "sort by=-d", "row 1.50\nrow -100000000000000000000.25\nrow 2\nend\n",
          "row 2.00\nrow 1.50\nrow -100000000000000000000.25\n" WM_END);
    check("s STRING", "sort by=s",
          "row 'a common beginning and b'\nrow ab\nrow ''\nrow 'a common beginning and a'\nrow a\n"
          "row 'a common beginning'\nend\n",
          "row ''\nrow a\nrow 'a common beginning'\nrow 'a common beginning and a'\n"
          "row 'a common beginning and b'\nrow ab\n" WM_END);
    check("s STRING, n INT", "sort by=-s,n",
          "row 'a common beginning and b' 2\nrow zz 1\n"
          "row 'a common beginning and b' 1\nend\n",
          "row zz 1\nrow 'a common beginning and b' 1\nrow 'a common beginning and b' 2\n" WM_END);
    check("i INTERVAL", "sort by=i", "row '31 days'\nrow '1 mon'\nrow '29 days'\nend\n",
          "row 29 days\nrow 1 mon\nrow 31 days\n" WM_END);
    check("f BOOLEAN, t TIMESTAMP(3)", "sort by=f,-t",
          "row true 1\nrow false 1\nrow false 2\nend\n",
          "row false 2\nrow false 1\nrow true 1\n" WM_END);
}

static void limit_and_offset_count_from_the_front(void **state)
{
    (void)state;
    const char *input = "row 5\nrow 3\nrow 1\nrow 4\nrow 2\nend\n";
    check("a INT", "sort by=a limit=2", input, "row 1\nrow 2\n" WM_END);
    check("a INT", "sort by=a limit=2 offset=3", input, "row 4\nrow 5\n" WM_END);
    check("a INT", "sort by=-a offset=4", input, "row 1\n" WM_END);
    check("a INT", "sort by=a offset=9", input, WM_END);
    check("a INT", "sort by=a limit=0", input, WM_END);
    check("a INT", "sort limit=3", input, "row 5\nrow 3\nrow 1\n" WM_END);
}

/* More rows than the operator lets gather: memory stays small, the first rows come. */
static void a_small_limit_keeps_few_rows(void **state)
{
    (void)state;
    tide_bytes input = { 0 };
    for (uint32_t i = 0; i < 100000; i++)
        tide_bytes_printf(&input, "row %u 'a string of some length %u'\n", (i * 7919u) % 100003u,
                          i % 10u);
    tide_bytes_puts(&input, "end\n");
    char *text = tide_op_run_once(&(tide_op_case){ .schema = "a INT, s STRING",
                                                   .config = "sort by=a limit=3",
                                                   .input = tide_bytes_text(&input),
                                                   .state_budget_bytes = 24u << 20 });
    assert_non_null(strstr(text, "row 0 'a string of some length 0'\nrow 1 "));
    assert_int_equal(strlen(text) < 200, 1);
    tide_free(text);
    tide_op_check(&(tide_op_case){ .schema = "a INT, s STRING",
                                   .config = "sort by=a",
                                   .no_snapshot = true,
                                   .input = tide_bytes_text(&input),
                                   .expect = "",
                                   .state_budget_bytes = 1u << 20,
                                   .expect_error = "over the budget" });
    tide_bytes_fini(&input);
}

static void rows_and_their_retractions_cancel(void **state)
{
    (void)state;
    tide_op_check(&(tide_op_case){ .schema = "k STRING, n INT",
                                   .config = "sort by=-n limit=3",
                                   .input_updating = true,
                                   .ordered = true,
                                   .no_snapshot = true,
                                   .input = "+I a 1\n+I b 1\n-U a 1\n+U a 2\n-U a 2\n+U a 3\n+I c "
                                            "9\n-D c 9\n+I d 1\n+I d 1\n-D d 1\nend\n",
                                   .expect = "+U a 3\n+I b 1\n+I d 1\n" WM_END });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_in_order_at_the_end),
        cmocka_unit_test(equal_rows_keep_their_order),
        cmocka_unit_test(each_type_has_its_order),
        cmocka_unit_test(limit_and_offset_count_from_the_front),
        cmocka_unit_test(a_small_limit_keeps_few_rows),
        cmocka_unit_test(rows_and_their_retractions_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
