/* field_priv.h - the parts of dates and times that extract, date_trunc and their like can name.
 * Pure. */
#ifndef TIDE_BASE_EXPR_FIELD_PRIV_H
#define TIDE_BASE_EXPR_FIELD_PRIV_H
#include "base/expr/expr.h"

typedef enum tide_field_id {
    TIDE_FIELD_MICROSECOND,
    TIDE_FIELD_MILLISECOND,
    TIDE_FIELD_SECOND,
    TIDE_FIELD_MINUTE,
    TIDE_FIELD_HOUR,
    TIDE_FIELD_DAY,
    TIDE_FIELD_WEEK,
    TIDE_FIELD_MONTH,
    TIDE_FIELD_QUARTER,
    TIDE_FIELD_YEAR,
    TIDE_FIELD_DECADE,
    TIDE_FIELD_CENTURY,
    TIDE_FIELD_MILLENNIUM, /* Units up to here. */
    TIDE_FIELD_DOW,
    TIDE_FIELD_ISODOW,
    TIDE_FIELD_DOY,
    TIDE_FIELD_ISOYEAR,
    TIDE_FIELD_EPOCH,
    TIDE_FIELD_JULIAN,
    TIDE_FIELD_COUNT
} tide_field_id;

/* By any of its names, any case: "hour", "hours", "HOUR", "SQL_TSI_HOUR". False if there is
 * none. */
bool tide_field_parse(const char *ptr, size_t len, tide_field_id *out);
/* The field that a literal names; TIDE_E_TYPE with the nearest name. */
TIDE_MUST_CHECK tide_status tide_field_of(const tide_expr *e, tide_field_id *out);

#endif
