/* state_over.c - FINISHED, CANCELED, FAILED: nothing follows. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    tide_coordinator_clear(self);
}

const tide_job_behaviour tide_state_over = { .enter = enter };
