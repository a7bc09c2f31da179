/* slots_test.c - who gets slots, in which order, and what those who wait are told. */
#include "scheduler/core/slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000000)

static void add(tide_slots *slots, const char *agent, uint32_t n)
{
    tide_slot_place places[16];
    for (uint32_t i = 0; i < n; i++) places[i] = (tide_slot_place){ i, -1, -1, -1 };
    assert_int_equal(tide_slots_add_agent(slots, agent, agent, places, n), TIDE_OK);
}

static void ask(tide_slots *slots, const char *owner, uint32_t n, int64_t now_ns)
{
    assert_int_equal(tide_slots_ask(slots, owner, n, TIDE_PLACE_PACK, now_ns), TIDE_OK);
}

/* The ids of everybody who is served now, with a space behind each. */
static const char *served(tide_slots *slots, int64_t now_ns)
{
    static char ids[256];
    size_t length = 0;
    ids[0] = 0;
    const tide_granted_slot *granted;
    uint32_t n;
    for (const char *id; (id = tide_slots_next_grant(slots, now_ns, &granted, &n));) {
        for (uint32_t i = 0; i < n; i++)
            assert_string_equal(tide_slots_owner(slots, granted[i].agent, granted[i].local), id);
        length += (size_t)snprintf(ids + length, sizeof ids - length, "%s ", id);
    }
    return ids;
}

static void first_come_first_served_all_or_nothing(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 2);
    ask(slots, "a", 3, 0);
    assert_string_equal(served(slots, 0), "");
    assert_int_equal(tide_slots_free_count(slots), 2);
    add(slots, "w2", 2);
    ask(slots, "b", 1, 1);
    assert_string_equal(served(slots, 1), "a b ");
    assert_int_equal(tide_slots_free_count(slots), 0);
    tide_slots_release(slots, "a");
    assert_int_equal(tide_slots_free_count(slots), 3);
    tide_slots_free(&slots);
}

static void small_ones_overtake_only_for_a_while(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 4);
    ask(slots, "small", 1, 0);
    assert_string_equal(served(slots, 0), "small ");
    ask(slots, "large", 4, 0);
    ask(slots, "early", 1, 5 * S);
    assert_string_equal(served(slots, 5 * S), "early ");
    assert_int_equal(tide_slots_deadline_ns(slots, 5 * S), 10 * S);
    ask(slots, "late", 1, 11 * S);
    assert_string_equal(served(slots, 11 * S), "");
    tide_slots_release(slots, "small");
    assert_string_equal(served(slots, 12 * S), "");
    tide_slots_release(slots, "early");
    assert_string_equal(served(slots, 13 * S), "large ");
    tide_slots_release(slots, "large");
    assert_string_equal(served(slots, 14 * S), "late ");
    tide_slots_free(&slots);
}

static void who_waits_is_told_for_what(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    tide_bytes text = { 0 };
    assert_false(tide_slots_why_waiting(slots, "a", &text));
    add(slots, "w1", 2);
    ask(slots, "a", 4, 0);
    assert_string_equal(served(slots, 0), "");
    assert_true(tide_slots_why_waiting(slots, "a", &text));
    assert_string_equal(tide_bytes_text(&text),
                        "waits for 4 slots: 2 of 2 are free on 1 worker; start more workers "
                        "(tidemill worker) or submit with a lower -p");
    ask(slots, "b", 1, 20 * S);
    assert_string_equal(served(slots, 20 * S), "");
    text.n = 0;
    assert_true(tide_slots_why_waiting(slots, "b", &text));
    assert_non_null(strstr(tide_bytes_text(&text), "a has waited longer, for 4"));
    tide_slots_release(slots, "a");
    assert_string_equal(served(slots, 20 * S), "b ");
    assert_false(tide_slots_why_waiting(slots, "b", &text));
    ask(slots, "c", 2, 20 * S);
    text.n = 0;
    assert_true(tide_slots_why_waiting(slots, "c", &text));
    assert_non_null(strstr(tide_bytes_text(&text), "cancel another job"));
    tide_bytes_fini(&text);
    tide_slots_free(&slots);
}

static void a_lost_agent_takes_its_slots_with_it(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 2);
    add(slots, "w2", 2);
    ask(slots, "a", 4, 0);
    assert_string_equal(served(slots, 0), "a ");
    tide_slots_remove_agent(slots, "w1");
    tide_slots_remove_agent(slots, "w1");
    assert_int_equal(tide_slots_total(slots), 2);
    assert_null(tide_slots_owner(slots, "w1", 0));
    assert_string_equal(tide_slots_owner(slots, "w2", 1), "a");
    add(slots, "w1", 2); /* It comes back with nothing. */
    assert_null(tide_slots_owner(slots, "w1", 0));
    tide_slots_release_on(slots, "a", "w2");
    assert_int_equal(tide_slots_free_count(slots), 4);
    tide_slots_free(&slots);
}

static void a_draining_agent_gets_nobody_new(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 2);
    ask(slots, "a", 1, 0);
    assert_string_equal(served(slots, 0), "a ");
    tide_slots_drain_agent(slots, "w1");
    ask(slots, "b", 1, 0);
    assert_string_equal(served(slots, 0), "");
    assert_int_equal(tide_slots_free_on(slots, "w1"), 0);
    assert_string_equal(tide_slots_owner(slots, "w1", 0), "a");
    tide_slots_free(&slots);
}

static void slots_in_use_are_adopted(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 2);
    const tide_granted_slot both[] = { { "w1", 0 }, { "w1", 1 } }, none[] = { { "w1", 7 } };
    ask(slots, "a", 4, 0); /* Before its runners were heard of. */
    assert_int_equal(tide_slots_adopt(slots, "a", both, 2), TIDE_OK);
    assert_int_equal(tide_slots_adopt(slots, "a", both, 2), TIDE_OK);
    assert_string_equal(served(slots, 0), "");
    assert_int_equal(tide_slots_adopt(slots, "b", both, 1), TIDE_E_REFUSED);
    assert_int_equal(tide_slots_adopt(slots, "a", none, 1), TIDE_E_NOT_FOUND);
    assert_string_equal(tide_slots_owner(slots, "w1", 0), "a");
    tide_slots_release(slots, "a");
    assert_int_equal(tide_slots_free_count(slots), 2);
    tide_slots_free(&slots);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    tide_slots *slots = tide_slots_new(10 * S);
    add(slots, "w1", 1);
    const tide_slot_place twice[] = { { 0, 0, 0, 0 }, { 0, 0, 0, 0 } };
    assert_int_equal(tide_slots_add_agent(slots, "w1", "h", twice, 1), TIDE_E_EXISTS);
    assert_int_equal(tide_slots_add_agent(slots, "w2", "h", twice, 2), TIDE_E_INVALID);
    assert_int_equal(tide_slots_ask(slots, "a", 0, TIDE_PLACE_PACK, 0), TIDE_E_INVALID);
    ask(slots, "a", 1, 0);
    assert_int_equal(tide_slots_ask(slots, "a", 1, TIDE_PLACE_PACK, 0), TIDE_E_EXISTS);
    tide_slots_free(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served_all_or_nothing),
        cmocka_unit_test(small_ones_overtake_only_for_a_while),
        cmocka_unit_test(who_waits_is_told_for_what),
        cmocka_unit_test(a_lost_agent_takes_its_slots_with_it),
        cmocka_unit_test(a_draining_agent_gets_nobody_new),
        cmocka_unit_test(slots_in_use_are_adopted),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
