/* lessee_test.c - a driver: a coordinator on leased slots, as stories.
 *
 * Lines at the margin are events: "+TIME", "lease STATE [AGENT*SLOTS ...]" (what the master at peer
 * 1 answers), "hello PEER AGENT", "report PEER AGENT ATTEMPT/RUNNER STATE ...", "beat PEER AGENT
 * [...]", "goodbye PEER AGENT", "closed PEER", "fetch PEER OFFSET", "cancel", "why" (it waits),
 * "over" (it must be). The indented ones are what must follow. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "master/core/lessee.h"
#include "tests/unit/master/words.h"

#define JOB "00000000000000dd"

typedef struct teller {
    tide_lessee *lessee;
    tide_arena *arena;
    int64_t now_ns;
    uint64_t report;
    tide_bytes out;
} teller;

static void tell_send(teller *self, uint64_t peer, const tide_msg *msg)
{
    tide_bytes *out = &self->out;
    const tide_runner_kill *order = msg->body; /* One layout with the other orders. */
    const tide_runner_start *start = msg->body;
    switch ((int)msg->kind) {
    case TIDE_MSG_DRIVER_LEASE: tide_bytes_printf(out, "  %" PRIu64 " ask\n", peer); break;
    case TIDE_MSG_DRIVER_RELEASE: tide_bytes_printf(out, "  %" PRIu64 " release\n", peer); break;
    case TIDE_MSG_HELLO_AGAIN: tide_bytes_printf(out, "  %" PRIu64 " hello-again\n", peer); break;
    case TIDE_MSG_RUNNER_START:
        tide_bytes_printf(out, "  %" PRIu64 " start %" PRIu64 "/%" PRIu64 " of %u\n", peer,
                          start->attempt, start->runner, start->slots.n);
        break;
    case TIDE_MSG_RUNNER_GO:
    case TIDE_MSG_RUNNER_KILL:
        tide_bytes_printf(out, "  %" PRIu64 " %s %" PRIu64 "/%" PRIu64 "\n", peer,
                          msg->kind == TIDE_MSG_RUNNER_GO ? "go" : "kill", order->attempt,
                          order->runner);
        break;
    case TIDE_MSG_RUNNER_DEPLOY: tide_bytes_printf(out, "  %" PRIu64 " deploy\n", peer); break;
    case TIDE_MSG_ARTIFACT_DATA: {
        const tide_artifact_data *data = msg->body;
        tide_bytes_printf(out, "  %" PRIu64 " artifact '%.*s' of %" PRIu64 "\n", peer,
                          (int)data->data.n, (const char *)data->data.p, data->total);
        break;
    }
    default: break; /* Welcomes and acknowledgements. */
    }
}

static void step(teller *self, tide_lessee_event event)
{
    tide_lessee_acts acts;
    event.now_ns = self->now_ns;
    event.wall_us = self->now_ns / 1000;
    tide_lessee_step(self->lessee, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const char *arrow = acts.items[i].text ? strstr(acts.items[i].text, " -> ") : NULL;
        if (acts.items[i].kind == TIDE_LESSEE_SEND)
            tell_send(self, acts.items[i].peer, &acts.items[i].msg);
        else if (arrow)
            tide_bytes_printf(&self->out, "  = %.*s\n", (int)strcspn(arrow + 4, ":"), arrow + 4);
    }
}

static void hear_message(teller *self, uint64_t peer, tide_msg_kind kind, const void *body)
{
    step(self,
         (tide_lessee_event){ .kind = TIDE_LESSEE_MESSAGE, .peer = peer, .msg = { kind, body } });
}

static void hear_lease(teller *self, words *w)
{
    tide_slot_info slots[8] = { 0 };
    tide_leased_agent agents[4];
    tide_lease_state msg = { .term = 1, .job = JOB, .state = words_next(w), .reason = "for slots" };
    for (uint32_t i = 0; i < 8; i++) slots[i].local = i;
    for (const char *word; (word = words_next(w)) != NULL; msg.agents.n++) {
        const char *star = strchr(word, '*');
        tide_leased_agent *a = &agents[msg.agents.n];
        *a = (tide_leased_agent){ .agent =
                                      tide_arena_strndup(self->arena, word, (size_t)(star - word)),
                                  .host = "h" };
        a->slots.n = (uint32_t)strtoul(star + 1, NULL, 10);
        a->slots.items = slots;
    }
    msg.agents.items = agents;
    hear_message(self, 1, TIDE_MSG_LEASE_STATE, &msg);
}

static void hear_agent(teller *self, const char *verb, words *w)
{
    uint64_t peer = strtoull(words_next(w), NULL, 10);
    if (strcmp(verb, "closed") == 0) {
        step(self, (tide_lessee_event){ .kind = TIDE_LESSEE_CLOSED, .peer = peer });
        return;
    }
    const char *word = words_next(w);
    if (strcmp(verb, "hello") == 0) {
        const tide_agent_hello hello = {
            .agent = word, .host = "h", .version = "", .data_host = "", .rest = "", .job = JOB
        };
        hear_message(self, peer, TIDE_MSG_AGENT_HELLO, &hello);
    } else if (strcmp(verb, "goodbye") == 0) {
        hear_message(self, peer, TIDE_MSG_AGENT_GOODBYE, &(tide_agent_goodbye){ .agent = word });
    } else if (strcmp(verb, "fetch") == 0) {
        const tide_artifact_get get = { "00000000000000bb", strtoull(word, NULL, 10) };
        hear_message(self, peer, TIDE_MSG_ARTIFACT_GET, &get);
    } else if (strcmp(verb, "beat") == 0) {
        tide_runner_beat beats[4];
        tide_agent_heartbeat beat = { .agent = word };
        beat.runners.n = words_beats(w, JOB, beats, 4);
        beat.runners.items = beats;
        hear_message(self, peer, TIDE_MSG_AGENT_HEARTBEAT, &beat);
    } else {
        assert_string_equal(verb, "report");
        tide_runner_report_msg msg = { .agent = word };
        words_report(w, self->arena, &self->report, &msg.report);
        msg.report.job = JOB;
        hear_message(self, peer, TIDE_MSG_RUNNER_REPORT, &msg);
    }
}

static void hear(teller *self, const char *line)
{
    words w = words_of(self->arena, line);
    const char *verb = words_next(&w);
    if (verb[0] == '+') {
        self->now_ns += words_duration(verb + 1);
        step(self, (tide_lessee_event){ .kind = TIDE_LESSEE_TICK });
    } else if (strcmp(verb, "lease") == 0) {
        hear_lease(self, &w);
    } else if (strcmp(verb, "cancel") == 0) {
        step(self,
             (tide_lessee_event){ .kind = TIDE_LESSEE_REQUEST, .request = TIDE_REQUEST_CANCEL });
    } else if (strcmp(verb, "why") == 0) {
        tide_bytes_printf(&self->out, "  %s\n",
                          tide_coordinator_why_waiting(tide_lessee_coordinator(self->lessee)));
    } else if (strcmp(verb, "over") == 0) {
        assert_true(tide_lessee_is_over(self->lessee));
    } else {
        hear_agent(self, verb, &w);
    }
}

static void check(const char *text)
{
    tide_cluster_settings settings;
    tide_cluster_settings_init(&settings);
    settings.restart_type = TIDE_RESTART_TYPE_FIXED_DELAY;
    const tide_job_spec spec = { .name = "job",
                                 .kind = "library",
                                 .text = "",
                                 .text_name = "",
                                 .artifact = "00000000000000bb",
                                 .artifact_name = "",
                                 .parallelism = 2,
                                 .explain = "" };
    const uint64_t masters[] = { 1, 2 };
    teller self = { .arena = tide_arena_new(), .now_ns = INT64_C(1000000000) };
    self.lessee = tide_lessee_new(&(tide_lessee_config){ .job = JOB,
                                                         .spec = &spec,
                                                         .endpoint = "tcp://driver",
                                                         .masters = masters,
                                                         .n_masters = 2,
                                                         .artifact = { (const uint8_t *)"lib", 3 },
                                                         .settings = &settings,
                                                         .random_seed = 1 });
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, "\n");
        if (*at != ' ') {
            const char *line = tide_arena_strndup(self.arena, at, n);
            tide_bytes_printf(&self.out, "%s\n", line);
            hear(&self, line);
        }
        at += n + (at[n] == '\n');
    }
    words_compare(tide_bytes_text(&self.out), text);
    tide_bytes_fini(&self.out);
    tide_lessee_free(&self.lessee);
    tide_arena_free(&self.arena);
}

#define ASKS                                                                                       \
    "+0s\n"                                                                                        \
    "  = WAITING\n"                                                                                \
    "  1 ask\n"                                                                                    \
    "  2 ask\n"
#define PREPARING                                                                                  \
    ASKS "lease granted a1*1 a2*1\n"                                                               \
         "hello 11 a1\n"                                                                           \
         "hello 12 a2\n"                                                                           \
         "  = NUMBERING\n"                                                                         \
         "  = PREPARING\n"                                                                         \
         "  11 start 1/0 of 1\n"                                                                   \
         "  12 start 1/1 of 1\n"
#define RUNNING                                                                                    \
    PREPARING "report 11 a1 1/0 PREPARED\n"                                                        \
              "report 12 a2 1/1 PREPARED\n"                                                        \
              "  = DEPLOYING\n"                                                                    \
              "  11 deploy\n"                                                                      \
              "  12 deploy\n"                                                                      \
              "report 11 a1 1/0 DEPLOYED\n"                                                        \
              "report 12 a2 1/1 DEPLOYED\n"                                                        \
              "  = RUNNING\n"                                                                      \
              "  11 go 1/0\n"                                                                      \
              "  12 go 1/1\n"                                                                      \
              "report 11 a1 1/0 RUNNING\n"                                                         \
              "report 12 a2 1/1 RUNNING\n"

static void a_job_runs_and_gives_its_slots_back(void **state)
{
    (void)state;
    check(RUNNING "report 11 a1 1/0 FINISHED\n"
                  "report 11 a1 1/0 EXITED\n"
                  "report 12 a2 1/1 EXITED\n"
                  "  = ENDING\n"
                  "  = FINISHED\n"
                  "  1 release\n"
                  "  2 release\n"
                  "lease ended\n"
                  "over\n");
}

static void it_says_what_it_waits_for(void **state)
{
    (void)state;
    check(ASKS "why\n"
               "  no master has answered yet\n"
               "lease waiting\n"
               "why\n"
               "  for slots\n"
               "lease granted a1*2\n"
               "why\n"
               "  the leased workers have not connected to this driver yet\n");
}

/* It is its heartbeat, and says that it lives to whoever leads. */
static void it_asks_again_and_again(void **state)
{
    (void)state;
    check(PREPARING "+200ms\n"
                    "+300ms\n"
                    "  11 start 1/0 of 1\n"
                    "  12 start 1/1 of 1\n"
                    "  1 ask\n"
                    "  2 ask\n");
}

static void a_refusal_is_the_end(void **state)
{
    (void)state;
    check(ASKS "lease refused\n"
               "  = FAILING\n"
               "  = ENDING\n"
               "  = FAILED\n"
               "  1 release\n"
               "  2 release\n"
               "+300ms\n"
               "  1 release\n"
               "  2 release\n"
               "+1700ms\n"
               "  1 release\n"
               "  2 release\n"
               "over\n");
}

/* The slots are not taken again before the lease is whole again. */
static void a_lost_agent_is_replaced_by_the_master(void **state)
{
    (void)state;
    check(RUNNING "closed 12\n"
                  "  = RESTARTING\n"
                  "  11 kill 1/0\n"
                  "lease waiting\n"
                  "closed 11\n"
                  "+1s\n"
                  "  = WAITING\n"
                  "  1 ask\n"
                  "  2 ask\n"
                  "lease granted a1*1 a3*1\n"
                  "hello 21 a1\n"
                  "hello 13 a3\n"
                  "  = NUMBERING\n"
                  "  = PREPARING\n"
                  "  21 start 2/0 of 1\n"
                  "  13 start 2/1 of 1\n");
}

/* A crash of a runner leaves the lease as it is. */
static void a_crash_restarts_on_the_same_slots(void **state)
{
    (void)state;
    check(RUNNING "report 12 a2 1/1 EXITED signal=11\n"
                  "  = RESTARTING\n"
                  "  11 kill 1/0\n"
                  "report 11 a1 1/0 EXITED killed\n"
                  "+1s\n"
                  "  = WAITING\n"
                  "  = NUMBERING\n"
                  "  = PREPARING\n"
                  "  11 start 2/0 of 1\n"
                  "  12 start 2/1 of 1\n"
                  "  1 ask\n"
                  "  2 ask\n");
}

static void without_masters_the_job_goes_on(void **state)
{
    (void)state;
    check(RUNNING "closed 1\n"
                  "closed 2\n"
                  "beat 11 a1 1/0:RUNNING\n"
                  "beat 12 a2 1/1:RUNNING\n"
                  "+2s\n"
                  "  1 ask\n"
                  "  2 ask\n"
                  "beat 11 a1 1/0:RUNNING\n"
                  "beat 12 a2 1/1:RUNNING\n"
                  "+2s\n"
                  "  1 ask\n"
                  "  2 ask\n"
                  "report 11 a1 1/0 EXITED\n"
                  "report 12 a2 1/1 EXITED\n"
                  "  = ENDING\n"
                  "  = FINISHED\n"
                  "  1 release\n"
                  "  2 release\n");
}

static void cancel_kills_and_gives_back(void **state)
{
    (void)state;
    check(RUNNING "cancel\n"
                  "  = CANCELLING\n"
                  "  11 kill 1/0\n"
                  "  12 kill 1/1\n"
                  "report 11 a1 1/0 EXITED killed\n"
                  "report 12 a2 1/1 EXITED killed\n"
                  "  = ENDING\n"
                  "  = CANCELED\n"
                  "  1 release\n"
                  "  2 release\n");
}

static void the_library_is_fetched_from_the_driver(void **state)
{
    (void)state;
    check(ASKS "fetch 11 0\n"
               "  11 artifact 'lib' of 3\n"
               "fetch 11 2\n"
               "  11 artifact 'b' of 3\n"
               "fetch 11 9\n"
               "  11 artifact '' of 3\n");
}

static void a_silent_agent_must_say_hello(void **state)
{
    (void)state;
    check(PREPARING "report 12 a2 1/1 PREPARED\n"
                    "+2499ms\n"
                    "  11 start 1/0 of 1\n"
                    "  1 ask\n"
                    "  2 ask\n"
                    "beat 12 a2 1/1:PREPARED\n"
                    "+1ms\n"
                    "  = RESTARTING\n"
                    "  12 kill 1/1\n"
                    "beat 11 a1 1/0:STARTING\n"
                    "  11 hello-again\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_and_gives_its_slots_back),
        cmocka_unit_test(it_says_what_it_waits_for),
        cmocka_unit_test(it_asks_again_and_again),
        cmocka_unit_test(a_refusal_is_the_end),
        cmocka_unit_test(a_lost_agent_is_replaced_by_the_master),
        cmocka_unit_test(a_crash_restarts_on_the_same_slots),
        cmocka_unit_test(without_masters_the_job_goes_on),
        cmocka_unit_test(cancel_kills_and_gives_back),
        cmocka_unit_test(the_library_is_fetched_from_the_driver),
        cmocka_unit_test(a_silent_agent_must_say_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
