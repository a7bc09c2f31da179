/* expr.h - a typed scalar expression: what the binder builds, the optimiser rewrites and prog.h
 * runs.
 *
 * A tree of immutable nodes in an arena. Every node knows its type, whether it can be NULL, and
 * where in the SQL text it came from. Types are complete after construction: casts that SQL
 * makes implicitly are nodes. Pure; any thread (one thread per arena). */
#ifndef TIDE_BASE_EXPR_EXPR_H
#define TIDE_BASE_EXPR_EXPR_H
#include "base/column/type.h"
#include "base/core/arena.h"

#define TIDE_POS_UNKNOWN                                                                           \
    UINT32_MAX /* Positions are byte offsets into the statement's source text. */

typedef struct tide_fn tide_fn; /* A row of functions.def after overload resolution; see fn.h. */

typedef enum tide_expr_kind {
    TIDE_EXPR_COLUMN, /* Column `column` of the input. */
    TIDE_EXPR_LITERAL,
    TIDE_EXPR_CALL, /* Everything else: operators, AND/OR/NOT, CASE, IN, CAST, functions. */
} tide_expr_kind;

typedef struct tide_expr {
    tide_expr_kind kind;
    tide_type type;
    bool not_null;
    uint32_t pos;
    uint32_t n_nodes; /* Of a call: with all below it; what is shared counts each time. */
    union {
        uint32_t column;
        tide_value literal;
        struct {
            const tide_fn *fn;
            const struct tide_expr *const *args;
            uint32_t n_args;
        } call;
    };
} tide_expr;

const tide_expr *tide_expr_column(tide_arena *arena, uint32_t column, tide_type type, bool not_null,
                                  uint32_t pos);
/* Copies string bytes into the arena. */
const tide_expr *tide_expr_literal(tide_arena *arena, const tide_value *value, uint32_t pos);

#define TIDE_EXPR_NODES_MAX 100000u /* A larger expression is TIDE_E_LIMIT. */

/* Resolves `name` against the catalogue and inserts casts. Names: functions as SQL calls them
 * (any case), operators by their symbol ("+", "=", "<>", "||", "~*"), and
 *   "and", "or" (n >= 2), "not", "is null", "is not null", "is true" and the like,
 *   "is distinct from", "is not distinct from", "between", "in" (args[0] in args[1..]), "like",
 *   "ilike", "not like", "similar to", "~", "~*", "neg", "case" (cond, value, ..., [else]),
 *   "coalesce", "nullif", "greatest", "least", "at time zone", "extract" (literal field name,
 *   value), "position" (text, what: as PostgreSQL's parser turns it).
 * Returns TIDE_E_BIND (no such function, with the nearest name) or TIDE_E_TYPE (no such
 * overload, with the argument types and the candidates). The message has no position: the caller
 * adds it from `pos`. */
TIDE_MUST_CHECK tide_status tide_expr_call(tide_arena *arena, const char *name,
                                           const tide_expr *const *args, uint32_t n, uint32_t pos,
                                           const tide_expr **out);
/* An explicit CAST (TRY_CAST gives NULL instead of an error). TIDE_E_TYPE if there is no such
 * cast. */
TIDE_MUST_CHECK tide_status tide_expr_cast(tide_arena *arena, const tide_expr *arg, tide_type to,
                                           bool is_try, uint32_t pos, const tide_expr **out);
/* A cast where SQL assigns or unions: only those that PostgreSQL makes without being asked, in an
 * assignment at the most. A text literal must be a value of `to`. */
TIDE_MUST_CHECK tide_status tide_expr_coerce(tide_arena *arena, const tide_expr *arg, tide_type to,
                                             uint32_t pos, const tide_expr **out);
/* The type that rows of both types fit in (UNION, CASE, VALUES); TIDE_E_TYPE if there is none. */
TIDE_MUST_CHECK tide_status tide_type_common(tide_type a, tide_type b, tide_type *out);

bool tide_expr_equal(const tide_expr *a,
                     const tide_expr *b); /* Structure; positions do not count. */
/* No now(), random() or the like below. */
bool tide_expr_is_deterministic(const tide_expr *self);
/* Sets bits[i] for every input column i used. bits has n_columns entries. */
void tide_expr_mark_columns(const tide_expr *self, bool *bits, uint32_t n_columns);
/* The same tree over other inputs: column i becomes exprs[i] (a column, or what computes it). It
 * may grow beyond TIDE_EXPR_NODES_MAX: the caller looks at n_nodes. */
const tide_expr *tide_expr_substitute(tide_arena *arena, const tide_expr *self,
                                      const tide_expr *const *exprs);
/* Evaluates constant subtrees. A constant that would fail (1/0) stays as it is: it fails when
 * run. */
const tide_expr *tide_expr_fold(tide_arena *arena, const tide_expr *self);
/* SQL-like text in the arena; names[i] is column i's ("$i" when names is NULL). */
const char *tide_expr_print(tide_arena *arena, const tide_expr *self, const char *const *names);

/* Every scalar function and operator of the catalogue, for help, completion and docs: calls
 * visit with the name, the signature text and one line of help. */
void tide_fn_visit(void (*visit)(void *ctx, const char *name, const char *signature,
                                 const char *help),
                   void *ctx);
/* The catalogue's nearest scalar function name to `name`, or NULL. */
const char *tide_fn_nearest(const char *name);
bool tide_fn_exists(const char *name);

#endif
