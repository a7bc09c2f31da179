/* lessee.c - a lease, the agents of its slots, and the coordinator between them. */
#include "master/core/lessee.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/core/mem.h"
#include "master/core/artifacts.h"

struct tide_lessee {
    tide_arena *arena;
    tide_lessee_config config;
    tide_coordinator *coordinator;
    tide_membership *members;
    /* The lease, as the leader told it last. */
    uint64_t term, seq;
    bool answered, granted, refused;
    tide_arena *lease_arena;
    const tide_lease_state *lease;
    int64_t ask_ns;     /* When to ask again. */
    int64_t release_ns; /* The job has ended: until when a master is waited for. INT64_MAX: not. */
    bool released;
    /* What the coordinator waits for. */
    uint32_t wanted; /* Slots; 0 none. */
    bool appending;
    /* This step's. */
    tide_arena *step_arena;
    tide_lessee_act *acts;
    uint32_t n_acts, cap_acts;
    int64_t now_ns, wall_us;
};

tide_lessee *tide_lessee_new(const tide_lessee_config *config)
{
    tide_lessee *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    self->lease_arena = tide_arena_new();
    self->step_arena = tide_arena_new();
    self->config = *config;
    self->config.job = tide_arena_strdup(self->arena, config->job);
    self->config.endpoint = tide_arena_strdup(self->arena, config->endpoint);
    uint64_t *masters = TIDE_NEW_N(self->arena, uint64_t, config->n_masters);
    for (uint32_t i = 0; i < config->n_masters; i++) masters[i] = config->masters[i];
    self->config.masters = masters;
    self->members = tide_membership_new(config->settings->heartbeat_timeout_us * INT64_C(1000));
    self->coordinator = tide_coordinator_new(
        &(tide_coordinator_config){ .job = config->job,
                                    .spec = config->spec,
                                    .history = { .submitted_us = config->wall_us },
                                    .settings = config->settings,
                                    .random_seed = config->random_seed });
    self->config.spec = tide_coordinator_spec(self->coordinator);
    self->ask_ns = INT64_MIN;
    self->release_ns = INT64_MAX;
    return self;
}

void tide_lessee_free(tide_lessee **self_p)
{
    tide_lessee *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    tide_coordinator_free(&self->coordinator);
    tide_membership_free(&self->members);
    tide_arena_free(&self->step_arena);
    tide_arena_free(&self->lease_arena);
    tide_arena_free(&self->arena);
    tide_free(self);
}

/* ---- actions ---- */

static void send(tide_lessee *self, uint64_t peer, tide_msg_kind kind, const void *body)
{
    const tide_msg msg = { kind, tide_msg_copy(kind, body, self->step_arena) };
    TIDE_PUSH(self->step_arena, self->acts, self->n_acts, self->cap_acts,
              ((tide_lessee_act){ .kind = TIDE_LESSEE_SEND, .peer = peer, .msg = msg }));
}

static void trace(tide_lessee *self, const char *text)
{
    const char *copy = tide_arena_strdup(self->step_arena, text);
    TIDE_PUSH(self->step_arena, self->acts, self->n_acts, self->cap_acts,
              ((tide_lessee_act){ .kind = TIDE_LESSEE_TRACE, .text = copy }));
}

static void send_masters(tide_lessee *self, tide_msg_kind kind, const void *body)
{
    for (uint32_t i = 0; i < self->config.n_masters; i++)
        send(self, self->config.masters[i], kind, body);
}

static void send_agent(tide_lessee *self, const char *agent, const tide_msg *msg)
{
    const tide_member *member = tide_membership_find(self->members, agent);
    if (member && tide_member_lives(member)) send(self, member->peer, msg->kind, msg->body);
}

static void step_job(tide_lessee *self, tide_coordinator_event event)
{
    tide_coordinator_acts acts;
    event.now_ns = self->now_ns;
    event.wall_us = self->wall_us;
    tide_coordinator_step(self->coordinator, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) {
        const tide_coordinator_act *act = &acts.items[i];
        switch (act->kind) {
        case TIDE_COORDINATOR_SEND: send_agent(self, act->agent, &act->msg); break;
        case TIDE_COORDINATOR_APPEND: self->appending = true; break;
        case TIDE_COORDINATOR_ASK: self->wanted = act->n_slots; break;
        case TIDE_COORDINATOR_ADOPT: break;                     /* Only after a change of master. */
        case TIDE_COORDINATOR_RELEASE: self->wanted = 0; break; /* The lease is kept. */
        case TIDE_COORDINATOR_TRACE: trace(self, act->text); break;
        }
    }
}

/* ---- the lease ---- */

static void on_lease_state(tide_lessee *self, const tide_lease_state *msg)
{
    if (msg->term < self->term || strcmp(msg->job, self->config.job) != 0) return;
    self->term = msg->term;
    self->answered = true;
    tide_arena_reset(self->lease_arena);
    self->lease = tide_msg_copy(TIDE_MSG_LEASE_STATE, msg, self->lease_arena);
    self->granted = strcmp(msg->state, "granted") == 0;
    self->refused = strcmp(msg->state, "refused") == 0;
    if (strcmp(msg->state, "ended") == 0 && self->release_ns != INT64_MAX) self->released = true;
}

static void ask_masters(tide_lessee *self)
{
    const tide_driver_lease msg = { .job = self->config.job,
                                    .endpoint = self->config.endpoint,
                                    .seq = ++self->seq,
                                    .spec = *self->config.spec };
    send_masters(self, TIDE_MSG_DRIVER_LEASE, &msg);
    self->ask_ns = self->now_ns + self->config.settings->heartbeat_interval_us * INT64_C(1000);
}

static void release(tide_lessee *self)
{
    const tide_driver_release msg = { .job = self->config.job };
    send_masters(self, TIDE_MSG_DRIVER_RELEASE, &msg);
    if (self->release_ns == INT64_MAX) self->release_ns = self->now_ns + TIDE_LESSEE_RELEASE_NS;
    self->ask_ns = self->now_ns + self->config.settings->control_retry_us * INT64_C(1000);
}

/* Everybody whose slots were leased has connected. */
static bool all_are_here(const tide_lessee *self)
{
    for (uint32_t i = 0; i < self->lease->agents.n; i++) {
        const tide_member *member =
            tide_membership_find(self->members, self->lease->agents.items[i].agent);
        if (!member || member->state != TIDE_MEMBER_ALIVE) return false;
    }
    return true;
}

/* False: the lease has fewer slots than are wanted. */
static bool give_slots(tide_lessee *self)
{
    uint32_t n = 0;
    tide_job_slot *slots = TIDE_NEW_N(self->step_arena, tide_job_slot, self->wanted);
    for (uint32_t i = 0; i < self->lease->agents.n; i++) {
        const tide_leased_agent *a = &self->lease->agents.items[i];
        for (uint32_t s = 0; s < a->slots.n && n < self->wanted; s++)
            slots[n++] = (tide_job_slot){ a->agent, a->host, a->slots.items[s].local };
    }
    if (n < self->wanted) return false;
    self->wanted = 0;
    step_job(self, (tide_coordinator_event){
                       .kind = TIDE_COORDINATOR_GRANTED, .slots = slots, .n_slots = n });
    return true;
}

static const char *why_waiting(const tide_lessee *self)
{
    if (!self->lease) return "no master has answered yet";
    if (!self->granted) return self->lease->reason;
    return "the leased workers have not connected to this driver yet";
}

/* True: the coordinator does not wait any more. */
static bool serve_waiting(tide_lessee *self)
{
    if (self->refused) {
        self->wanted = 0;
        step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REFUSED,
                                                 .text = self->lease->reason });
        return true;
    }
    if (self->granted && all_are_here(self) && give_slots(self)) return true;
    if (strcmp(tide_coordinator_why_waiting(self->coordinator), why_waiting(self)) != 0)
        step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_SHORT,
                                                 .text = why_waiting(self) });
    return false;
}

/* ---- agents ---- */

static void welcome(tide_lessee *self, uint64_t peer, uint64_t seq)
{
    const tide_agent_welcome msg = {
        .seq = seq,
        .leader = self->config.endpoint,
        .heartbeat_ms = (uint64_t)(self->config.settings->heartbeat_interval_us / 1000),
    };
    send(self, peer, TIDE_MSG_AGENT_WELCOME, &msg);
}

static void take_news(tide_lessee *self)
{
    tide_member_event news;
    while (tide_membership_next(self->members, &news)) {
        trace(self, news.why);
        if (news.kind == TIDE_MEMBER_JOINED) continue;
        step_job(self, (tide_coordinator_event){ .kind = news.kind == TIDE_MEMBER_LOST
                                                             ? TIDE_COORDINATOR_AGENT_GONE
                                                             : TIDE_COORDINATOR_AGENT_LEAVES,
                                                 .agent = news.agent,
                                                 .text = news.why });
    }
}

static void on_report(tide_lessee *self, const char *agent, const tide_runner_report *report)
{
    const tide_member *member = tide_membership_find(self->members, agent);
    if (member && strcmp(report->job, self->config.job) == 0)
        step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REPORT,
                                                 .agent = member->id,
                                                 .host = member->host,
                                                 .report = report });
}

static void on_hello(tide_lessee *self, uint64_t peer, const tide_agent_hello *hello)
{
    if (strcmp(hello->job, self->config.job) != 0) return; /* Of another driver's lease. */
    take_news(self);
    if (tide_membership_hello(self->members, peer, hello, self->now_ns, self->wall_us) != TIDE_OK) {
        trace(self, tide_error_text());
        return;
    }
    take_news(self);
    welcome(self, peer, 0);
    step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_AGENT_BACK,
                                             .agent = hello->agent });
    for (uint32_t i = 0; i < hello->runners.n; i++)
        on_report(self, hello->agent, &hello->runners.items[i]);
}

static void on_heartbeat(tide_lessee *self, uint64_t peer, const tide_agent_heartbeat *msg)
{
    uint32_t n = 0;
    tide_runner_beat *beats = TIDE_NEW_N(self->step_arena, tide_runner_beat, msg->runners.n);
    for (uint32_t i = 0; i < msg->runners.n; i++)
        if (strcmp(msg->runners.items[i].job, self->config.job) == 0)
            beats[n++] = msg->runners.items[i];
    welcome(self, peer, msg->seq);
    step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_BEAT,
                                             .agent = msg->agent,
                                             .beats = beats,
                                             .n_beats = n });
}

static bool is_known(tide_lessee *self, uint64_t peer, const char *agent)
{
    if (tide_membership_heard(self->members, peer, agent, self->now_ns)) return true;
    const tide_hello_again again = { .term = 0 };
    send(self, peer, TIDE_MSG_HELLO_AGAIN, &again);
    return false;
}

static void on_artifact(tide_lessee *self, uint64_t peer, const tide_artifact_get *get)
{
    bool is_ours = strcmp(get->artifact, self->config.spec->artifact) == 0;
    const tide_proto_bytes none = { 0 };
    const tide_artifact_data data =
        tide_artifact_chunk(get->artifact, is_ours ? self->config.artifact : none, get->offset);
    send(self, peer, TIDE_MSG_ARTIFACT_DATA, &data);
}

static void on_message(tide_lessee *self, uint64_t peer, const tide_msg *msg)
{
    if (msg->kind == TIDE_MSG_LEASE_STATE) {
        on_lease_state(self, msg->body);
    } else if (msg->kind == TIDE_MSG_AGENT_HELLO) {
        on_hello(self, peer, msg->body);
    } else if (msg->kind == TIDE_MSG_AGENT_HEARTBEAT) {
        const tide_agent_heartbeat *beat = msg->body;
        if (is_known(self, peer, beat->agent)) on_heartbeat(self, peer, beat);
    } else if (msg->kind == TIDE_MSG_RUNNER_REPORT) {
        const tide_runner_report_msg *report = msg->body;
        if (is_known(self, peer, report->agent)) on_report(self, report->agent, &report->report);
    } else if (msg->kind == TIDE_MSG_RUNNER_STATS) {
        const tide_runner_stats *stats = msg->body;
        if (is_known(self, peer, stats->agent) && strcmp(stats->job, self->config.job) == 0)
            step_job(self,
                     (tide_coordinator_event){ .kind = TIDE_COORDINATOR_STATS, .stats = stats });
    } else if (msg->kind == TIDE_MSG_AGENT_GOODBYE) {
        tide_membership_goodbye(self->members, ((const tide_agent_goodbye *)msg->body)->agent);
    } else if (msg->kind == TIDE_MSG_ARTIFACT_GET) {
        on_artifact(self, peer, msg->body);
    }
}

/* ---- the step ---- */

static bool has_ended(const tide_lessee *self)
{
    return tide_lifecycle_is_final(tide_coordinator_state(self->coordinator));
}

static void settle(tide_lessee *self)
{
    bool again;
    take_news(self);
    do {
        again = self->wanted && serve_waiting(self);
        while (self->appending) {
            self->appending = false;
            again = true;
            step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_APPENDED });
        }
    } while (again);
    bool due = self->now_ns >= self->ask_ns;
    if (has_ended(self) && !self->released && (due || self->release_ns == INT64_MAX))
        release(self);
    else if (!has_ended(self) && due)
        ask_masters(self);
}

void tide_lessee_step(tide_lessee *self, const tide_lessee_event *event, tide_lessee_acts *acts)
{
    bool first = self->seq == 0;
    tide_arena_reset(self->step_arena);
    self->acts = NULL;
    self->n_acts = self->cap_acts = 0;
    self->now_ns = event->now_ns;
    self->wall_us = event->wall_us;
    if (first) step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_BEGIN });
    switch (event->kind) {
    case TIDE_LESSEE_TICK:
        tide_membership_tick(self->members, self->now_ns);
        if (tide_coordinator_deadline_ns(self->coordinator) <= self->now_ns)
            step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_TICK });
        break;
    case TIDE_LESSEE_MESSAGE: on_message(self, event->peer, &event->msg); break;
    case TIDE_LESSEE_CLOSED:
        tide_membership_closed(self->members, event->peer, self->now_ns);
        break;
    case TIDE_LESSEE_REQUEST:
        step_job(self, (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REQUEST,
                                                 .request = event->request });
        break;
    }
    settle(self);
    *acts = (tide_lessee_acts){ self->n_acts, self->acts };
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t tide_lessee_deadline_ns(const tide_lessee *self)
{
    if (tide_lessee_is_over(self)) return INT64_MIN;
    int64_t at = earlier(self->ask_ns, self->release_ns);
    at = earlier(at, tide_membership_deadline_ns(self->members));
    return earlier(at, tide_coordinator_deadline_ns(self->coordinator));
}

bool tide_lessee_is_over(const tide_lessee *self)
{
    return has_ended(self) && (self->released || self->now_ns >= self->release_ns);
}

const tide_coordinator *tide_lessee_coordinator(const tide_lessee *self)
{
    return self->coordinator;
}

bool tide_lessee_was_answered(const tide_lessee *self)
{
    return self->answered;
}
