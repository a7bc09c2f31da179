/* election_test.c - who leads when, with a clock and a storage in the test's hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "base/core/mem.h"
#include "jobapi/proto/proto.h"
#include "master/election/election.h"
#include "tests/support/memstore.h"

#define MS 1000000ll
#define TIMEOUT_NS (1500 * MS)
#define MASTERS 3

typedef struct fixture {
    memstore *store;
    tide_election *masters[MASTERS]; /* NULL: not there. */
    int64_t now_ns;
    bool is_cut_off[MASTERS]; /* Its operations fail. */
} fixture;

static tide_election *new_master(const char *id, const char *control)
{
    return tide_election_new(&(tide_election_config){ .id = id,
                                                      .control = control,
                                                      .rest = "http://x",
                                                      .timeout_ns = TIMEOUT_NS,
                                                      .random_seed = (uint64_t)id[0] });
}

static int setup(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->store = memstore_new();
    f->masters[0] = new_master("a", "tcp://a:1");
    f->masters[1] = new_master("b", "tcp://b:1");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    for (uint32_t i = 0; i < MASTERS; i++) tide_election_free(&f->masters[i]);
    memstore_free(&f->store);
    tide_free(f);
    return 0;
}

/* Carries operations out at once until none is asked for. */
static void carry_out(fixture *f, uint32_t i, tide_election_acts *acts)
{
    while (acts->has_op) {
        tide_bytes bytes = { 0 };
        tide_arena *arena = tide_arena_new();
        tide_storage_listing listing = { 0 };
        tide_store_done done = { .id = acts->op.id, .listing = &listing };
        if (f->is_cut_off[i]) memstore_fault_next(f->store, MEMSTORE_FAILS);
        done.status =
            tide_storage_do(memstore_storage(f->store), &acts->op, &bytes, arena, &listing);
        done.bytes = (const uint8_t *)bytes.p;
        done.n = bytes.n;
        tide_election_done(f->masters[i], &done, f->now_ns, acts);
        tide_bytes_fini(&bytes);
        tide_arena_free(&arena);
    }
}

/* Lets that much time pass, deadline by deadline. */
static void let_pass(fixture *f, int64_t ns)
{
    int64_t end_ns = f->now_ns + ns;
    for (;;) {
        int64_t next = INT64_MAX;
        uint32_t who = 0;
        for (uint32_t i = 0; i < MASTERS; i++) {
            int64_t at = f->masters[i] ? tide_election_deadline_ns(f->masters[i]) : INT64_MAX;
            if (at >= next) continue;
            next = at;
            who = i;
        }
        if (next > end_ns) break;
        if (next > f->now_ns) f->now_ns = next;
        tide_election_acts acts;
        tide_election_tick(f->masters[who], f->now_ns, &acts);
        carry_out(f, who, &acts);
    }
    f->now_ns = end_ns;
}

static bool leads(const fixture *f, uint32_t i)
{
    return tide_election_role_of(f->masters[i]) == TIDE_LEADING;
}

/* The first one leads, in term 1. */
static void let_first_lead(fixture *f)
{
    tide_election_acts acts;
    tide_election_tick(f->masters[0], f->now_ns, &acts);
    carry_out(f, 0, &acts);
    assert_true(leads(f, 0));
    let_pass(f, 1000 * MS);
}

/* How long until this one leads; it must within limit_ns. */
static int64_t time_until_leading(fixture *f, uint32_t i, int64_t limit_ns)
{
    int64_t begin_ns = f->now_ns;
    while (!leads(f, i) && f->now_ns < begin_ns + limit_ns) let_pass(f, MS);
    assert_true(leads(f, i));
    return f->now_ns - begin_ns;
}

static void the_first_master_leads_at_once(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    assert_int_equal(tide_election_term(f->masters[0]), 1);
    assert_false(leads(f, 1));
    assert_int_equal(tide_election_term(f->masters[1]), 1);
    assert_string_equal(tide_election_leader_control(f->masters[0]), "tcp://a:1");
    assert_string_equal(tide_election_leader_control(f->masters[1]), "tcp://a:1");
    assert_string_equal(tide_election_leader_rest(f->masters[1]), "http://x");
}

/* Restarted under its address, a master knows that the one before it is gone. */
static void a_restarted_master_leads_at_once(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    tide_election_free(&f->masters[0]);
    f->masters[0] = new_master("c", "tcp://a:1");
    assert_true(time_until_leading(f, 0, TIMEOUT_NS) <= 2 * MS);
    assert_int_equal(tide_election_term(f->masters[0]), 2);
}

/* Hosts that all call themselves 127.0.0.1: the newest takes over once, and nobody takes it back.
 */
static void one_address_for_two_does_not_go_back_and_forth(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    f->masters[2] = new_master("c", "tcp://a:1");
    let_pass(f, 100 * TIMEOUT_NS);
    assert_true(leads(f, 2) && !leads(f, 0));
    assert_int_equal(tide_election_term(f->masters[2]), 2);
}

static void who_leads_goes_on_leading(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    let_pass(f, 3600 * 1000 * MS);
    assert_true(leads(f, 0) && !leads(f, 1));
    assert_int_equal(tide_election_term(f->masters[0]), 1);
}

/* The time-out, from the last look that saw the lease change, and the spread. */
static void a_standby_takes_over_after_a_crash(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    tide_election_free(&f->masters[0]);
    int64_t took_ns = time_until_leading(f, 1, 10 * TIMEOUT_NS);
    assert_true(took_ns <= TIMEOUT_NS + TIMEOUT_NS / 6 + TIMEOUT_NS / 12 + 2 * MS);
    assert_true(took_ns >= TIMEOUT_NS * 2 / 3); /* The lease was up to a third of it old. */
    assert_int_equal(tide_election_term(f->masters[1]), 2);
}

static void of_two_standbys_one_takes_over(void **state)
{
    fixture *f = *state;
    f->masters[2] = new_master("c", "tcp://c:1");
    let_first_lead(f);
    tide_election_free(&f->masters[0]);
    let_pass(f, 2 * TIMEOUT_NS);
    assert_int_equal(leads(f, 1) + leads(f, 2), 1);
    let_pass(f, 10 * TIMEOUT_NS);
    assert_int_equal(leads(f, 1) + leads(f, 2), 1);
    assert_int_equal(tide_election_term(f->masters[1]), 2);
    assert_string_equal(tide_election_leader_control(f->masters[1]),
                        tide_election_leader_control(f->masters[2]));
}

static void resigning_hands_over_at_once(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    tide_election_acts acts;
    assert_false(tide_election_is_over(f->masters[0]));
    tide_election_resign(f->masters[0], f->now_ns, &acts);
    assert_true(acts.role_changed && !leads(f, 0));
    carry_out(f, 0, &acts);
    assert_true(tide_election_is_over(f->masters[0]));
    assert_true(tide_election_deadline_ns(f->masters[0]) == INT64_MAX);
    assert_true(time_until_leading(f, 1, TIMEOUT_NS) <= TIMEOUT_NS / 6 + 2 * MS);
    let_pass(f, 10 * TIMEOUT_NS);
    assert_false(leads(f, 0));
}

/* The renewal's answer is waited for, since a renewal that lands later would undo the giving up. */
static void resigning_waits_for_what_is_under_way(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    tide_election_acts renewing, acts;
    f->now_ns = tide_election_deadline_ns(f->masters[0]);
    tide_election_tick(f->masters[0], f->now_ns, &renewing);
    assert_true(renewing.has_op);
    tide_election_resign(f->masters[0], f->now_ns, &acts);
    assert_true(acts.role_changed && !acts.has_op);
    assert_false(tide_election_is_over(f->masters[0]));
    carry_out(f, 0, &renewing);
    assert_true(tide_election_is_over(f->masters[0]));
    assert_true(time_until_leading(f, 1, TIMEOUT_NS) <= TIMEOUT_NS / 6 + 2 * MS);
}

static void a_leader_without_storage_steps_down_before_another_leads(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    f->is_cut_off[0] = true;
    int64_t cut_off_ns = f->now_ns;
    while (leads(f, 0)) {
        assert_false(leads(f, 1));
        let_pass(f, MS);
    }
    assert_true(f->now_ns - cut_off_ns <= TIMEOUT_NS + 2 * MS);
    time_until_leading(f, 1, TIMEOUT_NS);
    f->is_cut_off[0] = false;
    let_pass(f, 10 * TIMEOUT_NS);
    assert_true(leads(f, 1) && !leads(f, 0));
    assert_string_equal(tide_election_leader_control(f->masters[0]), "tcp://b:1");
}

/* It slept longer than the time-out: it no longer leads when it wakes, whatever is asked first. */
static void a_leader_that_slept_steps_down_when_it_wakes(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    tide_election *sleeper = f->masters[0];
    f->masters[0] = NULL;
    let_pass(f, 3 * TIMEOUT_NS);
    assert_true(leads(f, 1));
    f->masters[0] = sleeper;
    assert_true(tide_election_deadline_ns(sleeper) < f->now_ns);
    tide_election_acts acts;
    tide_election_tick(sleeper, f->now_ns, &acts);
    assert_true(acts.role_changed && !leads(f, 0));
    assert_string_equal(tide_election_leader_control(sleeper), "");
    carry_out(f, 0, &acts);
    let_pass(f, TIMEOUT_NS);
    assert_string_equal(tide_election_leader_control(sleeper), "tcp://b:1");
}

static void word_of_a_higher_term_ends_the_lead(void **state)
{
    fixture *f = *state;
    tide_election_acts acts;
    let_first_lead(f);
    tide_election_saw_term(f->masters[0], 1, f->now_ns, &acts);
    assert_true(!acts.role_changed && leads(f, 0));
    tide_election_saw_term(f->masters[0], 7, f->now_ns, &acts);
    assert_true(acts.role_changed && !leads(f, 0));
    assert_int_equal(tide_election_term(f->masters[0]), 7);
    /* Nobody of that term comes up: the next one is claimed. */
    let_pass(f, 4 * TIMEOUT_NS);
    assert_true(leads(f, 0) || leads(f, 1));
}

/* A winner that dies before it wrote the lease costs one more time-out. */
static void a_term_whose_owner_is_gone_is_passed_over(void **state)
{
    fixture *f = *state;
    tide_storage *s = memstore_storage(f->store);
    let_first_lead(f);
    tide_election_free(&f->masters[0]);
    assert_int_equal(s->vt->put(s, "masters/terms/2", "?", 1), TIDE_OK);
    time_until_leading(f, 1, 3 * TIMEOUT_NS);
    assert_int_equal(tide_election_term(f->masters[1]), 3);
}

static void a_claim_whose_answer_was_lost_is_read_back(void **state)
{
    fixture *f = *state;
    tide_election_acts acts;
    tide_election_tick(f->masters[0], 0, &acts);
    while (acts.op.kind != TIDE_STORE_PUT_IF_ABSENT) {
        tide_storage_listing nothing = { 0 };
        tide_store_done done = { .id = acts.op.id, .listing = &nothing };
        done.status = acts.op.kind == TIDE_STORE_GET ? TIDE_E_NOT_FOUND : TIDE_OK;
        tide_election_done(f->masters[0], &done, 0, &acts);
    }
    memstore_fault_next(f->store, MEMSTORE_ANSWER_LOST);
    carry_out(f, 0, &acts);
    assert_true(leads(f, 0));
    assert_int_equal(tide_election_term(f->masters[0]), 1);
}

/* Without a lease the terms tell how far it went: nobody climbs there term by term. */
static void a_damaged_lease_is_overcome(void **state)
{
    fixture *f = *state;
    tide_storage *s = memstore_storage(f->store);
    assert_int_equal(s->vt->put(s, "masters/lease", "?", 1), TIDE_OK);
    assert_int_equal(s->vt->put(s, "masters/terms/41", "?", 1), TIDE_OK);
    tide_election_free(&f->masters[1]);
    int64_t took_ns = time_until_leading(f, 0, 3 * TIMEOUT_NS);
    assert_true(took_ns >= TIMEOUT_NS); /* The owner of term 41 may be about to write. */
    assert_int_equal(tide_election_term(f->masters[0]), 42);
}

static void the_lease_is_stored_as_a_message(void **state)
{
    fixture *f = *state;
    let_first_lead(f);
    const tide_bytes *bytes = memstore_look(f->store, "masters/lease");
    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    assert_int_equal(tide_msg_decode_stored((const uint8_t *)bytes->p, bytes->n, arena, &msg),
                     TIDE_OK);
    assert_int_equal(msg.kind, TIDE_MSG_MASTER_LEASE);
    const tide_master_lease *lease = msg.body;
    assert_int_equal(lease->term, 1);
    assert_int_equal(lease->counter, 3); /* At 0, 500 and 1000 ms. */
    assert_string_equal(lease->id, "a");
    assert_non_null(memstore_look(f->store, "masters/terms/1"));
    tide_arena_free(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_master_leads_at_once),
        TEST(a_restarted_master_leads_at_once),
        TEST(one_address_for_two_does_not_go_back_and_forth),
        TEST(who_leads_goes_on_leading),
        TEST(a_standby_takes_over_after_a_crash),
        TEST(of_two_standbys_one_takes_over),
        TEST(resigning_hands_over_at_once),
        TEST(resigning_waits_for_what_is_under_way),
        TEST(a_leader_without_storage_steps_down_before_another_leads),
        TEST(a_leader_that_slept_steps_down_when_it_wakes),
        TEST(word_of_a_higher_term_ends_the_lead),
        TEST(a_term_whose_owner_is_gone_is_passed_over),
        TEST(a_claim_whose_answer_was_lost_is_read_back),
        TEST(a_damaged_lease_is_overcome),
        TEST(the_lease_is_stored_as_a_message),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
