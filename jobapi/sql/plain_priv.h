/* plain_priv.h - for tests of the parser only. */
#ifndef TIDE_JOBAPI_SQL_PLAIN_PRIV_H
#define TIDE_JOBAPI_SQL_PLAIN_PRIV_H
#include "jobapi/sql/parse.h"

/* tide_sql_parse without rewriter and repair: PostgreSQL's own language must give the same tree. */
TIDE_MUST_CHECK tide_status tide_sql_parse_plain(tide_arena *arena, const char *text,
                                                 tide_sql_script **out);

#endif
