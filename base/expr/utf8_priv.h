/* utf8_priv.h - characters of UTF-8 text. Pure. Bytes that are no UTF-8 count as one character
 * each run of lead or continuation bytes that they look like; nothing here reads beyond the
 * text. */
#ifndef TIDE_BASE_EXPR_UTF8_PRIV_H
#define TIDE_BASE_EXPR_UTF8_PRIV_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/core/attr.h"

TIDE_INLINE bool tide_utf8_starts(char byte)
{
    return ((uint8_t)byte & 0xC0) != 0x80;
}
/* How many characters. */
uint32_t tide_utf8_chars(const char *p, uint32_t len);
TIDE_INLINE bool tide_utf8_is_ascii(const char *p, uint32_t len)
{
    uint64_t any = 0, eight;
    if (len >= 8) { /* The last eight overlap those before them. */
        for (uint32_t i = 0; i + 8 < len; i += 8) {
            memcpy(&eight, p + i, 8);
            any |= eight;
        }
        memcpy(&eight, p + len - 8, 8);
        any |= eight;
    } else {
        for (uint32_t i = 0; i < len; i++) any |= (uint8_t)p[i];
    }
    return (any & 0x8080808080808080u) == 0;
}
/* Bytes of the character at p[0]; len > 0. */
TIDE_INLINE uint32_t tide_utf8_size(const char *p, uint32_t len)
{
    uint32_t n = 1;
    while (n < len && !tide_utf8_starts(p[n])) n++;
    return n;
}
/* The byte offset of character number n (from 0); len if there are fewer. */
TIDE_INLINE uint32_t tide_utf8_offset(const char *p, uint32_t len, uint64_t n)
{
    uint32_t at = 0;
    for (; at < len && n; n--) at += tide_utf8_size(p + at, len - at);
    return at;
}
/* The code point at p[0] and its size; a broken one is its first byte. */
uint32_t tide_utf8_decode(const char *p, uint32_t len, uint32_t *size_out);
/* Writes at most 4 bytes; returns their number. */
uint32_t tide_utf8_encode(uint32_t code, char *at);

/* len bytes from p to `to` with ASCII letters of one case turned into the other:
 * those from `first`, 'A' or 'a', on. Returns whether there are other bytes than ASCII. */
bool tide_utf8_turn_ascii(const char *p, char *to, uint32_t len, char first);

/* Simple case mapping of Latin, Greek, Cyrillic and Armenian letters. */
uint32_t tide_utf8_upper(uint32_t code);
uint32_t tide_utf8_lower(uint32_t code);
bool tide_utf8_is_alnum(uint32_t code);

#endif
