/* tidemill/job.h - writing a job in C.
 *
 * A C job is a shared library whose TIDE_JOB function builds streams and attaches callbacks:
 *
 *     static int ad_sessions(tide_jobdef *job, int argc, char **argv)
 *     {
 *         tide_job_sql(job, "CREATE TABLE ad_clicks (...) WITH ('connector' = 'filesystem', ...)");
 *         tide_stream *clicks = tide_job_from(job, "ad_clicks");
 *         ...
 *         return tide_job_status(job);
 *     }
 *     TIDE_JOB(ad_sessions)
 *
 * The function is deterministic: it runs with the same arguments wherever the plan or the callbacks
 * are needed (the submitter, every runner), and must build the same job each time. It therefore
 * reads no clock, no random numbers and no files. What a subtask needs at run time is made in its
 * `open` callback.
 *
 * Errors: building never crashes on a wrong argument. The first error is remembered with its text,
 * later calls on the same job do nothing and return NULL, and tide_job_status tells. Handles belong
 * to the job; texts and arrays passed in are copied, callback structs too. Public structs begin
 * with their size: set it with TIDE_SIZED, zero the rest. One thread.
 *
 * Build:  cc -shared -fPIC -o libmy_job.so my_job.c $(pkg-config --cflags --libs tidemill)
 * Run:    tidemill run ./libmy_job.so [-- arguments] */
#ifndef TIDEMILL_JOB_H
#define TIDEMILL_JOB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* The same major version, and a minor version not above the engine's, is compatible. */
#define TIDE_ABI_MAJOR 1
#define TIDE_ABI_MINOR 0

typedef struct tide_abi {
    uint32_t size, major, minor;
} tide_abi;

#define TIDE_EXPORT __attribute__((visibility("default")))
/* Exports the job's entry point and the version of these headers. Once per library. */
#define TIDE_JOB(function)                                                                         \
    TIDE_EXPORT const tide_abi tide_job_abi = { sizeof(tide_abi), TIDE_ABI_MAJOR,                  \
                                                TIDE_ABI_MINOR };                                  \
    TIDE_EXPORT int tide_job_main(tide_jobdef *tide_job_, int tide_argc_, char **tide_argv_)       \
    {                                                                                              \
        return function(tide_job_, tide_argc_, tide_argv_);                                        \
    }
/* First member of an initialiser: { TIDE_SIZED(tide_process_def), .name = ... } */
#define TIDE_SIZED(type) .size = sizeof(type)

typedef struct tide_jobdef tide_jobdef;
typedef struct tide_stream tide_stream; /* Rows of one schema. */
typedef struct tide_keyed tide_keyed;   /* A stream with the columns that partition it. */

TIDE_EXPORT int tide_job_main(tide_jobdef *job, int argc, char **argv);

/* ---- the job ---- */
void tide_job_name(tide_jobdef *job, const char *name);
/* As SET 'key' = 'value'. */
void tide_job_set(tide_jobdef *job, const char *key, const char *value);
/* 0 when everything so far is right; return it from the TIDE_JOB function. */
int tide_job_status(const tide_jobdef *job);
const char *tide_job_error(const tide_jobdef *job); /* "" when there is none. */
/* Makes the job fail with this text: for wrong arguments. printf format. */
void tide_job_fail(tide_jobdef *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- SQL inside a C job ---- */
/* Any statements: CREATE TABLE and VIEW declare, INSERT INTO adds a sink. Names of streams
 * registered before are known as views. */
void tide_job_sql(tide_jobdef *job, const char *statements);
/* One query as a stream. */
tide_stream *tide_job_query(tide_jobdef *job, const char *select);
/* Makes a stream known to later SQL under this name. */
void tide_job_register(tide_jobdef *job, const char *name, tide_stream *stream);

/* ---- sources and sinks: tables that SQL declared ---- */
tide_stream *tide_job_from(tide_jobdef *job, const char *table);
void tide_stream_to(tide_stream *stream, const char *table); /* Columns by position. */
void tide_stream_print(tide_stream *stream);                 /* As a bare SELECT. */

/* ---- schemas ---- */
/* Type as SQL writes it: "BIGINT", "TIMESTAMP(3)", "STRING". */
typedef struct tide_column_def {
    const char *name, *type;
} tide_column_def;
/* Index of a column by name, for use in callbacks; -1 and an error of the job if there is none. */
int tide_stream_column(tide_stream *stream, const char *name);
uint32_t tide_stream_columns(const tide_stream *stream);

/* ---- stateless steps ---- */
/* Both as SQL texts: exprs like "upper(name) AS name"; the input's columns are visible. */
tide_stream *tide_stream_select(tide_stream *stream, const char *exprs);
tide_stream *tide_stream_where(tide_stream *stream, const char *predicate);
tide_stream *tide_stream_union(tide_stream *const *streams, uint32_t n);
/* Event time and watermarks from a TIMESTAMP column: highest seen minus delay. */
tide_stream *tide_stream_watermark(tide_stream *stream, const char *column, int64_t delay_ms);

struct tide_row; /* process.h */
struct tide_rows;
struct tide_collector;

/* A step with callbacks. Exactly one of on_row and on_rows. `arg` is passed to every callback; open
 * may replace it per subtask (return NULL to fail, after tide_fail_text), close gets what open
 * returned. Callbacks run on the subtask's thread, one at a time. */
typedef struct tide_map_def {
    size_t size;
    const char *name;               /* For people, and part of the operator's id. */
    const char *uid;                /* Replaces the derived operator id; may be NULL. */
    const tide_column_def *columns; /* Of the output; NULL: the input's. */
    uint32_t n_columns;
    void *arg;
    void *(*open)(void *arg, uint32_t subtask, uint32_t parallelism);
    void (*close)(void *opened);
    /* One call per row: emits any number of rows. Returns 0, or not 0 to fail (tide_fail_text says
     * why). */
    int (*on_row)(void *opened, const struct tide_row *row, struct tide_collector *out);
    /* One call per batch: columns as arrays. */
    int (*on_rows)(void *opened, const struct tide_rows *rows, struct tide_collector *out);
    /* Further outputs by number 1..n_sides, each with a schema: tide_stream_side takes them up. */
    uint32_t n_sides;
    const tide_column_def *const *side_columns;
    const uint32_t *n_side_columns;
} tide_map_def;
tide_stream *tide_stream_map(tide_stream *stream, const tide_map_def *def);
/* Keeps the rows for which keep is true: per row, or a whole batch by writing keep[i] = 0 or 1. */
typedef struct tide_filter_def {
    size_t size;
    const char *name, *uid;
    void *arg;
    void *(*open)(void *arg, uint32_t subtask, uint32_t parallelism);
    void (*close)(void *opened);
    bool (*keep_row)(void *opened, const struct tide_row *row);
    void (*keep_rows)(void *opened, const struct tide_rows *rows, uint8_t *keep);
} tide_filter_def;
tide_stream *tide_stream_filter(tide_stream *stream, const tide_filter_def *def);
/* Side output `number` (from 1) of a map or process step. */
tide_stream *tide_stream_side(tide_stream *stream, uint32_t number);

/* ---- keys and windows ---- */
/* Columns by name. */
tide_keyed *tide_stream_key_by(tide_stream *stream, const char *const *columns, uint32_t n);
#define TIDE_KEY_BY(stream, ...)                                                                   \
    tide_stream_key_by((stream), (const char *const[]){ __VA_ARGS__ },                             \
                       sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

typedef enum tide_window_type {
    TIDE_TUMBLING,
    TIDE_HOPPING,
    TIDE_CUMULATING,
    TIDE_SESSIONS
} tide_window_type;

/* An aggregate function in C. State begins as zeros. */
typedef struct tide_aggregate_fn {
    size_t size;
    const char *name;
    uint32_t state_bytes;
    void (*add)(void *arg, void *state, const struct tide_row *row);
    void (*merge)(void *arg, void *into, const void *from); /* Panes and sessions that fuse. */
    void (*result)(void *arg, const void *state, struct tide_collector *out, uint32_t column);
    void *arg;
} tide_aggregate_fn;

/* One result column: a built-in by name ("count", "sum", "min", "max", "avg", "count distinct")
 * over an input column (NULL for count(*)), or `fn` with the SQL type of its result. */
typedef struct tide_aggregate_def {
    const char *function, *column, *as;
    const tide_aggregate_fn *fn;
    const char *fn_type;
} tide_aggregate_def;

typedef struct tide_window_def {
    size_t size;
    tide_window_type type;
    const char *time_column;
    int64_t length_ms; /* TUMBLING, HOPPING; longest of CUMULATING; the gap of SESSIONS. */
    int64_t slide_ms;  /* HOPPING, CUMULATING. */
    int64_t offset_ms;
    const char *late_table; /* Where late rows go; NULL: they are counted. */
    const tide_aggregate_def *aggregates;
    uint32_t n_aggregates;
    const char *uid;
} tide_window_def;
/* Output: the keys, the aggregates, window_start, window_end, window_time. */
tide_stream *tide_keyed_window(tide_keyed *keyed, const tide_window_def *def);

struct tide_process_def; /* process.h */
tide_stream *tide_keyed_process(tide_keyed *keyed, const struct tide_process_def *def);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
