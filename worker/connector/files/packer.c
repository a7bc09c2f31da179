/* packer.c - see packer.h. Packing into memory cannot fail but for lack of it.
 */
#include "worker/connector/files/packer.h"

#include <zlib.h>
#include <zstd.h>

#include "base/core/assert.h"

#define STEP_BYTES (64u * 1024u)
#define ZSTD_LEVEL 3

struct files_packer {
    files_packing packing;
    z_stream gzip;
    ZSTD_CStream *zstd;
};

const char *files_packing_suffix(files_packing packing)
{
    return packing == FILES_GZIP ? ".gz" : packing == FILES_ZSTD ? ".zst" : "";
}

files_packer *files_packer_new(files_packing packing)
{
    files_packer *self = tide_calloc(1, sizeof *self);
    self->packing = packing;
    if (packing == FILES_GZIP) {
        int rc = deflateInit2(&self->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                              Z_DEFAULT_STRATEGY);
        tide_assert(rc == Z_OK);
    }
    if (packing == FILES_ZSTD) {
        self->zstd = ZSTD_createCStream();
        tide_assert(self->zstd != NULL);
        size_t rc = ZSTD_CCtx_setParameter(self->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
        tide_assert(!ZSTD_isError(rc));
        rc = ZSTD_CCtx_setParameter(self->zstd, ZSTD_c_checksumFlag, 1);
        tide_assert(!ZSTD_isError(rc));
    }
    return self;
}

void files_packer_free(files_packer **self_p)
{
    files_packer *self = *self_p;
    if (self == NULL) return;
    if (self->packing == FILES_GZIP) deflateEnd(&self->gzip);
    ZSTD_freeCStream(self->zstd);
    tide_free(self);
    *self_p = NULL;
}

static void put_gzip(z_stream *z, const void *bytes, size_t n, bool end, tide_bytes *out)
{
    int rc;
    z->next_in = (Bytef *)(uintptr_t)bytes;
    z->avail_in = (uInt)n;
    do {
        z->next_out = (Bytef *)tide_bytes_reserve(out, STEP_BYTES);
        z->avail_out = STEP_BYTES;
        rc = deflate(z, end ? Z_FINISH : Z_NO_FLUSH);
        tide_assert(rc != Z_STREAM_ERROR);
        out->n += STEP_BYTES - z->avail_out;
    } while (end ? rc != Z_STREAM_END : z->avail_out == 0);
    if (end) deflateReset(z);
}

static void put_zstd(ZSTD_CStream *z, const void *bytes, size_t n, bool end, tide_bytes *out)
{
    size_t left;
    ZSTD_inBuffer in = { bytes, n, 0 };
    do {
        ZSTD_outBuffer to = { tide_bytes_reserve(out, STEP_BYTES), STEP_BYTES, 0 };
        left = ZSTD_compressStream2(z, &to, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        tide_assert(!ZSTD_isError(left));
        out->n += to.pos;
    } while (end ? left != 0 : in.pos < in.size);
}

void files_packer_put(files_packer *self, const void *bytes, size_t n, bool end, tide_bytes *out)
{
    if (self->packing == FILES_GZIP)
        put_gzip(&self->gzip, bytes, n, end, out);
    else if (self->packing == FILES_ZSTD)
        put_zstd(self->zstd, bytes, n, end, out);
    else
        tide_bytes_put(out, bytes, n);
}
