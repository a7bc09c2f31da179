/* Aggregates: result types, values, NULLs, taking away, merging, overflow. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "base/core/mem.h"
#include "base/expr/agg.h"

typedef struct fixture {
    tide_pool *pool;
    tide_agg agg;
    uint8_t *state;
} fixture;

static fixture begin(const char *name, tide_type arg)
{
    fixture f = { .pool = tide_pool_new(0) };
    tide_agg_kind kind;
    tide_type result;
    assert_int_equal(tide_agg_resolve(name, arg.id != TIDE_TYPE_NULL, arg, &kind, &result),
                     TIDE_OK);
    assert_int_equal(tide_agg_init(&f.agg, kind, arg), TIDE_OK);
    assert_true(tide_type_equal(result, f.agg.result));
    assert_int_equal(f.agg.state_bytes % 8, 0);
    f.state = tide_calloc(1, f.agg.state_bytes);
    return f;
}

static void end(fixture *f)
{
    if (f->agg.heap) f->agg.heap->drop(f->state);
    tide_free(f->state);
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
}

/* A column of the texts, NULL for "NULL". */
static tide_batch *column(fixture *f, uint32_t n, const char *const *texts)
{
    tide_type type = f->agg.arg;
    tide_builder b;
    tide_builder_init(&b, f->pool, &type, 1, 64);
    for (uint32_t i = 0; i < n; i++) {
        tide_value v = { .type = type, .is_null = strcmp(texts[i], "NULL") == 0 };
        size_t len = strlen(texts[i]);
        if (v.is_null) {
        } else if (type.id == TIDE_TYPE_DECIMAL) {
            assert_true(tide_parse_decimal(texts[i], len, type.precision, type.scale, &v.i128));
        } else if (type.id == TIDE_TYPE_DOUBLE || type.id == TIDE_TYPE_FLOAT) {
            assert_true(tide_parse_f64(texts[i], len, &v.f64));
        } else if (type.id == TIDE_TYPE_INTERVAL) {
            assert_true(tide_parse_interval(texts[i], len, &v.interval));
        } else if (tide_type_is_string(type)) {
            v.str.ptr = texts[i];
            v.str.len = (uint32_t)len;
        } else {
            assert_true(tide_parse_i64(texts[i], len, &v.i64));
        }
        tide_colb_put_value(&b.cols[0], b.n++, &v);
    }
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return made;
}

/* Feeds or takes away the values; returns the index that failed, or n. */
static uint32_t feed(fixture *f, bool retract, uint32_t n, const char *const *texts)
{
    tide_batch *batch = column(f, n, texts);
    uint16_t rows[64];
    uint8_t *states[64];
    for (uint32_t i = 0; i < n; i++) {
        rows[i] = (uint16_t)i;
        states[i] = f->state;
    }
    uint32_t done =
        (retract ? f->agg.retract : f->agg.update)(&f->agg, states, 0, batch->cols[0], rows, n);
    tide_batch_unref(&batch);
    return done;
}

static void expect(fixture *f, const char *text)
{
    tide_type type = f->agg.result;
    const uint8_t *state = f->state;
    tide_builder b;
    tide_builder_init(&b, f->pool, &type, 1, 4);
    f->agg.result_of(&f->agg, &state, 0, 1, &b.cols[0], 0);
    b.n = 1;
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    tide_value v = tide_col_value(made->cols[0], 0);
    char got[TIDE_TEXT_MAX + 1] = "NULL";
    if (!v.is_null && tide_type_is_string(type)) {
        memcpy(got, v.str.ptr, v.str.len);
        got[v.str.len] = '\0';
    } else if (!v.is_null) {
        got[tide_print_value(&v, got)] = '\0';
    }
    assert_string_equal(got, text);
    tide_batch_unref(&made);
}

#define FEED(f, ...)                                                                               \
    feed(f, false, sizeof(const char *[]){ __VA_ARGS__ } / sizeof(char *),                         \
         (const char *[]){ __VA_ARGS__ })
#define TAKE(f, ...)                                                                               \
    feed(f, true, sizeof(const char *[]){ __VA_ARGS__ } / sizeof(char *),                          \
         (const char *[]){ __VA_ARGS__ })

static void expect_type(const char *name, tide_type arg, tide_type want)
{
    tide_agg_kind kind;
    tide_type result;
    assert_int_equal(tide_agg_resolve(name, true, arg, &kind, &result), TIDE_OK);
    assert_true(tide_type_equal(result, want));
}

static void result_types_are_those_of_postgresql(void **state)
{
    (void)state;
    expect_type("SUM", tide_type_of(TIDE_TYPE_SMALLINT), tide_type_of(TIDE_TYPE_BIGINT));
    expect_type("sum", tide_type_of(TIDE_TYPE_INT), tide_type_of(TIDE_TYPE_BIGINT));
    expect_type("sum", tide_type_of(TIDE_TYPE_BIGINT), tide_type_decimal(38, 0));
    expect_type("sum", tide_type_decimal(10, 2), tide_type_decimal(38, 2));
    expect_type("sum", tide_type_of(TIDE_TYPE_FLOAT), tide_type_of(TIDE_TYPE_FLOAT));
    expect_type("avg", tide_type_of(TIDE_TYPE_INT), tide_type_decimal(38, 16));
    expect_type("avg", tide_type_decimal(10, 2), tide_type_decimal(38, 16));
    expect_type("avg", tide_type_decimal(38, 10), tide_type_decimal(38, 10));
    expect_type("avg", tide_type_of(TIDE_TYPE_FLOAT), tide_type_of(TIDE_TYPE_DOUBLE));
    expect_type("count", tide_type_of(TIDE_TYPE_STRING), tide_type_of(TIDE_TYPE_BIGINT));
    expect_type("max", tide_type_of(TIDE_TYPE_DATE), tide_type_of(TIDE_TYPE_DATE));

    tide_agg_kind kind;
    tide_type result;
    assert_int_equal(tide_agg_resolve("sum", true, tide_type_of(TIDE_TYPE_STRING), &kind, &result),
                     TIDE_E_TYPE);
    assert_int_equal(tide_agg_resolve("sum", false, tide_type_of(TIDE_TYPE_NULL), &kind, &result),
                     TIDE_E_TYPE);
    assert_int_equal(tide_agg_resolve("median", true, tide_type_of(TIDE_TYPE_INT), &kind, &result),
                     TIDE_E_BIND);
}

static void without_arguments_all_but_count_are_null(void **state)
{
    (void)state;
    const char *const names[] = { "sum", "avg", "min", "max" };
    for (uint32_t i = 0; i < 4; i++) {
        fixture f = begin(names[i], tide_type_of(TIDE_TYPE_BIGINT));
        expect(&f, "NULL");
        FEED(&f, "NULL", "NULL");
        expect(&f, "NULL");
        end(&f);
    }
    fixture f = begin("count", tide_type_of(TIDE_TYPE_BIGINT));
    FEED(&f, "NULL", "5", "NULL");
    expect(&f, "1");
    end(&f);
}

static void sums_of_bigint_go_beyond_64_bits_and_back(void **state)
{
    (void)state;
    fixture f = begin("sum", tide_type_of(TIDE_TYPE_BIGINT));
    FEED(&f, "9223372036854775807", "9223372036854775807", "5", "NULL");
    expect(&f, "18446744073709551619");
    TAKE(&f, "9223372036854775807", "5", "NULL");
    expect(&f, "9223372036854775807");
    TAKE(&f, "9223372036854775807");
    expect(&f, "NULL");
    end(&f);
}

static void averages_round_half_away_from_zero(void **state)
{
    (void)state;
    fixture f = begin("avg", tide_type_of(TIDE_TYPE_INT));
    FEED(&f, "1", "1", "0");
    expect(&f, "0.6666666666666667");
    end(&f);
    f = begin("avg", tide_type_of(TIDE_TYPE_BIGINT));
    FEED(&f, "-1", "-1", "0");
    expect(&f, "-0.6666666666666667");
    FEED(&f, "9223372036854775807", "9223372036854775807", "9223372036854775807");
    TAKE(&f, "-1", "-1", "0");
    expect(&f, "9223372036854775807.0000000000000000");
    end(&f);
    f = begin("avg", tide_type_decimal(38, 17));
    FEED(&f, "0.00000000000000001", "0.00000000000000002");
    expect(&f, "0.00000000000000002");
    end(&f);
    f = begin("avg", tide_type_of(TIDE_TYPE_DOUBLE));
    FEED(&f, "1", "2");
    expect(&f, "1.5");
    end(&f);
}

static void sums_that_do_not_fit_name_the_row(void **state)
{
    (void)state;
    fixture f = begin("sum", tide_type_decimal(38, 0));
    assert_int_equal(FEED(&f, "99999999999999999999999999999999999999", "-1", "2"), 2);
    end(&f);
    f = begin("sum", tide_type_of(TIDE_TYPE_DOUBLE));
    assert_int_equal(FEED(&f, "1.7e308", "1.7e308"), 1);
    end(&f);
    f = begin("sum", tide_type_of(TIDE_TYPE_FLOAT));
    assert_int_equal(FEED(&f, "3e38", "3e38"), 1);
    end(&f);
}

static void infinities_and_nan_leave_no_trace_when_taken_away(void **state)
{
    (void)state;
    fixture f = begin("sum", tide_type_of(TIDE_TYPE_DOUBLE));
    FEED(&f, "1.5", "inf");
    expect(&f, "Infinity");
    FEED(&f, "-inf");
    expect(&f, "NaN");
    TAKE(&f, "inf", "-inf");
    expect(&f, "1.5");
    assert_null(f.agg.unmerge);
    end(&f);
}

static void min_and_max_order_as_order_by_does(void **state)
{
    (void)state;
    fixture f = begin("max", tide_type_of(TIDE_TYPE_DOUBLE));
    FEED(&f, "1", "inf", "nan", "2");
    expect(&f, "NaN");
    end(&f);
    f = begin("min", tide_type_of(TIDE_TYPE_DOUBLE));
    FEED(&f, "nan", "3", "NULL");
    expect(&f, "3");
    end(&f);
    f = begin("max", tide_type_of(TIDE_TYPE_INTERVAL));
    FEED(&f, "1 month", "31 days", "29 days");
    expect(&f, "31 days");
    end(&f);
    f = begin("min", tide_type_decimal(20, 1));
    FEED(&f, "1.5", "-100000000000000000.1", "0.0");
    expect(&f, "-100000000000000000.1");
    end(&f);
    f = begin("min", tide_type_of(TIDE_TYPE_TINYINT));
    FEED(&f, "5", "-7", "NULL", "100");
    expect(&f, "-7");
    assert_null(f.agg.retract);
    end(&f);
}

static void strings_of_any_length_can_win_and_be_saved(void **state)
{
    (void)state;
    fixture f = begin("max", tide_type_of(TIDE_TYPE_STRING));
    FEED(&f, "");
    expect(&f, "");
    FEED(&f, "abc", "abd and some more, too long to be inline", "abc", "NULL");
    expect(&f, "abd and some more, too long to be inline");
    uint8_t saved[64], other[64] = { 0 };
    uint32_t n = f.agg.heap->saved_bytes(f.state);
    f.agg.heap->save(f.state, saved);
    memcpy(other, f.state, f.agg.state_bytes);
    assert_true(f.agg.heap->load(other, saved, n));
    FEED(&f, "b");
    expect(&f, "b");
    assert_true(f.agg.merge(&f.agg, other, f.state));
    f.agg.heap->drop(f.state);
    expect(&f, "NULL");
    assert_true(f.agg.merge(&f.agg, f.state, other));
    expect(&f, "b");
    saved[0] = 9;
    f.agg.heap->drop(other);
    assert_false(f.agg.heap->load(other, saved, n));
    assert_true(f.agg.heap->load(other, saved, 0));
    end(&f);
}

static void merged_states_give_what_one_would(void **state)
{
    (void)state;
    const char *const names[] = { "sum", "avg", "count" };
    for (uint32_t i = 0; i < 3; i++) {
        fixture whole = begin(names[i], tide_type_decimal(10, 2)),
                part = begin(names[i], whole.agg.arg);
        FEED(&whole, "1.25", "NULL");
        FEED(&part, "-0.75", "2.00");
        assert_true(whole.agg.merge(&whole.agg, whole.state, part.state));
        expect(&whole, i == 0 ? "2.50" : i == 1 ? "0.8333333333333333" : "3");
        assert_true(whole.agg.unmerge(&whole.agg, whole.state, part.state));
        expect(&whole, i == 0 ? "1.25" : i == 1 ? "1.2500000000000000" : "1");
        end(&whole);
        end(&part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_types_are_those_of_postgresql),
        cmocka_unit_test(without_arguments_all_but_count_are_null),
        cmocka_unit_test(sums_of_bigint_go_beyond_64_bits_and_back),
        cmocka_unit_test(averages_round_half_away_from_zero),
        cmocka_unit_test(sums_that_do_not_fit_name_the_row),
        cmocka_unit_test(infinities_and_nan_leave_no_trace_when_taken_away),
        cmocka_unit_test(min_and_max_order_as_order_by_does),
        cmocka_unit_test(strings_of_any_length_can_win_and_be_saved),
        cmocka_unit_test(merged_states_give_what_one_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
