/* task_test.c - tasks as step functions: suspension, order, stopping, and a diamond that must not
 * lock up.
 *
 * Operators of the test's own, one thread, tasks stepped in an order drawn from a seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "base/core/random.h"
#include "tests/unit/worker/numbered.h"
#include "worker/core/task.h"

/* ---- a feed of the numbers 0 .. n-1, a watermark after each ---- */
typedef struct counting_feed {
    tide_feed feed;
    int64_t next, n;
    bool watermark_due, final_sent, end_sent, stopped;
} counting_feed;

static tide_feed_result counting_next(tide_feed *feed, tide_elem *out, int64_t *next_ns)
{
    (void)next_ns;
    counting_feed *f = (counting_feed *)feed;
    if (f->watermark_due) {
        f->watermark_due = false;
        *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = f->next - 1 };
    } else if (f->next < f->n && !f->stopped) {
        *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = numbered(f->next++) };
        f->watermark_due = true;
    } else if (!f->stopped && !f->final_sent) {
        f->final_sent = true;
        *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = INT64_MAX };
    } else if (!f->end_sent) {
        f->end_sent = true;
        *out = (tide_elem){ .kind = TIDE_ELEM_END, .drained = !f->stopped };
    } else {
        return TIDE_FEED_END;
    }
    return TIDE_FEED_ELEM;
}

static void counting_stop(tide_feed *feed)
{
    ((counting_feed *)feed)->stopped = true;
}

static void counting_free(tide_feed **feed_p)
{
    tide_free(*feed_p);
    *feed_p = NULL;
}

static tide_feed *counting_new(int64_t n)
{
    counting_feed *f = tide_calloc(1, sizeof *f);
    f->feed = (tide_feed){ counting_next, counting_stop, counting_free };
    f->n = n;
    return &f->feed;
}

/* ---- operators ---- */
/* Emits every batch `factor` times (node->sort.limit), keeping its place when there is no room. */
typedef struct amplify {
    int64_t factor, done;
} amplify;

static tide_status amplify_open(void *self, const tide_node *node, tide_op_env *env)
{
    (void)env;
    ((amplify *)self)->factor = node->sort.limit;
    return TIDE_OK;
}

static tide_op_result amplify_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                       tide_outbox *out)
{
    (void)port;
    amplify *self = self_v;
    for (; self->done < self->factor; self->done++) {
        if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
        tide_batch *b = tide_batch_ref(*in_p);
        tide_outbox_push(out, &b);
    }
    self->done = 0;
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static const tide_op_vt amplify_vt = {
    .name = "amplify", .size = sizeof(amplify), .open = amplify_open, .on_batch = amplify_on_batch
};

/* Holds batches back until it is told to hand them on. */
typedef struct hold {
    tide_batch *held;
} hold;

static tide_status hold_open(void *self, const tide_node *node, tide_op_env *env)
{
    (void)self;
    (void)node;
    (void)env;
    return TIDE_OK;
}

static tide_op_result hold_on_flush(void *self_v, tide_outbox *out)
{
    hold *self = self_v;
    if (self->held == NULL) return TIDE_OP_DONE;
    if (!tide_outbox_has_room(out)) return TIDE_OP_AGAIN;
    tide_outbox_push(out, &self->held);
    return TIDE_OP_DONE;
}

static tide_op_result hold_on_batch(void *self_v, uint32_t port, tide_batch **in_p,
                                    tide_outbox *out)
{
    (void)port;
    hold *self = self_v;
    if (hold_on_flush(self, out) != TIDE_OP_DONE) return TIDE_OP_AGAIN;
    self->held = *in_p;
    *in_p = NULL;
    return TIDE_OP_DONE;
}

static void hold_close(void *self)
{
    tide_batch_unref(&((hold *)self)->held);
}

static const tide_op_vt hold_vt = { .name = "hold",
                                    .size = sizeof(hold),
                                    .open = hold_open,
                                    .on_batch = hold_on_batch,
                                    .on_flush = hold_on_flush,
                                    .close = hold_close };

/* Counts what it sees, and checks that no row is older than a watermark before it. */
typedef struct seen {
    uint64_t batches[2];
    int64_t sum, watermark;
    bool final_watermark, ended, late;
    int fail_at; /* Fails at this batch; 0 never. */
} seen;
static seen *seen_target;

static tide_status see_open(void *self, const tide_node *node, tide_op_env *env)
{
    (void)node;
    (void)env;
    *(seen **)self = seen_target;
    seen_target->watermark = INT64_MIN;
    return TIDE_OK;
}

static tide_op_result see_on_batch(void *self_v, uint32_t port, tide_batch **in_p, tide_outbox *out)
{
    (void)out;
    seen *self = *(seen **)self_v;
    self->batches[port]++;
    self->sum += number_of(*in_p);
    if (number_of(*in_p) < self->watermark) self->late = true;
    if (self->fail_at && self->batches[0] == (uint64_t)self->fail_at) {
        (void)tide_fail(TIDE_E_DATA, "planted");
        return TIDE_OP_FAILED;
    }
    tide_batch_unref(in_p);
    return TIDE_OP_DONE;
}

static tide_op_result see_on_watermark(void *self_v, int64_t watermark_us, tide_outbox *out)
{
    (void)out;
    seen *self = *(seen **)self_v;
    assert_true(watermark_us >= self->watermark);
    self->watermark = watermark_us;
    self->final_watermark = watermark_us == INT64_MAX;
    return TIDE_OP_DONE;
}

static tide_op_result see_on_end(void *self_v, tide_outbox *out)
{
    (void)out;
    (*(seen **)self_v)->ended = true;
    return TIDE_OP_DONE;
}

static const tide_op_vt see_vt = { .name = "see",
                                   .size = sizeof(seen *),
                                   .open = see_open,
                                   .on_batch = see_on_batch,
                                   .on_watermark = see_on_watermark,
                                   .on_end = see_on_end };

static const tide_node scan_node = { .kind = TIDE_NODE_SCAN };
static const tide_node sink_node = { .kind = TIDE_NODE_SINK };
static const tide_node passing_node = { .kind = TIDE_NODE_FILTER };

static uint32_t add(tide_task *t, int32_t parent, const tide_op_vt *vt, const tide_node *node)
{
    uint32_t index;
    assert_int_equal(tide_task_add_stage(t, parent, 0, 0, vt, node, &(tide_op_env){ .pool = pool },
                                         &index),
                     TIDE_OK);
    return index;
}

static tide_task *new_task(const char *name)
{
    return tide_task_new(&(tide_task_config){ .name = name, .pool = pool });
}

static void add_outlet(tide_task *t, uint32_t stage, tide_channel *to)
{
    tide_outlet *o;
    assert_int_equal(tide_outlet_new(&(tide_outlet_config){ .partitioner = TIDE_PARTITION_FORWARD,
                                                            .n_targets = 1,
                                                            .targets = &to,
                                                            .pool = pool },
                                     &o),
                     TIDE_OK);
    tide_task_add_outlet(t, stage, 0, &o);
}

static void add_gate(tide_task *t, tide_channel *a, tide_channel *b)
{
    tide_gate *g = tide_gate_new();
    tide_gate_add(g, a, 0);
    if (b) tide_gate_add(g, b, 1);
    tide_task_set_gate(t, &g);
}

/* ---- tests ---- */
static void a_chain_runs_to_its_end(void **state)
{
    (void)state;
    seen s = { 0 };
    seen_target = &s;
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(100);
    tide_task_set_feed(t, &f);
    tide_node times70 = { .kind = TIDE_NODE_SORT, .sort = { .limit = 70 } };
    add(t, -1, NULL, &scan_node);
    add(t, 0, &amplify_vt, &times70);
    add(t, 1, &see_vt, &sink_node);
    while (tide_task_state_of(t) == TIDE_TASK_RUNNING)
        assert_true(tide_task_step(t, 0, 0) > 0 || tide_task_state_of(t) != TIDE_TASK_RUNNING);
    assert_int_equal(tide_task_state_of(t), TIDE_TASK_FINISHED);
    assert_int_equal(s.batches[0], 7000);
    assert_int_equal(s.sum, 70 * 99 * 100 / 2);
    assert_true(s.ended && s.final_watermark && !s.late);
    tide_task_free(&t);
}

/* A stop ends the input at once; the window operator (any but a sink) is not asked for its rest. */
static void a_stopped_chain_flushes_sinks_only(void **state)
{
    (void)state;
    seen inner = { 0 }, sink = { 0 };
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(INT64_MAX);
    tide_task_set_feed(t, &f);
    add(t, -1, NULL, &scan_node);
    seen_target = &inner;
    uint32_t split = add(t, 0, &see_vt, &passing_node);
    seen_target = &sink;
    add(t, 0, &see_vt, &sink_node);
    (void)split;
    for (int i = 0; i < 10; i++) tide_task_step(t, 0, 0);
    tide_task_stop(t);
    for (int i = 0; i < 10; i++) tide_task_step(t, 0, 0);
    assert_int_equal(tide_task_state_of(t), TIDE_TASK_FINISHED);
    assert_false(inner.ended);
    assert_true(sink.ended && !sink.final_watermark);
    assert_int_equal(inner.batches[0], sink.batches[0]);
    tide_task_free(&t);
}

static void a_failing_operator_fails_its_task_with_its_reason(void **state)
{
    (void)state;
    seen s = { .fail_at = 5 };
    seen_target = &s;
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(100);
    tide_task_set_feed(t, &f);
    add(t, -1, NULL, &scan_node);
    add(t, 0, &see_vt, &sink_node);
    for (int i = 0; i < 100; i++) tide_task_step(t, 0, 0);
    assert_int_equal(tide_task_state_of(t), TIDE_TASK_FAILED);
    assert_int_equal(tide_task_error(t)->code, TIDE_E_DATA);
    assert_string_equal(tide_task_error(t)->text, "see, subtask 0: planted");
    tide_task_free(&t);
}

/* A suspended operator that sent one batch more says so, or its slot would take it for idle. */
static void emitting_while_suspended_is_work(void **state)
{
    (void)state;
    tide_channel out;
    tide_channel_init(&out, NULL, NULL);
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(1);
    tide_task_set_feed(t, &f);
    tide_node times70 = { .kind = TIDE_NODE_SORT, .sort = { .limit = 70 } };
    add(t, -1, NULL, &scan_node);
    add_outlet(t, add(t, 0, &amplify_vt, &times70), &out);
    while (tide_task_step(t, 0, 0) > 0) {}
    assert_false(tide_channel_has_room(&out));
    tide_elem e;
    assert_true(tide_channel_pop(&out, &e));
    tide_batch_unref(&e.batch);
    assert_true(tide_task_step(t, 0, 0) > 0);
    tide_task_free(&t);
    tide_channel_fini(&out);
}

#define STEP_BATCHES_MAX 64u
#define MS INT64_C(1000000)

/* A window that fires a million rows must not keep its slot from stopping, or from other tasks. */
static void a_long_result_comes_in_many_steps(void **state)
{
    (void)state;
    seen s = { 0 };
    seen_target = &s;
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(1);
    tide_task_set_feed(t, &f);
    tide_node times10000 = { .kind = TIDE_NODE_SORT, .sort = { .limit = 10000 } };
    add(t, -1, NULL, &scan_node);
    add(t, 0, &amplify_vt, &times10000);
    add(t, 1, &see_vt, &sink_node);
    while (tide_task_state_of(t) == TIDE_TASK_RUNNING) {
        uint64_t before = s.batches[0];
        assert_true(tide_task_step(t, 0, 0) > 0);
        assert_in_range(s.batches[0] - before, 0, STEP_BATCHES_MAX);
        tide_task_step_took(t, 0);
    }
    assert_int_equal(s.batches[0], 10000);
    tide_task_free(&t);
}

static uint64_t batches_of_a_step(tide_task *t, const seen *s, int64_t took_ns)
{
    uint64_t before = s->batches[0];
    assert_true(tide_task_step(t, 0, 0) > 0);
    tide_task_step_took(t, took_ns);
    return s->batches[0] - before;
}

/* Down to one batch a step, and back when what was slow is over. */
static void a_slow_operator_takes_less_in_a_step(void **state)
{
    (void)state;
    seen s = { 0 };
    seen_target = &s;
    tide_task *t = new_task("chain");
    tide_feed *f = counting_new(INT64_MAX);
    tide_task_set_feed(t, &f);
    tide_node times8 = { .kind = TIDE_NODE_SORT, .sort = { .limit = 8 } };
    add(t, -1, NULL, &scan_node);
    add(t, 0, &amplify_vt, &times8);
    add(t, 1, &see_vt, &sink_node);
    assert_true(batches_of_a_step(t, &s, MS / 2) > 4);
    for (int i = 0; i < 8; i++) (void)batches_of_a_step(t, &s, 20 * MS);
    for (int i = 0; i < 8; i++) assert_in_range(batches_of_a_step(t, &s, 20 * MS), 0, 1);
    for (int i = 0; i < 8; i++) (void)batches_of_a_step(t, &s, MS / 10);
    assert_int_equal(batches_of_a_step(t, &s, MS / 10), 2 * 8); /* Four elements: 2 are batches. */
    tide_task_free(&t);
}

static tide_elem_kind pop_kind(tide_channel *channel)
{
    tide_elem e;
    if (!tide_channel_pop(channel, &e)) return TIDE_ELEM_END;
    tide_batch_unref(&e.batch);
    return e.kind;
}

/* Behind an idle channel the others' watermarks go on: what is held must be before it. The slot's
 * idling brings held rows out as well, and so does the end, even that of a stopped job. */
static void held_rows_go_before_idleness_and_end(void **state)
{
    (void)state;
    tide_channel in, out;
    tide_channel_init(&in, NULL, NULL);
    tide_channel_init(&out, NULL, NULL);
    tide_task *t = new_task("chain");
    add_gate(t, &in, NULL);
    add_outlet(t, add(t, -1, &hold_vt, &passing_node), &out);

    tide_batch *batch = numbered(1);
    tide_channel_push(&in, &batch);
    while (tide_task_step(t, 0, 0) > 0) {}
    assert_int_equal(pop_kind(&out), TIDE_ELEM_END); /* Nothing there. */
    tide_channel_control(&in, pool, &(tide_elem){ .kind = TIDE_ELEM_IDLE });
    while (tide_task_step(t, 0, 0) > 0) {}
    assert_int_equal(pop_kind(&out), TIDE_ELEM_BATCH);
    assert_int_equal(pop_kind(&out), TIDE_ELEM_IDLE);

    batch = numbered(2);
    tide_channel_push(&in, &batch);
    while (tide_task_step(t, 0, 0) > 0) {}
    assert_true(tide_task_on_idle(t, 0));
    assert_false(tide_task_on_idle(t, 0));
    assert_int_equal(pop_kind(&out), TIDE_ELEM_BATCH);

    batch = numbered(3);
    tide_channel_push(&in, &batch);
    tide_channel_control(&in, pool, &(tide_elem){ .kind = TIDE_ELEM_END });
    while (tide_task_step(t, 0, 0) > 0) {}
    assert_int_equal(pop_kind(&out), TIDE_ELEM_BATCH);
    assert_int_equal(tide_task_state_of(t), TIDE_TASK_FINISHED);
    tide_task_free(&t);
    tide_channel_fini(&in);
    tide_channel_fini(&out);
}

/* One producer, a branch that makes thirty batches of each and one that makes one, and an operator
 * that takes both: whatever the order of steps, it ends, with every row there and none overtaken by
 * time. */
static void a_diamond_never_locks_up(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        tide_random random;
        tide_random_init(&random, seed, 0);
        tide_channel ab, ac, bd, cd;
        tide_channel *all[] = { &ab, &ac, &bd, &cd };
        for (int i = 0; i < 4; i++) tide_channel_init(all[i], NULL, NULL);
        seen s = { 0 };
        seen_target = &s;
        tide_node wide = { .kind = TIDE_NODE_SORT, .sort = { .limit = 30 } };
        tide_node narrow = { .kind = TIDE_NODE_SORT, .sort = { .limit = 1 } };
        tide_task *t[] = { new_task("a"), new_task("b"), new_task("c"), new_task("d") };
        tide_feed *f = counting_new(200);
        tide_task_set_feed(t[0], &f);
        add(t[0], -1, NULL, &scan_node);
        add_outlet(t[0], 0, &ab);
        add_outlet(t[0], 0, &ac);
        add_gate(t[1], &ab, NULL);
        add(t[1], -1, &amplify_vt, &wide);
        add_outlet(t[1], 0, &bd);
        add_gate(t[2], &ac, NULL);
        add(t[2], -1, &amplify_vt, &narrow);
        add_outlet(t[2], 0, &cd);
        add_gate(t[3], &bd, &cd);
        add(t[3], -1, &see_vt, &sink_node);
        int idle = 0;
        while (tide_task_state_of(t[3]) != TIDE_TASK_FINISHED) {
            uint32_t work = tide_task_step(t[tide_random_below(&random, 4)], 0, 0);
            idle = work ? 0 : idle + 1;
            assert_true(idle < 1000); /* Nobody can move: a deadlock. */
        }
        assert_int_equal(s.batches[0], 30 * 200);
        assert_int_equal(s.batches[1], 200);
        assert_true(s.ended && s.final_watermark && !s.late);
        for (int i = 0; i < 4; i++) tide_task_free(&t[i]);
        for (int i = 0; i < 4; i++) tide_channel_fini(all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chain_runs_to_its_end, numbered_setup, numbered_teardown),
        cmocka_unit_test_setup_teardown(a_stopped_chain_flushes_sinks_only, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(a_failing_operator_fails_its_task_with_its_reason,
                                        numbered_setup, numbered_teardown),
        cmocka_unit_test_setup_teardown(a_long_result_comes_in_many_steps, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(a_slow_operator_takes_less_in_a_step, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(emitting_while_suspended_is_work, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(held_rows_go_before_idleness_and_end, numbered_setup,
                                        numbered_teardown),
        cmocka_unit_test_setup_teardown(a_diamond_never_locks_up, numbered_setup,
                                        numbered_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
