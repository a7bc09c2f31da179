/* bind_priv.h - the binder: from the syntax tree to plan nodes. Of sql/ only.
 *
 * One binder binds one script; its memory is the plan's arena. A function that
 * fails has started an error chain with the place in the text (tide_bind_fail);
 * nobody adds to it on the way up.
 *
 * Columns in bound expressions are indexes into the current relation's node;
 * while a grouped query is bound, those from TIDE_GROUP_COLUMN on stand for its
 * aggregates and its window. */
#ifndef TIDE_JOBAPI_SQL_BIND_PRIV_H
#define TIDE_JOBAPI_SQL_BIND_PRIV_H
#include "base/core/bytes.h"
#include "jobapi/plan/node.h"
#include "jobapi/sql/caret.h"
#include "jobapi/sql/catalog.h"
#include "jobapi/sql/parse.h"
#include "jobapi/sql/sql.h"

/* A name that a query sees: WITH. Innermost first. Bound when first used. */
typedef struct tide_cte {
    const tide_sql_cte *ast;
    struct tide_cte *outer; /* What its query sees. */
    const tide_node *node;  /* NULL until used. */
} tide_cte;

typedef struct tide_binder {
    tide_arena *arena;
    tide_plan *plan;
    const tide_sql_script *script;
    const tide_sql_context *context;
    tide_catalog catalog;
    tide_option *sets; /* SETs in force, in order; the context's are not among them. */
    uint32_t n_sets, cap_sets;
    tide_job_settings settings; /* What sets and the context's settings say at
                                   this statement. */
    bool failed_before;         /* The error is a consequence of an earlier one: do not
                                   report it. */
    uint32_t n_errors;
    tide_status first_error;
    tide_bytes errors;
} tide_binder;

/* The rows that a SELECT ranges over. */
typedef struct tide_relation {
    const tide_node *node;
    const char *alias; /* NULL: none, columns cannot be qualified. */
    bool is_one_row;   /* SELECT without FROM. */
} tide_relation;

typedef struct tide_grouping tide_grouping; /* bind_group.c */

/* Where an expression stands. */
typedef struct tide_place {
    const tide_relation *relation;
    const char *clause;      /* "WHERE", for messages. */
    tide_grouping *grouping; /* Aggregates go here; NULL: none are allowed. */
    const tide_table *table; /* Computed columns and watermarks: columns are this table's. */
    uint32_t n_ready;        /* With table: its first columns that may be used. */
} tide_place;

/* ---- bind_error.c ---- */
tide_status tide_bind_fail(tide_binder *self, tide_status code, uint32_t pos, const char *hint,
                           const char *fmt, ...) TIDE_PRINTF(5, 6);
/* Gives the newest failure, which has no place yet, the place `pos`. */
tide_status tide_bind_at(tide_binder *self, tide_status code, uint32_t pos);
/* Refuses a construct: "<what> is not supported". */
tide_status tide_bind_refuse(tide_binder *self, uint32_t pos, const char *what, const char *hint);
/* Files the newest failure as one error of the script. */
void tide_bind_report(tide_binder *self, tide_status code);
/* Starts the chain that lists all that were filed. */
tide_status tide_bind_errors(tide_binder *self);
/* "did you mean x?" in the arena, or NULL. */
const char *tide_bind_did_you_mean(tide_binder *self, const char *name);

/* ---- bind_name.c ---- */
/* A name's index: exact first, else by unique case-insensitive match; -1 none,
 * -2 ambiguous. */
int32_t tide_find_name(const char *name, const char *(*at)(const void *ctx, uint32_t i),
                       const void *ctx, uint32_t n);
/* The index in relation->node of a column. TIDE_E_BIND with a suggestion. */
TIDE_MUST_CHECK tide_status tide_bind_column(tide_binder *self, const tide_relation *relation,
                                             const tide_sql_path *path, uint32_t *out);
/* The same without an error: false when it is unknown or ambiguous. */
bool tide_bind_has_column(const tide_relation *relation, const tide_sql_path *path, uint32_t *out);
/* Is `t` of t.* the relation's alias? */
bool tide_bind_is_alias(const tide_relation *relation, const tide_sql_path *path);
/* The last part of a table's path; earlier parts may only be default names. */
TIDE_MUST_CHECK tide_status tide_bind_table_name(tide_binder *self, const tide_sql_path *path,
                                                 tide_sql_name *out);

/* ---- bind_expr.c, bind_call.c, bind_literal.c ---- */
TIDE_MUST_CHECK tide_status tide_bind_expr(tide_binder *self, const tide_place *place,
                                           const tide_sql_expr *ast, const tide_expr **out);
TIDE_MUST_CHECK tide_status tide_bind_exprs(tide_binder *self, const tide_place *place,
                                            const tide_sql_exprs *asts, const tide_expr ***out);
/* A BOOLEAN for WHERE, HAVING, FILTER. */
TIDE_MUST_CHECK tide_status tide_bind_condition(tide_binder *self, const tide_place *place,
                                                const tide_sql_expr *ast, const tide_expr **out);
TIDE_MUST_CHECK tide_status tide_bind_call(tide_binder *self, const tide_place *place,
                                           const tide_sql_expr *ast, const tide_expr **out);
TIDE_MUST_CHECK tide_status tide_bind_literal(tide_binder *self, const tide_sql_expr *ast,
                                              const tide_expr **out);
TIDE_MUST_CHECK tide_status tide_bind_type(tide_binder *self, const tide_sql_type *ast,
                                           tide_type *out);
/* A catalogue function over bound arguments, its errors placed at pos. */
TIDE_MUST_CHECK tide_status tide_bind_function(tide_binder *self, const char *name,
                                               const tide_expr *const *args, uint32_t n,
                                               uint32_t pos, const tide_expr **out);
/* A constant INTERVAL of days and less, in microseconds; `what` for messages:
 * "window size". */
TIDE_MUST_CHECK tide_status tide_bind_duration(tide_binder *self, const tide_sql_expr *ast,
                                               const char *what, int64_t *us_out);
/* A constant whole number >= 0 for LIMIT and OFFSET. */
TIDE_MUST_CHECK tide_status tide_bind_count(tide_binder *self, const tide_sql_expr *ast,
                                            const char *what, int64_t *out);
/* The last part of a call's name if the expression is one, else NULL. */
const char *tide_bind_call_name(const tide_sql_expr *ast);

/* ---- bind_from.c ---- */
TIDE_MUST_CHECK tide_status tide_bind_from(tide_binder *self, const tide_sql_from *ast,
                                           tide_cte *ctes, tide_relation *out);
/* One row without a use for its column. */
const tide_node *tide_bind_one_row(tide_binder *self);
/* The node with other column names. */
const tide_node *tide_bind_renamed(tide_binder *self, const tide_node *node,
                                   const char *const *names);

/* ---- bind_query.c, bind_select.c, bind_order.c ---- */
TIDE_MUST_CHECK tide_status tide_bind_query(tide_binder *self, const tide_sql_query *ast,
                                            tide_cte *ctes, const tide_node **out);

TIDE_MUST_CHECK tide_status tide_bind_select(tide_binder *self, const tide_sql_query *ast,
                                             tide_cte *ctes, const tide_node **out);
/* ORDER BY, LIMIT and OFFSET of a query that is no SELECT, over its result. */
TIDE_MUST_CHECK tide_status tide_bind_order(tide_binder *self, const tide_sql_query *ast,
                                            const tide_node *node, const tide_node **out);
/* DISTINCT: one row of each kind. */
TIDE_MUST_CHECK tide_status tide_bind_distinct(tide_binder *self, const tide_node *node,
                                               uint32_t pos, const tide_node **out);
/* SORT over node if the query has ORDER BY, LIMIT or OFFSET, whose input must
 * end. */
TIDE_MUST_CHECK tide_status tide_bind_sort(tide_binder *self, const tide_sql_query *ast,
                                           const tide_node *node, const tide_sort_key *keys,
                                           const tide_node **out);
/* An ORDER BY or GROUP BY item that is a plain number: the column it counts to,
 * from 0; -1 when it is no such item. */
TIDE_MUST_CHECK tide_status tide_bind_ordinal(tide_binder *self, const tide_sql_expr *ast,
                                              uint32_t n_columns, int32_t *out);
/* Names that PostgreSQL would give a column without alias; NULL when it has
 * none to give. */
const char *tide_bind_default_name(tide_binder *self, const tide_sql_expr *ast);
/* Columns that are only ever NULL become STRING: a query's result has no
 * untyped columns. */
TIDE_MUST_CHECK tide_status tide_bind_settle(tide_binder *self, const tide_node **node_p);
/* Adds a projection that gives the columns these types; TIDE_E_TYPE when a
 * column has no cast. */
TIDE_MUST_CHECK tide_status tide_bind_coerce_columns(tide_binder *self, const tide_node *node,
                                                     const tide_type *types, uint32_t pos,
                                                     const tide_node **out);

/* ---- bind_group.c, bind_agg.c ---- */
typedef struct tide_group_agg {
    tide_agg_kind kind;
    bool distinct;
    const tide_expr *arg, *filter; /* Over the relation; NULL none. */
    tide_type result;
    const char *name;
    uint32_t pos;
} tide_group_agg;

struct tide_grouping {
    const tide_relation *relation;
    bool is_grouped; /* GROUP BY or HAVING was written, or an aggregate was used.
                      */
    uint32_t pos;
    uint32_t n_keys, cap_keys;
    const tide_expr **keys; /* Over the relation, without window columns. */
    uint32_t n_aggs, cap_aggs;
    tide_group_agg *aggs;
    tide_window window; /* kind NONE: un-windowed. */
};

/* In a grouped query, columns from here on stand for the window's start, end
 * and time, then for the aggregates. No relation has as many columns. */
#define TIDE_GROUP_COLUMN (1u << 30)
enum { TIDE_GROUP_START, TIDE_GROUP_END, TIDE_GROUP_TIME, TIDE_GROUP_AGG };

/* GROUP BY of a SELECT over grouping->relation. */
TIDE_MUST_CHECK tide_status tide_bind_group_by(tide_binder *self, const tide_sql_query *ast,
                                               tide_grouping *grouping);
/* Adds an aggregate call and gives the expression that stands for its result.
 */
TIDE_MUST_CHECK tide_status tide_bind_aggregate(tide_binder *self, const tide_place *place,
                                                const tide_sql_expr *ast, const tide_expr **out);
/* The AGGREGATE node of a grouping, below it a projection of what it needs. */
TIDE_MUST_CHECK tide_status tide_bind_make_aggregate(tide_binder *self, tide_grouping *grouping,
                                                     const tide_node **out);
/* An expression over the relation and its aggregates as one over the AGGREGATE
 * node's output. Fails when it uses a column that is neither grouped nor
 * aggregated. */
TIDE_MUST_CHECK tide_status tide_bind_above_group(tide_binder *self, const tide_grouping *grouping,
                                                  const tide_node *agg, const tide_expr *expr,
                                                  const tide_expr **out);

/* ---- bind_window.c ---- */
TIDE_MUST_CHECK tide_status tide_bind_window_function(tide_binder *self, const tide_sql_from *ast,
                                                      const tide_relation *data,
                                                      const tide_node **out);
/* Is it TUMBLE(...), HOP(...), SESSION(...) as an expression? */
bool tide_bind_is_group_window(const tide_sql_expr *ast);
TIDE_MUST_CHECK tide_status tide_bind_group_window(tide_binder *self, const tide_place *place,
                                                   const tide_sql_expr *ast, tide_window *out);
/* TUMBLE_START(...) and the like, over the grouping's window. *out NULL: it is
 * no such call. */
TIDE_MUST_CHECK tide_status tide_bind_window_part(tide_binder *self, const tide_place *place,
                                                  const tide_sql_expr *ast, const tide_expr **out);

/* ---- bind_table.c, bind_stmt.c, bind_insert.c, bind_check.c ---- */
TIDE_MUST_CHECK tide_status tide_bind_create_table(tide_binder *self, const tide_sql_stmt *stmt);
TIDE_MUST_CHECK tide_status tide_bind_create_view(tide_binder *self, const tide_sql_stmt *stmt);
TIDE_MUST_CHECK tide_status tide_bind_drop(tide_binder *self, const tide_sql_stmt *stmt);
TIDE_MUST_CHECK tide_status tide_bind_statement(tide_binder *self, const tide_sql_stmt *stmt);
/* self->settings anew, from the SETs in force. */
TIDE_MUST_CHECK tide_status tide_bind_read_settings(tide_binder *self);
/* The context's base, the SETs so far, the context's own: a later one wins. In the arena. */
tide_option *tide_bind_all_settings(tide_binder *self, uint32_t *n_out);
TIDE_MUST_CHECK tide_status tide_bind_insert(tide_binder *self, const tide_sql_stmt *stmt);
/* Writes node's columns, in order, into the table. */
TIDE_MUST_CHECK tide_status tide_bind_sink(tide_binder *self, const tide_table *table,
                                           const tide_node *node, uint32_t pos);
/* The table with options of a hint added; itself when there are none. */
TIDE_MUST_CHECK tide_status tide_bind_hints(tide_binder *self, const tide_table *table,
                                            const tide_sql_options *hints, const tide_table **out);
/* Asks the context whether the table can be read or written; an error is shown
 * at the option that it names. */
TIDE_MUST_CHECK tide_status tide_bind_check_table(tide_binder *self, const tide_table *table,
                                                  bool as_sink);
/* What can only be judged of the whole, once the mode is known. Reports its
 * errors. */
void tide_bind_check_plan(tide_binder *self);

#endif
