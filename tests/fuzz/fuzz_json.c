/* fuzz_json.c - any bytes as JSON lines: the quick readers and runs must give, row by row and
 * error by error, what simdjson gives line by line. The input is offered several times over, so
 * that the shapes of its records are known from the second time on. */
#include <stdio.h>
#include <stdlib.h>

#include "base/format/json_internal.h"
#include "tests/fuzz/decode.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX 4096u
#define TIMES 3u

static const tide_field FIELDS[] = {
    { .name = "a", .type = { .id = TIDE_TYPE_BIGINT } },
    { .name = "name", .type = { .id = TIDE_TYPE_STRING } },
    { .name = "price", .type = { .id = TIDE_TYPE_DECIMAL, .precision = 10, .scale = 2 } },
    { .name = "x", .type = { .id = TIDE_TYPE_DOUBLE } },
    { .name = "event_time", .type = { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } },
    { .name = "ok", .type = { .id = TIDE_TYPE_BOOLEAN } },
    { .name = "i", .type = { .id = TIDE_TYPE_INT }, .not_null = true },
};
#define N_FIELDS ((uint32_t)(sizeof FIELDS / sizeof *FIELDS))

static void decode(const uint8_t *bytes, size_t len, size_t block, bool simdjson_only, bool strict,
                   tide_bytes *out)
{
    static const uint32_t wanted[N_FIELDS] = { 0, 1, 2, 3, 4, 5, 6 };
    const tide_format *json = tide_format_find("json");
    /* Without NOT NULL nearly every object is a row. */
    const tide_schema schema = { strict ? N_FIELDS : N_FIELDS - 1, (tide_field *)FIELDS };
    tide_decoder *decoder;
    if (json->decoder_new(&schema, wanted, schema.n, NULL, 0, &decoder) != TIDE_OK) abort();
    ((json_decoder *)decoder)->simdjson_only = simdjson_only;
    fuzz_decode(json, decoder, FIELDS, schema.n, bytes, len, block, out);
    json->decoder_free(&decoder);
}

static void expect_equal(const tide_bytes *quick, const tide_bytes *plain)
{
    if (quick->n == plain->n && (quick->n == 0 || memcmp(quick->p, plain->p, plain->n) == 0))
        return;
    fprintf(stderr, "--- quick\n%.*s\n--- simdjson\n%.*s\n", (int)quick->n, quick->p, (int)plain->n,
            plain->p);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tide_bytes text = { 0 }, quick = { 0 }, plain = { 0 };
    if (size > INPUT_BYTES_MAX) size = INPUT_BYTES_MAX;
    bool strict = size > 0 && data[0] == '!'; /* The first byte chooses. */
    for (uint32_t i = 0; i < TIMES; i++) {
        tide_bytes_put(&text, data + strict, size - strict);
        if (i + 1 < TIMES) tide_bytes_putc(&text, '\n');
    }
    const uint8_t *bytes = (const uint8_t *)(text.p ? text.p : "");
    decode(bytes, text.n, 0, true, strict, &plain);
    decode(bytes, text.n, 0, false, strict, &quick);
    expect_equal(&quick, &plain);
    quick.n = 0;
    decode(bytes, text.n, 61, false, strict, &quick);
    expect_equal(&quick, &plain);
    tide_bytes_fini(&text);
    tide_bytes_fini(&quick);
    tide_bytes_fini(&plain);
    return 0;
}
