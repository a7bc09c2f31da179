/* fuzz_spec.c - any bytes as the JSON of a submission: refused, or a record that prints to JSON
 * that reads back. */
#include <stdlib.h>

#include "jobapi/proto/proto.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tide_arena *arena = tide_arena_new();
    tide_job_spec spec, again;
    const tide_proto_desc *desc = TIDE_RECORD_DESC(job_spec);
    if (tide_proto_read_json(desc, (const char *)bytes, n, arena, &spec) == TIDE_OK) {
        tide_bytes text = { 0 };
        tide_proto_print(desc, &spec, &text);
        if (tide_proto_read_json(desc, text.p, text.n, arena, &again)) abort();
        tide_bytes_fini(&text);
    }
    tide_arena_free(&arena);
    return 0;
}
