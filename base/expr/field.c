/* field.c - names of the parts of dates and times. */
#include "base/expr/field_priv.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"

static const struct {
    const char *name;
    tide_field_id id;
} names[] = {
    { "microsecond", TIDE_FIELD_MICROSECOND },
    { "microseconds", TIDE_FIELD_MICROSECOND },
    { "us", TIDE_FIELD_MICROSECOND },
    { "millisecond", TIDE_FIELD_MILLISECOND },
    { "milliseconds", TIDE_FIELD_MILLISECOND },
    { "ms", TIDE_FIELD_MILLISECOND },
    { "second", TIDE_FIELD_SECOND },
    { "seconds", TIDE_FIELD_SECOND },
    { "sec", TIDE_FIELD_SECOND },
    { "secs", TIDE_FIELD_SECOND },
    { "s", TIDE_FIELD_SECOND },
    { "minute", TIDE_FIELD_MINUTE },
    { "minutes", TIDE_FIELD_MINUTE },
    { "min", TIDE_FIELD_MINUTE },
    { "mins", TIDE_FIELD_MINUTE },
    { "m", TIDE_FIELD_MINUTE },
    { "hour", TIDE_FIELD_HOUR },
    { "hours", TIDE_FIELD_HOUR },
    { "h", TIDE_FIELD_HOUR },
    { "day", TIDE_FIELD_DAY },
    { "days", TIDE_FIELD_DAY },
    { "d", TIDE_FIELD_DAY },
    { "week", TIDE_FIELD_WEEK },
    { "weeks", TIDE_FIELD_WEEK },
    { "w", TIDE_FIELD_WEEK },
    { "month", TIDE_FIELD_MONTH },
    { "months", TIDE_FIELD_MONTH },
    { "mon", TIDE_FIELD_MONTH },
    { "quarter", TIDE_FIELD_QUARTER },
    { "quarters", TIDE_FIELD_QUARTER },
    { "year", TIDE_FIELD_YEAR },
    { "years", TIDE_FIELD_YEAR },
    { "y", TIDE_FIELD_YEAR },
    { "decade", TIDE_FIELD_DECADE },
    { "decades", TIDE_FIELD_DECADE },
    { "century", TIDE_FIELD_CENTURY },
    { "centuries", TIDE_FIELD_CENTURY },
    { "millennium", TIDE_FIELD_MILLENNIUM },
    { "millenniums", TIDE_FIELD_MILLENNIUM },
    { "dow", TIDE_FIELD_DOW },
    { "isodow", TIDE_FIELD_ISODOW },
    { "doy", TIDE_FIELD_DOY },
    { "isoyear", TIDE_FIELD_ISOYEAR },
    { "epoch", TIDE_FIELD_EPOCH },
    { "julian", TIDE_FIELD_JULIAN },
};
#define N_NAMES (sizeof names / sizeof *names)

bool tide_field_parse(const char *ptr, size_t len, tide_field_id *out)
{
    static const char odbc[] = "SQL_TSI_";
    if (len > sizeof odbc - 1 && strncasecmp(ptr, odbc, sizeof odbc - 1) == 0) {
        ptr += sizeof odbc - 1;
        len -= sizeof odbc - 1;
    }
    for (size_t i = 0; i < N_NAMES; i++) {
        if (strlen(names[i].name) != len || strncasecmp(names[i].name, ptr, len) != 0) continue;
        *out = names[i].id;
        return true;
    }
    return false;
}

tide_status tide_field_of(const tide_expr *e, tide_field_id *out)
{
    if (e->kind != TIDE_EXPR_LITERAL || e->type.id != TIDE_TYPE_STRING || e->literal.is_null)
        return tide_fail(TIDE_E_TYPE, "the field of a date must be a constant, such as 'hour'");
    if (tide_field_parse(e->literal.str.ptr, e->literal.str.len, out)) return TIDE_OK;
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)e->literal.str.len, e->literal.str.ptr);
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (size_t i = 0; i < N_NAMES; i++) tide_nearest_try(&near, names[i].name);
    const char *best = tide_nearest_best(&near);
    return best ? tide_fail(TIDE_E_TYPE, "unknown field %s, did you mean %s?", name, best)
                : tide_fail(TIDE_E_TYPE, "unknown field %s", name);
}
