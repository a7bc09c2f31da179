/* cluster.c - the scenario of a whole cluster: who starts, what is submitted, what must come of it.
 */
#include "tests/sim/cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/check_cluster.h"

#define FAULTS_END_NS (40 * SIM_S)
#define ASK_AGAIN_NS (2 * SIM_S)
#define CALM_AFTER_NS (12 * SIM_S)
#define DRAIN_NS (30 * SIM_S)
#define SILENT_NS (6 * SIM_S)
#define CLOSED_SEEN_NS (200 * SIM_MS)
#define SILENCE_SEEN_NS (3200 * SIM_MS)

/* ---- clients: ask some master until one says yes ---- */
static sim_process *some_master(sim_world *world)
{
    const sim_cluster *self = sim_cluster_of(world);
    uint32_t first = (uint32_t)sim_between(world, SIM_STREAM_LOAD, 0, self->n_masters - 1);
    for (uint32_t i = 0; i < self->n_masters; i++) {
        const char *endpoint = self->endpoints[(first + i) % self->n_masters];
        uint32_t id = sim_net_find(world->net, endpoint);
        if (id != SIM_NOBODY && sim_process_at(world, id)->alive) return sim_process_at(world, id);
    }
    return NULL;
}

static void fire_ask(sim_world *world, void *arg)
{
    sim_job *job = arg;
    bool submits = !job->accepted;
    if (!submits && (job->wish == SIM_RUNS || job->wish_accepted)) return;
    if (!submits && world->now < job->wish_ns) {
        sim_at(world, job->wish_ns, fire_ask, job);
        return;
    }
    sim_ask ask = SIM_ASK_SUBMIT;
    if (!submits) ask = job->wish == SIM_TO_CANCEL ? SIM_ASK_CANCEL : SIM_ASK_STOP;
    sim_process *master = some_master(world);
    if (master) sim_master_ask(master, job, ask);
    job->asked++;
    sim_at(world, world->now + (master ? ASK_AGAIN_NS : 100 * SIM_MS), fire_ask, job);
}

void sim_cluster_answered(sim_world *world, sim_job *job, sim_ask ask, bool ok, const char *text)
{
    sim_say(world, "client", "job %s: %s %s", job->id, ok ? "yes" : "no:", ok ? "" : text);
    if (ok && ask == SIM_ASK_SUBMIT)
        job->accepted = true;
    else if (ok)
        job->wish_accepted = true;
}

static void fire_driver(sim_world *world, void *arg)
{
    sim_job *job = arg;
    sim_cluster *self = sim_cluster_of(world);
    uint32_t i = (uint32_t)sim_between(world, SIM_STREAM_LOAD, 0, self->n_agents - 1);
    if (self->agent_hosts[i]->down) {
        sim_at(world, world->now + SIM_S, fire_driver, job);
        return;
    }
    job->accepted = true;
    job->driver = sim_driver_start(world, self->agent_hosts[i], job)->id;
}

/* ---- restarts ---- */
typedef struct restart {
    sim_host *host;
    bool master;
    uint32_t number;
} restart;

static bool lives_on(const sim_world *world, const sim_host *host, const char *kind)
{
    for (uint32_t i = 0; i < world->n_processes; i++) {
        const sim_process *p = world->processes[i];
        if (p->alive && p->host == host && strcmp(p->vt->kind, kind) == 0) return true;
    }
    return false;
}

static void fire_restart(sim_world *world, void *arg)
{
    const restart r = *(restart *)arg;
    if (r.host->down || lives_on(world, r.host, r.master ? "master" : "agent"))
        return; /* When it has power again, or had it meanwhile. */
    if (r.master)
        sim_master_start(world, r.host, r.number);
    else
        sim_agent_start(world, r.host);
}

static void restart_at(sim_world *world, int64_t at, sim_host *host, bool master, uint32_t number)
{
    restart *r = tide_arena_alloc(sim_cluster_of(world)->arena, sizeof *r);
    *r = (restart){ host, master, number };
    sim_at(world, at, fire_restart, r);
}

static uint32_t master_number(const sim_cluster *self, const sim_host *host)
{
    for (uint32_t i = 0; i < self->n_masters; i++)
        if (self->master_hosts[i] == host) return i;
    return self->n_masters;
}

static void on_death(sim_world *world, sim_process *process)
{
    sim_cluster *self = sim_cluster_of(world);
    const char *kind = process->vt->kind;
    if (strcmp(kind, "runner") == 0) sim_runner_died(process);
    if (strcmp(kind, "driver") == 0) sim_check_driver_died(world, process);
    bool master = strcmp(kind, "master") == 0;
    if (process->host->down || !(master || strcmp(kind, "agent") == 0)) return;
    int64_t pause = sim_between(world, SIM_STREAM_FAULTS, 200 * SIM_MS, 8 * SIM_S);
    restart_at(world, world->now + pause, process->host, master,
               master_number(self, process->host));
}

static bool is_agent_host(const sim_cluster *self, const sim_host *host)
{
    for (uint32_t i = 0; i < self->n_agents; i++)
        if (self->agent_hosts[i] == host) return true;
    return false;
}

static void on_power(sim_world *world, sim_host *host)
{
    sim_cluster *self = sim_cluster_of(world);
    uint32_t number = master_number(self, host);
    if (number < self->n_masters) sim_master_start(world, host, number);
    if (is_agent_host(self, host)) sim_agent_start(world, host);
}

/* ---- what the world looks like ---- */
static void make_hosts(sim_world *world, sim_cluster *self)
{
    self->n_masters = (uint32_t)sim_between(world, SIM_STREAM_CLUSTER, 1, SIM_MASTERS_MAX);
    self->n_agents = (uint32_t)sim_between(world, SIM_STREAM_CLUSTER, 2, SIM_AGENTS_MAX);
    self->slots_per_agent = (uint32_t)sim_between(world, SIM_STREAM_CLUSTER, 2, 4);
    bool shared = sim_chance(world, SIM_STREAM_CLUSTER, 0.3); /* Masters on agents' hosts. */
    for (uint32_t i = 0; i < self->n_agents; i++)
        self->agent_hosts[i] = sim_host_add(world, tide_arena_printf(self->arena, "w%u", i));
    for (uint32_t i = 0; i < self->n_masters; i++) {
        self->master_hosts[i] = shared && i < self->n_agents
                                    ? self->agent_hosts[i]
                                    : sim_host_add(world, tide_arena_printf(self->arena, "m%u", i));
        snprintf(self->endpoints[i], sizeof self->endpoints[i], "tcp://%s:6123",
                 self->master_hosts[i]->name);
    }
}

static void make_jobs(sim_world *world, sim_cluster *self)
{
    self->n_jobs = (uint32_t)sim_between(world, SIM_STREAM_LOAD, 1, 3);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        sim_job *job = &self->jobs[i];
        snprintf(job->id, sizeof job->id, "%016x", 0xa0 + i);
        job->submit_ns = sim_between(world, SIM_STREAM_LOAD, 0, 8 * SIM_S);
        if (i > 0 && sim_chance(world, SIM_STREAM_LOAD, 0.4))
            job->wish = sim_chance(world, SIM_STREAM_LOAD, 0.5) ? SIM_TO_CANCEL : SIM_TO_STOP;
        job->by_driver = i > 0 && job->wish == SIM_RUNS && sim_chance(world, SIM_STREAM_LOAD, 0.5);
        job->dies_with_driver = job->by_driver && sim_chance(world, SIM_STREAM_LOAD, 0.5);
        job->wish_ns = job->submit_ns + sim_between(world, SIM_STREAM_LOAD, 0, 50 * SIM_S);
        sim_cluster_draw_job(world, self, job);
        job->load.on_write = sim_check_write;
        sim_at(world, job->submit_ns, job->by_driver ? fire_driver : fire_ask, job);
    }
}

static void block_sink(sim_world *world, int64_t until)
{
    sim_cluster *self = sim_cluster_of(world);
    sim_job *job = &self->jobs[sim_between(world, SIM_STREAM_FAULTS, 0, self->n_jobs - 1)];
    job->load.sink_blocked_until = until;
    sim_say(world, job->id, "the sink takes nothing until %.3f", (double)until / 1e9);
}

static void fail_task(sim_world *world)
{
    sim_cluster *self = sim_cluster_of(world);
    sim_job *job = &self->jobs[sim_between(world, SIM_STREAM_FAULTS, 0, self->n_jobs - 1)];
    job->load.fails_next = true;
    sim_say(world, job->id, "the next write of a task fails");
}

/* Its runners may go on for as long as the drain may take. */
static void drain_agent(sim_process *agent)
{
    sim_faults_suspect(agent->world, agent->host, agent->world->now + DRAIN_NS);
    sim_agent_drain(agent);
}

static void setup(sim_world *world)
{
    sim_cluster *self = tide_calloc(1, sizeof *self);
    world->scenario = self;
    world->on_death = on_death;
    world->on_power = on_power;
    self->arena = tide_arena_new();
    self->log = sim_log_check_new(world);
    make_hosts(world, self);
    for (uint32_t i = 0; i < self->n_masters; i++)
        sim_master_start(world, self->master_hosts[i], i);
    for (uint32_t i = 0; i < self->n_agents; i++) sim_agent_start(world, self->agent_hosts[i]);
    make_jobs(world, self);
    sim_faults *faults = &world->run->faults;
    faults->block_sink = block_sink;
    faults->fail_task = fail_task;
    faults->drain_agent = drain_agent;
    faults->resign_master = sim_master_resign;
    sim_faults_plan(faults, world, UINT64_MAX, FAULTS_END_NS);
    sim_check_cluster_begin(world);
}

/* An agent dies, or stands still: its runners do not, and may write until they are told. */
static void lose_agent(sim_world *world, sim_process *leader, bool dies)
{
    sim_process *agent = sim_faults_any(world, "agent");
    if (agent == NULL) return;
    sim_faults_suspect(world, agent->host, world->now + SILENT_NS);
    if (dies) {
        sim_check_agent_lost_within(world, leader, CLOSED_SEEN_NS);
        sim_kill(agent, false);
    } else {
        sim_check_agent_lost_within(world, leader, SILENCE_SEEN_NS);
        sim_pause(agent, SILENT_NS);
    }
}

/* One more death, in a world that is calm otherwise: what it may cost is known exactly. */
static void fire_calm_death(sim_world *world, void *arg)
{
    (void)arg;
    sim_cluster *self = sim_cluster_of(world);
    sim_process *leader = sim_check_leader(world);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        sim_job *job = &self->jobs[i];
        if (!job->dies_with_driver || !job->accepted) continue;
        sim_kill(sim_process_at(world, job->driver), false);
        leader = NULL; /* A living master sees it. */
    }
    if (leader == NULL) return;
    int64_t what = sim_between(world, SIM_STREAM_FAULTS, 0, 3);
    if (what == 0) {
        sim_check_leader_dies(world, leader);
        sim_kill(leader, false);
    } else if (what < 3) {
        lose_agent(world, leader, what == 1);
    }
}

static void heal(sim_world *world)
{
    sim_cluster *self = sim_cluster_of(world);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        self->jobs[i].load.sink_blocked_until = 0;
        self->jobs[i].load.fails_next = false;
    }
    sim_at(world, world->now + CALM_AFTER_NS, fire_calm_death, NULL);
}

static void free_cluster(sim_world *world)
{
    sim_cluster *self = sim_cluster_of(world);
    for (uint32_t i = 0; i < self->n_jobs; i++) sim_load_fini(&self->jobs[i].load);
    sim_log_check_free(&self->log);
    tide_arena_free(&self->arena);
    tide_free(self);
}

const sim_scenario sim_scenario_cluster = { .name = "cluster",
                                            .help = "masters, agents, runners with real tasks",
                                            .heal_ns = FAULTS_END_NS,
                                            .setup = setup,
                                            .heal = heal,
                                            .is_settled = sim_check_is_settled,
                                            .check = sim_check_cluster_end,
                                            .free = free_cluster };
