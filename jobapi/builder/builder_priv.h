/* builder_priv.h - what lies behind the handles of tidemill/job.h. */
#ifndef TIDE_JOBAPI_BUILDER_BUILDER_PRIV_H
#define TIDE_JOBAPI_BUILDER_BUILDER_PRIV_H
#include "jobapi/plan/node.h"
#include "jobapi/plan/user_op.h"
#include "jobapi/sql/session.h"

struct tide_jobdef {
    tide_sql_session *sql;
    tide_arena *arena;  /* The plan's. */
    tide_status status; /* Of the first error. */
    const char *error;
    const char *name;
    uint32_t n_temporary; /* Streams that were given a name for a moment. */
};

struct tide_stream {
    tide_jobdef *job;
    const tide_node *node;
};

struct tide_keyed {
    tide_jobdef *job;
    const tide_node *node;
    uint32_t n_keys;
    const uint32_t *keys;
};

/* Keeps the newest failure as the job's error, unless it has one. Returns NULL for callers that
 * return a handle. */
void *tide_jobdef_failed(tide_jobdef *job, tide_status code);
/* May the call go on? False when the job has failed or an argument is NULL. */
bool tide_jobdef_ready(tide_jobdef *job, const void *argument, const char *what);
tide_stream *tide_jobdef_stream(tide_jobdef *job, const tide_node *node);
/* Index of a column by name; TIDE_E_BIND with the nearest. */
TIDE_MUST_CHECK tide_status tide_jobdef_column(const tide_node *node, const char *name,
                                               uint32_t *out);
/* A schema from definitions; NULL definitions stand for the input's. */
TIDE_MUST_CHECK tide_status tide_jobdef_schema(tide_jobdef *job, const tide_column_def *columns,
                                               uint32_t n, const tide_schema *input,
                                               tide_schema *out);
/* Copies a definition of `size` bytes by its caller's count into one of `full` bytes, rest zero.
 * Fails when the caller's struct is larger than ours and has something there. */
TIDE_MUST_CHECK tide_status tide_jobdef_copy(void *to, size_t full, const void *from, size_t size,
                                             const char *what);

#endif
