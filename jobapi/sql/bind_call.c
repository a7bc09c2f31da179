/* bind_call.c - calls by name: scalar functions, aggregates, parts of a window.
 */
#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"
#include "jobapi/sql/bind_priv.h"

static tide_status check_plain_call(tide_binder *self, const tide_sql_call *call, uint32_t pos);
static tide_status bind_args(tide_binder *self, const tide_place *place, const tide_sql_call *call,
                             const char *name, const tide_expr ***out);
static tide_status unknown_function(tide_binder *self, const tide_place *place,
                                    const tide_sql_call *call, uint32_t pos);
static bool takes_unit(const char *name);

const char *tide_bind_call_name(const tide_sql_expr *ast)
{
    if (ast->kind != TIDE_SQL_CALL) return NULL;
    return ast->call.name.parts[ast->call.name.n - 1].text;
}

tide_status tide_bind_call(tide_binder *self, const tide_place *place, const tide_sql_expr *ast,
                           const tide_expr **out)
{
    const tide_sql_call *call = &ast->call;
    const char *name = tide_bind_call_name(ast);
    uint32_t column;
    if (call->bare && tide_bind_has_column(place->relation, &call->name, &column)) {
        *out = tide_node_column(self->arena, place->relation->node, column, ast->pos);
        return TIDE_OK;
    }
    if (call->over)
        return tide_bind_refuse(self, call->over->pos, "OVER is",
                                "windows over time go into FROM or GROUP BY");
    TIDE_TRY(tide_bind_window_part(self, place, ast, out));
    if (*out) return TIDE_OK;
    if (tide_agg_exists(name)) return tide_bind_aggregate(self, place, ast, out);
    if (!tide_fn_exists(name)) return unknown_function(self, place, call, ast->pos);
    TIDE_TRY(check_plain_call(self, call, ast->pos));
    const tide_expr **args;
    TIDE_TRY(bind_args(self, place, call, name, &args));
    return tide_bind_function(self, name, args, call->args.n, ast->pos, out);
}

/* What only aggregates may have. */
static tide_status check_plain_call(tide_binder *self, const tide_sql_call *call, uint32_t pos)
{
    const char *name = call->name.parts[call->name.n - 1].text;
    const char *what = call->star           ? "(*)"
                       : call->distinct     ? "DISTINCT"
                       : call->filter       ? "FILTER"
                       : call->order_by.n   ? "ORDER BY"
                       : call->within_group ? "WITHIN GROUP"
                                            : NULL;
    if (what)
        return tide_bind_fail(self, TIDE_E_TYPE, pos,
                              "the aggregates are count, sum, min, max, avg",
                              "%s is for aggregates, and %s is none", what, name);
    if (call->arg_names)
        return tide_bind_refuse(self, pos, "an argument by name (=>) is", "give them in order");
    return TIDE_OK;
}

static tide_status bind_args(tide_binder *self, const tide_place *place, const tide_sql_call *call,
                             const char *name, const tide_expr ***out)
{
    *out = TIDE_NEW_N(self->arena, const tide_expr *, call->args.n + 1);
    for (uint32_t i = 0; i < call->args.n; i++) {
        const tide_sql_expr *arg = call->args.items[i];
        if (i == 0 && takes_unit(name) && arg->kind == TIDE_SQL_COLUMN && arg->column.n == 1) {
            tide_value unit = { .type = tide_type_of(TIDE_TYPE_STRING) };
            unit.str.ptr = arg->column.parts[0].text;
            unit.str.len = (uint32_t)strlen(unit.str.ptr);
            (*out)[i] = tide_expr_literal(self->arena, &unit, arg->pos);
            continue;
        }
        TIDE_TRY(tide_bind_expr(self, place, arg, &(*out)[i]));
    }
    return TIDE_OK;
}

static tide_status unknown_function(tide_binder *self, const tide_place *place,
                                    const tide_sql_call *call, uint32_t pos)
{
    static const char *const aggregates[] = { "count", "sum", "min", "max", "avg" };
    const char *name = call->name.parts[call->name.n - 1].text;
    if (call->bare) { /* A word that the grammar takes for a function: USER,
                         CURRENT_ROLE. */
        uint32_t column;
        return tide_bind_column(self, place->relation, &call->name, &column);
    }
    const char *near = tide_fn_nearest(name);
    tide_nearest nearest;
    tide_nearest_init(&nearest, name);
    if (near) tide_nearest_try(&nearest, near);
    for (size_t i = 0; i < sizeof aggregates / sizeof *aggregates; i++)
        tide_nearest_try(&nearest, aggregates[i]);
    return tide_bind_fail(self, TIDE_E_BIND, pos,
                          tide_bind_did_you_mean(self, tide_nearest_best(&nearest)),
                          "unknown function %s", name);
}

/* TIMESTAMPDIFF(SECOND, a, b): the unit is a bare word. */
static bool takes_unit(const char *name)
{
    static const char *const names[] = { "timestampdiff", "timestampadd" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}
