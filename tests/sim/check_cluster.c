/* check_cluster.c - judging a cluster from outside. */
#include "tests/sim/check_cluster.h"

#include <inttypes.h>
#include <string.h>

#define LOOK_EVERY_NS (100 * SIM_MS)
/* A slot's pool and the network's together: what rings, links and one step may hold. */
#define RUNNER_QUEUED_MAX (32u << 20)
/* After a driver's death in a calm world: silence is noticed in 3 s, kills take a retry. */
#define DRIVER_SLOTS_BACK_NS (5 * SIM_S)
/* Until a new leader has taken over, or the only one is back. */
#define LEADER_BACK_NS (20 * SIM_S)
/* What an old attempt's runner may still write after its successor was decided, on a host that
 * nothing is wrong with: one step under way. */
#define STRAGGLER_NS (50 * SIM_MS)

static bool is_kind(const sim_process *p, const char *kind)
{
    return p->alive && strcmp(p->vt->kind, kind) == 0;
}

static bool is_suspect(const sim_world *world, const sim_host *host)
{
    return world->now < world->run->faults.host_suspect_until[host - world->hosts];
}

/* ---- fencing ---- */
/* The newest attempt with rows: an older one that writes behind it was not stopped. */
static bool newer_has_written(const sim_load *load, uint64_t attempt)
{
    for (uint32_t i = 0; i < load->n_outputs; i++)
        if (load->outputs[i].attempt > attempt &&
            load->outputs[i].first_ns + STRAGGLER_NS < load->world->now)
            return true;
    return false;
}

void sim_check_write(const sim_hook *hook)
{
    const sim_load *load = hook->load;
    sim_world *world = load->world;
    if (is_suspect(world, hook->runner->host)) return;
    if (newer_has_written(load, hook->attempt))
        sim_fail(world, SIM_WRONG, "%s writes for attempt %" PRIu64 " while a newer one does",
                 hook->runner->name, hook->attempt);
}

/* ---- looking at everybody, now and then ---- */
/* The slots of an agent's living runners. */
typedef struct slots_in_use {
    uint32_t n;
    uint32_t agents[SIM_AGENTS_MAX * 4];
    uint64_t slots[SIM_AGENTS_MAX * 4];
} slots_in_use;

static uint64_t *slots_of(slots_in_use *self, uint32_t agent)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->agents[i] == agent) return &self->slots[i];
    if (self->n == SIM_AGENTS_MAX * 4) return NULL; /* Orphans of many dead agents: others judge. */
    self->agents[self->n] = agent;
    self->slots[self->n] = 0;
    return &self->slots[self->n++];
}

static void check_runner(sim_world *world, slots_in_use *in_use, const sim_process *p)
{
    sim_runner_look look;
    sim_runner_look_at(p, &look);
    if (look.queued_bytes > RUNNER_QUEUED_MAX)
        sim_fail(world, SIM_WRONG, "%s holds %" PRIu64 " bytes", p->name, look.queued_bytes);
    uint64_t *slots = slots_of(in_use, look.agent);
    if (slots && (*slots & look.slots))
        sim_fail(world, SIM_WRONG, "%s has a slot that another runner has", p->name);
    if (slots) *slots |= look.slots;
}

static void check_leaders(sim_world *world)
{
    uint32_t ready = 0;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        if (!is_kind(world->processes[i], "master")) continue;
        sim_master_look look;
        sim_master_look_at(world->processes[i], &look);
        ready += look.ready;
        if (look.leads && look.slots_free > look.slots_total)
            sim_fail(world, SIM_WRONG, "%s counts %u of %u slots free", world->processes[i]->name,
                     look.slots_free, look.slots_total);
    }
    /* Two for a moment are allowed, but not in a calm world. */
    bool calm = world->run->healed && world->now > world->run->faults.end_ns + 10 * SIM_S;
    if (calm && ready > 1) sim_fail(world, SIM_WRONG, "%u masters lead", ready);
}

static void fire_look(sim_world *world, void *arg)
{
    (void)arg;
    slots_in_use in_use = { .n = 0 };
    for (uint32_t i = 0; i < world->n_processes; i++)
        if (is_kind(world->processes[i], "runner"))
            check_runner(world, &in_use, world->processes[i]);
    check_leaders(world);
    sim_at(world, world->now + LOOK_EVERY_NS, fire_look, NULL);
}

void sim_check_cluster_begin(sim_world *world)
{
    sim_at(world, LOOK_EVERY_NS, fire_look, NULL);
}

/* ---- drivers ---- */
static bool has_runners(const sim_world *world, const char *job)
{
    for (uint32_t i = 0; i < world->n_processes; i++) {
        if (!is_kind(world->processes[i], "runner")) continue;
        sim_runner_look look;
        sim_runner_look_at(world->processes[i], &look);
        if (strcmp(look.job, job) == 0) return true;
    }
    return false;
}

static bool is_calm(const sim_world *world)
{
    for (uint32_t h = 0; h < world->n_hosts; h++)
        if (is_suspect(world, &world->hosts[h])) return false;
    return world->run->healed;
}

static void fire_driver_slots(sim_world *world, void *arg)
{
    const sim_job *job = arg;
    if (is_calm(world) && has_runners(world, job->id))
        sim_fail(world, SIM_WRONG, "runners of job %s outlive its driver", job->id);
}

void sim_check_driver_died(sim_world *world, const sim_process *driver)
{
    sim_cluster *self = sim_cluster_of(world);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        sim_job *job = &self->jobs[i];
        if (!job->by_driver || job->driver != driver->id) continue;
        job->driver_died_ns = world->now;
        sim_at(world, world->now + DRIVER_SLOTS_BACK_NS, fire_driver_slots, job);
    }
}

/* ---- a leader dies ---- */
sim_process *sim_check_leader(const sim_world *world)
{
    for (uint32_t i = 0; i < world->n_processes; i++) {
        sim_master_look look;
        if (!is_kind(world->processes[i], "master")) continue;
        sim_master_look_at(world->processes[i], &look);
        if (look.ready) return world->processes[i];
    }
    return NULL;
}

static bool has_ended(const sim_cluster *self, const sim_job *job);

static void fire_kept(sim_world *world, void *arg)
{
    sim_job *job = arg;
    const sim_cluster *self = sim_cluster_of(world);
    uint64_t attempt = sim_log_check_attempt(self->log, job->id);
    if (is_calm(world) && attempt != job->kept_attempt)
        sim_fail(world, SIM_WRONG,
                 "job %s is at attempt %" PRIu64 " after its leader died, must be at %" PRIu64,
                 job->id, attempt, job->kept_attempt);
}

static void fire_standby_leads(sim_world *world, void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        sim_master_look look;
        if (!is_kind(world->processes[i], "master")) continue;
        sim_master_look_at(world->processes[i], &look);
        if (look.leads) return;
    }
    if (is_calm(world)) sim_fail(world, SIM_WRONG, "no standby leads after 3 s");
}

typedef struct slots_wanted {
    uint32_t leader; /* Process. */
    uint32_t slots;
} slots_wanted;

static void fire_agent_is_lost(sim_world *world, void *arg)
{
    const slots_wanted *wanted = arg;
    const sim_process *leader = sim_process_at(world, wanted->leader);
    sim_master_look look = { 0 };
    if (leader->alive) sim_master_look_at(leader, &look);
    /* Fewer when another one, which drained, went meanwhile. */
    if (look.ready && look.slots_total > wanted->slots)
        sim_fail(world, SIM_WRONG, "%s counts %u slots after an agent was lost, must be %u",
                 leader->name, look.slots_total, wanted->slots);
}

void sim_check_agent_lost_within(sim_world *world, const sim_process *leader, int64_t ns)
{
    const sim_cluster *self = sim_cluster_of(world);
    sim_master_look look;
    sim_master_look_at(leader, &look);
    if (look.slots_total != self->n_agents * self->slots_per_agent) return;
    slots_wanted *wanted = tide_arena_alloc(self->arena, sizeof *wanted);
    *wanted = (slots_wanted){ leader->id, look.slots_total - self->slots_per_agent };
    sim_at(world, world->now + ns, fire_agent_is_lost, wanted);
}

void sim_check_leader_dies(sim_world *world, const sim_process *leader)
{
    sim_cluster *self = sim_cluster_of(world);
    uint32_t n_masters = 0;
    for (uint32_t i = 0; i < world->n_processes; i++)
        n_masters += is_kind(world->processes[i], "master");
    if (n_masters > 1) sim_at(world, world->now + 3 * SIM_S, fire_standby_leads, NULL);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        sim_job *job = &self->jobs[i];
        if (job->by_driver || strcmp(sim_master_job_state(leader, job->id, NULL), "RUNNING") != 0)
            continue;
        job->kept_attempt = sim_log_check_attempt(self->log, job->id);
        sim_at(world, world->now + LEADER_BACK_NS, fire_kept, job);
    }
}

/* ---- the end ---- */
static bool has_ended(const sim_cluster *self, const sim_job *job)
{
    if (job->by_driver) return job->end[0] || job->driver_died_ns;
    return sim_log_check_end(self->log, job->id)[0];
}

static bool nothing_is_left(sim_world *world, const sim_master_look *look, tide_bytes *why_not)
{
    uint32_t runners = 0, reported = 0;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        runners += is_kind(world->processes[i], "runner");
        if (is_kind(world->processes[i], "agent"))
            reported += sim_agent_n_runners(world->processes[i]);
    }
    const sim_cluster *self = sim_cluster_of(world);
    uint32_t slots = self->n_agents * self->slots_per_agent;
    if (!runners && !reported && !look->leases && look->slots_free == slots) return true;
    tide_bytes_printf(why_not,
                      "every job ended, but %u runners live, agents report %u, %u leases, "
                      "%u of %u slots are free",
                      runners, reported, look->leases, look->slots_free, slots);
    return false;
}

bool sim_check_is_settled(sim_world *world, tide_bytes *why_not)
{
    sim_cluster *self = sim_cluster_of(world);
    sim_master_look look;
    const sim_process *master = sim_check_leader(world);
    if (master == NULL) {
        tide_bytes_puts(why_not, "no master leads");
        return false;
    }
    sim_master_look_at(master, &look);
    for (uint32_t i = 0; i < self->n_jobs; i++) {
        const sim_job *job = &self->jobs[i];
        if (has_ended(self, job)) continue;
        tide_bytes_printf(why_not, "job %s has not ended (attempt %" PRIu64 ", %s: ", job->id,
                          sim_log_check_attempt(self->log, job->id),
                          job->by_driver ? "driver" : sim_master_job_state(master, job->id, NULL));
        if (!job->by_driver) sim_master_job_state(master, job->id, why_not);
        tide_bytes_puts(why_not, ")");
        return false;
    }
    return nothing_is_left(world, &look, why_not);
}

/* A job that is stopped while nothing of it runs is cancelled; one that loses a runner while it
 * stops has failed. */
static bool is_wanted_end(const sim_job *job, const char *end)
{
    if (job->wish == SIM_TO_STOP) return true;
    return strcmp(end, job->wish == SIM_RUNS ? "FINISHED" : "CANCELED") == 0;
}

static uint64_t last_attempt(const sim_cluster *self, const sim_job *job)
{
    if (!job->by_driver) return sim_log_check_attempt(self->log, job->id);
    uint64_t attempt = 0;
    for (uint32_t i = 0; i < job->load.n_outputs; i++)
        if (job->load.outputs[i].attempt > attempt) attempt = job->load.outputs[i].attempt;
    return attempt;
}

static void check_job(sim_world *world, sim_cluster *self, sim_job *job)
{
    if (job->driver_died_ns && !job->end[0]) return; /* It ended with its driver. */
    const char *end = job->by_driver ? job->end : sim_log_check_end(self->log, job->id);
    if (!is_wanted_end(job, end)) {
        sim_fail(world, SIM_WRONG, "job %s ended %s", job->id, end);
        return;
    }
    if (!sim_load_is_bounded(&job->load)) return;
    tide_bytes why = { 0 };
    uint64_t attempt = last_attempt(self, job);
    if (!sim_load_check(&job->load, sim_load_output(&job->load, attempt), &why))
        sim_fail(world, SIM_WRONG, "job %s, attempt %" PRIu64 ": %s", job->id, attempt,
                 tide_bytes_text(&why));
    tide_bytes_fini(&why);
}

void sim_check_cluster_end(sim_world *world)
{
    sim_cluster *self = sim_cluster_of(world);
    for (uint32_t i = 0; i < self->n_jobs; i++) check_job(world, self, &self->jobs[i]);
}
