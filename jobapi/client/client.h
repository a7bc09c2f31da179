/* client.h - jobs on a cluster, from outside: submit, look, wait, cancel, over a master's REST API.
 *
 * Knows several masters: the next is tried when one cannot be reached, and a standby's redirect to
 * the leader is followed. Every call may be repeated without harm (a submission carries its job's
 * id), so a call goes on until it was answered or its time limit passed. Blocks. Owner: one thread.
 * Failures have the status that the master named, its text and what to do. */
#ifndef TIDE_JOBAPI_CLIENT_CLIENT_H
#define TIDE_JOBAPI_CLIENT_CLIENT_H
#include "base/core/clock.h"
#include "jobapi/proto/proto.h"

#define TIDE_CLIENT_MASTERS_MAX 8u
#define TIDE_CLIENT_CONNECT_MS 2000
#define TIDE_CLIENT_CALL_MS 10000    /* Until some master answered. */
#define TIDE_CLIENT_UPLOAD_MS 300000 /* The same, for a library. */
#define TIDE_CLIENT_ID_BYTES 17      /* 16 hex digits and a NUL. */

typedef struct tide_client tide_client;

typedef struct tide_client_config {
    const char *masters; /* "http://host:8081", more separated by commas; the scheme may lack. */
    const char *token;   /* NULL: none. */
    tide_clock *clock;
    uint64_t random_seed; /* For job ids. */
} tide_client_config;

/* Connects to nobody yet. TIDE_E_INVALID: masters does not read. */
TIDE_MUST_CHECK tide_status tide_client_new(const tide_client_config *config, tide_client **out);
void tide_client_free(tide_client **self_p);
tide_clock *tide_client_clock(const tide_client *self);

typedef struct tide_client_call {
    const char *method; /* NULL: "GET" */
    const char *path;   /* "/jobs/1f?mode=cancel" */
    const char *content_type, *body, *body_file;
    size_t n;
    int64_t timeout_ms; /* 0: TIDE_CLIENT_CALL_MS. */
} tide_client_call;

/* The body of a successful answer is appended to *out. TIDE_E_UNREACHABLE: no master could be
 * reached in time; TIDE_E_TIMEOUT: one was, and did not answer; else what the master says. */
TIDE_MUST_CHECK tide_status tide_client_perform(tide_client *self, const tide_client_call *call,
                                                tide_bytes *out);

/* Uploads a C job's library, unless the master has it. artifact gets its checksum. */
TIDE_MUST_CHECK tide_status tide_client_upload(tide_client *self, const char *path,
                                               char artifact[TIDE_CLIENT_ID_BYTES]);
/* The job is on the cluster when it returns; job gets its id. */
TIDE_MUST_CHECK tide_status tide_client_submit(tide_client *self, const tide_job_spec *spec,
                                               char job[TIDE_CLIENT_ID_BYTES]);
TIDE_MUST_CHECK tide_status tide_client_cancel(tide_client *self, const char *job);
TIDE_MUST_CHECK tide_status tide_client_stop(tide_client *self, const char *job);

typedef struct tide_client_state {
    char state[16];        /* "RUNNING" */
    bool is_final;         /* FINISHED, CANCELED, FAILED, SUSPENDED. */
    char why_waiting[512]; /* "" */
    char failure[TIDE_ERROR_TEXT_MAX];
} tide_client_state;
TIDE_MUST_CHECK tide_status tide_client_job_state(tide_client *self, const char *job,
                                                  tide_client_state *out);

/* Waits until the job is in the state `wanted` (NULL: in any final one) and returns TIDE_OK with
 * *out. When it ends otherwise: TIDE_E_REFUSED, or for a failed job the job's own failure as
 * TIDE_E_USER_CODE. TIDE_E_TIMEOUT; *out is then the last that was seen. TIDE_E_INVALID: no such
 * state. `interrupted` (may be NULL) is asked between looks: true ends with TIDE_E_CANCELLED. */
TIDE_MUST_CHECK tide_status tide_client_wait(tide_client *self, const char *job, const char *wanted,
                                             int64_t timeout_ms, bool (*interrupted)(void),
                                             tide_client_state *out);

/* Time passes until ms went by, or a signal came. */
void tide_client_pause(int64_t ms);

#endif
