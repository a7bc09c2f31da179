/* plan_text.h - a script's plan and graph, or its errors, as the text that
 * golden files hold. */
#ifndef TIDE_TESTS_UNIT_PLAN_PLAN_TEXT_H
#define TIDE_TESTS_UNIT_PLAN_PLAN_TEXT_H
#include "jobapi/graph/graph.h"
#include "jobapi/sql/sql.h"

/* Tables are unbounded unless they have 'bounded' = 'true'; sinks take changes
 * if 'changes' = 'true'; an option 'bad' is refused, as an unknown one would
 * be. */
extern const tide_sql_context plan_text_context;

/* The explain text at this parallelism, or the error's; the caller frees it
 * with tide_free. */
char *plan_text(const char *sql, uint32_t parallelism);
/* The graph of a script that must be right; *plan owns what it refers to. */
tide_graph *plan_text_graph(const char *sql, uint32_t parallelism, tide_plan **plan);

#endif
