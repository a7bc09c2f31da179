/* stored.c - messages as they lie in storage: with a format version and a checksum behind them. */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "jobapi/proto/proto.h"

#define STORED_VERSION 1u
#define TRAILER_BYTES 12u

static void put_little_endian(tide_bytes *out, uint64_t x, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) tide_bytes_putc(out, (char)(uint8_t)(x >> 8 * i));
}

static uint64_t get_little_endian(const uint8_t *p, uint32_t bytes)
{
    uint64_t x = 0;
    for (uint32_t i = bytes; i > 0; i--) x = x << 8 | p[i - 1];
    return x;
}

void tide_msg_encode_stored(tide_msg_kind kind, const void *body, tide_bytes *out)
{
    size_t begin = out->n;
    tide_msg_encode(kind, body, out);
    put_little_endian(out, STORED_VERSION, 4);
    put_little_endian(out, XXH3_64bits(out->p + begin, out->n - begin), 8);
}

tide_status tide_msg_decode_stored(const uint8_t *bytes, size_t n, tide_arena *arena, tide_msg *out)
{
    *out = (tide_msg){ 0 };
    if (n < TRAILER_BYTES)
        return tide_fail(TIDE_E_CORRUPT, "%zu bytes; a stored message has more than %u", n,
                         TRAILER_BYTES);
    const uint8_t *trailer = bytes + n - TRAILER_BYTES;
    if (XXH3_64bits(bytes, n - 8) != get_little_endian(trailer + 4, 8))
        return tide_fail(TIDE_E_CORRUPT, "the checksum of %zu stored bytes does not agree", n);
    uint64_t version = get_little_endian(trailer, 4);
    if (version != STORED_VERSION)
        return tide_fail(TIDE_E_UNSUPPORTED, "stored in format %llu; this program reads format %u",
                         (unsigned long long)version, STORED_VERSION);
    return tide_msg_decode(bytes, n - TRAILER_BYTES, arena, out);
}
