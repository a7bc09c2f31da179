/* bytes.h - a growing byte buffer for building text and output. Owner: one thread. */
#ifndef TIDE_BASE_CORE_BYTES_H
#define TIDE_BASE_CORE_BYTES_H
#include <stdint.h>
#include <string.h>

#include "base/core/attr.h"
#include "base/core/mem.h"

typedef struct tide_bytes {
    char *p; /* NULL when cap is 0. Not NUL-terminated unless tide_bytes_text was called. */
    size_t n, cap;
} tide_bytes;

void tide_bytes_fini(tide_bytes *self);
void tide_bytes_grow(tide_bytes *self, size_t more); /* Out of line part of _reserve. */
void tide_bytes_printf(tide_bytes *self, const char *fmt, ...) TIDE_PRINTF(2, 3);
/* Two hexadecimal digits a byte. */
void tide_bytes_put_hex(tide_bytes *self, const void *p, size_t n);
/* NUL-terminates and returns the text; owned by self. */
const char *tide_bytes_text(tide_bytes *self);

/* At least `more` writable bytes behind self->n. */
TIDE_INLINE char *tide_bytes_reserve(tide_bytes *self, size_t more)
{
    if (TIDE_UNLIKELY(self->cap - self->n < more)) tide_bytes_grow(self, more);
    return self->p + self->n;
}
TIDE_INLINE void tide_bytes_put(tide_bytes *self, const void *p, size_t n)
{
    if (n == 0) return; /* p may be NULL then, and so may the buffer. */
    memcpy(tide_bytes_reserve(self, n), p, n);
    self->n += n;
}
TIDE_INLINE void tide_bytes_putc(tide_bytes *self, char c)
{
    *tide_bytes_reserve(self, 1) = c;
    self->n++;
}
TIDE_INLINE void tide_bytes_puts(tide_bytes *self, const char *text)
{
    tide_bytes_put(self, text, strlen(text));
}

#endif
