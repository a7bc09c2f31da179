/* source.c - the slot's side of reading files: blocks to rows. */
#include <inttypes.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "worker/connector/files/reader.h"

/* Bytes that are being decoded: of the block at hand, or of `carry`. */
typedef struct window {
    const uint8_t *p;
    size_t len;
    uint64_t offset; /* In the file. */
    bool last, in_carry;
} window;

typedef struct files_src {
    const tide_source_args *args;
    const tide_table *table;
    tide_arena *arena;
    tide_table_format format;
    tide_decoder *decoder;
    tide_builder builder;
    tide_decode_errors errors;
    tide_schema record;  /* The table's physical columns. */
    uint32_t n_physical; /* Columns wanted of them: the builder's. */
    uint32_t n_metadata;
    tide_on_error on_error;
    uint64_t record_max;
    files_reader *reader;
    files_block *block; /* At hand; NULL between two. */
    const files_entry *file;
    window w;
    bool in_window;
    tide_bytes carry; /* The first part of a record whose rest is in the next block. */
    uint64_t carry_offset;
    uint32_t split;
    bool split_end; /* To be reported next. */
    bool warned;    /* Of a skipped record in this file. */
} files_src;

/* ---- opening ---- */

/* The physical columns as the record's schema, and which of them are wanted. */
static void plan_columns(files_src *self, uint32_t *wanted, tide_type *types)
{
    const tide_table *t = self->table;
    uint32_t *place = tide_arena_alloc(self->arena, (t->n_columns + 1) * sizeof *place);
    self->record.fields = TIDE_NEW_N(self->arena, tide_field, t->n_columns + 1);
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const tide_table_column *c = &t->columns[i];
        if (c->kind != TIDE_COLUMN_PHYSICAL) continue;
        place[i] = self->record.n;
        self->record.fields[self->record.n++] = (tide_field){ c->name, c->type, c->not_null };
    }
    for (uint32_t i = 0; i < self->args->n_columns; i++) {
        uint32_t column = self->args->columns[i];
        if (t->columns[column].kind == TIDE_COLUMN_METADATA) {
            self->n_metadata++;
            continue;
        }
        types[self->n_physical] = t->columns[column].type;
        wanted[self->n_physical++] = place[column];
    }
}

static tide_status open_parts(files_src *self, const tide_source_args *args)
{
    self->args = args;
    self->table = args->scan->scan.table;
    self->arena = tide_arena_new();
    self->on_error = tide_table_on_error(self->table);
    self->record_max = tide_option_bytes(self->table, files_options, "source.max-record-size");
    uint32_t *wanted = tide_arena_alloc(self->arena, (args->n_columns + 1) * sizeof *wanted);
    tide_type *types = TIDE_NEW_N(self->arena, tide_type, args->n_columns + 1);
    plan_columns(self, wanted, types);
    TIDE_TRY(tide_table_format_of(self->table, "value", self->arena, &self->format));
    TIDE_TRY(self->format.format->decoder_new(&self->record, wanted, self->n_physical,
                                              self->format.options, self->format.n_options,
                                              &self->decoder));
    tide_builder_init(&self->builder, args->pool, types, self->n_physical, args->batch_rows_max);
    return files_reader_start(args, &self->reader);
}

/* Also of what was opened by half; a second time it does nothing. */
static void source_close(void *self_v)
{
    files_src *self = self_v;
    files_reader_stop(&self->reader);
    if (self->builder.pool) tide_builder_fini(&self->builder);
    if (self->decoder) self->format.format->decoder_free(&self->decoder);
    tide_decode_errors_fini(&self->errors);
    tide_bytes_fini(&self->carry);
    if (self->arena) tide_arena_free(&self->arena);
    *self = (files_src){ 0 };
}

static tide_status source_open(void *self_v, const tide_source_args *args)
{
    tide_status rv = open_parts(self_v, args);
    if (rv != TIDE_OK) source_close(self_v);
    return rv;
}

/* ---- bad records ---- */

/* The number of the line that byte `offset` lies on; 0 if the file cannot be
 * read again. */
static uint64_t line_at(const files_src *self, uint64_t offset)
{
    files_stream *stream;
    uint64_t line = 1;
    files_packing packing =
        (files_packing)tide_option_enum(self->table, files_options, "compression");
    if (files_stream_open(self->file->path, files_packing_of(packing, self->file->path), &stream) !=
        TIDE_OK)
        return 0;
    char *buffer = tide_malloc(READER_BLOCK_BYTES);
    while (offset > 0) {
        size_t n, want = offset < READER_BLOCK_BYTES ? (size_t)offset : READER_BLOCK_BYTES;
        if (files_stream_read(stream, buffer, want, &n) != TIDE_OK || n == 0) break;
        for (const char *p = buffer; (p = memchr(p, '\n', (size_t)(buffer + n - p))) != NULL; p++)
            line++;
        offset -= n;
    }
    tide_free(buffer);
    files_stream_close(&stream);
    return offset == 0 ? line : 0;
}

/* Applies the record policy to what the decoder complained of. False: the job
 * fails. */
static bool take_errors(files_src *self, uint64_t base)
{
    if (self->errors.n == 0) return true;
    const tide_decode_error *e = &self->errors.items[0];
    uint64_t offset = base + e->offset;
    if (self->on_error == TIDE_ON_ERROR_FAIL) {
        tide_status rv = tide_fail(TIDE_E_DATA, "%s:%" PRIu64 ": %s", self->file->path,
                                   line_at(self, offset), e->text);
        (void)rv; /* The result says FAILED; the text is the thread's error. */
        return false;
    }
    if (!self->warned)
        tide_log_warn("malformed records are skipped", tide_log_str("file", self->file->path),
                      tide_log_int("byte", (int64_t)offset), tide_log_str("error", e->text));
    self->warned = true;
    atomic_fetch_add_explicit(&self->args->counters->bad_rows, self->errors.n,
                              memory_order_relaxed);
    self->errors.n = 0;
    return true;
}

/* ---- windows of bytes ---- */

/* Opens a window on the block and what was left over before. */
static void begin_block(files_src *self, files_block *block)
{
    const uint8_t *p = block->data;
    size_t front = self->carry.n;
    self->block = block;
    self->split = block->split;
    self->file = block->file;
    if (block->first) {
        tide_assert(front == 0);
        self->format.format->decoder_reset(self->decoder, block->offset == 0);
        self->warned = false;
    }
    if (front <= READER_FRONT_BYTES) {
        memcpy(block->data - front, self->carry.p ? self->carry.p : "", front);
        self->carry.n = 0;
        self->w =
            (window){ p - front, block->len + front, block->offset - front, block->last, false };
    } else {
        tide_bytes_reserve(&self->carry, block->len + TIDE_BUF_PADDING);
        tide_bytes_put(&self->carry, p, block->len);
        memset(self->carry.p + self->carry.n, 0, TIDE_BUF_PADDING);
        self->w = (window){ (const uint8_t *)self->carry.p, self->carry.n, self->carry_offset,
                            block->last, true };
    }
    self->in_window = true;
}

/* The window is used up but for the first part of a record: that waits for the
 * next block. */
static tide_status end_window(files_src *self)
{
    window *w = &self->w;
    self->in_window = false;
    self->carry_offset = w->offset;
    if (w->in_carry) {
        if ((const char *)w->p != self->carry.p) memmove(self->carry.p, w->p, w->len);
        self->carry.n = w->len;
    } else {
        tide_assert(self->carry.n == 0);
        tide_bytes_put(&self->carry, w->p, w->len);
    }
    if (w->last) {
        tide_assert(w->len == 0);
        self->split_end = self->block->split_end;
    }
    files_reader_give_back(self->reader, &self->block);
    if (self->carry.n > self->record_max)
        return tide_fail(TIDE_E_LIMIT,
                         "%s: the record at byte %" PRIu64 " is longer than "
                         "'source.max-record-size'",
                         self->file->path, self->carry_offset);
    return TIDE_OK;
}

/* Decodes what the window holds, as far as the builder has room. */
static bool decode(files_src *self)
{
    window *w = &self->w;
    size_t consumed;
    uint64_t records;
    /* A long record in the middle: no line ends in what has come, so nothing can
     * be read yet. */
    if (w->in_carry && !w->last && !memchr(self->block->data, '\n', self->block->len))
        return end_window(self) == TIDE_OK;
    if (self->format.format->decode_block(self->decoder, w->p, w->len, w->last, &self->builder,
                                          &consumed, &records, &self->errors) != TIDE_OK)
        return false;
    if (!take_errors(self, w->offset)) return false;
    w->p += consumed;
    w->len -= consumed;
    w->offset += consumed;
    /* A full builder may have stopped in the middle; else nothing whole is left.
     */
    bool more = tide_builder_full(&self->builder) && w->len > 0;
    return more || end_window(self) == TIDE_OK;
}

/* ---- batches ---- */

static tide_col *metadata_column(const files_src *self, const tide_table_column *c, uint32_t n)
{
    const files_entry *file = self->file;
    tide_value v = { .type = c->type };
    const char *slash = strrchr(file->path, '/');
    const char *text = strcmp(c->metadata, "file.name") == 0 && slash ? slash + 1 : file->path;
    if (strcmp(c->metadata, "file.size") == 0)
        v.i64 = (int64_t)file->size;
    else if (strcmp(c->metadata, "file.modification-time") == 0)
        v.i64 = file->modified_us;
    else
        v.str.ptr = text, v.str.len = (uint32_t)strlen(text);
    return tide_col_constant(self->args->pool, &v, n);
}

/* The builder's columns with the metadata columns in their places. */
static tide_batch *with_metadata(files_src *self, tide_batch *plain)
{
    const tide_source_args *a = self->args;
    uint32_t n = plain->n_phys, at = 0;
    tide_col **cols = tide_calloc(a->n_columns, sizeof(tide_col *));
    for (uint32_t i = 0; i < a->n_columns; i++) {
        const tide_table_column *c = &self->table->columns[a->columns[i]];
        cols[i] = c->kind == TIDE_COLUMN_METADATA ? metadata_column(self, c, n)
                                                  : tide_col_ref(plain->cols[at++]);
    }
    tide_batch *batch = tide_batch_with_cols(a->pool, plain, cols, a->n_columns);
    tide_batch_unref(&plain);
    tide_free(cols);
    return batch;
}

static tide_source_result hand_out(files_src *self, tide_source_poll *poll)
{
    self->builder.born_ns = *self->args->now_ns;
    tide_batch *batch = tide_builder_finish(&self->builder);
    poll->batch = self->n_metadata ? with_metadata(self, batch) : batch;
    poll->split = self->split;
    return TIDE_SOURCE_BATCH;
}

/* A block without bytes. */
static tide_source_result take_word(files_src *self, files_block *block, tide_source_poll *poll)
{
    files_block_kind kind = block->kind;
    tide_error error = { .code = TIDE_OK };
    poll->split = block->split;
    if (kind == FILES_BLOCK_FAILED) error = block->error;
    files_reader_give_back(self->reader, &block);
    if (kind == FILES_BLOCK_IDLE) return TIDE_SOURCE_SPLIT_IDLE;
    if (kind == FILES_BLOCK_END) return TIDE_SOURCE_END;
    tide_error_raise(&error);
    return TIDE_SOURCE_FAILED;
}

static tide_source_result source_poll(void *self_v, tide_source_poll *poll)
{
    files_src *self = self_v;
    *poll = (tide_source_poll){ 0 };
    for (;;) {
        /* Rows wait for company only while there is more of the same file at hand.
         */
        bool waits = !self->in_window && (self->split_end || !files_reader_ready(self->reader) ||
                                          (self->builder.n && self->w.last));
        if (self->builder.n && (tide_builder_full(&self->builder) || waits))
            return hand_out(self, poll);
        if (!self->in_window) {
            if (self->split_end) {
                self->split_end = false;
                poll->split = self->split;
                return TIDE_SOURCE_SPLIT_END;
            }
            files_block *block = files_reader_take(self->reader);
            if (block == NULL) return TIDE_SOURCE_NOTHING;
            if (block->kind != FILES_BLOCK_DATA) return take_word(self, block, poll);
            begin_block(self, block);
        }
        if (!decode(self)) return TIDE_SOURCE_FAILED;
    }
}

const tide_source_vt files_source = {
    .size = sizeof(files_src), .open = source_open, .poll = source_poll, .close = source_close
};
