/* topics.c - reference lists from the engine's own tables. */
#include "cli/topics.h"

#include "base/core/counters.h"

const tide_topic tide_topics[] = {
    { "counters", "What a running job counts", tide_counters_help },
    { 0 },
};
