/* harness_io.c - rows as CSV texts in and out of a job under test. */
#include <string.h>
#include <strings.h>

#include "base/core/mem.h"
#include "cli/driver/harness_priv.h"

/* ---- in ---- */
typedef struct tide_harness_source {
    tide_source_args args;
    tide_harness_io *io;
    tide_decoder *decoder;
    tide_builder builder;
    tide_batch **rows; /* Fed and not polled yet. */
    uint32_t n_rows, cap_rows, next_row;
    bool split_ended;
} source;

/* The table's physical and metadata columns, in order: what a record has. */
static tide_schema record_schema(const tide_table *table, uint32_t *position)
{
    tide_schema schema = { 0, tide_calloc(table->n_columns, sizeof(tide_field)) };
    for (uint32_t c = 0; c < table->n_columns; c++) {
        const tide_table_column *column = &table->columns[c];
        position[c] = schema.n;
        if (column->kind == TIDE_COLUMN_COMPUTED) continue;
        schema.fields[schema.n++] = (tide_field){ .name = column->name,
                                                  .type = column->type,
                                                  .not_null = column->not_null };
    }
    return schema;
}

static tide_status source_open(void *self_v, const tide_source_args *args)
{
    source *self = self_v;
    self->args = *args;
    self->io = args->hook;
    const tide_table *table = args->scan->scan.table;
    uint32_t *position = tide_calloc(table->n_columns, sizeof *position);
    uint32_t *wanted = tide_calloc(args->n_columns, sizeof *wanted);
    tide_type *types = tide_calloc(args->n_columns, sizeof *types);
    tide_schema schema = record_schema(table, position);
    for (uint32_t i = 0; i < args->n_columns; i++) {
        wanted[i] = position[args->columns[i]];
        types[i] = table->columns[args->columns[i]].type;
    }
    tide_status rv = tide_format_find("csv")->decoder_new(&schema, wanted, args->n_columns, NULL, 0,
                                                          &self->decoder);
    if (rv == TIDE_OK) {
        tide_builder_init(&self->builder, args->pool, types, args->n_columns, TIDE_BATCH_ROWS_MAX);
        TIDE_GROW(self->io->sources, self->io->n_sources, self->io->cap_sources);
        self->io->sources[self->io->n_sources++] = self;
    }
    tide_free(schema.fields);
    tide_free(position);
    tide_free(wanted);
    tide_free(types);
    return rv;
}

static tide_source_result source_poll(void *self_v, tide_source_poll *poll)
{
    source *self = self_v;
    if (self->next_row < self->n_rows) {
        poll->batch = self->rows[self->next_row++];
        return TIDE_SOURCE_BATCH;
    }
    self->n_rows = self->next_row = 0;
    if (!self->io->ended) return TIDE_SOURCE_NOTHING;
    if (self->split_ended) return TIDE_SOURCE_END;
    self->split_ended = true;
    return TIDE_SOURCE_SPLIT_END;
}

static void source_close(void *self_v)
{
    source *self = self_v;
    tide_harness_io *io = self->io;
    for (uint32_t i = 0; i < io->n_sources; i++)
        if (io->sources[i] == self) io->sources[i] = io->sources[--io->n_sources];
    for (uint32_t i = self->next_row; i < self->n_rows; i++) tide_batch_unref(&self->rows[i]);
    tide_free(self->rows);
    tide_builder_fini(&self->builder);
    tide_format_find("csv")->decoder_free(&self->decoder);
}

static tide_status decode(source *self, const char *csv)
{
    size_t n = strlen(csv);
    uint8_t *padded = tide_calloc(1, n + TIDE_BUF_PADDING);
    memcpy(padded, csv, n);
    tide_decode_errors errors = { 0 };
    tide_status rv =
        tide_format_find("csv")->decode_one(self->decoder, padded, n, 0, &self->builder, &errors);
    if (rv == TIDE_OK && errors.n)
        rv = tide_fail(TIDE_E_DATA, "table %s, row %s: %s", self->args.scan->scan.table->name, csv,
                       errors.items[0].text);
    tide_batch *row = tide_builder_finish(&self->builder);
    if (row) {
        TIDE_GROW(self->rows, self->n_rows, self->cap_rows);
        self->rows[self->n_rows++] = row;
    }
    tide_decode_errors_fini(&errors);
    tide_free(padded);
    return rv;
}

tide_status tide_harness_feed(tide_harness_io *self, const char *table, const char *csv)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_sources; i++) {
        if (strcasecmp(self->sources[i]->args.scan->scan.table->name, table) != 0) continue;
        n++;
        TIDE_TRY(decode(self->sources[i], csv));
    }
    return n ? TIDE_OK : tide_fail(TIDE_E_NOT_FOUND, "the job does not read a table %s", table);
}

/* ---- out ---- */
typedef struct sink {
    tide_harness_io *io;
    uint32_t output; /* Its index; the array may move. */
    tide_encoder *encoder;
} sink;

static bool is_named(const tide_harness_output *output, const char *table)
{
    if (table == NULL || output->table == NULL) return table == NULL && output->table == NULL;
    return strcasecmp(output->table, table) == 0;
}

static uint32_t output_index(tide_harness_io *self, const char *table)
{
    for (uint32_t i = 0; i < self->n_outputs; i++)
        if (is_named(&self->outputs[i], table)) return i;
    TIDE_GROW(self->outputs, self->n_outputs, self->cap_outputs);
    self->outputs[self->n_outputs] = (tide_harness_output){ .table = table };
    return self->n_outputs++;
}

static tide_status sink_open(void *self_v, const tide_sink_args *args)
{
    sink *self = self_v;
    self->io = args->hook;
    self->output = output_index(self->io, args->table ? args->table->name : NULL);
    return tide_format_find("csv")->encoder_new(args->schema, NULL, 0, &self->encoder);
}

static tide_sink_result sink_write(void *self_v, tide_batch **in_p)
{
    static const char *const marks[] = { "+I,", "-U,", "+U,", "-D," };
    sink *self = self_v;
    tide_bytes *text = &self->io->outputs[self->output].text;
    for (uint32_t k = 0; k < (*in_p)->n_rows; k++) {
        if ((*in_p)->change)
            tide_bytes_puts(text, marks[tide_batch_change(*in_p, tide_batch_phys(*in_p, k))]);
        if (tide_format_find("csv")->encode(self->encoder, *in_p, k, 1, true, text, NULL) !=
            TIDE_OK)
            return TIDE_SINK_FAILED;
    }
    tide_batch_unref(in_p);
    return TIDE_SINK_DONE;
}

static void sink_close(void *self_v)
{
    tide_format_find("csv")->encoder_free(&((sink *)self_v)->encoder);
}

const char *tide_harness_take(tide_harness_io *self, const char *table)
{
    for (uint32_t i = 0; i < self->n_outputs; i++) {
        tide_harness_output *o = &self->outputs[i];
        if (!is_named(o, table)) continue;
        tide_bytes_fini(&o->taken);
        o->taken = o->text;
        o->text = (tide_bytes){ 0 };
        return tide_bytes_text(&o->taken);
    }
    return "";
}

void tide_harness_io_fini(tide_harness_io *self)
{
    for (uint32_t i = 0; i < self->n_outputs; i++) {
        tide_bytes_fini(&self->outputs[i].text);
        tide_bytes_fini(&self->outputs[i].taken);
    }
    tide_free(self->outputs);
    tide_free(self->sources);
}

/* ---- the connector ---- */
static tide_status discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    (void)parallelism;
    tide_splits_add(out, scan->scan.table->name, 0, 0, 0);
    return TIDE_OK;
}

static const tide_source_vt source_vt = {
    .size = sizeof(source), .open = source_open, .poll = source_poll, .close = source_close
};
static const tide_sink_vt sink_vt = {
    .size = sizeof(sink), .open = sink_open, .write = sink_write, .close = sink_close
};

const tide_connector tide_harness_connector = { .name = "harness",
                                                .takes_changes = true,
                                                .discover = discover,
                                                .source = &source_vt,
                                                .sink = &sink_vt };
