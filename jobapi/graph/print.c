/* print.c - the graph for people (text) and for programs (JSON). */
#include <inttypes.h>
#include <jansson.h>

#include "base/core/bytes.h"
#include "jobapi/graph/graph.h"
#include "jobapi/plan/node.h"
#include "jobapi/plan/walk.h"

static void print_edge(tide_bytes *out, const tide_graph *self, const tide_edge *edge);
static json_t *plan_json(const tide_plan *plan);
static json_t *node_json(tide_arena *arena, const tide_walk *walk, uint32_t i);
static json_t *vertex_json(tide_arena *arena, const tide_graph *self, uint32_t v);
static json_t *edge_json(const tide_graph *self, uint32_t e);
static json_t *columns_json(const tide_schema *schema);

char *tide_graph_print(const tide_graph *self)
{
    tide_bytes out = { 0 };
    for (uint32_t v = 0; v < self->n_vertices; v++) {
        const tide_vertex *vertex = &self->vertices[v];
        tide_bytes_printf(&out, "%u. %s  [id %s, x%u, chain %u%s]\n", v, vertex->name, vertex->id,
                          vertex->parallelism, vertex->chain, vertex->final_only ? ", final" : "");
        for (uint32_t i = 0; i < vertex->n_in; i++)
            print_edge(&out, self, &self->edges[vertex->in[i]]);
    }
    char *text = tide_strdup(tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return text;
}

static void print_edge(tide_bytes *out, const tide_graph *self, const tide_edge *edge)
{
    const tide_vertex *from = &self->vertices[edge->from];
    tide_bytes_printf(out, "     <- %u %s", edge->from, tide_partitioner_name(edge->partitioner));
    const tide_schema *rows = tide_vertex_output(from, edge->output);
    for (uint32_t k = 0; k < edge->n_keys; k++)
        tide_bytes_printf(out, "%s%s", k ? ", " : " by ", rows->fields[edge->keys[k]].name);
    if (edge->output)
        tide_bytes_puts(out, from->node->kind == TIDE_NODE_PARTIAL ? ", partial results"
                                                                   : ", late rows");
    if (edge->chained) tide_bytes_puts(out, ", chained");
    tide_bytes_putc(out, '\n');
}

char *tide_graph_json(const tide_graph *self)
{
    tide_arena *arena = tide_arena_new();
    json_t *vertices = json_array(), *edges = json_array();
    for (uint32_t v = 0; v < self->n_vertices; v++)
        json_array_append_new(vertices, vertex_json(arena, self, v));
    for (uint32_t e = 0; e < self->n_edges; e++) json_array_append_new(edges, edge_json(self, e));
    char hash[24];
    snprintf(hash, sizeof hash, "%016" PRIx64, self->plan_hash);
    json_t *graph =
        json_pack("{s:i, s:i, s:b, s:s, s:s, s:o, s:o}", "parallelism", (int)self->parallelism,
                  "key_groups", (int)self->key_groups, "bounded", self->bounded, "mode",
                  self->batch_mode ? "batch" : "streaming", "plan_hash", hash, "vertices", vertices,
                  "edges", edges);
    json_t *root = json_pack("{s:o, s:o}", "plan", plan_json(self->plan), "graph", graph);
    char *dumped = json_dumps(root, JSON_INDENT(2));
    char *text = tide_strdup(dumped);
    free(dumped);
    json_decref(root);
    tide_arena_free(&arena);
    return text;
}

static json_t *plan_json(const tide_plan *plan)
{
    tide_arena *arena = tide_arena_new();
    tide_walk walk;
    tide_walk_init(&walk, plan->sinks, plan->n_sinks);
    json_t *nodes = json_array();
    for (uint32_t i = 0; i < walk.n; i++) json_array_append_new(nodes, node_json(arena, &walk, i));
    tide_walk_fini(&walk);
    tide_arena_free(&arena);
    return nodes;
}

static json_t *node_json(tide_arena *arena, const tide_walk *walk, uint32_t i)
{
    const tide_node *node = walk->nodes[i];
    json_t *inputs = json_array();
    for (uint32_t j = 0; j < node->n_inputs; j++)
        json_array_append_new(inputs, json_integer(tide_walk_index(walk, node->inputs[j])));
    return json_pack("{s:i, s:s, s:s, s:o, s:o, s:b, s:b}", "node", (int)i, "kind",
                     tide_node_kind_name(node->kind), "text", tide_node_print(arena, node),
                     "inputs", inputs, "columns", columns_json(&node->schema), "changes",
                     node->updating, "bounded", node->bounded);
}

static json_t *vertex_json(tide_arena *arena, const tide_graph *self, uint32_t v)
{
    const tide_vertex *vertex = &self->vertices[v];
    return json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:b, s:o}", "vertex", (int)v, "id", vertex->id,
                     "name", vertex->name, "text", tide_node_print(arena, vertex->node),
                     "parallelism", (int)vertex->parallelism, "chain", (int)vertex->chain,
                     "final_only", vertex->final_only, "columns",
                     columns_json(&vertex->node->schema));
}

static json_t *edge_json(const tide_graph *self, uint32_t e)
{
    const tide_edge *edge = &self->edges[e];
    const tide_schema *rows = tide_vertex_output(&self->vertices[edge->from], edge->output);
    json_t *keys = json_array();
    for (uint32_t k = 0; k < edge->n_keys; k++)
        json_array_append_new(keys, json_string(rows->fields[edge->keys[k]].name));
    return json_pack("{s:i, s:i, s:i, s:i, s:s, s:o, s:b}", "from", (int)edge->from, "output",
                     (int)edge->output, "to", (int)edge->to, "port", (int)edge->port, "partitioner",
                     tide_partitioner_name(edge->partitioner), "keys", keys, "chained",
                     edge->chained);
}

static json_t *columns_json(const tide_schema *schema)
{
    json_t *columns = json_array();
    for (uint32_t c = 0; c < schema->n; c++) {
        char type[TIDE_TYPE_TEXT_MAX];
        json_array_append_new(columns,
                              json_pack("{s:s, s:s, s:b}", "name", schema->fields[c].name, "type",
                                        tide_type_print(schema->fields[c].type, type, sizeof type),
                                        "not_null", schema->fields[c].not_null));
    }
    return columns;
}
