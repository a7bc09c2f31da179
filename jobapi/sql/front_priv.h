/* front_priv.h - what the files of the parser share: the text, its tokens, and the one error a
 * statement may have.
 *
 * Life of a script: mask.c hides `backticks`, tokens.c cuts the masked text into tokens,
 * statement.c takes each statement by its first words; queries go through rewrite*.c (streaming
 * constructs into PostgreSQL's), grammar.c (libpg_query, with repair.c) and convert*.c (its tree
 * into ours). Everywhere the currency of position is the index of a token; byte offsets are looked
 * up last. All on one thread. Errors are sticky: the first one of a statement wins, functions that
 * make nodes then return NULL or whatever they have, and nobody looks inside until the statement's
 * end. */
#ifndef TIDE_JOBAPI_SQL_FRONT_PRIV_H
#define TIDE_JOBAPI_SQL_FRONT_PRIV_H
#include "base/core/arena.h"
#include "base/core/status.h"
#include "jobapi/sql/ast.h"

typedef enum tide_sql_token_kind {
    TIDE_SQL_TOKEN_WORD,   /* Unquoted: a keyword or a name. */
    TIDE_SQL_TOKEN_QUOTED, /* "name" or `name` */
    TIDE_SQL_TOKEN_STRING, /* '...', E'...', $$...$$ */
    TIDE_SQL_TOKEN_NUMBER,
    TIDE_SQL_TOKEN_OP,    /* Operators, brackets and other punctuation. */
    TIDE_SQL_TOKEN_OTHER, /* Bit strings, parameters, U&"..." */
    TIDE_SQL_TOKEN_END    /* Behind the last one. */
} tide_sql_token_kind;

/* Keywords up to this kind can be names everywhere (PgQuery__KeywordKind). */
#define TIDE_SQL_KEYWORD_UNRESERVED 1

typedef struct tide_sql_token {
    uint32_t pos, end; /* Bytes [pos, end) of the text. */
    uint32_t match;    /* Brackets: the index of the other one. */
    uint8_t kind;      /* tide_sql_token_kind */
    uint8_t keyword;   /* PgQuery__KeywordKind of a WORD; 0 is none. */
    /* Repairs (repair.c): what the rewriter does to this token. */
    bool quote;                /* Write this keyword as a name. */
    bool drop;                 /* Do not write it: statement.c has read it. */
    bool alias_after;          /* Invent an alias behind this ')'. */
    uint8_t n_opens, n_closes; /* Parentheses to put before and behind it. */
} tide_sql_token;

/* The options of one comment / *+ ... * /. */
typedef struct tide_sql_hint {
    uint32_t after; /* Index of the token before it. */
    uint32_t pos, end;
    bool used; /* Some node took it; the others are reported. */
} tide_sql_hint;

typedef struct tide_sql_tokens {
    const char *text; /* The script's, for the spelling of names. */
    const char *mask; /* The same with backticks hidden, for the grammar. */
    uint32_t n;       /* Without the END token at v[n]. */
    tide_sql_token *v;
    uint32_t n_hints, cap_hints;
    tide_sql_hint *hints;
} tide_sql_tokens;

/* The first error of the current statement. */
typedef struct tide_sql_diag {
    tide_arena *arena;
    tide_status code; /* TIDE_OK: none so far. */
    uint32_t pos;
    const char *message, *hint;
} tide_sql_diag;

typedef struct tide_sql_front {
    tide_arena *arena;   /* The tree's. */
    tide_arena *scratch; /* The script's tokens and messages. */
    const char *text;
    const char *source_name;
    uint32_t bytes;
    bool plain; /* For tests: no rewriting, no repair. */
    tide_sql_tokens tokens;
    tide_sql_diag diag;
} tide_sql_front;

/* ---- diag.c ---- */

/* Does nothing if there is an error already. hint may be NULL; it is copied. */
void tide_sql_report(tide_sql_diag *self, tide_status code, uint32_t pos, const char *hint,
                     const char *fmt, ...) TIDE_PRINTF(5, 6);
/* The same at the beginning of token i. */
void tide_sql_report_at(tide_sql_front *self, uint32_t i, tide_status code, const char *hint,
                        const char *fmt, ...) TIDE_PRINTF(5, 6);
/* "syntax error near X" at token i (or "unexpected end of statement"), or "expected <what> ..." if
 * what is not NULL, with a guess at a misspelt keyword there or one token before. */
void tide_sql_report_syntax(tide_sql_front *self, uint32_t i, const char *what);
/* The word of NULL-terminated `list` that `word` (len bytes, any case) was probably meant to be, or
 * NULL. */
const char *tide_sql_nearest(const char *word, size_t len, const char *const *list);
bool tide_sql_failed(const tide_sql_front *self);

/* ---- mask.c ---- */

/* A copy of the text in which every `name` has become "name" of the same length, in `arena`. */
char *tide_sql_mask(tide_arena *arena, const char *text, size_t bytes);

/* ---- tokens.c ---- */

/* Cuts self->text into self->tokens; lexical errors go to self->diag. */
void tide_sql_scan(tide_sql_front *self);
/* Matches the brackets of tokens [from, to) and enforces the limits of one statement. */
void tide_sql_check_statement(tide_sql_front *self, uint32_t from, uint32_t to);
/* Is token i this keyword (any case, unquoted) or this operator? */
bool tide_sql_is(const tide_sql_tokens *t, uint32_t i, const char *word);
/* Is it any of the NULL-terminated list? */
bool tide_sql_is_any(const tide_sql_tokens *t, uint32_t i, const char *const *list);
/* Are tokens i, i + 1, ... these words, separated by single blanks? */
bool tide_sql_are(const tide_sql_tokens *t, uint32_t i, const char *words);
/* A quoted or unquoted name, keywords included? */
bool tide_sql_is_name(const tide_sql_tokens *t, uint32_t i);
bool tide_sql_is_query_start(const tide_sql_tokens *t, uint32_t i); /* SELECT, WITH, VALUES */
/* Index behind token i; behind its closing bracket if it is an opening one. */
uint32_t tide_sql_skip(const tide_sql_tokens *t, uint32_t i);
/* The first token of [from, to) outside brackets that is in the list; `to` if none. */
uint32_t tide_sql_find(const tide_sql_tokens *t, uint32_t from, uint32_t to,
                       const char *const *list);
/* The name that a WORD or QUOTED token spells, without quotes. */
const char *tide_sql_name_text(tide_arena *arena, const tide_sql_tokens *t, uint32_t i);
/* a.b.c from *i on; *i ends behind it. Reports if there is no name. */
tide_sql_path tide_sql_read_path(tide_sql_front *self, uint32_t *i);
/* ( a, b ) from the '(' at *i on; *i ends behind its ')'. */
tide_sql_names tide_sql_read_names(tide_sql_front *self, uint32_t *i);
/* The value of a plain or dollar-quoted string token; others are reported. NULL then. */
const char *tide_sql_string_value(tide_sql_front *self, uint32_t i);
/* The text of token i in lower case, without quotes. */
const char *tide_sql_lower(tide_arena *arena, const tide_sql_tokens *t, uint32_t i);
/* The text of token i, for messages. */
const char *tide_sql_token_text(tide_arena *arena, const tide_sql_tokens *t, uint32_t i);

/* ---- types.c ---- */

/* Index behind the type that starts at token i; i itself if there is none. */
uint32_t tide_sql_type_end(const tide_sql_tokens *t, uint32_t i);
tide_sql_type tide_sql_type_read(tide_sql_front *self, uint32_t from, uint32_t end);
/* Is the type of tokens [from, end) one that PostgreSQL's grammar does not know? */
bool tide_sql_type_is_foreign(const tide_sql_tokens *t, uint32_t from, uint32_t end);
/* Index behind INTERVAL '...' [units] at token i; i itself if it is something else. */
uint32_t tide_sql_interval_end(const tide_sql_tokens *t, uint32_t i);
/* The interval literal of tokens [i, tide_sql_interval_end), as ast.h describes it. */
const char *tide_sql_interval_read(tide_sql_front *self, uint32_t i);

/* ---- options.c ---- */

/* ( 'k' = 'v', ... ) from the '(' at *i on; *i ends behind its ')'. */
tide_sql_options tide_sql_read_options(tide_sql_front *self, uint32_t *i);
/* The hint behind token i as options; n is 0 if there is none. Names of hints are part of the key
 * unless it is OPTIONS, which tables have and nothing else. */
tide_sql_options tide_sql_take_hint(tide_sql_front *self, uint32_t after, bool of_table);
/* Reports hints between tokens from and to that nobody took. */
void tide_sql_check_hints(tide_sql_front *self, uint32_t from, uint32_t to);

/* ---- statement.c and create_table.c ---- */

/* The statement of tokens [from, to), which is not empty; NULL when it has an error. */
tide_sql_stmt *tide_sql_read_statement(tide_sql_front *self, uint32_t from, uint32_t to);
void tide_sql_read_create_table(tide_sql_front *self, uint32_t from, uint32_t to,
                                tide_sql_create_table *out);

/* ---- grammar.c ---- */

/* An INSERT, CREATE VIEW or query through the grammar, into *out. */
void tide_sql_grammar_statement(tide_sql_front *self, uint32_t from, uint32_t to,
                                tide_sql_stmt *out);
tide_sql_query *tide_sql_grammar_query(tide_sql_front *self, uint32_t from, uint32_t to);
/* n expressions, the tokens [from[k], to[k]) each, into out[k]. */
void tide_sql_grammar_exprs(tide_sql_front *self, uint32_t n, const uint32_t (*spans)[2],
                            tide_sql_expr **out);

#endif
