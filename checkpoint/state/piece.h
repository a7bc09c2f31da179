/* piece.h - the bytes of one key group's base or delta: writing them, and reading them safely.
 * Layout: docs/formats/keyed-table.md. For this folder only. Owner: one thread. */
#ifndef TIDE_CHECKPOINT_STATE_PIECE_H
#define TIDE_CHECKPOINT_STATE_PIECE_H
#include "checkpoint/state/table_priv.h"

typedef enum tide_piece_kind { TIDE_PIECE_BASE = 1, TIDE_PIECE_DELTA = 2 } tide_piece_kind;
typedef enum tide_section_kind {
    TIDE_SECTION_ROWS = 1,
    TIDE_SECTION_TOMBSTONES = 2,
    TIDE_SECTION_END = 3
} tide_section_kind;

#define TIDE_PIECE_VERSION 1u
#define TIDE_PIECE_HEAD_BYTES 48u /* Before the columns and owned fields. */
#define TIDE_SECTION_HEAD_BYTES 24u
#define TIDE_SECTION_BYTES (32u << 10) /* A section is closed when it has grown to this. */

/* ---- rows ---- */
/* Bytes of a row, or only of its key, as saved, and the saving itself; returns the end. */
size_t tide_row_saved_bytes(const tide_table *t, const uint8_t *row, bool key_only);
uint8_t *tide_row_save(const tide_table *t, const uint8_t *row, bool key_only, uint8_t *to);

/* ---- writing ---- */
typedef struct tide_piece_writer {
    const tide_table *table;
    const tide_piece_sink *sink; /* Set before each call below. */
    uint32_t group;              /* Relative to the first. */
    tide_piece_kind kind;
    tide_section_kind section;
    tide_bytes buf; /* The open section: its head, then the entries. */
    uint32_t n_entries, last_ordinal;
    uint64_t chain; /* Checksum of what was written before; at the end the piece's
                     id. */
    uint64_t bytes;
} tide_piece_writer;

/* `parent`: the id of the piece that a delta continues; 0 for a base. */
TIDE_MUST_CHECK tide_status tide_piece_begin(tide_piece_writer *self, const tide_table *table,
                                             uint32_t group, tide_piece_kind kind, uint64_t parent);
/* An entry: the row as it is, or as it was saved before. */
TIDE_MUST_CHECK tide_status tide_piece_put_row(tide_piece_writer *self, uint32_t ordinal,
                                               const uint8_t *row);
TIDE_MUST_CHECK tide_status tide_piece_put_saved(tide_piece_writer *self, tide_section_kind section,
                                                 uint32_t ordinal, const uint8_t *saved, size_t n);
TIDE_MUST_CHECK tide_status tide_piece_end(tide_piece_writer *self);
void tide_piece_writer_fini(tide_piece_writer *self);

/* ---- reading ---- */
typedef struct tide_piece_head {
    tide_piece_kind kind;
    uint32_t group; /* Absolute. */
    uint64_t parent, id;
    size_t sections_at, bytes;
} tide_piece_head;

/* Checks everything about the piece that can be checked without applying it: checksums, layout,
 * the bounds of every entry. Returns TIDE_E_CORRUPT or TIDE_E_MISMATCH. */
TIDE_MUST_CHECK tide_status tide_piece_check(const tide_table *t, const uint8_t *piece, size_t n,
                                             tide_piece_head *out);

/* Entries of a checked piece, section by section. */
typedef struct tide_piece_entry {
    uint32_t ordinal;
    const uint8_t *fixed;    /* Key, and for a row its value. */
    const uint8_t *variable; /* Long strings; for a row then blobs and owned fields. */
} tide_piece_entry;
typedef bool (*tide_piece_visit)(void *ctx, const tide_piece_entry *entry);
/* Calls visit for each entry of that kind; stops, and returns false, when it does. */
bool tide_piece_each(const tide_table *t, const uint8_t *piece, const tide_piece_head *head,
                     tide_section_kind section, tide_piece_visit visit, void *ctx);
/* A length in front of a blob or owned field; advances *at. Bounds were checked. */
uint32_t tide_piece_length(const uint8_t **at);

#endif
