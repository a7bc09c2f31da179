/* tokens.c - the text as tokens, cut by PostgreSQL's own scanner, and questions about them. */
#include <ctype.h>
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <string.h>
#include <strings.h>

#include "jobapi/sql/front_priv.h"
#include "jobapi/sql/parse.h"
#include "jobapi/sql/unpack_priv.h"

static void add_tokens(tide_sql_front *self, const PgQuery__ScanResult *scan);
static uint8_t kind_of(const tide_sql_front *self, const PgQuery__ScanToken *token);
static uint32_t unicode_end(const char *mask, uint32_t pos);
static uint32_t operator_weight(const tide_sql_tokens *t, uint32_t i);
static void check_name(tide_sql_front *self, uint32_t i);

void tide_sql_scan(tide_sql_front *self)
{
    tide_sql_tokens *t = &self->tokens;
    *t = (tide_sql_tokens){ .text = self->text,
                            .mask = tide_sql_mask(self->scratch, self->text, self->bytes) };
    PgQueryScanResult r = pg_query_scan(t->mask);
    if (r.error) {
        const char *message = r.error->message, *cut = strstr(message, " at or near ");
        int len = cut ? (int)(cut - message) : (int)strlen(message);
        uint32_t pos = tide_sql_byte_of_char(t->mask, r.error->cursorpos);
        tide_sql_report(&self->diag, TIDE_E_SYNTAX, pos, NULL, "%.*s", len, message);
    } else {
        const PgQuery__ScanResult *scan =
            tide_sql_unpack_scan(self->scratch, r.pbuf.data, r.pbuf.len);
        if (scan)
            add_tokens(self, scan);
        else
            tide_sql_report(&self->diag, TIDE_E_INTERNAL, 0, NULL, "cannot unpack tokens");
    }
    pg_query_free_scan_result(r);
}

static void add_tokens(tide_sql_front *self, const PgQuery__ScanResult *scan)
{
    tide_sql_tokens *t = &self->tokens;
    t->v = TIDE_NEW_N(self->scratch, tide_sql_token, scan->n_tokens + 1);
    for (size_t k = 0; k < scan->n_tokens; k++) {
        const PgQuery__ScanToken *from = scan->tokens[k];
        uint32_t pos = (uint32_t)from->start, end = (uint32_t)from->end;
        if (t->n && pos < t->v[t->n - 1].end) continue; /* Inside of a U& token, mended below. */
        if (from->token == PG_QUERY__TOKEN__SQL_COMMENT) continue;
        if (from->token == PG_QUERY__TOKEN__C_COMMENT) {
            tide_sql_hint hint = { .after = t->n ? t->n - 1 : UINT32_MAX, .pos = pos, .end = end };
            if (end - pos >= 5 && t->mask[pos + 2] == '+')
                TIDE_PUSH(self->scratch, t->hints, t->n_hints, t->cap_hints, hint);
            continue;
        }
        bool unicode =
            from->token == PG_QUERY__TOKEN__UIDENT || from->token == PG_QUERY__TOKEN__USCONST;
        if (unicode) end = unicode_end(t->mask, pos);
        t->v[t->n] = (tide_sql_token){ .pos = pos,
                                       .end = end,
                                       .match = t->n,
                                       .kind = kind_of(self, from),
                                       .keyword = (uint8_t)from->keyword_kind };
        t->n++;
    }
    t->v[t->n] = (tide_sql_token){
        .pos = self->bytes, .end = self->bytes, .match = t->n, .kind = TIDE_SQL_TOKEN_END
    };
    /* An error at the end is shown behind the last word, not behind the last empty line. */
    if (t->n) t->v[t->n].pos = t->v[t->n].end = t->v[t->n - 1].end;
}

static uint8_t kind_of(const tide_sql_front *self, const PgQuery__ScanToken *token)
{
    char first = self->tokens.mask[token->start];
    if (token->keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD) return TIDE_SQL_TOKEN_WORD;
    if (token->token == PG_QUERY__TOKEN__IDENT)
        return first == '"' ? TIDE_SQL_TOKEN_QUOTED : TIDE_SQL_TOKEN_WORD;
    if (token->token == PG_QUERY__TOKEN__SCONST) return TIDE_SQL_TOKEN_STRING;
    if (token->token == PG_QUERY__TOKEN__ICONST || token->token == PG_QUERY__TOKEN__FCONST)
        return TIDE_SQL_TOKEN_NUMBER;
    bool other = token->token == PG_QUERY__TOKEN__UIDENT ||
                 token->token == PG_QUERY__TOKEN__USCONST ||
                 token->token == PG_QUERY__TOKEN__BCONST ||
                 token->token == PG_QUERY__TOKEN__XCONST || token->token == PG_QUERY__TOKEN__PARAM;
    return other ? TIDE_SQL_TOKEN_OTHER : TIDE_SQL_TOKEN_OP;
}

/* The scanner gives U&'...' and U&"..." an empty span. */
static uint32_t unicode_end(const char *mask, uint32_t pos)
{
    uint32_t i = pos + 2;
    char quote = mask[i++];
    while (mask[i] && (mask[i] != quote || mask[i + 1] == quote)) i += mask[i] == quote ? 2 : 1;
    return mask[i] ? i + 1 : i;
}

/* ---- Limits and brackets ---- */

void tide_sql_check_statement(tide_sql_front *self, uint32_t from, uint32_t to)
{
    tide_sql_tokens *t = &self->tokens;
    uint32_t open[TIDE_SQL_DEPTH_MAX], depth = 0, operators = 0;
    for (uint32_t i = from; i < to; i++) {
        operators += operator_weight(t, i);
        if (operators > TIDE_SQL_OPERATORS_MAX) {
            tide_sql_report_at(self, i, TIDE_E_LIMIT, "split the statement",
                               "the statement has more than %u operators", TIDE_SQL_OPERATORS_MAX);
            return;
        }
        check_name(self, i);
        bool is_open = tide_sql_is(t, i, "(") || tide_sql_is(t, i, "[");
        bool is_close = tide_sql_is(t, i, ")") || tide_sql_is(t, i, "]");
        if (is_open && depth == TIDE_SQL_DEPTH_MAX) {
            tide_sql_report_at(self, i, TIDE_E_LIMIT, NULL, "brackets are nested more than %d deep",
                               TIDE_SQL_DEPTH_MAX);
            return;
        }
        if (is_open) open[depth++] = i;
        if (!is_close) continue;
        char opener = tide_sql_is(t, i, ")") ? '(' : '[';
        if (depth == 0 || t->mask[t->v[open[depth - 1]].pos] != opener) {
            tide_sql_report_at(self, i, TIDE_E_SYNTAX, NULL, "\"%c\" without \"%c\" before it",
                               t->mask[t->v[i].pos], opener);
            return;
        }
        t->v[i].match = open[--depth];
        t->v[t->v[i].match].match = i;
    }
    if (depth > 0)
        tide_sql_report_at(self, open[depth - 1], TIDE_E_SYNTAX, NULL, "\"%c\" is never closed",
                           t->mask[t->v[open[depth - 1]].pos]);
}

static void check_name(tide_sql_front *self, uint32_t i)
{
    const tide_sql_token *v = &self->tokens.v[i];
    const char *s = self->tokens.mask + v->pos;
    if (v->kind == TIDE_SQL_TOKEN_OTHER && toupper((unsigned char)*s) == 'U' && s[1] == '&' &&
        s[2] == '"')
        tide_sql_report_at(self, i, TIDE_E_UNSUPPORTED, "write the characters themselves",
                           "names with U& escapes are not supported");
    if (tide_sql_is_name(&self->tokens, i) && v->end - v->pos > TIDE_SQL_NAME_MAX)
        tide_sql_report_at(self, i, TIDE_E_LIMIT, NULL, "a name has at most %u bytes",
                           TIDE_SQL_NAME_MAX);
}

/* What each token may cost of the C stack when the grammar's library walks its tree, in units of
 * the 2 KB that one operator takes; a query or a join takes up to 8 KB. */
static uint32_t operator_weight(const tide_sql_tokens *t, uint32_t i)
{
    static const char *const light[] = { "NOT", "AT", "COLLATE", NULL };
    static const char *const heavy[] = { "SELECT", "VALUES", "UNION", "INTERSECT", "EXCEPT",
                                         "MINUS",  "JOIN",   "CASE",  NULL };
    const tide_sql_token *v = &t->v[i];
    if (v->kind == TIDE_SQL_TOKEN_OP)
        return !(v->end - v->pos == 1 && strchr(",.;)]", t->mask[v->pos]));
    if (v->kind != TIDE_SQL_TOKEN_WORD) return 0;
    return tide_sql_is_any(t, i, heavy) ? 4 : tide_sql_is_any(t, i, light);
}

/* ---- Questions ---- */

bool tide_sql_is(const tide_sql_tokens *t, uint32_t i, const char *word)
{
    const tide_sql_token *v = &t->v[i];
    size_t len = v->end - v->pos;
    if (v->kind == TIDE_SQL_TOKEN_WORD)
        return toupper((unsigned char)t->mask[v->pos]) == word[0] &&
               strncasecmp(t->mask + v->pos, word, len) == 0 && word[len] == '\0';
    return v->kind == TIDE_SQL_TOKEN_OP && memcmp(t->mask + v->pos, word, 1) == 0 &&
           strncmp(t->mask + v->pos, word, len) == 0 && word[len] == '\0';
}

bool tide_sql_is_any(const tide_sql_tokens *t, uint32_t i, const char *const *list)
{
    for (; *list; list++)
        if (tide_sql_is(t, i, *list)) return true;
    return false;
}

bool tide_sql_are(const tide_sql_tokens *t, uint32_t i, const char *words)
{
    while (*words) {
        char word[32];
        size_t len = strcspn(words, " ");
        memcpy(word, words, len);
        word[len] = '\0';
        if (i > t->n || !tide_sql_is(t, i++, word)) return false;
        words += len + (words[len] == ' ');
    }
    return true;
}

bool tide_sql_is_name(const tide_sql_tokens *t, uint32_t i)
{
    return t->v[i].kind == TIDE_SQL_TOKEN_WORD || t->v[i].kind == TIDE_SQL_TOKEN_QUOTED;
}

bool tide_sql_is_query_start(const tide_sql_tokens *t, uint32_t i)
{
    static const char *const words[] = { "SELECT", "WITH", "VALUES", NULL };
    return tide_sql_is_any(t, i, words);
}

uint32_t tide_sql_skip(const tide_sql_tokens *t, uint32_t i)
{
    return (t->v[i].match > i ? t->v[i].match : i) + 1;
}

uint32_t tide_sql_find(const tide_sql_tokens *t, uint32_t from, uint32_t to,
                       const char *const *list)
{
    uint32_t i = from;
    while (i < to && !tide_sql_is_any(t, i, list)) i = tide_sql_skip(t, i);
    return i < to ? i : to;
}

/* ---- Texts ---- */

const char *tide_sql_name_text(tide_arena *arena, const tide_sql_tokens *t, uint32_t i)
{
    const tide_sql_token *v = &t->v[i];
    const char *s = t->text + v->pos;
    size_t len = v->end - v->pos;
    if (v->kind != TIDE_SQL_TOKEN_QUOTED) return tide_arena_strndup(arena, s, len);
    char quote = s[0], *name = tide_arena_alloc(arena, len);
    size_t n = 0;
    for (size_t k = 1; k + 1 < len; k++) {
        name[n++] = s[k];
        if (s[k] == quote) k++; /* Doubled. */
    }
    name[n] = '\0';
    return name;
}

const char *tide_sql_lower(tide_arena *arena, const tide_sql_tokens *t, uint32_t i)
{
    char *text = tide_arena_strdup(arena, tide_sql_name_text(arena, t, i));
    for (char *c = text; *c; c++) *c = (char)tolower((unsigned char)*c);
    return text;
}

const char *tide_sql_token_text(tide_arena *arena, const tide_sql_tokens *t, uint32_t i)
{
    const tide_sql_token *v = &t->v[i];
    size_t len = v->end - v->pos, shown = len > 40 ? 40 : len;
    while (shown < len && ((unsigned char)t->text[v->pos + shown] & 0xC0) == 0x80) shown--;
    return tide_arena_printf(arena, "%.*s%s", (int)shown, t->text + v->pos,
                             shown < len ? "..." : "");
}

tide_sql_path tide_sql_read_path(tide_sql_front *self, uint32_t *i)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_path path = { .pos = t->v[*i].pos };
    tide_sql_name *parts = NULL;
    uint32_t n = 0, cap = 0;
    do {
        if (n) (*i)++;
        if (!tide_sql_is_name(t, *i)) {
            tide_sql_report_syntax(self, *i, "a name");
            return path;
        }
        tide_sql_name part = { tide_sql_name_text(self->arena, t, *i), t->v[*i].pos };
        TIDE_PUSH(self->arena, parts, n, cap, part);
        (*i)++;
    } while (tide_sql_is(t, *i, "."));
    path.n = n;
    path.parts = parts;
    return path;
}

tide_sql_names tide_sql_read_names(tide_sql_front *self, uint32_t *i)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_name *items = NULL;
    uint32_t n = 0, cap = 0;
    do {
        (*i)++;
        if (!tide_sql_is_name(t, *i)) {
            tide_sql_report_syntax(self, *i, "a column name");
            return (tide_sql_names){ 0 };
        }
        tide_sql_name item = { tide_sql_name_text(self->arena, t, *i), t->v[*i].pos };
        TIDE_PUSH(self->arena, items, n, cap, item);
        (*i)++;
    } while (tide_sql_is(t, *i, ","));
    if (!tide_sql_is(t, *i, ")"))
        tide_sql_report_syntax(self, *i, "\",\" or \")\"");
    else
        (*i)++;
    return (tide_sql_names){ n, items };
}

const char *tide_sql_string_value(tide_sql_front *self, uint32_t i)
{
    const tide_sql_tokens *t = &self->tokens;
    const tide_sql_token *v = &t->v[i];
    const char *s = t->text + v->pos, *end = t->text + v->end;
    if (v->kind != TIDE_SQL_TOKEN_STRING) {
        tide_sql_report_syntax(self, i, "a 'string'");
        return NULL;
    }
    if (*s == '$') {
        size_t tag = strcspn(s + 1, "$") + 2;
        return tide_arena_strndup(self->arena, s + tag, (size_t)(end - s) - 2 * tag);
    }
    if (*s != '\'') {
        tide_sql_report_at(self, i, TIDE_E_UNSUPPORTED, "write it as a plain '...' or as $$...$$",
                           "strings with a prefix are not supported here");
        return NULL;
    }
    char *value = tide_arena_alloc(self->arena, (size_t)(end - s));
    size_t n = 0;
    for (s++; s < end; s++) {
        if (*s != '\'') {
            value[n++] = *s;
        } else if (s + 1 < end && s[1] == '\'') {
            value[n++] = *s++;
        } else {
            s += strcspn(s + 1, "'") + 1; /* 'a' <newline> 'b' is one string. */
        }
    }
    value[n] = '\0';
    return value;
}
