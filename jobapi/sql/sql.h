/* sql.h - what job does a SQL script describe?
 *
 * From text to an optimised plan: parse (parse.h), resolve names and types, decide the execution
 * mode, rewrite. What the tables' connectors can do is asked of the caller through callbacks, so
 * that this library knows no connector. Pure but for the callbacks; any thread, many at once. */
#ifndef TIDE_JOBAPI_SQL_SQL_H
#define TIDE_JOBAPI_SQL_SQL_H
#include "jobapi/plan/plan.h"

/* Any callback may be NULL: every table is then fine, bounded, and takes changes. */
typedef struct tide_sql_context {
    void *ctx; /* Passed to the callbacks. */
    /* Checks a table's options where it is read or written, once for each. */
    tide_status (*check_table)(void *ctx, const tide_table *table, bool as_sink);
    /* Does a sink on this table accept updating rows (-U, +U, -D)? */
    bool (*sink_takes_changes)(void *ctx, const tide_table *table);
    bool (*is_bounded)(void *ctx, const tide_table *table); /* Does reading it end? */
    /* From a file or the environment: SET wins over them. Texts are copied. */
    const tide_option *base_settings;
    uint32_t n_base_settings;
    /* Given on the command line: they win over SET. Texts are copied. */
    const tide_option *settings;
    uint32_t n_settings;
} tide_sql_context;

/* Plans the script `text` (NUL-terminated; copied) called `source_name` in messages ("job.sql",
 * "<stdin>", "-e"). context may be NULL. The plan has its mode set and is optimised; its settings
 * are the context's base, the script's SETs and the context's own, checked. A script without a
 * query gives a plan without sinks. On failure the code is that of the first error, and the chain's
 * text holds up to TIDE_SQL_ERRORS_MAX of them, each as "file:line:column: message", the line, a
 * caret and perhaps a hint. */
TIDE_MUST_CHECK tide_status tide_sql_plan(const char *text, const char *source_name,
                                          const tide_sql_context *context, tide_plan **out);

#endif
