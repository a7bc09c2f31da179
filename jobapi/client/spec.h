/* spec.h - what is submitted: everything that any process needs to plan the job again.
 *
 * The text of SQL, or the checksum of a library with its arguments; the settings around the job's
 * own; and what the control plane, which never plans, must know of the graph. Pure; any thread. */
#ifndef TIDE_JOBAPI_CLIENT_SPEC_H
#define TIDE_JOBAPI_CLIENT_SPEC_H
#include "jobapi/graph/graph.h"
#include "jobapi/proto/proto.h"

/* What a job was planned from. Borrowed by the spec. */
typedef struct tide_spec_source {
    const char *name;          /* When the job gives itself none. */
    const char *artifact_name; /* A library's file name, argv[0] of its main; NULL: SQL. */
    const char *artifact;      /* A library's checksum. */
    const char *const *args;   /* Of a library, without its own name. */
    uint32_t n_args;
    const char *folder; /* The submitter's working folder: where relative paths begin. */
    const tide_option *below, *above; /* Settings below and above the job's SETs. */
    uint32_t n_below, n_above;
} tide_spec_source;

/* *out borrows from the graph, its plan, the source and the arena. */
void tide_spec_of(const tide_graph *graph, const tide_spec_source *source, tide_arena *arena,
                  tide_job_spec *out);

#endif
