/* state_running.c - RUNNING: until all runners finished, one failed, or somebody asks. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_RUNNING;
}

static void decide(tide_coordinator *self)
{
    if (tide_attempt_finished(&self->attempt)) {
        self->end = TIDE_LIFECYCLE_FINISHED;
        tide_coordinator_move(self, TIDE_LIFECYCLE_ENDING, "all runners finished");
    } else if (!tide_coordinator_was_interrupted(self) && self->request == TIDE_REQUEST_STOP) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_STOPPING, "asked for");
    }
}

const tide_job_behaviour tide_state_running = { .enter = enter, .decide = decide };
