/* sql_print.h - a SQL syntax tree as one line of text per statement, for comparing with what a test
 * expects. Everything the tree says is printed; what is absent or the default is not. */
#ifndef TIDE_TESTS_SUPPORT_SQL_PRINT_H
#define TIDE_TESTS_SUPPORT_SQL_PRINT_H
#include "base/core/bytes.h"
#include "jobapi/sql/ast.h"

/* Appends the statements, a newline between them. with_positions adds "@offset" to every node. */
void tide_sql_print(tide_bytes *out, const tide_sql_script *script, bool with_positions);

#endif
