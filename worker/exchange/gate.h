/* gate.h - a task's input: its channels merged, with one watermark for all of them.
 *
 * Pure. The watermark is the minimum over the channels that are neither idle nor ended; it never
 * goes back. When every live channel is idle the gate is idle. When all ended it ends. Owner: the
 * task. */
#ifndef TIDE_WORKER_EXCHANGE_GATE_H
#define TIDE_WORKER_EXCHANGE_GATE_H
#include "worker/exchange/channel.h"

typedef struct tide_gate tide_gate;

tide_gate *tide_gate_new(void);
void tide_gate_free(tide_gate **self_p);
/* Borrows the channel. All channels are added before the first _next. */
void tide_gate_add(tide_gate *self, tide_channel *channel, uint8_t port);

/* The next element for the task, channels taken in turn: a batch (with its port), the merged
 * watermark when it rose, IDLE, or END once when all channels ended (after a final watermark if all
 * were drained). False: nothing now. */
bool tide_gate_next(tide_gate *self, tide_elem *out);

/* Its channels are empty: _next would have nothing. */
bool tide_gate_is_empty(tide_gate *self);
uint32_t tide_gate_n_channels(const tide_gate *self);
int64_t tide_gate_watermark(const tide_gate *self);
uint64_t tide_gate_bytes(const tide_gate *self); /* Of all its channels; any thread. */

#endif
