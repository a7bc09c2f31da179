/* table.h - the keyed table: a batch of keys in, row numbers out.
 *
 * A row is a key (base/column/key.h) and value_bytes of the operator's own, all zero when the row
 * is new. Rows never move: a row number and pointers into the row stay valid until the row is
 * deleted (but a deleted row's number is reused at once). Row number 0 is no row.
 *
 * A step of an operator: encode the batch's keys, _update, write to the values. Or in parts:
 * _find_or_insert; _touch the rows that will be written (new rows are touched already); write
 * through _value. Writing without touching loses the change in the next checkpoint.
 *
 * Variable-size values: the last n_blobs words of a value are blob handles, read and written only
 * through the _blob functions. Long strings of keys are copied by the table and freed with the row.
 *
 * Everything is per key group: rows, index, snapshots. An empty group costs 100 bytes. How it
 * works: README.md of this folder. Stored form: docs/formats/keyed-table.md; snapshots: snapshot.h.
 *
 * Owner: one thread. Nothing here depends on addresses: the same calls give the same row numbers,
 * orders and bytes. */
#ifndef TIDE_CHECKPOINT_STATE_TABLE_H
#define TIDE_CHECKPOINT_STATE_TABLE_H
#include "base/column/key.h"
#include "checkpoint/state/memory.h"

#define TIDE_TABLE_VALUE_BYTES_MAX 16384u
#define TIDE_TABLE_BLOBS_MAX 64u
#define TIDE_TABLE_OWNED_MAX 64u
#define TIDE_TABLE_BLOB_BYTES_MAX (1u << 30)

typedef struct tide_table tide_table;

/* A field of the value that owns memory of its own outside of the table (an aggregate's long
 * string). The table calls these when it writes a row out, reads it back, or deletes it. */
typedef struct tide_table_owned {
    uint32_t offset, bytes; /* Of the field in the value; it is zero in a saved row. */
    const void *ctx;
    uint32_t (*size)(const void *ctx, const uint8_t *field); /* Bytes that save writes. */
    void (*save)(const void *ctx, const uint8_t *field, uint8_t *to);
    /* Makes the field, which is all zeros, own what was saved. False when the bytes make no
     * sense; the field must then own nothing. */
    bool (*load)(const void *ctx, uint8_t *field, const uint8_t *from, uint32_t n);
    void (*drop)(const void *ctx, uint8_t *field);
} tide_table_owned;

typedef struct tide_table_spec {
    const char *name;              /* Unique within the operator; copied. */
    const tide_key_spec *key;      /* Copied. */
    uint32_t value_bytes;          /* A multiple of 8, blob handles included; may be 0. */
    uint32_t n_blobs;              /* The last n_blobs * 8 bytes of the value. */
    const tide_table_owned *owned; /* n_owned of them; copied. */
    uint32_t n_owned;
} tide_table_spec;

/* Which key groups a table holds: [first, end) of `total` (a power of two). */
typedef struct tide_table_groups {
    uint32_t total, first, end;
} tide_table_groups;

/* Operators open tables through a tide_state_set (set.h). `memory` outlives the table. Returns
 * TIDE_E_LIMIT for a value or key that is too large, TIDE_E_INVALID for a malformed spec. */
TIDE_MUST_CHECK tide_status tide_table_open(tide_table **out, const tide_table_spec *spec,
                                            tide_table_groups groups, tide_state_memory *memory);
void tide_table_free(tide_table **self_p); /* NULL inside is fine. */

/* ---- rows of a batch: n <= TIDE_BATCH_ROWS_MAX ---- */
/* rows[k] becomes the row of key k (keys + k * key_bytes), made when it is new. The indexes k of
 * keys that made a row go to fresh[0..*n_fresh), in the order in which rows were made; both may
 * be NULL. Every hash must be in the table's groups. Returns TIDE_E_BUDGET, naming the table; the
 * rows made so far stay. */
TIDE_MUST_CHECK tide_status tide_table_find_or_insert(tide_table *self, const uint8_t *keys,
                                                      const uint64_t *hash, uint32_t n,
                                                      uint32_t *rows, uint16_t *fresh,
                                                      uint32_t *n_fresh);
/* The same, then touches all rows, and values[k] becomes the value of key k: one pass instead of
 * three calls, a third faster. */
TIDE_MUST_CHECK tide_status tide_table_update(tide_table *self, const uint8_t *keys,
                                              const uint64_t *hash, uint32_t n, uint32_t *rows,
                                              uint8_t **values, uint16_t *fresh, uint32_t *n_fresh);
/* Only finds: rows[k] is 0 when there is none. */
void tide_table_find(const tide_table *self, const uint8_t *keys, const uint64_t *hash, uint32_t n,
                     uint32_t *rows);
/* Before writing to the values of rows[0..n) (none 0; repeats are fine). */
void tide_table_touch(tide_table *self, const uint32_t *rows, uint32_t n);
/* Deletes rows[0..n), all different, with their strings and blobs. */
void tide_table_delete(tide_table *self, const uint32_t *rows, uint32_t n);
/* Deletes all rows; the memory is recycled. */
void tide_table_clear(tide_table *self);

/* Where rows lie. Read-only outside of this folder; public for the inline functions below. */
typedef struct tide_table_map {
    uint8_t **page; /* By page number: the page's first row. */
    uint32_t slot_bits, slot_mask;
    uint32_t stride, key_bytes; /* Of a row; of its key, which comes first. */
    uint32_t blobs_at;          /* Of the first blob handle, in the row. */
} tide_table_map;

TIDE_INLINE uint8_t *tide_table_row(const tide_table *self, uint32_t row)
{
    const tide_table_map *m = (const tide_table_map *)(const void *)self;
    return m->page[row >> m->slot_bits] + (size_t)(row & m->slot_mask) * m->stride;
}
TIDE_INLINE const uint8_t *tide_table_key(const tide_table *self, uint32_t row)
{
    return tide_table_row(self, row);
}
/* The row's value, 8-byte aligned. */
TIDE_INLINE uint8_t *tide_table_value(const tide_table *self, uint32_t row)
{
    const tide_table_map *m = (const tide_table_map *)(const void *)self;
    return tide_table_row(self, row) + m->key_bytes;
}
/* The values, or keys, of many rows at once. */
void tide_table_values(const tide_table *self, const uint32_t *rows, uint32_t n, uint8_t **out);
void tide_table_keys(const tide_table *self, const uint32_t *rows, uint32_t n, const uint8_t **out);
bool tide_table_is_live(const tide_table *self, uint32_t row); /* Any number is fine. */

/* ---- variable-size values ---- */
/* A blob as it lies in memory. Read-only outside of this folder; public for the inline functions.
 */
typedef struct tide_blob {
    uint32_t n, cap; /* Bytes used; bytes behind this header. */
    uint8_t bytes[] TIDE_ALIGNED(8);
} tide_blob;

/* How a row refers to a blob: its address; and in the low bits, which an address leaves free, how
 * many cache lines it is, header included, if it is whole ones and not too many. So who knows in
 * which line something lies need not wait for the first one. 0: an empty blob. */
typedef uintptr_t tide_blob_handle;
#define TIDE_BLOB_LINES_MAX 15u

TIDE_INLINE tide_blob *tide_blob_of(tide_blob_handle handle)
{
    return (tide_blob *)(handle & ~(uintptr_t)TIDE_BLOB_LINES_MAX);
}
/* 0: not known. */
TIDE_INLINE uint32_t tide_blob_lines(tide_blob_handle handle)
{
    return handle & TIDE_BLOB_LINES_MAX;
}

/* Where the handles of the blobs from i on of a row with that value lie. */
TIDE_INLINE tide_blob_handle *tide_table_handles(const tide_table *self, const uint8_t *value,
                                                 uint32_t i)
{
    const tide_table_map *m = (const tide_table_map *)(const void *)self;
    return (tide_blob_handle *)(uintptr_t)(value + m->blobs_at - m->key_bytes + (size_t)i * 8);
}
/* Blob i of a row: *n_out bytes, 8-byte aligned, valid until it changes or the row is deleted. */
TIDE_INLINE const uint8_t *tide_table_blob(const tide_table *self, uint32_t row, uint32_t i,
                                           uint32_t *n_out)
{
    const tide_blob *b = tide_blob_of(*tide_table_handles(self, tide_table_value(self, row), i));
    *n_out = b ? b->n : 0;
    return b ? b->bytes : NULL;
}
/* n more bytes, of any content, when there is room for them without moving; else NULL, and
 * _blob_resize will do. The row must be touched before. */
TIDE_INLINE uint8_t *tide_blob_extend(tide_blob *b, uint32_t n)
{
    if (b == NULL || n > b->cap - b->n) return NULL;
    b->n += n;
    return b->bytes + b->n - n;
}
/* Makes it n bytes, keeping what was there; new bytes are zero. *out (may be NULL) is writable.
 * The row must be touched before. Capacity grows by half, so appending bit by bit is fine. Returns
 * TIDE_E_BUDGET, or TIDE_E_LIMIT beyond TIDE_TABLE_BLOB_BYTES_MAX, leaving the blob as it was. n
 * 0 frees it. */
TIDE_MUST_CHECK tide_status tide_table_blob_resize(tide_table *self, uint32_t row, uint32_t i,
                                                   uint32_t n, uint8_t **out);
/* Makes room for n bytes in all, of which only those that it has count; same results. */
TIDE_MUST_CHECK tide_status tide_table_blob_reserve(tide_table *self, uint32_t row, uint32_t i,
                                                    uint32_t n);
TIDE_MUST_CHECK tide_status tide_table_blob_set(tide_table *self, uint32_t row, uint32_t i,
                                                const void *bytes, uint32_t n);
TIDE_MUST_CHECK tide_status tide_table_blob_append(tide_table *self, uint32_t row, uint32_t i,
                                                   const void *bytes, uint32_t n);

/* ---- all rows ---- */
/* A place in a scan; {0} or the result of _scan_group is its start. Rows may be deleted during a
 * scan; a row inserted meanwhile may come or not. */
typedef struct tide_table_scan {
    uint32_t group, end; /* Relative to the first group; end 0: all. */
    uint32_t page, slot; /* Within the group. */
} tide_table_scan;

/* A scan of one key group (absolute number). */
tide_table_scan tide_table_scan_group(const tide_table *self, uint32_t group);
/* The next rows, at most max: by group, within it by the order in which its rows were first used.
 * Returns their number; 0 at the end. */
uint32_t tide_table_scan_next(const tide_table *self, tide_table_scan *scan, uint32_t *rows,
                              uint32_t max);

uint64_t tide_table_count(const tide_table *self); /* Live rows. */
size_t tide_table_bytes(const tide_table *self);   /* Rows, index, strings and blobs. */
const char *tide_table_name(const tide_table *self);
const tide_key_spec *tide_table_key_spec(const tide_table *self);

#endif
