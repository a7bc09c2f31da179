/* agg_priv.h - what the files that implement agg.h share. */
#ifndef TIDE_BASE_EXPR_AGG_PRIV_H
#define TIDE_BASE_EXPR_AGG_PRIV_H
#include "base/expr/agg.h"

/* Each fills in the kernels, state size and flags of *self, whose kind, arg and result are set. */
void tide_agg_init_count(tide_agg *self);
void tide_agg_init_sum(tide_agg *self);    /* SUM and AVG. */
void tide_agg_init_minmax(tide_agg *self); /* MIN and MAX. */

/* An integer-like value of any width as 64 bits. `id` is a constant at every call site. */
TIDE_INLINE int64_t tide_agg_load_i64(const void *values, uint32_t row, tide_type_id id)
{
    if (id == TIDE_TYPE_BOOLEAN) return ((const uint8_t *)values)[row];
    if (id == TIDE_TYPE_TINYINT) return ((const int8_t *)values)[row];
    if (id == TIDE_TYPE_SMALLINT) return ((const int16_t *)values)[row];
    if (id == TIDE_TYPE_INT) return ((const int32_t *)values)[row];
    return ((const int64_t *)values)[row];
}

TIDE_INLINE bool tide_agg_row_valid(const uint64_t *validity, uint32_t row)
{
    return validity == NULL || ((validity[row >> 6] >> (row & 63)) & 1);
}

#endif
