/* coord_story.c - runs a story line by line and compares what came of it. */
#include "tests/unit/master/coord_story.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/master/words.h"

typedef struct teller {
    const coord_story *story;
    tide_coordinator *coordinator;
    tide_cluster_settings settings;
    tide_arena *arena;
    int64_t now_ns;
    uint64_t report;
    tide_bytes out;
} teller;

/* ---- actions as text ---- */

static void tell_order(teller *self, const char *agent, const char *verb, uint64_t attempt,
                       uint64_t runner)
{
    tide_bytes_printf(&self->out, "  %s %s %" PRIu64 "/%" PRIu64, agent, verb, attempt, runner);
}

static void tell_start(teller *self, const char *agent, const tide_runner_start *m)
{
    tell_order(self, agent, "start", m->attempt, m->runner);
    tide_bytes_puts(&self->out, m->lists_splits ? " lists-splits" : "");
    for (uint32_t i = 0; i < m->slots.n; i++)
        tide_bytes_printf(&self->out, " %" PRIu64 ":%" PRIu64, m->slots.items[i].slot,
                          m->slots.items[i].local);
    tide_bytes_putc(&self->out, '\n');
}

static void tell_deploy(teller *self, const char *agent, const tide_runner_deploy *m)
{
    tell_order(self, agent, "deploy", m->attempt, m->runner);
    for (uint32_t i = 0; i < m->peers.n; i++)
        tide_bytes_printf(&self->out, "%s%s", i ? "," : " peers=", m->peers.items[i].tcp);
    for (uint32_t i = 0; i < m->owners.n; i++)
        tide_bytes_printf(&self->out, "%s%" PRIu64,
                          i ? "," : " owners=", m->owners.items[i].runner);
    tide_bytes_printf(&self->out, " splits=%u\n", m->splits.n);
}

static void tell_send(teller *self, const char *agent, const tide_msg *msg)
{
    static const struct {
        tide_msg_kind kind;
        const char *verb;
    } orders[] = { { TIDE_MSG_RUNNER_GO, "go" },
                   { TIDE_MSG_RUNNER_STOP, "stop" },
                   { TIDE_MSG_RUNNER_KILL, "kill" } };
    if (msg->kind == TIDE_MSG_RUNNER_START) tell_start(self, agent, msg->body);
    if (msg->kind == TIDE_MSG_RUNNER_DEPLOY) tell_deploy(self, agent, msg->body);
    for (size_t i = 0; i < 3; i++) {
        const tide_runner_kill *order = msg->body; /* One layout. */
        if (msg->kind != orders[i].kind) continue;
        tell_order(self, agent, orders[i].verb, order->attempt, order->runner);
        tide_bytes_putc(&self->out, '\n');
    }
    const tide_report_ack *ack = msg->body;
    if (msg->kind != TIDE_MSG_REPORT_ACK || !ack->forget) return;
    tell_order(self, agent, "forget", ack->attempt, ack->runner);
    tide_bytes_putc(&self->out, '\n');
}

static void tell_append(teller *self, const tide_msg *msg)
{
    if (msg->kind == TIDE_MSG_LOG_ATTEMPT)
        tide_bytes_printf(&self->out, "  append attempt %" PRIu64 "\n",
                          ((const tide_log_attempt *)msg->body)->attempt);
    else if (msg->kind == TIDE_MSG_LOG_REQUEST)
        tide_bytes_printf(&self->out, "  append %s\n", ((const tide_log_request *)msg->body)->what);
    else if (msg->kind == TIDE_MSG_LOG_RESTART)
        tide_bytes_printf(&self->out, "  append restart %" PRIu64 " of attempt %" PRIu64 "\n",
                          ((const tide_log_restart *)msg->body)->count,
                          ((const tide_log_restart *)msg->body)->attempt);
    else if (msg->kind == TIDE_MSG_LOG_END)
        tide_bytes_printf(&self->out, "  append %s %s\n", ((const tide_log_end *)msg->body)->state,
                          ((const tide_log_end *)msg->body)->failure.text);
}

/* "A -> B: why" is shown as "= B", with the reason when notes are shown. */
static void tell_trace(teller *self, const char *text)
{
    const char *arrow = strstr(text, " -> ");
    size_t n = arrow ? strcspn(arrow + 4, ":") : 0;
    if (arrow && self->story->notes)
        tide_bytes_printf(&self->out, "  = %s\n", arrow + 4);
    else if (arrow)
        tide_bytes_printf(&self->out, "  = %.*s\n", (int)n, arrow + 4);
    else if (self->story->notes)
        tide_bytes_printf(&self->out, "  note %s\n", text);
}

static void tell_slots(teller *self, const char *verb, const tide_coordinator_act *act)
{
    tide_bytes_printf(&self->out, "  %s", verb);
    for (uint32_t i = 0; i < act->n_slots; i++)
        tide_bytes_printf(&self->out, " %s.%" PRIu64, act->slots[i].agent, act->slots[i].local);
    tide_bytes_putc(&self->out, '\n');
}

static void tell(teller *self, const tide_coordinator_act *act)
{
    switch (act->kind) {
    case TIDE_COORDINATOR_SEND: tell_send(self, act->agent, &act->msg); break;
    case TIDE_COORDINATOR_APPEND: tell_append(self, &act->msg); break;
    case TIDE_COORDINATOR_ASK: tide_bytes_printf(&self->out, "  ask %u\n", act->n_slots); break;
    case TIDE_COORDINATOR_ADOPT: tell_slots(self, "adopt", act); break;
    case TIDE_COORDINATOR_RELEASE: tide_bytes_puts(&self->out, "  release\n"); break;
    case TIDE_COORDINATOR_TRACE: tell_trace(self, act->text); break;
    }
}

static void step(teller *self, tide_coordinator_event event)
{
    tide_coordinator_acts acts;
    event.now_ns = self->now_ns;
    event.wall_us = self->now_ns / 1000;
    tide_coordinator_step(self->coordinator, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) tell(self, &acts.items[i]);
}

/* ---- lines as events ---- */

static void hear_report(teller *self, words *w)
{
    const char *agent = words_next(w);
    tide_runner_report report;
    words_report(w, self->arena, &self->report, &report);
    report.job = "00000000000000aa";
    step(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REPORT,
                                         .agent = agent,
                                         .host = tide_arena_printf(self->arena, "h-%s", agent),
                                         .report = &report });
}

static void hear_beat(teller *self, words *w)
{
    tide_runner_beat beats[8];
    const char *agent = words_next(w);
    uint32_t n = words_beats(w, "00000000000000aa", beats, 8);
    step(self, (tide_coordinator_event){
                   .kind = TIDE_COORDINATOR_BEAT, .agent = agent, .beats = beats, .n_beats = n });
}

static void hear_grant(teller *self, words *w)
{
    tide_job_slot slots[64];
    uint32_t n = 0;
    for (const char *word; (word = words_next(w)) != NULL && n < 64; n++) {
        const char *dot = strchr(word, '.');
        assert_non_null(dot);
        const char *agent = tide_arena_strndup(self->arena, word, (size_t)(dot - word));
        slots[n] = (tide_job_slot){ agent, tide_arena_printf(self->arena, "h-%s", agent),
                                    strtoull(dot + 1, NULL, 10) };
    }
    step(self, (tide_coordinator_event){
                   .kind = TIDE_COORDINATOR_GRANTED, .slots = slots, .n_slots = n });
}

static bool hear_word(teller *self, const char *verb, words *w)
{
    static const struct {
        const char *verb;
        tide_coordinator_event_kind kind;
        tide_job_request request;
    } plain[] = {
        { "begin", TIDE_COORDINATOR_BEGIN, 0 },
        { "appended", TIDE_COORDINATOR_APPENDED, 0 },
        { "tick", TIDE_COORDINATOR_TICK, 0 },
        { "cancel", TIDE_COORDINATOR_REQUEST, TIDE_REQUEST_CANCEL },
        { "stop", TIDE_COORDINATOR_REQUEST, TIDE_REQUEST_STOP },
        { "back", TIDE_COORDINATOR_AGENT_BACK, 0 },
        { "leaves", TIDE_COORDINATOR_AGENT_LEAVES, 0 },
        { "gone", TIDE_COORDINATOR_AGENT_GONE, 0 },
    };
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(plain[i].verb, verb) != 0) continue;
        const char *agent = words_next(w);
        step(self,
             (tide_coordinator_event){
                 .kind = plain[i].kind,
                 .request = plain[i].request,
                 .agent = agent,
                 .text = agent ? tide_arena_printf(self->arena, "agent %s %s", agent, verb) : "" });
        return true;
    }
    return false;
}

static void hear(teller *self, const char *line)
{
    words w = words_of(self->arena, line);
    const char *verb = words_next(&w);
    if (verb[0] == '+') {
        self->now_ns += words_duration(verb + 1);
        step(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_TICK });
    } else if (strcmp(verb, "report") == 0) {
        hear_report(self, &w);
    } else if (strcmp(verb, "beat") == 0) {
        hear_beat(self, &w);
    } else if (strcmp(verb, "granted") == 0) {
        hear_grant(self, &w);
    } else if (strcmp(verb, "short") == 0 || strcmp(verb, "refused") == 0) {
        step(self, (tide_coordinator_event){ .kind = *verb == 's' ? TIDE_COORDINATOR_SHORT
                                                                  : TIDE_COORDINATOR_REFUSED,
                                             .text = words_rest(&w) });
    } else if (!hear_word(self, verb, &w)) {
        fail_msg("no such event: %s", line);
    }
}

static tide_job_spec make_spec(const coord_story *story, tide_pair pairs[4])
{
    tide_job_spec spec = { .name = "job",
                           .kind = "sql",
                           .text = "",
                           .text_name = "",
                           .artifact = "",
                           .artifact_name = "",
                           .explain = "" };
    spec.parallelism = story->parallelism ? story->parallelism : 2;
    spec.plan_hash = story->plan_hash;
    for (uint32_t i = 0; i < 4 && story->settings[2 * i]; i++)
        pairs[spec.settings_above.n++] =
            (tide_pair){ story->settings[2 * i], story->settings[2 * i + 1] };
    spec.settings_above.items = pairs;
    return spec;
}

void coord_story_check(const coord_story *story)
{
    tide_pair pairs[4];
    const tide_job_spec spec = make_spec(story, pairs);
    teller self = { .story = story, .arena = tide_arena_new(), .now_ns = INT64_C(1000000000) };
    tide_cluster_settings_init(&self.settings);
    self.coordinator =
        tide_coordinator_new(&(tide_coordinator_config){ .job = "00000000000000aa",
                                                         .spec = &spec,
                                                         .history = story->history,
                                                         .now_ns = self.now_ns,
                                                         .wall_us = self.now_ns / 1000,
                                                         .term = 1,
                                                         .settings = &self.settings,
                                                         .random_seed = 1 });
    for (const char *at = story->text; *at;) {
        size_t n = strcspn(at, "\n");
        if (*at != ' ' && n > 0) {
            const char *line = tide_arena_strndup(self.arena, at, n);
            tide_bytes_printf(&self.out, "%s\n", line);
            hear(&self, line);
        }
        at += n + (at[n] == '\n');
    }
    words_compare(tide_bytes_text(&self.out), story->text);
    tide_bytes_fini(&self.out);
    tide_coordinator_free(&self.coordinator);
    tide_arena_free(&self.arena);
}
