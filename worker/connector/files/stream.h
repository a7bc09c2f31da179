/* stream.h - the bytes of a file, plain or unpacked, from front to back. Blocks
 * on the disk: I/O threads only (and the slot of a job that has already failed,
 * to find a line number). Owner: one thread. */
#ifndef TIDE_WORKER_CONNECTOR_FILES_STREAM_H
#define TIDE_WORKER_CONNECTOR_FILES_STREAM_H
#include <stddef.h>
#include <stdint.h>

#include "base/core/status.h"

/* How a file is packed; the order of the option's words. */
typedef enum files_packing { FILES_AUTO, FILES_PLAIN, FILES_GZIP, FILES_ZSTD } files_packing;

/* What AUTO means for this name: by its suffix .gz or .zst. */
files_packing files_packing_of(files_packing wanted, const char *path);

typedef struct files_stream files_stream;

/* packing is not AUTO. TIDE_E_NOT_FOUND, TIDE_E_IO. */
TIDE_MUST_CHECK tide_status files_stream_open(const char *path, files_packing packing,
                                              files_stream **out);
void files_stream_close(files_stream **self_p);

/* Plain files only: go on at this byte. */
void files_stream_seek(files_stream *self, uint64_t offset);
/* Fills up to cap bytes; *n_out is less only at the end, where it may be 0.
 * TIDE_E_IO; TIDE_E_CORRUPT when what is packed is damaged or cut off. */
TIDE_MUST_CHECK tide_status files_stream_read(files_stream *self, void *at, size_t cap,
                                              size_t *n_out);

#endif
