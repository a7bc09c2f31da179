/* faults.h - what breaks, and when: a plan drawn from the seed.
 *
 * Each seed switches some kinds of faults off and draws how often the others come (a swarm of
 * different worlds finds more than one average world). Chances per frame and per storage operation
 * hold until the healing; episodes (a crash, a pause, a cut) come at drawn times, at least
 * SIM_FAULTS_MIN of them and of two kinds or more. What a scenario restarts after a crash is its
 * own business. */
#ifndef TIDE_TESTS_SIM_FAULTS_H
#define TIDE_TESTS_SIM_FAULTS_H
#include "tests/sim/world.h"

#define SIM_FAULTS_MIN 3u

#define SIM_FAULT_KINDS(X)                                                                         \
    X(KILL_MASTER, "a master crashes")                                                             \
    X(KILL_AGENT, "an agent crashes")                                                              \
    X(KILL_RUNNER, "a runner crashes")                                                             \
    X(KILL_DRIVER, "a driver crashes")                                                             \
    X(POWER_OFF, "a host loses power: nobody is told")                                             \
    X(PAUSE_PROCESS, "a process stands still and wakes with old beliefs")                          \
    X(PAUSE_MASTER, "a master does, which may lead")                                               \
    X(PAUSE_HOST, "a host does")                                                                   \
    X(BLOCK_ONE_WAY, "frames from one host to another do not arrive")                              \
    X(ISOLATE, "a host is cut off from all others")                                                \
    X(CUT, "a connection breaks between two living processes")                                     \
    X(CLOCK_JUMP, "a host's wall clock jumps")                                                     \
    X(STORE_SLOW, "the storage is slow")                                                           \
    X(STORE_FULL, "the storage is full")                                                           \
    X(STORE_CUT, "a host does not reach the storage")                                              \
    X(SINK_STANDS, "a job's sink takes nothing")                                                   \
    X(TASK_FAILS, "a task fails")                                                                  \
    X(DRAIN_AGENT, "an agent is shut down cleanly")                                                \
    X(RESIGN_MASTER, "a master is")                                                                \
    X(FRAMES, "frames are lost, doubled, late")                                                    \
    X(STORE_FAILS, "storage operations fail with unknown outcome")

typedef enum sim_fault_kind {
#define X(name, help) SIM_FAULT_##name,
    SIM_FAULT_KINDS(X)
#undef X
        SIM_FAULT_COUNT
} sim_fault_kind;

typedef struct sim_faults {
    double weight[SIM_FAULT_COUNT]; /* 0: off in this seed. */
    uint32_t count[SIM_FAULT_COUNT];
    uint32_t n, n_kinds; /* That happened. */
    int64_t end_ns;
    uint64_t skipped; /* Episodes that found nobody to hit. */
    /* When a host was last touched by a fault that may have silenced it. */
    int64_t host_suspect_until[SIM_HOSTS_MAX];
    /* What only the scenario knows how to do; NULL: it cannot. */
    void (*block_sink)(sim_world *world, int64_t until);
    void (*fail_task)(sim_world *world);
    void (*drain_agent)(sim_process *agent);
    void (*resign_master)(sim_process *master);
} sim_faults;

const char *sim_fault_name(sim_fault_kind kind);

/* Draws the plan and schedules its episodes, the last one a little before end_ns. wanted: a bit per
 * kind that the scenario can have. */
void sim_faults_plan(sim_faults *self, sim_world *world, uint64_t wanted, int64_t end_ns);
/* For a scenario's own faults: some living process of a kind (or NULL); its host may be behind
 * until a while after then. */
sim_process *sim_faults_any(sim_world *world, const char *kind);
void sim_faults_suspect(sim_world *world, const sim_host *host, int64_t until);
void sim_faults_heal(sim_faults *self, sim_world *world);

#endif
