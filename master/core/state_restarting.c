/* state_restarting.c - RESTARTING: the failed attempt's runners go, then the strategy is asked.
 *
 * It is asked when all are gone, since only then every diagnosis is in: a peer's "connection lost"
 * comes before the crash that caused it. */
#include <inttypes.h>

#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_GONE;
    self->restart_at_ns = INT64_MAX;
    self->restart_is_free = false;
}

static void ask_strategy(tide_coordinator *self)
{
    int64_t delay_ns = 0;
    tide_bytes why = { 0 };
    const tide_failure *failure = tide_failures_newest(&self->failures)->failure;
    tide_coordinator_clear(self);
    if (tide_failure_is_final(failure)) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_FAILING,
                              "another attempt would fail in the same way");
    } else if (self->restart_is_free) {
        self->restart_at_ns = self->now_ns;
    } else if (tide_restart_failed(self->restart, self->now_ns, &delay_ns, &why)) {
        self->restart_at_ns = self->deadline_ns = self->now_ns + delay_ns;
        tide_coordinator_trace(self, "%s", tide_bytes_text(&why));
    } else {
        tide_coordinator_move(self, TIDE_LIFECYCLE_FAILING, "%s", tide_bytes_text(&why));
    }
    tide_bytes_fini(&why);
}

static void decide(tide_coordinator *self)
{
    tide_coordinator_note_failures(self);
    if (self->request != TIDE_REQUEST_NONE) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING, "asked for while no attempt ran");
        return;
    }
    if (!tide_attempt_gone(&self->attempt)) return;
    if (self->restart_at_ns == INT64_MAX) ask_strategy(self);
    if (self->state == TIDE_LIFECYCLE_RESTARTING && self->now_ns >= self->restart_at_ns)
        tide_coordinator_move(self, TIDE_LIFECYCLE_WAITING, "after attempt %" PRIu64,
                              self->attempt_number);
}

const tide_job_behaviour tide_state_restarting = { .enter = enter, .decide = decide };
