/* parse.h - from the text of a SQL script to its syntax tree (ast.h).
 *
 * PostgreSQL 15's grammar (libpg_query), with Flink's, Arroyo's and RisingWave's streaming
 * constructs rewritten on the token stream before it; nothing of that is visible here. Syntax only:
 * no name is resolved. Pure apart from a short-lived thread with a large stack that parses (the
 * grammar's library recurses). Any thread may call; many may at once.
 *
 * Limits: TIDE_SQL_TEXT_MAX bytes a script, TIDE_SQL_OPERATORS_MAX operators and nested brackets a
 * statement, TIDE_SQL_DEPTH_MAX levels of the tree, identifiers of TIDE_SQL_NAME_MAX bytes. */
#ifndef TIDE_JOBAPI_SQL_PARSE_H
#define TIDE_JOBAPI_SQL_PARSE_H
#include "base/core/arena.h"
#include "base/core/status.h"
#include "jobapi/sql/ast.h"

#define TIDE_SQL_TEXT_MAX (16u << 20)
#define TIDE_SQL_OPERATORS_MAX 20000u
#define TIDE_SQL_NAME_MAX 255u /* Quotes included. PostgreSQL would cut names at 63 bytes. */
#define TIDE_SQL_ERRORS_MAX 10u

/* Parses all statements of `text` (NUL-terminated; copied into the arena) into *out, which lives in
 * the arena. Empty statements are skipped; a script without statements is fine (n is 0).
 * source_name is for messages: "job.sql", "<stdin>", "-e". Returns TIDE_E_SYNTAX,
 * TIDE_E_UNSUPPORTED (the grammar knows it, we do not do it) or TIDE_E_LIMIT: the code of the first
 * error. The chain's text then holds every statement's error, up to TIDE_SQL_ERRORS_MAX, each as
 * tide_sql_caret writes it. */
TIDE_MUST_CHECK tide_status tide_sql_parse(tide_arena *arena, const char *text,
                                           const char *source_name, tide_sql_script **out);

/* The same for `bytes` bytes that may hold NUL bytes or invalid UTF-8 (both are refused at their
 * position): for text read from a file. */
TIDE_MUST_CHECK tide_status tide_sql_parse_bytes(tide_arena *arena, const char *text, size_t bytes,
                                                 const char *source_name, tide_sql_script **out);

#endif
