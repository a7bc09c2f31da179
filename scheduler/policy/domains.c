/* domains.c - ranges of neighbouring slots. */
#include "scheduler/policy/domains.h"

#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

/* One slot's place, most significant first. */
typedef struct sort_row {
    uint32_t host, agent, local, idx;
    int32_t socket, numa, cache;
} sort_row;

static int compare_rows(const void *a_v, const void *b_v)
{
    const sort_row *a = a_v, *b = b_v;
#define BY(field)                                                                                  \
    if (a->field != b->field) return a->field < b->field ? -1 : 1
    BY(host);
    BY(socket);
    BY(numa);
    BY(cache);
    BY(agent);
    BY(local);
#undef BY
    return 0;
}

uint32_t *tide_domains_order(const tide_free_slot *free, uint32_t n_free)
{
    sort_row *rows = tide_malloc(n_free * sizeof *rows);
    for (uint32_t i = 0; i < n_free; i++) {
        const tide_free_slot *f = &free[i];
        rows[i] = (sort_row){ f->host, f->agent, f->local, i, f->socket, f->numa, f->cache };
    }
    qsort(rows, n_free, sizeof *rows, compare_rows);
    uint32_t *order = tide_malloc(n_free * sizeof *order);
    for (uint32_t i = 0; i < n_free; i++) order[i] = rows[i].idx;
    tide_free(rows);
    return order;
}

static bool in_one_domain(const tide_free_slot *a, const tide_free_slot *b, tide_domain_level level)
{
    switch (level) {
    case TIDE_DOMAIN_HOST: return a->host == b->host;
    case TIDE_DOMAIN_SOCKET: return a->socket == b->socket;
    case TIDE_DOMAIN_NUMA: return a->numa == b->numa;
    case TIDE_DOMAIN_CACHE: return a->cache == b->cache;
    case TIDE_DOMAIN_LEVELS: break;
    }
    return true;
}

static uint32_t size_of(tide_domain d)
{
    return d.end - d.begin;
}

static int compare_domains(const void *a_v, const void *b_v)
{
    const tide_domain *a = a_v, *b = b_v;
    if (size_of(*a) != size_of(*b)) return size_of(*a) > size_of(*b) ? -1 : 1;
    return a->begin < b->begin ? -1 : a->begin > b->begin;
}

uint32_t tide_domains_split(const tide_free_slot *free, const uint32_t *order, tide_domain whole,
                            tide_domain_level level, tide_domain *out)
{
    uint32_t n = 0;
    for (uint32_t i = whole.begin; i < whole.end; i++) {
        if (i == whole.begin || !in_one_domain(&free[order[i - 1]], &free[order[i]], level))
            out[n++] = (tide_domain){ i, i };
        out[n - 1].end = i + 1;
    }
    qsort(out, n, sizeof *out, compare_domains);
    return n;
}

static uint32_t *take(const uint32_t *order, tide_domain from, uint32_t n, uint32_t *chosen)
{
    for (uint32_t i = 0; i < n; i++) *chosen++ = order[from.begin + i];
    return chosen;
}

/* The smallest of domains[first, n), sorted by size, that holds `wanted`; the first of equals. */
static uint32_t best_fit(const tide_domain *domains, uint32_t first, uint32_t n, uint32_t wanted)
{
    uint32_t best = first;
    for (uint32_t i = first; i < n && size_of(domains[i]) >= wanted; i++)
        if (size_of(domains[i]) < size_of(domains[best])) best = i;
    return best;
}

uint32_t *tide_domains_gather(const tide_free_slot *free, const uint32_t *order, tide_domain whole,
                              tide_domain_level last, uint32_t n, uint32_t *chosen)
{
    tide_assert(n <= size_of(whole));
    /* Each round goes one level down, into the one domain that the rest comes from. */
    for (tide_domain_level level = TIDE_DOMAIN_HOST; level <= last && n < size_of(whole); level++) {
        tide_domain *domains = tide_malloc(size_of(whole) * sizeof *domains);
        uint32_t n_domains = tide_domains_split(free, order, whole, level, domains), at = 0;
        for (; at < n_domains && size_of(domains[at]) < n; at++) {
            chosen = take(order, domains[at], size_of(domains[at]), chosen);
            n -= size_of(domains[at]);
        }
        whole = domains[best_fit(domains, at, n_domains, n)];
        tide_free(domains);
    }
    return take(order, whole, n, chosen);
}
