/* topology.h - which cores does this machine have, and what lies near what?
 *
 * Read once through hwloc, from the machine or from one that hwloc makes up ("node:2 l3:2 core:4
 * pu:1"), so that placement is tested on machines that are not there. Blocking (milliseconds): at
 * start only. */
#ifndef TIDE_BASE_THREAD_TOPOLOGY_H
#define TIDE_BASE_THREAD_TOPOLOGY_H
#include <stdint.h>

#include "base/core/status.h"

/* A physical core, by its first hardware thread. Numbers of sockets, nodes and caches are hwloc's
 * logical ones, from 0; -1 when the machine does not say. */
typedef struct tide_core {
    int32_t cpu;  /* The system's number: what affinity takes. */
    int32_t node; /* The system's number of the NUMA node: what memory policies take. */
    int32_t socket, numa, cache; /* cache: the last level. */
} tide_core;

typedef struct tide_topology {
    uint32_t n_cores; /* At least 1. */
    tide_core *cores; /* Neighbours side by side. */
    uint32_t n_sockets, n_nodes;
    uint64_t memory_bytes;
} tide_topology;

/* The cores that this process may use; `synthetic` NULL: of the machine. TIDE_E_OPTION for a
 * description that hwloc does not read, TIDE_E_IO when it cannot look. */
TIDE_MUST_CHECK tide_status tide_topology_load(const char *synthetic, tide_topology *out);
void tide_topology_fini(tide_topology *self);

#endif
