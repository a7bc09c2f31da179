/* shell_agent.c - an agent process: worker/core/agent on the simulated network, with its runners.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/cluster.h"
#include "tests/sim/mutations.h"
#include "worker/core/agent.h"

#define PEERS_MAX 64u
#define CONNECT_EVERY_NS (100 * SIM_MS)
#define LANE_CONNECT 1u

/* A master or driver, by the core's number. */
typedef struct peer {
    char endpoint[64];
    bool used, up;
    uint64_t number; /* Of the connection. */
} peer;

typedef struct runner {
    uint64_t number;
    uint32_t process;
} runner;

typedef struct agent {
    sim_process *process;
    tide_agent *core;
    tide_arena *arena;
    char id[20];
    uint32_t n_peers;
    peer peers[PEERS_MAX];
    uint32_t n_runners, cap_runners;
    runner *runners;
    uint64_t highest_term, obeys_term; /* As a checker sees it: heard of; of the message in hand. */
} agent;

static void step(agent *self, const tide_agent_event *event);

/* ---- connections: tried again and again ---- */
static void connect_one(agent *self, uint32_t i)
{
    peer *p = &self->peers[i];
    sim_process *process = self->process;
    uint32_t to = sim_net_find(process->world->net, p->endpoint);
    if (to == SIM_NOBODY || !sim_net_is_reachable(process, to)) return;
    sim_net_connect(process, to, 0);
    p->up = true;
    p->number = sim_net_peer(process, to);
    step(self, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_UP, .peer = i });
}

static void connect_all(agent *self)
{
    bool waits = false;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        if (!self->peers[i].used || self->peers[i].up) continue;
        connect_one(self, i);
        waits = waits || !self->peers[i].up;
    }
    sim_process *process = self->process;
    if (waits && process->alive)
        sim_wake_at(process, LANE_CONNECT, sim_now_ns(process) + CONNECT_EVERY_NS);
}

static void set_peer(agent *self, uint32_t i, const char *endpoint)
{
    tide_assert(i < PEERS_MAX);
    peer *p = &self->peers[i];
    *p = (peer){ .used = true };
    snprintf(p->endpoint, sizeof p->endpoint, "%s", endpoint);
    if (i >= self->n_peers) self->n_peers = i + 1;
    sim_wake_at(self->process, LANE_CONNECT, sim_now_ns(self->process) + SIM_MS);
}

static void drop_peer(agent *self, uint32_t i)
{
    peer *p = &self->peers[i];
    if (p->up) sim_net_close(self->process, sim_net_process_of(p->number));
    *p = (peer){ 0 };
}

/* ---- terms ---- */
/* Where a message from a master has its term; NULL: it has none. */
static uint64_t *place_of_term(const tide_msg *msg)
{
#define TERM_OF(KIND, type)                                                                        \
    if (msg->kind == TIDE_MSG_##KIND) return &((type *)(uintptr_t)msg->body)->term;
    TERM_OF(AGENT_WELCOME, tide_agent_welcome)
    TERM_OF(RUNNER_START, tide_runner_start)
    TERM_OF(RUNNER_DEPLOY, tide_runner_deploy)
    TERM_OF(RUNNER_GO, tide_runner_go)
    TERM_OF(RUNNER_STOP, tide_runner_stop)
    TERM_OF(RUNNER_KILL, tide_runner_kill)
    TERM_OF(LEASE_GRANT, tide_lease_grant)
    TERM_OF(LEASE_END, tide_lease_end)
#undef TERM_OF
    return NULL;
}

static uint64_t term_of(const tide_msg *msg)
{
    const uint64_t *term = place_of_term(msg);
    return term ? *term : 0;
}

static void raise_term(const agent *self, const tide_msg *msg)
{
    uint64_t *term = place_of_term(msg);
    if (term && *term) *term = self->highest_term;
}

/* An agent acts on a command: not on that of a leader who was overtaken. */
static void check_term(const agent *self, const char *what)
{
    if (self->obeys_term && self->obeys_term < self->highest_term)
        sim_fail(self->process->world, SIM_WRONG,
                 "%s %s for a leader of term %" PRIu64 " when it knows of term %" PRIu64,
                 self->process->name, what, self->obeys_term, self->highest_term);
}

/* ---- runners ---- */
static void run_spawned(sim_process *process, sim_post *post)
{
    step(process->self,
         &(tide_agent_event){ .kind = TIDE_AGENT_SPAWNED, .runner = post->id, .pid = post->code });
}

static void spawn(agent *self, uint64_t number)
{
    sim_process *process = self->process;
    sim_process *child = sim_runner_start_on(process, process->host, number);
    TIDE_GROW(self->runners, self->n_runners, self->cap_runners);
    self->runners[self->n_runners++] = (runner){ number, child->id };
    sim_post *post = sim_post_new(process->id, 0, process->id, NULL, 0, run_spawned);
    post->id = number;
    post->code = child->id;
    sim_post_at(process->world, process->world->now + SIM_MS, post);
}

static sim_process *runner_process(const agent *self, uint64_t number)
{
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (self->runners[i].number == number)
            return sim_process_at(self->process->world, self->runners[i].process);
    return NULL;
}

static void on_child_exit(sim_process *process, uint64_t number, int signal, int exit_code)
{
    agent *self = process->self;
    if (sim_is_mutated(process->world, "agent-misses-exit")) return;
    bool failed = signal || exit_code;
    const tide_failure failure = { .code = failed ? TIDE_E_USER_CODE : TIDE_OK,
                                   .text = failed ? "the process died" : "",
                                   .signal = signal,
                                   .exit_code = exit_code,
                                   .host = process->host->name };
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (self->runners[i].number == number) self->runners[i] = self->runners[--self->n_runners];
    step(self, &(tide_agent_event){
                   .kind = TIDE_AGENT_RUNNER_EXITED, .runner = number, .exit = &failure });
}

static void fire_late_kill(sim_world *world, void *arg)
{
    (void)world;
    sim_kill(arg, false);
}

static void kill_runner(agent *self, uint64_t number)
{
    sim_process *to = runner_process(self, number);
    sim_world *world = self->process->world;
    if (to == NULL || sim_is_mutated(world, "agent-does-not-kill")) return;
    if (!sim_is_mutated(world, "exited-too-early")) {
        sim_kill(to, false);
        return;
    }
    on_child_exit(self->process, number, 9, 0);
    sim_at(world, world->now + 4 * SIM_S, fire_late_kill, to);
}

/* ---- the core ---- */
static void act(agent *self, const tide_agent_action *a)
{
    sim_process *process = self->process, *to;
    switch (a->kind) {
    case TIDE_AGENT_SEND:
        if (self->peers[a->peer].up)
            sim_send_msg_peer(process, self->peers[a->peer].number, a->message.kind,
                              a->message.body);
        break;
    case TIDE_AGENT_CONNECT: set_peer(self, a->peer, a->text); break;
    case TIDE_AGENT_DISCONNECT: drop_peer(self, a->peer); break;
    case TIDE_AGENT_SPAWN:
        check_term(self, "starts a runner");
        spawn(self, a->runner);
        break;
    case TIDE_AGENT_RUNNER_SEND:
        check_term(self, "commands a runner");
        to = runner_process(self, a->runner);
        if (to && to->alive) sim_send_msg(process, to->id, a->message.kind, a->message.body);
        break;
    case TIDE_AGENT_KILL:
        check_term(self, "kills a runner");
        kill_runner(self, a->runner);
        break;
    case TIDE_AGENT_EXIT: sim_kill(process, false); break;
    case TIDE_AGENT_ARTIFACT_FIND: /* Jobs are SQL. */
    case TIDE_AGENT_ARTIFACT_WRITE:
    case TIDE_AGENT_LOG_READ: break;
    }
}

static void step(agent *self, const tide_agent_event *event)
{
    sim_process *process = self->process;
    const tide_agent_actions *actions = tide_agent_step(self->core, event, sim_now_ns(process));
    sim_charge(process, 0, SIM_STEP_COST_NS);
    for (uint32_t i = 0; i < actions->n && process->alive; i++) act(self, &actions->items[i]);
    sim_wake_at(process, 0, tide_agent_next_ns(self->core));
}

static void on_frame(sim_process *process, uint32_t lane, uint64_t from, const uint8_t *bytes,
                     size_t n)
{
    (void)lane;
    agent *self = process->self;
    tide_msg msg;
    tide_agent_event event = { .message = &msg };
    uint32_t sender = sim_net_process_of(from);
    if (!sim_read_msg(process, bytes, n, self->arena, &msg)) return;
    for (uint32_t i = 0; i < self->n_runners; i++) {
        if (self->runners[i].process != sender) continue;
        event.kind = TIDE_AGENT_RUNNER_MESSAGE;
        event.runner = self->runners[i].number;
        step(self, &event);
        return;
    }
    for (uint32_t i = 0; i < self->n_peers; i++) {
        if (!self->peers[i].up || self->peers[i].number != from) continue;
        event.kind = TIDE_AGENT_MESSAGE;
        event.peer = i;
        self->obeys_term = term_of(&msg);
        if (self->obeys_term > self->highest_term) self->highest_term = self->obeys_term;
        if (sim_is_mutated(process->world, "agent-skips-term")) raise_term(self, &msg);
        step(self, &event);
        self->obeys_term = 0;
        return;
    }
}

static void on_closed(sim_process *process, uint64_t number)
{
    agent *self = process->self;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        if (!self->peers[i].up || self->peers[i].number != number) continue;
        self->peers[i].up = false;
        sim_wake_at(process, LANE_CONNECT, sim_now_ns(process) + CONNECT_EVERY_NS);
        step(self, &(tide_agent_event){ .kind = TIDE_AGENT_PEER_DOWN, .peer = i });
        return;
    }
}

static void on_wake(sim_process *process, uint32_t lane)
{
    if (lane == LANE_CONNECT)
        connect_all(process->self);
    else
        step(process->self, &(tide_agent_event){ .kind = TIDE_AGENT_TICK });
}

static void free_agent(sim_process *process)
{
    agent *self = process->self;
    tide_agent_free(&self->core);
    tide_arena_free(&self->arena);
    tide_free(self->runners);
    tide_free(self);
}

static void trace(void *ctx, const char *line)
{
    const agent *self = ctx;
    sim_say(self->process->world, self->process->name, "%s", line);
}

static const sim_process_vt agent_vt = { "agent", on_frame,   on_closed,    NULL,
                                         on_wake, free_agent, on_child_exit };

sim_process *sim_agent_start(sim_world *world, sim_host *host)
{
    const sim_cluster *cluster = sim_cluster_of(world);
    agent *self = tide_calloc(1, sizeof *self);
    char name[24];
    snprintf(name, sizeof name, "agent-%s.%u", host->name, world->n_processes);
    snprintf(self->id, sizeof self->id, "%016x", world->n_processes);
    self->arena = tide_arena_new();
    self->process = sim_spawn(world, host, name, &agent_vt, self, 2);
    tide_slot_info slots[SIM_AGENT_SLOTS_MAX];
    for (uint32_t i = 0; i < cluster->slots_per_agent; i++)
        slots[i] = (tide_slot_info){ .local = i, .cpu = -1, .numa = -1, .socket = -1, .cache = -1 };
    const tide_agent_config config = { .agent = self->id,
                                       .host = host->name,
                                       .version = "sim",
                                       .data_host = host->name,
                                       .rest = name,
                                       .pid = self->process->id,
                                       .n_masters = cluster->n_masters,
                                       .n_slots = cluster->slots_per_agent,
                                       .slots = slots,
                                       .trace = trace,
                                       .trace_ctx = self };
    self->core = tide_agent_new(&config, sim_now_ns(self->process));
    for (uint32_t i = 0; i < cluster->n_masters; i++) set_peer(self, i, cluster->endpoints[i]);
    sim_wake_at(self->process, 0, tide_agent_next_ns(self->core));
    return self->process;
}

static void run_drain(sim_process *process, sim_post *post)
{
    (void)post;
    step(process->self, &(tide_agent_event){ .kind = TIDE_AGENT_DRAIN });
}

void sim_agent_drain(sim_process *process)
{
    sim_post_at(process->world, process->world->now,
                sim_post_new(process->id, 0, process->id, NULL, 0, run_drain));
}

uint32_t sim_agent_n_runners(const sim_process *process)
{
    const agent *self = process->self;
    uint32_t n = 0;
    while (tide_agent_runner(self->core, n)) n++;
    return n;
}
