/* session.h - SQL a piece at a time over one growing plan: what a C job's builder uses.
 *
 * Declarations of earlier pieces are known to later ones, and so are plan nodes that were
 * registered under a name. All nodes live in the plan's arena. Owner: one thread. */
#ifndef TIDE_JOBAPI_SQL_SESSION_H
#define TIDE_JOBAPI_SQL_SESSION_H
#include "jobapi/sql/sql.h"

typedef struct tide_sql_session tide_sql_session;

/* context as for tide_sql_plan; copied, its arrays are borrowed until _free. */
tide_sql_session *tide_sql_session_new(const tide_sql_context *context);
void tide_sql_session_free(tide_sql_session **self_p); /* With a plan that was not taken. */

tide_arena *tide_sql_session_arena(tide_sql_session *self); /* The plan's. */

/* Any statements; sinks of INSERT and SELECT join the plan. Errors as tide_sql_plan's. */
TIDE_MUST_CHECK tide_status tide_sql_session_run(tide_sql_session *self, const char *text,
                                                 const char *source_name);
/* One query, as a node. */
TIDE_MUST_CHECK tide_status tide_sql_session_query(tide_sql_session *self, const char *text,
                                                   const char *source_name, const tide_node **out);
/* All columns of a declared table or view. */
TIDE_MUST_CHECK tide_status tide_sql_session_from(tide_sql_session *self, const char *name,
                                                  const tide_node **out);
/* A node as a view for later SQL. TIDE_E_EXISTS when the name is taken. */
TIDE_MUST_CHECK tide_status tide_sql_session_register(tide_sql_session *self, const char *name,
                                                      const tide_node *node);
void tide_sql_session_forget(tide_sql_session *self, const char *name);
/* A declared table by name; TIDE_E_BIND with the nearest. */
TIDE_MUST_CHECK tide_status tide_sql_session_table(tide_sql_session *self, const char *name,
                                                   const tide_table **out);
/* Rows into a declared table (columns by position, coerced as INSERT does), or to the output when
 * table is NULL. */
TIDE_MUST_CHECK tide_status tide_sql_session_sink(tide_sql_session *self, const tide_node *node,
                                                  const char *table);
TIDE_MUST_CHECK tide_status tide_sql_session_set(tide_sql_session *self, const char *key,
                                                 const char *value);
/* The finished plan: mode set, optimised, the caller's. The session is then only good for _free. */
TIDE_MUST_CHECK tide_status tide_sql_session_finish(tide_sql_session *self, tide_plan **out);

#endif
