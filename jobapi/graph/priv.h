/* priv.h - of graph/ only. */
#ifndef TIDE_JOBAPI_GRAPH_PRIV_H
#define TIDE_JOBAPI_GRAPH_PRIV_H
#include "jobapi/graph/graph.h"

/* Gives every vertex its operator id. Late rows' vertices have their node's input outside the plan,
 * so the names of the sources are passed: sources[v], sorted, ended by NULL. TIDE_E_INVALID for a
 * uid given twice. */
TIDE_MUST_CHECK tide_status tide_graph_assign_ids(tide_vertex *vertices, uint32_t n,
                                                  const char *const *const *sources);
/* The same number for the same job. */
uint64_t tide_graph_hash(const tide_graph *self);

#endif
