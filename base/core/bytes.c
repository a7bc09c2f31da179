/* bytes.c - the growing byte buffer. */
#include "base/core/bytes.h"

#include <stdarg.h>
#include <stdio.h>

void tide_bytes_fini(tide_bytes *self)
{
    tide_free(self->p);
    *self = (tide_bytes){ 0 };
}

void tide_bytes_grow(tide_bytes *self, size_t more)
{
    size_t cap = self->cap ? self->cap * 2 : 256;
    if (cap < self->n + more) cap = self->n + more;
    self->p = tide_realloc(self->p, cap);
    self->cap = cap;
}

void tide_bytes_printf(tide_bytes *self, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        tide_bytes_reserve(self, (size_t)n + 1);
        vsnprintf(self->p + self->n, (size_t)n + 1, fmt, again);
        self->n += (size_t)n;
    }
    va_end(again);
}

/* Four bytes as eight digits, the first byte's first, in a word as it lies in memory. */
static uint64_t hex_of_four(uint32_t bytes)
{
    uint64_t v = bytes;
    v = (v | v << 16) & 0x0000ffff0000ffffu;
    v = (v | v << 8) & 0x00ff00ff00ff00ffu; /* Every second byte. */
    v = (v >> 4 & 0x000f000f000f000fu) | (v & 0x000f000f000f000fu) << 8;
    uint64_t letters = (v + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
    return v + 0x3030303030303030u + letters * ('a' - '0' - 10);
}

void tide_bytes_put_hex(tide_bytes *self, const void *p, size_t n)
{
    const char *from = p;
    char *at = tide_bytes_reserve(self, 2 * n);
    self->n += 2 * n;
    for (uint32_t four; n >= 4; n -= 4, from += 4, at += 8) {
        memcpy(&four, from, 4);
        uint64_t digits = hex_of_four(four);
        memcpy(at, &digits, 8);
    }
    for (; n; n--, from++, at += 2) {
        uint64_t digits = hex_of_four((uint8_t)*from);
        memcpy(at, &digits, 2);
    }
}

const char *tide_bytes_text(tide_bytes *self)
{
    *tide_bytes_reserve(self, 1) = '\0';
    return self->p;
}
