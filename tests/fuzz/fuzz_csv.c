/* fuzz_csv.c - any bytes as CSV: windows of rows must give, row by row and error by error and with
 * every instruction set, what reading one record at a time gives. The first byte chooses the
 * options. */
#include <stdio.h>
#include <stdlib.h>

#include "base/format/csv_internal.h"
#include "tests/fuzz/decode.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_BYTES_MAX 4096u

static const tide_field FIELDS[] = {
    { .name = "a", .type = { .id = TIDE_TYPE_BIGINT } },
    { .name = "b", .type = { .id = TIDE_TYPE_STRING } },
    { .name = "c", .type = { .id = TIDE_TYPE_DECIMAL, .precision = 10, .scale = 2 } },
    { .name = "d", .type = { .id = TIDE_TYPE_DATE } },
    { .name = "e", .type = { .id = TIDE_TYPE_INT } },
};

/* simd: the set for windows; NULL: one record at a time. */
static void decode(const uint8_t *bytes, size_t len, size_t block, uint8_t choice,
                   const csv_simd *simd, tide_bytes *out)
{
    static const uint32_t wanted[] = { 0, 1, 2, 3, 4 };
    const tide_format_option options[] = {
        { "csv.disable-quote-character", choice & 1 ? "true" : "false" },
        { "csv.header", choice & 2 ? "true" : "false" },
        { "csv.null-literal", choice & 4 ? "0" : "" },
        { "csv.allow-comments", choice & 8 ? "true" : "false" },
        { "csv.quoted-newlines", choice & 16 ? "false" : "true" },
        { "csv.escape-character", choice & 32 ? "\\" : "" },
    };
    uint32_t n_options = sizeof options / sizeof *options;
    const tide_schema schema = { choice & 64 ? 1 : 5, (tide_field *)FIELDS };
    const tide_format *csv = tide_format_find("csv");
    tide_decoder *decoder;
    if (csv->decoder_new(&schema, wanted, schema.n, options, n_options, &decoder) != TIDE_OK)
        abort();
    if (simd)
        ((csv_decoder *)decoder)->simd = simd;
    else
        ((csv_decoder *)decoder)->singles = UINT32_MAX;
    fuzz_decode(csv, decoder, FIELDS, schema.n, bytes, len, block, out);
    csv->decoder_free(&decoder);
}

static void expect_equal(const tide_bytes *windows, const tide_bytes *single)
{
    if (windows->n == single->n &&
        (single->n == 0 || memcmp(windows->p, single->p, single->n) == 0))
        return;
    fprintf(stderr, "--- windows\n%.*s\n--- singly\n%.*s\n", (int)windows->n, windows->p,
            (int)single->n, single->p);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const sets[] = { "portable", "avx2", "avx512" };
    tide_bytes windows = { 0 }, single = { 0 };
    if (size == 0) return 0;
    if (size > INPUT_BYTES_MAX) size = INPUT_BYTES_MAX;
    decode(data + 1, size - 1, 0, data[0], NULL, &single);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        const csv_simd *simd = csv_simd_pick(sets[i]);
        if (simd == NULL) continue;
        windows.n = 0;
        decode(data + 1, size - 1, 0, data[0], simd, &windows);
        expect_equal(&windows, &single);
    }
    windows.n = 0;
    decode(data + 1, size - 1, 53, data[0], csv_simd_pick(NULL), &windows);
    /* A quote that never closes is only known to be one at the end: pieces give the same rows. */
    expect_equal(&windows, &single);
    tide_bytes_fini(&windows);
    tide_bytes_fini(&single);
    return 0;
}
