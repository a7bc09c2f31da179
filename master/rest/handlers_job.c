/* handlers_job.c - the routes of one job that only look. */
#include <string.h>

#include "master/rest/rest_priv.h"

static tide_status look_job(rest_call *call, rest_view *view)
{
    return rest_look(call, REST_JOB, call->match.params[0], view);
}

static tide_status answer_job(rest_call *call, json_t *(*render)(const tide_view_job_detail *))
{
    rest_view view;
    TIDE_TRY(look_job(call, &view));
    return rest_answer_json(call, render(&view.job));
}

/* By id or by its place in the plan. */
static tide_status look_vertex(rest_call *call, rest_view *view, uint32_t *vertex)
{
    TIDE_TRY(look_job(call, view));
    const tide_job_spec *spec = view->job.spec;
    for (*vertex = 0; *vertex < spec->vertices.n; ++*vertex)
        if (strcmp(spec->vertices.items[*vertex].id, call->match.params[1]) == 0) return TIDE_OK;
    call->hint = "GET /jobs/:job/plan has those that there are";
    return tide_fail(TIDE_E_NOT_FOUND, "job %.40s has no vertex %.40s", call->match.params[0],
                     call->match.params[1]);
}

static const char *wanted_metrics(const rest_call *call)
{
    return tide_uri_param(&call->request->uri, "get", NULL);
}

tide_status handle_job(rest_call *call)
{
    rest_view view;
    TIDE_TRY(look_job(call, &view));
    return rest_answer_json(call, rest_render_job(&view.job, view.now_us));
}

tide_status handle_job_status(rest_call *call)
{
    return answer_job(call, rest_render_job_status);
}

tide_status handle_job_config(rest_call *call)
{
    return answer_job(call, rest_render_job_config);
}

tide_status handle_exceptions(rest_call *call)
{
    return answer_job(call, rest_render_exceptions);
}

tide_status handle_plan(rest_call *call)
{
    return answer_job(call, rest_render_plan);
}

tide_status handle_job_metrics(rest_call *call)
{
    rest_view view;
    TIDE_TRY(look_job(call, &view));
    return rest_answer_json(call,
                            rest_render_job_metrics(&view.job, view.now_us, wanted_metrics(call)));
}

tide_status handle_vertex(rest_call *call)
{
    rest_view view;
    uint32_t vertex;
    TIDE_TRY(look_vertex(call, &view, &vertex));
    return rest_answer_json(call, rest_render_vertex(&view.job, vertex, view.now_us));
}

tide_status handle_vertex_metrics(rest_call *call)
{
    rest_view view;
    uint32_t vertex;
    TIDE_TRY(look_vertex(call, &view, &vertex));
    return rest_answer_json(call,
                            rest_render_vertex_metrics(&view.job, vertex, wanted_metrics(call)));
}

tide_status handle_backpressure(rest_call *call)
{
    rest_view view;
    uint32_t vertex;
    TIDE_TRY(look_vertex(call, &view, &vertex));
    return rest_answer_json(call, rest_render_backpressure(&view.job, vertex, view.now_us));
}

tide_status handle_watermarks(rest_call *call)
{
    rest_view view;
    uint32_t vertex;
    TIDE_TRY(look_vertex(call, &view, &vertex));
    return rest_answer_json(call, rest_render_watermarks(&view.job, vertex));
}

/* A stop needs no trigger of its own to be followed: the job's state tells. */
tide_status handle_stop_status(rest_call *call)
{
    rest_view view;
    TIDE_TRY(look_job(call, &view));
    bool over = tide_lifecycle_is_final(view.job.job.state);
    return rest_answer_json(call, json_pack("{s:{s:s},s:{s:s}}", "status", "id",
                                            over ? "COMPLETED" : "IN_PROGRESS", "operation",
                                            "state", tide_lifecycle_name(view.job.job.state)));
}
