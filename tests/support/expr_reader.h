/* expr_reader.h - expressions out of text, for tests: a small part of SQL's expression grammar.
 *
 * Numbers, 'texts', typed literals (date '2024-02-29'), NULL, TRUE, FALSE, columns by name, f(x,
 * ...), the operators of functions.def, x::type, CAST(x AS type), TRY_CAST, CASE, IN, BETWEEN,
 * LIKE and the like, IS ..., EXTRACT(field FROM x). Precedence as in SQL. */
#ifndef TIDE_TESTS_SUPPORT_EXPR_READER_H
#define TIDE_TESTS_SUPPORT_EXPR_READER_H
#include "base/expr/expr.h"

/* The chain's text says why it failed. `columns` may be NULL. */
TIDE_MUST_CHECK tide_status read_expr(tide_arena *arena, const char *text,
                                      const tide_schema *columns, const tide_expr **out);

#endif
