/* json_bench.c - ad events as NDJSON into columns and back: regular records, and records that
 * keep the speculated shape from holding. */
#include <string.h>

#include "bench/micro/format_bench.h"

#define TEXT_BYTES (32u << 20)

typedef enum text_kind {
    REGULAR,  /* One shape: what a logger writes. */
    ESCAPES,  /* One record in ten holds an escape. */
    SHUFFLED, /* Fields in any order. */
    NESTED,   /* An object that nobody wants in the middle. */
    SPARSE    /* Any of three more fields is there or not: eight shapes. */
} text_kind;

static void put_record(tide_bytes *text, text_kind kind, bench_random *r, uint64_t row)
{
    static const char *const types[] = { "click", "view", "purchase" };
    char fields[5][120];
    uint32_t order[5] = { 0, 1, 2, 3, 4 }, n = 4;
    snprintf(fields[0], sizeof fields[0], "\"user_id\":\"u%u%s\"", bench_next(r, 100000),
             kind == ESCAPES && bench_next(r, 10) == 0 ? "\\n" : "");
    snprintf(fields[1], sizeof fields[1], "\"event_type\":\"%s\"", types[bench_next(r, 3)]);
    snprintf(fields[2], sizeof fields[2], "\"ad_id\":\"a%u\"", bench_next(r, 1000));
    snprintf(fields[3], sizeof fields[3], "\"event_time\":%llu",
             (unsigned long long)(1700000000000u + row));
    if (kind == NESTED) {
        snprintf(fields[4], sizeof fields[4], "\"page\":{\"url\":\"/a/%u\",\"tags\":[\"x\",%u]}",
                 bench_next(r, 1000), bench_next(r, 9));
        n = 5, order[4] = 3, order[3] = 4;
    }
    for (uint32_t i = n; kind == SHUFFLED && i > 1; i--) {
        uint32_t j = bench_next(r, i), was = order[i - 1];
        order[i - 1] = order[j];
        order[j] = was;
    }
    tide_bytes_putc(text, '{');
    for (uint32_t i = 0; i < n; i++) {
        if (i) tide_bytes_putc(text, ',');
        tide_bytes_puts(text, fields[order[i]]);
        if (kind == SPARSE && i < 3 && bench_next(r, 2))
            tide_bytes_printf(text, ",\"x%u\":true", i);
    }
    tide_bytes_puts(text, "}\n");
}

static void make_text(tide_bytes *text, text_kind kind)
{
    bench_random r = { 88172645463325252u };
    text->n = 0;
    for (uint64_t row = 0; text->n < TEXT_BYTES; row++) put_record(text, kind, &r, row);
    memset(tide_bytes_reserve(text, TIDE_BUF_PADDING), 0, TIDE_BUF_PADDING);
}

/* Decodes one batch of the text and encodes it again and again. */
static void bench_encode(const tide_bytes *text, const tide_schema *schema)
{
    static const uint32_t wanted[4] = { 0, 1, 2, 3 };
    const tide_format *json = tide_format_find("json");
    tide_type types[4];
    tide_decoder *decoder;
    tide_encoder *encoder;
    tide_builder builder;
    tide_decode_errors errors = { 0 };
    tide_bytes out = { 0 };
    size_t consumed;
    uint64_t records;
    int64_t best = INT64_MAX;
    tide_pool *pool = tide_pool_new(0);
    for (uint32_t i = 0; i < 4; i++) types[i] = schema->fields[i].type;
    tide_builder_init(&builder, pool, types, 4, TIDE_BATCH_ROWS_MAX);
    if (json->decoder_new(schema, wanted, 4, NULL, 0, &decoder) != TIDE_OK ||
        json->encoder_new(schema, NULL, 0, &encoder) != TIDE_OK ||
        json->decode_block(decoder, (const uint8_t *)text->p, text->n, true, &builder, &consumed,
                           &records, &errors) != TIDE_OK)
        abort();
    tide_batch *batch = tide_builder_finish(&builder);
    for (uint32_t run = 0; run < 300; run++) {
        int64_t start = bench_now_ns();
        out.n = 0;
        if (json->encode(encoder, batch, 0, batch->n_rows, true, &out, NULL) != TIDE_OK) abort();
        int64_t took = bench_now_ns() - start;
        if (took < best) best = took;
    }
    printf("%-44s %8.2f M records/s %7.3f GB/s\n", "encode", batch->n_rows / (double)best * 1e3,
           (double)out.n / (double)best);
    tide_batch_unref(&batch);
    tide_builder_fini(&builder);
    json->decoder_free(&decoder);
    json->encoder_free(&encoder);
    tide_bytes_fini(&out);
    tide_decode_errors_fini(&errors);
    tide_pool_free(&pool);
}

int main(void)
{
    static const tide_field fields[4] = {
        { .name = "user_id", .type = { .id = TIDE_TYPE_STRING } },
        { .name = "event_type", .type = { .id = TIDE_TYPE_STRING } },
        { .name = "ad_id", .type = { .id = TIDE_TYPE_STRING } },
        { .name = "event_time", .type = { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } },
    };
    static const char *const names[] = { "ad events", "ad events, 1 in 10 with an escape",
                                         "ad events, fields in any order",
                                         "ad events with a nested object",
                                         "ad events of eight shapes" };
    static const uint32_t two[2] = { 0, 3 };
    tide_bytes text = { 0 };
    for (uint32_t kind = REGULAR; kind <= SPARSE; kind++) {
        bench_case c = {
            .name = names[kind], .format = "json", .fields = fields, .n_fields = 4, .text = &text
        };
        make_text(&text, (text_kind)kind);
        bench_decode(&c);
        if (kind != REGULAR) continue;
        c.name = "ad events, two columns wanted";
        c.wanted = two, c.n_wanted = 2;
        bench_decode(&c);
        bench_encode(&text, &(tide_schema){ 4, (tide_field *)fields });
    }
    tide_bytes_fini(&text);
    return 0;
}
