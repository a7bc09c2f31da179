/* process_priv.h - the context of a keyed process function. */
#ifndef TIDE_WORKER_OP_USER_PROCESS_PRIV_H
#define TIDE_WORKER_OP_USER_PROCESS_PRIV_H
#include "worker/op/user/keyed_state.h"
#include "worker/op/user/timers.h"

struct tide_context {
    tide_keyed_state state;
    tide_timers event, processing;
    tide_key_spec spec; /* Of the stream's key. */
    const uint8_t *key; /* The current one, encoded. */
    struct tide_row key_row;
    int64_t watermark_us;
    const int64_t *wall_us;
    uint32_t removed; /* Map keys removed since a list of keys was last written anew. */
};

#endif
