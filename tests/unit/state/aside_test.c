/* aside_test.c - lists of saved entries, and the huge pages that they share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/aside.h"

#define LISTS 16u
#define ROWS 4000u /* A list: 16 of them take a dozen huge pages. */
#define ROW_BYTES 376u

static uint32_t ordinal_of(uint32_t i)
{
    return i * 7919u % ROWS; /* Each once. */
}

static void fill(tide_aside *list, tide_aside_pool *pool, uint32_t n, size_t bytes)
{
    for (uint32_t i = 0; i < n; i++)
        memset(tide_aside_add(list, pool, ordinal_of(i), bytes), (int)(ordinal_of(i) % 251), bytes);
}

/* Takes everything, and returns how many entries there were. */
static uint32_t drain(tide_aside *list, tide_aside_pool *pool, size_t bytes)
{
    uint32_t n, all = 0;
    tide_aside taken;
    const tide_aside_entry *e;
    while ((e = tide_aside_take(list, pool, &taken, &n)) != NULL) {
        for (uint32_t i = 0; i < n; i++) {
            assert_true(i == 0 || e[i].ordinal > e[i - 1].ordinal);
            assert_int_equal(e[i].n, bytes);
            assert_int_equal(e[i].saved[0], e[i].ordinal % 251);
            assert_int_equal(e[i].saved[bytes - 1], e[i].ordinal % 251);
        }
        assert_int_equal(taken.bytes, n * bytes);
        tide_aside_fini(&taken, pool);
        all += n;
    }
    assert_int_equal(list->bytes, 0);
    return all;
}

static void what_was_added_comes_out_by_ordinal(void **state)
{
    (void)state;
    const size_t sizes[] = { 1, 100, 4000, 5000, 100000 };
    for (uint32_t s = 0; s < 5; s++) {
        tide_aside_pool pool = { 0 };
        tide_aside list = { 0 }, more = { 0 };
        uint32_t n = sizes[s] > 1000 ? 60 : ROWS;
        fill(&list, &pool, n / 2, sizes[s]);
        for (uint32_t i = n / 2; i < n; i++)
            memset(tide_aside_add(&more, &pool, ordinal_of(i), sizes[s]),
                   (int)(ordinal_of(i) % 251), sizes[s]);
        tide_aside_join(&list, &more);
        assert_int_equal(list.bytes, n * sizes[s]);
        assert_int_equal(drain(&list, &pool, sizes[s]), n);
        tide_aside_pool_fini(&pool);
    }
}

/* One snapshot: everything is copied, then list after list is written out. */
static void one_snapshot(tide_aside *lists, tide_aside_pool *pool, uint32_t n)
{
    tide_aside_pool_barrier(pool);
    for (uint32_t l = 0; l < LISTS; l++) fill(&lists[l], pool, n, ROW_BYTES);
    for (uint32_t l = 0; l < LISTS; l++) assert_int_equal(drain(&lists[l], pool, ROW_BYTES), n);
}

static void memory_is_kept_for_the_next_snapshot_and_given_back_bit_by_bit(void **state)
{
    (void)state;
    tide_aside_pool pool = { 0 };
    tide_aside lists[LISTS] = { 0 };
    one_snapshot(lists, &pool, ROWS);
    uint32_t held = pool.n_used + pool.n_empty;
    assert_true(held > 10);
    tide_aside_pool_trim(&pool, SIZE_MAX);
    one_snapshot(lists, &pool, ROWS); /* Nothing new is needed. */
    assert_int_equal(pool.n_used + pool.n_empty, held);
    tide_aside_pool_trim(&pool, 0); /* More than it may keep: one goes. */
    assert_int_equal(pool.n_used + pool.n_empty, held - 1);

    one_snapshot(lists, &pool, 10); /* The one before needed more, */
    tide_aside_pool_trim(&pool, SIZE_MAX);
    assert_int_equal(pool.n_used + pool.n_empty, held - 1);
    one_snapshot(lists, &pool, 10); /* but now none does. */
    for (uint32_t i = 0; i < 100; i++) tide_aside_pool_trim(&pool, SIZE_MAX);
    assert_int_equal(pool.n_used + pool.n_empty, 1);
    tide_aside_pool_fini(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_comes_out_by_ordinal),
        cmocka_unit_test(memory_is_kept_for_the_next_snapshot_and_given_back_bit_by_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
