/* exchange_test.c - channels, gates and event time: order, room for control, merged watermarks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/worker/numbered.h"
#include "worker/core/event_time.h"
#include "worker/exchange/gate.h"

static void push(tide_channel *c, int64_t number)
{
    tide_batch *b = numbered(number);
    tide_channel_push(c, &b);
}

static void watermark(tide_channel *c, int64_t value)
{
    tide_channel_control(c, pool, &(tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = value });
}

static void end(tide_channel *c, bool drained)
{
    tide_channel_control(c, pool, &(tide_elem){ .kind = TIDE_ELEM_END, .drained = drained });
}

static void assert_pops(tide_channel *c, tide_elem_kind kind, int64_t value)
{
    tide_elem e;
    assert_true(tide_channel_pop(c, &e));
    assert_int_equal(e.kind, kind);
    if (kind == TIDE_ELEM_BATCH) assert_int_equal(number_of(e.batch), value);
    if (kind == TIDE_ELEM_WATERMARK) assert_int_equal(e.watermark, value);
    tide_batch_unref(&e.batch);
}

/* Data stops at its limit; control goes on, then waits, coalesced, and holds data back behind it.
 */
static void control_never_blocks_and_never_overtakes(void **state)
{
    (void)state;
    tide_channel c;
    tide_channel_init(&c, NULL, NULL);
    int64_t n = 0;
    while (tide_channel_has_room(&c)) push(&c, n++);
    assert_int_equal(n, TIDE_CHANNEL_BATCHES);
    for (uint32_t i = 0; i < 3 * TIDE_CHANNEL_CONTROLS; i++) watermark(&c, i);
    end(&c, true);
    assert_true(tide_channel_waits(&c));
    for (int64_t i = 0; i < n; i++) assert_pops(&c, TIDE_ELEM_BATCH, i);
    assert_false(tide_channel_has_room(&c)); /* There is room, but not before what waits. */
    tide_channel_pump(&c, pool);
    for (uint32_t i = 0; i < TIDE_CHANNEL_CONTROLS; i++) assert_pops(&c, TIDE_ELEM_WATERMARK, i);
    assert_pops(&c, TIDE_ELEM_WATERMARK, 3 * TIDE_CHANNEL_CONTROLS - 1);
    assert_pops(&c, TIDE_ELEM_END, 0);
    tide_elem e;
    assert_false(tide_channel_pop(&c, &e));
    tide_channel_fini(&c);
}

static void assert_next(tide_gate *g, tide_elem_kind kind, int64_t value)
{
    tide_elem e;
    assert_true(tide_gate_next(g, &e));
    assert_int_equal(e.kind, kind);
    if (kind == TIDE_ELEM_WATERMARK) assert_int_equal(e.watermark, value);
    if (kind == TIDE_ELEM_END) assert_int_equal(e.drained, value);
    tide_batch_unref(&e.batch);
}

static void assert_nothing(tide_gate *g)
{
    tide_elem e;
    assert_false(tide_gate_next(g, &e));
}

typedef struct two {
    tide_channel a, b;
    tide_gate *gate;
} two;

static two *two_new(void)
{
    static two t;
    tide_channel_init(&t.a, NULL, NULL);
    tide_channel_init(&t.b, NULL, NULL);
    t.gate = tide_gate_new();
    tide_gate_add(t.gate, &t.a, 0);
    tide_gate_add(t.gate, &t.b, 1);
    return &t;
}

static void two_free(two *t)
{
    tide_gate_free(&t->gate);
    tide_channel_fini(&t->a);
    tide_channel_fini(&t->b);
}

static void a_gate_holds_the_lowest_watermark(void **state)
{
    (void)state;
    two *t = two_new();
    watermark(&t->a, 10);
    assert_nothing(t->gate);
    watermark(&t->b, 5);
    assert_next(t->gate, TIDE_ELEM_WATERMARK, 5);
    watermark(&t->b, 20);
    assert_next(t->gate, TIDE_ELEM_WATERMARK, 10);
    end(&t->a, true); /* An ended input no longer holds back. */
    assert_next(t->gate, TIDE_ELEM_WATERMARK, 20);
    end(&t->b, true);
    assert_next(t->gate, TIDE_ELEM_WATERMARK, INT64_MAX);
    assert_next(t->gate, TIDE_ELEM_END, true);
    assert_nothing(t->gate);
    two_free(t);
}

static void an_idle_input_is_not_waited_for_and_comes_back(void **state)
{
    (void)state;
    two *t = two_new();
    watermark(&t->a, 10);
    tide_channel_control(&t->b, pool, &(tide_elem){ .kind = TIDE_ELEM_IDLE });
    assert_next(t->gate, TIDE_ELEM_WATERMARK, 10);
    push(&t->b, 1);
    assert_next(t->gate, TIDE_ELEM_BATCH, 0);
    watermark(&t->a, 30);
    assert_nothing(t->gate); /* b is back, with no watermark of its own yet. */
    watermark(&t->b, 4);
    assert_nothing(t->gate); /* Lower than what was told: never back. */
    watermark(&t->b, 25);
    assert_next(t->gate, TIDE_ELEM_WATERMARK, 25);
    tide_channel_control(&t->a, pool, &(tide_elem){ .kind = TIDE_ELEM_IDLE });
    tide_channel_control(&t->b, pool, &(tide_elem){ .kind = TIDE_ELEM_IDLE });
    assert_next(t->gate, TIDE_ELEM_IDLE, 0);
    assert_nothing(t->gate);
    two_free(t);
}

/* A stopped input leaves windows open: no final watermark. */
static void a_stopped_input_ends_without_a_final_watermark(void **state)
{
    (void)state;
    two *t = two_new();
    end(&t->a, true);
    end(&t->b, false);
    assert_next(t->gate, TIDE_ELEM_END, false);
    assert_nothing(t->gate);
    two_free(t);
}

static void partitions_hold_back_until_begun_idle_or_ended(void **state)
{
    (void)state;
    tide_event_time *t = tide_event_time_new(3, 1000);
    tide_event_time_rows(t, 0, 50);
    tide_event_time_rows(t, 1, 40);
    assert_int_equal(tide_event_time_look(t, 0), TIDE_EVENT_TIME_SAME); /* 2 has not begun. */
    tide_event_time_ended(t, 2);
    assert_int_equal(tide_event_time_look(t, 0), TIDE_EVENT_TIME_RAISED);
    assert_int_equal(tide_event_time_watermark(t), 40);
    tide_event_time_at_end(t, 1, 100);
    assert_int_equal(tide_event_time_deadline_us(t), 1100);
    assert_int_equal(tide_event_time_look(t, 1099), TIDE_EVENT_TIME_SAME);
    assert_int_equal(tide_event_time_look(t, 1100), TIDE_EVENT_TIME_RAISED);
    assert_int_equal(tide_event_time_watermark(t), 50);
    tide_event_time_at_end(t, 0, 1100);
    assert_int_equal(tide_event_time_look(t, 2100), TIDE_EVENT_TIME_IDLE);
    assert_int_equal(tide_event_time_look(t, 2200), TIDE_EVENT_TIME_SAME);
    tide_event_time_rows(t, 1, 45); /* Back, behind the others: the watermark stays. */
    assert_int_equal(tide_event_time_look(t, 2200), TIDE_EVENT_TIME_SAME);
    assert_int_equal(tide_event_time_watermark(t), 50);
    tide_event_time_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(control_never_blocks_and_never_overtakes, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(a_gate_holds_the_lowest_watermark, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(an_idle_input_is_not_waited_for_and_comes_back,
                                        numbered_setup, numbered_teardown),
        cmocka_unit_test_setup_teardown(a_stopped_input_ends_without_a_final_watermark,
                                        numbered_setup, numbered_teardown),
        cmocka_unit_test(partitions_hold_back_until_begun_idle_or_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
