/* event_time.c - a small array of partitions, looked through once per look. */
#include "worker/core/event_time.h"

#include "base/core/mem.h"

typedef enum partition_state {
    PARTITION_ACTIVE,
    PARTITION_AT_END,
    PARTITION_IDLE,
    PARTITION_ENDED
} partition_state;

typedef struct partition {
    int64_t watermark, at_end_us;
    partition_state state;
} partition;

struct tide_event_time {
    partition *items;
    uint32_t n, cap;
    int64_t idle_timeout_us, watermark, told;
    bool idle_told;
};

static void grow_to(tide_event_time *self, uint32_t n)
{
    while (self->n < n) {
        TIDE_GROW(self->items, self->n, self->cap);
        self->items[self->n++] = (partition){ .watermark = INT64_MIN };
    }
}

tide_event_time *tide_event_time_new(uint32_t n_partitions, int64_t idle_timeout_us)
{
    tide_event_time *self = tide_calloc(1, sizeof *self);
    self->idle_timeout_us = idle_timeout_us;
    self->watermark = self->told = INT64_MIN;
    grow_to(self, n_partitions);
    return self;
}

void tide_event_time_free(tide_event_time **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->items);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_event_time_rows(tide_event_time *self, uint32_t i, int64_t watermark_us)
{
    grow_to(self, i + 1);
    partition *p = &self->items[i];
    p->state = PARTITION_ACTIVE;
    if (watermark_us > p->watermark) p->watermark = watermark_us;
}

void tide_event_time_at_end(tide_event_time *self, uint32_t i, int64_t now_us)
{
    grow_to(self, i + 1);
    partition *p = &self->items[i];
    if (p->state != PARTITION_ACTIVE) return;
    p->state = PARTITION_AT_END;
    p->at_end_us = now_us;
}

void tide_event_time_ended(tide_event_time *self, uint32_t i)
{
    grow_to(self, i + 1);
    self->items[i].state = PARTITION_ENDED;
}

tide_event_time_news tide_event_time_look(tide_event_time *self, int64_t now_us)
{
    int64_t low = INT64_MAX;
    uint32_t n_waited_for = 0, n_idle = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        partition *p = &self->items[i];
        if (p->state == PARTITION_AT_END && self->idle_timeout_us > 0 &&
            now_us - p->at_end_us >= self->idle_timeout_us)
            p->state = PARTITION_IDLE;
        n_idle += p->state == PARTITION_IDLE;
        if (p->state == PARTITION_IDLE || p->state == PARTITION_ENDED) continue;
        n_waited_for++;
        if (p->watermark < low) low = p->watermark;
    }
    if (n_waited_for > 0) {
        self->idle_told = false;
        if (low > self->watermark) self->watermark = low;
    }
    if (self->watermark > self->told) {
        self->told = self->watermark;
        return TIDE_EVENT_TIME_RAISED;
    }
    if (n_waited_for > 0 || n_idle == 0 || self->idle_told) return TIDE_EVENT_TIME_SAME;
    self->idle_told = true;
    return TIDE_EVENT_TIME_IDLE;
}

int64_t tide_event_time_watermark(const tide_event_time *self)
{
    return self->watermark;
}

int64_t tide_event_time_deadline_us(const tide_event_time *self)
{
    int64_t at = INT64_MAX;
    if (self->idle_timeout_us == 0) return at;
    for (uint32_t i = 0; i < self->n; i++) {
        const partition *p = &self->items[i];
        if (p->state == PARTITION_AT_END && p->at_end_us + self->idle_timeout_us < at)
            at = p->at_end_us + self->idle_timeout_us;
    }
    return at;
}
