/* state_preparing.c - PREPARING: every runner builds the plan, and all must build the same. */
#include <inttypes.h>

#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_PREPARED;
    tide_coordinator_give_time(self, self->policy.prepare_timeout_ns);
    tide_coordinator_trace(self, "attempt %" PRIu64 " begins at the sources' start positions",
                           self->attempt_number);
}

/* The submitter's hash counts; 0: it made none, then runner 0's. */
static const tide_job_runner *find_other_plan(const tide_coordinator *self, uint64_t *expected)
{
    const tide_attempt *a = &self->attempt;
    *expected = self->spec->plan_hash ? self->spec->plan_hash : a->runners[0].report->plan_hash;
    for (uint32_t i = 0; i < a->n; i++)
        if (a->runners[i].report->plan_hash != *expected) return &a->runners[i];
    return NULL;
}

static void decide(tide_coordinator *self)
{
    if (tide_coordinator_was_interrupted(self)) return;
    if (tide_attempt_reached(&self->attempt, TIDE_RUNNER_PREPARED)) {
        uint64_t expected;
        const tide_job_runner *other = find_other_plan(self, &expected);
        if (!other) {
            tide_attempt_gather(&self->attempt);
            tide_coordinator_move(self, TIDE_LIFECYCLE_DEPLOYING, "all runners have the same plan");
        } else {
            tide_coordinator_fail_because(
                self, TIDE_E_MISMATCH,
                "the plan that host %s builds is not the one submitted (%016" PRIx64
                ", not %016" PRIx64 "): versions of tidemill or of the job's library differ, or "
                "the job's main is not deterministic",
                other->host, other->report->plan_hash, expected);
        }
    } else if (self->now_ns >= self->deadline_ns) {
        tide_coordinator_fail_late(self, TIDE_RUNNER_PREPARED, "runner.prepare.timeout");
    }
}

const tide_job_behaviour tide_state_preparing = { .enter = enter, .decide = decide };
