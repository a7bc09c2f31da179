/* log_scenario.c - the foundation by itself: masters that are nothing but an election and a
 * decision log per job, in a storm. Each leader appends attempts as fast as it can, so that two who
 * believe to lead meet in every log. Whatever is built on logs and terms rests on this. */
#include <inttypes.h>
#include <stdio.h>

#include "checkpoint/core/decision_log.h"
#include "master/election/election.h"
#include "tests/sim/check_log.h"
#include "tests/sim/mutations.h"
#include "tests/sim/net.h"
#include "tests/sim/store.h"

#define JOBS 3u
#define MASTERS_MAX 5u
#define LEASE_TIMEOUT_NS (1500 * SIM_MS)
#define TAG_ELECTION JOBS /* Modulo TAGS; below are logs. */
#define TAGS (JOBS + 1)

static const char *const job_ids[JOBS] = { "00000000000000a0", "00000000000000a1",
                                           "00000000000000a2" };

typedef struct scenario {
    sim_log_check *check;
    uint32_t n_masters;
    uint64_t appended_at_heal;
    uint32_t leader; /* Process that led last. */
} scenario;

typedef struct job {
    tide_decision_log *log; /* NULL: none now. */
    bool creates;           /* First tried as a new job. */
    int64_t next_append_ns;
    uint64_t attempt;
    uint32_t generation; /* Which log of this job: outcomes for others are not heard. */
} job;

typedef struct master {
    sim_process *process;
    scenario *scenario;
    char id[20];
    tide_election *election;
    uint64_t term; /* Leading: mine. */
    bool leads;
    job jobs[JOBS];
} master;

static void look_at_clock(master *self);

/* ---- logs ---- */
static void forget_job(job *j)
{
    tide_decision_log_free(&j->log);
    *j = (job){ .generation = j->generation + 1 };
}

static void store(master *self, uint32_t i, const tide_store_op *op)
{
    sim_shell_store(self->process, self->jobs[i].generation * TAGS + i, op);
}

static void forget_jobs(master *self)
{
    for (uint32_t i = 0; i < JOBS; i++) forget_job(&self->jobs[i]);
}

static void act_on_election(master *self, const tide_election_acts *acts);

static void step_down(master *self)
{
    tide_election_acts acts = { 0 };
    tide_election_saw_term(self->election, self->term + 1, sim_now_ns(self->process), &acts);
    act_on_election(self, &acts);
}

static void append_attempt(master *self, uint32_t i)
{
    job *j = &self->jobs[i];
    const tide_log_attempt attempt = { .term = self->term, .attempt = ++j->attempt };
    tide_decision_log_acts acts = { 0 };
    tide_decision_log_append(j->log, TIDE_MSG_LOG_ATTEMPT, &attempt, &acts);
    j->next_append_ns =
        sim_now_ns(self->process) +
        sim_between(self->process->world, SIM_STREAM_LOAD, 20 * SIM_MS, 400 * SIM_MS);
    if (acts.has_op) store(self, i, &acts.op);
}

/* The newest attempt that the log tells of. */
static uint64_t newest_attempt(const tide_decision_log *log)
{
    uint64_t attempt = 0;
    for (uint64_t seq = 0; seq < tide_decision_log_n_entries(log); seq++) {
        const tide_msg *msg = tide_decision_log_entry(log, seq);
        if (msg->kind == TIDE_MSG_LOG_ATTEMPT)
            attempt = ((const tide_log_attempt *)msg->body)->attempt;
    }
    return attempt;
}

static void begin_claim(master *self, uint32_t i, bool creates)
{
    job *j = &self->jobs[i];
    forget_job(j);
    j->creates = creates;
    j->log = tide_decision_log_new(job_ids[i], self->term, self->id);
    tide_decision_log_acts acts = { 0 };
    const tide_log_submitted submitted = { .job = job_ids[i] };
    if (creates)
        tide_decision_log_create(j->log, &submitted, &acts);
    else
        tide_decision_log_claim(j->log, &acts);
    if (acts.has_op) store(self, i, &acts.op);
}

static void act_on_log(master *self, uint32_t i, const tide_decision_log_acts *acts)
{
    job *j = &self->jobs[i];
    sim_world *world = self->process->world;
    if (acts->appended)
        sim_log_check_told(world, self->scenario->check, job_ids[i], acts->seq, self->term);
    if (acts->claimed) {
        j->attempt = newest_attempt(j->log);
        sim_say(world, self->process->name, "claimed %s, attempt %" PRIu64, job_ids[i], j->attempt);
    }
    if (acts->has_op) store(self, i, &acts->op);
    if (acts->lost) {
        sim_say(world, self->process->name, "lost %s", job_ids[i]);
        step_down(self);
    } else if (acts->broken && j->creates) {
        begin_claim(self, i, false);
    } else if (acts->broken) {
        sim_fail(world, SIM_WRONG, "%s finds the log of %s broken: %s", self->process->name,
                 job_ids[i], tide_decision_log_error(j->log)->text);
    }
}

/* ---- leadership ---- */
static void act_on_election(master *self, const tide_election_acts *acts)
{
    sim_world *world = self->process->world;
    if (acts->has_op) sim_shell_store(self->process, TAG_ELECTION, &acts->op);
    if (!acts->role_changed) return;
    forget_jobs(self);
    self->leads = tide_election_role_of(self->election) == TIDE_LEADING;
    self->term = tide_election_term(self->election);
    sim_say(world, self->process->name, "%s, term %" PRIu64, self->leads ? "leads" : "stands by",
            self->term);
    if (!self->leads) return;
    self->scenario->leader = self->process->id;
    sim_log_check_leads(world, self->scenario->check, self->term, self->process->id);
    for (uint32_t i = 0; i < JOBS; i++) begin_claim(self, i, true);
}

static void on_stored(sim_process *process, uint32_t tag, const tide_store_done *done)
{
    master *self = process->self;
    int64_t now_ns = sim_now_ns(process);
    uint32_t i = tag % TAGS;
    if (i == TAG_ELECTION) {
        tide_election_acts acts = { 0 };
        tide_election_done(self->election, done, now_ns, &acts);
        act_on_election(self, &acts);
    } else if (self->jobs[i].log && self->jobs[i].generation == tag / TAGS) {
        tide_decision_log_acts acts = { 0 };
        tide_decision_log_done(self->jobs[i].log, done, now_ns, &acts);
        act_on_log(self, i, &acts);
    }
    look_at_clock(self);
}

static void on_wake(sim_process *process, uint32_t lane)
{
    (void)lane;
    master *self = process->self;
    int64_t now_ns = sim_now_ns(process);
    tide_election_acts acts = { 0 };
    tide_election_tick(self->election, now_ns, &acts);
    act_on_election(self, &acts);
    for (uint32_t i = 0; i < JOBS; i++) {
        job *j = &self->jobs[i];
        if (j->log == NULL) continue;
        tide_decision_log_acts log_acts = { 0 };
        tide_decision_log_tick(j->log, now_ns, &log_acts);
        act_on_log(self, i, &log_acts);
        if (j->log && tide_decision_log_state(j->log) == TIDE_LOG_OWNED &&
            now_ns >= j->next_append_ns)
            append_attempt(self, i);
    }
    look_at_clock(self);
}

static void look_at_clock(master *self)
{
    int64_t at = tide_election_deadline_ns(self->election);
    for (uint32_t i = 0; i < JOBS; i++) {
        job *j = &self->jobs[i];
        if (j->log == NULL) continue;
        int64_t t = tide_decision_log_state(j->log) == TIDE_LOG_OWNED
                        ? j->next_append_ns
                        : tide_decision_log_deadline_ns(j->log);
        if (t < at) at = t;
    }
    sim_wake_at(self->process, 0, at);
}

static void free_master(sim_process *process)
{
    master *self = process->self;
    forget_jobs(self);
    tide_election_free(&self->election);
    tide_free(self);
}

static void ignore_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                         size_t n)
{
    (void)process, (void)lane, (void)peer, (void)bytes, (void)n;
}

static void ignore_closed(sim_process *process, uint64_t peer)
{
    (void)process, (void)peer;
}

static const sim_process_vt master_vt = { .kind = "master",
                                          .on_frame = ignore_frame,
                                          .on_closed = ignore_closed,
                                          .on_wake = on_wake,
                                          .on_stored = on_stored,
                                          .free = free_master };

static void start_master(sim_world *world, sim_host *host)
{
    master *self = tide_calloc(1, sizeof *self);
    self->scenario = world->scenario;
    char name[16];
    snprintf(name, sizeof name, "master-%u", world->n_processes);
    snprintf(self->id, sizeof self->id, "%016x", world->n_processes);
    const tide_election_config config = {
        .id = self->id,
        .control = host->name,
        .rest = host->name,
        .timeout_ns = LEASE_TIMEOUT_NS,
        .random_seed = tide_random_u64(&world->random[SIM_STREAM_CLUSTER]),
    };
    self->election = tide_election_new(&config);
    self->process = sim_spawn(world, host, name, &master_vt, self, 1);
    sim_wake_at(self->process, 0, sim_now_ns(self->process));
}

/* ---- the scenario ---- */
static void fire_restart(sim_world *world, void *arg)
{
    sim_host *host = arg;
    if (!host->down) start_master(world, host);
}

static void on_death(sim_world *world, sim_process *process)
{
    if (process->host->down) return; /* When it has power again. */
    int64_t pause = sim_between(world, SIM_STREAM_FAULTS, 10 * SIM_MS, 3 * SIM_S);
    sim_at(world, world->now + pause, fire_restart, process->host);
}

static void on_power(sim_world *world, sim_host *host)
{
    start_master(world, host);
}

static void setup(sim_world *world)
{
    static const char *const hosts[MASTERS_MAX] = { "h1", "h2", "h3", "h4", "h5" };
    scenario *self = tide_calloc(1, sizeof *self);
    world->scenario = self;
    world->on_death = on_death;
    world->on_power = on_power;
    self->check = sim_log_check_new(world);
    self->n_masters = (uint32_t)sim_between(world, SIM_STREAM_CLUSTER, 2, MASTERS_MAX);
    for (uint32_t i = 0; i < self->n_masters; i++)
        start_master(world, sim_host_add(world, hosts[i]));
    uint64_t kinds = UINT64_C(1) << SIM_FAULT_KILL_MASTER | UINT64_C(1) << SIM_FAULT_POWER_OFF |
                     UINT64_C(1) << SIM_FAULT_PAUSE_PROCESS | UINT64_C(1) << SIM_FAULT_PAUSE_HOST |
                     UINT64_C(1) << SIM_FAULT_CLOCK_JUMP | UINT64_C(1) << SIM_FAULT_STORE_SLOW |
                     UINT64_C(1) << SIM_FAULT_STORE_FULL | UINT64_C(1) << SIM_FAULT_STORE_CUT |
                     UINT64_C(1) << SIM_FAULT_STORE_FAILS;
    sim_faults_plan(&world->run->faults, world, kinds, 45 * SIM_S);
}

static void heal(sim_world *world)
{
    scenario *self = world->scenario;
    self->appended_at_heal = sim_log_check_appends(self->check);
}

/* Exactly one leads, and every log grows. */
static bool is_settled(sim_world *world, tide_bytes *why_not)
{
    scenario *self = world->scenario;
    uint32_t n_leaders = 0, n_owned = 0;
    for (uint32_t i = 0; i < world->n_processes; i++) {
        const master *m = world->processes[i]->self;
        if (!world->processes[i]->alive || !m->leads) continue;
        n_leaders++;
        for (uint32_t k = 0; k < JOBS; k++)
            if (m->jobs[k].log && tide_decision_log_state(m->jobs[k].log) != TIDE_LOG_CLAIMING)
                n_owned++;
    }
    uint64_t since = sim_log_check_appends(self->check) - self->appended_at_heal;
    if (n_leaders == 1 && n_owned == JOBS && since >= 10) return true;
    tide_bytes_printf(why_not,
                      "%u leaders, %u of %u logs owned, %" PRIu64 " entries since the healing",
                      n_leaders, n_owned, JOBS, since);
    return false;
}

static void check(sim_world *world)
{
    (void)world; /* Everything was judged as it happened. */
}

static void free_scenario(sim_world *world)
{
    scenario *self = world->scenario;
    world->run->result->rows = sim_log_check_appends(self->check);
    sim_log_check_free(&self->check);
    tide_free(self);
}

const sim_scenario sim_scenario_log = { .name = "log",
                                        .help = "elections and decision logs alone",
                                        .heal_ns = 45 * SIM_S,
                                        .setup = setup,
                                        .heal = heal,
                                        .is_settled = is_settled,
                                        .check = check,
                                        .free = free_scenario };
