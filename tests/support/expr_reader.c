/* expr_reader.c - a Pratt parser. */
#include "tests/support/expr_reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/column/text.h"

typedef enum token_kind {
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_TEXT,
    TOKEN_WORD,
    TOKEN_SYMBOL
} token_kind;

typedef struct reader {
    tide_arena *arena;
    const tide_schema *columns;
    const char *start, *at;
    token_kind kind;
    const char *token; /* NUL-terminated; words in their own case. */
    uint32_t pos;
} reader;

enum {
    LEVEL_OR = 1,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_IS,
    LEVEL_COMPARE,
    LEVEL_LIKE,
    LEVEL_OTHER,
    LEVEL_ADD,
    LEVEL_MUL,
    LEVEL_POWER,
    LEVEL_SIGN,
    LEVEL_CAST
};

static tide_status read_level(reader *r, int level_min, const tide_expr **out);

/* ---- tokens ---- */

static tide_status read_text(reader *r)
{
    char *to = tide_arena_alloc(r->arena, strlen(r->at) + 1);
    r->token = to;
    r->kind = TOKEN_TEXT;
    for (r->at++; *r->at; r->at++) {
        if (*r->at == '\'' && r->at[1] != '\'') break;
        if (*r->at == '\'') r->at++;
        *to++ = *r->at;
    }
    if (*r->at != '\'') return tide_fail(TIDE_E_SYNTAX, "unterminated text");
    r->at++;
    *to = '\0';
    return TIDE_OK;
}

static tide_status next(reader *r)
{
    static const char symbols[][4] = { "!~*", "::", "<=", ">=", "<>", "!=",
                                       "||",  "<<", ">>", "~*", "!~", "" };
    while (isspace((unsigned char)*r->at)) r->at++;
    const char *from = r->at;
    r->pos = (uint32_t)(from - r->start);
    if (*from == '\'') return read_text(r);
    if (*from == '\0') {
        r->kind = TOKEN_END;
    } else if (isdigit((unsigned char)*from) || (*from == '.' && isdigit((unsigned char)from[1]))) {
        r->kind = TOKEN_NUMBER;
        while (isdigit((unsigned char)*r->at) || *r->at == '.') r->at++;
        if (*r->at == 'e' || *r->at == 'E') {
            r->at += r->at[1] == '-' || r->at[1] == '+' ? 2 : 1;
            while (isdigit((unsigned char)*r->at)) r->at++;
        }
    } else if (isalpha((unsigned char)*from) || *from == '_') {
        r->kind = TOKEN_WORD;
        while (isalnum((unsigned char)*r->at) || *r->at == '_') r->at++;
    } else {
        r->kind = TOKEN_SYMBOL;
        uint32_t i = 0;
        while (symbols[i][0] && strncmp(from, symbols[i], strlen(symbols[i])) != 0) i++;
        r->at += symbols[i][0] ? strlen(symbols[i]) : 1;
    }
    r->token = tide_arena_strndup(r->arena, from, (size_t)(r->at - from));
    return TIDE_OK;
}

static bool is_word(const reader *r, const char *word)
{
    return r->kind == TOKEN_WORD && strcasecmp(r->token, word) == 0;
}
static bool is_symbol(const reader *r, const char *symbol)
{
    return r->kind == TOKEN_SYMBOL && strcmp(r->token, symbol) == 0;
}
static bool take_word(reader *r, const char *word)
{
    return is_word(r, word) && next(r) == TIDE_OK;
}
static bool take_symbol(reader *r, const char *symbol)
{
    return is_symbol(r, symbol) && next(r) == TIDE_OK;
}
static tide_status expect(reader *r, const char *symbol)
{
    if (take_symbol(r, symbol) || take_word(r, symbol)) return TIDE_OK;
    return tide_fail(TIDE_E_SYNTAX, "expected %s at %s", symbol, r->at);
}

/* ---- literals ---- */

static const tide_expr *literal(reader *r, tide_value v, uint32_t pos)
{
    return tide_expr_literal(r->arena, &v, pos);
}

static const tide_expr *text_literal(reader *r, const char *text, uint32_t pos)
{
    return literal(r,
                   (tide_value){ .type = tide_type_of(TIDE_TYPE_STRING),
                                 .str = { text, (uint32_t)strlen(text) } },
                   pos);
}

/* Integers are INT or BIGINT; with a point, DECIMAL; with an exponent, DOUBLE. */
static tide_status number_literal(reader *r, bool negative, const tide_expr **out)
{
    tide_value v = { .type = tide_type_of(TIDE_TYPE_INT) };
    const char *text = negative ? tide_arena_printf(r->arena, "-%s", r->token) : r->token;
    size_t len = strlen(text);
    const char *point = strchr(text, '.');
    if (strpbrk(text, "eE")) {
        v.type = tide_type_of(TIDE_TYPE_DOUBLE);
        if (!tide_parse_f64(text, len, &v.f64))
            return tide_fail(TIDE_E_SYNTAX, "bad number %s", text);
    } else if (point == NULL && tide_parse_i64(text, len, &v.i64)) {
        if (v.i64 != (int32_t)v.i64) v.type = tide_type_of(TIDE_TYPE_BIGINT);
    } else {
        size_t scale = point ? strlen(point + 1) : 0, digits = 0;
        for (const char *p = text; *p; p++) digits += isdigit((unsigned char)*p) != 0;
        const char *first = text + strspn(text, "-");
        if (*first == '0' && digits > scale && digits > 1) digits--;
        v.type = tide_type_decimal((uint16_t)digits, (uint8_t)scale);
        if (!tide_parse_decimal(text, len, v.type.precision, v.type.scale, &v.i128))
            return tide_fail(TIDE_E_SYNTAX, "bad number %s", text);
    }
    *out = literal(r, v, r->pos);
    return next(r);
}

/* ---- primaries ---- */

static tide_status read_type(reader *r, tide_type *out)
{
    const char *from = r->token, *text = from;
    TIDE_TRY(next(r));
    if (is_word(r, "precision")) {
        text = "double precision";
        TIDE_TRY(next(r));
    } else if (is_symbol(r, "(")) {
        const char *open = r->at, *close = strchr(r->at, ')');
        if (close == NULL) return tide_fail(TIDE_E_SYNTAX, "expected )");
        text = tide_arena_printf(r->arena, "%s(%.*s)", from, (int)(close - open), open);
        r->at = close + 1;
        TIDE_TRY(next(r));
    }
    return tide_type_parse(text, out);
}

static tide_status read_args(reader *r, const tide_expr ***args_out, uint32_t *n_out)
{
    const tide_expr **args = NULL;
    uint32_t n = 0, cap = 0;
    while (!is_symbol(r, ")")) {
        const tide_expr *arg;
        TIDE_TRY(read_level(r, 0, &arg));
        TIDE_PUSH(r->arena, args, n, cap, arg);
        if (!take_symbol(r, ",") && !is_symbol(r, ")")) return expect(r, ")");
    }
    *args_out = args;
    *n_out = n;
    return next(r);
}

static tide_status read_cast(reader *r, bool is_try, uint32_t pos, const tide_expr **out)
{
    const tide_expr *arg;
    tide_type type;
    TIDE_TRY(expect(r, "("));
    TIDE_TRY(read_level(r, 0, &arg));
    TIDE_TRY(expect(r, "as"));
    TIDE_TRY(read_type(r, &type));
    TIDE_TRY(expect(r, ")"));
    return tide_expr_cast(r->arena, arg, type, is_try, pos, out);
}

static tide_status read_case(reader *r, uint32_t pos, const tide_expr **out)
{
    const tide_expr **args = NULL, *e;
    uint32_t n = 0, cap = 0;
    while (take_word(r, "when")) {
        TIDE_TRY(read_level(r, 0, &e));
        TIDE_PUSH(r->arena, args, n, cap, e);
        TIDE_TRY(expect(r, "then"));
        TIDE_TRY(read_level(r, 0, &e));
        TIDE_PUSH(r->arena, args, n, cap, e);
    }
    if (take_word(r, "else")) {
        TIDE_TRY(read_level(r, 0, &e));
        TIDE_PUSH(r->arena, args, n, cap, e);
    }
    TIDE_TRY(expect(r, "end"));
    return tide_expr_call(r->arena, "case", args, n, pos, out);
}

static tide_status read_extract(reader *r, uint32_t pos, const tide_expr **out)
{
    const tide_expr *args[2];
    TIDE_TRY(expect(r, "("));
    args[0] = text_literal(r, r->token, r->pos);
    TIDE_TRY(next(r));
    TIDE_TRY(expect(r, "from"));
    TIDE_TRY(read_level(r, 0, &args[1]));
    TIDE_TRY(expect(r, ")"));
    return tide_expr_call(r->arena, "extract", args, 2, pos, out);
}

static tide_status read_name(reader *r, const tide_expr **out)
{
    const char *name = r->token;
    uint32_t pos = r->pos;
    TIDE_TRY(next(r));
    if (strcasecmp(name, "null") == 0) {
        *out =
            literal(r, (tide_value){ .type = tide_type_of(TIDE_TYPE_NULL), .is_null = true }, pos);
        return TIDE_OK;
    }
    if (strcasecmp(name, "true") == 0 || strcasecmp(name, "false") == 0) {
        tide_value v = { .type = tide_type_of(TIDE_TYPE_BOOLEAN),
                         .boolean = strcasecmp(name, "true") == 0 };
        *out = literal(r, v, pos);
        return TIDE_OK;
    }
    if (strcasecmp(name, "case") == 0) return read_case(r, pos, out);
    if (strcasecmp(name, "cast") == 0) return read_cast(r, false, pos, out);
    if (strcasecmp(name, "try_cast") == 0) return read_cast(r, true, pos, out);
    if (strcasecmp(name, "extract") == 0) return read_extract(r, pos, out);
    if (r->kind == TOKEN_TEXT) {
        tide_type type;
        TIDE_TRY(tide_type_parse(name, &type));
        const tide_expr *text = text_literal(r, r->token, r->pos);
        TIDE_TRY(next(r));
        return tide_expr_cast(r->arena, text, type, false, pos, out);
    }
    if (take_symbol(r, "(")) {
        const tide_expr **args;
        uint32_t n;
        TIDE_TRY(read_args(r, &args, &n));
        return tide_expr_call(r->arena, name, args, n, pos, out);
    }
    for (uint32_t i = 0; r->columns && i < r->columns->n; i++) {
        const tide_field *f = &r->columns->fields[i];
        if (strcmp(f->name, name) != 0) continue;
        *out = tide_expr_column(r->arena, i, f->type, f->not_null, pos);
        return TIDE_OK;
    }
    return tide_expr_call(r->arena, name, NULL, 0, pos, out); /* CURRENT_DATE */
}

static tide_status read_primary(reader *r, const tide_expr **out)
{
    uint32_t pos = r->pos;
    if (r->kind == TOKEN_NUMBER) return number_literal(r, false, out);
    if (r->kind == TOKEN_TEXT) {
        *out = text_literal(r, r->token, pos);
        return next(r);
    }
    if (take_word(r, "not")) {
        TIDE_TRY(read_level(r, LEVEL_NOT, out));
        return tide_expr_call(r->arena, "not", out, 1, pos, out);
    }
    if (r->kind == TOKEN_WORD) return read_name(r, out);
    if (take_symbol(r, "(")) {
        TIDE_TRY(read_level(r, 0, out));
        return expect(r, ")");
    }
    if (is_symbol(r, "-") || is_symbol(r, "+") || is_symbol(r, "~")) {
        const char *name = r->token;
        TIDE_TRY(next(r));
        if (*name == '-' && r->kind == TOKEN_NUMBER) return number_literal(r, true, out);
        TIDE_TRY(read_level(r, LEVEL_SIGN, out));
        return tide_expr_call(r->arena, name, out, 1, pos, out);
    }
    return tide_fail(TIDE_E_SYNTAX, "unexpected %s", r->kind == TOKEN_END ? "end" : r->token);
}

/* ---- operators ---- */

static int level_of_symbol(const char *s)
{
    if (strcmp(s, "::") == 0) return LEVEL_CAST;
    if (strcmp(s, "^") == 0) return LEVEL_POWER;
    if (strlen(s) == 1 && strchr("*/%", *s)) return LEVEL_MUL;
    if (strlen(s) == 1 && strchr("+-", *s)) return LEVEL_ADD;
    if (strchr("<>=", *s) && strcmp(s, "<<") != 0 && strcmp(s, ">>") != 0) return LEVEL_COMPARE;
    if (strcmp(s, "!=") == 0) return LEVEL_COMPARE;
    if (strchr("(),", *s)) return -1;
    return LEVEL_OTHER;
}

/* IS [NOT] NULL, TRUE, FALSE, UNKNOWN, DISTINCT FROM. */
static tide_status read_is(reader *r, const tide_expr *left, uint32_t pos, const tide_expr **out)
{
    const char *not = take_word(r, "not") ? "not " : "";
    const tide_expr *args[2] = { left, NULL };
    uint32_t n = 1;
    const char *what = r->token;
    TIDE_TRY(next(r));
    if (strcasecmp(what, "distinct") == 0) {
        TIDE_TRY(expect(r, "from"));
        TIDE_TRY(read_level(r, LEVEL_COMPARE, &args[1]));
        what = "distinct from";
        n = 2;
    }
    return tide_expr_call(r->arena, tide_arena_printf(r->arena, "is %s%s", not, what), args, n, pos,
                          out);
}

/* [NOT] IN, BETWEEN, LIKE, ILIKE, SIMILAR TO. *found_out: whether there was one. */
static tide_status read_test(reader *r, const tide_expr *left, const tide_expr **out)
{
    uint32_t pos = r->pos, n = 2;
    const char *not = take_word(r, "not") ? "not " : "";
    const tide_expr **args = TIDE_NEW_N(r->arena, const tide_expr *, 64);
    const char *name = r->token;
    TIDE_TRY(next(r));
    args[0] = left;
    if (strcasecmp(name, "in") == 0) {
        const tide_expr **list;
        TIDE_TRY(expect(r, "("));
        TIDE_TRY(read_args(r, &list, &n));
        for (uint32_t i = 0; i < n && i < 63; i++) args[i + 1] = list[i];
        n++;
    } else if (strcasecmp(name, "between") == 0) {
        TIDE_TRY(read_level(r, LEVEL_OTHER, &args[1]));
        TIDE_TRY(expect(r, "and"));
        TIDE_TRY(read_level(r, LEVEL_OTHER, &args[2]));
        n = 3;
    } else {
        if (strcasecmp(name, "similar") == 0) {
            name = "similar to";
            TIDE_TRY(expect(r, "to"));
        }
        TIDE_TRY(read_level(r, LEVEL_OTHER, &args[1]));
        if (take_word(r, "escape")) TIDE_TRY(read_level(r, LEVEL_OTHER, &args[n++]));
    }
    return tide_expr_call(r->arena, tide_arena_printf(r->arena, "%s%s", not, name), args, n, pos,
                          out);
}

static bool is_test(const reader *r)
{
    return is_word(r, "not") || is_word(r, "in") || is_word(r, "between") || is_word(r, "like") ||
           is_word(r, "ilike") || is_word(r, "similar");
}

static tide_status read_level(reader *r, int level_min, const tide_expr **out)
{
    TIDE_TRY(read_primary(r, out));
    for (;;) {
        uint32_t pos = r->pos;
        const char *name = r->token;
        int level = is_word(r, "or") ? LEVEL_OR : is_word(r, "and") ? LEVEL_AND : -1;
        if (is_word(r, "is")) level = LEVEL_IS;
        if (is_test(r)) level = LEVEL_LIKE;
        if (is_word(r, "at")) level = LEVEL_CAST;
        if (r->kind == TOKEN_SYMBOL) level = level_of_symbol(name);
        if (level < 0 || level < level_min) return TIDE_OK;
        if (level == LEVEL_LIKE) {
            TIDE_TRY(read_test(r, *out, out));
            continue;
        }
        TIDE_TRY(next(r));
        if (level == LEVEL_IS) {
            TIDE_TRY(read_is(r, *out, pos, out));
        } else if (strcmp(name, "::") == 0) {
            tide_type type;
            TIDE_TRY(read_type(r, &type));
            TIDE_TRY(tide_expr_cast(r->arena, *out, type, false, pos, out));
        } else {
            const tide_expr *args[2] = { *out, NULL };
            if (strcasecmp(name, "at") == 0) {
                name = "at time zone";
                TIDE_TRY(expect(r, "time"));
                TIDE_TRY(expect(r, "zone"));
            }
            TIDE_TRY(read_level(r, level + 1, &args[1]));
            TIDE_TRY(tide_expr_call(r->arena, name, args, 2, pos, out));
        }
    }
}

tide_status read_expr(tide_arena *arena, const char *text, const tide_schema *columns,
                      const tide_expr **out)
{
    reader r = { .arena = arena, .columns = columns, .start = text, .at = text };
    TIDE_TRY(next(&r));
    TIDE_TRY(read_level(&r, 0, out));
    if (r.kind != TOKEN_END) return tide_fail(TIDE_E_SYNTAX, "unexpected %s", r.token);
    return TIDE_OK;
}
