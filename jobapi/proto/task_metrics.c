/* task_metrics.c - see task_metrics.h. */
#include "jobapi/proto/task_metrics.h"

#include <string.h>

#define FIELD(name) offsetof(tide_task_stats, name)

const tide_task_metric tide_task_metrics[TIDE_TASK_METRICS] = {
    { "num_records_in", "Rows that entered", FIELD(rows_in), 1 },
    { "num_records_out", "Rows that left", FIELD(rows_out), 1 },
    { "num_late_records_dropped", "Rows too late for every window", FIELD(late_rows), 1 },
    { "num_bad_records_skipped", "Records that could not be read", FIELD(bad_rows), 1 },
    { "num_bytes_in", "Bytes that came from other tasks", FIELD(bytes_in), 1 },
    { "num_bytes_out", "Bytes that went to other tasks", FIELD(bytes_out), 1 },
    { "busy_time_seconds", "Time in operators", FIELD(busy_ns), 1e-9 },
    { "back_pressured_time_seconds", "Time with something to do, waiting for room or for the slot",
      FIELD(backpressured_ns), 1e-9 },
    { "idle_time_seconds", "Time without input", FIELD(idle_ns), 1e-9 },
};

double tide_task_metric_of(const tide_task_metric *metric, const tide_task_stats *stats)
{
    uint64_t value;
    memcpy(&value, (const char *)stats + metric->field, sizeof value);
    return (double)value * metric->scale;
}
