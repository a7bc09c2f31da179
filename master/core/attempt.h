/* attempt.h - the runners of one attempt: what they should do, and what is known of them.
 *
 * All runners of an attempt are wanted in the same state; the table says which command leads a
 * runner there from what it reported, and when that command is due again. Pure. Owner: the
 * coordinator. */
#ifndef TIDE_MASTER_CORE_ATTEMPT_H
#define TIDE_MASTER_CORE_ATTEMPT_H
#include "master/core/coordinator.h"

typedef enum tide_runner_want {
    TIDE_WANT_NOTHING, /* Nothing may be sent yet. */
    TIDE_WANT_PREPARED,
    TIDE_WANT_DEPLOYED,
    TIDE_WANT_RUNNING,
    TIDE_WANT_STOPPED,
    TIDE_WANT_GONE
} tide_runner_want;

/* Heartbeats in a row in which an agent does not list a runner that it should have. */
#define TIDE_RUNNER_BEATS_MISSING_MAX 3u

typedef struct tide_job_runner {
    uint64_t number;
    const char *agent, *host;
    tide_slot_ref *slots;
    uint64_t *job_slots;
    uint32_t n_slots, cap_slots;
    tide_arena *report_arena, *stats_arena, *before_arena;
    const tide_runner_report *report; /* The newest; never NULL; state 0: none yet. */
    const tide_runner_stats *stats;   /* NULL: none yet. */
    const tide_runner_stats *before;  /* Those before; NULL: none. */
    bool started;                     /* RUNNER_START was sent, or it reported by itself. */
    bool finished;                    /* All its tasks ended well. */
    bool gone;                        /* Exited, or lost with its agent. */
    bool failed;                      /* Came to an end otherwise, or will. */
    uint32_t beats_missing;
    tide_msg_kind sent; /* The last command, and when. */
    int64_t sent_ns;
} tide_job_runner;

typedef struct tide_attempt {
    tide_arena *arena; /* Lives as long as the runners. */
    tide_job_runner *runners;
    uint32_t n, cap;
    tide_runner_want want;
    int64_t retry_ns;
    tide_runner_deploy deploy; /* What all runners are told; term to runner are each one's. */
} tide_attempt;

void tide_attempt_init(tide_attempt *self, int64_t retry_ns);
void tide_attempt_fini(tide_attempt *self);
/* Forgets all runners. */
void tide_attempt_clear(tide_attempt *self);

/* Makes the runners that these slots ask for: one per agent, numbered in the order in which job
 * slots name them, so that runner 0 has job slot 0. */
void tide_attempt_plan(tide_attempt *self, const tide_job_slot *slots, uint32_t n);
/* A runner as its agent reports it (reconciling); NULL: another agent has that number. */
tide_job_runner *tide_attempt_adopt(tide_attempt *self, const char *agent, const char *host,
                                    const tide_runner_report *report);
/* NULL: no runner of that number on that agent. */
tide_job_runner *tide_attempt_find(tide_attempt *self, const char *agent, uint64_t runner);
/* Do the runners have every job slot exactly once? */
bool tide_attempt_covers(const tide_attempt *self, uint64_t n_slots);

/* Takes a report in; false: it is not newer than what is known. */
bool tide_attempt_reported(tide_job_runner *runner, const tide_runner_report *report);
void tide_attempt_stats(tide_job_runner *runner, const tide_runner_stats *stats);
/* What is new of a task since the statistics before, where it had the same place, as a runner tells
 * its tasks in one order. All of it when it is not there. */
tide_task_stats tide_stats_since(const tide_runner_stats *before, uint32_t at,
                                 const tide_task_stats *now);
/* The runner's agent is gone, or knows nothing of it. */
void tide_attempt_lost(tide_job_runner *runner, const char *why);

/* Have all runners reported this state or a later good one? */
bool tide_attempt_reached(const tide_attempt *self, tide_runner_state state);
/* The first who has not; NULL none. */
const tide_job_runner *tide_attempt_behind(const tide_attempt *self, tide_runner_state state);
bool tide_attempt_finished(const tide_attempt *self); /* All, and their processes are gone. */
bool tide_attempt_gone(const tide_attempt *self);
const tide_job_runner *tide_attempt_failed(const tide_attempt *self); /* The first; NULL none. */

/* The command that leads this runner to where it is wanted, or NONE. */
tide_msg_kind tide_attempt_command(const tide_attempt *self, const tide_job_runner *runner);
/* When it is due: at once if another one was sent last. INT64_MAX: there is none. */
int64_t tide_attempt_due_ns(const tide_attempt *self, const tide_job_runner *runner);

/* Gathers from all PREPARED reports what RUNNER_DEPLOY says. */
void tide_attempt_gather(tide_attempt *self);

#endif
