/* build.c - the plan's nodes become vertices; then edges, partitioning, chains and ids. */
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "jobapi/graph/priv.h"
#include "jobapi/plan/node.h"
#include "jobapi/plan/partial.h"
#include "jobapi/plan/user_op.h"
#include "jobapi/plan/walk.h"

/* Where a plan node's rows come from: one vertex's main output, for a SIDE another output of its
 * input, for a UNION those of its inputs. */
typedef struct producer {
    uint32_t vertex, output;
} producer;

typedef struct producers {
    uint32_t n, cap;
    producer *items;
} producers;

typedef struct builder {
    tide_graph *graph;
    tide_arena *arena; /* The graph's. */
    tide_walk walk;
    uint32_t n_vertices, cap_vertices, n_edges, cap_edges, cap_sources;
    tide_vertex *vertices;
    tide_edge *edges;
    producers *of;               /* By index in walk. */
    const char *const **sources; /* By vertex; sorted table names upstream, ended by NULL. */
    /* By vertex: output columns by whose key group rows are placed, in key order; n 0 when not. */
    struct placement {
        uint32_t n;
        const uint32_t *columns;
    } * placements;
    uint32_t cap_placements, n_placements, n_sources;
} builder;

static void add_node(builder *self, uint32_t i);
static uint32_t add_vertex(builder *self, const tide_node *node, const char *const *sources,
                           uint32_t parallelism);
static const producers *inputs_of(builder *self, const tide_node *node);
static bool is_exchanged(const builder *self, uint32_t from, const tide_node *aggregate);
static uint32_t add_partial(builder *self, producer from, const tide_node *partial);
static void add_edges(builder *self, uint32_t to, const producers *inputs);
static void add_partial_edges(builder *self, uint32_t to, const producers *in);
static const uint32_t *count_up(tide_arena *arena, uint32_t n);
static void add_edge(builder *self, tide_edge edge);
static void add_late_rows(builder *self, uint32_t aggregate);
static uint32_t parallelism_of(const builder *self, const tide_node *node);
static const char *const *sources_of(builder *self, const tide_node *node);
static tide_partitioner choose_partitioner(const builder *self, const tide_edge *edge);
static bool is_placed_by(const builder *self, uint32_t from, uint32_t to_parallelism,
                         uint32_t n_keys, const uint32_t *keys);
static void place(builder *self, uint32_t vertex);
static uint32_t keys_of(const tide_node *node, const uint32_t **keys);
static void link_edges(builder *self);
static void make_chains(builder *self);
static const char *name_of(tide_arena *arena, const tide_node *node);

tide_status tide_graph_build(const tide_plan *plan, const tide_job_settings *settings,
                             tide_graph **out)
{
    *out = NULL;
    uint32_t parallelism = settings->parallelism ? (uint32_t)settings->parallelism : 1;
    if (parallelism > settings->key_groups)
        return tide_fail(TIDE_E_INVALID,
                         "parallelism %u is more than the %u key groups; raise "
                         "'pipeline.max-parallelism'",
                         parallelism, (uint32_t)settings->key_groups);
    tide_arena *arena = tide_arena_new();
    tide_graph *graph = TIDE_NEW(arena, tide_graph);
    *graph = (tide_graph){ .arena = arena,
                           .plan = plan,
                           .parallelism = parallelism,
                           .key_groups = (uint32_t)settings->key_groups,
                           .bounded = plan->bounded,
                           .batch_mode = plan->batch };
    builder self = { .graph = graph, .arena = arena };
    tide_walk_init(&self.walk, plan->sinks, plan->n_sinks);
    self.of = TIDE_NEW_N(self.walk.arena, producers, self.walk.n);
    tide_status rv = TIDE_OK;
    for (uint32_t i = 0; i < self.walk.n && rv == TIDE_OK; i++) {
        add_node(&self, i);
        if (self.n_vertices > TIDE_GRAPH_VERTICES_MAX)
            rv = tide_fail(TIDE_E_LIMIT, "the job has more than %u operators",
                           TIDE_GRAPH_VERTICES_MAX);
    }
    if (rv == TIDE_OK) rv = tide_graph_assign_ids(self.vertices, self.n_vertices, self.sources);
    if (rv == TIDE_OK) {
        link_edges(&self);
        make_chains(&self);
        graph->plan_hash = tide_graph_hash(graph);
        rv = tide_graph_validate(graph);
    }
    tide_walk_fini(&self.walk);
    if (rv) tide_graph_free(&graph);
    *out = graph;
    return rv;
}

void tide_graph_free(tide_graph **self_p)
{
    if (!*self_p) return;
    tide_arena *arena = (*self_p)->arena; /* The graph itself lies in it. */
    tide_arena_free(&arena);
    *self_p = NULL;
}

const tide_schema *tide_vertex_output(const tide_vertex *self, uint32_t output)
{
    const tide_node *node = self->node;
    if (output == 0) return &node->schema;
    if (node->kind == TIDE_NODE_PARTIAL) return output == 1 ? &node->partial.rows : NULL;
    if (node->kind != TIDE_NODE_USER) return output == 1 ? self->late : NULL;
    return output <= node->user.op->n_sides ? &node->user.op->sides[output - 1] : NULL;
}

const tide_schema *tide_vertex_input(const tide_vertex *self, uint32_t port)
{
    const tide_node *node = self->node;
    if (port < node->n_inputs) return &node->inputs[port]->schema;
    return port == node->n_inputs ? self->partial : NULL;
}

static void add_node(builder *self, uint32_t i)
{
    const tide_node *node = self->walk.nodes[i];
    producers *of = &self->of[i];
    if (node->kind == TIDE_NODE_UNION) {
        for (uint32_t j = 0; j < node->n_inputs; j++) {
            const producers *in = &self->of[tide_walk_index(&self->walk, node->inputs[j])];
            for (uint32_t p = 0; p < in->n; p++)
                TIDE_PUSH(self->walk.arena, of->items, of->n, of->cap, in->items[p]);
        }
        return;
    }
    if (node->kind == TIDE_NODE_SIDE) {
        const producers *in = &self->of[tide_walk_index(&self->walk, node->inputs[0])];
        producer side = { .vertex = in->items[0].vertex, .output = node->side.output };
        TIDE_PUSH(self->walk.arena, of->items, of->n, of->cap, side);
        return;
    }
    const producers *inputs = inputs_of(self, node);
    uint32_t vertex = add_vertex(self, node, sources_of(self, node), parallelism_of(self, node));
    TIDE_PUSH(self->walk.arena, of->items, of->n, of->cap, ((producer){ .vertex = vertex }));
    add_edges(self, vertex, inputs);
    place(self, vertex);
    if (node->kind == TIDE_NODE_AGGREGATE && node->aggregate.late) add_late_rows(self, vertex);
}

static uint32_t add_vertex(builder *self, const tide_node *node, const char *const *sources,
                           uint32_t parallelism)
{
    tide_vertex made = { .name = name_of(self->arena, node),
                         .node = node,
                         .parallelism = parallelism,
                         .final_only = node->kind == TIDE_NODE_AGGREGATE && node->aggregate.final,
                         .input = node->n_inputs ? &node->inputs[0]->schema : NULL };
    TIDE_PUSH(self->arena, self->vertices, self->n_vertices, self->cap_vertices, made);
    TIDE_PUSH(self->arena, self->sources, self->n_sources, self->cap_sources, sources);
    TIDE_PUSH(self->arena, self->placements, self->n_placements, self->cap_placements,
              ((struct placement){ 0 }));
    return self->n_vertices - 1;
}

/* By port: what the node reads. In front of an aggregate whose rows would go through an exchange,
 * first phases are put and read instead. */
static const producers *inputs_of(builder *self, const tide_node *node)
{
    producers *inputs = TIDE_NEW_N(self->walk.arena, producers, node->n_inputs);
    for (uint32_t port = 0; port < node->n_inputs; port++)
        inputs[port] = self->of[tide_walk_index(&self->walk, node->inputs[port])];
    if (node->kind != TIDE_NODE_AGGREGATE || !tide_partial_fits(node)) return inputs;
    const producers in = inputs[0];
    const tide_node *partial = NULL;
    inputs[0] = (producers){ 0 };
    for (uint32_t p = 0; p < in.n; p++) {
        producer from = in.items[p];
        if (is_exchanged(self, from.vertex, node)) {
            if (!partial) partial = tide_node_partial(self->arena, node);
            from = (producer){ .vertex = add_partial(self, from, partial) };
        }
        TIDE_PUSH(self->walk.arena, inputs[0].items, inputs[0].n, inputs[0].cap, from);
    }
    return inputs;
}

/* Would rows of this vertex reach the aggregate by way of other slots? */
static bool is_exchanged(const builder *self, uint32_t from, const tide_node *aggregate)
{
    const uint32_t *keys;
    uint32_t n_keys = keys_of(aggregate, &keys), to = parallelism_of(self, aggregate);
    if (n_keys == 0) return self->vertices[from].parallelism > to;
    return to > 1 && !is_placed_by(self, from, to, n_keys, keys);
}

static uint32_t add_partial(builder *self, producer from, const tide_node *partial)
{
    uint32_t vertex = add_vertex(self, partial, self->sources[from.vertex],
                                 self->vertices[from.vertex].parallelism);
    add_edge(self, (tide_edge){ .from = from.vertex, .output = from.output, .to = vertex });
    return vertex;
}

static void add_edges(builder *self, uint32_t to, const producers *inputs)
{
    const tide_node *node = self->vertices[to].node;
    for (uint32_t port = 0; port < node->n_inputs; port++)
        for (uint32_t p = 0; p < inputs[port].n; p++) {
            producer from = inputs[port].items[p];
            tide_edge edge = { .from = from.vertex, .output = from.output, .to = to, .port = port };
            edge.n_keys = keys_of(node, &edge.keys);
            add_edge(self, edge);
        }
    if (node->kind == TIDE_NODE_AGGREGATE) add_partial_edges(self, to, &inputs[0]);
}

/* What first phases have added up comes in on a port of its own. Its key columns come first. */
static void add_partial_edges(builder *self, uint32_t to, const producers *in)
{
    const tide_node *node = self->vertices[to].node;
    for (uint32_t p = 0; p < in->n; p++) {
        uint32_t from = in->items[p].vertex;
        const tide_node *made_by = self->vertices[from].node;
        if (made_by->kind != TIDE_NODE_PARTIAL || made_by->partial.of != node) continue;
        self->vertices[to].partial = &made_by->partial.rows;
        add_edge(self, (tide_edge){ .from = from,
                                    .output = 1,
                                    .to = to,
                                    .port = node->n_inputs,
                                    .n_keys = node->aggregate.n_keys,
                                    .keys = count_up(self->arena, node->aggregate.n_keys) });
    }
}

/* 0, 1, 2, ... */
static const uint32_t *count_up(tide_arena *arena, uint32_t n)
{
    uint32_t *columns = TIDE_NEW_N(arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++) columns[i] = i;
    return columns;
}

static void add_edge(builder *self, tide_edge edge)
{
    edge.partitioner = choose_partitioner(self, &edge);
    if (edge.partitioner != TIDE_PARTITION_HASH) {
        edge.n_keys = 0;
        edge.keys = NULL;
    }
    TIDE_PUSH(self->arena, self->edges, self->n_edges, self->cap_edges, edge);
}

/* Output 1 of a windowed aggregate: its input's rows, narrowed to the late table's columns. */
static void add_late_rows(builder *self, uint32_t aggregate)
{
    const tide_node *node = self->vertices[aggregate].node;
    const tide_table *table = node->aggregate.late;
    self->vertices[aggregate].late = &node->inputs[0]->schema;
    tide_node *rows = tide_node_pick(self->arena, node->inputs[0], node->aggregate.late_columns,
                                     node->aggregate.n_late);
    uint32_t n = 0;
    for (uint32_t c = 0; c < table->n_columns; c++)
        if (tide_table_writes(&table->columns[c]))
            rows->schema.fields[n++].name = table->columns[c].name;
    tide_assert(n == node->aggregate.n_late);
    const tide_node *sink = tide_node_sink(self->arena, rows, table);

    uint32_t from = aggregate;
    const tide_node *made[] = { rows, sink };
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t to = add_vertex(self, made[i], self->sources[aggregate],
                                 self->vertices[aggregate].parallelism);
        add_edge(self, (tide_edge){ .from = from, .output = i == 0, .to = to });
        from = to;
    }
}

/* Keyed operators and sources spread; what must see everything, or in order, is alone; the others
 * run as wide as what feeds them. */
static uint32_t parallelism_of(const builder *self, const tide_node *node)
{
    const uint32_t *keys;
    if (node->kind == TIDE_NODE_VALUES || node->kind == TIDE_NODE_SORT) return 1;
    if (node->kind == TIDE_NODE_SINK && node->sink.print) return 1;
    if (node->kind == TIDE_NODE_SCAN || keys_of(node, &keys) > 0) return self->graph->parallelism;
    if (node->kind == TIDE_NODE_AGGREGATE) return 1;
    uint32_t most = 1;
    for (uint32_t j = 0; j < node->n_inputs; j++) {
        const producers *in = &self->of[tide_walk_index(&self->walk, node->inputs[j])];
        for (uint32_t p = 0; p < in->n; p++) {
            uint32_t wide = self->vertices[in->items[p].vertex].parallelism;
            if (wide > most) most = wide;
        }
    }
    return most;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const *sources_of(builder *self, const tide_node *node)
{
    const char **names = NULL;
    uint32_t n = 0, cap = 0;
    if (node->kind == TIDE_NODE_SCAN) TIDE_PUSH(self->arena, names, n, cap, node->scan.table->name);
    for (uint32_t j = 0; j < node->n_inputs; j++) {
        const producers *in = &self->of[tide_walk_index(&self->walk, node->inputs[j])];
        for (uint32_t p = 0; p < in->n; p++)
            for (const char *const *s = self->sources[in->items[p].vertex]; *s; s++)
                TIDE_PUSH(self->arena, names, n, cap, *s);
    }
    if (n > 1) qsort(names, n, sizeof *names, compare_texts);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0) names[kept++] = names[i];
    n = kept;
    TIDE_PUSH(self->arena, names, n, cap, NULL);
    return names;
}

static tide_partitioner choose_partitioner(const builder *self, const tide_edge *edge)
{
    const tide_vertex *from = &self->vertices[edge->from], *to = &self->vertices[edge->to];
    if (edge->n_keys > 0)
        return is_placed_by(self, edge->from, to->parallelism, edge->n_keys, edge->keys)
                   ? TIDE_PARTITION_FORWARD
                   : TIDE_PARTITION_HASH;
    if (from->parallelism == to->parallelism) return TIDE_PARTITION_FORWARD;
    /* Changes of one row must not overtake each other, so they take one way. */
    if (to->parallelism == 1 || from->node->updating) return TIDE_PARTITION_GATHER;
    return TIDE_PARTITION_REBALANCE;
}

/* Do a vertex's rows lie where the keys would bring them? Then there is nothing to exchange. */
static bool is_placed_by(const builder *self, uint32_t from, uint32_t to_parallelism,
                         uint32_t n_keys, const uint32_t *keys)
{
    const struct placement *at = &self->placements[from];
    if (self->vertices[from].parallelism != to_parallelism) return false;
    return at->n == n_keys && memcmp(at->columns, keys, at->n * sizeof *at->columns) == 0;
}

static void place(builder *self, uint32_t vertex)
{
    const tide_node *node = self->vertices[vertex].node;
    struct placement *at = &self->placements[vertex];
    if (node->kind == TIDE_NODE_AGGREGATE) { /* Its keys come first in its output. */
        *at = (struct placement){ node->aggregate.n_keys,
                                  count_up(self->arena, node->aggregate.n_keys) };
        return;
    }
    bool passes = node->kind == TIDE_NODE_FILTER || node->kind == TIDE_NODE_WINDOW;
    if (!passes && node->kind != TIDE_NODE_PROJECT) return;
    const producers *in = &self->of[tide_walk_index(&self->walk, node->inputs[0])];
    if (in->n != 1) return;
    const struct placement before = self->placements[in->items[0].vertex];
    if (passes || before.n == 0) {
        *at = before;
        return;
    }
    uint32_t *columns = TIDE_NEW_N(self->arena, uint32_t, before.n);
    for (uint32_t k = 0; k < before.n; k++) {
        uint32_t c = 0;
        while (c < node->schema.n && !(node->project.exprs[c]->kind == TIDE_EXPR_COLUMN &&
                                       node->project.exprs[c]->column == before.columns[k]))
            c++;
        if (c == node->schema.n) return;
        columns[k] = c;
    }
    *at = (struct placement){ before.n, columns };
}

static uint32_t keys_of(const tide_node *node, const uint32_t **keys)
{
    *keys = NULL;
    if (node->kind == TIDE_NODE_AGGREGATE) *keys = node->aggregate.keys;
    if (node->kind == TIDE_NODE_USER) *keys = node->user.keys;
    return node->kind == TIDE_NODE_AGGREGATE ? node->aggregate.n_keys
           : node->kind == TIDE_NODE_USER    ? node->user.n_keys
                                             : 0;
}

static void link_edges(builder *self)
{
    for (uint32_t e = 0; e < self->n_edges; e++) {
        self->vertices[self->edges[e].to].n_in++;
        self->vertices[self->edges[e].from].n_out++;
    }
    uint32_t **in = TIDE_NEW_N(self->walk.arena, uint32_t *, self->n_vertices);
    uint32_t **out = TIDE_NEW_N(self->walk.arena, uint32_t *, self->n_vertices);
    for (uint32_t v = 0; v < self->n_vertices; v++) {
        tide_vertex *vertex = &self->vertices[v];
        vertex->in = in[v] = TIDE_NEW_N(self->arena, uint32_t, vertex->n_in);
        vertex->out = out[v] = TIDE_NEW_N(self->arena, uint32_t, vertex->n_out);
    }
    for (uint32_t e = 0; e < self->n_edges; e++) *in[self->edges[e].to]++ = e;
    for (uint32_t output = 0; output < 2; output++)
        for (uint32_t e = 0; e < self->n_edges; e++)
            if (self->edges[e].output == output) *out[self->edges[e].from]++ = e;
    self->graph->vertices = self->vertices;
    self->graph->n_vertices = self->n_vertices;
    self->graph->edges = self->edges;
    self->graph->n_edges = self->n_edges;
}

static void make_chains(builder *self)
{
    tide_chain *chains = NULL;
    uint32_t n = 0, cap = 0;
    for (uint32_t v = 0; v < self->n_vertices; v++) {
        tide_vertex *vertex = &self->vertices[v];
        if (vertex->n_in == 1) {
            tide_edge *edge = &self->edges[vertex->in[0]];
            const tide_vertex *from = &self->vertices[edge->from];
            edge->chained =
                from->parallelism == vertex->parallelism &&
                (edge->partitioner == TIDE_PARTITION_FORWARD || vertex->parallelism == 1);
            vertex->chain = from->chain;
            if (edge->chained) continue;
        }
        vertex->chain = n;
        TIDE_PUSH(self->arena, chains, n, cap,
                  ((tide_chain){ .parallelism = vertex->parallelism }));
    }
    uint32_t **at = TIDE_NEW_N(self->walk.arena, uint32_t *, n);
    for (uint32_t v = 0; v < self->n_vertices; v++) chains[self->vertices[v].chain].n++;
    for (uint32_t c = 0; c < n; c++)
        chains[c].vertices = at[c] = TIDE_NEW_N(self->arena, uint32_t, chains[c].n);
    for (uint32_t v = 0; v < self->n_vertices; v++) *at[self->vertices[v].chain]++ = v;
    self->graph->chains = chains;
    self->graph->n_chains = n;
}

static const char *name_of(tide_arena *arena, const tide_node *node)
{
    const char *kind = tide_node_kind_name(node->kind);
    if (node->kind == TIDE_NODE_SCAN)
        return tide_arena_printf(arena, "scan %s", node->scan.table->name);
    if (node->kind == TIDE_NODE_SINK)
        return node->sink.print ? "print"
                                : tide_arena_printf(arena, "sink %s", node->sink.table->name);
    if (node->kind == TIDE_NODE_USER)
        return tide_arena_printf(arena, "%s %s", kind, node->user.op->name);
    const tide_window *window = node->kind == TIDE_NODE_AGGREGATE ? &node->aggregate.window
                                : node->kind == TIDE_NODE_PARTIAL
                                    ? &node->partial.of->aggregate.window
                                : node->kind == TIDE_NODE_WINDOW ? &node->window.window
                                                                 : NULL;
    const char *text = window ? tide_window_print(arena, window, &node->inputs[0]->schema) : NULL;
    return text ? tide_arena_printf(arena, "%s %s", kind, text) : kind;
}
