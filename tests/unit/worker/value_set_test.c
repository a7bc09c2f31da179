/* value_set_test.c - a set inside a row holds each value once, whatever its type and however many
 * there are. Values are drawn, and a plain array is the judge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "base/core/random.h"
#include "worker/op/value_set.h"

#define VALUES_MAX 4000u
#define TEXT_MAX 300u

typedef struct fixture {
    tide_state_memory *memory;
    tide_table *table;
    tide_key_spec spec; /* Of the values. */
    tide_value_set set;
    bool short_texts; /* None of more than 12 bytes. */
    uint32_t n;       /* What the set should hold, encoded. */
    uint8_t (*keys)[24];
    char (*texts)[TEXT_MAX];
} fixture;

static tide_key_spec spec_of(tide_type_id id)
{
    tide_key_col col = { .type = tide_type_of(id), .not_null = true };
    tide_key_spec spec;
    assert_int_equal(tide_key_spec_init(&spec, &col, 1, 1), TIDE_OK);
    return spec;
}

static void open_set(fixture *f, tide_type_id id)
{
    tide_key_spec key = spec_of(TIDE_TYPE_BIGINT);
    *f = (fixture){ .memory = tide_state_memory_new(0), .spec = spec_of(id) };
    tide_table_spec spec = {
        .name = "sets", .key = &key, .value_bytes = 24, .n_blobs = TIDE_VALUE_SET_BLOBS
    };
    assert_int_equal(tide_table_open(&f->table, &spec, (tide_table_groups){ 1, 0, 1 }, f->memory),
                     TIDE_OK);
    uint64_t word = 7, hash;
    tide_key_hash_keys(&key, (const uint8_t *)&word, 8, 1, &hash);
    f->set = (tide_value_set){ .table = f->table, .blob = 0, .spec = &f->spec };
    assert_int_equal(tide_table_find_or_insert(f->table, (const uint8_t *)&word, &hash, 1,
                                               &f->set.row, NULL, NULL),
                     TIDE_OK);
    f->set.at = tide_table_handles(f->table, tide_table_value(f->table, f->set.row), 0);
    f->keys = tide_calloc(VALUES_MAX, sizeof *f->keys);
    f->texts = tide_calloc(VALUES_MAX, sizeof *f->texts);
}

static void close_set(fixture *f)
{
    tide_table_free(&f->table);
    tide_state_memory_free(&f->memory);
    tide_free(f->keys);
    tide_free(f->texts);
}

/* Value v of the type, as a key in f->keys[f->n]; its text, if it has one, in f->texts[f->n]. */
static void encode(fixture *f, uint32_t v)
{
    uint64_t words[3] = { v * UINT64_C(0x9E3779B97F4A7C15), 0, 0 };
    memset(f->keys[f->n], 0, sizeof f->keys[f->n]);
    if (f->spec.n_strs == 0) {
        words[1] = words[2] = v;
        memcpy(f->keys[f->n], words, f->spec.key_bytes);
        return;
    }
    /* Lengths 0 to 15, and around 255, where the length no longer fits into a byte. */
    char *text = f->texts[f->n];
    uint32_t len = v == 0 ? 0 : v % 16 == 3 ? 240 + v % 50 : 1 + v % 15;
    if (f->short_texts) len = v == 0 ? 0 : 4 + v % 9;
    for (uint32_t i = 0; i < len; i++) text[i] = (char)('a' + (v >> (i % 3 * 4)) % 16);
    tide_key_str s = { .len = len };
    memcpy(s.prefix, text, len < 4 ? len : 4);
    if (len > TIDE_VIEW_INLINE_MAX)
        s.ptr = text;
    else if (len > 4)
        memcpy(s.rest, text + 4, len - 4);
    memcpy(f->keys[f->n], &s, sizeof s);
}

static bool is_there(const fixture *f, const uint8_t *key)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (tide_key_equal(&f->spec, f->keys[i], key)) return true;
    return false;
}

static void put(fixture *f, uint32_t v)
{
    uint64_t hash;
    bool fresh;
    encode(f, v);
    uint8_t *key = f->keys[f->n];
    tide_key_hash_keys(&f->spec, key, f->spec.key_bytes, 1, &hash);
    tide_value_set_fetch(f->set.at, hash);
    tide_value_set_fetch_rest(f->set.at, hash);
    bool text = f->spec.n_strs > 0, quick = text || f->spec.key_bytes == 8;
    if (!quick || !tide_value_set_put_quickly(f->set.at, key, hash, text, &fresh))
        assert_int_equal(tide_value_set_put(&f->set, key, hash, &fresh), TIDE_OK);
    assert_int_equal(fresh, !is_there(f, key));
    f->n += fresh;
}

/* As many as there should be, each of them, so none twice. */
static void check_members(const fixture *f)
{
    uint8_t key[24];
    uint64_t hash, expected;
    uint32_t at = 0, n = 0;
    bool *met = tide_calloc(f->n + 1, sizeof *met);
    for (; tide_value_set_next(&f->set, &at, key, &hash); n++) {
        uint32_t i = 0;
        while (i < f->n && (met[i] || !tide_key_equal(&f->spec, f->keys[i], key))) i++;
        assert_true(i < f->n);
        met[i] = true;
        tide_key_hash_keys(&f->spec, key, f->spec.key_bytes, 1, &expected);
        assert_int_equal(hash, expected);
    }
    assert_int_equal(n, f->n);
    tide_free(met);
}

/* All members are looked at after every value while the set is small, rarely afterwards. */
static void draw_values(tide_type_id id, bool short_texts, uint32_t range, uint32_t draws)
{
    fixture f;
    tide_random random;
    tide_random_init(&random, id + range, 0);
    open_set(&f, id);
    f.short_texts = short_texts;
    for (uint32_t i = 0; i < draws; i++) {
        put(&f, (uint32_t)tide_random_below(&random, range));
        if (f.n < 80 || i % 500 == 0) check_members(&f);
    }
    check_members(&f);
    close_set(&f);
}

static void holds_each_value_once(void **state)
{
    (void)state;
    static const tide_type_id types[] = { TIDE_TYPE_BIGINT, TIDE_TYPE_INTERVAL, TIDE_TYPE_DECIMAL,
                                          TIDE_TYPE_STRING };
    for (uint32_t t = 0; t <= sizeof types / sizeof *types; t++) {
        bool short_texts = t == sizeof types / sizeof *types;
        tide_type_id id = short_texts ? TIDE_TYPE_STRING : types[t];
        draw_values(id, short_texts, 10, 100);
        draw_values(id, short_texts, 100, 1000);
        draw_values(id, short_texts, 3000, 4000);
    }
}

/* One member and one very long string: the head that gives way to the index is smaller than it. */
static void long_member_meets_the_index(void **state)
{
    (void)state;
    fixture f;
    open_set(&f, TIDE_TYPE_STRING);
    for (uint32_t v = 1; f.n < 56; v++)
        if (v % 16 != 3) put(&f, v);
    put(&f, 3);
    assert_int_equal(f.n, 57);
    check_members(&f);
    close_set(&f);
}

/* Its memory moves when its marks do, and those of 24 are one line with what lies in front. */
static void small_set_moves_only_with_its_marks(void **state)
{
    (void)state;
    fixture f;
    tide_blob_handle was = 0;
    uint32_t moves = 0;
    open_set(&f, TIDE_TYPE_STRING);
    for (uint32_t v = 12; f.n < 24; v += 15) { /* Texts of 13 bytes. */
        if (v % 16 == 3) continue;
        put(&f, v);
        moves += f.set.at[0] != was;
        was = f.set.at[0];
        if (f.n > 12) assert_int_equal((uintptr_t)tide_blob_of(was) % TIDE_CACHE_LINE, 0);
    }
    assert_int_equal(moves, 3);
    check_members(&f);
    close_set(&f);
}

/* Short values: the handle says in how many lines, which begin at one and move seldom. */
static void short_values_lie_in_lines(void **state)
{
    (void)state;
    fixture f;
    tide_blob_handle was = 0;
    uint32_t moves = 0;
    open_set(&f, TIDE_TYPE_STRING);
    for (uint32_t v = 4; f.n < 24; v += 15) { /* Texts of five bytes. */
        if (v % 16 == 3) continue;
        put(&f, v);
        moves += f.set.at[1] != was;
        was = f.set.at[1];
        assert_true(f.set.at[0] == 0);
        assert_in_range(tide_blob_lines(was), 1, 4);
    }
    assert_in_range(moves, 2, 3);
    check_members(&f);
    close_set(&f);
}

/* The first long text takes the others with it. */
static void a_long_value_ends_the_lines(void **state)
{
    (void)state;
    fixture f;
    open_set(&f, TIDE_TYPE_STRING);
    for (uint32_t v = 4; f.n < 20; v += 15)
        if (v % 16 != 3) put(&f, v);
    assert_true(f.set.at[0] == 0);
    put(&f, 3);
    assert_true(f.set.at[0] != 0 && f.set.at[1] == 0);
    put(&f, 4);
    check_members(&f);
    close_set(&f);
}

/* An empty set has no members and needs no memory. */
static void empty_set_is_empty(void **state)
{
    (void)state;
    fixture f;
    uint8_t key[24];
    uint64_t hash;
    uint32_t at = 0, bytes;
    open_set(&f, TIDE_TYPE_STRING);
    tide_value_set_fetch(f.set.at, 1);
    tide_value_set_fetch_rest(f.set.at, 1);
    assert_false(tide_value_set_next(&f.set, &at, key, &hash));
    assert_null(tide_table_blob(f.table, f.set.row, 0, &bytes));
    close_set(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_each_value_once),
        cmocka_unit_test(long_member_meets_the_index),
        cmocka_unit_test(small_set_moves_only_with_its_marks),
        cmocka_unit_test(short_values_lie_in_lines),
        cmocka_unit_test(a_long_value_ends_the_lines),
        cmocka_unit_test(empty_set_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
