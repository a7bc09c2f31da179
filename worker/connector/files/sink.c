/* sink.c - the slot's side of writing files: rows to chunks of text. */
#include "base/core/assert.h"
#include "worker/connector/files/files.h"
#include "worker/connector/files/writer.h"

#define TICK_NS                                                                                    \
    INT64_C(1000000000) /* The writer learns the time this often, when nothing                     \
                         is written. */

typedef struct files_snk {
    const tide_sink_args *args;
    tide_arena *arena;
    tide_table_format format;
    tide_encoder *encoder;
    files_writer *writer;
    files_chunk *chunk; /* Being filled; NULL between two. */
    int64_t told_ns;    /* When the writer was last told the time. */
    bool finishing;
} files_snk;

static tide_status open_parts(files_snk *self, const tide_sink_args *args)
{
    tide_bytes header = { 0 };
    files_packing packing =
        (files_packing)tide_option_enum(args->table, files_options, "compression");
    self->args = args;
    self->arena = tide_arena_new();
    TIDE_TRY(tide_table_format_of(args->table, "value", self->arena, &self->format));
    TIDE_TRY(self->format.format->encoder_new(args->schema, self->format.options,
                                              self->format.n_options, &self->encoder));
    TIDE_TRY(self->format.format->encode_header(self->encoder, &header));
    const files_writer_config config = {
        .folder = files_path_of(args->table),
        .suffix = tide_arena_printf(self->arena, ".%s", self->format.format->name),
        .packing = packing == FILES_AUTO ? FILES_PLAIN : packing,
        .header = header.p,
        .n_header = header.n,
        .subtask = args->subtask,
        .roll_bytes =
            tide_option_bytes(args->table, files_options, "sink.rolling-policy.file-size"),
        .roll_ns = 1000 * tide_option_us(args->table, files_options,
                                         "sink.rolling-policy.rollover-interval"),
        .slot_waker = args->waker,
        .disk = &files_disk_real,
    };
    tide_status rv = files_writer_start(&config, &self->writer);
    tide_bytes_fini(&header);
    return rv;
}

/* Also of what was opened by half; a second time it does nothing. */
static void sink_close(void *self_v)
{
    files_snk *self = self_v;
    files_writer_stop(&self->writer);
    if (self->encoder) self->format.format->encoder_free(&self->encoder);
    if (self->arena) tide_arena_free(&self->arena);
    *self = (files_snk){ 0 };
}

static tide_status sink_open(void *self_v, const tide_sink_args *args)
{
    tide_status rv = open_parts(self_v, args);
    if (rv != TIDE_OK) sink_close(self_v);
    return rv;
}

/* Is there a chunk to fill? */
static bool have_chunk(files_snk *self)
{
    if (self->chunk == NULL) self->chunk = files_writer_get(self->writer);
    return self->chunk != NULL;
}

static void hand_over(files_snk *self, bool finish)
{
    self->chunk->now_ns = self->told_ns = *self->args->now_ns;
    self->chunk->finish = finish;
    files_writer_put(self->writer, &self->chunk);
}

static tide_sink_result sink_write(void *self_v, tide_batch **in_p)
{
    files_snk *self = self_v;
    if (files_writer_check(self->writer) != TIDE_OK) return TIDE_SINK_FAILED;
    if (!have_chunk(self)) return TIDE_SINK_AGAIN;
    if (self->format.format->encode(self->encoder, *in_p, 0, (*in_p)->n_rows, true,
                                    &self->chunk->bytes, NULL) != TIDE_OK)
        return TIDE_SINK_FAILED;
    tide_batch_unref(in_p);
    if (self->chunk->bytes.n >= WRITER_CHUNK_BYTES) hand_over(self, false);
    return TIDE_SINK_DONE;
}

static tide_sink_result sink_flush(void *self_v)
{
    files_snk *self = self_v;
    if (files_writer_check(self->writer) != TIDE_OK) return TIDE_SINK_FAILED;
    bool filled = self->chunk && self->chunk->bytes.n;
    bool tick = *self->args->now_ns - self->told_ns >= TICK_NS;
    if ((filled || tick) && have_chunk(self)) hand_over(self, false);
    return TIDE_SINK_DONE;
}

static tide_sink_result sink_finish(void *self_v)
{
    files_snk *self = self_v;
    if (files_writer_check(self->writer) != TIDE_OK) return TIDE_SINK_FAILED;
    if (!self->finishing) {
        if (!have_chunk(self)) return TIDE_SINK_AGAIN;
        hand_over(self, true);
        self->finishing = true;
    }
    if (!files_writer_idle(self->writer)) return TIDE_SINK_AGAIN;
    self->finishing = false;
    return files_writer_check(self->writer) == TIDE_OK ? TIDE_SINK_DONE : TIDE_SINK_FAILED;
}

const tide_sink_vt files_sink = { .size = sizeof(files_snk),
                                  .open = sink_open,
                                  .write = sink_write,
                                  .flush = sink_flush,
                                  .finish = sink_finish,
                                  .close = sink_close };
