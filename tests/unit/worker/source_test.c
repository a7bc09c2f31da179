/* source_test.c - readers of one table side by side: who waits for whom in event time.
 *
 * A connector of the test's own gives one row a poll, whose time is what the test says; the clock
 * is the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/arena.h"
#include "worker/core/source.h"

#define READERS 2
#define SECOND_US INT64_C(1000000)

/* What a reader's next poll gives. */
typedef struct script {
    int64_t time_us, step_us; /* Of the next row, and how far apart they are. */
    bool has_rows, ended;
} script;

static tide_pool *pool;
static tide_arena *arena;
static script scripts[READERS];

typedef struct scripted {
    tide_pool *pool;
    script *script;
} scripted;

static tide_status scripted_open(void *self_v, const tide_source_args *args)
{
    *(scripted *)self_v = (scripted){ .pool = args->pool, .script = &scripts[args->subtask] };
    return TIDE_OK;
}

static tide_source_result scripted_poll(void *self_v, tide_source_poll *poll)
{
    scripted *self = self_v;
    if (self->script->ended) return TIDE_SOURCE_END;
    if (!self->script->has_rows) return TIDE_SOURCE_NOTHING;
    void *values;
    tide_col *col =
        tide_col_new(self->pool, tide_type_of(TIDE_TYPE_TIMESTAMP), 1, &values, false, NULL);
    *(int64_t *)values = self->script->time_us;
    self->script->time_us += self->script->step_us;
    poll->batch = tide_batch_new(self->pool, &col, 1, 1);
    return TIDE_SOURCE_BATCH;
}

static void scripted_close(void *self)
{
    (void)self;
}

static const tide_source_vt scripted_vt = {
    .size = sizeof(scripted), .open = scripted_open, .poll = scripted_poll, .close = scripted_close
};
static const tide_connector connector = { .name = "scripted", .source = &scripted_vt };
static const tide_split split = { .id = "only" };
static const tide_split *const splits[] = { &split };

typedef struct readers {
    int64_t now_ns, wall_us;
    tide_op_counters counters[READERS];
    tide_op_env env[READERS];
    tide_scan_reading reading;
    tide_alignment *alignment;
    tide_feed *feeds[READERS];
} readers;

static void open_readers(readers *r, int64_t step_us)
{
    *r = (readers){ .now_ns = 1, .alignment = tide_alignment_new(READERS) };
    tide_type time = tide_type_of(TIDE_TYPE_TIMESTAMP);
    r->reading.watermark = tide_expr_column(arena, 0, time, true, TIDE_POS_UNKNOWN);
    for (uint32_t i = 0; i < READERS; i++) {
        scripts[i] = (script){ .has_rows = true, .step_us = step_us };
        r->env[i] = (tide_op_env){ .pool = pool,
                                   .now_ns = &r->now_ns,
                                   .wall_us = &r->wall_us,
                                   .subtask = i,
                                   .parallelism = READERS,
                                   .counters = &r->counters[i] };
        const tide_source_config config = { .reading = &r->reading,
                                            .connector = &connector,
                                            .splits = splits,
                                            .n_splits = 1,
                                            .env = &r->env[i],
                                            .alignment = r->alignment };
        assert_int_equal(tide_source_feed_new(&config, &r->feeds[i]), TIDE_OK);
    }
}

static void close_readers(readers *r)
{
    for (uint32_t i = 0; i < READERS; i++) r->feeds[i]->free(&r->feeds[i]);
    tide_alignment_free(&r->alignment);
}

/* Lets a reader read for some time; returns how many rows came. */
static uint32_t read_for(readers *r, uint32_t reader, int64_t ms)
{
    uint32_t rows = 0;
    for (int64_t i = 0; i < ms * 10; i++, r->now_ns += 100000, r->wall_us += 100) {
        tide_elem e = { 0 };
        int64_t next_ns = 0;
        tide_feed_result result = r->feeds[reader]->next(r->feeds[reader], &e, &next_ns);
        if (result == TIDE_FEED_NOTHING) continue;
        if (result == TIDE_FEED_END) break;
        assert_int_equal(result, TIDE_FEED_ELEM);
        rows += e.kind == TIDE_ELEM_BATCH;
        tide_batch_unref(&e.batch);
    }
    return rows;
}

/* Replaying: a second of event time in every row. */
static void who_is_ahead_waits_until_the_other_has_come(void **state)
{
    (void)state;
    readers r;
    open_readers(&r, SECOND_US);
    read_for(&r, 1, 10);
    uint32_t free_run = read_for(&r, 0, 10);
    assert_true(free_run > 90); /* Together: nobody waits. */
    for (uint32_t round = 0; round < 5; round++) read_for(&r, 0, 100);
    assert_int_equal(read_for(&r, 0, 100), 0);
    assert_true(scripts[0].time_us < scripts[1].time_us + 100 * SECOND_US);
    while (scripts[1].time_us < scripts[0].time_us) read_for(&r, 1, 1);
    assert_true(read_for(&r, 0, 10) > 0);
    close_readers(&r);
}

/* Event time as fast as the clock: an hour's difference is how the data are. */
static void live_readers_never_wait(void **state)
{
    (void)state;
    readers r;
    open_readers(&r, 100);
    scripts[0].time_us = 3600 * SECOND_US;
    for (uint32_t round = 0; round < 10; round++) {
        assert_true(read_for(&r, 1, 10) > 90);
        assert_true(read_for(&r, 0, 10) > 90);
    }
    close_readers(&r);
}

/* Waiting for one that has nothing, or has ended, would be for ever. */
static void nobody_waits_for_a_reader_without_rows(void **state)
{
    (void)state;
    readers r;
    for (int ended = 0; ended < 2; ended++) {
        open_readers(&r, SECOND_US);
        read_for(&r, 1, 10);
        scripts[1].has_rows = false;
        scripts[1].ended = ended;
        read_for(&r, 1, 10);
        for (uint32_t round = 0; round < 10; round++) assert_true(read_for(&r, 0, 10) > 90);
        close_readers(&r);
    }
}

static int setup(void **state)
{
    (void)state;
    pool = tide_pool_new(0);
    arena = tide_arena_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(tide_pool_bytes(pool), 0);
    tide_pool_free(&pool);
    tide_arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_ahead_waits_until_the_other_has_come, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(live_readers_never_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(nobody_waits_for_a_reader_without_rows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
