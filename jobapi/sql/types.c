/* types.c - where a type's or an interval's words end, and what they say.
 *
 * Types are kept as the user's own words: PostgreSQL's grammar turns FLOAT into float8 and knows
 * neither ROW<...> nor BIGINT UNSIGNED, so its tree is not asked. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/bytes.h"
#include "jobapi/sql/front_priv.h"

static const char *const nested_words[] = { "ROW", "STRUCT", "ARRAY", "MAP", "MULTISET", NULL };
static const char *const units[] = { "YEAR",        "QUARTER",     "MONTH",  "WEEK",
                                     "DAY",         "HOUR",        "MINUTE", "SECOND",
                                     "MILLISECOND", "MICROSECOND", NULL };
enum { YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, MICROSECOND, NO_UNIT };

static uint32_t nested_end(const tide_sql_tokens *t, uint32_t i);
static uint32_t base_end(const tide_sql_tokens *t, uint32_t i);
static uint32_t fields_end(const tide_sql_tokens *t, uint32_t i);
static uint32_t unit_of(const tide_sql_tokens *t, uint32_t i, bool *native);
static const char *one_unit_text(tide_sql_front *self, uint32_t i, const char *value,
                                 uint32_t unit);
static const char *two_unit_text(tide_sql_front *self, uint32_t i, const char *value, uint32_t from,
                                 uint32_t to);

/* Behind a ( ... ) at i, or i. */
static uint32_t skip_parens(const tide_sql_tokens *t, uint32_t i)
{
    return tide_sql_is(t, i, "(") ? tide_sql_skip(t, i) : i;
}

uint32_t tide_sql_type_end(const tide_sql_tokens *t, uint32_t i)
{
    if (!tide_sql_is_name(t, i)) return i;
    bool nested = tide_sql_is_any(t, i, nested_words) &&
                  (tide_sql_is(t, i + 1, "<") || tide_sql_is(t, i + 1, "("));
    uint32_t end = nested ? nested_end(t, i) : base_end(t, i);
    if (end == i) return i;
    if (tide_sql_is(t, end, "UNSIGNED") || tide_sql_is(t, end, "SIGNED")) end++;
    for (;;) {
        if (tide_sql_is(t, end, "["))
            end = tide_sql_skip(t, end);
        else if (tide_sql_is(t, end, "ARRAY") || tide_sql_is(t, end, "MULTISET"))
            end++;
        else
            return end;
    }
}

/* ROW<a INT, b ARRAY<INT>>: ">>" is one token. */
static uint32_t nested_end(const tide_sql_tokens *t, uint32_t i)
{
    if (tide_sql_is(t, i + 1, "(")) return tide_sql_skip(t, i + 1);
    int depth = 0;
    for (uint32_t k = i + 1; t->v[k].kind != TIDE_SQL_TOKEN_END && !tide_sql_is(t, k, ";"); k++) {
        if (t->v[k].kind != TIDE_SQL_TOKEN_OP) continue;
        for (uint32_t p = t->v[k].pos; p < t->v[k].end; p++)
            depth += (t->mask[p] == '<') - (t->mask[p] == '>');
        if (depth <= 0) return depth == 0 ? k + 1 : i;
    }
    return i;
}

static uint32_t base_end(const tide_sql_tokens *t, uint32_t i)
{
    static const char *const characters[] = { "CHARACTER", "CHAR",   "NCHAR", "NATIONAL",
                                              "BIT",       "BINARY", NULL };
    if (tide_sql_is(t, i, "INTERVAL")) return fields_end(t, skip_parens(t, i + 1));
    if (tide_sql_are(t, i, "DOUBLE PRECISION")) return i + 2;
    bool timed = tide_sql_is(t, i, "TIME") || tide_sql_is(t, i, "TIMESTAMP");
    if (timed) {
        i = skip_parens(t, i + 1);
        if (tide_sql_are(t, i, "WITH TIME ZONE") || tide_sql_are(t, i, "WITHOUT TIME ZONE"))
            return i + 3;
        return tide_sql_are(t, i, "WITH LOCAL TIME ZONE") ? i + 4 : i;
    }
    if (tide_sql_is_any(t, i, characters)) {
        i++;
        if (tide_sql_is(t, i, "CHARACTER") || tide_sql_is(t, i, "CHAR")) i++;
        if (tide_sql_is(t, i, "VARYING")) i++;
        return skip_parens(t, i);
    }
    while (tide_sql_is(t, i + 1, ".") && tide_sql_is_name(t, i + 2)) i += 2;
    return skip_parens(t, i + 1);
}

/* [unit [(p)] [TO unit [(p)]]] */
static uint32_t fields_end(const tide_sql_tokens *t, uint32_t i)
{
    bool native;
    if (unit_of(t, i, &native) == NO_UNIT) return i;
    i = skip_parens(t, i + 1);
    if (!tide_sql_is(t, i, "TO") || unit_of(t, i + 1, &native) == NO_UNIT) return i;
    return skip_parens(t, i + 2);
}

bool tide_sql_type_is_foreign(const tide_sql_tokens *t, uint32_t from, uint32_t end)
{
    static const char *const words[] = { "<", "LOCAL", "UNSIGNED", "SIGNED", "MULTISET", NULL };
    bool native, interval = tide_sql_is(t, from, "INTERVAL");
    if (tide_sql_is_any(t, from, nested_words)) return true;
    for (uint32_t i = from; i < end; i++) {
        if (tide_sql_is_any(t, i, words)) return true;
        uint32_t unit = interval ? unit_of(t, i, &native) : NO_UNIT;
        if (unit != NO_UNIT && unit != SECOND && tide_sql_is(t, i + 1, "(")) return true;
    }
    return false;
}

tide_sql_type tide_sql_type_read(tide_sql_front *self, uint32_t from, uint32_t end)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_bytes text = { 0 };
    bool glue = true;
    for (uint32_t i = from; i < end; i++) {
        const tide_sql_token *v = &t->v[i];
        char c = t->mask[v->pos];
        bool is_op = v->kind == TIDE_SQL_TOKEN_OP;
        if (!glue && !(is_op && strchr("()[]<>,.", c))) tide_bytes_putc(&text, ' ');
        tide_bytes_put(&text, t->text + v->pos, v->end - v->pos);
        glue = is_op && strchr("([<.", c);
    }
    tide_sql_type type = { tide_arena_strndup(self->arena, text.p ? text.p : "", text.n),
                           t->v[from].pos };
    tide_bytes_fini(&text);
    return type;
}

/* ---- Intervals ---- */

/* native: PostgreSQL knows the word as a unit too. Others are units only behind a number. */
static uint32_t unit_of(const tide_sql_tokens *t, uint32_t i, bool *native)
{
    const tide_sql_token *v = &t->v[i];
    if (v->kind != TIDE_SQL_TOKEN_WORD) return NO_UNIT;
    for (uint32_t u = 0; units[u]; u++) {
        size_t len = strlen(units[u]), given = v->end - v->pos;
        bool plural = given == len + 1 && toupper((unsigned char)t->mask[v->end - 1]) == 'S';
        if ((given != len && !plural) || strncasecmp(t->mask + v->pos, units[u], len) != 0)
            continue;
        *native = v->keyword != 0;
        return u;
    }
    return NO_UNIT;
}

static bool has_only(const char *text, size_t len, const char *allowed)
{
    return strspn(text, allowed) >= len;
}

uint32_t tide_sql_interval_end(const tide_sql_tokens *t, uint32_t i)
{
    uint32_t start = i, value;
    bool native = true;
    i = skip_parens(t, i + 1);
    if (tide_sql_is(t, i, "-") || tide_sql_is(t, i, "+")) i++;
    value = i;
    bool is_number = t->v[value].kind == TIDE_SQL_TOKEN_NUMBER;
    if (!is_number && t->v[value].kind != TIDE_SQL_TOKEN_STRING) return start;
    uint32_t unit = unit_of(t, value + 1, &native);
    bool numeric = is_number || has_only(t->text + t->v[value].pos + 1,
                                         t->v[value].end - t->v[value].pos - 2, "0123456789+-.: ");
    if (unit == NO_UNIT || (!native && !numeric)) return is_number ? start : value + 1;
    return fields_end(t, value + 1);
}

const char *tide_sql_interval_read(tide_sql_front *self, uint32_t i)
{
    const tide_sql_tokens *t = &self->tokens;
    uint32_t end = tide_sql_interval_end(t, i), value = skip_parens(t, i + 1);
    bool native, negative = tide_sql_is(t, value, "-");
    if (negative || tide_sql_is(t, value, "+")) value++;
    const char *text = t->v[value].kind == TIDE_SQL_TOKEN_STRING
                           ? tide_sql_string_value(self, value)
                           : tide_sql_name_text(self->arena, t, value);
    if (!text) return NULL;
    if (negative && *text != '-')
        text = tide_arena_printf(self->arena, "-%s", text);
    else if (negative)
        text++;
    if (end <= value + 1) return text;
    uint32_t from = unit_of(t, value + 1, &native), to = NO_UNIT;
    for (uint32_t k = value + 2; k < end; k++)
        if (tide_sql_is(t, k, "TO")) to = unit_of(t, k + 1, &native);
    if (to == NO_UNIT || to == from) return one_unit_text(self, value, text, from);
    return two_unit_text(self, value, text, from, to);
}

static const char *refuse(tide_sql_front *self, uint32_t i)
{
    tide_sql_report_at(self, i, TIDE_E_UNSUPPORTED,
                       "write the units into the string: INTERVAL '1 day 2 hours'",
                       "the interval's text does not fit its units");
    return NULL;
}

static const char *one_unit_text(tide_sql_front *self, uint32_t i, const char *value, uint32_t unit)
{
    while (*value == ' ') value++;
    size_t sign = *value == '-' || *value == '+';
    if (!value[sign] || !has_only(value + sign, strlen(value + sign), "0123456789. "))
        return refuse(self, i);
    if (unit == QUARTER) {
        if (strpbrk(value, ". ") || strlen(value) > 8) return refuse(self, i);
        return tide_arena_printf(self->arena, "%ld month", strtol(value, NULL, 10) * 3);
    }
    char *text = tide_arena_printf(self->arena, "%s %s", value, units[unit]);
    for (char *c = text; *c; c++) *c = (char)tolower((unsigned char)*c);
    return text;
}

/* PostgreSQL reads '1-2', '1 02:03:04' and '02:03:04' by itself. A sign counts for the first number
 * only, as there. */
static const char *two_unit_text(tide_sql_front *self, uint32_t i, const char *value, uint32_t from,
                                 uint32_t to)
{
    const char *rest = value + (*value == '-' || *value == '+');
    size_t len = strlen(rest);
    if (from == YEAR && to == MONTH)
        return has_only(rest, len, "0123456789-") && strchr(rest, '-') ? value : refuse(self, i);
    bool known = (from == DAY || from == HOUR || from == MINUTE) && to > from && to <= SECOND;
    if (!known || !has_only(rest, len, "0123456789.: ")) return refuse(self, i);
    const char *blank = strchr(rest, ' ');
    if ((from == DAY) != (blank != NULL)) return refuse(self, i);
    if (from == DAY && to == HOUR)
        return tide_arena_printf(self->arena, "%.*s day%s hour", (int)(blank - value), value,
                                 blank);
    if (!strchr(rest, ':')) return refuse(self, i);
    if (from == MINUTE)
        return tide_arena_printf(self->arena, "%s00:%s", rest > value && *value == '-' ? "-" : "",
                                 rest);
    return value;
}
