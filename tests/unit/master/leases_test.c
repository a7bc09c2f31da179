/* leases_test.c - drivers and their slots, as stories.
 *
 * Lines at the margin are events: "lease PEER JOB N", "release JOB", "closed PEER", "grant JOB
 * AGENT.SLOT ...", "short JOB WHY", "beat AGENT [JOB ...]", "held AGENT JOB N" (its hello has N
 * slots of the lease), "lost AGENT", "+TIME". The indented ones are what must follow. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "master/core/leases.h"
#include "tests/unit/master/words.h"

typedef struct teller {
    tide_leases *leases;
    tide_membership *members;
    tide_arena *arena;
    int64_t now_ns;
    tide_bytes out;
} teller;

static void tell_send(teller *self, const tide_lease_act *act)
{
    tide_bytes *out = &self->out;
    if (act->msg.kind == TIDE_MSG_LEASE_GRANT) {
        const tide_lease_grant *grant = act->msg.body;
        tide_bytes_printf(out, "  %s grant %s at %s", act->agent, grant->job, grant->endpoint);
        for (uint32_t i = 0; i < grant->slots.n; i++)
            tide_bytes_printf(out, " %" PRIu64, grant->slots.items[i].local);
    } else if (act->msg.kind == TIDE_MSG_LEASE_END) {
        tide_bytes_printf(out, "  %s end %s", act->agent, act->job);
    } else {
        const tide_lease_state *s = act->msg.body;
        tide_bytes_printf(out, "  to %" PRIu64 ": %s", act->peer, s->state);
        for (uint32_t i = 0; i < s->agents.n; i++)
            tide_bytes_printf(out, " %s*%u", s->agents.items[i].agent, s->agents.items[i].slots.n);
        if (*s->reason) tide_bytes_printf(out, " (%s)", s->reason);
    }
    tide_bytes_putc(out, '\n');
}

static void tell(teller *self)
{
    tide_lease_acts acts;
    tide_leases_take(self->leases, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const tide_lease_act *act = &acts.items[i];
        switch (act->kind) {
        case TIDE_LEASE_SEND_AGENT:
        case TIDE_LEASE_SEND_DRIVER: tell_send(self, act); break;
        case TIDE_LEASE_ASK:
            tide_bytes_printf(&self->out, "  ask %u for %s\n", act->n_slots, act->job);
            break;
        case TIDE_LEASE_ADOPT:
            tide_bytes_printf(&self->out, "  adopt %u for %s\n", act->n_slots, act->job);
            break;
        case TIDE_LEASE_RELEASE: tide_bytes_printf(&self->out, "  free %s\n", act->job); break;
        case TIDE_LEASE_TRACE: break;
        }
    }
}

static uint32_t read_slots(teller *self, words *w, tide_job_slot *slots)
{
    uint32_t n = 0;
    for (const char *word; (word = words_next(w)) != NULL; n++) {
        const char *dot = strchr(word, '.');
        slots[n] = (tide_job_slot){ tide_arena_strndup(self->arena, word, (size_t)(dot - word)),
                                    "h", strtoull(dot + 1, NULL, 10) };
    }
    return n;
}

static void hear(teller *self, const char *line)
{
    words w = words_of(self->arena, line);
    tide_job_slot slots[16];
    const char *verb = words_next(&w);
    const char *subject = words_next(&w);
    if (verb[0] == '+') {
        self->now_ns += words_duration(verb + 1);
        tide_leases_tick(self->leases, self->now_ns);
    } else if (strcmp(verb, "lease") == 0) {
        tide_driver_lease msg = { .job = words_next(&w), .endpoint = "tcp://driver" };
        msg.spec =
            (tide_job_spec){ .name = "job", .parallelism = strtoull(words_next(&w), NULL, 10) };
        tide_leases_asked(self->leases, strtoull(subject, NULL, 10), &msg, self->now_ns);
    } else if (strcmp(verb, "held") == 0) {
        tide_slot_info infos[8] = { { 0 }, { .local = 1 }, { .local = 2 } };
        tide_held_lease held = { .job = words_next(&w) };
        held.slots.n = (uint32_t)strtoul(words_next(&w), NULL, 10);
        held.slots.items = infos;
        tide_leases_held(self->leases, subject, "h", &held, self->now_ns);
    } else if (strcmp(verb, "release") == 0) {
        tide_leases_released(self->leases, subject, self->now_ns);
    } else if (strcmp(verb, "closed") == 0) {
        tide_leases_peer_closed(self->leases, strtoull(subject, NULL, 10), self->now_ns);
    } else if (strcmp(verb, "grant") == 0) {
        uint32_t n = read_slots(self, &w, slots);
        tide_leases_granted(self->leases, subject, slots, n, self->members, self->now_ns);
    } else if (strcmp(verb, "short") == 0) {
        tide_leases_short(self->leases, subject, words_rest(&w));
    } else if (strcmp(verb, "beat") == 0) {
        tide_text_item shown[8];
        uint32_t n = 0;
        for (const char *job; (job = words_next(&w)) != NULL; n++) shown[n].text = job;
        tide_leases_beat(self->leases, subject, shown, n, self->now_ns);
    } else {
        assert_string_equal(verb, "lost");
        tide_leases_agent_lost(self->leases, subject,
                               tide_arena_printf(self->arena, "agent %s is gone", subject),
                               self->now_ns);
    }
}

static void check(const char *text)
{
    tide_cluster_settings settings;
    tide_cluster_settings_init(&settings);
    const tide_leases_config config = { .term = 4,
                                        .retry_ns = INT64_C(300000000),
                                        .silence_ns = INT64_C(2500000000),
                                        .orphan_ns = INT64_C(6000000000) };
    teller self = { .leases = tide_leases_new(&config, &settings),
                    .members = tide_membership_new(INT64_C(2500000000)),
                    .arena = tide_arena_new(),
                    .now_ns = INT64_C(1000000000) };
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        if (*at != ' ') {
            const char *line = tide_arena_strndup(self.arena, at, n);
            tide_bytes_printf(&self.out, "%s\n", line);
            hear(&self, line);
            tell(&self);
        }
        at += n + (at[n] == '\n');
    }
    words_compare(tide_bytes_text(&self.out), text);
    tide_bytes_fini(&self.out);
    tide_leases_free(&self.leases);
    tide_membership_free(&self.members);
    tide_arena_free(&self.arena);
}

#define GRANTED                                                                                    \
    "lease 9 j 3\n"                                                                                \
    "  ask 3 for j\n"                                                                              \
    "  to 9: waiting\n"                                                                            \
    "grant j a1.0 a2.1 a1.4\n"                                                                     \
    "  a1 grant j at tcp://driver 0 4\n"                                                           \
    "  a2 grant j at tcp://driver 1\n"                                                             \
    "  to 9: granted a1*2 a2*1\n"                                                                  \
    "beat a1 j\n"                                                                                  \
    "beat a2 j\n"

static void a_driver_gets_slots_and_gives_them_back(void **state)
{
    (void)state;
    check(GRANTED "lease 9 j 3\n"
                  "  to 9: granted a1*2 a2*1\n"
                  "release j\n"
                  "  to 9: ended (the driver is done)\n"
                  "  a1 end j\n"
                  "  a2 end j\n"
                  "beat a1\n"
                  "beat a2\n"
                  "  free j\n"
                  "beat a1\n");
}

static void it_is_told_what_it_waits_for(void **state)
{
    (void)state;
    check("lease 9 j 3\n"
          "  ask 3 for j\n"
          "  to 9: waiting\n"
          "short j waits for 3 slots: 1 of 1 is free\n"
          "  to 9: waiting (waits for 3 slots: 1 of 1 is free)\n"
          "short j waits for 3 slots: 1 of 1 is free\n"
          "lease 9 j 3\n"
          "  to 9: waiting (waits for 3 slots: 1 of 1 is free)\n");
}

/* LEASE_GRANT is sent until the heartbeat shows the lease, LEASE_END until it does not. */
static void agents_are_told_again(void **state)
{
    (void)state;
    check("lease 9 j 1\n"
          "  ask 1 for j\n"
          "  to 9: waiting\n"
          "grant j a1.0\n"
          "  a1 grant j at tcp://driver 0\n"
          "  to 9: granted a1*1\n"
          "beat a1\n"
          "+300ms\n"
          "  a1 grant j at tcp://driver 0\n"
          "beat a1 j\n"
          "+300ms\n"
          "release j\n"
          "  to 9: ended (the driver is done)\n"
          "  a1 end j\n"
          "beat a1 j\n"
          "+300ms\n"
          "  a1 end j\n"
          "beat a1\n"
          "  free j\n");
}

static void a_closed_connection_ends_it(void **state)
{
    (void)state;
    check(GRANTED "closed 8\n"
                  "closed 9\n"
                  "  a1 end j\n"
                  "  a2 end j\n");
}

static void silence_ends_it(void **state)
{
    (void)state;
    check(GRANTED "+2499ms\n"
                  "lease 9 j 3\n"
                  "  to 9: granted a1*2 a2*1\n"
                  "+2499ms\n"
                  "+1ms\n"
                  "  a1 end j\n"
                  "  a2 end j\n");
}

static void one_that_waits_ends_at_once(void **state)
{
    (void)state;
    check("lease 9 j 3\n"
          "  ask 3 for j\n"
          "  to 9: waiting\n"
          "closed 9\n"
          "  free j\n"
          "grant j a1.0 a1.1 a1.2\n");
}

/* The job cannot go on without it, so the others are cleared and all are asked for anew. */
static void a_lost_agent_makes_it_wait_again(void **state)
{
    (void)state;
    check(GRANTED "lost a2\n"
                  "  a1 end j\n"
                  "  to 9: waiting (agent a2 is gone)\n"
                  "lease 9 j 3\n"
                  "  to 9: waiting (agent a2 is gone)\n"
                  "beat a1 j\n"
                  "beat a1\n"
                  "  free j\n"
                  "  ask 3 for j\n"
                  "  to 9: waiting (agent a2 is gone)\n"
                  "grant j a1.0 a1.1 a3.0\n"
                  "  a1 grant j at tcp://driver 0 1\n"
                  "  a3 grant j at tcp://driver 0\n"
                  "  to 9: granted a1*2 a3*1\n");
}

/* A driver that lost its connection for a moment starts over, when what it had is cleared. */
static void a_driver_that_comes_back_starts_over(void **state)
{
    (void)state;
    check(GRANTED "closed 9\n"
                  "  a1 end j\n"
                  "  a2 end j\n"
                  "lease 10 j 3\n"
                  "  a1 end j\n"
                  "  a2 end j\n"
                  "  to 10: waiting (the driver connected again)\n"
                  "beat a1\n"
                  "beat a2\n"
                  "  free j\n"
                  "  ask 3 for j\n"
                  "  to 10: waiting (the driver connected again)\n");
}

static void a_new_master_goes_on_with_what_agents_hold(void **state)
{
    (void)state;
    check("held a1 j 1\n"
          "  adopt 1 for j\n"
          "beat a1 j\n"
          "held a2 j 2\n"
          "  adopt 2 for j\n"
          "held a2 j 2\n"
          "lease 5 j 3\n"
          "  a2 grant j at tcp://driver 0 1\n"
          "  to 5: granted a1*1 a2*2\n");
}

static void a_new_master_clears_what_is_incomplete(void **state)
{
    (void)state;
    check("held a1 j 1\n"
          "  adopt 1 for j\n"
          "lease 5 j 2\n"
          "  a1 end j\n"
          "  to 5: waiting (not all of its slots are there)\n"
          "beat a1\n"
          "  free j\n"
          "  ask 2 for j\n"
          "  to 5: waiting (not all of its slots are there)\n");
}

/* The network was away for a while; what it holds is not free, and is taken from it. */
static void an_agent_that_returns_with_a_lease_that_is_cleared(void **state)
{
    (void)state;
    check(GRANTED "lost a2\n"
                  "  a1 end j\n"
                  "  to 9: waiting (agent a2 is gone)\n"
                  "held a2 j 1\n"
                  "  adopt 1 for j\n"
                  "beat a1\n"
                  "  a2 end j\n"
                  "beat a2 j\n"
                  "beat a2\n"
                  "  free j\n"
                  "  ask 3 for j\n"
                  "  to 9: waiting (agent a2 is gone)\n");
}

static void an_orphan_is_ended_in_the_end(void **state)
{
    (void)state;
    check("beat a1 j\n"
          "+5999ms\n"
          "+1ms\n"
          "  a1 end j\n"
          "beat a1\n"
          "  free j\n");
}

/* From before a change of master: it has none of the lease's slots. */
static void an_agent_that_shows_too_much_is_told(void **state)
{
    (void)state;
    check(GRANTED "beat a7 j\n"
                  "  a7 end j\n");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    check("lease 9 j 0\n"
          "  to 9: refused (a lease needs a job id, an endpoint and a number of slots)\n");
}

/* Whatever agents claim: what there is has a limit. */
static void there_are_no_more_leases_than_the_limit(void **state)
{
    (void)state;
    tide_cluster_settings settings;
    tide_cluster_settings_init(&settings);
    tide_leases *leases = tide_leases_new(&(tide_leases_config){ .term = 1 }, &settings);
    for (uint32_t i = 0; i < TIDE_LEASES_MAX + 5; i++) {
        char job[17];
        snprintf(job, sizeof job, "%016x", i);
        const tide_text_item shown = { job };
        tide_leases_beat(leases, "a1", &shown, 1, 0);
        const tide_held_lease held = { .job = job };
        tide_leases_held(leases, "a2", "h", &held, 0);
    }
    assert_int_equal(tide_leases_n(leases), TIDE_LEASES_MAX);
    tide_leases_free(&leases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_driver_gets_slots_and_gives_them_back),
        cmocka_unit_test(it_is_told_what_it_waits_for),
        cmocka_unit_test(agents_are_told_again),
        cmocka_unit_test(a_closed_connection_ends_it),
        cmocka_unit_test(silence_ends_it),
        cmocka_unit_test(one_that_waits_ends_at_once),
        cmocka_unit_test(a_lost_agent_makes_it_wait_again),
        cmocka_unit_test(a_driver_that_comes_back_starts_over),
        cmocka_unit_test(a_new_master_goes_on_with_what_agents_hold),
        cmocka_unit_test(an_agent_that_returns_with_a_lease_that_is_cleared),
        cmocka_unit_test(a_new_master_clears_what_is_incomplete),
        cmocka_unit_test(an_orphan_is_ended_in_the_end),
        cmocka_unit_test(an_agent_that_shows_too_much_is_told),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(there_are_no_more_leases_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
