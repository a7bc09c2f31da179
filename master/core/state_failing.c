/* state_failing.c - FAILING: every runner is killed, and no attempt will follow. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_GONE;
    self->end = TIDE_LIFECYCLE_FAILED;
}

static void decide(tide_coordinator *self)
{
    tide_coordinator_note_failures(self);
    if (tide_attempt_gone(&self->attempt))
        tide_coordinator_move(self, TIDE_LIFECYCLE_ENDING, "no runner is left");
}

const tide_job_behaviour tide_state_failing = { .enter = enter, .decide = decide };
