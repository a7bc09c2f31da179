/* shapes_test.c - the answers have the fields that Flink's REST documentation names, so that what
 * was written for Flink reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "master/rest/rest_priv.h"

static tide_vertex_info vertices[] = { { "0a", "scan t", 2, 0 }, { "0b", "sink", 1, 1 } };
static tide_edge_info edges[] = { { 0, 1, "hash", false } };
static tide_pair above[] = { { "restart-strategy.type", "none" } };
static const tide_job_spec spec = { .name = "clicks",
                                    .kind = "sql",
                                    .explain = "{\"graph\":{}}",
                                    .settings_above = { 1, above },
                                    .vertices = { 2, vertices },
                                    .edges = { 1, edges } };
static const uint64_t slots[] = { 0, 1 };
static const tide_view_runner runners[] = {
    { .runner = 0,
      .pid = 7,
      .agent = "a1",
      .host = "h1",
      .rest = "http://h1:5",
      .state = TIDE_RUNNER_RUNNING,
      .n_slots = 2,
      .slots = slots },
    { .runner = 1, .agent = "a2", .host = "h2", .rest = "http://h2:6", .gone = true },
};
static const tide_view_task tasks[] = {
    { 0,
      "a1",
      "h1",
      { .vertex = 0,
        .subtask = 0,
        .rows_in = 10,
        .rows_out = 8,
        .bytes_in = 100,
        .bytes_out = 64,
        .busy_ns = 9000000000,
        .idle_ns = 1000000000,
        .watermark = 5000000,
        .pending_rows = 1,
        .state = "running" },
      /* Half a second of it. */
      { .rows_in = 4,
        .bytes_out = 32,
        .busy_ns = 125000000,
        .idle_ns = 125000000,
        .backpressured_ns = 250000000 } },
    { 0,
      "a1",
      "h1",
      { .vertex = 0,
        .subtask = 1,
        .rows_in = 30,
        .rows_out = 2,
        .busy_ns = 1000,
        .watermark = 3000000,
        .pending_rows = 20,
        .state = "running" },
      { .rows_in = 3, .busy_ns = 1000000000 } },
    { 0,
      "a1",
      "h1",
      { .vertex = 1,
        .subtask = 0,
        .watermark = INT64_MIN,
        .pending_rows = -1,
        .state = "finished" },
      { .rows_in = 0 } },
};
static const tide_view_failure failures[] = {
    { 2,
      4000000,
      "a1",
      { .code = TIDE_E_USER_CODE,
        .text = "died \xff here",
        .operator= "sink",
        .batch = 9,
        .signal = 11,
        .host = "h1" } },
};
static const tide_view_job_detail detail = {
    .job = { .id = "00000000000000aa",
             .name = "clicks",
             .kind = "sql",
             .state = TIDE_LIFECYCLE_RUNNING,
             .parallelism = 2,
             .attempt = 3,
             .n_failed = 2,
             .submitted_us = 1000000,
             .why_waiting = "",
             .since_us = { [TIDE_LIFECYCLE_RUNNING] = 2000000 },
             .n_runners = 1 },
    .spec = &spec,
    .n_runners = 1,
    .n_tasks = 3,
    .n_failures = 1,
    .runners = runners,
    .tasks = tasks,
    .failures = failures,
};

/* Every field of "a b c" is there. Takes the object. */
static void expect_fields(json_t *object, const char *names)
{
    assert_non_null(object);
    char copy[1024];
    strncpy(copy, names, sizeof copy - 1);
    copy[sizeof copy - 1] = '\0';
    char *rest = copy;
    for (char *name; (name = strsep(&rest, " ")) != NULL;)
        if (!json_object_get(object, name)) fail_msg("no field %s", name);
    json_decref(object);
}

static json_t *field(json_t *object, const char *key)
{
    json_t *value = json_incref(json_object_get(object, key));
    json_decref(object);
    return value;
}

static json_t *item(json_t *array, size_t i)
{
    json_t *value = json_incref(json_array_get(array, i));
    json_decref(array);
    return value;
}

static void the_cluster_has_flinks_fields(void **state)
{
    (void)state;
    const tide_view_overview overview = {
        .id = "m",
        .control = "c",
        .rest = "r",
        .leads = true,
        .agents = 2,
        .slots_total = 4,
        .slots_free = 1,
        .jobs = { [TIDE_LIFECYCLE_RUNNING] = 3, [TIDE_LIFECYCLE_FAILED] = 1 }
    };
    json_t *root = rest_render_overview(&overview, "0.1.0");
    assert_int_equal(json_integer_value(json_object_get(root, "jobs-running")), 3);
    assert_int_equal(json_integer_value(json_object_get(root, "jobs-failed")), 1);
    expect_fields(root, "taskmanagers slots-total slots-available jobs-running jobs-finished "
                        "jobs-cancelled jobs-failed jobs-suspended version");
    const tide_view_jobs jobs = { 1, &detail.job };
    expect_fields(item(field(rest_render_jobs(&jobs), "jobs"), 0), "id status");
    json_t *line = item(field(rest_render_jobs_overview(&jobs, 9000000), "jobs"), 0);
    assert_int_equal(json_integer_value(json_object_get(line, "duration")), 8000);
    assert_int_equal(json_integer_value(json_object_get(line, "end-time")), -1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(line, "tasks"), "running")),
                     2);
    expect_fields(line, "jid name state start-time end-time duration last-modification tasks");
    const tide_view_slot slot = { .info = { .local = 1 }, .owner = "" };
    const tide_view_agent agent = { .id = "a1",
                                    .host = "h",
                                    .version = "0",
                                    .data_host = "h",
                                    .rest = "",
                                    .n_slots = 1,
                                    .n_free = 1,
                                    .slots = &slot };
    const tide_view_agents agents = { 1, &agent };
    expect_fields(item(field(rest_render_agents(&agents), "taskmanagers"), 0),
                  "id path slotsNumber freeSlots timeSinceLastHeartbeat");
    expect_fields(rest_render_agent(&agent, true), "allocatedSlots");
    const tide_view_lease lease = { "1", "n", "e", "granted", "", 2, 1 };
    const tide_view_leases leases = { 1, &lease };
    expect_fields(item(field(rest_render_leases(&leases), "leases"), 0), "job state slots");
}

static void a_job_has_flinks_fields(void **state)
{
    (void)state;
    expect_fields(rest_render_job(&detail, 9000000),
                  "jid name isStoppable state start-time end-time duration now timestamps vertices "
                  "plan maxParallelism runners failure attempt");
    json_t *vertex = item(field(rest_render_job(&detail, 9000000), "vertices"), 0);
    assert_int_equal(json_integer_value(json_object_get(vertex, "watermark")), 3000000);
    assert_string_equal(json_string_value(json_object_get(vertex, "status")), "RUNNING");
    json_t *metrics = json_object_get(vertex, "metrics");
    assert_int_equal(json_integer_value(json_object_get(metrics, "read-records")), 40);
    /* Of two tasks: times on average, rows of both. */
    assert_float_equal(json_real_value(json_object_get(metrics, "busyTimeMsPerSecond")), 625, 1e-9);
    assert_float_equal(json_real_value(json_object_get(metrics, "idleTimeMsPerSecond")), 125, 1e-9);
    assert_float_equal(json_real_value(json_object_get(metrics, "backPressuredTimeMsPerSecond")),
                       250, 1e-9);
    assert_float_equal(json_real_value(json_object_get(metrics, "numRecordsInPerSecond")), 11,
                       1e-9);
    assert_int_equal(json_integer_value(json_object_get(metrics, "read-bytes")), 100);
    assert_int_equal(json_integer_value(json_object_get(metrics, "write-bytes")), 64);
    assert_int_equal(json_integer_value(json_object_get(metrics, "pendingRecords")), 21);
    expect_fields(json_incref(metrics), "read-bytes read-bytes-complete write-bytes read-records "
                                        "write-records write-records-complete "
                                        "accumulated-busy-time accumulated-idle-time "
                                        "accumulated-backpressured-time");
    expect_fields(vertex, "id name parallelism status start-time end-time duration tasks metrics");
    json_t *last = item(field(rest_render_job(&detail, 9000000), "vertices"), 1);
    assert_string_equal(json_string_value(json_object_get(last, "status")), "FINISHED");
    assert_null(json_object_get(json_object_get(last, "metrics"), "pendingRecords"));
    json_decref(last);
    json_t *plan = field(rest_render_plan(&detail), "plan");
    json_t *node = json_incref(json_array_get(json_object_get(plan, "nodes"), 1));
    expect_fields(plan, "jid name type nodes");
    expect_fields(json_incref(json_array_get(json_object_get(node, "inputs"), 0)),
                  "num id ship_strategy exchange");
    expect_fields(node, "id parallelism operator operator_strategy description inputs "
                        "optimizer_properties");
    expect_fields(field(rest_render_job_config(&detail), "execution-config"),
                  "execution-mode restart-strategy job-parallelism object-reuse-mode user-config");
    expect_fields(rest_render_job_status(&detail), "state is-final waiting-for failure");
}

/* A subtask that is over, or has only begun, does not make the others look idle, nor the operator
 * look finished. */
static void one_subtask_that_is_over_is_not_all_of_them(void **state)
{
    (void)state;
    const tide_view_task some[] = { tasks[0], { 0, "a1", "h1", { .state = "finished" }, { 0 } } };
    tide_view_job_detail job = detail;
    job.tasks = some;
    job.n_tasks = 2;
    json_t *vertex = item(field(rest_render_job(&job, 9000000), "vertices"), 0);
    json_t *metrics = field(vertex, "metrics");
    assert_float_equal(json_real_value(json_object_get(metrics, "busyTimeMsPerSecond")), 250, 1e-9);
    json_decref(metrics);
    vertex = item(field(rest_render_job(&job, 9000000), "vertices"), 0);
    assert_string_equal(json_string_value(json_object_get(vertex, "status")), "RUNNING");
    expect_fields(field(vertex, "tasks"), "RUNNING FINISHED");
    /* The other's runner has not told of it yet. */
    job.tasks = &some[1];
    job.n_tasks = 1;
    vertex = item(field(rest_render_job(&job, 9000000), "vertices"), 0);
    assert_string_equal(json_string_value(json_object_get(vertex, "status")), "RUNNING");
    expect_fields(field(vertex, "tasks"), "FINISHED");
}

/* The text was not UTF-8; it arrives all the same. */
static void failures_are_told_with_what_was_running(void **state)
{
    (void)state;
    json_t *root = rest_render_exceptions(&detail);
    assert_string_equal(json_string_value(json_object_get(root, "root-exception")),
                        "died ? here (signal 11); operator sink, batch 9; host h1");
    json_t *history = json_incref(json_object_get(root, "exceptionHistory"));
    assert_true(json_is_true(json_object_get(history, "truncated"))); /* 2 failed, 1 is kept. */
    expect_fields(root, "root-exception timestamp all-exceptions truncated exceptionHistory");
    expect_fields(item(field(history, "entries"), 0),
                  "exceptionName stacktrace timestamp taskName endpoint taskManagerId "
                  "concurrentExceptions");
}

static void a_vertex_has_flinks_fields(void **state)
{
    (void)state;
    json_t *root = rest_render_vertex(&detail, 0, 9000000);
    assert_int_equal(json_array_size(json_object_get(root, "subtasks")), 2);
    expect_fields(json_incref(json_array_get(json_object_get(root, "subtasks"), 1)),
                  "subtask status attempt host start-time taskmanager-id metrics");
    expect_fields(root, "id name parallelism maxParallelism now subtasks");
    root = rest_render_backpressure(&detail, 0, 9000000);
    assert_string_equal(json_string_value(json_object_get(root, "backpressure-level")), "low");
    json_t *first = json_array_get(json_object_get(root, "subtasks"), 0);
    assert_float_equal(json_real_value(json_object_get(first, "ratio")), 0.5, 1e-9);
    expect_fields(root, "status backpressure-level end-timestamp subtasks");
    json_t *watermark = item(rest_render_watermarks(&detail, 0), 1);
    assert_string_equal(json_string_value(json_object_get(watermark, "id")),
                        "1.currentInputWatermark");
    assert_string_equal(json_string_value(json_object_get(watermark, "value")), "3000");
    json_decref(watermark);
}

static void metrics_are_listed_or_given_by_name(void **state)
{
    (void)state;
    json_t *names = rest_render_vertex_metrics(&detail, 0, NULL);
    assert_true(json_array_size(names) > 5);
    json_decref(names);
    json_t *values = rest_render_vertex_metrics(&detail, 0, "numRecordsIn,busyTimeMsPerSecond,no");
    assert_int_equal(json_array_size(values), 2);
    json_t *rows = json_array_get(values, 0);
    assert_float_equal(json_real_value(json_object_get(rows, "sum")), 40, 1e-9);
    assert_float_equal(json_real_value(json_object_get(rows, "min")), 10, 1e-9);
    json_t *busy = json_array_get(values, 1);
    assert_float_equal(json_real_value(json_object_get(busy, "max")), 1000, 1e-9);
    assert_float_equal(json_real_value(json_object_get(busy, "min")), 250, 1e-9);
    json_decref(values);
    values = rest_render_vertex_metrics(&detail, 0, "numBytesOutPerSecond");
    json_t *bytes = json_array_get(values, 0);
    json_t *pending = rest_render_vertex_metrics(&detail, 0, "pendingRecords");
    json_t *behind = json_array_get(pending, 0);
    assert_float_equal(json_real_value(json_object_get(behind, "sum")), 21, 1e-9);
    json_decref(pending);
    pending = rest_render_vertex_metrics(&detail, 1, "pendingRecords"); /* It cannot tell. */
    assert_int_equal(json_array_size(pending), 0);
    json_decref(pending);
    assert_float_equal(json_real_value(json_object_get(bytes, "max")), 64, 1e-9);
    json_decref(values);
    json_t *job = rest_render_job_metrics(&detail, 9000000, "numRestarts,uptime");
    assert_string_equal(json_string_value(json_object_get(json_array_get(job, 0), "value")), "2");
    assert_string_equal(json_string_value(json_object_get(json_array_get(job, 1), "value")),
                        "7000");
    json_decref(job);
}

/* Each metric is described once, and its values follow. */
static void prometheus_gets_its_own_format(void **state)
{
    (void)state;
    const tide_view_overview overview = { .leads = true, .slots_total = 4 };
    const tide_view_agents agents = { 0 };
    tide_bytes out = { 0 };
    rest_render_prometheus(&overview, &agents, &detail, 1, 9000000, &out);
    const char *text = tide_bytes_text(&out);
    static const char *const lines[] = {
        "tidemill_leader 1\n",
        "tidemill_task_slots_total 4\n",
        "tidemill_job_num_restarts{job_id=\"00000000000000aa\",job_name=\"clicks\"} 2\n",
        "# TYPE tidemill_task_num_records_in counter\n",
        "task_name=\"scan t\",subtask_index=\"1\",tm_id=\"a1\",host=\"h1\"} 30\n",
        "# TYPE tidemill_task_back_pressured_time_seconds counter\n",
        "# TYPE tidemill_task_num_bytes_in counter\n",
        "task_name=\"scan t\",subtask_index=\"1\",tm_id=\"a1\",host=\"h1\"} 20\n",
        "process_resident_memory_bytes ",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i])) fail_msg("no %s in\n%s", lines[i], text);
    const char *first = strstr(text, "# TYPE tidemill_task_num_records_in ");
    assert_null(strstr(first + 1, "# TYPE tidemill_task_num_records_in "));
    tide_bytes_fini(&out);
}

/* [{"targets":["host:port"],"labels":{...}}]; only of those that can be asked. */
static void prometheus_is_told_whom_to_ask(void **state)
{
    (void)state;
    const tide_view_overview overview = { .rest = "http://m:1" };
    const tide_view_agent both[] = { { .id = "a1", .rest = "http://h1:2" },
                                     { .id = "a2", .rest = "" } };
    const tide_view_agents agents = { 2, both };
    json_t *list = rest_render_targets(&overview, &agents, &detail, 1);
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(
        text, "[{\"targets\":[\"m:1\"],\"labels\":{\"process\":\"master\"}},"
              "{\"targets\":[\"h1:2\"],\"labels\":{\"process\":\"worker\",\"worker\":\"a1\"}},"
              "{\"targets\":[\"h1:5\"],\"labels\":{\"process\":\"runner\","
              "\"job\":\"00000000000000aa\"}}]");
    free(text);
    json_decref(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cluster_has_flinks_fields),
        cmocka_unit_test(a_job_has_flinks_fields),
        cmocka_unit_test(one_subtask_that_is_over_is_not_all_of_them),
        cmocka_unit_test(failures_are_told_with_what_was_running),
        cmocka_unit_test(a_vertex_has_flinks_fields),
        cmocka_unit_test(metrics_are_listed_or_given_by_name),
        cmocka_unit_test(prometheus_gets_its_own_format),
        cmocka_unit_test(prometheus_is_told_whom_to_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
