/* utf8.c - code points and their case. */
#include "base/expr/utf8_priv.h"

/* Eight bytes at a time: all but those that continue a character, whose top bits are 10. */
TIDE_HOT uint32_t tide_utf8_chars(const char *p, uint32_t len)
{
    uint32_t n = len, i = 0;
    for (; i + 8 <= len; i += 8) {
        uint64_t eight;
        memcpy(&eight, p + i, 8);
        n -= (uint32_t)__builtin_popcountll(eight & ~(eight << 1) & 0x8080808080808080u);
    }
    for (; i < len; i++) n -= !tide_utf8_starts(p[i]);
    return n;
}

uint32_t tide_utf8_decode(const char *p, uint32_t len, uint32_t *size_out)
{
    const uint8_t *b = (const uint8_t *)p;
    uint32_t size = tide_utf8_size(p, len);
    *size_out = size;
    if (size == 2 && (b[0] & 0xE0) == 0xC0) return (uint32_t)(b[0] & 0x1F) << 6 | (b[1] & 0x3F);
    if (size == 3 && (b[0] & 0xF0) == 0xE0)
        return (uint32_t)(b[0] & 0x0F) << 12 | (uint32_t)(b[1] & 0x3F) << 6 | (b[2] & 0x3F);
    if (size == 4 && (b[0] & 0xF8) == 0xF0)
        return (uint32_t)(b[0] & 0x07) << 18 | (uint32_t)(b[1] & 0x3F) << 12 |
               (uint32_t)(b[2] & 0x3F) << 6 | (b[3] & 0x3F);
    *size_out = 1;
    return b[0];
}

uint32_t tide_utf8_encode(uint32_t code, char *at)
{
    if (code < 0x80) {
        at[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        at[0] = (char)(0xC0 | code >> 6);
        at[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        at[0] = (char)(0xE0 | code >> 12);
        at[1] = (char)(0x80 | (code >> 6 & 0x3F));
        at[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    at[0] = (char)(0xF0 | code >> 18);
    at[1] = (char)(0x80 | (code >> 12 & 0x3F));
    at[2] = (char)(0x80 | (code >> 6 & 0x3F));
    at[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* Capitals first..last, whose small letters are `to` further on, or, for STEP, each the next
 * code: capitals are then even or odd, as `first` is. */
#define STEP 1
static const struct {
    uint32_t first, last, to;
} cases[] = {
    { 'A', 'Z', 32 },         { 0xC0, 0xD6, 32 },       { 0xD8, 0xDE, 32 },
    { 0x100, 0x12E, STEP },   { 0x132, 0x136, STEP },   { 0x139, 0x147, STEP },
    { 0x14A, 0x176, STEP },   { 0x179, 0x17D, STEP },   { 0x1CD, 0x1DB, STEP },
    { 0x1DE, 0x1EE, STEP },   { 0x1F8, 0x21E, STEP },   { 0x222, 0x232, STEP },
    { 0x370, 0x372, STEP },   { 0x388, 0x38A, 37 },     { 0x391, 0x3A1, 32 },
    { 0x3A3, 0x3AB, 32 },     { 0x3D8, 0x3EE, STEP },   { 0x400, 0x40F, 80 },
    { 0x410, 0x42F, 32 },     { 0x460, 0x480, STEP },   { 0x48A, 0x4BE, STEP },
    { 0x4C1, 0x4CD, STEP },   { 0x4D0, 0x52E, STEP },   { 0x531, 0x556, 48 },
    { 0x1E00, 0x1E94, STEP }, { 0x1EA0, 0x1EFE, STEP },
};
/* Those that follow no rule: capital, small. */
static const uint32_t odd_pairs[][2] = {
    { 0x178, 0xFF },  { 0x386, 0x3AC }, { 0x38C, 0x3CC },
    { 0x38E, 0x3CD }, { 0x38F, 0x3CE }, { 0x4C0, 0x4CF },
};

uint32_t tide_utf8_lower(uint32_t code)
{
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (code < cases[i].first || code > cases[i].last) continue;
        return cases[i].to != STEP || (code - cases[i].first) % 2 == 0 ? code + cases[i].to : code;
    }
    for (uint32_t i = 0; i < sizeof odd_pairs / sizeof *odd_pairs; i++)
        if (code == odd_pairs[i][0]) return odd_pairs[i][1];
    return code;
}

uint32_t tide_utf8_upper(uint32_t code)
{
    if (code == 0xB5 || code == 0x3C2)
        return code == 0xB5 ? 0x39C : 0x3A3; /* Micro sign, final sigma. */
    for (uint32_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t to = cases[i].to;
        if (code < cases[i].first + to || code > cases[i].last + to) continue;
        if (to != STEP || (code - to - cases[i].first) % 2 == 0) return code - to;
    }
    for (uint32_t i = 0; i < sizeof odd_pairs / sizeof *odd_pairs; i++)
        if (code == odd_pairs[i][1]) return odd_pairs[i][0];
    return code;
}

bool tide_utf8_is_alnum(uint32_t code)
{
    if (code < 0x80)
        return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
               (code >= 'a' && code <= 'z');
    bool sign = code < 0xC0 && code != 0xAA && code != 0xB5 && code != 0xBA;
    bool mark = code == 0xD7 || code == 0xF7 || (code >= 0x2000 && code < 0x2C00) ||
                (code >= 0x3000 && code < 0x3040) || code >= 0x1F000;
    return !sign && !mark;
}

/* ---- ASCII letters ---- */

/* Runs over blocks of so many bytes, the last one moved back over the one before: no loop for a
 * rest. */
#define BLOCK 16u

/* n bytes with ASCII letters turned; the bytes' union comes back in *any. */
TIDE_INLINE void turn_bytes(const char *restrict p, char *restrict to, uint32_t n, char first,
                            uint8_t *any)
{
    uint8_t all = 0;
    for (uint32_t i = 0; i < n; i++) {
        to[i] = (char)(p[i] ^ ((uint8_t)(p[i] - first) < 26 ? 0x20 : 0));
        all |= (uint8_t)p[i];
    }
    *any |= all;
}

TIDE_HOT bool tide_utf8_turn_ascii(const char *p, char *to, uint32_t len, char first)
{
    uint8_t any = 0;
    if (len < BLOCK) {
        turn_bytes(p, to, len, first, &any);
    } else {
        for (uint32_t i = 0; i < len; i += BLOCK) {
            if (i + BLOCK > len) i = len - BLOCK;
            turn_bytes(p + i, to + i, BLOCK, first, &any);
        }
    }
    return any >= 0x80;
}
