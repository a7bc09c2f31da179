/* event_time.h - one watermark for the partitions of a source.
 *
 * Pure. Each partition's watermark is the maximum it was told; the source's is the minimum over the
 * partitions that are neither idle nor ended, and never goes back. Times are the caller's. */
#ifndef TIDE_WORKER_CORE_EVENT_TIME_H
#define TIDE_WORKER_CORE_EVENT_TIME_H
#include <stdbool.h>
#include <stdint.h>

typedef struct tide_event_time tide_event_time;

typedef enum tide_event_time_news {
    TIDE_EVENT_TIME_SAME,
    TIDE_EVENT_TIME_RAISED, /* tide_event_time_watermark is higher than when last asked. */
    TIDE_EVENT_TIME_IDLE    /* Every live partition has become idle. */
} tide_event_time_news;

/* idle_timeout_us 0: partitions never become idle. */
tide_event_time *tide_event_time_new(uint32_t n_partitions, int64_t idle_timeout_us);
void tide_event_time_free(tide_event_time **self_p);

/* A partition beyond those known (found later) is added, active. */
void tide_event_time_rows(tide_event_time *self, uint32_t partition, int64_t watermark_us);
void tide_event_time_at_end(tide_event_time *self, uint32_t partition, int64_t now_us);
void tide_event_time_ended(tide_event_time *self, uint32_t partition);

/* What changed since the last call. */
tide_event_time_news tide_event_time_look(tide_event_time *self, int64_t now_us);
int64_t tide_event_time_watermark(const tide_event_time *self); /* INT64_MIN: none yet. */
/* When a partition that is at its end will become idle; INT64_MAX: none will. */
int64_t tide_event_time_deadline_us(const tide_event_time *self);

#endif
