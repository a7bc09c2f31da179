/* repair.c - reserved words used as names, subqueries without an alias, and f(x)[1]. */
#include <string.h>

#include "jobapi/sql/repair_priv.h"

static bool quote_word(tide_sql_front *self, uint32_t i);
static bool parenthesize_primary(tide_sql_front *self, uint32_t last);

/* Reserved in PostgreSQL, but common as names of columns. Not those that begin a clause: repairing
 * them would turn a misplaced WHERE into a column. */
static const char *const quotable[] = { "ANALYSE",
                                        "ANALYZE",
                                        "ASC",
                                        "ASYMMETRIC",
                                        "AUTHORIZATION",
                                        "BINARY",
                                        "BOTH",
                                        "CHECK",
                                        "COLLATE",
                                        "COLLATION",
                                        "COLUMN",
                                        "CONCURRENTLY",
                                        "CONSTRAINT",
                                        "DEFAULT",
                                        "DEFERRABLE",
                                        "DESC",
                                        "DO",
                                        "END",
                                        "FETCH",
                                        "FOR",
                                        "FOREIGN",
                                        "FREEZE",
                                        "GRANT",
                                        "INITIALLY",
                                        "LEADING",
                                        "LIMIT",
                                        "OFFSET",
                                        "ONLY",
                                        "OVERLAPS",
                                        "PLACING",
                                        "PRIMARY",
                                        "REFERENCES",
                                        "RETURNING",
                                        "SIMILAR",
                                        "SYMMETRIC",
                                        "TABLE",
                                        "TABLESAMPLE",
                                        "TO",
                                        "TRAILING",
                                        "UNIQUE",
                                        "USER",
                                        "VARIADIC",
                                        "VERBOSE",
                                        "WINDOW",
                                        "ROW",
                                        "VALUES",
                                        NULL };

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool tide_sql_repair(tide_sql_front *self, const tide_sql_mistake *mistake)
{
    tide_sql_tokens *t = &self->tokens;
    uint32_t i = mistake->token;
    if (!mistake->has_place) return false;
    if (starts_with(mistake->message, "subquery in FROM must have an alias") ||
        starts_with(mistake->message, "VALUES in FROM must have an alias")) {
        tide_sql_token *close = &t->v[t->v[i].match];
        bool first = tide_sql_is(t, i, "(") && !close->alias_after;
        close->alias_after = close->alias_after || first;
        return first;
    }
    if (!starts_with(mistake->message, "syntax error")) return false;
    bool behind_bracket = i > 0 && (tide_sql_is(t, i - 1, ")") || tide_sql_is(t, i - 1, "]"));
    if (behind_bracket && (tide_sql_is(t, i, "[") || tide_sql_is(t, i, ".")))
        return parenthesize_primary(self, i - 1);
    return quote_word(self, i) || (i > 0 && quote_word(self, i - 1));
}

/* Does token i end an operand? A reserved word behind one is no name but a clause cut short: in
 * "FROM t LIMIT" nobody meant an alias. */
static bool ends_operand(const tide_sql_tokens *t, uint32_t i)
{
    const tide_sql_token *v = &t->v[i];
    return v->kind == TIDE_SQL_TOKEN_QUOTED || v->kind == TIDE_SQL_TOKEN_STRING ||
           v->kind == TIDE_SQL_TOKEN_NUMBER || tide_sql_is(t, i, ")") || tide_sql_is(t, i, "]") ||
           (v->kind == TIDE_SQL_TOKEN_WORD && (v->keyword == 0 || v->quote));
}

static bool quote_word(tide_sql_front *self, uint32_t i)
{
    tide_sql_token *v = &self->tokens.v[i];
    if (v->kind != TIDE_SQL_TOKEN_WORD || v->keyword == 0 || v->quote) return false;
    if (!tide_sql_is_any(&self->tokens, i, quotable)) return false;
    if (i == 0 || ends_operand(&self->tokens, i - 1)) return false;
    v->quote = true;
    return true;
}

/* f(x)[1], ARRAY[1, 2][1] and f(x).y: parentheses round everything up to the bracket `last`. */
static bool parenthesize_primary(tide_sql_front *self, uint32_t last)
{
    tide_sql_tokens *t = &self->tokens;
    uint32_t first = last;
    while (tide_sql_is(t, first, ")") || tide_sql_is(t, first, "]")) {
        first = t->v[first].match;
        bool called = first > 0 && tide_sql_is_name(t, first - 1);
        if (called)
            first--;
        else if (first > 0 && (tide_sql_is(t, first - 1, ")") || tide_sql_is(t, first - 1, "]")))
            first--;
        while (called && first > 1 && tide_sql_is(t, first - 1, ".") &&
               tide_sql_is_name(t, first - 2))
            first -= 2;
    }
    if (t->v[first].n_opens == UINT8_MAX || t->v[last].n_closes > 0) return false;
    t->v[first].n_opens++;
    t->v[last].n_closes++;
    return true;
}

void tide_sql_report_mistake(tide_sql_front *self, const tide_sql_mistake *mistake)
{
    const char *message = mistake->message;
    if (starts_with(message, "syntax error")) {
        tide_sql_report_syntax(self, mistake->token, NULL);
    } else if (starts_with(message, "memory exhausted")) {
        tide_sql_report_at(self, mistake->token, TIDE_E_LIMIT, "split the statement",
                           "the statement is nested too deeply");
    } else {
        const char *cut = strstr(message, " at or near "); /* It would quote our rewritten text. */
        size_t len = cut ? (size_t)(cut - message) : strlen(message);
        tide_sql_report_at(self, mistake->token, TIDE_E_SYNTAX, NULL, "%.*s", (int)len, message);
    }
}
