/* fuzz_sql.c - any bytes as a SQL script: a tree whose every node can be read, or an error. */
#include <stdlib.h>

#include "jobapi/sql/parse.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/sql_print.h"

/* Deep or endless texts have tests of their own; here they would only take time. */
#define INPUT_BYTES_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_BYTES_MAX) size = INPUT_BYTES_MAX;
    tide_arena *arena = tide_arena_new();
    tide_sql_script *script = NULL;
    tide_status rv = tide_sql_parse_bytes(arena, (const char *)data, size, "fuzz", &script);
    if (rv == TIDE_OK) {
        tide_bytes out = { 0 };
        tide_sql_print(&out, script, true);
        tide_bytes_fini(&out);
    } else if (rv != TIDE_E_SYNTAX && rv != TIDE_E_UNSUPPORTED && rv != TIDE_E_LIMIT) {
        abort();
    }
    tide_arena_free(&arena);
    return 0;
}
