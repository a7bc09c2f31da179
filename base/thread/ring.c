/* ring.c - set-up and tear-down of the ring; the rest is inline. */
#include "base/thread/ring.h"

#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

void tide_ring_init(tide_ring *self, uint32_t capacity)
{
    tide_assert(capacity > 0 && capacity <= 1u << 30);
    uint64_t slots = 2;
    while (slots < capacity) slots *= 2;
    memset(self, 0, sizeof *self);
    self->slots = tide_calloc(slots, sizeof *self->slots);
    self->mask = slots - 1;
}

void tide_ring_fini(tide_ring *self)
{
    tide_free(self->slots);
    self->slots = NULL;
}
