/* bind_check.c - what can only be judged of the whole job: may every sink take
 * what it gets, and every operator what its inputs give? */
#include <string.h>

#include "jobapi/plan/walk.h"
#include "jobapi/sql/bind_priv.h"

static tide_status check_node(tide_binder *self, const tide_node *node);
static tide_status check_sink(tide_binder *self, const tide_node *sink);
static tide_status check_aggregate(tide_binder *self, const tide_node *agg);

void tide_bind_check_plan(tide_binder *self)
{
    tide_walk walk;
    tide_walk_init(&walk, self->plan->sinks, self->plan->n_sinks);
    for (uint32_t i = 0; i < walk.n; i++) {
        tide_status rv = check_node(self, walk.nodes[i]);
        if (rv) tide_bind_report(self, rv);
    }
    tide_walk_fini(&walk);
}

static tide_status check_node(tide_binder *self, const tide_node *node)
{
    if (node->kind == TIDE_NODE_SINK) return check_sink(self, node);
    if (node->kind == TIDE_NODE_AGGREGATE) return check_aggregate(self, node);
    if (node->kind == TIDE_NODE_WINDOW && node->window.window.kind == TIDE_WINDOW_SESSION)
        return tide_bind_fail(self, TIDE_E_UNSUPPORTED, node->pos,
                              "filter in a subquery below the window, or with HAVING above it",
                              "SESSION needs GROUP BY window_start, window_end and exactly the "
                              "columns of its PARTITION BY, and nothing between");
    return TIDE_OK;
}

static tide_status check_sink(tide_binder *self, const tide_node *sink)
{
    const tide_table *table = sink->sink.table;
    if (sink->sink.print || !sink->inputs[0]->updating || !self->context->sink_takes_changes ||
        self->context->sink_takes_changes(self->context->ctx, table))
        return TIDE_OK;
    const char *connector = tide_table_option(table, "connector");
    return tide_bind_fail(self, TIDE_E_UNSUPPORTED, sink->pos,
                          self->plan->bounded
                              ? "run it in batch: SET 'execution.runtime-mode' = 'batch'"
                              : "group by a window, whose results are final",
                          "table %s (connector %s) cannot take this query's result, whose rows "
                          "change: a GROUP BY without a window corrects itself as rows come",
                          table->name, connector ? connector : "none");
}

/* What an un-windowed aggregate cannot do: take rows back in a C aggregate, and forget groups by
 * time whose values it keeps one by one (DISTINCT, and min and max over rows that change). */
static tide_status check_aggregate(tide_binder *self, const tide_node *agg)
{
    bool updating = agg->inputs[0]->updating;
    bool forgets = agg->aggregate.ttl_us > 0 && agg->aggregate.n_keys > 0 && !agg->aggregate.final;
    for (uint32_t a = 0; a < agg->aggregate.n_aggs; a++) {
        const tide_agg_call *call = &agg->aggregate.aggs[a];
        if (call->kind == TIDE_AGG_USER && updating)
            return tide_bind_refuse(self, agg->pos, "an aggregate in C over rows that change is",
                                    "its input comes from a GROUP BY without a window");
        bool keeps_values =
            call->distinct ||
            (updating && (call->kind == TIDE_AGG_MIN || call->kind == TIDE_AGG_MAX));
        if (forgets && keeps_values)
            return tide_bind_refuse(self, agg->pos,
                                    tide_arena_printf(self->arena,
                                                      "%s with 'table.exec.state.ttl' is",
                                                      call->name),
                                    "RESET 'table.exec.state.ttl', or group by a window");
    }
    return TIDE_OK;
}
