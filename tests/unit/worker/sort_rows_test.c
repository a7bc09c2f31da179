/* sort_rows_test.c - rows put in order, against a plain comparison of their values: every type,
 * NULLs, texts that differ late or only in length, more rows than one digit's sort takes, and rows
 * turned away. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/arena.h"
#include "base/core/mem.h"
#include "base/core/random.h"
#include "worker/op/sort_rows.h"

/* The last column numbers the rows as they come. */
enum { NUMBER, TEXT, REAL, MONEY, SMALL, SPAN, FLAG, SERIAL, COLUMNS };

static const tide_type_id types[COLUMNS] = { TIDE_TYPE_BIGINT,   TIDE_TYPE_STRING,
                                             TIDE_TYPE_DOUBLE,   TIDE_TYPE_DECIMAL,
                                             TIDE_TYPE_SMALLINT, TIDE_TYPE_INTERVAL,
                                             TIDE_TYPE_BOOLEAN,  TIDE_TYPE_BIGINT };

/* How values are drawn: from how many different ones, how often NULL (0: never), texts' beginning.
 */
typedef struct drawing {
    uint64_t seed, values, null_every;
    const char *beginning;
} drawing;

typedef struct fixture {
    tide_pool *pool;
    tide_schema schema;
    tide_field fields[COLUMNS];
} fixture;

static int set_up(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->pool = tide_pool_new(0);
    for (uint32_t i = 0; i < COLUMNS; i++) {
        f->fields[i].type = tide_type_of(types[i]);
        if (types[i] == TIDE_TYPE_DECIMAL) f->fields[i].type = tide_type_decimal(30, 2);
    }
    f->schema.n = COLUMNS;
    f->schema.fields = f->fields;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
    tide_free(f);
    return 0;
}

/* ---- rows ---- */

static void put_text(tide_colb *to, uint32_t row, const drawing *d, uint64_t v)
{
    char text[256];
    uint32_t n = (uint32_t)snprintf(text, sizeof text, "%s", d->beginning);
    uint32_t tail = (uint32_t)(v % 9); /* NUL bytes, and ends around the borders of words. */
    for (uint32_t i = 0; i < tail; i++) text[n++] = (char)(v >> (i * 2) & 1 ? 'a' : 0);
    tide_colb_put_str(to, row, text, n);
}

static double real_of(uint64_t v)
{
    static const double odd[] = { -INFINITY, INFINITY, NAN, -0.0, 0.0 };
    return v % 8 < 5 ? odd[v % 8] : ((double)(v % 1000) - 500) / 7;
}

static void put_value(tide_colb *to, uint32_t row, uint32_t column, const drawing *d, uint64_t v)
{
    tide_value value = { .type = to->type };
    uint64_t mixed = tide_random_mix(v + column);
    switch (column) {
    case NUMBER: value.i64 = (int64_t)(d->values > 1000000 ? mixed : v) - 50; break;
    case REAL: value.f64 = real_of(mixed); break;
    case MONEY: value.i128 = (__int128)(int64_t)mixed * ((int64_t)(mixed % 5) << 40); break;
    case SMALL: value.i64 = (int16_t)mixed; break;
    case SPAN:
        value.interval = (tide_interval){ .months = (int32_t)(mixed % 3),
                                          .days = (int32_t)(mixed % 62),
                                          .micros = (int64_t)(v % 2) };
        break;
    case FLAG: value.boolean = mixed & 1; break;
    default: put_text(to, row, d, mixed); return;
    }
    tide_colb_put_value(to, row, &value);
}

static tide_batch *make_batch(fixture *f, const drawing *d, tide_random *random, uint32_t n,
                              uint32_t first)
{
    tide_type column_types[COLUMNS];
    tide_builder builder;
    for (uint32_t i = 0; i < COLUMNS; i++) column_types[i] = f->fields[i].type;
    tide_builder_init(&builder, f->pool, column_types, COLUMNS, TIDE_BATCH_ROWS_MAX);
    for (uint32_t r = 0; r < n; r++) {
        for (uint32_t c = 0; c < SERIAL; c++) {
            uint64_t v = tide_random_below(random, d->values);
            if (d->null_every && tide_random_below(random, d->null_every) == 0)
                tide_colb_set_null(&builder.cols[c], r);
            else
                put_value(&builder.cols[c], r, c, d, v);
        }
        ((int64_t *)builder.cols[SERIAL].values)[r] = first + r;
    }
    builder.n = n;
    tide_batch *made = tide_builder_finish(&builder);
    tide_builder_fini(&builder);
    return made;
}

/* ---- a plain comparison ---- */

static int sign(bool less, bool more)
{
    return less ? -1 : more;
}

static int compare_texts(const tide_value *a, const tide_value *b)
{
    for (uint32_t i = 0; i < a->str.len && i < b->str.len; i++) {
        uint8_t of_a = (uint8_t)a->str.ptr[i], of_b = (uint8_t)b->str.ptr[i];
        if (of_a != of_b) return sign(of_a < of_b, true);
    }
    return sign(a->str.len<b->str.len, a->str.len> b->str.len);
}

static int compare_values(uint32_t column, const tide_value *a, const tide_value *b)
{
    __int128 of_a, of_b;
    switch (column) {
    case TEXT: return compare_texts(a, b);
    case REAL: /* NaN is the greatest. */
        if (isnan(a->f64) || isnan(b->f64)) return isnan(a->f64) - isnan(b->f64);
        return sign(a->f64<b->f64, a->f64> b->f64);
    case MONEY: return sign(a->i128<b->i128, a->i128> b->i128);
    case SPAN:
        of_a = (a->interval.months * 30 + a->interval.days) * (__int128)86400000000 +
               a->interval.micros;
        of_b = (b->interval.months * 30 + b->interval.days) * (__int128)86400000000 +
               b->interval.micros;
        return sign(of_a<of_b, of_a> of_b);
    case FLAG: return a->boolean - b->boolean;
    default: return sign(a->i64<b->i64, a->i64> b->i64);
    }
}

static int compare_rows(const tide_sort_key *keys, uint32_t n_keys, const tide_batch *a,
                        uint32_t row_a, const tide_batch *b, uint32_t row_b)
{
    for (uint32_t i = 0; i < n_keys; i++) {
        tide_value of_a = tide_col_value(a->cols[keys[i].column], row_a);
        tide_value of_b = tide_col_value(b->cols[keys[i].column], row_b);
        if (of_a.is_null != of_b.is_null) return of_a.is_null == keys[i].nulls_first ? -1 : 1;
        int order = of_a.is_null ? 0 : compare_values(keys[i].column, &of_a, &of_b);
        if (order != 0) return keys[i].descending ? -order : order;
    }
    int64_t serial_a = tide_col_value(a->cols[SERIAL], row_a).i64;
    int64_t serial_b = tide_col_value(b->cols[SERIAL], row_b).i64;
    return sign(serial_a<serial_b, serial_a> serial_b);
}

/* ---- both ---- */

/* Sorts n rows; the first `want` of the order, checked to be one, as serial numbers. The caller
 * frees. With `prune`, they are cut down to `want` after every so many rows, as the operator does.
 */
static int64_t *sorted(fixture *f, const drawing *d, const tide_sort_key *keys, uint32_t n_keys,
                       uint32_t n, uint32_t want, uint32_t prune)
{
    tide_sort_rows rows = { 0 };
    tide_random random;
    tide_random_init(&random, d->seed, 0);
    tide_sort_rows_open(&rows, f->pool, &f->schema, keys, n_keys, false);
    uint32_t *keep = tide_calloc(want + 1u, sizeof *keep);
    for (uint32_t i = 0; i < want; i++) keep[i] = i;
    for (uint32_t done = 0, some; done < n; done += some) {
        some = n - done < 1500 ? n - done : 1500;
        tide_batch *in = make_batch(f, d, &random, some, done);
        assert_int_equal(tide_sort_rows_add(&rows, in), TIDE_OK);
        tide_batch_unref(&in);
        if (prune == 0 || rows.n < prune) continue;
        tide_sort_rows_sort(&rows);
        tide_sort_rows_keep(&rows, keep, want);
        tide_sort_rows_turn_away(&rows);
    }
    tide_sort_rows_sort(&rows);
    assert_true(rows.n >= want && (prune || rows.n == n));
    int64_t *serials = tide_calloc(want, sizeof *serials);
    tide_batch *last = NULL;
    for (uint32_t first = 0, some; first < want; first += some) {
        some = want - first < TIDE_BATCH_ROWS_MAX ? want - first : TIDE_BATCH_ROWS_MAX;
        tide_batch *out = tide_sort_rows_batch(&rows, first, some);
        assert_int_equal(out->n_rows, some);
        if (last) assert_true(compare_rows(keys, n_keys, last, last->n_rows - 1, out, 0) < 0);
        for (uint32_t r = 0; r + 1 < some; r++)
            assert_true(compare_rows(keys, n_keys, out, r, out, r + 1) < 0);
        memcpy(serials + first, out->cols[SERIAL]->values, some * sizeof *serials);
        tide_batch_unref(&last);
        last = out;
    }
    tide_batch_unref(&last);
    tide_sort_rows_close(&rows);
    tide_free(keep);
    return serials;
}

/* In order, each row once, and the same first ones when the others were turned away. */
static void check(fixture *f, const drawing *d, const tide_sort_key *keys, uint32_t n_keys,
                  uint32_t n)
{
    int64_t *all = sorted(f, d, keys, n_keys, n, n, 0);
    uint8_t *seen = tide_calloc(n, 1);
    for (uint32_t i = 0; i < n; i++) assert_int_equal(seen[all[i]]++, 0);
    const uint32_t wants[] = { 1, 10, n / 5 + 1 };
    for (uint32_t w = 0; w < 3; w++) {
        int64_t *some = sorted(f, d, keys, n_keys, n, wants[w], wants[w] + n / 10);
        assert_memory_equal(some, all, wants[w] * sizeof *some);
        tide_free(some);
    }
    tide_free(all);
    tide_free(seen);
}

static const char *const beginnings[] = {
    "", "https://", "a beginning that takes more than one word, and then some"
};

static void each_column_alone(void **state)
{
    for (uint32_t c = 0; c < SERIAL; c++)
        for (uint32_t way = 0; way < 4; way++) {
            const tide_sort_key key = { .column = c,
                                        .descending = way & 1,
                                        .nulls_first = way & 2 };
            const drawing d = { .seed = c * 4 + way,
                                .values = 3000,
                                .null_every = way < 2 ? 0 : 7,
                                .beginning = beginnings[way % 3] };
            check(*state, &d, &key, 1, 6000);
        }
}

static void several_columns(void **state)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        tide_random random;
        tide_sort_key keys[4];
        tide_random_init(&random, seed, 1);
        uint32_t n_keys = 2 + (uint32_t)tide_random_below(&random, 3);
        for (uint32_t i = 0; i < n_keys; i++)
            keys[i] = (tide_sort_key){ .column = (uint32_t)tide_random_below(&random, SERIAL),
                                       .descending = tide_random_below(&random, 2),
                                       .nulls_first = tide_random_below(&random, 2) };
        const drawing d = { .seed = seed,
                            .values = 1 + tide_random_below(&random, 12),
                            .null_every = tide_random_below(&random, 6),
                            .beginning = beginnings[seed % 3] };
        check(*state, &d, keys, n_keys, 2500);
    }
}

/* Leading digits first, and a leading digit that nearly all share. */
static void many_rows(void **state)
{
    const tide_sort_key key = { .column = NUMBER }, then = { .column = NUMBER, .descending = true };
    check(*state, &(drawing){ .seed = 1, .values = UINT64_MAX, .beginning = "" }, &key, 1, 100000);
    check(*state, &(drawing){ .seed = 2, .values = 200000, .beginning = "" }, &then, 1, 100000);
    const tide_sort_key real = { .column = REAL };
    check(*state, &(drawing){ .seed = 3, .values = UINT64_MAX, .beginning = "" }, &real, 1, 100000);
}

/* Texts of which each is the beginning of the next: as deep as ranges can lie in one another. */
static void each_is_the_beginning_of_the_next(void **state)
{
    fixture *f = *state;
    enum { ROWS = 600 };
    tide_type column_types[COLUMNS];
    tide_builder builder;
    static char text[ROWS * 5];
    const tide_sort_key key = { .column = TEXT };
    tide_sort_rows rows = { 0 };
    memset(text, 'x', sizeof text);
    for (uint32_t i = 0; i < COLUMNS; i++) column_types[i] = f->fields[i].type;
    tide_builder_init(&builder, f->pool, column_types, COLUMNS, TIDE_BATCH_ROWS_MAX);
    for (uint32_t r = 0; r < ROWS; r++) {
        for (uint32_t c = 0; c < COLUMNS; c++) tide_colb_set_null(&builder.cols[c], r);
        tide_colb_put_str(&builder.cols[TEXT], r, text, (r * 7 % ROWS) * 5);
        builder.cols[TEXT].validity[r / 64] |= 1ull << r % 64;
    }
    builder.n = ROWS;
    tide_batch *in = tide_builder_finish(&builder);
    tide_builder_fini(&builder);
    tide_sort_rows_open(&rows, f->pool, &f->schema, &key, 1, false);
    assert_int_equal(tide_sort_rows_add(&rows, in), TIDE_OK);
    tide_batch_unref(&in);
    tide_sort_rows_sort(&rows);
    tide_batch *out = tide_sort_rows_batch(&rows, 0, ROWS);
    for (uint32_t r = 0; r < ROWS; r++)
        assert_int_equal(tide_col_value(out->cols[TEXT], r).str.len, r * 5);
    tide_batch_unref(&out);
    tide_sort_rows_close(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_column_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_columns, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_is_the_beginning_of_the_next, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
