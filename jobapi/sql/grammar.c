/* grammar.c - a range of tokens through the rewriter, PostgreSQL's grammar and the conversion. */
#include <pg_query.h>
#include <pg_query/pg_query.pb-c.h>
#include <string.h>

#include "jobapi/sql/convert_priv.h"
#include "jobapi/sql/repair_priv.h"
#include "jobapi/sql/unpack_priv.h"

/* The tree of one text. The rewriter holds the text that its locations speak of. */
typedef struct tree {
    tide_arena *arena;
    const PgQuery__Node *statement;
} tree;

typedef void write_fn(tide_sql_rewriter *w, const void *ctx);

static bool parse(tide_sql_rewriter *w, write_fn *write, const void *ctx, uint32_t end, tree *out);
static bool parse_once(tide_sql_rewriter *w, uint32_t end, tree *out, tide_sql_mistake *mistake);

typedef struct span {
    uint32_t from, to;
} span;

static void write_span(tide_sql_rewriter *w, const void *ctx)
{
    const span *s = ctx;
    tide_sql_rewrite(w, s->from, s->to);
}

static tide_sql_convert converter(tide_sql_front *self, const tide_sql_rewriter *w, uint32_t anchor)
{
    return (tide_sql_convert){
        .front = self, .written = w, .t = &self->tokens, .arena = self->arena, .anchor = anchor
    };
}

void tide_sql_grammar_statement(tide_sql_front *self, uint32_t from, uint32_t to,
                                tide_sql_stmt *out)
{
    tide_sql_rewriter w = { .front = self, .t = &self->tokens };
    span s = { from, to };
    tree parsed = { 0 };
    if (parse(&w, write_span, &s, to, &parsed)) {
        tide_sql_convert c = converter(self, &w, from);
        tide_sql_convert_statement(&c, parsed.statement, out);
    }
    tide_arena_free(&parsed.arena);
    tide_sql_rewriter_fini(&w);
}

tide_sql_query *tide_sql_grammar_query(tide_sql_front *self, uint32_t from, uint32_t to)
{
    tide_sql_stmt statement = { 0 };
    if (from == to)
        tide_sql_report_syntax(self, from, "a query");
    else
        tide_sql_grammar_statement(self, from, to, &statement);
    if (tide_sql_failed(self)) return NULL;
    if (statement.kind == TIDE_SQL_STMT_SELECT) return statement.query;
    tide_sql_report_syntax(self, from, "a query");
    return NULL;
}

typedef struct expr_spans {
    uint32_t n;
    const uint32_t (*spans)[2];
} expr_spans;

/* SELECT (e1), (e2): parentheses, so that nothing but an expression fits. */
static void write_exprs(tide_sql_rewriter *w, const void *ctx)
{
    const expr_spans *e = ctx;
    tide_sql_put_text(w, "SELECT", e->spans[0][0]);
    for (uint32_t k = 0; k < e->n; k++) {
        tide_sql_put_text(w, k ? ", (" : "(", e->spans[k][0]);
        tide_sql_rewrite(w, e->spans[k][0], e->spans[k][1]);
        tide_sql_put_text(w, ")", e->spans[k][1]);
    }
}

void tide_sql_grammar_exprs(tide_sql_front *self, uint32_t n, const uint32_t (*spans)[2],
                            tide_sql_expr **out)
{
    tide_sql_rewriter w = { .front = self, .t = &self->tokens };
    expr_spans e = { n, spans };
    tree parsed = { 0 };
    if (n && parse(&w, write_exprs, &e, spans[n - 1][1], &parsed)) {
        const PgQuery__SelectStmt *select = parsed.statement->select_stmt;
        tide_sql_convert c = converter(self, &w, spans[0][0]);
        for (uint32_t k = 0; k < n && k < select->n_target_list; k++) {
            c.anchor = spans[k][0];
            out[k] = tide_sql_convert_expr(&c, select->target_list[k]->res_target->val);
        }
    }
    tide_arena_free(&parsed.arena);
    tide_sql_rewriter_fini(&w);
}

/* Parses, repairing what stopped the grammar, until it goes through or there is nothing to repair.
 * Of all mistakes met, the one furthest right is reported: a repair that was wrong fails earlier.
 */
static bool parse(tide_sql_rewriter *w, write_fn *write, const void *ctx, uint32_t end, tree *out)
{
    tide_sql_mistake worst = { 0 };
    for (uint32_t n_tries = 0; n_tries < TIDE_SQL_REPAIRS_MAX; n_tries++) {
        tide_sql_rewriter_reset(w);
        write(w, ctx);
        if (tide_sql_failed(w->front)) return false;
        tide_sql_mistake mistake = { 0 };
        if (parse_once(w, end, out, &mistake)) return true;
        if (tide_sql_failed(w->front)) return false;
        if (n_tries == 0 || mistake.token >= worst.token) worst = mistake;
        if (w->front->plain || !tide_sql_repair(w->front, &mistake)) break;
    }
    tide_sql_report_mistake(w->front, &worst);
    return false;
}

static bool parse_once(tide_sql_rewriter *w, uint32_t end, tree *out, tide_sql_mistake *mistake)
{
    const char *text = tide_bytes_text(&w->out);
    PgQueryProtobufParseResult r = pg_query_parse_protobuf(text);
    if (r.error) {
        uint32_t at = tide_sql_byte_of_char(text, r.error->cursorpos);
        mistake->token = at >= w->out.n ? end : tide_sql_token_at(w, at);
        mistake->message = tide_arena_strdup(w->front->scratch, r.error->message);
        mistake->has_place = r.error->cursorpos > 0;
        if (!mistake->has_place) mistake->token = w->segments[0].token;
    } else {
        out->arena = tide_arena_new();
        const PgQuery__ParseResult *result =
            tide_sql_unpack_tree(out->arena, r.parse_tree.data, r.parse_tree.len);
        if (result && result->n_stmts == 1)
            out->statement = result->stmts[0]->stmt;
        else
            tide_sql_report_at(w->front, w->segments[0].token, TIDE_E_INTERNAL, NULL,
                               "the grammar's tree cannot be read");
    }
    pg_query_free_protobuf_parse_result(r);
    return out->statement != NULL;
}
