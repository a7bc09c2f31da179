/* piece_test.c - pieces from outside: damaged, forged, of another table, and values that own
 * memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/piece_bytes.h"
#include "tests/support/piece_forge.h"
#include "tests/unit/state/piece_store.h"
#include "tests/unit/state/table_fixture.h"

static const tide_table_groups one_group = { 1, 0, 1 };

/* A base and a delta with every kind of entry. */
static void make_pieces(table_fixture *f, piece_store *store)
{
    tide_piece_sink sink = store_sink(store);
    bool done;
    for (uint32_t i = 0; i < 2; i++) {
        step_update(f, 100, 200);
        if (i) step_delete(f, 30, 200);
        tide_table_barrier(f->table, TIDE_SNAPSHOT_INCREMENTAL);
        assert_int_equal(tide_table_sweep(f->table, &sink, 1000, &done), TIDE_OK);
        assert_true(done);
        tide_table_settle(f->table, true);
        store_keep(store);
    }
    assert_int_equal(store->n[0], 2);
}

static void expect_untouched(tide_table *t, tide_status rv)
{
    assert_true(rv == TIDE_E_CORRUPT || rv == TIDE_E_MISMATCH);
    tide_table_scan scan = { 0 };
    uint32_t row;
    assert_int_equal(tide_table_scan_next(t, &scan, &row, 1), 0);
}

static void every_flipped_byte_is_noticed(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_MIXED, one_group, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    make_pieces(f, store);
    tide_table *t = fixture_table(f, one_group);
    tide_bytes *base = &store->pieces[0][0];
    for (size_t i = 0; i < base->n; i++) {
        char flip = (char)(1 << (i % 8));
        base->p[i] ^= flip;
        expect_untouched(t, tide_table_restore(t, (uint8_t *)base->p, base->n));
        base->p[i] ^= flip;
    }
    for (size_t n = 0; n < base->n; n += n < 200 ? 1 : 37)
        expect_untouched(t, tide_table_restore(t, (uint8_t *)base->p, n));
    tide_bytes_putc(base, 0);
    expect_untouched(t, tide_table_restore(t, (uint8_t *)base->p, base->n));
    base->n--;
    assert_int_equal(tide_table_restore(t, (uint8_t *)base->p, base->n), TIDE_OK);
    tide_bytes *delta = &store->pieces[0][1];
    for (size_t i = 0; i < delta->n; i++) {
        delta->p[i] ^= 64;
        assert_true(tide_table_restore(t, (uint8_t *)delta->p, delta->n) != TIDE_OK);
        delta->p[i] ^= 64;
    }
    assert_int_equal(tide_table_restore(t, (uint8_t *)delta->p, delta->n), TIDE_OK);
    assert_int_equal(tide_table_restore_end(t), TIDE_OK);
    check_table(f, t, f->model);
    tide_table_free(&t);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
}

/* Bytes that are wrong behind right checksums may be refused or not, but never do harm. */
static void forged_pieces_do_no_harm(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_MIXED, one_group, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    make_pieces(f, store);
    tide_state_memory *memory = tide_state_memory_new(8u << 20);
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 4000; round++) {
        tide_bytes copies[2] = { { 0 }, { 0 } };
        tide_table *t;
        assert_int_equal(tide_table_open(&t, &f->spec, one_group, memory), TIDE_OK);
        tide_status rv = TIDE_OK;
        for (uint32_t i = 0; i < 2 && rv == TIDE_OK; i++) {
            tide_bytes *c = &copies[i], *from = &store->pieces[0][i];
            tide_bytes_put(c, from->p, from->n);
            for (uint32_t k = round % 4; k > 0; k--)
                c->p[draw(f, (uint32_t)c->n)] = (char)draw(f, 256);
            if (i && round % 2) put_u64((uint8_t *)c->p + 40, tide_snapshot_history(t, 0)->last_id);
            piece_forge((uint8_t *)c->p, c->n);
            rv = tide_table_restore(t, (uint8_t *)c->p, c->n);
        }
        if (rv == TIDE_OK) rv = tide_table_restore_end(t);
        accepted += rv == TIDE_OK;
        tide_table_free(&t);
        tide_bytes_fini(&copies[0]);
        tide_bytes_fini(&copies[1]);
    }
    assert_true(accepted > 0 && accepted < 4000);
    assert_int_equal(tide_state_memory_bytes(memory), 0);
    tide_state_memory_free(&memory);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
}

static void a_piece_fits_its_place_only(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_STRING, one_group, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    make_pieces(f, store);
    const tide_bytes *base = &store->pieces[0][0], *delta = &store->pieces[0][1];
    tide_table *t = fixture_table(f, one_group);
    expect_untouched(t, tide_table_restore(t, (uint8_t *)delta->p, delta->n)); /* No base. */
    assert_int_equal(tide_table_restore(t, (uint8_t *)base->p, base->n), TIDE_OK);
    assert_int_equal(tide_table_restore(t, (uint8_t *)base->p, base->n), TIDE_E_MISMATCH);
    assert_int_equal(tide_table_restore(t, (uint8_t *)delta->p, delta->n), TIDE_OK);
    assert_int_equal(tide_table_restore(t, (uint8_t *)delta->p, delta->n), TIDE_E_MISMATCH);
    tide_table_free(&t);

    tide_table_spec spec = f->spec;
    spec.value_bytes = 32;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_OK);
    expect_untouched(t, tide_table_restore(t, (uint8_t *)base->p, base->n));
    tide_table_free(&t);
    assert_int_equal(tide_table_open(&t, &f->spec, (tide_table_groups){ 2, 0, 2 }, f->memory),
                     TIDE_OK);
    expect_untouched(t, tide_table_restore(t, (uint8_t *)base->p, base->n)); /* Other key groups. */
    tide_table_free(&t);
    tide_state_memory *small = tide_state_memory_new(2000);
    assert_int_equal(tide_table_open(&t, &f->spec, one_group, small), TIDE_OK);
    assert_int_equal(tide_table_restore(t, (uint8_t *)base->p, base->n), TIDE_E_BUDGET);
    tide_table_free(&t);
    tide_state_memory_free(&small);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
}

/* ---- fields that own memory ---- */
static uint32_t n_owned_live;

static uint32_t text_size(const void *ctx, const uint8_t *field)
{
    (void)ctx;
    const char *text = *(char *const *)(const void *)field;
    return text ? (uint32_t)strlen(text) : 0;
}
static void text_save(const void *ctx, const uint8_t *field, uint8_t *to)
{
    const char *text = *(char *const *)(const void *)field;
    if (text) memcpy(to, text, text_size(ctx, field));
}
static bool text_load(const void *ctx, uint8_t *field, const uint8_t *from, uint32_t n)
{
    (void)ctx;
    if (n && memchr(from, '!', n)) return false;
    *(char **)(void *)field = n ? tide_strndup((const char *)from, n) : NULL;
    n_owned_live += n != 0;
    return true;
}
static void text_drop(const void *ctx, uint8_t *field)
{
    (void)ctx;
    char **text = (char **)(void *)field;
    n_owned_live -= *text != NULL;
    tide_free(*text);
    *text = NULL;
}

static void owned_fields_are_saved_loaded_and_dropped(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_WORD, one_group, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    tide_piece_sink sink = store_sink(store);
    tide_table_owned owned = { .offset = 8,
                               .bytes = 8,
                               .size = text_size,
                               .save = text_save,
                               .load = text_load,
                               .drop = text_drop };
    tide_table_spec spec = {
        .name = "t", .key = &f->key, .value_bytes = 16, .owned = &owned, .n_owned = 1
    };
    tide_table *t, *back;
    assert_int_equal(tide_table_open(&t, &spec, one_group, f->memory), TIDE_OK);
    f->n = 3;
    for (uint32_t i = 0; i < 3; i++) f->ids[i] = i;
    encode_ids(f);
    assert_int_equal(tide_table_find_or_insert(t, f->keys, f->hash, 3, f->rows, NULL, NULL),
                     TIDE_OK);
    for (uint32_t i = 0; i < 2; i++) {
        *(char **)(void *)(tide_table_value(t, f->rows[i]) + 8) = tide_strdup(i ? "two" : "one");
        n_owned_live++;
    }
    bool done;
    tide_table_barrier(t, TIDE_SNAPSHOT_FULL);
    tide_table_delete(t, f->rows, 1); /* Copied aside with its text. */
    assert_int_equal(n_owned_live, 1);
    assert_int_equal(tide_table_sweep(t, &sink, 100, &done), TIDE_OK);
    tide_table_settle(t, true);
    store_keep(store);
    assert_int_equal(tide_table_open(&back, &spec, one_group, f->memory), TIDE_OK);
    store_restore(store, false, back);
    assert_int_equal(n_owned_live, 3);
    tide_table_find(back, f->keys, f->hash, 3, f->rows);
    assert_string_equal(*(char **)(void *)(tide_table_value(back, f->rows[0]) + 8), "one");
    assert_null(*(char **)(void *)(tide_table_value(back, f->rows[2]) + 8));
    tide_table_free(&back);
    char *text = memmem(store->pieces[0][0].p, store->pieces[0][0].n, "two", 3);
    assert_non_null(text);
    text[1] = '!'; /* Bytes that the field refuses. */
    piece_forge((uint8_t *)store->pieces[0][0].p, store->pieces[0][0].n);
    assert_int_equal(tide_table_open(&back, &spec, one_group, f->memory), TIDE_OK);
    assert_int_equal(tide_table_restore(back, (uint8_t *)store->pieces[0][0].p,
                                        store->pieces[0][0].n),
                     TIDE_E_CORRUPT);
    tide_table_free(&back);
    tide_table_free(&t);
    assert_int_equal(n_owned_live, 0);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flipped_byte_is_noticed),
        cmocka_unit_test(forged_pieces_do_no_harm),
        cmocka_unit_test(a_piece_fits_its_place_only),
        cmocka_unit_test(owned_fields_are_saved_loaded_and_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
