/* slabs_test.c - blocks do not overlap, whatever is taken and given back in which order, and memory
 * that one size has left serves another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "base/core/random.h"
#include "checkpoint/state/slabs.h"

#define BLOCKS_MAX 3000u

typedef struct out_block {
    uint8_t *at;
    uint32_t units;
    uint8_t mark;
} out_block;

static void check_block(const out_block *b)
{
    for (uint32_t i = 0; i < b->units * TIDE_SLAB_UNIT; i++) assert_int_equal(b->at[i], b->mark);
}

/* Each block is filled with a mark of its own, which must be there still when it is given back. */
static void blocks_do_not_overlap(void **state)
{
    static const uint32_t units[] = { 1, 3, 7, 12, 64, 512 };
    static out_block out[BLOCKS_MAX];
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_slabs slabs = { 0 };
    tide_random r;
    uint32_t n = 0;
    (void)state;
    tide_random_init(&r, 1, 0);
    for (uint32_t step = 0; step < 60000; step++) {
        bool more = tide_random_below(&r, 100) < (step / 10000 % 2 ? 35 : 65);
        if (more && n < BLOCKS_MAX) {
            uint32_t c = (uint32_t)tide_random_below(&r, sizeof units / sizeof *units);
            out_block b = { .units = units[c], .mark = (uint8_t)tide_random_u64(&r) };
            b.at = tide_slabs_take(&slabs, c, b.units, memory);
            assert_non_null(b.at);
            if (units[c] % 4 == 0) assert_int_equal((uintptr_t)b.at % 64, 0);
            memset(b.at, b.mark, b.units * TIDE_SLAB_UNIT);
            out[n++] = b;
        } else if (!more && n > 0) {
            uint32_t i = (uint32_t)tide_random_below(&r, n);
            check_block(&out[i]);
            assert_true(tide_slabs_give(&slabs, out[i].at));
            out[i] = out[--n];
        }
    }
    assert_int_equal(tide_state_memory_bytes(memory), slabs.bytes);
    for (uint32_t i = 0; i < n; i++) check_block(&out[i]);
    tide_slabs_clear(&slabs, memory);
    assert_int_equal(tide_state_memory_bytes(memory), 0);
    tide_state_memory_free(&memory);
}

static void what_one_size_has_left_serves_another(void **state)
{
    static void *blocks[BLOCKS_MAX];
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_slabs slabs = { 0 };
    (void)state;
    for (uint32_t i = 0; i < BLOCKS_MAX; i++) blocks[i] = tide_slabs_take(&slabs, 11, 16, memory);
    size_t bytes = slabs.bytes;
    for (uint32_t i = 0; i < BLOCKS_MAX; i++) assert_true(tide_slabs_give(&slabs, blocks[i]));
    for (uint32_t i = 0; i < BLOCKS_MAX; i++)
        assert_non_null(tide_slabs_take(&slabs, 2, 3, memory));
    assert_int_equal(slabs.bytes, bytes);
    for (uint32_t i = 0; i < BLOCKS_MAX / 2; i++)
        assert_non_null(tide_slabs_take(&slabs, 9, 12, memory));
    assert_int_equal(slabs.bytes, bytes);
    tide_slabs_clear(&slabs, memory);
    tide_state_memory_free(&memory);
}

static void others_blocks_are_told_apart(void **state)
{
    uint8_t other[16];
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_slabs slabs = { 0 };
    (void)state;
    assert_false(tide_slabs_give(&slabs, other));
    uint8_t *block = tide_slabs_take(&slabs, 0, 1, memory);
    assert_false(tide_slabs_give(&slabs, block - 16));
    assert_false(tide_slabs_give(&slabs, block + slabs.bytes));
    assert_true(tide_slabs_give(&slabs, block));
    tide_slabs_clear(&slabs, memory);
    tide_state_memory_free(&memory);
}

static void the_budget_is_a_wall(void **state)
{
    tide_state_memory *memory = tide_state_memory_new(100000);
    tide_slabs slabs = { 0 };
    uint32_t n = 0;
    (void)state;
    while (tide_slabs_take(&slabs, 5, 6, memory)) n++;
    assert_int_equal(slabs.bytes, 98304); /* What is left is less than a slab. */
    assert_int_equal(n, 6 * (TIDE_SLAB_BYTES / 96));
    tide_slabs_clear(&slabs, memory);
    tide_state_memory_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(what_one_size_has_left_serves_another),
        cmocka_unit_test(others_blocks_are_told_apart),
        cmocka_unit_test(the_budget_is_a_wall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
