/* diag.c - the one error of a statement, and guesses at what was meant. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/front_priv.h"

#define WORD_MAX 24 /* No keyword is longer; longer words are no misspelt keyword. */

static uint32_t distance(const char *a, size_t n, const char *b, size_t m);
static const char *guess_keyword(tide_sql_front *self, uint32_t i);
static const char *hint_for(tide_sql_front *self, uint32_t i, bool name_expected);
static void set(tide_sql_diag *self, tide_status code, uint32_t pos, const char *hint,
                const char *fmt, va_list args) TIDE_PRINTF(5, 0);

void tide_sql_report(tide_sql_diag *self, tide_status code, uint32_t pos, const char *hint,
                     const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set(self, code, pos, hint, fmt, args);
    va_end(args);
}

void tide_sql_report_at(tide_sql_front *self, uint32_t i, tide_status code, const char *hint,
                        const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set(&self->diag, code, self->tokens.v[i].pos, hint, fmt, args);
    va_end(args);
}

static void set(tide_sql_diag *self, tide_status code, uint32_t pos, const char *hint,
                const char *fmt, va_list args)
{
    if (self->code != TIDE_OK) return;
    char text[512];
    vsnprintf(text, sizeof text, fmt, args);
    self->code = code;
    self->pos = pos;
    self->message = tide_arena_strdup(self->arena, text);
    self->hint = hint ? tide_arena_strdup(self->arena, hint) : NULL;
}

bool tide_sql_failed(const tide_sql_front *self)
{
    return self->diag.code != TIDE_OK;
}

void tide_sql_report_syntax(tide_sql_front *self, uint32_t i, const char *what)
{
    const tide_sql_tokens *t = &self->tokens;
    /* SELECT b FORM c fails only at c, INTERVL '5' SECOND at SECOND: blame the word before. */
    uint32_t guessed = i;
    const char *guess = guess_keyword(self, i);
    for (uint32_t back = 1; !guess && back <= 2 && back <= i; back++) {
        if (back == 2 && t->v[i - 1].kind != TIDE_SQL_TOKEN_STRING) break;
        guessed = i - back;
        guess = guess_keyword(self, guessed);
    }
    if (guess && guessed < i) {
        i = guessed;
        what = NULL;
    }
    const char *hint = guess ? tide_arena_printf(self->scratch, "did you mean %s?", guess)
                             : hint_for(self, i, what == NULL);
    bool at_end = t->v[i].kind == TIDE_SQL_TOKEN_END || tide_sql_is(t, i, ";");
    const char *near = tide_sql_token_text(self->scratch, t, i);
    if (at_end && what)
        tide_sql_report_at(self, i, TIDE_E_SYNTAX, hint, "expected %s, but the statement ends",
                           what);
    else if (at_end)
        tide_sql_report_at(self, i, TIDE_E_SYNTAX, hint,
                           "syntax error: the statement ends too early");
    else if (what)
        tide_sql_report_at(self, i, TIDE_E_SYNTAX, hint, "expected %s, not \"%s\"", what, near);
    else
        tide_sql_report_at(self, i, TIDE_E_SYNTAX, hint, "syntax error near \"%s\"", near);
}

/* What else may help with an error at token i, or NULL. */
static const char *hint_for(tide_sql_front *self, uint32_t i, bool name_expected)
{
    static const char *const before_by[] = { "GROUP", "ORDER", "PARTITION", NULL };
    static const char *const before_name[] = { "SELECT", "FROM", "JOIN", ",",  "INTO",
                                               "TABLE",  "VIEW", "AND",  "OR", "WHERE",
                                               "BY",     "(",    NULL };
    static const char *const clauses[] = { "FROM",  "WHERE", "GROUP",     "ORDER",  "HAVING",
                                           "LIMIT", "UNION", "INTERSECT", "EXCEPT", "JOIN",
                                           "ON",    "END",   "THEN",      "ELSE",   "WHEN",
                                           "AS",    ")",     NULL };
    const tide_sql_tokens *t = &self->tokens;
    const tide_sql_token *v = &t->v[i];
    if (i == 0) return NULL;
    if (tide_sql_is(t, i, "?") || tide_sql_is(t, i - 1, "?")) return "parameters are not supported";
    if (tide_sql_is(t, i - 1, ",") && tide_sql_is_any(t, i, clauses))
        return "drop the comma before it";
    if (tide_sql_is_any(t, i - 1, before_by))
        return tide_arena_printf(self->scratch, "write %s BY",
                                 tide_sql_token_text(self->scratch, t, i - 1));
    bool is_reserved = v->kind == TIDE_SQL_TOKEN_WORD && v->keyword > TIDE_SQL_KEYWORD_UNRESERVED;
    if (!name_expected || !is_reserved || tide_sql_is_any(t, i, clauses) ||
        !tide_sql_is_any(t, i - 1, before_name))
        return NULL;
    return tide_arena_printf(self->scratch, "to use the keyword as a name, quote it: \"%s\"",
                             tide_sql_token_text(self->scratch, t, i));
}

/* Only words that are no keyword can be a misspelt one. */
static const char *guess_keyword(tide_sql_front *self, uint32_t i)
{
    static const char *const words[] = {
        "SELECT",    "FROM",      "WHERE",   "GROUP",    "ORDER",      "HAVING",  "LIMIT",
        "OFFSET",    "JOIN",      "LEFT",    "RIGHT",    "INNER",      "OUTER",   "CROSS",
        "UNION",     "INTERSECT", "EXCEPT",  "INSERT",   "INTO",       "VALUES",  "CREATE",
        "TABLE",     "VIEW",      "WITH",    "BETWEEN",  "DISTINCT",   "CASE",    "WHEN",
        "THEN",      "ELSE",      "CAST",    "INTERVAL", "PARTITION",  "OVER",    "FILTER",
        "WATERMARK", "PRIMARY",   "EXPLAIN", "LATERAL",  "DESCRIPTOR", "QUALIFY", NULL
    };
    const tide_sql_token *v = &self->tokens.v[i];
    if (v->kind != TIDE_SQL_TOKEN_WORD || v->keyword != 0) return NULL;
    const char *found = tide_sql_nearest(self->text + v->pos, v->end - v->pos, words);
    if (found && strlen(found) == v->end - v->pos &&
        strncasecmp(found, self->text + v->pos, v->end - v->pos) == 0)
        return NULL; /* It is that word, in the wrong place. */
    return found;
}

const char *tide_sql_nearest(const char *word, size_t len, const char *const *list)
{
    const char *best = NULL;
    uint32_t best_distance = len <= 3 ? 2 : 3; /* One edit in short words, two in longer ones. */
    if (len < 3 || len > WORD_MAX) return NULL;
    for (; *list; list++) {
        size_t m = strlen(*list);
        if (m > WORD_MAX || toupper((unsigned char)word[0]) != toupper((unsigned char)**list))
            continue;
        uint32_t d = distance(word, len, *list, m);
        if (d * 2 < m && d < best_distance) {
            best = *list;
            best_distance = d;
        }
    }
    return best;
}

/* Edits between two words: insertions, deletions, replacements and swaps of neighbours. */
static uint32_t distance(const char *a, size_t n, const char *b, size_t m)
{
    uint32_t d[WORD_MAX + 1][WORD_MAX + 1];
    for (size_t i = 0; i <= n; i++) d[i][0] = (uint32_t)i;
    for (size_t j = 0; j <= m; j++) d[0][j] = (uint32_t)j;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            int x = toupper((unsigned char)a[i - 1]), y = toupper((unsigned char)b[j - 1]);
            uint32_t best = d[i - 1][j - 1] + (x != y);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            bool swapped = i > 1 && j > 1 && x == toupper((unsigned char)b[j - 2]) &&
                           y == toupper((unsigned char)a[i - 2]);
            if (swapped && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    }
    return d[n][m];
}
