#include "tests/unit/plan/plan_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/bytes.h"

static bool says_true(const tide_table *table, const char *key)
{
    const char *value = tide_table_option(table, key);
    return value && strcmp(value, "true") == 0;
}

static tide_status check_table(void *ctx, const tide_table *table, bool as_sink)
{
    (void)ctx;
    (void)as_sink;
    if (!tide_table_option(table, "bad")) return TIDE_OK;
    return tide_fail(TIDE_E_OPTION, "unknown option 'bad'");
}

static bool takes_changes(void *ctx, const tide_table *table)
{
    (void)ctx;
    return says_true(table, "changes");
}

static bool is_bounded(void *ctx, const tide_table *table)
{
    (void)ctx;
    return says_true(table, "bounded");
}

const tide_sql_context plan_text_context = { .check_table = check_table,
                                             .sink_takes_changes = takes_changes,
                                             .is_bounded = is_bounded };

static tide_status graph_of(const tide_plan *plan, uint32_t parallelism, tide_graph **out)
{
    tide_job_settings settings;
    TIDE_TRY(tide_job_settings_read(&settings, plan->settings, plan->n_settings, NULL));
    if (settings.parallelism == 0) settings.parallelism = parallelism;
    return tide_graph_build(plan, &settings, out);
}

char *plan_text(const char *sql, uint32_t parallelism)
{
    tide_plan *plan = NULL;
    tide_graph *graph = NULL;
    tide_status rv = tide_sql_plan(sql, "job.sql", &plan_text_context, &plan);
    if (rv == TIDE_OK) rv = graph_of(plan, parallelism, &graph);
    char *text;
    if (rv == TIDE_OK) {
        char *logical = tide_plan_print(plan), *physical = tide_graph_print(graph);
        text = tide_asprintf("%s, %s\n\n%s\n%s", plan->batch ? "batch" : "streaming",
                             plan->bounded ? "bounded" : "unbounded", logical, physical);
        tide_free(logical);
        tide_free(physical);
    } else {
        text = tide_asprintf("%s\n%s\n", tide_status_name(rv), tide_error_text());
    }
    tide_graph_free(&graph);
    tide_plan_free(&plan);
    return text;
}

tide_graph *plan_text_graph(const char *sql, uint32_t parallelism, tide_plan **plan)
{
    tide_graph *graph = NULL;
    tide_status rv = tide_sql_plan(sql, "job.sql", &plan_text_context, plan);
    if (rv == TIDE_OK) rv = graph_of(*plan, parallelism, &graph);
    if (rv == TIDE_OK) return graph;
    fprintf(stderr, "%s\n", tide_error_text());
    abort();
}
