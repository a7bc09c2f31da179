/* output.h - the run's output: where `print` tables and bare SELECTs write their rows.
 *
 * An output owns a buffer and, for a file descriptor, the thread that empties it: putting never
 * blocks. Any number of sinks on any threads may share one; their chunks do not mix. A chunk is
 * whole rows. When the reader of a pipe goes away every later put fails with TIDE_E_PIPE_CLOSED. */
#ifndef TIDE_WORKER_CONNECTOR_PRINT_OUTPUT_H
#define TIDE_WORKER_CONNECTOR_PRINT_OUTPUT_H
#include "base/core/bytes.h"
#include "base/core/status.h"
#include "base/thread/waker.h"

typedef enum tide_output_format {
    TIDE_OUTPUT_TABLE, /* Aligned columns under a header, a row count at the end. */
    TIDE_OUTPUT_CSV,   /* With a header line. */
    TIDE_OUTPUT_JSON,  /* One array of objects. */
    TIDE_OUTPUT_JSONL  /* One object a line. */
} tide_output_format;

typedef struct tide_output tide_output;

typedef enum tide_output_result {
    TIDE_OUTPUT_DONE,
    TIDE_OUTPUT_AGAIN, /* The buffer is full (put) or not yet empty (drain): the waker is woken. */
    TIDE_OUTPUT_FAILED /* The error chain says why. */
} tide_output_result;

/* Rows go to fd, which stays the caller's. changelog: rows carry their change in a column "op";
 * without it updating results are collected and printed once, when their input ends. */
tide_output *tide_output_new(int fd, tide_output_format format, bool changelog);
/* Rows are appended to *into, which stays the caller's: for tests and for embedding. */
tide_output *tide_output_new_memory(tide_bytes *into, tide_output_format format, bool changelog);
/* Waits until what was put is written, or cannot be. */
void tide_output_free(tide_output **self_p);

tide_output_format tide_output_format_of(const tide_output *self);
bool tide_output_has_changelog(const tide_output *self);
/* Rows written so far, for the progress line. Any thread. */
uint64_t tide_output_rows(const tide_output *self);

/* A sink announces itself, and later that it has put its last row: `complete`, or because the
 * job failed. The last to leave closes what the format opened (the array of JSON), if all were
 * complete. */
void tide_output_enter(tide_output *self);
void tide_output_leave(tide_output *self, bool complete);
/* A sink with that waker, which may be about to go, waits no more; another one with it is woken. */
void tide_output_forget(tide_output *self, tide_waker *waker);
/* True once for each name: the caller then puts the header of that table. */
bool tide_output_claim_header(tide_output *self, const char *name);

/* Takes over a copy of a chunk of n_rows rows; those of JSON joined by ",\n". AGAIN took
 * nothing. */
tide_output_result tide_output_put(tide_output *self, tide_waker *waker, const char *bytes,
                                   size_t n, uint64_t n_rows);
/* DONE: everything put so far is written. */
tide_output_result tide_output_drain(tide_output *self, tide_waker *waker);

#endif
