/* fleet.h - many seeds on a few processes, so that a crash costs one seed and every core works. */
#ifndef TIDE_TESTS_SIM_FLEET_H
#define TIDE_TESTS_SIM_FLEET_H
#include "tests/sim/sim.h"

#define SIM_FLEET_JOBS_MAX 64u

typedef struct sim_fleet {
    sim_options options;
    uint64_t first, last;
    uint32_t jobs;
    bool alone; /* In this process: for debuggers. */
    bool twice;
    bool stops_at_failure, quiet;
    const char *program; /* For the command that replays. */
} sim_fleet;

typedef struct sim_tally {
    uint64_t seeds, failed, first_failed;
    sim_result first_result;
    sim_verdict verdict; /* The worst. */
    uint64_t events, frames, rows, faults[SIM_FAULT_COUNT];
    int64_t virtual_ns, real_ns;
} sim_tally;

/* Prints failures with the command that replays each, and the figures. */
sim_verdict sim_fleet_run(const sim_fleet *fleet);
/* Every mutation over its number of seeds: SIM_OK when all of them were found. */
int sim_fleet_hunt(const sim_fleet *fleet);

#endif
