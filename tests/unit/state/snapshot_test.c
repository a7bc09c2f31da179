/* snapshot_test.c - what a snapshot holds is the table at its barrier, whatever is written
 * meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"
#include "tests/unit/state/piece_store.h"
#include "tests/unit/state/table_fixture.h"

static const tide_table_groups all_groups = { 128, 0, 128 }, one_group = { 1, 0, 1 };

typedef struct history {
    table_fixture *f;
    piece_store store;
    model_row at_barrier[IDS_MAX], committed[IDS_MAX];
    uint32_t present_at_barrier, present_committed;
} history;

static void random_step(table_fixture *f)
{
    switch (draw(f, 8)) {
    case 0:
    case 1: step_delete(f, 1 + draw(f, BATCH), IDS_MAX / 4); break;
    case 2: step_find(f, 50, IDS_MAX); break;
    case 3: step_update(f, BATCH, IDS_MAX / 16); break;
    case 4: step_update(f, 1 + draw(f, BATCH), IDS_MAX / 4); break;
    default: step_update(f, 1 + draw(f, 40), IDS_MAX / 4); break;
    }
    if (draw(f, 400) == 0) {
        tide_table_clear(f->table);
        memset(f->model, 0, sizeof f->model);
        f->n_present = 0;
    }
}

static void check_restored(history *h, bool open_only, const model_row *model)
{
    tide_table *t = fixture_table(h->f, h->f->groups);
    store_restore(&h->store, open_only, t);
    check_table(h->f, t, model);
    tide_table_free(&t);
}

/* One snapshot, with steps between its sweeps. Returns false when the sink failed. */
static bool take_snapshot(history *h, tide_snapshot_kind kind)
{
    table_fixture *f = h->f;
    tide_piece_sink sink = store_sink(&h->store);
    memcpy(h->at_barrier, f->model, sizeof f->model);
    h->present_at_barrier = f->n_present;
    tide_table_barrier(f->table, kind);
    for (bool done = false; !done;) {
        if (draw(f, 2)) random_step(f);
        if (tide_table_sweep(f->table, &sink, 1 + draw(f, 1000), &done) != TIDE_OK) return false;
    }
    return true;
}

/* The job fails: everything starts from the last complete checkpoint. */
static void fail_over(history *h)
{
    table_fixture *f = h->f;
    tide_table_free(&f->table);
    f->table = fixture_table(f, f->groups);
    store_restore(&h->store, false, f->table);
    memcpy(f->model, h->committed, sizeof f->model);
    f->n_present = h->present_committed;
    check_table(f, f->table, f->model);
}

static void one_round(history *h)
{
    table_fixture *f = h->f;
    for (uint32_t i = draw(f, 30); i > 0; i--) random_step(f);
    bool savepoint = draw(f, 6) == 0, broken = draw(f, 6) == 0;
    h->store.fail_after = broken ? 1 + draw(f, 150) : 0;
    bool whole = take_snapshot(h, savepoint ? TIDE_SNAPSHOT_FULL : TIDE_SNAPSHOT_INCREMENTAL);
    h->store.fail_after = 0;
    bool kept = whole && !savepoint && draw(f, 8);
    if (whole && savepoint) check_restored(h, true, h->at_barrier);
    tide_table_settle(f->table, kept);
    if (kept) {
        store_keep(&h->store);
        memcpy(h->committed, h->at_barrier, sizeof h->committed);
        h->present_committed = h->present_at_barrier;
        check_restored(h, false, h->committed);
    } else {
        store_forget(&h->store);
    }
    if (draw(f, 8) == 0) fail_over(h);
}

static void a_snapshot_is_the_table_at_its_barrier(void **state)
{
    (void)state;
    for (uint32_t kind = 0; kind < KEY_KINDS; kind++) {
        history *h = tide_calloc(1, sizeof *h);
        h->f = fixture_new((key_kind)kind, kind % 2 ? one_group : all_groups, NULL);
        for (uint32_t round = 0; round < 60; round++) one_round(h);
        store_fini(&h->store);
        fixture_free(&h->f);
        tide_free(h);
    }
}

/* The same calls on tables at other addresses give the same bytes. */
static void pieces_hold_no_addresses(void **state)
{
    (void)state;
    tide_bytes first = { 0 };
    table_fixture *other = fixture_new(KEY_MIXED, all_groups, NULL); /* Shifts what comes after. */
    step_update(other, BATCH, IDS_MAX);
    for (uint32_t run = 0; run < 2; run++) {
        history *h = tide_calloc(1, sizeof *h);
        tide_bytes all = { 0 };
        h->f = fixture_new(KEY_MIXED, all_groups, NULL);
        for (uint32_t round = 0; round < 4; round++) {
            for (uint32_t i = 0; i < 30; i++) random_step(h->f);
            assert_true(take_snapshot(h, TIDE_SNAPSHOT_INCREMENTAL));
            tide_table_settle(h->f->table, true);
            for (uint32_t g = 0; g < STORE_GROUPS; g++)
                tide_bytes_put(&all, h->store.open[g].p, h->store.open[g].n);
            store_keep(&h->store);
        }
        if (run == 0)
            first = all;
        else
            assert_true(first.n == all.n && memcmp(first.p, all.p, all.n) == 0);
        if (run) tide_bytes_fini(&all);
        store_fini(&h->store);
        fixture_free(&h->f);
        tide_free(h);
    }
    tide_bytes_fini(&first);
    fixture_free(&other);
}

/* ---- sizes ---- */
/* 16-byte rows; `aside`: all changed rows are touched again before they are swept. */
static double delta_ratio(uint32_t percent, bool aside)
{
    table_fixture *f = fixture_new(KEY_WORD, one_group, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    tide_piece_sink sink = store_sink(store);
    tide_table_free(&f->table);
    f->spec.value_bytes = 8;
    f->spec.n_blobs = 0;
    f->table = fixture_table(f, one_group);
    uint32_t changed = 0;
    bool done = false;
    for (uint32_t pass = 0; pass < 3;
         pass++) { /* All rows; those that change; the same once more. */
        if (pass == 2 && !aside) break;
        for (uint32_t id = 0; id < IDS_MAX; id += BATCH) {
            f->n = 0;
            for (uint32_t i = id; i < id + BATCH && i < IDS_MAX; i++)
                if (pass == 0 || (i * 2654435761u >> 8) % 100 < percent) f->ids[f->n++] = i;
            encode_ids(f);
            assert_int_equal(tide_table_find_or_insert(f->table, f->keys, f->hash, f->n, f->rows,
                                                       NULL, NULL),
                             TIDE_OK);
            tide_table_touch(f->table, f->rows, f->n);
            if (pass == 1) changed += f->n;
        }
        if (pass < 2) tide_table_barrier(f->table, TIDE_SNAPSHOT_INCREMENTAL);
        if (pass > 0) continue;
        assert_int_equal(tide_table_sweep(f->table, &sink, UINT32_MAX, &done), TIDE_OK);
        tide_table_settle(f->table, true);
        store_keep(store);
    }
    assert_int_equal(tide_table_sweep(f->table, &sink, UINT32_MAX, &done), TIDE_OK);
    double ratio = (double)store_open_bytes(store) / (changed * 16.0);
    tide_table_settle(f->table, true);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
    return ratio;
}

static void a_delta_is_little_more_than_what_changed(void **state)
{
    (void)state;
    static const uint32_t percent[] = { 1, 10, 50, 100 };
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(delta_ratio(percent[i], false) < 1.15);
        assert_true(delta_ratio(percent[i], true) < 1.15);
    }
}

/* Deltas that add up to the base bring a new base, so a restore reads at most about twice the
 * state. */
static void bases_are_written_anew_in_time(void **state)
{
    (void)state;
    history *h = tide_calloc(1, sizeof *h);
    h->f = fixture_new(KEY_WORD, all_groups, NULL);
    for (uint32_t i = 0; i < 100; i++) step_update(h->f, BATCH, IDS_MAX);
    for (uint32_t round = 0; round < 60; round++) {
        bool done;
        tide_piece_sink sink = store_sink(&h->store);
        for (uint32_t i = 0; i < 10; i++) step_update(h->f, BATCH, IDS_MAX);
        tide_table_barrier(h->f->table, TIDE_SNAPSHOT_INCREMENTAL);
        assert_int_equal(tide_table_sweep(h->f->table, &sink, UINT32_MAX, &done), TIDE_OK);
        tide_table_settle(h->f->table, true);
        store_keep(&h->store); /* Fails when a group has 64 pieces. */
    }
    for (uint32_t g = 0; g < 128; g++) {
        size_t base = h->store.pieces[g][0].n, deltas = 0;
        for (uint32_t i = 1; i < h->store.n[g]; i++) deltas += h->store.pieces[g][i].n;
        assert_true(deltas < 4 * base); /* Twice, and the wait for its turn. */
    }
    check_restored(h, false, h->f->model);
    store_fini(&h->store);
    fixture_free(&h->f);
    tide_free(h);
}

static void a_key_group_moves_to_another_table(void **state)
{
    (void)state;
    table_fixture *f = fixture_new(KEY_STRING, all_groups, NULL);
    piece_store *store = tide_calloc(1, sizeof *store);
    tide_piece_sink sink = store_sink(store);
    for (uint32_t i = 0; i < 60; i++) step_update(f, BATCH, IDS_MAX);
    tide_table *left = fixture_table(f, (tide_table_groups){ 128, 0, 50 });
    tide_table *right = fixture_table(f, (tide_table_groups){ 128, 50, 128 });
    uint64_t total = tide_table_count(f->table);
    for (uint32_t g = 0; g < 128; g++) {
        assert_int_equal(tide_table_group_out(f->table, g, &sink), TIDE_OK);
        const uint8_t *piece = (const uint8_t *)store->open[g].p;
        tide_table *to = g < 50 ? left : right, *not_to = g < 50 ? right : left;
        assert_int_equal(tide_table_group_in(not_to, piece, store->open[g].n), TIDE_E_MISMATCH);
        assert_int_equal(tide_table_group_in(to, piece, store->open[g].n), TIDE_OK);
        store_forget(store);
    }
    assert_int_equal(tide_table_count(f->table), 0);
    assert_int_equal(tide_table_count(left) + tide_table_count(right), total);
    check_table(f, left, f->model);
    check_table(f, right, f->model);
    tide_table_free(&left);
    tide_table_free(&right);
    store_fini(store);
    tide_free(store);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_is_the_table_at_its_barrier),
        cmocka_unit_test(pieces_hold_no_addresses),
        cmocka_unit_test(a_delta_is_little_more_than_what_changed),
        cmocka_unit_test(bases_are_written_anew_in_time),
        cmocka_unit_test(a_key_group_moves_to_another_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
