/* agent_commands.c - what coordinators want of runners. Commands come again until the report shows
 * that they worked, so each one that has worked is answered with the report. */
#include "worker/core/agent_priv.h"

runner_key agent_key_of(const tide_msg *m)
{
#define KEY_OF(NAME, name)                                                                         \
    case TIDE_MSG_##NAME: {                                                                        \
        const tide_##name *x = m->body;                                                            \
        return (runner_key){ x->job, x->attempt, x->runner };                                      \
    }
    switch ((int)m->kind) {
        KEY_OF(RUNNER_START, runner_start)
        KEY_OF(RUNNER_DEPLOY, runner_deploy)
        KEY_OF(RUNNER_GO, runner_go)
        KEY_OF(RUNNER_STOP, runner_stop)
        KEY_OF(RUNNER_KILL, runner_kill)
        KEY_OF(REPORT_ACK, report_ack)
    default: return (runner_key){ 0 };
    }
#undef KEY_OF
}

/* ---- RUNNER_START ---- */
static const agent_runner *holder_of(const tide_agent *self, uint64_t local)
{
    for (uint32_t i = 0; i < self->n_runners; i++) {
        const agent_runner *r = self->runners[i];
        for (uint32_t s = 0; r->phase != RUNNER_GONE && s < r->start->slots.n; s++)
            if (r->start->slots.items[s].local == local) return r;
    }
    return NULL;
}

static bool is_leased(const tide_agent *self, uint64_t local, const agent_lease *to)
{
    if (to) return to->slots[local];
    for (uint32_t i = 0; i < self->n_leases; i++)
        if (self->leases[i].slots[local]) return true;
    return false;
}

/* Why it cannot be started, in the step's arena; NULL: it can. */
static const char *find_objection(tide_agent *self, const tide_runner_start *m)
{
    const agent_lease *lease = agent_lease_of(self, m->job);
    if (self->draining) return "the worker is being shut down";
    if (lease && lease->ending) return "the lease ends";
    if (m->slots.n == 0) return "no slots were named";
    for (uint32_t i = 0; i < m->slots.n; i++) {
        uint64_t local = m->slots.items[i].local;
        if (local >= self->config.n_slots)
            return tide_arena_printf(self->step_arena, "there is no slot %llu here",
                                     (unsigned long long)local);
        if (is_leased(self, local, lease) != (lease != NULL))
            return tide_arena_printf(self->step_arena, "slot %llu is %s", (unsigned long long)local,
                                     lease ? "not leased to the job" : "leased to a driver");
        const agent_runner *holder = holder_of(self, local);
        if (holder)
            return tide_arena_printf(self->step_arena, "slot %llu is taken by job %s, attempt %llu",
                                     (unsigned long long)local, holder->report.job,
                                     (unsigned long long)holder->report.attempt);
    }
    return NULL;
}

/* Older attempts of the job have to be gone first; true when one still lives. */
static bool kill_older(tide_agent *self, const char *job, uint64_t attempt, const char *why)
{
    bool any = false;
    for (uint32_t i = 0; i < self->n_runners; i++) {
        agent_runner *r = self->runners[i];
        if (strcmp(r->report.job, job) != 0 || r->report.attempt > attempt) continue;
        agent_kill(self, r, TIDE_E_CANCELLED, why);
        any = any || r->phase != RUNNER_GONE;
    }
    return any;
}

static void on_start(tide_agent *self, const tide_runner_start *m)
{
    if (m->attempt > 0 && kill_older(self, m->job, m->attempt - 1, "a newer attempt begins"))
        return; /* It comes again. */
    const char *objection = find_objection(self, m);
    agent_runner *r = agent_add_runner(self, m);
    if (objection) {
        agent_trace(self, "start of %s refused: %s", m->job, objection);
        r->phase = RUNNER_GONE;
        const tide_failure failure = { .code = TIDE_E_REFUSED, .text = objection };
        agent_end(self, r, &failure);
        return;
    }
    if (*r->start->spec.artifact)
        agent_await_artifact(self, r);
    else
        agent_spawn(self, r, NULL);
}

/* ---- the others ---- */
/* The runner is not here (any more), which is an answer. */
static void report_unknown(tide_agent *self, uint32_t peer, const runner_key *key)
{
    const tide_runner_report_msg m = {
        .agent = self->config.agent,
        .report = { .job = key->job,
                    .attempt = key->attempt,
                    .runner = key->runner,
                    .state = TIDE_RUNNER_EXITED,
                    .failure = { .code = TIDE_E_NOT_FOUND,
                                 .text = "the worker has no such runner",
                                 .host = self->config.host } },
    };
    agent_send(self, peer, TIDE_MSG_RUNNER_REPORT, &m);
}

static void pass_on(tide_agent *self, agent_runner *r, const tide_msg *message, bool *sent)
{
    if (*sent) return;
    *sent = true;
    void *copy = tide_msg_copy(message->kind, message->body, self->step_arena);
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_RUNNER_SEND,
                                          .runner = r->id,
                                          .message = { message->kind, copy } });
}

/* A command that leads from state `from` on; behind that it has worked. */
static void on_step(tide_agent *self, agent_runner *r, const tide_msg *message,
                    tide_runner_state from, bool *sent)
{
    if (r->report.state == from && r->phase == RUNNER_ALIVE)
        pass_on(self, r, message, sent);
    else if (r->report.state > from)
        agent_report_again(self, r);
}

static void on_ack(tide_agent *self, agent_runner *r, const tide_report_ack *m)
{
    if (m->report > r->acked && m->report <= r->report.report) r->acked = m->report;
    if (r->acked == r->report.report) r->resend_ns = NEVER;
    bool may_go = m->forget && m->report == r->report.report;
    if (may_go && r->phase == RUNNER_GONE) {
        agent_trace(self, "job %s, attempt %llu is forgotten", r->report.job,
                    (unsigned long long)r->report.attempt);
        agent_raise_fence(self, r->report.job, r->report.attempt);
        agent_drop_runner(self, r);
    }
}

static void on_kill(tide_agent *self, const runner_key *key)
{
    agent_raise_fence(self, key->job, key->attempt);
    kill_older(self, key->job, key->attempt, "killed as its coordinator asked");
}

bool agent_on_command(tide_agent *self, uint32_t peer, const tide_msg *message)
{
    runner_key key = agent_key_of(message);
    if (key.job == NULL) return false;
    bool over = agent_is_fenced(self, &key);
    if (message->kind == TIDE_MSG_RUNNER_KILL) on_kill(self, &key);
    agent_runner *r = agent_find_runner(self, &key);
    if (r == NULL) {
        if (message->kind == TIDE_MSG_RUNNER_START && !over)
            on_start(self, message->body);
        else if (message->kind == TIDE_MSG_RUNNER_KILL ||
                 (over && message->kind != TIDE_MSG_REPORT_ACK))
            report_unknown(self, peer, &key);
        return true;
    }
    switch ((int)message->kind) {
    case TIDE_MSG_RUNNER_START: agent_report_again(self, r); break;
    case TIDE_MSG_RUNNER_DEPLOY:
        on_step(self, r, message, TIDE_RUNNER_PREPARED, &r->sent_deploy);
        break;
    case TIDE_MSG_RUNNER_GO: on_step(self, r, message, TIDE_RUNNER_DEPLOYED, &r->sent_go); break;
    case TIDE_MSG_RUNNER_STOP:
        if (r->phase == RUNNER_ALIVE && r->report.state < TIDE_RUNNER_FINISHED)
            pass_on(self, r, message, &r->sent_stop);
        else
            agent_report_again(self, r);
        break;
    case TIDE_MSG_RUNNER_KILL:
        if (r->phase == RUNNER_GONE) agent_report_again(self, r);
        break;
    default: on_ack(self, r, message->body); break;
    }
    return true;
}
