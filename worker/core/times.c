/* times.c - one writer, who makes the version odd, writes, and makes it even again. */
#include "worker/core/times.h"

#include "base/core/assert.h"

/* Stores are releases and loads acquires, each: who sees a new value sees the odd version, too. On
 * x86 they are plain moves. */
#define PUT(at, value) atomic_store_explicit(at, value, memory_order_release)
#define GET(at) atomic_load_explicit(at, memory_order_acquire)
/* The owner's own values. */
#define OWN(at) atomic_load_explicit(at, memory_order_relaxed)

static void begin(tide_slot_times *self)
{
    atomic_store_explicit(&self->version, OWN(&self->version) | 1, memory_order_relaxed);
}

static void end(tide_slot_times *self)
{
    PUT(&self->version, OWN(&self->version) + 1);
}

void tide_times_before_boundary(tide_slot_times *self)
{
    begin(self);
}

/* It did what it did until then, and does something else from there. */
static void change(tide_task_times *self, int64_t at_ns, tide_doing doing)
{
    int before = OWN(&self->doing);
    uint64_t ns = (uint64_t)(at_ns - OWN(&self->since_ns));
    if (before != TIDE_DOING_NOTHING) PUT(&self->ns[before], OWN(&self->ns[before]) + ns);
    PUT(&self->since_ns, at_ns);
    PUT(&self->doing, (int)doing);
}

static void stop_running(tide_slot_times *self, int64_t at_ns)
{
    if (self->runs) change(self->runs, at_ns, self->runs->after);
    self->runs = NULL;
}

void tide_times_boundary(tide_slot_times *self, int64_t now_ns)
{
    begin(self);
    stop_running(self, now_ns);
    PUT(&self->boundary_ns, now_ns);
    PUT(&self->lasts, false);
    end(self);
}

void tide_times_sleep(tide_slot_times *self)
{
    tide_assert(self->runs == NULL);
    begin(self);
    PUT(&self->lasts, true);
    end(self);
}

void tide_times_switch(tide_task_times *self)
{
    tide_slot_times *slot = self->slot;
    int64_t at_ns = OWN(&slot->boundary_ns);
    begin(slot);
    stop_running(slot, at_ns);
    change(self, at_ns, TIDE_DOING_BUSY);
    slot->runs = self;
    PUT(&slot->lasts, true);
    end(slot);
}

void tide_times_wait(tide_task_times *self, tide_doing doing)
{
    tide_slot_times *slot = self->slot;
    self->after = doing;
    if (slot->runs == self || OWN(&self->doing) == (int)doing) return;
    begin(slot);
    change(self, OWN(&slot->boundary_ns), doing);
    end(slot);
}

tide_times tide_times_read(const tide_task_times *self, int64_t now_ns)
{
    const tide_slot_times *slot = self->slot;
    for (;;) {
        uint32_t version = GET(&slot->version);
        uint64_t ns[TIDE_DOING_COUNT];
        for (int i = 0; i < TIDE_DOING_COUNT; i++) ns[i] = GET(&self->ns[i]);
        int64_t since_ns = GET(&self->since_ns), until_ns = GET(&slot->boundary_ns);
        int doing = GET(&self->doing);
        bool lasts = GET(&slot->lasts);
        if (version % 2 || version != OWN(&slot->version)) {
            tide_pause();
            continue;
        }
        if (lasts && now_ns > until_ns) until_ns = now_ns;
        if (until_ns > since_ns) ns[doing] += (uint64_t)(until_ns - since_ns);
        return (tide_times){ .busy_ns = ns[TIDE_DOING_BUSY],
                             .held_ns = ns[TIDE_DOING_HELD],
                             .idle_ns = ns[TIDE_DOING_IDLE] };
    }
}
