/* op_bench.c - what a keyed operator costs per row: op_bench [case ...].
 *
 * Batches are made beforehand; only the operator's calls are timed. After each batch comes a
 * watermark two seconds behind the newest row. One line per case: nanoseconds and million rows per
 * second of CPU time, and what came out. Each case runs PASSES times and the fastest counts. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/core/mem.h"
#include "checkpoint/state/set.h"
#include "worker/op/op.h"

#define BATCHES 512u
#define ROWS TIDE_BATCH_ROWS_MAX
#define PASSES 3

typedef struct bench_case {
    const char *name;
    tide_window window;
    uint32_t keys;  /* Distinct. */
    bool hot;       /* Ninety-nine rows of a hundred go to one key, which changes every 100 rows. */
    int64_t row_us; /* Event time from row to row. */
    uint32_t n_aggs;
    tide_agg_call aggs[4];
} bench_case;

#define SECOND 1000000LL
#define COUNT                                                                                      \
    {                                                                                              \
        .kind = TIDE_AGG_COUNT_STAR, .arg = -1, .filter = -1, .name = "count(*)"                   \
    }
#define AGG(k)                                                                                     \
    {                                                                                              \
        .kind = (k), .arg = 2, .filter = -1, .name = #k                                            \
    }
#define DISTINCT                                                                                   \
    {                                                                                              \
        .kind = TIDE_AGG_COUNT, .arg = 2, .filter = -1, .distinct = true, .name = "distinct"       \
    }
#define TUMBLE                                                                                     \
    {                                                                                              \
        .kind = TIDE_WINDOW_TUMBLE, .time_column = 1, .size_us = 10 * SECOND                       \
    }
#define HOP                                                                                        \
    {                                                                                              \
        .kind = TIDE_WINDOW_HOP, .time_column = 1, .size_us = 10 * SECOND, .slide_us = 2 * SECOND  \
    }
#define SESSION                                                                                    \
    {                                                                                              \
        .kind = TIDE_WINDOW_SESSION, .time_column = 1, .size_us = 10 * SECOND                      \
    }

static const bench_case cases[] = {
    { "tumble count, hot keys", TUMBLE, 100000, true, 100, 1, { COUNT } },
    { "tumble count, 1 k keys", TUMBLE, 1000, false, 100, 1, { COUNT } },
    { "tumble count, 100 k keys", TUMBLE, 100000, false, 100, 1, { COUNT } },
    { "tumble sum, 1 k keys", TUMBLE, 1000, false, 100, 1, { AGG(TIDE_AGG_SUM) } },
    { "tumble count sum min max, 1 k keys",
      TUMBLE,
      1000,
      false,
      100,
      4,
      { COUNT, AGG(TIDE_AGG_SUM), AGG(TIDE_AGG_MIN), AGG(TIDE_AGG_MAX) } },
    { "tumble distinct, 1 k keys", TUMBLE, 1000, false, 100, 1, { DISTINCT } },
    { "hop count, 1 k keys", HOP, 1000, false, 100, 1, { COUNT } },
    { "session count, hot keys", SESSION, 100000, true, 100, 1, { COUNT } },
    { "session count, 1 k keys", SESSION, 1000, false, 100, 1, { COUNT } },
    { "session count, 100 k keys", SESSION, 100000, false, 100, 1, { COUNT } },
    { "session count distinct, 10 k keys", SESSION, 10000, false, 100, 2, { COUNT, DISTINCT } },
    { "group count, 1 k keys", { .kind = TIDE_WINDOW_NONE }, 1000, false, 100, 1, { COUNT } },
};

typedef struct counting_outbox {
    tide_outbox base;
    uint64_t rows;
} counting_outbox;

static bool has_room(tide_outbox *self)
{
    (void)self;
    return true;
}

static void push(tide_outbox *self, uint32_t output, tide_batch **batch_p)
{
    (void)output;
    ((counting_outbox *)self)->rows += (*batch_p)->n_rows;
    tide_batch_unref(batch_p);
}

static void no_watermark(tide_outbox *self, int64_t watermark_us)
{
    (void)self;
    (void)watermark_us;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static tide_batch *make_batch(tide_pool *pool, const bench_case *c, uint64_t *row, uint64_t *seed)
{
    const tide_type types[] = { tide_type_of(TIDE_TYPE_BIGINT), tide_type_of(TIDE_TYPE_TIMESTAMP),
                                tide_type_of(TIDE_TYPE_BIGINT) };
    tide_builder b;
    tide_builder_init(&b, pool, types, 3, ROWS);
    int64_t *key = b.cols[0].values, *ts = b.cols[1].values, *n = b.cols[2].values;
    for (uint32_t i = 0; i < ROWS; i++, ++*row) {
        uint64_t r = next_random(seed);
        bool cold = !c->hot || r % 100 == 0;
        key[i] = (int64_t)(cold ? next_random(seed) % c->keys : *row / 100 % c->keys);
        ts[i] = (int64_t)*row * c->row_us;
        n[i] = (int64_t)(r % 16);
    }
    b.n = ROWS;
    tide_batch *made = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return made;
}

static const tide_node *make_node(tide_arena *arena, const bench_case *c)
{
    static tide_field in_fields[] = {
        { .name = "k", .type = { .id = TIDE_TYPE_BIGINT }, .not_null = true },
        { .name = "ts", .type = { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } },
        { .name = "n", .type = { .id = TIDE_TYPE_BIGINT } }
    };
    static const uint32_t keys[] = { 0 };
    tide_node *input = TIDE_NEW(arena, tide_node), *node = TIDE_NEW(arena, tide_node);
    const tide_node **inputs = TIDE_NEW_N(arena, const tide_node *, 1);
    tide_agg_call *aggs = TIDE_NEW_N(arena, tide_agg_call, c->n_aggs);
    tide_field *fields = TIDE_NEW_N(arena, tide_field, c->n_aggs + 4);
    uint32_t n = 0;
    input->schema = (tide_schema){ .n = 3, .fields = in_fields };
    inputs[0] = input;
    fields[n++] = in_fields[0];
    for (uint32_t i = 0; i < c->n_aggs; i++) {
        tide_agg agg;
        aggs[i] = c->aggs[i];
        tide_type arg =
            aggs[i].arg < 0 ? tide_type_of(TIDE_TYPE_NULL) : in_fields[aggs[i].arg].type;
        if (tide_agg_init(&agg, aggs[i].kind, arg) != TIDE_OK) abort();
        fields[n++] = (tide_field){ .name = aggs[i].name, .type = agg.result };
    }
    if (c->window.kind != TIDE_WINDOW_NONE)
        for (uint32_t i = 0; i < 3; i++) fields[n++] = in_fields[1];
    *node = (tide_node){ .kind = TIDE_NODE_AGGREGATE,
                         .n_inputs = 1,
                         .inputs = inputs,
                         .schema = { .n = n, .fields = fields } };
    node->aggregate.n_keys = 1;
    node->aggregate.keys = keys;
    node->aggregate.n_aggs = c->n_aggs;
    node->aggregate.aggs = aggs;
    node->aggregate.window = c->window;
    return node;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(void)
{
    fprintf(stderr, "op_bench: %s\n", tide_error_text());
    exit(1);
}

/* Seconds for all batches and the end. */
static double run(const bench_case *c, uint64_t *rows_out)
{
    tide_arena *arena = tide_arena_new();
    tide_pool *pool = tide_pool_new(0);
    const tide_node *node = make_node(arena, c);
    const tide_op_vt *vt = tide_op_for_node(node);
    int64_t zero = 0;
    tide_op_counters counters = { 0 };
    tide_table_groups groups = { .total = 128, .end = 128 };
    tide_op_env env = { .pool = pool,
                        .now_ns = &zero,
                        .wall_us = &zero,
                        .parallelism = 1,
                        .key_groups = 128,
                        .key_group_end = 128,
                        .counters = &counters,
                        .state = tide_state_set_new("bench", groups, 0) };
    counting_outbox out = { .base = { has_room, push, no_watermark } };
    tide_batch **batches = tide_calloc(BATCHES, sizeof(tide_batch *));
    uint64_t row = 0, seed = 1;
    for (uint32_t i = 0; i < BATCHES; i++) batches[i] = make_batch(pool, c, &row, &seed);
    void *op = tide_calloc(1, vt->size);
    if (vt->open(op, node, &env) != TIDE_OK) die();

    double begin = cpu_seconds();
    for (uint32_t i = 0; i < BATCHES; i++) {
        int64_t w = (int64_t)(i + 1) * ROWS * c->row_us - 2 * SECOND;
        if (vt->on_batch(op, 0, &batches[i], &out.base) != TIDE_OP_DONE) die();
        if (vt->on_watermark && vt->on_watermark(op, w, &out.base) != TIDE_OP_DONE) die();
    }
    if (vt->on_watermark && vt->on_watermark(op, TIDE_WATERMARK_MAX, &out.base) != TIDE_OP_DONE)
        die();
    if (vt->on_end && vt->on_end(op, &out.base) != TIDE_OP_DONE) die();
    double seconds = cpu_seconds() - begin;

    vt->close(op);
    tide_free(op);
    tide_free(batches);
    tide_state_set_free(&env.state);
    tide_pool_free(&pool);
    tide_arena_free(&arena);
    *rows_out = out.rows;
    return seconds;
}

static bool wanted(const char *name, int argc, char **argv)
{
    if (argc < 2) return true;
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i])) return true;
    return false;
}

int main(int argc, char **argv)
{
    double rows = (double)BATCHES * ROWS;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!wanted(cases[i].name, argc, argv)) continue;
        double best = 1e9;
        uint64_t out = 0;
        for (int pass = 0; pass < PASSES; pass++) {
            double seconds = run(&cases[i], &out);
            if (seconds < best) best = seconds;
        }
        printf("%-36s %6.2f ns/row %8.1f M rows/s %10" PRIu64 " rows out\n", cases[i].name,
               best * 1e9 / rows, rows / best / 1e6, out);
        fflush(stdout);
    }
    return 0;
}
