/* caret.h - how is an error shown in the text that it is about?
 *
 *   job.sql:3:12: unknown column user_idd
 *     GROUP BY user_idd
 *              ^
 *   hint: did you mean user_id?
 *
 * Lines and columns count from 1, columns in characters (a tab is one, but the caret line repeats
 * it, so that both lines indent alike). Of a long line only the part around the caret is shown.
 * Characters that are two cells wide on a terminal get two blanks; zero-width ones none. Pure; any
 * thread. */
#ifndef TIDE_JOBAPI_SQL_CARET_H
#define TIDE_JOBAPI_SQL_CARET_H
#include "base/core/bytes.h"
#include "base/core/status.h"
#include <stdbool.h>

/* Appends the lines above to *out. `pos` is a byte offset into `text` (NUL-terminated, any bytes);
 * one behind the end points at the end. hint may be NULL. The last line has no newline. */
void tide_sql_caret(tide_bytes *out, const char *text, const char *source_name, uint32_t pos,
                    const char *message, const char *hint);

/* The line and column of a byte offset, both from 1. */
void tide_sql_line_column(const char *text, uint32_t pos, uint32_t *line, uint32_t *column);

/* Starts a chain (tide_fail) with the lines above and returns `code`. */
tide_status tide_sql_fail(tide_status code, const char *text, const char *source_name, uint32_t pos,
                          const char *hint, const char *fmt, ...) TIDE_PRINTF(6, 7);

#endif
