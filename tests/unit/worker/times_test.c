/* times_test.c - where a slot's time goes: every moment of every task is one of busy, held up and
 * idle, in virtual time, and seen from another thread while it lasts. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/random.h"
#include "tests/unit/worker/numbered.h"
#include "tests/unit/worker/slot_kit.h"

#define MS INT64_C(1000000)

static void expect(tide_times t, int64_t busy, int64_t held, int64_t idle)
{
    assert_int_equal(t.busy_ns, busy);
    assert_int_equal(t.held_ns, held);
    assert_int_equal(t.idle_ns, idle);
}

/* ---- the account alone ---- */
static void waiting_is_added_up_when_it_ends(void **state)
{
    (void)state;
    tide_slot_times slot = { 0 };
    tide_task_times a = { .slot = &slot }, b = { .slot = &slot };
    expect(tide_times_read(&a, 99), 0, 0, 0);
    tide_times_boundary(&slot, 100);
    tide_times_wait(&a, TIDE_DOING_IDLE);
    tide_times_wait(&b, TIDE_DOING_IDLE);
    tide_times_run(&b); /* From 100 to 130, and has more to do. */
    expect(tide_times_read(&b, 120), 20, 0, 0);
    expect(tide_times_read(&a, 120), 0, 0, 20);
    tide_times_wait(&b, TIDE_DOING_HELD);
    tide_times_boundary(&slot, 130);
    /* Who has the next moments is not known yet: nobody is told of them. */
    expect(tide_times_read(&b, 150), 30, 0, 0);
    tide_times_run(&a); /* From 130 to 190. */
    tide_times_wait(&a, TIDE_DOING_IDLE);
    expect(tide_times_read(&b, 150), 30, 20, 0);
    tide_times_boundary(&slot, 190);
    tide_times_wait(&b, TIDE_DOING_IDLE); /* Looked and found nothing. */
    tide_times_sleep(&slot);
    expect(tide_times_read(&a, 1190), 60, 0, 1030);
    expect(tide_times_read(&b, 1190), 30, 60, 1000);
    tide_times_boundary(&slot, 2190);
    tide_times_wait(&b, TIDE_DOING_NOTHING); /* Over. */
    tide_times_sleep(&slot);
    expect(tide_times_read(&a, 3190), 60, 0, 3030);
    expect(tide_times_read(&b, 3190), 30, 60, 2000);
}

/* ---- tasks in virtual time ---- */
static tide_times times_of(const tide_slot *slot, uint32_t task, int64_t now_ns)
{
    return tide_task_times_of(tide_slot_task(slot, task), now_ns);
}

static int64_t sum_of(tide_times t)
{
    return (int64_t)(t.busy_ns + t.held_ns + t.idle_ns);
}

/* A source whose steps take 1 ms, a sink that takes 10 ms for a batch, each in a slot of its own.
 */
static void a_slow_sink_is_busy_and_holds_its_source_up(void **state)
{
    (void)state;
    tide_channel channel;
    tide_channel_init(&channel, NULL, NULL);
    channel.row_bytes = 8;
    tide_slot *source = slot_kit_new(), *sink = slot_kit_new();
    slot_kit_drain d = { .may_go = true };
    slot_kit_source(source, INT64_MAX, &channel);
    slot_kit_sink(sink, 1, (tide_channel *[]){ &channel }, &d);
    int64_t source_free_ns = 0, sink_free_ns = 0, end_ns = 10000 * MS;
    for (int64_t now_ns = 0; now_ns < end_ns; now_ns += MS) {
        uint64_t before = d.batches;
        if (now_ns >= source_free_ns && tide_slot_step(source, now_ns, 0))
            source_free_ns = now_ns + MS;
        if (now_ns >= sink_free_ns && tide_slot_step(sink, now_ns, 0))
            sink_free_ns = now_ns + (int64_t)(d.batches - before) * 10 * MS;
    }
    tide_times of_source = times_of(source, 0, end_ns), of_sink = times_of(sink, 0, end_ns);
    assert_int_equal(sum_of(of_source), end_ns);
    assert_int_equal(sum_of(of_sink), end_ns);
    assert_true(of_source.held_ns > 8500 * MS && of_source.idle_ns == 0);
    assert_true(of_source.busy_ns > 200 * MS);
    assert_true(of_sink.busy_ns > 9900 * MS && of_sink.held_ns == 0);
    /* Eight bytes a row, on both sides. */
    uint64_t out = tide_task_bytes_out(tide_slot_task(source, 0), 0);
    assert_int_equal(out, tide_task_bytes_in(tide_slot_task(sink, 0)));
    assert_true(out >= 8 * d.batches && out <= 8 * (d.batches + TIDE_CHANNEL_BATCHES));
    assert_int_equal(tide_task_bytes_in(tide_slot_task(source, 0)), 0);
    tide_slot_free(&source);
    tide_slot_free(&sink);
    tide_channel_fini(&channel);
}

/* In one slot a source with rows at hand waits for what is nearer the sink: held up, never idle. */
static void one_slot_is_shared_out_among_its_tasks(void **state)
{
    (void)state;
    tide_channel channel;
    tide_channel_init(&channel, NULL, NULL);
    tide_slot *slot = slot_kit_new();
    slot_kit_drain d = { .may_go = true };
    slot_kit_sink(slot, 1, (tide_channel *[]){ &channel }, &d);
    slot_kit_source(slot, 400, &channel);
    int64_t now_ns = 0;
    for (uint64_t before = 0; tide_slot_step(slot, now_ns, 0); before = d.batches)
        now_ns += d.batches > before ? (int64_t)(d.batches - before) * 3 * MS : MS;
    tide_times sink = times_of(slot, 0, now_ns), source = times_of(slot, 1, now_ns);
    assert_int_equal(sum_of(sink), now_ns - MS); /* It begins behind the source's first step. */
    assert_int_equal(sum_of(source), now_ns);
    assert_int_equal(sink.busy_ns, 400 * 3 * MS);
    assert_int_equal(sink.held_ns, 0);
    assert_int_equal(source.busy_ns + sink.busy_ns, now_ns);
    assert_int_equal(source.held_ns, sink.busy_ns);
    /* Nothing more comes: both are idle, however long. */
    sink = times_of(slot, 0, now_ns + 1000 * MS);
    source = times_of(slot, 1, now_ns + 1000 * MS);
    assert_int_equal(sink.idle_ns, source.busy_ns - MS + 1000 * MS);
    assert_int_equal(source.idle_ns, 1000 * MS);
    tide_slot_free(&slot);
    tide_channel_fini(&channel);
}

/* ---- seen from outside ---- */
static tide_channel to_sink, from_source;
static slot_kit_drain blocking;

/* The source has nothing, and is asked after each step of the sink. */
static tide_status build(void *ctx, tide_slot *slot)
{
    (void)ctx;
    slot_kit_sink(slot, 1, (tide_channel *[]){ &to_sink }, &blocking);
    slot_kit_source(slot, 0, &from_source);
    return TIDE_OK;
}

static void on_state(void *ctx, uint32_t index, tide_task_state state, const tide_error *error)
{
    (void)index;
    (void)error;
    if (state == TIDE_TASK_RUNNING) atomic_store((_Atomic bool *)ctx, true);
}

static int64_t now(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

/* A callback that lasts is busy time before it ends; a slot that sleeps is idle time before it
 * wakes. */
static void time_shows_while_it_passes(void **state)
{
    (void)state;
    _Atomic bool built = false;
    tide_channel_init(&to_sink, NULL, NULL);
    tide_channel_init(&from_source, NULL, NULL);
    tide_batch *batch = numbered(1);
    tide_channel_push(&to_sink, &batch);
    const tide_slot_config config = { .cpu = -1,
                                      .node = -1,
                                      .clock = tide_clock_real(),
                                      .build = build,
                                      .on_state = on_state,
                                      .ctx = &built };
    tide_slot *slot = tide_slot_new(&config);
    assert_int_equal(tide_slot_start(slot), TIDE_OK);
    while (!atomic_load(&built)) sched_yield();
    tide_slot_go(slot);
    while (!atomic_load(&blocking.entered)) sched_yield();
    tide_times first = times_of(slot, 0, now()), then = first;
    for (int64_t end_ns = now() + 10000 * MS; then.busy_ns < first.busy_ns + 20 * MS;) {
        assert_true(now() < end_ns);
        then = times_of(slot, 0, now());
    }
    assert_int_equal(then.idle_ns, first.idle_ns);
    uint64_t busy_ns = then.busy_ns;
    atomic_store(&blocking.may_go, true);
    for (int64_t end_ns = now() + 10000 * MS; then.idle_ns < first.idle_ns + 20 * MS;) {
        assert_true(now() < end_ns);
        sched_yield();
        then = times_of(slot, 0, now());
    }
    assert_int_equal(then.held_ns, 0);
    assert_true(then.busy_ns >= busy_ns); /* It is the sink's for good. */
    tide_slot_abandon(slot);
    tide_slot_join(slot);
    tide_slot_free(&slot);
    tide_channel_fini(&to_sink);
    tide_channel_fini(&from_source);
}

typedef struct writer {
    tide_slot_times slot;
    tide_task_times tasks[3];
    _Atomic bool stop;
} writer;

static void boundary(tide_slot_times *slot)
{
    tide_times_before_boundary(slot);
    tide_times_boundary(slot, now());
}

static void *write_for_ever(void *arg)
{
    writer *self = arg;
    tide_random random;
    tide_random_init(&random, 7, 0);
    boundary(&self->slot);
    while (!atomic_load_explicit(&self->stop, memory_order_relaxed)) {
        tide_task_times *task = &self->tasks[tide_random_below(&random, 3)];
        if (tide_random_below(&random, 2)) tide_times_run(task);
        tide_times_wait(task, (tide_doing)(TIDE_DOING_IDLE + tide_random_below(&random, 2)));
        if (tide_times_runs(&self->slot)) boundary(&self->slot);
        if (tide_random_below(&random, 50) == 0) {
            tide_times_sleep(&self->slot);
            sched_yield();
            boundary(&self->slot);
        }
    }
    return NULL;
}

/* Whoever reads, whenever: nothing goes back, and nothing is told that has not passed. */
static void what_was_told_is_never_taken_back(void **state)
{
    (void)state;
    static writer w;
    for (int i = 0; i < 3; i++) w.tasks[i].slot = &w.slot;
    int64_t began_ns = now();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, write_for_ever, &w), 0);
    tide_times last[3] = { 0 };
    for (int64_t now_ns = began_ns; now_ns < began_ns + 300 * MS;) {
        for (int i = 0; i < 3; i++) {
            now_ns = now();
            tide_times t = tide_times_read(&w.tasks[i], now_ns);
            /* A core may read its clock a little before what comes before it is seen. */
            assert_true(t.busy_ns + 1000 >= last[i].busy_ns &&
                        t.held_ns + 1000 >= last[i].held_ns && t.idle_ns + 1000 >= last[i].idle_ns);
            assert_true(sum_of(t) <= now() - began_ns);
            last[i] = t;
        }
    }
    atomic_store(&w.stop, true);
    pthread_join(thread, NULL);
    for (int i = 0; i < 3; i++) assert_true(sum_of(last[i]) > 0);
}

int main(void)
{
#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, numbered_setup, numbered_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting_is_added_up_when_it_ends),
        WITH_POOL(a_slow_sink_is_busy_and_holds_its_source_up),
        WITH_POOL(one_slot_is_shared_out_among_its_tasks),
        WITH_POOL(time_shows_while_it_passes),
        cmocka_unit_test(what_was_told_is_never_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
