/* generate.c - stripes and paces. */
#include "worker/connector/generate.h"

#include <stdio.h>

#include "base/core/assert.h"

#define SECOND_NS 1000000000ull
#define POLL_NS_MIN 1000000 /* A paced source is not polled more often than this. */

void tide_generate_stripes(uint32_t parallelism, tide_splits *out)
{
    for (uint32_t i = 0; i < parallelism; i++) {
        char id[64];
        snprintf(id, sizeof id, "stripe-%u-of-%u", i, parallelism);
        tide_splits_add(out, id, i, i, parallelism);
    }
}

tide_source_result tide_stripes_poll(tide_stripe_walk *self, uint32_t n, tide_stripe_poll *poll_one,
                                     void *source, uint64_t due, tide_source_poll *poll)
{
    *poll = (tide_source_poll){ 0 };
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = (self->at + k) % n;
        tide_source_result result = poll_one(source, i, due, poll);
        if (result == TIDE_SOURCE_NOTHING) continue;
        self->at = (i + 1) % n;
        self->n_ended += result == TIDE_SOURCE_SPLIT_END;
        return result;
    }
    return self->n_ended == n ? TIDE_SOURCE_END : TIDE_SOURCE_NOTHING;
}

uint64_t tide_pace_due(tide_pace *self, int64_t now_ns, uint64_t total)
{
    if (self->rate == 0) return total;
    if (!self->started) self->start_ns = now_ns;
    self->started = true;
    uint64_t elapsed_ns = (uint64_t)(now_ns - self->start_ns);
    uint64_t due = (uint64_t)((unsigned __int128)elapsed_ns * self->rate / SECOND_NS);
    return due < total ? due : total;
}

int64_t tide_pace_next_ns(const tide_pace *self, int64_t now_ns, uint64_t number)
{
    tide_assert(self->rate > 0);
    unsigned __int128 wait_ns = ((unsigned __int128)number + 1) * SECOND_NS / self->rate + 1;
    int64_t at = wait_ns > INT64_MAX / 2 ? INT64_MAX : self->start_ns + (int64_t)wait_ns;
    return at > now_ns + POLL_NS_MIN ? at : now_ns + POLL_NS_MIN;
}
