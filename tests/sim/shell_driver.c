/* shell_driver.c - a driver process: master/core/lessee on the simulated network. */
#include <stdio.h>
#include <string.h>

#include "master/core/lessee.h"
#include "tests/sim/cluster.h"

#define CONNECT_EVERY_NS (100 * SIM_MS)
#define LANE_CONNECT 1u
/* The core knows masters by numbers that outlive their connections. */
#define MASTER_PEER(i) ((UINT64_C(1) << 62) + (i))

typedef struct driver {
    sim_process *process;
    sim_job *job;
    tide_lessee *core;
    tide_arena *arena;
    char endpoint[64];
    tide_cluster_settings settings;
    uint64_t masters[SIM_MASTERS_MAX]; /* Connections; 0: not up. */
} driver;

static void connect_all(driver *self)
{
    sim_process *process = self->process;
    const sim_cluster *cluster = sim_cluster_of(process->world);
    bool waits = false;
    for (uint32_t i = 0; i < cluster->n_masters; i++) {
        uint32_t to = sim_net_find(process->world->net, cluster->endpoints[i]);
        if (self->masters[i]) continue;
        if (to == SIM_NOBODY || !sim_net_is_reachable(process, to)) {
            waits = true;
            continue;
        }
        sim_net_connect(process, to, 0);
        self->masters[i] = sim_net_peer(process, to);
    }
    if (waits) sim_wake_at(process, LANE_CONNECT, sim_now_ns(process) + CONNECT_EVERY_NS);
}

static void send(driver *self, uint64_t peer, const tide_msg *msg)
{
    for (uint32_t i = 0; i < SIM_MASTERS_MAX; i++)
        if (peer == MASTER_PEER(i)) peer = self->masters[i];
    if (peer) sim_send_msg_peer(self->process, peer, msg->kind, msg->body);
}

static const char *state_name(const driver *self)
{
    return tide_lifecycle_name(tide_coordinator_state(tide_lessee_coordinator(self->core)));
}

static void step(driver *self, tide_lessee_event *event)
{
    sim_process *process = self->process;
    event->now_ns = sim_now_ns(process);
    event->wall_us = sim_wall_us(process);
    tide_lessee_acts acts;
    tide_lessee_step(self->core, event, &acts);
    sim_charge(process, 0, SIM_STEP_COST_NS);
    for (uint32_t i = 0; i < acts.n; i++) {
        if (acts.items[i].kind == TIDE_LESSEE_SEND)
            send(self, acts.items[i].peer, &acts.items[i].msg);
        else
            sim_say(process->world, process->name, "%s", acts.items[i].text);
    }
    if (tide_lessee_is_over(self->core)) {
        snprintf(self->job->end, sizeof self->job->end, "%s", state_name(self));
        sim_kill(process, false);
        return;
    }
    sim_wake_at(process, 0, tide_lessee_deadline_ns(self->core));
}

/* What the core calls the other end of a connection. */
static uint64_t core_peer(const driver *self, uint64_t connection)
{
    for (uint32_t i = 0; i < SIM_MASTERS_MAX; i++)
        if (self->masters[i] == connection) return MASTER_PEER(i);
    return connection;
}

static void on_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n)
{
    (void)lane;
    driver *self = process->self;
    tide_lessee_event event = { .kind = TIDE_LESSEE_MESSAGE, .peer = core_peer(self, peer) };
    if (sim_read_msg(process, bytes, n, self->arena, &event.msg)) step(self, &event);
}

static void on_closed(sim_process *process, uint64_t peer)
{
    driver *self = process->self;
    tide_lessee_event event = { .kind = TIDE_LESSEE_CLOSED, .peer = core_peer(self, peer) };
    for (uint32_t i = 0; i < SIM_MASTERS_MAX; i++) {
        if (self->masters[i] != peer) continue;
        self->masters[i] = 0;
        sim_wake_at(process, LANE_CONNECT, sim_now_ns(process) + CONNECT_EVERY_NS);
    }
    step(self, &event);
}

static void on_wake(sim_process *process, uint32_t lane)
{
    if (lane == LANE_CONNECT)
        connect_all(process->self);
    else
        step(process->self, &(tide_lessee_event){ .kind = TIDE_LESSEE_TICK });
}

static void free_driver(sim_process *process)
{
    driver *self = process->self;
    tide_lessee_free(&self->core);
    tide_arena_free(&self->arena);
    tide_free(self);
}

static const sim_process_vt driver_vt = { "driver", on_frame,    on_closed, NULL,
                                          on_wake,  free_driver, NULL };

sim_process *sim_driver_start(sim_world *world, sim_host *host, sim_job *job)
{
    driver *self = tide_calloc(1, sizeof *self);
    self->job = job;
    self->arena = tide_arena_new();
    char name[24];
    snprintf(name, sizeof name, "driver-%s.%u", host->name, world->n_processes);
    self->process = sim_spawn(world, host, name, &driver_vt, self, 2);
    snprintf(self->endpoint, sizeof self->endpoint, "tcp://%s:%u", host->name, self->process->id);
    sim_net_bind(world->net, self->endpoint, self->process->id);
    tide_cluster_settings_init(&self->settings);
    uint64_t masters[SIM_MASTERS_MAX];
    for (uint32_t i = 0; i < SIM_MASTERS_MAX; i++) masters[i] = MASTER_PEER(i);
    const tide_lessee_config config = {
        .job = job->id,
        .endpoint = self->endpoint,
        .spec = &job->spec,
        .settings = &self->settings,
        .masters = masters,
        .n_masters = sim_cluster_of(world)->n_masters,
        .wall_us = sim_wall_us(self->process),
        .random_seed = tide_random_u64(&world->random[SIM_STREAM_CLUSTER]),
    };
    self->core = tide_lessee_new(&config);
    sim_wake_at(self->process, LANE_CONNECT, sim_now_ns(self->process));
    sim_wake_at(self->process, 0, sim_now_ns(self->process));
    return self->process;
}

const char *sim_driver_job_state(const sim_process *process)
{
    return state_name(process->self);
}
