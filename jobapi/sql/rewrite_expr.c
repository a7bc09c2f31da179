/* rewrite_expr.c - rules for what stands inside expressions. */
#include "jobapi/sql/rewrite_priv.h"

static void put_type(tide_sql_rewriter *self, uint32_t from, uint32_t end);
static uint32_t put_json_behaviour(tide_sql_rewriter *self, uint32_t i, uint32_t close);

/* a == b */
uint32_t tide_sql_rewrite_equals(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                 uint32_t to)
{
    (void)f, (void)to;
    tide_sql_put_text(self, "=", i);
    return i + 1;
}

/* e :: T, for types that PostgreSQL does not know. */
uint32_t tide_sql_rewrite_typecast(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                   uint32_t to)
{
    (void)f;
    uint32_t end = tide_sql_type_end(self->t, i + 1);
    if (end > to || !tide_sql_type_is_foreign(self->t, i + 1, end)) return i;
    tide_sql_put(self, i);
    put_type(self, i + 1, end);
    return end;
}

static void put_type(tide_sql_rewriter *self, uint32_t from, uint32_t end)
{
    if (tide_sql_type_is_foreign(self->t, from, end))
        tide_sql_put_text(self, "\"" TIDE_SQL_MARK_TYPE "\"", from);
    else
        for (uint32_t i = from; i < end; i++) tide_sql_put(self, i);
}

/* CAST ( e AS T ) from the '(' at open on. */
static uint32_t put_cast(tide_sql_rewriter *self, uint32_t open)
{
    static const char *const as[] = { "AS", NULL };
    const tide_sql_tokens *t = self->t;
    uint32_t close = t->v[open].match, at = tide_sql_find(t, open + 1, close, as);
    tide_sql_put(self, open);
    tide_sql_rewrite(self, open + 1, at);
    if (at == close) {
        tide_sql_report_syntax(self->front, close, "\"AS\" and a type");
        return close + 1;
    }
    tide_sql_put(self, at);
    uint32_t end = tide_sql_type_end(t, at + 1);
    if (end == at + 1)
        tide_sql_report_syntax(self->front, end, "a type");
    else if (end != close)
        tide_sql_report_syntax(self->front, end < close ? end : close, "\")\"");
    put_type(self, at + 1, end);
    tide_sql_put(self, close);
    return close + 1;
}

uint32_t tide_sql_rewrite_cast(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    (void)f, (void)to;
    if (!tide_sql_is(self->t, i + 1, "(")) return i;
    tide_sql_put(self, i);
    return put_cast(self, i + 1);
}

uint32_t tide_sql_rewrite_try_cast(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                   uint32_t to)
{
    (void)f, (void)to;
    if (!tide_sql_is(self->t, i + 1, "(")) return i;
    static const char start[] = "\"" TIDE_SQL_MARK_TRY_CAST "\" ( CAST";
    tide_sql_put_as(self, i, start, sizeof start - 1);
    uint32_t next = put_cast(self, i + 1);
    tide_sql_put_text(self, ")", next - 1);
    return next;
}

/* Every interval literal is written with a string that is only a place holder: the conversion reads
 * the tokens again. */
uint32_t tide_sql_rewrite_interval(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                   uint32_t to)
{
    (void)f;
    uint32_t end = tide_sql_interval_end(self->t, i);
    if (end == i || end > to) return i;
    tide_sql_put(self, i);
    tide_sql_put_text(self, "''", i);
    return end;
}

/* FLOOR(t TO DAY) becomes floor(t, 'day'). */
uint32_t tide_sql_rewrite_floor(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    (void)f, (void)to;
    static const char *const word[] = { "TO", NULL };
    const tide_sql_tokens *t = self->t;
    if (!tide_sql_is(t, i + 1, "(")) return i;
    uint32_t close = t->v[i + 1].match, at = tide_sql_find(t, i + 2, close, word);
    if (at == close) return i;
    tide_sql_put(self, i);
    tide_sql_put(self, i + 1);
    tide_sql_rewrite_arguments(self, i + 2, at);
    if (t->v[at + 1].kind != TIDE_SQL_TOKEN_WORD || at + 2 != close) {
        tide_sql_report_syntax(self->front, at + 1, "a unit such as DAY");
        return close + 1;
    }
    const char *unit = tide_sql_lower(self->front->scratch, t, at + 1);
    tide_sql_put_text(self, ",", at);
    tide_sql_put_text(self, tide_arena_printf(self->front->scratch, "'%s'", unit), at + 1);
    tide_sql_put(self, close);
    return close + 1;
}

/* MAP[k, v] becomes a call. */
uint32_t tide_sql_rewrite_map(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    (void)f, (void)to;
    if (!tide_sql_is(self->t, i + 1, "[")) return i;
    uint32_t close = self->t->v[i + 1].match;
    static const char name[] = "\"" TIDE_SQL_MARK_MAP "\"";
    tide_sql_put_as(self, i, name, sizeof name - 1);
    tide_sql_put_text(self, "(", i + 1);
    tide_sql_rewrite(self, i + 2, close);
    tide_sql_put_as(self, close, ")", 1);
    return close + 1;
}

/* x IS [NOT] JSON borrows the syntax of x IS [NOT] DOCUMENT. */
uint32_t tide_sql_rewrite_is_json(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                  uint32_t to)
{
    (void)f, (void)to;
    bool negated = tide_sql_is(self->t, i + 1, "NOT");
    if (!tide_sql_is(self->t, i + 1 + negated, "JSON")) return i;
    tide_sql_put(self, i);
    if (negated) tide_sql_put(self, i + 1);
    tide_sql_put_text(self, "DOCUMENT", i + 1 + negated);
    return i + 2 + negated;
}

/* JSON_VALUE(x, path [RETURNING T] [NULL | ERROR | DEFAULT e ON EMPTY] [... ON ERROR]): the tail
 * becomes the named arguments returning => CAST(NULL AS T), on_empty => e, on_error => e; ERROR is
 * 'error'. */
uint32_t tide_sql_rewrite_json_value(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                     uint32_t to)
{
    (void)f, (void)to;
    static const char *const tails[] = { "RETURNING", "NULL", "ERROR", "DEFAULT", NULL };
    const tide_sql_tokens *t = self->t;
    if (!tide_sql_is(t, i + 1, "(")) return i;
    uint32_t close = t->v[i + 1].match, at = i + 2;
    while ((at = tide_sql_find(t, at, close, tails)) < close &&
           (tide_sql_is(t, at, "NULL") || tide_sql_is(t, at, "ERROR")) &&
           !tide_sql_is(t, at + 1, "ON"))
        at++; /* NULL as an argument, or a column called error. */
    if (at == close) return i;
    tide_sql_put(self, i);
    tide_sql_put(self, i + 1);
    tide_sql_rewrite_arguments(self, i + 2, at);
    if (tide_sql_is(t, at, "RETURNING")) {
        uint32_t end = tide_sql_type_end(t, at + 1);
        if (end == at + 1) tide_sql_report_syntax(self->front, end, "a type");
        tide_sql_put_text(self, ", \"returning\" => CAST ( NULL AS", at);
        put_type(self, at + 1, end);
        tide_sql_put_text(self, ")", end);
        at = end;
    }
    while (at < close && !tide_sql_failed(self->front)) at = put_json_behaviour(self, at, close);
    tide_sql_put(self, close);
    return close + 1;
}

/* NULL | ERROR | DEFAULT e, then ON EMPTY or ON ERROR. */
static uint32_t put_json_behaviour(tide_sql_rewriter *self, uint32_t i, uint32_t close)
{
    static const char *const on[] = { "ON", NULL };
    const tide_sql_tokens *t = self->t;
    uint32_t at = tide_sql_find(t, i, close, on);
    bool is_empty = at < close && tide_sql_is(t, at + 1, "EMPTY");
    bool has_value = tide_sql_is(t, i, "DEFAULT");
    if (!is_empty && !(at < close && tide_sql_is(t, at + 1, "ERROR"))) {
        tide_sql_report_syntax(self->front, at < close ? at + 1 : close, "ON EMPTY or ON ERROR");
        return close;
    }
    tide_sql_put_text(self, is_empty ? ", \"on_empty\" =>" : ", \"on_error\" =>", i);
    if (has_value && at > i + 1)
        tide_sql_rewrite(self, i + 1, at);
    else if (!has_value && at == i + 1 && tide_sql_is(t, i, "NULL"))
        tide_sql_put(self, i);
    else if (!has_value && at == i + 1 && tide_sql_is(t, i, "ERROR"))
        tide_sql_put_text(self, "'error'", i);
    else
        tide_sql_report_syntax(self->front, i, "NULL, ERROR or DEFAULT and a value");
    return at + 2;
}
