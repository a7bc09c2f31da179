/* coordinator_priv.h - what the states of a job share: everything that is known of it, and the few
 * things that a state can do. */
#ifndef TIDE_MASTER_CORE_COORDINATOR_PRIV_H
#define TIDE_MASTER_CORE_COORDINATOR_PRIV_H
#include "master/core/attempt.h"
#include "master/core/coordinator.h"
#include "master/core/failures.h"
#include "master/core/job_policy.h"

/* What is being appended to the decision log. */
typedef enum tide_log_use {
    TIDE_LOG_FREE,
    TIDE_LOG_NUMBERS,
    TIDE_LOG_REQUESTS,
    TIDE_LOG_RESTARTS,
    TIDE_LOG_ENDS
} tide_log_use;

struct tide_coordinator {
    /* For good. */
    tide_arena *arena;
    const char *job;
    const tide_job_spec *spec;
    uint64_t term;
    int64_t takeover_grace_ns, submitted_us;
    tide_job_policy policy;
    tide_restart *restart;
    /* This step's. */
    tide_arena *step_arena;
    tide_coordinator_act *acts;
    uint32_t n_acts, cap_acts;
    int64_t now_ns, wall_us;
    /* The state, and what it remembers. */
    tide_lifecycle state, end; /* end: what ENDING leads to. */
    int64_t since_us[TIDE_LIFECYCLE_COUNT];
    int64_t ended_us;
    int64_t deadline_ns;   /* Of the state; INT64_MAX none. */
    int64_t restart_at_ns; /* RESTARTING: INT64_MAX until the strategy was asked. */
    bool was_restarting;   /* CREATED: the log says so; restart_at_ns is known. */
    bool restart_is_free;  /* RESTARTING: it is not the job's fault; the strategy is not asked. */
    /* What is known. */
    uint64_t attempt_number;
    tide_attempt attempt;
    tide_log_use log;
    tide_job_request request, wanted; /* Decided, asked for. */
    tide_job_request appending;       /* log == REQUESTS */
    bool granted;                     /* Slots: the attempt's runners are planned. */
    bool refused;
    tide_bytes short_of; /* Why slots were not granted yet, or never will be. */
    tide_failures failures;
    /* How the last attempt's runners stood when the job ended, for those who look: kept when the
     * attempt is not. */
    tide_arena *last_arena; /* NULL until then. */
    tide_runner_view *last;
    uint32_t n_last;
};

/* A state: what happens on the way in, and what is decided from what is known. NULL: nothing. */
typedef struct tide_job_behaviour {
    void (*enter)(tide_coordinator *self);
    void (*decide)(tide_coordinator *self);
} tide_job_behaviour;

extern const tide_job_behaviour tide_state_created, tide_state_reconciling, tide_state_waiting,
    tide_state_numbering, tide_state_preparing, tide_state_deploying, tide_state_running,
    tide_state_stopping, tide_state_restarting, tide_state_cancelling, tide_state_failing,
    tide_state_ending, tide_state_over;

/* ---- what a state can do ---- */
/* The next state, and why, for people. Legal ones only (job_states.c). */
void tide_coordinator_move(tide_coordinator *self, tide_lifecycle to, const char *why_fmt, ...)
    TIDE_PRINTF(3, 4);
void tide_coordinator_trace(tide_coordinator *self, const char *fmt, ...) TIDE_PRINTF(2, 3);
void tide_coordinator_ask(tide_coordinator *self);
void tide_coordinator_adopt(tide_coordinator *self);
void tide_coordinator_append(tide_coordinator *self, tide_log_use use, tide_msg_kind kind,
                             const void *body);
/* Nothing of the attempt is left: agents may forget its runners, slots are given back. */
void tide_coordinator_clear(tide_coordinator *self);

/* An attempt came to its end: notes why, and moves to RESTARTING, or to FAILING when another
 * attempt would fail in the same way. */
void tide_coordinator_fail(tide_coordinator *self, const char *agent, const tide_failure *failure);
/* The same with a failure of the control plane's own finding. */
void tide_coordinator_fail_because(tide_coordinator *self, tide_status code, const char *fmt, ...)
    TIDE_PRINTF(3, 4);
/* The state may last so long; INT64_MAX: for ever. */
void tide_coordinator_give_time(tide_coordinator *self, int64_t ns);
/* Not all runners have reached this state in the time that the setting gives. */
void tide_coordinator_fail_late(tide_coordinator *self, tide_runner_state state,
                                const char *setting);
/* Moves if a runner failed (RESTARTING, FAILING) or a cancellation was decided (CANCELLING), or a
 * stop where nothing runs yet. True: it moved. */
bool tide_coordinator_was_interrupted(tide_coordinator *self);
/* Every failure that runners report while they are taken down: the most telling one is kept. */
void tide_coordinator_note_failures(tide_coordinator *self);

#endif
