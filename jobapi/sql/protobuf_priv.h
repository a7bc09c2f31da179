/* protobuf_priv.h - the grammar library's encoding: reading it into an arena, and its positions.
 * protobuf-c's header is needed, its library is not: libpg_query carries the code. */
#ifndef TIDE_JOBAPI_SQL_PROTOBUF_PRIV_H
#define TIDE_JOBAPI_SQL_PROTOBUF_PRIV_H
#include <protobuf-c/protobuf-c.h>

#include "base/core/arena.h"

static inline void *tide_sql_unpack_alloc(void *arena, size_t bytes)
{
    return tide_arena_alloc(arena, bytes);
}

static inline void tide_sql_unpack_free(void *arena, void *p)
{
    (void)arena, (void)p; /* With the arena. */
}

static inline ProtobufCAllocator tide_sql_allocator(tide_arena *arena)
{
    return (ProtobufCAllocator){ .alloc = tide_sql_unpack_alloc, .free = tide_sql_unpack_free,
                                 .allocator_data = arena };
}

/* The grammar's errors count characters from 1 (0 is unknown); everything else counts bytes from 0. */
static inline uint32_t tide_sql_byte_of_char(const char *text, int cursor)
{
    uint32_t i = 0;
    for (int c = 1; c < cursor && text[i]; c++)
        do i++;
        while (((unsigned char)text[i] & 0xC0) == 0x80);
    return i;
}

#endif
