/* keyed_table_bench.c - the keyed table beside a flat hash table in the same run.
 *
 * keyed_table_bench [find | 1k | 1m | 10m | 10m16] [insert] [snapshot] [restore] [calendar]
 * [--quick]
 *
 * Prints each figure as a ratio to the flat table, with its floor. Exit code 1 when one is below.
 * --quick takes a hundredth of the rows and checks no floor: it only shows that everything runs.
 * One thread, its CPU time (of the worst batch too: the smallest of the runs' worst). Passes of
 * all tables alternate and the best of each counts. The layout alone (plain_table.h) and, below it,
 * two lines of memory a row for the flat table's one show what this machine allows.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/core/assert.h"
#include "base/core/bytes.h"
#include "base/core/mem.h"
#include "bench/micro/flat_table.h"
#include "bench/micro/plain_table.h"
#include "checkpoint/state/calendar.h"
#include "checkpoint/state/snapshot.h"

#define B 4096u
#define PASSES 5
static const tide_table_groups groups = { 128, 0, 128 };

typedef struct bench {
    uint64_t n;   /* Rows of a pass. */
    uint64_t big; /* Keys of a large table. */
    bool quick, failed;
    uint64_t *keys; /* 2 n words. */
    int64_t *v;
    uint8_t encoded[B * 16];
    uint64_t hash[B];
    uint32_t rows[B];
    uint8_t *values[B];
} bench;

/* CPU time of this thread: other programs on the machine disturb caches, but do not count. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* Keys drawn from 0..d-1, evenly; the second words too when there are two. */
static void draw_keys(bench *b, uint64_t d, uint32_t words)
{
    uint64_t s = 88172645463325252u;
    for (uint64_t i = 0; i < b->n; i++) {
        uint64_t id = (uint64_t)(((unsigned __int128)next_random(&s) * d) >> 64);
        b->keys[i * words] = id;
        if (words == 2) b->keys[i * 2 + 1] = id * 7 + 3;
    }
}

/* floor 0: only shown. `less`: the figure must stay below. */
static void report(bench *b, const char *what, double figure, double floor, bool less)
{
    bool ok = floor == 0 || (less ? figure <= floor : figure >= floor);
    printf("  %-44s %7.2f", what, figure);
    if (floor != 0) printf("   %s %.2f %s", less ? "limit" : "floor", floor, ok ? "" : "MISSED");
    printf("\n");
    fflush(stdout);
    if (!ok && !b->quick) b->failed = true;
}

/* A floor, and what the layout alone reached when it was set, on the machine that it was set on: on
 * another machine the floor is the same share of what the layout alone reaches there. */
typedef struct asked {
    double floor, alone;
} asked;

static void report_alone(bench *b, double alone, double ours, asked of)
{
    report(b, "  the layout alone", alone, 0, false);
    report(b, "  of the layout alone", ours, of.floor / of.alone, false);
}

/* ---- tables ---- */
static tide_key_spec key_of(uint32_t words)
{
    tide_key_col col = { .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true };
    tide_key_col cols[2] = { col, col };
    tide_key_spec spec;
    tide_status rv = tide_key_spec_init(&spec, cols, words, 0);
    tide_assert(rv == TIDE_OK);
    return spec;
}

static tide_table *open_table(uint32_t words, uint32_t value_bytes, tide_state_memory *memory)
{
    tide_key_spec key = key_of(words);
    tide_table_spec spec = { .name = "bench", .key = &key, .value_bytes = value_bytes };
    tide_table *t;
    tide_status rv = tide_table_open(&t, &spec, groups, memory);
    tide_assert(rv == TIDE_OK);
    return t;
}

/* What an operator does with a batch: columns to keys and hashes, rows, touch, write. */
static void add_batch(bench *b, tide_table *t, const uint64_t *keys, const int64_t *v, uint32_t n)
{
    const tide_key_spec *key = tide_table_key_spec(t);
    if (key->n == 1) {
        tide_col col = { .type = key->cols[0].type, .n = n, .values = keys };
        const tide_col *cols[1] = { &col };
        tide_status rv = tide_key_encode_cols(key, cols, NULL, n, b->encoded, b->hash);
        tide_assert(rv == TIDE_OK);
    } else {
        memcpy(b->encoded, keys, n * (size_t)16);
        tide_key_hash_keys(key, b->encoded, 16, n, b->hash);
    }
    tide_status rv = tide_table_update(t, b->encoded, b->hash, n, b->rows, b->values, NULL, NULL);
    tide_assert(rv == TIDE_OK);
    for (uint32_t i = 0; i < n; i++) *(int64_t *)(void *)b->values[i] += v[i];
}

/* Seconds for all keys; *worst (may be NULL) for the slowest batch. */
static double pass_keyed(bench *b, tide_table *t, uint32_t words, double *worst)
{
    double start = now(), last = start, slowest = 0;
    for (uint64_t i = 0; i < b->n; i += B) {
        add_batch(b, t, b->keys + i * words, b->v + i, B);
        if (worst == NULL) continue;
        double at = now();
        slowest = fmax(slowest, at - last);
        last = at;
    }
    if (worst) *worst = slowest;
    return now() - start;
}

static double pass_flat(bench *b, flat_table *f, uint32_t words)
{
    double start = now();
    for (uint64_t i = 0; i < b->n; i += B) flat_add(f, b->keys + i * words, b->v + i, B);
    return now() - start;
}

static double pass_plain(bench *b, plain_table *p, uint32_t words)
{
    double start = now();
    for (uint64_t i = 0; i < b->n; i += B) plain_add(p, b->keys + i * words, b->v + i, B);
    return now() - start;
}

static int64_t total_of(const bench *b)
{
    int64_t total = 0;
    for (uint64_t i = 0; i < b->n; i++) total += b->v[i];
    return total;
}

static uint32_t bits_for(uint64_t keys)
{
    uint32_t bits = 0;
    while ((1ull << bits) * 3 < keys * 10) bits++; /* A load of at most 0.30. */
    return bits;
}

/* Seconds for all keys of what any table does whose index lies apart from its rows: a line read at
 * random, then a row changed at random, both fetched ahead, and nothing else. */
static double pass_two_lines(bench *b, uint64_t n_keys, uint32_t words)
{
    uint32_t bits = bits_for(n_keys) - 2; /* Lines of eight entries, at a load of at most 0.60. */
    size_t row_words = words == 1 ? 2 : 4;
    uint64_t *lines = tide_malloc_aligned(1 << 21, (size_t)64 << bits);
    uint64_t *rows = tide_malloc_aligned(1 << 21, n_keys * row_words * 8);
    (void)madvise(lines, (size_t)64 << bits, MADV_HUGEPAGE);
    (void)madvise(rows, n_keys * row_words * 8, MADV_HUGEPAGE);
    memset(lines, 0, (size_t)64 << bits);
    memset(rows, 0, n_keys * row_words * 8);
    double start = now();
    for (uint64_t at = 0; at < b->n; at += B) {
        const uint64_t *keys = b->keys + at * words;
        for (uint32_t i = 0; i < B; i++)
            b->hash[i] = (keys[i * words] * 0x9E3779B97F4A7C15ull >> (64 - bits)) * 8;
        for (uint32_t first = 0; first < B; first += 64) {
            for (uint32_t i = first; i < first + 64; i++) {
                __builtin_prefetch(lines + b->hash[i + 32 < B ? i + 32 : i]);
                b->rows[i] = (uint32_t)(keys[i * words] + lines[b->hash[i]]);
                __builtin_prefetch(rows + b->rows[i] * row_words, 1);
            }
            for (uint32_t i = first; i < first + 64; i++)
                rows[b->rows[i] * row_words] += (uint64_t)b->v[at + i];
        }
    }
    double seconds = now() - start;
    tide_free(lines);
    tide_free(rows);
    return seconds;
}

/* ---- parts ---- */
static void find_case(bench *b, const char *what, uint64_t keys, uint32_t words, asked of)
{
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_table *t = open_table(words, 8, memory);
    flat_table f;
    flat_init(&f, words, bits_for(keys));
    plain_table *alone = plain_new(words, keys, memory);
    draw_keys(b, keys, words);
    double keyed = 1e9, flat = 1e9, plain = 1e9, bound = 1e9;
    for (int p = 0; p <= PASSES; p++) { /* The first fills the tables. */
        double k = pass_keyed(b, t, words, NULL), l = pass_flat(b, &f, words);
        double a = pass_plain(b, alone, words);
        if (p == 0) continue;
        keyed = fmin(keyed, k);
        flat = fmin(flat, l);
        plain = fmin(plain, a);
    }
    tide_assert(plain_total(alone) == total_of(b) * (PASSES + 1)); /* It did find its rows. */
    char line[80];
    snprintf(line, sizeof line, "%s: %.0f of %.0f M rows/s", what, (double)b->n / keyed / 1e6,
             (double)b->n / flat / 1e6);
    report(b, line, flat / keyed, of.floor, false);
    report_alone(b, flat / plain, plain / keyed, of);
    if (keys > 1000) {
        for (int p = 0; p < PASSES; p++) bound = fmin(bound, pass_two_lines(b, keys, words));
        report(b, "  two lines a row and nothing else", flat / bound, 0, false);
        report(b, "  of what these two lines allow", bound / keyed, 0, false);
    }
    flat_fini(&f);
    plain_free(&alone);
    tide_table_free(&t);
    tide_state_memory_free(&memory);
}

static bool wanted(int argc, char **argv, const char *part)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        if (strcmp(argv[i], part) == 0) return true;
        any = true;
    }
    return !any;
}

static void part_find(bench *b, int argc, char **argv)
{
    bool all = wanted(argc, argv, "find");
    printf("find, touch and add (ratio to the flat table)\n");
    if (all || wanted(argc, argv, "1k")) find_case(b, "1 k keys", 1000, 1, (asked){ 0.30, 0.31 });
    if (all || wanted(argc, argv, "1m"))
        find_case(b, "1 M keys", b->big / 10, 1, (asked){ 0.50, 0.58 });
    if (all || wanted(argc, argv, "10m"))
        find_case(b, "10 M keys", b->big, 1, (asked){ 0.60, 0.69 });
    if (all || wanted(argc, argv, "10m16"))
        find_case(b, "10 M keys of 16 bytes", b->big, 2, (asked){ 0.80, 1.00 });
}

static void part_insert(bench *b)
{
    printf("inserts from empty (ratio to a flat table that is presized)\n");
    uint64_t n = b->n;
    b->n = b->big / B * B;
    flat_table f;
    flat_init(&f, 1, bits_for(b->n));
    double keyed = 1e9, flat = 1e9, plain = 1e9, worst = 1e9;
    tide_state_memory *memory = tide_state_memory_new(0);
    for (int p = 0; p < PASSES; p++) {
        for (uint64_t i = 0; i < b->n; i++) b->keys[i] = i;
        tide_table *t = open_table(1, 8, memory);
        double slowest;
        keyed = fmin(keyed, pass_keyed(b, t, 1, &slowest));
        worst = fmin(worst, slowest);
        tide_table_free(&t);
        plain_table *alone = plain_new(1, b->n, memory);
        plain = fmin(plain, pass_plain(b, alone, 1));
        plain_free(&alone);
        flat_clear(&f);
        flat = fmin(flat, pass_flat(b, &f, 1));
    }
    char line[80];
    snprintf(line, sizeof line, "10 M inserts: %.0f of %.0f M rows/s", (double)b->n / keyed / 1e6,
             (double)b->n / flat / 1e6);
    const asked of = { 0.20, 0.26 };
    report(b, line, flat / keyed, of.floor, false);
    report_alone(b, flat / plain, plain / keyed, of);
    report(b, "worst batch while growing, ms", worst * 1e3, 2, true);
    tide_state_memory_free(&memory);
    flat_fini(&f);
    b->n = n;
}

/* Pieces are counted and forgotten: what storage does with them is not measured here. */
typedef struct counter {
    uint64_t bytes;
} counter;

static tide_status count_bytes(void *ctx, uint32_t group, bool base, const uint8_t *bytes, size_t n)
{
    (void)group;
    (void)base;
    (void)bytes;
    ((counter *)ctx)->bytes += n;
    return TIDE_OK;
}

static void sweep_all(tide_table *t, const tide_piece_sink *sink)
{
    for (bool done = false; !done;) {
        tide_status rv = tide_table_sweep(t, sink, B, &done);
        tide_assert(rv == TIDE_OK);
    }
    tide_table_settle(t, true);
}

/* Keys from a scattered share of all; they are changed, then a snapshot is taken while they go on
 * changing. */
static void snapshot_case(bench *b, tide_table *t, uint32_t percent, const tide_piece_sink *sink)
{
    uint64_t s = 777, step = 100 / percent, n_keys = b->big / step;
    for (uint64_t i = 0; i < b->n; i++)
        b->keys[i] = (uint64_t)(((unsigned __int128)next_random(&s) * n_keys) >> 64) * step;
    double worst = 1e9, at_barrier = 1e9, ratio = 0;
    for (int p = 0; p < 3; p++) {
        (void)pass_keyed(b, t, 1, NULL);
        ((counter *)sink->ctx)->bytes = 0;
        double start = now(), last, slowest = 0;
        tide_table_barrier(t, TIDE_SNAPSHOT_INCREMENTAL);
        last = now();
        at_barrier = fmin(at_barrier, last - start);
        slowest = last - start;
        bool done = false;
        for (uint64_t i = 0; !done; i = (i + B) % b->n) {
            add_batch(b, t, b->keys + i, b->v + i, B);
            tide_status rv = tide_table_sweep(t, sink, B, &done);
            tide_assert(rv == TIDE_OK);
            double at = now();
            slowest = fmax(slowest, at - last);
            last = at;
        }
        tide_table_settle(t, true);
        worst = fmin(worst, slowest);
        ratio = (double)((counter *)sink->ctx)->bytes / ((double)n_keys * 96);
    }
    char line[80];
    snprintf(line, sizeof line, "%3u %% changed: barrier ms", percent);
    report(b, line, at_barrier * 1e3, 0, true);
    snprintf(line, sizeof line, "%3u %% changed: worst batch, ms", percent);
    report(b, line, worst * 1e3, 1, true);
    snprintf(line, sizeof line, "%3u %% changed: bytes out per byte changed", percent);
    report(b, line, ratio, 0, true);
}

static void part_snapshot(bench *b)
{
    printf("snapshots of 10 M rows of 96 bytes at full speed, a sweep of %u rows a batch\n", B);
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_table *t = open_table(1, 88, memory);
    counter out = { 0 };
    tide_piece_sink sink = { .ctx = &out, .write = count_bytes };
    for (uint64_t i = 0; i < b->big; i += B) {
        uint64_t keys[B];
        for (uint32_t k = 0; k < B; k++) keys[k] = i + k;
        add_batch(b, t, keys, b->v, B);
    }
    tide_table_barrier(t, TIDE_SNAPSHOT_INCREMENTAL);
    sweep_all(t, &sink);
    snapshot_case(b, t, 1, &sink);
    snapshot_case(b, t, 10, &sink);
    snapshot_case(b, t, 100, &sink);
    tide_table_free(&t);
    tide_state_memory_free(&memory);
}

/* ---- restore ---- */
typedef struct image {
    tide_bytes pieces[128];
} image;

static tide_status keep_bytes(void *ctx, uint32_t group, bool base, const uint8_t *bytes, size_t n)
{
    (void)base;
    tide_bytes_put(&((image *)ctx)->pieces[group], bytes, n);
    return TIDE_OK;
}

static void part_restore(bench *b)
{
    printf("restore of 10 M rows of 16 bytes from memory\n");
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_table *t = open_table(1, 8, memory);
    image img = { 0 };
    tide_piece_sink sink = { .ctx = &img, .write = keep_bytes };
    for (uint64_t i = 0; i < b->big; i += B) {
        uint64_t keys[B];
        for (uint32_t k = 0; k < B; k++) keys[k] = i + k;
        add_batch(b, t, keys, b->v, B);
    }
    uint64_t rows = tide_table_count(t);
    tide_table_barrier(t, TIDE_SNAPSHOT_FULL);
    double start = now();
    sweep_all(t, &sink);
    report(b, "written as bases, M rows/s", (double)rows / (now() - start) / 1e6, 0, false);
    tide_table_free(&t);
    double load = 1e9, index = 1e9;
    for (int p = 0; p < 3; p++) {
        t = open_table(1, 8, memory);
        start = now();
        for (uint32_t g = 0; g < 128; g++) {
            const tide_bytes *piece = &img.pieces[g];
            tide_status rv = tide_table_restore(t, (const uint8_t *)piece->p, piece->n);
            tide_assert(rv == TIDE_OK);
        }
        double middle = now();
        tide_status rv = tide_table_restore_end(t);
        tide_assert(rv == TIDE_OK && tide_table_count(t) == rows);
        load = fmin(load, middle - start);
        index = fmin(index, now() - middle);
        tide_table_free(&t);
    }
    report(b, "rows placed, M rows/s", (double)rows / load / 1e6, 0, false);
    report(b, "indexes built, M rows/s", (double)rows / index / 1e6, 0, false);
    for (uint32_t g = 0; g < 128; g++) tide_bytes_fini(&img.pieces[g]);
    tide_state_memory_free(&memory);
}

/* ---- calendar ---- */
/* Open sessions; every event moves the end of one. A tick is a batch. */
static void part_calendar(bench *b)
{
    uint32_t n = b->quick ? 1u << 14 : 1u << 20, gap = 1024;
    printf("session ends: %u open, every event moves one\n", n);
    tide_state_memory *memory = tide_state_memory_new(0);
    tide_table *t = open_table(1, 16, memory);
    uint32_t *all = tide_malloc(n * sizeof *all), fired[256];
    for (uint32_t i = 0; i < n; i += B) {
        uint64_t keys[B];
        for (uint32_t k = 0; k < B; k++) keys[k] = i + k;
        add_batch(b, t, keys, b->v, B);
        memcpy(all + i, b->rows, sizeof b->rows);
    }
    tide_calendar *c = tide_calendar_new(
        &(tide_calendar_config){ .table = t, .due_offset = 0, .filed_offset = 8, .span = gap });
    for (uint32_t i = 0; i < n; i++) {
        *(int64_t *)(void *)tide_table_value(t, all[i]) = 1 + i % gap;
        *(uint64_t *)(void *)(tide_table_value(t, all[i]) + 8) = 0;
    }
    tide_calendar_file(c, all, n);
    (void)tide_calendar_pop(c, 0, fired, 1); /* Now there is a time: all are put into buckets. */
    uint64_t s = 4242, popped = 0;
    double write = 0, pop = 0, worst = 0;
    int64_t ticks = b->quick ? 64 : 4096;
    for (int64_t tick = 0; tick < ticks; tick++) {
        double start = now();
        for (uint32_t i = 0; i < B; i++) b->rows[i] = all[next_random(&s) % n];
        double drawn = now();
        for (uint32_t i = 0; i < B; i++) {
            __builtin_prefetch(tide_table_value(t, b->rows[i + 16 < B ? i + 16 : i]), 1);
            *(int64_t *)(void *)tide_table_value(t, b->rows[i]) = tick + gap;
        }
        double written = now();
        for (uint32_t m; (m = tide_calendar_pop(c, tick + 1, fired, 256)) > 0; popped += m) {
            for (uint32_t i = 0; i < m; i++)
                *(int64_t *)(void *)tide_table_value(t, fired[i]) = tick + gap;
            tide_calendar_file(c, fired, m);
        }
        double done = now();
        (void)(drawn - start);
        write += written - drawn;
        pop += done - written;
        worst = fmax(worst, done - written);
    }
    double events = (double)ticks * B;
    report(b, "write the end, ns an event", write / events * 1e9, 0, true);
    report(b, "calendar, ns an event", pop / events * 1e9, 0, true);
    report(b, "worst advance, us", worst * 1e6, 0, true);
    report(b, "ends an event", (double)popped / events, 0, true);
    tide_calendar_free(&c);
    tide_free(all);
    tide_table_free(&t);
    tide_state_memory_free(&memory);
}

int main(int argc, char **argv)
{
    bench *b = tide_malloc_aligned(64, sizeof *b);
    memset(b, 0, sizeof *b);
    for (int i = 1; i < argc; i++) b->quick |= strcmp(argv[i], "--quick") == 0;
    b->n = b->quick ? 40 * B : 4096 * B;
    b->big = b->quick ? 25 * B : 2442 * B; /* About 10 M. */
    b->keys = tide_malloc(b->n * 16);
    b->v = tide_malloc(b->n * 8);
    uint64_t s = 12345;
    for (uint64_t i = 0; i < b->n; i++) b->v[i] = (int64_t)(next_random(&s) % 1000);
    part_find(b, argc, argv);
    if (wanted(argc, argv, "insert")) part_insert(b);
    if (wanted(argc, argv, "snapshot")) part_snapshot(b);
    if (wanted(argc, argv, "restore")) part_restore(b);
    if (wanted(argc, argv, "calendar")) part_calendar(b);
    int code = b->failed;
    tide_free(b->keys);
    tide_free(b->v);
    tide_free(b);
    return code;
}
