/* turns_test.c - the tasks of a slot take turns, whatever some of them are fed from elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "tests/unit/worker/numbered.h"
#include "tests/unit/worker/slot_kit.h"

#define MS INT64_C(1000000)
#define STEP_BATCHES 4u /* What a task takes in one step at most. */

/* A slot with a sink and a source of its own before it; more comes from other runners all the time.
 */
typedef struct fed_slot {
    tide_slot *slot;
    tide_channel own, others[SLOT_KIT_PORTS - 1];
    uint32_t n_others;
    slot_kit_drain drain;
    int64_t now_ns;
} fed_slot;

static void fed_slot_init(fed_slot *self, uint32_t n_others)
{
    *self = (fed_slot){ .slot = slot_kit_new(), .n_others = n_others, .drain.may_go = true };
    tide_channel *from[SLOT_KIT_PORTS] = { &self->own };
    tide_channel_init(&self->own, NULL, NULL);
    for (uint32_t i = 0; i < n_others; i++) {
        tide_channel_init(&self->others[i], NULL, NULL);
        from[1 + i] = &self->others[i];
    }
    slot_kit_sink(self->slot, 1 + n_others, from, &self->drain);
}

static void fed_slot_fini(fed_slot *self)
{
    tide_slot_free(&self->slot);
    tide_channel_fini(&self->own);
    for (uint32_t i = 0; i < self->n_others; i++) tide_channel_fini(&self->others[i]);
}

/* The others send as much as there is room for; then a step, where a batch takes the sink
 * `batch_ns`. */
static void fed_slot_step(fed_slot *self, int64_t batch_ns)
{
    for (uint32_t i = 0; i < self->n_others; i++)
        while (tide_channel_has_room(&self->others[i])) {
            tide_batch *batch = numbered(1);
            tide_channel_push(&self->others[i], &batch);
        }
    uint64_t before = self->drain.batches;
    assert_true(tide_slot_step(self->slot, self->now_ns, 0));
    uint64_t batches = self->drain.batches - before;
    self->now_ns += batches ? (int64_t)batches * batch_ns : MS / 1000;
}

/* As in a job of two runners with a slow step behind a shuffle. */
static void a_slow_sink_fed_by_others_starves_no_source(void **state)
{
    (void)state;
    fed_slot f;
    fed_slot_init(&f, 1);
    slot_kit_source(f.slot, INT64_MAX, &f.own);
    int64_t moved_ns = 0, longest_ns = 0;
    for (uint64_t moved = 0; f.now_ns < 60000 * MS;) {
        fed_slot_step(&f, 100 * MS);
        if (tide_channel_pushed(&f.own) > moved) moved_ns = f.now_ns;
        moved = tide_channel_pushed(&f.own);
        if (f.now_ns - moved_ns > longest_ns) longest_ns = f.now_ns - moved_ns;
    }
    /* A step of the sink; twice that where what it took was not from its own source. */
    assert_in_range(longest_ns, 1, 2 * STEP_BATCHES * 100 * MS);
    assert_in_range(f.drain.by_port[0], f.drain.by_port[1] - 8, f.drain.by_port[1] + 8);
    fed_slot_fini(&f);
}

/* As fast as the others' sources, and no further ahead of the sink than one turn. */
static void a_source_keeps_pace_with_those_of_others(void **state)
{
    (void)state;
    fed_slot f;
    fed_slot_init(&f, 3);
    slot_kit_source(f.slot, INT64_MAX, &f.own);
    while (f.now_ns < 1000 * MS) {
        fed_slot_step(&f, MS / 50);
        assert_in_range(tide_channel_pushed(&f.own) - tide_channel_popped(&f.own), 0, STEP_BATCHES);
    }
    assert_true(f.drain.batches > 40000);
    for (uint32_t i = 1; i < 4; i++)
        assert_in_range(f.drain.by_port[0], f.drain.by_port[i] - 8, f.drain.by_port[i] + 8);
    fed_slot_fini(&f);
}

/* Two parts of a job with nothing in common but their slot. */
static void a_fed_sink_leaves_time_for_the_rest_of_its_slot(void **state)
{
    (void)state;
    fed_slot f;
    fed_slot_init(&f, 1);
    tide_channel apart;
    tide_channel_init(&apart, NULL, NULL);
    slot_kit_drain drain = { .may_go = true };
    slot_kit_sink(f.slot, 1, (tide_channel *[]){ &apart }, &drain);
    slot_kit_source(f.slot, INT64_MAX, &apart);
    while (f.now_ns < 10000 * MS) fed_slot_step(&f, 3 * MS);
    /* Two steps, of 24 ms. */
    assert_true(f.drain.batches > 3000);
    assert_true(drain.batches > 1500);
    fed_slot_fini(&f);
    tide_channel_fini(&apart);
}

int main(void)
{
#define WITH_POOL(test) cmocka_unit_test_setup_teardown(test, numbered_setup, numbered_teardown)
    const struct CMUnitTest tests[] = {
        WITH_POOL(a_slow_sink_fed_by_others_starves_no_source),
        WITH_POOL(a_source_keeps_pace_with_those_of_others),
        WITH_POOL(a_fed_sink_leaves_time_for_the_rest_of_its_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
