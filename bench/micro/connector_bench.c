/* connector_bench.c - what a source or sink costs per row, alone.
 *
 *   connector_bench nexmark TABLE COLUMNS EVENTS     COLUMNS as "auction,price", or "*"
 *   connector_bench kafka-write BROKERS TOPIC ROWS
 *   connector_bench kafka-read BROKERS TOPIC [QUEUED]    QUEUED: records waiting
 *
 * Nexmark: million events per second of this thread's CPU, of all kinds, the batches being
 * dropped. Kafka: ad events as JSON (about 85 bytes); million records per second of the process's
 * CPU, librdkafka's threads included, and of the clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/support/connkit.h"

#define NEXMARK_BID                                                                                \
    "auction BIGINT,bidder BIGINT,price BIGINT,channel STRING,url STRING,"                         \
    "date_time TIMESTAMP(3),extra STRING"
#define NEXMARK_AUCTION                                                                            \
    "id BIGINT,item_name STRING,description STRING,initial_bid BIGINT,reserve BIGINT,"             \
    "date_time TIMESTAMP(3),expires TIMESTAMP(3),seller BIGINT,category BIGINT,extra STRING"
#define NEXMARK_PERSON                                                                             \
    "id BIGINT,name STRING,email_address STRING,credit_card STRING,city STRING,state STRING,"      \
    "date_time TIMESTAMP(3),extra STRING"
#define AD_EVENT "user_id BIGINT,ad_id BIGINT,event_time TIMESTAMP(3)"

typedef struct bench {
    tide_arena *arena;
    tide_pool *pool;
    tide_waker *waker;
} bench;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int fail(const char *what)
{
    fprintf(stderr, "connector_bench: %s: %s\n", what, tide_error_text());
    return 1;
}

static int run_nexmark(bench *b, const char *type, const char *columns, const char *events)
{
    const char *declared = strcmp(type, "bid") == 0       ? NEXMARK_BID
                           : strcmp(type, "auction") == 0 ? NEXMARK_AUCTION
                                                          : NEXMARK_PERSON;
    const char *const options[] = { "connector", "nexmark",         "table-type", type, "events",
                                    events,      "event-time.rate", "1000000",    NULL };
    const tide_table *table = tide_connkit_table(b->arena, declared, options);
    const char *names = strcmp(columns, "*") == 0 ? NULL : columns;
    tide_connkit_source s;
    if (tide_connkit_source_open(&s, b->pool, b->waker, tide_connkit_scan(b->arena, table, names),
                                 0, 1, TIDE_BATCH_ROWS_MAX) != TIDE_OK)
        return fail("open");
    double start = seconds(CLOCK_THREAD_CPUTIME_ID);
    if (tide_connkit_source_run(&s, UINT64_MAX, 1000, NULL) != TIDE_SOURCE_END) return fail("poll");
    double cpu = seconds(CLOCK_THREAD_CPUTIME_ID) - start;
    printf("nexmark %s %s: %.1f M events/s, %.1f M rows/s, peak %zu KiB\n", type, columns,
           (double)s.counters.rows_in / cpu / 1e6, (double)s.rows / cpu / 1e6,
           tide_pool_peak_bytes(b->pool) >> 10);
    tide_connkit_source_close(&s);
    return 0;
}

/* A batch of ad events: users and ads repeat, times go on. */
static tide_batch *ad_events(bench *b, uint64_t first)
{
    tide_type types[] = { tide_type_of(TIDE_TYPE_BIGINT),
                          tide_type_of(TIDE_TYPE_BIGINT),
                          { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } };
    tide_col *cols[3];
    int64_t *values[3];
    for (int i = 0; i < 3; i++)
        cols[i] =
            tide_col_new(b->pool, types[i], TIDE_BATCH_ROWS_MAX, (void **)&values[i], false, NULL);
    for (uint32_t k = 0; k < TIDE_BATCH_ROWS_MAX; k++) {
        uint64_t n = (first + k) * 0x9e3779b97f4a7c15ull;
        values[0][k] = (int64_t)(n >> 44);
        values[1][k] = (int64_t)(n >> 20 & 0xffff);
        values[2][k] = 1704067200000000 + (int64_t)(first + k) * 1000;
    }
    return tide_batch_new(b->pool, cols, 3, TIDE_BATCH_ROWS_MAX);
}

static void report(const char *what, uint64_t rows, double cpu, double wall)
{
    printf("%s: %llu records, %.3f M/s of CPU, %.3f M/s of the clock\n", what,
           (unsigned long long)rows, (double)rows / cpu / 1e6, (double)rows / wall / 1e6);
}

static int run_kafka_write(bench *b, const char *brokers, const char *topic, uint64_t rows)
{
    const char *const options[] = { "connector", "kafka", "properties.bootstrap.servers",
                                    brokers,     "topic", topic,
                                    "format",    "json",  NULL };
    const tide_table *table = tide_connkit_table(b->arena, AD_EVENT, options);
    tide_connkit_sink sink;
    if (tide_connkit_sink_open(&sink, b->arena, b->pool, b->waker, table, NULL, false) != TIDE_OK)
        return fail("open");
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    uint64_t n = 0;
    for (; n < rows; n += TIDE_BATCH_ROWS_MAX) {
        tide_batch *batch = ad_events(b, n);
        if (tide_connkit_sink_write(&sink, &batch) != TIDE_SINK_DONE) return fail("write");
    }
    if (tide_connkit_sink_finish(&sink) != TIDE_SINK_DONE) return fail("finish");
    report("kafka-write", n, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
           seconds(CLOCK_MONOTONIC) - wall);
    tide_connkit_sink_close(&sink);
    return 0;
}

static int run_kafka_read(bench *b, const char *brokers, const char *topic, const char *queued)
{
    const char *const options[] = { "connector",
                                    "kafka",
                                    "properties.bootstrap.servers",
                                    brokers,
                                    "topic",
                                    topic,
                                    "format",
                                    "json",
                                    "scan.bounded.mode",
                                    "latest-offset",
                                    "properties.queued.min.messages",
                                    queued,
                                    NULL };
    const tide_table *table = tide_connkit_table(b->arena, AD_EVENT, options);
    tide_connkit_source s;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
    if (tide_connkit_source_open(&s, b->pool, b->waker, tide_connkit_scan(b->arena, table, NULL), 0,
                                 1, TIDE_BATCH_ROWS_MAX) != TIDE_OK)
        return fail("open");
    if (tide_connkit_source_run(&s, UINT64_MAX, 10000, NULL) != TIDE_SOURCE_END)
        return fail("poll");
    report("kafka-read", s.rows, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu,
           seconds(CLOCK_MONOTONIC) - wall);
    printf("kafka-read: %.0f rows a batch, peak %zu KiB of batches\n",
           (double)s.rows / (double)s.batches, tide_pool_peak_bytes(b->pool) >> 10);
    tide_connkit_source_close(&s);
    return 0;
}

int main(int argc, char **argv)
{
    bench b = { .arena = tide_arena_new(), .pool = tide_pool_new(0), .waker = tide_waker_new() };
    int rv = 2;
    if (argc == 5 && strcmp(argv[1], "nexmark") == 0)
        rv = run_nexmark(&b, argv[2], argv[3], argv[4]);
    else if (argc == 5 && strcmp(argv[1], "kafka-write") == 0)
        rv = run_kafka_write(&b, argv[2], argv[3], strtoull(argv[4], NULL, 10));
    else if (argc >= 4 && strcmp(argv[1], "kafka-read") == 0)
        rv = run_kafka_read(&b, argv[2], argv[3], argc > 4 ? argv[4] : "200000");
    else
        fprintf(stderr, "usage: see the head of bench/micro/connector_bench.c\n");
    tide_waker_free(&b.waker);
    tide_pool_free(&b.pool);
    tide_arena_free(&b.arena);
    return rv;
}
