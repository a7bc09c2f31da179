/* writer.c - see writer.h. */
#include "worker/connector/files/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/thread/ring.h"
#include "worker/connector/files/packer.h"

#define NAMES_MAX 1000000u /* Part numbers that are tried before giving up. */

const files_disk files_disk_real = { write, fsync, link };

struct files_writer {
    pthread_t thread;
    tide_ring full TIDE_ALIGNED(64); /* To the thread. */
    tide_ring empty;                 /* To the slot. */
    _Atomic bool stop;               /* Slot writes. */
    _Atomic uint64_t done;           /* Chunks dealt with; the thread writes. */
    _Atomic bool failed;             /* The thread writes, after `error`. */
    tide_error error;
    uint64_t put;      /* Slot's: chunks handed over. */
    tide_waker *waker; /* The thread's. */
    files_writer_config config;
    files_chunk chunks[WRITER_CHUNKS];
    /* The thread's: */
    files_packer *packer;
    tide_bytes packed;
    int fd, folder_fd; /* fd -1: no file is open. */
    uint32_t seq;      /* Of the next part's name. */
    char *hidden;      /* Path of the open file. */
    uint64_t written;
    int64_t opened_ns;
};

/* ---- the slot's side ---- */

files_chunk *files_writer_get(files_writer *self)
{
    return tide_ring_pop(&self->empty);
}

void files_writer_put(files_writer *self, files_chunk **chunk_p)
{
    bool pushed = tide_ring_push(&self->full, *chunk_p);
    tide_assert(pushed); /* It has room for all of them. */
    *chunk_p = NULL;
    self->put++;
    tide_waker_wake(self->waker);
}

tide_status files_writer_check(files_writer *self)
{
    if (!atomic_load_explicit(&self->failed, memory_order_acquire)) return TIDE_OK;
    return tide_error_raise(&self->error);
}

bool files_writer_idle(files_writer *self)
{
    return atomic_load_explicit(&self->done, memory_order_acquire) == self->put;
}

/* ---- the thread's side: a file ---- */

static tide_status fail_disk(const char *what, const char *path)
{
    tide_status code = errno == ENOSPC || errno == EDQUOT ? TIDE_E_NO_SPACE : TIDE_E_IO;
    return tide_fail(code, "%s %s: %s", what, path, strerror(errno));
}

/* Name of part `seq`: hidden while it is written. Caller frees. */
static char *part_path(const files_writer *self, bool hidden)
{
    const files_writer_config *c = &self->config;
    if (!hidden)
        return tide_asprintf("%s/part-%u-%u%s%s", c->folder, c->subtask, self->seq, c->suffix,
                             files_packing_suffix(c->packing));
    return tide_asprintf("%s/.part-%u-%u%s%s.%d.inprogress", c->folder, c->subtask, self->seq,
                         c->suffix, files_packing_suffix(c->packing), (int)getpid());
}

static tide_status write_packed(files_writer *self)
{
    const char *p = self->packed.p;
    for (size_t left = self->packed.n; left > 0;) {
        ssize_t n = self->config.disk->write(self->fd, p, left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_disk("writing", self->hidden);
        p += n, left -= (size_t)n;
        self->written += (uint64_t)n;
    }
    self->packed.n = 0;
    return TIDE_OK;
}

static tide_status open_part(files_writer *self, int64_t now_ns)
{
    const files_writer_config *c = &self->config;
    for (uint32_t tries = 0; self->fd < 0; tries++) {
        self->hidden = part_path(self, true);
        self->fd = open(self->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (self->fd >= 0) break;
        bool taken = errno == EEXIST;
        tide_status rv = fail_disk("creating", self->hidden);
        tide_free(self->hidden);
        self->hidden = NULL;
        if (!taken || tries == NAMES_MAX) return rv;
        self->seq++;
    }
    self->written = 0;
    self->opened_ns = now_ns;
    files_packer_put(self->packer, c->header, c->n_header, false, &self->packed);
    return write_packed(self);
}

static void forget_part(files_writer *self)
{
    if (self->fd >= 0) close(self->fd);
    self->fd = -1;
    if (self->hidden) unlink(self->hidden);
    tide_free(self->hidden);
    self->hidden = NULL;
    self->packed.n = 0;
}

/* Gives the complete file its name: the next that is free. */
static tide_status reveal_part(files_writer *self)
{
    for (uint32_t tries = 0;; tries++) {
        char *path = part_path(self, false);
        int rc = self->config.disk->link(self->hidden, path);
        bool taken = rc != 0 && errno == EEXIST;
        tide_status rv = rc == 0 ? TIDE_OK : fail_disk("finishing", path);
        tide_free(path);
        self->seq++;
        if (rv == TIDE_OK || !taken || tries == NAMES_MAX) return rv;
    }
}

static tide_status finish_part(files_writer *self)
{
    if (self->fd < 0) return TIDE_OK;
    files_packer_put(self->packer, "", 0, true, &self->packed);
    TIDE_TRY(write_packed(self));
    if (self->config.disk->fsync(self->fd) != 0) return fail_disk("writing", self->hidden);
    int rc = close(self->fd);
    self->fd = -1;
    if (rc != 0) return fail_disk("writing", self->hidden);
    TIDE_TRY(reveal_part(self));
    forget_part(self); /* Removes the hidden name; the file keeps the other. */
    if (self->config.disk->fsync(self->folder_fd) != 0 && errno != EINVAL)
        return fail_disk("writing", self->config.folder);
    return TIDE_OK;
}

static tide_status take_chunk(files_writer *self, const files_chunk *chunk)
{
    const files_writer_config *c = &self->config;
    if (chunk->bytes.n) {
        if (self->fd < 0) TIDE_TRY(open_part(self, chunk->now_ns));
        files_packer_put(self->packer, chunk->bytes.p, chunk->bytes.n, false, &self->packed);
        TIDE_TRY(write_packed(self));
    }
    bool due = self->fd >= 0 &&
               (self->written >= c->roll_bytes || chunk->now_ns - self->opened_ns >= c->roll_ns);
    return chunk->finish || due ? finish_part(self) : TIDE_OK;
}

/* ---- the thread's side: chunks ---- */

/* After a failure chunks are only passed back. */
static void handle(files_writer *self, files_chunk *chunk)
{
    bool failed = atomic_load_explicit(&self->failed, memory_order_relaxed);
    tide_status rv = failed ? TIDE_OK : take_chunk(self, chunk);
    if (rv != TIDE_OK) {
        tide_error_take(rv, &self->error);
        forget_part(self);
        atomic_store_explicit(&self->failed, true, memory_order_release);
    }
    chunk->bytes.n = 0;
    chunk->finish = false;
    bool pushed = tide_ring_push(&self->empty, chunk);
    tide_assert(pushed);
    atomic_fetch_add_explicit(&self->done, 1, memory_order_release);
    tide_waker_wake(self->config.slot_waker);
}

static void *run(void *self_v)
{
    files_writer *self = self_v;
    while (!atomic_load_explicit(&self->stop, memory_order_relaxed)) {
        files_chunk *chunk = tide_ring_pop(&self->full);
        if (chunk) {
            handle(self, chunk);
            continue;
        }
        tide_waker_arm(self->waker);
        if (tide_ring_peek(&self->full) || atomic_load_explicit(&self->stop, memory_order_relaxed))
            tide_waker_disarm(self->waker);
        else
            tide_waker_wait(self->waker, -1);
    }
    forget_part(self);
    return NULL;
}

/* ---- its life ---- */

static tide_status make_folder(const char *path)
{
    char *at = tide_strdup(path);
    tide_status rv = TIDE_OK;
    for (char *p = at + 1; rv == TIDE_OK; p++) {
        if (*p != '/' && *p != '\0') continue;
        char end = *p;
        *p = '\0';
        if (mkdir(at, 0777) != 0 && errno != EEXIST) rv = fail_disk("creating the folder", at);
        *p = end;
        if (end == '\0') break;
    }
    tide_free(at);
    return rv;
}

static tide_status try_folder(const char *path, int *fd_out)
{
    struct stat st;
    TIDE_TRY(make_folder(path));
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        return tide_fail(TIDE_E_EXISTS,
                         "%s: part files are written into a folder, and this is a file", path);
    *fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd_out < 0) return fail_disk("opening the folder", path);
    if (access(path, W_OK | X_OK) == 0) return TIDE_OK;
    tide_status rv = fail_disk("writing to the folder", path);
    close(*fd_out);
    return rv;
}

static void release(files_writer *self)
{
    for (uint32_t i = 0; i < WRITER_CHUNKS; i++) tide_bytes_fini(&self->chunks[i].bytes);
    tide_ring_fini(&self->full);
    tide_ring_fini(&self->empty);
    tide_waker_free(&self->waker);
    files_packer_free(&self->packer);
    tide_bytes_fini(&self->packed);
    close(self->folder_fd);
    tide_free((char *)self->config.folder);
    tide_free((char *)self->config.suffix);
    tide_free((char *)self->config.header);
    tide_free(self);
}

tide_status files_writer_start(const files_writer_config *config, files_writer **out)
{
    int folder_fd = -1;
    TIDE_TRY(try_folder(config->folder, &folder_fd));
    files_writer *self = tide_malloc_aligned(64, sizeof *self);
    memset(self, 0, sizeof *self);
    self->config = *config;
    self->config.folder = tide_strdup(config->folder);
    self->config.suffix = tide_strdup(config->suffix);
    self->config.header = tide_strndup(config->n_header ? config->header : "", config->n_header);
    self->folder_fd = folder_fd;
    self->fd = -1;
    self->packer = files_packer_new(config->packing);
    self->waker = tide_waker_new();
    tide_ring_init(&self->full, WRITER_CHUNKS);
    tide_ring_init(&self->empty, WRITER_CHUNKS);
    for (uint32_t i = 0; i < WRITER_CHUNKS; i++) tide_ring_push(&self->empty, &self->chunks[i]);
    if (pthread_create(&self->thread, NULL, run, self) != 0) {
        release(self);
        return tide_fail(TIDE_E_INTERNAL, "no thread for writing files could be started");
    }
    *out = self;
    return TIDE_OK;
}

void files_writer_stop(files_writer **self_p)
{
    files_writer *self = *self_p;
    if (self == NULL) return;
    atomic_store_explicit(&self->stop, true, memory_order_relaxed);
    tide_waker_wake(self->waker);
    pthread_join(self->thread, NULL);
    release(self);
    *self_p = NULL;
}
