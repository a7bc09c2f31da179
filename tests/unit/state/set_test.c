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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_opened_once_and_dropped),
        cmocka_unit_test(the_budget_is_shared_and_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
