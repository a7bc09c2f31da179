/* format_bench.h - decode a text in memory by a format, batch after batch, and say how fast. */
#ifndef TIDE_BENCH_MICRO_FORMAT_BENCH_H
#define TIDE_BENCH_MICRO_FORMAT_BENCH_H
#include <stdio.h>
#include <stdlib.h>

#include <time.h>

#include "base/format/format.h"

#define BENCH_FIELDS_MAX 32u
#define BENCH_BLOCK_BYTES (256u * 1024u) /* Offered at a time, as a reader would. */

/* A text generator's state: the same numbers on every machine. */
typedef struct bench_random {
    uint64_t x;
} bench_random;
static inline uint32_t bench_next(bench_random *self, uint32_t below)
{
    self->x ^= self->x << 13, self->x ^= self->x >> 7, self->x ^= self->x << 17;
    return (uint32_t)((self->x >> 32) * below >> 32);
}

typedef struct bench_case {
    const char *name, *format;
    const tide_field *fields;
    uint32_t n_fields;
    const uint32_t *wanted; /* NULL: all fields. */
    uint32_t n_wanted;
    const tide_format_option *options;
    uint32_t n_options;
    const tide_bytes *text; /* Followed by TIDE_BUF_PADDING readable bytes. */
} bench_case;

/* CPU time of this thread: other people's work does not count. */
static inline int64_t bench_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#define BENCH_RUNS 9u

/* Best of BENCH_RUNS. */
static inline void bench_decode(const bench_case *c)
{
    tide_type types[BENCH_FIELDS_MAX];
    uint32_t all[BENCH_FIELDS_MAX], n = c->wanted ? c->n_wanted : c->n_fields;
    const uint32_t *wanted = c->wanted ? c->wanted : all;
    const tide_schema schema = { c->n_fields, (tide_field *)c->fields };
    const tide_format *format = tide_format_find(c->format);
    tide_pool *pool = tide_pool_new(0);
    tide_decode_errors errors = { 0 };
    tide_decoder *decoder;
    tide_builder builder;
    int64_t best = INT64_MAX;
    uint64_t rows = 0;
    for (uint32_t i = 0; i < n; i++) {
        all[i] = i;
        types[i] = c->fields[wanted[i]].type;
    }
    if (format->decoder_new(&schema, wanted, n, c->options, c->n_options, &decoder) != TIDE_OK)
        abort();
    tide_builder_init(&builder, pool, types, n, TIDE_BATCH_ROWS_MAX);
    for (uint32_t run = 0; run < BENCH_RUNS; run++) {
        int64_t start = bench_now_ns();
        size_t at = 0, block = BENCH_BLOCK_BYTES;
        for (rows = 0; at < c->text->n;) {
            size_t left = c->text->n - at, consumed;
            uint64_t records;
            if (format->decode_block(decoder, (const uint8_t *)c->text->p + at,
                                     left < block ? left : block, left <= block, &builder,
                                     &consumed, &records, &errors) != TIDE_OK)
                abort();
            at += consumed;
            rows += records;
            if (!tide_builder_full(&builder) && at < c->text->n) continue;
            tide_batch *batch = tide_builder_finish(&builder);
            tide_batch_unref(&batch);
        }
        int64_t took = bench_now_ns() - start;
        if (took < best) best = took;
    }
    printf("%-44s %8.2f M records/s %7.3f GB/s  %5.1f B  %u errors\n", c->name,
           (double)rows / (double)best * 1e3, (double)c->text->n / (double)best,
           (double)c->text->n / (double)rows, errors.n);
    tide_decode_errors_fini(&errors);
    tide_builder_fini(&builder);
    format->decoder_free(&decoder);
    tide_pool_free(&pool);
}

#endif
