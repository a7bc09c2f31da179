/* splits.c - lists of splits, as discovery makes them. */
#include "base/core/mem.h"
#include "worker/connector/connector.h"

void tide_splits_add(tide_splits *self, const char *id, uint32_t partition, uint64_t start,
                     uint64_t end)
{
    TIDE_GROW(self->items, self->n, self->cap);
    self->items[self->n++] =
        (tide_split){ .id = tide_strdup(id), .partition = partition, .start = start, .end = end };
    if (partition >= self->n_partitions) self->n_partitions = partition + 1;
}

void tide_splits_fini(tide_splits *self)
{
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->items[i].id);
    tide_free(self->items);
    *self = (tide_splits){ 0 };
}
