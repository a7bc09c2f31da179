/* The first phase of an aggregate by itself: what it holds, when it gives up, and what is passed
 * on. That both phases together give the same rows as one is checked by every other suite here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "jobapi/plan/node.h"
#include "jobapi/plan/partial.h"
#include "worker/op/op.h"

#define BATCH TIDE_BATCH_ROWS_MAX

typedef struct fixture {
    tide_outbox outbox; /* First. */
    tide_pool *pool;
    tide_arena *arena;
    int64_t now_ns, wall_us;
    tide_op_counters counters;
    tide_op_env env;
    const tide_node *node;
    const tide_op_vt *vt;
    void *op;
    uint32_t rows[2], batches[2]; /* By output. */
    int64_t counted;              /* By the states on output 1. */
} fixture;

static bool has_room(tide_outbox *self)
{
    (void)self;
    return true;
}

static void push(tide_outbox *self, uint32_t output, tide_batch **batch_p)
{
    fixture *f = (fixture *)self;
    const tide_batch *batch = *batch_p;
    f->rows[output] += batch->n_rows;
    f->batches[output]++;
    for (uint32_t i = 0; output == 1 && i < batch->n_rows; i++)
        f->counted += ((const int64_t *)batch->cols[batch->n_cols - 1]->values)[i];
    tide_batch_unref(batch_p);
}

/* count(*) by a BIGINT, in tumbling windows of a second over the second column, or without. */
static void open_phase(fixture *f, tide_window_kind window)
{
    *f = (fixture){ .outbox = { .has_room = has_room, .push = push },
                    .pool = tide_pool_new(0),
                    .arena = tide_arena_new() };
    static tide_field fields[] = { { .name = "k", .type = { .id = TIDE_TYPE_BIGINT } },
                                   { .name = "ts", .type = { .id = TIDE_TYPE_TIMESTAMP } } };
    static const tide_schema schema = { .n = 2, .fields = fields };
    static const uint32_t keys[] = { 0 };
    static const tide_agg_call count = { .kind = TIDE_AGG_COUNT_STAR,
                                         .arg = -1,
                                         .filter = -1,
                                         .result = { .id = TIDE_TYPE_BIGINT },
                                         .name = "n" };
    tide_node like = { .aggregate = { .n_keys = 1, .keys = keys, .n_aggs = 1, .aggs = &count } };
    like.aggregate.window = (tide_window){ .kind = window, .time_column = 1, .size_us = 1000000 };
    const tide_node *input = tide_node_values(f->arena, &schema, NULL, 0);
    f->node = tide_node_partial(f->arena, tide_node_aggregate(f->arena, input, &like));
    f->env = (tide_op_env){
        .pool = f->pool, .now_ns = &f->now_ns, .wall_us = &f->wall_us, .counters = &f->counters
    };
    f->vt = tide_op_for_node(f->node);
    f->op = tide_calloc(1, f->vt->size);
    assert_int_equal(f->vt->open(f->op, f->node, &f->env), TIDE_OK);
}

static void close_phase(fixture *f)
{
    f->vt->close(f->op);
    tide_free(f->op);
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
    tide_arena_free(&f->arena);
}

/* A batch whose keys are first, first + 1, ... modulo n_keys. */
static void feed(fixture *f, uint32_t n, int64_t first, int64_t n_keys, const int64_t *time_us)
{
    tide_type types[] = { f->node->schema.fields[0].type, f->node->schema.fields[1].type };
    tide_builder b;
    tide_builder_init(&b, f->pool, types, 2, n);
    for (uint32_t i = 0; i < n; i++) {
        ((int64_t *)b.cols[0].values)[i] = (first + i) % n_keys;
        if (time_us)
            ((int64_t *)b.cols[1].values)[i] = *time_us;
        else
            tide_colb_set_null(&b.cols[1], i);
    }
    b.n = n;
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    assert_int_equal(f->vt->on_batch(f->op, 0, &batch, &f->outbox), TIDE_OP_DONE);
    assert_null(batch);
}

static const int64_t a_time = 500;

static void rows_are_held_until_a_watermark(void **state)
{
    (void)state;
    fixture f;
    open_phase(&f, TIDE_WINDOW_TUMBLE);
    for (int i = 0; i < 20; i++) feed(&f, BATCH, 0, 1000, &a_time);
    assert_int_equal(f.batches[0] + f.batches[1], 0);
    assert_true(f.vt->next_timer(f.op) == INT64_MAX);
    assert_int_equal(f.vt->on_watermark(f.op, 400, &f.outbox), TIDE_OP_DONE);
    assert_int_equal(f.rows[1], 1000);
    assert_int_equal(f.counted, 20 * BATCH);
    close_phase(&f);
}

/* Without windows nothing else would send them. */
static void rows_without_windows_are_held_for_a_moment(void **state)
{
    (void)state;
    fixture f;
    open_phase(&f, TIDE_WINDOW_NONE);
    f.wall_us = 77;
    feed(&f, 10, 0, 3, &a_time);
    int64_t due_us = f.vt->next_timer(f.op);
    assert_true(due_us > f.wall_us && due_us <= f.wall_us + 5000);
    assert_int_equal(f.vt->on_timer(f.op, due_us, &f.outbox), TIDE_OP_DONE);
    assert_int_equal(f.rows[1], 3);
    assert_true(f.vt->next_timer(f.op) == INT64_MAX);
    assert_int_equal(f.vt->on_flush(f.op, &f.outbox), TIDE_OP_DONE);
    assert_int_equal(f.batches[1], 1); /* Nothing was left. */
    close_phase(&f);
}

/* Keys that hardly come twice: rows are passed on as they are, and after a while it is tried again.
 * No row is lost on the way. */
static void keys_that_do_not_repeat_are_passed_on(void **state)
{
    (void)state;
    fixture f;
    open_phase(&f, TIDE_WINDOW_NONE);
    uint32_t fed = 0;
    for (int64_t i = 0; f.batches[0] == 0 && i < 10; i++, fed += BATCH)
        feed(&f, BATCH, i * BATCH, INT64_MAX, &a_time);
    assert_int_equal(f.rows[0], BATCH);
    assert_true(f.batches[1] > 0);
    uint32_t tried = f.batches[1];
    for (int64_t i = 0; f.batches[1] == tried && i < 1000; i++, fed += BATCH)
        feed(&f, BATCH, 0, 8, &a_time), f.vt->on_flush(f.op, &f.outbox);
    assert_true(f.batches[0] > 10); /* Passed on for a while, although keys repeat now. */
    tried = f.batches[0];
    for (uint32_t i = 0; i < 100; i++, fed += BATCH) feed(&f, BATCH, 0, 8, &a_time);
    assert_int_equal(f.batches[0], tried); /* It pays again. */
    assert_int_equal(f.vt->on_flush(f.op, &f.outbox), TIDE_OP_DONE);
    assert_int_equal(f.rows[0] + f.counted, fed);
    close_phase(&f);
}

/* What is held goes first; the aggregate says what becomes of them. */
static void rows_without_a_time_are_passed_on(void **state)
{
    (void)state;
    fixture f;
    open_phase(&f, TIDE_WINDOW_TUMBLE);
    feed(&f, 10, 0, 3, &a_time);
    feed(&f, 7, 0, 3, NULL);
    assert_int_equal(f.rows[1], 3);
    assert_int_equal(f.rows[0], 7);
    assert_int_equal(f.counters.bad_rows, 0);
    close_phase(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_held_until_a_watermark),
        cmocka_unit_test(rows_without_windows_are_held_for_a_moment),
        cmocka_unit_test(keys_that_do_not_repeat_are_passed_on),
        cmocka_unit_test(rows_without_a_time_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
