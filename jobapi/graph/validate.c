/* validate.c - does a graph keep the promises of graph.h? A graph that came over a wire is checked
 * by the same function as one just built. */
#include <string.h>

#include "jobapi/graph/graph.h"

static tide_status check_vertex(const tide_graph *self, uint32_t v);
static tide_status check_edge(const tide_graph *self, uint32_t e);
static tide_status check_chain(const tide_graph *self, uint32_t c);

const char *tide_partitioner_name(tide_partitioner p)
{
    static const char *const names[] = { "forward", "hash", "rebalance", "broadcast", "gather" };
    return names[p];
}

tide_status tide_graph_validate(const tide_graph *self)
{
    if (self->parallelism == 0 || self->parallelism > self->key_groups)
        return tide_fail(TIDE_E_INTERNAL, "graph: parallelism %u of %u key groups",
                         self->parallelism, self->key_groups);
    for (uint32_t e = 0; e < self->n_edges; e++) TIDE_TRY(check_edge(self, e));
    for (uint32_t v = 0; v < self->n_vertices; v++) TIDE_TRY(check_vertex(self, v));
    uint32_t in_chains = 0;
    for (uint32_t c = 0; c < self->n_chains; c++) {
        TIDE_TRY(check_chain(self, c));
        in_chains += self->chains[c].n;
    }
    if (in_chains != self->n_vertices)
        return tide_fail(TIDE_E_INTERNAL, "graph: %u of %u vertices are in chains", in_chains,
                         self->n_vertices);
    return TIDE_OK;
}

static tide_status check_vertex(const tide_graph *self, uint32_t v)
{
    const tide_vertex *vertex = &self->vertices[v];
    if (!vertex->node || vertex->node->kind == TIDE_NODE_UNION ||
        vertex->node->kind == TIDE_NODE_SIDE)
        return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u is no operator", v);
    if (vertex->parallelism == 0 || vertex->parallelism > self->parallelism)
        return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u has parallelism %u", v,
                         vertex->parallelism);
    if (strlen(vertex->id) != TIDE_OPERATOR_ID_BYTES - 1)
        return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u has no operator id", v);
    for (uint32_t other = 0; other < v; other++)
        if (strcmp(self->vertices[other].id, vertex->id) == 0)
            return tide_fail(TIDE_E_INTERNAL, "graph: vertices %u and %u have the same id", other,
                             v);
    bool is_source = vertex->node->n_inputs == 0, is_sink = vertex->node->kind == TIDE_NODE_SINK;
    if (is_source != (vertex->n_in == 0) || is_sink != (vertex->n_out == 0))
        return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u (%s) has %u inputs and %u outputs", v,
                         vertex->name, vertex->n_in, vertex->n_out);
    for (uint32_t i = 0; i < vertex->n_in; i++)
        if (vertex->in[i] >= self->n_edges || self->edges[vertex->in[i]].to != v)
            return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u: input %u is not its own", v, i);
    for (uint32_t i = 0; i < vertex->n_out; i++)
        if (vertex->out[i] >= self->n_edges || self->edges[vertex->out[i]].from != v)
            return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u: output %u is not its own", v, i);
    if (vertex->chain >= self->n_chains)
        return tide_fail(TIDE_E_INTERNAL, "graph: vertex %u is in no chain", v);
    return TIDE_OK;
}

static tide_status check_edge(const tide_graph *self, uint32_t e)
{
    const tide_edge *edge = &self->edges[e];
    if (edge->from >= edge->to || edge->to >= self->n_vertices)
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u goes from %u to %u", e, edge->from,
                         edge->to);
    const tide_vertex *from = &self->vertices[edge->from], *to = &self->vertices[edge->to];
    const tide_schema *rows = tide_vertex_output(from, edge->output);
    if (!rows)
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u leaves output %u", e, edge->output);
    const tide_schema *taken = tide_vertex_input(to, edge->port);
    if (!taken) return tide_fail(TIDE_E_INTERNAL, "graph: edge %u enters port %u", e, edge->port);
    if (rows->n != taken->n)
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u carries %u columns, expected %u", e,
                         rows->n, taken->n);
    if (edge->partitioner == TIDE_PARTITION_FORWARD && from->parallelism != to->parallelism)
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u forwards %u subtasks to %u", e,
                         from->parallelism, to->parallelism);
    if ((edge->partitioner == TIDE_PARTITION_HASH) != (edge->n_keys > 0))
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u has %u keys", e, edge->n_keys);
    for (uint32_t k = 0; k < edge->n_keys; k++)
        if (edge->keys[k] >= rows->n)
            return tide_fail(TIDE_E_INTERNAL, "graph: edge %u: key %u is column %u of %u", e, k,
                             edge->keys[k], rows->n);
    bool may_chain = to->n_in == 1 && from->parallelism == to->parallelism &&
                     (edge->partitioner == TIDE_PARTITION_FORWARD || to->parallelism == 1);
    if (edge->chained != may_chain || edge->chained != (from->chain == to->chain))
        return tide_fail(TIDE_E_INTERNAL, "graph: edge %u is wrongly %schained", e,
                         edge->chained ? "" : "un");
    return TIDE_OK;
}

static tide_status check_chain(const tide_graph *self, uint32_t c)
{
    const tide_chain *chain = &self->chains[c];
    for (uint32_t i = 0; i < chain->n; i++) {
        uint32_t v = chain->vertices[i];
        if (v >= self->n_vertices || self->vertices[v].chain != c ||
            self->vertices[v].parallelism != chain->parallelism)
            return tide_fail(TIDE_E_INTERNAL, "graph: chain %u: member %u is not its own", c, i);
        bool is_head = self->vertices[v].n_in != 1 || !self->edges[self->vertices[v].in[0]].chained;
        if (is_head != (i == 0))
            return tide_fail(TIDE_E_INTERNAL, "graph: chain %u: head is not member 0", c);
    }
    return TIDE_OK;
}
