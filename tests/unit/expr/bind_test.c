/* bind_test.c - which overload a call means, which casts it gets, and what it prints as. */
#include "base/expr/expr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static tide_arena *arena;

static const tide_expr *col(uint32_t i, tide_type type)
{
    return tide_expr_column(arena, i, type, false, TIDE_POS_UNKNOWN);
}
static const tide_expr *bigint(void)
{
    return col(0, tide_type_of(TIDE_TYPE_BIGINT));
}
static const tide_expr *smallint(void)
{
    return col(1, tide_type_of(TIDE_TYPE_SMALLINT));
}
static const tide_expr *money(void)
{
    return col(2, tide_type_decimal(10, 2));
}
static const tide_expr *string(void)
{
    return col(3, tide_type_of(TIDE_TYPE_STRING));
}
static const tide_expr *stamp(void)
{
    return col(4, tide_type_of(TIDE_TYPE_TIMESTAMP));
}
static const tide_expr *truth(void)
{
    return col(5, tide_type_of(TIDE_TYPE_BOOLEAN));
}

static const tide_expr *num(int64_t v)
{
    tide_value value = { .type = tide_type_of(TIDE_TYPE_INT), .i64 = v };
    return tide_expr_literal(arena, &value, TIDE_POS_UNKNOWN);
}
static const tide_expr *dec(int64_t v, uint16_t p, uint8_t s)
{
    tide_value value = { .type = tide_type_decimal(p, s), .i128 = v };
    return tide_expr_literal(arena, &value, TIDE_POS_UNKNOWN);
}
static const tide_expr *text(const char *s)
{
    tide_value value = { .type = tide_type_of(TIDE_TYPE_STRING),
                         .str = { s, (uint32_t)strlen(s) } };
    return tide_expr_literal(arena, &value, TIDE_POS_UNKNOWN);
}

#define CALL(name, ...)                                                                            \
    call(name, (const tide_expr *[]){ __VA_ARGS__ },                                               \
         sizeof((const tide_expr *[]){ __VA_ARGS__ }) / sizeof(tide_expr *))

static const tide_expr *call(const char *name, const tide_expr *const *args, uint32_t n)
{
    const tide_expr *out = NULL;
    if (tide_expr_call(arena, name, args, n, 7, &out) != TIDE_OK) fail_msg("%s", tide_error_text());
    return out;
}

/* The text of the expression and its type. */
static void prints(const tide_expr *e, const char *expected, const char *type)
{
    static const char *const names[] = { "big", "small", "money", "s", "ts", "yes" };
    char buf[TIDE_TYPE_TEXT_MAX];
    assert_string_equal(tide_expr_print(arena, e, names), expected);
    assert_string_equal(tide_type_print(e->type, buf, sizeof buf), type);
}

static void fails(tide_status code, const char *message, const char *name, const tide_expr *x,
                  const tide_expr *y)
{
    const tide_expr *out;
    const tide_expr *args[] = { x, y };
    assert_int_equal(tide_expr_call(arena, name, args, y ? 2 : 1, 0, &out), code);
    assert_string_equal(tide_error_text(), message);
}

static void arithmetic_widens_to_the_larger_side(void **state)
{
    (void)state;
    prints(CALL("+", bigint(), num(1)), "big + 1", "BIGINT");
    prints(CALL("+", smallint(), num(1)), "CAST(small AS INT) + 1", "INT");
    prints(CALL("*", bigint(), dec(908, 3, 3)), "CAST(big AS DECIMAL(19, 0)) * 0.908",
           "DECIMAL(22, 3)");
    prints(CALL("*", money(), num(2)), "money * 2", "DECIMAL(11, 2)");
    prints(CALL("/", money(), num(3)), "money / 3", "DECIMAL(24, 16)");
    prints(CALL("%", CALL("neg", bigint()), num(5)), "-big % 5", "BIGINT");
    prints(CALL("*", CALL("+", bigint(), num(1)), CALL("-", bigint(), num(1))),
           "(big + 1) * (big - 1)", "BIGINT");
    prints(CALL("-", bigint(), CALL("-", bigint(), num(1))), "big - (big - 1)", "BIGINT");
}

static void text_literals_become_what_is_asked_for(void **state)
{
    (void)state;
    prints(CALL(">", stamp(), text("2024-02-29")), "ts > TIMESTAMP '2024-02-29 00:00:00'",
           "BOOLEAN");
    prints(CALL("=", bigint(), text(" 12 ")), "big = 12", "BOOLEAN");
    prints(CALL("+", stamp(), text("1 day")), "ts + INTERVAL '1 day'", "TIMESTAMP(6)");
    fails(TIDE_E_TYPE, "invalid input for BIGINT: \"x\"", "=", bigint(), text("x"));
}

static void comparisons_stay_in_the_columns_type(void **state)
{
    (void)state;
    prints(CALL("=", smallint(), num(5)), "small = 5", "BOOLEAN");
    prints(CALL("=", smallint(), num(70000)), "CAST(small AS INT) = 70000", "BOOLEAN");
    prints(CALL("<", money(), dec(5, 3, 3)), "money < 0.005", "BOOLEAN");
    prints(CALL("in", smallint(), num(1), num(2)), "small IN (1, 2)", "BOOLEAN");
    prints(CALL("in", bigint(), num(1), smallint()), "big = 1 OR big = CAST(small AS BIGINT)",
           "BOOLEAN");
}

static void sugar_becomes_plain_expressions(void **state)
{
    (void)state;
    prints(CALL("between", bigint(), num(1), num(9)), "big >= 1 AND big <= 9", "BOOLEAN");
    prints(CALL("not like", string(), text("a%")), "NOT s LIKE 'a%'", "BOOLEAN");
    prints(CALL("if", truth(), num(1), bigint()), "CASE WHEN yes THEN 1 ELSE big END", "BIGINT");
    prints(CALL("nullif", bigint(), num(0)), "CASE WHEN big = 0 THEN NULL ELSE big END", "BIGINT");
    prints(CALL("YEAR", stamp()), "EXTRACT(YEAR FROM ts)", "BIGINT");
    prints(CALL("and", CALL("or", truth(), truth()), CALL("not", CALL("is null", string()))),
           "(yes OR yes) AND NOT s IS NULL", "BOOLEAN");
}

static void texts_concatenate_with_anything(void **state)
{
    (void)state;
    prints(CALL("||", string(), bigint()), "s || CAST(big AS STRING)", "STRING");
    prints(CALL("concat", string(), num(5)), "CONCAT(s, '5')", "STRING");
}

static void errors_name_the_way_out(void **state)
{
    (void)state;
    fails(TIDE_E_BIND, "unknown function uper, did you mean upper?", "uper", string(), NULL);
    fails(TIDE_E_TYPE, "upper does not take (BIGINT); there is upper(STRING)", "upper", bigint(),
          NULL);
    fails(TIDE_E_TYPE, "unknown field yaer, did you mean year?", "extract", text("yaer"), stamp());
    fails(TIDE_E_TYPE, "= does not take (BIGINT, STRING); there is =(T, T)", "=", bigint(),
          string());
}

static void substitution_moves_a_tree_to_other_inputs(void **state)
{
    (void)state;
    const tide_expr *e = CALL("+", bigint(), num(1));
    const tide_expr *inputs[] = { CALL("*", col(3, tide_type_of(TIDE_TYPE_BIGINT)), num(2)) };
    const tide_expr *moved = tide_expr_substitute(arena, e, inputs);
    assert_string_equal(tide_expr_print(arena, moved, NULL), "$3 * 2 + 1");
    bool bits[4] = { 0 };
    tide_expr_mark_columns(moved, bits, 4);
    assert_false(bits[0]);
    assert_true(bits[3]);
    assert_true(tide_expr_equal(e, CALL("+", bigint(), num(1))));
    assert_false(tide_expr_equal(e, moved));
    assert_true(tide_expr_is_deterministic(e));
    assert_false(tide_expr_is_deterministic(CALL("age", stamp())));
}

static void casts_exist_or_are_refused(void **state)
{
    (void)state;
    const tide_expr *out;
    assert_int_equal(tide_expr_cast(arena, string(), tide_type_of(TIDE_TYPE_INT), true, 0, &out),
                     TIDE_OK);
    prints(out, "TRY_CAST(s AS INT)", "INT");
    assert_int_equal(tide_expr_cast(arena, truth(), tide_type_of(TIDE_TYPE_DATE), false, 0, &out),
                     TIDE_E_TYPE);
    assert_string_equal(tide_error_text(), "BOOLEAN cannot be cast to DATE");
    assert_int_equal(tide_expr_coerce(arena, bigint(), tide_type_of(TIDE_TYPE_INT), 0, &out),
                     TIDE_OK);
    assert_int_equal(tide_expr_coerce(arena, string(), tide_type_of(TIDE_TYPE_INT), 0, &out),
                     TIDE_E_TYPE);
}

static void texts_that_do_not_fit_are_not_cut_silently(void **state)
{
    (void)state;
    const tide_type varchar3 = { .id = TIDE_TYPE_STRING, .precision = 3 };
    const tide_expr *out;
    assert_int_equal(tide_expr_coerce(arena, text("abcd"), varchar3, 0, &out), TIDE_E_TYPE);
    assert_string_equal(tide_error_text(), "value too long for VARCHAR(3)");
    assert_int_equal(tide_expr_coerce(arena, text("abc  "), varchar3, 0, &out), TIDE_OK);
    prints(out, "'abc'", "VARCHAR(3)");
    assert_int_equal(tide_expr_coerce(arena, string(), varchar3, 0, &out), TIDE_OK);
    prints(out, "CAST(s AS VARCHAR(3))", "VARCHAR(3)");
    assert_int_equal(tide_expr_cast(arena, text("abcd"), varchar3, false, 0, &out), TIDE_OK);
    prints(out, "'abc'", "VARCHAR(3)");
}

static void expressions_have_a_largest_size(void **state)
{
    (void)state;
    const tide_expr *e = bigint();
    tide_status rv = TIDE_OK;
    for (uint32_t i = 0; i < 60 && rv == TIDE_OK; i++)
        rv = tide_expr_call(arena, "nullif", (const tide_expr *[]){ e, num(i) }, 2, 0, &e);
    assert_int_equal(rv, TIDE_E_LIMIT);
}

static int set_up(void **state)
{
    (void)state;
    arena = tide_arena_new();
    return 0;
}
static int tear_down(void **state)
{
    (void)state;
    tide_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_widens_to_the_larger_side),
        cmocka_unit_test(text_literals_become_what_is_asked_for),
        cmocka_unit_test(comparisons_stay_in_the_columns_type),
        cmocka_unit_test(sugar_becomes_plain_expressions),
        cmocka_unit_test(texts_concatenate_with_anything),
        cmocka_unit_test(errors_name_the_way_out),
        cmocka_unit_test(substitution_moves_a_tree_to_other_inputs),
        cmocka_unit_test(casts_exist_or_are_refused),
        cmocka_unit_test(texts_that_do_not_fit_are_not_cut_silently),
        cmocka_unit_test(expressions_have_a_largest_size),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
