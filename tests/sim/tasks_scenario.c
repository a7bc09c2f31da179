/* tasks_scenario.c - real runners and tasks over a network that doubles, delays and breaks, with a
 * coordinator that is a short script: an attempt is started, prepared, deployed and let go; when
 * any runner fails, all are killed and the next attempt begins. What is built on runners and links
 * rests on this. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/cluster.h"

#define RUNNERS_MAX 4u
#define HEAL_NS (45 * SIM_S)
#define NEXT_ATTEMPT_NS (100 * SIM_MS)
/* A job over a calm world needs no more than this after the healing. */
static const char job_id[] = "00000000000000a0";

typedef struct child {
    uint32_t process;
    uint64_t state; /* tide_runner_state, as it said. */
    char tcp[64];
} child;

typedef struct script {
    sim_process *process;
    tide_arena *arena;       /* Of one message. */
    tide_arena *split_arena; /* Of what runner 0 listed. */
    uint64_t attempt;
    uint32_t n_children;
    child children[RUNNERS_MAX];
    tide_runner_report listed;
    bool finished;
} script;

static const sim_job *the_job(const script *self)
{
    return &sim_cluster_of(self->process->world)->jobs[0];
}

static uint64_t child_number(const script *self, uint32_t i)
{
    return self->attempt * RUNNERS_MAX + i;
}

static void start_child(script *self, uint32_t i)
{
    sim_world *world = self->process->world;
    const sim_job *job = the_job(self);
    /* Runner i is on host i. */
    sim_process *p = sim_runner_start_on(self->process, &world->hosts[i], child_number(self, i));
    self->children[i] = (child){ .process = p->id, .state = TIDE_RUNNER_STARTING };
    tide_slot_ref slots[8];
    uint32_t n = 0;
    for (uint32_t s = i; s < job->load.parallelism; s += self->n_children, n++)
        slots[n] = (tide_slot_ref){ .slot = s, .local = n };
    tide_runner_start start = { .job = job_id,
                                .attempt = self->attempt,
                                .runner = i,
                                .lists_splits = i == 0,
                                .spec = job->spec };
    start.slots.n = n;
    start.slots.items = slots;
    sim_send_msg(self->process, p->id, TIDE_MSG_RUNNER_START, &start);
}

static void start_attempt(script *self)
{
    self->attempt++;
    const sim_job *job = the_job(self);
    sim_say(self->process->world, self->process->name, "attempt %" PRIu64, self->attempt);
    self->n_children = self->process->world->n_hosts;
    if (self->n_children > job->load.parallelism) self->n_children = job->load.parallelism;
    for (uint32_t i = 0; i < self->n_children; i++) start_child(self, i);
}

static bool all_reached(const script *self, uint64_t state)
{
    for (uint32_t i = 0; i < self->n_children; i++)
        if (self->children[i].state < state) return false;
    return true;
}

static void deploy(script *self)
{
    const sim_job *job = the_job(self);
    tide_peer_info peers[RUNNERS_MAX];
    tide_slot_owner owners[8];
    for (uint32_t i = 0; i < self->n_children; i++)
        peers[i] = (tide_peer_info){ .runner = i, .tcp = self->children[i].tcp };
    for (uint32_t s = 0; s < job->load.parallelism; s++)
        owners[s] = (tide_slot_owner){ .slot = s, .runner = s % self->n_children };
    for (uint32_t i = 0; i < self->n_children; i++) {
        tide_runner_deploy m = { .job = job_id, .attempt = self->attempt, .runner = i };
        m.peers.n = self->n_children;
        m.peers.items = peers;
        m.owners.n = job->load.parallelism;
        m.owners.items = owners;
        m.scans.n = self->listed.scans.n;
        m.scans.items = self->listed.scans.items;
        m.splits.n = self->listed.splits.n;
        m.splits.items = self->listed.splits.items;
        sim_send_msg(self->process, self->children[i].process, TIDE_MSG_RUNNER_DEPLOY, &m);
    }
}

static void go(script *self)
{
    for (uint32_t i = 0; i < self->n_children; i++) {
        const tide_runner_go m = { .job = job_id, .attempt = self->attempt, .runner = i };
        sim_send_msg(self->process, self->children[i].process, TIDE_MSG_RUNNER_GO, &m);
    }
}

static void reported(script *self, child *c, const tide_runner_report *report)
{
    c->state = report->state;
    snprintf(c->tcp, sizeof c->tcp, "%s", report->tcp);
    if (report->state == TIDE_RUNNER_PREPARED && report->runner == 0) {
        tide_arena_reset(self->split_arena);
        self->listed = *TIDE_COPY_RECORD(runner_report, report, self->split_arena);
    }
    if (report->state == TIDE_RUNNER_PREPARED && all_reached(self, TIDE_RUNNER_PREPARED))
        deploy(self);
    if (report->state == TIDE_RUNNER_DEPLOYED && all_reached(self, TIDE_RUNNER_DEPLOYED)) go(self);
    if (report->state == TIDE_RUNNER_FINISHED && all_reached(self, TIDE_RUNNER_FINISHED))
        self->finished = true;
}

static void on_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n)
{
    (void)lane;
    script *self = process->self;
    tide_msg msg;
    if (!sim_read_msg(process, bytes, n, self->arena, &msg)) return;
    if (msg.kind != TIDE_MSG_RUNNER_REPORT) return;
    for (uint32_t i = 0; i < self->n_children; i++)
        if (self->children[i].process == sim_net_process_of(peer))
            reported(self, &self->children[i], &((const tide_runner_report_msg *)msg.body)->report);
}

static void on_closed(sim_process *process, uint64_t peer)
{
    (void)process, (void)peer;
}

static void on_wake(sim_process *process, uint32_t lane)
{
    (void)lane;
    start_attempt(process->self);
}

/* A runner that had not finished takes the attempt with it. */
static void on_child_exit(sim_process *process, uint64_t number, int signal, int exit_code)
{
    (void)signal, (void)exit_code;
    script *self = process->self;
    uint32_t i = (uint32_t)(number - child_number(self, 0));
    if (number < child_number(self, 0) || self->children[i].state == TIDE_RUNNER_FINISHED) return;
    for (uint32_t k = 0; k < self->n_children; k++) {
        self->children[k].state = TIDE_RUNNER_FINISHED; /* Its exit is no news any more. */
        sim_kill(sim_process_at(process->world, self->children[k].process), false);
    }
    sim_wake_at(process, 0, sim_now_ns(process) + NEXT_ATTEMPT_NS);
}

static void free_script(sim_process *process)
{
    script *self = process->self;
    tide_arena_free(&self->arena);
    tide_arena_free(&self->split_arena);
    tide_free(self);
}

static const sim_process_vt script_vt = { "script", on_frame,    on_closed,    NULL,
                                          on_wake,  free_script, on_child_exit };

/* ---- the scenario ---- */
static void on_death(sim_world *world, sim_process *process)
{
    (void)world;
    if (strcmp(process->vt->kind, "runner") == 0) sim_runner_died(process);
}

static void block_sink(sim_world *world, int64_t until)
{
    sim_cluster_of(world)->jobs[0].load.sink_blocked_until = until;
}

static void fail_task(sim_world *world)
{
    sim_cluster_of(world)->jobs[0].load.fails_next = true;
}

static void setup(sim_world *world)
{
    static const char *const hosts[RUNNERS_MAX] = { "h0", "h1", "h2", "h3" };
    sim_cluster *self = tide_calloc(1, sizeof *self);
    world->scenario = self;
    world->on_death = on_death;
    self->arena = tide_arena_new();
    uint32_t n = (uint32_t)sim_between(world, SIM_STREAM_CLUSTER, 2, RUNNERS_MAX);
    for (uint32_t i = 0; i < n; i++) sim_host_add(world, hosts[i]);
    self->n_jobs = 1;
    self->n_agents = n;
    self->slots_per_agent = 2;
    sim_job *job = &self->jobs[0];
    snprintf(job->id, sizeof job->id, "%s", job_id);
    sim_cluster_draw_job(world, self, job);
    script *s = tide_calloc(1, sizeof *s);
    s->arena = tide_arena_new();
    s->split_arena = tide_arena_new();
    s->process = sim_spawn(world, &world->hosts[0], "script", &script_vt, s, 1);
    sim_wake_at(s->process, 0, sim_now_ns(s->process));
    world->run->faults.block_sink = block_sink;
    world->run->faults.fail_task = fail_task;
    uint64_t kinds = UINT64_C(1) << SIM_FAULT_KILL_RUNNER | UINT64_C(1) << SIM_FAULT_PAUSE_HOST |
                     UINT64_C(1) << SIM_FAULT_BLOCK_ONE_WAY | UINT64_C(1) << SIM_FAULT_ISOLATE |
                     UINT64_C(1) << SIM_FAULT_CUT | UINT64_C(1) << SIM_FAULT_CLOCK_JUMP |
                     UINT64_C(1) << SIM_FAULT_SINK_STANDS | UINT64_C(1) << SIM_FAULT_TASK_FAILS |
                     UINT64_C(1) << SIM_FAULT_FRAMES;
    sim_faults_plan(&world->run->faults, world, kinds, HEAL_NS);
}

static void heal(sim_world *world)
{
    sim_load *load = &sim_cluster_of(world)->jobs[0].load;
    load->sink_blocked_until = 0;
    load->fails_next = false;
}

static const script *the_script(const sim_world *world)
{
    return world->processes[0]->self;
}

static bool is_settled(sim_world *world, tide_bytes *why_not)
{
    const script *self = the_script(world);
    if (self->finished) return true;
    tide_bytes_printf(why_not, "attempt %" PRIu64 " does not finish; runners are at",
                      self->attempt);
    for (uint32_t i = 0; i < self->n_children; i++)
        tide_bytes_printf(why_not, " %s", tide_runner_state_name((int)self->children[i].state));
    return false;
}

static void check(sim_world *world)
{
    const script *self = the_script(world);
    sim_load *load = &sim_cluster_of(world)->jobs[0].load;
    tide_bytes why = { 0 };
    if (!sim_load_check(load, sim_load_output(load, self->attempt), &why))
        sim_fail(world, SIM_WRONG, "attempt %" PRIu64 ": %s", self->attempt, tide_bytes_text(&why));
    tide_bytes_fini(&why);
}

static void free_scenario(sim_world *world)
{
    sim_cluster *self = sim_cluster_of(world);
    sim_load_fini(&self->jobs[0].load);
    tide_arena_free(&self->arena);
    tide_free(self);
}

const sim_scenario sim_scenario_tasks = {
    .name = "tasks",
    .help = "runners, links and tasks with a scripted coordinator",
    .heal_ns = HEAL_NS,
    .setup = setup,
    .heal = heal,
    .is_settled = is_settled,
    .check = check,
    .free = free_scenario
};
