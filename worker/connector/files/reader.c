/* reader.c - see reader.h. */
#include "worker/connector/files/reader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/core/assert.h"
#include "base/core/clock.h"

#define PROBE_BYTES 4096u /* Read at a time when looking for the next newline. */

struct files_reader {
    pthread_t thread;
    tide_ring ready TIDE_ALIGNED(64); /* To the slot. */
    tide_ring spare;                  /* To the thread. */
    _Atomic bool stop;                /* Slot writes. */
    tide_waker *waker;                /* The thread's. */
    tide_waker *slot_waker;
    files_block blocks[READER_BLOCKS];
    uint8_t *memory;
    /* Constant: */
    const char *path;
    files_packing packing;
    files_order order;
    bool followed, bounded;
    int64_t interval_us;
    uint32_t n_splits;
    const tide_split *const *splits;
    /* The thread's: */
    tide_arena *arena;
    files_entry **seen; /* Files begun, which blocks point to. */
    uint32_t n_seen, cap_seen;
    uint32_t split;
    files_block *held; /* Taken from the spare ones, not used. */
};

/* ---- the slot's side ---- */

files_block *files_reader_take(files_reader *self)
{
    return tide_ring_pop(&self->ready);
}
bool files_reader_ready(files_reader *self)
{
    return tide_ring_peek(&self->ready) != NULL;
}

void files_reader_give_back(files_reader *self, files_block **block_p)
{
    bool pushed = tide_ring_push(&self->spare, *block_p);
    tide_assert(pushed); /* It has room for all of them. */
    *block_p = NULL;
    tide_waker_wake(self->waker);
}

/* ---- the thread's side ---- */

static bool stopped(files_reader *self)
{
    return atomic_load_explicit(&self->stop, memory_order_relaxed);
}

/* An empty block, waiting for one; NULL: asked to stop. */
static files_block *get_block(files_reader *self)
{
    for (;;) {
        files_block *block = self->held ? self->held : tide_ring_pop(&self->spare);
        self->held = NULL;
        if (stopped(self)) return NULL;
        if (block) return block;
        tide_waker_arm(self->waker);
        if (tide_ring_peek(&self->spare) || stopped(self))
            tide_waker_disarm(self->waker);
        else
            tide_waker_wait(self->waker, -1);
    }
}

static void publish(files_reader *self, files_block *block)
{
    bool pushed = tide_ring_push(&self->ready, block);
    tide_assert(pushed);
    tide_waker_wake(self->slot_waker);
}

/* A block without bytes. */
static bool publish_kind(files_reader *self, files_block_kind kind, tide_status rv)
{
    files_block *block = get_block(self);
    if (block == NULL) return false;
    block->kind = kind;
    block->split = self->split;
    if (kind == FILES_BLOCK_FAILED) tide_error_take(rv, &block->error);
    publish(self, block);
    return true;
}

/* Where the first record at or behind byte `at` begins: behind the first
 * newline at or behind at
 * - 1. The end of the file if there is none. */
static tide_status record_start(files_stream *stream, uint64_t at, uint64_t *out)
{
    char probe[PROBE_BYTES];
    size_t n;
    *out = at;
    if (at == 0) return TIDE_OK;
    files_stream_seek(stream, at - 1);
    for (uint64_t base = at - 1;; base += n) {
        TIDE_TRY(files_stream_read(stream, probe, sizeof probe, &n));
        const char *newline = memchr(probe, '\n', n);
        *out = newline ? base + (uint64_t)(newline - probe) + 1 : base + n;
        if (newline || n < sizeof probe) return TIDE_OK;
    }
}

/* The bytes [at, end) of an open file as blocks. Returns false when asked to
 * stop. */
static tide_status read_part(files_reader *self, files_stream *stream, const files_entry *file,
                             uint64_t at, uint64_t end, bool split_end, bool *go_on)
{
    bool last = false;
    for (bool first = true; !last; first = false) {
        files_block *block = get_block(self);
        *go_on = block != NULL;
        if (block == NULL) return TIDE_OK;
        size_t want = end - at < READER_BLOCK_BYTES ? (size_t)(end - at) : READER_BLOCK_BYTES;
        tide_status rv = files_stream_read(stream, block->data, want, &block->len);
        if (rv != TIDE_OK) {
            self->held = block; /* It will carry the word of the failure. */
            return rv;
        }
        last = block->len < want || at + block->len == end;
        block->kind = FILES_BLOCK_DATA;
        block->split = self->split;
        block->file = file;
        block->offset = at;
        block->first = first;
        block->last = last;
        block->split_end = split_end && last;
        at += block->len;
        publish(self, block);
    }
    return TIDE_OK;
}

/* One file, or the part [start, end) of it; end UINT64_MAX: to its end. */
static tide_status read_file(files_reader *self, const files_entry *file, uint64_t start,
                             uint64_t end, bool split_end, bool *go_on)
{
    files_stream *stream;
    files_packing packing = files_packing_of(self->packing, file->path);
    TIDE_TRY(files_stream_open(file->path, packing, &stream));
    tide_status rv = TIDE_OK;
    if (end < UINT64_MAX) rv = record_start(stream, end, &end);
    if (rv == TIDE_OK && start > 0) rv = record_start(stream, start, &start);
    if (packing == FILES_PLAIN) files_stream_seek(stream, start);
    if (rv == TIDE_OK) rv = read_part(self, stream, file, start, end, split_end, go_on);
    files_stream_close(&stream);
    return rv;
}

static files_entry *remember(files_reader *self, const files_entry *file)
{
    files_entry *own = TIDE_NEW(self->arena, files_entry);
    *own = *file;
    own->path = tide_arena_strdup(self->arena, file->path);
    TIDE_GROW(self->seen, self->n_seen, self->cap_seen);
    return self->seen[self->n_seen++] = own;
}

static tide_status read_split(files_reader *self, const tide_split *split, bool *go_on)
{
    struct stat st;
    files_entry file = { .path = files_split_path(split, self->arena) };
    if (stat(file.path, &st) == 0) {
        file.size = (uint64_t)st.st_size;
        file.modified_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    }
    bool whole = split->start == 0 && strcmp(split->id, file.path) == 0;
    bool to_end = whole || split->end >= file.size;
    return read_file(self, remember(self, &file), split->start, to_end ? UINT64_MAX : split->end,
                     true, go_on);
}

/* ---- following a folder ---- */

static bool was_seen(const files_reader *self, const char *path)
{
    for (uint32_t i = 0; i < self->n_seen; i++)
        if (strcmp(self->seen[i]->path, path) == 0) return true;
    return false;
}

/* The files of every stripe that have not been read yet. */
static tide_status read_new_files(files_reader *self, bool *go_on)
{
    files_list list = { 0 };
    tide_status rv = files_find(self->path, self->order, &list);
    for (uint32_t s = 0; s < self->n_splits && rv == TIDE_OK && *go_on; s++) {
        self->split = s;
        uint32_t stripe = (uint32_t)self->splits[s]->start, n = (uint32_t)self->splits[s]->end;
        for (uint32_t i = 0; i < list.n && rv == TIDE_OK && *go_on; i++) {
            const files_entry *file = &list.items[i];
            if (!files_in_stripe(file->path, stripe, n) || was_seen(self, file->path)) continue;
            rv = read_file(self, remember(self, file), 0, UINT64_MAX, false, go_on);
        }
        if (rv == TIDE_OK && *go_on) *go_on = publish_kind(self, FILES_BLOCK_IDLE, TIDE_OK);
    }
    files_list_fini(&list);
    return rv;
}

/* Sleeps until it is time to look again or to stop. Blocks that come back wake
 * it too. */
static void pause_until(files_reader *self, int64_t when_ns)
{
    tide_clock *clock = tide_clock_real();
    while (!stopped(self)) {
        int64_t left = when_ns - tide_clock_now_ns(clock);
        if (left <= 0) return;
        tide_waker_arm(self->waker);
        if (stopped(self))
            tide_waker_disarm(self->waker);
        else
            tide_waker_wait(self->waker, left);
    }
}

static tide_status follow(files_reader *self, bool *go_on)
{
    tide_clock *clock = tide_clock_real();
    while (*go_on) {
        int64_t next = tide_clock_now_ns(clock) + self->interval_us * 1000;
        TIDE_TRY(read_new_files(self, go_on));
        if (self->bounded || !*go_on) return TIDE_OK;
        pause_until(self, next);
        *go_on = !stopped(self);
    }
    return TIDE_OK;
}

static void *run(void *self_v)
{
    files_reader *self = self_v;
    bool go_on = true;
    tide_status rv = TIDE_OK;
    if (self->followed) {
        rv = follow(self, &go_on);
    } else {
        for (uint32_t s = 0; s < self->n_splits && rv == TIDE_OK && go_on; s++) {
            self->split = s;
            rv = read_split(self, self->splits[s], &go_on);
        }
    }
    if (rv != TIDE_OK)
        publish_kind(self, FILES_BLOCK_FAILED, rv);
    else if (go_on)
        publish_kind(self, FILES_BLOCK_END, TIDE_OK);
    return NULL;
}

/* ---- its life ---- */

static void make_blocks(files_reader *self)
{
    size_t each = READER_FRONT_BYTES + READER_BLOCK_BYTES + TIDE_BUF_PADDING;
    tide_ring_init(&self->ready, READER_BLOCKS);
    tide_ring_init(&self->spare, READER_BLOCKS);
    self->memory = tide_malloc_aligned(64, each * READER_BLOCKS);
    for (uint32_t i = 0; i < READER_BLOCKS; i++) {
        self->blocks[i].data = self->memory + i * each + READER_FRONT_BYTES;
        memset(self->blocks[i].data + READER_BLOCK_BYTES, 0, TIDE_BUF_PADDING);
        tide_ring_push(&self->spare, &self->blocks[i]);
    }
}

static void release(files_reader *self)
{
    tide_ring_fini(&self->ready);
    tide_ring_fini(&self->spare);
    tide_waker_free(&self->waker);
    tide_arena_free(&self->arena);
    tide_free(self->seen);
    tide_free(self->memory);
    tide_free(self);
}

tide_status files_reader_start(const tide_source_args *args, files_reader **out)
{
    const tide_table *table = args->scan->scan.table;
    files_reader *self = tide_malloc_aligned(64, sizeof *self);
    memset(self, 0, sizeof *self);
    make_blocks(self);
    self->waker = tide_waker_new();
    self->slot_waker = args->waker;
    self->arena = tide_arena_new();
    self->path = files_path_of(table);
    self->packing = (files_packing)tide_option_enum(table, files_options, "compression");
    self->order = (files_order)tide_option_enum(table, files_options, "source.file-order");
    self->followed = files_is_followed(table);
    self->bounded = args->bounded;
    if (self->followed)
        self->interval_us = tide_option_us(table, files_options, "source.monitor-interval");
    self->splits = args->splits;
    self->n_splits = args->n_splits;
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        release(self);
        return tide_fail(TIDE_E_INTERNAL, "no thread for reading files could be started");
    }
    *out = self;
    return TIDE_OK;
}

void files_reader_stop(files_reader **self_p)
{
    files_reader *self = *self_p;
    if (self == NULL) return;
    atomic_store_explicit(&self->stop, true, memory_order_relaxed);
    tide_waker_wake(self->waker);
    pthread_join(self->thread, NULL);
    release(self);
    *self_p = NULL;
}
