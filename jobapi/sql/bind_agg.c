/* bind_agg.c - aggregate calls. Equal ones of a query are one. */
#include <string.h>
#include <strings.h>

#include "jobapi/sql/bind_priv.h"

static tide_status check_call(tide_binder *self, const tide_sql_expr *ast, const char *name);
static tide_status bind_parts(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                              tide_group_agg *out);
static const char *print_call(tide_binder *self, const tide_node *node, const tide_group_agg *agg,
                              const char *name);
static bool same_expr(const tide_expr *a, const tide_expr *b);

tide_status tide_bind_aggregate(tide_binder *self, const tide_place *place,
                                const tide_sql_expr *ast, const tide_expr **out)
{
    const char *name = tide_bind_call_name(ast);
    tide_grouping *grouping = place->grouping;
    if (!grouping) {
        bool is_where = strcmp(place->clause, "WHERE") == 0;
        return tide_bind_fail(self, TIDE_E_BIND, ast->pos,
                              is_where ? "conditions on aggregates go into HAVING" : NULL,
                              "aggregate %s is not possible in %s", name, place->clause);
    }
    TIDE_TRY(check_call(self, ast, name));
    tide_group_agg agg = { .pos = ast->pos };
    TIDE_TRY(bind_parts(self, place, ast, &agg));
    tide_status rv = tide_agg_resolve(name, agg.arg != NULL,
                                      agg.arg ? agg.arg->type : tide_type_of(TIDE_TYPE_NULL),
                                      &agg.kind, &agg.result);
    if (rv) return tide_bind_at(self, rv, ast->pos);
    if (agg.kind == TIDE_AGG_MIN || agg.kind == TIDE_AGG_MAX) agg.distinct = false;
    uint32_t a = 0;
    for (; a < grouping->n_aggs; a++) {
        const tide_group_agg *other = &grouping->aggs[a];
        if (other->kind == agg.kind && other->distinct == agg.distinct &&
            same_expr(other->arg, agg.arg) && same_expr(other->filter, agg.filter))
            break;
    }
    if (a == grouping->n_aggs) {
        agg.name = print_call(self, place->relation->node, &agg, name);
        TIDE_PUSH(self->arena, grouping->aggs, grouping->n_aggs, grouping->cap_aggs, agg);
    }
    grouping->is_grouped = true;
    if (grouping->pos == 0) grouping->pos = ast->pos;
    bool counts = agg.kind == TIDE_AGG_COUNT || agg.kind == TIDE_AGG_COUNT_STAR;
    *out = tide_expr_column(self->arena, TIDE_GROUP_COLUMN + TIDE_GROUP_AGG + a, agg.result, counts,
                            ast->pos);
    return TIDE_OK;
}

static tide_status check_call(tide_binder *self, const tide_sql_expr *ast, const char *name)
{
    const tide_sql_call *call = &ast->call;
    if (call->within_group || call->order_by.n)
        return tide_bind_refuse(self, ast->pos, "ORDER BY in an aggregate is", NULL);
    if (call->arg_names)
        return tide_bind_refuse(self, ast->pos, "an argument by name (=>) is", NULL);
    bool is_count = strcasecmp(name, "count") == 0;
    if (call->star && !is_count)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos, "only count takes *",
                              "%s needs an argument", name);
    if (!call->star && call->args.n != 1)
        return tide_bind_fail(self, TIDE_E_TYPE, ast->pos,
                              is_count && call->args.n == 0 ? "write count(*)" : NULL,
                              "%s takes one argument, not %u", name, call->args.n);
    return TIDE_OK;
}

static tide_status bind_parts(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                              tide_group_agg *out)
{
    tide_place inner = *place;
    inner.grouping = NULL;
    inner.clause = "an aggregate";
    if (!ast->call.star) TIDE_TRY(tide_bind_expr(self, &inner, ast->call.args.items[0], &out->arg));
    inner.clause = "FILTER";
    if (ast->call.filter)
        TIDE_TRY(tide_bind_condition(self, &inner, ast->call.filter, &out->filter));
    out->distinct = ast->call.distinct;
    /* count(5) counts rows. */
    bool never_null = out->arg && out->arg->kind == TIDE_EXPR_LITERAL && out->arg->not_null;
    if (never_null && !out->distinct && strcasecmp(tide_bind_call_name(ast), "count") == 0)
        out->arg = NULL;
    return TIDE_OK;
}

/* The name of the aggregate's state and column: count(distinct ad_id) where
 * is_click. */
static const char *print_call(tide_binder *self, const tide_node *node, const tide_group_agg *agg,
                              const char *name)
{
    const char *const *names = tide_schema_names(self->arena, &node->schema);
    char *lower = tide_arena_strdup(self->arena, name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 'a' - 'A');
    const char *text =
        tide_arena_printf(self->arena, "%s(%s%s)", lower, agg->distinct ? "distinct " : "",
                          agg->arg ? tide_expr_print(self->arena, agg->arg, names) : "*");
    if (!agg->filter) return text;
    return tide_arena_printf(self->arena, "%s where %s", text,
                             tide_expr_print(self->arena, agg->filter, names));
}

static bool same_expr(const tide_expr *a, const tide_expr *b)
{
    return a == b || (a && b && tide_expr_equal(a, b));
}
