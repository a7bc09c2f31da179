/* base64.c - see base64.h. */
#include "base/format/base64.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t tide_base64_encode(const void *bytes, size_t len, char *at)
{
    const uint8_t *p = bytes;
    char *out = at;
    for (; len >= 3; len -= 3, p += 3) {
        uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        for (uint32_t shift = 18;; shift -= 6) {
            *out++ = letters[v >> shift & 63];
            if (shift == 0) break;
        }
    }
    if (len == 0) return (size_t)(out - at);
    uint32_t v = (uint32_t)p[0] << 16 | (len == 2 ? (uint32_t)p[1] << 8 : 0);
    *out++ = letters[v >> 18];
    *out++ = letters[v >> 12 & 63];
    *out++ = len == 2 ? letters[v >> 6 & 63] : '=';
    *out++ = '=';
    return (size_t)(out - at);
}

static int32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool tide_base64_decode(const char *text, size_t len, char *at, size_t *n_out)
{
    char *out = at;
    if (len % 4 != 0) return false;
    for (size_t i = 0; i < len; i += 4) {
        size_t pad = 0;
        uint32_t v = 0;
        if (i + 4 == len && text[i + 3] == '=') pad = text[i + 2] == '=' ? 2 : 1;
        for (size_t k = 0; k < 4 - pad; k++) {
            int32_t digit = value_of(text[i + k]);
            if (digit < 0) return false;
            v |= (uint32_t)digit << (18 - 6 * k);
        }
        for (size_t k = 0; k < 3 - pad; k++) *out++ = (char)(v >> (16 - 8 * k));
    }
    *n_out = (size_t)(out - at);
    return true;
}
