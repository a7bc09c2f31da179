/* reader.h - the thread that reads ahead of a source: splits to blocks of
 * bytes, in order.
 *
 * Blocks go to the slot through one ring and come back through another; there
 * are READER_BLOCKS of them, so that many are read ahead. In front of a block's
 * bytes is room for what the block before left over (a record's first part),
 * behind them TIDE_BUF_PADDING readable bytes. The functions below are the
 * slot's. */
#ifndef TIDE_WORKER_CONNECTOR_FILES_READER_H
#define TIDE_WORKER_CONNECTOR_FILES_READER_H
#include "base/thread/ring.h"
#include "worker/connector/files/files.h"

#define READER_BLOCKS 4u
#define READER_BLOCK_BYTES (256u * 1024u)
#define READER_FRONT_BYTES (64u * 1024u)

typedef enum files_block_kind {
    FILES_BLOCK_DATA,
    FILES_BLOCK_IDLE,  /* Split `split`: every file was read, nothing new is there.
                        */
    FILES_BLOCK_END,   /* Nothing more will come. */
    FILES_BLOCK_FAILED /* `error` says why. The last block. */
} files_block_kind;

typedef struct files_block {
    files_block_kind kind;
    uint32_t split;          /* Index into the source's splits. */
    const files_entry *file; /* Lives as long as the reader. */
    uint8_t *data;           /* len bytes of the file (unpacked). */
    size_t len;
    uint64_t offset;  /* In the file (unpacked) of data[0]. */
    bool first, last; /* Of this file's part. */
    bool split_end;   /* With `last`: of the split too. */
    tide_error error;
} files_block;

typedef struct files_reader files_reader;

/* Copies what it needs of args; args->splits, ->scan and ->waker must live on.
 */
TIDE_MUST_CHECK tide_status files_reader_start(const tide_source_args *args, files_reader **out);
void files_reader_stop(
    files_reader **self_p); /* Waits for the thread; all blocks must be back or lost. */

/* The next block, or NULL when none is ready: the slot's waker says when. */
files_block *files_reader_take(files_reader *self);
bool files_reader_ready(files_reader *self); /* Would _take return one? */
void files_reader_give_back(files_reader *self, files_block **block_p);

#endif
