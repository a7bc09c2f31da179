/* set_test.c - an operator's tables by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "checkpoint/state/set.h"

static const tide_table_groups groups = { 128, 0, 128 };

static tide_key_spec word_key(void)
{
    tide_key_col col = { .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true };
    tide_key_spec key;
    assert_int_equal(tide_key_spec_init(&key, &col, 1, 0), TIDE_OK);
    return key;
}

static void tables_are_opened_once_and_dropped(void **state)
{
    (void)state;
    tide_key_spec key = word_key();
    tide_state_set *set = tide_state_set_new("count by user", groups, 0);
    tide_table_spec spec = { .name = "pane 1", .key = &key, .value_bytes = 8 };
    tide_table *one, *two, *again;
    assert_int_equal(tide_state_set_open(set, &spec, &one), TIDE_OK);
    spec.name = "pane 2";
    assert_int_equal(tide_state_set_open(set, &spec, &two), TIDE_OK);
    assert_int_equal(tide_state_set_open(set, &spec, &again), TIDE_OK);
    assert_ptr_equal(two, again);
    spec.value_bytes = 16;
    assert_int_equal(tide_state_set_open(set, &spec, &again), TIDE_E_MISMATCH);
    assert_int_equal(tide_state_set_count(set), 2);
    assert_string_equal(tide_state_set_name(set, 1), "pane 2");
    tide_state_set_drop(set, &one);
    assert_null(one);
    assert_int_equal(tide_state_set_count(set), 1);
    assert_null(tide_state_set_find(set, "pane 1"));
    assert_ptr_equal(tide_state_set_find(set, "pane 2"), two);
    tide_state_set_free(&set);
}

static void the_budget_is_shared_and_named(void **state)
{
    (void)state;
    tide_key_spec key = word_key();
    tide_state_set *set = tide_state_set_new("count by user", groups, 20000);
    tide_table *t;
    tide_status rv = TIDE_OK;
    uint64_t keys[256], hash[256];
    uint32_t rows[256];
    for (uint32_t pane = 0; rv == TIDE_OK && pane < 100; pane++) {
        char name[] = { 'p', (char)('0' + pane / 10), (char)('0' + pane % 10), 0 };
        tide_table_spec spec = { .name = name, .key = &key, .value_bytes = 8 };
        assert_int_equal(tide_state_set_open(set, &spec, &t), TIDE_OK);
        for (uint32_t i = 0; i < 256; i++) keys[i] = i;
        tide_key_hash_keys(&key, (const uint8_t *)keys, 8, 256, hash);
        rv = tide_table_find_or_insert(t, (const uint8_t *)keys, hash, 10, rows, NULL, NULL);
    }
    assert_int_equal(rv, TIDE_E_BUDGET);
    assert_non_null(strstr(tide_error_text(), "count by user, table p"));
    assert_true(tide_state_set_bytes(set) <= 20000);
    tide_state_set_free(&set);
}

/* ---- saving and loading ---- */
static void add(tide_table *t, const tide_key_spec *key, uint64_t id, int64_t v)
{
    uint64_t hash;
    uint32_t row;
    tide_key_hash_keys(key, (const uint8_t *)&id, 8, 1, &hash);
    assert_int_equal(tide_table_find_or_insert(t, (const uint8_t *)&id, &hash, 1, &row, NULL, NULL),
                     TIDE_OK);
    tide_table_touch(t, &row, 1);
    *(int64_t *)(void *)tide_table_value(t, row) += v;
}

static int64_t sum_of(const tide_table *t)
{
    uint32_t rows[64], n;
    int64_t sum = 0;
    tide_table_scan scan = { 0 };
    while ((n = tide_table_scan_next(t, &scan, rows, 64)) > 0)
        for (uint32_t i = 0; i < n; i++) sum += *(int64_t *)(void *)tide_table_value(t, rows[i]);
    return sum;
}

static tide_table *open_table(tide_state_set *set, const char *name, const tide_key_spec *key)
{
    tide_table_spec spec = { .name = name, .key = key, .value_bytes = 8 };
    tide_table *t;
    assert_int_equal(tide_state_set_open(set, &spec, &t), TIDE_OK);
    return t;
}

static tide_state_set *filled_set(const tide_key_spec *key, tide_bytes *image)
{
    tide_state_set *set = tide_state_set_new("op", groups, 0);
    tide_table *one = open_table(set, "one", key), *two = open_table(set, "two", key);
    for (uint64_t i = 0; i < 1000; i++) add(one, key, i, 1);
    for (uint64_t i = 0; i < 50; i++) add(two, key, i, 10);
    tide_state_set_save(set, image);
    return set;
}

static void a_saved_set_comes_back(void **state)
{
    (void)state;
    tide_key_spec key = word_key();
    tide_bytes image = { 0 }, again = { 0 };
    tide_state_set *set = filled_set(&key, &image);
    add(tide_state_set_find(set, "one"), &key, 5000, 77); /* After the save: gone again. */
    open_table(set, "three", &key);
    assert_int_equal(tide_state_set_load(set, image.p, image.n), TIDE_OK); /* Into open tables. */
    assert_int_equal(sum_of(tide_state_set_find(set, "one")), 1000);
    assert_int_equal(tide_table_count(tide_state_set_find(set, "three")), 0);
    tide_state_set_free(&set);

    set = tide_state_set_new("op", groups, 0); /* Into a set whose tables come later. */
    assert_int_equal(tide_state_set_load(set, image.p, image.n), TIDE_OK);
    assert_int_equal(tide_state_set_count(set), 2);
    assert_string_equal(tide_state_set_name(set, 0), "one");
    tide_table *two = open_table(set, "two", &key);
    assert_int_equal(sum_of(two), 500);
    tide_state_set_save(set, &again); /* "one" is still waiting. */
    assert_int_equal(again.n, image.n);
    assert_memory_equal(again.p, image.p, image.n);
    tide_table_spec other = { .name = "one", .key = &key, .value_bytes = 16 };
    assert_int_equal(tide_state_set_open(set, &other, &two), TIDE_E_MISMATCH);
    assert_int_equal(sum_of(open_table(set, "one", &key)), 1000);
    tide_state_set_free(&set);
    tide_bytes_fini(&image);
    tide_bytes_fini(&again);
}

static void each_subtask_takes_its_groups(void **state)
{
    (void)state;
    tide_key_spec key = word_key();
    tide_bytes image = { 0 };
    tide_state_set *set = filled_set(&key, &image);
    tide_state_set_free(&set);
    int64_t sum = 0;
    for (uint32_t s = 0; s < 3; s++) {
        tide_table_groups mine = { 128, tide_key_group_first(s, 128, 3),
                                   tide_key_group_first(s + 1, 128, 3) };
        set = tide_state_set_new("op", mine, 0);
        assert_int_equal(tide_state_set_load(set, image.p, image.n), TIDE_OK);
        int64_t part = sum_of(open_table(set, "one", &key));
        assert_true(part > 0);
        sum += part;
        tide_state_set_free(&set);
    }
    assert_int_equal(sum, 1000);
    tide_bytes_fini(&image);
}

static void a_damaged_image_is_refused(void **state)
{
    (void)state;
    tide_key_spec key = word_key();
    tide_bytes image = { 0 };
    tide_state_set *set = filled_set(&key, &image);
    for (size_t i = 0; i < image.n; i += 17) {
        image.p[i] ^= 4;
        assert_int_equal(tide_state_set_load(set, image.p, image.n), TIDE_E_CORRUPT);
        image.p[i] ^= 4;
    }
    assert_int_equal(tide_state_set_load(set, image.p, image.n - 1), TIDE_E_CORRUPT);
    assert_int_equal(tide_state_set_load(set, image.p, 3), TIDE_E_CORRUPT);
    tide_state_set_free(&set);
    tide_bytes_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_opened_once_and_dropped),
        cmocka_unit_test(the_budget_is_shared_and_named),
        cmocka_unit_test(a_saved_set_comes_back),
        cmocka_unit_test(each_subtask_takes_its_groups),
        cmocka_unit_test(a_damaged_image_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
