/* rule_fuse_window.c - grouping by the window columns of a windowing function
 * becomes a windowed aggregate: one state per window instead of one copy of
 * each row per window.
 *
 *   aggregate attached(window_start, window_end)      aggregate tumble(ts, 10
 * s) [project ..., window_start, window_end]    =>     [project ..., ts] window
 * tumble(ts, 10 s)                           input input
 *
 * Only when nothing else reads the window's columns. A session must have been
 * partitioned by exactly the aggregate's keys, since those then make its
 * sessions. The window is not shared with other consumers afterwards; each
 * places rows for itself, which costs next to nothing. */
#include "jobapi/plan/rule.h"

typedef struct fusion {
    tide_arena *arena;
    const tide_node *agg, *project, *window; /* project: NULL when there is none. */
    uint32_t *moved; /* Of the aggregate's input columns: where they are without
                        the window. */
} fusion;

static bool reads_only_below(fusion *self);
static bool is_below(const fusion *self, uint32_t column);
static bool session_keys_agree(const fusion *self);
static uint32_t below_of(const fusion *self, uint32_t column);
static const tide_node *fuse(fusion *self);
static const tide_node *project_below(fusion *self, uint32_t *time_column);

tide_status tide_rule_fuse_window(tide_arena *arena, const tide_node *node,
                                  const uint32_t *input_uses, const tide_node **out)
{
    (void)input_uses;
    *out = node;
    if (node->kind != TIDE_NODE_AGGREGATE || node->aggregate.window.kind != TIDE_WINDOW_ATTACHED)
        return TIDE_OK;
    fusion self = { .arena = arena, .agg = node, .window = node->inputs[0] };
    if (self.window->kind == TIDE_NODE_PROJECT) {
        self.project = self.window;
        self.window = self.project->inputs[0];
    }
    if (self.window->kind != TIDE_NODE_WINDOW) return TIDE_OK;
    if (reads_only_below(&self) && session_keys_agree(&self)) *out = fuse(&self);
    return TIDE_OK;
}

/* Start and end are the window's, and every other column in use can be had from
 * below it. */
static bool reads_only_below(fusion *self)
{
    const tide_node *agg = self->agg;
    const tide_window *at = &agg->aggregate.window;
    int32_t start = (int32_t)below_of(self, at->start_column);
    int32_t end = (int32_t)below_of(self, at->end_column);
    if (start != self->window->window_start || end != self->window->window_end) return false;
    bool ok = true;
    for (uint32_t k = 0; k < agg->aggregate.n_keys; k++)
        ok &= is_below(self, agg->aggregate.keys[k]);
    for (uint32_t c = 0; c < agg->aggregate.n_late; c++)
        ok &= is_below(self, agg->aggregate.late_columns[c]);
    for (uint32_t a = 0; a < agg->aggregate.n_aggs; a++) {
        const tide_agg_call *call = &agg->aggregate.aggs[a];
        ok &= call->arg < 0 || is_below(self, (uint32_t)call->arg);
        ok &= call->filter < 0 || is_below(self, (uint32_t)call->filter);
    }
    return ok;
}

static bool is_below(const fusion *self, uint32_t column)
{
    uint32_t n_below = self->window->inputs[0]->schema.n, n = self->window->schema.n;
    if (!self->project) return column < n_below;
    bool *used = TIDE_NEW_N(self->arena, bool, n);
    tide_expr_mark_columns(self->project->project.exprs[column], used, n);
    for (uint32_t c = n_below; c < n; c++)
        if (used[c]) return false;
    return true;
}

/* The column of the window's output that the aggregate's input column is, or
 * UINT32_MAX. */
static uint32_t below_of(const fusion *self, uint32_t column)
{
    if (!self->project) return column;
    const tide_expr *expr = self->project->project.exprs[column];
    return expr->kind == TIDE_EXPR_COLUMN ? expr->column : UINT32_MAX;
}

static bool session_keys_agree(const fusion *self)
{
    const tide_node *window = self->window, *agg = self->agg;
    if (window->window.window.kind != TIDE_WINDOW_SESSION) return true;
    for (uint32_t i = 0; i < window->window.n_keys; i++) {
        bool found = false;
        for (uint32_t k = 0; k < agg->aggregate.n_keys; k++)
            found |= below_of(self, agg->aggregate.keys[k]) == window->window.keys[i];
        if (!found) return false;
    }
    for (uint32_t k = 0; k < agg->aggregate.n_keys; k++) {
        bool found = false;
        for (uint32_t i = 0; i < window->window.n_keys; i++)
            found |= below_of(self, agg->aggregate.keys[k]) == window->window.keys[i];
        if (!found) return false;
    }
    return true;
}

static const tide_node *fuse(fusion *self)
{
    const tide_node *agg = self->agg, *input = self->window->inputs[0];
    tide_node like = *agg;
    tide_window *window = &like.aggregate.window;
    *window = self->window->window.window;
    if (self->project) {
        input = project_below(self, &window->time_column);
        uint32_t *keys = TIDE_NEW_N(self->arena, uint32_t, agg->aggregate.n_keys);
        for (uint32_t k = 0; k < agg->aggregate.n_keys; k++)
            keys[k] = self->moved[agg->aggregate.keys[k]];
        uint32_t *late = TIDE_NEW_N(self->arena, uint32_t, agg->aggregate.n_late);
        for (uint32_t c = 0; c < agg->aggregate.n_late; c++)
            late[c] = self->moved[agg->aggregate.late_columns[c]];
        tide_agg_call *aggs = TIDE_NEW_N(self->arena, tide_agg_call, agg->aggregate.n_aggs);
        for (uint32_t a = 0; a < agg->aggregate.n_aggs; a++) {
            aggs[a] = agg->aggregate.aggs[a];
            if (aggs[a].arg >= 0) aggs[a].arg = (int32_t)self->moved[aggs[a].arg];
            if (aggs[a].filter >= 0) aggs[a].filter = (int32_t)self->moved[aggs[a].filter];
        }
        like.aggregate.keys = keys;
        like.aggregate.late_columns = late;
        like.aggregate.aggs = aggs;
    }
    tide_node *made = tide_node_aggregate(self->arena, input, &like);
    made->uid = agg->uid;
    made->pos = agg->pos;
    return made;
}

/* The projection without what it takes from the window, and with the window's
 * time column. */
static const tide_node *project_below(fusion *self, uint32_t *time_column)
{
    const tide_node *project = self->project, *input = self->window->inputs[0];
    uint32_t time = self->window->window.window.time_column, n = 0;
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, project->schema.n + 1);
    const char **names = TIDE_NEW_N(self->arena, const char *, project->schema.n + 1);
    self->moved = TIDE_NEW_N(self->arena, uint32_t, project->schema.n);
    *time_column = UINT32_MAX;
    for (uint32_t c = 0; c < project->schema.n; c++) {
        const tide_expr *expr = project->project.exprs[c];
        if (!is_below(self, c)) continue;
        if (expr->kind == TIDE_EXPR_COLUMN && expr->column == time) *time_column = n;
        self->moved[c] = n;
        names[n] = project->schema.fields[c].name;
        exprs[n++] = expr;
    }
    if (*time_column == UINT32_MAX) {
        *time_column = n;
        names[n] = input->schema.fields[time].name;
        exprs[n++] = tide_node_column(self->arena, input, time, TIDE_POS_UNKNOWN);
    }
    return tide_node_project(self->arena, input, exprs, names, n);
}
