/* layout.h - rows of text under a header, columns aligned.
 *
 * Widths come from the header and the rows seen before the first flush; later wider values widen
 * the columns from then on. A record is one row: for each column its length (4 bytes, UINT32_MAX
 * for NULL), then its bytes. Owner: one thread. */
#ifndef TIDE_WORKER_CONNECTOR_PRINT_LAYOUT_H
#define TIDE_WORKER_CONNECTOR_PRINT_LAYOUT_H
#include "base/column/batch.h"
#include "base/core/bytes.h"

typedef struct tide_layout {
    const tide_schema *schema;
    uint32_t *widths;   /* Characters, by column. */
    tide_bytes records; /* Not yet flushed. */
    uint64_t n_records;
    bool header_done;
} tide_layout;

void tide_layout_init(tide_layout *self, const tide_schema *schema); /* Borrows the schema. */
void tide_layout_fini(tide_layout *self);

/* Appends row `row` (physical) of the batch as a record. */
void tide_layout_record(const tide_batch *batch, uint32_t row, tide_bytes *out);
/* Widens the columns for a record that will be added later. */
void tide_layout_measure(tide_layout *self, const char *record);
/* Takes a copy of a record. */
void tide_layout_add(tide_layout *self, const char *record, size_t n);
/* Writes the records added since the last flush; `header`: below the column names, the first
 * time. */
void tide_layout_flush(tide_layout *self, bool header, tide_bytes *out);

#endif
