/* graph.h - which operators run, how many of each, and how do rows travel between them?
 *
 * The second of the three forms of a job (plan, graph, task). A graph is built from an optimised
 * plan and a few numbers, without I/O, and is the same in every process that builds it from the
 * same text: vertices in a topological order (inputs first), stable operator ids, a plan hash.
 * Read-only after _build; it borrows the plan, which must outlive it.
 *
 * What is a vertex: every plan node but UNION, which becomes several edges into one port, and SIDE,
 * which becomes an edge from another output. Late rows
 * of a windowed aggregate leave it on output 1 and get vertices of their own (a projection and a
 * sink) whose nodes belong to the graph. So does the first phase of an aggregate whose rows go
 * through an exchange (jobapi/plan/partial.h): chained to what makes the rows, it sends them on
 * output 0 to port 0 of the aggregate, and what it added up on output 1 to port 1.
 *
 * Chains: a vertex is chained to its input when it has exactly one input edge, both have the same
 * parallelism, and the edge is FORWARD or the parallelism is 1. A chain is therefore a tree below
 * its head; a vertex with several input edges always starts a chain of its own. A chain times a
 * subtask is a task.
 *
 * Partitioning of keys: key group g of G belongs to subtask g * P / G (tide_key_group_subtask). */
#ifndef TIDE_JOBAPI_GRAPH_GRAPH_H
#define TIDE_JOBAPI_GRAPH_GRAPH_H
#include "base/column/key.h"
#include "jobapi/plan/plan.h"
#include "jobapi/plan/settings.h"

typedef enum tide_partitioner {
    TIDE_PARTITION_FORWARD,   /* Subtask i to subtask i; both ends have the same parallelism. */
    TIDE_PARTITION_HASH,      /* By key group of the edge's key columns. */
    TIDE_PARTITION_REBALANCE, /* Batches round robin: rows may overtake each other. */
    TIDE_PARTITION_BROADCAST, /* Every row to every subtask. */
    TIDE_PARTITION_GATHER     /* All rows to subtask 0; the others get watermarks only. */
} tide_partitioner;

typedef struct tide_edge {
    uint32_t from, output; /* Vertex index; 0 main output, 1 late rows or partial results. */
    uint32_t to, port;     /* Vertex index; several edges may meet in one port (UNION). */
    tide_partitioner partitioner;
    uint32_t n_keys; /* HASH: columns of the producer's output, in key order. */
    const uint32_t *keys;
    bool chained; /* A call inside one task, no exchange. */
} tide_edge;

#define TIDE_OPERATOR_ID_BYTES 17 /* 16 hex digits and a NUL. */

typedef struct tide_vertex {
    char id[TIDE_OPERATOR_ID_BYTES]; /* Stable and unique in the graph: names the state. */
    const char *name;                /* For people: "scan ad_views", "aggregate session". */
    const tide_node *node;           /* SCAN, VALUES, ..., SINK; never UNION. */
    uint32_t parallelism;
    uint32_t chain;  /* Index into the graph's chains. */
    bool final_only; /* Bounded input: an aggregate emits its results at the end, no changes. */
    uint32_t n_in, n_out;       /* Edges. */
    const uint32_t *in, *out;   /* Indexes into graph->edges; in by port, out by output. */
    const tide_schema *input;   /* Of the rows on port 0; NULL for sources. */
    const tide_schema *late;    /* Of output 1, or NULL when it has none. */
    const tide_schema *partial; /* Of port 1 of an aggregate with a first phase; else NULL. */
} tide_vertex;

typedef struct tide_chain {
    uint32_t n;
    const uint32_t *vertices; /* Indexes, head first, inputs before consumers. */
    uint32_t parallelism;
} tide_chain;

typedef struct tide_graph {
    tide_arena *arena;
    const tide_plan *plan;
    uint32_t n_vertices, n_edges, n_chains;
    const tide_vertex *vertices; /* Inputs before consumers. */
    const tide_edge *edges;
    const tide_chain *chains; /* In the order of their heads. */
    uint32_t parallelism;     /* Slots needed: the largest of any vertex. */
    uint32_t key_groups;
    bool bounded;       /* Every source ends. */
    bool batch_mode;    /* Bounded and not asked to stream: final results only. */
    uint64_t plan_hash; /* Equal in every process that built this graph from the same job. */
} tide_graph;

/* Builds the graph of an optimised plan whose mode was set. settings->parallelism 0 means 1.
 * Returns TIDE_E_INVALID when the parallelism exceeds the key groups or two operators were given
 * the same uid; TIDE_E_LIMIT when there are more than TIDE_GRAPH_VERTICES_MAX vertices. */
TIDE_MUST_CHECK tide_status tide_graph_build(const tide_plan *plan,
                                             const tide_job_settings *settings, tide_graph **out);
void tide_graph_free(tide_graph **self_p);
#define TIDE_GRAPH_VERTICES_MAX 10000u

/* Checks every promise of this header; TIDE_E_INTERNAL names the first broken one. _build has
 * called it. */
TIDE_MUST_CHECK tide_status tide_graph_validate(const tide_graph *self);

/* The rows of a vertex's output: 0 main, 1 late rows of an aggregate, partial results of its first
 * phase, or the first side output of a step in C, and so on; NULL when there is no such output. */
const tide_schema *tide_vertex_output(const tide_vertex *self, uint32_t output);
/* The rows that a vertex takes on a port; NULL when there is no such port. */
const tide_schema *tide_vertex_input(const tide_vertex *self, uint32_t port);

const char *tide_partitioner_name(tide_partitioner p); /* "forward", "hash", ... */

/* The graph as text, one line per vertex with its edges below; tide_malloc'd for the caller. */
char *tide_graph_print(const tide_graph *self);
/* {"plan": [...], "graph": {"vertices": [...], "edges": [...]}}: what `explain -o json` shows;
 * tide_malloc'd for the caller. */
char *tide_graph_json(const tide_graph *self);

#endif
