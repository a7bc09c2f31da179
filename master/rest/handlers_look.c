/* handlers_look.c - the routes that only look. */
#include <stdlib.h>
#include <string.h>

#include "base/core/clock.h"
#include "base/net/exposition.h"
#include "master/rest/rest_priv.h"

static void look(void *ctx, const tide_master *master, int64_t now_ns)
{
    rest_view *self = ctx;
    self->now_ns = now_ns;
    tide_view_overview_of(master, self->arena, &self->overview);
    if (self->parts & REST_JOBS) tide_view_jobs_of(master, self->arena, &self->jobs);
    if (self->parts & REST_AGENTS) tide_view_agents_of(master, now_ns, self->arena, &self->agents);
    if (self->parts & REST_LEASES) tide_view_leases_of(master, self->arena, &self->leases);
    if (self->parts & REST_JOB)
        self->found = tide_view_job_of(master, self->job_id, self->arena, &self->job);
}

static void look_only(rest_call *call, unsigned parts, const char *job, rest_view *out)
{
    *out = (rest_view){ .arena = call->arena, .parts = parts, .job_id = job };
    out->now_us = tide_clock_wall_us(tide_clock_real());
    tide_master_server_look(call->config->server, look, out);
}

tide_status rest_look(rest_call *call, unsigned parts, const char *job, rest_view *out)
{
    look_only(call, parts, job, out);
    if (!out->overview.leads && *out->overview.leader_rest) {
        call->location = tide_arena_printf(call->arena, "%s%s", out->overview.leader_rest,
                                           call->request->target);
        return tide_fail(TIDE_E_UNREACHABLE, "this master stands by; %s leads",
                         out->overview.leader_rest);
    }
    if (!out->overview.leads || !out->overview.ready) {
        call->hint = "try again in a moment";
        return tide_fail(TIDE_E_UNREACHABLE, out->overview.leads
                                                 ? "this master has begun to lead and takes over"
                                                 : "no master leads at the moment");
    }
    if ((parts & REST_JOB) && !out->found) {
        call->hint = "GET /jobs, or 'tidemill list', has those that there are";
        return tide_fail(TIDE_E_NOT_FOUND, "there is no job %.40s", job);
    }
    return TIDE_OK;
}

tide_status rest_answer_json(rest_call *call, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(root);
    if (!root || !text) return tide_fail(TIDE_E_INTERNAL, "the answer cannot be written as JSON");
    tide_bytes_puts(&call->body, text);
    tide_bytes_putc(&call->body, '\n');
    free(text);
    call->content_type = "application/json";
    return TIDE_OK;
}

/* ---- the process ---- */

tide_status handle_healthz(rest_call *call)
{
    return rest_answer_json(call, json_pack("{s:s}", "status", "ok"));
}

tide_status handle_readyz(rest_call *call)
{
    rest_view view;
    look_only(call, REST_OVERVIEW, NULL, &view);
    if (!view.overview.leads) return tide_fail(TIDE_E_UNREACHABLE, "this master stands by");
    if (!view.overview.ready) return tide_fail(TIDE_E_UNREACHABLE, "this master takes over");
    return rest_answer_json(call, json_pack("{s:s,s:i}", "status", "ready", "taskmanagers",
                                            (int)view.overview.agents));
}

tide_status handle_openapi(rest_call *call)
{
    tide_routes_openapi(call->config->version, &call->body);
    call->content_type = "application/json";
    return TIDE_OK;
}

tide_status handle_config(rest_call *call)
{
    return rest_answer_json(call, json_pack("{s:i,s:s,s:i,s:s,s:{s:b,s:b}}", "refresh-interval",
                                            3000, "timezone-name", "UTC", "timezone-offset", 0,
                                            "version", call->config->version, "features",
                                            "web-submit", 0, "web-cancel", 0));
}

tide_status handle_settings(rest_call *call)
{
    tide_bytes_puts(&call->body, call->config->settings_json);
    call->content_type = "application/json";
    return TIDE_OK;
}

typedef struct metrics_view {
    rest_view base;
    tide_view_job_detail *details;
} metrics_view;

static void look_metrics(void *ctx, const tide_master *master, int64_t now_ns)
{
    metrics_view *self = ctx;
    look(&self->base, master, now_ns);
    self->details = TIDE_NEW_N(self->base.arena, tide_view_job_detail, self->base.jobs.n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->base.jobs.n; i++) {
        const tide_view_job *job = &self->base.jobs.items[i];
        if (tide_lifecycle_is_final(job->state)) continue;
        if (tide_view_job_of(master, job->id, self->base.arena, &self->details[n])) n++;
    }
    self->base.jobs.n = n;
}

/* Also of a standby, which has no jobs to tell of. */
tide_status handle_metrics(rest_call *call)
{
    metrics_view view = { .base = { .arena = call->arena, .parts = REST_JOBS | REST_AGENTS } };
    tide_master_server_look(call->config->server, look_metrics, &view);
    rest_render_prometheus(&view.base.overview, &view.base.agents, view.details, view.base.jobs.n,
                           tide_clock_wall_us(tide_clock_real()), &call->body);
    tide_exposition_single(&call->body, "tidemill_rest_requests_total", "counter",
                           "Requests to REST", (double)atomic_load(&call->counts->requests));
    tide_exposition_single(&call->body, "tidemill_rest_requests_refused_total", "counter",
                           "Requests without the token, or to no route",
                           (double)atomic_load(&call->counts->refused));
    tide_exposition_single(&call->body, "tidemill_rest_requests_malformed_total", "counter",
                           "Requests with a malformed address or a body over its limit",
                           (double)tide_httpd_malformed(call->counts->httpd));
    call->content_type = TIDE_EXPOSITION_TYPE;
    return TIDE_OK;
}

tide_status handle_metrics_targets(rest_call *call)
{
    rest_view leader;
    TIDE_TRY(rest_look(call, REST_OVERVIEW, NULL, &leader));
    metrics_view view = { .base = { .arena = call->arena, .parts = REST_JOBS | REST_AGENTS } };
    tide_master_server_look(call->config->server, look_metrics, &view);
    return rest_answer_json(call, rest_render_targets(&view.base.overview, &view.base.agents,
                                                      view.details, view.base.jobs.n));
}

/* ---- the cluster ---- */

tide_status handle_overview(rest_call *call)
{
    rest_view view;
    TIDE_TRY(rest_look(call, REST_OVERVIEW, NULL, &view));
    return rest_answer_json(call, rest_render_overview(&view.overview, call->config->version));
}

tide_status handle_jobs(rest_call *call)
{
    rest_view view;
    TIDE_TRY(rest_look(call, REST_JOBS, NULL, &view));
    return rest_answer_json(call, rest_render_jobs(&view.jobs));
}

tide_status handle_jobs_overview(rest_call *call)
{
    rest_view view;
    TIDE_TRY(rest_look(call, REST_JOBS, NULL, &view));
    return rest_answer_json(call, rest_render_jobs_overview(&view.jobs, view.now_us));
}

tide_status handle_leases(rest_call *call)
{
    rest_view view;
    TIDE_TRY(rest_look(call, REST_LEASES, NULL, &view));
    return rest_answer_json(call, rest_render_leases(&view.leases));
}

tide_status handle_agents(rest_call *call)
{
    rest_view view;
    TIDE_TRY(rest_look(call, REST_AGENTS, NULL, &view));
    return rest_answer_json(call, rest_render_agents(&view.agents));
}

static tide_status find_agent(rest_call *call, rest_view *view, const tide_view_agent **out)
{
    TIDE_TRY(rest_look(call, REST_AGENTS, NULL, view));
    for (uint32_t i = 0; i < view->agents.n; i++) {
        *out = &view->agents.items[i];
        if (strcmp((*out)->id, call->match.params[0]) == 0) return TIDE_OK;
    }
    call->hint = "GET /taskmanagers has those that there are";
    return tide_fail(TIDE_E_NOT_FOUND, "there is no worker %.40s", call->match.params[0]);
}

tide_status handle_agent(rest_call *call)
{
    rest_view view;
    const tide_view_agent *agent;
    TIDE_TRY(find_agent(call, &view, &agent));
    return rest_answer_json(call, rest_render_agent(agent, true));
}

tide_status handle_agent_metrics(rest_call *call)
{
    rest_view view;
    const tide_view_agent *agent;
    TIDE_TRY(find_agent(call, &view, &agent));
    const char *get = tide_uri_param(&call->request->uri, "get", NULL);
    return rest_answer_json(call, rest_render_agent_metrics(agent, get));
}
