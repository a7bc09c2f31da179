/* state_created.c - CREATED: nothing was done for the job by this coordinator yet. */
#include <inttypes.h>

#include "master/core/coordinator_priv.h"

static void decide(tide_coordinator *self)
{
    if (self->was_restarting) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_RESTARTING,
                              "that was decided after attempt %" PRIu64, self->attempt_number);
    } else if (self->attempt_number > 0) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_RECONCILING, "attempt %" PRIu64 " may still run",
                              self->attempt_number);
    } else if (self->request != TIDE_REQUEST_NONE) {
        self->end = TIDE_LIFECYCLE_CANCELED;
        tide_coordinator_move(self, TIDE_LIFECYCLE_ENDING, "asked for before it began");
    } else {
        tide_coordinator_move(self, TIDE_LIFECYCLE_WAITING, "needs %" PRIu64 " slot%s",
                              self->spec->parallelism, self->spec->parallelism == 1 ? "" : "s");
    }
}

const tide_job_behaviour tide_state_created = { .decide = decide };
