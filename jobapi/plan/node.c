/* node.c - see node.h. */
#include "jobapi/plan/node.h"

#include "base/core/assert.h"

static tide_node *node_new(tide_arena *arena, tide_node_kind kind, const tide_node *const *inputs,
                           uint32_t n_inputs);
static tide_node *one_input(tide_arena *arena, tide_node_kind kind, const tide_node *input);
static void keep_columns(tide_node *self, const tide_node *input);
static void put_window_fields(tide_field *at, tide_type time);
static void derive_aggregate_schema(tide_arena *arena, tide_node *self);

tide_node *tide_node_scan(tide_arena *arena, const tide_table *table, const uint32_t *columns,
                          uint32_t n, const tide_expr *filter, bool bounded)
{
    tide_node *self = node_new(arena, TIDE_NODE_SCAN, NULL, 0);
    self->schema = (tide_schema){ n, TIDE_NEW_N(arena, tide_field, n) };
    for (uint32_t i = 0; i < n; i++) {
        const tide_table_column *column = &table->columns[columns[i]];
        self->schema.fields[i] = (tide_field){ column->name, column->type, column->not_null };
        if ((int32_t)columns[i] == table->rowtime) self->rowtime = (int32_t)i;
    }
    self->scan.table = table;
    self->scan.columns = columns;
    self->scan.n_columns = n;
    self->scan.filter = filter;
    self->bounded = bounded;
    self->pos = table->pos;
    return self;
}

tide_node *tide_node_values(tide_arena *arena, const tide_schema *schema,
                            const tide_value *const *rows, uint32_t n_rows)
{
    tide_node *self = node_new(arena, TIDE_NODE_VALUES, NULL, 0);
    self->schema = *schema;
    self->values.rows = rows;
    self->values.n_rows = n_rows;
    self->bounded = true;
    return self;
}

tide_node *tide_node_filter(tide_arena *arena, const tide_node *input, const tide_expr *predicate)
{
    tide_node *self = one_input(arena, TIDE_NODE_FILTER, input);
    keep_columns(self, input);
    self->filter.predicate = predicate;
    self->pos = predicate->pos;
    return self;
}

tide_node *tide_node_project(tide_arena *arena, const tide_node *input,
                             const tide_expr *const *exprs, const char *const *names, uint32_t n)
{
    tide_node *self = one_input(arena, TIDE_NODE_PROJECT, input);
    self->schema = (tide_schema){ n, TIDE_NEW_N(arena, tide_field, n) };
    for (uint32_t i = n; i-- > 0;) { /* Backwards: the first copy of a special column wins. */
        self->schema.fields[i] = (tide_field){ names[i], exprs[i]->type, exprs[i]->not_null };
        if (exprs[i]->kind != TIDE_EXPR_COLUMN) continue;
        int32_t column = (int32_t)exprs[i]->column;
        tide_assert(exprs[i]->column < input->schema.n);
        if (column == input->rowtime) self->rowtime = (int32_t)i;
        if (column == input->window_start) self->window_start = (int32_t)i;
        if (column == input->window_end) self->window_end = (int32_t)i;
        if (column == input->window_time) self->window_time = (int32_t)i;
    }
    self->project.exprs = exprs;
    return self;
}

tide_node *tide_node_union(tide_arena *arena, const tide_node *const *inputs, uint32_t n)
{
    tide_assert(n > 0);
    tide_node *self = node_new(arena, TIDE_NODE_UNION, inputs, n);
    keep_columns(self, inputs[0]);
    self->schema.fields = TIDE_NEW_N(arena, tide_field, self->schema.n);
    for (uint32_t c = 0; c < self->schema.n; c++) {
        self->schema.fields[c] = inputs[0]->schema.fields[c];
        for (uint32_t i = 1; i < n; i++) {
            tide_assert(inputs[i]->schema.n == self->schema.n);
            self->schema.fields[c].not_null &= inputs[i]->schema.fields[c].not_null;
        }
    }
    for (uint32_t i = 1; i < n; i++) { /* Only what holds of every input holds of the union. */
        if (inputs[i]->rowtime != self->rowtime) self->rowtime = -1;
        if (inputs[i]->window_start != self->window_start) self->window_start = -1;
        if (inputs[i]->window_end != self->window_end) self->window_end = -1;
        if (inputs[i]->window_time != self->window_time) self->window_time = -1;
    }
    return self;
}

tide_node *tide_node_window(tide_arena *arena, const tide_node *input, const tide_window *window,
                            const uint32_t *keys, uint32_t n_keys)
{
    tide_node *self = one_input(arena, TIDE_NODE_WINDOW, input);
    uint32_t n = input->schema.n;
    self->schema = (tide_schema){ n + 3, TIDE_NEW_N(arena, tide_field, n + 3) };
    memcpy(self->schema.fields, input->schema.fields, n * sizeof(tide_field));
    put_window_fields(self->schema.fields + n, input->schema.fields[window->time_column].type);
    self->window_start = (int32_t)n;
    self->window_end = (int32_t)n + 1;
    self->window_time = (int32_t)n + 2;
    self->rowtime = input->rowtime; /* The rows come as they came. */
    self->window.window = *window;
    self->window.keys = keys;
    self->window.n_keys = n_keys;
    return self;
}

tide_node *tide_node_aggregate(tide_arena *arena, const tide_node *input, const tide_node *like)
{
    tide_node *self = one_input(arena, TIDE_NODE_AGGREGATE, input);
    self->aggregate = like->aggregate;
    derive_aggregate_schema(arena, self);
    if (self->aggregate.window.kind != TIDE_WINDOW_NONE) {
        uint32_t first = self->aggregate.n_keys + self->aggregate.n_aggs;
        self->window_start = (int32_t)first;
        self->window_end = (int32_t)first + 1;
        self->rowtime = self->window_time = (int32_t)first + 2;
        self->updating = false;
    } else if (self->aggregate.final) {
        self->updating = false;
    } else if (self->aggregate.n_aggs > 0) {
        self->updating = true; /* DISTINCT alone only ever adds, unless its input takes away. */
    }
    return self;
}

tide_node *tide_node_sort(tide_arena *arena, const tide_node *input, const tide_sort_key *keys,
                          uint32_t n_keys, int64_t limit, int64_t offset)
{
    tide_node *self = one_input(arena, TIDE_NODE_SORT, input);
    keep_columns(self, input);
    self->sort.keys = keys;
    self->sort.n_keys = n_keys;
    self->sort.limit = limit;
    self->sort.offset = offset;
    self->updating = false;
    return self;
}

tide_node *tide_node_sink(tide_arena *arena, const tide_node *input, const tide_table *table)
{
    tide_node *self = one_input(arena, TIDE_NODE_SINK, input);
    self->sink.table = table;
    self->sink.print = table == NULL;
    self->pos = table ? table->pos : input->pos;
    return self;
}

const tide_node *tide_node_with_inputs(tide_arena *arena, const tide_node *node,
                                       const tide_node *const *inputs)
{
    tide_node *self = NULL;
    switch (node->kind) {
    case TIDE_NODE_SCAN:
    case TIDE_NODE_VALUES: return node;
    case TIDE_NODE_FILTER: self = tide_node_filter(arena, inputs[0], node->filter.predicate); break;
    case TIDE_NODE_PROJECT:
        self = tide_node_project(arena, inputs[0], node->project.exprs,
                                 tide_schema_names(arena, &node->schema), node->schema.n);
        break;
    case TIDE_NODE_UNION: self = tide_node_union(arena, inputs, node->n_inputs); break;
    case TIDE_NODE_WINDOW:
        self = tide_node_window(arena, inputs[0], &node->window.window, node->window.keys,
                                node->window.n_keys);
        break;
    case TIDE_NODE_AGGREGATE: self = tide_node_aggregate(arena, inputs[0], node); break;
    case TIDE_NODE_SORT:
        self = tide_node_sort(arena, inputs[0], node->sort.keys, node->sort.n_keys,
                              node->sort.limit, node->sort.offset);
        break;
    case TIDE_NODE_SINK: self = tide_node_sink(arena, inputs[0], node->sink.table); break;
    case TIDE_NODE_WATERMARK:
    case TIDE_NODE_SIDE:
    case TIDE_NODE_USER: /* What they promise was declared with them. */
        self = TIDE_NEW(arena, tide_node);
        *self = *node;
        self->inputs = inputs;
        break;
    case TIDE_NODE_PARTIAL: /* In no plan. */
    case TIDE_NODE_KIND_COUNT: break;
    }
    tide_assert(self != NULL);
    self->uid = node->uid;
    self->pos = node->pos;
    return self;
}

tide_node *tide_node_pick(tide_arena *arena, const tide_node *input, const uint32_t *columns,
                          uint32_t n)
{
    const tide_expr **exprs = TIDE_NEW_N(arena, const tide_expr *, n);
    const char **names = TIDE_NEW_N(arena, const char *, n);
    for (uint32_t i = 0; i < n; i++) {
        exprs[i] = tide_node_column(arena, input, columns[i], TIDE_POS_UNKNOWN);
        names[i] = input->schema.fields[columns[i]].name;
    }
    return tide_node_project(arena, input, exprs, names, n);
}

const tide_expr *tide_node_column(tide_arena *arena, const tide_node *node, uint32_t i,
                                  uint32_t pos)
{
    tide_assert(i < node->schema.n);
    const tide_field *field = &node->schema.fields[i];
    return tide_expr_column(arena, i, field->type, field->not_null, pos);
}

const char *const *tide_schema_names(tide_arena *arena, const tide_schema *schema)
{
    const char **names = TIDE_NEW_N(arena, const char *, schema->n);
    for (uint32_t i = 0; i < schema->n; i++) names[i] = schema->fields[i].name;
    return names;
}

tide_type tide_window_time_type(tide_type t)
{
    if (t.precision < 3) t.precision = 3; /* window_time is a millisecond before the end. */
    return t;
}

static tide_node *node_new(tide_arena *arena, tide_node_kind kind, const tide_node *const *inputs,
                           uint32_t n_inputs)
{
    tide_node *self = TIDE_NEW(arena, tide_node);
    self->kind = kind;
    self->inputs = inputs;
    self->n_inputs = n_inputs;
    self->rowtime = self->window_start = self->window_end = self->window_time = -1;
    self->bounded = n_inputs > 0;
    self->pos = TIDE_POS_UNKNOWN;
    for (uint32_t i = 0; i < n_inputs; i++) {
        self->bounded &= inputs[i]->bounded;
        self->updating |= inputs[i]->updating;
    }
    return self;
}

static tide_node *one_input(tide_arena *arena, tide_node_kind kind, const tide_node *input)
{
    const tide_node **inputs = TIDE_NEW(arena, const tide_node *);
    inputs[0] = input;
    return node_new(arena, kind, inputs, 1);
}

/* For operators that pass rows on as they are. */
static void keep_columns(tide_node *self, const tide_node *input)
{
    self->schema = input->schema;
    self->rowtime = input->rowtime;
    self->window_start = input->window_start;
    self->window_end = input->window_end;
    self->window_time = input->window_time;
}

static void put_window_fields(tide_field *at, tide_type time)
{
    tide_type type = tide_window_time_type(time);
    at[0] = (tide_field){ "window_start", type, true };
    at[1] = (tide_field){ "window_end", type, true };
    at[2] = (tide_field){ "window_time", type, true };
}

static void derive_aggregate_schema(tide_arena *arena, tide_node *self)
{
    const tide_schema *in = &self->inputs[0]->schema;
    const tide_window *window = &self->aggregate.window;
    uint32_t n_keys = self->aggregate.n_keys, n_aggs = self->aggregate.n_aggs;
    uint32_t n = n_keys + n_aggs + (window->kind == TIDE_WINDOW_NONE ? 0 : 3);
    self->schema = (tide_schema){ n, TIDE_NEW_N(arena, tide_field, n) };
    for (uint32_t i = 0; i < n_keys; i++)
        self->schema.fields[i] = in->fields[self->aggregate.keys[i]];
    for (uint32_t i = 0; i < n_aggs; i++) {
        const tide_agg_call *agg = &self->aggregate.aggs[i];
        bool counts = agg->kind == TIDE_AGG_COUNT || agg->kind == TIDE_AGG_COUNT_STAR;
        self->schema.fields[n_keys + i] = (tide_field){ agg->name, agg->result, counts };
    }
    if (window->kind == TIDE_WINDOW_NONE) return;
    uint32_t time =
        window->kind == TIDE_WINDOW_ATTACHED ? window->start_column : window->time_column;
    put_window_fields(self->schema.fields + n_keys + n_aggs, in->fields[time].type);
}
