/* state_cancelling.c - CANCELLING: somebody asked; every runner is killed. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_GONE;
    self->end = TIDE_LIFECYCLE_CANCELED;
}

static void decide(tide_coordinator *self)
{
    if (tide_attempt_gone(&self->attempt))
        tide_coordinator_move(self, TIDE_LIFECYCLE_ENDING, "no runner is left");
}

const tide_job_behaviour tide_state_cancelling = { .enter = enter, .decide = decide };
