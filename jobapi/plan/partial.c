/* partial.c - see partial.h. */
#include "jobapi/plan/partial.h"

#include "base/core/assert.h"

static uint32_t add_fields(tide_arena *arena, const tide_node *aggregate, tide_field *fields);
static tide_agg init_agg(const tide_node *aggregate, uint32_t i);

bool tide_partial_fits(const tide_node *aggregate)
{
    tide_assert(aggregate->kind == TIDE_NODE_AGGREGATE);
    if (aggregate->inputs[0]->updating || aggregate->aggregate.late ||
        aggregate->aggregate.window.kind == TIDE_WINDOW_ATTACHED)
        return false;
    for (uint32_t i = 0; i < aggregate->aggregate.n_aggs; i++) {
        const tide_agg_call *call = &aggregate->aggregate.aggs[i];
        if (call->distinct || call->kind == TIDE_AGG_USER) return false;
    }
    return true;
}

tide_node *tide_node_partial(tide_arena *arena, const tide_node *aggregate)
{
    tide_assert(tide_partial_fits(aggregate));
    tide_node *self = TIDE_NEW(arena, tide_node);
    *self = *aggregate->inputs[0]; /* What it passes on promises the same. */
    self->kind = TIDE_NODE_PARTIAL;
    self->n_inputs = 1;
    self->inputs = aggregate->inputs;
    self->uid = NULL;
    self->pos = aggregate->pos;
    self->partial.of = aggregate;
    uint32_t n = add_fields(arena, aggregate, NULL);
    self->partial.rows = (tide_schema){ .n = n, .fields = TIDE_NEW_N(arena, tide_field, n) };
    add_fields(arena, aggregate, self->partial.rows.fields);
    return self;
}

tide_partial_columns tide_partial_columns_of(const tide_node *aggregate)
{
    uint32_t n_keys = aggregate->aggregate.n_keys;
    bool windowed = aggregate->aggregate.window.kind != TIDE_WINDOW_NONE;
    return (tide_partial_columns){ .first = n_keys,
                                   .last = n_keys + 1,
                                   .rows = n_keys + 2,
                                   .states = windowed ? n_keys + 3 : n_keys };
}

uint32_t tide_partial_width(const tide_agg *agg)
{
    if (agg->kind == TIDE_AGG_MIN || agg->kind == TIDE_AGG_MAX) return 1;
    return agg->state_bytes / (uint32_t)sizeof(int64_t);
}

/* Writes the fields, unless `fields` is NULL; returns how many there are. */
static uint32_t add_fields(tide_arena *arena, const tide_node *aggregate, tide_field *fields)
{
    const tide_schema *in = &aggregate->inputs[0]->schema;
    const tide_window *window = &aggregate->aggregate.window;
    const tide_type word = tide_type_of(TIDE_TYPE_BIGINT);
    tide_partial_columns at = tide_partial_columns_of(aggregate);
    uint32_t n = at.states;
    for (uint32_t i = 0; fields && i < aggregate->aggregate.n_keys; i++)
        fields[i] = in->fields[aggregate->aggregate.keys[i]];
    if (fields && window->kind != TIDE_WINDOW_NONE) {
        tide_type time = in->fields[window->time_column].type;
        fields[at.first] = (tide_field){ "first", time, true };
        fields[at.last] = (tide_field){ "last", time, true };
        fields[at.rows] = (tide_field){ "rows", word, true };
    }
    for (uint32_t i = 0; i < aggregate->aggregate.n_aggs; i++) {
        const char *name = aggregate->aggregate.aggs[i].name;
        tide_agg agg = init_agg(aggregate, i);
        bool value = agg.kind == TIDE_AGG_MIN || agg.kind == TIDE_AGG_MAX;
        for (uint32_t w = 0; w < tide_partial_width(&agg); w++, n++) {
            if (!fields) continue;
            fields[n] = (tide_field){ .name = w ? tide_arena_printf(arena, "%s.%u", name, w) : name,
                                      .type = value ? agg.result : word,
                                      .not_null = !value };
        }
    }
    return n;
}

static tide_agg init_agg(const tide_node *aggregate, uint32_t i)
{
    const tide_agg_call *call = &aggregate->aggregate.aggs[i];
    tide_type arg = call->arg < 0 ? tide_type_of(TIDE_TYPE_NULL)
                                  : aggregate->inputs[0]->schema.fields[call->arg].type;
    tide_agg agg;
    tide_status rv = tide_agg_init(&agg, call->kind, arg);
    tide_assert(rv == TIDE_OK); /* The call was resolved. */
    return agg;
}
