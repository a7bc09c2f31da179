/* runner_priv.h - a runner process, for its own files:
 *   runner_process.c  the control thread: the core's shell
 *   runner_part.c     a job's part in this process: plan, slots, network
 *   runner_load.c     from a job spec to a plan whose hash agrees
 *   runner_stats.c    what its tasks have counted
 *   runner_metrics.c  the same and more for Prometheus
 *   runner_crash.c    what is noted when user code crashes */
#ifndef TIDE_WORKER_RUNTIME_RUNNER_PRIV_H
#define TIDE_WORKER_RUNTIME_RUNNER_PRIV_H
#include "base/net/metrics.h"
#include "worker/core/runner.h"
#include "worker/runtime/job.h"
#include "worker/runtime/load.h"
#include "worker/runtime/page.h"

/* ---- runner_load.c ---- */
typedef struct runner_plan {
    tide_library *library; /* Of a C job. */
    tide_plan *plan;
    tide_job_settings settings;
    tide_graph *graph;
} runner_plan;

/* Runs user code when the job is a library. TIDE_E_MISMATCH says what differs from the plan that
 * was submitted. */
TIDE_MUST_CHECK tide_status runner_load(const tide_job_spec *spec, const char *artifact_path,
                                        runner_plan *out);
void runner_unload(runner_plan *self);

/* ---- runner_part.c ---- */
typedef struct runner_part runner_part;

/* What happens elsewhere than on the control thread. */
typedef struct runner_part_config {
    const tide_runner_start *start; /* Borrowed, as is all else. */
    const char *artifact_path;
    const char *data_host, *ipc_folder; /* ipc_folder "": no ipc. */
    tide_page *page;
    void (*on_net)(void *ctx, const tide_net_event *event); /* Network thread. */
    void (*on_change)(void *ctx); /* Slot threads: the state may be new. */
    void *ctx;
} runner_part_config;

runner_part *runner_part_new(const runner_part_config *config);
/* Blocking, on a thread of its own: plan, data sockets, splits if they are asked for. *out lives as
 * long as the part. */
TIDE_MUST_CHECK tide_status runner_part_prepare(runner_part *self, tide_runner_prepared *out);
/* Blocking, the same: tasks and channels, then connects to the peers. */
TIDE_MUST_CHECK tide_status runner_part_deploy(runner_part *self, const tide_runner_deploy *m);
void runner_part_run(runner_part *self);
void runner_part_stop(runner_part *self);
/* After deploy. */
tide_job_state runner_part_state(runner_part *self);
const tide_net *runner_part_net(const runner_part *self); /* NULL: no rows from or to others. */
const tide_runner_start *runner_part_start(const runner_part *self);
tide_job *runner_part_job(const runner_part *self); /* NULL before deploy and after _end. */
const tide_graph *runner_part_graph(const runner_part *self);
/* Takes the job down: closes its operators, writes what is left of its output. Returns the first
 * failure. */
tide_status runner_part_end(runner_part *self);
void runner_part_free(runner_part **self_p);

/* ---- runner_stats.c ---- */
/* In the arena. */
tide_runner_stats runner_stats(const runner_part *part, tide_arena *arena);

/* ---- runner_metrics.c ---- */
/* Appends what is counted of each task. */
void runner_render_tasks(const char *job, const tide_graph *graph, const tide_runner_stats *stats,
                         tide_bytes *out);
/* Serves /metrics and /healthz at a free port of `host`, between deploy and _end. *rest: the
 * address, in the arena. */
TIDE_MUST_CHECK tide_status runner_serve_metrics(runner_part *part, const char *host,
                                                 const char *token, tide_arena *arena,
                                                 tide_metrics_server **out, const char **rest);

/* ---- runner_crash.c ---- */
/* From now on a fatal signal notes its slot in the page and writes the calls that led there to
 * standard error, before it does what it did. For the life of the process. */
void runner_watch_crashes(tide_page *page);

#endif
