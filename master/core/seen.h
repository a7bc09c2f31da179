/* seen.h - which runners do agents report that no coordinator of ours has started?
 *
 * After a change of master, or of an agent's connection, agents tell of runners with their hello.
 * Until a coordinator or a lease takes them over, or they are gone, they hold their slots: nobody
 * else may get those. Pure. Owner: the master's control thread. */
#ifndef TIDE_MASTER_CORE_SEEN_H
#define TIDE_MASTER_CORE_SEEN_H
#include "master/core/coordinator.h"
#include "scheduler/core/slots.h"

typedef struct tide_seen tide_seen;

typedef struct tide_seen_runner {
    const char *agent, *host;
    const char *owner; /* "job/attempt/runner": whom its slots belong to meanwhile. */
    const tide_runner_report *report;
} tide_seen_runner;

tide_seen *tide_seen_new(void);
void tide_seen_free(tide_seen **self_p);

/* Runners that are remembered; no honest cluster has more. */
#define TIDE_SEEN_MAX 100000u

/* A report of an agent: new, or newer than what was known. EXITED: the runner is dropped. Slots
 * that nobody has go to the runner. */
void tide_seen_reported(tide_seen *self, const char *agent, const char *host,
                        const tide_runner_report *report, tide_slots *slots);
/* Only if the runner was seen before. */
void tide_seen_update(tide_seen *self, const char *agent, const tide_runner_report *report,
                      tide_slots *slots);
/* The agent's heartbeat: what it does not list any more, or lists as exited, is gone. True:
 * something was. */
bool tide_seen_beat(tide_seen *self, const char *agent, const tide_runner_beat *beats, uint32_t n,
                    tide_slots *slots);
void tide_seen_agent_lost(tide_seen *self, const char *agent, tide_slots *slots);
/* The job has its runners' slots itself now; they are no longer seen. */
void tide_seen_taken_over(tide_seen *self, const char *job, tide_slots *slots);

uint32_t tide_seen_n(const tide_seen *self);
void tide_seen_at(const tide_seen *self, uint32_t i, tide_seen_runner *out);

#endif
