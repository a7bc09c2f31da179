/* expr_bench.c - what an expression costs per row: expr_bench [rounds]
 *
 * Each line runs one program over batches of 4096 rows that stay in the cache, and prints
 * nanoseconds per row, the best of seven runs. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/core/assert.h"
#include "base/expr/prog.h"
#include "tests/support/expr_reader.h"

#define ROWS TIDE_BATCH_ROWS_MAX
#define RUNS 7u

enum {
    COLUMN_A,
    COLUMN_B,
    COLUMN_I,
    COLUMN_M,
    COLUMN_D,
    COLUMN_N,
    COLUMN_S,
    COLUMN_URL,
    COLUMN_TS,
    N_COLUMNS
};
static tide_field fields[N_COLUMNS] = {
    [COLUMN_A] = { .name = "a" },     /* BIGINT */
    [COLUMN_B] = { .name = "b" },     /* BIGINT, never 0 */
    [COLUMN_I] = { .name = "i" },     /* INT */
    [COLUMN_M] = { .name = "money" }, /* DECIMAL(12, 2) */
    [COLUMN_D] = { .name = "d" },     /* DOUBLE */
    [COLUMN_N] = { .name = "n" },     /* BIGINT, a tenth NULL */
    [COLUMN_S] = { .name = "s" },     /* STRING, short */
    [COLUMN_URL] = { .name = "url" }, /* STRING, 40 to 60 bytes */
    [COLUMN_TS] = { .name = "ts" },   /* TIMESTAMP */
};
static const tide_schema schema = { N_COLUMNS, fields };

static const struct {
    const char *text;
    bool select; /* A filter: to a selection. */
} cases[] = {
    { "a % 123 = 0", true },
    { "a < 1000", true },
    { "a < 500000 and i > 100", true },
    { "n < 500000", true },
    { "s = 'row 77'", true },
    { "a in (1, 5, 77, 1020)", true },
    { "url like 'https://www.nexmark.com/item1%'", true },
    { "url like '%item7%'", true },
    { "a + 1", false },
    { "a + b", false },
    { "n + b", false },
    { "a * b", false },
    { "i * 3", false },
    { "a % 123", false },
    { "a / b", false },
    { "i / 7", false },
    { "a * 0.908", false },
    { "money * 0.19", false },
    { "money + 1.5", false },
    { "d * 1.5::double", false },
    { "a::double", false },
    { "case when a < 500000 then 1 else 2 end", false },
    { "case when b <> 0 then a / b else 0 end", false },
    { "case when i > 500 then 'high' when i > 100 then 'middle' else 'low' end", false },
    { "coalesce(n, 0)", false },
    { "upper(s)", false },
    { "upper(url)", false },
    { "char_length(url)", false },
    { "substring(url, 9, 15)", false },
    { "s || url", false },
    { "cast(a as string)", false },
    { "extract(hour from ts)", false },
    { "extract(year from ts)", false },
    { "date_trunc('hour', ts)", false },
    { "ts - interval '4 seconds'", false },
    { "split_part(url, '/', 4)", false },
    { "regexp_like(url, 'item[0-9]+5')", false },
};

static tide_batch *make_batch(tide_pool *pool)
{
    static const tide_type_id ids[N_COLUMNS] = {
        TIDE_TYPE_BIGINT, TIDE_TYPE_BIGINT, TIDE_TYPE_INT,    TIDE_TYPE_DECIMAL,   TIDE_TYPE_DOUBLE,
        TIDE_TYPE_BIGINT, TIDE_TYPE_STRING, TIDE_TYPE_STRING, TIDE_TYPE_TIMESTAMP,
    };
    tide_type types[N_COLUMNS];
    for (uint32_t c = 0; c < N_COLUMNS; c++) types[c] = tide_type_of(ids[c]);
    types[COLUMN_M] = tide_type_decimal(12, 2);
    for (uint32_t c = 0; c < N_COLUMNS; c++) fields[c].type = types[c];
    tide_builder b;
    tide_builder_init(&b, pool, types, N_COLUMNS, ROWS);
    uint64_t state = 1;
    for (uint32_t i = 0; i < ROWS; i++) {
        char text[80];
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t r = state >> 33;
        ((int64_t *)b.cols[COLUMN_A].values)[i] = (int64_t)(r % 1000000);
        ((int64_t *)b.cols[COLUMN_B].values)[i] = (int64_t)(r % 999 + 1);
        ((int32_t *)b.cols[COLUMN_I].values)[i] = (int32_t)(r % 1000);
        ((__int128 *)b.cols[COLUMN_M].values)[i] = (int64_t)(r % 10000000);
        ((double *)b.cols[COLUMN_D].values)[i] = (double)r / 3;
        if (r % 10 == 0)
            tide_colb_set_null(&b.cols[COLUMN_N], i);
        else
            ((int64_t *)b.cols[COLUMN_N].values)[i] = (int64_t)(r % 1000000);
        ((int64_t *)b.cols[COLUMN_TS].values)[i] = INT64_C(1700000000000000) + (int64_t)r * 1000;
        int n = snprintf(text, sizeof text, "row %u", (uint32_t)(r % 100));
        tide_colb_put_str(&b.cols[COLUMN_S], i, text, (uint32_t)n);
        n = snprintf(text, sizeof text, "https://www.nexmark.com/item%u/offers/list.htm",
                     (uint32_t)(r % 5000));
        tide_colb_put_str(&b.cols[COLUMN_URL], i, text, (uint32_t)n);
    }
    b.n = ROWS;
    tide_batch *out = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return out;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds per row of one run of `rounds` batches. */
static double run_once(tide_prog *prog, const tide_prog_env *env, const tide_batch *in, bool select,
                       uint32_t rounds)
{
    uint16_t sel[ROWS];
    tide_row_errors errs = { 0 };
    double from = now_ns();
    for (uint32_t i = 0; i < rounds; i++) {
        tide_col *out = NULL;
        if (select)
            tide_prog_select(prog, env, in, sel, &errs);
        else
            tide_prog_eval(prog, env, in, &out, &errs);
        tide_col_unref(&out);
        tide_assert(errs.n == 0);
    }
    double ns = now_ns() - from;
    tide_row_errors_fini(&errs);
    return ns / ((double)rounds * ROWS);
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 200;
    const char *only = argc > 2 ? argv[2] : NULL;
    tide_pool *pool = tide_pool_new(0);
    tide_arena *arena = tide_arena_new();
    tide_batch *in = make_batch(pool);
    tide_prog_env env = { .pool = pool };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tide_expr *e;
        tide_prog *prog;
        if (only && strcmp(only, cases[i].text) != 0) continue;
        tide_status rv = read_expr(arena, cases[i].text, &schema, &e);
        if (rv == TIDE_OK) {
            e = tide_expr_fold(arena, e);
            rv = tide_prog_compile(&e, 1, &prog);
        }
        if (rv != TIDE_OK) {
            fprintf(stderr, "%s: %s\n", cases[i].text, tide_error_text());
            return 1;
        }
        double best = 1e9;
        for (uint32_t k = 0; k < RUNS; k++) {
            double ns = run_once(prog, &env, in, cases[i].select, rounds);
            if (ns < best) best = ns;
        }
        printf("%8.2f ns/row  %s%s\n", best, cases[i].select ? "WHERE " : "", cases[i].text);
        tide_prog_free(&prog);
    }
    tide_batch_unref(&in);
    tide_arena_free(&arena);
    tide_pool_free(&pool);
    return 0;
}
