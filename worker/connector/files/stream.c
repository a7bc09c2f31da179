/* stream.c - see stream.h. */
#include "worker/connector/files/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define PACKED_BYTES (128u * 1024u) /* Read from disk at a time when unpacking. */

struct files_stream {
    int fd;
    files_packing packing;
    char *path;
    uint64_t offset; /* In the file as it lies on the disk: of the next read. */
    uint8_t *packed; /* packed[packed_at..packed_end) is still to be unpacked. */
    size_t packed_at, packed_end;
    bool inside; /* In the middle of a gzip member or zstd frame. */
    z_stream gzip;
    ZSTD_DStream *zstd;
};

files_packing files_packing_of(files_packing wanted, const char *path)
{
    size_t n = strlen(path);
    if (wanted != FILES_AUTO) return wanted;
    if (n > 3 && strcmp(path + n - 3, ".gz") == 0) return FILES_GZIP;
    if (n > 4 && strcmp(path + n - 4, ".zst") == 0) return FILES_ZSTD;
    return FILES_PLAIN;
}

tide_status files_stream_open(const char *path, files_packing packing, files_stream **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    files_stream *self = tide_calloc(1, sizeof *self);
    self->fd = fd;
    self->packing = packing;
    self->path = tide_strdup(path);
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* A hint; its failure means nothing. */
    if (packing != FILES_PLAIN) self->packed = tide_malloc(PACKED_BYTES);
    if (packing == FILES_GZIP) {
        int rc = inflateInit2(&self->gzip, 15 + 16); /* The largest window; a gzip header. */
        tide_assert(rc == Z_OK);
    }
    if (packing == FILES_ZSTD) {
        self->zstd = ZSTD_createDStream();
        tide_assert(self->zstd != NULL);
    }
    *out = self;
    return TIDE_OK;
}

void files_stream_close(files_stream **self_p)
{
    files_stream *self = *self_p;
    if (self == NULL) return;
    if (self->packing == FILES_GZIP) inflateEnd(&self->gzip);
    ZSTD_freeDStream(self->zstd);
    close(self->fd);
    tide_free(self->packed);
    tide_free(self->path);
    tide_free(self);
    *self_p = NULL;
}

void files_stream_seek(files_stream *self, uint64_t offset)
{
    tide_assert(self->packing == FILES_PLAIN);
    self->offset = offset;
}

/* Bytes as they lie on the disk. */
static tide_status read_disk(files_stream *self, void *at, size_t cap, size_t *n_out)
{
    *n_out = 0;
    while (*n_out < cap) {
        ssize_t n = pread(self->fd, (uint8_t *)at + *n_out, cap - *n_out, (off_t)self->offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return tide_fail(TIDE_E_IO, "reading %s at byte %" PRIu64 ": %s", self->path,
                             self->offset, strerror(errno));
        if (n == 0) break;
        *n_out += (size_t)n;
        self->offset += (uint64_t)n;
    }
    return TIDE_OK;
}

static uint64_t packed_place(const files_stream *self)
{
    return self->offset - (self->packed_end - self->packed_at);
}

static tide_status damaged(const files_stream *self, const char *why)
{
    return tide_fail(TIDE_E_CORRUPT, "%s: damaged %s at byte %" PRIu64 ": %s", self->path,
                     self->packing == FILES_GZIP ? "gzip" : "zstd", packed_place(self), why);
}

/* Unpacks what is there; adds to *n_out. */
static tide_status unpack_gzip(files_stream *self, uint8_t *at, size_t cap, size_t *n_out)
{
    z_stream *z = &self->gzip;
    z->next_in = self->packed + self->packed_at;
    z->avail_in = (uInt)(self->packed_end - self->packed_at);
    z->next_out = at + *n_out;
    z->avail_out = (uInt)(cap - *n_out);
    self->inside = true;
    int rc = inflate(z, Z_NO_FLUSH);
    self->packed_at = self->packed_end - z->avail_in;
    *n_out = cap - z->avail_out;
    if (rc == Z_STREAM_END) {
        self->inside = false; /* Another member may follow. */
        inflateReset(z);
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return damaged(self, z->msg ? z->msg : "unreadable");
    }
    return TIDE_OK;
}

static tide_status unpack_zstd(files_stream *self, uint8_t *at, size_t cap, size_t *n_out)
{
    ZSTD_inBuffer in = { self->packed, self->packed_end, self->packed_at };
    ZSTD_outBuffer out = { at, cap, *n_out };
    size_t rc = ZSTD_decompressStream(self->zstd, &out, &in);
    self->packed_at = in.pos;
    *n_out = out.pos;
    if (ZSTD_isError(rc)) return damaged(self, ZSTD_getErrorName(rc));
    self->inside = rc != 0;
    return TIDE_OK;
}

tide_status files_stream_read(files_stream *self, void *at, size_t cap, size_t *n_out)
{
    if (self->packing == FILES_PLAIN) return read_disk(self, at, cap, n_out);
    *n_out = 0;
    while (*n_out < cap) {
        size_t before = *n_out;
        bool starved = self->packed_at == self->packed_end;
        if (starved) {
            self->packed_at = self->packed_end = 0;
            size_t n;
            TIDE_TRY(read_disk(self, self->packed, PACKED_BYTES, &n));
            self->packed_end = n;
            if (n == 0 && !self->inside) return TIDE_OK;
        }
        TIDE_TRY(self->packing == FILES_GZIP ? unpack_gzip(self, at, cap, n_out)
                                             : unpack_zstd(self, at, cap, n_out));
        /* Nothing more on the disk, nothing left inside: the rest is missing. */
        if (self->packed_end == 0 && *n_out == before)
            return damaged(self, "the file is truncated");
    }
    return TIDE_OK;
}
