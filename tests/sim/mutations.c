/* mutations.c - the table of planted bugs. */
#include "tests/sim/mutations.h"

#include <string.h>

const sim_mutation sim_mutations[] = {
    { "shuffle-loses-batch", &sim_scenario_tasks, 20, "a batch does not get to its peer" },
    { "sink-doubles-batch", &sim_scenario_tasks, 20, "a batch is written twice" },
    { "sink-turns-rows", &sim_scenario_tasks, 20, "a batch is written back to front" },
    { "source-skips-row", &sim_scenario_tasks, 20, "a later attempt begins one row too late" },
    { "credits-lost", &sim_scenario_tasks, 20, "a sender never hears of free places again" },
    { "ends-early", &sim_scenario_tasks, 20, "a runner is finished before its tasks are" },
};
const uint32_t sim_n_mutations = sizeof sim_mutations / sizeof *sim_mutations;

const sim_mutation *sim_find_mutation(const char *name)
{
    for (uint32_t i = 0; i < sim_n_mutations; i++)
        if (strcmp(sim_mutations[i].name, name) == 0) return &sim_mutations[i];
    return NULL;
}
