/* order_priv.h - the order of single values, as comparisons see it. Pure. */
#ifndef TIDE_BASE_EXPR_ORDER_PRIV_H
#define TIDE_BASE_EXPR_ORDER_PRIV_H
#include "base/column/type.h"

/* <0, 0, >0. Both of one type (DECIMALs of any scale), neither NULL. NaN is the largest number. */
int tide_value_order(const tide_value *x, const tide_value *y);
/* Intervals order by length, with months of 30 days and days of 24 hours. */
__int128 tide_interval_order(const tide_interval *v);

#endif
