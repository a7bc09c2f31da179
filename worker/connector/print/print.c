/* print.c - a sink that writes rows for people and for pipes. */
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/connector/connectors.h"
#include "worker/connector/options.h"
#include "worker/connector/print/layout.h"
#include "worker/connector/print/output.h"
#include "worker/connector/print/rows.h"

#define LAYOUT_ROWS_MAX 1000u /* Rows whose widths are known before the first is printed. */
#define CHUNK_BYTES 65536u    /* Collected rows are put in chunks of about this size. */

static const tide_option_def OPTIONS[] = {
    { "standard-error", "false", "Write to standard error", "boolean" },
    { "print.format", NULL, "How rows are written; unset: as the run's output",
      "enum(table|csv|json|jsonl)" },
    { NULL, NULL, NULL, NULL },
};

/* What finish has done so far. */
typedef enum print_stage { PRINT_OPEN, PRINT_ROWS, PRINT_LEFT } print_stage;

typedef struct print {
    const tide_sink_args *args;
    tide_output *out;
    bool owns_out, entered;
    tide_output_format format;
    bool with_op;                   /* Rows begin with their change. */
    tide_schema schema;             /* What is printed: the input's, with the column "op". */
    const tide_format *text_format; /* NULL: a table. */
    tide_encoder *encoder;
    tide_layout layout;
    tide_rows *rows; /* Collects an updating result. NULL: rows are printed as they come. */
    tide_rows_cursor cursor;
    tide_bytes chunk; /* Rendered, not yet accepted by the output. */
    uint64_t chunk_rows;
    tide_bytes record; /* Scratch. */
    size_t *ends;      /* Scratch. */
    tide_col **cols;   /* Scratch. */
    uint64_t n_rows;   /* Printed. */
    bool header_asked;
    print_stage stage;
} print;

/* ---- opening ---- */

static tide_output_format format_of(const tide_sink_args *args)
{
    int32_t own = args->table ? tide_option_enum(args->table, OPTIONS, "print.format") : -1;
    if (own >= 0) return (tide_output_format)own;
    return args->output ? tide_output_format_of(args->output) : TIDE_OUTPUT_JSONL;
}

static void choose_output(print *self, const tide_sink_args *args)
{
    bool to_stderr = args->table && tide_option_bool(args->table, OPTIONS, "standard-error");
    bool changelog = args->output ? tide_output_has_changelog(args->output) : args->updating;
    self->format = format_of(args);
    self->out = args->output;
    if (self->out && !to_stderr && tide_output_format_of(self->out) == self->format) return;
    self->out = tide_output_new(to_stderr ? STDERR_FILENO : STDOUT_FILENO, self->format, changelog);
    self->owns_out = true;
}

static void make_schema(print *self, const tide_schema *input)
{
    uint32_t n = 0;
    self->schema.fields = tide_calloc(input->n + 1u, sizeof *self->schema.fields);
    if (self->with_op)
        self->schema.fields[n++] =
            (tide_field){ .name = "op", .type = tide_type_of(TIDE_TYPE_STRING), .not_null = true };
    for (uint32_t i = 0; i < input->n; i++) self->schema.fields[n++] = input->fields[i];
    self->schema.n = n;
}

static void print_close(void *self_v)
{
    print *self = self_v;
    if (self->entered) tide_output_forget(self->out, self->args->waker);
    if (self->entered && self->stage != PRINT_LEFT) tide_output_leave(self->out, false);
    if (self->owns_out) tide_output_free(&self->out);
    if (self->encoder) self->text_format->encoder_free(&self->encoder);
    if (self->format == TIDE_OUTPUT_TABLE) tide_layout_fini(&self->layout);
    tide_rows_free(&self->rows);
    tide_bytes_fini(&self->chunk);
    tide_bytes_fini(&self->record);
    tide_free(self->ends);
    tide_free(self->cols);
    tide_free(self->schema.fields);
}

static tide_status print_open(void *self_v, const tide_sink_args *args)
{
    print *self = self_v;
    self->args = args;
    choose_output(self, args);
    self->with_op = tide_output_has_changelog(self->out);
    make_schema(self, args->schema);
    if (args->updating && !self->with_op) self->rows = tide_rows_new();
    self->ends = tide_calloc(TIDE_BATCH_ROWS_MAX, sizeof *self->ends);
    self->cols = tide_calloc(self->schema.n, sizeof(tide_col *));
    tide_output_enter(self->out);
    self->entered = true;
    if (self->format == TIDE_OUTPUT_TABLE) {
        tide_layout_init(&self->layout, &self->schema);
        return TIDE_OK;
    }
    self->text_format = tide_format_find(self->format == TIDE_OUTPUT_CSV ? "csv" : "json");
    tide_assert(self->text_format != NULL);
    /* An option of CSV; the others let it be. */
    static const tide_format_option header = { "csv.header", "true" };
    return self->text_format->encoder_new(&self->schema, &header, 1, &self->encoder);
}

/* ---- chunks ---- */

static tide_sink_result sink_result(tide_output_result result)
{
    switch (result) {
    case TIDE_OUTPUT_DONE: return TIDE_SINK_DONE;
    case TIDE_OUTPUT_AGAIN: return TIDE_SINK_AGAIN;
    case TIDE_OUTPUT_FAILED: break;
    }
    return TIDE_SINK_FAILED;
}

static tide_sink_result put_chunk(print *self)
{
    if (self->chunk.n == 0) return TIDE_SINK_DONE;
    tide_output_result r = tide_output_put(self->out, self->args->waker, self->chunk.p,
                                           self->chunk.n, self->chunk_rows);
    if (r != TIDE_OUTPUT_DONE) return sink_result(r);
    self->n_rows += self->chunk_rows;
    self->chunk.n = 0;
    self->chunk_rows = 0;
    return TIDE_SINK_DONE;
}

/* The sinks of a table share a header. Bare SELECTs have columns of their own, and one subtask. */
static bool claim_header(print *self)
{
    if (self->header_asked) return false;
    self->header_asked = true;
    const tide_table *table = self->args->table;
    return table == NULL || tide_output_claim_header(self->out, table->name);
}

/* Moves laid out rows into the chunk; the header comes first, from whoever prints this table
 * first. */
static void flush_layout(print *self)
{
    self->chunk_rows += self->layout.n_records;
    tide_layout_flush(&self->layout, claim_header(self), &self->chunk);
}

static tide_status put_csv_header(print *self)
{
    if (self->format != TIDE_OUTPUT_CSV || !claim_header(self)) return TIDE_OK;
    return self->text_format->encode_header(self->encoder, &self->chunk);
}

/* One record, as rows.h keeps it and encoders make it, without a newline. */
static void add_record(print *self, const char *record, size_t n)
{
    if (self->format == TIDE_OUTPUT_TABLE) {
        tide_layout_add(&self->layout, record, n);
        return;
    }
    bool joined = self->format == TIDE_OUTPUT_JSON;
    if (joined && self->chunk_rows) tide_bytes_puts(&self->chunk, ",\n");
    tide_bytes_put(&self->chunk, record, n);
    if (!joined) tide_bytes_putc(&self->chunk, '\n');
    self->chunk_rows++;
}

/* ---- rows ---- */

/* The batch with its changes as a first column of text. */
static tide_batch *with_op_column(print *self, tide_batch *in)
{
    static const char names[4][3] = { "+I", "-U", "+U", "-D" };
    void *values;
    tide_pool *pool = self->args->pool;
    tide_assert(in->n_cols + 1 == self->schema.n);
    self->cols[0] =
        tide_col_new(pool, self->schema.fields[0].type, in->n_phys, &values, false, NULL);
    for (uint32_t i = 0; i < in->n_phys; i++) {
        tide_view v = { .len = 2 };
        memcpy(v.inline_, names[tide_batch_change(in, i)], 2);
        ((tide_view *)values)[i] = v;
    }
    for (uint32_t i = 0; i < in->n_cols; i++) self->cols[i + 1] = tide_col_ref(in->cols[i]);
    return tide_batch_with_cols(pool, in, self->cols, in->n_cols + 1);
}

/* All records of a batch one behind the other in self->record, with their ends. */
static tide_status make_records(print *self, const tide_batch *in)
{
    self->record.n = 0;
    if (self->text_format)
        return self->text_format->encode(self->encoder, in, 0, in->n_rows, false, &self->record,
                                         self->ends);
    for (uint32_t k = 0; k < in->n_rows; k++) {
        tide_layout_record(in, tide_batch_phys(in, k), &self->record);
        self->ends[k] = self->record.n;
    }
    return TIDE_OK;
}

static tide_status take_record(print *self, tide_change change, const char *record, size_t n)
{
    bool retracts = tide_change_is_retraction((int8_t)change);
    if (self->rows)
        return retracts ? tide_rows_remove(self->rows, record, n)
                        : tide_rows_add(self->rows, record, n);
    if (retracts && !self->with_op)
        return tide_fail(TIDE_E_INTERNAL, "a result that was declared append-only retracts a row");
    add_record(self, record, n);
    return TIDE_OK;
}

static tide_status take_batch(print *self, const tide_batch *in)
{
    TIDE_TRY(put_csv_header(self));
    TIDE_TRY(make_records(self, in));
    for (uint32_t k = 0, at = 0; k < in->n_rows; k++) {
        tide_change change = tide_batch_change(in, tide_batch_phys(in, k));
        TIDE_TRY(take_record(self, change, self->record.p + at, self->ends[k] - at));
        at = (uint32_t)self->ends[k];
    }
    return TIDE_OK;
}

static tide_sink_result print_write(void *self_v, tide_batch **in_p)
{
    print *self = self_v;
    tide_sink_result r = put_chunk(self); /* What the output refused last time. */
    if (r != TIDE_SINK_DONE) return r;
    tide_status rv;
    if (self->with_op) {
        tide_batch *in = with_op_column(self, *in_p);
        rv = take_batch(self, in);
        tide_batch_unref(&in);
    } else {
        rv = take_batch(self, *in_p);
    }
    if (rv != TIDE_OK) return TIDE_SINK_FAILED;
    tide_batch_unref(in_p);
    if (self->layout.n_records >= LAYOUT_ROWS_MAX) flush_layout(self);
    return put_chunk(self) == TIDE_SINK_FAILED ? TIDE_SINK_FAILED : TIDE_SINK_DONE;
}

static tide_sink_result print_flush(void *self_v)
{
    print *self = self_v;
    tide_sink_result r = put_chunk(self);
    if (r != TIDE_SINK_DONE) return r;
    if (self->layout.n_records) flush_layout(self);
    return put_chunk(self);
}

/* ---- the end ---- */

/* All widths are known before the first row of a collected table is printed. */
static void measure_collected(print *self)
{
    tide_rows_cursor cursor = { 0 };
    const char *record;
    size_t n;
    while (tide_rows_next(self->rows, &cursor, &record, &n))
        tide_layout_measure(&self->layout, record);
}

/* Prints what was collected, a chunk at a time. */
static tide_sink_result print_collected(print *self)
{
    if (self->format == TIDE_OUTPUT_TABLE && !self->header_asked) measure_collected(self);
    for (;;) {
        tide_sink_result r = put_chunk(self);
        if (r != TIDE_SINK_DONE) return r;
        const char *record;
        size_t n;
        bool more = false;
        while (self->chunk.n + self->layout.records.n < CHUNK_BYTES &&
               (more = tide_rows_next(self->rows, &self->cursor, &record, &n)))
            add_record(self, record, n);
        if (!more) return TIDE_SINK_DONE;
        if (self->layout.n_records) flush_layout(self);
    }
}

static tide_sink_result print_finish(void *self_v)
{
    print *self = self_v;
    tide_sink_result r;
    if (self->stage == PRINT_OPEN) {
        if (put_csv_header(self) != TIDE_OK) return TIDE_SINK_FAILED;
        if (self->rows && (r = print_collected(self)) != TIDE_SINK_DONE) return r;
        if ((r = put_chunk(self)) != TIDE_SINK_DONE) return r;
        if (self->format == TIDE_OUTPUT_TABLE) {
            flush_layout(self); /* A table without rows has a header too. */
            uint64_t n = self->n_rows + self->chunk_rows;
            if (self->args->parallelism == 1)
                tide_bytes_printf(&self->chunk, "(%llu row%s)\n", (unsigned long long)n,
                                  n == 1 ? "" : "s");
        }
        self->stage = PRINT_ROWS;
    }
    if ((r = put_chunk(self)) != TIDE_SINK_DONE) return r;
    if (self->stage == PRINT_ROWS) tide_output_leave(self->out, true);
    self->stage = PRINT_LEFT;
    return sink_result(tide_output_drain(self->out, self->args->waker));
}

static const tide_sink_vt SINK = { .size = sizeof(print),
                                   .open = print_open,
                                   .write = print_write,
                                   .flush = print_flush,
                                   .finish = print_finish,
                                   .close = print_close };

const tide_connector tide_connector_print = {
    .name = "print",
    .help = "Writes rows to standard output or standard error",
    .options = OPTIONS,
    .takes_changes = true,
    .sink = &SINK,
};
