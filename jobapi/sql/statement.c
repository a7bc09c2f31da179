/* statement.c - which statement is it? Commands without expressions are read here, from the tokens.
 */
#include <ctype.h>
#include <string.h>

#include "jobapi/sql/front_priv.h"

static void read_create(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);
static void read_create_view(tide_sql_front *self, uint32_t from, uint32_t view, uint32_t to,
                             tide_sql_stmt *out);
static void read_drop(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);
static void read_insert(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);
static void read_set(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);
static void read_reset(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);
static void read_explain(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);

typedef void read_fn(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out);

static const struct {
    const char *word;
    read_fn *read;
} statements[] = {
    { "SELECT", tide_sql_grammar_statement },
    { "WITH", tide_sql_grammar_statement },
    { "VALUES", tide_sql_grammar_statement },
    { "(", tide_sql_grammar_statement },
    { "TABLE", tide_sql_grammar_statement },
    { "INSERT", read_insert },
    { "CREATE", read_create },
    { "DROP", read_drop },
    { "SET", read_set },
    { "RESET", read_reset },
    { "EXPLAIN", read_explain },
};

/* Statements of PostgreSQL, Flink, Arroyo or RisingWave that there is no equivalent for. */
static const char *const refused[] = {
    "ADD",     "ALTER",    "ANALYZE", "BEGIN",  "CALL",     "CLOSE",     "COMMENT", "COMMIT",
    "COPY",    "DECLARE",  "DELETE",  "DESC",   "DESCRIBE", "DISCARD",   "DO",      "END",
    "EXECUTE", "FETCH",    "FLUSH",   "GRANT",  "LOAD",     "LOCK",      "MERGE",   "PREPARE",
    "REFRESH", "REMOVE",   "REPLACE", "REVOKE", "ROLLBACK", "SAVEPOINT", "SHOW",    "START",
    "STOP",    "TRUNCATE", "UNLOAD",  "UPDATE", "UPSERT",   "USE",       "VACUUM",  NULL
};

tide_sql_stmt *tide_sql_read_statement(tide_sql_front *self, uint32_t from, uint32_t to)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_stmt *out = TIDE_NEW(self->arena, tide_sql_stmt);
    out->pos = t->v[from].pos;
    out->end = t->v[to - 1].end;
    size_t k = 0, n = sizeof statements / sizeof *statements;
    while (k < n && !tide_sql_is(t, from, statements[k].word)) k++;
    if (k < n) {
        statements[k].read(self, from, to, out);
        if (!tide_sql_failed(self)) tide_sql_check_hints(self, from, to);
    } else if (tide_sql_is_any(t, from, refused)) {
        tide_sql_report_at(self, from, TIDE_E_UNSUPPORTED, NULL, "%s is not supported",
                           tide_sql_token_text(self->scratch, t, from));
    } else {
        tide_sql_report_syntax(self, from, "a statement such as SELECT, INSERT or CREATE TABLE");
    }
    return tide_sql_failed(self) ? NULL : out;
}

/* ---- CREATE and DROP ---- */

static void read_create(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    static const char *const modifiers[] = { "OR",     "REPLACE",  "TEMPORARY", "TEMP",   "LOCAL",
                                             "GLOBAL", "UNLOGGED", "RECURSIVE", "SYSTEM", NULL };
    const tide_sql_tokens *t = &self->tokens;
    uint32_t i = from + 1;
    while (tide_sql_is_any(t, i, modifiers)) i++;
    bool is_plain = i == from + 1;
    bool is_temporary = i == from + 2 && t->v[from + 1].keyword &&
                        (tide_sql_is(t, from + 1, "TEMPORARY") || tide_sql_is(t, from + 1, "TEMP"));
    if (tide_sql_is(t, i, "VIEW")) {
        read_create_view(self, from, i, to, out);
    } else if (tide_sql_is(t, i, "TABLE") && (is_plain || is_temporary)) {
        out->kind = TIDE_SQL_STMT_CREATE_TABLE;
        tide_sql_read_create_table(self, from, to, &out->create_table);
    } else if (t->v[i].kind == TIDE_SQL_TOKEN_WORD && t->v[i].keyword == 0 &&
               !tide_sql_is(t, i, "CATALOG") && !tide_sql_is(t, i, "SOURCE") &&
               !tide_sql_is(t, i, "SINK") && !tide_sql_is(t, i, "CONNECTION")) {
        tide_sql_report_syntax(self, i, "TABLE or VIEW");
    } else if (i < to && t->v[i].kind == TIDE_SQL_TOKEN_WORD) {
        const char *first = is_plain ? "" : tide_sql_token_text(self->scratch, t, from + 1);
        bool is_object = tide_sql_is(t, i, "SOURCE") || tide_sql_is(t, i, "SINK");
        tide_sql_report_at(self, from, TIDE_E_UNSUPPORTED, is_object ? "write CREATE TABLE" : NULL,
                           "CREATE %s%s%s is not supported", first, is_plain ? "" : " ",
                           tide_sql_token_text(self->scratch, t, i));
    } else {
        tide_sql_report_syntax(self, i, "TABLE or VIEW");
    }
}

/* IF NOT EXISTS and COMMENT are Flink's: the grammar does not see them. */
static void read_create_view(tide_sql_front *self, uint32_t from, uint32_t view, uint32_t to,
                             tide_sql_stmt *out)
{
    static const char *const words[] = { "COMMENT", "AS", NULL };
    tide_sql_tokens *t = &self->tokens;
    bool if_not_exists = tide_sql_are(t, view + 1, "IF NOT EXISTS");
    for (uint32_t i = view + 1; if_not_exists && i < view + 4; i++) t->v[i].drop = true;
    uint32_t comment = tide_sql_find(t, view + 2 + 3 * if_not_exists, to, words);
    if (comment + 1 < to && tide_sql_is(t, comment, "COMMENT") &&
        t->v[comment + 1].kind == TIDE_SQL_TOKEN_STRING)
        t->v[comment].drop = t->v[comment + 1].drop = true;
    tide_sql_grammar_statement(self, from, to, out);
    out->create_view.if_not_exists = if_not_exists;
}

static void read_drop(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_drop *drop = &out->drop;
    uint32_t i = from + 1, n = 0, cap = 0;
    tide_sql_path *names = NULL;
    out->kind = TIDE_SQL_STMT_DROP;
    drop->temporary = tide_sql_is(t, i, "TEMPORARY");
    i += drop->temporary;
    drop->is_view = tide_sql_is(t, i, "VIEW");
    if (!drop->is_view && !tide_sql_is(t, i, "TABLE")) {
        if (i < to && t->v[i].keyword)
            tide_sql_report_at(self, from, TIDE_E_UNSUPPORTED, NULL, "DROP %s is not supported",
                               tide_sql_token_text(self->scratch, t, i));
        tide_sql_report_syntax(self, i, "TABLE or VIEW");
        return;
    }
    i++;
    drop->if_exists = tide_sql_are(t, i, "IF EXISTS");
    i += drop->if_exists ? 2 : 0;
    for (;; i++) {
        tide_sql_path path = tide_sql_read_path(self, &i);
        TIDE_PUSH(self->arena, names, n, cap, path);
        if (!tide_sql_is(t, i, ",")) break;
    }
    drop->n_names = n;
    drop->names = names;
    if (tide_sql_failed(self) || i == to) return;
    if (tide_sql_is(t, i, "CASCADE") || tide_sql_is(t, i, "RESTRICT"))
        tide_sql_report_at(self, i, TIDE_E_UNSUPPORTED, NULL, "%s is not supported",
                           tide_sql_token_text(self->scratch, t, i));
    tide_sql_report_syntax(self, i, "the end of the statement");
}

/* ---- INSERT ---- */

static void read_insert(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    const tide_sql_tokens *t = &self->tokens;
    bool overwrite = tide_sql_is(t, from + 1, "OVERWRITE");
    if (!overwrite && !tide_sql_is(t, from + 1, "INTO")) {
        tide_sql_report_syntax(self, from + 1, "INTO");
        return;
    }
    uint32_t i = from + 2 + (overwrite && tide_sql_is(t, from + 2, "INTO"));
    while (i + 1 < to && tide_sql_is(t, i + 1, ".")) i += 2;
    if (i + 1 < to && tide_sql_are(t, i + 1, "PARTITION (")) {
        tide_sql_report_at(self, i + 1, TIDE_E_UNSUPPORTED, "select the value as a column",
                           "PARTITION of INSERT is not supported");
        return;
    }
    tide_sql_grammar_statement(self, from, to, out);
    out->insert.overwrite = overwrite;
}

/* ---- SET and RESET ---- */

/* The user's text of tokens [from, end): an unquoted key or value such as runtime-mode. */
static const char *slice(tide_sql_front *self, uint32_t from, uint32_t end)
{
    const tide_sql_token *v = self->tokens.v;
    if (end == from + 1 && v[from].kind == TIDE_SQL_TOKEN_STRING)
        return tide_sql_string_value(self, from);
    return tide_arena_strndup(self->arena, self->text + v[from].pos, v[end - 1].end - v[from].pos);
}

static void read_set(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    static const char *const equals[] = { "=", "TO", NULL };
    const tide_sql_tokens *t = &self->tokens;
    out->kind = TIDE_SQL_STMT_SET;
    out->option.pos = t->v[from].pos;
    if (from + 1 == to) return;
    uint32_t at = tide_sql_find(t, from + 1, to, equals);
    if (at == from + 1 || at == to) {
        tide_sql_report_syntax(self, at == to ? to : at,
                               at == to ? "\"=\" and a value" : "a setting");
        return;
    }
    out->option.pos = t->v[from + 1].pos;
    out->option.key = slice(self, from + 1, at);
    if (at + 1 == to) {
        tide_sql_report_syntax(self, to, "a value");
        return;
    }
    out->option.value_pos = t->v[at + 1].pos;
    out->option.value = slice(self, at + 1, to);
}

static void read_reset(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    out->kind = TIDE_SQL_STMT_RESET;
    out->option.pos = self->tokens.v[from].pos;
    bool all = from + 2 == to && tide_sql_is(&self->tokens, from + 1, "ALL");
    if (from + 1 == to || all) return;
    out->option.pos = self->tokens.v[from + 1].pos;
    out->option.key = slice(self, from + 1, to);
}

/* ---- EXPLAIN ---- */

/* In parentheses FORMAT JSON, ANALYZE: words, and a value or none behind each; else only known
 * words. */
static uint32_t read_explain_options(tide_sql_front *self, uint32_t i, uint32_t end, bool in_list,
                                     tide_sql_options *out)
{
    static const char *const words[] = {
        "ANALYZE",     "VERBOSE", "ESTIMATED_COST", "CHANGELOG_MODE", "JSON_EXECUTION_PLAN",
        "PLAN_ADVICE", NULL
    };
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_option *items = NULL;
    uint32_t n = 0, cap = 0;
    while (i < end && (in_list ? tide_sql_is_name(t, i) : tide_sql_is_any(t, i, words))) {
        tide_sql_option o = { .key = tide_sql_lower(self->arena, t, i), .pos = t->v[i].pos };
        i++;
        if (in_list && i < end && !tide_sql_is(t, i, ",")) {
            o.value_pos = t->v[i].pos;
            o.value = tide_sql_lower(self->arena, t, i++);
        }
        TIDE_PUSH(self->arena, items, n, cap, o);
        if (i < end && tide_sql_is(t, i, ","))
            i++;
        else
            break;
    }
    *out = (tide_sql_options){ n, items };
    return i;
}

static void read_explain(tide_sql_front *self, uint32_t from, uint32_t to, tide_sql_stmt *out)
{
    const tide_sql_tokens *t = &self->tokens;
    uint32_t i = from + 1;
    out->kind = TIDE_SQL_STMT_EXPLAIN;
    bool has_list =
        tide_sql_is(t, i, "(") && !tide_sql_is_query_start(t, i + 1) && !tide_sql_is(t, i + 1, "(");
    if (tide_sql_are(t, i, "PLAN FOR")) {
        i += 2;
    } else if (has_list) {
        uint32_t close = t->v[i].match;
        uint32_t end = read_explain_options(self, i + 1, close, true, &out->explain.options);
        if (end != close) tide_sql_report_syntax(self, end, "\",\" or \")\"");
        i = close + 1;
    } else {
        i = read_explain_options(self, i, to, false, &out->explain.options);
    }
    bool is_query = i < to && (tide_sql_is_query_start(t, i) || tide_sql_is(t, i, "(") ||
                               tide_sql_is(t, i, "TABLE") || tide_sql_is(t, i, "INSERT"));
    if (is_query)
        out->explain.stmt = tide_sql_read_statement(self, i, to);
    else
        tide_sql_report_syntax(self, i < to ? i : to, "a query or an INSERT");
}
