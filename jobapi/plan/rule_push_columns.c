/* rule_push_columns.c - every operator keeps only the columns that someone
 * reads, down to the scans: a column that nobody reads is never parsed,
 * generated, sent or stored.
 *
 * First from the sinks down: which columns of each node are needed by any of
 * its consumers. Then from the sources up: each node is made anew without the
 * others, and `moved` says where its columns went. */
#include "base/core/assert.h"
#include "jobapi/plan/rule.h"
#include "jobapi/plan/walk.h"

#define GONE UINT32_MAX

typedef struct pusher {
    tide_arena *arena; /* The plan's. */
    tide_walk walk;
    bool **needed;    /* needed[node][column] */
    uint32_t **moved; /* moved[node][old column]: new column or GONE. */
    const tide_node **made;
} pusher;

static void mark_one(const tide_node *node, bool *needed);
static void mark_inputs(pusher *self, const tide_node *node, const bool *needed);
static void mark_aggregate(const tide_node *node, bool *below);
static const tide_node *remake(pusher *self, const tide_node *node, const bool *needed,
                               uint32_t *moved);
static const tide_node *remake_scan(pusher *self, const tide_node *node, const bool *needed,
                                    uint32_t *moved);
static const tide_node *remake_project(pusher *self, const tide_node *node, const bool *needed,
                                       uint32_t *moved);
static const tide_node *remake_union(pusher *self, const tide_node *node, const bool *needed,
                                     uint32_t *moved);
static const tide_node *remake_aggregate(pusher *self, const tide_node *node, uint32_t *moved);
static const tide_node *remake_passing(pusher *self, const tide_node *node, uint32_t *moved);
static const tide_expr *move_expr(pusher *self, const tide_expr *expr, uint32_t input);
static uint32_t *move_columns(pusher *self, const uint32_t *columns, uint32_t n,
                              const uint32_t *moved);

void tide_plan_push_columns(tide_plan *plan)
{
    pusher self = { .arena = plan->arena };
    tide_walk_init(&self.walk, plan->sinks, plan->n_sinks);
    uint32_t n = self.walk.n;
    self.needed = TIDE_NEW_N(self.walk.arena, bool *, n);
    self.moved = TIDE_NEW_N(self.walk.arena, uint32_t *, n);
    self.made = TIDE_NEW_N(self.walk.arena, const tide_node *, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t width = self.walk.nodes[i]->schema.n + 1;
        self.needed[i] = TIDE_NEW_N(self.walk.arena, bool, width);
        self.moved[i] = TIDE_NEW_N(self.walk.arena, uint32_t, width);
    }
    for (uint32_t i = n; i-- > 0;) {
        mark_one(self.walk.nodes[i], self.needed[i]);
        mark_inputs(&self, self.walk.nodes[i], self.needed[i]);
    }
    for (uint32_t i = 0; i < n; i++)
        self.made[i] = remake(&self, self.walk.nodes[i], self.needed[i], self.moved[i]);
    for (uint32_t i = 0; i < plan->n_sinks; i++)
        plan->sinks[i] = self.made[tide_walk_index(&self.walk, plan->sinks[i])];
    tide_walk_fini(&self.walk);
}

/* When only the number of rows is wanted (count(*)), they still need one column
 * to be rows of: the narrowest that need not be computed. */
static void mark_one(const tide_node *node, bool *needed)
{
    const tide_schema *schema = &node->schema;
    uint32_t best = 0, best_width = UINT32_MAX;
    for (uint32_t c = 0; c < schema->n; c++) {
        if (needed[c]) return;
        uint32_t width = tide_type_width(schema->fields[c].type);
        if (node->kind == TIDE_NODE_PROJECT && !tide_expr_is_plain(node->project.exprs[c]))
            width += 16;
        if (width < best_width) {
            best = c;
            best_width = width;
        }
    }
    if (schema->n > 0) needed[best] = true;
}

/* Consumers come first, so `needed` is complete for this node. */
static void mark_inputs(pusher *self, const tide_node *node, const bool *needed)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const tide_node *input = node->inputs[i];
        bool *below = self->needed[tide_walk_index(&self->walk, input)];
        uint32_t n = input->schema.n;
        switch (node->kind) {
        case TIDE_NODE_PROJECT:
            for (uint32_t c = 0; c < node->schema.n; c++)
                if (needed[c]) tide_expr_mark_columns(node->project.exprs[c], below, n);
            break;
        case TIDE_NODE_AGGREGATE: mark_aggregate(node, below); break;
        case TIDE_NODE_WINDOW:
            for (uint32_t c = 0; c < n; c++) below[c] |= needed[c];
            below[node->window.window.time_column] = true;
            for (uint32_t k = 0; k < node->window.n_keys; k++) below[node->window.keys[k]] = true;
            break;
        case TIDE_NODE_FILTER:
        case TIDE_NODE_UNION:
        case TIDE_NODE_SORT:
            for (uint32_t c = 0; c < n; c++) below[c] |= needed[c];
            if (node->kind == TIDE_NODE_FILTER)
                tide_expr_mark_columns(node->filter.predicate, below, n);
            if (node->kind == TIDE_NODE_SORT)
                for (uint32_t k = 0; k < node->sort.n_keys; k++)
                    below[node->sort.keys[k].column] = true;
            break;
        case TIDE_NODE_SCAN:
        case TIDE_NODE_VALUES:
        case TIDE_NODE_WATERMARK:
        case TIDE_NODE_USER:
        case TIDE_NODE_SIDE:
        case TIDE_NODE_SINK:
        case TIDE_NODE_PARTIAL:
        case TIDE_NODE_KIND_COUNT: memset(below, true, n); break;
        }
    }
}

static void mark_aggregate(const tide_node *node, bool *below)
{
    /* An aggregate in C reads any column of its rows, by number. */
    for (uint32_t a = 0; a < node->aggregate.n_aggs; a++)
        if (node->aggregate.aggs[a].kind == TIDE_AGG_USER)
            memset(below, true, node->inputs[0]->schema.n);
    for (uint32_t k = 0; k < node->aggregate.n_keys; k++) below[node->aggregate.keys[k]] = true;
    for (uint32_t a = 0; a < node->aggregate.n_aggs; a++) {
        const tide_agg_call *agg = &node->aggregate.aggs[a];
        if (agg->arg >= 0) below[agg->arg] = true;
        if (agg->filter >= 0) below[agg->filter] = true;
    }
    const tide_window *window = &node->aggregate.window;
    if (window->kind == TIDE_WINDOW_ATTACHED)
        below[window->start_column] = below[window->end_column] = true;
    else if (window->kind != TIDE_WINDOW_NONE)
        below[window->time_column] = true;
    for (uint32_t c = 0; c < node->aggregate.n_late; c++)
        below[node->aggregate.late_columns[c]] = true;
}

static const tide_node *remake(pusher *self, const tide_node *node, const bool *needed,
                               uint32_t *moved)
{
    for (uint32_t c = 0; c < node->schema.n; c++) moved[c] = c;
    switch (node->kind) {
    case TIDE_NODE_SCAN: return remake_scan(self, node, needed, moved);
    case TIDE_NODE_PROJECT: return remake_project(self, node, needed, moved);
    case TIDE_NODE_UNION: return remake_union(self, node, needed, moved);
    case TIDE_NODE_AGGREGATE: return remake_aggregate(self, node, moved);
    case TIDE_NODE_FILTER:
    case TIDE_NODE_WINDOW:
    case TIDE_NODE_SORT: return remake_passing(self, node, moved);
    case TIDE_NODE_VALUES:
    case TIDE_NODE_WATERMARK:
    case TIDE_NODE_USER:
    case TIDE_NODE_SIDE:
    case TIDE_NODE_SINK:
    case TIDE_NODE_PARTIAL:
    case TIDE_NODE_KIND_COUNT: break;
    }
    const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, node->n_inputs);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        inputs[i] = self->made[tide_walk_index(&self->walk, node->inputs[i])];
    return tide_node_with_inputs(self->arena, node, inputs);
}

static const tide_node *remake_scan(pusher *self, const tide_node *node, const bool *needed,
                                    uint32_t *moved)
{
    uint32_t n = node->schema.n;
    bool *keep = TIDE_NEW_N(self->walk.arena, bool, n + 1);
    memcpy(keep, needed, n);
    if (node->scan.filter) tide_expr_mark_columns(node->scan.filter, keep, n);
    uint32_t *columns = TIDE_NEW_N(self->arena, uint32_t, n);
    uint32_t n_kept = 0;
    for (uint32_t c = 0; c < n; c++) {
        moved[c] = keep[c] ? n_kept : GONE;
        if (keep[c]) columns[n_kept++] = node->scan.columns[c];
    }
    if (n_kept == n) return node;
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, n);
    for (uint32_t c = 0; c < n; c++) {
        const tide_field *field = &node->schema.fields[c];
        if (keep[c])
            exprs[c] = tide_expr_column(self->arena, moved[c], field->type, field->not_null,
                                        TIDE_POS_UNKNOWN);
    }
    const tide_expr *filter = node->scan.filter;
    if (filter) filter = tide_expr_substitute(self->arena, filter, exprs);
    tide_node *made =
        tide_node_scan(self->arena, node->scan.table, columns, n_kept, filter, node->bounded);
    made->uid = node->uid;
    made->pos = node->pos;
    return made;
}

static const tide_node *remake_project(pusher *self, const tide_node *node, const bool *needed,
                                       uint32_t *moved)
{
    uint32_t in = tide_walk_index(&self->walk, node->inputs[0]), n = 0;
    const tide_expr **exprs = TIDE_NEW_N(self->arena, const tide_expr *, node->schema.n);
    const char **names = TIDE_NEW_N(self->arena, const char *, node->schema.n);
    for (uint32_t c = 0; c < node->schema.n; c++) {
        moved[c] = needed[c] ? n : GONE;
        if (!needed[c]) continue;
        names[n] = node->schema.fields[c].name;
        exprs[n++] = move_expr(self, node->project.exprs[c], in);
    }
    tide_node *made = tide_node_project(self->arena, self->made[in], exprs, names, n);
    made->uid = node->uid;
    made->pos = node->pos;
    return made;
}

/* The inputs must all end up with the same columns. One that has more (it is
 * shared, or cannot leave columns out) gets a projection on top. */
static const tide_node *remake_union(pusher *self, const tide_node *node, const bool *needed,
                                     uint32_t *moved)
{
    uint32_t n = 0;
    uint32_t *wanted = TIDE_NEW_N(self->walk.arena, uint32_t, node->schema.n);
    for (uint32_t c = 0; c < node->schema.n; c++)
        if (needed[c]) wanted[n++] = c;
    const tide_node **inputs = TIDE_NEW_N(self->arena, const tide_node *, node->n_inputs);
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        uint32_t in = tide_walk_index(&self->walk, node->inputs[i]);
        uint32_t *columns = TIDE_NEW_N(self->arena, uint32_t, n);
        bool as_is = self->made[in]->schema.n == n;
        for (uint32_t w = 0; w < n; w++) {
            columns[w] = self->moved[in][wanted[w]];
            tide_assert(columns[w] != GONE);
            as_is &= columns[w] == w;
        }
        inputs[i] =
            as_is ? self->made[in] : tide_node_pick(self->arena, self->made[in], columns, n);
    }
    for (uint32_t c = 0; c < node->schema.n; c++) moved[c] = GONE;
    for (uint32_t w = 0; w < n; w++) moved[wanted[w]] = w;
    tide_node *made = tide_node_union(self->arena, inputs, node->n_inputs);
    made->uid = node->uid;
    made->pos = node->pos;
    return made;
}

static const tide_node *remake_aggregate(pusher *self, const tide_node *node, uint32_t *moved)
{
    (void)moved; /* Keys and aggregates name the state: all stay. */
    uint32_t in = tide_walk_index(&self->walk, node->inputs[0]);
    const uint32_t *m = self->moved[in];
    tide_node like = *node;
    like.aggregate.keys = move_columns(self, node->aggregate.keys, node->aggregate.n_keys, m);
    like.aggregate.late_columns =
        move_columns(self, node->aggregate.late_columns, node->aggregate.n_late, m);
    tide_agg_call *aggs = TIDE_NEW_N(self->arena, tide_agg_call, node->aggregate.n_aggs);
    for (uint32_t a = 0; a < node->aggregate.n_aggs; a++) {
        aggs[a] = node->aggregate.aggs[a];
        if (aggs[a].arg >= 0) aggs[a].arg = (int32_t)m[aggs[a].arg];
        if (aggs[a].filter >= 0) aggs[a].filter = (int32_t)m[aggs[a].filter];
    }
    like.aggregate.aggs = aggs;
    tide_window *window = &like.aggregate.window;
    if (window->kind == TIDE_WINDOW_ATTACHED) {
        window->start_column = m[window->start_column];
        window->end_column = m[window->end_column];
    } else if (window->kind != TIDE_WINDOW_NONE) {
        window->time_column = m[window->time_column];
    }
    tide_node *made = tide_node_aggregate(self->arena, self->made[in], &like);
    made->uid = node->uid;
    made->pos = node->pos;
    return made;
}

/* Operators whose output starts with their input's columns. */
static const tide_node *remake_passing(pusher *self, const tide_node *node, uint32_t *moved)
{
    uint32_t in = tide_walk_index(&self->walk, node->inputs[0]);
    const tide_node *input = self->made[in];
    uint32_t n_before = node->inputs[0]->schema.n;
    memcpy(moved, self->moved[in], n_before * sizeof *moved);
    for (uint32_t c = n_before; c < node->schema.n; c++) moved[c] = input->schema.n + c - n_before;
    tide_node *made = NULL;
    if (node->kind == TIDE_NODE_FILTER) {
        made = tide_node_filter(self->arena, input, move_expr(self, node->filter.predicate, in));
    } else if (node->kind == TIDE_NODE_WINDOW) {
        tide_window window = node->window.window;
        window.time_column = moved[window.time_column];
        made = tide_node_window(self->arena, input, &window,
                                move_columns(self, node->window.keys, node->window.n_keys, moved),
                                node->window.n_keys);
    } else {
        tide_sort_key *keys = TIDE_NEW_N(self->arena, tide_sort_key, node->sort.n_keys);
        for (uint32_t k = 0; k < node->sort.n_keys; k++) {
            keys[k] = node->sort.keys[k];
            keys[k].column = moved[keys[k].column];
        }
        made = tide_node_sort(self->arena, input, keys, node->sort.n_keys, node->sort.limit,
                              node->sort.offset);
    }
    made->uid = node->uid;
    made->pos = node->pos;
    return made;
}

static const tide_expr *move_expr(pusher *self, const tide_expr *expr, uint32_t input)
{
    const tide_node *before = self->walk.nodes[input];
    const tide_expr **exprs = TIDE_NEW_N(self->walk.arena, const tide_expr *, before->schema.n);
    for (uint32_t c = 0; c < before->schema.n; c++) {
        const tide_field *field = &before->schema.fields[c];
        if (self->moved[input][c] != GONE)
            exprs[c] = tide_expr_column(self->arena, self->moved[input][c], field->type,
                                        field->not_null, TIDE_POS_UNKNOWN);
    }
    return tide_expr_substitute(self->arena, expr, exprs);
}

static uint32_t *move_columns(pusher *self, const uint32_t *columns, uint32_t n,
                              const uint32_t *moved)
{
    uint32_t *made = TIDE_NEW_N(self->arena, uint32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        made[i] = moved[columns[i]];
        tide_assert(made[i] != GONE);
    }
    return made;
}
