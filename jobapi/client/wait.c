/* wait.c - waiting for what a job becomes. */
#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"
#include "jobapi/client/client.h"

/* Looks are close together at first: short jobs end within milliseconds. */
#define PAUSE_MIN_MS 2
#define PAUSE_MAX_MS 200

static const char *const states[] = {
    "CREATED",  "RECONCILING", "WAITING",    "NUMBERING",  "PREPARING", "DEPLOYING",
    "RUNNING",  "STOPPING",    "RESTARTING", "CANCELLING", "FAILING",   "ENDING",
    "FINISHED", "CANCELED",    "FAILED",     "SUSPENDED",
};

static tide_status check_state(const char *wanted)
{
    tide_nearest near;
    tide_nearest_init(&near, wanted);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        if (strcasecmp(states[i], wanted) == 0) return TIDE_OK;
        tide_nearest_try(&near, states[i]);
    }
    const char *best = tide_nearest_best(&near);
    return tide_fail(TIDE_E_INVALID, "no job is ever %s%s%s%s", wanted,
                     best ? ", did you mean " : "", best ? best : "", best ? "?" : "");
}

/* What has come of the wait: TIDE_OK, a failure, or TIDE_STATUS_COUNT for "not yet". */
static tide_status judge(const char *job, const char *wanted, const tide_client_state *state)
{
    bool failed = strcmp(state->state, "FAILED") == 0;
    bool suspended = strcmp(state->state, "SUSPENDED") == 0;
    bool ended = state->is_final && !failed && !suspended;
    if (wanted ? strcasecmp(state->state, wanted) == 0 : ended) return TIDE_OK;
    if (!state->is_final) return TIDE_STATUS_COUNT;
    if (failed) return tide_fail(TIDE_E_USER_CODE, "job %s failed: %s", job, state->failure);
    if (suspended)
        return tide_fail(TIDE_E_REFUSED, "job %s is SUSPENDED: %s", job, state->why_waiting);
    return tide_fail(TIDE_E_REFUSED, "job %s is %s: it will not be %s", job, state->state, wanted);
}

static tide_status fail_late(const char *job, const char *wanted, int64_t timeout_ms,
                             const tide_client_state *state)
{
    const char *why = state->why_waiting;
    return tide_fail(TIDE_E_TIMEOUT, "job %s is %s after %lld ms, not %s%s%s", job, state->state,
                     (long long)timeout_ms, wanted ? wanted : "at its end", *why ? "; it " : "",
                     why);
}

tide_status tide_client_wait(tide_client *self, const char *job, const char *wanted,
                             int64_t timeout_ms, bool (*interrupted)(void), tide_client_state *out)
{
    *out = (tide_client_state){ 0 };
    if (wanted) TIDE_TRY(check_state(wanted));
    int64_t pause = PAUSE_MIN_MS;
    tide_clock *clock = tide_client_clock(self);
    int64_t deadline_ns = tide_clock_now_ns(clock) + timeout_ms * 1000000;
    for (;;) {
        TIDE_TRY(tide_client_job_state(self, job, out));
        tide_status rv = judge(job, wanted, out);
        if (rv != TIDE_STATUS_COUNT) return rv;
        if (interrupted && interrupted()) return tide_fail(TIDE_E_CANCELLED, "interrupted");
        int64_t left_ms = (deadline_ns - tide_clock_now_ns(clock)) / 1000000;
        if (left_ms <= 0) return fail_late(job, wanted, timeout_ms, out);
        tide_client_pause(pause < left_ms ? pause : left_ms);
        pause = pause * 3 / 2 + 1 < PAUSE_MAX_MS ? pause * 3 / 2 + 1 : PAUSE_MAX_MS;
    }
}
