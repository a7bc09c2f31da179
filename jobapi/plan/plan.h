/* plan.h - the logical plan: what a job computes, before anyone decides where.
 *
 * A DAG of immutable nodes in the job's arena (a view used twice is two scans of one node: nodes
 * may be shared). Column references in a node's expressions are indexes into its input's schema;
 * nodes with several inputs (UNION ALL) require equal schemas. Built by sql/ and builder/,
 * rewritten by the rules in this folder, read by graph/ and by the operators, which take their
 * parameters from the node. Pure; one thread at a time while it is built, read-only afterwards. */
#ifndef TIDE_JOBAPI_PLAN_PLAN_H
#define TIDE_JOBAPI_PLAN_PLAN_H
#include "base/expr/agg.h"
#include "jobapi/plan/settings.h"
#include "jobapi/plan/table.h"

typedef enum tide_node_kind {
    TIDE_NODE_SCAN,   /* 0 inputs: reads a table. */
    TIDE_NODE_VALUES, /* 0 inputs: literal rows. */
    TIDE_NODE_FILTER,
    TIDE_NODE_PROJECT,
    TIDE_NODE_WATERMARK, /* Assigns event time and watermarks in the middle of a plan (C API). */
    TIDE_NODE_UNION,     /* n inputs, UNION ALL. */
    TIDE_NODE_WINDOW,    /* A windowing function without aggregation: one row per row and window. */
    TIDE_NODE_AGGREGATE, /* Windowed or not; DISTINCT is one without aggregates. */
    TIDE_NODE_PARTIAL,   /* First phase of an aggregate; only in graphs (partial.h). */
    TIDE_NODE_SORT,      /* ORDER BY, LIMIT, OFFSET over bounded input. */
    TIDE_NODE_USER,      /* A C job's map, filter, flat-map or process function. */
    TIDE_NODE_SIDE, /* Side output of a USER node, seen as a stream: an edge, not an operator. */
    TIDE_NODE_SINK, /* Writes a table. No output. */
    TIDE_NODE_KIND_COUNT
} tide_node_kind;

typedef enum tide_window_kind {
    TIDE_WINDOW_NONE,
    TIDE_WINDOW_TUMBLE,
    TIDE_WINDOW_HOP,
    TIDE_WINDOW_CUMULATE,
    TIDE_WINDOW_SESSION,
    TIDE_WINDOW_ATTACHED /* Rows already carry window_start and window_end (a cascade): group by
                            them. */
} tide_window_kind;

/* All times in microseconds. A window is [start, end). */
typedef struct tide_window {
    tide_window_kind kind;
    uint32_t time_column; /* TIMESTAMP or TIMESTAMP_LTZ column of the input that places a row. */
    int64_t size_us;      /* TUMBLE, HOP: length. CUMULATE: longest. SESSION: the gap. */
    int64_t slide_us;     /* HOP: advance. CUMULATE: step. */
    int64_t offset_us;    /* TUMBLE, HOP, CUMULATE. */
    uint32_t start_column, end_column; /* ATTACHED: the input's window columns. */
} tide_window;

typedef struct tide_agg_call {
    tide_agg_kind kind;
    bool distinct;
    int32_t arg;    /* Input column, -1 for count(*). */
    int32_t filter; /* BOOLEAN input column of FILTER (WHERE ...), or -1. */
    tide_type result;
    const char *name;                 /* Of the output column. */
    const struct tide_user_agg *user; /* TIDE_AGG_USER. */
} tide_agg_call;

typedef struct tide_sort_key {
    uint32_t column;
    bool descending, nulls_first;
} tide_sort_key;

typedef struct tide_node tide_node;
struct tide_node {
    tide_node_kind kind;
    uint32_t n_inputs;
    const tide_node *const *inputs;
    tide_schema schema; /* Of the output. */
    int32_t rowtime;    /* Output column that is the event time watermarks speak of, or -1. */
    int32_t window_start, window_end; /* Output columns that carry a window, or -1. */
    int32_t window_time; /* Output column that is a millisecond before window_end, or -1. */
    bool updating;       /* The output has -U/+U/-D changes. */
    bool bounded;        /* The output ends. */
    const char *uid;     /* Set by the user: replaces the derived operator id. NULL otherwise. */
    uint32_t pos;        /* In the SQL text. */
    union {
        struct {
            const tide_table *table;
            uint32_t n_columns; /* Columns read, in output order: indexes into the table's. */
            const uint32_t *columns;
            const tide_expr *filter; /* Pushed-down predicate over the output; NULL none. */
        } scan;
        struct {
            uint32_t n_rows;
            const tide_value *const *rows; /* rows[r][c] */
        } values;
        struct {
            const tide_expr *predicate;
        } filter;
        struct {
            const tide_expr *const *exprs; /* schema.n of them. */
        } project;
        struct {
            const tide_expr *watermark; /* Over the input; `rowtime` says of which column. */
            int64_t idle_timeout_us;    /* 0: never idle. */
        } watermark;
        struct {
            /* Appends window_start, window_end, window_time to the input's columns. */
            tide_window window;
            uint32_t n_keys;      /* SESSION: PARTITION BY, input columns. Such a node is always */
            const uint32_t *keys; /* fused into an aggregate; it is no operator by itself. */
        } window;
        struct {
            uint32_t n_keys;
            const uint32_t *keys; /* Input columns. */
            uint32_t n_aggs;
            const tide_agg_call *aggs;
            tide_window window;     /* kind NONE: un-windowed. */
            const tide_table *late; /* Where late rows go, or NULL: they are only counted. */
            uint32_t n_late;
            const uint32_t *late_columns; /* Input columns that make a row of `late`: one per column
                                           * that a sink writes (tide_table_writes). */
            int64_t ttl_us; /* Un-windowed: idle groups are dropped after this; 0 never. */
            bool final;     /* Un-windowed over bounded input: results at its end, no changes. */
            /* Output: keys, then aggregates, then for windows window_start, window_end and
             * window_time (= end - 1 ms, the output's rowtime), of the time column's type with
             * milliseconds at least. */
        } aggregate;
        struct {
            const tide_node *of; /* The AGGREGATE; both have the same input. */
            tide_schema rows;    /* Of output 1. Output 0 has the rows that are passed on. */
        } partial;
        struct {
            uint32_t n_keys;
            const tide_sort_key *keys;
            int64_t limit, offset; /* limit -1: none. */
        } sort;
        struct {
            const struct tide_user_op *op; /* Callbacks; jobapi/builder. */
            uint32_t n_keys;
            const uint32_t *keys; /* Of a keyed process function. */
        } user;
        struct {
            uint32_t output; /* Of the input, a USER node: from 1. */
        } side;
        struct {
            const tide_table *table;
            bool print; /* A bare SELECT: rows go to the run's output, not to a table. */
        } sink;
    };
};

/* A job: one or more sinks over a shared DAG. */
typedef struct tide_plan {
    tide_arena *arena; /* Owns all nodes, tables and texts. */
    const char *name;
    uint32_t n_sinks;
    const tide_node **sinks;
    uint32_t n_settings;
    tide_option *settings;      /* SET 'k' = 'v', in order. */
    const char *source_text;    /* The SQL, for error carets; NULL for C jobs. */
    const char *source_name;    /* "job.sql", "<stdin>", "-e". */
    bool explain, explain_json; /* EXPLAIN: the plan is to be shown, not run. */
    bool bounded;               /* Every source ends. Set by tide_plan_set_mode. */
    bool batch; /* Batch execution: final results only. Set by tide_plan_set_mode. */
} tide_plan;

tide_plan *tide_plan_new(void);
void tide_plan_free(tide_plan **self_p);
void tide_plan_add_sink(tide_plan *self, const tide_node *sink);

/* Streaming or batch execution: AUTOMATIC is batch when every source is bounded. In batch, and
 * below a sort, un-windowed aggregates become final. Returns TIDE_E_INVALID when batch is asked of
 * a source that does not end. Call once, before _optimize. */
TIDE_MUST_CHECK tide_status tide_plan_set_mode(tide_plan *self, tide_run_mode mode);
/* Runs every rewrite rule until nothing changes. The rows that reach the sinks stay the same. */
TIDE_MUST_CHECK tide_status tide_plan_optimize(tide_plan *self);
/* The plan as an indented tree, one line per node, inputs below; a node with several consumers is
 * printed once and then referred to. Allocated with tide_malloc for the caller. */
char *tide_plan_print(const tide_plan *self);
/* One node as a line without its inputs: "filter user_id > 0". In the arena. */
const char *tide_node_print(tide_arena *arena, const tide_node *node);
const char *tide_node_kind_name(tide_node_kind kind); /* "scan" */
/* "tumble(10 s)", "session(30 min)"; NULL when the kind is NONE. In the arena. */
const char *tide_window_print(tide_arena *arena, const tide_window *window,
                              const tide_schema *input);

#endif
