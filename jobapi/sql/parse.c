/* parse.c - a script: its thread, its statements, and all of their errors. */
#include <pthread.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "jobapi/sql/caret.h"
#include "jobapi/sql/front_priv.h"
#include "jobapi/sql/parse.h"
#include "jobapi/sql/plain_priv.h"

/* The grammar's library recurses with up to 8 KB a level; tokens.c bounds the levels to fit. */
#define STACK_BYTES (64u << 20)

typedef struct job {
    tide_sql_front front;
    tide_sql_script *script;
    tide_sql_stmt **stmts;
    uint32_t cap_stmts;
    tide_sql_stmt *set; /* The STATEMENT SET that is open. */
    tide_sql_stmt **set_items;
    uint32_t n_set_items, cap_set_items, set_token;
    tide_status code; /* Of the first error. */
    uint32_t n_errors;
    tide_bytes errors;
} job;

static tide_status parse(tide_arena *arena, const char *text, size_t bytes, const char *source_name,
                         bool plain, tide_sql_script **out);
static void *run(void *self);
static bool check_text(tide_sql_front *front);
static void read_piece(job *self, uint32_t from, uint32_t to);
static bool open_set(job *self, uint32_t *from, uint32_t to);
static void close_set(job *self, uint32_t end);
static void flush_error(job *self);

tide_status tide_sql_parse(tide_arena *arena, const char *text, const char *source_name,
                           tide_sql_script **out)
{
    return parse(arena, text, strlen(text), source_name, false, out);
}

tide_status tide_sql_parse_bytes(tide_arena *arena, const char *text, size_t bytes,
                                 const char *source_name, tide_sql_script **out)
{
    return parse(arena, text, bytes, source_name, false, out);
}

tide_status tide_sql_parse_plain(tide_arena *arena, const char *text, tide_sql_script **out)
{
    return parse(arena, text, strlen(text), "plain", true, out);
}

static tide_status parse(tide_arena *arena, const char *text, size_t bytes, const char *source_name,
                         bool plain, tide_sql_script **out)
{
    if (bytes > TIDE_SQL_TEXT_MAX)
        return tide_fail(TIDE_E_LIMIT, "%s: the script has %zu bytes; at most %u are supported",
                         source_name, bytes, TIDE_SQL_TEXT_MAX);
    job j = { .script = TIDE_NEW(arena, tide_sql_script) };
    j.script->text = tide_arena_strndup(arena, text, bytes);
    j.script->source_name = tide_arena_strdup(arena, source_name);
    tide_arena *scratch = tide_arena_new();
    j.front = (tide_sql_front){ .arena = arena,
                                .scratch = scratch,
                                .text = j.script->text,
                                .source_name = j.script->source_name,
                                .bytes = (uint32_t)bytes,
                                .plain = plain,
                                .diag.arena = scratch };
    pthread_attr_t attr;
    pthread_t thread;
    tide_assert(pthread_attr_init(&attr) == 0);
    tide_assert(pthread_attr_setstacksize(&attr, STACK_BYTES) == 0);
    int failed = pthread_create(&thread, &attr, run, &j);
    pthread_attr_destroy(&attr);
    if (!failed) pthread_join(thread, NULL);

    tide_status rv = TIDE_OK;
    if (failed)
        rv = tide_fail(TIDE_E_LIMIT, "no thread to parse SQL on: %s", strerror(failed));
    else if (j.code != TIDE_OK)
        rv = tide_fail(j.code, "%s", tide_bytes_text(&j.errors));
    else
        *out = j.script;
    tide_bytes_fini(&j.errors);
    tide_arena_free(&scratch);
    return rv;
}

static void *run(void *self_v)
{
    job *self = self_v;
    tide_sql_front *front = &self->front;
    const tide_sql_tokens *t = &front->tokens;
    if (check_text(front)) tide_sql_scan(front);
    if (!tide_sql_failed(front)) {
        uint32_t from = 0;
        while (from < t->n && self->n_errors < TIDE_SQL_ERRORS_MAX) {
            uint32_t to = from;
            while (to < t->n && !tide_sql_is(t, to, ";")) to++;
            if (to > from) read_piece(self, from, to);
            flush_error(self);
            from = to + 1;
        }
        if (self->set && self->n_errors < TIDE_SQL_ERRORS_MAX)
            tide_sql_report_at(front, self->set_token, TIDE_E_SYNTAX, "add END;",
                               "this STATEMENT SET is never closed");
    }
    flush_error(self);
    self->script->stmts = self->stmts;
    return NULL;
}

/* The scanner would stop at a NUL, and count other bytes than ours in invalid UTF-8. */
static bool check_text(tide_sql_front *front)
{
    const unsigned char *s = (const unsigned char *)front->text;
    for (uint32_t i = 0; i < front->bytes;) {
        uint32_t n = s[i] < 0x80   ? 1
                     : s[i] < 0xC2 ? 0
                     : s[i] < 0xE0 ? 2
                     : s[i] < 0xF0 ? 3
                     : s[i] < 0xF5 ? 4
                                   : 0;
        bool ok = n > 0 && s[i] != 0 && i + n <= front->bytes;
        for (uint32_t k = 1; ok && k < n; k++) ok = (s[i + k] & 0xC0) == 0x80;
        /* Overlong forms, surrogates and values above U+10FFFF. */
        if (ok && n == 3)
            ok = !(s[i] == 0xE0 && s[i + 1] < 0xA0) && !(s[i] == 0xED && s[i + 1] > 0x9F);
        if (ok && n == 4)
            ok = !(s[i] == 0xF0 && s[i + 1] < 0x90) && !(s[i] == 0xF4 && s[i + 1] > 0x8F);
        if (!ok) {
            tide_sql_report(&front->diag, TIDE_E_SYNTAX, i, NULL,
                            s[i] == 0 ? "the text has a NUL byte" : "the text is not valid UTF-8");
            return false;
        }
        i += n;
    }
    return true;
}

/* ---- Statements ---- */

/* Tokens [from, to) between two semicolons: a statement, or the beginning or end of a set of them.
 */
static void read_piece(job *self, uint32_t from, uint32_t to)
{
    tide_sql_front *front = &self->front;
    const tide_sql_tokens *t = &front->tokens;
    if (!self->set && open_set(self, &from, to) && from == to) return;
    if (self->set && from + 1 == to && tide_sql_is(t, from, "END")) {
        close_set(self, t->v[from].end);
        return;
    }
    tide_sql_check_statement(front, from, to);
    if (tide_sql_failed(front)) return;
    tide_sql_stmt *stmt = tide_sql_read_statement(front, from, to);
    if (!stmt) return;
    if (!self->set) {
        TIDE_PUSH(front->arena, self->stmts, self->script->n, self->cap_stmts, stmt);
    } else if (stmt->kind == TIDE_SQL_STMT_INSERT) {
        TIDE_PUSH(front->arena, self->set_items, self->n_set_items, self->cap_set_items, stmt);
    } else {
        tide_sql_report_at(front, from, TIDE_E_SYNTAX, "put it before BEGIN STATEMENT SET",
                           "only INSERT can stand in a STATEMENT SET");
    }
}

/* BEGIN STATEMENT SET; or EXECUTE STATEMENT SET BEGIN or EXPLAIN [PLAN FOR] STATEMENT SET BEGIN */
static bool open_set(job *self, uint32_t *from, uint32_t to)
{
    tide_sql_front *front = &self->front;
    const tide_sql_tokens *t = &front->tokens;
    uint32_t i = *from, n_words = 0;
    bool is_begin = tide_sql_are(t, i, "BEGIN STATEMENT SET");
    bool is_explain = tide_sql_is(t, i, "EXPLAIN");
    if (is_begin)
        n_words = 3;
    else if (tide_sql_are(t, i, "EXECUTE STATEMENT SET BEGIN"))
        n_words = 4;
    else if (tide_sql_are(t, i, "EXPLAIN STATEMENT SET BEGIN"))
        n_words = 4;
    else if (tide_sql_are(t, i, "EXPLAIN PLAN FOR STATEMENT SET BEGIN"))
        n_words = 6;
    else
        return false;
    tide_sql_stmt *set = TIDE_NEW(front->arena, tide_sql_stmt);
    set->kind = TIDE_SQL_STMT_STATEMENT_SET;
    set->pos = t->v[i].pos;
    self->set = set;
    if (is_explain) {
        self->set = TIDE_NEW(front->arena, tide_sql_stmt);
        self->set->kind = TIDE_SQL_STMT_EXPLAIN;
        self->set->pos = set->pos;
        self->set->explain.stmt = set;
    }
    self->set_token = i;
    self->set_items = NULL;
    self->n_set_items = self->cap_set_items = 0;
    *from += n_words;
    if (is_begin && *from < to) tide_sql_report_syntax(front, *from, "\";\"");
    return true;
}

static void close_set(job *self, uint32_t end)
{
    tide_sql_stmt *set = self->set;
    set->end = end;
    if (set->kind == TIDE_SQL_STMT_EXPLAIN) set = set->explain.stmt;
    set->end = end;
    set->set.n = self->n_set_items;
    set->set.items = self->set_items;
    TIDE_PUSH(self->front.arena, self->stmts, self->script->n, self->cap_stmts, self->set);
    self->set = NULL;
}

/* ---- Errors ---- */

/* Writes the current statement's error, if any, behind the others. */
static void flush_error(job *self)
{
    tide_sql_diag *diag = &self->front.diag;
    if (diag->code == TIDE_OK) return;
    if (self->n_errors++ == 0)
        self->code = diag->code;
    else
        tide_bytes_putc(&self->errors, '\n');
    tide_sql_caret(&self->errors, self->front.text, self->front.source_name, diag->pos,
                   diag->message, diag->hint);
    *diag = (tide_sql_diag){ .arena = self->front.scratch };
}
