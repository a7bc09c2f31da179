/* arena.c - a list of blocks, bumped; each new block doubles up to a limit. */
#include "base/core/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

#define FIRST_BLOCK_BYTES 1024u
#define BLOCK_BYTES_MAX (1024u * 1024u)

typedef struct block {
    struct block *next;
    size_t bytes, used; /* Of the space behind this header. */
} block;

_Static_assert(sizeof(block) % 8 == 0, "blocks are followed by aligned space");
#define HEADER ((sizeof(block) + 15u) & ~(size_t)15u)

struct tide_arena {
    block *newest;
    size_t bytes;
};

static void add_block(tide_arena *self, size_t at_least)
{
    size_t bytes = self->newest ? self->newest->bytes * 2 : FIRST_BLOCK_BYTES;
    if (bytes > BLOCK_BYTES_MAX) bytes = BLOCK_BYTES_MAX;
    if (bytes < at_least) bytes = at_least;
    block *b = tide_malloc_aligned(16, HEADER + bytes);
    *b = (block){ .next = self->newest, .bytes = bytes };
    self->newest = b;
    self->bytes += HEADER + bytes;
}

tide_arena *tide_arena_new(void)
{
    return tide_calloc(1, sizeof(tide_arena));
}

void tide_arena_free(tide_arena **self_p)
{
    if (*self_p == NULL) return;
    for (block *b = (*self_p)->newest, *next; b; b = next) {
        next = b->next;
        tide_free(b);
    }
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_arena_reset(tide_arena *self)
{
    while (self->newest && self->newest->next) {
        block *gone = self->newest;
        self->newest = gone->next;
        self->bytes -= HEADER + gone->bytes;
        tide_free(gone);
    }
    if (self->newest) self->newest->used = 0;
}

void *tide_arena_alloc(tide_arena *self, size_t bytes)
{
    tide_assert(bytes < SIZE_MAX / 4);
    size_t rounded = (bytes + 15u) & ~(size_t)15u;
    if (self->newest == NULL || self->newest->bytes - self->newest->used < rounded)
        add_block(self, rounded);
    void *p = (char *)self->newest + HEADER + self->newest->used;
    self->newest->used += rounded;
    return p;
}

void *tide_arena_zalloc(tide_arena *self, size_t bytes)
{
    void *p = tide_arena_alloc(self, bytes);
    memset(p, 0, bytes);
    return p;
}

char *tide_arena_strdup(tide_arena *self, const char *text)
{
    return tide_arena_strndup(self, text, strlen(text));
}

char *tide_arena_strndup(tide_arena *self, const char *text, size_t bytes)
{
    char *copy = tide_arena_alloc(self, bytes + 1);
    memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

char *tide_arena_printf(tide_arena *self, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    tide_assert(n >= 0);
    char *text = tide_arena_alloc(self, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

size_t tide_arena_bytes(const tide_arena *self)
{
    return self->bytes;
}
