/* writer.h - the thread that writes part files: each is invisible
 * (".part-0-3.json.1234.inprogress") until it is complete, on the disk, and
 * linked to its name, which never overwrites.
 *
 * Chunks of whole records go to it through a ring and come back empty through
 * another. The functions below are the slot's; they never block, but for _stop.
 */
#ifndef TIDE_WORKER_CONNECTOR_FILES_WRITER_H
#define TIDE_WORKER_CONNECTOR_FILES_WRITER_H
#include <stdbool.h>
#include <sys/types.h>

#include "base/core/bytes.h"
#include "base/core/status.h"
#include "base/thread/waker.h"
#include "worker/connector/files/stream.h"

#define WRITER_CHUNKS 8u
#define WRITER_CHUNK_BYTES (256u * 1024u) /* A chunk is handed over when it has grown to this. */

/* What can fail on a disk; tests put failures here. Each as the system call of
 * its name. */
typedef struct files_disk {
    ssize_t (*write)(int fd, const void *bytes, size_t n);
    int (*fsync)(int fd);
    int (*link)(const char *from, const char *to);
} files_disk;
extern const files_disk files_disk_real;

typedef struct files_writer_config {
    const char *folder;    /* Made if it does not exist. */
    const char *suffix;    /* ".json"; the packing's is added. */
    files_packing packing; /* PLAIN, GZIP or ZSTD. */
    const char *header;    /* Every file begins with these bytes. */
    size_t n_header;
    uint32_t subtask;
    uint64_t roll_bytes; /* A file is finished when it has reached this size,
                          packed, */
    int64_t roll_ns;     /* or this age. */
    tide_waker *slot_waker;
    const files_disk *disk;
} files_writer_config;

/* Rows on their way to the disk. */
typedef struct files_chunk {
    tide_bytes bytes;
    int64_t now_ns; /* When it was handed over: the writer has no clock. */
    bool finish;    /* Complete the file at hand. */
} files_chunk;

typedef struct files_writer files_writer;

/* Makes the folder and tries whether it can be written to. Texts of config are
 * copied. */
TIDE_MUST_CHECK tide_status files_writer_start(const files_writer_config *config,
                                               files_writer **out);
/* What has not been finished is deleted. Waits for the thread. */
void files_writer_stop(files_writer **self_p);

/* An empty chunk to fill, or NULL: the disk is behind; the slot's waker says
 * when there is one. */
files_chunk *files_writer_get(files_writer *self);
/* Hands it over. Chunks without bytes are for the time and for `finish`. */
void files_writer_put(files_writer *self, files_chunk **chunk_p);
/* TIDE_OK, or why writing has failed: nothing is written any more then. */
TIDE_MUST_CHECK tide_status files_writer_check(files_writer *self);
/* Are all chunks handed over so far dealt with? */
bool files_writer_idle(files_writer *self);

#endif
