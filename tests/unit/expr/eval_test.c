/* eval_test.c - running programs: NULL logic, lazy branches, row errors, selections, sharing. */
#include "base/expr/prog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/expr_reader.h"
#include "tests/unit/expr/run.h"

#define N 1000u

static tide_arena *arena;
static tide_pool *pool;
static tide_batch
    *batch; /* i BIGINT (0..N-1), maybe BIGINT (NULL every 3rd), s STRING, b BOOLEAN. */
static tide_field fields[4];
static const tide_schema schema = { 4, fields };

static tide_batch *make_batch(void)
{
    static const tide_type_id ids[] = { TIDE_TYPE_BIGINT, TIDE_TYPE_BIGINT, TIDE_TYPE_STRING,
                                        TIDE_TYPE_BOOLEAN };
    static const char *const names[] = { "i", "maybe", "s", "b" };
    tide_type types[4];
    for (uint32_t c = 0; c < 4; c++) {
        types[c] = tide_type_of(ids[c]);
        fields[c] = (tide_field){ .name = names[c], .type = types[c] };
    }
    tide_builder b;
    tide_builder_init(&b, pool, types, 4, N);
    for (uint32_t i = 0; i < N; i++) {
        char text[64];
        int len = snprintf(text, sizeof text, i % 2 ? "row %u" : "a longer text, number %u", i);
        ((int64_t *)b.cols[0].values)[i] = i;
        if (i % 3 == 0)
            tide_colb_set_null(&b.cols[1], i);
        else
            ((int64_t *)b.cols[1].values)[i] = i;
        tide_colb_put_str(&b.cols[2], i, text, (uint32_t)len);
        ((uint8_t *)b.cols[3].values)[i] = i % 5 == 0;
    }
    b.n = N;
    tide_batch *out = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return out;
}

static tide_prog *compile(const char *text)
{
    const tide_expr *e;
    tide_prog *prog;
    if (read_expr(arena, text, &schema, &e) != TIDE_OK) fail_msg("%s: %s", text, tide_error_text());
    if (tide_prog_compile(&e, 1, &prog) != TIDE_OK) fail_msg("%s: %s", text, tide_error_text());
    return prog;
}

/* Evaluates text over `in`, twice with the same program: registers are used again. */
static tide_col *eval(const char *text, const tide_batch *in, tide_row_errors *errs)
{
    tide_prog *prog = compile(text);
    tide_prog_env env = { .pool = pool };
    tide_col *out;
    tide_prog_eval(prog, &env, in, &out, errs);
    tide_col_unref(&out);
    tide_prog_eval(prog, &env, in, &out, errs);
    tide_prog_free(&prog);
    assert_int_equal(out->n, in->n_rows);
    return out;
}

/* Row `row` of the result is `expected`, and there are no errors. */
static void gives(const char *text, uint32_t row, const char *expected)
{
    tide_row_errors errs = { 0 };
    tide_col *out = eval(text, batch, &errs);
    if (errs.n) fail_msg("%s: row %u: %s", text, errs.items[0].row, errs.items[0].text);
    tide_value v = tide_col_value(out, row);
    assert_string_equal(value_text(arena, &v), expected);
    tide_col_unref(&out);
    tide_row_errors_fini(&errs);
}

static uint32_t selected(const char *text, const tide_batch *in, uint16_t *sel, uint32_t n_errors)
{
    tide_prog *prog = compile(text);
    tide_prog_env env = { .pool = pool };
    tide_row_errors errs = { 0 };
    uint32_t n = tide_prog_select(prog, &env, in, sel, &errs);
    assert_int_equal(errs.n, n_errors);
    tide_prog_free(&prog);
    tide_row_errors_fini(&errs);
    return n;
}

static void columns_are_computed(void **state)
{
    (void)state;
    gives("i * 2 + 1", 10, "21");
    gives("i % 7", 20, "6");
    gives("i / 7", 20, "2");
    gives("i * 0.908", 1000 - 1, "907.092");
    gives("maybe + 1", 3, "NULL");
    gives("maybe + 1", 4, "5");
    gives("i > 500", 501, "true");
    gives("s = 'row 7'", 7, "true");
    gives("s > 'b'", 8, "false");
    gives("case when b then s else 'no' end", 10, "a longer text, number 10");
    gives("case when b then s else 'a constant that is not inline' end", 11,
          "a constant that is not inline");
    gives("coalesce(maybe, i * 10)", 9, "90");
    gives("coalesce(maybe, i * 10)", 8, "8");
    gives("nullif(i, 4)", 4, "NULL");
    gives("i in (1, 5, 7)", 5, "true");
    gives("s in ('row 7', 'row 9')", 9, "true");
    gives("cast(i as string)", 12, "12");
    gives("i::int + 1", 12, "13");
}

/* Calls keep the pattern they met last, taken apart, and the day of the last time. */
static void patterns_may_change_by_row(void **state)
{
    (void)state;
    gives("to_char(i, case when b then '000' else '9999' end)", 10, " 010");
    gives("to_char(i, case when b then '000' else '9999' end)", 11, "   11");
    gives("to_char(maybe, '999')", 3, "NULL");
    gives("to_char(maybe, '999')", 4, "   4");
    gives("to_char(timestampadd('HOUR', i::int, timestamp '2024-02-28 12:00:00'), "
          "case when b then 'YYYY-MM-DD HH24' else 'DD' end)",
          15, "2024-02-29 03");
    gives("to_char(timestampadd('HOUR', i::int, timestamp '2024-02-28 12:00:00'), "
          "case when b then 'YYYY-MM-DD HH24' else 'DD' end)",
          999, "10");
    gives("date_format(timestampadd('DAY', -i::int, timestamp '2024-02-28 12:00:00'), "
          "'dd/MM/yyyy')",
          28, "31/01/2024");
    gives("to_timestamp(case when b then '2024' else '05/2023' end, "
          "case when b then 'yyyy' else 'MM/yyyy' end)",
          10, "2024-01-01 00:00:00");
    gives("to_timestamp(case when b then '2024' else '05/2023' end, "
          "case when b then 'yyyy' else 'MM/yyyy' end)",
          11, "2023-05-01 00:00:00");
    gives("s like case when b then 'a%1_' else 'row 1_' end", 10, "true");
    gives("s like case when b then 'a%1_' else 'row 1_' end", 11, "true");
    gives("s like case when b then 'a%1_' else 'row 1_' end", 12, "false");
}

static void texts_of_columns_are_turned(void **state)
{
    (void)state;
    gives("s like 'a%text%1_'", 10, "true");
    gives("s ilike 'A LONG%NUMBER 10'", 10, "true");
    gives("s ilike 'A LONG%NUMBER 10'", 11, "false");
    gives("nullif(s, 'row 7') like 'row%'", 7, "NULL");
    gives("nullif(s, 'row 7') like 'row%'", 9, "true");
    gives("s like cast(null as string)", 9, "NULL");
    gives("initcap(s)", 10, "A Longer Text, Number 10");
    gives("reverse(s)", 10, "01 rebmun ,txet regnol a");
    gives("translate(s, 'aeo', 'AE')", 10, "A lngEr tExt, numbEr 10");
    gives("translate(s, case when b then 'a' else 'r' end, 'X')", 10, "X longer text, number 10");
    gives("translate(s, case when b then 'a' else 'r' end, 'X')", 11, "Xow 11");
    gives("left(s, -2) || right(s, 1)", 10, "a longer text, number 0");
    gives("md5(s)", 7, "deb0a468c6c36f84cc36388b3acf3848");
    gives("sha256(s)", 10, "833873ceff77a1bb791d1b6cd63c1e482100ce6d53eabbb65ed7d18a639a7328");
    gives("encode(nullif(s, 'row 7')::bytea, 'hex')", 7, "NULL");
    gives("encode(s::bytea, 'hex')", 9, "726f772039");
}

static void logic_has_three_values(void **state)
{
    (void)state;
    static const char *const words[] = { "true", "false", "NULL" };
    static const char *const ands[3][3] = { { "true", "false", "NULL" },
                                            { "false", "false", "false" },
                                            { "NULL", "false", "NULL" } };
    static const char *const ors[3][3] = { { "true", "true", "true" },
                                           { "true", "false", "NULL" },
                                           { "true", "NULL", "NULL" } };
    for (uint32_t x = 0; x < 3; x++)
        for (uint32_t y = 0; y < 3; y++) {
            const char *a = words[x], *b = words[y];
            assert_string_equal(eval_text(arena, tide_arena_printf(arena, "%s and %s", a, b)),
                                ands[x][y]);
            assert_string_equal(eval_text(arena, tide_arena_printf(arena, "%s or %s", a, b)),
                                ors[x][y]);
        }
    assert_string_equal(eval_text(arena, "not (null::boolean)"), "NULL");
    assert_string_equal(eval_text(arena, "null::boolean is not true"), "true");
    assert_string_equal(eval_text(arena, "null::boolean is not false"), "true");
    assert_string_equal(eval_text(arena, "null::boolean is true"), "false");
    assert_string_equal(eval_text(arena, "false is not true"), "true");
    /* The same over columns, where both NULL and values occur. */
    gives("maybe > 0 and b", 9, "false");
    gives("maybe > 0 and b", 15, "NULL");
    gives("maybe > 0 and i < 0", 9, "false");
    gives("maybe > 0 or b", 15, "true");
    gives("maybe > 0 or b", 9, "NULL");
}

static void branches_are_computed_only_where_reached(void **state)
{
    (void)state;
    gives("case when i <> 0 then 100 / i else -1 end", 0, "-1");
    gives("case when i <> 0 then 100 / i else -1 end", 7, "14");
    gives("i = 0 or 100 / i > 3", 0, "true");
    gives("i <> 0 and 100 / i > 3", 0, "false");
    gives("i <> 0 and 100 / i > 3", 20, "true");
    gives("coalesce(i, 1 / (i - i))", 5, "5");
    gives("case when i % 2 = 0 then i when i % 3 = 0 then 1 / (i % 3 + 1) else 0 end", 3, "1");
    gives("i in (i, 1 / (i - i))", 3, "true");
    gives("nullif(i, 3) is null or 100 / (i - 3) < 1000", 3, "true");
}

static void failing_rows_are_reported_and_null(void **state)
{
    (void)state;
    tide_row_errors errs = { 0 };
    tide_col *out = eval("100 / (i % 500)", batch, &errs);
    assert_int_equal(errs.n, 2);
    assert_int_equal(errs.items[0].row, 0);
    assert_int_equal(errs.items[1].row, 500);
    assert_int_equal(errs.items[0].pos, 4);
    assert_int_equal(errs.items[0].code, TIDE_E_DIV_ZERO);
    assert_string_equal(errs.items[0].text, "division by zero");
    assert_false(tide_col_valid(out, 500));
    assert_true(tide_col_valid(out, 501));
    tide_col_unref(&out);

    out = eval("(1 / i) is null", batch, &errs);
    assert_int_equal(errs.n, 1);
    assert_false(tide_col_valid(out, 0));
    tide_col_unref(&out);

    /* Two failures of one row are one error. */
    out = eval("1 / i + (9223372036854775807 + i + 1 - i - 1)", batch, &errs);
    assert_int_equal(errs.n, N);
    assert_string_equal(errs.items[0].text, "division by zero");
    tide_col_unref(&out);

    /* NULL rows do not fail. */
    out = eval("100 / (maybe - maybe)", batch, &errs);
    assert_int_equal(errs.n, N - (N + 2) / 3);
    assert_int_equal(errs.items[0].row, 1);
    tide_col_unref(&out);
    tide_row_errors_fini(&errs);
}

static void each_type_fails_at_its_edge(void **state)
{
    (void)state;
    static const char *const good[] = {
        "127::tinyint",
        "-128::tinyint",
        "32767::smallint",
        "2147483646 + 1",
        "-2147483647 - 1",
        "9223372036854775806 + 1",
        "-9223372036854775807 - 1",
        "4611686018427387904 * (-2)",
        "99999999999999999999999999999999999998::decimal(38,0) + 1",
        "1e308 + 1e307",
        "date '9999-12-31'",
        "date '0001-01-01'",
    };
    static const char *const bad[] = {
        "128::tinyint",
        "-129::tinyint",
        "32768::smallint",
        "2147483647 + 1",
        "-2147483647 - 2",
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "4611686018427387904 * 2",
        "99999999999999999999999999999999999999::decimal(38,0) + 1",
        "1e308 + 1e308",
        "100::tinyint + 100::tinyint",
        "32767::smallint * 2::smallint",
        "(-2147483647 - 1) / (-1)",
        "-(-9223372036854775807 - 1)",
        "12345.6::decimal(5,2)",
        "1e40::float",
        "'1e400'::double",
        "-(-128)::tinyint",
        "(-32767::smallint - 1::smallint) / (-1)::smallint",
        "1e-320 * 1e-320",
        "1 % 0",
        "1.5 / 0",
        "1.5 % 0",
        "0e0 / 0e0",
        "abs((-128)::tinyint)",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (strncmp(eval_text(arena, good[i]), "ERROR", 5) == 0)
            fail_msg("%s: %s", good[i], eval_text(arena, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strncmp(eval_text(arena, bad[i]), "ERROR", 5) != 0)
            fail_msg("%s: %s", bad[i], eval_text(arena, bad[i]));
}

static void selections_choose_physical_rows(void **state)
{
    (void)state;
    uint16_t sel[N], again[N];
    uint32_t n = selected("i % 123 = 0", batch, sel, 0);
    assert_int_equal(n, 9);
    for (uint32_t k = 0; k < n; k++) assert_int_equal(sel[k], 123 * k);
    assert_int_equal(selected("i >= 0", batch, sel, 0), N);
    assert_int_equal(selected("i < 0", batch, sel, 0), 0);
    assert_int_equal(selected("maybe > 10", batch, sel, 0), 660 - 1);
    assert_int_equal(selected("i >= 500 or 1 / i > 5", batch, sel, 1), 500);

    n = selected("i % 10 = 3", batch, sel, 0);
    tide_batch *narrow = tide_batch_select(pool, batch, sel, n);
    assert_int_equal(selected("i > 500", narrow, again, 0), 50);
    assert_int_equal(again[0], 503);
    assert_int_equal(selected("s like 'row _1_'", narrow, again, 0), 9);
    assert_int_equal(again[8], 913);
    assert_int_equal(selected("md5(s) = md5('row 13')", narrow, again, 0), 1);
    assert_int_equal(again[0], 13);
    tide_row_errors errs = { 0 };
    tide_col *out = eval("1000 / (i - 503)", narrow, &errs);
    assert_int_equal(errs.n, 1);
    assert_int_equal(errs.items[0].row, 50);
    tide_value v = tide_col_value(out, 51);
    assert_string_equal(value_text(arena, &v), "100");
    tide_col_unref(&out);
    out = eval("s", narrow, &errs);
    v = tide_col_value(out, 1);
    assert_string_equal(value_text(arena, &v), "row 13");
    tide_col_unref(&out);
    tide_row_errors_fini(&errs);
    tide_batch_unref(&narrow);
}

static void plain_columns_are_shared(void **state)
{
    (void)state;
    const tide_expr *exprs[4];
    static const char *const texts[] = { "s", "i + 1", "i + 1", "7" };
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(read_expr(arena, texts[i], &schema, &exprs[i]), TIDE_OK);
    tide_prog *prog;
    assert_int_equal(tide_prog_compile(exprs, 4, &prog), TIDE_OK);
    tide_prog_env env = { .pool = pool };
    tide_row_errors errs = { 0 };
    tide_col *out[4];
    tide_prog_eval(prog, &env, batch, out, &errs);
    assert_ptr_equal(out[0], batch->cols[2]);
    assert_ptr_equal(out[1], out[2]); /* Computed once. */
    assert_int_equal(tide_col_value(out[1], 5).i64, 6);
    assert_int_equal(tide_col_value(out[3], 999).i64, 7);
    for (uint32_t i = 0; i < 4; i++) tide_col_unref(&out[i]);
    tide_row_errors_fini(&errs);
    tide_prog_free(&prog);
}

static void constants_fold_unless_they_fail(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "i + (2 * 3 + 1)", "$0 + 7" },
        { "1 / 0 + i", "CAST(1 / 0 AS BIGINT) + $0" },
        { "case when 1 = 1 then 'x' end", "'x'" },
        { "now() > timestamp '2024-01-01'", "NOW() > TIMESTAMP_LTZ '2024-01-01 00:00:00+00'" },
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const tide_expr *e;
        assert_int_equal(read_expr(arena, pairs[i][0], &schema, &e), TIDE_OK);
        e = tide_expr_fold(arena, e);
        assert_string_equal(tide_expr_print(arena, e, NULL), pairs[i][1]);
    }
}

static int set_up(void **state)
{
    (void)state;
    arena = tide_arena_new();
    pool = tide_pool_new(0);
    batch = make_batch();
    return 0;
}
static int tear_down(void **state)
{
    (void)state;
    tide_batch_unref(&batch);
    assert_int_equal(tide_pool_bytes(pool), 0); /* Nothing leaks. */
    tide_pool_free(&pool);
    tide_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_computed),
        cmocka_unit_test(patterns_may_change_by_row),
        cmocka_unit_test(texts_of_columns_are_turned),
        cmocka_unit_test(logic_has_three_values),
        cmocka_unit_test(branches_are_computed_only_where_reached),
        cmocka_unit_test(failing_rows_are_reported_and_null),
        cmocka_unit_test(each_type_fails_at_its_edge),
        cmocka_unit_test(selections_choose_physical_rows),
        cmocka_unit_test(plain_columns_are_shared),
        cmocka_unit_test(constants_fold_unless_they_fail),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
