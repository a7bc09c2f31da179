/* source.h - the head of a source task: a connector's rows with event time added.
 *
 * Takes batches from a connector (worker/connector/connector.h) and adds what a connector knows nothing
 * of: computed columns, the pushed-down predicate, watermarks per partition with the minimum over
 * partitions, idleness, and the end. Splits not yet begun hold the watermark back, so nothing in a
 * bounded input is late because of the order in which splits are read.
 * Owner: the task. No clock of its own. */
#ifndef TIDE_WORKER_CORE_SOURCE_H
#define TIDE_WORKER_CORE_SOURCE_H
#include "worker/connector/connector.h"
#include "worker/core/task.h"

typedef struct tide_source_config {
    const tide_node *scan;
    const tide_connector *connector;
    const tide_split *const *splits; /* This subtask's; borrowed until the feed is freed. */
    uint32_t n_splits;
    const tide_op_env *env;          /* Of the task's head stage. */
    tide_op_counters *counters;      /* Of the head stage. */
    bool emit_watermarks;            /* Something downstream asks for event time. */
    bool watermark_every_row;        /* Virtual time: one row per batch, a watermark after each. */
    bool bounded;
    int64_t idle_timeout_us;         /* 0: never idle. */
} tide_source_config;

/* Opens the connector's source. */
TIDE_MUST_CHECK tide_status tide_source_feed_new(const tide_source_config *config, tide_feed **out);

/* The head of a VALUES task: its literal rows, once. Only subtask 0 has rows. */
TIDE_MUST_CHECK tide_status tide_values_feed_new(const tide_node *values, const tide_op_env *env,
                                                 tide_feed **out);

#endif
