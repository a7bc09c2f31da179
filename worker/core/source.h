/* source.h - the head of a source task: a connector's rows, with event time.
 *
 * Takes batches from a connector (worker/connector/connector.h) and adds what a connector knows
 * nothing of: watermarks per partition with the minimum over partitions, idleness, and the end.
 * Partitions not yet begun hold the watermark back, so nothing in a bounded input is late because
 * of the order in which it is read. A row whose WATERMARK expression fails or is NULL does not move
 * the watermark.
 *
 * A source that replays (event time moves several times faster than the clock) waits while it is
 * further than two watermarks of its own ahead of another reader of its table that has rows at
 * hand. One that keeps up with what comes in never waits. Owner: the task. No clock of its own. */
#ifndef TIDE_WORKER_CORE_SOURCE_H
#define TIDE_WORKER_CORE_SOURCE_H
#include "worker/connector/connector.h"
#include "worker/core/alignment.h"
#include "worker/core/scan.h"
#include "worker/core/task.h"

typedef struct tide_source_config {
    const tide_node *scan;
    const tide_scan_reading
        *reading; /* Borrowed until the feed is freed, as are scan and splits. */
    const tide_connector *connector;
    const tide_split *const *splits; /* This subtask's. */
    uint32_t n_splits;
    const tide_op_env *env;   /* Of the task's head stage. */
    bool watermark_every_row; /* Virtual time: one row per batch, a watermark after each. */
    bool bounded;
    int64_t idle_timeout_us;   /* 0: never idle. */
    tide_alignment *alignment; /* Of the table's readers, by subtask; borrowed. NULL: this one reads
                                * on whatever the others do. */
} tide_source_config;

/* Opens the connector's source. */
TIDE_MUST_CHECK tide_status tide_source_feed_new(const tide_source_config *config, tide_feed **out);

/* The head of a VALUES task: its literal rows, once. Only subtask 0 has rows. */
TIDE_MUST_CHECK tide_status tide_values_feed_new(const tide_node *values, const tide_op_env *env,
                                                 tide_feed **out);

#endif
