/* ad_sessions.c - the job of job.sql as a C library: sessions of users over two streams.
 *
 *     tidemill run ./libad_sessions.so [-- DATA_FOLDER] */
#include <stdio.h>
#include <tidemill/tidemill.h>

/* One stream of events out of an NDJSON file; is_click tells which of the two it is. */
static tide_stream *events(tide_jobdef *job, const char *folder, const char *table,
                           const char *is_click)
{
    char text[1024];
    snprintf(text, sizeof text,
             "CREATE TABLE %s ("
             "    user_id BIGINT, ad_id BIGINT, event_time TIMESTAMP(3),"
             "    WATERMARK FOR event_time AS event_time - INTERVAL '10' SECOND"
             ") WITH ('connector' = 'filesystem', 'path' = '%s/%s.ndjson', 'format' = 'json')",
             table, folder, table);
    tide_job_sql(job, text);
    snprintf(text, sizeof text, "user_id, ad_id, event_time, %s AS is_click", is_click);
    return tide_stream_select(tide_job_from(job, table), text);
}

/* An aggregate of our own: how many of a session's events are clicks. */
static void count_clicks(void *column, void *state, const tide_row *row)
{
    *(int64_t *)state += tide_row_bool(row, *(uint32_t *)column);
}

static void add_counts(void *arg, void *into, const void *from)
{
    (void)arg;
    *(int64_t *)into += *(const int64_t *)from;
}

static void put_count(void *arg, const void *state, tide_collector *out, uint32_t column)
{
    (void)arg;
    tide_put_i64(out, column, *(const int64_t *)state);
}

static uint32_t is_click_column = 3;
static const tide_aggregate_fn clicks = {
    TIDE_SIZED(tide_aggregate_fn), .name = "clicks",    .state_bytes = sizeof(int64_t),
    .add = count_clicks,           .merge = add_counts, .result = put_count,
    .arg = &is_click_column
};

static int ad_sessions(tide_jobdef *job, int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : "data";
    tide_stream *both[] = { events(job, folder, "ad_views", "FALSE"),
                            events(job, folder, "ad_clicks", "TRUE") };
    const tide_aggregate_def results[] = {
        { .function = "count", .as = "events" },
        { .fn = &clicks, .fn_type = "BIGINT", .as = "clicks" },
        { .function = "count distinct", .column = "ad_id", .as = "ads" }
    };
    tide_stream *sessions =
        tide_keyed_window(TIDE_KEY_BY(tide_stream_union(both, 2), "user_id"),
                          &(tide_window_def){ TIDE_SIZED(tide_window_def), .type = TIDE_SESSIONS,
                                              .time_column = "event_time",
                                              .length_ms = 30 * 60 * 1000, .aggregates = results,
                                              .n_aggregates = 3 });
    tide_stream_print(tide_stream_select(
        sessions,
        "user_id, window_start AS session_start, window_end AS session_end,"
        " events - clicks AS views, clicks, ads,"
        " CAST(100.0 * clicks / NULLIF(events - clicks, 0) AS DECIMAL(5, 1)) AS click_percent"));
    return tide_job_status(job);
}
TIDE_JOB(ad_sessions)
