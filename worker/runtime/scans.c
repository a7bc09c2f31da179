/* scans.c - splits asked for or given, and which scans need watermarks. */
#include "worker/runtime/scans.h"

#include "base/core/mem.h"
#include "worker/connector/options.h"

static bool asks_for_time(const tide_node *node)
{
    if (node->kind == TIDE_NODE_AGGREGATE) return node->aggregate.window.kind != TIDE_WINDOW_NONE;
    return node->kind == TIDE_NODE_USER;
}

/* wants[v]: rows of vertex v must come with watermarks. Vertices are in topological order. */
static void find_time_wants(const tide_graph *graph, bool *wants)
{
    for (uint32_t v = graph->n_vertices; v-- > 0;) {
        const tide_vertex *vertex = &graph->vertices[v];
        for (uint32_t i = 0; i < vertex->n_out; i++) {
            uint32_t to = graph->edges[vertex->out[i]].to;
            const tide_node *consumer = graph->vertices[to].node;
            if (consumer->kind == TIDE_NODE_WATERMARK) continue; /* It makes its own. */
            wants[v] = wants[v] || wants[to] || asks_for_time(consumer);
        }
    }
}

static tide_status find_connector(const tide_job_config *config, const tide_table *table,
                                  const tide_connector **out)
{
    *out = config->hook_connector;
    return *out ? TIDE_OK : tide_connector_of(table, false, out);
}

static tide_status discover(const tide_connector *connector, const tide_vertex *vertex,
                            tide_splits *out)
{
    tide_status rv = connector->discover(vertex->node, vertex->parallelism, out);
    const char *name = vertex->node->scan.table->name;
    return rv == TIDE_OK ? TIDE_OK : tide_because(rv, "table %s", name);
}

static tide_status copy_given(const tide_job_part *part, const tide_graph *graph, uint32_t v,
                              tide_splits *out)
{
    for (uint32_t i = 0; i < part->n_scans; i++) {
        if (part->scans[i].vertex != v) continue;
        const tide_splits *given = &part->scans[i].splits;
        for (uint32_t s = 0; s < given->n; s++)
            tide_splits_add(out, given->items[s].id, given->items[s].partition,
                            given->items[s].start, given->items[s].end);
        out->n_partitions = given->n_partitions;
        return TIDE_OK;
    }
    return tide_fail(TIDE_E_INVALID, "no splits were given for %s", graph->vertices[v].name);
}

static tide_status plan_scan(tide_arena *arena, const tide_job_config *config, uint32_t v,
                             bool want_watermark, tide_scan_plan *scan)
{
    const tide_vertex *vertex = &config->graph->vertices[v];
    const tide_table *table = vertex->node->scan.table;
    TIDE_TRY(find_connector(config, table, &scan->connector));
    TIDE_TRY(tide_scan_analyse(arena, vertex->node, want_watermark, &scan->reading));
    scan->idle_timeout_us = config->settings->idle_timeout_us;
    if (tide_option_has(table, tide_options_common, "source.idle-timeout"))
        scan->idle_timeout_us = tide_option_us(table, tide_options_common, "source.idle-timeout");
    if (config->part) return copy_given(config->part, config->graph, v, &scan->splits);
    return discover(scan->connector, vertex, &scan->splits);
}

tide_status tide_scans_plan(tide_arena *arena, const tide_job_config *config, tide_scan_plan *scans)
{
    const tide_graph *graph = config->graph;
    bool *wants = TIDE_NEW_N(arena, bool, graph->n_vertices);
    if (config->settings->mode != TIDE_RUN_BATCH) find_time_wants(graph, wants);
    for (uint32_t v = 0; v < graph->n_vertices; v++)
        if (graph->vertices[v].node->kind == TIDE_NODE_SCAN)
            TIDE_TRY(plan_scan(arena, config, v, wants[v], &scans[v]));
    return TIDE_OK;
}

tide_status tide_job_list_splits(const tide_job_config *config, tide_scan_splits **out,
                                 uint32_t *n_out)
{
    const tide_graph *graph = config->graph;
    tide_scan_splits *scans = tide_calloc(graph->n_vertices, sizeof *scans);
    uint32_t n = 0;
    tide_status rv = TIDE_OK;
    for (uint32_t v = 0; v < graph->n_vertices && rv == TIDE_OK; v++) {
        const tide_vertex *vertex = &graph->vertices[v];
        if (vertex->node->kind != TIDE_NODE_SCAN) continue;
        const tide_connector *connector;
        scans[n].vertex = v;
        rv = find_connector(config, vertex->node->scan.table, &connector);
        if (rv == TIDE_OK) rv = discover(connector, vertex, &scans[n++].splits);
    }
    *out = scans;
    *n_out = n;
    if (rv != TIDE_OK) tide_scan_splits_free(out, n);
    return rv;
}

void tide_scan_splits_free(tide_scan_splits **scans_p, uint32_t n)
{
    for (uint32_t i = 0; *scans_p && i < n; i++) tide_splits_fini(&(*scans_p)[i].splits);
    tide_free(*scans_p);
    *scans_p = NULL;
}
