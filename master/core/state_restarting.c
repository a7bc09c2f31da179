/* state_restarting.c - RESTARTING: the failed attempt's runners go, then the strategy is asked.
 *
 * It is asked when all are gone, since only then every diagnosis is in: a peer's "connection lost"
 * comes before the crash that caused it. What it says goes into the log, so that the next master
 * counts on; agents remember their runners until it is there (coordinator.c), so that a failure
 * which no master wrote down is not forgotten. */
#include <inttypes.h>

#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    self->attempt.want = TIDE_WANT_GONE;
    if (!self->was_restarting) self->restart_at_ns = INT64_MAX;
    self->was_restarting = self->restart_is_free = false;
}

static void decide_restart(tide_coordinator *self, uint64_t count, int64_t delay_ns)
{
    const tide_log_restart entry = { .term = self->term,
                                     .attempt = self->attempt_number,
                                     .at_us = self->wall_us,
                                     .count = count,
                                     .delay_us = delay_ns / 1000,
                                     .failure = *tide_failures_newest(&self->failures)->failure };
    self->restart_at_ns = self->now_ns + delay_ns;
    tide_coordinator_append(self, TIDE_LOG_RESTARTS, TIDE_MSG_LOG_RESTART, &entry);
}

static void ask_strategy(tide_coordinator *self)
{
    int64_t delay_ns = 0;
    tide_bytes why = { 0 };
    if (tide_failure_is_final(tide_failures_newest(&self->failures)->failure)) {
        tide_coordinator_move(self, TIDE_LIFECYCLE_FAILING,
                              "another attempt would fail in the same way");
    } else if (self->restart_is_free) {
        decide_restart(self, 0, 0);
    } else if (tide_restart_failed(self->restart, self->now_ns, &delay_ns, &why)) {
        tide_coordinator_trace(self, "%s", tide_bytes_text(&why));
        decide_restart(self, tide_restart_count(self->restart), delay_ns);
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
    if (self->restart_at_ns == INT64_MAX && self->log == TIDE_LOG_FREE) ask_strategy(self);
    bool decided = self->restart_at_ns != INT64_MAX && self->log != TIDE_LOG_RESTARTS;
    if (self->state != TIDE_LIFECYCLE_RESTARTING || !decided) return;
    self->deadline_ns = self->restart_at_ns;
    if (self->now_ns >= self->restart_at_ns)
        tide_coordinator_move(self, TIDE_LIFECYCLE_WAITING, "after attempt %" PRIu64,
                              self->attempt_number);
}

const tide_job_behaviour tide_state_restarting = { .enter = enter, .decide = decide };
