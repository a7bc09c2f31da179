/* fn.h - what is a row of the function catalogue (functions.def)?
 *
 * Static, read-only tables; any thread. A row is one overload: names repeat. Expression nodes
 * point to their row. How a row is computed is one of three ways, tried in this order:
 *   form    a special form, which the compiler lays out itself (AND, CASE, CAST);
 *   vector  a kernel over whole columns;
 *   row     a function of one row's values, which a common driver calls.
 * Rows with `rewrite` never appear in a tree: the binder puts other nodes in their place. */
#ifndef TIDE_BASE_EXPR_FN_H
#define TIDE_BASE_EXPR_FN_H
#include "base/expr/expr.h"

#define TIDE_FN_PARAMS_MAX 7u

/* What a parameter accepts. Up to TIDE_TYPE_COUNT: the type of that id, of any precision. */
typedef enum tide_param {
    TIDE_PARAM_NONE = 0,
    TIDE_PARAM_ANY = TIDE_TYPE_COUNT, /* Whatever comes. */
    TIDE_PARAM_SAME,                  /* All such arguments are brought to their common type. */
    TIDE_PARAM_INTEGER,               /* An integer type; all such arguments to the widest. */
    TIDE_PARAM_NUMBER, /* A numeric type; all to one kind, but DECIMALs keep their own precision. */
    TIDE_PARAM_TEXT    /* STRING, or any type printed as text. */
} tide_param;

typedef enum tide_fn_flag {
    TIDE_FN_VARIADIC = 1,   /* The last parameter repeats; n_min says how often at least. */
    TIDE_FN_NULLS = 2,      /* Sees NULL arguments; otherwise a NULL gives NULL. */
    TIDE_FN_MAKES_NULL = 4, /* May give NULL without a NULL argument. */
    TIDE_FN_FAILS = 8,      /* May give row errors. */
    TIDE_FN_SLOW = 16,      /* Worth skipping for rows that do not need it. */
    TIDE_FN_STABLE = 32,    /* now(): the same value within one evaluation. */
    TIDE_FN_VOLATILE = 64,  /* random(): every call differs. */
    TIDE_FN_HIDDEN = 128    /* Not callable by name (casts), not listed. */
} tide_fn_flag;

/* A call being bound: args are already of the types that the row's parameters ask for. */
typedef struct tide_bind {
    tide_arena *arena;
    const tide_fn *fn;
    const tide_expr **args;
    uint32_t n, pos;
    tide_type type; /* For `bind` to set, as far as `result` does not. */
    bool not_null;  /* Preset: no argument can be NULL and the row makes none. */
} tide_bind;

struct tide_lower;   /* lower_priv.h */
struct tide_kcall;   /* kernel_priv.h */
struct tide_rowcall; /* row_priv.h */

typedef enum tide_row_result { TIDE_ROW_VALUE, TIDE_ROW_NULL, TIDE_ROW_FAILED } tide_row_result;

struct tide_fn {
    const char *name;
    uint8_t params[TIDE_FN_PARAMS_MAX + 1]; /* tide_param; TIDE_PARAM_NONE ends them. */
    uint8_t n_optional;                     /* How many of the parameters may be left out. */
    uint8_t result;                         /* A tide_type_id, or TIDE_TYPE_NULL: `bind` says. */
    uint16_t flags;                         /* tide_fn_flag */
    const char *help;                       /* NULL: an overload described by an earlier row. */

    /* Binding. `bind` may replace arguments, and sets the type when `result` does not; `rewrite`
     * gives the expression that stands for the call. Both fail with TIDE_E_TYPE. */
    tide_status (*bind)(tide_bind *b);
    tide_status (*rewrite)(tide_bind *b, const tide_expr **out);

    /* Running: see above. Row functions find their arguments in args[0..n), and their own
     * result's type in out->type; strings they return live until the next call. */
    tide_status (*form)(struct tide_lower *l, const tide_expr *e, uint32_t *reg_out);
    void (*vector)(const struct tide_kcall *k);
    tide_row_result (*row)(struct tide_rowcall *c, const tide_value *args, tide_value *out);
    /* Once per compiled call: makes what a kernel finds as `imm` out of constant arguments (a
     * compiled pattern), or NULL for nothing. *drop_out, if set, gives it back. */
    void *(*prepare)(const tide_expr *e, void (**drop_out)(void *imm));
};

uint32_t tide_fn_count(void);
const tide_fn *tide_fn_at(uint32_t i);
uint32_t tide_fn_n_params(const tide_fn *self); /* Declared ones; a variadic one counts once. */
uint32_t tide_fn_n_min(const tide_fn *self);    /* Fewest arguments. */

/* "lpad(STRING, INT[, STRING])"; writes at most cap bytes with the NUL; returns buf. */
char *tide_fn_print_signature(const tide_fn *self, char *buf, size_t cap);

#endif
