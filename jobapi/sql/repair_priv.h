/* repair_priv.h - what to do when PostgreSQL's grammar stops: change one thing and try again. */
#ifndef TIDE_JOBAPI_SQL_REPAIR_PRIV_H
#define TIDE_JOBAPI_SQL_REPAIR_PRIV_H
#include "jobapi/sql/front_priv.h"

#define TIDE_SQL_REPAIRS_MAX 64u /* Every try costs a parse (30 us for a page of SQL). */

/* Where and why the grammar stopped. */
typedef struct tide_sql_mistake {
    uint32_t token;
    bool has_place;      /* False: the message is about the statement. */
    const char *message; /* The grammar's. */
} tide_sql_mistake;

/* Marks a token so that the rewriter writes it differently next time; false if there is nothing
 * (more) to try. Text that parses is never touched. */
bool tide_sql_repair(tide_sql_front *self, const tide_sql_mistake *mistake);
/* Says what is wrong in the words of the user's text. */
void tide_sql_report_mistake(tide_sql_front *self, const tide_sql_mistake *mistake);

#endif
