/* rewrite_query.c - rules for the clauses of a query. */
#include "jobapi/sql/rewrite_priv.h"

/* What may follow QUALIFY e, and the words that may follow an alias called qualify. */
static const char *const clause_words[] = { "WINDOW", "ORDER", "LIMIT", "OFFSET",
                                            "FETCH",  "FOR",   "UNION", "INTERSECT",
                                            "EXCEPT", "MINUS", "EMIT",  NULL };
static const char *const after_alias[] = { "WHERE",       "GROUP", "HAVING", "JOIN",  "LEFT",
                                           "RIGHT",       "INNER", "FULL",   "CROSS", "NATURAL",
                                           "ON",          "USING", ",",      ".",     "AS",
                                           "TABLESAMPLE", ")",     NULL };

/* window.start and GROUP BY window: a name, unless it begins WINDOW w AS (...). */
uint32_t tide_sql_rewrite_window(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                 uint32_t to)
{
    bool is_clause = tide_sql_is_name(self->t, i + 1) && tide_sql_is(self->t, i + 2, "AS") &&
                     i + 3 < to && tide_sql_is(self->t, i + 3, "(");
    if (is_clause) {
        f->has_window = true;
        return i;
    }
    tide_sql_put_name(self, i);
    return i + 1;
}

/* The grammar takes SELECT without columns, even SELECT FROM t; it is a slip. */
uint32_t tide_sql_rewrite_select(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                 uint32_t to)
{
    static const char *const ends[] = { "FROM",      "WHERE",  "GROUP", "HAVING", "ORDER", "UNION",
                                        "INTERSECT", "EXCEPT", ")",     ";",      NULL };
    static const char *const before_name[] = { "SELECT", "FROM", "JOIN", ",", "AS", NULL };
    if (i + 1 < to && !tide_sql_is_any(self->t, i + 1, ends)) return i;
    if (i > f->from && tide_sql_is_any(self->t, i - 1, before_name)) return i;
    tide_sql_report_at(self->front, i, TIDE_E_SYNTAX, NULL, "SELECT needs at least one column");
    return to;
}

uint32_t tide_sql_rewrite_minus(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    const tide_sql_tokens *t = self->t;
    uint32_t next = i + 1;
    if (tide_sql_is(t, next, "ALL") || tide_sql_is(t, next, "DISTINCT")) next++;
    while (next < to && tide_sql_is(t, next, "(")) next++;
    if (i == f->from || next >= to || !tide_sql_is_query_start(t, next)) return i;
    tide_sql_put_text(self, "EXCEPT", i);
    f->has_from = f->has_window = false;
    return i + 1;
}

/* Can what ends with token i be followed by a clause? */
static bool ends_clause(const tide_sql_tokens *t, uint32_t i)
{
    static const char *const words[] = { "END",
                                         "TRUE",
                                         "FALSE",
                                         "NULL",
                                         "USER",
                                         "CURRENT_DATE",
                                         "CURRENT_TIME",
                                         "CURRENT_TIMESTAMP",
                                         "LOCALTIME",
                                         "LOCALTIMESTAMP",
                                         ")",
                                         "]",
                                         NULL };
    const tide_sql_token *v = &t->v[i];
    if (v->kind == TIDE_SQL_TOKEN_OP || v->keyword > TIDE_SQL_KEYWORD_UNRESERVED)
        return tide_sql_is_any(t, i, words);
    return !tide_sql_is(t, i, "BY");
}

/* Is token i the clause QUALIFY e rather than a column or an alias of that name? */
static bool is_qualify(const tide_sql_rewriter *self, const tide_sql_frame *f, uint32_t i,
                       uint32_t to)
{
    const tide_sql_tokens *t = self->t;
    if (!f->has_from || !ends_clause(t, i - 1) || i + 1 >= to) return false;
    if (tide_sql_is_any(t, i + 1, after_alias) || tide_sql_is_any(t, i + 1, clause_words))
        return false;
    if (!tide_sql_is(t, i + 1, "(")) return true;
    uint32_t close = t->v[i + 1].match; /* qualify(a, b) may be an alias with columns. */
    if (close + 1 < to && !tide_sql_is_any(t, close + 1, after_alias) &&
        !tide_sql_is_any(t, close + 1, clause_words))
        return true;
    for (uint32_t k = i + 2; k < close; k++)
        if (!tide_sql_is_name(t, k) && !tide_sql_is(t, k, ",")) return true;
    return false;
}

uint32_t tide_sql_rewrite_qualify(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                  uint32_t to)
{
    if (!is_qualify(self, f, i, to)) return i;
    uint32_t end = tide_sql_find(self->t, i + 1, to, clause_words);
    const char *open = f->has_window ? ", \"" TIDE_SQL_MARK_QUALIFY "\" AS ( ORDER BY"
                                     : "WINDOW \"" TIDE_SQL_MARK_QUALIFY "\" AS ( ORDER BY";
    tide_sql_put_text(self, open, i);
    tide_sql_rewrite(self, i + 1, end);
    tide_sql_put_text(self, ")", end);
    return end;
}

/* EMIT ON WINDOW CLOSE and EMIT CHANGES borrow the syntax of row locks. */
uint32_t tide_sql_rewrite_emit(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    (void)f;
    const tide_sql_tokens *t = self->t;
    if (tide_sql_are(t, i, "EMIT CHANGES") && (i + 2 == to || tide_sql_is(t, i + 2, "LIMIT"))) {
        tide_sql_put_text(self, "FOR UPDATE OF \"" TIDE_SQL_MARK_EMIT_CHANGES "\"", i);
        return i + 2;
    }
    if (!tide_sql_are(t, i, "EMIT ON WINDOW")) return i;
    if (!tide_sql_is(t, i + 3, "CLOSE")) {
        tide_sql_report_syntax(self->front, i + 3, "CLOSE");
        return to;
    }
    tide_sql_put_text(self, "FOR UPDATE OF \"" TIDE_SQL_MARK_EMIT_CLOSE "\"", i);
    return i + 4;
}

/* SELECT * EXCEPT (a, b); with a query in the parentheses it is the set operation. */
uint32_t tide_sql_rewrite_star_except(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                      uint32_t to)
{
    (void)f, (void)to;
    const tide_sql_tokens *t = self->t;
    if (!tide_sql_are(t, i, "* EXCEPT (")) return i;
    uint32_t inner = i + 3;
    while (tide_sql_is(t, inner, "(")) inner++;
    if (tide_sql_is_query_start(t, inner) || tide_sql_is(t, inner, "TABLE")) return i;
    tide_sql_put(self, i);
    tide_sql_put_text(self, ", \"" TIDE_SQL_MARK_EXCEPT "\"", i + 1);
    tide_sql_put(self, i + 2);
    uint32_t close = t->v[i + 2].match;
    for (uint32_t k = i + 3; k < close || (k - i) % 2 == 1; k++) { /* A name must come last. */
        bool is_comma = (k - i) % 2 == 0;
        if (is_comma ? !tide_sql_is(t, k, ",") : !tide_sql_is_name(t, k)) {
            tide_sql_report_syntax(self->front, k, is_comma ? "\",\" or \")\"" : "a column name");
            return to;
        }
        if (is_comma)
            tide_sql_put(self, k);
        else
            tide_sql_put_name(self, k);
    }
    tide_sql_put(self, close);
    return close + 1;
}
