/* driver.c - waits for a job of this process, with progress and stop requests. */
#include "cli/driver/driver.h"

#include "base/core/mem.h"
#include "base/thread/waker.h"
#include "jobapi/graph/graph.h"

struct tide_driver_control {
    _Atomic int stops; /* How often a stop was asked for. */
    tide_waker *waker;
};

tide_driver_control *tide_driver_control_new(void)
{
    tide_driver_control *self = tide_calloc(1, sizeof *self);
    self->waker = tide_waker_new();
    return self;
}

void tide_driver_control_free(tide_driver_control **self_p)
{
    if (*self_p == NULL) return;
    tide_waker_free(&(*self_p)->waker);
    tide_free(*self_p);
    *self_p = NULL;
}

void tide_driver_control_stop(tide_driver_control *self)
{
    atomic_fetch_add(&self->stops, 1);
    tide_waker_wake(self->waker);
}

void tide_driver_control_arm(tide_driver_control *self)
{
    tide_waker_arm(self->waker);
}

void tide_driver_control_wait(tide_driver_control *self, int64_t timeout_ns)
{
    tide_waker_wait(self->waker, timeout_ns);
}

void tide_driver_control_wake(tide_driver_control *self)
{
    tide_waker_wake(self->waker);
}

int tide_driver_control_stops(const tide_driver_control *self)
{
    return atomic_load(&self->stops);
}

static void wake(void *waker)
{
    tide_waker_wake(waker);
}

static void sleep_until_news(tide_waker *waker, tide_job *job, const _Atomic int *stops,
                             int stops_seen, int64_t every_ns)
{
    tide_waker_arm(waker);
    bool news = tide_job_state_of(job) != TIDE_JOB_RUNNING || atomic_load(stops) != stops_seen;
    if (news)
        tide_waker_disarm(waker);
    else
        tide_waker_wait(waker, every_ns > 0 ? every_ns : -1);
}

/* Until the job ended or was given up. */
static tide_driver_end watch(tide_job *job, tide_driver_control *control,
                             const tide_driver_options *options)
{
    int seen = 0;
    int64_t due_ns = 0;
    tide_clock *clock = tide_clock_real(); /* Progress is for people, also in virtual time. */
    while (tide_job_state_of(job) == TIDE_JOB_RUNNING) {
        int stops = atomic_load(&control->stops);
        if (stops > 1) return TIDE_DRIVER_ABANDONED;
        if (stops != seen) tide_job_stop(job);
        seen = stops;
        int64_t now_ns = tide_clock_now_ns(clock);
        if (options->on_progress && options->progress_every_ns > 0 && now_ns >= due_ns) {
            tide_job_progress progress;
            tide_job_progress_of(job, &progress);
            options->on_progress(options->ctx, &progress);
            due_ns = now_ns + options->progress_every_ns;
        }
        sleep_until_news(control->waker, job, &control->stops, seen, options->progress_every_ns);
    }
    return seen ? TIDE_DRIVER_STOPPED : TIDE_DRIVER_FINISHED;
}

static tide_status run_graph(const tide_graph *graph, const tide_driver_options *options,
                             tide_driver_control *control, tide_job_progress *final,
                             tide_driver_end *end)
{
    const tide_job_config config = {
        .graph = graph,
        .settings = options->settings,
        .clock = options->clock ? options->clock : tide_clock_real(),
        .output = options->output,
        .virtual_time = options->virtual_time,
        .pins = !options->virtual_time,
        .random_seed = options->random_seed,
        .on_change = wake,
        .ctx = control->waker,
    };
    tide_job *job;
    TIDE_TRY(tide_job_start(&config, &job));
    *end = watch(job, control, options);
    tide_job_progress_of(job, final);
    return tide_job_free(&job);
}

tide_status tide_driver_run(const tide_plan *plan, const tide_driver_options *options,
                            tide_job_progress *final, tide_driver_end *end)
{
    tide_job_progress progress = { .watermark_us = INT64_MIN };
    tide_driver_end how = TIDE_DRIVER_REFUSED;
    tide_driver_control *own = options->control ? NULL : tide_driver_control_new();
    tide_graph *graph;
    tide_status rv = tide_graph_build(plan, options->settings, &graph);
    if (rv == TIDE_OK) {
        how = TIDE_DRIVER_FINISHED;
        rv = run_graph(graph, options, options->control ? options->control : own, &progress, &how);
        tide_graph_free(&graph);
    }
    tide_driver_control_free(&own);
    if (final) *final = progress;
    if (end) *end = how;
    return rv;
}
