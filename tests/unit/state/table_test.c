/* table_test.c - the keyed table against a plain array: every shape of key, every line
 * comparison. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/state/table_priv.h"
#include "tests/unit/state/table_fixture.h"

static const tide_table_groups all_groups = { 128, 0, 128 }, one_group = { 1, 0, 1 };

/* Rounds of growth, and rounds in which more is deleted than made, so that rows and index entries
 * are reused. */
static void random_steps(table_fixture *f, uint32_t rounds)
{
    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t below = round % 8 < 5 ? IDS_MAX : IDS_MAX / 8, n = 1 + draw(f, BATCH);
        switch (draw(f, round % 30 < 15 ? 4 : 8)) {
        case 0:
        case 1: step_update(f, n, below); break;
        case 2: step_update(f, BATCH, IDS_MAX); break;
        case 3: step_find(f, n, below); break;
        default: step_delete(f, n, IDS_MAX); break;
        }
        assert_int_equal(tide_table_count(f->table), f->n_present);
    }
    check_table(f, f->table, f->model);
}

static void it_does_what_an_array_does(void **state)
{
    (void)state;
    static const char *const probes[] = { "avx512", "avx2", "portable" };
    for (uint32_t kind = 0; kind < KEY_KINDS; kind++)
        for (uint32_t p = 0; p < 3; p++) {
            if (tide_probe_pick(probes[p]) == NULL) continue;
            table_fixture *f =
                fixture_new((key_kind)kind, p == 1 ? one_group : all_groups, probes[p]);
            random_steps(f, 240);
            fixture_free(&f);
        }
}

/* Hashes that agree in group and tag for all keys: only the comparison of keys tells them apart. */
static void equal_tags_are_not_equal_keys(void **state)
{
    (void)state;
    static const key_kind kinds[] = { KEY_WORD, KEY_STRING };
    for (uint32_t k = 0; k < 2; k++) {
        table_fixture *f = fixture_new(kinds[k], all_groups, NULL);
        uint32_t first[BATCH];
        for (uint32_t round = 0; round < 2; round++) {
            f->n = 300;
            for (uint32_t i = 0; i < f->n; i++) f->ids[i] = i;
            encode_ids(f);
            for (uint32_t i = 0; i < f->n; i++) f->hash[i] = i % 2 ? UINT64_MAX : UINT64_MAX << 20;
            assert_int_equal(tide_table_find_or_insert(f->table, f->keys, f->hash, f->n, f->rows,
                                                       f->fresh, &f->n_fresh),
                             TIDE_OK);
            assert_int_equal(f->n_fresh, round == 0 ? f->n : 0);
            for (uint32_t i = 0; i < f->n; i++) {
                if (round == 0) first[i] = f->rows[i];
                assert_int_equal(f->rows[i], first[i]);
                assert_true(tide_key_equal(&f->key, tide_table_key(f->table, first[i]),
                                           f->keys + i * f->key.key_bytes));
            }
        }
        fixture_free(&f);
    }
}

static void a_deleted_row_is_used_again(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_STRING, one_group, NULL);
    for (uint32_t round = 0; round < 40; round++) {
        step_update(f, BATCH, 2000);
        step_delete(f, BATCH, 2000);
        step_delete(f, BATCH, 2000);
    }
    size_t bytes = tide_table_bytes(f->table), memory = tide_state_memory_bytes(f->memory);
    for (uint32_t round = 0; round < 400; round++) {
        step_update(f, BATCH / 2, 2000);
        step_delete(f, BATCH, 2000);
    }
    check_table(f, f->table, f->model);
    assert_true(tide_table_bytes(f->table) <= bytes * 2);
    assert_true(tide_state_memory_bytes(f->memory) <= memory * 2);
    fixture_free(&f);
}

static void clearing_gives_the_memory_back(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_MIXED, all_groups, NULL);
    size_t peak = 0;
    for (uint32_t round = 0; round < 6; round++) {
        for (uint32_t i = 0; i < 60; i++) step_update(f, BATCH, IDS_MAX);
        if (round == 1) peak = tide_state_memory_held(f->memory);
        if (round > 1) assert_int_equal(tide_state_memory_held(f->memory), peak);
        tide_table_clear(f->table);
        memset(f->model, 0, sizeof f->model);
        f->n_present = 0;
        assert_int_equal(tide_table_count(f->table), 0);
        assert_int_equal(tide_state_memory_bytes(f->memory), 0);
        assert_int_equal(tide_table_bytes(f->table), 0);
    }
    fixture_free(&f);
}

static void over_budget_names_the_table(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_STRING, all_groups, NULL);
    tide_state_memory *small = tide_state_memory_new(200000);
    tide_table *t;
    tide_status rv = TIDE_OK;
    assert_int_equal(tide_table_open(&t, &f->spec, all_groups, small), TIDE_OK);
    uint32_t id = 0;
    for (; rv == TIDE_OK && id < IDS_MAX; id += BATCH) {
        f->n = BATCH;
        for (uint32_t i = 0; i < BATCH; i++) f->ids[i] = id + i;
        encode_ids(f);
        rv = tide_table_find_or_insert(t, f->keys, f->hash, f->n, f->rows, f->fresh, &f->n_fresh);
    }
    assert_int_equal(rv, TIDE_E_BUDGET);
    assert_non_null(strstr(tide_error_text(), "keyed state, table t:"));
    assert_true(tide_state_memory_bytes(small) <= 200000);
    assert_true(id > BATCH);
    f->n = BATCH;
    for (uint32_t i = 0; i < BATCH; i++) f->ids[i] = i;
    encode_ids(f);
    tide_table_find(t, f->keys, f->hash, f->n, f->rows); /* What came before is unharmed. */
    for (uint32_t i = 0; i < BATCH; i++) assert_true(f->rows[i] != 0);
    assert_int_equal(tide_table_blob_set(t, f->rows[0], 0, f->texts, 100000), TIDE_E_BUDGET);
    tide_table_free(&t);
    assert_int_equal(tide_state_memory_bytes(small), 0);
    tide_state_memory_free(&small);
    fixture_free(&f);
}

static void a_small_table_is_small(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, all_groups, NULL);
    step_update(f, 10, 10);
    assert_true(tide_table_bytes(f->table) <= 10 * 1024);
    assert_true(tide_state_memory_held(f->memory) <= 64 * 1024);
    fixture_free(&f);
}

/* As many rows of one group as just do not fit into all but its largest page. */
static void a_large_group_has_a_third_to_spare(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, (tide_table_groups){ 1, 0, 1 }, NULL);
    const size_t rows = 2100, row_bytes = 32, index_bytes = 2100 / 4 * 64;
    for (uint32_t id = 0; id < rows; id += f->n) {
        f->n = rows - id < BATCH ? (uint32_t)rows - id : BATCH;
        for (uint32_t i = 0; i < f->n; i++) f->ids[i] = id + i;
        encode_ids(f);
        assert_int_equal(tide_table_find_or_insert(f->table, f->keys, f->hash, f->n, f->rows,
                                                   f->fresh, &f->n_fresh),
                         TIDE_OK);
    }
    assert_int_equal(tide_table_count(f->table), rows);
    assert_true(tide_table_bytes(f->table) <= rows * row_bytes * 3 / 2 + index_bytes);
    fixture_free(&f);
}

/* Blobs that all grow from size to size take what the last one needs, and little more. */
static void what_growing_blobs_leave_is_used_again(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, all_groups, NULL);
    static const uint32_t sizes[] = { 40, 104, 184, 312 };
    static uint32_t rows[4 * BATCH];
    for (uint32_t b = 0; b < 4; b++) {
        f->n = BATCH;
        for (uint32_t i = 0; i < BATCH; i++) f->ids[i] = b * BATCH + i;
        encode_ids(f);
        assert_int_equal(tide_table_find_or_insert(f->table, f->keys, f->hash, f->n,
                                                   rows + b * BATCH, f->fresh, &f->n_fresh),
                         TIDE_OK);
    }
    size_t before = tide_table_bytes(f->table);
    for (uint32_t s = 0; s < 4; s++)
        for (uint32_t i = 0; i < 4 * BATCH; i++)
            assert_int_equal(tide_table_blob_reserve(f->table, rows[i], 0, sizes[s]), TIDE_OK);
    assert_true(tide_table_bytes(f->table) - before <= (size_t)4 * BATCH * 320 * 3 / 2);
    fixture_free(&f);
}

static void a_table_owns_a_range_of_groups(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, (tide_table_groups){ 16, 0, 16 }, NULL);
    for (uint32_t i = 0; i < 100; i++) step_update(f, BATCH, IDS_MAX);
    uint64_t total = 0;
    for (uint32_t g = 0; g < 16; g++) {
        tide_table_scan scan = tide_table_scan_group(f->table, g);
        uint32_t rows[7], n;
        while ((n = tide_table_scan_next(f->table, &scan, rows, 7)) > 0)
            for (uint32_t i = 0; i < n; i++, total++) {
                uint64_t hash;
                tide_key_hash_keys(&f->key, tide_table_key(f->table, rows[i]), 8, 1, &hash);
                assert_int_equal(tide_key_group(hash, 16), g);
            }
    }
    assert_int_equal(total, tide_table_count(f->table));
    fixture_free(&f);
}

static void malformed_specs_are_refused(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, one_group, NULL);
    tide_table *t;
    tide_table_spec spec = f->spec;
    spec.value_bytes = 12;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_E_INVALID);
    spec.value_bytes = TIDE_TABLE_VALUE_BYTES_MAX + 8;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_E_LIMIT);
    spec.value_bytes = 8;
    spec.n_blobs = 2;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_E_INVALID);
    assert_int_equal(tide_table_open(&t, &f->spec, (tide_table_groups){ 100, 0, 1 }, f->memory),
                     TIDE_E_INVALID);
    assert_int_equal(tide_table_open(&t, &f->spec, (tide_table_groups){ 16, 4, 4 }, f->memory),
                     TIDE_E_INVALID);
    spec.n_blobs = 0;
    spec.value_bytes = TIDE_TABLE_VALUE_BYTES_MAX;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_OK);
    f->n = 100;
    for (uint32_t i = 0; i < f->n; i++) f->ids[i] = i;
    encode_ids(f);
    assert_int_equal(tide_table_find_or_insert(t, f->keys, f->hash, f->n, f->rows, NULL, NULL),
                     TIDE_OK);
    for (uint32_t i = 0; i < f->n; i++)
        memset(tide_table_value(t, f->rows[i]), 255, spec.value_bytes);
    tide_table_free(&t);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_an_array_does),
        cmocka_unit_test(equal_tags_are_not_equal_keys),
        cmocka_unit_test(a_deleted_row_is_used_again),
        cmocka_unit_test(clearing_gives_the_memory_back),
        cmocka_unit_test(over_budget_names_the_table),
        cmocka_unit_test(a_small_table_is_small),
        cmocka_unit_test(a_large_group_has_a_third_to_spare),
        cmocka_unit_test(what_growing_blobs_leave_is_used_again),
        cmocka_unit_test(a_table_owns_a_range_of_groups),
        cmocka_unit_test(malformed_specs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
