/* reader.c - three builders (value, key, metadata) in step, put together as the scan wants them. */
#include "worker/connector/kafka/reader.h"

#include <inttypes.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

/* Which builder an output column comes from. */
typedef enum part_kind { PART_VALUE, PART_KEY, PART_META, PART_COUNT } part_kind;

typedef struct part {
    uint32_t n; /* Columns. */
    tide_type *types;
    uint32_t *fields; /* Value, key: index in the record's schema. Metadata: which. */
    tide_builder builder;
    bool has_builder;
    tide_table_format format;
    tide_decoder *decoder;
} part;

typedef struct output_column {
    part_kind part;
    uint32_t column;
} output_column;

/* What is kept of a record until its row is made. */
typedef struct record {
    int64_t offset, timestamp_ms;
    const char *timestamp_type;
    size_t value_end, key_at, headers_at;
    uint32_t key_len, headers_len; /* UINT32_MAX: absent. */
} record;

#define ABSENT UINT32_MAX

struct tide_kafka_reader {
    const tide_source_args *args;
    tide_arena *arena;
    tide_on_error on_error;
    part parts[PART_COUNT];
    output_column *columns; /* By output column. */
    tide_col **cols;        /* Scratch. */
    bool wants_key, wants_headers, needs_value, by_block;
    uint32_t n_records;
    record records[TIDE_BATCH_ROWS_MAX];
    tide_bytes values, texts; /* Payloads; keys and headers. */
    uint32_t n_bad;           /* Records refused before decoding. */
    tide_decode_errors errors;
    uint16_t rows[TIDE_BATCH_ROWS_MAX]; /* Row to record. */
    uint16_t kept[TIDE_BATCH_ROWS_MAX]; /* Rows whose key is good. */
};

/* ---- making a reader ---- */

static void part_add(tide_kafka_reader *self, part_kind kind, uint32_t field, tide_type type,
                     uint32_t out)
{
    part *p = &self->parts[kind];
    p->fields[p->n] = field;
    p->types[p->n] = type;
    self->columns[out] = (output_column){ .part = kind, .column = p->n++ };
}

static int32_t index_of(const uint32_t *list, uint32_t n, uint32_t wanted)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == wanted) return (int32_t)i;
    return -1;
}

/* A column in both key and value is read from the value. */
static void assign_columns(tide_kafka_reader *self, const tide_kafka_columns *roles)
{
    const tide_table *table = self->args->scan->scan.table;
    for (uint32_t i = 0; i < self->args->n_columns; i++) {
        uint32_t column = self->args->columns[i];
        const tide_table_column *c = &table->columns[column];
        int32_t in_value = index_of(roles->value, roles->n_value, column);
        int32_t in_key = index_of(roles->key, roles->n_key, column);
        if (c->kind == TIDE_COLUMN_METADATA) {
            int32_t which = tide_kafka_metadata_find(c->metadata);
            self->wants_headers |= which == TIDE_KAFKA_META_HEADERS;
            self->wants_key |= which == TIDE_KAFKA_META_KEY;
            part_add(self, PART_META, (uint32_t)which, c->type, i);
        } else if (in_value >= 0) {
            part_add(self, PART_VALUE, (uint32_t)in_value, c->type, i);
        } else {
            tide_assert(in_key >= 0);
            self->wants_key = true;
            part_add(self, PART_KEY, (uint32_t)in_key, c->type, i);
        }
    }
    self->needs_value = self->parts[PART_VALUE].n > 0 || roles->n_value > 0;
}

static tide_status open_decoder(tide_kafka_reader *self, part_kind kind, const char *role,
                                const uint32_t *columns, uint32_t n_columns)
{
    part *p = &self->parts[kind];
    const tide_table *table = self->args->scan->scan.table;
    tide_schema *schema = TIDE_NEW(self->arena, tide_schema);
    *schema = tide_kafka_schema(table, columns, n_columns, self->arena);
    TIDE_TRY(tide_table_format_of(table, role, self->arena, &p->format));
    tide_assert(p->format.format != NULL); /* The table was checked. */
    return p->format.format->decoder_new(schema, p->fields, p->n, p->format.options,
                                         p->format.n_options, &p->decoder);
}

static tide_status open_parts(tide_kafka_reader *self)
{
    const tide_table *table = self->args->scan->scan.table;
    tide_kafka_columns roles = tide_kafka_columns_of(table, self->arena);
    for (uint32_t k = 0; k < PART_COUNT; k++) {
        self->parts[k].types = TIDE_NEW_N(self->arena, tide_type, self->args->n_columns + 1);
        self->parts[k].fields = TIDE_NEW_N(self->arena, uint32_t, self->args->n_columns + 1);
    }
    self->columns = TIDE_NEW_N(self->arena, output_column, self->args->n_columns + 1);
    self->cols = TIDE_NEW_N(self->arena, tide_col *, self->args->n_columns + 1);
    assign_columns(self, &roles);
    for (uint32_t k = 0; k < PART_COUNT; k++) {
        part *p = &self->parts[k];
        tide_builder_init(&p->builder, self->args->pool, p->types, p->n, TIDE_BATCH_ROWS_MAX);
        p->has_builder = true;
    }
    if (self->needs_value)
        TIDE_TRY(open_decoder(self, PART_VALUE, "value", roles.value, roles.n_value));
    if (self->parts[PART_KEY].n > 0)
        TIDE_TRY(open_decoder(self, PART_KEY, "key", roles.key, roles.n_key));
    const tide_format *format = self->parts[PART_VALUE].format.format;
    self->by_block = format && strcmp(format->name, "json") == 0;
    return TIDE_OK;
}

tide_status tide_kafka_reader_new(const tide_source_args *args, tide_kafka_reader **out)
{
    tide_kafka_reader *self = tide_calloc(1, sizeof *self);
    self->args = args;
    self->arena = tide_arena_new();
    self->on_error = tide_table_on_error(args->scan->scan.table);
    tide_status rv = open_parts(self);
    if (rv == TIDE_OK)
        *out = self;
    else
        tide_kafka_reader_free(&self);
    return rv;
}

void tide_kafka_reader_free(tide_kafka_reader **self_p)
{
    tide_kafka_reader *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t k = 0; k < PART_COUNT; k++) {
        part *p = &self->parts[k];
        if (p->decoder) p->format.format->decoder_free(&p->decoder);
        if (p->has_builder) tide_builder_fini(&p->builder);
    }
    tide_decode_errors_fini(&self->errors);
    tide_bytes_fini(&self->values);
    tide_bytes_fini(&self->texts);
    tide_arena_free(&self->arena);
    tide_free(self);
}

bool tide_kafka_reader_wants_headers(const tide_kafka_reader *self)
{
    return self->wants_headers;
}

/* ---- adding records ---- */

/* JSON records are joined by newlines. One inside a record can only be space between tokens,
 * where a carriage return is as good (and as wrong elsewhere). */
static void add_line(tide_bytes *to, const char *p, size_t n)
{
    char *at = tide_bytes_reserve(to, n + 1 + TIDE_BUF_PADDING);
    memcpy(at, p, n);
    for (char *q = at; (q = memchr(q, '\n', (size_t)(at + n - q)));) *q++ = '\r';
    at[n] = '\n';
    to->n += n + 1;
}

/* A line of nothing is no record to a decoder, but here it is a malformed one. */
static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) p++, n--;
    return n == 0;
}

static void add_value(tide_kafka_reader *self, const char *p, size_t n)
{
    if (!self->by_block) {
        tide_bytes_reserve(&self->values, n + TIDE_BUF_PADDING);
        tide_bytes_put(&self->values, p, n);
    } else if (is_blank(p, n)) {
        add_line(&self->values, "!", 1); /* Refused by the decoder, and so counted in its place. */
    } else {
        add_line(&self->values, p, n);
    }
}

static uint32_t add_text(tide_kafka_reader *self, const void *p, size_t n, size_t *at)
{
    *at = self->texts.n;
    if (p == NULL) return ABSENT;
    tide_bytes_reserve(&self->texts, n + TIDE_BUF_PADDING);
    tide_bytes_put(&self->texts, p, n);
    return (uint32_t)n;
}

void tide_kafka_reader_add(tide_kafka_reader *self, const tide_kafka_record *in)
{
    tide_assert(self->n_records < TIDE_BATCH_ROWS_MAX);
    if (in->value == NULL && self->needs_value) return;
    record *r = &self->records[self->n_records++];
    r->offset = in->offset;
    r->timestamp_ms = in->timestamp_ms;
    r->timestamp_type = in->timestamp_type;
    if (self->needs_value) add_value(self, in->value, in->value_len);
    r->value_end = self->values.n;
    r->key_len = r->headers_len = ABSENT;
    if (self->wants_key) r->key_len = add_text(self, in->key, in->key_len, &r->key_at);
    if (self->wants_headers)
        r->headers_len = add_text(self, in->headers, in->headers_len, &r->headers_at);
}

uint32_t tide_kafka_reader_records(const tide_kafka_reader *self)
{
    return self->n_records;
}

/* ---- values ---- */

static tide_status decode_block(tide_kafka_reader *self)
{
    part *p = &self->parts[PART_VALUE];
    size_t consumed;
    uint64_t n_seen;
    TIDE_TRY(p->format.format->decode_block(p->decoder, (const uint8_t *)self->values.p,
                                            self->values.n, true, &p->builder, &consumed, &n_seen,
                                            &self->errors));
    tide_assert(n_seen == self->n_records && consumed == self->values.n);
    return TIDE_OK;
}

static tide_status decode_each(tide_kafka_reader *self)
{
    part *p = &self->parts[PART_VALUE];
    size_t at = 0;
    for (uint32_t i = 0; i < self->n_records; i++) {
        size_t end = self->records[i].value_end;
        TIDE_TRY(p->format.format->decode_one(p->decoder, (const uint8_t *)self->values.p + at,
                                              end - at, i, &p->builder, &self->errors));
        at = end;
    }
    return TIDE_OK;
}

static tide_status fail_record(const tide_kafka_reader *self, const char *topic, int32_t partition,
                               uint64_t which, const char *text)
{
    return tide_fail(TIDE_E_DATA, "topic %s, partition %d, offset %" PRId64 ": %s", topic,
                     partition, self->records[which].offset, text);
}

static void count_bad(const tide_kafka_reader *self, uint64_t n)
{
    atomic_fetch_add_explicit(&self->args->counters->bad_rows, n, memory_order_relaxed);
}

/* Which records became rows: all but those in the list of errors, which is in their order. */
static tide_status map_rows(tide_kafka_reader *self, const char *topic, int32_t partition,
                            uint32_t *n_out)
{
    uint32_t n = 0, e = 0;
    for (uint32_t i = 0; i < self->n_records; i++) {
        if (e < self->errors.n && self->errors.items[e].record == i) {
            if (self->on_error == TIDE_ON_ERROR_FAIL)
                return fail_record(self, topic, partition, i, self->errors.items[e].text);
            while (e < self->errors.n && self->errors.items[e].record == i) e++;
            continue;
        }
        self->rows[n++] = (uint16_t)i;
    }
    count_bad(self, self->n_records - n);
    self->errors.n = 0;
    *n_out = n;
    return TIDE_OK;
}

/* ---- keys ---- */

static void set_all_null(tide_builder *builder)
{
    for (uint32_t i = 0; i < builder->n_cols; i++)
        tide_colb_set_null(&builder->cols[i], builder->n);
    builder->n++;
}

/* Decodes the keys of the rows, one row each; an absent key gives NULLs. self->kept gets the good
 * ones. */
static tide_status decode_keys(tide_kafka_reader *self, const char *topic, int32_t partition,
                               uint32_t n, uint32_t *n_kept)
{
    part *p = &self->parts[PART_KEY];
    *n_kept = p->n > 0 ? 0 : n;
    for (uint32_t k = 0; p->n > 0 && k < n; k++) {
        const record *r = &self->records[self->rows[k]];
        if (r->key_len == ABSENT) {
            set_all_null(&p->builder);
        } else {
            const uint8_t *key = (const uint8_t *)self->texts.p + r->key_at;
            TIDE_TRY(p->format.format->decode_one(p->decoder, key, r->key_len, k, &p->builder,
                                                  &self->errors));
        }
        if (self->errors.n > 0) {
            if (self->on_error == TIDE_ON_ERROR_FAIL)
                return tide_because(fail_record(self, topic, partition, self->rows[k],
                                                self->errors.items[0].text),
                                    "key");
            self->errors.n = 0;
            set_all_null(&p->builder);
            continue;
        }
        self->kept[(*n_kept)++] = (uint16_t)k;
    }
    count_bad(self, n - *n_kept);
    return TIDE_OK;
}

/* ---- metadata ---- */

static void put_text(tide_colb *out, uint32_t row, const char *p, uint32_t n)
{
    if (n == ABSENT)
        tide_colb_set_null(out, row);
    else
        tide_colb_put_str(out, row, p, n);
}

static void put_metadata(const tide_kafka_reader *self, uint32_t which, const char *topic,
                         int32_t partition, uint32_t n, tide_colb *out)
{
    uint32_t topic_len = (uint32_t)strlen(topic);
    tide_value v = { .type = out->type };
    for (uint32_t k = 0; k < n; k++) {
        const record *r = &self->records[self->rows[k]];
        switch (which) {
        case TIDE_KAFKA_META_TOPIC: put_text(out, k, topic, topic_len); continue;
        case TIDE_KAFKA_META_HEADERS:
            put_text(out, k, self->texts.p + (r->headers_len == ABSENT ? 0 : r->headers_at),
                     r->headers_len);
            continue;
        case TIDE_KAFKA_META_KEY:
            put_text(out, k, self->texts.p + (r->key_len == ABSENT ? 0 : r->key_at), r->key_len);
            continue;
        case TIDE_KAFKA_META_TIMESTAMP_TYPE:
            put_text(out, k, r->timestamp_type, (uint32_t)strlen(r->timestamp_type));
            continue;
        case TIDE_KAFKA_META_PARTITION: v.i64 = partition; break;
        case TIDE_KAFKA_META_OFFSET: v.i64 = r->offset; break;
        default: v.is_null = r->timestamp_ms < 0; v.i64 = r->timestamp_ms * 1000;
        }
        tide_colb_put_value(out, k, &v);
    }
}

/* ---- the batch ---- */

static tide_batch *assemble(tide_kafka_reader *self, uint32_t n)
{
    tide_batch *parts[PART_COUNT];
    for (uint32_t k = 0; k < PART_COUNT; k++)
        parts[k] = self->parts[k].n ? tide_builder_finish(&self->parts[k].builder) : NULL;
    for (uint32_t i = 0; i < self->args->n_columns; i++)
        self->cols[i] = tide_col_ref(parts[self->columns[i].part]->cols[self->columns[i].column]);
    tide_batch *batch = tide_batch_new(self->args->pool, self->cols, self->args->n_columns, n);
    for (uint32_t k = 0; k < PART_COUNT; k++) tide_batch_unref(&parts[k]);
    return batch;
}

static tide_status decode_all(tide_kafka_reader *self, const char *topic, int32_t partition,
                              tide_batch **out)
{
    uint32_t n = 0, n_kept = 0;
    if (self->needs_value) TIDE_TRY(self->by_block ? decode_block(self) : decode_each(self));
    TIDE_TRY(map_rows(self, topic, partition, &n));
    TIDE_TRY(decode_keys(self, topic, partition, n, &n_kept));
    part *meta = &self->parts[PART_META];
    for (uint32_t i = 0; i < meta->n; i++)
        put_metadata(self, meta->fields[i], topic, partition, n, &meta->builder.cols[i]);
    meta->builder.n = n;
    self->parts[PART_VALUE].builder.n = n;
    if (n == 0) return TIDE_OK;
    tide_batch *batch = assemble(self, n);
    if (n_kept < n) {
        tide_batch *good = tide_batch_select(self->args->pool, batch, self->kept, n_kept);
        tide_batch_unref(&batch);
        batch = good;
    }
    batch->born_ns = *self->args->now_ns;
    *out = batch;
    return TIDE_OK;
}

tide_status tide_kafka_reader_take(tide_kafka_reader *self, const char *topic, int32_t partition,
                                   tide_batch **out)
{
    *out = NULL;
    if (self->n_records == 0) return TIDE_OK;
    tide_status rv = decode_all(self, topic, partition, out);
    for (uint32_t k = 0; k < PART_COUNT; k++) self->parts[k].builder.n = 0;
    self->n_records = 0;
    self->values.n = self->texts.n = 0;
    return rv;
}
