/* split_wire.c - lists of splits in one list, and apart again. */
#include "worker/runtime/split_wire.h"

#include <inttypes.h>

#include "base/core/mem.h"

void tide_split_wire_write(tide_arena *arena, const tide_scan_splits *scans, uint32_t n,
                           tide_split_wire *out)
{
    *out = (tide_split_wire){ .n_scans = n };
    uint32_t n_splits = 0;
    for (uint32_t i = 0; i < n; i++) n_splits += scans[i].splits.n;
    out->scans = TIDE_NEW_N(arena, tide_scan_info, n);
    out->splits = TIDE_NEW_N(arena, tide_split_info, n_splits);
    for (uint32_t i = 0; i < n; i++) {
        const tide_splits *from = &scans[i].splits;
        out->scans[i] = (tide_scan_info){ scans[i].vertex, from->n_partitions };
        for (uint32_t s = 0; s < from->n; s++)
            out->splits[out->n_splits++] = (tide_split_info){ .vertex = scans[i].vertex,
                                                              .id = from->items[s].id,
                                                              .partition = from->items[s].partition,
                                                              .start = from->items[s].start,
                                                              .end = from->items[s].end };
    }
}

static tide_scan_splits *find_scan(tide_scan_splits *scans, uint32_t n, uint64_t vertex)
{
    for (uint32_t i = 0; i < n; i++)
        if (scans[i].vertex == vertex) return &scans[i];
    return NULL;
}

static tide_status add_split(tide_scan_splits *scans, uint32_t n, const tide_split_info *split)
{
    tide_scan_splits *scan = find_scan(scans, n, split->vertex);
    if (scan == NULL)
        return tide_fail(TIDE_E_PROTO, "split %s belongs to vertex %" PRIu64 ", no listed scan",
                         split->id, split->vertex);
    if (split->partition >= scan->splits.n_partitions)
        return tide_fail(TIDE_E_PROTO, "split %s: partition %" PRIu64 " of %u", split->id,
                         split->partition, scan->splits.n_partitions);
    tide_splits_add(&scan->splits, split->id, (uint32_t)split->partition, split->start, split->end);
    return TIDE_OK;
}

tide_status tide_split_wire_read(const tide_split_wire *in, tide_scan_splits **out, uint32_t *n_out)
{
    tide_scan_splits *scans = tide_calloc(in->n_scans, sizeof *scans);
    for (uint32_t i = 0; i < in->n_scans; i++) {
        scans[i].vertex = (uint32_t)in->scans[i].vertex;
        scans[i].splits.n_partitions = (uint32_t)in->scans[i].n_partitions;
    }
    tide_status rv = TIDE_OK;
    for (uint32_t i = 0; i < in->n_splits && rv == TIDE_OK; i++)
        rv = add_split(scans, in->n_scans, &in->splits[i]);
    *out = rv == TIDE_OK ? scans : NULL;
    *n_out = in->n_scans;
    if (rv != TIDE_OK) tide_scan_splits_free(&scans, in->n_scans);
    return rv;
}
