/* task_metrics.h - what a task counts, as metrics of masters (all tasks of a cluster) and of
 * runners (their own). Any thread. */
#ifndef TIDE_JOBAPI_PROTO_TASK_METRICS_H
#define TIDE_JOBAPI_PROTO_TASK_METRICS_H
#include "jobapi/proto/proto.h"

/* A counter. Names are Flink's in snake form; who tells puts a prefix before them. */
typedef struct tide_task_metric {
    const char *name, *help;
    size_t field; /* Of tide_task_stats, a uint64_t. */
    double scale; /* Of the field to what is told. */
} tide_task_metric;

#define TIDE_TASK_METRICS 9u
extern const tide_task_metric tide_task_metrics[TIDE_TASK_METRICS];

double tide_task_metric_of(const tide_task_metric *metric, const tide_task_stats *stats);

#endif
