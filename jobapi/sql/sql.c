/* sql.c - a whole script is a session of one piece. */
#include "jobapi/sql/sql.h"

#include "jobapi/sql/session.h"

tide_status tide_sql_plan(const char *text, const char *source_name,
                          const tide_sql_context *context, tide_plan **out)
{
    *out = NULL;
    tide_sql_session *session = tide_sql_session_new(context);
    tide_status rv = tide_sql_session_run(session, text, source_name);
    if (rv == TIDE_OK) rv = tide_sql_session_finish(session, out);
    tide_sql_session_free(&session);
    return rv;
}
