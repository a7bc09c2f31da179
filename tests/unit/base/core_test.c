/* core_test.c - status chain, arena, pool: their contracts. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/core/arena.h"
#include "base/core/bytes.h"
#include "base/core/mem.h"
#include "base/core/pool.h"
#include "base/core/status.h"

static void a_chain_reads_from_intention_to_cause(void **state)
{
    (void)state;
    tide_status rv = tide_fail(TIDE_E_IO, "open %s: %s", "x.csv", "no such file");
    assert_int_equal(tide_because(rv, "reading table %s", "t"), TIDE_E_IO);
    assert_string_equal(tide_error_text(), "reading table t: open x.csv: no such file");
    assert_string_equal(tide_status_name(rv), "E_IO");
    assert_int_equal(tide_status_class_of(rv), TIDE_STATUS_CLASS_RETRY);
}

static void a_long_chain_is_cut_not_lost(void **state)
{
    (void)state;
    char big[TIDE_ERROR_TEXT_MAX * 2];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    tide_status rv = tide_fail(TIDE_E_IO, "%s", big);
    rv = tide_because(rv, "why");
    size_t n = strlen(tide_error_text());
    assert_true(rv == TIDE_E_IO && n < TIDE_ERROR_TEXT_MAX);
    assert_string_equal(tide_error_text() + n - 3, "...");
}

static void a_failure_moves_between_threads_by_value(void **state)
{
    (void)state;
    tide_error err;
    tide_error_take(tide_fail(TIDE_E_DATA, "first"), &err);
    (void)tide_fail(TIDE_E_IO, "second");
    assert_int_equal(tide_error_raise(&err), TIDE_E_DATA);
    assert_string_equal(tide_error_text(), "first");
}

static void arena_memory_is_aligned_and_survives_growth(void **state)
{
    (void)state;
    tide_arena *a = tide_arena_new();
    char *first = tide_arena_printf(a, "%d-%s", 7, "seven");
    for (size_t n = 1; n < 100000; n = n * 3 + 1)
        assert_int_equal((uintptr_t)tide_arena_zalloc(a, n) % 16, 0);
    assert_string_equal(first, "7-seven");
    tide_arena_reset(a);
    tide_arena_free(&a);
    assert_null(a);
}

static uint32_t n_given_back;

static void give_back(tide_buf *buf)
{
    n_given_back++;
    tide_free(buf);
}

/* It counts, its last reference gives it back, and the pool does not keep it. */
static void memory_of_others_is_placed_and_given_back(void **state)
{
    (void)state;
    tide_pool *pool = tide_pool_new(1000);
    size_t bytes = sizeof(tide_buf) + 2000 + TIDE_BUF_PADDING;
    tide_buf *a = tide_pool_place(pool, tide_malloc_aligned(64, bytes), 2000, give_back);
    assert_int_equal(a->capacity, 2000);
    assert_int_equal(tide_pool_bytes(pool), 2000);
    assert_false(tide_pool_has_room(pool));
    tide_buf *b = tide_buf_ref(a);
    tide_buf_unref(&a);
    assert_int_equal(n_given_back, 0);
    tide_buf_unref(&b);
    assert_int_equal(n_given_back, 1);
    assert_int_equal(tide_pool_bytes(pool), 0);
    tide_buf *late = tide_pool_place(pool, tide_malloc_aligned(64, bytes), 2000, give_back);
    tide_pool_free(&pool); /* The pool outlives its owner's hold. */
    tide_buf_unref(&late);
    assert_int_equal(n_given_back, 2);
}

static void a_charge_counts_until_it_is_taken_back(void **state)
{
    (void)state;
    tide_pool *pool = tide_pool_new(1000);
    tide_pool_charge(pool, 1000);
    assert_false(tide_pool_has_room(pool));
    tide_pool_discharge(pool, 1000);
    assert_true(tide_pool_has_room(pool));
    assert_int_equal(tide_pool_peak_bytes(pool), 1000);
    tide_pool_free(&pool);
}

static void a_pool_recycles_and_counts(void **state)
{
    (void)state;
    tide_pool *pool = tide_pool_new(1000);
    tide_buf *a = tide_pool_take(pool, 500), *again;
    assert_true(tide_pool_has_room(pool));
    tide_buf *b = tide_pool_take(pool, 500);
    assert_false(tide_pool_has_room(pool));
    again = a;
    tide_buf_unref(&a);
    assert_null(a);
    assert_ptr_equal(tide_pool_take(pool, 500), again);
    tide_buf_unref(&again);
    tide_buf_unref(&b);
    assert_int_equal(tide_pool_bytes(pool), 0);
    assert_int_equal(tide_pool_peak_bytes(pool), 1024);
    tide_pool_free(&pool);
}

static void *release(void *buf)
{
    tide_buf *b = buf;
    tide_buf_unref(&b);
    return NULL;
}

static void a_buffer_released_elsewhere_comes_home(void **state)
{
    (void)state;
    tide_pool *pool = tide_pool_new(0);
    tide_buf *a = tide_pool_take(pool, 4096), *same = a;
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, release, a), 0);
    pthread_join(t, NULL);
    assert_ptr_equal(tide_pool_take(pool, 4096), same);
    tide_buf *late = tide_pool_take(pool, 64);
    tide_pool_free(&pool); /* Two buffers are still out: the pool outlives its owner's hold. */
    tide_buf_unref(&same);
    assert_int_equal(pthread_create(&t, NULL, release, late), 0);
    pthread_join(t, NULL);
}

static void bytes_are_put_as_hex(void **state)
{
    (void)state;
    tide_bytes b = { 0 };
    for (size_t n = 0; n <= 9; n++)
        tide_bytes_put_hex(&b, "\x00\x09\x0a\x7f\x80\x9f\xa0\xff\xf9", n);
    assert_string_equal(tide_bytes_text(&b),
                        "00000900090a00090a7f00090a7f8000090a7f809f00090a7f809fa0"
                        "00090a7f809fa0ff00090a7f809fa0fff9");
    tide_bytes_fini(&b);
}

static void bytes_grow(void **state)
{
    (void)state;
    tide_bytes b = { 0 };
    for (int i = 0; i < 1000; i++) tide_bytes_printf(&b, "%03d", i);
    tide_bytes_putc(&b, '!');
    assert_int_equal(b.n, 3001);
    assert_memory_equal(tide_bytes_text(&b) + 2994, "998999!", 8);
    tide_bytes_fini(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_reads_from_intention_to_cause),
        cmocka_unit_test(a_long_chain_is_cut_not_lost),
        cmocka_unit_test(a_failure_moves_between_threads_by_value),
        cmocka_unit_test(arena_memory_is_aligned_and_survives_growth),
        cmocka_unit_test(a_pool_recycles_and_counts),
        cmocka_unit_test(memory_of_others_is_placed_and_given_back),
        cmocka_unit_test(a_charge_counts_until_it_is_taken_back),
        cmocka_unit_test(a_buffer_released_elsewhere_comes_home),
        cmocka_unit_test(bytes_are_put_as_hex),
        cmocka_unit_test(bytes_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
