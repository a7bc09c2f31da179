/* snapshot.h - a table's rows as they were at a barrier, while the operator goes on writing.
 *
 * At a barrier the rows changed since the last one become frozen: they belong to the snapshot. A
 * frozen row that is about to change is copied aside first (touching does it); the task's duty
 * cycle writes the others out a few thousand at a time (_sweep). When nothing is frozen any more,
 * every key group has given one piece: a base (all its rows) or a delta (rows changed and keys
 * deleted since the piece before). A group's state is its last base and the deltas after it.
 * Layout of a piece: docs/formats/keyed-table.md.
 *
 * When the checkpoint is complete or abandoned, _settle says so; only then may the next barrier
 * come. Owner: the table's thread. */
#ifndef TIDE_CHECKPOINT_STATE_SNAPSHOT_H
#define TIDE_CHECKPOINT_STATE_SNAPSHOT_H
#include "checkpoint/state/table.h"

/* Where pieces go. */
typedef struct tide_piece_sink {
    void *ctx;
    /* The next bytes of the piece of a key group (absolute number). Bytes of one group come in
     * order, groups one after another. Borrowed for the call. */
    tide_status (*write)(void *ctx, uint32_t group, bool base, const uint8_t *bytes, size_t n);
} tide_piece_sink;

typedef enum tide_snapshot_kind {
    TIDE_SNAPSHOT_FULL, /* A base of every group: savepoints, the first
                         checkpoint. */
    /* Deltas; a base where there is none yet, or where the deltas since add up to it. */
    TIDE_SNAPSHOT_INCREMENTAL
} tide_snapshot_kind;

/* Freezes. No snapshot may be open. Groups without changes and deletions give no piece unless a
 * base is due. Takes microseconds, whatever the size. */
void tide_table_barrier(tide_table *self, tide_snapshot_kind kind);

/* Writes out up to rows_max more rows. *done_out: all pieces are complete. A failure is the
 * sink's; the snapshot can then only be settled as not kept. */
TIDE_MUST_CHECK tide_status tide_table_sweep(tide_table *self, const tide_piece_sink *sink,
                                             uint32_t rows_max, bool *done_out);

/* Ends the open snapshot. kept false: its changes will be part of the next one. So it is for a
 * checkpoint that was abandoned, and for a savepoint: a user may delete that, and later deltas
 * must not continue it. */
void tide_table_settle(tide_table *self, bool kept);
bool tide_table_snapshot_open(const tide_table *self);

/* Reads one piece into its group: the group must be empty for a base, and hold the piece before
 * for a delta. Bases and deltas of all groups, then _restore_end. Returns TIDE_E_CORRUPT for
 * damaged bytes (nothing is changed then), TIDE_E_MISMATCH for a piece of another layout,
 * TIDE_E_BUDGET. */
TIDE_MUST_CHECK tide_status tide_table_restore(tide_table *self, const uint8_t *piece, size_t n);
/* Builds the indexes of the restored groups. Before it only _restore may be called. Returns
 * TIDE_E_CORRUPT when a key is there twice or belongs to another group. */
TIDE_MUST_CHECK tide_status tide_table_restore_end(tide_table *self);

/* Takes a group out: writes it as a base, then empties it. No snapshot may be open. */
TIDE_MUST_CHECK tide_status tide_table_group_out(tide_table *self, uint32_t group,
                                                 const tide_piece_sink *sink);
/* Brings it in again, here or in another table of the same layout; its index included. */
TIDE_MUST_CHECK tide_status tide_table_group_in(tide_table *self, const uint8_t *piece, size_t n);

#endif
