/* piece_forge.c - walks the sections of a piece and signs them. */
#include "tests/support/piece_forge.h"

#include "checkpoint/state/piece_bytes.h"

void piece_forge(uint8_t *piece, size_t n)
{
    if (n < TIDE_PIECE_HEAD_BYTES) return;
    uint64_t owned = get_u32(piece + 24), cols = get_u32(piece + 28);
    if (cols > TIDE_KEY_COLS_MAX || owned > TIDE_TABLE_OWNED_MAX) return;
    size_t at = TIDE_PIECE_HEAD_BYTES + (size_t)(cols + owned) * 8 + 8;
    if (at > n) return;
    uint64_t chain = piece_sum(piece, at - 8, 0);
    put_u64(piece + at - 8, chain);
    while (n - at >= TIDE_SECTION_HEAD_BYTES) {
        uint8_t *head = piece + at;
        at += TIDE_SECTION_HEAD_BYTES;
        uint64_t payload = get_u64(head + 8);
        if (payload > n - at) return;
        chain = section_sum(head, piece + at, (size_t)payload, chain);
        put_u64(head + 16, chain);
        at += (size_t)payload;
    }
}
