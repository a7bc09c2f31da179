/* batch_priv.h - the inner pieces of columns, for this folder. */
#ifndef TIDE_BASE_COLUMN_BATCH_PRIV_H
#define TIDE_BASE_COLUMN_BATCH_PRIV_H
#include "base/column/batch.h"

/* A column of n rows whose values, validity and data are still to be set. */
tide_col *tide_col_empty(tide_pool *pool, tide_type type, uint32_t n);
/* Values rows[0..n) of `in`, `width` bytes each. */
void tide_values_gather(void *out, const void *in, uint32_t width, const uint16_t *rows,
                        uint32_t n);
/* Bits rows[0..n) of `from` to bits 0..n of `to`, which are ones. */
void tide_bits_gather(uint64_t *to, const uint64_t *from, const uint16_t *rows, uint32_t n);

#endif
