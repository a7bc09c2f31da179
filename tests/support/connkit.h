/* connkit.h - drives one source or sink by hand, as a task would: declared tables, an injected
 * clock, rows as lines of text.
 *
 * A row's text is its values joined by '|', NULL as "NULL"; changes other than +I put "-U|" and
 * so on in front. Failures to declare a table end the test. One thread. */
#ifndef TIDE_TESTS_SUPPORT_CONNKIT_H
#define TIDE_TESTS_SUPPORT_CONNKIT_H
#include "base/core/bytes.h"
#include "worker/connector/connector.h"

#define TIDE_CONNKIT_COLUMNS_MAX 32

/* What a test has of its own. */
typedef struct tide_connkit_home {
    tide_arena *arena;
    tide_pool *pool;
    tide_waker *waker;
} tide_connkit_home;

/* For cmocka: not 0 when a batch or buffer did not come back to the pool. */
int tide_connkit_set_up(void **state);
int tide_connkit_tear_down(void **state);

/* A table out of "id BIGINT, at TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL" and key, value,
 * ..., NULL. */
tide_table *tide_connkit_table(tide_arena *arena, const char *columns, const char *const *options);
/* A scan of the named columns ("id,at"; NULL: all). */
tide_node *tide_connkit_scan(tide_arena *arena, const tide_table *table, const char *names);
/* The types of the table's columns as a batch's. Returns their number. */
uint32_t tide_connkit_types(const tide_table *table, tide_type *types);

/* One subtask's source. */
typedef struct tide_connkit_source {
    const tide_connector *connector;
    tide_source_args args;
    tide_splits splits;
    const tide_split *mine[64];
    tide_op_counters counters;
    int64_t now_ns, wall_us;
    void *self;
    uint64_t rows, batches;
    uint32_t n_split_ends, n_idle;
} tide_connkit_source;

/* Checks the table, discovers with `parallelism`, opens subtask `subtask` (splits i with i %
 * parallelism == subtask). pool and waker stay the caller's. */
TIDE_MUST_CHECK tide_status tide_connkit_source_open(tide_connkit_source *self, tide_pool *pool,
                                                     tide_waker *waker, const tide_node *scan,
                                                     uint32_t subtask, uint32_t parallelism,
                                                     uint32_t batch_rows_max);
/* Polls until the end, or `rows_max` more rows, or all splits idle, or until timeout_ms of real
 * time with nothing; appends a line per row to *lines (may be NULL). Returns the last result. */
tide_source_result tide_connkit_source_run(tide_connkit_source *self, uint64_t rows_max,
                                           int64_t timeout_ms, tide_bytes *lines);
void tide_connkit_source_close(tide_connkit_source *self);

/* One subtask's sink. */
typedef struct tide_connkit_sink {
    const tide_connector *connector;
    tide_sink_args args;
    tide_schema schema;
    tide_op_counters counters;
    int64_t now_ns, wall_us;
    void *self;
} tide_connkit_sink;

TIDE_MUST_CHECK tide_status tide_connkit_sink_open(tide_connkit_sink *self, tide_arena *arena,
                                                   tide_pool *pool, tide_waker *waker,
                                                   const tide_table *table,
                                                   struct tide_output *output, bool updating);
/* Writes the batch, waiting out AGAIN. */
tide_sink_result tide_connkit_sink_write(tide_connkit_sink *self, tide_batch **batch_p);
/* Waits out AGAIN of finish. */
tide_sink_result tide_connkit_sink_finish(tide_connkit_sink *self);
void tide_connkit_sink_close(tide_connkit_sink *self);

/* A batch out of lines as above. */
tide_batch *tide_connkit_batch(tide_pool *pool, const tide_type *types, uint32_t n_types,
                               const char *lines);
/* Appends the batch's rows as lines. */
void tide_connkit_print(const tide_batch *batch, tide_bytes *lines);

#endif
