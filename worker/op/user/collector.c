/* collector.c - rows made by callbacks: built up, finished into batches, handed on when there is
 * room. */
#include "base/column/digits.h"
#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/format/field.h"
#include "base/format/utf8.h"
#include "worker/op/user/user_priv.h"

static void open_one(tide_collector *self, tide_pool *pool, const tide_schema *schema,
                     uint32_t output)
{
    self->output = output;
    self->n_cols = schema->n;
    self->pool = pool;
    tide_type *types = tide_calloc(schema->n, sizeof *types);
    for (uint32_t i = 0; i < schema->n; i++) types[i] = schema->fields[i].type;
    tide_builder_init(&self->builder, pool, types, schema->n, TIDE_BATCH_ROWS_MAX);
    tide_free(types);
    self->set = tide_calloc(schema->n, sizeof *self->set);
    self->cols = tide_calloc(schema->n, sizeof(tide_col *));
    self->valid = tide_calloc(schema->n, sizeof *self->valid);
}

void tide_collector_open(tide_collector *self, tide_pool *pool, const tide_schema *schema,
                         const tide_user_op *op)
{
    open_one(self, pool, schema, 0);
    self->n_sides = op->n_sides;
    self->sides = tide_calloc(op->n_sides, sizeof *self->sides);
    for (uint32_t i = 0; i < op->n_sides; i++)
        open_one(&self->sides[i], pool, &op->sides[i], i + 1);
}

void tide_collector_close(tide_collector *self)
{
    for (uint32_t i = 0; i < self->n_sides; i++) tide_collector_close(&self->sides[i]);
    tide_free(self->sides);
    for (uint32_t i = self->first_ready; i < self->n_ready; i++) tide_batch_unref(&self->ready[i]);
    for (uint32_t c = 0; c < self->n_cols; c++) tide_col_unref(&self->cols[c]);
    tide_builder_fini(&self->builder);
    tide_free(self->ready);
    tide_free(self->set);
    tide_free(self->cols);
    tide_free(self->valid);
}

static void add_ready(tide_collector *self, tide_batch *batch)
{
    TIDE_GROW(self->ready, self->n_ready, self->cap_ready);
    self->ready[self->n_ready++] = batch;
}

static void finish_builder(tide_collector *self)
{
    tide_batch *batch = tide_builder_finish(&self->builder);
    if (batch) add_ready(self, batch);
}

bool tide_collector_flush(tide_collector *self, tide_outbox *out, bool all)
{
    if (all) finish_builder(self);
    for (; self->first_ready < self->n_ready; self->first_ready++) {
        if (!tide_outbox_has_room(out)) return false;
        tide_outbox_push_to(out, self->output, &self->ready[self->first_ready]);
    }
    self->first_ready = self->n_ready = 0;
    for (uint32_t i = 0; i < self->n_sides; i++)
        if (!tide_collector_flush(&self->sides[i], out, all)) return false;
    return true;
}

tide_collector *tide_side(tide_collector *out, uint32_t number)
{
    if (number >= 1 && number <= out->n_sides) return &out->sides[number - 1];
    tide_user_misuse("side output %u was used; there are %u", number, out->n_sides);
    return out;
}

/* ---- row by row ---- */
static tide_colb *column_for(tide_collector *self, uint32_t column, tide_type *type)
{
    if (column < self->n_cols) {
        self->set[column] = true;
        *type = self->builder.cols[column].type;
        return &self->builder.cols[column];
    }
    tide_user_misuse("column %u of an output of %u columns was set", column, self->n_cols);
    return NULL;
}

/* May a value given as `given` (BIGINT, DOUBLE, STRING stand for their families) go into a column?
 */
static bool accepts(tide_type type, tide_type_id given)
{
    if (given == TIDE_TYPE_BIGINT)
        return tide_type_is_integer(type) || tide_type_is_timestamp(type) ||
               type.id == TIDE_TYPE_DATE || type.id == TIDE_TYPE_TIME;
    if (given == TIDE_TYPE_DOUBLE) return type.id == TIDE_TYPE_FLOAT || type.id == TIDE_TYPE_DOUBLE;
    return given == TIDE_TYPE_STRING ? tide_type_is_string(type) : type.id == given;
}

#define MICROS_PER_DAY (INT64_C(86400) * 1000000)

static bool in_range(tide_type type, int64_t v)
{
    switch (type.id) {
    case TIDE_TYPE_TINYINT: return v >= INT8_MIN && v <= INT8_MAX;
    case TIDE_TYPE_SMALLINT: return v >= INT16_MIN && v <= INT16_MAX;
    case TIDE_TYPE_INT: return v >= INT32_MIN && v <= INT32_MAX;
    case TIDE_TYPE_DATE:
        return v >= TIDE_TIMESTAMP_MIN / MICROS_PER_DAY && v < TIDE_TIMESTAMP_END / MICROS_PER_DAY;
    case TIDE_TYPE_TIME: return v >= 0 && v < MICROS_PER_DAY;
    case TIDE_TYPE_TIMESTAMP:
    case TIDE_TYPE_TIMESTAMP_LTZ: return v >= TIDE_TIMESTAMP_MIN && v < TIDE_TIMESTAMP_END;
    default: return true;
    }
}

/* Is a value of the right family within the column's type? */
static bool fits(tide_type type, const tide_value *v)
{
    if (v->type.id == TIDE_TYPE_BIGINT) return in_range(type, v->i64);
    if (type.id == TIDE_TYPE_DECIMAL) {
        __int128 limit = (__int128)tide_pow10_u128(type.precision);
        return v->i128 > -limit && v->i128 < limit;
    }
    if (type.id == TIDE_TYPE_STRING && type.precision && v->str.len > type.precision)
        return tide_utf8_count(v->str.ptr, v->str.len) <= type.precision;
    return true;
}

static void put(tide_collector *self, uint32_t column, tide_value v)
{
    tide_type type;
    tide_colb *c = column_for(self, column, &type);
    if (c == NULL) return;
    char text[TIDE_TYPE_TEXT_MAX];
    if (!v.is_null && !accepts(type, v.type.id)) {
        tide_user_misuse("output column %u is a %s and was set to another type", column,
                         tide_type_print(type, text, sizeof text));
        return;
    }
    if (!v.is_null && !fits(type, &v)) {
        char value[TIDE_TEXT_MAX] = "a text";
        if (v.type.id == TIDE_TYPE_DECIMAL) v.type = type;
        if (v.type.id != TIDE_TYPE_STRING) value[tide_print_value(&v, value)] = '\0';
        tide_user_misuse("%s is out of range for output column %u, a %s", value, column,
                         tide_type_print(type, text, sizeof text));
        return;
    }
    v.type = type;
    tide_colb_put_value(c, self->builder.n, &v);
}

void tide_put_null(tide_collector *out, uint32_t column)
{
    put(out, column, (tide_value){ .is_null = true });
}

void tide_put_bool(tide_collector *out, uint32_t column, bool value)
{
    put(out, column, (tide_value){ .type = tide_type_of(TIDE_TYPE_BOOLEAN), .boolean = value });
}

void tide_put_i64(tide_collector *out, uint32_t column, int64_t value)
{
    put(out, column, (tide_value){ .type = tide_type_of(TIDE_TYPE_BIGINT), .i64 = value });
}

void tide_put_f64(tide_collector *out, uint32_t column, double value)
{
    put(out, column, (tide_value){ .type = tide_type_of(TIDE_TYPE_DOUBLE), .f64 = value });
}

void tide_put_decimal(tide_collector *out, uint32_t column, __int128 value)
{
    put(out, column, (tide_value){ .type = tide_type_of(TIDE_TYPE_DECIMAL), .i128 = value });
}

void tide_put_text(tide_collector *out, uint32_t column, const char *ptr, size_t len)
{
    if (len > UINT32_MAX / 2) {
        tide_user_misuse("a text of %zu bytes is too long", len);
        return;
    }
    if (column < out->n_cols && out->builder.cols[column].type.id == TIDE_TYPE_STRING &&
        !tide_utf8_valid(ptr, len)) {
        tide_user_misuse("output column %u was set to a text that is not valid UTF-8", column);
        return;
    }
    put(out, column,
        (tide_value){ .type = tide_type_of(TIDE_TYPE_STRING), .str = { ptr, (uint32_t)len } });
}

/* Do the same bits mean the same value in both types? */
static bool has_layout_of(tide_type a, tide_type b)
{
    return a.id == b.id && a.scale == b.scale;
}

void tide_put_copy(tide_collector *out, uint32_t column, const tide_row *row, uint32_t from)
{
    uint32_t n = row->batch ? row->batch->n_cols : row->spec->n;
    if (from >= n) {
        tide_user_misuse("column %u of a row of %u columns was copied", from, n);
        return;
    }
    tide_value v = row->batch ? tide_col_value(row->batch->cols[from], row->phys)
                              : tide_key_value(row->spec, from, row->key);
    if (v.type.id == TIDE_TYPE_DECIMAL && column < out->n_cols &&
        !has_layout_of(v.type, out->builder.cols[column].type)) {
        tide_user_misuse("input column %u does not fit output column %u", from, column);
        return;
    }
    if (!v.is_null && v.type.id != TIDE_TYPE_DECIMAL && v.type.id != TIDE_TYPE_INTERVAL)
        v.type = tide_type_of(accepts(v.type, TIDE_TYPE_BIGINT)   ? TIDE_TYPE_BIGINT
                              : accepts(v.type, TIDE_TYPE_DOUBLE) ? TIDE_TYPE_DOUBLE
                              : tide_type_is_string(v.type)       ? TIDE_TYPE_STRING
                                                                  : (tide_type_id)v.type.id);
    put(out, column, v);
}

void tide_emit(tide_collector *out)
{
    if (out->pool == NULL) {
        tide_user_misuse("the result of an aggregate is put, not emitted");
        return;
    }
    for (uint32_t c = 0; c < out->n_cols; c++) {
        if (!out->set[c]) tide_colb_set_null(&out->builder.cols[c], out->builder.n);
        out->set[c] = false;
    }
    out->builder.n++;
    if (tide_builder_full(&out->builder)) finish_builder(out);
}

void tide_emit_row(tide_collector *out, const tide_row *row)
{
    uint32_t n = row->batch ? row->batch->n_cols : row->spec->n;
    if (n != out->n_cols) {
        tide_user_misuse("a row of %u columns was emitted to an output of %u", n, out->n_cols);
        return;
    }
    for (uint32_t c = 0; c < n; c++) tide_put_copy(out, c, row, c);
    tide_emit(out);
}

/* ---- whole columns ---- */
static bool begin_whole(tide_collector *self, uint32_t column, uint32_t n)
{
    bool first = true;
    for (uint32_t c = 0; c < self->n_cols; c++) first = first && self->cols[c] == NULL;
    if (column >= self->n_cols || self->cols[column])
        tide_user_misuse("column %u does not exist or was given before", column);
    else if (!first && n != self->n_whole)
        tide_user_misuse("column %u has %u rows, others of its batch %u", column, n, self->n_whole);
    else if (n > TIDE_BATCH_ROWS_MAX)
        tide_user_misuse("%u rows do not fit a batch of %u", n, TIDE_BATCH_ROWS_MAX);
    else {
        self->n_whole = n;
        return true;
    }
    return false;
}

void *tide_out_values(tide_collector *out, uint32_t column, uint32_t n)
{
    if (!begin_whole(out, column, n)) return NULL;
    tide_type type = out->builder.cols[column].type;
    if (tide_type_is_string(type)) {
        tide_user_misuse("column %u holds texts: tide_out_share or tide_put_text", column);
        return NULL;
    }
    void *values;
    out->cols[column] = tide_col_new(out->pool, type, n, &values, true, &out->valid[column]);
    memset(values, 0, (size_t)n * tide_type_width(type));
    return values;
}

uint64_t *tide_out_valid(tide_collector *out, uint32_t column)
{
    if (column < out->n_cols && out->cols[column] && out->valid[column]) return out->valid[column];
    tide_user_misuse("column %u was not begun by tide_out_values", column);
    return NULL;
}

void tide_out_share(tide_collector *out, uint32_t column, const tide_rows *rows, uint32_t from)
{
    if (!begin_whole(out, column, rows->batch->n_rows)) return;
    if (from >= rows->batch->n_cols ||
        !has_layout_of(rows->batch->cols[from]->type, out->builder.cols[column].type)) {
        tide_user_misuse("input column %u does not fit output column %u", from, column);
        return;
    }
    out->cols[column] = tide_col_ref(rows->batch->cols[from]);
}

void tide_emit_rows(tide_collector *out)
{
    uint32_t n = out->n_whole;
    for (uint32_t c = 0; c < out->n_cols; c++) {
        out->valid[c] = NULL;
        if (out->cols[c]) continue;
        tide_value null = { .type = out->builder.cols[c].type, .is_null = true };
        out->cols[c] = tide_col_constant(out->pool, &null, n);
    }
    out->n_whole = 0;
    finish_builder(out); /* Rows made before stay before. */
    add_ready(out, tide_batch_new(out->pool, out->cols, out->n_cols, n));
}
