/* render_vertex.c - a vertex's subtasks as JSON, and metrics by name. */
#include <stdio.h>
#include <string.h>

#include "master/rest/rest_priv.h"

#define BACKPRESSURE_LOW 0.1 /* Flink's limits. */
#define BACKPRESSURE_HIGH 0.5

rest_shares rest_shares_of(const tide_task_stats *recent)
{
    double all =
        (double)recent->busy_ns + (double)recent->idle_ns + (double)recent->backpressured_ns;
    if (all <= 0) return (rest_shares){ 0 };
    return (rest_shares){ .busy = (double)recent->busy_ns / all,
                          .idle = (double)recent->idle_ns / all,
                          .held = (double)recent->backpressured_ns / all,
                          .seconds = all / 1e9 };
}

double rest_per_second(uint64_t n, const tide_task_stats *recent)
{
    double seconds = rest_shares_of(recent).seconds;
    return seconds > 0 ? (double)n / seconds : 0;
}

/* What a task is asked for by name; Flink's names. */
typedef enum metric {
    RECORDS_IN,
    RECORDS_OUT,
    BYTES_IN,
    BYTES_OUT,
    RECORDS_IN_RATE,
    RECORDS_OUT_RATE,
    BYTES_IN_RATE,
    BYTES_OUT_RATE,
    LATE,
    BAD,
    BUSY,
    IDLE,
    HELD,
    WATERMARK,
    PENDING, /* Only of sources that can tell. */
    METRICS
} metric;
static const char *const metric_names[METRICS] = {
    [RECORDS_IN] = "numRecordsIn",
    [RECORDS_OUT] = "numRecordsOut",
    [BYTES_IN] = "numBytesIn",
    [BYTES_OUT] = "numBytesOut",
    [RECORDS_IN_RATE] = "numRecordsInPerSecond",
    [RECORDS_OUT_RATE] = "numRecordsOutPerSecond",
    [BYTES_IN_RATE] = "numBytesInPerSecond",
    [BYTES_OUT_RATE] = "numBytesOutPerSecond",
    [LATE] = "numLateRecordsDropped",
    [BAD] = "numBadRecordsSkipped",
    [BUSY] = "busyTimeMsPerSecond",
    [IDLE] = "idleTimeMsPerSecond",
    [HELD] = "backPressuredTimeMsPerSecond",
    [WATERMARK] = "currentInputWatermark",
    [PENDING] = "pendingRecords",
};

static double metric_of(const tide_view_task *task, metric which)
{
    const tide_task_stats *s = &task->stats, *r = &task->recent;
    switch (which) {
    case RECORDS_IN: return (double)s->rows_in;
    case RECORDS_OUT: return (double)s->rows_out;
    case BYTES_IN: return (double)s->bytes_in;
    case BYTES_OUT: return (double)s->bytes_out;
    case RECORDS_IN_RATE: return rest_per_second(r->rows_in, r);
    case RECORDS_OUT_RATE: return rest_per_second(r->rows_out, r);
    case BYTES_IN_RATE: return rest_per_second(r->bytes_in, r);
    case BYTES_OUT_RATE: return rest_per_second(r->bytes_out, r);
    case LATE: return (double)s->late_rows;
    case BAD: return (double)s->bad_rows;
    case BUSY: return 1000 * rest_shares_of(r).busy;
    case IDLE: return 1000 * rest_shares_of(r).idle;
    case HELD: return 1000 * rest_shares_of(r).held;
    case WATERMARK: return (double)(s->watermark / 1000);
    case PENDING: return (double)s->pending_rows;
    case METRICS: break;
    }
    return 0;
}

/* Is `name` one of "a,b,c"? */
static bool is_wanted(const char *get, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = get; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == '\0')) return true;
    }
    return false;
}

static bool has_metric(const tide_view_job_detail *job, uint32_t vertex, metric which)
{
    if (which != PENDING) return true;
    for (uint32_t i = 0; i < job->n_tasks; i++)
        if (job->tasks[i].stats.vertex == vertex && job->tasks[i].stats.pending_rows >= 0)
            return true;
    return false;
}

json_t *rest_render_vertex_metrics(const tide_view_job_detail *job, uint32_t vertex,
                                   const char *get)
{
    json_t *list = json_array();
    for (int m = 0; m < METRICS; m++) {
        if (!has_metric(job, vertex, (metric)m)) continue;
        if (!get) json_array_append_new(list, json_pack("{s:s}", "id", metric_names[m]));
        if (!get || !is_wanted(get, metric_names[m])) continue;
        double min = 0, max = 0, sum = 0;
        uint32_t n = 0;
        for (uint32_t i = 0; i < job->n_tasks; i++) {
            if (job->tasks[i].stats.vertex != vertex) continue;
            if (m == PENDING && job->tasks[i].stats.pending_rows < 0) continue;
            double value = metric_of(&job->tasks[i], (metric)m);
            min = n == 0 || value < min ? value : min;
            max = n == 0 || value > max ? value : max;
            sum += value;
            n++;
        }
        json_array_append_new(list,
                              json_pack("{s:s,s:f,s:f,s:f,s:f}", "id", metric_names[m], "min", min,
                                        "max", max, "avg", n ? sum / n : 0.0, "sum", sum));
    }
    return list;
}

typedef struct named_value {
    const char *name;
    double value;
} named_value;

static json_t *render_named(const named_value *values, size_t n, const char *get)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.17g", values[i].value);
        if (!get)
            json_array_append_new(list, json_pack("{s:s}", "id", values[i].name));
        else if (is_wanted(get, values[i].name))
            json_array_append_new(list,
                                  json_pack("{s:s,s:s}", "id", values[i].name, "value", text));
    }
    return list;
}

json_t *rest_render_job_metrics(const tide_view_job_detail *job, int64_t now_us, const char *get)
{
    const tide_view_job *j = &job->job;
    bool runs = j->state == TIDE_LIFECYCLE_RUNNING;
    int64_t up_us = runs ? now_us - j->since_us[TIDE_LIFECYCLE_RUNNING] : 0;
    const named_value values[] = {
        { "numRestarts", j->attempt ? (double)(j->attempt - 1) : 0 },
        { "uptime", (double)(up_us / 1000) },
        { "runningTime", (double)(up_us / 1000) },
    };
    return render_named(values, sizeof values / sizeof *values, get);
}

json_t *rest_render_agent_metrics(const tide_view_agent *agent, const char *get)
{
    const named_value values[] = {
        { "slotsTotal", agent->n_slots },
        { "slotsFree", agent->n_free },
        { "timeSinceLastHeartbeat", (double)(agent->silent_ns / 1000000) },
    };
    return render_named(values, sizeof values / sizeof *values, get);
}

json_t *rest_render_vertex(const tide_view_job_detail *job, uint32_t vertex, int64_t now_us)
{
    const tide_vertex_info *info = &job->spec->vertices.items[vertex];
    int64_t began_us = job->job.since_us[TIDE_LIFECYCLE_RUNNING];
    json_t *subtasks = json_array();
    for (uint32_t i = 0; i < job->n_tasks; i++) {
        const tide_view_task *t = &job->tasks[i];
        const tide_task_stats *s = &t->stats;
        if (s->vertex != vertex) continue;
        json_array_append_new(
            subtasks,
            json_pack("{s:I,s:s,s:I,s:s,s:o,s:s,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}}", "subtask",
                      (json_int_t)s->subtask, "status", rest_task_state(job, t), "attempt",
                      (json_int_t)(job->job.attempt ? job->job.attempt - 1 : 0), "host", t->host,
                      "start-time", rest_time(began_us), "taskmanager-id", t->agent, "metrics",
                      "read-records", (json_int_t)s->rows_in, "write-records",
                      (json_int_t)s->rows_out, "read-bytes", (json_int_t)s->bytes_in, "write-bytes",
                      (json_int_t)s->bytes_out, "accumulated-busy-time",
                      (json_int_t)(s->busy_ns / 1000000), "accumulated-idle-time",
                      (json_int_t)(s->idle_ns / 1000000), "accumulated-backpressured-time",
                      (json_int_t)(s->backpressured_ns / 1000000), "watermark",
                      (json_int_t)s->watermark));
    }
    return json_pack("{s:s,s:s,s:I,s:I,s:o,s:o}", "id", info->id, "name", info->name, "parallelism",
                     (json_int_t)info->parallelism, "maxParallelism", (json_int_t)-1, "now",
                     rest_time(now_us), "subtasks", subtasks);
}

static const char *level_of(double ratio)
{
    return ratio <= BACKPRESSURE_LOW ? "ok" : ratio <= BACKPRESSURE_HIGH ? "low" : "high";
}

json_t *rest_render_backpressure(const tide_view_job_detail *job, uint32_t vertex, int64_t now_us)
{
    json_t *subtasks = json_array();
    double worst = 0;
    for (uint32_t i = 0; i < job->n_tasks; i++) {
        const tide_task_stats *s = &job->tasks[i].stats;
        if (s->vertex != vertex) continue;
        rest_shares part = rest_shares_of(&job->tasks[i].recent);
        if (part.held > worst) worst = part.held;
        json_array_append_new(subtasks,
                              json_pack("{s:I,s:s,s:f,s:f,s:f}", "subtask", (json_int_t)s->subtask,
                                        "backpressure-level", level_of(part.held), "ratio",
                                        part.held, "idleRatio", part.idle, "busyRatio", part.busy));
    }
    return json_pack("{s:s,s:s,s:o,s:o}", "status", json_array_size(subtasks) ? "ok" : "deprecated",
                     "backpressure-level", level_of(worst), "end-timestamp", rest_time(now_us),
                     "subtasks", subtasks);
}

json_t *rest_render_watermarks(const tide_view_job_detail *job, uint32_t vertex)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < job->n_tasks; i++) {
        const tide_task_stats *s = &job->tasks[i].stats;
        if (s->vertex != vertex) continue;
        char id[64], value[32];
        snprintf(id, sizeof id, "%llu.currentInputWatermark", (unsigned long long)s->subtask);
        snprintf(value, sizeof value, "%lld", (long long)(s->watermark / 1000));
        json_array_append_new(list, json_pack("{s:s,s:s}", "id", id, "value", value));
    }
    return list;
}
