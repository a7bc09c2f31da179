/* block_builder_test.c - rows gathered straight into a block: the same rows as any other way, in
 * this process and read back from where another would find them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/column/block_builder.h"
#include "base/column/block_priv.h"
#include "base/core/mem.h"
#include "tests/support/rowkit.h"

#define CAP 1024u

static tide_pool *pool;
static tide_block_builder builder;

static int setup(void **state)
{
    (void)state;
    pool = tide_pool_new(0);
    tide_block_builder_init(&builder, pool, tide_rowkit_schema(), CAP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tide_block_builder_fini(&builder);
    assert_int_equal(tide_pool_bytes(pool), 0);
    tide_pool_free(&pool);
    return 0;
}

/* ---- memory that is not the pool's ---- */
static uint32_t n_released;

static void release(tide_buf *buf)
{
    n_released++;
    tide_free((uint8_t *)buf - 16);
}

/* The batch's own block as it would lie in a received message: at a multiple of 16 only. */
static tide_buf *arrived(const tide_batch *batch)
{
    size_t head = offsetof(tide_buf, data);
    uint8_t *at = tide_malloc_aligned(64, 16 + head + batch->block_bytes + TIDE_BUF_PADDING);
    uint8_t *data = at + 16 + head;
    memcpy(data, batch->block->data + TIDE_BLOCK_LEAD, batch->block_bytes + TIDE_BLOCK_TAIL);
    return tide_pool_place(pool, at + 16, batch->block_bytes, release);
}

/* The rows of the batch, out of its block, which the other side now has. */
static tide_batch *read_back(const tide_batch *batch)
{
    tide_buf *buf = arrived(batch);
    tide_batch *back;
    assert_int_equal(tide_block_read(buf, batch->block_bytes, tide_rowkit_schema(), pool, &back),
                     TIDE_OK);
    tide_buf_unref(&buf);
    return back;
}

/* Appends every `step`th row of a batch, as often as there is room, and says what it should be. */
static tide_batch *append(uint64_t seed, uint64_t null_every, bool changes, uint16_t step)
{
    uint16_t rows[CAP];
    tide_batch *src = tide_rowkit_batch(pool, seed, CAP, null_every, changes);
    uint32_t n = 0;
    for (uint32_t row = 0; row < CAP; row += step) rows[n++] = (uint16_t)row;
    tide_block_builder_append(&builder, src, rows, n);
    tide_batch *expected = tide_batch_select(pool, src, rows, n);
    tide_batch_unref(&src);
    return expected;
}

static void assert_is_block_of(tide_batch *expected)
{
    tide_batch *batch = tide_block_builder_finish(&builder);
    assert_non_null(batch->block);
    assert_true(tide_rowkit_equal(batch, expected));
    tide_batch *back = read_back(batch);
    assert_true(tide_rowkit_equal(back, expected));
    tide_batch_unref(&back);
    tide_batch_unref(&batch);
    tide_batch_unref(&expected);
}

static void a_full_batch_is_a_block(void **state)
{
    (void)state;
    n_released = 0;
    /* The first one's strings find no room: how much they need is learnt from it. */
    tide_batch *expected = append(1, 0, false, 1), *first = tide_block_builder_finish(&builder);
    assert_true(tide_rowkit_equal(first, expected));
    tide_batch_unref(&first);
    tide_batch_unref(&expected);
    for (uint64_t i = 0; i < 5; i++) {
        assert_is_block_of(append(2 + i, i * 3, false, 1));
        assert_int_equal(n_released, i + 1);
    }
}

static void rows_of_several_batches_come_together(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        tide_builder all;
        tide_type types[TIDE_ROWKIT_COLUMNS];
        for (uint32_t c = 0; c < TIDE_ROWKIT_COLUMNS; c++)
            types[c] = tide_rowkit_schema()->fields[c].type;
        tide_builder_init(&all, pool, types, TIDE_ROWKIT_COLUMNS, CAP);
        for (uint32_t i = 0; i < 7; i++) { /* An eighth of the places stays empty. */
            tide_batch *part = append(round * 10 + i, i % 3 ? 5 : 0, false, 8);
            tide_builder_append(&all, part, part->sel, part->n_rows);
            tide_batch_unref(&part);
        }
        tide_batch *expected = tide_builder_finish(&all);
        tide_builder_fini(&all);
        if (round > 0) {
            assert_is_block_of(expected);
            continue;
        }
        tide_batch *first = tide_block_builder_finish(&builder);
        assert_true(tide_rowkit_equal(first, expected));
        tide_batch_unref(&first);
        tide_batch_unref(&expected);
    }
}

/* No block, but the same rows. */
static void assert_is_no_block_of(tide_batch *expected)
{
    tide_batch *batch = tide_block_builder_finish(&builder);
    assert_null(batch->block);
    assert_true(tide_rowkit_equal(batch, expected));
    tide_batch_unref(&batch);
    tide_batch_unref(&expected);
}

static void few_rows_are_no_block(void **state)
{
    (void)state;
    assert_is_no_block_of(append(1, 0, false, 2));
    assert_null(tide_block_builder_finish(&builder));
}

static void changes_are_no_block(void **state)
{
    (void)state;
    assert_is_no_block_of(append(1, 0, false, 1));
    assert_is_no_block_of(append(2, 3, true, 1));
    assert_is_block_of(append(3, 3, false, 1));
}

/* Two columns of long strings, and then some that no prediction foresaw. */
static void strings_without_room_are_no_block(void **state)
{
    (void)state;
    tide_field fields[] = { { .name = "a", .type = tide_type_of(TIDE_TYPE_STRING) },
                            { .name = "b", .type = tide_type_of(TIDE_TYPE_BYTES) } };
    const tide_schema two = { 2, fields };
    tide_type types[] = { fields[0].type, fields[1].type };
    tide_block_builder b;
    tide_block_builder_init(&b, pool, &two, 8);
    char text[5000];
    bool expect_block[] = { true, false, true, true };
    uint32_t lens[] = { 20, sizeof text, sizeof text, 20 };
    for (uint32_t round = 0; round < 4; round++) {
        memset(text, 'a' + (int)round, sizeof text);
        tide_builder rows;
        tide_builder_init(&rows, pool, types, 2, 8);
        for (; rows.n < 8; rows.n++)
            for (uint32_t c = 0; c < 2; c++)
                tide_colb_put_str(&rows.cols[c], rows.n, text, lens[round] - c);
        tide_batch *src = tide_builder_finish(&rows);
        tide_builder_fini(&rows);
        const uint16_t all[] = { 7, 6, 5, 4, 3, 2, 1, 0 };
        tide_block_builder_append(&b, src, all, 4);
        tide_block_builder_append(&b, src, all + 4, 4);
        tide_batch *batch = tide_block_builder_finish(&b);
        assert_int_equal(batch->block != NULL, expect_block[round]);
        assert_true(tide_rowkit_equal(batch, src));
        tide_batch_unref(&batch);
        tide_batch_unref(&src);
    }
    tide_block_builder_fini(&b);
}

/* Any byte changed: rows or an error, never a read outside (ASan watches). */
static void damage_is_survived(void **state)
{
    (void)state;
    tide_batch *expected = append(1, 0, false, 1), *batch = tide_block_builder_finish(&builder);
    tide_batch_unref(&batch);
    tide_batch_unref(&expected);
    expected = append(2, 9, false, 1);
    batch = tide_block_builder_finish(&builder);
    uint32_t refused = 0;
    for (size_t i = 0; i < batch->block_bytes; i += i < 1024 ? 1 : 97) {
        tide_buf *buf = arrived(batch);
        buf->data[i] ^= (uint8_t)(1u << (i % 8));
        tide_batch *back;
        if (tide_block_read(buf, batch->block_bytes, tide_rowkit_schema(), pool, &back) ==
            TIDE_OK) {
            tide_batch *copy = tide_batch_copy(pool, back); /* Touches every string. */
            tide_batch_unref(&copy);
        } else {
            refused++;
        }
        tide_batch_unref(&back);
        tide_buf_unref(&buf);
    }
    assert_true(refused > 64);
    tide_batch_unref(&batch);
    tide_batch_unref(&expected);
}

/* Nothing that once was in the buffer goes out with the rows. */
static void what_is_not_written_is_zero(void **state)
{
    (void)state;
    tide_batch *expected = append(1, 0, false, 1), *batch = tide_block_builder_finish(&builder);
    tide_batch_unref(&batch);
    tide_batch_unref(&expected);
    tide_field field = { .name = "n", .type = tide_type_of(TIDE_TYPE_BIGINT) };
    const tide_schema one = { 1, &field };
    tide_block_builder b;
    tide_block_builder_init(&b, pool, &one, CAP);
    tide_buf *used = tide_pool_take(pool, CAP * 16); /* The one that the builder gets. */
    memset(used->data, 0xee, used->capacity);
    tide_buf_unref(&used);
    const tide_value seven = { .type = field.type, .i64 = 7 };
    tide_col *col = tide_col_constant(pool, &seven, CAP);
    batch = tide_batch_new(pool, &col, 1, CAP);
    uint16_t rows[CAP];
    for (uint32_t i = 0; i < CAP; i++) rows[i] = (uint16_t)i;
    tide_block_builder_append(&b, batch, rows, CAP - 10);
    tide_batch_unref(&batch);
    batch = tide_block_builder_finish(&b);
    for (size_t i = 0; i < TIDE_BLOCK_LEAD + batch->block_bytes + TIDE_BLOCK_TAIL; i++)
        assert_int_not_equal(batch->block->data[i], 0xee);
    tide_batch_unref(&batch);
    tide_block_builder_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_batch_is_a_block, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_several_batches_come_together, setup, teardown),
        cmocka_unit_test_setup_teardown(few_rows_are_no_block, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_no_block, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_without_room_are_no_block, setup, teardown),
        cmocka_unit_test_setup_teardown(damage_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_written_is_zero, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
