/* coordinator_look.c - what is known of a job, for its host and for views. */
#include "base/core/assert.h"
#include "master/core/coordinator_priv.h"

tide_lifecycle tide_coordinator_state(const tide_coordinator *self)
{
    return self->state;
}

const tide_job_spec *tide_coordinator_spec(const tide_coordinator *self)
{
    return self->spec;
}

const char *tide_coordinator_job(const tide_coordinator *self)
{
    return self->job;
}

uint64_t tide_coordinator_attempt(const tide_coordinator *self)
{
    return self->attempt_number;
}

tide_job_request tide_coordinator_request(const tide_coordinator *self)
{
    return self->request;
}

const char *tide_coordinator_why_waiting(const tide_coordinator *self)
{
    return self->state == TIDE_LIFECYCLE_WAITING && self->short_of.n ? self->short_of.p : "";
}

int64_t tide_coordinator_since_us(const tide_coordinator *self, tide_lifecycle state)
{
    tide_assert(state < TIDE_LIFECYCLE_COUNT);
    return self->since_us[state];
}

int64_t tide_coordinator_submitted_us(const tide_coordinator *self)
{
    return self->submitted_us;
}

int64_t tide_coordinator_ended_us(const tide_coordinator *self)
{
    return self->ended_us;
}

bool tide_coordinator_is_on(const tide_coordinator *self, const char *agent)
{
    for (uint32_t i = 0; i < self->attempt.n; i++)
        if (!self->attempt.runners[i].gone && strcmp(self->attempt.runners[i].agent, agent) == 0)
            return true;
    return false;
}

uint32_t tide_coordinator_n_runners(const tide_coordinator *self)
{
    return self->attempt.n ? self->attempt.n : self->n_last;
}

void tide_coordinator_runner(const tide_coordinator *self, uint32_t i, tide_runner_view *out)
{
    tide_assert(i < tide_coordinator_n_runners(self));
    if (self->attempt.n == 0) {
        *out = self->last[i];
        return;
    }
    const tide_job_runner *runner = &self->attempt.runners[i];
    *out = (tide_runner_view){ .runner = runner->number,
                               .agent = runner->agent,
                               .host = runner->host,
                               .gone = runner->gone,
                               .report = runner->report,
                               .stats = runner->stats,
                               .before = runner->before,
                               .slots = runner->job_slots,
                               .n_slots = runner->n_slots };
}

uint64_t tide_coordinator_n_failed(const tide_coordinator *self)
{
    return self->failures.n;
}

uint32_t tide_coordinator_n_failures(const tide_coordinator *self)
{
    return self->failures.n < TIDE_COORDINATOR_FAILURES_MAX ? (uint32_t)self->failures.n
                                                            : TIDE_COORDINATOR_FAILURES_MAX;
}

void tide_coordinator_failure(const tide_coordinator *self, uint32_t i, tide_attempt_failure *out)
{
    tide_assert(i < tide_coordinator_n_failures(self));
    const tide_failure_entry *entry =
        &self->failures.ring[(self->failures.n - 1 - i) % TIDE_COORDINATOR_FAILURES_MAX];
    *out = (tide_attempt_failure){ entry->attempt, entry->at_us, entry->agent, entry->failure };
}
