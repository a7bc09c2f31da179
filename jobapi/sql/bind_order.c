/* bind_order.c - ORDER BY, LIMIT and OFFSET. */
#include <strings.h>

#include "base/column/text.h"
#include "jobapi/sql/bind_priv.h"

tide_status tide_bind_ordinal(tide_binder *self, const tide_sql_expr *ast, uint32_t n_columns,
                              int32_t *out)
{
    *out = -1;
    if (ast->kind != TIDE_SQL_INTEGER) return TIDE_OK;
    int64_t number;
    const char *text = ast->literal.text;
    if (!tide_parse_i64(text, strlen(text), &number) || number < 1 || number > n_columns)
        return tide_bind_fail(self, TIDE_E_BIND, ast->pos, NULL,
                              "position %s is not in the select list, which has %u column%s", text,
                              n_columns, n_columns == 1 ? "" : "s");
    *out = (int32_t)number - 1;
    return TIDE_OK;
}

tide_status tide_bind_sort(tide_binder *self, const tide_sql_query *ast, const tide_node *node,
                           const tide_sort_key *keys, const tide_node **out)
{
    *out = node;
    if (ast->with_ties) return tide_bind_refuse(self, ast->pos, "WITH TIES is", NULL);
    if (ast->order_by.n == 0 && !ast->limit && !ast->offset) return TIDE_OK;
    int64_t limit = -1, offset = 0;
    if (ast->limit && ast->limit->kind != TIDE_SQL_NULL)
        TIDE_TRY(tide_bind_count(self, ast->limit, "LIMIT", &limit));
    if (ast->offset && ast->offset->kind != TIDE_SQL_NULL)
        TIDE_TRY(tide_bind_count(self, ast->offset, "OFFSET", &offset));
    uint32_t pos = ast->order_by.n ? ast->order_by.items[0].pos
                   : ast->limit    ? ast->limit->pos
                                   : ast->offset->pos;
    if (!node->bounded)
        return tide_bind_fail(self, TIDE_E_UNSUPPORTED, pos,
                              "read a bounded source, or leave it out: rows come as they are ready",
                              "%s needs input that ends, and this input does not",
                              ast->order_by.n ? "ORDER BY"
                              : ast->limit    ? "LIMIT"
                                              : "OFFSET");
    tide_node *made = tide_node_sort(self->arena, node, keys, ast->order_by.n, limit, offset);
    made->pos = pos;
    *out = made;
    return TIDE_OK;
}

tide_status tide_bind_order(tide_binder *self, const tide_sql_query *ast, const tide_node *node,
                            const tide_node **out)
{
    tide_relation result = { .node = node };
    tide_sort_key *keys = TIDE_NEW_N(self->arena, tide_sort_key, ast->order_by.n + 1);
    for (uint32_t i = 0; i < ast->order_by.n; i++) {
        const tide_sql_order *item = &ast->order_by.items[i];
        int32_t ordinal;
        TIDE_TRY(tide_bind_ordinal(self, item->expr, node->schema.n, &ordinal));
        if (ordinal >= 0) {
            keys[i].column = (uint32_t)ordinal;
        } else if (item->expr->kind == TIDE_SQL_COLUMN) {
            TIDE_TRY(tide_bind_column(self, &result, &item->expr->column, &keys[i].column));
        } else {
            return tide_bind_refuse(self, item->pos,
                                    "ORDER BY an expression over UNION or VALUES is",
                                    "order a query around it: SELECT * FROM (...) ORDER BY ...");
        }
        keys[i].descending = item->descending;
        keys[i].nulls_first = item->nulls_first;
    }
    return tide_bind_sort(self, ast, node, keys, out);
}
