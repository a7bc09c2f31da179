/* connector.h - where rows come from and go to: the contract of every source and sink.
 *
 * A connector is one registry row. Source and sink instances belong to one task: their calls
 * come from the slot's thread and never block. What blocks (files, sockets) runs on threads that
 * the instance owns and meets the slot through rings; those threads call
 * tide_waker_wake(args->waker) after publishing. A source knows nothing of event time: the
 * source operator (worker/core/source.c) adds computed columns, watermarks per split and idleness.
 * An `open` that fails has cleaned up behind itself: `close` follows only a successful one. */
#ifndef TIDE_WORKER_CONNECTOR_CONNECTOR_H
#define TIDE_WORKER_CONNECTOR_CONNECTOR_H
#include "base/column/batch.h"
#include "base/format/format.h"
#include "base/thread/waker.h"
#include "jobapi/plan/plan.h"
#include "worker/op/op.h"

/* A part of the input that is read in order by one subtask: a file (or a part of one), a Kafka
 * partition, a generator's stripe. */
typedef struct tide_split {
    char *id;            /* Unique and stable: "orders-3", "/data/a.ndjson@1048576+1048576". */
    uint32_t partition;  /* Splits of one partition share one watermark and are read in order. */
    uint64_t start, end; /* Connector's meaning: byte or row or offset range. */
} tide_split;

typedef struct tide_splits {
    uint32_t n, cap;
    tide_split *items; /* tide_malloc'd, as are the ids. */
    uint32_t n_partitions;
} tide_splits;
void tide_splits_add(tide_splits *self, const char *id, uint32_t partition, uint64_t start,
                     uint64_t end);
void tide_splits_fini(tide_splits *self);

/* The connector's error policy for records it cannot read, and what a task shares with it. */
typedef struct tide_source_args {
    const tide_node *scan;   /* TIDE_NODE_SCAN: table, options and the columns to produce. */
    const uint32_t *columns; /* Physical and metadata table columns to produce, in output order. */
    uint32_t n_columns;
    const tide_split *const *splits; /* This subtask's. */
    uint32_t n_splits;
    uint32_t subtask, parallelism;
    tide_pool *pool; /* The slot's: batches handed out come from it. */
    tide_waker *waker;
    tide_op_counters *counters; /* bad_rows and pending_rows are the connector's. */
    uint32_t batch_rows_max;    /* 1 under `tidemill test`, else TIDE_BATCH_ROWS_MAX. */
    bool bounded;               /* Stop at what is there now. */
    const int64_t *now_ns, *wall_us;
    void *hook; /* Of the job, for connectors that a test puts in place of others. */
} tide_source_args;

typedef enum tide_source_result {
    TIDE_SOURCE_BATCH,      /* poll->batch is set (caller owns it), of split poll->split. */
    TIDE_SOURCE_NOTHING,    /* No data now: poll again when woken, or at poll->next_ns if not 0. */
    TIDE_SOURCE_SPLIT_END,  /* Split poll->split is finished. */
    TIDE_SOURCE_SPLIT_IDLE, /* Split poll->split: its end was seen and nothing is there now. */
    TIDE_SOURCE_END,        /* All splits of this subtask are finished, no new ones will come. */
    TIDE_SOURCE_FAILED
} tide_source_result;

typedef struct tide_source_poll {
    tide_batch *batch;
    uint32_t split; /* Index into args->splits; or >= n_splits for splits found later. */
    int64_t next_ns;
} tide_source_poll;

typedef struct tide_source_vt {
    size_t size; /* Of the private struct; zeroed before open. */
    tide_status (*open)(void *self, const tide_source_args *args);
    tide_source_result (*poll)(void *self, tide_source_poll *poll);
    void (*close)(void *self);
} tide_source_vt;

typedef struct tide_sink_args {
    const tide_table *table;   /* Its physical and non-virtual metadata columns are the input's, in
                                * order. NULL for the rows of a bare SELECT (print only). */
    const tide_schema *schema; /* Of the input. */
    uint32_t subtask, parallelism;
    tide_pool *pool;
    tide_waker *waker;
    tide_op_counters *counters;
    const int64_t *now_ns, *wall_us;
    struct tide_output *output; /* Where `print` writes; see connector/print. */
    void *hook;                 /* As in tide_source_args. */
    bool updating;              /* The input may hold -U, +U and -D. */
} tide_sink_args;

typedef enum tide_sink_result {
    TIDE_SINK_DONE,
    TIDE_SINK_AGAIN,
    TIDE_SINK_FAILED
} tide_sink_result;

typedef struct tide_sink_vt {
    size_t size;
    tide_status (*open)(void *self, const tide_sink_args *args);
    /* Consumes *in_p exactly when it returns DONE; AGAIN: I/O is behind, wakes when there is
     * room. */
    tide_sink_result (*write)(void *self, tide_batch **in_p);
    /* Called when the slot would idle: hand over what is buffered. */
    tide_sink_result (*flush)(void *self);
    /* The stream ended, or the job is stopped cleanly: make everything written so far complete
     * and visible. AGAIN until it is. */
    tide_sink_result (*finish)(void *self);
    void (*close)(
        void *self); /* Without finish before: the job failed; leave nothing half visible. */
} tide_sink_vt;

typedef struct tide_connector {
    const char *name;
    const char *help;
    const tide_option_def
        *options; /* Ends with a NULL key. Options of the table's format are added. */
    bool takes_format;
    bool takes_changes; /* The sink accepts updating input. */
    /* Keys usable in METADATA FROM 'key', with their types; ends with a NULL name. */
    const tide_field *metadata;
    /* Checks the options' values against each other; no I/O. Unknown keys were refused already. */
    tide_status (*check)(const tide_table *table, bool as_sink);
    /* Is a read of this table bounded, by its options? */
    bool (*is_bounded)(const tide_table *table);
    /* Lists the splits; may do I/O and block up to its own time limit. */
    tide_status (*discover)(const tide_node *scan, uint32_t parallelism, tide_splits *out);
    const tide_source_vt *source; /* NULL: cannot be read. */
    const tide_sink_vt *sink;     /* NULL: cannot be written. */
} tide_connector;

const tide_connector *tide_connector_find(const char *name); /* NULL if unknown. */
const tide_connector *const *tide_connector_all(uint32_t *n_out);
/* The table's 'connector' option resolved; every option known to it or to its format, and checked.
 * Errors name the nearest key. */
TIDE_MUST_CHECK tide_status tide_connector_of(const tide_table *table, bool as_sink,
                                              const tide_connector **out);

#endif
