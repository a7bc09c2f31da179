/* mutations.c - the table of planted bugs. */
#include "tests/sim/mutations.h"

#include <string.h>

const sim_mutation sim_mutations[] = {
    { "log-overwrites", &sim_scenario_log, 40, "put if absent replaces what is there" },
    { "log-ack-before-durable", &sim_scenario_log, 40,
      "an append is called decided before it is written; a crash loses it" },
    { "log-skips-term", &sim_scenario_log, 40,
      "a writer that meets a newer owner's entry goes on behind it" },
    { "log-reuses-attempt", &sim_scenario_log, 40, "an attempt gets the number of the one before" },
    { "two-leaders", &sim_scenario_log, 40, "the claim of a term that is taken succeeds" },
    { "cancel-not-written", &sim_scenario_cluster, 100,
      "a request is answered before it is in the log" },
    { "restart-count-forgotten", &sim_scenario_cluster, 100,
      "a new master does not count the restarts of the one before" },
    { "agent-skips-term", &sim_scenario_cluster, 2000, "an agent obeys a leader of an older term" },
    { "agent-does-not-kill", &sim_scenario_cluster, 100, "a runner that must go stays" },
    { "agent-misses-exit", &sim_scenario_cluster, 100, "nobody sees a runner's end" },
    { "exited-too-early", &sim_scenario_cluster, 100,
      "a runner is reported gone seconds before it is" },
    { "exited-report-lost", &sim_scenario_cluster, 100, "EXITED is reported as RUNNING" },
    { "runner-outlives-agent", &sim_scenario_cluster, 500,
      "a runner does not notice that its agent is gone" },
    { "command-not-repeated", &sim_scenario_cluster, 200,
      "every command is sent once, whether it arrives or not" },
    { "runners-not-reported", &sim_scenario_cluster, 100,
      "an agent's hello and heartbeats do not tell of its runners" },
    { "dead-agent-beats", &sim_scenario_cluster, 100, "a lost agent is still counted as alive" },
    { "lease-outlives-driver", &sim_scenario_cluster, 200,
      "a dead driver's lease is renewed for ever" },
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
