/* print.c - an expression as SQL-like text, with no more parentheses than needed. */
#include <ctype.h>
#include <string.h>

#include "base/column/text.h"
#include "base/core/bytes.h"
#include "base/expr/bind_priv.h"
#include "base/expr/lower_priv.h"

/* How tightly an operator binds; what is not listed is a function call. */
enum {
    LEVEL_OR = 1,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_COMPARE,
    LEVEL_OTHER,
    LEVEL_ADD,
    LEVEL_MUL,
    LEVEL_POWER,
    LEVEL_SIGN,
    LEVEL_ATOM
};

static const struct {
    const char *name;
    uint8_t level;
} operators[] = {
    { "or", LEVEL_OR },
    { "and", LEVEL_AND },
    { "not", LEVEL_NOT },
    { "=", LEVEL_COMPARE },
    { "<>", LEVEL_COMPARE },
    { "<", LEVEL_COMPARE },
    { "<=", LEVEL_COMPARE },
    { ">", LEVEL_COMPARE },
    { ">=", LEVEL_COMPARE },
    { "like", LEVEL_COMPARE },
    { "ilike", LEVEL_COMPARE },
    { "similar to", LEVEL_COMPARE },
    { "is null", LEVEL_COMPARE },
    { "is not null", LEVEL_COMPARE },
    { "is true", LEVEL_COMPARE },
    { "is not true", LEVEL_COMPARE },
    { "is false", LEVEL_COMPARE },
    { "is not false", LEVEL_COMPARE },
    { "is unknown", LEVEL_COMPARE },
    { "is not unknown", LEVEL_COMPARE },
    { "is distinct from", LEVEL_COMPARE },
    { "is not distinct from", LEVEL_COMPARE },
    { "in set", LEVEL_COMPARE },
    { "~", LEVEL_OTHER },
    { "~*", LEVEL_OTHER },
    { "||", LEVEL_OTHER },
    { "&", LEVEL_OTHER },
    { "|", LEVEL_OTHER },
    { "#", LEVEL_OTHER },
    { "<<", LEVEL_OTHER },
    { ">>", LEVEL_OTHER },
    { "+", LEVEL_ADD },
    { "-", LEVEL_ADD },
    { "*", LEVEL_MUL },
    { "/", LEVEL_MUL },
    { "%", LEVEL_MUL },
    { "^", LEVEL_POWER },
    { "neg", LEVEL_SIGN },
};

typedef struct printer {
    tide_bytes out;
    const char *const *names;
} printer;

static void print(printer *p, const tide_expr *e, uint8_t level_min);

static uint8_t level_of(const tide_expr *e)
{
    if (e->kind == TIDE_EXPR_LITERAL) return LEVEL_ATOM;
    if (e->kind != TIDE_EXPR_CALL) return LEVEL_ATOM;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (strcmp(e->call.fn->name, operators[i].name) == 0)
            return e->call.n_args == 1 && operators[i].level >= LEVEL_OTHER ? LEVEL_SIGN
                                                                            : operators[i].level;
    return LEVEL_ATOM;
}

static void put_upper(printer *p, const char *text)
{
    for (; *text; text++) tide_bytes_putc(&p->out, (char)toupper((unsigned char)*text));
}

static void print_quoted(printer *p, const char *ptr, uint32_t len)
{
    tide_bytes_putc(&p->out, '\'');
    for (uint32_t i = 0; i < len; i++) {
        if (ptr[i] == '\'') tide_bytes_putc(&p->out, '\'');
        tide_bytes_putc(&p->out, ptr[i]);
    }
    tide_bytes_putc(&p->out, '\'');
}

static void print_literal(printer *p, const tide_value *v)
{
    char text[TIDE_TEXT_MAX + 1];
    if (v->is_null) {
        tide_bytes_puts(&p->out, "NULL");
    } else if (v->type.id == TIDE_TYPE_STRING) {
        print_quoted(p, v->str.ptr, v->str.len);
    } else if (v->type.id == TIDE_TYPE_BYTES) {
        tide_bytes_puts(&p->out, "'\\x");
        for (uint32_t i = 0; i < v->str.len; i++)
            tide_bytes_printf(&p->out, "%02x", (uint8_t)v->str.ptr[i]);
        tide_bytes_putc(&p->out, '\'');
    } else {
        text[tide_print_value(v, text)] = '\0';
        if (tide_type_is_numeric(v->type)) {
            tide_bytes_puts(&p->out, text);
        } else if (v->type.id == TIDE_TYPE_BOOLEAN) {
            put_upper(p, text);
        } else {
            char type[TIDE_TYPE_TEXT_MAX];
            tide_type plain = { .id = v->type.id, .precision = 6 };
            tide_type_print(plain, type, sizeof type);
            type[strcspn(type, "(")] = '\0';
            tide_bytes_printf(&p->out, "%s '%s'", type, text);
        }
    }
}

static void print_list(printer *p, const tide_expr *e, uint32_t first)
{
    for (uint32_t i = first; i < e->call.n_args; i++) {
        if (i > first) tide_bytes_puts(&p->out, ", ");
        print(p, e->call.args[i], 0);
    }
}

static void print_case(printer *p, const tide_expr *e)
{
    tide_bytes_puts(&p->out, "CASE");
    for (uint32_t i = 0; i + 1 < e->call.n_args; i += 2) {
        tide_bytes_puts(&p->out, " WHEN ");
        print(p, e->call.args[i], 0);
        tide_bytes_puts(&p->out, " THEN ");
        print(p, e->call.args[i + 1], 0);
    }
    if (e->call.n_args % 2) {
        tide_bytes_puts(&p->out, " ELSE ");
        print(p, e->call.args[e->call.n_args - 1], 0);
    }
    tide_bytes_puts(&p->out, " END");
}

static void print_operator(printer *p, const tide_expr *e, uint8_t level)
{
    const char *name = e->call.fn->name;
    uint8_t inner = (uint8_t)(level + 1);
    if (strcmp(name, "in set") == 0) {
        print(p, e->call.args[0], inner);
        tide_bytes_puts(&p->out, " IN (");
        print_list(p, e, 1);
        tide_bytes_putc(&p->out, ')');
    } else if (e->call.n_args == 1 && strncmp(name, "is ", 3) == 0) {
        print(p, e->call.args[0], inner);
        tide_bytes_putc(&p->out, ' ');
        put_upper(p, name);
    } else if (e->call.n_args == 1) {
        put_upper(p, strcmp(name, "neg") == 0 ? "-" : name);
        if (isalpha((unsigned char)name[0]) && strcmp(name, "neg") != 0)
            tide_bytes_putc(&p->out, ' ');
        print(p, e->call.args[0], inner);
    } else {
        for (uint32_t i = 0; i < e->call.n_args; i++) {
            bool escape = i == 2 && level == LEVEL_COMPARE;
            if (i) tide_bytes_putc(&p->out, ' ');
            if (i) put_upper(p, escape ? "escape" : name);
            if (i) tide_bytes_putc(&p->out, ' ');
            print(p, e->call.args[i], i == 0 && level >= LEVEL_ADD ? level : inner);
        }
    }
}

static void print_call(printer *p, const tide_expr *e)
{
    const char *name = e->call.fn->name;
    if (strcmp(name, "case") == 0) {
        print_case(p, e);
    } else if (e->call.fn->form == tide_form_cast) {
        char type[TIDE_TYPE_TEXT_MAX];
        put_upper(p, strcmp(name, "try_cast") == 0 ? name : "cast");
        tide_bytes_putc(&p->out, '(');
        print(p, e->call.args[0], 0);
        tide_bytes_printf(&p->out, " AS %s)", tide_type_print(e->type, type, sizeof type));
    } else if (strcmp(name, "extract") == 0 && tide_expr_is_text_literal(e->call.args[0])) {
        tide_bytes_puts(&p->out, "EXTRACT(");
        put_upper(p, e->call.args[0]->literal.str.ptr);
        tide_bytes_puts(&p->out, " FROM ");
        print(p, e->call.args[1], 0);
        tide_bytes_putc(&p->out, ')');
    } else {
        put_upper(p, name);
        tide_bytes_putc(&p->out, '(');
        print_list(p, e, 0);
        tide_bytes_putc(&p->out, ')');
    }
}

static void print(printer *p, const tide_expr *e, uint8_t level_min)
{
    if (e->kind == TIDE_EXPR_COLUMN) {
        if (p->names)
            tide_bytes_puts(&p->out, p->names[e->column]);
        else
            tide_bytes_printf(&p->out, "$%u", e->column);
        return;
    }
    if (e->kind == TIDE_EXPR_LITERAL) {
        print_literal(p, &e->literal);
        return;
    }
    uint8_t level = level_of(e);
    if (level == LEVEL_ATOM) {
        print_call(p, e);
        return;
    }
    if (level < level_min) tide_bytes_putc(&p->out, '(');
    print_operator(p, e, level);
    if (level < level_min) tide_bytes_putc(&p->out, ')');
}

const char *tide_expr_print(tide_arena *arena, const tide_expr *self, const char *const *names)
{
    printer p = { .names = names };
    print(&p, self, 0);
    const char *text = tide_arena_strndup(arena, p.out.p, p.out.n);
    tide_bytes_fini(&p.out);
    return text;
}
