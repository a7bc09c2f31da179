/* values.c - the rows of a VALUES clause as a feed. */
#include "base/core/assert.h"
#include "worker/core/source.h"

typedef enum values_state { VALUES_ROWS, VALUES_WATERMARK, VALUES_END, VALUES_OVER } values_state;

typedef struct values_feed {
    tide_feed feed;
    const tide_node *node;
    tide_builder builder;
    uint32_t next_row;
    values_state state;
    bool stopped;
} values_feed;

static bool next_batch(values_feed *self, tide_elem *out)
{
    tide_builder *b = &self->builder;
    uint32_t n_rows = self->node->values.n_rows, n_cols = self->node->schema.n;
    for (; self->next_row < n_rows && !tide_builder_full(b); self->next_row++, b->n++)
        for (uint32_t c = 0; c < n_cols; c++)
            tide_colb_put_value(&b->cols[c], b->n, &self->node->values.rows[self->next_row][c]);
    *out = (tide_elem){ .kind = TIDE_ELEM_BATCH, .batch = tide_builder_finish(b) };
    return out->batch != NULL;
}

static tide_feed_result values_next(tide_feed *feed, tide_elem *out, int64_t *next_ns)
{
    (void)next_ns;
    values_feed *self = (values_feed *)feed;
    switch (self->state) {
    case VALUES_ROWS:
        if (!self->stopped && next_batch(self, out)) return TIDE_FEED_ELEM;
        self->state = VALUES_WATERMARK;
        /* fall through */
    case VALUES_WATERMARK:
        self->state = VALUES_END;
        if (!self->stopped) {
            *out = (tide_elem){ .kind = TIDE_ELEM_WATERMARK, .watermark = TIDE_WATERMARK_MAX };
            return TIDE_FEED_ELEM;
        }
        /* fall through */
    case VALUES_END:
        self->state = VALUES_OVER;
        *out = (tide_elem){ .kind = TIDE_ELEM_END, .drained = !self->stopped };
        return TIDE_FEED_ELEM;
    case VALUES_OVER: break;
    }
    return TIDE_FEED_END;
}

static void values_stop(tide_feed *feed)
{
    ((values_feed *)feed)->stopped = true;
}

static void values_free(tide_feed **feed_p)
{
    values_feed *self = (values_feed *)*feed_p;
    tide_builder_fini(&self->builder);
    tide_free(self);
    *feed_p = NULL;
}

tide_status tide_values_feed_new(const tide_node *node, const tide_op_env *env, tide_feed **out)
{
    tide_assert(node->kind == TIDE_NODE_VALUES);
    values_feed *self = tide_calloc(1, sizeof *self);
    self->feed = (tide_feed){ values_next, values_stop, values_free };
    self->node = node;
    if (env->subtask != 0) self->next_row = node->values.n_rows;
    tide_type *types = tide_calloc(node->schema.n, sizeof *types);
    for (uint32_t i = 0; i < node->schema.n; i++) types[i] = node->schema.fields[i].type;
    tide_builder_init(&self->builder, env->pool, types, node->schema.n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
    *out = &self->feed;
    return TIDE_OK;
}
