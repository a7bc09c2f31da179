/* job_states.c - the one table of a job's states and of what may follow each. */
#include "master/core/job_states.h"

#include <stdint.h>
#include <string.h>

#include "base/core/assert.h"

#define TO(state) (UINT32_C(1) << TIDE_LIFECYCLE_##state)

static const struct {
    const char *name;
    uint32_t next; /* What may follow, a bit each; 0: the state is final. */
} states[TIDE_LIFECYCLE_COUNT] = {
    [TIDE_LIFECYCLE_CREATED] = { "CREATED",
                                 TO(WAITING) | TO(RECONCILING) | TO(RESTARTING) | TO(ENDING) },
    [TIDE_LIFECYCLE_RECONCILING] = { "RECONCILING",
                                     TO(RUNNING) | TO(RESTARTING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_WAITING] = { "WAITING",
                                 TO(NUMBERING) | TO(RESTARTING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_NUMBERING] = { "NUMBERING", TO(PREPARING) | TO(WAITING) | TO(CANCELLING) },
    [TIDE_LIFECYCLE_PREPARING] = { "PREPARING",
                                   TO(DEPLOYING) | TO(RESTARTING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_DEPLOYING] = { "DEPLOYING",
                                   TO(RUNNING) | TO(RESTARTING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_RUNNING] = { "RUNNING", TO(ENDING) | TO(STOPPING) | TO(RESTARTING) |
                                                TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_STOPPING] = { "STOPPING", TO(ENDING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_RESTARTING] = { "RESTARTING", TO(WAITING) | TO(CANCELLING) | TO(FAILING) },
    [TIDE_LIFECYCLE_CANCELLING] = { "CANCELLING", TO(ENDING) },
    [TIDE_LIFECYCLE_FAILING] = { "FAILING", TO(ENDING) },
    [TIDE_LIFECYCLE_ENDING] = { "ENDING", TO(FINISHED) | TO(CANCELED) | TO(FAILED) },
    [TIDE_LIFECYCLE_FINISHED] = { "FINISHED", 0 },
    [TIDE_LIFECYCLE_CANCELED] = { "CANCELED", 0 },
    [TIDE_LIFECYCLE_FAILED] = { "FAILED", 0 },
    [TIDE_LIFECYCLE_SUSPENDED] = { "SUSPENDED", 0 },
};

const char *tide_lifecycle_name(tide_lifecycle state)
{
    tide_assert(state < TIDE_LIFECYCLE_COUNT);
    return states[state].name;
}

bool tide_lifecycle_parse(const char *name, tide_lifecycle *out)
{
    for (uint32_t i = 0; i < TIDE_LIFECYCLE_COUNT; i++) {
        if (strcmp(states[i].name, name) != 0) continue;
        *out = (tide_lifecycle)i;
        return true;
    }
    return false;
}

bool tide_lifecycle_is_final(tide_lifecycle state)
{
    tide_assert(state < TIDE_LIFECYCLE_COUNT);
    return states[state].next == 0;
}

bool tide_lifecycle_may_follow(tide_lifecycle from, tide_lifecycle to)
{
    tide_assert(from < TIDE_LIFECYCLE_COUNT && to < TIDE_LIFECYCLE_COUNT);
    return states[from].next >> to & 1;
}
