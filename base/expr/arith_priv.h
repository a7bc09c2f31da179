/* arith_priv.h - what arith.c and decimal_kernels.c share. */
#ifndef TIDE_BASE_EXPR_ARITH_PRIV_H
#define TIDE_BASE_EXPR_ARITH_PRIV_H
#include "base/expr/kernel_priv.h"

/* Calls check for every live row. */
void tide_check_rows(const tide_kcall *k, void (*check)(const tide_kcall *k, char op, uint32_t row),
                     char op);

/* x % d = 0 and x % d <> 0 over BIGINTs, for a constant d other than 0; `imm` is what _of gives,
 * which tide_free gives back. */
extern const tide_fn tide_fn_is_multiple, tide_fn_is_no_multiple;
void *tide_multiples_of(int64_t d);

/* The result is DECIMAL; the operands are DECIMAL or, where the compiler left a cast out,
 * BIGINT. */
void tide_decimal_vec_add(const tide_kcall *k, bool subtract);
void tide_decimal_vec_mul(const tide_kcall *k);
void tide_decimal_vec_div(const tide_kcall *k);
void tide_decimal_vec_mod(const tide_kcall *k);

#endif
