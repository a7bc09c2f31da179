/* rewrite.c - writes a statement's tokens as text for PostgreSQL's grammar, handing streaming
 * constructs to their rules, and remembers where each piece came from. */
#include <stdio.h>
#include <string.h>

#include "jobapi/sql/rewrite_priv.h"

typedef struct rule {
    const char *word;
    tide_sql_rule_fn *apply;
} rule;

static const rule rules[] = {
    { "==", tide_sql_rewrite_equals },
    { "::", tide_sql_rewrite_typecast },
    { "CAST", tide_sql_rewrite_cast },
    { "TRY_CAST", tide_sql_rewrite_try_cast },
    { "INTERVAL", tide_sql_rewrite_interval },
    { "FLOOR", tide_sql_rewrite_floor },
    { "CEIL", tide_sql_rewrite_floor },
    { "CEILING", tide_sql_rewrite_floor },
    { "MAP", tide_sql_rewrite_map },
    { "IS", tide_sql_rewrite_is_json },
    { "SELECT", tide_sql_rewrite_select },
    { "*", tide_sql_rewrite_star_except },
    { "WINDOW", tide_sql_rewrite_window },
    { "MINUS", tide_sql_rewrite_minus },
    { "QUALIFY", tide_sql_rewrite_qualify },
    { "EMIT", tide_sql_rewrite_emit },
    { "TABLE", tide_sql_rewrite_table },
    { "FOR", tide_sql_rewrite_system_time },
    { "MATCH_RECOGNIZE", tide_sql_rewrite_match },
    { "OVERWRITE", tide_sql_rewrite_overwrite },
    { "JSON_VALUE", tide_sql_rewrite_json_value },
};

static void rewrite_range(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t to);
static uint32_t apply_rule(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to);
static uint32_t copy(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i);
static void mark(tide_sql_rewriter *self, uint32_t token);

void tide_sql_rewriter_fini(tide_sql_rewriter *self)
{
    tide_bytes_fini(&self->out);
    tide_free(self->segments);
}

void tide_sql_rewriter_reset(tide_sql_rewriter *self)
{
    self->out.n = 0;
    self->n_segments = 0;
}

void tide_sql_rewrite(tide_sql_rewriter *self, uint32_t from, uint32_t to)
{
    tide_sql_frame f = { .from = from };
    rewrite_range(self, &f, to);
}

void tide_sql_rewrite_arguments(tide_sql_rewriter *self, uint32_t from, uint32_t to)
{
    tide_sql_frame f = { .from = from, .arguments = true };
    rewrite_range(self, &f, to);
}

static void rewrite_range(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t to)
{
    for (uint32_t i = f->from; i < to && !tide_sql_failed(self->front);) {
        if (self->t->v[i].drop) {
            i++;
            continue;
        }
        uint32_t next = self->front->plain ? i : apply_rule(self, f, i, to);
        i = next != i ? next : copy(self, f, i);
    }
}

static uint32_t apply_rule(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i, uint32_t to)
{
    const tide_sql_token *v = &self->t->v[i];
    if (v->kind != TIDE_SQL_TOKEN_WORD && v->kind != TIDE_SQL_TOKEN_OP) return i;
    bool is_field = i > f->from && tide_sql_is(self->t, i - 1, ".");
    bool is_argument_name = tide_sql_is(self->t, i + 1, "=>");
    if (v->kind == TIDE_SQL_TOKEN_WORD && (is_field || is_argument_name)) {
        tide_sql_put_name(self, i);
        return i + 1;
    }
    for (size_t k = 0; k < sizeof rules / sizeof *rules; k++)
        if (tide_sql_is(self->t, i, rules[k].word)) return rules[k].apply(self, f, i, to);
    return i;
}

/* Is token i a word before which "(" opens a function's arguments? */
static bool is_function_name(const tide_sql_tokens *t, uint32_t i)
{
    const tide_sql_token *v = &t->v[i];
    return v->kind == TIDE_SQL_TOKEN_QUOTED ||
           (v->kind == TIDE_SQL_TOKEN_WORD && v->keyword <= TIDE_SQL_KEYWORD_UNRESERVED);
}

static uint32_t copy(tide_sql_rewriter *self, tide_sql_frame *f, uint32_t i)
{
    const tide_sql_tokens *t = self->t;
    uint32_t match = t->v[i].match;
    tide_sql_put(self, i);
    if (tide_sql_is(t, i, "FROM") && !(i > f->from && tide_sql_is(t, i - 1, "DISTINCT")))
        f->has_from = true;
    if (match <= i) return i + 1;
    if (i > f->from && is_function_name(t, i - 1))
        tide_sql_rewrite_arguments(self, i + 1, match);
    else
        tide_sql_rewrite(self, i + 1, match);
    tide_sql_put(self, match);
    return match + 1;
}

/* ---- Writing ---- */

static void mark(tide_sql_rewriter *self, uint32_t token)
{
    if (self->out.n) tide_bytes_putc(&self->out, ' ');
    TIDE_GROW(self->segments, self->n_segments, self->cap_segments);
    self->segments[self->n_segments++] = (tide_sql_segment){ (uint32_t)self->out.n, token };
}

static void put_parens(tide_sql_rewriter *self, uint32_t n, char paren)
{
    while (n-- > 0) tide_bytes_putc(&self->out, paren);
}

void tide_sql_put_as(tide_sql_rewriter *self, uint32_t i, const char *text, size_t len)
{
    const tide_sql_token *v = &self->t->v[i];
    mark(self, i);
    put_parens(self, v->n_opens, '(');
    tide_bytes_put(&self->out, text, len);
    put_parens(self, v->n_closes, ')');
    if (v->alias_after) tide_bytes_puts(&self->out, " AS \"" TIDE_SQL_MARK_SUBQUERY "\"");
}

void tide_sql_put_name(tide_sql_rewriter *self, uint32_t i)
{
    char name[24];
    int len = snprintf(name, sizeof name, "\"tide:%u\"", i);
    tide_sql_put_as(self, i, name, (size_t)len);
}

void tide_sql_put(tide_sql_rewriter *self, uint32_t i)
{
    const tide_sql_token *v = &self->t->v[i];
    bool is_name = v->kind == TIDE_SQL_TOKEN_QUOTED ||
                   (v->kind == TIDE_SQL_TOKEN_WORD && (v->keyword == 0 || v->quote));
    if (is_name && !self->front->plain)
        tide_sql_put_name(self, i);
    else
        tide_sql_put_as(self, i, self->t->mask + v->pos, v->end - v->pos);
}

void tide_sql_put_text(tide_sql_rewriter *self, const char *text, uint32_t anchor)
{
    mark(self, anchor);
    tide_bytes_puts(&self->out, text);
}

uint32_t tide_sql_token_at(const tide_sql_rewriter *self, uint32_t out)
{
    uint32_t low = 0, high = self->n_segments;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (self->segments[middle].out <= out)
            low = middle;
        else
            high = middle;
    }
    return self->n_segments ? self->segments[low].token : 0;
}
