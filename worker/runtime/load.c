/* load.c - see load.h. */
#include "worker/runtime/load.h"

#include <string.h>

#include "base/core/mem.h"
#include "jobapi/builder/builder.h"
#include "worker/connector/connector.h"

static tide_status check_table(void *ctx, const tide_table *table, bool as_sink)
{
    (void)ctx;
    const tide_connector *connector;
    return tide_connector_of(table, as_sink, &connector);
}

static bool sink_takes_changes(void *ctx, const tide_table *table)
{
    (void)ctx;
    const tide_connector *connector;
    return tide_connector_of(table, true, &connector) == TIDE_OK && connector->takes_changes;
}

static bool is_bounded(void *ctx, const tide_table *table)
{
    (void)ctx;
    const tide_connector *connector;
    return tide_connector_of(table, false, &connector) == TIDE_OK && connector->is_bounded(table);
}

tide_sql_context tide_load_context(const tide_load_settings *around)
{
    return (tide_sql_context){ .check_table = check_table,
                               .sink_takes_changes = sink_takes_changes,
                               .is_bounded = is_bounded,
                               .base_settings = around->below,
                               .n_base_settings = around->n_below,
                               .settings = around->above,
                               .n_settings = around->n_above };
}

static tide_status read_settings(const tide_plan *plan, tide_job_settings *settings)
{
    return tide_job_settings_read(settings, plan->settings, plan->n_settings, NULL);
}

tide_status tide_load_sql(const char *text, size_t n, const char *name,
                          const tide_load_settings *around, tide_plan **plan,
                          tide_job_settings *settings)
{
    *plan = NULL;
    const char *nul = n ? memchr(text, '\0', n) : NULL;
    if (nul)
        return tide_fail(TIDE_E_SYNTAX, "%s: a NUL byte at offset %zu: this is not a text of SQL",
                         name, (size_t)(nul - text));
    const tide_sql_context context = tide_load_context(around);
    char *copy = tide_strndup(n ? text : "", n);
    tide_status rv = tide_sql_plan(copy, name, &context, plan);
    tide_free(copy);
    if (rv == TIDE_OK) rv = read_settings(*plan, settings);
    if (rv != TIDE_OK) tide_plan_free(plan);
    return rv;
}

tide_status tide_load_library(const char *path, int argc, char **argv,
                              const tide_load_settings *around, tide_library **library,
                              tide_plan **plan, tide_job_settings *settings)
{
    *plan = NULL;
    TIDE_TRY(tide_library_open(path, library));
    const tide_sql_context context = tide_load_context(around);
    tide_status rv =
        tide_builder_run(tide_library_main(*library), argc, argv, path, &context, plan);
    if (rv == TIDE_OK) rv = read_settings(*plan, settings);
    if (rv == TIDE_OK) return TIDE_OK;
    tide_plan_free(plan);
    tide_library_close(library);
    return rv;
}
