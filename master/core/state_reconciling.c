/* state_reconciling.c - RECONCILING: the master changed; does the newest attempt still run?
 *
 * Goes on with it if all its runners report, before the takeover grace is over, that they are as
 * far as DEPLOYED. The attempt is the log's newest, so no other master can have begun a later one.
 * Runners that show up afterwards are stale and killed. What runners failed of meanwhile is the
 * job's affair, as ever; a failure that is the control plane's own is not counted against it. */
#include <inttypes.h>

#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->deadline_ns = self->now_ns + self->takeover_grace_ns;
}

static void begin_again(tide_coordinator *self, const char *why)
{
    const tide_failure failure = {
        .code = TIDE_E_UNREACHABLE, .text = why, .operator= "", .host = ""
    };
    tide_failures_add(&self->failures, self->attempt_number, self->wall_us, "", &failure);
    tide_coordinator_move(self, TIDE_LIFECYCLE_RESTARTING, "attempt %" PRIu64 ": %s",
                          self->attempt_number, why);
    self->restart_is_free = true;
}

/* The one that says most of why it failed; NULL: none says anything. */
static const tide_job_runner *most_telling(const tide_attempt *attempt)
{
    const tide_job_runner *best = NULL;
    int best_tells = 0;
    for (uint32_t i = 0; i < attempt->n; i++) {
        const tide_job_runner *runner = &attempt->runners[i];
        int tells = runner->failed ? tide_failures_telling(&runner->report->failure) : 0;
        if (tells > best_tells) {
            best = runner;
            best_tells = tells;
        }
    }
    return best;
}

static void decide(tide_coordinator *self)
{
    bool complete = tide_attempt_covers(&self->attempt, self->spec->parallelism);
    if (complete && tide_attempt_reached(&self->attempt, TIDE_RUNNER_DEPLOYED)) {
        tide_coordinator_adopt(self);
        tide_coordinator_move(self, TIDE_LIFECYCLE_RUNNING,
                              "attempt %" PRIu64 " goes on, its %u runner%s reported",
                              self->attempt_number, self->attempt.n,
                              self->attempt.n == 1 ? "" : "s");
        return;
    }
    if (self->now_ns < self->deadline_ns) return;
    const tide_job_runner *failed = most_telling(&self->attempt);
    if (self->request == TIDE_REQUEST_CANCEL)
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING, "asked for");
    else if (failed)
        tide_coordinator_fail(self, failed->agent, &failed->report->failure);
    else
        begin_again(self, complete ? "a runner had not got as far as running"
                                   : "not all runners reported after the master changed");
}

const tide_job_behaviour tide_state_reconciling = { .enter = enter, .decide = decide };
