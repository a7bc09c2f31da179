/* kafka_test.c - the Kafka connector against librdkafka's mock cluster: no
 * broker, no network. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/connkit.h"
#include "worker/connector/kafka/murmur2.h"

#define TIMEOUT_MS 20000

typedef struct fixture {
    tide_arena *arena;
    tide_pool *pool;
    tide_waker *waker;
    rd_kafka_t *client; /* Carries the mock cluster, and writes what tests read. */
    rd_kafka_mock_cluster_t *cluster;
    const char *servers;
} fixture;

static int set_up(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    char why[256];
    f->arena = tide_arena_new();
    f->pool = tide_pool_new(0);
    f->waker = tide_waker_new();
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "test.mock.num.brokers", "1", why, sizeof why);
    f->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    assert_non_null(f->client);
    f->cluster = rd_kafka_handle_mock_cluster(f->client);
    f->servers = rd_kafka_mock_cluster_bootstraps(f->cluster);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
    tide_arena_free(&f->arena);
    tide_waker_free(&f->waker);
    rd_kafka_destroy(f->client);
    tide_free(f);
    return 0;
}

/* ---- writing and reading without the connector ---- */

static void put(fixture *f, const char *topic, int32_t partition, const char *key,
                const char *value)
{
    rd_kafka_resp_err_t err =
        rd_kafka_producev(f->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(key, key ? strlen(key) : 0),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value, value ? strlen(value) : 0),
                          RD_KAFKA_V_TIMESTAMP(1700000000123), RD_KAFKA_V_END);
    assert_int_equal(err, RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void settle(fixture *f)
{
    assert_int_equal(rd_kafka_flush(f->client, TIMEOUT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static void make_topic(fixture *f, const char *topic, int n_partitions)
{
    assert_int_equal(rd_kafka_mock_topic_create(f->cluster, topic, n_partitions, 1),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
}

#define OPTIONS(...)                                                                               \
    ((const char *const[]){ "connector", "kafka", "properties.bootstrap.servers", f->servers,      \
                            "format", "json", __VA_ARGS__, NULL })
#define BOUNDED "scan.startup.mode", "earliest-offset", "scan.bounded.mode", "latest-offset"

/* All rows of a bounded table of one subtask, as lines. The caller frees. */
static tide_bytes read_all(fixture *f, const char *columns, const char *names,
                           const char *const *options, uint32_t rows_max, uint64_t *bad_rows)
{
    tide_table *table = tide_connkit_table(f->arena, columns, options);
    tide_connkit_source s;
    tide_bytes lines = { 0 };
    tide_status rv =
        tide_connkit_source_open(&s, f->pool, f->waker, tide_connkit_scan(f->arena, table, names),
                                 0, 1, rows_max);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    tide_source_result r = tide_connkit_source_run(&s, UINT64_MAX, TIMEOUT_MS, &lines);
    if (r == TIDE_SOURCE_FAILED) fail_msg("%s", tide_error_text());
    assert_int_equal(r, TIDE_SOURCE_END);
    assert_int_equal(s.n_split_ends, s.args.n_splits);
    if (bad_rows) *bad_rows = s.counters.bad_rows;
    tide_connkit_source_close(&s);
    tide_bytes_text(&lines);
    return lines;
}

static void expect_rows(fixture *f, const char *columns, const char *const *options,
                        const char *expect)
{
    tide_bytes lines = read_all(f, columns, NULL, options, 4096, NULL);
    assert_string_equal(tide_bytes_text(&lines), expect);
    tide_bytes_fini(&lines);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines in order, for results of several partitions. */
static void sort_lines(tide_bytes *lines)
{
    char *all[1024], *save = NULL, *text = tide_strdup(tide_bytes_text(lines));
    size_t n = 0;
    for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
        assert_true(n < 1024);
        all[n++] = l;
    }
    qsort(all, n, sizeof *all, compare_lines);
    lines->n = 0;
    for (size_t i = 0; i < n; i++) tide_bytes_printf(lines, "%s\n", all[i]);
    tide_bytes_text(lines);
    tide_free(text);
}

/* ---- reading ---- */

static void a_bounded_topic_is_read_to_its_end(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 3);
    for (int i = 0; i < 300; i++) {
        char value[64];
        snprintf(value, sizeof value, "{\"id\":%d,\"name\":\"name number %d\"}", i, i);
        put(f, "in", i % 3, NULL, value);
    }
    settle(f);
    for (int pass = 0; pass < 2; pass++) { /* Whole batches; one row at a time. */
        tide_bytes lines = read_all(f, "id BIGINT,name STRING", NULL,
                                    OPTIONS("topic", "in", BOUNDED), pass ? 1 : 4096, NULL);
        sort_lines(&lines);
        uint32_t n = 0;
        for (const char *p = lines.p; *p; p = strchr(p, '\n') + 1) n++;
        assert_int_equal(n, 300);
        assert_non_null(strstr(lines.p, "299|name number 299\n"));
        tide_bytes_fini(&lines);
    }
}

static void metadata_and_keys_become_columns(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    put(f, "in", 0, "{\"k\":7}", "{\"v\":1}");
    put(f, "in", 0, NULL, "{\"v\":2}");
    settle(f);
    expect_rows(f,
                "v INT,k INT,o BIGINT METADATA FROM 'offset',t STRING METADATA FROM "
                "'topic',"
                "p INT METADATA FROM 'partition',at TIMESTAMP_LTZ(3) METADATA FROM "
                "'timestamp',"
                "ty STRING METADATA FROM 'timestamp-type',raw BYTES METADATA FROM 'key'",
                OPTIONS("topic", "in", BOUNDED, "key.format", "json", "key.fields", "k",
                        "value.fields-include", "EXCEPT_KEY"),
                "1|7|0|in|0|2023-11-14 22:13:20.123+00|CreateTime|{\"k\":7}\n"
                "2|NULL|1|in|0|2023-11-14 22:13:20.123+00|CreateTime|NULL\n");
}

static void headers_are_json_text(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    assert_int_equal(rd_kafka_producev(f->client, RD_KAFKA_V_TOPIC("in"), RD_KAFKA_V_PARTITION(0),
                                       RD_KAFKA_V_VALUE((void *)(uintptr_t) "{\"v\":1}", 7),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_HEADER("a", "x\"y", 3),
                                       RD_KAFKA_V_HEADER("b", NULL, 0), RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    settle(f);
    expect_rows(f, "v INT,h STRING METADATA FROM 'headers'", OPTIONS("topic", "in", BOUNDED),
                "1|{\"a\":\"x\\\"y\",\"b\":null}\n");
}

/* A newline inside a record, an empty one, spaces only, and one without a
 * value. */
static void odd_records_keep_their_place(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    put(f, "in", 0, NULL, "{\n \"v\": 1\n}");
    put(f, "in", 0, NULL, "");
    put(f, "in", 0, NULL, " \n ");
    put(f, "in", 0, NULL, NULL);
    put(f, "in", 0, NULL, "{\"v\":5}");
    settle(f);
    uint64_t bad = 0;
    tide_bytes lines = read_all(f, "v INT,o BIGINT METADATA FROM 'offset'", NULL,
                                OPTIONS("topic", "in", BOUNDED, "on-error", "skip"), 4096, &bad);
    assert_string_equal(tide_bytes_text(&lines), "1|0\n5|4\n");
    assert_int_equal(bad, 2);
    tide_bytes_fini(&lines);
}

static void a_malformed_record_fails_with_its_place(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 2);
    put(f, "in", 1, NULL, "{\"v\":1}");
    put(f, "in", 1, NULL, "{\"v\":");
    settle(f);
    tide_table *table = tide_connkit_table(f->arena, "v INT", OPTIONS("topic", "in", BOUNDED));
    tide_connkit_source s;
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 4096),
                     TIDE_OK);
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, TIMEOUT_MS, NULL), TIDE_SOURCE_FAILED);
    assert_non_null(strstr(tide_error_text(), "topic in, partition 1, offset 1: "));
    tide_connkit_source_close(&s);
}

static void a_malformed_key_is_skipped_with_its_row(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    put(f, "in", 0, "{\"k\":1}", "{\"v\":1}");
    put(f, "in", 0, "{\"k\":", "{\"v\":2}");
    put(f, "in", 0, "{\"k\":3}", "{\"v\":");
    put(f, "in", 0, "{\"k\":4}", "{\"v\":4}");
    settle(f);
    uint64_t bad = 0;
    tide_bytes lines =
        read_all(f, "k INT,v INT", NULL,
                 OPTIONS("topic", "in", BOUNDED, "on-error", "skip", "key.format", "json",
                         "key.fields", "k", "value.fields-include", "EXCEPT_KEY"),
                 4096, &bad);
    assert_string_equal(tide_bytes_text(&lines), "1|1\n4|4\n");
    assert_int_equal(bad, 2);
    tide_bytes_fini(&lines);
}

static void start_and_end_are_where_the_options_say(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    for (int i = 0; i < 10; i++) {
        char value[32];
        snprintf(value, sizeof value, "{\"v\":%d}", i);
        put(f, "in", 0, NULL, value);
    }
    settle(f);
    expect_rows(f, "v INT",
                OPTIONS("topic", "in", "scan.startup.mode", "specific-offsets",
                        "scan.startup.specific-offsets", "partition:0,offset:3",
                        "scan.bounded.mode", "specific-offsets", "scan.bounded.specific-offsets",
                        "partition:0,offset:5"),
                "3\n4\n");
    expect_rows(f, "v INT",
                OPTIONS("topic", "in", "scan.startup.mode", "latest-offset", "scan.bounded.mode",
                        "latest-offset"),
                "");
}

/* An unbounded source says once that a partition is idle, and goes on when more
 * comes. */
static void an_unbounded_partition_is_idle_and_wakes(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    put(f, "in", 0, NULL, "{\"v\":1}");
    settle(f);
    tide_table *table = tide_connkit_table(f->arena, "v INT", OPTIONS("topic", "in"));
    tide_connkit_source s;
    tide_bytes lines = { 0 };
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 4096),
                     TIDE_OK);
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, TIMEOUT_MS, &lines),
                     TIDE_SOURCE_SPLIT_IDLE);
    assert_string_equal(tide_bytes_text(&lines), "1\n");
    put(f, "in", 0, NULL, "{\"v\":2}");
    settle(f);
    assert_int_equal(tide_connkit_source_run(&s, 1, TIMEOUT_MS, &lines), TIDE_SOURCE_BATCH);
    assert_string_equal(tide_bytes_text(&lines), "1\n2\n");
    assert_int_equal(s.n_idle, 1);
    tide_connkit_source_close(&s);
    tide_bytes_fini(&lines);
}

/* What was there when it was last asked for, less what was read. */
static void a_source_tells_how_far_behind_it_is(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    for (int i = 0; i < 100; i++) put(f, "in", 0, NULL, "{\"v\":1}");
    settle(f);
    tide_table *table = tide_connkit_table(f->arena, "v INT", OPTIONS("topic", "in"));
    tide_connkit_source s;
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 10),
                     TIDE_OK);
    assert_int_equal(tide_connkit_source_run(&s, 10, TIMEOUT_MS, NULL), TIDE_SOURCE_BATCH);
    assert_in_range(s.rows, 10, 19); /* Fetches and batches need not start together. */
    assert_int_equal(s.counters.pending_rows, 100 - s.rows);
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, TIMEOUT_MS, NULL),
                     TIDE_SOURCE_SPLIT_IDLE);
    assert_int_equal(s.rows, 100);
    assert_int_equal(s.counters.pending_rows, 0);
    tide_connkit_source_close(&s);
}

/* Two scans of one table in one process: a second client reads the same
 * partition. */
static void a_table_can_be_read_twice_at_once(void **state)
{
    fixture *f = *state;
    make_topic(f, "in", 1);
    for (int i = 0; i < 5; i++) put(f, "in", 0, NULL, "{\"v\":1}");
    settle(f);
    tide_table *table = tide_connkit_table(f->arena, "v INT", OPTIONS("topic", "in", BOUNDED));
    tide_connkit_source s[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(tide_connkit_source_open(&s[i], f->pool, f->waker,
                                                  tide_connkit_scan(f->arena, table, NULL), 0, 1,
                                                  4096),
                         TIDE_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tide_connkit_source_run(&s[i], UINT64_MAX, TIMEOUT_MS, NULL),
                         TIDE_SOURCE_END);
        assert_int_equal(s[i].rows, 5);
        tide_connkit_source_close(&s[i]);
    }
}

static void topics_are_found_by_list_and_by_pattern(void **state)
{
    fixture *f = *state;
    make_topic(f, "orders-a", 1);
    make_topic(f, "orders-b", 1);
    make_topic(f, "others", 1);
    put(f, "orders-a", 0, NULL, "{\"v\":1}");
    put(f, "orders-b", 0, NULL, "{\"v\":2}");
    put(f, "others", 0, NULL, "{\"v\":3}");
    settle(f);
    const char *columns = "v INT,t STRING METADATA FROM 'topic'";
    tide_bytes lines =
        read_all(f, columns, NULL, OPTIONS("topic", "orders-a; others", BOUNDED), 4096, NULL);
    sort_lines(&lines);
    assert_string_equal(tide_bytes_text(&lines), "1|orders-a\n3|others\n");
    tide_bytes_fini(&lines);
    lines = read_all(f, columns, NULL, OPTIONS("topic-pattern", "orders-.", BOUNDED), 4096, NULL);
    sort_lines(&lines);
    assert_string_equal(tide_bytes_text(&lines), "1|orders-a\n2|orders-b\n");
    tide_bytes_fini(&lines);
}

/* ---- what cannot be reached ---- */

static void expect_no_source(fixture *f, const char *const *options, tide_status code,
                             const char *text)
{
    tide_table *table = tide_connkit_table(f->arena, "v INT", options);
    tide_connkit_source s;
    tide_status rv = tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 4096);
    assert_int_equal(rv, code);
    if (strstr(tide_error_text(), text) == NULL)
        fail_msg("no \"%s\" in: %s", text, tide_error_text());
}

static void a_missing_broker_is_an_error_in_time(void **state)
{
    fixture *f = *state;
    expect_no_source(f,
                     ((const char *const[]){ "connector", "kafka", "properties.bootstrap.servers",
                                             "127.0.0.1:1", "topic", "in", "format", "json",
                                             "connect-timeout", "300 ms", NULL }),
                     TIDE_E_UNREACHABLE, "no Kafka broker answers at 127.0.0.1:1");
}

static void wrong_tables_are_refused(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *key, *value, *text;
    } cases[] = {
        { "topics", "x", "unknown option 'topics'; did you mean 'topic'?" },
        { "topic-pattern", "x", "not both" },
        { "key.format", "json", "'key.format' and 'key.fields' need each other" },
        { "scan.startup.mode", "timestamp", "needs 'scan.startup.timestamp-millis'" },
        { "scan.startup.mode", "earliest", "expected one of earliest-offset|" },
        { "scan.startup.mode", "group-offsets", "needs 'properties.group.id'" },
        { "properties.max.poll.records", "5", "No such configuration property" },
        { "value.fields-include", "EXCEPT_KEY", "needs 'key.fields'" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_no_source(f, OPTIONS("topic", "in", cases[i].key, cases[i].value), TIDE_E_OPTION,
                         cases[i].text);
    expect_no_source(f,
                     OPTIONS("topic", "in", "scan.startup.mode", "specific-offsets",
                             "scan.startup.specific-offsets", "0:42"),
                     TIDE_E_OPTION, "'0:42' is not of the form partition:0,offset:42");
}

/* ---- writing ---- */

static tide_status open_sink(fixture *f, tide_connkit_sink *sink, const char *columns,
                             const char *const *options)
{
    return tide_connkit_sink_open(sink, f->arena, f->pool, f->waker,
                                  tide_connkit_table(f->arena, columns, options), NULL, false);
}

static void write_rows(fixture *f, const char *columns, const char *const *options,
                       const char *rows)
{
    tide_connkit_sink sink;
    if (open_sink(f, &sink, columns, options) != TIDE_OK) fail_msg("%s", tide_error_text());
    tide_type types[TIDE_CONNKIT_COLUMNS_MAX];
    uint32_t n = tide_connkit_types(sink.args.table, types);
    tide_batch *batch = tide_connkit_batch(f->pool, types, n, rows);
    if (tide_connkit_sink_write(&sink, &batch) != TIDE_SINK_DONE) fail_msg("%s", tide_error_text());
    if (tide_connkit_sink_finish(&sink) != TIDE_SINK_DONE) fail_msg("%s", tide_error_text());
    tide_connkit_sink_close(&sink);
}

static void what_is_written_can_be_read(void **state)
{
    fixture *f = *state;
    make_topic(f, "out", 4);
    const char *columns = "k INT,v STRING,at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp'";
    write_rows(f, columns, OPTIONS("topic", "out", "key.format", "json", "key.fields", "k"),
               "1|a|2024-01-01 00:00:00.5\n2|b|2024-01-01 "
               "00:00:01\n1|c|2024-01-01 00:00:02\n");
    tide_bytes lines = read_all(f,
                                "k INT,v STRING,at TIMESTAMP_LTZ(3) METADATA FROM 'timestamp',"
                                "key BYTES METADATA FROM 'key',p INT METADATA FROM 'partition'",
                                NULL, OPTIONS("topic", "out", BOUNDED), 4096, NULL);
    sort_lines(&lines);
    char expect[512]; /* Rows of a key lie where Java's default partitioner would
                       put them. */
    uint32_t p1 = tide_kafka_partition_of("{\"k\":1}", 7, 4),
             p2 = tide_kafka_partition_of("{\"k\":2}", 7, 4);
    snprintf(expect, sizeof expect,
             "1|a|2024-01-01 00:00:00.5+00|{\"k\":1}|%u\n1|c|2024-01-01 "
             "00:00:02+00|{\"k\":1}|%u\n"
             "2|b|2024-01-01 00:00:01+00|{\"k\":2}|%u\n",
             p1, p1, p2);
    assert_string_equal(tide_bytes_text(&lines), expect);
    tide_bytes_fini(&lines);
}

static void many_batches_pass_a_small_queue(void **state)
{
    fixture *f = *state;
    make_topic(f, "out", 2);
    tide_connkit_sink sink;
    assert_int_equal(open_sink(f, &sink, "v INT",
                               OPTIONS("topic", "out", "properties.queue.buffering.max.messages",
                                       "500", "sink.partitioner", "round-robin")),
                     TIDE_OK);
    tide_value value = { .type = tide_type_of(TIDE_TYPE_INT), .i64 = 42 };
    for (int i = 0; i < 10; i++) {
        tide_col *col = tide_col_constant(f->pool, &value, 2000);
        tide_batch *batch = tide_batch_new(f->pool, &col, 1, 2000);
        assert_int_equal(tide_connkit_sink_write(&sink, &batch), TIDE_SINK_DONE);
    }
    assert_int_equal(tide_connkit_sink_finish(&sink), TIDE_SINK_DONE);
    tide_connkit_sink_close(&sink);
    tide_table *table = tide_connkit_table(f->arena, "v INT", OPTIONS("topic", "out", BOUNDED));
    tide_connkit_source s;
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 4096),
                     TIDE_OK);
    assert_int_equal(s.splits.items[0].end, 10000); /* Batches in turn. */
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, TIMEOUT_MS, NULL), TIDE_SOURCE_END);
    assert_int_equal(s.rows, 20000);
    tide_connkit_source_close(&s);
}

static void a_refused_record_fails_the_sink(void **state)
{
    fixture *f = *state;
    make_topic(f, "out", 1);
    rd_kafka_mock_push_request_errors(f->cluster, 0 /* Produce */, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    tide_connkit_sink sink;
    assert_int_equal(open_sink(f, &sink, "v INT",
                               OPTIONS("topic", "out", "sink.delivery-guarantee", "none")),
                     TIDE_OK);
    tide_type type = tide_type_of(TIDE_TYPE_INT);
    tide_batch *batch = tide_connkit_batch(f->pool, &type, 1, "1\n2\n");
    assert_int_equal(tide_connkit_sink_write(&sink, &batch), TIDE_SINK_DONE);
    assert_int_equal(tide_connkit_sink_finish(&sink), TIDE_SINK_FAILED);
    assert_non_null(
        strstr(tide_error_text(), "topic out, partition 0: a record was not delivered"));
    tide_connkit_sink_close(&sink);
}

static void a_sink_without_a_broker_fails_in_time(void **state)
{
    fixture *f = *state;
    tide_connkit_sink sink;
    assert_int_equal(open_sink(f, &sink, "v INT",
                               ((const char *const[]){
                                   "connector", "kafka", "properties.bootstrap.servers",
                                   "127.0.0.1:1", "topic", "out", "format", "json",
                                   "connect-timeout", "300 ms", NULL })),
                     TIDE_OK);
    tide_type type = tide_type_of(TIDE_TYPE_INT);
    tide_batch *batch = tide_connkit_batch(f->pool, &type, 1, "1\n");
    assert_int_equal(tide_connkit_sink_write(&sink, &batch), TIDE_SINK_FAILED);
    assert_non_null(strstr(tide_error_text(), "no Kafka broker answers"));
    tide_batch_unref(&batch);
    tide_connkit_sink_close(&sink);
}

static void wrong_sinks_are_refused(void **state)
{
    fixture *f = *state;
    tide_connkit_sink sink;
    assert_int_equal(open_sink(f, &sink, "v INT",
                               OPTIONS("topic", "out", "sink.delivery-guarantee", "exactly-once")),
                     TIDE_E_UNSUPPORTED);
    assert_int_equal(open_sink(f, &sink, "v INT", OPTIONS("topic", "a;b")), TIDE_E_OPTION);
    assert_int_equal(open_sink(f, &sink, "v INT,o BIGINT METADATA FROM 'offset'",
                               OPTIONS("topic", "a")),
                     TIDE_E_BIND);
    assert_non_null(strstr(tide_error_text(), "declare it VIRTUAL"));
    assert_int_equal(open_sink(f, &sink, "v INT",
                               OPTIONS("topic", "a", "sink.partitioner", "key-hash")),
                     TIDE_E_OPTION);
}

/* Vectors of Kafka's own tests (UtilsTest.testMurmur2). */
static void keys_hash_as_in_java(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        int32_t hash;
    } cases[] = { { "21", -973932308 },
                  { "foobar", -790332482 },
                  { "a-little-bit-long-string", -985981536 },
                  { "a-little-bit-longer-string", -1486304829 },
                  { "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971 },
                  { "abc", 479470107 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal((int32_t)tide_murmur2(cases[i].key, strlen(cases[i].key)), cases[i].hash);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bounded_topic_is_read_to_its_end),
        TEST(metadata_and_keys_become_columns),
        TEST(headers_are_json_text),
        TEST(odd_records_keep_their_place),
        TEST(a_malformed_record_fails_with_its_place),
        TEST(a_malformed_key_is_skipped_with_its_row),
        TEST(start_and_end_are_where_the_options_say),
        TEST(an_unbounded_partition_is_idle_and_wakes),
        TEST(a_source_tells_how_far_behind_it_is),
        TEST(a_table_can_be_read_twice_at_once),
        TEST(topics_are_found_by_list_and_by_pattern),
        TEST(a_missing_broker_is_an_error_in_time),
        TEST(wrong_tables_are_refused),
        TEST(what_is_written_can_be_read),
        TEST(many_batches_pass_a_small_queue),
        TEST(a_refused_record_fails_the_sink),
        TEST(a_sink_without_a_broker_fails_in_time),
        TEST(wrong_sinks_are_refused),
        cmocka_unit_test(keys_hash_as_in_java),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
