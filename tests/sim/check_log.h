/* check_log.h - watches every write to the storage: is each decision log what it promises?
 *
 * Immutable (nothing is written over, nothing removed while the job has not ended), without gaps,
 * no entry of a lower term behind a higher one, attempts ascend, nothing follows END; a term has
 * one owner for ever. */
#ifndef TIDE_TESTS_SIM_CHECK_LOG_H
#define TIDE_TESTS_SIM_CHECK_LOG_H
#include "tests/sim/world.h"

typedef struct sim_log_check sim_log_check;

sim_log_check *sim_log_check_new(sim_world *world); /* Watches from now on. */
void sim_log_check_free(sim_log_check **self_p);

/* Somebody believes to lead with this term: another one with the same is a failure. */
void sim_log_check_leads(sim_world *world, sim_log_check *self, uint64_t term, uint32_t process);
/* A writer was told that its entry is decided: it must lie there, and bear its term. */
void sim_log_check_told(sim_world *world, sim_log_check *self, const char *job, uint64_t seq,
                        uint64_t term);
/* Newest attempt in the job's log, 0 none; *end: how it ended, "" not yet. Found by what was
 * written, not by what anybody believes. */
uint64_t sim_log_check_attempt(const sim_log_check *self, const char *job);
const char *sim_log_check_end(const sim_log_check *self, const char *job);
uint64_t sim_log_check_appends(const sim_log_check *self);

#endif
