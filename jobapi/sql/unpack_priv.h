/* unpack_priv.h - the grammar library's messages, unpacked into an arena, and its positions. */
#ifndef TIDE_JOBAPI_SQL_UNPACK_PRIV_H
#define TIDE_JOBAPI_SQL_UNPACK_PRIV_H
#include <stdint.h>

#include "base/core/arena.h"

/* Of <pg_query/pg_query.pb-c.h>. */
typedef struct PgQuery__ScanResult PgQuery__ScanResult;
typedef struct PgQuery__ParseResult PgQuery__ParseResult;

/* NULL if the bytes are not such a message. */
const PgQuery__ScanResult *tide_sql_unpack_scan(tide_arena *arena, const void *data, size_t bytes);
const PgQuery__ParseResult *tide_sql_unpack_tree(tide_arena *arena, const void *data, size_t bytes);

/* The byte offset of character `cursor` of the text: the library's errors count characters from 1
 * (0 is unknown), everything else counts bytes from 0. */
uint32_t tide_sql_byte_of_char(const char *text, int cursor);

#endif
