/* unpack.c - the grammar library's messages. protobuf-c's header is needed, its library is not:
 * libpg_query carries the code. */
#include <pg_query/pg_query.pb-c.h>
#include <protobuf-c/protobuf-c.h>

#include "jobapi/sql/unpack_priv.h"

static void *allocate(void *arena, size_t bytes)
{
    return tide_arena_alloc(arena, bytes);
}

static void release(void *arena, void *p)
{
    (void)arena, (void)p; /* With the arena. */
}

const PgQuery__ScanResult *tide_sql_unpack_scan(tide_arena *arena, const void *data, size_t bytes)
{
    ProtobufCAllocator in_arena = { allocate, release, arena };
    return pg_query__scan_result__unpack(&in_arena, bytes, data);
}

const PgQuery__ParseResult *tide_sql_unpack_tree(tide_arena *arena, const void *data, size_t bytes)
{
    ProtobufCAllocator in_arena = { allocate, release, arena };
    return pg_query__parse_result__unpack(&in_arena, bytes, data);
}

uint32_t tide_sql_byte_of_char(const char *text, int cursor)
{
    uint32_t i = 0;
    for (int c = 1; c < cursor && text[i]; c++) do
            i++;
        while (((unsigned char)text[i] & 0xC0) == 0x80);
    return i;
}
