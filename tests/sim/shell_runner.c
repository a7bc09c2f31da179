/* shell_runner.c - a runner process: worker/core/runner with real tasks, slots and links.
 *
 * Lane 0 is the control thread, lane 1 the network thread, behind them a lane for each slot. What a
 * slot thread would do when it is woken happens when its lane wakes; what moved wakes the others.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/cluster.h"
#include "tests/sim/mutations.h"
#include "worker/core/runner.h"
#include "worker/exchange/link.h"
#include "worker/runtime/deploy.h"

#define PEERS_MAX 16u
#define STEP_BASE_NS (2 * SIM_US)
#define MESSAGE_COST_NS (5 * SIM_US)
#define MESSAGES_PER_WAKE 64u
/* A frame's first byte: for which half of the link. */
#define TO_RECEIVER 'r'
#define TO_SENDER 's'

typedef struct link {
    bool used;
    uint32_t process;
    uint64_t connection;
    tide_link_sender *sender;     /* To it. */
    tide_link_receiver *receiver; /* From it. */
} link;

typedef struct frame { /* Came before the links were there. */
    uint64_t peer;
    size_t n;
    uint8_t *bytes;
} frame;

typedef struct runner {
    sim_process *process;
    uint32_t agent; /* Process. */
    uint64_t number;
    tide_runner *core;
    tide_arena *arena, *job_arena;
    char endpoint[64];
    int exit_code;
    bool exits;
    /* From PREPARE on. */
    const tide_graph *graph;
    const tide_job_settings *settings;
    sim_job *job;
    sim_hook hook;
    const tide_runner_start *start;
    /* From DEPLOY on. */
    tide_clock_manual clock;
    tide_job_part part;
    tide_job_config config;
    tide_deployment *deployment;
    tide_waker *net_waker;
    tide_pool *net_pool;
    uint32_t n_slots;
    tide_slot *slots[SIM_AGENT_SLOTS_MAX];
    bool running, told_connected, told_ended, told_drained;
    link links[PEERS_MAX]; /* By runner. */
    uint32_t n_out, cap_out;
    tide_channel **out; /* To other runners; for planted bugs. */
    uint32_t n_early, cap_early;
    frame *early;
} runner;

static void step(runner *self, const tide_runner_event *event);

static void tell(runner *self, tide_runner_event_kind kind)
{
    step(self, &(tide_runner_event){ .kind = kind });
}

/* The chain says why. */
static void tell_error(runner *self, tide_status code)
{
    tide_error error;
    tide_error_take(code, &error);
    sim_say(self->process->world, self->process->name, "fails: %s", error.text);
    step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_ERROR, .error = &error });
}

/* ---- PREPARE ---- */
static void list_splits(runner *self, tide_runner_prepared *out)
{
    tide_scan_splits *scans;
    uint32_t n;
    const tide_job_config config = { .graph = self->graph,
                                     .settings = self->settings,
                                     .hook_connector = &sim_connector,
                                     .hook = &self->hook };
    tide_status rv = tide_job_list_splits(&config, &scans, &n);
    tide_assert(rv == TIDE_OK);
    tide_scan_info *infos = TIDE_NEW_N(self->job_arena, tide_scan_info, n);
    uint32_t n_splits = 0;
    for (uint32_t i = 0; i < n; i++) n_splits += scans[i].splits.n;
    tide_split_info *splits = TIDE_NEW_N(self->job_arena, tide_split_info, n_splits);
    out->n_scans = n;
    out->scans = infos;
    out->splits = splits;
    for (uint32_t i = 0; i < n; i++) {
        infos[i] = (tide_scan_info){ scans[i].vertex, scans[i].splits.n_partitions };
        for (uint32_t k = 0; k < scans[i].splits.n; k++) {
            const tide_split *s = &scans[i].splits.items[k];
            splits[out->n_splits++] =
                (tide_split_info){ scans[i].vertex, tide_arena_strdup(self->job_arena, s->id),
                                   s->partition, s->start, s->end };
        }
    }
    tide_scan_splits_free(&scans, n);
}

static void run_prepared(sim_process *process, sim_post *post)
{
    (void)post;
    runner *self = process->self;
    tide_runner_prepared prepared = { .plan_hash = self->graph->plan_hash,
                                      .tcp = self->endpoint,
                                      .ipc = "" };
    if (self->start->lists_splits) list_splits(self, &prepared);
    step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_PREPARED_EVENT, .prepared = &prepared });
}

static void later(runner *self, void (*run)(sim_process *, sim_post *), int64_t max_ns)
{
    sim_world *world = self->process->world;
    int64_t pause = sim_between(world, SIM_STREAM_LOAD, SIM_MS, max_ns);
    sim_post_at(world, world->now + pause,
                sim_post_new(self->process->id, 0, self->process->id, NULL, 0, run));
}

static void prepare(runner *self, const tide_runner_start *start)
{
    sim_world *world = self->process->world;
    self->start = start;
    self->job = sim_cluster_job(sim_cluster_of(world), start->job);
    tide_assert(self->job);
    self->hook = (sim_hook){ &self->job->load, start->attempt, self->process };
    tide_status rv = sim_load_graph(start->spec.text, (uint32_t)start->spec.parallelism,
                                    start->spec.bounded, &self->graph, &self->settings);
    tide_assert(rv == TIDE_OK);
    snprintf(self->endpoint, sizeof self->endpoint, "tcp://%s:%u", self->process->host->name,
             self->process->id);
    sim_net_bind(world->net, self->endpoint, self->process->id);
    later(self, run_prepared, 30 * SIM_MS);
}

/* ---- DEPLOY ---- */
static const tide_job_part *make_part(runner *self, const tide_runner_deploy *deploy)
{
    uint32_t p = self->graph->parallelism;
    uint32_t *owners = TIDE_NEW_N(self->job_arena, uint32_t, p);
    for (uint32_t i = 0; i < deploy->owners.n; i++) {
        tide_assert(deploy->owners.items[i].slot < p);
        owners[deploy->owners.items[i].slot] = (uint32_t)deploy->owners.items[i].runner;
    }
    tide_scan_splits *scans = TIDE_NEW_N(self->job_arena, tide_scan_splits, deploy->scans.n);
    for (uint32_t i = 0; i < deploy->scans.n; i++) {
        scans[i].vertex = (uint32_t)deploy->scans.items[i].vertex;
        for (uint32_t k = 0; k < deploy->splits.n; k++) {
            const tide_split_info *s = &deploy->splits.items[k];
            if (s->vertex == scans[i].vertex)
                tide_splits_add(&scans[i].splits, s->id, (uint32_t)s->partition, s->start, s->end);
        }
        scans[i].splits.n_partitions = (uint32_t)deploy->scans.items[i].n_partitions;
    }
    self->part = (tide_job_part){ .runner = (uint32_t)self->start->runner,
                                  .owners = owners,
                                  .scans = scans,
                                  .n_scans = deploy->scans.n };
    return &self->part;
}

static void make_slots(runner *self)
{
    uint32_t p = self->graph->parallelism;
    tide_waker **wakers = TIDE_NEW_N(self->job_arena, tide_waker *, p);
    self->net_waker = tide_waker_new();
    for (uint32_t i = 0; i < p; i++) {
        wakers[i] = self->net_waker;
        if (self->part.owners[i] != self->part.runner) continue;
        const tide_slot_config slot = {
            .index = i, .cpu = -1, .node = -1, .clock = &self->clock.clock
        };
        tide_assert(self->n_slots < SIM_AGENT_SLOTS_MAX);
        self->slots[self->n_slots] = tide_slot_new(&slot);
        wakers[i] = tide_slot_waker(self->slots[self->n_slots++]);
    }
    tide_deployment_connect(self->deployment, wakers);
}

static link *link_to(runner *self, uint32_t peer)
{
    tide_assert(peer < PEERS_MAX);
    link *l = &self->links[peer];
    if (l->used) return l;
    const tide_link_config config = {
        .job = strtoull(self->start->job, NULL, 16),
        .attempt = self->start->attempt,
        .plan_hash = self->graph->plan_hash,
        .self = self->part.runner,
        .peer = peer,
        .pool = self->net_pool,
    };
    *l = (link){ .used = true,
                 .process = SIM_NOBODY,
                 .sender = tide_link_sender_new(&config),
                 .receiver = tide_link_receiver_new(&config) };
    return l;
}

static void add_channel(void *ctx, const tide_remote_channel *c)
{
    runner *self = ctx;
    link *l = link_to(self, c->peer);
    if (!c->is_out) {
        tide_link_receiver_add(l->receiver, c->id, c->channel, c->schema);
        return;
    }
    tide_link_sender_add(l->sender, c->id, c->channel, c->schema);
    TIDE_GROW(self->out, self->n_out, self->cap_out);
    self->out[self->n_out++] = c->channel;
}

static bool connect_links(runner *self, const tide_runner_deploy *deploy)
{
    self->net_pool = tide_pool_new(0);
    tide_deployment_visit_remote(self->deployment, add_channel, self);
    for (uint32_t i = 0; i < deploy->peers.n; i++) {
        const tide_peer_info *peer = &deploy->peers.items[i];
        if (peer->runner >= PEERS_MAX || !self->links[peer->runner].used) continue;
        link *l = &self->links[peer->runner];
        l->process = sim_net_find(self->process->world->net, peer->tcp);
        if (l->process == SIM_NOBODY) return false;
        sim_net_connect(self->process, l->process, SIM_RUNNER_LANE_NET);
        l->connection = sim_net_peer(self->process, l->process);
    }
    return true;
}

static void wake_net(runner *self)
{
    sim_wake_at(self->process, SIM_RUNNER_LANE_NET, sim_now_ns(self->process));
}

static void wake_slots(runner *self)
{
    for (uint32_t i = 0; self->running && i < self->n_slots; i++)
        sim_wake_at(self->process, SIM_RUNNER_LANE_SLOT + i, sim_now_ns(self->process));
}

static void take_frame(runner *self, uint64_t peer, const uint8_t *bytes, size_t n);

static void take_early_frames(runner *self)
{
    for (uint32_t i = 0; i < self->n_early; i++) {
        if (!self->exits)
            take_frame(self, self->early[i].peer, self->early[i].bytes, self->early[i].n);
        tide_free(self->early[i].bytes);
    }
    self->n_early = 0;
}

static void run_built(sim_process *process, sim_post *post)
{
    (void)post;
    tell(process->self, TIDE_RUNNER_BUILT);
}

static void deploy_tasks(runner *self, const tide_runner_deploy *deploy)
{
    self->config = (tide_job_config){ .graph = self->graph,
                                      .settings = self->settings,
                                      .part = make_part(self, deploy),
                                      .clock = &self->clock.clock,
                                      .hook_connector = &sim_connector,
                                      .hook = &self->hook };
    tide_status rv = tide_deployment_new(&self->config, &self->deployment);
    if (rv == TIDE_OK) make_slots(self);
    for (uint32_t i = 0; i < self->n_slots && rv == TIDE_OK; i++)
        rv = tide_deployment_build(self->deployment, self->slots[i]);
    if (rv == TIDE_OK && !connect_links(self, deploy))
        rv = tide_fail(TIDE_E_UNREACHABLE, "a peer is not there");
    if (rv != TIDE_OK) {
        tell_error(self, rv);
        return;
    }
    later(self, run_built, 20 * SIM_MS);
    take_early_frames(self);
    wake_net(self);
}

/* ---- the network thread ---- */
static void send_link_message(runner *self, const link *l, char half, tide_link_message *m)
{
    tide_bytes bytes = { 0 };
    tide_bytes_putc(&bytes, half);
    tide_bytes_putc(&bytes, (char)m->header_bytes);
    tide_bytes_put(&bytes, m->header, m->header_bytes);
    if (m->buf) tide_bytes_put(&bytes, m->body, m->body_bytes);
    sim_send_frame(self->process, l->process, &bytes);
    sim_charge(self->process, SIM_RUNNER_LANE_NET,
               MESSAGE_COST_NS + (int64_t)(m->body_bytes / 1000) * SIM_US);
    tide_buf_unref(&m->buf);
    tide_bytes_fini(&bytes);
}

/* Sends what there is. Returns whether anything was. */
static tide_status pump_link(runner *self, link *l, bool *moved)
{
    tide_link_message m;
    tide_link_receiver_pump(l->receiver);
    while (tide_link_receiver_next(l->receiver, &m)) {
        if (sim_is_mutated(self->process->world, "credits-lost") && self->told_connected) {
            tide_buf_unref(&m.buf);
            continue;
        }
        send_link_message(self, l, TO_SENDER, &m);
        *moved = true;
    }
    bool is_one = true;
    for (uint32_t i = 0; i < MESSAGES_PER_WAKE; i++) {
        TIDE_TRY(tide_link_sender_next(l->sender, &m, &is_one));
        if (!is_one) return TIDE_OK;
        send_link_message(self, l, TO_RECEIVER, &m);
        *moved = true;
    }
    return TIDE_OK;
}

static bool all_links(const runner *self, bool (*sender)(const tide_link_sender *),
                      bool (*receiver)(const tide_link_receiver *))
{
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        if (self->links[i].used &&
            !(sender(self->links[i].sender) && receiver(self->links[i].receiver)))
            return false;
    return true;
}

static bool slots_finished(const runner *self)
{
    for (uint32_t i = 0; i < self->n_slots; i++)
        for (uint32_t t = 0; t < tide_slot_n_tasks(self->slots[i]); t++)
            if (tide_task_state_of(tide_slot_task(self->slots[i], t)) != TIDE_TASK_FINISHED)
                return false;
    return true;
}

/* A planted bug: a runner that is done before its tasks are. */
static bool ends_early(const runner *self)
{
    return sim_is_mutated(self->process->world, "ends-early") &&
           sim_chance(self->process->world, SIM_STREAM_FAULTS, 0.05);
}

static void look_at_tasks(runner *self)
{
    if (!self->running || self->told_ended || self->exits) return;
    if (!slots_finished(self) && !ends_early(self)) return;
    self->told_ended = true;
    tell(self, TIDE_RUNNER_ENDED);
}

/* After a pump: what is to be said to peers is said. */
static void look_at_links(runner *self)
{
    if (!self->told_connected &&
        all_links(self, tide_link_sender_is_up, tide_link_receiver_is_up)) {
        self->told_connected = true;
        tell(self, TIDE_RUNNER_CONNECTED);
    }
    bool is_done = all_links(self, tide_link_sender_is_done, tide_link_receiver_is_done);
    if (self->told_drained || !(is_done || (self->told_ended && !slots_finished(self)))) return;
    self->told_drained = true;
    tell(self, TIDE_RUNNER_DRAINED);
}

/* Planted bugs: what waits to be sent is lost. */
static void lose_elements(runner *self)
{
    const sim_world *world = self->process->world;
    tide_elem elem;
    for (uint32_t i = 0; i < self->n_out; i++) {
        if (!tide_channel_peek(self->out[i], &elem)) continue;
        bool loses =
            (elem.kind == TIDE_ELEM_BATCH && sim_is_mutated(world, "shuffle-loses-batch") &&
             sim_chance(self->process->world, SIM_STREAM_FAULTS, 0.01)) ||
            (elem.kind == TIDE_ELEM_WATERMARK && sim_is_mutated(world, "shuffle-loses-watermark"));
        if (!loses || !tide_channel_pop(self->out[i], &elem)) continue;
        if (elem.kind == TIDE_ELEM_BATCH) tide_batch_unref(&elem.batch);
    }
}

static void pump_links(runner *self)
{
    bool moved = false;
    if (self->deployment == NULL) return;
    if (self->process->world->run->options->mutation) lose_elements(self);
    for (uint32_t i = 0; i < PEERS_MAX; i++) {
        if (!self->links[i].used) continue;
        tide_status rv = pump_link(self, &self->links[i], &moved);
        if (rv == TIDE_OK) continue;
        tell_error(self, rv);
        return;
    }
    if (moved) wake_slots(self); /* Rings have room again. */
    look_at_links(self);
}

static link *link_of_connection(runner *self, uint64_t peer)
{
    uint32_t process = sim_net_process_of(peer);
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        if (self->links[i].used && self->links[i].process == process) return &self->links[i];
    return NULL;
}

/* A frame is: which half takes it, the header's length, header, body. */
static void take_frame(runner *self, uint64_t peer, const uint8_t *bytes, size_t n)
{
    link *l = link_of_connection(self, peer);
    if (l == NULL) return; /* Not of this attempt. */
    size_t header_n = bytes[1], body_n = n - 2 - header_n;
    const uint8_t *header = bytes + 2, *body = header + header_n;
    tide_link_result result =
        bytes[0] == TO_RECEIVER
            ? tide_link_receiver_take(l->receiver, header, header_n, body, body_n, NULL)
            : tide_link_sender_take(l->sender, header, header_n, body, body_n);
    sim_charge(self->process, SIM_RUNNER_LANE_NET, MESSAGE_COST_NS + (int64_t)(n / 1000) * SIM_US);
    if (result == TIDE_LINK_FAILED) {
        tell_error(self, tide_error_code());
        return;
    }
    if (result == TIDE_LINK_REFUSED) {
        tide_link_message m;
        tide_link_receiver_refuse(l->receiver, tide_error_text(), &m);
        send_link_message(self, l, TO_SENDER, &m);
    }
    wake_slots(self);
    wake_net(self);
}

static void keep_frame(runner *self, uint64_t peer, const uint8_t *bytes, size_t n)
{
    TIDE_GROW(self->early, self->n_early, self->cap_early);
    frame *f = &self->early[self->n_early++];
    *f = (frame){ .peer = peer, .n = n, .bytes = tide_malloc(n) };
    memcpy(f->bytes, bytes, n);
}

/* ---- slots ---- */
static uint64_t rows_seen(const tide_slot *slot)
{
    uint64_t n = 0;
    for (uint32_t t = 0; t < tide_slot_n_tasks(slot); t++) {
        const tide_task *task = tide_slot_task(slot, t);
        for (uint32_t s = 0; s < tide_task_n_stages(task); s++)
            n += tide_task_counters(task, s)->rows_in + tide_task_counters(task, s)->rows_out;
    }
    return n;
}

static void step_slot(runner *self, uint32_t i)
{
    sim_process *process = self->process;
    tide_slot *slot = self->slots[i];
    uint32_t lane = SIM_RUNNER_LANE_SLOT + i;
    if (!self->running || self->exits) return;
    int64_t now_ns = sim_now_ns(process);
    uint64_t rows = rows_seen(slot);
    bool moved = tide_slot_step(slot, now_ns, sim_wall_us(process));
    rows = rows_seen(slot) - rows;
    process->world->run->result->rows += rows;
    sim_charge(process, lane, STEP_BASE_NS + (int64_t)rows * self->job->load.row_cost_ns);
    const tide_task *failed = tide_slot_failed_task(slot);
    if (failed) {
        tell_error(self, tide_error_raise(tide_task_error(failed)));
        return;
    }
    if (moved) {
        wake_slots(self); /* This one, too. */
        wake_net(self);
        return;
    }
    int64_t at = tide_slot_deadline_ns(slot);
    int64_t blocked = self->job->load.sink_blocked_until - process->world->now;
    if (blocked > 0 && now_ns + blocked + SIM_MS < at) at = now_ns + blocked + SIM_MS;
    sim_wake_at(process, lane, at > now_ns ? at : now_ns + SIM_MS);
    look_at_tasks(self);
}

/* ---- the core ---- */
static void send_stats(runner *self)
{
    const tide_runner_stats stats = { .job = self->start->job,
                                      .attempt = self->start->attempt,
                                      .runner = self->start->runner };
    sim_send_msg(self->process, self->agent, TIDE_MSG_RUNNER_STATS, &stats);
}

static void act(runner *self, const tide_runner_action *a)
{
    switch (a->kind) {
    case TIDE_RUNNER_SEND:
        sim_send_msg(self->process, self->agent, a->message.kind, a->message.body);
        break;
    case TIDE_RUNNER_PREPARE: prepare(self, a->start); break;
    case TIDE_RUNNER_DEPLOY: deploy_tasks(self, a->deploy); break;
    case TIDE_RUNNER_RUN:
        self->running = true;
        wake_slots(self);
        break;
    case TIDE_RUNNER_STOP:
        for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_stop(self->slots[i]);
        wake_slots(self);
        break;
    case TIDE_RUNNER_STATS: send_stats(self); break;
    case TIDE_RUNNER_EXIT:
        self->exit_code = a->exit_code;
        self->exits = true;
        sim_kill(self->process, false);
        break;
    }
}

static void step(runner *self, const tide_runner_event *event)
{
    if (self->exits) return;
    const tide_runner_actions *actions =
        tide_runner_step(self->core, event, sim_now_ns(self->process));
    sim_charge(self->process, 0, SIM_STEP_COST_NS);
    for (uint32_t i = 0; i < actions->n && !self->exits; i++) act(self, &actions->items[i]);
    if (!self->exits) sim_wake_at(self->process, 0, tide_runner_next_ns(self->core));
}

static void on_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n)
{
    runner *self = process->self;
    tide_msg msg;
    if (self->exits) return;
    if (lane == SIM_RUNNER_LANE_NET) {
        if (self->deployment == NULL)
            keep_frame(self, peer, bytes, n);
        else
            take_frame(self, peer, bytes, n);
    } else if (sim_read_msg(process, bytes, n, self->arena, &msg)) {
        step(self, &(tide_runner_event){ .kind = TIDE_RUNNER_MESSAGE, .message = &msg });
    }
}

static void on_closed(sim_process *process, uint64_t peer)
{
    runner *self = process->self;
    uint32_t from = sim_net_process_of(peer);
    if (from == self->agent) {
        if (sim_is_mutated(process->world, "runner-outlives-agent")) return;
        tell(self, TIDE_RUNNER_AGENT_LOST);
        return;
    }
    const link *l = link_of_connection(self, peer);
    if (l == NULL || l->connection != peer) return;
    if (tide_link_sender_is_done(l->sender) && tide_link_receiver_is_done(l->receiver)) return;
    tell_error(self, tide_fail(TIDE_E_UNREACHABLE, "lost the connection to %s",
                               sim_process_at(process->world, from)->name));
}

static void on_wake(sim_process *process, uint32_t lane)
{
    runner *self = process->self;
    if (self->exits) return;
    if (lane >= SIM_RUNNER_LANE_SLOT)
        step_slot(self, lane - SIM_RUNNER_LANE_SLOT);
    else if (lane == SIM_RUNNER_LANE_NET)
        pump_links(self);
    else
        tell(self, TIDE_RUNNER_TICK);
}

static void free_runner(sim_process *process)
{
    runner *self = process->self;
    for (uint32_t i = 0; i < PEERS_MAX; i++) {
        tide_link_sender_free(&self->links[i].sender);
        tide_link_receiver_free(&self->links[i].receiver);
    }
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_free(&self->slots[i]);
    tide_deployment_free(&self->deployment);
    for (uint32_t i = 0; i < self->part.n_scans; i++)
        tide_splits_fini((tide_splits *)(uintptr_t)&self->part.scans[i].splits);
    if (self->net_pool) tide_pool_free(&self->net_pool);
    if (self->net_waker) tide_waker_free(&self->net_waker);
    for (uint32_t i = 0; i < self->n_early; i++) tide_free(self->early[i].bytes);
    tide_free(self->early);
    tide_free(self->out);
    tide_runner_free(&self->core);
    tide_arena_free(&self->arena);
    tide_arena_free(&self->job_arena);
    tide_free(self);
}

static void trace(void *ctx, const char *line)
{
    const runner *self = ctx;
    sim_say(self->process->world, self->process->name, "%s", line);
}

static const sim_process_vt runner_vt = { "runner", on_frame,    on_closed, NULL,
                                          on_wake,  free_runner, NULL };

sim_process *sim_runner_start_on(sim_process *agent, sim_host *host, uint64_t number)
{
    runner *self = tide_calloc(1, sizeof *self);
    char name[24];
    snprintf(name, sizeof name, "runner-%s.%u", host->name, agent->world->n_processes);
    self->agent = agent->id;
    self->number = number;
    self->arena = tide_arena_new();
    self->job_arena = tide_arena_new();
    const tide_runner_config config = { .trace = trace, .trace_ctx = self };
    self->core = tide_runner_new(&config);
    self->process = sim_spawn(agent->world, host, name, &runner_vt, self, SIM_LANES_MAX);
    sim_net_connect_local(agent, self->process->id);
    sim_charge(self->process, 0, sim_between(agent->world, SIM_STREAM_LOAD, SIM_MS, 20 * SIM_MS));
    return self->process;
}

static void run_child_exit(sim_process *agent, sim_post *post)
{
    agent->vt->on_child_exit(agent, post->id, post->bytes[0], post->bytes[1]);
}

/* Behind its last words. */
void sim_runner_died(sim_process *process)
{
    const runner *self = process->self;
    const uint8_t how[2] = { self->exits ? 0 : 9, (uint8_t)self->exit_code };
    sim_post *post = sim_post_new(self->agent, 0, process->id, how, sizeof how, run_child_exit);
    post->id = self->number;
    sim_post_at(process->world, process->world->now + SIM_MS, post);
}

void sim_runner_look_at(const sim_process *process, sim_runner_look *out)
{
    const runner *self = process->self;
    const tide_runner_start *start = tide_runner_start_of(self->core);
    *out = (sim_runner_look){ .job = start ? start->job : "",
                              .attempt = start ? start->attempt : 0,
                              .agent = self->agent };
    for (uint32_t i = 0; start && i < start->slots.n; i++)
        out->slots |= UINT64_C(1) << start->slots.items[i].local;
    if (self->net_pool) out->queued_bytes = tide_pool_bytes(self->net_pool);
    for (uint32_t i = 0; i < self->n_slots; i++)
        out->queued_bytes += tide_pool_bytes(tide_slot_pool(self->slots[i]));
}
