/* spec.c - see spec.h. */
#include "jobapi/client/spec.h"

#include "jobapi/plan/cluster_settings.h"

static tide_pair *pairs_of(tide_arena *arena, const tide_option *options, uint32_t n,
                           uint32_t n_more)
{
    tide_pair *pairs = TIDE_NEW_N(arena, tide_pair, n + n_more);
    for (uint32_t i = 0; i < n; i++)
        pairs[i] = (tide_pair){ .key = options[i].key, .value = options[i].value };
    return pairs;
}

/* The coordinator reads no SQL: what a SET says to it goes with the command line's settings. The
 * plan's settings are all of them in order, so that the last one, which counts, stays the last. */
static void add_settings(const tide_plan *plan, const tide_spec_source *source, tide_arena *arena,
                         tide_job_spec *out)
{
    out->settings_below.n = source->n_below;
    out->settings_below.items = pairs_of(arena, source->below, source->n_below, 0);
    tide_pair *above = pairs_of(arena, source->above, source->n_above, plan->n_settings);
    uint32_t n = source->n_above;
    for (uint32_t i = 0; i < plan->n_settings; i++) {
        const tide_option *set = &plan->settings[i];
        if (tide_settings_find(&tide_cluster_settings_table, set->key))
            above[n++] = (tide_pair){ .key = set->key, .value = set->value };
    }
    out->settings_above.n = n;
    out->settings_above.items = above;
}

static void add_graph(const tide_graph *graph, tide_arena *arena, tide_job_spec *out)
{
    tide_vertex_info *vertices = TIDE_NEW_N(arena, tide_vertex_info, graph->n_vertices);
    tide_edge_info *edges = TIDE_NEW_N(arena, tide_edge_info, graph->n_edges);
    for (uint32_t i = 0; i < graph->n_vertices; i++) {
        const tide_vertex *v = &graph->vertices[i];
        vertices[i] = (tide_vertex_info){
            .id = v->id, .name = v->name, .parallelism = v->parallelism, .chain = v->chain
        };
        if (v->node->kind == TIDE_NODE_SCAN) out->n_splits_scans++;
    }
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const tide_edge *e = &graph->edges[i];
        edges[i] = (tide_edge_info){ .from = e->from,
                                     .to = e->to,
                                     .partitioner = tide_partitioner_name(e->partitioner),
                                     .chained = e->chained };
    }
    out->vertices.n = graph->n_vertices;
    out->vertices.items = vertices;
    out->edges.n = graph->n_edges;
    out->edges.items = edges;
    out->parallelism = graph->parallelism;
    out->plan_hash = graph->plan_hash;
    out->bounded = graph->bounded;
}

void tide_spec_of(const tide_graph *graph, const tide_spec_source *source, tide_arena *arena,
                  tide_job_spec *out)
{
    const tide_plan *plan = graph->plan;
    bool is_library = source->artifact_name != NULL;
    *out = (tide_job_spec){
        .name = plan->name && *plan->name ? plan->name : source->name,
        .kind = is_library ? "library" : "sql",
        .text = is_library ? "" : plan->source_text,
        .text_name = is_library ? "" : plan->source_name,
        .artifact = is_library ? source->artifact : "",
        .artifact_name = is_library ? source->artifact_name : "",
        .folder = source->folder,
    };
    tide_text_item *args = TIDE_NEW_N(arena, tide_text_item, source->n_args);
    for (uint32_t i = 0; i < source->n_args; i++) args[i].text = source->args[i];
    out->args.n = source->n_args;
    out->args.items = args;
    add_settings(plan, source, arena, out);
    add_graph(graph, arena, out);
    char *explain = tide_graph_json(graph);
    out->explain = tide_arena_strdup(arena, explain);
    tide_free(explain);
}
