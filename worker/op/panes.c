/* panes.c - see panes.h. */
#include "worker/op/panes.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/core/mem.h"

#define NAME_MAX_BYTES 64

static tide_status open_pane(tide_panes *self, tide_span span, uint32_t *out);

tide_status tide_panes_open(tide_panes *self, tide_state_set *state, const tide_op_keys *keys,
                            const tide_op_aggs *aggs, const tide_op_distinct *distinct)
{
    self->state = state;
    self->keys = keys;
    self->aggs = aggs;
    self->distinct = distinct;
    uint32_t n = tide_state_set_count(state), i;
    for (uint32_t t = 0; t < n; t++) {
        const char *name = tide_state_set_name(state, t);
        tide_span span;
        int used = 0;
        int items = sscanf(name, "pane %" SCNd64 " %" SCNd64 "%n", &span.start, &span.end, &used);
        if (items != 2 || name[used] == '/') continue; /* '/': a pane's distinct set. */
        if (name[used] != '\0' || span.end <= span.start)
            return tide_fail(TIDE_E_CORRUPT, "state table \"%.40s\" is not a pane", name);
        TIDE_TRY(open_pane(self, span, &i));
    }
    return TIDE_OK;
}

void tide_panes_close(tide_panes *self)
{
    for (uint32_t i = 0; i < self->n; i++) tide_free(self->items[i].sets);
    tide_free(self->items);
    *self = (tide_panes){ 0 };
}

/* The first pane that is not before the span. */
static uint32_t place_of(const tide_panes *self, tide_span span)
{
    uint32_t i = self->n; /* From the end: most rows are new. */
    while (i > 0) {
        tide_span s = self->items[i - 1].span;
        if (s.end < span.end || (s.end == span.end && s.start < span.start)) break;
        i--;
    }
    return i;
}

tide_status tide_panes_get(tide_panes *self, tide_span span, uint32_t *out)
{
    uint32_t i = place_of(self, span);
    if (i < self->n && self->items[i].span.start == span.start &&
        self->items[i].span.end == span.end) {
        *out = i;
        return TIDE_OK;
    }
    return open_pane(self, span, out);
}

static tide_status open_pane(tide_panes *self, tide_span span, uint32_t *out)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "pane %" PRId64 " %" PRId64, span.start, span.end);
    tide_table_spec spec = { .name = name,
                             .key = &self->keys->spec,
                             .value_bytes = self->aggs->value_bytes,
                             .owned = self->aggs->owned,
                             .n_owned = self->aggs->n_owned };
    tide_pane pane = { .span = span };
    TIDE_TRY(tide_state_set_open(self->state, &spec, &pane.table));
    pane.sets = tide_calloc(self->distinct->n + 1, sizeof *pane.sets);
    tide_status rv = tide_op_distinct_tables(self->distinct, self->state, name, pane.sets);
    if (rv != TIDE_OK) {
        tide_free(pane.sets);
        return rv;
    }
    uint32_t i = place_of(self, span);
    TIDE_GROW(self->items, self->n, self->cap);
    memmove(self->items + i + 1, self->items + i, (self->n - i) * sizeof *self->items);
    self->items[i] = pane;
    self->n++;
    *out = i;
    return TIDE_OK;
}

void tide_panes_drop(tide_panes *self, uint32_t i)
{
    tide_pane *pane = &self->items[i];
    for (uint32_t s = 0; s < self->distinct->n; s++)
        tide_state_set_drop(self->state, &pane->sets[s]);
    tide_state_set_drop(self->state, &pane->table);
    tide_free(pane->sets);
    self->n--;
    memmove(self->items + i, self->items + i + 1, (self->n - i) * sizeof *self->items);
}
