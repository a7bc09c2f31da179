/* decision_log_test.c - who may append to a decision log, and what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "checkpoint/core/decision_log.h"
#include "tests/support/memstore.h"

static const tide_log_submitted job_j = { .job = "j", .at_us = 5, .spec = { .name = "clicks" } };

static int setup(void **state)
{
    *state = memstore_new();
    return 0;
}

static int teardown(void **state)
{
    memstore *store = *state;
    memstore_free(&store);
    return 0;
}

/* Carries out one operation and gives the outcome back. */
static void carry_out(memstore *store, tide_decision_log *log, tide_decision_log_acts *acts)
{
    tide_bytes bytes = { 0 };
    tide_arena *arena = tide_arena_new();
    tide_storage_listing listing = { 0 };
    tide_store_done done = { .id = acts->op.id, .listing = &listing };
    done.status = tide_storage_do(memstore_storage(store), &acts->op, &bytes, arena, &listing);
    done.bytes = (const uint8_t *)bytes.p;
    done.n = bytes.n;
    tide_decision_log_done(log, &done, 0, acts);
    tide_bytes_fini(&bytes);
    tide_arena_free(&arena);
}

/* Until there is news, letting time pass whenever the log waits. */
static void run(memstore *store, tide_decision_log *log, tide_decision_log_acts *acts)
{
    for (;;) {
        if (acts->has_op)
            carry_out(store, log, acts);
        else if (tide_decision_log_deadline_ns(log) < INT64_MAX)
            tide_decision_log_tick(log, tide_decision_log_deadline_ns(log), acts);
        else
            return;
    }
}

static tide_decision_log *create(memstore *store, uint64_t term, const char *owner,
                                 tide_decision_log_acts *acts)
{
    tide_decision_log *log = tide_decision_log_new("j", term, owner);
    tide_decision_log_create(log, &job_j, acts);
    run(store, log, acts);
    return log;
}

static tide_decision_log *claim(memstore *store, uint64_t term, const char *owner,
                                tide_decision_log_acts *acts)
{
    tide_decision_log *log = tide_decision_log_new("j", term, owner);
    tide_decision_log_claim(log, acts);
    run(store, log, acts);
    return log;
}

static void append(memstore *store, tide_decision_log *log, uint64_t term, uint64_t attempt,
                   tide_decision_log_acts *acts)
{
    tide_decision_log_append(log, TIDE_MSG_LOG_ATTEMPT,
                             &(tide_log_attempt){ .term = term, .attempt = attempt }, acts);
    run(store, log, acts);
}

static void append_end(memstore *store, tide_decision_log *log, uint64_t term,
                       tide_decision_log_acts *acts)
{
    tide_decision_log_append(log, TIDE_MSG_LOG_END,
                             &(tide_log_end){ .term = term, .state = "finished" }, acts);
    run(store, log, acts);
}

/* "SUBMITTED TERM/1 ATTEMPT/1 ..." : kinds and terms of what the log knows. */
static void assert_log(const tide_decision_log *log, const char *expected)
{
    tide_bytes text = { 0 };
    for (uint64_t i = 0; i < tide_decision_log_n_entries(log); i++) {
        const tide_msg *entry = tide_decision_log_entry(log, i);
        tide_bytes_printf(&text, "%s%s", i ? " " : "", tide_msg_name(entry->kind) + 4);
        if (entry->kind == TIDE_MSG_LOG_TERM)
            tide_bytes_printf(&text, "/%d", (int)((const tide_log_term *)entry->body)->term);
        if (entry->kind == TIDE_MSG_LOG_ATTEMPT)
            tide_bytes_printf(&text, "#%d", (int)((const tide_log_attempt *)entry->body)->attempt);
    }
    assert_string_equal(tide_bytes_text(&text), expected);
    tide_bytes_fini(&text);
}

/* Puts an entry that no writer put. */
static void forge(memstore *store, const char *key, tide_msg_kind kind, const void *body)
{
    tide_bytes bytes = { 0 };
    tide_msg_encode_stored(kind, body, &bytes);
    tide_storage *s = memstore_storage(store);
    assert_int_equal(s->vt->put(s, key, bytes.p, bytes.n), TIDE_OK);
    tide_bytes_fini(&bytes);
}

/* ---- owning ---- */

static void a_new_job_is_submitted_then_owned(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = create(*state, 1, "m", &acts);
    assert_true(acts.claimed);
    assert_int_equal(tide_decision_log_state(log), TIDE_LOG_OWNED);
    assert_log(log, "SUBMITTED TERM/1");
    const tide_log_submitted *submitted = tide_decision_log_entry(log, 0)->body;
    assert_string_equal(submitted->spec.name, "clicks");
    append(*state, log, 1, 1, &acts);
    assert_true(acts.appended);
    assert_int_equal(acts.seq, 2);
    assert_log(log, "SUBMITTED TERM/1 ATTEMPT#1");
    assert_non_null(memstore_look(*state, "jobs/j/log/2"));
    tide_decision_log_free(&log);
}

static void an_id_that_is_taken_is_told(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = create(*state, 1, "m", &acts), *twin = create(*state, 2, "n", &acts);
    assert_true(acts.broken);
    assert_int_equal(tide_decision_log_error(twin)->code, TIDE_E_EXISTS);
    tide_decision_log_free(&log);
    tide_decision_log_free(&twin);
}

static void a_new_owner_learns_what_was_decided_and_the_old_one_loses(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *old = create(*state, 1, "m", &acts);
    append(*state, old, 1, 1, &acts);
    tide_decision_log *new = claim(*state, 2, "n", &acts);
    assert_true(acts.claimed);
    assert_log(new, "SUBMITTED TERM/1 ATTEMPT#1 TERM/2");
    append(*state, old, 1, 2, &acts);
    assert_true(acts.lost);
    assert_false(acts.appended);
    assert_int_equal(tide_decision_log_state(old), TIDE_LOG_LOST);
    append(*state, new, 2, 2, &acts);
    assert_int_equal(acts.seq, 4);
    assert_log(new, "SUBMITTED TERM/1 ATTEMPT#1 TERM/2 ATTEMPT#2");
    tide_decision_log_free(&old);
    tide_decision_log_free(&new);
}

static void an_older_term_cannot_claim(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *newer = create(*state, 5, "m", &acts), *older = claim(*state, 4, "n", &acts);
    assert_true(acts.lost);
    /* Nor can somebody else with the same term. */
    tide_decision_log *twin = claim(*state, 5, "other", &acts);
    assert_true(acts.lost);
    /* Its owner may take it up again. */
    tide_decision_log *again = claim(*state, 5, "m", &acts);
    assert_true(acts.claimed);
    tide_decision_log_free(&newer);
    tide_decision_log_free(&older);
    tide_decision_log_free(&twin);
    tide_decision_log_free(&again);
}

/* The old owner appends between the new one's reading and its LOG_TERM. */
static void an_entry_that_came_first_is_read_and_gone_behind(void **state)
{
    tide_decision_log_acts acts, other;
    tide_decision_log *old = create(*state, 1, "m", &acts);
    tide_decision_log *new = tide_decision_log_new("j", 2, "n");
    tide_decision_log_claim(new, &acts);
    while (acts.op.kind != TIDE_STORE_PUT_IF_ABSENT) carry_out(*state, new, &acts);
    append(*state, old, 1, 1, &other);
    assert_true(other.appended);
    run(*state, new, &acts);
    assert_true(acts.claimed);
    assert_log(new, "SUBMITTED TERM/1 ATTEMPT#1 TERM/2");
    tide_decision_log_free(&old);
    tide_decision_log_free(&new);
}

static void behind_the_end_nothing_is_appended(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = create(*state, 1, "m", &acts);
    assert_false(tide_decision_log_is_ended(log));
    append_end(*state, log, 1, &acts);
    assert_true(acts.appended && tide_decision_log_is_ended(log));
    tide_decision_log *later = claim(*state, 2, "n", &acts);
    assert_true(acts.claimed && tide_decision_log_is_ended(later));
    assert_log(later, "SUBMITTED TERM/1 END");
    assert_null(memstore_look(*state, "jobs/j/log/3"));
    tide_decision_log_free(&log);
    tide_decision_log_free(&later);
}

/* ---- failures ---- */

static void every_kind_of_failure_is_got_over(void **state)
{
    static const memstore_fault faults[] = { MEMSTORE_FAILS, MEMSTORE_ANSWER_LOST, MEMSTORE_LATE };
    (void)state;
    for (size_t f = 0; f < 3; f++) {
        for (uint32_t at = 0; at < 9; at++) { /* Which operation it befalls. */
            memstore *store = memstore_new();
            tide_decision_log *log = tide_decision_log_new("j", 1, "m");
            tide_decision_log_acts acts;
            tide_decision_log_create(log, &job_j, &acts);
            for (uint32_t i = 0; acts.has_op; i++) {
                if (i == at) memstore_fault_next(store, faults[f]);
                carry_out(store, log, &acts);
                if (acts.claimed) append(store, log, 1, 1, &acts);
                if (i == at && !acts.has_op && tide_decision_log_deadline_ns(log) < INT64_MAX)
                    tide_decision_log_tick(log, tide_decision_log_deadline_ns(log), &acts);
            }
            memstore_land(store);
            assert_log(log, "SUBMITTED TERM/1 ATTEMPT#1");
            assert_null(memstore_look(store, "jobs/j/log/3"));
            tide_decision_log_free(&log);
            memstore_free(&store);
        }
    }
}

/* The first try lands behind the second, which had to be made. */
static void a_try_that_lands_late_changes_nothing(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = create(*state, 1, "m", &acts);
    memstore_fault_next(*state, MEMSTORE_LATE);
    append(*state, log, 1, 1, &acts);
    assert_true(acts.appended);
    assert_string_equal(memstore_land(*state), "jobs/j/log/2");
    append(*state, log, 1, 2, &acts);
    assert_log(log, "SUBMITTED TERM/1 ATTEMPT#1 ATTEMPT#2");
    tide_decision_log_free(&log);
}

static void pauses_grow_up_to_a_limit(void **state)
{
    static const int64_t pauses_ms[] = { 50, 100, 200, 400, 800, 1600, 2000, 2000 };
    tide_decision_log *log = tide_decision_log_new("j", 1, "m");
    tide_decision_log_acts acts;
    (void)state;
    tide_decision_log_create(log, &job_j, &acts);
    int64_t now_ns = 1000;
    for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
        assert_true(acts.has_op);
        assert_true(tide_decision_log_deadline_ns(log) == INT64_MAX);
        tide_store_done done = { .id = acts.op.id, .status = TIDE_E_UNREACHABLE };
        tide_decision_log_done(log, &done, now_ns, &acts);
        assert_false(acts.has_op);
        assert_int_equal(tide_decision_log_deadline_ns(log), now_ns + pauses_ms[i] * 1000000);
        tide_decision_log_tick(log, now_ns + pauses_ms[i] * 1000000 - 1, &acts);
        assert_false(acts.has_op);
        now_ns += pauses_ms[i] * 1000000;
        tide_decision_log_tick(log, now_ns, &acts);
    }
    tide_decision_log_free(&log);
}

/* ---- damage ---- */

static void assert_broken(memstore *store, tide_status code, const char *text)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = claim(store, 9, "z", &acts);
    assert_true(acts.broken);
    assert_int_equal(tide_decision_log_state(log), TIDE_LOG_BROKEN);
    assert_int_equal(tide_decision_log_error(log)->code, code);
    if (!strstr(tide_decision_log_error(log)->text, text))
        fail_msg("\"%s\" without \"%s\"", tide_decision_log_error(log)->text, text);
    tide_decision_log_free(&log);
}

static void a_log_that_is_not_there_is_told(void **state)
{
    assert_broken(*state, TIDE_E_NOT_FOUND, "there is no log jobs/j/log/");
}

static void damage_is_named_and_nothing_is_decided(void **state)
{
    tide_decision_log_acts acts;
    tide_storage *s = memstore_storage(*state);
    tide_decision_log *log = create(*state, 3, "m", &acts);
    append(*state, log, 3, 1, &acts);
    tide_decision_log_free(&log);

    forge(*state, "jobs/j/log/3", TIDE_MSG_LOG_ATTEMPT, &(tide_log_attempt){ .term = 2 });
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/3: a LOG_ATTEMPT of term 2 in term 3");
    forge(*state, "jobs/j/log/3", TIDE_MSG_LOG_ATTEMPT, &(tide_log_attempt){ .term = 4 });
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/3: a LOG_ATTEMPT of term 4 in term 3");
    forge(*state, "jobs/j/log/3", TIDE_MSG_LOG_TERM, &(tide_log_term){ .term = 2 });
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/3: a LOG_TERM of term 2 in term 3");
    forge(*state, "jobs/j/log/3", TIDE_MSG_LOG_SUBMITTED, &job_j);
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/3: a LOG_SUBMITTED has no place here");
    forge(*state, "jobs/j/log/3", TIDE_MSG_REPORT_ACK, &(tide_report_ack){ .term = 3 });
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/3: a REPORT_ACK has no place here");
    forge(*state, "jobs/j/log/3", TIDE_MSG_LOG_END, &(tide_log_end){ .term = 3 });
    forge(*state, "jobs/j/log/4", TIDE_MSG_LOG_ATTEMPT, &(tide_log_attempt){ .term = 3 });
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/4: a LOG_ATTEMPT behind LOG_END");
    assert_int_equal(s->vt->put(s, "jobs/j/log/1", "???????????????", 15), TIDE_OK);
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/1: the checksum of 15 stored bytes");
    assert_int_equal(s->vt->remove(s, "jobs/j/log/1"), TIDE_OK);
    assert_broken(*state, TIDE_E_CORRUPT, "jobs/j/log/1 is missing, of 5 entries");
    assert_null(memstore_look(*state, "jobs/j/log/5"));
}

static void a_failure_that_will_not_pass_breaks_the_log(void **state)
{
    tide_decision_log_acts acts;
    tide_decision_log *log = tide_decision_log_new("no key", 1, "m");
    tide_decision_log_create(log, &job_j, &acts);
    run(*state, log, &acts);
    assert_true(acts.broken);
    assert_int_equal(tide_decision_log_error(log)->code, TIDE_E_INVALID);
    tide_decision_log_free(&log);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_new_job_is_submitted_then_owned),
        TEST(an_id_that_is_taken_is_told),
        TEST(a_new_owner_learns_what_was_decided_and_the_old_one_loses),
        TEST(an_older_term_cannot_claim),
        TEST(an_entry_that_came_first_is_read_and_gone_behind),
        TEST(behind_the_end_nothing_is_appended),
        TEST(every_kind_of_failure_is_got_over),
        TEST(a_try_that_lands_late_changes_nothing),
        TEST(pauses_grow_up_to_a_limit),
        TEST(a_log_that_is_not_there_is_told),
        TEST(damage_is_named_and_nothing_is_decided),
        TEST(a_failure_that_will_not_pass_breaks_the_log),
    };
#undef TEST
    return cmocka_run_group_tests(tests, NULL, NULL);
}
