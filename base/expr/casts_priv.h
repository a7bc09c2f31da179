/* casts_priv.h - which kernel computes a cast? Pure. */
#ifndef TIDE_BASE_EXPR_CASTS_PRIV_H
#define TIDE_BASE_EXPR_CASTS_PRIV_H
#include "base/expr/bind_priv.h"

/* A row like those of functions.def, for a cast that tide_type_can_cast allows. */
const tide_fn *tide_cast_fn(tide_type from, tide_type to, tide_cast_kind kind);

#endif
