/* partial_groups.h - the groups whose rows are being added up before they are sent.
 *
 * A small hash table of at most a batch of groups, in the order in which their first rows came; it
 * is filled, sent as a whole, and begun anew. A group is a key and, with windows, a slice of time
 * or a session of its own. What a row of a session cannot join any more, it follows: the key then
 * has several groups, and only the newest takes rows. So of one key everything stays in order.
 *
 * A group, `stride` bytes:
 *   | partial_group | the key, spec->key_bytes | the aggregates' states |
 * Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_PARTIAL_GROUPS_H
#define TIDE_WORKER_OP_PARTIAL_GROUPS_H
#include "base/core/arena.h"
#include "worker/op/event_time.h"
#include "worker/op/keys.h"
#include "worker/op/window_time.h"

#define PARTIAL_GROUPS_MAX TIDE_BATCH_ROWS_MAX
#define PARTIAL_SLOTS (2 * PARTIAL_GROUPS_MAX)

typedef struct partial_group {
    uint64_t hash;
    int64_t first, last; /* Times of its rows; 0 without windows. */
    int64_t rows;
} partial_group;

typedef struct partial_groups {
    tide_window window;
    const tide_op_keys *keys;
    uint32_t n, stride, states_at;
    uint8_t *items;
    tide_arena *strings; /* Of the keys. */
    uint16_t
        slots[PARTIAL_SLOTS]; /* 0: free; else a group's number + 1, and whether it is closed. */
} partial_groups;

/* `keys` outlives it. Zeroed storage. */
void partial_groups_open(partial_groups *self, const tide_window *window, const tide_op_keys *keys,
                         uint32_t value_bytes);
void partial_groups_close(partial_groups *self);

/* Rows of a batch whose keys were encoded. */
typedef struct partial_rows {
    const int64_t *ts;    /* By physical row; NULL without windows. */
    const uint16_t *rows; /* Physical rows. */
    uint32_t n;
    bool may_be_late; /* For sessions: some row's time + gap is below `watermark_us`. */
    int64_t watermark_us;
    uint8_t **values; /* Where the states of each row's group lie is written here. */
} partial_rows;

/* Puts the rows into groups. Returns how many were taken, n unless all groups are in use. A row of
 * a session that may be late gets a group of its own. */
uint32_t partial_groups_take(partial_groups *self, const partial_rows *in);

TIDE_INLINE partial_group *partial_groups_at(const partial_groups *self, uint32_t i)
{
    return (partial_group *)(void *)(self->items + (size_t)i * self->stride);
}
TIDE_INLINE uint8_t *partial_group_key(partial_group *group)
{
    return (uint8_t *)(group + 1);
}

/* Forgets all groups. What their states own was dropped before. */
void partial_groups_clear(partial_groups *self);

#endif
