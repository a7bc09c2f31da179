/* state_deploying.c - DEPLOYING: every runner builds its tasks and connects to its peers. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_DEPLOYED;
    tide_coordinator_give_time(self, self->policy.deploy_timeout_ns);
}

static void decide(tide_coordinator *self)
{
    if (tide_coordinator_was_interrupted(self)) return;
    if (tide_attempt_reached(&self->attempt, TIDE_RUNNER_DEPLOYED))
        tide_coordinator_move(self, TIDE_LIFECYCLE_RUNNING, "all runners are connected");
    else if (self->now_ns >= self->deadline_ns)
        tide_coordinator_fail_late(self, TIDE_RUNNER_DEPLOYED, "runner.deploy.timeout");
}

const tide_job_behaviour tide_state_deploying = { .enter = enter, .decide = decide };
