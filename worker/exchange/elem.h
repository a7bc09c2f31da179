/* elem.h - what travels between operators: batches, and control elements in band with them. */
#ifndef TIDE_WORKER_EXCHANGE_ELEM_H
#define TIDE_WORKER_EXCHANGE_ELEM_H
#include "base/column/batch.h"

typedef enum tide_elem_kind {
    TIDE_ELEM_BATCH,
    TIDE_ELEM_WATERMARK, /* No later row of this channel is expected below `watermark`. */
    TIDE_ELEM_IDLE,      /* The sender has no data for now: do not wait for its watermark. Any later
                          * batch or watermark ends the idleness. */
    TIDE_ELEM_END /* Nothing follows. `drained`: the input ended by itself, results are complete;
                   * otherwise the job is being stopped and windows must not fire. */
} tide_elem_kind;

typedef struct tide_elem {
    tide_elem_kind kind;
    uint8_t port;      /* Input port of the receiving operator. */
    bool drained;      /* END */
    int64_t watermark; /* WATERMARK */
    tide_batch *batch; /* BATCH: owned by the element. */
} tide_elem;

#endif
