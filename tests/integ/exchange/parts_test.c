/* parts_test.c - one job as several runners gives the rows that it gives as one. The runners live
 * in one process, each with its slots and its network thread, joined over ipc or tcp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "jobapi/sql/sql.h"
#include "worker/connector/print/output.h"
#include "worker/runtime/job.h"

#define SLOTS 4u
#define RUNNERS_MAX 3u
#define DEADLINE_NS INT64_C(60000000000)

#define BIDS                                                                                       \
    "CREATE TABLE bid (auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING,\n" \
    "  date_time TIMESTAMP(3), extra STRING,\n"                                                    \
    "  WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND)\n"                              \
    "WITH ('connector' = 'nexmark', 'table-type' = 'bid', 'events' = '60000');\n"

/* Batch: one result per key; rows with long strings are routed. */
static const char by_key[] =
    BIDS "SELECT bidder, channel, COUNT(*), MAX(price), MAX(url) FROM bid GROUP BY bidder, channel";
/* Stream: windows fire by the watermarks of all sources, wherever they are. */
static const char by_session[] =
    "SET 'execution.runtime-mode' = 'streaming';\n" BIDS
    "SELECT bidder, COUNT(*), window_start, window_end FROM TABLE(SESSION(TABLE bid\n"
    "PARTITION BY bidder, DESCRIPTOR(date_time), INTERVAL '2' SECOND))\n"
    "GROUP BY bidder, window_start, window_end";

typedef struct runner {
    tide_job_part part;
    tide_job_config config;
    tide_bytes rows;
    tide_output *output;
    tide_job *job;
    tide_net *net;
    _Atomic int connected, drained, failed;
    tide_error error;
} runner;

typedef struct world {
    tide_waker *waker;
    tide_plan *plan;
    tide_job_settings settings;
    tide_graph *graph;
    tide_scan_splits *scans;
    uint32_t n_scans;
    runner runners[RUNNERS_MAX];
    uint32_t n;
    char folder[64];
} world;

static int setup(void **state)
{
    static world w;
    w = (world){ .waker = tide_waker_new() };
    snprintf(w.folder, sizeof w.folder, "/tmp/tide-parts-XXXXXX");
    assert_non_null(mkdtemp(w.folder));
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    tide_scan_splits_free(&w->scans, w->n_scans);
    tide_graph_free(&w->graph);
    tide_plan_free(&w->plan);
    tide_waker_free(&w->waker);
    assert_int_equal(rmdir(w->folder), 0);
    return 0;
}

static void plan_job(world *w, const char *sql)
{
    assert_int_equal(tide_sql_plan(sql, "job", NULL, &w->plan), TIDE_OK);
    assert_int_equal(tide_job_settings_read(&w->settings, w->plan->settings, w->plan->n_settings,
                                            NULL),
                     TIDE_OK);
    w->settings.parallelism = SLOTS;
    assert_int_equal(tide_graph_build(w->plan, &w->settings, &w->graph), TIDE_OK);
}

static void wake(void *waker)
{
    tide_waker_wake(waker);
}

static void set_up_runner(world *w, runner *r)
{
    r->output = tide_output_new_memory(&r->rows, TIDE_OUTPUT_CSV, false);
    r->config = (tide_job_config){ .graph = w->graph,
                                   .settings = &w->settings,
                                   .clock = tide_clock_real(),
                                   .output = r->output,
                                   .random_seed = 1,
                                   .on_change = wake,
                                   .ctx = w->waker };
}

/* Sleeps until every runner is so; a job that failed ends the test. */
static void await(world *w, bool (*is_so)(runner *r))
{
    tide_clock *clock = tide_clock_real();
    int64_t until_ns = tide_clock_now_ns(clock) + DEADLINE_NS;
    for (;;) {
        tide_waker_arm(w->waker);
        uint32_t n = 0;
        for (uint32_t i = 0; i < w->n; i++) {
            if (w->runners[i].failed) fail_msg("%s", w->runners[i].error.text);
            n += is_so(&w->runners[i]);
        }
        if (n == w->n) break;
        int64_t left_ns = until_ns - tide_clock_now_ns(clock);
        assert_true(left_ns > 0);
        tide_waker_wait(w->waker, left_ns);
    }
    tide_waker_disarm(w->waker);
}

static bool is_connected(runner *r)
{
    return r->connected;
}

static bool is_finished(runner *r)
{
    return tide_job_state_of(r->job) != TIDE_JOB_RUNNING;
}

static bool is_drained(runner *r)
{
    return is_finished(r) && (r->net == NULL || r->drained);
}

static void on_event(void *ctx, const tide_net_event *event)
{
    runner *r = ctx;
    if (event->kind == TIDE_NET_CONNECTED) {
        r->connected = 1;
    } else if (event->kind == TIDE_NET_DRAINED) {
        r->drained = 1;
    } else {
        r->error = event->error;
        r->failed = 1;
    }
    wake(r->config.ctx);
}

/* The lines of all outputs, sorted. */
typedef struct lines {
    char **items;
    uint32_t n, cap;
} lines;

static void add_lines(lines *all, tide_bytes *rows)
{
    const char *at = tide_bytes_text(rows);
    for (const char *end; (end = strchr(at, '\n')); at = end + 1) {
        TIDE_GROW(all->items, all->n, all->cap);
        all->items[all->n++] = tide_strndup(at, (size_t)(end - at));
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static lines take_lines(world *w)
{
    lines all = { 0 };
    for (uint32_t i = 0; i < w->n; i++) {
        runner *r = &w->runners[i];
        assert_int_equal(tide_job_free(&r->job), TIDE_OK);
        tide_net_free(&r->net);
        tide_output_free(&r->output);
        add_lines(&all, &r->rows);
        tide_bytes_fini(&r->rows);
    }
    if (all.n) qsort(all.items, all.n, sizeof *all.items, compare);
    return all;
}

static lines run_whole(world *w)
{
    w->n = 1;
    runner *r = &w->runners[0];
    set_up_runner(w, r);
    assert_int_equal(tide_job_start(&r->config, &r->job), TIDE_OK);
    await(w, is_finished);
    return take_lines(w);
}

static void prepare_part(world *w, uint32_t i, const uint32_t *owners)
{
    runner *r = &w->runners[i];
    *r = (runner){ .part = {
                       .runner = i, .owners = owners, .scans = w->scans, .n_scans = w->n_scans } };
    set_up_runner(w, r);
    const tide_net_config net = { .job = 0xabc,
                                  .attempt = 1,
                                  .plan_hash = w->graph->plan_hash,
                                  .runner = i,
                                  .tcp_host = "localhost",
                                  .ipc_folder = w->folder,
                                  .on_event = on_event,
                                  .ctx = r };
    assert_int_equal(tide_net_new(&net, &r->net), TIDE_OK);
    r->part.net = r->net;
    r->config.part = &r->part;
    assert_int_equal(tide_job_prepare(&r->config, &r->job), TIDE_OK);
}

static lines run_parts(world *w, const uint32_t *owners, uint32_t n, bool same_host)
{
    w->n = n;
    tide_net_peer peers[RUNNERS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        prepare_part(w, i, owners);
        tide_net *net = w->runners[i].net;
        peers[i] = (tide_net_peer){ i, same_host, tide_net_tcp(net), tide_net_ipc(net) };
    }
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(tide_net_start(w->runners[i].net, peers, n), TIDE_OK);
    await(w, is_connected);
    for (uint32_t i = 0; i < n; i++) tide_job_go(w->runners[i].job);
    await(w, is_drained);
    for (uint32_t i = 0; i < n; i++) tide_net_stop(w->runners[i].net);
    return take_lines(w);
}

static void free_lines(lines *l)
{
    for (uint32_t i = 0; i < l->n; i++) tide_free(l->items[i]);
    tide_free(l->items);
}

/* Headers come once per output: those of the other runners are extra. */
static void assert_same(lines *whole, lines *parts)
{
    assert_true(whole->n > 100);
    uint32_t k = 0;
    for (uint32_t i = 0; i < whole->n; i++, k++) {
        while (k < parts->n && strncmp(parts->items[k], "bidder", 6) == 0 &&
               strncmp(whole->items[i], "bidder", 6) != 0)
            k++;
        assert_true(k < parts->n);
        assert_string_equal(whole->items[i], parts->items[k]);
    }
    while (k < parts->n && strncmp(parts->items[k], "bidder", 6) == 0) k++;
    assert_int_equal(k, parts->n);
    free_lines(whole);
    free_lines(parts);
}

static void gives_the_same_rows(world *w, const char *sql, const uint32_t *owners, uint32_t n,
                                bool same_host)
{
    plan_job(w, sql);
    tide_job_config config = { .graph = w->graph, .settings = &w->settings };
    assert_int_equal(tide_job_list_splits(&config, &w->scans, &w->n_scans), TIDE_OK);
    assert_true(w->n_scans == 1 && w->scans[0].splits.n > 0);
    lines whole = run_whole(w), parts = run_parts(w, owners, n, same_host);
    assert_same(&whole, &parts);
}

static void two_runners_group_by_key(void **state)
{
    const uint32_t owners[SLOTS] = { 0, 1, 0, 1 };
    gives_the_same_rows(*state, by_key, owners, 2, true);
}

static void three_runners_group_by_key(void **state)
{
    const uint32_t owners[SLOTS] = { 0, 1, 2, 2 };
    gives_the_same_rows(*state, by_key, owners, 3, false);
}

static void two_runners_find_sessions(void **state)
{
    const uint32_t owners[SLOTS] = { 0, 0, 1, 1 };
    gives_the_same_rows(*state, by_session, owners, 2, true);
}

static void three_runners_find_sessions(void **state)
{
    const uint32_t owners[SLOTS] = { 0, 2, 1, 0 };
    gives_the_same_rows(*state, by_session, owners, 3, false);
}

static void a_part_without_splits_is_an_error(void **state)
{
    world *w = *state;
    plan_job(w, by_key);
    const uint32_t owners[SLOTS] = { 0 };
    const tide_job_part part = { .owners = owners };
    const tide_job_config config = {
        .graph = w->graph, .settings = &w->settings, .clock = tide_clock_real(), .part = &part
    };
    tide_job *job;
    assert_int_equal(tide_job_prepare(&config, &job), TIDE_E_INVALID);
    assert_non_null(strstr(tide_error_text(), "no splits were given for scan bid"));
}

/* Prepared, and taken down without ever having run. */
static void a_part_may_end_before_it_runs(void **state)
{
    world *w = *state;
    plan_job(w, by_key);
    tide_job_config config = { .graph = w->graph, .settings = &w->settings };
    assert_int_equal(tide_job_list_splits(&config, &w->scans, &w->n_scans), TIDE_OK);
    const uint32_t owners[SLOTS] = { 0, 1, 0, 1 };
    w->n = 1;
    prepare_part(w, 0, owners);
    tide_net_stop(w->runners[0].net);
    lines none = take_lines(w);
    assert_true(none.n <= 1);
    free_lines(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_runners_group_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(three_runners_group_by_key, setup, teardown),
        cmocka_unit_test_setup_teardown(two_runners_find_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(three_runners_find_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_without_splits_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_may_end_before_it_runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
