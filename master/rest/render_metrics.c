/* render_metrics.c - the cluster in Prometheus' text format. Names are Flink's in snake form. */
#include <inttypes.h>
#include <stdio.h>

#include "base/net/exposition.h"
#include "jobapi/proto/task_metrics.h"
#include "master/rest/rest_priv.h"

static void put_task(tide_bytes *out, const char *name, const tide_view_job_detail *job,
                     const tide_view_task *task, double value)
{
    char subtask[24];
    snprintf(subtask, sizeof subtask, "%" PRIu64, task->stats.subtask);
    const tide_vertex_info *vertex = task->stats.vertex < job->spec->vertices.n
                                         ? &job->spec->vertices.items[task->stats.vertex]
                                         : NULL;
    const tide_exposition_label labels[] = {
        { "job_id", job->job.id },
        { "job_name", job->job.name },
        { "task_id", vertex ? vertex->id : "" },
        { "task_name", vertex ? vertex->name : "" },
        { "subtask_index", subtask },
        { "tm_id", task->agent },
        { "host", task->host },
    };
    tide_exposition_put(out, name, labels, sizeof labels / sizeof *labels, value);
}

/* What not every task has. */
static void put_gauges(const tide_view_job_detail *jobs, uint32_t n_jobs, tide_bytes *out)
{
    static const char watermark[] = "tidemill_task_current_input_watermark",
                      pending[] = "tidemill_task_pending_records";
    tide_exposition_begin(out, watermark, "gauge", "Watermark, milliseconds since 1970");
    for (uint32_t j = 0; j < n_jobs; j++)
        for (uint32_t t = 0; t < jobs[j].n_tasks; t++) {
            int64_t us = jobs[j].tasks[t].stats.watermark;
            if (us != INT64_MIN && us != INT64_MAX)
                put_task(out, watermark, &jobs[j], &jobs[j].tasks[t], (double)(us / 1000));
        }
    tide_exposition_begin(out, pending, "gauge", "Records there for a source and not read yet");
    for (uint32_t j = 0; j < n_jobs; j++)
        for (uint32_t t = 0; t < jobs[j].n_tasks; t++) {
            int64_t rows = jobs[j].tasks[t].stats.pending_rows;
            if (rows >= 0) put_task(out, pending, &jobs[j], &jobs[j].tasks[t], (double)rows);
        }
}

static void put_jobs(const tide_view_job_detail *jobs, uint32_t n_jobs, int64_t now_us,
                     tide_bytes *out)
{
    static const char restarts[] = "tidemill_job_num_restarts", up[] = "tidemill_job_uptime";
    tide_exposition_begin(out, restarts, "counter", "Attempts after the first");
    for (uint32_t j = 0; j < n_jobs; j++) {
        const tide_exposition_label labels[] = { { "job_id", jobs[j].job.id },
                                                 { "job_name", jobs[j].job.name } };
        uint64_t attempt = jobs[j].job.attempt;
        tide_exposition_put(out, restarts, labels, 2, attempt ? (double)(attempt - 1) : 0);
    }
    tide_exposition_begin(out, up, "gauge", "Milliseconds that it has been running");
    for (uint32_t j = 0; j < n_jobs; j++) {
        const tide_exposition_label labels[] = { { "job_id", jobs[j].job.id },
                                                 { "job_name", jobs[j].job.name } };
        bool runs = jobs[j].job.state == TIDE_LIFECYCLE_RUNNING;
        int64_t since = jobs[j].job.since_us[TIDE_LIFECYCLE_RUNNING];
        tide_exposition_put(out, up, labels, 2, runs ? (double)((now_us - since) / 1000) : 0);
    }
    for (size_t m = 0; m < TIDE_TASK_METRICS; m++) {
        const tide_task_metric *metric = &tide_task_metrics[m];
        char name[64];
        snprintf(name, sizeof name, "tidemill_task_%s", metric->name);
        tide_exposition_begin(out, name, "counter", metric->help);
        for (uint32_t j = 0; j < n_jobs; j++)
            for (uint32_t t = 0; t < jobs[j].n_tasks; t++)
                put_task(out, name, &jobs[j], &jobs[j].tasks[t],
                         tide_task_metric_of(metric, &jobs[j].tasks[t].stats));
    }
    put_gauges(jobs, n_jobs, out);
}

void rest_render_prometheus(const tide_view_overview *o, const tide_view_agents *agents,
                            const tide_view_job_detail *jobs, uint32_t n_jobs, int64_t now_us,
                            tide_bytes *out)
{
    uint32_t running = 0;
    for (int i = 0; i < TIDE_LIFECYCLE_FINISHED; i++) running += o->jobs[i];
    tide_exposition_single(out, "tidemill_leader", "gauge", "1: this master leads", o->leads);
    tide_exposition_single(out, "tidemill_term", "gauge", "Term of the leader", (double)o->term);
    tide_exposition_single(out, "tidemill_num_registered_task_managers", "gauge", "Workers",
                           o->agents);
    tide_exposition_single(out, "tidemill_task_slots_total", "gauge", "Slots", o->slots_total);
    tide_exposition_single(out, "tidemill_task_slots_available", "gauge", "Free slots",
                           o->slots_free);
    tide_exposition_single(out, "tidemill_num_running_jobs", "gauge", "Jobs that have not ended",
                           running);
    static const char silent[] = "tidemill_task_manager_last_heartbeat_seconds";
    tide_exposition_begin(out, silent, "gauge", "Time since the last word of a worker");
    for (uint32_t i = 0; i < agents->n; i++) {
        const tide_exposition_label labels[] = { { "tm_id", agents->items[i].id },
                                                 { "host", agents->items[i].host } };
        tide_exposition_put(out, silent, labels, 2, (double)agents->items[i].silent_ns / 1e9);
    }
    put_jobs(jobs, n_jobs, now_us, out);
    tide_exposition_process(out);
}

/* ---- who else tells ---- */

/* "http://host:port", or "" when there is nothing to ask. `key` NULL: no second label. */
static void add_target(json_t *list, const char *rest, const char *process, const char *key,
                       const char *value)
{
    const char *host = strstr(rest, "://");
    if (!host) return;
    json_t *labels = json_pack("{s:s}", "process", process);
    if (key) json_object_set_new(labels, key, json_string(value));
    json_array_append_new(list, json_pack("{s:[s],s:o}", "targets", host + 3, "labels", labels));
}

json_t *rest_render_targets(const tide_view_overview *o, const tide_view_agents *agents,
                            const tide_view_job_detail *jobs, uint32_t n_jobs)
{
    json_t *list = json_array();
    add_target(list, o->rest, "master", NULL, NULL);
    for (uint32_t i = 0; i < agents->n; i++)
        add_target(list, agents->items[i].rest, "worker", "worker", agents->items[i].id);
    for (uint32_t j = 0; j < n_jobs; j++) {
        for (uint32_t i = 0; i < jobs[j].n_runners; i++) {
            const tide_view_runner *r = &jobs[j].runners[i];
            if (!r->gone && r->state == TIDE_RUNNER_RUNNING)
                add_target(list, r->rest, "runner", "job", jobs[j].job.id);
        }
    }
    return list;
}
