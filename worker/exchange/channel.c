/* channel.c - tagged pointers in a ring: a batch as it is, a control element with its lowest bit
 * set. */
#include "worker/exchange/channel.h"

#include "base/core/assert.h"

typedef struct control {
    tide_elem elem;
} control;

#define CONTROL_TAG 1u

void tide_channel_init(tide_channel *self, tide_waker *sender, tide_waker *receiver)
{
    *self = (tide_channel){ .sender_waker = sender, .receiver_waker = receiver };
    tide_ring_init(&self->ring, TIDE_CHANNEL_BATCHES + TIDE_CHANNEL_CONTROLS);
}

void tide_channel_fini(tide_channel *self)
{
    if (self->ring.slots == NULL) return;
    tide_elem e;
    self->sender_waker = NULL;
    while (tide_channel_pop(self, &e)) tide_batch_unref(&e.batch);
    tide_ring_fini(&self->ring);
}

static void push_pointer(tide_channel *self, void *p)
{
    bool fits = tide_ring_push(&self->ring, p);
    tide_assert(fits);
    if (self->receiver_waker) tide_waker_wake(self->receiver_waker);
}

bool tide_channel_has_room(tide_channel *self)
{
    return !tide_channel_waits(self) && tide_ring_has_room(&self->ring, TIDE_CHANNEL_CONTROLS + 1);
}

void tide_channel_push(tide_channel *self, tide_batch **batch_p)
{
    tide_assert(!tide_channel_waits(self));
    tide_batch *batch = *batch_p;
    *batch_p = NULL;
    if (self->row_bytes) tide_channel_count(self, (uint64_t)batch->n_rows * self->row_bytes);
    push_pointer(self, batch);
}

static void send_control(tide_channel *self, tide_pool *pool, const tide_elem *e)
{
    tide_buf *buf = tide_pool_take(pool, sizeof(control));
    ((control *)buf->data)->elem = *e;
    push_pointer(self, (void *)((uintptr_t)buf | CONTROL_TAG));
}

void tide_channel_pump(tide_channel *self, tide_pool *pool)
{
    if (self->watermark_waits && tide_ring_has_room(&self->ring, 1)) {
        send_control(self, pool,
                     &(tide_elem){ .kind = TIDE_ELEM_WATERMARK,
                                   .watermark = self->waiting_watermark });
        self->watermark_waits = false;
    }
    if (self->idle_waits && !self->watermark_waits && tide_ring_has_room(&self->ring, 1)) {
        send_control(self, pool, &(tide_elem){ .kind = TIDE_ELEM_IDLE });
        self->idle_waits = false;
    }
    if (self->end_waits && !self->watermark_waits && !self->idle_waits &&
        tide_ring_has_room(&self->ring, 1)) {
        send_control(self, pool,
                     &(tide_elem){ .kind = TIDE_ELEM_END, .drained = self->end_drained });
        self->end_waits = false;
    }
}

void tide_channel_control(tide_channel *self, tide_pool *pool, const tide_elem *e)
{
    tide_assert(e->kind != TIDE_ELEM_BATCH && !self->end_waits);
    if (e->kind == TIDE_ELEM_WATERMARK) {
        self->watermark_waits = true;
        self->waiting_watermark = e->watermark;
        self->idle_waits = false; /* The watermark ends an idleness that was not even sent. */
    } else if (e->kind == TIDE_ELEM_IDLE) {
        self->idle_waits = true;
    } else {
        self->end_waits = true;
        self->end_drained = e->drained;
    }
    tide_channel_pump(self, pool);
}

static tide_buf *control_of(void *p)
{
    return (tide_buf *)((uintptr_t)p & ~(uintptr_t)CONTROL_TAG);
}

bool tide_channel_peek(tide_channel *self, tide_elem *out)
{
    void *p = tide_ring_peek(&self->ring);
    if (p == NULL) return false;
    if ((uintptr_t)p & CONTROL_TAG)
        *out = ((control *)control_of(p)->data)->elem;
    else
        *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = p };
    return true;
}

bool tide_channel_pop(tide_channel *self, tide_elem *out)
{
    void *p = tide_ring_pop(&self->ring);
    if (p == NULL) return false;
    if ((uintptr_t)p & CONTROL_TAG) {
        tide_buf *buf = control_of(p);
        *out = ((control *)buf->data)->elem;
        tide_buf_unref(&buf);
    } else {
        *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = p };
    }
    /* One branch for both questions: most channels wake at every pop. */
    bool wakes = (self->sender_waker != NULL) & !(tide_channel_popped(self) & self->wake_mask);
    if (wakes) tide_waker_wake(self->sender_waker);
    return true;
}
