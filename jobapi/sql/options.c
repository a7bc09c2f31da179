/* options.c - WITH ('k' = 'v') lists, and the hints in comments that hold such lists too. */
#include <pg_query.h>
#include <string.h>

#include "base/core/bytes.h"
#include "jobapi/sql/front_priv.h"

static const char *read_key(tide_sql_front *self, uint32_t *i);
static const char *read_value(tide_sql_front *self, uint32_t *i);
static tide_sql_options read_hint(tide_sql_front *self, const tide_sql_hint *hint, bool of_table);

tide_sql_options tide_sql_read_options(tide_sql_front *self, uint32_t *i)
{
    const tide_sql_tokens *t = &self->tokens;
    tide_sql_option *items = NULL;
    uint32_t n = 0, cap = 0, close = t->v[*i].match;
    for (++*i; *i < close && !tide_sql_failed(self);) {
        tide_sql_option o = { .pos = t->v[*i].pos };
        o.key = read_key(self, i);
        if (!tide_sql_is(t, *i, "=") && !tide_sql_is(t, *i, "==")) {
            tide_sql_report_syntax(self, *i, "\"=\"");
            break;
        }
        ++*i;
        o.value_pos = t->v[*i].pos;
        o.value = read_value(self, i);
        TIDE_PUSH(self->arena, items, n, cap, o);
        if (*i < close && !tide_sql_is(t, *i, ","))
            tide_sql_report_syntax(self, *i, "\",\" or \")\"");
        else if (*i < close && ++*i == close)
            tide_sql_report_syntax(self, *i, "an option");
    }
    *i = close + 1;
    return (tide_sql_options){ n, items };
}

/* 'a.b-c', "a.b" or a.b */
static const char *read_key(tide_sql_front *self, uint32_t *i)
{
    const tide_sql_tokens *t = &self->tokens;
    if (t->v[*i].kind == TIDE_SQL_TOKEN_STRING) return tide_sql_string_value(self, (*i)++);
    tide_sql_path path = tide_sql_read_path(self, i);
    const char *key = path.n ? path.parts[0].text : NULL;
    for (uint32_t k = 1; k < path.n; k++)
        key = tide_arena_printf(self->arena, "%s.%s", key, path.parts[k].text);
    return key;
}

static const char *read_value(tide_sql_front *self, uint32_t *i)
{
    const tide_sql_tokens *t = &self->tokens;
    bool negative = tide_sql_is(t, *i, "-");
    if (negative) ++*i;
    const tide_sql_token *v = &t->v[*i];
    if (v->kind == TIDE_SQL_TOKEN_STRING && !negative) return tide_sql_string_value(self, (*i)++);
    if (v->kind == TIDE_SQL_TOKEN_NUMBER)
        return tide_arena_printf(self->arena, "%s%s", negative ? "-" : "",
                                 tide_sql_name_text(self->arena, t, (*i)++));
    if (v->kind == TIDE_SQL_TOKEN_WORD && !negative) return read_key(self, i);
    tide_sql_report_syntax(self, *i, "a value such as 'text', 1 or true");
    return NULL;
}

/* ---- Hints ---- */

tide_sql_options tide_sql_take_hint(tide_sql_front *self, uint32_t after, bool of_table)
{
    for (uint32_t k = 0; k < self->tokens.n_hints; k++) {
        tide_sql_hint *hint = &self->tokens.hints[k];
        if (hint->after != after) continue;
        hint->used = true;
        return read_hint(self, hint, of_table);
    }
    return (tide_sql_options){ 0 };
}

void tide_sql_check_hints(tide_sql_front *self, uint32_t from, uint32_t to)
{
    for (uint32_t k = 0; k < self->tokens.n_hints; k++) {
        const tide_sql_hint *hint = &self->tokens.hints[k];
        if (hint->used || hint->after < from || hint->after >= to) continue;
        tide_sql_report(&self->diag, TIDE_E_UNSUPPORTED, hint->pos,
                        "put it right behind SELECT or a table's name, or drop the \"+\"",
                        "no hint can stand here");
    }
}

static void skip_blanks(const char **s, const char *end)
{
    while (*s < end && strchr(" \t\r\n", **s)) ++*s;
}

/* A word or a 'string' without quotes inside. */
static const char *read_word(tide_sql_front *self, const char **s, const char *end)
{
    skip_blanks(s, end);
    if (*s < end && **s == '\'') {
        const char *from = ++*s, *quote = memchr(from, '\'', (size_t)(end - from));
        *s = quote ? quote + 1 : end;
        return quote ? tide_arena_strndup(self->arena, from, (size_t)(quote - from)) : NULL;
    }
    const char *from = *s;
    while (*s < end && !strchr(" \t\r\n,()='", **s)) ++*s;
    return *s > from ? tide_arena_strndup(self->arena, from, (size_t)(*s - from)) : NULL;
}

static bool eat(const char **s, const char *end, char c)
{
    skip_blanks(s, end);
    if (*s == end || **s != c) return false;
    ++*s;
    return true;
}

/* / *+ NAME('k' = 'v', word), NAME(...) * / */
static tide_sql_options read_hint(tide_sql_front *self, const tide_sql_hint *hint, bool of_table)
{
    const char *s = self->text + hint->pos + 3, *end = self->text + hint->end - 2;
    tide_sql_option *items = NULL;
    uint32_t n = 0, cap = 0;
    do {
        const char *name = read_word(self, &s, end);
        bool ok = name && eat(&s, end, '(') && !(of_table && strcasecmp(name, "OPTIONS") != 0);
        while (ok) {
            skip_blanks(&s, end);
            tide_sql_option o = { .pos = (uint32_t)(s - self->text) };
            o.key = read_word(self, &s, end);
            bool has_value = eat(&s, end, '=');
            skip_blanks(&s, end);
            o.value_pos = (uint32_t)(s - self->text);
            if (has_value) o.value = read_word(self, &s, end);
            ok = o.key && (o.value || !(has_value || of_table));
            if (ok && !of_table) o.key = tide_arena_printf(self->arena, "%s.%s", name, o.key);
            if (ok) TIDE_PUSH(self->arena, items, n, cap, o);
            if (!eat(&s, end, ',')) break;
        }
        if (!ok || !eat(&s, end, ')')) {
            tide_sql_report(&self->diag, TIDE_E_SYNTAX, (uint32_t)(s - self->text), NULL,
                            "expected a hint like %s('key' = 'value')",
                            of_table ? "OPTIONS" : "STATE_TTL");
            break;
        }
    } while (eat(&s, end, ',') || (skip_blanks(&s, end), s < end));
    return (tide_sql_options){ n, items };
}
