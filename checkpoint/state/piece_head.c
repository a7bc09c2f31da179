/* piece_head.c - head and checksums of a piece. */
#include <string.h>

#include "checkpoint/state/piece_bytes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t piece_sum(const void *bytes, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, n, seed);
}

uint64_t section_sum(const uint8_t *head, const uint8_t *payload, size_t n, uint64_t chain)
{
    return piece_sum(payload, n, piece_sum(head, 16, chain));
}

size_t piece_head(const tide_table *t, uint8_t *to, uint32_t group, tide_piece_kind kind,
                  uint64_t parent)
{
    uint8_t *at = to + TIDE_PIECE_HEAD_BYTES;
    memset(to, 0, TIDE_PIECE_HEAD_BYTES);
    memcpy(to, "TKT1", 4);
    to[4] = TIDE_PIECE_VERSION;
    to[6] = (uint8_t)kind;
    put_u32(to + 8, group);
    put_u32(to + 12, t->range.total);
    put_u32(to + 16, t->value_bytes);
    put_u32(to + 20, t->n_blobs);
    put_u32(to + 24, t->n_owned);
    put_u32(to + 28, t->key.n);
    put_u32(to + 32, t->key.n_route);
    put_u64(to + 40, parent);
    for (uint32_t c = 0; c < t->key.n; c++, at += 8) {
        tide_type type = t->key.cols[c].type;
        uint8_t col[8] = { type.id, type.scale, (uint8_t)type.precision,
                           (uint8_t)(type.precision >> 8), t->key.cols[c].not_null };
        memcpy(at, col, 8);
    }
    for (uint32_t i = 0; i < t->n_owned; i++, at += 8) {
        put_u32(at, t->owned[i].offset);
        put_u32(at + 4, t->owned[i].bytes);
    }
    put_u64(at, piece_sum(to, (size_t)(at - to), 0));
    return (size_t)(at + 8 - to);
}
