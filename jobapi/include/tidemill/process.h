/* tidemill/process.h - what callbacks of a C job see: rows, columns, an output, keyed state and
 * timers.
 *
 * Rows, batches, collectors and contexts are valid only during the callback that got them.
 * Everything here must be called on the thread of that callback. Column numbers count from 0;
 * reading a column as another type than it has fails the job with a clear text (the value returned
 * is then 0). */
#ifndef TIDEMILL_PROCESS_H
#define TIDEMILL_PROCESS_H
#include "tidemill/job.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Why the callback is about to fail; the text reaches the job's error. printf format. */
void tide_fail_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- rows ---- */
typedef struct tide_row tide_row;
typedef struct tide_text {
    const char *ptr; /* Not NUL-terminated. */
    uint32_t len;
} tide_text;

bool tide_row_is_null(const tide_row *row, uint32_t column);
bool tide_row_bool(const tide_row *row, uint32_t column);
int64_t tide_row_i64(const tide_row *row, uint32_t column); /* Integers, DATE (days), TIME and
                                                             * TIMESTAMP (microseconds). */
double tide_row_f64(const tide_row *row, uint32_t column);
__int128 tide_row_decimal(const tide_row *row, uint32_t column); /* Times 10^scale. */
tide_text tide_row_text(const tide_row *row, uint32_t column);   /* STRING and BYTES. */

/* ---- batches: columns as arrays ---- */
typedef struct tide_rows tide_rows;
uint32_t tide_rows_count(const tide_rows *rows);
/* Row i as a row, for what is not worth an array. */
const tide_row *tide_rows_row(const tide_rows *rows, uint32_t i);
/* The values of a column as a dense array of its type's width (1, 2, 4, 8, 16 bytes); NULL entries
 * are undefined. tide_rows_valid: bit i of word i / 64 says that row i is not NULL; returns NULL
 * when none is. */
const void *tide_rows_values(const tide_rows *rows, uint32_t column);
const uint64_t *tide_rows_valid(const tide_rows *rows, uint32_t column);
tide_text tide_rows_text(const tide_rows *rows, uint32_t column, uint32_t i);

/* ---- output ---- */
typedef struct tide_collector tide_collector;
/* Sets a column of the row being made; columns not set are NULL. A value that the column's type
 * cannot hold (a number or time out of range, a STRING that is no UTF-8) fails the job. */
void tide_put_null(tide_collector *out, uint32_t column);
void tide_put_bool(tide_collector *out, uint32_t column, bool value);
void tide_put_i64(tide_collector *out, uint32_t column, int64_t value);
void tide_put_f64(tide_collector *out, uint32_t column, double value);
void tide_put_decimal(tide_collector *out, uint32_t column, __int128 value);
void tide_put_text(tide_collector *out, uint32_t column, const char *ptr, size_t len);
/* The same value as an input row's column. */
void tide_put_copy(tide_collector *out, uint32_t column, const tide_row *row, uint32_t from);
void tide_emit(tide_collector *out); /* The row is done; a new one begins. */
void tide_emit_row(tide_collector *out, const tide_row *row); /* An input row as it is. */
/* Whole columns at once: n values of the column's type to be written by the caller (not for STRING
 * and BYTES), or input column `from` as it is, without a copy (n is then the batch's count). Every
 * column of the batch has the same n; columns not given are NULL. Then tide_emit_rows. Values
 * written this way are taken as they are. */
void *tide_out_values(tide_collector *out, uint32_t column, uint32_t n);
/* Bit i of word i / 64 says that row i of a column begun by tide_out_values is not NULL; all ones
 * at first. */
uint64_t *tide_out_valid(tide_collector *out, uint32_t column);
void tide_out_share(tide_collector *out, uint32_t column, const tide_rows *rows, uint32_t from);
void tide_emit_rows(tide_collector *out);
/* A side output's collector; number from 1. */
tide_collector *tide_side(tide_collector *out, uint32_t number);

/* ---- keyed process functions ---- */
typedef struct tide_context tide_context;

typedef enum tide_state_kind { TIDE_STATE_VALUE, TIDE_STATE_LIST, TIDE_STATE_MAP } tide_state_kind;

/* One named state per key. Bytes are the caller's own; ttl_ms 0: kept until cleared. */
typedef struct tide_state_def {
    const char *name;
    tide_state_kind kind;
    int64_t ttl_ms; /* Since the last write, by processing time. */
} tide_state_def;

typedef struct tide_process_def {
    size_t size;
    const char *name, *uid;
    const tide_column_def *columns; /* Of the output. */
    uint32_t n_columns;
    const tide_state_def *states; /* States are numbered by their place here. */
    uint32_t n_states;
    void *arg;
    void *(*open)(void *arg, uint32_t subtask, uint32_t parallelism);
    void (*close)(void *opened);
    int (*on_row)(void *opened, const tide_row *row, tide_context *ctx, tide_collector *out);
    /* A timer of the current key is due. `time_us` is what it was set for. */
    int (*on_event_timer)(void *opened, int64_t time_us, tide_context *ctx, tide_collector *out);
    int (*on_processing_timer)(void *opened, int64_t time_us, tide_context *ctx,
                               tide_collector *out);
    uint32_t n_sides;
    const tide_column_def *const *side_columns;
    const uint32_t *n_side_columns;
} tide_process_def;

/* The current key: its columns in key_by's order, also inside timers. */
const tide_row *tide_context_key(tide_context *ctx);
int64_t tide_context_watermark_us(tide_context *ctx);       /* INT64_MIN before the first. */
int64_t tide_context_processing_time_us(tide_context *ctx); /* UTC. */

/* Timers of the current key; the same time set twice is one timer. A time not after the watermark
 * fires with the next watermark. Event timers fire when the watermark reaches them, in order of
 * time. */
void tide_timer_event(tide_context *ctx, int64_t time_us);
void tide_timer_processing(tide_context *ctx, int64_t time_us);
void tide_timer_event_delete(tide_context *ctx, int64_t time_us);
void tide_timer_processing_delete(tide_context *ctx, int64_t time_us);

/* State `n` of the current key. Pointers returned are valid until the next state call; they may be
 * unaligned for types wider than 8 bytes. */
const void *tide_value_get(tide_context *ctx, uint32_t n, size_t *bytes); /* NULL: no value. */
void tide_value_put(tide_context *ctx, uint32_t n, const void *ptr, size_t bytes);
void tide_state_clear(tide_context *ctx, uint32_t n); /* Any kind. */

void tide_list_add(tide_context *ctx, uint32_t n, const void *ptr, size_t bytes);
uint32_t tide_list_count(tide_context *ctx, uint32_t n);
const void *tide_list_get(tide_context *ctx, uint32_t n, uint32_t i, size_t *bytes);

const void *tide_map_get(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes,
                         size_t *bytes); /* NULL: not there. */
void tide_map_put(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes, const void *ptr,
                  size_t bytes);
bool tide_map_remove(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes);
/* Calls visit for every entry, in order of the keys' bytes; visit returns not 0 to end. No state
 * call inside visit. */
void tide_map_each(tide_context *ctx, uint32_t n,
                   int (*visit)(void *arg, const void *key, size_t key_bytes, const void *ptr,
                                size_t bytes),
                   void *arg);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
