/* table_fixture.c - a keyed table beside a plain array that does the same. */
#include "tests/unit/state/table_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

#define BLOB_MAX 300u

uint32_t draw(table_fixture *f, uint32_t below)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return (uint32_t)(((f->random >> 32) * below) >> 32);
}

static void describe_key(table_fixture *f)
{
    tide_key_col word = { .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true }, loose = word;
    loose.not_null = false;
    tide_key_col string = { .type = tide_type_of(TIDE_TYPE_STRING) };
    tide_key_col number = { .type = tide_type_decimal(20, 2) };
    tide_key_col cols[2] = { word, loose };
    uint32_t n = 1, n_route = 0;
    switch (f->kind) {
    case KEY_WORD: break;
    case KEY_PAIR: cols[0] = loose; break;
    case KEY_WORDS: cols[0] = number, n = 2; break;
    case KEY_STRING: cols[0] = string, cols[0].not_null = true; break;
    case KEY_MIXED: cols[0] = string, n = 2, n_route = 1; break;
    case KEY_KINDS: break;
    }
    assert_int_equal(tide_key_spec_init(&f->key, cols, n, n_route), TIDE_OK);
    assert_true(f->key.key_bytes <= KEY_BYTES_MAX);
}

table_fixture *fixture_new(key_kind kind, tide_table_groups groups, const char *probe)
{
    table_fixture *f = tide_malloc_aligned(64, sizeof *f);
    memset(f, 0, sizeof *f);
    f->kind = kind;
    f->random = 88172645463325252u + kind;
    f->groups = groups;
    f->memory = tide_state_memory_new(0);
    describe_key(f);
    f->spec = (tide_table_spec){ .name = "t", .key = &f->key, .value_bytes = 24, .n_blobs = 1 };
    f->table = fixture_table(f, groups);
    if (probe) tide_table_set_probe(f->table, tide_probe_pick(probe));
    return f;
}

tide_table *fixture_table(const table_fixture *f, tide_table_groups groups)
{
    tide_table *t;
    assert_int_equal(tide_table_open(&t, &f->spec, groups, f->memory), TIDE_OK);
    return t;
}

void fixture_free(table_fixture **f_p)
{
    table_fixture *f = *f_p;
    tide_table_free(&f->table);
    assert_int_equal(tide_state_memory_bytes(f->memory), 0);
    tide_state_memory_free(&f->memory);
    tide_free(f);
    *f_p = NULL;
}

/* ---- keys ---- */
static void put_string(tide_key_str *s, char *text, uint32_t id)
{
    int n = snprintf(text, 48, id % 3 ? "u%u" : "a long name that is number %u", id);
    *s = (tide_key_str){ .len = (uint32_t)n };
    memcpy(s->prefix, text, n < 4 ? (size_t)n : 4);
    if (n > 12)
        s->ptr = text;
    else if (n > 4)
        memcpy(s->rest, text + 4, (size_t)n - 4);
}

static void put_key(table_fixture *f, uint32_t i)
{
    uint32_t id = f->ids[i];
    uint64_t *w = (uint64_t *)(void *)(f->keys + (size_t)i * f->key.key_bytes);
    memset(w, 0, f->key.key_bytes);
    switch (f->kind) {
    case KEY_WORD: w[0] = id; break;
    case KEY_PAIR:
        w[0] = id;
        w[1] = id == 0;
        break;      /* (0, NULL) */
    case KEY_WORDS: /* Digits, scale, integer, NULLs. */
        if (id % 7 == 3)
            w[4] = 1;
        else
            w[0] = id * 10 + 1, w[2] = 1;
        w[3] = id;
        break;
    case KEY_STRING: put_string((tide_key_str *)(void *)w, f->texts[i], id); break;
    case KEY_MIXED: /* Many ids share a string. */
        put_string((tide_key_str *)(void *)w, f->texts[i], id / 16);
        w[2] = id % 16;
        if (id % 16 == 15) w[2] = 0, w[3] = 2;
        break;
    case KEY_KINDS: break;
    }
}

void encode_ids(table_fixture *f)
{
    for (uint32_t i = 0; i < f->n; i++) put_key(f, i);
    tide_key_hash_keys(&f->key, f->keys, f->key.key_bytes, f->n, f->hash);
}

void draw_ids(table_fixture *f, uint32_t n, uint32_t below, bool unique)
{
    static uint8_t taken[IDS_MAX];
    f->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = draw(f, below);
        if (unique && taken[id]) continue;
        taken[id] = 1;
        f->ids[f->n++] = id;
    }
    for (uint32_t i = 0; i < f->n; i++) taken[f->ids[i]] = 0;
    encode_ids(f);
}

/* ---- steps ---- */
static void check_row(const table_fixture *f, const tide_table *table, uint32_t row,
                      const model_row *m)
{
    (void)f;
    int64_t v[2];
    uint32_t n;
    memcpy(v, tide_table_value(table, row), 16);
    assert_int_equal(v[0], m->value);
    assert_int_equal(v[1], m->extra);
    const uint8_t *bytes = tide_table_blob(table, row, 0, &n);
    assert_int_equal(n, m->blob_n);
    for (uint32_t i = 0; i < n; i++)
        if (bytes[i] != (uint8_t)(m->blob_seed + i)) fail_msg("byte %u of a blob differs", i);
}

static void write_blob(table_fixture *f, uint32_t row, model_row *m)
{
    uint8_t bytes[BLOB_MAX];
    m->blob_n = draw(f, 3) ? draw(f, 20) : draw(f, BLOB_MAX);
    m->blob_seed = draw(f, 256);
    for (uint32_t i = 0; i < m->blob_n; i++) bytes[i] = (uint8_t)(m->blob_seed + i);
    uint32_t half = m->blob_n / 2;
    assert_int_equal(tide_table_blob_set(f->table, row, 0, bytes, half), TIDE_OK);
    if (m->blob_n % 3 == 0) { /* The rest finds room where it is. */
        assert_int_equal(tide_table_blob_reserve(f->table, row, 0, m->blob_n), TIDE_OK);
        tide_blob_handle at = *tide_table_handles(f->table, tide_table_value(f->table, row), 0);
        const tide_blob *b = tide_blob_of(at);
        assert_int_equal(b ? b->n : 0, half);
        assert_true(m->blob_n == 0 || b->cap >= m->blob_n);
        uint32_t lines = tide_blob_lines(at);
        assert_true(lines == 0 || sizeof *b + b->cap == (size_t)lines * TIDE_CACHE_LINE);
    }
    assert_int_equal(tide_table_blob_append(f->table, row, 0, bytes + half, m->blob_n - half),
                     TIDE_OK);
}

void step_update(table_fixture *f, uint32_t n, uint32_t below)
{
    draw_ids(f, n, below, false);
    assert_int_equal(tide_table_find_or_insert(f->table, f->keys, f->hash, f->n, f->rows, f->fresh,
                                               &f->n_fresh),
                     TIDE_OK);
    for (uint32_t i = 0; i < f->n_fresh;
         i++) { /* Exactly the keys that were not there, once each. */
        model_row *m = &f->model[f->ids[f->fresh[i]]];
        assert_false(m->present);
        *m = (model_row){ .present = true };
        check_row(f, f->table, f->rows[f->fresh[i]], m);
        f->n_present++;
    }
    tide_table_touch(f->table, f->rows, f->n);
    for (uint32_t i = 0; i < f->n; i++) {
        model_row *m = &f->model[f->ids[i]];
        assert_true(m->present);
        check_row(f, f->table, f->rows[i], m);
        int64_t *v = (int64_t *)(void *)tide_table_value(f->table, f->rows[i]);
        v[0] = m->value += (int64_t)draw(f, 1000);
        v[1] = m->extra = (int64_t)draw(f, 1000) - 500;
        if (draw(f, 4) == 0) write_blob(f, f->rows[i], m);
    }
}

void step_find(table_fixture *f, uint32_t n, uint32_t below)
{
    draw_ids(f, n, below, false);
    tide_table_find(f->table, f->keys, f->hash, f->n, f->rows);
    for (uint32_t i = 0; i < f->n; i++) {
        const model_row *m = &f->model[f->ids[i]];
        assert_int_equal(f->rows[i] != 0, m->present);
        if (m->present) check_row(f, f->table, f->rows[i], m);
    }
}

void step_delete(table_fixture *f, uint32_t n, uint32_t below)
{
    draw_ids(f, n, below, true);
    tide_table_find(f->table, f->keys, f->hash, f->n, f->rows);
    uint32_t there = 0;
    for (uint32_t i = 0; i < f->n; i++) {
        if (f->rows[i] == 0) continue;
        f->model[f->ids[i]].present = false;
        f->rows[there++] = f->rows[i];
    }
    tide_table_delete(f->table, f->rows, there);
    f->n_present -= there;
    for (uint32_t i = 0; i < there; i++) assert_false(tide_table_is_live(f->table, f->rows[i]));
}

/* ---- the whole table ---- */
static uint32_t scan_count(const tide_table *table)
{
    uint32_t rows[100], n, total = 0, last_group = 0;
    tide_table_scan scan = { 0 };
    while ((n = tide_table_scan_next(table, &scan, rows, 100)) > 0)
        for (uint32_t i = 0; i < n; i++, total++) {
            uint32_t group = tide_page_of(table, rows[i])->group;
            assert_true(group >= last_group);
            assert_true(tide_table_is_live(table, rows[i]));
            last_group = group;
        }
    return total;
}

void check_table(table_fixture *f, tide_table *table, const model_row *model)
{
    uint32_t present = 0;
    for (uint32_t id = 0; id < IDS_MAX; id += BATCH) {
        f->n = 0;
        for (uint32_t i = id; i < id + BATCH && i < IDS_MAX; i++) f->ids[f->n++] = i;
        encode_ids(f);
        uint32_t kept = 0;
        for (uint32_t i = 0; i < f->n; i++) { /* Only the ids whose group the table holds. */
            if (tide_group_of(table, f->hash[i]) >= table->n_groups) continue;
            f->ids[kept++] = f->ids[i];
        }
        f->n = kept;
        encode_ids(f);
        tide_table_find(table, f->keys, f->hash, f->n, f->rows);
        for (uint32_t i = 0; i < f->n; i++) {
            const model_row *m = &model[f->ids[i]];
            assert_int_equal(f->rows[i] != 0, m->present);
            if (!m->present) continue;
            check_row(f, table, f->rows[i], m);
            assert_true(tide_key_equal(&f->key, tide_table_key(table, f->rows[i]),
                                       f->keys + (size_t)i * f->key.key_bytes));
            present++;
        }
    }
    assert_int_equal(tide_table_count(table), present);
    assert_int_equal(scan_count(table), present);
}
