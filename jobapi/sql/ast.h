/* ast.h - what did the SQL text say? The syntax tree of a script, before any name is resolved.
 *
 * Made by parse.h, read by the binder. Plain data in the arena given to tide_sql_parse, immutable,
 * free of the parser's own types. Every dialect's spelling of a thing has become one form.
 *
 * Positions (`pos`) are byte offsets into the script's text as the user wrote it; every node has
 * one, and none is unknown. An operator's position is that of its symbol, a call's that of its
 * name.
 * Names keep the user's case and have lost their quotes. Nobody has resolved them: match exactly
 * first, then by a unique case-insensitive match.
 * Optional pointers are NULL when absent, optional arrays have n 0.
 * No tree is deeper than TIDE_SQL_DEPTH_MAX, so plain recursion over it is safe. */
#ifndef TIDE_JOBAPI_SQL_AST_H
#define TIDE_JOBAPI_SQL_AST_H
#include <stdbool.h>
#include <stdint.h>

#define TIDE_SQL_DEPTH_MAX 1000

typedef struct tide_sql_expr tide_sql_expr;
typedef struct tide_sql_query tide_sql_query;
typedef struct tide_sql_from tide_sql_from;
typedef struct tide_sql_stmt tide_sql_stmt;

/* An identifier; text is NULL where an optional name is absent. */
typedef struct tide_sql_name {
    const char *text;
    uint32_t pos;
} tide_sql_name;

/* a, a.b or a.b.c; n is at least 1. */
typedef struct tide_sql_path {
    uint32_t n;
    const tide_sql_name *parts;
    uint32_t pos;
} tide_sql_path;

/* A type as the user spelt it, comments and superfluous blanks removed: "DECIMAL(10, 2)",
 * "TIMESTAMP(3) WITH LOCAL TIME ZONE", "ARRAY<INT>", "INT[]". For tide_type_parse. */
typedef struct tide_sql_type {
    const char *text;
    uint32_t pos;
} tide_sql_type;

/* One 'key' = 'value' of WITH (...), of a hint or of EXPLAIN (...). value is NULL for a bare
 * word. */
typedef struct tide_sql_option {
    const char *key, *value;
    uint32_t pos, value_pos;
} tide_sql_option;

typedef struct tide_sql_options {
    uint32_t n;
    const tide_sql_option *items;
} tide_sql_options;

typedef struct tide_sql_names {
    uint32_t n;
    const tide_sql_name *items;
} tide_sql_names;

typedef struct tide_sql_exprs {
    uint32_t n;
    tide_sql_expr *const *items;
} tide_sql_exprs;

/* ---- Expressions ---- */

typedef enum tide_sql_expr_kind {
    TIDE_SQL_NULL,
    TIDE_SQL_BOOLEAN,
    TIDE_SQL_INTEGER,   /* literal.text: digits, perhaps after a '-'; any length. */
    TIDE_SQL_DECIMAL,   /* literal.text: digits with '.' or an exponent, perhaps after a '-'. */
    TIDE_SQL_STRING,    /* literal.text: the value, without quotes and escapes. */
    TIDE_SQL_TYPED,     /* literal.type and .text: DATE '...', TIMESTAMP '...', TIMESTAMP_LTZ '...',
                         * TIME '...'; also "BYTES" with "\xHEX" for X'HEX'. */
    TIDE_SQL_INTERVAL,  /* literal.text: with units or as HH:MM:SS and Y-M, as PostgreSQL's interval
                         * input reads them. INTERVAL '10' MINUTE is "10 minute", '1 02' DAY TO HOUR
                         * "1 day 2 hour". */
    TIDE_SQL_COLUMN,    /* column: a, t.a, window.start, perhaps a row's field: t.row.field. */
    TIDE_SQL_STAR,      /* star: * or t.*. Only as a select target. */
    TIDE_SQL_OP,        /* op: an operator or fixed form; see tide_sql_op. */
    TIDE_SQL_CALL,      /* call: a function by its name. */
    TIDE_SQL_CAST,      /* cast: CAST, TRY_CAST, :: */
    TIDE_SQL_CASE,      /* case_ */
    TIDE_SQL_SUBQUERY,  /* subquery: scalar, EXISTS, IN, ANY, ALL, ARRAY. */
    TIDE_SQL_ROW,       /* list: ROW(a, b) and (a, b). */
    TIDE_SQL_ARRAY,     /* list: ARRAY[a, b]. */
    TIDE_SQL_MAP,       /* list: MAP[k, v, k, v]. */
    TIDE_SQL_SUBSCRIPT, /* subscript: e[i] or e[i:j]. */
    TIDE_SQL_FIELD,     /* field: (e).name. */
    TIDE_SQL_EXPR_KIND_COUNT
} tide_sql_expr_kind;

/* An operator. `name` is the catalogue's (base/expr/expr.h, tide_expr_call):
 *   symbols, as the user wrote them: "+" "-" "*" "/" "%" "^" "||" "=" "<>" "<" "<=" ">" ">=" "->"
 *   "->>" "~" "~*" "!~" "!~*" ...; "!=" is "<>", "==" is "="; "neg" (1 argument);
 *   "and", "or" (2 or more), "not" (1);
 *   "is null" "is true" "is false" "is unknown" "is json" and "is not ..." of these (1);
 *   "is distinct from" "is not distinct from" (2);
 *   "between", "between symmetric" (3), "in" (args[0] in args[1..]): NOT is "not" around them;
 *   "like" "ilike" "similar to" and "not ..." of these (value, pattern [, escape]);
 *   "at time zone" (value, zone); "extract" (a STRING with the lower-case field, value). */
typedef struct tide_sql_op {
    const char *name;
    tide_sql_exprs args;
} tide_sql_op;

typedef struct tide_sql_order {
    tide_sql_expr *expr;
    bool descending;
    bool nulls_given; /* Was NULLS FIRST or LAST written? */
    bool nulls_first; /* Meaningful always: PostgreSQL's default is last ascending, first
                       * descending. */
    uint32_t pos;
} tide_sql_order;

typedef struct tide_sql_orders {
    uint32_t n;
    const tide_sql_order *items;
} tide_sql_orders;

typedef enum tide_sql_frame_unit {
    TIDE_SQL_FRAME_NONE,
    TIDE_SQL_FRAME_ROWS,
    TIDE_SQL_FRAME_RANGE,
    TIDE_SQL_FRAME_GROUPS
} tide_sql_frame_unit;

typedef enum tide_sql_bound_kind {
    TIDE_SQL_BOUND_UNBOUNDED_PRECEDING,
    TIDE_SQL_BOUND_PRECEDING,
    TIDE_SQL_BOUND_CURRENT_ROW,
    TIDE_SQL_BOUND_FOLLOWING,
    TIDE_SQL_BOUND_UNBOUNDED_FOLLOWING
} tide_sql_bound_kind;

typedef struct tide_sql_bound {
    tide_sql_bound_kind kind;
    tide_sql_expr *offset; /* PRECEDING and FOLLOWING. */
} tide_sql_bound;

/* OVER (...) or an entry of the WINDOW clause. */
typedef struct tide_sql_over {
    tide_sql_name name; /* WINDOW name AS (...); or OVER name (then nothing else is set). */
    tide_sql_name base; /* OVER (base ...). */
    tide_sql_exprs partition_by;
    tide_sql_orders order_by;
    tide_sql_frame_unit frame; /* NONE: no frame written; start and end are then meaningless. */
    tide_sql_bound start, end;
    uint32_t pos;
} tide_sql_over;

/* f(a, name => b, DISTINCT c ORDER BY d) WITHIN GROUP (ORDER BY e) FILTER (WHERE f) OVER (...).
 * Special syntaxes are plain calls: POSITION(a IN b) is strpos(b, a), SUBSTRING(a FROM b FOR c)
 * substring(a, b, c), TRIM is btrim, ltrim or rtrim(a [, chars]), OVERLAY overlay(a, b, from [,
 * count]), FLOOR(t TO DAY) and CEIL(t TO DAY) floor(t, 'day') and ceil(t, 'day'), NULLIF, COALESCE,
 * GREATEST, LEAST as they look. A unit word as in TIMESTAMPDIFF(SECOND, a, b) is a COLUMN.
 * JSON_VALUE's tail is named arguments, any case: "returning" (a CAST of NULL to the type),
 * "on_empty" and "on_error" (NULL, the DEFAULT's expression, or the string 'error' for ERROR). */
typedef struct tide_sql_call {
    tide_sql_path name;
    tide_sql_exprs args;
    const tide_sql_name *arg_names; /* One per argument (text NULL if positional); NULL if none is
                                     * named. */
    bool star;                      /* f(*) */
    bool distinct;
    bool bare;         /* Written without parentheses: CURRENT_TIMESTAMP, and also USER, which may
                        * be a column: try that first. */
    bool within_group; /* order_by came from WITHIN GROUP. */
    tide_sql_orders order_by;
    tide_sql_expr *filter;
    const tide_sql_over *over;
} tide_sql_call;

typedef struct tide_sql_when {
    tide_sql_expr *when, *then;
} tide_sql_when;

typedef enum tide_sql_subquery_kind {
    TIDE_SQL_SUBQUERY_SCALAR,
    TIDE_SQL_SUBQUERY_EXISTS,
    TIDE_SQL_SUBQUERY_IN,  /* left IN (query); NOT IN is "not" around it. */
    TIDE_SQL_SUBQUERY_ANY, /* left op ANY (query) */
    TIDE_SQL_SUBQUERY_ALL,
    TIDE_SQL_SUBQUERY_ARRAY
} tide_sql_subquery_kind;

struct tide_sql_expr {
    tide_sql_expr_kind kind;
    uint32_t pos;
    union {
        bool boolean;
        struct {
            const char *text;
            tide_sql_type type; /* TYPED only. */
        } literal;
        tide_sql_path column;
        struct {
            tide_sql_path table;   /* t of t.*; n is 0 for a plain star. */
            tide_sql_names except; /* * EXCEPT (a, b) */
        } star;
        tide_sql_op op;
        tide_sql_call call;
        struct {
            tide_sql_expr *arg;
            tide_sql_type type;
            bool is_try;
        } cast;
        struct {
            tide_sql_expr *operand; /* CASE operand WHEN ...: compare with "=". */
            uint32_t n_whens;
            const tide_sql_when *whens;
            tide_sql_expr *else_;
        } case_;
        struct {
            tide_sql_subquery_kind kind;
            tide_sql_expr *left;
            const char *op; /* ANY and ALL: the operator's symbol. */
            tide_sql_query *query;
        } subquery;
        tide_sql_exprs list;
        struct {
            tide_sql_expr *arg, *index;
            tide_sql_expr *upper; /* e[index:upper]; either may then be NULL. */
            bool is_slice;
        } subscript;
        struct {
            tide_sql_expr *arg;
            tide_sql_name name;
        } field;
    };
};

/* ---- Queries ---- */

/* alias.text is NULL when there is none. */
typedef struct tide_sql_alias {
    tide_sql_name name;
    tide_sql_names columns; /* AS a (c1, c2) */
} tide_sql_alias;

typedef enum tide_sql_from_kind {
    TIDE_SQL_FROM_TABLE,
    TIDE_SQL_FROM_SUBQUERY,
    TIDE_SQL_FROM_WINDOW,   /* A windowing table function. */
    TIDE_SQL_FROM_FUNCTION, /* Any other table function, UNNEST included. */
    TIDE_SQL_FROM_JOIN
} tide_sql_from_kind;

typedef enum tide_sql_window_kind {
    TIDE_SQL_TUMBLE,
    TIDE_SQL_HOP,
    TIDE_SQL_CUMULATE,
    TIDE_SQL_SESSION
} tide_sql_window_kind;

typedef enum tide_sql_join_kind {
    TIDE_SQL_JOIN_INNER,
    TIDE_SQL_JOIN_LEFT,
    TIDE_SQL_JOIN_RIGHT,
    TIDE_SQL_JOIN_FULL,
    TIDE_SQL_JOIN_CROSS
} tide_sql_join_kind;

struct tide_sql_from {
    tide_sql_from_kind kind;
    uint32_t pos;
    tide_sql_alias alias; /* Also of a JOIN in parentheses. */
    bool lateral;         /* SUBQUERY and FUNCTION. */
    union {
        struct {
            tide_sql_path name;
            tide_sql_options hints;     /* t /+ OPTIONS('k'='v') +/ */
            tide_sql_expr *system_time; /* FOR SYSTEM_TIME AS OF e */
        } table;
        tide_sql_query *subquery;
        /* TUMBLE(data, time, size [, offset]), HOP(data, time, slide, size [, offset]),
         * CUMULATE(data, time, step, size [, offset]), SESSION(data [PARTITION BY keys], time,
         * gap); Flink's, Arroyo's and RisingWave's spellings, named or positional. The parser has
         * checked which are there. */
        struct {
            tide_sql_window_kind kind;
            tide_sql_from *data;         /* TABLE or SUBQUERY. */
            tide_sql_path time;          /* The time column. */
            tide_sql_exprs partition_by; /* SESSION: TABLE t PARTITION BY k. */
            tide_sql_expr *size;         /* SESSION: the gap. */
            tide_sql_expr *slide;        /* HOP: the slide. CUMULATE: the step. */
            tide_sql_expr *offset;
        } window;
        struct {
            tide_sql_expr *call; /* kind CALL */
            bool with_ordinality;
        } function;
        struct {
            tide_sql_join_kind kind;
            tide_sql_from *left, *right;
            bool natural;
            tide_sql_names using_;
            tide_sql_expr *on;
        } join;
    };
};

typedef struct tide_sql_target {
    tide_sql_expr *expr; /* Perhaps a STAR. */
    tide_sql_name alias;
    uint32_t pos;
} tide_sql_target;

typedef enum tide_sql_group_kind {
    TIDE_SQL_GROUP_EXPR,  /* expr */
    TIDE_SQL_GROUP_EMPTY, /* () */
    TIDE_SQL_GROUP_LIST,  /* items, all EXPR: (a, b) within ROLLUP, CUBE or GROUPING SETS. */
    TIDE_SQL_GROUP_ROLLUP,
    TIDE_SQL_GROUP_CUBE,
    TIDE_SQL_GROUP_SETS /* items */
} tide_sql_group_kind;

typedef struct tide_sql_group {
    tide_sql_group_kind kind;
    uint32_t pos;
    tide_sql_expr *expr;
    uint32_t n;
    const struct tide_sql_group *items;
} tide_sql_group;

typedef struct tide_sql_cte {
    tide_sql_name name;
    tide_sql_names columns;
    tide_sql_query *query;
} tide_sql_cte;

typedef enum tide_sql_query_kind {
    TIDE_SQL_SELECT,
    TIDE_SQL_VALUES,
    TIDE_SQL_UNION,
    TIDE_SQL_INTERSECT,
    TIDE_SQL_EXCEPT
} tide_sql_query_kind;

typedef enum tide_sql_emit {
    TIDE_SQL_EMIT_DEFAULT,
    TIDE_SQL_EMIT_ON_WINDOW_CLOSE,
    TIDE_SQL_EMIT_CHANGES
} tide_sql_emit;

/* SELECT fills the select members; VALUES fills rows; UNION, INTERSECT and EXCEPT (also MINUS) have
 * two sides. WITH, ORDER BY, LIMIT, OFFSET and EMIT may follow any of them. */
struct tide_sql_query {
    tide_sql_query_kind kind;
    uint32_t pos;
    bool recursive;
    uint32_t n_ctes;
    const tide_sql_cte *ctes;
    tide_sql_orders order_by;
    tide_sql_expr *limit; /* LIMIT ALL is none. */
    tide_sql_expr *offset;
    bool with_ties; /* FETCH FIRST n ROWS WITH TIES */
    tide_sql_emit emit;
    uint32_t emit_pos;
    union {
        struct {
            bool distinct;
            tide_sql_exprs distinct_on; /* SELECT DISTINCT ON (...) */
            uint32_t n_targets, n_from, n_group_by, n_windows;
            const tide_sql_target *targets; /* At least one. */
            tide_sql_from *const *from;     /* FROM a, b: a cross join of all. */
            tide_sql_expr *where;
            bool group_distinct; /* GROUP BY DISTINCT */
            const tide_sql_group *group_by;
            tide_sql_expr *having;
            const tide_sql_over *windows; /* WINDOW w AS (...) */
            tide_sql_expr *qualify;
            tide_sql_options hints; /* SELECT /+ STATE_TTL('t'='1d') +/: key is the hint's
                                     * word and the argument, "STATE_TTL.t". */
        } select;
        struct {
            uint32_t n_rows;
            const tide_sql_exprs *rows;
        } values;
        struct {
            bool all;
            tide_sql_query *left, *right;
        } set;
    };
};

/* ---- Statements ---- */

typedef enum tide_sql_column_kind {
    TIDE_SQL_PHYSICAL,
    TIDE_SQL_METADATA,
    TIDE_SQL_COMPUTED
} tide_sql_column_kind;

typedef struct tide_sql_column_def {
    tide_sql_column_kind kind;
    tide_sql_name name;
    tide_sql_type type; /* text is NULL for `c AS e`. */
    bool not_null;
    bool primary_key;         /* Inline PRIMARY KEY NOT ENFORCED. */
    const char *metadata_key; /* METADATA FROM 'key'; NULL: the column's name. */
    bool is_virtual;          /* METADATA VIRTUAL */
    tide_sql_expr *expr;      /* COMPUTED */
    const char *comment;
} tide_sql_column_def;

typedef struct tide_sql_create_table {
    tide_sql_path name;
    bool temporary, if_not_exists;
    uint32_t n_columns;
    const tide_sql_column_def *columns;
    tide_sql_path watermark_column; /* WATERMARK FOR column AS expr; n is 0 without one. */
    tide_sql_expr *watermark;       /* NULL with `WATERMARK FOR c` alone (connector's choice). */
    uint32_t watermark_pos;
    tide_sql_names primary_key; /* Of the table-level constraint or the inline one. */
    uint32_t primary_key_pos;
    tide_sql_names partitioned_by;
    tide_sql_options options;      /* WITH (...) */
    tide_sql_path like;            /* LIKE other; n is 0 without. */
    tide_sql_options like_options; /* INCLUDING/EXCLUDING what: key "including" or "excluding",
                                    * value "all", "options", ... in lower case. */
    tide_sql_query *as_query;      /* CREATE TABLE ... AS query */
    const char *comment;
} tide_sql_create_table;

typedef struct tide_sql_create_view {
    tide_sql_path name;
    bool temporary, if_not_exists, or_replace;
    tide_sql_names columns;
    tide_sql_query *query;
} tide_sql_create_view;

typedef struct tide_sql_drop {
    bool is_view, temporary, if_exists;
    uint32_t n_names;
    const tide_sql_path *names;
} tide_sql_drop;

typedef struct tide_sql_insert {
    tide_sql_path table;
    tide_sql_options hints;
    tide_sql_names columns;
    bool overwrite;
    tide_sql_query *query;
} tide_sql_insert;

typedef struct tide_sql_explain {
    tide_sql_options options; /* EXPLAIN (FORMAT JSON) q, EXPLAIN JSON_EXECUTION_PLAN q. */
    tide_sql_stmt *stmt;      /* A SELECT, INSERT or STATEMENT_SET. */
} tide_sql_explain;

typedef enum tide_sql_stmt_kind {
    TIDE_SQL_STMT_CREATE_TABLE,
    TIDE_SQL_STMT_CREATE_VIEW,
    TIDE_SQL_STMT_DROP,
    TIDE_SQL_STMT_INSERT,
    TIDE_SQL_STMT_SELECT,        /* query */
    TIDE_SQL_STMT_STATEMENT_SET, /* set: its INSERTs. */
    TIDE_SQL_STMT_SET,           /* option: SET 'k' = 'v'; key NULL: SET alone, list them. */
    TIDE_SQL_STMT_RESET,         /* option: key NULL: all. value is NULL. */
    TIDE_SQL_STMT_EXPLAIN
} tide_sql_stmt_kind;

struct tide_sql_stmt {
    tide_sql_stmt_kind kind;
    uint32_t pos, end; /* The statement is bytes [pos, end) of the text, without its ';'. */
    union {
        tide_sql_create_table create_table;
        tide_sql_create_view create_view;
        tide_sql_drop drop;
        tide_sql_insert insert;
        tide_sql_query *query;
        struct {
            uint32_t n;
            tide_sql_stmt *const *items;
        } set;
        tide_sql_option option;
        tide_sql_explain explain;
    };
};

typedef struct tide_sql_script {
    const char *text;        /* NUL-terminated; in the arena. */
    const char *source_name; /* "job.sql", "<stdin>", "-e" */
    uint32_t n;
    tide_sql_stmt *const *stmts;
} tide_sql_script;

#endif
