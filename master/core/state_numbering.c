/* state_numbering.c - NUMBERING: the attempt's number is decided before anything of it is sent.
 *
 * PREPARING follows when the entry is in the log (coordinator.c). */
#include "master/core/coordinator_priv.h"

static void decide(tide_coordinator *self)
{
    if (self->log != TIDE_LOG_FREE) return; /* This entry, or a request before it. */
    if (self->request != TIDE_REQUEST_NONE) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING,
                              "asked for before the attempt began");
        return;
    }
    if (tide_attempt_failed(&self->attempt)) {
        tide_coordinator_clear(self);
        tide_coordinator_move(self, TIDE_LIFECYCLE_WAITING, "a slot went away with its agent");
        return;
    }
    const tide_failure_entry *last = tide_failures_newest(&self->failures);
    const tide_log_attempt entry = { .term = self->term,
                                     .attempt = self->attempt_number + 1,
                                     .at_us = self->wall_us,
                                     .reason = last ? last->failure->text : "" };
    tide_coordinator_append(self, TIDE_LOG_NUMBERS, TIDE_MSG_LOG_ATTEMPT, &entry);
}

const tide_job_behaviour tide_state_numbering = { .decide = decide };
