/* The simulated world by itself: order of events, lanes, pauses, connections, storage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/net.h"
#include "tests/sim/sim.h"
#include "tests/sim/store.h"

/* A process that writes down what reaches it. */
typedef struct diary {
    tide_bytes text;
    int64_t cost_ns; /* Of every frame. */
} diary;

static void on_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n)
{
    diary *self = process->self;
    (void)lane, (void)peer;
    tide_bytes_printf(&self->text, "%.*s ", (int)n, (const char *)bytes);
    sim_charge(process, 0, self->cost_ns);
}

static void on_closed(sim_process *process, uint64_t peer)
{
    diary *self = process->self;
    tide_bytes_printf(&self->text, "closed:%u ", sim_net_process_of(peer));
}

static void on_stored(sim_process *process, uint32_t tag, const tide_store_done *done)
{
    diary *self = process->self;
    tide_bytes_printf(&self->text, "%u=%s ", tag, tide_status_name(done->status));
}

static void on_wake(sim_process *process, uint32_t lane)
{
    diary *self = process->self;
    tide_bytes_printf(&self->text, "wake:%u ", lane);
}

static void free_diary(sim_process *process)
{
    (void)process; /* The test's. */
}

static const sim_process_vt diary_vt = { "diary", on_frame,   on_closed, on_stored,
                                         on_wake, free_diary, NULL };

typedef struct fixture {
    sim_world *world;
    diary a_diary, b_diary;
    sim_process *a, *b; /* On two hosts. */
} fixture;

static sim_trace no_trace;

static void begin(fixture *f, uint64_t seed)
{
    *f = (fixture){ .world = sim_world_new(seed, &no_trace) };
    f->a = sim_spawn(f->world, sim_host_add(f->world, "h1"), "a", &diary_vt, &f->a_diary, 1);
    f->b = sim_spawn(f->world, sim_host_add(f->world, "h2"), "b", &diary_vt, &f->b_diary, 1);
}

static void end(fixture *f)
{
    sim_world_free(&f->world);
    tide_bytes_fini(&f->a_diary.text);
    tide_bytes_fini(&f->b_diary.text);
}

static void send(sim_process *from, sim_process *to, const char *text)
{
    sim_net_send(from, to->id, 0, SIM_CONTROL, text, strlen(text));
}

static void expect(diary *d, const char *text)
{
    assert_string_equal(tide_bytes_text(&d->text), text);
    d->text.n = 0;
}

static void frames_keep_their_order_on_a_busy_lane(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 1);
    f.b_diary.cost_ns = SIM_S;
    const char *const texts[] = { "1", "2", "3", "4" };
    for (int i = 0; i < 4; i++) send(f.a, f.b, texts[i]);
    sim_run_until(f.world, 2500 * SIM_MS);
    expect(&f.b_diary, "1 2 3 ");
    sim_run_until(f.world, 5 * SIM_S);
    expect(&f.b_diary, "4 ");
    end(&f);
}

static void a_paused_process_hears_all_later_and_in_order(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 2);
    sim_wake_at(f.b, 0, sim_now_ns(f.b) + SIM_S);
    sim_pause(f.b, 5 * SIM_S);
    send(f.a, f.b, "1");
    sim_run_until(f.world, 3 * SIM_S);
    send(f.a, f.b, "2");
    sim_run_until(f.world, 4900 * SIM_MS);
    expect(&f.b_diary, "");
    sim_run_until(f.world, 6 * SIM_S);
    expect(&f.b_diary, "1 2 wake:0 ");
    end(&f);
}

static void a_wake_comes_by_the_hosts_own_clock(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 3);
    f.b->host->drift_ppm = -500; /* 10 s of its own are 10.005 s. */
    sim_wake_at(f.b, 0, sim_now_ns(f.b) + 10 * SIM_S);
    sim_run_until(f.world, 10004 * SIM_MS);
    expect(&f.b_diary, "");
    sim_run_until(f.world, 10006 * SIM_MS);
    expect(&f.b_diary, "wake:0 ");
    end(&f);
}

static void what_was_due_long_ago_wakes_now(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 11);
    sim_wake_at(f.b, 0, INT64_MIN);
    sim_run_until(f.world, SIM_MS);
    expect(&f.b_diary, "wake:0 ");
    end(&f);
}

static void a_death_is_told_behind_the_last_words(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 4);
    send(f.a, f.b, "1");
    send(f.a, f.b, "2");
    sim_kill(f.a, false);
    sim_run_until(f.world, SIM_S);
    expect(&f.b_diary, "1 2 closed:0 ");
    end(&f);
}

static void a_host_without_power_tells_nobody(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 5);
    send(f.a, f.b, "1");
    sim_run_until(f.world, SIM_S);
    expect(&f.b_diary, "1 ");
    uint64_t peer = sim_net_peer(f.b, f.a->id);
    f.a->host->down = true;
    sim_kill(f.a, true);
    assert_false(sim_net_stands(f.b, peer));
    sim_run_until(f.world, 2 * SIM_S);
    expect(&f.b_diary, "");
    f.a->host->down = false; /* Now there is somebody who knows nothing of it. */
    assert_false(sim_net_stands(f.b, peer));
    sim_run_until(f.world, 3 * SIM_S);
    expect(&f.b_diary, "closed:0 ");
    end(&f);
}

static void a_block_holds_or_loses_one_direction(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 6);
    sim_net_block(f.world->net, 0, 1, 2 * SIM_S, false);
    send(f.a, f.b, "held");
    send(f.b, f.a, "free");
    sim_run_until(f.world, SIM_S);
    expect(&f.a_diary, "free ");
    expect(&f.b_diary, "");
    sim_run_until(f.world, 3 * SIM_S);
    expect(&f.b_diary, "held ");
    sim_net_block(f.world->net, 0, 1, 5 * SIM_S, true);
    send(f.a, f.b, "lost");
    sim_run_until(f.world, 6 * SIM_S);
    expect(&f.b_diary, "");
    end(&f);
}

/* Both are told; what was under way is lost; the next connection is another peer. */
static void a_cut_is_told_to_both(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 7);
    send(f.a, f.b, "1");
    uint64_t before = sim_net_peer(f.b, f.a->id);
    sim_net_cut(f.world, f.a->id, f.b->id);
    sim_run_until(f.world, SIM_S);
    expect(&f.a_diary, "closed:1 ");
    expect(&f.b_diary, "closed:0 ");
    assert_true(before != sim_net_peer(f.b, f.a->id));
    assert_false(sim_net_stands(f.b, before));
    send(f.a, f.b, "2");
    sim_run_until(f.world, 2 * SIM_S);
    expect(&f.a_diary, "");
    expect(&f.b_diary, "2 ");
    end(&f);
}

static void store(fixture *f, tide_store_kind kind, uint32_t tag)
{
    const tide_store_op op = { .kind = kind, .key = "k", .bytes = (const uint8_t *)"v", .n = 1 };
    sim_store_do(f->a, tag, &op);
}

static void the_storage_puts_if_absent_once(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 8);
    store(&f, TIDE_STORE_GET, 1);
    sim_run_until(f.world, SIM_S);
    store(&f, TIDE_STORE_PUT_IF_ABSENT, 2);
    sim_run_until(f.world, 2 * SIM_S);
    store(&f, TIDE_STORE_PUT_IF_ABSENT, 3);
    sim_run_until(f.world, 3 * SIM_S);
    store(&f, TIDE_STORE_GET, 4);
    sim_run_until(f.world, 4 * SIM_S);
    expect(&f.a_diary, "1=E_NOT_FOUND 2=OK 3=E_EXISTS 4=OK ");
    end(&f);
}

static void a_hidden_outcome_may_have_happened(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 9);
    size_t n;
    sim_store_faults_of(f.world->store)->fails = 1;
    store(&f, TIDE_STORE_PUT, 1);
    sim_run_until(f.world, SIM_S);
    assert_null(sim_store_peek(f.world->store, "k", &n));
    sim_store_faults_of(f.world->store)->fails = 0;
    sim_store_faults_of(f.world->store)->forgets = 1;
    store(&f, TIDE_STORE_PUT, 2);
    sim_run_until(f.world, 2 * SIM_S);
    assert_non_null(sim_store_peek(f.world->store, "k", &n));
    expect(&f.a_diary, "1=E_IO 2=E_IO ");
    end(&f);
}

static void a_late_write_outlives_its_writer(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 10);
    size_t n;
    sim_store_faults_of(f.world->store)->comes_late = 1;
    store(&f, TIDE_STORE_PUT, 1);
    sim_kill(f.a, false);
    sim_run_until(f.world, 5 * SIM_S);
    assert_non_null(sim_store_peek(f.world->store, "k", &n));
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_keep_their_order_on_a_busy_lane),
        cmocka_unit_test(a_paused_process_hears_all_later_and_in_order),
        cmocka_unit_test(a_wake_comes_by_the_hosts_own_clock),
        cmocka_unit_test(what_was_due_long_ago_wakes_now),
        cmocka_unit_test(a_death_is_told_behind_the_last_words),
        cmocka_unit_test(a_host_without_power_tells_nobody),
        cmocka_unit_test(a_block_holds_or_loses_one_direction),
        cmocka_unit_test(a_cut_is_told_to_both),
        cmocka_unit_test(the_storage_puts_if_absent_once),
        cmocka_unit_test(a_hidden_outcome_may_have_happened),
        cmocka_unit_test(a_late_write_outlives_its_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
