/* agent.c - one event in, actions out, and what time alone brings. */
#include "worker/core/agent.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "worker/core/agent_priv.h"

static void copy_config(tide_agent *self, const tide_agent_config *config)
{
    tide_agent_config *c = &self->config;
    *c = *config;
    c->agent = tide_arena_strdup(self->arena, config->agent);
    c->host = tide_arena_strdup(self->arena, config->host);
    c->version = tide_arena_strdup(self->arena, config->version);
    c->data_host = tide_arena_strdup(self->arena, config->data_host);
    c->rest = tide_arena_strdup(self->arena, config->rest);
    tide_slot_info *slots = TIDE_NEW_N(self->arena, tide_slot_info, config->n_slots);
    for (uint32_t i = 0; i < config->n_slots; i++) {
        tide_assert(config->slots[i].local == i);
        slots[i] = config->slots[i];
    }
    c->slots = slots;
    if (c->heartbeat_ns == 0) c->heartbeat_ns = TIDE_AGENT_HEARTBEAT_NS;
    if (c->retry_ns == 0) c->retry_ns = TIDE_AGENT_RETRY_NS;
    if (c->drain_ns == 0) c->drain_ns = TIDE_AGENT_DRAIN_NS;
}

tide_agent *tide_agent_new(const tide_agent_config *config, int64_t now_ns)
{
    tide_agent *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    self->step_arena = tide_arena_new();
    self->now_ns = now_ns;
    self->next_runner = 1;
    self->drain_until_ns = self->exit_until_ns = NEVER;
    copy_config(self, config);
    for (uint32_t i = 0; i < config->n_masters; i++) {
        uint32_t index;
        agent_add_peer(self, &index);
        tide_assert(index == i);
    }
    return self;
}

static void free_lease(agent_lease *lease)
{
    tide_free(lease->job);
    tide_free(lease->endpoint);
    tide_free(lease->slots);
}

void tide_agent_free(tide_agent **self_p)
{
    tide_agent *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    while (self->n_runners) agent_drop_runner(self, self->runners[self->n_runners - 1]);
    for (uint32_t i = 0; i < self->n_leases; i++) free_lease(&self->leases[i]);
    for (uint32_t i = 0; i < self->n_fences; i++) tide_free(self->fences[i].job);
    for (uint32_t i = 0; i < self->n_fetches; i++) tide_free(self->fetches[i].artifact);
    tide_free(self->peers);
    tide_free(self->leases);
    tide_free(self->runners);
    tide_free(self->fences);
    tide_free(self->fetches);
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->arena);
    tide_free(self);
}

void agent_trace(tide_agent *self, const char *fmt, ...)
{
    if (self->config.trace == NULL) return;
    char line[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    self->config.trace(self->config.trace_ctx, line);
}

void agent_act(tide_agent *self, const tide_agent_action *action)
{
    TIDE_PUSH(self->step_arena, self->items, self->actions.n, self->cap_items, *action);
}

void agent_send(tide_agent *self, uint32_t peer, tide_msg_kind kind, const void *body)
{
    void *copy = tide_msg_copy(kind, body, self->step_arena);
    agent_act(self, &(tide_agent_action){
                        .kind = TIDE_AGENT_SEND, .peer = peer, .message = { kind, copy } });
}

static void on_log_get(tide_agent *self, uint32_t peer, const tide_msg *message)
{
    void *copy = tide_msg_copy(message->kind, message->body, self->step_arena);
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_LOG_READ,
                                          .peer = peer,
                                          .message = { message->kind, copy } });
}

static void on_message(tide_agent *self, uint32_t peer, const tide_msg *message)
{
    if (peer >= self->n_peers || !self->peers[peer].in_use) return;
    if (!agent_may(self, peer, message)) return;
    if (agent_on_command(self, peer, message)) return;
    const void *body = message->body;
    switch ((int)message->kind) {
    case TIDE_MSG_AGENT_WELCOME: agent_on_welcome(self, peer, body); break;
    case TIDE_MSG_NOT_LEADER: agent_on_not_leader(self, peer, body); break;
    case TIDE_MSG_HELLO_AGAIN: agent_on_hello_again(self, peer); break;
    case TIDE_MSG_LEASE_GRANT: agent_on_lease_grant(self, body); break;
    case TIDE_MSG_LEASE_END: agent_on_lease_end(self, body); break;
    case TIDE_MSG_ARTIFACT_DATA: agent_on_artifact_data(self, body); break;
    case TIDE_MSG_LOG_GET: on_log_get(self, peer, message); break;
    default: agent_trace(self, "%s is not for an agent", tide_msg_name(message->kind)); break;
    }
}

static void on_drain(tide_agent *self)
{
    self->drain_until_ns = self->draining ? self->now_ns : self->now_ns + self->config.drain_ns;
    if (!self->draining) agent_say_goodbye(self);
    self->draining = true;
    agent_trace(self, "drain");
}

static void handle(tide_agent *self, const tide_agent_event *event)
{
    agent_runner *r = agent_runner_by_id(self, event->runner);
    switch (event->kind) {
    case TIDE_AGENT_TICK: break;
    case TIDE_AGENT_PEER_UP: agent_peer_up(self, event->peer); break;
    case TIDE_AGENT_PEER_DOWN: agent_peer_down(self, event->peer); break;
    case TIDE_AGENT_MESSAGE: on_message(self, event->peer, event->message); break;
    case TIDE_AGENT_SPAWNED:
        if (r) r->report.pid = event->pid;
        break;
    case TIDE_AGENT_RUNNER_MESSAGE:
        if (r) agent_on_runner_message(self, r, event->message);
        break;
    case TIDE_AGENT_RUNNER_PROGRESS:
        if (r) agent_on_progress(self, r, event->progress);
        break;
    case TIDE_AGENT_RUNNER_EXITED:
        if (r && event->was_dying) r->killing = false;
        if (r) agent_on_exited(self, r, event->exit);
        break;
    case TIDE_AGENT_ARTIFACT: agent_on_artifact(self, event->artifact); break;
    case TIDE_AGENT_DRAIN: on_drain(self); break;
    }
}

static bool any_alive(const tide_agent *self)
{
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (self->runners[i]->phase != RUNNER_GONE) return true;
    return false;
}

static bool all_acknowledged(const tide_agent *self)
{
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (self->runners[i]->acked < self->runners[i]->report.report) return false;
    return true;
}

/* Once nothing runs, whoever coordinates gets a few retries to take note of it. */
static void drain(tide_agent *self)
{
    if (!self->draining || self->exited) return;
    if (self->now_ns >= self->drain_until_ns) {
        self->drain_until_ns = NEVER;
        for (uint32_t i = 0; i < self->n_runners; i++)
            agent_kill(self, self->runners[i], TIDE_E_CANCELLED, "the worker was shut down");
    }
    if (any_alive(self)) return;
    if (self->exit_until_ns == NEVER)
        self->exit_until_ns = self->now_ns + 3 * self->config.retry_ns;
    if (!all_acknowledged(self) && self->now_ns < self->exit_until_ns) return;
    self->exited = true;
    self->drain_until_ns = self->exit_until_ns = NEVER;
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_EXIT });
}

const tide_agent_actions *tide_agent_step(tide_agent *self, const tide_agent_event *event,
                                          int64_t now_ns)
{
    tide_arena_reset(self->step_arena);
    self->actions = (tide_agent_actions){ 0 };
    self->items = NULL;
    self->cap_items = 0;
    if (now_ns > self->now_ns) self->now_ns = now_ns;
    handle(self, event);
    drain(self);
    agent_close_ended_leases(self);
    agent_artifacts_timers(self);
    agent_runners_timers(self);
    agent_peers_timers(self);
    self->actions.items = self->items;
    return &self->actions;
}

static void earlier(int64_t *next_ns, int64_t at_ns)
{
    if (at_ns < *next_ns) *next_ns = at_ns;
}

int64_t tide_agent_next_ns(const tide_agent *self)
{
    int64_t next = NEVER;
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i].in_use) earlier(&next, self->peers[i].due_ns);
    for (uint32_t i = 0; i < self->n_runners; i++) earlier(&next, self->runners[i]->resend_ns);
    for (uint32_t i = 0; i < self->n_fetches; i++) earlier(&next, self->fetches[i].due_ns);
    earlier(&next, self->drain_until_ns);
    earlier(&next, self->exit_until_ns);
    return next;
}

uint64_t tide_agent_term(const tide_agent *self)
{
    return self->term;
}

const tide_runner_report *tide_agent_runner(const tide_agent *self, uint32_t i)
{
    return i < self->n_runners ? &self->runners[i]->report : NULL;
}
