/* snapshot.c - frozen rows and tombstones. */
#include "checkpoint/state/snapshot.h"

#include "checkpoint/state/table_priv.h"

void tide_snapshot_copy_aside(tide_table *t, uint32_t row)
{
    (void)row;
    tide_assert(t->snap != NULL);
}

void tide_snapshot_bury(tide_table *t, uint32_t row)
{
    (void)row;
    tide_assert(t->snap != NULL);
}

void tide_snapshot_clear(tide_table *t)
{
    tide_assert(t->snap == NULL);
}

void tide_snapshot_free(tide_table *t)
{
    tide_assert(t->snap == NULL);
}
