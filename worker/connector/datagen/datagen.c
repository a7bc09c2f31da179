/* datagen.c - rows out of thin air, for trying things and for tests. Row r belongs to the stripe
 * r mod n, so that every stripe advances evenly and sequences come out whole. */
#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/core/nearest.h"
#include "worker/connector/connectors.h"
#include "worker/connector/datagen/field.h"
#include "worker/connector/generate.h"

typedef struct stripe {
    uint64_t row, step; /* The next row's number, and how far to the one behind it. */
    bool ended;
} stripe;

typedef struct datagen {
    const tide_source_args *args;
    tide_datagen_field *fields; /* By output column. */
    tide_builder builder;
    bool has_builder;
    uint64_t rows_total; /* UINT64_MAX: no end. */
    tide_pace pace;
    stripe *stripes;
    tide_stripe_walk walk;
    uint64_t rows[TIDE_BATCH_ROWS_MAX];
} datagen;

/* ---- the table ---- */

/* The column that an option 'fields.<column>.<what>' is about. */
static tide_status check_field_option(const tide_table *table, const tide_option *option)
{
    const char *name = option->key + strlen("fields.");
    size_t n = (size_t)(strrchr(option->key, '.') - name);
    tide_nearest near;
    char wanted[TIDE_NEAREST_LENGTH_MAX + 1];
    snprintf(wanted, sizeof wanted, "%.*s", (int)n, name);
    tide_nearest_init(&near, wanted);
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const tide_table_column *c = &table->columns[i];
        if (c->kind != TIDE_COLUMN_PHYSICAL) continue;
        if (strlen(c->name) == n && memcmp(c->name, name, n) == 0) return TIDE_OK;
        tide_nearest_try(&near, c->name);
    }
    const char *best = tide_nearest_best(&near);
    return tide_fail(TIDE_E_OPTION, "option '%s': there is no column %.*s%s%s%s", option->key,
                     (int)n, name, best ? "; did you mean " : "", best ? best : "",
                     best ? "?" : "");
}

static tide_status datagen_check(const tide_table *table, bool as_sink)
{
    (void)as_sink;
    for (uint32_t i = 0; i < table->n_options; i++)
        if (strncmp(table->options[i].key, "fields.", 7) == 0)
            TIDE_TRY(check_field_option(table, &table->options[i]));
    for (uint32_t i = 0; i < table->n_columns; i++) {
        tide_datagen_field field;
        if (table->columns[i].kind == TIDE_COLUMN_PHYSICAL)
            TIDE_TRY(tide_datagen_field_read(table, &table->columns[i], &field));
    }
    return TIDE_OK;
}

/* Sequences end the table whether their column is read or not. */
static uint64_t rows_of(const tide_table *table)
{
    uint64_t rows = UINT64_MAX;
    if (tide_option_has(table, tide_datagen_options, "number-of-rows"))
        rows = (uint64_t)tide_option_i64(table, tide_datagen_options, "number-of-rows");
    for (uint32_t i = 0; i < table->n_columns; i++) {
        tide_datagen_field field;
        if (table->columns[i].kind != TIDE_COLUMN_PHYSICAL) continue;
        tide_status rv = tide_datagen_field_read(table, &table->columns[i], &field);
        tide_assert(rv == TIDE_OK); /* datagen_check has seen it. */
        uint64_t n = tide_datagen_field_rows(&field);
        if (n < rows) rows = n;
    }
    return rows;
}

static bool datagen_is_bounded(const tide_table *table)
{
    return rows_of(table) != UINT64_MAX;
}

static tide_status datagen_discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    (void)scan;
    tide_generate_stripes(parallelism, out);
    return TIDE_OK;
}

/* ---- the source ---- */

static tide_status datagen_open(void *self_v, const tide_source_args *args)
{
    datagen *self = self_v;
    const tide_table *table = args->scan->scan.table;
    self->args = args;
    self->rows_total = rows_of(table);
    self->pace.rate = (uint64_t)tide_option_i64(table, tide_datagen_options, "rows-per-second");
    self->fields = tide_calloc(args->n_columns, sizeof *self->fields);
    tide_type *types = tide_calloc(args->n_columns, sizeof *types);
    for (uint32_t i = 0; i < args->n_columns; i++) {
        const tide_table_column *c = &table->columns[args->columns[i]];
        tide_status rv = tide_datagen_field_read(table, c, &self->fields[i]);
        tide_assert(rv == TIDE_OK);
        types[i] = c->type;
    }
    tide_builder_init(&self->builder, args->pool, types, args->n_columns, args->batch_rows_max);
    self->has_builder = true;
    tide_free(types);
    self->stripes = tide_calloc(args->n_splits, sizeof *self->stripes);
    for (uint32_t i = 0; i < args->n_splits; i++)
        self->stripes[i] = (stripe){ .row = args->splits[i]->start, .step = args->splits[i]->end };
    return TIDE_OK;
}

static void datagen_close(void *self_v)
{
    datagen *self = self_v;
    if (self->has_builder) tide_builder_fini(&self->builder);
    tide_free(self->stripes);
    tide_free(self->fields);
}

static tide_batch *make_batch(datagen *self, stripe *s, uint64_t due)
{
    uint32_t n = 0;
    for (; n < self->args->batch_rows_max && s->row < due; s->row += s->step)
        self->rows[n++] = s->row;
    for (uint32_t i = 0; i < self->args->n_columns; i++)
        tide_datagen_field_fill(&self->fields[i], self->rows, n, *self->args->wall_us,
                                &self->builder.cols[i]);
    self->builder.n = n;
    tide_batch *batch = tide_builder_finish(&self->builder);
    if (batch) batch->born_ns = *self->args->now_ns;
    return batch;
}

static tide_source_result poll_stripe(void *self_v, uint32_t i, uint64_t due,
                                      tide_source_poll *poll)
{
    datagen *self = self_v;
    stripe *s = &self->stripes[i];
    if (s->ended) return TIDE_SOURCE_NOTHING;
    poll->split = i;
    poll->batch = make_batch(self, s, due);
    if (poll->batch) return TIDE_SOURCE_BATCH;
    if (s->row >= self->rows_total) {
        s->ended = true;
        return TIDE_SOURCE_SPLIT_END;
    }
    int64_t next_ns = tide_pace_next_ns(&self->pace, *self->args->now_ns, s->row);
    if (poll->next_ns == 0 || next_ns < poll->next_ns) poll->next_ns = next_ns;
    return TIDE_SOURCE_NOTHING;
}

static tide_source_result datagen_poll(void *self_v, tide_source_poll *poll)
{
    datagen *self = self_v;
    const uint64_t due = tide_pace_due(&self->pace, *self->args->now_ns, self->rows_total);
    return tide_stripes_poll(&self->walk, self->args->n_splits, poll_stripe, self, due, poll);
}

static const tide_source_vt SOURCE = {
    .size = sizeof(datagen), .open = datagen_open, .poll = datagen_poll, .close = datagen_close
};

const tide_connector tide_connector_datagen = {
    .name = "datagen",
    .help = "Random and sequential values of every type",
    .options = tide_datagen_options,
    .check = datagen_check,
    .is_bounded = datagen_is_bounded,
    .discover = datagen_discover,
    .source = &SOURCE,
};
