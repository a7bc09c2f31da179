/* bind_priv.h - what the rows of functions.def name for binding, and what binders share. */
#ifndef TIDE_BASE_EXPR_BIND_PRIV_H
#define TIDE_BASE_EXPR_BIND_PRIV_H
#include "base/expr/fn.h"

/* The first row of that exact name, hidden ones included; it must exist. */
const tide_fn *tide_fn_by_name(const char *name);

typedef enum tide_cast_kind {
    TIDE_CAST_EXPLICIT,
    TIDE_CAST_TRY,
    TIDE_CAST_IMPLICIT
} tide_cast_kind;

/* The node of a cast, or the converted literal. A literal that cannot be converted is an error
 * for an implicit cast, NULL for a try, and fails at run time for an explicit one. */
TIDE_MUST_CHECK tide_status tide_expr_convert(tide_arena *arena, const tide_expr *arg, tide_type to,
                                              tide_cast_kind kind, uint32_t pos,
                                              const tide_expr **out);
/* Calls one row with arguments that already fit it: binds, no overloads. */
TIDE_MUST_CHECK tide_status tide_fn_bind(tide_bind *b, const tide_expr **out);
/* Brings the arguments with indices which[0..n) to their common type. TIDE_E_TYPE if they have
 * none. */
TIDE_MUST_CHECK tide_status tide_bind_unify(tide_bind *b, const uint32_t *which, uint32_t n,
                                            tide_type *out);
/* A node whose type is known. */
const tide_expr *tide_expr_node(const tide_bind *b);

bool tide_expr_is_null_literal(const tide_expr *e);
/* A text literal: what PostgreSQL calls unknown, which becomes whatever type is asked for. */
bool tide_expr_is_text_literal(const tide_expr *e);
/* A literal number's value: integers only. */
bool tide_expr_int_literal(const tide_expr *e, int64_t *out);
/* Is it a cast node (not a try)? Gives its argument. */
bool tide_expr_is_cast(const tide_expr *e, const tide_expr **arg_out);

/* ---- BIND(f) ---- */
tide_status tide_bind_add(tide_bind *b);
tide_status tide_bind_mul(tide_bind *b);
tide_status tide_bind_div(tide_bind *b);
tide_status tide_bind_mod(tide_bind *b);
tide_status tide_bind_same_type(tide_bind *b); /* The result has the first argument's type. */
tide_status tide_bind_compare(tide_bind *b);
tide_status tide_bind_never_null(tide_bind *b);
tide_status tide_bind_case(tide_bind *b);
tide_status tide_bind_coalesce(tide_bind *b);
tide_status tide_bind_sign(tide_bind *b);
tide_status tide_bind_whole(tide_bind *b);
tide_status tide_bind_round(tide_bind *b);
tide_status tide_bind_trunc(tide_bind *b);
tide_status tide_bind_factorial(tide_bind *b);
tide_status tide_bind_extract(tide_bind *b);
tide_status tide_bind_to_number(tide_bind *b);
tide_status tide_bind_to_timestamp_ltz(tide_bind *b);

/* ---- REWRITE(f) ---- */
tide_status tide_rewrite_swapped(tide_bind *b, const tide_expr **out);   /* f(b, a) as f(a, b). */
tide_status tide_rewrite_first_arg(tide_bind *b, const tide_expr **out); /* +x as x. */
tide_status tide_rewrite_negated(tide_bind *b, const tide_expr **out); /* "not f", "!f" as NOT f. */
tide_status tide_rewrite_not_equal(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_between(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_between_symmetric(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_in(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_div(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_as_decimal(tide_bind *b, const tide_expr **out); /* First argument so. */
tide_status tide_rewrite_coalesce(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_nullif(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_if(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_floor_to(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_field(tide_bind *b, const tide_expr **out); /* year(x) as extract. */
tide_status tide_rewrite_dayofweek(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_second(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_date_part(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_age_today(tide_bind *b, const tide_expr **out);
tide_status tide_rewrite_timezone(tide_bind *b, const tide_expr **out);

#endif
