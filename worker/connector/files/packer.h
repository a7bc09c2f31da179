/* packer.h - packing bytes as gzip or zstd on their way to a file. Owner: one
 * thread. */
#ifndef TIDE_WORKER_CONNECTOR_FILES_PACKER_H
#define TIDE_WORKER_CONNECTOR_FILES_PACKER_H
#include <stdbool.h>

#include "base/core/bytes.h"
#include "base/core/status.h"
#include "worker/connector/files/stream.h"

typedef struct files_packer files_packer;

/* packing: FILES_PLAIN, FILES_GZIP or FILES_ZSTD. */
files_packer *files_packer_new(files_packing packing);
void files_packer_free(files_packer **self_p);
/* Appends what bytes[0..n) become to *out; with `end` the rest too, and the
 * next call begins anew. */
void files_packer_put(files_packer *self, const void *bytes, size_t n, bool end, tide_bytes *out);
const char *files_packing_suffix(files_packing packing); /* "", ".gz", ".zst" */

#endif
