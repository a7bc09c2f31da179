/* agent_kit.c - see agent_kit.h. */
#include "tests/unit/worker/agent_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void kit_begin(kit *self, uint32_t n_masters)
{
    static const tide_slot_info slots[4] = {
        { .local = 0 }, { .local = 1 }, { .local = 2 }, { .local = 3 }
    };
    const tide_agent_config config = { .agent = "a000000000000001",
                                       .host = "h1",
                                       .version = "0",
                                       .data_host = "127.0.0.1",
                                       .rest = "",
                                       .n_masters = n_masters,
                                       .n_slots = 4,
                                       .slots = slots };
    *self = (kit){ .now_ns = 1000 * MS };
    self->agent = tide_agent_new(&config, self->now_ns);
}

void kit_end(kit *self)
{
    tide_agent_free(&self->agent);
    tide_bytes_fini(&self->lines);
}

static void put_report(tide_bytes *out, const tide_runner_report *r)
{
    tide_bytes_printf(out, " attempt=%d %s", (int)r->attempt,
                      tide_runner_state_name((tide_runner_state)r->state));
    if (r->failure.code)
        tide_bytes_printf(out, " %s: %s", tide_status_name((tide_status)r->failure.code),
                          r->failure.text);
}

static void put_message(tide_bytes *out, const tide_msg *m)
{
    tide_bytes_printf(out, "%s", tide_msg_name(m->kind));
    if (m->kind == TIDE_MSG_AGENT_HELLO) {
        const tide_agent_hello *h = m->body;
        tide_bytes_printf(out, " slots=%u runners=%u", h->slots.n, h->runners.n);
        if (*h->job) tide_bytes_printf(out, " job=%s", h->job);
        for (uint32_t i = 0; i < h->leases.n; i++)
            tide_bytes_printf(out, " leases %s=%u", h->leases.items[i].job,
                              h->leases.items[i].slots.n);
    } else if (m->kind == TIDE_MSG_AGENT_HEARTBEAT) {
        const tide_agent_heartbeat *h = m->body;
        tide_bytes_printf(out, " runners=%u leases=%u", h->runners.n, h->leases.n);
    } else if (m->kind == TIDE_MSG_RUNNER_REPORT) {
        put_report(out, &((const tide_runner_report_msg *)m->body)->report);
    } else if (m->kind == TIDE_MSG_ARTIFACT_GET) {
        const tide_artifact_get *g = m->body;
        tide_bytes_printf(out, " %s %d", g->artifact, (int)g->offset);
    } else if (m->kind == TIDE_MSG_ARTIFACT_PATH) {
        tide_bytes_printf(out, " %s", ((const tide_artifact_path *)m->body)->path);
    }
}

static void put_action(tide_bytes *out, const tide_agent_action *a)
{
    switch (a->kind) {
    case TIDE_AGENT_SEND:
        tide_bytes_printf(out, "send %u ", a->peer);
        put_message(out, &a->message);
        break;
    case TIDE_AGENT_CONNECT: tide_bytes_printf(out, "connect %u %s", a->peer, a->text); break;
    case TIDE_AGENT_DISCONNECT: tide_bytes_printf(out, "disconnect %u", a->peer); break;
    case TIDE_AGENT_SPAWN: tide_bytes_printf(out, "spawn %d", (int)a->runner); break;
    case TIDE_AGENT_RUNNER_SEND:
        tide_bytes_printf(out, "tell %d ", (int)a->runner);
        put_message(out, &a->message);
        break;
    case TIDE_AGENT_KILL: tide_bytes_printf(out, "kill %d", (int)a->runner); break;
    case TIDE_AGENT_ARTIFACT_FIND: tide_bytes_printf(out, "find %s", a->text); break;
    case TIDE_AGENT_ARTIFACT_WRITE:
        tide_bytes_printf(out, "write %s %d+%d/%d", a->data->artifact, (int)a->data->offset,
                          (int)a->data->data.n, (int)a->data->total);
        break;
    case TIDE_AGENT_LOG_READ: tide_bytes_printf(out, "log %u", a->peer); break;
    case TIDE_AGENT_EXIT: tide_bytes_puts(out, "exit"); break;
    }
}

void kit_step(kit *self, const tide_agent_event *event, const char *expect)
{
    const tide_agent_actions *actions = tide_agent_step(self->agent, event, self->now_ns);
    self->lines.n = 0;
    for (uint32_t i = 0; i < actions->n; i++) {
        if (i) tide_bytes_putc(&self->lines, '\n');
        put_action(&self->lines, &actions->items[i]);
    }
    tide_bytes_text(&self->lines);
    /* Whatever was due now was done. */
    assert_true(tide_agent_next_ns(self->agent) > self->now_ns);
    if (expect) kit_expect(self, expect);
}

void kit_expect(const kit *self, const char *expect)
{
    assert_string_equal(self->lines.p, expect);
}

void kit_up(kit *self, uint32_t peer, const char *expect)
{
    kit_step(self, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_UP, .peer = peer }, expect);
}

void kit_message(kit *self, uint32_t peer, tide_msg_kind kind, const void *body, const char *expect)
{
    const tide_msg message = { kind, body };
    kit_step(self,
             &(tide_agent_event){ .kind = TIDE_AGENT_MESSAGE, .peer = peer, .message = &message },
             expect);
}

void kit_welcome(kit *self, uint32_t peer, uint64_t term, const char *expect)
{
    const tide_agent_welcome m = { .term = term };
    kit_message(self, peer, TIDE_MSG_AGENT_WELCOME, &m, expect);
}

void kit_exited(kit *self, uint64_t runner, const tide_failure *exit, const char *expect)
{
    kit_step(self,
             &(tide_agent_event){
                 .kind = TIDE_AGENT_RUNNER_EXITED, .runner = runner, .exit = exit },
             expect);
}

void kit_said(kit *self, uint64_t runner, tide_runner_state state, const char *expect)
{
    tide_runner_report_msg m = { .report = { .state = state } };
    if (state == TIDE_RUNNER_PREPARED) {
        m.report.plan_hash = KIT_PLAN_HASH;
        m.report.tcp = "tcp://r";
    }
    if (state == TIDE_RUNNER_FAILED)
        m.report.failure = (tide_failure){ .code = TIDE_E_DATA, .text = "bad row" };
    const tide_msg message = { TIDE_MSG_RUNNER_REPORT, &m };
    kit_step(self,
             &(tide_agent_event){
                 .kind = TIDE_AGENT_RUNNER_MESSAGE, .runner = runner, .message = &message },
             expect);
}

void kit_wait(kit *self, int64_t ms, const char *expect)
{
    self->now_ns += ms * MS;
    kit_step(self, &(tide_agent_event){ .kind = TIDE_AGENT_TICK }, expect);
}

void kit_start(kit *self, uint32_t peer, uint64_t term, uint64_t attempt, uint64_t local,
               const char *expect)
{
    tide_slot_ref slot = { .slot = 0, .local = local };
    const tide_runner_start m = {
        .term = term, .job = JOB, .attempt = attempt, .slots = { 1, &slot }
    };
    kit_message(self, peer, TIDE_MSG_RUNNER_START, &m, expect);
}

void kit_command(kit *self, uint32_t peer, uint64_t term, tide_msg_kind kind, uint64_t attempt,
                 const char *expect)
{
    /* The four begin alike; what RUNNER_DEPLOY has more is empty. */
    const tide_runner_deploy deploy = { .term = term, .job = JOB, .attempt = attempt };
    const tide_runner_go go = { .term = term, .job = JOB, .attempt = attempt };
    const tide_runner_stop stop = { .term = term, .job = JOB, .attempt = attempt };
    const tide_runner_kill kill = { .term = term, .job = JOB, .attempt = attempt };
    const void *body = kind == TIDE_MSG_RUNNER_DEPLOY ? (const void *)&deploy
                       : kind == TIDE_MSG_RUNNER_GO   ? (const void *)&go
                       : kind == TIDE_MSG_RUNNER_STOP ? (const void *)&stop
                                                      : (const void *)&kill;
    kit_message(self, peer, kind, body, expect);
}

void kit_ack(kit *self, uint32_t peer, uint64_t term, uint64_t attempt, uint64_t report,
             bool forget, const char *expect)
{
    const tide_report_ack m = {
        .term = term, .job = JOB, .attempt = attempt, .report = report, .forget = forget
    };
    kit_message(self, peer, TIDE_MSG_REPORT_ACK, &m, expect);
}
