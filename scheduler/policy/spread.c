/* spread.c - one slot of each host in turn, of each NUMA node in turn within a host, so that load
 * and memory bandwidth are shared and one lost host takes little with it. */
#include <string.h>

#include "base/core/mem.h"
#include "scheduler/policy/domains.h"

/* Puts order[host) into the order in which its NUMA nodes are taken in turn. */
static void interleave_nodes(const tide_free_slot *free, uint32_t *order, tide_domain host,
                             tide_domain *nodes, uint32_t *scratch)
{
    uint32_t n_nodes = tide_domains_split(free, order, host, TIDE_DOMAIN_NUMA, nodes), n = 0;
    for (uint32_t round = 0; n < host.end - host.begin; round++)
        for (uint32_t i = 0; i < n_nodes; i++)
            if (nodes[i].begin + round < nodes[i].end) scratch[n++] = order[nodes[i].begin + round];
    memcpy(&order[host.begin], scratch, n * sizeof *scratch);
}

void tide_place_spread(const tide_free_slot *free, uint32_t n_free, uint32_t n_wanted,
                       uint32_t *chosen)
{
    uint32_t *order = tide_domains_order(free, n_free);
    uint32_t *scratch = tide_malloc(n_free * sizeof *scratch);
    tide_domain *hosts = tide_malloc(n_free * sizeof *hosts);
    tide_domain *nodes = tide_malloc(n_free * sizeof *nodes);
    const tide_domain whole = { 0, n_free };
    uint32_t n_hosts = tide_domains_split(free, order, whole, TIDE_DOMAIN_HOST, hosts), n = 0;
    for (uint32_t h = 0; h < n_hosts; h++) interleave_nodes(free, order, hosts[h], nodes, scratch);
    for (uint32_t round = 0; n < n_wanted; round++)
        for (uint32_t h = 0; h < n_hosts && n < n_wanted; h++)
            if (hosts[h].begin + round < hosts[h].end) chosen[n++] = order[hosts[h].begin + round];
    tide_free(nodes);
    tide_free(hosts);
    tide_free(scratch);
    tide_free(order);
}
