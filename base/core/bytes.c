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

void tide_bytes_put_hex(tide_bytes *self, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *from = p;
    char *at = tide_bytes_reserve(self, 2 * n);
    for (size_t i = 0; i < n; i++) {
        *at++ = digits[from[i] >> 4];
        *at++ = digits[from[i] & 15];
    }
    self->n += 2 * n;
}

const char *tide_bytes_text(tide_bytes *self)
{
    *tide_bytes_reserve(self, 1) = '\0';
    return self->p;
}
