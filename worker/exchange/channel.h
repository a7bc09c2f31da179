/* channel.h - one sender subtask to one receiver subtask: a bounded ring with control in band.
 *
 * The sender's slot pushes, the receiver's slot pops; both may be the same slot. Data needs a free
 * data place; control elements have places of their own, and where even those are taken they wait
 * at the sender (a newer watermark replaces a waiting one), with data held back behind them. So
 * control never overtakes data, data never overtakes control, and neither side can be made to wait
 * by control alone. */
#ifndef TIDE_WORKER_EXCHANGE_CHANNEL_H
#define TIDE_WORKER_EXCHANGE_CHANNEL_H
#include "base/thread/ring.h"
#include "base/thread/waker.h"
#include "worker/exchange/elem.h"

#define TIDE_CHANNEL_BATCHES 8u  /* Data places: about 3 MB of wide rows per channel. */
#define TIDE_CHANNEL_CONTROLS 8u /* Further places that only control elements may take. */

typedef struct tide_channel {
    tide_ring ring;
    /* What went through, by who pushes or packs it. Between slots of one process rows are passed,
     * not copied: a row counts as the width of its columns (row_bytes; a string 16 bytes, wherever
     * its characters are). To and from another runner it is the packed blocks, and row_bytes 0. */
    _Atomic uint64_t bytes;
    uint32_t row_bytes;
    tide_waker *sender_waker, *receiver_waker; /* Borrowed; NULL in single-threaded tests. */
    bool leaves;        /* Its receiver is in another process: rows are wanted as blocks. */
    uint64_t wake_mask; /* Pops wake the sender only when their number has none of these bits. */
    /* Sender's: control that did not fit yet. */
    bool watermark_waits, idle_waits, end_waits, end_drained;
    int64_t waiting_watermark;
} tide_channel;

void tide_channel_init(tide_channel *self, tide_waker *sender, tide_waker *receiver);
void tide_channel_fini(
    tide_channel *self); /* Releases what is still inside. Neither side is running. */

/* Sender. */
bool tide_channel_has_room(tide_channel *self);                   /* For one more batch. */
void tide_channel_push(tide_channel *self, tide_batch **batch_p); /* Room was checked. */
void tide_channel_control(tide_channel *self, tide_pool *pool, const tide_elem *control);
void tide_channel_pump(tide_channel *self, tide_pool *pool); /* Sends what waits, if it fits. */
TIDE_INLINE bool tide_channel_waits(const tide_channel *self)
{
    return self->watermark_waits || self->idle_waits || self->end_waits;
}

/* Who counts, of the two sides, and of a link: one thread. */
TIDE_INLINE void tide_channel_count(tide_channel *self, uint64_t bytes)
{
    uint64_t before = atomic_load_explicit(&self->bytes, memory_order_relaxed);
    atomic_store_explicit(&self->bytes, before + bytes, memory_order_relaxed);
}
TIDE_INLINE uint64_t tide_channel_bytes(const tide_channel *self) /* Any thread. */
{
    return atomic_load_explicit(&self->bytes, memory_order_relaxed);
}

/* Receiver: takes the oldest element; false when there is none. The caller owns out->batch. */
bool tide_channel_pop(tide_channel *self, tide_elem *out);
TIDE_INLINE bool tide_channel_is_empty(tide_channel *self) /* Receiver. */
{
    return tide_ring_peek(&self->ring) == NULL;
}
/* Receiver: shows it without taking it; out->batch stays the channel's. */
bool tide_channel_peek(tide_channel *self, tide_elem *out);

/* For a sender that counts its data places itself (a link's receiving end): is there a place for
 * one element, of whatever kind, and nothing waits before it? */
TIDE_INLINE bool tide_channel_has_place(tide_channel *self)
{
    return !tide_channel_waits(self) && tide_ring_has_room(&self->ring, 1);
}
/* Elements that went into the ring, and that left it, since _init. Sender. */
TIDE_INLINE uint64_t tide_channel_pushed(const tide_channel *self)
{
    return atomic_load_explicit(&self->ring.head, memory_order_relaxed);
}
TIDE_INLINE uint64_t tide_channel_popped(const tide_channel *self)
{
    return atomic_load_explicit(&self->ring.tail, memory_order_acquire);
}

#endif
