/* check_cluster.h - the watchers of a cluster: who owns, who writes, what came out, what is left.
 */
#ifndef TIDE_TESTS_SIM_CHECK_CLUSTER_H
#define TIDE_TESTS_SIM_CHECK_CLUSTER_H
#include "tests/sim/cluster.h"

/* Looks at everybody every 100 ms from now on: slots have one owner, memory is bounded, a dead
 * driver's slots come back. */
void sim_check_cluster_begin(sim_world *world);
/* An attempt wrote to its sink. Wrong when the log has a newer attempt and nothing excuses the old
 * one's runner: a host that was cut off or stood still may not know yet. */
void sim_check_write(const sim_hook *hook);
void sim_check_driver_died(sim_world *world, const sim_process *driver);
/* The master that leads and is ready, or NULL. */
sim_process *sim_check_leader(const sim_world *world);
/* It is about to die in a calm world: a standby leads within 3 s, runners are adopted by the next
 * leader, no attempt is lost. */
void sim_check_leader_dies(sim_world *world, const sim_process *leader);
/* An agent is about to die (its connection closes), or to fall silent, in a calm world: the leader
 * takes its slots away within that time. */
void sim_check_agent_lost_within(sim_world *world, const sim_process *leader, int64_t ns);
/* Every job came to its end and nothing of it is left: no runner, no slot, no lease. */
bool sim_check_is_settled(sim_world *world, tide_bytes *why_not);
/* Ends are as they were wished, outputs as the oracle says. */
void sim_check_cluster_end(sim_world *world);

#endif
