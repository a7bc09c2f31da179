/* key.h - what makes two rows the same key, and where does a key belong?
 *
 * A key is columns of a batch in canonical form: equal values give equal bytes, whatever the
 * width or scale of their column. An encoded key is a row of spec->key_bytes bytes (a multiple of
 * 8), 8-byte aligned, one field per column in order:
 *
 *   | column                    | bytes | field                                               |
 *   |---------------------------|------:|-----------------------------------------------------|
 *   | BOOLEAN, integers, DATE,  |     8 | the value as int64                                  |
 *   |   TIME, both TIMESTAMPs   |       |                                                     |
 *   | FLOAT, DOUBLE             |     8 | double; -0.0 as 0.0, each NaN as 7ff8000000000000   |
 *   | DECIMAL                   |    24 | int128 digits without trailing zeros, int64 scale   |
 *   |                           |       |   (1.50 is 15 and 1; 100 is 100 and 0; 0 is 0, 0)   |
 *   | INTERVAL                  |    16 | tide_interval, justified: a month is 30 days, a day |
 *   |                           |       |   24 hours, all parts of one sign (PostgreSQL's     |
 *   |                           |       |   equality; '24:00' comes back as '1 day')          |
 *   | STRING, BYTES             |    16 | tide_key_str                                        |
 *   | any NULL                  |       | zeros in its field                                  |
 *   | NULL word, last, when the |     8 | bit i: column i is NULL                             |
 *   |   spec has a nullable one |       |                                                     |
 *
 * The hash is a stored format (it decides the key group): XXH3-64, seed 0, over the fields, in
 * little endian, with two rules. A string of more than 12 bytes counts as length, first 4 bytes,
 * and the XXH3-64 of all its bytes in place of the pointer. The NULL word counts only when it is
 * not zero, so that a nullable and a NOT NULL column meet. Test vectors:
 * tests/unit/base/key_test.c.
 *
 * Routing prefix: a table keyed by (key, something) must lie in the key group of `key`. With
 * n_route < n the top TIDE_KEY_GROUP_BITS of the hash come from the hash of the first n_route
 * columns alone (under the same two rules), the other bits from the hash of the whole key.
 *
 * Pure functions over the caller's memory; any thread. */
#ifndef TIDE_BASE_COLUMN_KEY_H
#define TIDE_BASE_COLUMN_KEY_H
#include "base/column/batch.h"

#define TIDE_KEY_COLS_MAX 64u   /* The NULL word has 64 bits. */
#define TIDE_KEY_GROUP_BITS 12u /* Of the hash, from the top. */
#define TIDE_KEY_GROUPS_MAX (1u << TIDE_KEY_GROUP_BITS)
#define TIDE_KEY_GROUPS_DEFAULT 128u

/* A string inside a key: up to 12 bytes are inline, zero padded, as in tide_view. */
typedef struct tide_key_str {
    uint32_t len;
    char prefix[4]; /* The first 4 bytes, zero padded. */
    union {
        char rest[8];    /* len <= TIDE_VIEW_INLINE_MAX: bytes 4 to 11, zero padded. */
        const char *ptr; /* Longer: all len bytes; borrowed. */
    };
} tide_key_str;
_Static_assert(sizeof(tide_key_str) == 16, "part of the key layout");

typedef struct tide_key_col {
    tide_type type;
    uint32_t idx;  /* Of the column in the batch. */
    bool not_null; /* Promised: a NULL is then refused. */
} tide_key_col;

/* How the loops are specialised. */
typedef enum tide_key_shape {
    TIDE_KEY_WORD,  /* 8 bytes: one 64-bit column, NOT NULL. */
    TIDE_KEY_PAIR,  /* 16 bytes, no string: two 64-bit words. */
    TIDE_KEY_WORDS, /* Any other key without strings. */
    TIDE_KEY_STRS   /* With at least one string. */
} tide_key_shape;

typedef struct tide_key_spec {
    uint32_t n, n_route; /* Columns; 1 <= n_route <= n of them decide the key group. */
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    uint16_t at[TIDE_KEY_COLS_MAX]; /* Offset of each column's field. */
    uint32_t key_bytes;             /* Of an encoded key, the NULL word included. */
    uint32_t hash_bytes;            /* Without the NULL word. */
    uint32_t route_bytes;           /* Of the fields of the routing prefix. */
    uint32_t n_strs;                /* String columns. */
    tide_key_shape shape;
} tide_key_spec;

/* Lays the key out. n_route 0 stands for n. Returns TIDE_E_LIMIT for more than TIDE_KEY_COLS_MAX
 * columns, TIDE_E_INVALID for none. (A key of no columns, as in a global aggregate, is one
 * constant column.) */
TIDE_MUST_CHECK tide_status tide_key_spec_init(tide_key_spec *self, const tide_key_col *cols,
                                               uint32_t n, uint32_t n_route);

/* Offset of the NULL word in an encoded key; key_bytes when there is none. */
TIDE_INLINE uint32_t tide_key_null_at(const tide_key_spec *self)
{
    return self->hash_bytes;
}

/* ---- a batch at a time ---- */
/* Encodes the batch's n_rows rows, in the order of its selection: key k to keys + k * key_bytes
 * (8-byte aligned), its hash to hash[k]. Long strings borrow from the batch. Returns TIDE_E_DATA
 * naming the column when a NOT NULL column holds a NULL. */
TIDE_MUST_CHECK tide_status tide_key_encode(const tide_key_spec *self, const tide_batch *batch,
                                            uint8_t *keys, uint64_t *hash);
/* The same for loose columns: cols[i] is column i of the key (cols[i].idx is not used), rows are
 * sel[0..n) or, when sel is NULL, 0..n. */
TIDE_MUST_CHECK tide_status tide_key_encode_cols(const tide_key_spec *self,
                                                 const tide_col *const *cols, const uint16_t *sel,
                                                 uint32_t n, uint8_t *keys, uint64_t *hash);
/* Hashes only, for a shuffle; a NULL is hashed as one in any column. */
void tide_key_hash(const tide_key_spec *self, const tide_batch *batch, uint64_t *hash);
void tide_key_hash_cols(const tide_key_spec *self, const tide_col *const *cols, const uint16_t *sel,
                        uint32_t n, uint64_t *hash);

/* ---- encoded keys ---- */
/* Hashes of n keys that follow each other at `stride` bytes (a multiple of 8). */
void tide_key_hash_keys(const tide_key_spec *self, const uint8_t *keys, size_t stride, uint32_t n,
                        uint64_t *hash);
bool tide_key_equal(const tide_key_spec *self, const uint8_t *a, const uint8_t *b);
TIDE_INLINE bool tide_key_is_null(const tide_key_spec *self, const uint8_t *key, uint32_t col)
{
    if (self->hash_bytes == self->key_bytes) return false;
    return (*(const uint64_t *)(key + self->hash_bytes) >> col) & 1;
}
TIDE_INLINE const char *tide_key_str_ptr(const tide_key_str *s)
{
    return s->len <= TIDE_VIEW_INLINE_MAX ? s->prefix : s->ptr;
}
/* A column of one key as a value of the column's type; strings borrow from the key. */
tide_value tide_key_value(const tide_key_spec *self, uint32_t col, const uint8_t *key);
/* Column `col` of keys[0..n) into rows first.. of a column under construction of the same type. */
void tide_key_decode(const tide_key_spec *self, uint32_t col, const uint8_t *const *keys,
                     uint32_t n, tide_colb *out, uint32_t first);

/* ---- key groups ---- */
/* The group, 0..groups-1, of a hash: its top bits. groups: a power of two up to
 * TIDE_KEY_GROUPS_MAX. */
TIDE_INLINE uint32_t tide_key_group(uint64_t hash, uint32_t groups)
{
    return (uint32_t)(((hash >> 32) * groups) >> 32);
}
/* Which of `parallelism` subtasks owns a group: contiguous ranges, as Flink assigns them. */
TIDE_INLINE uint32_t tide_key_group_subtask(uint32_t group, uint32_t groups, uint32_t parallelism)
{
    return (uint32_t)((uint64_t)group * parallelism / groups);
}
/* First group of a subtask; that of subtask + 1 is its end. */
TIDE_INLINE uint32_t tide_key_group_first(uint32_t subtask, uint32_t groups, uint32_t parallelism)
{
    return (uint32_t)(((uint64_t)subtask * groups + parallelism - 1) / parallelism);
}

#endif
