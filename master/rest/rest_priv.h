/* rest_priv.h - one request on its way to its answer, and what handlers share. */
#ifndef TIDE_MASTER_REST_REST_PRIV_H
#define TIDE_MASTER_REST_REST_PRIV_H
#include <jansson.h>
#include <stdatomic.h>

#include "base/net/httpd.h"
#include "master/core/view.h"
#include "master/rest/rest.h"
#include "master/rest/routes.h"

#define REST_TIMEOUT_NS INT64_C(15000000000) /* Until the control thread answered. */
#define REST_LOG_BYTES_MAX (1u << 20)        /* Of one answer. */

/* Since the start; any thread. */
typedef struct rest_counts {
    _Atomic uint64_t requests, refused; /* refused: without the token, or no such path. */
    const tide_httpd *httpd;            /* Counts the malformed ones. */
} rest_counts;

typedef struct rest_call {
    const tide_rest_config *config;
    rest_counts *counts;
    const tide_httpd_request *request;
    tide_route_match match;
    tide_arena *arena;
    /* The answer. On failure: `hint` and `code` (0: by the status) beside the failure's text. */
    uint32_t code;
    const char *content_type, *hint, *location;
    tide_bytes body;
} rest_call;

/* What a handler wants to see of the cluster. */
typedef enum rest_parts {
    REST_OVERVIEW = 0,
    REST_JOBS = 1,
    REST_AGENTS = 2,
    REST_LEASES = 4,
    REST_JOB = 8
} rest_parts;

typedef struct rest_view {
    tide_arena *arena;
    unsigned parts; /* Of rest_parts. */
    const char *job_id;
    int64_t now_ns, now_us; /* now_us: wall time. */
    tide_view_overview overview;
    tide_view_jobs jobs;
    tide_view_agents agents;
    tide_view_leases leases;
    tide_view_job_detail job;
    bool found; /* The job. */
} rest_view;

/* Looks at the master. A standby's answer is the leader's address (call->location is then set) or
 * TIDE_E_UNREACHABLE; a job that is not there is TIDE_E_NOT_FOUND. */
TIDE_MUST_CHECK tide_status rest_look(rest_call *call, unsigned parts, const char *job,
                                      rest_view *out);
/* Puts the object into the answer and frees it. */
tide_status rest_answer_json(rest_call *call, json_t *root);
/* A number of microseconds since 1970 as Flink's milliseconds; -1 for 0. */
json_t *rest_time(int64_t us);
int64_t rest_ms(int64_t us);

/* ---- views as JSON (render_*.c): pure ---- */
json_t *rest_render_overview(const tide_view_overview *o, const char *version);
json_t *rest_render_jobs(const tide_view_jobs *jobs);
json_t *rest_render_jobs_overview(const tide_view_jobs *jobs, int64_t now_us);
json_t *rest_render_agents(const tide_view_agents *agents);
json_t *rest_render_agent(const tide_view_agent *agent, bool whole);
json_t *rest_render_leases(const tide_view_leases *leases);
json_t *rest_render_job(const tide_view_job_detail *job, int64_t now_us);
json_t *rest_render_job_status(const tide_view_job_detail *job);
json_t *rest_render_job_config(const tide_view_job_detail *job);
json_t *rest_render_exceptions(const tide_view_job_detail *job);
json_t *rest_render_plan(const tide_view_job_detail *job);
json_t *rest_render_vertex(const tide_view_job_detail *job, uint32_t vertex, int64_t now_us);
json_t *rest_render_backpressure(const tide_view_job_detail *job, uint32_t vertex, int64_t now_us);
json_t *rest_render_watermarks(const tide_view_job_detail *job, uint32_t vertex);
/* get: "a,b", or NULL for the list of names. */
json_t *rest_render_job_metrics(const tide_view_job_detail *job, int64_t now_us, const char *get);
json_t *rest_render_vertex_metrics(const tide_view_job_detail *job, uint32_t vertex,
                                   const char *get);
json_t *rest_render_agent_metrics(const tide_view_agent *agent, const char *get);
/* A failure in words: "division by zero (operator map, batch 7, host h1)". Appended. */
void rest_render_failure(const tide_failure *failure, tide_bytes *out);
/* How a task's time went between two statistics: parts of 1, and how long that was. All 0 when
 * there is nothing new of it. */
typedef struct rest_shares {
    double busy, idle, held, seconds;
} rest_shares;
rest_shares rest_shares_of(const tide_task_stats *recent);
double rest_per_second(uint64_t n, const tide_task_stats *recent);
/* Flink's execution state of a task. */
const char *rest_task_state(const tide_view_job_detail *job, const tide_view_task *task);
/* The cluster in Prometheus' text format; jobs[i] are details. */
void rest_render_prometheus(const tide_view_overview *overview, const tide_view_agents *agents,
                            const tide_view_job_detail *jobs, uint32_t n_jobs, int64_t now_us,
                            tide_bytes *out);
/* Who serves /metrics, for Prometheus' http_sd: the leader, workers, runners of jobs[i]. */
json_t *rest_render_targets(const tide_view_overview *overview, const tide_view_agents *agents,
                            const tide_view_job_detail *jobs, uint32_t n_jobs);

/* ---- handlers, one per route ---- */
#define TIDE_ROUTE(method, path, handler, open, summary)                                           \
    tide_status handle_##handler(rest_call *call);
#include "master/rest/routes.def"
#undef TIDE_ROUTE

#endif
