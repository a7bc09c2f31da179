/* convert_priv.h - what the files of the conversion share: from the grammar's tree to ours.
 *
 * Every node and every field of the grammar's tree is either converted or named and refused
 * (TIDE_E_UNSUPPORTED); none is ignored. A function given a NULL node returns NULL. */
#ifndef TIDE_JOBAPI_SQL_CONVERT_PRIV_H
#define TIDE_JOBAPI_SQL_CONVERT_PRIV_H
#include "jobapi/sql/rewrite_priv.h"

/* Nodes of the grammar's tree: <pg_query/pg_query.pb-c.h>. */
typedef struct PgQuery__Node PgQuery__Node;
typedef struct PgQuery__FuncCall PgQuery__FuncCall;
typedef struct PgQuery__RangeVar PgQuery__RangeVar;
typedef struct PgQuery__SelectStmt PgQuery__SelectStmt;
typedef struct PgQuery__TypeCast PgQuery__TypeCast;
typedef struct PgQuery__TypeName PgQuery__TypeName;
typedef struct PgQuery__WindowDef PgQuery__WindowDef;
typedef struct PgQuery__WithClause PgQuery__WithClause;

typedef struct tide_sql_convert {
    tide_sql_front *front;
    const tide_sql_rewriter *written; /* What the locations in the tree refer to. */
    const tide_sql_tokens *t;
    tide_arena *arena;
    uint32_t depth;
    uint32_t anchor; /* Token of the nearest enclosing node with a location: for those without. */
} tide_sql_convert;

/* ---- convert.c: statements ---- */

void tide_sql_convert_statement(tide_sql_convert *self, const PgQuery__Node *node,
                                tide_sql_stmt *out);

/* ---- positions.c ---- */

/* The token of a location in the written text; the anchor's when it is unknown (-1). */
uint32_t tide_sql_token_of(const tide_sql_convert *self, int32_t location);
uint32_t tide_sql_pos_of(const tide_sql_convert *self, int32_t location);
/* The first location inside a node that has none itself; -1 if there is none. */
int32_t tide_sql_location_of(const PgQuery__Node *node);
/* A name that the grammar gave back: from its token if it is a marker, else (a keyword) from the
 * first token from `token` on that spells it. */
tide_sql_name tide_sql_convert_name(tide_sql_convert *self, const char *text, uint32_t token);
/* A list of String nodes as a path (a.b) or as separate names. */
tide_sql_path tide_sql_convert_path(tide_sql_convert *self, size_t n, PgQuery__Node *const *nodes,
                                    uint32_t token);
tide_sql_names tide_sql_convert_names(tide_sql_convert *self, size_t n, PgQuery__Node *const *nodes,
                                      uint32_t token);
/* The string of a String node; NULL if it is another one. */
const char *tide_sql_string_of(const PgQuery__Node *node);
/* Does the single name of a list equal a marker? */
bool tide_sql_is_marker(size_t n, PgQuery__Node *const *nodes, const char *marker);
/* The nearest token at or before `token`, brackets between them skipped, that is in the list; else
 * `token`: finds the SELECT or JOIN whose node has no location of its own. */
uint32_t tide_sql_word_before(const tide_sql_convert *self, uint32_t token,
                              const char *const *list);
/* The grammar's name of a node's kind, for refusals. */
const char *tide_sql_node_name(const PgQuery__Node *node);
/* One level down: false, with an error, when the tree is too deep. Pair with self->depth--. */
bool tide_sql_enter(tide_sql_convert *self, int32_t location);
void tide_sql_refuse(tide_sql_convert *self, int32_t location, const char *what);

/* ---- convert_expr.c, convert_call.c ---- */

tide_sql_expr *tide_sql_convert_expr(tide_sql_convert *self, const PgQuery__Node *node);
tide_sql_exprs tide_sql_convert_exprs(tide_sql_convert *self, size_t n,
                                      PgQuery__Node *const *nodes);
tide_sql_expr *tide_sql_new_expr(tide_sql_convert *self, tide_sql_expr_kind kind, int32_t location);
/* An OP node over the n given arguments. */
tide_sql_expr *tide_sql_new_op(tide_sql_convert *self, const char *name, int32_t location,
                               uint32_t n, tide_sql_expr *const *args);
tide_sql_expr *tide_sql_convert_call(tide_sql_convert *self, const PgQuery__FuncCall *call);
tide_sql_over tide_sql_convert_over(tide_sql_convert *self, const PgQuery__WindowDef *def);
tide_sql_orders tide_sql_convert_orders(tide_sql_convert *self, size_t n,
                                        PgQuery__Node *const *nodes);
tide_sql_type tide_sql_convert_type(tide_sql_convert *self, const PgQuery__TypeName *type);
tide_sql_expr *tide_sql_convert_cast(tide_sql_convert *self, const PgQuery__TypeCast *cast,
                                     bool is_try);

/* ---- convert_query.c, convert_from.c ---- */

tide_sql_query *tide_sql_convert_query(tide_sql_convert *self, const PgQuery__Node *node);
tide_sql_query *tide_sql_convert_select(tide_sql_convert *self, const PgQuery__SelectStmt *select);
void tide_sql_convert_with(tide_sql_convert *self, const PgQuery__WithClause *with,
                           tide_sql_query *query);
tide_sql_from *tide_sql_convert_from(tide_sql_convert *self, const PgQuery__Node *node);
tide_sql_path tide_sql_convert_range_path(tide_sql_convert *self, const PgQuery__RangeVar *range);
/* Index of the last token of that path. */
uint32_t tide_sql_path_end(const tide_sql_convert *self, uint32_t token, uint32_t n);

#endif
