/* job_states.h - which states may a job be in, and which may follow which?
 *
 * The names that Flink has too mean the same there. The table in job_states.c lists every legal
 * transition; each state that does something has a file of its own (state_*.c). Pure. */
#ifndef TIDE_MASTER_CORE_JOB_STATES_H
#define TIDE_MASTER_CORE_JOB_STATES_H
#include <stdbool.h>

typedef enum tide_lifecycle {
    TIDE_LIFECYCLE_CREATED,     /* Submitted; nothing was done for it yet. */
    TIDE_LIFECYCLE_RECONCILING, /* The master changed: do the runners of the newest attempt still
                                   run? */
    TIDE_LIFECYCLE_WAITING,     /* For slots; the coordinator says what for. */
    TIDE_LIFECYCLE_NUMBERING,   /* Has slots; the attempt's number is being decided. */
    TIDE_LIFECYCLE_PREPARING,   /* Runners are started and build the plan. */
    TIDE_LIFECYCLE_DEPLOYING,   /* Runners build their tasks and connect to each other. */
    TIDE_LIFECYCLE_RUNNING,
    TIDE_LIFECYCLE_STOPPING,   /* Sources stop, sinks complete what they have. */
    TIDE_LIFECYCLE_RESTARTING, /* An attempt failed: its runners are killed, the delay passes. */
    TIDE_LIFECYCLE_CANCELLING, /* Runners are killed because somebody asked. */
    TIDE_LIFECYCLE_FAILING,    /* Runners are killed, and no attempt will follow. */
    TIDE_LIFECYCLE_ENDING,     /* No runner is left; how the job ended is being written down. */
    TIDE_LIFECYCLE_FINISHED,
    TIDE_LIFECYCLE_CANCELED,
    TIDE_LIFECYCLE_FAILED,
    TIDE_LIFECYCLE_SUSPENDED, /* Its log cannot be read: its runners are left alone, and nothing is
                                 decided. The master's own, of jobs without a coordinator. */
    TIDE_LIFECYCLE_COUNT
} tide_lifecycle;

const char *tide_lifecycle_name(tide_lifecycle state); /* "RUNNING" */
/* False when it is not the name of a state. */
bool tide_lifecycle_parse(const char *name, tide_lifecycle *out);
/* FINISHED, CANCELED, FAILED: nothing follows. SUSPENDED: nothing will by itself. */
bool tide_lifecycle_is_final(tide_lifecycle state);
bool tide_lifecycle_may_follow(tide_lifecycle from, tide_lifecycle to);

#endif
