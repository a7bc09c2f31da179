/* faults.c - drawing and injecting. */
#include "tests/sim/faults.h"

#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/net.h"
#include "tests/sim/sim.h"
#include "tests/sim/store.h"

#define EPISODES_MAX 16
/* Somebody who was cut off for a while may need this long to hear that he is not wanted any more.
 */
#define SUSPECT_AFTER_NS (6 * SIM_S)

static const char *const names[] = {
#define X(name, help) #name,
    SIM_FAULT_KINDS(X)
#undef X
};

const char *sim_fault_name(sim_fault_kind kind)
{
    return names[kind];
}

static tide_random *dice(sim_world *world)
{
    return &world->random[SIM_STREAM_FAULTS];
}

static int64_t draw(sim_world *world, int64_t low, int64_t high)
{
    return sim_between(world, SIM_STREAM_FAULTS, low, high);
}

static sim_faults *faults_of(sim_world *world)
{
    return &world->run->faults;
}

static void count(sim_world *world, sim_fault_kind kind)
{
    sim_faults *self = faults_of(world);
    if (self->count[kind]++ == 0) self->n_kinds++;
    self->n++;
}

/* ---- whom it hits ---- */
sim_process *sim_faults_any(sim_world *world, const char *kind)
{
    sim_process *chosen = NULL;
    uint64_t n = 0;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        sim_process *p = world->processes[i];
        if (!p->alive || (kind && strcmp(p->vt->kind, kind) != 0)) continue;
        if (tide_random_below(dice(world), ++n) == 0) chosen = p;
    }
    return chosen;
}

void sim_faults_suspect(sim_world *world, const sim_host *host, int64_t until)
{
    int64_t *at = &faults_of(world)->host_suspect_until[host - world->hosts];
    if (until + SUSPECT_AFTER_NS > *at) *at = until + SUSPECT_AFTER_NS;
}

static bool kill_one(sim_world *world, const char *kind)
{
    sim_process *p = sim_faults_any(world, kind);
    if (p == NULL) return false;
    sim_faults_suspect(world, p->host, world->now);
    sim_kill(p, false);
    return true;
}

static void fire_power_on(sim_world *world, void *arg)
{
    sim_host *host = arg;
    host->down = false;
    sim_say(world, host->name, "has power again");
    if (world->on_power) world->on_power(world, host);
}

static bool power_off(sim_world *world)
{
    sim_host *host = &world->hosts[draw(world, 0, world->n_hosts - 1)];
    if (host->down) return false;
    host->down = true;
    sim_say(world, host->name, "loses power");
    int64_t until = world->now + draw(world, SIM_S, 12 * SIM_S);
    sim_faults_suspect(world, host, until);
    for (uint32_t i = 0; i < world->n_processes; i++)
        if (world->processes[i]->host == host) sim_kill(world->processes[i], true);
    sim_at(world, until, fire_power_on, host);
    return true;
}

static bool pause_process(sim_world *world, const char *kind)
{
    sim_process *p = sim_faults_any(world, kind);
    if (p == NULL) return false;
    int64_t for_ns = draw(world, 10 * SIM_MS, 8 * SIM_S);
    sim_faults_suspect(world, p->host, world->now + for_ns);
    sim_pause(p, for_ns);
    return true;
}

static bool pause_host(sim_world *world)
{
    sim_host *host = &world->hosts[draw(world, 0, world->n_hosts - 1)];
    int64_t for_ns = draw(world, 10 * SIM_MS, 8 * SIM_S);
    sim_faults_suspect(world, host, world->now + for_ns);
    bool any = false;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        sim_process *p = world->processes[i];
        if (p->host != host || !p->alive) continue;
        sim_pause(p, for_ns);
        any = true;
    }
    return any;
}

static bool block_one_way(sim_world *world)
{
    uint32_t from = (uint32_t)draw(world, 0, world->n_hosts - 1);
    uint32_t to = (uint32_t)draw(world, 0, world->n_hosts - 1);
    if (from == to) return false;
    int64_t until = world->now + draw(world, 100 * SIM_MS, 8 * SIM_S);
    sim_faults_suspect(world, &world->hosts[from], until);
    sim_faults_suspect(world, &world->hosts[to], until);
    sim_net_block(world->net, from, to, until, draw(world, 0, 1) == 0);
    return true;
}

static void cut_from_store(sim_world *world, uint32_t host, int64_t until)
{
    sim_store_faults_of(world->store)->cut_until[host] = until;
    sim_say(world, world->hosts[host].name, "does not reach the storage until %.3f",
            (double)until / 1e9);
}

static bool isolate(sim_world *world)
{
    uint32_t host = (uint32_t)draw(world, 0, world->n_hosts - 1);
    int64_t until = world->now + draw(world, 100 * SIM_MS, 10 * SIM_S);
    bool loses = draw(world, 0, 1) == 0;
    if (draw(world, 0, 1)) cut_from_store(world, host, until);
    for (uint32_t other = 0; other < world->n_hosts; other++) {
        sim_faults_suspect(world, &world->hosts[other],
                           until); /* It may be the leader who is cut off. */
        if (other == host) continue;
        sim_net_block(world->net, host, other, until, loses);
        sim_net_block(world->net, other, host, until, loses);
    }
    return true;
}

static bool cut(sim_world *world)
{
    uint32_t a, b;
    if (!sim_net_any(world, &a, &b)) return false;
    sim_faults_suspect(world, sim_process_at(world, a)->host, world->now);
    sim_faults_suspect(world, sim_process_at(world, b)->host, world->now);
    sim_net_cut(world, a, b);
    return true;
}

static bool clock_jump(sim_world *world)
{
    sim_host *host = &world->hosts[draw(world, 0, world->n_hosts - 1)];
    int64_t by_us = draw(world, -3600 * 1000000LL, 3600 * 1000000LL);
    host->wall_us += by_us;
    sim_say(world, host->name, "wall clock jumps by %.3f s", (double)by_us / 1e6);
    return true;
}

static bool store_slow(sim_world *world)
{
    sim_store_faults_of(world->store)->slow_until = world->now + draw(world, SIM_S, 5 * SIM_S);
    sim_say(world, "store", "is slow");
    return true;
}

static bool store_full(sim_world *world)
{
    sim_store_faults_of(world->store)->full_until = world->now + draw(world, SIM_S, 5 * SIM_S);
    sim_say(world, "store", "is full");
    return true;
}

static bool store_cut(sim_world *world)
{
    uint32_t host = (uint32_t)draw(world, 0, world->n_hosts - 1);
    cut_from_store(world, host, world->now + draw(world, SIM_S, 8 * SIM_S));
    return true;
}

static bool sink_stands(sim_world *world)
{
    if (faults_of(world)->block_sink == NULL) return false;
    faults_of(world)->block_sink(world, world->now + draw(world, SIM_S, 10 * SIM_S));
    return true;
}

static bool fail_task(sim_world *world)
{
    if (faults_of(world)->fail_task == NULL) return false;
    faults_of(world)->fail_task(world);
    return true;
}

static bool shut_down(sim_world *world, const char *kind, void (*how)(sim_process *))
{
    sim_process *p = how ? sim_faults_any(world, kind) : NULL;
    if (p == NULL) return false;
    sim_faults_suspect(world, p->host, world->now);
    sim_say(world, p->name, "is told to shut down");
    how(p);
    return true;
}

static bool inject(sim_world *world, sim_fault_kind kind)
{
    switch (kind) {
    case SIM_FAULT_KILL_MASTER: return kill_one(world, "master");
    case SIM_FAULT_KILL_AGENT: return kill_one(world, "agent");
    case SIM_FAULT_KILL_RUNNER: return kill_one(world, "runner");
    case SIM_FAULT_KILL_DRIVER: return kill_one(world, "driver");
    case SIM_FAULT_POWER_OFF: return power_off(world);
    case SIM_FAULT_PAUSE_PROCESS: return pause_process(world, NULL);
    case SIM_FAULT_PAUSE_MASTER: return pause_process(world, "master");
    case SIM_FAULT_PAUSE_HOST: return pause_host(world);
    case SIM_FAULT_BLOCK_ONE_WAY: return block_one_way(world);
    case SIM_FAULT_ISOLATE: return isolate(world);
    case SIM_FAULT_CUT: return cut(world);
    case SIM_FAULT_CLOCK_JUMP: return clock_jump(world);
    case SIM_FAULT_STORE_SLOW: return store_slow(world);
    case SIM_FAULT_STORE_FULL: return store_full(world);
    case SIM_FAULT_STORE_CUT: return store_cut(world);
    case SIM_FAULT_SINK_STANDS: return sink_stands(world);
    case SIM_FAULT_TASK_FAILS: return fail_task(world);
    case SIM_FAULT_DRAIN_AGENT: return shut_down(world, "agent", faults_of(world)->drain_agent);
    case SIM_FAULT_RESIGN_MASTER:
        return shut_down(world, "master", faults_of(world)->resign_master);
    case SIM_FAULT_FRAMES:
    case SIM_FAULT_STORE_FAILS:
    case SIM_FAULT_COUNT: break;
    }
    return false;
}

/* ---- the plan ---- */
static sim_fault_kind draw_kind(sim_world *world)
{
    const sim_faults *self = faults_of(world);
    double sum = 0;
    for (uint32_t k = 0; k < SIM_FAULT_FRAMES; k++) sum += self->weight[k];
    double at = tide_random_f64(dice(world)) * sum;
    for (uint32_t k = 0; k < SIM_FAULT_FRAMES; k++)
        if ((at -= self->weight[k]) < 0) return (sim_fault_kind)k;
    return SIM_FAULT_CLOCK_JUMP;
}

/* An episode whose kind finds nobody is drawn again: later kinds may. */
static void fire_episode(sim_world *world, void *arg)
{
    (void)arg;
    for (uint32_t tried = 0; tried < 8; tried++) {
        sim_fault_kind kind = draw_kind(world);
        if (!inject(world, kind)) continue;
        count(world, kind);
        return;
    }
    faults_of(world)->skipped++;
}

/* Toward the end: whatever is missing of the promised number and kinds. */
static void fire_make_up(sim_world *world, void *arg)
{
    (void)arg;
    const sim_faults *self = faults_of(world);
    static const sim_fault_kind always[] = { SIM_FAULT_CUT, SIM_FAULT_PAUSE_PROCESS,
                                             SIM_FAULT_CLOCK_JUMP };
    for (uint32_t i = 0; self->n < SIM_FAULTS_MIN || self->n_kinds < 2; i++)
        if (inject(world, always[i % 3])) count(world, always[i % 3]);
}

static void draw_chances(sim_faults *self, sim_world *world)
{
    if (self->weight[SIM_FAULT_FRAMES] > 0) {
        sim_net_faults *control = sim_net_control_faults(world->net);
        control->drop = tide_random_f64(dice(world)) * 0.1;
        control->twice = tide_random_f64(dice(world)) * 0.1;
        control->late = tide_random_f64(dice(world)) * 0.1;
        control->late_max_ns = draw(world, SIM_MS, 3 * SIM_S);
        sim_net_faults *data = sim_net_data_faults(world->net);
        if (draw(world, 0, 3) == 0) data->drop = tide_random_f64(dice(world)) * 0.001;
        if (draw(world, 0, 3) == 0) data->twice = tide_random_f64(dice(world)) * 0.05;
        if (draw(world, 0, 3) == 0) data->late = tide_random_f64(dice(world)) * 0.001;
        data->late_max_ns = draw(world, SIM_MS, 500 * SIM_MS);
        count(world, SIM_FAULT_FRAMES);
    }
    if (self->weight[SIM_FAULT_STORE_FAILS] > 0) {
        sim_store_faults *store = sim_store_faults_of(world->store);
        store->fails = tide_random_f64(dice(world)) * 0.1;
        store->forgets = tide_random_f64(dice(world)) * 0.1;
        store->comes_late = tide_random_f64(dice(world)) * 0.05;
        count(world, SIM_FAULT_STORE_FAILS);
    }
    sim_net_control_faults(world->net)->latency_ns = draw(world, 20 * SIM_US, 2 * SIM_MS);
    sim_net_control_faults(world->net)->jitter_ns = draw(world, 20 * SIM_US, 50 * SIM_MS);
    sim_net_data_faults(world->net)->latency_ns = draw(world, 20 * SIM_US, 2 * SIM_MS);
    sim_net_data_faults(world->net)->jitter_ns = draw(world, 20 * SIM_US, 5 * SIM_MS);
}

void sim_faults_plan(sim_faults *self, sim_world *world, uint64_t wanted, int64_t end_ns)
{
    self->end_ns = end_ns;
    for (uint32_t k = 0; k < SIM_FAULT_COUNT; k++)
        if (wanted >> k & 1 && draw(world, 0, 1))
            self->weight[k] = 0.2 + tide_random_f64(dice(world));
    draw_chances(self, world);
    int64_t n = draw(world, SIM_FAULTS_MIN, EPISODES_MAX);
    for (int64_t i = 0; i < n; i++)
        sim_at(world, draw(world, SIM_S, end_ns - SIM_S), fire_episode, NULL);
    sim_at(world, end_ns - SIM_S, fire_make_up, NULL);
}

void sim_faults_heal(sim_faults *self, sim_world *world)
{
    (void)self;
    sim_say(world, "world", "heals");
    sim_net_heal(world->net);
    sim_store_heal(world->store);
    for (uint32_t i = 0; i < world->n_processes; i++) sim_unpause(world->processes[i]);
}
