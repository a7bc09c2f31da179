/* mem.c - allocation that ends the process instead of returning NULL. */
#include "base/core/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *check(void *p, size_t bytes)
{
    if (TIDE_UNLIKELY(p == NULL)) {
        fprintf(stderr, "tidemill: out of memory asking for %zu bytes\n", bytes);
        abort();
    }
    return p;
}

void *tide_malloc(size_t bytes)
{
    return check(malloc(bytes ? bytes : 1), bytes);
}

void *tide_calloc(size_t count, size_t bytes)
{
    return check(calloc(count ? count : 1, bytes ? bytes : 1), bytes);
}

void *tide_realloc(void *p, size_t bytes)
{
    return check(realloc(p, bytes ? bytes : 1), bytes);
}

void *tide_malloc_aligned(size_t align, size_t bytes)
{
    size_t rounded = (bytes + align - 1) & ~(align - 1);
    return check(aligned_alloc(align, rounded ? rounded : align), bytes);
}

char *tide_strdup(const char *text)
{
    return tide_strndup(text, SIZE_MAX);
}

char *tide_strndup(const char *text, size_t bytes_max)
{
    size_t n = strnlen(text, bytes_max);
    char *copy = tide_malloc(n + 1);
    memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

char *tide_asprintf(const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = tide_malloc((size_t)(n < 0 ? 0 : n) + 1);
    vsnprintf(text, (size_t)(n < 0 ? 0 : n) + 1, fmt, again);
    va_end(again);
    return text;
}

void tide_free(void *p)
{
    free(p);
}
