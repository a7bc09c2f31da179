/* membership_test.c - which agents are there: hello, heartbeats, silence, closed connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "master/core/membership.h"

#define MS INT64_C(1000000)
#define TIMEOUT (2500 * MS)

static tide_membership *members;

static int setup(void **state)
{
    (void)state;
    members = tide_membership_new(TIMEOUT);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tide_membership_free(&members);
    return 0;
}

static void hello(const char *agent, const char *host, const char *rest, uint64_t peer, int64_t now)
{
    tide_slot_info slots[2] = { { .local = 0 }, { .local = 1 } };
    tide_agent_hello msg = {
        .agent = agent, .host = host, .version = "", .data_host = "", .rest = rest, .job = ""
    };
    msg.slots.n = 2;
    msg.slots.items = slots;
    assert_int_equal(tide_membership_hello(members, peer, &msg, now, now / 1000), TIDE_OK);
}

static void assert_news(tide_member_news kind, const char *agent)
{
    tide_member_event event;
    assert_true(tide_membership_next(members, &event));
    assert_int_equal(event.kind, kind);
    assert_string_equal(event.agent, agent);
}

static void assert_no_news(void)
{
    tide_member_event event;
    assert_false(tide_membership_next(members, &event));
}

static void an_agent_joins_once(void **state)
{
    (void)state;
    hello("a1", "h1", "", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    hello("a1", "h1", "", 1, 10);
    assert_no_news();
    assert_int_equal(tide_membership_find(members, "a1")->n_slots, 2);
}

static void silence_loses_it_and_only_a_hello_brings_it_back(void **state)
{
    (void)state;
    hello("a1", "h1", "", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    assert_true(tide_membership_heard(members, 1, "a1", 1000 * MS));
    assert_int_equal(tide_membership_deadline_ns(members), 1000 * MS + TIMEOUT);
    tide_membership_tick(members, 1000 * MS + TIMEOUT - 1);
    assert_no_news();
    tide_membership_tick(members, 1000 * MS + TIMEOUT);
    assert_news(TIDE_MEMBER_LOST, "a1");
    assert_int_equal(tide_membership_find(members, "a1")->state, TIDE_MEMBER_SILENT);
    assert_false(tide_membership_heard(members, 1, "a1", 4000 * MS));
    assert_no_news();
    hello("a1", "h1", "", 1, 4000 * MS);
    assert_news(TIDE_MEMBER_JOINED, "a1");
}

/* It connected again before the old connection's close was noticed. */
static void the_close_of_an_older_connection_is_nothing(void **state)
{
    (void)state;
    hello("a1", "h1", "", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    assert_no_news();
    hello("a1", "h1", "", 2, 5);
    tide_membership_closed(members, 1, 6);
    assert_no_news();
    assert_false(tide_membership_heard(members, 1, "a1", 7)); /* What was still under way. */
    tide_membership_closed(members, 2, 8);
    assert_news(TIDE_MEMBER_LOST, "a1");
    assert_int_equal(tide_membership_find(members, "a1")->state, TIDE_MEMBER_GONE);
}

static void agents_of_one_host_are_strangers(void **state)
{
    (void)state;
    hello("a1", "h1", "h1:8082", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    assert_no_news();
    hello("a2", "h1", "h1:8083", 2, 0);
    assert_news(TIDE_MEMBER_JOINED, "a2");
    assert_no_news();
    tide_membership_closed(members, 1, 1);
    assert_news(TIDE_MEMBER_LOST, "a1");
    assert_no_news();
    assert_true(tide_membership_heard(members, 2, "a2", 2));
}

/* The agent was started again on its host, faster than its death was noticed. */
static void the_same_address_has_one_agent(void **state)
{
    (void)state;
    hello("a1", "h1", "h1:8082", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    assert_no_news();
    hello("a2", "h1", "h1:8082", 2, 0);
    assert_news(TIDE_MEMBER_LOST, "a1");
    assert_news(TIDE_MEMBER_JOINED, "a2");
    assert_no_news();
}

static void goodbye_is_told_once(void **state)
{
    (void)state;
    hello("a1", "h1", "", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    tide_membership_goodbye(members, "a1");
    tide_membership_goodbye(members, "a1");
    tide_membership_goodbye(members, "nobody");
    assert_news(TIDE_MEMBER_LEAVES, "a1");
    assert_no_news();
    assert_true(tide_membership_heard(members, 1, "a1", 2)); /* It still reports. */
    tide_membership_closed(members, 1, 3);
    assert_news(TIDE_MEMBER_LOST, "a1");
}

static void the_lost_are_shown_for_a_while(void **state)
{
    (void)state;
    hello("a1", "h1", "", 1, 0);
    assert_news(TIDE_MEMBER_JOINED, "a1");
    tide_membership_closed(members, 1, 10);
    assert_news(TIDE_MEMBER_LOST, "a1");
    assert_no_news();
    tide_membership_tick(members, 9 + TIDE_MEMBER_LOST_NS);
    assert_int_equal(tide_membership_n(members), 1);
    tide_membership_tick(members, 10 + TIDE_MEMBER_LOST_NS);
    assert_int_equal(tide_membership_n(members), 0);
    assert_int_equal(tide_membership_deadline_ns(members), INT64_MAX);
}

static void no_more_lost_ones_are_kept_than_the_limit(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < TIDE_MEMBERS_LOST_MAX + 5; i++) {
        char *id = tide_asprintf("a%u", i);
        hello(id, "h1", "", i + 1, i);
        assert_news(TIDE_MEMBER_JOINED, id);
        tide_membership_closed(members, i + 1, i);
        assert_news(TIDE_MEMBER_LOST, id);
        assert_no_news();
        tide_free(id);
    }
    tide_membership_tick(members, 1000);
    assert_int_equal(tide_membership_n(members), TIDE_MEMBERS_LOST_MAX);
    assert_string_equal(tide_membership_at(members, 0)->id, "a5"); /* The oldest went. */
}

static void too_many_agents_are_refused(void **state)
{
    (void)state;
    char id[17];
    tide_agent_hello msg = { .agent = id, .host = "h", .version = "", .data_host = "", .rest = "" };
    for (uint32_t i = 0; i < TIDE_MEMBERS_MAX; i++) {
        snprintf(id, sizeof id, "%016x", i);
        assert_int_equal(tide_membership_hello(members, i + 1, &msg, 0, 0), TIDE_OK);
        assert_news(TIDE_MEMBER_JOINED, id);
        assert_no_news();
    }
    msg.agent = "one more";
    assert_int_equal(tide_membership_hello(members, 1, &msg, 0, 0), TIDE_E_LIMIT);
    msg.agent = id; /* One that is there may say hello again. */
    assert_int_equal(tide_membership_hello(members, TIDE_MEMBERS_MAX, &msg, 0, 0), TIDE_OK);
}

static void a_hello_without_sense_is_refused(void **state)
{
    (void)state;
    tide_agent_hello msg = { .agent = "", .host = "h", .rest = "" };
    assert_int_equal(tide_membership_hello(members, 1, &msg, 0, 0), TIDE_E_INVALID);
    msg.agent = "a1";
    msg.slots.n = 100000;
    assert_int_equal(tide_membership_hello(members, 1, &msg, 0, 0), TIDE_E_INVALID);
    assert_int_equal(tide_membership_n(members), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_agent_joins_once),
        TEST(silence_loses_it_and_only_a_hello_brings_it_back),
        TEST(the_close_of_an_older_connection_is_nothing),
        TEST(agents_of_one_host_are_strangers),
        TEST(the_same_address_has_one_agent),
        TEST(goodbye_is_told_once),
        TEST(the_lost_are_shown_for_a_while),
        TEST(no_more_lost_ones_are_kept_than_the_limit),
        TEST(too_many_agents_are_refused),
        TEST(a_hello_without_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
