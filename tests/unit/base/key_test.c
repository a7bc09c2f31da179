/* key_test.c - canonical keys: hash vectors, equality across types, NULLs, and back to columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "base/column/key.h"

#define COLS_MAX 4u

typedef struct fixture {
    tide_pool *pool;
    uint64_t hash[TIDE_BATCH_ROWS_MAX];
    uint8_t keys[TIDE_BATCH_ROWS_MAX * 40] TIDE_ALIGNED(16);
} fixture;

static fixture f;

static int setup(void **state)
{
    f.pool = tide_pool_new(0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(tide_pool_bytes(f.pool), 0);
    tide_pool_free(&f.pool);
    return 0;
}

static tide_value null_of(tide_type type)
{
    return (tide_value){ .type = type, .is_null = true };
}
static tide_value number(tide_type_id id, int64_t v)
{
    return (tide_value){ .type = tide_type_of(id), .i64 = v };
}
static tide_value truth(bool v)
{
    return (tide_value){ .type = tide_type_of(TIDE_TYPE_BOOLEAN), .boolean = v };
}
static tide_value floating(tide_type_id id, double v)
{
    return (tide_value){ .type = tide_type_of(id), .f64 = v };
}
static tide_value decimal(__int128 digits, uint8_t scale)
{
    return (tide_value){ .type = tide_type_decimal(38, scale), .i128 = digits };
}
static tide_value interval(int32_t months, int32_t days, int64_t micros)
{
    return (tide_value){ .type = tide_type_of(TIDE_TYPE_INTERVAL),
                         .interval = { months, days, micros } };
}
static tide_value text(const char *s)
{
    return (tide_value){ .type = tide_type_of(TIDE_TYPE_STRING),
                         .str = { s, (uint32_t)strlen(s) } };
}

static tide_key_spec spec_of(const tide_value *values, uint32_t n, uint32_t n_route, bool not_null)
{
    tide_key_col cols[COLS_MAX];
    tide_key_spec spec;
    for (uint32_t c = 0; c < n; c++)
        cols[c] = (tide_key_col){ .type = values[c].type, .idx = c, .not_null = not_null };
    assert_int_equal(tide_key_spec_init(&spec, cols, n, n_route), TIDE_OK);
    return spec;
}

/* n_rows rows of the same values. */
static tide_batch *batch_of(const tide_value *values, uint32_t n, uint32_t n_rows)
{
    tide_type types[COLS_MAX];
    tide_builder b;
    for (uint32_t c = 0; c < n; c++) types[c] = values[c].type;
    tide_builder_init(&b, f.pool, types, n, n_rows);
    for (; b.n < n_rows; b.n++)
        for (uint32_t c = 0; c < n; c++) tide_colb_put_value(&b.cols[c], b.n, &values[c]);
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return batch;
}

/* The hash of one key, seen through every way to compute it. */
static uint64_t hash_of(const tide_value *values, uint32_t n, uint32_t n_route)
{
    bool null = false;
    for (uint32_t c = 0; c < n; c++) null |= values[c].is_null;
    tide_batch *batch = batch_of(values, n, 3);
    uint64_t nullable[3], strict[3], alone[3], again[3];
    tide_key_spec spec = spec_of(values, n, n_route, false),
                  hard = spec_of(values, n, n_route, true);
    assert_int_equal(tide_key_encode(&spec, batch, f.keys, nullable), TIDE_OK);
    tide_key_hash_keys(&spec, f.keys, spec.key_bytes, 3, again);
    tide_key_hash(&spec, batch, alone);
    tide_status rv = tide_key_encode(&hard, batch, f.keys, strict);
    assert_int_equal(rv, null ? TIDE_E_DATA : TIDE_OK);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(nullable[i], nullable[0]);
        assert_int_equal(alone[i], nullable[0]);
        assert_int_equal(again[i], nullable[0]);
        if (!null) assert_int_equal(strict[i], nullable[0]);
    }
    tide_batch_unref(&batch);
    return nullable[0];
}

static uint64_t hash_of1(tide_value v)
{
    return hash_of(&v, 1, 0);
}

/* The expectations are XXH3-64 of the bytes that key.h describes, computed with the xxhash
 * library alone. */
static void the_hash_is_a_stored_format(void **state)
{
    (void)state;
    assert_int_equal(hash_of1(number(TIDE_TYPE_BIGINT, 0)), 0xc77b3abb6f87acd9);
    assert_int_equal(hash_of1(number(TIDE_TYPE_BIGINT, 1)), 0x2fbc593564db792e);
    assert_int_equal(hash_of1(number(TIDE_TYPE_BIGINT, -1)), 0x5111c7e47d784413);
    assert_int_equal(hash_of1(number(TIDE_TYPE_BIGINT, 1234567890123456789)), 0xed61dd35ba81fbe0);
    assert_int_equal(hash_of1(floating(TIDE_TYPE_DOUBLE, 1.5)), 0x2561a4889ff63458);
    assert_int_equal(hash_of1(floating(TIDE_TYPE_DOUBLE, NAN)), 0x0aa61dcfa381c167);
    assert_int_equal(hash_of1(null_of(tide_type_of(TIDE_TYPE_BIGINT))), 0x0cfbaea74a8cc0e5);
    assert_int_equal(hash_of1(text("abc")), 0x01875b31edd361e2);
    assert_int_equal(hash_of1(text("")), 0xd0a66a65c7528968);
    assert_int_equal(hash_of1(text("hello world!")), 0xc10f78bd9ef40e1d);
    assert_int_equal(hash_of1(text("the quick brown fox")), 0x9b012ccda5fd43ff);
    assert_int_equal(hash_of1(decimal(15, 1)), 0x220a5be6ba3e08c4);
    assert_int_equal(hash_of1(decimal(-100, 0)), 0x00c60a74fb5f2312);
    assert_int_equal(hash_of1(interval(1, 2, 3)), 0x9b150fb2dc290547);
    tide_value pair[] = { number(TIDE_TYPE_BIGINT, 1), number(TIDE_TYPE_BIGINT, 2) };
    assert_int_equal(hash_of(pair, 2, 0), 0x07ee86c281446bef);
    tide_value with_null[] = { number(TIDE_TYPE_BIGINT, 7),
                               null_of(tide_type_of(TIDE_TYPE_BIGINT)) };
    assert_int_equal(hash_of(with_null, 2, 0), 0xf8b1e25a29a9052e);
    tide_value mixed[] = { number(TIDE_TYPE_BIGINT, 5), text("xy") };
    assert_int_equal(hash_of(mixed, 2, 0), 0x1cce8fe3c74bdd96);
}

static void equal_values_hash_equal_whatever_their_type(void **state)
{
    (void)state;
    static const tide_type_id widths[] = { TIDE_TYPE_TINYINT, TIDE_TYPE_SMALLINT,  TIDE_TYPE_INT,
                                           TIDE_TYPE_DATE,    TIDE_TYPE_TIMESTAMP, TIDE_TYPE_TIME };
    for (uint32_t i = 0; i < sizeof widths / sizeof *widths; i++)
        assert_int_equal(hash_of1(number(widths[i], -7)), hash_of1(number(TIDE_TYPE_BIGINT, -7)));
    assert_int_equal(hash_of1(truth(true)), hash_of1(number(TIDE_TYPE_BIGINT, 1)));
    assert_int_equal(hash_of1(floating(TIDE_TYPE_FLOAT, 0.25)),
                     hash_of1(floating(TIDE_TYPE_DOUBLE, 0.25)));
    assert_int_equal(hash_of1(floating(TIDE_TYPE_DOUBLE, -0.0)),
                     hash_of1(floating(TIDE_TYPE_DOUBLE, 0.0)));
    assert_int_equal(hash_of1(floating(TIDE_TYPE_FLOAT, -NAN)),
                     hash_of1(floating(TIDE_TYPE_DOUBLE, NAN)));
    assert_int_equal(hash_of1(decimal(150, 2)), hash_of1(decimal(15, 1)));
    assert_int_equal(hash_of1(decimal(0, 9)), hash_of1(decimal(0, 0)));
    __int128 huge = (__int128)1000000000000000000 * 1000000000000000000;
    assert_int_equal(hash_of1(decimal(huge, 20)), hash_of1(decimal(10000000000000000, 0)));
    assert_int_equal(hash_of1(decimal(-huge, 18)), hash_of1(decimal(-huge / 1000, 15)));
    assert_int_equal(hash_of1(null_of(tide_type_of(TIDE_TYPE_INT))),
                     hash_of1(null_of(tide_type_of(TIDE_TYPE_DATE))));
    assert_true(hash_of1(null_of(tide_type_of(TIDE_TYPE_INT))) !=
                hash_of1(number(TIDE_TYPE_INT, 0)));
}

static void intervals_of_one_span_are_one_key(void **state)
{
    (void)state;
    int64_t day = INT64_C(86400000000);
    assert_int_equal(hash_of1(interval(1, 0, 0)), hash_of1(interval(0, 30, 0)));
    assert_int_equal(hash_of1(interval(0, 1, 0)), hash_of1(interval(0, 0, day)));
    assert_int_equal(hash_of1(interval(1, -30, 5)), hash_of1(interval(0, 0, 5)));
    assert_int_equal(hash_of1(interval(0, -1, 0)), hash_of1(interval(0, 0, -day)));
    assert_true(hash_of1(interval(0, 1, 0)) != hash_of1(interval(0, 0, day - 1)));
    tide_value ends[] = { interval(INT32_MAX, INT32_MAX, INT64_MAX),
                          interval(INT32_MIN, INT32_MIN, INT64_MIN) };
    for (uint32_t i = 0; i < 2; i++) { /* The widest spans keep their value. */
        tide_key_spec spec = spec_of(&ends[i], 1, 0, true);
        tide_batch *batch = batch_of(&ends[i], 1, 1);
        assert_int_equal(tide_key_encode(&spec, batch, f.keys, f.hash), TIDE_OK);
        tide_value back = tide_key_value(&spec, 0, f.keys);
        __int128 was = ((__int128)ends[i].interval.months * 30 + ends[i].interval.days) * day +
                       ends[i].interval.micros;
        __int128 is =
            ((__int128)back.interval.months * 30 + back.interval.days) * day + back.interval.micros;
        assert_true(was == is);
        tide_batch_unref(&batch);
    }
}

/* Random columns of every type with NULLs, through a selection: what is decoded is what was
 * there. */
static void keys_come_back_as_columns(void **state)
{
    (void)state;
    tide_value rows[3][COLS_MAX] = {
        { number(TIDE_TYPE_SMALLINT, -3), text("a string that is not inline"), decimal(12300, 2),
          floating(TIDE_TYPE_FLOAT, 1.5) },
        { null_of(tide_type_of(TIDE_TYPE_SMALLINT)), text("short"),
          null_of(tide_type_decimal(38, 2)), floating(TIDE_TYPE_FLOAT, -2.5) },
        { number(TIDE_TYPE_SMALLINT, 30000), null_of(tide_type_of(TIDE_TYPE_STRING)),
          decimal(-5, 2), null_of(tide_type_of(TIDE_TYPE_FLOAT)) },
    };
    tide_type types[COLS_MAX];
    tide_builder b;
    for (uint32_t c = 0; c < COLS_MAX; c++) types[c] = rows[0][c].type;
    tide_builder_init(&b, f.pool, types, COLS_MAX, 6);
    for (; b.n < 6; b.n++)
        for (uint32_t c = 0; c < COLS_MAX; c++)
            tide_colb_put_value(&b.cols[c], b.n, &rows[b.n % 3][c]);
    tide_batch *whole = tide_builder_finish(&b);
    uint16_t sel[] = { 1, 3, 5 }; /* Kinds 1, 0, 2. */
    tide_batch *batch = tide_batch_select(f.pool, whole, sel, 3);
    tide_key_spec spec = spec_of(rows[0], COLS_MAX, 0, false);
    assert_int_equal(tide_key_encode(&spec, batch, f.keys, f.hash), TIDE_OK);
    const uint8_t *keys[3] = { f.keys, f.keys + spec.key_bytes, f.keys + 2 * spec.key_bytes };
    for (uint32_t c = 0; c < COLS_MAX; c++) tide_key_decode(&spec, c, keys, 3, &b.cols[c], 0);
    b.n = 3;
    tide_batch *back = tide_builder_finish(&b);
    for (uint32_t k = 0; k < 3; k++)
        for (uint32_t c = 0; c < COLS_MAX; c++) {
            tide_value was = tide_col_value(whole->cols[c], sel[k]),
                       is = tide_col_value(back->cols[c], k);
            tide_value one = tide_key_value(&spec, c, keys[k]);
            assert_int_equal(is.is_null, was.is_null);
            assert_int_equal(one.is_null, was.is_null);
            if (was.is_null) continue;
            if (c == 0) assert_true(is.i64 == was.i64 && one.i64 == was.i64);
            if (c == 1) assert_memory_equal(is.str.ptr, was.str.ptr, was.str.len);
            if (c == 1) assert_int_equal(one.str.len, was.str.len);
            if (c == 2) assert_true(is.i128 == was.i128 && one.i128 == was.i128);
            if (c == 3) assert_true(is.f64 == was.f64 && one.f64 == was.f64);
        }
    tide_batch_unref(&whole);
    tide_batch_unref(&batch);
    tide_batch_unref(&back);
    tide_builder_fini(&b);
}

/* (key, value) tables lie in the key group of `key`, and spread over the whole index all the
 * same. */
static void a_routing_prefix_decides_the_key_group(void **state)
{
    (void)state;
    tide_value key = text("a user with quite a long name");
    uint64_t route = hash_of1(key), seen = 0;
    for (int64_t i = 0; i < 100; i++) {
        tide_value both[] = { key, number(TIDE_TYPE_INT, i) };
        uint64_t h = hash_of(both, 2, 1);
        assert_int_equal(tide_key_group(h, TIDE_KEY_GROUPS_MAX),
                         tide_key_group(route, TIDE_KEY_GROUPS_MAX));
        seen |= 1ull << (h >> 46 & 63); /* The six bits behind the group's twelve. */
    }
    assert_true(__builtin_popcountll(seen) > 40);
}

static void equality_follows_string_bytes(void **state)
{
    (void)state;
    char one[] = "a string of many bytes", two[] = "a string of many bytes",
         other[] = "a string of many bytez";
    tide_value pair[] = { text(one), null_of(tide_type_of(TIDE_TYPE_INT)) };
    tide_key_spec spec = spec_of(pair, 2, 0, false);
    const char *texts[3] = { one, two, other };
    tide_batch *batches[3];
    for (uint32_t i = 0; i < 3; i++) {
        pair[0] = text(texts[i]);
        batches[i] = batch_of(pair, 2, 1);
        assert_int_equal(tide_key_encode(&spec, batches[i], f.keys + i * spec.key_bytes,
                                         f.hash + i),
                         TIDE_OK);
    }
    assert_true(tide_key_equal(&spec, f.keys, f.keys + spec.key_bytes));
    assert_false(tide_key_equal(&spec, f.keys, f.keys + 2 * spec.key_bytes));
    f.keys[spec.key_bytes + spec.hash_bytes] ^= 1; /* Another NULL. */
    assert_false(tide_key_equal(&spec, f.keys, f.keys + spec.key_bytes));
    for (uint32_t i = 0; i < 3; i++) tide_batch_unref(&batches[i]);
}

static void groups_and_subtasks_are_contiguous(void **state)
{
    (void)state;
    assert_int_equal(tide_key_group(UINT64_MAX, 128), 127);
    assert_int_equal(tide_key_group(UINT64_MAX >> 7, 128), 0);
    assert_int_equal(tide_key_group(UINT64_MAX, 1), 0);
    for (uint32_t p = 1; p <= 128; p += 3) {
        uint32_t g = 0;
        for (uint32_t s = 0; s < p; s++)
            for (; g < tide_key_group_first(s + 1, 128, p); g++)
                assert_int_equal(tide_key_group_subtask(g, 128, p), s);
        assert_int_equal(g, 128);
    }
}

static void a_key_of_no_or_too_many_columns_is_refused(void **state)
{
    (void)state;
    tide_key_col cols[TIDE_KEY_COLS_MAX + 1];
    tide_key_spec spec;
    for (uint32_t c = 0; c <= TIDE_KEY_COLS_MAX; c++)
        cols[c] = (tide_key_col){ .type = tide_type_of(TIDE_TYPE_INT) };
    assert_int_equal(tide_key_spec_init(&spec, cols, 0, 0), TIDE_E_INVALID);
    assert_int_equal(tide_key_spec_init(&spec, cols, 2, 3), TIDE_E_INVALID);
    assert_int_equal(tide_key_spec_init(&spec, cols, TIDE_KEY_COLS_MAX + 1, 0), TIDE_E_LIMIT);
    assert_int_equal(tide_key_spec_init(&spec, cols, TIDE_KEY_COLS_MAX, 0), TIDE_OK);
    assert_int_equal(spec.key_bytes, TIDE_KEY_COLS_MAX * 8 + 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_hash_is_a_stored_format, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_values_hash_equal_whatever_their_type, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(intervals_of_one_span_are_one_key, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_come_back_as_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(a_routing_prefix_decides_the_key_group, setup, teardown),
        cmocka_unit_test_setup_teardown(equality_follows_string_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(groups_and_subtasks_are_contiguous, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_of_no_or_too_many_columns_is_refused, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
