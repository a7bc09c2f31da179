/* tidemill/client.h - a program that submits jobs to a cluster, waits for them and ends them.
 *
 *     tide_cluster *cluster = tide_cluster_connect("http://master:8081", NULL);
 *     char job[TIDE_JOB_ID_BYTES];
 *     if (tide_cluster_submit_sql(cluster, sql, NULL, job) || tide_cluster_wait(cluster, job, NULL,
 * -1)) fprintf(stderr, "%s\n", tide_cluster_error(cluster)); tide_cluster_close(&cluster);
 *
 * Calls block, and return 0 or one of the codes below, which are the exit codes of the command
 * `tidemill`. Any of several masters may be named: the next is tried, and a standby's word who
 * leads is followed. One thread at a time per connection. */
#ifndef TIDEMILL_CLIENT_H
#define TIDEMILL_CLIENT_H
#include "tidemill/job.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

typedef enum tide_result {
    TIDE_DONE = 0,
    TIDE_JOB_FAILED = 1, /* And what is nobody's in particular. */
    TIDE_BAD_ARGUMENT = 2,
    TIDE_BAD_JOB = 3,     /* Its text or plan: syntax, names, types, options. */
    TIDE_UNREACHABLE = 4, /* No master, in ten seconds. */
    TIDE_TIMED_OUT = 5,
    TIDE_NOT_FOUND = 6,
    TIDE_REFUSED = 7 /* By the cluster, or the job ended otherwise than was waited for. */
} tide_result;

#define TIDE_JOB_ID_BYTES 17 /* 16 hex digits and a NUL. */

typedef struct tide_cluster tide_cluster;

/* masters: "http://host:8081", more separated by commas; NULL: $TIDEMILL_MASTER, else
 * http://127.0.0.1:8081. token: NULL when the cluster asks for none. Connects to nobody yet. Never
 * NULL: what is wrong is told by the first call. */
tide_cluster *tide_cluster_connect(const char *masters, const char *token);
void tide_cluster_close(tide_cluster **self_p);
/* Why the last call did not return 0. Valid until the next. */
const char *tide_cluster_error(const tide_cluster *self);

/* How a job is submitted; zero or NULL members take the default. */
typedef struct tide_submission {
    size_t size;
    const char *name;
    uint32_t parallelism;
    const char *const *settings; /* "key=value", as behind -D. */
    uint32_t n_settings;
} tide_submission;

/* The job is planned in this process, so mistakes in it are answered here. job gets its id. */
int tide_cluster_submit_sql(tide_cluster *self, const char *sql, const tide_submission *how,
                            char job[TIDE_JOB_ID_BYTES]);
/* A C job's library: its function runs here once, with argv behind the library's name, to make the
 * plan. A program's own job function can be submitted when it is in a library: TIDE_JOB exports it,
 * and `path` is that library's. */
int tide_cluster_submit_library(tide_cluster *self, const char *path, int argc, char **argv,
                                const tide_submission *how, char job[TIDE_JOB_ID_BYTES]);

/* Until the job is in the state ("RUNNING", ...); NULL: until it has ended well. timeout_ms < 0: no
 * limit. */
int tide_cluster_wait(tide_cluster *self, const char *job, const char *state, int64_t timeout_ms);
int tide_cluster_cancel(tide_cluster *self, const char *job); /* Now. */
int tide_cluster_stop(tide_cluster *self, const char *job);   /* Cleanly. */
/* "RUNNING" and so on; NULL on failure. Valid until the next call. */
const char *tide_cluster_state(tide_cluster *self, const char *job);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
