/* utf8.c - see utf8.h. */
#include "base/format/utf8.h"

#include <stdint.h>
#include <string.h>

/* Bytes of the character at p, of which left remain; 0 if it is none. */
static size_t character(const uint8_t *p, size_t left)
{
    uint8_t lead = p[0];
    if (lead < 0x80) return 1;
    if (lead < 0xc2) return 0;
    size_t n = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (lead > 0xf4 || n > left) return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if (lead == 0xe0 && p[1] < 0xa0) return 0; /* Overlong. */
    if (lead == 0xed && p[1] > 0x9f) return 0; /* Surrogates. */
    if (lead == 0xf0 && p[1] < 0x90) return 0; /* Overlong. */
    if (lead == 0xf4 && p[1] > 0x8f) return 0; /* Beyond U+10FFFF. */
    return n;
}

bool tide_utf8_valid(const char *ptr, size_t len)
{
    const uint8_t *p = (const uint8_t *)ptr;
    while (len) {
        uint64_t chunk;
        if (len >= 8 && (memcpy(&chunk, p, 8), (chunk & 0x8080808080808080u) == 0)) {
            p += 8, len -= 8;
            continue;
        }
        size_t n = character(p, len);
        if (n == 0) return false;
        p += n, len -= n;
    }
    return true;
}

size_t tide_utf8_count(const char *ptr, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += ((uint8_t)ptr[i] & 0xc0) != 0x80;
    return n;
}
