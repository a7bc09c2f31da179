/* block_test.c - batches to blocks and back: every type, NULLs, selections, changes, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/column/block.h"
#include "tests/support/rowkit.h"

static tide_pool *pool;
static const tide_schema *schema;

static int setup(void **state)
{
    (void)state;
    pool = tide_pool_new(0);
    schema = tide_rowkit_schema();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(tide_pool_bytes(pool), 0); /* Whatever a test made is back. */
    tide_pool_free(&pool);
    return 0;
}

static tide_batch *random_batch(uint32_t n, uint64_t null_every, bool changes)
{
    return tide_rowkit_batch(pool, 1, n, null_every, changes);
}

/* The block of a batch in a buffer of its own; what is behind its end would be seen by ASan. */
static tide_buf *written(const tide_batch *batch, const tide_schema *of, size_t *bytes)
{
    size_t most = tide_block_bytes(batch, of);
    tide_buf *buf = tide_pool_take(pool, most);
    *bytes = tide_block_write(batch, of, buf->data, most);
    assert_true(*bytes <= most);
    assert_int_equal(*bytes % TIDE_BLOCK_ALIGN, 0);
    return buf;
}

static tide_batch *read_back(const tide_batch *batch, const tide_schema *of)
{
    size_t bytes;
    tide_buf *buf = written(batch, of, &bytes);
    tide_batch *back;
    assert_int_equal(tide_block_read(buf, bytes, of, pool, &back), TIDE_OK);
    tide_buf_unref(&buf); /* The batch keeps it. */
    return back;
}

static void assert_travels(tide_batch *batch)
{
    tide_batch *back = read_back(batch, schema);
    assert_null(back->sel);
    assert_true(tide_rowkit_equal(batch, back));
    tide_batch_unref(&back);
    tide_batch_unref(&batch);
}

static void every_type_travels(void **state)
{
    (void)state;
    uint32_t sizes[] = { 1, 63, 64, 65, 1000, TIDE_BATCH_ROWS_MAX };
    for (uint32_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_travels(random_batch(sizes[i], 0, false));
        assert_travels(random_batch(sizes[i], 3, true));
        assert_travels(random_batch(sizes[i], 1, false)); /* Nothing but NULL. */
    }
}

static void only_selected_rows_travel(void **state)
{
    (void)state;
    uint16_t sel[TIDE_BATCH_ROWS_MAX];
    for (uint16_t step = 1; step < 800; step = (uint16_t)(step * 3)) {
        tide_batch *all = random_batch(3000, 5, true);
        uint32_t n = 0;
        for (uint32_t row = 0; row < 3000; row += step) sel[n++] = (uint16_t)row;
        tide_batch *some = tide_batch_select(pool, all, sel, n);
        tide_batch_unref(&all);
        assert_travels(some);
    }
}

static void no_rows_travel(void **state)
{
    (void)state;
    tide_batch *all = random_batch(100, 5, true);
    const uint16_t no_rows[1] = { 0 };
    tide_batch *none = tide_batch_select(pool, all, no_rows, 0);
    tide_batch_unref(&all);
    assert_travels(none);
}

/* Rows gathered from two batches: strings lie in several buffers, in any order, some twice. */
static void strings_of_several_buffers_travel(void **state)
{
    (void)state;
    tide_batch *a = random_batch(500, 4, false), *b = random_batch(700, 0, false);
    tide_type types[TIDE_ROWKIT_COLUMNS];
    for (uint32_t c = 0; c < TIDE_ROWKIT_COLUMNS; c++) types[c] = schema->fields[c].type;
    tide_builder builder;
    tide_builder_init(&builder, pool, types, TIDE_ROWKIT_COLUMNS, TIDE_BATCH_ROWS_MAX);
    uint16_t rows[300];
    for (uint32_t i = 0; i < 300; i++) rows[i] = (uint16_t)((i * 7) % 250);
    tide_builder_append(&builder, a, rows, 300);
    tide_builder_append(&builder, b, rows, 300);
    assert_travels(tide_builder_finish(&builder));
    tide_builder_fini(&builder);
    tide_batch_unref(&a);
    tide_batch_unref(&b);
}

/* A few of many: their strings are far apart, and only their own bytes are taken. */
static void a_block_holds_no_more_than_its_rows(void **state)
{
    (void)state;
    tide_batch *all = random_batch(TIDE_BATCH_ROWS_MAX, 0, false);
    uint16_t rows[] = { 5, 4000 };
    tide_batch *two = tide_batch_select(pool, all, rows, 2);
    assert_true(tide_block_bytes(two, schema) < 4096);
    assert_true(tide_block_bytes(all, schema) < 2 * tide_batch_used_bytes(all));
    tide_batch_unref(&all);
    assert_travels(two);
}

static void a_block_of_other_columns_is_refused(void **state)
{
    (void)state;
    tide_batch *batch = random_batch(10, 0, false), *back;
    size_t bytes;
    tide_buf *buf = written(batch, schema, &bytes);
    tide_field other[TIDE_ROWKIT_COLUMNS];
    memcpy(other, schema->fields, sizeof other);
    other[3].type = tide_type_of(TIDE_TYPE_BIGINT);
    const tide_schema fewer = { schema->n - 1, schema->fields }, others = { schema->n, other };
    assert_int_equal(tide_block_read(buf, bytes, &fewer, pool, &back), TIDE_E_CORRUPT);
    assert_int_equal(tide_block_read(buf, bytes, &others, pool, &back), TIDE_E_CORRUPT);
    assert_int_equal(tide_block_read(buf, bytes, schema, pool, &back), TIDE_OK);
    tide_batch_unref(&back);
    tide_buf_unref(&buf);
    tide_batch_unref(&batch);
}

static void a_truncated_block_is_refused(void **state)
{
    (void)state;
    tide_batch *batch = random_batch(200, 5, true), *back;
    size_t bytes;
    tide_buf *buf = written(batch, schema, &bytes);
    for (size_t n = 0; n < bytes; n += 32)
        assert_int_equal(tide_block_read(buf, n, schema, pool, &back), TIDE_E_CORRUPT);
    tide_buf_unref(&buf);
    tide_batch_unref(&batch);
}

/* A view that points out of its heap, over its end, or into another buffer. */
static void a_view_out_of_bounds_is_refused(void **state)
{
    (void)state;
    tide_field text = { .name = "s", .type = tide_type_of(TIDE_TYPE_STRING) };
    const tide_schema one = { 1, &text };
    tide_builder b;
    tide_builder_init(&b, pool, &text.type, 1, 1);
    tide_colb_put_str(&b.cols[0], 0, "a text too long to be inline", 28);
    b.n = 1;
    tide_batch *batch = tide_builder_finish(&b), *back;
    tide_builder_fini(&b);
    size_t bytes;
    tide_buf *buf = written(batch, &one, &bytes);
    tide_view *view = (tide_view *)(buf->data + 64), good = *view;
    assert_int_equal(good.len, 28);
    tide_view bad[] = { good, good, good, good, good };
    bad[0].offset -= 1;
    bad[1].offset += 1;
    bad[2].len += 1;
    bad[3].buf = 1;
    bad[4].offset = UINT32_MAX;
    for (uint32_t i = 0; i < 5; i++) {
        *view = bad[i];
        assert_int_equal(tide_block_read(buf, bytes, &one, pool, &back), TIDE_E_CORRUPT);
    }
    *view = good;
    assert_int_equal(tide_block_read(buf, bytes, &one, pool, &back), TIDE_OK);
    tide_batch_unref(&back);
    tide_buf_unref(&buf);
    tide_batch_unref(&batch);
}

/* Any byte changed: rows or an error, never a read outside (ASan watches). */
static void damage_is_survived(void **state)
{
    (void)state;
    tide_batch *batch = random_batch(70, 5, true), *back;
    size_t bytes, refused = 0;
    tide_buf *buf = written(batch, schema, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        uint8_t was = buf->data[i];
        buf->data[i] ^= (uint8_t)(1u << (i % 8));
        if (tide_block_read(buf, bytes, schema, pool, &back) == TIDE_OK) {
            tide_batch *copy = tide_batch_copy(pool, back); /* Touches every string. */
            tide_batch_unref(&copy);
            tide_batch_unref(&back);
        } else {
            refused++;
        }
        buf->data[i] = was;
    }
    assert_true(refused > 0);
    tide_buf_unref(&buf);
    tide_batch_unref(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_travels, setup, teardown),
        cmocka_unit_test_setup_teardown(only_selected_rows_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(no_rows_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_of_several_buffers_travel, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_holds_no_more_than_its_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_of_other_columns_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_truncated_block_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_view_out_of_bounds_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_survived, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
