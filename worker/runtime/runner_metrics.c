/* runner_metrics.c - a runner's own numbers for Prometheus, told by itself. */
#include <inttypes.h>
#include <stdio.h>

#include "base/net/metrics.h"
#include "jobapi/proto/task_metrics.h"
#include "worker/runtime/runner_priv.h"

void runner_render_tasks(const char *job, const tide_graph *graph, const tide_runner_stats *stats,
                         tide_bytes *out)
{
    for (size_t m = 0; m < TIDE_TASK_METRICS; m++) {
        const tide_task_metric *metric = &tide_task_metrics[m];
        char name[64];
        snprintf(name, sizeof name, "tidemill_runner_%s", metric->name);
        tide_exposition_begin(out, name, "counter", metric->help);
        for (uint32_t i = 0; i < stats->tasks.n; i++) {
            const tide_task_stats *task = &stats->tasks.items[i];
            char subtask[24];
            snprintf(subtask, sizeof subtask, "%" PRIu64, task->subtask);
            const tide_exposition_label labels[] = {
                { "job", job },
                { "operator", graph->vertices[task->vertex].name },
                { "subtask", subtask },
            };
            tide_exposition_put(out, name, labels, sizeof labels / sizeof *labels,
                                tide_task_metric_of(metric, task));
        }
    }
}

typedef struct link_metric {
    const char *name, *help;
    size_t field; /* Of tide_net_counters. */
} link_metric;

#define FIELD(name) offsetof(tide_net_counters, name)
static const link_metric link_metrics[] = {
    { "num_bytes_out", "Bytes sent to other runners", FIELD(bytes_out) },
    { "num_bytes_in", "Bytes that came from other runners", FIELD(bytes_in) },
    { "num_frames_out", "Frames sent to other runners", FIELD(frames_out) },
    { "num_frames_in", "Frames that came from other runners", FIELD(frames_in) },
    { "num_blocks_out", "Blocks of rows sent to other runners", FIELD(blocks_out) },
    { "num_blocks_in", "Blocks of rows that came from other runners", FIELD(blocks_in) },
    { "num_stale_dropped", "Frames of older attempts", FIELD(dropped_stale) },
    { "num_duplicates_dropped", "Frames that came twice", FIELD(dropped_duplicate) },
    { "num_malformed_dropped", "Frames that could not be read", FIELD(dropped_malformed) },
};
#undef FIELD

static void put_links(const char *job, const tide_net *net, tide_bytes *out)
{
    const tide_net_counters *counters = tide_net_counters_of(net);
    const tide_exposition_label label = { "job", job };
    for (size_t m = 0; m < sizeof link_metrics / sizeof *link_metrics; m++) {
        char name[64];
        snprintf(name, sizeof name, "tidemill_runner_exchange_%s", link_metrics[m].name);
        tide_exposition_begin(out, name, "counter", link_metrics[m].help);
        const _Atomic uint64_t *value =
            (const void *)((const char *)counters + link_metrics[m].field);
        tide_exposition_put(out, name, &label, 1,
                            (double)atomic_load_explicit(value, memory_order_relaxed));
    }
    static const char peak[] = "tidemill_runner_exchange_peak_memory_bytes";
    tide_exposition_begin(out, peak, "gauge", "Most memory that rows under way ever took");
    tide_exposition_put(out, peak, &label, 1, (double)tide_net_peak_bytes(net));
}

/* On the server's thread, while the job is there. */
static void put(void *ctx, tide_bytes *out)
{
    const runner_part *part = ctx;
    tide_arena *arena = tide_arena_new();
    const tide_runner_stats stats = runner_stats(part, arena);
    const char *job = runner_part_start(part)->job;
    runner_render_tasks(job, runner_part_graph(part), &stats, out);
    if (runner_part_net(part)) put_links(job, runner_part_net(part), out);
    tide_arena_free(&arena);
}

tide_status runner_serve_metrics(runner_part *part, const char *host, const char *token,
                                 tide_arena *arena, tide_metrics_server **out, const char **rest)
{
    const tide_metrics_config config = { .address = host, .token = token, .put = put, .ctx = part };
    TIDE_TRY(tide_metrics_server_new(&config, out));
    *rest = tide_arena_printf(arena, strchr(host, ':') ? "http://[%s]:%u" : "http://%s:%u", host,
                              tide_metrics_server_port(*out));
    return TIDE_OK;
}
