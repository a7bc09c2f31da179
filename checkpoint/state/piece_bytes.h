/* piece_bytes.h - the small parts of a piece that writing and reading share. For this folder
 * only. Everything stored is little endian, as is every machine this is built for. */
#ifndef TIDE_CHECKPOINT_STATE_PIECE_BYTES_H
#define TIDE_CHECKPOINT_STATE_PIECE_BYTES_H
#include "checkpoint/state/piece.h"

#define PIECE_HEAD_BYTES_MAX                                                                       \
    (TIDE_PIECE_HEAD_BYTES + TIDE_KEY_COLS_MAX * 8 + TIDE_TABLE_OWNED_MAX * 8 + 8)
#define VARINT_BYTES_MAX 5u

/* The head of a piece with its checksum; returns its length. */
size_t piece_head(const tide_table *t, uint8_t *to, uint32_t group, tide_piece_kind kind,
                  uint64_t parent);
uint64_t piece_sum(const void *bytes, size_t n, uint64_t seed);
/* Of a section: the first 16 bytes of its head, then its payload, both after `chain`. */
uint64_t section_sum(const uint8_t *head, const uint8_t *payload, size_t n, uint64_t chain);

TIDE_INLINE uint32_t varint_bytes(uint32_t v)
{
    return v < 1u << 7 ? 1 : v < 1u << 14 ? 2 : v < 1u << 21 ? 3 : v < 1u << 28 ? 4 : 5;
}
TIDE_INLINE uint8_t *put_varint(uint8_t *to, uint32_t v)
{
    for (; v >= 128; v >>= 7) *to++ = (uint8_t)(v | 128);
    *to++ = (uint8_t)v;
    return to;
}
/* Returns the end; NULL when it runs over `end` or does not fit 32 bits. */
TIDE_INLINE const uint8_t *get_varint(const uint8_t *at, const uint8_t *end, uint32_t *out)
{
    uint64_t v = 0;
    for (uint32_t shift = 0; shift < 35 && at < end; shift += 7) {
        uint8_t byte = *at++;
        v |= (uint64_t)(byte & 127) << shift;
        if (byte & 128) continue;
        *out = (uint32_t)v;
        return v <= UINT32_MAX ? at : NULL;
    }
    return NULL;
}
TIDE_INLINE void put_u32(uint8_t *to, uint32_t v)
{
    memcpy(to, &v, 4);
}
TIDE_INLINE void put_u64(uint8_t *to, uint64_t v)
{
    memcpy(to, &v, 8);
}
TIDE_INLINE uint32_t get_u32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return v;
}
TIDE_INLINE uint64_t get_u64(const uint8_t *at)
{
    uint64_t v;
    memcpy(&v, at, 8);
    return v;
}

#endif
