/* capi_test.c - jobs in C through the public headers and the test harness: what a user's own test
 * is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <tidemill/test.h>
#include <tidemill/tidemill.h>

#define EVENTS                                                                                     \
    "CREATE TABLE events (user_id STRING, amount BIGINT, ts TIMESTAMP(3), "                        \
    "WATERMARK FOR ts AS ts) WITH ('connector' = 'blackhole')"
#define OUT "CREATE TABLE out_t (name STRING, n BIGINT) WITH ('connector' = 'blackhole')"

static void assert_no_error(tide_test *t)
{
    assert_string_equal(tide_test_error(t), "");
}

/* ---- map and filter ---- */
static int twice(void *opened, const tide_row *row, tide_collector *out)
{
    (void)opened;
    for (int i = 0; i < 2; i++) {
        tide_put_copy(out, 0, row, 0);
        tide_put_i64(out, 1, tide_row_i64(row, 1) * (i + 1));
        tide_emit(out);
    }
    if (tide_row_i64(row, 1) < 0) {
        tide_put_copy(tide_side(out, 1), 0, row, 0);
        tide_emit(tide_side(out, 1));
    }
    return 0;
}

static bool not_three(void *opened, const tide_row *row)
{
    (void)opened;
    return tide_row_is_null(row, 1) || tide_row_i64(row, 1) != 3;
}

static int rows_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const tide_column_def columns[] = { { "name", "STRING" }, { "n", "BIGINT" } };
    static const tide_column_def side[] = { { "name", "STRING" } };
    static const tide_column_def *const sides[] = { side };
    static const uint32_t n_sides[] = { 1 };
    tide_job_sql(job, EVENTS);
    tide_job_sql(job, OUT);
    tide_job_sql(job, "CREATE TABLE negative (name STRING) WITH ('connector' = 'blackhole')");
    tide_stream *kept = tide_stream_filter(tide_job_from(job, "events"),
                                           &(tide_filter_def){ TIDE_SIZED(tide_filter_def),
                                                               .keep_row = not_three });
    tide_stream *mapped =
        tide_stream_map(kept, &(tide_map_def){ TIDE_SIZED(tide_map_def), .name = "twice",
                                               .columns = columns, .n_columns = 2, .on_row = twice,
                                               .n_sides = 1, .side_columns = sides,
                                               .n_side_columns = n_sides });
    tide_stream_to(mapped, "out_t");
    tide_stream_to(tide_stream_side(mapped, 1), "negative");
    return tide_job_status(job);
}

static void rows_are_mapped_filtered_and_sent_aside(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(rows_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "events", "ann,5,2024-01-01 00:00:00");
    tide_test_row(t, "events", "a name that is longer than twelve bytes,-1,2024-01-01 00:00:01");
    tide_test_row(t, "events", "bob,3,2024-01-01 00:00:02");
    assert_string_equal(tide_test_output(t, "out_t"),
                        "ann,5\nann,10\na name that is longer than twelve bytes,-1\n"
                        "a name that is longer than twelve bytes,-2\n");
    tide_test_end(t);
    assert_no_error(t);
    assert_string_equal(tide_test_output(t, "negative"),
                        "a name that is longer than twelve bytes\n");
    assert_string_equal(tide_test_output(t, "out_t"), "");
    tide_test_free(&t);
}

/* ---- whole columns ---- */
static int tenfold(void *opened, const tide_rows *rows, tide_collector *out)
{
    (void)opened;
    uint32_t n = tide_rows_count(rows);
    const int64_t *amount = tide_rows_values(rows, 1);
    const uint64_t *valid = tide_rows_valid(rows, 1);
    tide_out_share(out, 0, rows, 0);
    int64_t *ten = tide_out_values(out, 1, n);
    for (uint32_t i = 0; i < n; i++) ten[i] = amount[i] * 10;
    if (valid) memcpy(tide_out_valid(out, 1), valid, (n + 63) / 64 * 8);
    tide_emit_rows(out);
    return 0;
}

static int columns_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const tide_column_def columns[] = { { "name", "STRING" }, { "n", "BIGINT" } };
    tide_job_sql(job, EVENTS);
    tide_stream *mapped =
        tide_stream_map(tide_job_from(job, "events"),
                        &(tide_map_def){ TIDE_SIZED(tide_map_def), .columns = columns,
                                         .n_columns = 2, .on_rows = tenfold });
    tide_stream_print(tide_stream_where(tide_stream_select(mapped, "upper(name) AS name, n"),
                                        "n IS NULL OR n > 10"));
    return tide_job_status(job);
}

static void whole_columns_and_sql_mix(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(columns_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "events", "ann,5,2024-01-01 00:00:00");
    tide_test_row(t, "events", "bob,1,2024-01-01 00:00:00");
    tide_test_row(t, "events", "eve,,2024-01-01 00:00:00");
    assert_string_equal(tide_test_output(t, NULL), "ANN,50\nEVE,\n");
    tide_test_free(&t);
}

/* ---- windows ---- */
static void longest_add(void *arg, void *state, const tide_row *row)
{
    (void)arg;
    int64_t n = tide_row_i64(row, 1);
    if (n > *(int64_t *)state) *(int64_t *)state = n;
}
static void longest_merge(void *arg, void *into, const void *from)
{
    (void)arg;
    if (*(const int64_t *)from > *(int64_t *)into) *(int64_t *)into = *(const int64_t *)from;
}
static void longest_result(void *arg, const void *state, tide_collector *out, uint32_t column)
{
    (void)arg;
    tide_put_i64(out, column, *(const int64_t *)state);
}
/* Reads a column that nothing else of its job uses: it must not be optimised away. */
static void last_add(void *arg, void *state, const tide_row *row)
{
    (void)arg;
    *(int64_t *)state = tide_row_i64(row, 3);
}
static const tide_aggregate_fn newest = { TIDE_SIZED(tide_aggregate_fn), .state_bytes = 8,
                                          .add = last_add, .merge = longest_merge,
                                          .result = longest_result };

static const tide_aggregate_fn longest = { TIDE_SIZED(tide_aggregate_fn), .state_bytes = 8,
                                           .add = longest_add, .merge = longest_merge,
                                           .result = longest_result };

static int window_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_job_sql(job, "CREATE TABLE late_t (user_id STRING, amount BIGINT, ts TIMESTAMP(3)) "
                      "WITH ('connector' = 'blackhole')");
    static const tide_aggregate_def aggregates[] = {
        { .function = "count", .as = "n" },
        { .function = "sum", .column = "amount", .as = "total" },
        { .function = "count distinct", .column = "amount", .as = "kinds" },
        { .fn = &longest, .fn_type = "BIGINT", .as = "highest" },
    };
    tide_stream *sessions =
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .type = TIDE_SESSIONS,
                                              .time_column = "ts", .length_ms = 1800000,
                                              .aggregates = aggregates, .n_aggregates = 4,
                                              .late_table = "late_t" });
    tide_stream_print(sessions);
    return tide_job_status(job);
}

static void sessions_with_an_aggregate_in_c(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(window_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "events", "ann,5,2024-01-01 10:00:00");
    tide_test_row(t, "events",
                  "ann,7,2024-01-01 10:30:00"); /* A gap of exactly 30 minutes joins. */
    tide_test_row(t, "events", "ann,5,2024-01-01 10:10:00");
    tide_test_row(t, "events",
                  "bob,1,2024-01-01 11:00:00.000"); /* W = 11:00: not yet past the end. */
    assert_string_equal(tide_test_output(t, NULL), "");
    tide_test_row(t, "events", "bob,1,2024-01-01 11:00:00.001");
    assert_string_equal(
        tide_test_output(t, NULL),
        "ann,3,17,2,7,2024-01-01 10:00:00,2024-01-01 11:00:00,2024-01-01 10:59:59.999\n");
    tide_test_row(t, "events", "ann,9,2024-01-01 10:00:00"); /* Its window has fired. */
    assert_int_equal(tide_test_late_rows(t), 1);
    assert_string_equal(tide_test_output(t, "late_t"), "ann,9,2024-01-01 10:00:00\n");
    tide_test_end(t);
    assert_string_equal(tide_test_output(t, NULL), "bob,2,2,1,1,2024-01-01 11:00:00,"
                                                   "2024-01-01 11:30:00.001,2024-01-01 11:30:00\n");
    assert_no_error(t);
    tide_test_free(&t);
}

static int unused_columns_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, "CREATE TABLE wide (a STRING, b BIGINT, ts TIMESTAMP(3), d BIGINT, "
                      "WATERMARK FOR ts AS ts) WITH ('connector' = 'blackhole')");
    static const tide_aggregate_def aggregates[] = {
        { .fn = &newest, .fn_type = "BIGINT", .as = "d" },
    };
    tide_stream *windows =
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "wide"), "b"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .type = TIDE_TUMBLING,
                                              .time_column = "ts", .length_ms = 60000,
                                              .aggregates = aggregates, .n_aggregates = 1 });
    tide_stream_print(tide_stream_select(windows, "b, d"));
    return tide_job_status(job);
}

static void an_aggregate_in_c_sees_every_column(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(unused_columns_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "wide", "x,7,2024-01-01 10:00:00,42");
    tide_test_end(t);
    assert_no_error(t);
    assert_string_equal(tide_test_output(t, NULL), "7,42\n");
    tide_test_free(&t);
}

/* ---- process functions: state and timers ---- */
enum { TOTAL, SEEN, BY_AMOUNT };
static const tide_state_def states[] = { { "total", TIDE_STATE_VALUE, 0 },
                                         { "seen", TIDE_STATE_LIST, 0 },
                                         { "by_amount", TIDE_STATE_MAP, 5000 } };

static int visit_sum(void *arg, const void *key, size_t key_bytes, const void *ptr, size_t bytes)
{
    (void)ptr;
    assert_int_equal(bytes, 0);
    int64_t k = 0;
    assert_int_equal(key_bytes, sizeof k);
    memcpy(&k, key, sizeof k);
    *(int64_t *)arg += k;
    return 0;
}

static int on_event(void *opened, const tide_row *row, tide_context *ctx, tide_collector *out)
{
    (void)opened;
    (void)out;
    size_t bytes;
    int64_t amount = tide_row_i64(row, 1), total = 0;
    const void *old = tide_value_get(ctx, TOTAL, &bytes);
    if (old)
        memcpy(&total, old, sizeof total);
    else
        tide_timer_event(ctx, tide_row_i64(row, 2) + 10000000); /* Ten seconds after the first. */
    total += amount;
    tide_value_put(ctx, TOTAL, &total, sizeof total);
    tide_list_add(ctx, SEEN, &amount, sizeof amount);
    if (amount < 0) {
        int64_t positive = -amount;
        assert_true(tide_map_remove(ctx, BY_AMOUNT, &positive, sizeof positive));
    } else {
        tide_map_put(ctx, BY_AMOUNT, &amount, sizeof amount, "", 0);
    }
    if (amount == 100) tide_timer_processing(ctx, tide_context_processing_time_us(ctx) + 1000000);
    return 0;
}

static void report(const char *what, tide_context *ctx, tide_collector *out)
{
    size_t bytes;
    int64_t total = 0, last = 0, kinds = 0;
    const void *v = tide_value_get(ctx, TOTAL, &bytes);
    if (v) memcpy(&total, v, sizeof total);
    uint32_t n = tide_list_count(ctx, SEEN);
    for (uint32_t i = 0; i < n; i++)
        memcpy(&last, tide_list_get(ctx, SEEN, i, &bytes), sizeof last);
    tide_map_each(ctx, BY_AMOUNT, visit_sum, &kinds);
    char text[128];
    tide_text key = tide_row_text(tide_context_key(ctx), 0);
    int len = snprintf(text, sizeof text, "%s %.*s n=%u last=%lld kinds=%lld", what, (int)key.len,
                       key.ptr, n, (long long)last, (long long)kinds);
    tide_put_text(out, 0, text, (size_t)len);
    tide_put_i64(out, 1, total);
    tide_emit(out);
}

static int on_event_timer(void *opened, int64_t time_us, tide_context *ctx, tide_collector *out)
{
    (void)opened;
    (void)time_us;
    report("event", ctx, out);
    for (uint32_t i = 0; i < 3; i++) tide_state_clear(ctx, i);
    return 0;
}

static int on_processing_timer(void *opened, int64_t time_us, tide_context *ctx,
                               tide_collector *out)
{
    (void)opened;
    (void)time_us;
    report("processing", ctx, out);
    return 0;
}

static int process_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const tide_column_def columns[] = { { "name", "STRING" }, { "n", "BIGINT" } };
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_process(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                           &(tide_process_def){ TIDE_SIZED(tide_process_def), .name = "totals",
                                                .columns = columns, .n_columns = 2,
                                                .states = states, .n_states = 3, .on_row = on_event,
                                                .on_event_timer = on_event_timer,
                                                .on_processing_timer = on_processing_timer }));
    return tide_job_status(job);
}

static void state_and_timers_belong_to_a_key(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(process_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
    tide_test_row(t, "events", "a key of more than twelve bytes,7,2024-01-01 00:00:01");
    tide_test_row(t, "events", "ann,2,2024-01-01 00:00:02");
    tide_test_row(t, "events", "ann,-1,2024-01-01 00:00:03");
    assert_string_equal(tide_test_output(t, NULL), "");
    tide_test_row(t, "events",
                  "bob,100,2024-01-01 00:00:10"); /* The watermark reaches ann's timer. */
    assert_string_equal(tide_test_output(t, NULL), "event ann n=3 last=-1 kinds=2,2\n");
    tide_test_advance(t, 999);
    assert_string_equal(tide_test_output(t, NULL), "");
    tide_test_advance(t, 1);
    assert_string_equal(tide_test_output(t, NULL), "processing bob n=1 last=100 kinds=100,100\n");
    tide_test_row(t, "events",
                  "ann,4,2024-01-01 00:00:10.500"); /* Its state was cleared: starts anew. */
    tide_test_advance(t, 6000); /* The map's time to live is over, the other states stay. */
    tide_test_end(t);
    assert_no_error(t);
    assert_string_equal(tide_test_output(t, NULL),
                        "event a key of more than twelve bytes n=1 last=7 kinds=0,7\n"
                        "event bob n=1 last=100 kinds=0,100\nevent ann n=1 last=4 kinds=0,4\n");
    tide_test_free(&t);
}

/* ---- wrong jobs ---- */
static int wrong_read(void *opened, const tide_row *row, tide_collector *out)
{
    (void)opened;
    (void)tide_row_i64(row, 0);
    tide_emit_row(out, row);
    return 0;
}

static int wrong_read_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream_print(tide_stream_map(tide_job_from(job, "events"),
                                      &(tide_map_def){ TIDE_SIZED(tide_map_def), .name = "reader",
                                                       .on_row = wrong_read }));
    return tide_job_status(job);
}

static void reading_a_column_as_another_type_fails_with_its_name(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(wrong_read_job, 0, NULL);
    assert_no_error(t);
    tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
    assert_non_null(
        strstr(tide_test_error(t),
               "callback of reader: column 0 is a STRING and was read as a 64-bit integer"));
    tide_test_free(&t);
}

static void text_result(void *arg, const void *state, tide_collector *out, uint32_t column)
{
    (void)arg;
    (void)state;
    tide_put_text(out, column, "seven", 5);
}
static const tide_aggregate_fn mistyped = { TIDE_SIZED(tide_aggregate_fn), .state_bytes = 8,
                                            .add = longest_add, .merge = longest_merge,
                                            .result = text_result };

static int mistyped_job(tide_jobdef *job, tide_window_type type)
{
    static const tide_aggregate_def aggregates[] = {
        { .fn = &mistyped, .fn_type = "BIGINT", .as = "n" },
    };
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .type = type,
                                              .time_column = "ts", .length_ms = 60000,
                                              .aggregates = aggregates, .n_aggregates = 1 }));
    return tide_job_status(job);
}

static int mistyped_sessions_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return mistyped_job(job, TIDE_SESSIONS);
}

static int mistyped_windows_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return mistyped_job(job, TIDE_TUMBLING);
}

/* No element has to follow the one that lets a window fire; nothing comes out of that window. */
static void an_aggregate_s_result_of_another_type_fails_at_once(void **state)
{
    (void)state;
    int (*const jobs[])(tide_jobdef *, int, char **) = { mistyped_sessions_job,
                                                         mistyped_windows_job };
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        tide_test *t = tide_test_new(jobs[i], 0, NULL);
        assert_no_error(t);
        tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
        assert_no_error(t);
        tide_test_row(t, "events", "bob,1,2024-01-02 00:00:00");
        assert_non_null(
            strstr(tide_test_error(t), "output column 0 is a BIGINT and was set to another type"));
        assert_string_equal(tide_test_output(t, NULL), "");
        tide_test_free(&t);
    }
}

/* ---- values that a column cannot hold ---- */
static void put_bad_text(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_text(out, 0, "a\xff", 2);
}

static void put_long_text(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_text(out, 1, "\u00e4\u00e4\u00e4\u00e4", 8);
}

static void put_digits(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_decimal(out, 2, 100000);
}

static void put_late_timestamp(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_i64(out, 3, INT64_MAX);
}

static void put_early_timestamp(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_i64(out, 3, INT64_MIN);
}

static void put_day(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_i64(out, 4, 2932897);
}

static void put_other_scale(tide_collector *out, const tide_row *row)
{
    tide_put_copy(out, 2, row, 0);
}

/* Just inside, and texts and bytes of any content where they may have it. */
static void put_largest(tide_collector *out, const tide_row *row)
{
    (void)row;
    tide_put_text(out, 1, "\u00e4\u00e4\u00e4", 6);
    tide_put_decimal(out, 2, -99999);
    tide_put_i64(out, 3, INT64_C(253402300799999999));
    tide_put_i64(out, 4, 2932896);
    tide_put_text(out, 5, "\xff", 1);
}

typedef struct put_case {
    void (*put)(tide_collector *out, const tide_row *row);
    const char *error;
} put_case;

static int put_as_told(void *opened, const tide_row *row, tide_collector *out)
{
    const put_case *told = opened;
    told->put(out, row);
    tide_emit(out);
    return 0;
}

static const put_case *told_put;

static int put_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const tide_column_def columns[] = {
        { "text", "STRING" },     { "short", "VARCHAR(3)" }, { "amount", "DECIMAL(5, 2)" },
        { "ts", "TIMESTAMP(3)" }, { "day", "DATE" },         { "raw", "BYTES" },
    };
    tide_job_sql(job,
                 "CREATE TABLE events (price DECIMAL(10, 4)) WITH ('connector' = 'blackhole')");
    tide_stream_print(
        tide_stream_map(tide_job_from(job, "events"),
                        &(tide_map_def){ TIDE_SIZED(tide_map_def), .name = "put",
                                         .columns = columns, .n_columns = 6,
                                         .arg = (void *)told_put, .on_row = put_as_told }));
    return tide_job_status(job);
}

static void what_a_column_cannot_hold_is_refused(void **state)
{
    (void)state;
    static const put_case cases[] = {
        { put_bad_text, "output column 0 was set to a text that is not valid UTF-8" },
        { put_long_text, "a text is out of range for output column 1, a VARCHAR(3)" },
        { put_digits, "1000.00 is out of range for output column 2, a DECIMAL(5, 2)" },
        { put_late_timestamp, "9223372036854775807 is out of range for output column 3" },
        { put_early_timestamp, "-9223372036854775808 is out of range for output column 3" },
        { put_day, "2932897 is out of range for output column 4, a DATE" },
        { put_other_scale, "input column 0 does not fit output column 2" },
        { put_largest, "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        told_put = &cases[i];
        tide_test *t = tide_test_new(put_job, 0, NULL);
        assert_no_error(t);
        tide_test_row(t, "events", "1.5");
        if (cases[i].error[0])
            assert_non_null(strstr(tide_test_error(t), cases[i].error));
        else
            assert_no_error(t);
        tide_test_end(t);
        tide_test_free(&t);
    }
}

static void emit_as_result(void *arg, const void *state, tide_collector *out, uint32_t column)
{
    (void)arg;
    tide_put_i64(out, column, *(const int64_t *)state);
    tide_emit(out);
}

static void add_nothing(void *arg, void *state, const tide_row *row)
{
    (void)arg;
    (void)state;
    (void)row;
}

static void merge_nothing(void *arg, void *into, const void *from)
{
    (void)arg;
    (void)into;
    (void)from;
}

static const tide_aggregate_fn emitting = {
    TIDE_SIZED(tide_aggregate_fn), .name = "emitting",      .state_bytes = 8, .add = add_nothing,
    .merge = merge_nothing,        .result = emit_as_result
};

static int emitting_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    static const tide_aggregate_def aggregates[] = {
        { .fn = &emitting, .fn_type = "BIGINT", .as = "n" },
    };
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .time_column = "ts",
                                              .length_ms = 60000, .aggregates = aggregates,
                                              .n_aggregates = 1 }));
    return tide_job_status(job);
}

/* It would begin the next row, and the value would be lost. */
static void an_aggregate_that_emits_fails(void **state)
{
    (void)state;
    tide_test *t = tide_test_new(emitting_job, 0, NULL);
    tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
    tide_test_row(t, "events", "bob,1,2024-01-02 00:00:00");
    assert_non_null(strstr(tide_test_error(t), "the result of an aggregate is put, not emitted"));
    tide_test_free(&t);
}

/* ---- jobs that are built wrongly ---- */
static int missing_aggregates_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .time_column = "ts",
                                              .length_ms = 60000, .n_aggregates = 2 }));
    return tide_job_status(job);
}

static int endless_window_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_window(TIDE_KEY_BY(tide_job_from(job, "events"), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .time_column = "ts",
                                              .length_ms = INT64_MAX }));
    return tide_job_status(job);
}

static int half_union_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream *both[] = { NULL, tide_job_from(job, "events") };
    tide_stream_print(tide_stream_union(both, 2));
    return tide_job_status(job);
}

static int unknown_column_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream_print(
        tide_keyed_process(TIDE_KEY_BY(tide_job_from(job, "events"), "user_idd"), NULL));
    return tide_job_status(job);
}

static int silent_job(tide_jobdef *job, int argc, char **argv)
{
    (void)job;
    (void)argc;
    (void)argv;
    return 7;
}

static int no_size_job(tide_jobdef *job, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    tide_job_sql(job, EVENTS);
    tide_stream_map(tide_job_from(job, "events"), &(tide_map_def){ .name = "x" });
    return tide_job_status(job);
}

static void a_wrong_job_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        int (*job)(tide_jobdef *job, int argc, char **argv);
        const char *text;
    } cases[] = {
        { unknown_column_job, "unknown column user_idd, did you mean user_id?" },
        { silent_job, "its function returned 7 without saying why" },
        { no_size_job, "its size is not set" },
        { missing_aggregates_job, "the aggregates of a window are NULL" },
        { endless_window_job, "a window's length, slide and offset may not exceed" },
        { half_union_job, "a stream of a union is NULL" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_test *t = tide_test_new(cases[i].job, 0, NULL);
        assert_non_null(strstr(tide_test_error(t), cases[i].text));
        tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00"); /* Nothing to run: no crash. */
        tide_test_end(t);
        tide_test_free(&t);
    }
}

/* An SQL job under test, with changes shown. */
static void sql_jobs_are_tested_the_same_way(void **state)
{
    (void)state;
    tide_test *t =
        tide_test_new_sql(EVENTS "; SELECT user_id, SUM(amount) AS n FROM events GROUP BY user_id");
    assert_no_error(t);
    tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
    tide_test_row(t, "events", "ann,1,2024-01-01 00:00:00");
    assert_string_equal(tide_test_output(t, NULL), "+I,ann,1\n-U,ann,1\n+U,ann,2\n");
    tide_test_row(t, "events", "ann,x,2024-01-01 00:00:00");
    assert_non_null(strstr(tide_test_error(t), "amount"));
    tide_test_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_mapped_filtered_and_sent_aside),
        cmocka_unit_test(whole_columns_and_sql_mix),
        cmocka_unit_test(sessions_with_an_aggregate_in_c),
        cmocka_unit_test(an_aggregate_in_c_sees_every_column),
        cmocka_unit_test(state_and_timers_belong_to_a_key),
        cmocka_unit_test(reading_a_column_as_another_type_fails_with_its_name),
        cmocka_unit_test(an_aggregate_s_result_of_another_type_fails_at_once),
        cmocka_unit_test(what_a_column_cannot_hold_is_refused),
        cmocka_unit_test(an_aggregate_that_emits_fails),
        cmocka_unit_test(a_wrong_job_says_what_is_wrong),
        cmocka_unit_test(sql_jobs_are_tested_the_same_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
