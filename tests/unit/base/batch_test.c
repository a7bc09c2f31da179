/* batch_test.c - columns and batches: building, selecting, gathering, copying, sharing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/column/batch.h"

typedef struct fixture {
    tide_pool *pool;
    tide_builder b;
} fixture;

static int setup(void **state)
{
    static fixture f;
    f.pool = tide_pool_new(0);
    tide_type types[] = { tide_type_of(TIDE_TYPE_BIGINT), tide_type_of(TIDE_TYPE_STRING) };
    tide_builder_init(&f.b, f.pool, types, 2, 100);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    tide_builder_fini(&f->b);
    assert_int_equal(tide_pool_bytes(f->pool), 0); /* Whatever a test made is back. */
    tide_pool_free(&f->pool);
    return 0;
}

/* Row i: (i, "row i" or a long text); every seventh string and every fifth number is NULL. */
static void fill(tide_builder *b, uint32_t n)
{
    char text[64];
    for (uint32_t i = 0; i < n; i++, b->n++) {
        if (i % 5 == 4)
            tide_colb_set_null(&b->cols[0], i);
        else
            ((int64_t *)b->cols[0].values)[i] = i;
        int len = snprintf(text, sizeof text,
                           i % 2 ? "row %u" : "a text too long to be inline, row %u", i);
        if (i % 7 == 6)
            tide_colb_set_null(&b->cols[1], i);
        else
            tide_colb_put_str(&b->cols[1], i, text, (uint32_t)len);
    }
}

static void check_row(const tide_batch *batch, uint32_t k, uint32_t i)
{
    uint32_t row = tide_batch_phys(batch, k);
    tide_value number = tide_col_value(batch->cols[0], row),
               text = tide_col_value(batch->cols[1], row);
    char expected[64];
    int len = snprintf(expected, sizeof expected,
                       i % 2 ? "row %u" : "a text too long to be inline, row %u", i);
    assert_int_equal(number.is_null, i % 5 == 4);
    if (!number.is_null) assert_int_equal(number.i64, i);
    assert_int_equal(text.is_null, i % 7 == 6);
    if (text.is_null) return;
    assert_int_equal(text.str.len, len);
    assert_memory_equal(text.str.ptr, expected, (size_t)len);
}

static void a_built_batch_reads_back(void **state)
{
    fixture *f = *state;
    assert_null(tide_builder_finish(&f->b));
    fill(&f->b, 100);
    assert_true(tide_builder_full(&f->b));
    tide_batch *batch = tide_builder_finish(&f->b);
    assert_int_equal(batch->n_rows, 100);
    for (uint32_t i = 0; i < 100; i++) check_row(batch, i, i);
    tide_batch_unref(&batch);
    assert_null(batch);
}

static void selections_share_and_compact(void **state)
{
    fixture *f = *state;
    fill(&f->b, 50);
    tide_batch *batch = tide_builder_finish(&f->b);
    uint16_t rows[] = { 2, 4, 6, 13, 49 };
    tide_batch *some = tide_batch_select(f->pool, batch, rows, 5);
    assert_ptr_equal(some->cols[0], batch->cols[0]);
    tide_batch *dense = tide_batch_compact(f->pool, some), *copy = tide_batch_copy(f->pool, some);
    tide_batch_unref(&batch);
    assert_true(tide_batch_pinned_bytes(copy) <= tide_batch_pinned_bytes(some));
    for (uint32_t k = 0; k < 5; k++) {
        check_row(some, k, rows[k]);
        check_row(dense, k, rows[k]);
        check_row(copy, k, rows[k]);
    }
    assert_null(dense->sel);
    tide_batch_unref(&some);
    for (uint32_t k = 0; k < 5; k++) check_row(copy, k, rows[k]);
    tide_batch_unref(&dense);
    tide_batch_unref(&copy);
}

static void appending_keeps_rows_nulls_and_changes(void **state)
{
    fixture *f = *state;
    fill(&f->b, 60);
    tide_builder_set_change(&f->b, 3, TIDE_CHANGE_DELETE);
    tide_batch *batch = tide_builder_finish(&f->b);
    uint16_t few[] = { 3, 20 }, many[40];
    for (uint16_t i = 0; i < 40; i++) many[i] = (uint16_t)(i + 10);
    tide_builder_append(&f->b, batch, few, 2);
    tide_builder_append(&f->b, batch, many, 40);
    tide_batch_unref(&batch);
    batch = tide_builder_finish(&f->b);
    assert_int_equal(batch->n_rows, 42);
    assert_int_equal(tide_batch_change(batch, 0), TIDE_CHANGE_DELETE);
    assert_int_equal(tide_batch_change(batch, 1), TIDE_CHANGE_INSERT);
    for (uint32_t k = 0; k < 2; k++) check_row(batch, k, few[k]);
    for (uint32_t k = 0; k < 40; k++) check_row(batch, k + 2, many[k]);
    tide_batch_unref(&batch);
}

static void constants_repeat_any_value(void **state)
{
    fixture *f = *state;
    tide_value text = { .type = tide_type_of(TIDE_TYPE_STRING),
                        .str = { "longer than twelve bytes", 24 } };
    tide_col *col = tide_col_constant(f->pool, &text, 70);
    assert_int_equal(col->n, 70);
    tide_value last = tide_col_value(col, 69);
    assert_memory_equal(last.str.ptr, text.str.ptr, 24);
    tide_col_unref(&col);
    text.is_null = true;
    col = tide_col_constant(f->pool, &text, 3);
    assert_true(tide_col_value(col, 2).is_null);
    tide_col_unref(&col);
}

static void types_parse_and_print(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "bigint", "BIGINT" },
        { "Decimal(10,2)", "DECIMAL(10, 2)" },
        { "timestamp_ltz(3)", "TIMESTAMP_LTZ(3)" },
        { "double  precision", "DOUBLE" },
        { "timestamp(3) with local time zone", "TIMESTAMP_LTZ(3)" },
        { "varchar(20)", "VARCHAR(20)" },
        { "VARCHAR(2147483647)", "STRING" },
    };
    char text[TIDE_TYPE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_type t;
        assert_int_equal(tide_type_parse(cases[i][0], &t), TIDE_OK);
        assert_string_equal(tide_type_print(t, text, sizeof text), cases[i][1]);
    }
    static const char *const bad[] = {
        "",       "blob",     "decimal(39)",   "decimal(5,6)", "timestamp(9)",
        "int(3)", "decimal(", "decimal(1,2,3)"
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tide_type t;
        assert_int_equal(tide_type_parse(bad[i], &t), TIDE_E_TYPE);
    }
    tide_type t;
    assert_int_equal(tide_type_parse("BIGNIT", &t), TIDE_E_TYPE);
    assert_string_equal(tide_error_text(), "unknown type \"BIGNIT\", did you mean BIGINT?");
    assert_int_equal(tide_type_parse("INTT", &t), TIDE_E_TYPE);
    assert_string_equal(tide_error_text(), "unknown type \"INTT\", did you mean INT?");
    assert_int_equal(tide_type_parse("POINT3D", &t), TIDE_E_TYPE);
    assert_string_equal(tide_error_text(), "unknown type \"POINT3D\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_built_batch_reads_back, setup, teardown),
        cmocka_unit_test_setup_teardown(selections_share_and_compact, setup, teardown),
        cmocka_unit_test_setup_teardown(appending_keeps_rows_nulls_and_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(constants_repeat_any_value, setup, teardown),
        cmocka_unit_test(types_parse_and_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
