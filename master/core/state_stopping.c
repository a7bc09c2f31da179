/* state_stopping.c - STOPPING: sources stop, sinks complete what they have, runners finish.
 *
 * A failure now is the end: nobody wants another attempt. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_STOPPED;
}

static void decide(tide_coordinator *self)
{
    if (tide_attempt_finished(&self->attempt)) {
        self->end = TIDE_LIFECYCLE_FINISHED;
        tide_coordinator_move(self, TIDE_LIFECYCLE_ENDING,
                              "all runners finished after they were stopped");
    } else {
        tide_coordinator_was_interrupted(self);
    }
}

const tide_job_behaviour tide_state_stopping = { .enter = enter, .decide = decide };
