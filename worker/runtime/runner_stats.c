/* runner_stats.c - counters of tasks as a message: one record for each vertex of each subtask. */
#include <stdio.h>
#include <unistd.h>

#include "worker/runtime/runner_priv.h"

typedef struct collection {
    const tide_graph *graph;
    tide_arena *arena;
    int64_t now_ns;
    tide_task_stats *items;
    uint32_t n, cap;
} collection;

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* A vertex may be several stages (a scan with its filter): in at the first, out at the last. All
 * vertices of a task have its times, since they are one thread's; what came in by channels is the
 * first one's. */
static void add_task(void *ctx, const tide_task *task)
{
    collection *self = ctx;
    uint32_t first = self->n;
    const bool is_over = tide_task_state_of(task) == TIDE_TASK_FINISHED; /* Before its counters. */
    const tide_times times = tide_task_times_of(task, self->now_ns);
    for (uint32_t i = 0; i < tide_task_n_stages(task); i++) {
        const tide_op_counters *c = tide_task_counters(task, i);
        uint32_t vertex = tide_task_env(task, i)->vertex, at = first;
        while (at < self->n && self->items[at].vertex != vertex) at++;
        if (at == self->n) {
            bool reads = self->graph->vertices[vertex].n_in == 0;
            const tide_task_stats fresh = {
                .vertex = vertex,
                .subtask = tide_task_subtask(task),
                .rows_in = get(reads ? &c->rows_out : &c->rows_in),
                .bytes_in = i == 0 ? tide_task_bytes_in(task) : 0,
                .busy_ns = times.busy_ns,
                .idle_ns = times.idle_ns,
                .backpressured_ns = times.held_ns,
                .watermark = tide_task_watermark(task),
                .pending_rows = atomic_load_explicit(&c->pending_rows, memory_order_relaxed),
                .state = is_over ? "finished" : "running",
            };
            TIDE_PUSH(self->arena, self->items, self->n, self->cap, fresh);
        }
        self->items[at].rows_out = get(&c->rows_out);
        self->items[at].bytes_out += tide_task_bytes_out(task, i);
        self->items[at].late_rows += get(&c->late_rows);
        self->items[at].bad_rows += get(&c->bad_rows);
    }
}

static uint64_t read_rss(void)
{
    FILE *f = fopen("/proc/self/statm", "re");
    unsigned long long pages = 0;
    if (f && fscanf(f, "%*u %llu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

tide_runner_stats runner_stats(const runner_part *part, tide_arena *arena)
{
    collection all = { .graph = runner_part_graph(part),
                       .arena = arena,
                       .now_ns = tide_clock_now_ns(tide_clock_real()) };
    tide_job *job = runner_part_job(part);
    if (job) tide_job_each_task(job, add_task, &all);
    tide_runner_stats m = { .rss_bytes = read_rss() };
    m.tasks.n = all.n;
    m.tasks.items = all.items;
    return m;
}
