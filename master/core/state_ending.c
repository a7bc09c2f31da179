/* state_ending.c - ENDING: how the job ended is written down. The final state follows when it is
 * in the log (coordinator.c); agents may then forget the runners. */
#include "master/core/coordinator_priv.h"

static void decide(tide_coordinator *self)
{
    if (self->log != TIDE_LOG_FREE) return; /* This entry, or a request before it. */
    tide_log_end entry = { .term = self->term,
                           .state = tide_lifecycle_name(self->end),
                           .at_us = self->wall_us,
                           .failure = { .text = "", .operator= "", .host = "" } };
    const tide_failure_entry *last = tide_failures_newest(&self->failures);
    if (self->end == TIDE_LIFECYCLE_FAILED && last) entry.failure = *last->failure;
    tide_coordinator_append(self, TIDE_LOG_ENDS, TIDE_MSG_LOG_END, &entry);
}

const tide_job_behaviour tide_state_ending = { .decide = decide };
