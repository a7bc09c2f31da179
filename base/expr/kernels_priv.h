/* kernels_priv.h - the functions that functions.def names with VEC, ROW and PREPARE, declared
 * from there:
 *   void tide_vec_F(const tide_kcall *k);                                    kernel_priv.h
 *   tide_row_result tide_row_F(tide_rowcall *c, const tide_value *args, tide_value *out);  fn.h
 *   void *tide_prepare_F(const tide_expr *e, void (**drop_out)(void *imm));  fn.h */
#ifndef TIDE_BASE_EXPR_KERNELS_PRIV_H
#define TIDE_BASE_EXPR_KERNELS_PRIV_H
#include "base/expr/kernel_priv.h"
#include "base/expr/lower_priv.h"
#include "base/expr/row_priv.h"

#define FN(name, params, result, how, flags, help) how
#define VEC(f) void tide_vec_##f(const tide_kcall *k);
#define ROW(f)                                                                                     \
    tide_row_result tide_row_##f(tide_rowcall *c, const tide_value *args, tide_value *out);
#define PREPARE(f) void *tide_prepare_##f(const tide_expr *e, void (**drop_out)(void *imm));
#define FORM(f)
#define BIND(f)
#define REWRITE(f)
#define OPTIONAL(n)
#include "base/expr/functions.def"
#undef FN
#undef VEC
#undef ROW
#undef PREPARE
#undef FORM
#undef BIND
#undef REWRITE
#undef OPTIONAL

#endif
