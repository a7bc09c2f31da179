/* jobdef.c - a job under construction: errors, SQL, sources and sinks. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"
#include "base/core/nearest.h"
#include "jobapi/builder/builder.h"
#include "jobapi/builder/builder_priv.h"

/* ---- shared with the other files of this folder ---- */
void *tide_jobdef_failed(tide_jobdef *job, tide_status code)
{
    if (job->status == TIDE_OK) {
        job->status = code;
        job->error = tide_arena_strdup(job->arena, tide_error_text());
    }
    return NULL;
}

bool tide_jobdef_ready(tide_jobdef *job, const void *argument, const char *what)
{
    if (job->status != TIDE_OK) return false;
    if (argument) return true;
    tide_jobdef_failed(job, tide_fail(TIDE_E_INVALID, "%s is NULL", what));
    return false;
}

tide_stream *tide_jobdef_stream(tide_jobdef *job, const tide_node *node)
{
    tide_stream *stream = TIDE_NEW(job->arena, tide_stream);
    *stream = (tide_stream){ .job = job, .node = node };
    return stream;
}

tide_status tide_jobdef_column(const tide_node *node, const char *name, uint32_t *out)
{
    const tide_schema *schema = &node->schema;
    for (*out = 0; name && *out < schema->n; ++*out)
        if (strcmp(schema->fields[*out].name, name) == 0) return TIDE_OK;
    if (name == NULL) return tide_fail(TIDE_E_INVALID, "a column name is NULL");
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (uint32_t i = 0; i < schema->n; i++) tide_nearest_try(&near, schema->fields[i].name);
    const char *nearest = tide_nearest_best(&near);
    if (nearest)
        return tide_fail(TIDE_E_BIND, "unknown column %s, did you mean %s?", name, nearest);
    return tide_fail(TIDE_E_BIND, "unknown column %s", name);
}

tide_status tide_jobdef_schema(tide_jobdef *job, const tide_column_def *columns, uint32_t n,
                               const tide_schema *input, tide_schema *out)
{
    if (columns == NULL && input) {
        *out = *input;
        return TIDE_OK;
    }
    if (columns == NULL) return tide_fail(TIDE_E_INVALID, "an output without columns");
    *out = (tide_schema){ n, TIDE_NEW_N(job->arena, tide_field, n) };
    for (uint32_t i = 0; i < n; i++) {
        if (columns[i].name == NULL || columns[i].type == NULL)
            return tide_fail(TIDE_E_INVALID, "output column %u has no name or no type", i);
        out->fields[i].name = tide_arena_strdup(job->arena, columns[i].name);
        TIDE_TRY(tide_type_parse(columns[i].type, &out->fields[i].type));
    }
    return TIDE_OK;
}

tide_status tide_jobdef_copy(void *to, size_t full, const void *from, size_t size, const char *what)
{
    if (size < sizeof(size_t))
        return tide_fail(TIDE_E_INVALID, "%s: its size is not set (TIDE_SIZED)", what);
    const char *bytes = from;
    for (size_t i = full; i < size; i++)
        if (bytes[i])
            return tide_fail(TIDE_E_ABI, "%s uses a member that this tidemill does not know", what);
    memset(to, 0, full);
    memcpy(to, from, size < full ? size : full);
    return TIDE_OK;
}

/* ---- tidemill/job.h ---- */
int tide_job_status(const tide_jobdef *job)
{
    return job->status == TIDE_OK ? 0 : 1;
}

const char *tide_job_error(const tide_jobdef *job)
{
    return job->status == TIDE_OK ? "" : job->error;
}

void tide_job_fail(tide_jobdef *job, const char *format, ...)
{
    char text[TIDE_ERROR_TEXT_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    tide_jobdef_failed(job, tide_fail(TIDE_E_USER_CODE, "%s", text));
}

static void check(tide_jobdef *job, tide_status rv)
{
    if (rv != TIDE_OK) tide_jobdef_failed(job, rv);
}

void tide_job_name(tide_jobdef *job, const char *name)
{
    tide_job_set(job, "pipeline.name", name);
}

void tide_job_set(tide_jobdef *job, const char *key, const char *value)
{
    if (tide_jobdef_ready(job, key, "a setting's key") &&
        tide_jobdef_ready(job, value, "a setting's value"))
        check(job, tide_sql_session_set(job->sql, tide_arena_strdup(job->arena, key),
                                        tide_arena_strdup(job->arena, value)));
}

void tide_job_sql(tide_jobdef *job, const char *statements)
{
    if (tide_jobdef_ready(job, statements, "the text of tide_job_sql"))
        check(job, tide_sql_session_run(job->sql, statements, "tide_job_sql"));
}

tide_stream *tide_job_query(tide_jobdef *job, const char *select)
{
    if (!tide_jobdef_ready(job, select, "the text of tide_job_query")) return NULL;
    const tide_node *node;
    tide_status rv = tide_sql_session_query(job->sql, select, "tide_job_query", &node);
    return rv == TIDE_OK ? tide_jobdef_stream(job, node) : tide_jobdef_failed(job, rv);
}

void tide_job_register(tide_jobdef *job, const char *name, tide_stream *stream)
{
    if (tide_jobdef_ready(job, name, "a stream's name") &&
        tide_jobdef_ready(job, stream, "a stream"))
        check(job, tide_sql_session_register(job->sql, tide_arena_strdup(job->arena, name),
                                             stream->node));
}

tide_stream *tide_job_from(tide_jobdef *job, const char *table)
{
    if (!tide_jobdef_ready(job, table, "a table's name")) return NULL;
    const tide_node *node;
    tide_status rv = tide_sql_session_from(job->sql, table, &node);
    return rv == TIDE_OK ? tide_jobdef_stream(job, node) : tide_jobdef_failed(job, rv);
}

/* A stream that is NULL comes from a call that failed: its job knows already. */
void tide_stream_to(tide_stream *stream, const char *table)
{
    if (stream && tide_jobdef_ready(stream->job, table, "a table's name"))
        check(stream->job, tide_sql_session_sink(stream->job->sql, stream->node, table));
}

void tide_stream_print(tide_stream *stream)
{
    if (stream && stream->job->status == TIDE_OK)
        check(stream->job, tide_sql_session_sink(stream->job->sql, stream->node, NULL));
}

/* ---- builder.h ---- */
tide_status tide_builder_run(int (*main)(tide_jobdef *job, int argc, char **argv), int argc,
                             char **argv, const char *name, const tide_sql_context *context,
                             tide_plan **out)
{
    *out = NULL;
    tide_jobdef job = { .name = name };
    job.sql = tide_sql_session_new(context);
    job.arena = tide_sql_session_arena(job.sql);
    int code = main(&job, argc, argv);
    tide_status rv = job.status;
    if (rv != TIDE_OK)
        rv = tide_fail(rv, "%s: %s", name, job.error);
    else if (code != 0)
        rv = tide_fail(TIDE_E_USER_CODE,
                       "%s: its function returned %d without saying why (tide_job_fail does)", name,
                       code);
    else
        rv = tide_sql_session_finish(job.sql, out);
    tide_sql_session_free(&job.sql);
    return rv;
}
