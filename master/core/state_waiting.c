/* state_waiting.c - WAITING: for as many slots as the job has parallel parts. */
#include "master/core/coordinator_priv.h"

static void enter(tide_coordinator *self)
{
    tide_coordinator_give_time(self, self->policy.slot_timeout_ns);
    tide_coordinator_ask(self);
}

static void give_up(tide_coordinator *self, tide_status code, const char *what)
{
    const char *why = tide_bytes_text(&self->short_of);
    tide_coordinator_fail_because(self, code, "%s%s%s", what, *why ? ": " : "", why);
}

static void decide(tide_coordinator *self)
{
    if (self->request != TIDE_REQUEST_NONE)
        tide_coordinator_move(self, TIDE_LIFECYCLE_CANCELLING, "asked for while it waited");
    else if (self->granted)
        tide_coordinator_move(self, TIDE_LIFECYCLE_NUMBERING, "its slots are there");
    else if (self->refused)
        give_up(self, TIDE_E_REFUSED, "no slots");
    else if (self->now_ns >= self->deadline_ns)
        give_up(self, TIDE_E_TIMEOUT, "no slots within slot.request.timeout");
}

const tide_job_behaviour tide_state_waiting = { .enter = enter, .decide = decide };
