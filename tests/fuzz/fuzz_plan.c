/* fuzz_plan.c - any text behind a few declarations: a valid graph, or an error of the text. */
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"
#include "jobapi/graph/graph.h"
#include "jobapi/sql/sql.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX 4096

static const char tables[] =
    "CREATE TABLE ads (user_id BIGINT NOT NULL, ad_id INT, price DECIMAL(10, 2), note STRING, "
    "is_click BOOLEAN, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('a' = "
    "'b');"
    "CREATE TABLE few (a INT, b STRING) WITH ('a' = 'b');";

static bool is_bounded(void *ctx, const tide_table *table)
{
    (void)ctx;
    return strcmp(table->name, "few") == 0;
}

static void build_graph(const tide_plan *plan)
{
    tide_job_settings settings;
    tide_graph *graph = NULL;
    if (tide_job_settings_read(&settings, plan->settings, plan->n_settings, NULL)) abort();
    if (settings.parallelism == 0) settings.parallelism = 2;
    tide_status rv = tide_graph_build(plan, &settings, &graph);
    if (rv != TIDE_OK && rv != TIDE_E_INVALID && rv != TIDE_E_LIMIT) abort();
    if (rv == TIDE_OK) tide_free(tide_graph_json(graph));
    tide_graph_free(&graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_BYTES_MAX) size = INPUT_BYTES_MAX;
    char *text = tide_asprintf("%s%.*s", tables, (int)size, (const char *)data);
    tide_sql_context context = { .is_bounded = is_bounded };
    tide_plan *plan = NULL;
    tide_status rv = tide_sql_plan(text, "fuzz", &context, &plan);
    if (rv == TIDE_OK)
        build_graph(plan);
    else if (tide_status_class_of(rv) != TIDE_STATUS_CLASS_USER)
        abort();
    tide_plan_free(&plan);
    tide_free(text);
    return 0;
}
