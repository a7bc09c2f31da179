/* fuzz_uri.c - the target of an HTTP request: any bytes are an error or segments that can be
 * escaped and read again. */
#include <stdlib.h>
#include <string.h>

#include "base/net/uri.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tide_arena *arena = tide_arena_new();
    tide_uri uri, again;
    if (tide_uri_parse((const char *)bytes, n, arena, &uri) == TIDE_OK) {
        tide_bytes text = { 0 };
        tide_bytes_putc(&text, '/');
        for (uint32_t i = 0; i < uri.n_segments; i++) {
            tide_uri_escape(uri.segments[i], &text);
            tide_bytes_putc(&text, '/');
        }
        if (text.n <= TIDE_URI_BYTES_MAX) {
            if (tide_uri_parse(text.p, text.n, arena, &again)) abort();
            if (again.n_segments != uri.n_segments) abort();
            for (uint32_t i = 0; i < uri.n_segments; i++)
                if (strcmp(again.segments[i], uri.segments[i]) != 0) abort();
        }
        tide_bytes_fini(&text);
    }
    tide_arena_free(&arena);
    return 0;
}
