/* sim.h - one seed: a scenario is set up, faults happen, everything heals, checkers judge.
 *
 * A checker is a watcher beside the world: it is told of what happens and says sim_fail with what
 * it found; the first finding ends the run. Finding nothing is the only good end. */
#ifndef TIDE_TESTS_SIM_SIM_H
#define TIDE_TESTS_SIM_SIM_H
#include <string.h>

#include "tests/sim/faults.h"
#include "tests/sim/world.h"

typedef enum sim_verdict { /* The exit codes, too. */
                           SIM_OK = 0,
                           SIM_WRONG = 1, /* A checker found a wrong answer. */
                           SIM_USAGE = 2,
                           SIM_STALLED = 3, /* No progress after healing. */
                           SIM_CRASHED = 4  /* An assertion or a signal. */
} sim_verdict;
const char *sim_verdict_name(sim_verdict verdict);

#define SIM_RUN_NS (60 * SIM_S)      /* Every seed lasts this long at least, */
#define SIM_RUN_MAX_NS (150 * SIM_S) /* and longer, up to this, when it has not settled. */

typedef struct sim_scenario {
    const char *name, *help;
    int64_t heal_ns;                 /* When the faults end. */
    void (*setup)(sim_world *world); /* Hosts, processes, checkers' watches. */
    void (*heal)(sim_world *world);  /* Faults are over. */
    bool (*is_settled)(sim_world *world, tide_bytes *why_not);
    void (*check)(sim_world *world); /* At the end. */
    void (*free)(sim_world *world);
} sim_scenario;
extern const sim_scenario sim_scenario_log, sim_scenario_tasks, sim_scenario_cluster;

typedef struct sim_result {
    sim_verdict verdict;
    char why[1024];
    int64_t virtual_ns;
    uint64_t events, hash, frames, rows;
    uint32_t n_faults, n_fault_kinds;
    uint32_t faults[SIM_FAULT_COUNT];
} sim_result;

typedef struct sim_options {
    const sim_scenario *scenario;
    const char *mutation; /* NULL: none. */
    bool trace, trace_live;
} sim_options;

/* Runs one seed; afterwards nothing of it is left. One at a time in a process. */
void sim_run(const sim_options *options, uint64_t seed, sim_result *out);

/* The newest lines of the trace, if it was on, to standard error. Async-signal-safe. */
void sim_dump_trace(void);

/* What the run's checkers and faults share; world->run. */
typedef struct sim_run_state {
    const sim_options *options;
    sim_result *result;
    sim_faults faults;
    bool healed;
    uint32_t n_seen; /* Of a mutation. */
    uint64_t seen[4096];
} sim_run_state;
void sim_fail(sim_world *world, sim_verdict verdict, const char *fmt, ...) TIDE_PRINTF(3, 4);
bool sim_failed(const sim_world *world);
/* Is this bug planted? */
static inline bool sim_is_mutated(const sim_world *world, const char *mutation)
{
    const char *planted = world->run->options->mutation;
    return planted && strcmp(planted, mutation) == 0;
}

#endif
