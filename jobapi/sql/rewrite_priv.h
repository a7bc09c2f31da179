/* rewrite_priv.h - what the files of the rewriter share: the text for PostgreSQL's grammar that is
 * being written, and where each piece of it came from.
 *
 * Every name that is no keyword is written as "tide:<token index>", so that names keep their case,
 * have no limit, and come back from the grammar with their position. Users' names cannot look like
 * markers, for the same reason. Whatever else is inserted has an anchor: the token to blame. */
#ifndef TIDE_JOBAPI_SQL_REWRITE_PRIV_H
#define TIDE_JOBAPI_SQL_REWRITE_PRIV_H
#include "base/core/bytes.h"
#include "jobapi/sql/front_priv.h"

/* Markers: what the rewriter and the conversion say to each other. */
#define TIDE_SQL_MARK_TYPE "tide:type"     /* A type to be read from the tokens. */
#define TIDE_SQL_MARK_SUBQUERY "tide:sub"  /* An alias that the user did not write. */
#define TIDE_SQL_MARK_EXCEPT "tide:except" /* * EXCEPT (a, b) */
#define TIDE_SQL_MARK_QUALIFY "tide:qualify"
#define TIDE_SQL_MARK_EMIT_CLOSE "tide:emit_close"
#define TIDE_SQL_MARK_EMIT_CHANGES "tide:emit_changes"
#define TIDE_SQL_MARK_PTABLE "tide:ptable" /* TABLE t PARTITION BY k */
#define TIDE_SQL_MARK_SYSTEM_TIME "tide:system_time"
#define TIDE_SQL_MARK_TRY_CAST "tide:try_cast"
#define TIDE_SQL_MARK_MAP "tide:map"

/* From byte `out` of the written text on, until the next segment, it came from `token`. */
typedef struct tide_sql_segment {
    uint32_t out, token;
} tide_sql_segment;

typedef struct tide_sql_rewriter {
    tide_sql_front *front;
    const tide_sql_tokens *t;
    tide_bytes out;
    uint32_t n_segments, cap_segments;
    tide_sql_segment *segments;
} tide_sql_rewriter;

/* What a range of tokens is inside of. */
typedef struct tide_sql_frame {
    uint32_t from;   /* Its first token. */
    bool arguments;  /* Of a function call. */
    bool has_window; /* A WINDOW clause was seen in this query. */
    bool has_from;   /* A FROM clause was seen in this query. */
} tide_sql_frame;

/* rewrite.c */
void tide_sql_rewriter_fini(tide_sql_rewriter *self);
void tide_sql_rewriter_reset(tide_sql_rewriter *self);
/* Writes tokens [from, to), rewriting. */
void tide_sql_rewrite(tide_sql_rewriter *self, uint32_t from, uint32_t to);
/* The same for the inside of a function call's parentheses. */
void tide_sql_rewrite_arguments(tide_sql_rewriter *self, uint32_t from, uint32_t to);
/* Writes token i as it is, with its repairs. */
void tide_sql_put(tide_sql_rewriter *self, uint32_t i);
/* Writes token i as a name even if it is a keyword. */
void tide_sql_put_name(tide_sql_rewriter *self, uint32_t i);
/* Writes text in the place of token i, with its repairs. */
void tide_sql_put_as(tide_sql_rewriter *self, uint32_t i, const char *text, size_t len);
/* Writes text of our own; `anchor` is the token that errors in it are blamed on. */
void tide_sql_put_text(tide_sql_rewriter *self, const char *text, uint32_t anchor);
/* The token behind byte `out` of the text written. */
uint32_t tide_sql_token_at(const tide_sql_rewriter *self, uint32_t out);

/* A construct: called at a token that is its word. Returns the token to go on with, or i when the
 * word is not what it looked like; then it has written nothing. */
typedef uint32_t tide_sql_rule_fn(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i,
                                  uint32_t to);

tide_sql_rule_fn tide_sql_rewrite_equals, tide_sql_rewrite_typecast, tide_sql_rewrite_cast,
    tide_sql_rewrite_try_cast, tide_sql_rewrite_interval, tide_sql_rewrite_floor,
    tide_sql_rewrite_map, tide_sql_rewrite_is_json,
    tide_sql_rewrite_json_value; /* rewrite_expr.c */
tide_sql_rule_fn tide_sql_rewrite_select, tide_sql_rewrite_window, tide_sql_rewrite_minus,
    tide_sql_rewrite_qualify, tide_sql_rewrite_emit,
    tide_sql_rewrite_star_except; /* rewrite_query.c */
tide_sql_rule_fn tide_sql_rewrite_table, tide_sql_rewrite_system_time, tide_sql_rewrite_match,
    tide_sql_rewrite_overwrite; /* rewrite_from.c */

#endif
