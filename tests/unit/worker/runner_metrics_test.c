/* runner_metrics_test.c - a runner's tasks as Prometheus reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "worker/runtime/runner_priv.h"

static void every_task_has_a_line_of_each_metric(void **state)
{
    (void)state;
    const tide_vertex vertices[] = { { .name = "scan \"t\"" }, { .name = "sink" } };
    const tide_graph graph = { .n_vertices = 2, .vertices = vertices };
    tide_task_stats tasks[] = {
        { .vertex = 0,
          .rows_in = 9,
          .rows_out = 7,
          .late_rows = 2,
          .bytes_out = 80,
          .busy_ns = 1500000000,
          .backpressured_ns = 250000000 },
        { .vertex = 1,
          .subtask = 3,
          .rows_in = 7,
          .bad_rows = 1,
          .bytes_in = 40,
          .idle_ns = 2000000000 },
    };
    const tide_runner_stats stats = { .tasks = { 2, tasks } };
    tide_bytes out = { 0 };
    runner_render_tasks("0a", &graph, &stats, &out);
#define SCAN "{job=\"0a\",operator=\"scan \\\"t\\\"\",subtask=\"0\"} "
#define SINK "{job=\"0a\",operator=\"sink\",subtask=\"3\"} "
#define METRIC(name, help, scan, sink)                                                             \
    "# HELP tidemill_runner_" name " " help "\n# TYPE tidemill_runner_" name                       \
    " counter\ntidemill_runner_" name SCAN scan "\ntidemill_runner_" name SINK sink "\n"
    static const char *const wanted[] = {
        METRIC("num_records_in", "Rows that entered", "9", "7"),
        METRIC("num_records_out", "Rows that left", "7", "0"),
        METRIC("num_late_records_dropped", "Rows too late for every window", "2", "0"),
        METRIC("num_bad_records_skipped", "Records that could not be read", "0", "1"),
        METRIC("num_bytes_in", "Bytes that came from other tasks", "0", "40"),
        METRIC("num_bytes_out", "Bytes that went to other tasks", "80", "0"),
        METRIC("busy_time_seconds", "Time in operators", "1.5", "0"),
        METRIC("back_pressured_time_seconds",
               "Time with something to do, waiting for room or for the slot", "0.25", "0"),
        METRIC("idle_time_seconds", "Time without input", "0", "2"),
    };
    tide_bytes all = { 0 };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) tide_bytes_puts(&all, wanted[i]);
    assert_string_equal(tide_bytes_text(&out), tide_bytes_text(&all));
    tide_bytes_fini(&all);
    tide_bytes_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_has_a_line_of_each_metric),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
