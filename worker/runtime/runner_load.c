/* runner_load.c - the job once more, as its submitter planned it. */
#include <inttypes.h>

#include "worker/runtime/runner_priv.h"

static tide_option *copy_pairs(const tide_pair *pairs, uint32_t n)
{
    tide_option *options = tide_calloc(n, sizeof *options);
    for (uint32_t i = 0; i < n; i++)
        options[i] =
            (tide_option){ .key = pairs[i].key, .value = pairs[i].value, .pos = TIDE_POS_UNKNOWN };
    return options;
}

/* argv as a program sees it: its own name first. */
static char **make_argv(const tide_job_spec *spec)
{
    char **argv = tide_calloc(spec->args.n + 2u, sizeof *argv);
    argv[0] = (char *)(uintptr_t)spec->artifact_name;
    for (uint32_t i = 0; i < spec->args.n; i++)
        argv[i + 1] = (char *)(uintptr_t)spec->args.items[i].text;
    return argv;
}

static tide_status load_plan(const tide_job_spec *spec, const char *artifact_path,
                             runner_plan *self)
{
    tide_option *below = copy_pairs(spec->settings_below.items, spec->settings_below.n);
    tide_option *above = copy_pairs(spec->settings_above.items, spec->settings_above.n);
    const tide_load_settings around = { .below = below,
                                        .n_below = spec->settings_below.n,
                                        .above = above,
                                        .n_above = spec->settings_above.n };
    tide_status rv;
    if (strcmp(spec->kind, "library") == 0) {
        char **argv = make_argv(spec);
        rv = tide_load_library(artifact_path, (int)spec->args.n + 1, argv, &around, &self->library,
                               &self->plan, &self->settings);
        tide_free(argv);
    } else if (strcmp(spec->kind, "sql") == 0) {
        rv = tide_load_sql(spec->text, strlen(spec->text), spec->text_name, &around, &self->plan,
                           &self->settings);
    } else {
        rv = tide_fail(TIDE_E_UNSUPPORTED,
                       "jobs of kind \"%s\"; is this worker older than its "
                       "master?",
                       spec->kind);
    }
    tide_free(below);
    tide_free(above);
    return rv;
}

static tide_status tell_difference(const tide_job_spec *spec, const tide_graph *graph)
{
    if (spec->vertices.n != graph->n_vertices)
        return tide_fail(TIDE_E_MISMATCH, "it has %u operators here, %u where it was submitted",
                         graph->n_vertices, spec->vertices.n);
    for (uint32_t v = 0; v < graph->n_vertices; v++) {
        const tide_vertex_info *theirs = &spec->vertices.items[v];
        const tide_vertex *ours = &graph->vertices[v];
        if (strcmp(theirs->id, ours->id) != 0 || theirs->parallelism != ours->parallelism)
            return tide_fail(TIDE_E_MISMATCH,
                             "operator %u is %s (%s, parallelism %u) here, %s (%s, parallelism "
                             "%" PRIu64 ") where it was submitted",
                             v, ours->name, ours->id, ours->parallelism, theirs->name, theirs->id,
                             theirs->parallelism);
    }
    return tide_fail(TIDE_E_MISMATCH, "expressions or columns differ");
}

/* One job, one plan: whoever builds it. 0: who submitted it has not planned it. */
static tide_status check_hash(const tide_job_spec *spec, const tide_graph *graph)
{
    if (spec->plan_hash == 0 || spec->plan_hash == graph->plan_hash) return TIDE_OK;
    return tide_because(tell_difference(spec, graph),
                        "the plan built on this worker differs from the one submitted (is its "
                        "version another, or does the job depend on where it runs?)");
}

tide_status runner_load(const tide_job_spec *spec, const char *artifact_path, runner_plan *out)
{
    *out = (runner_plan){ 0 };
    tide_status rv = load_plan(spec, artifact_path, out);
    if (rv == TIDE_OK) {
        out->settings.parallelism = spec->parallelism;
        rv = tide_graph_build(out->plan, &out->settings, &out->graph);
    }
    if (rv == TIDE_OK) rv = check_hash(spec, out->graph);
    if (rv != TIDE_OK) runner_unload(out);
    return rv;
}

void runner_unload(runner_plan *self)
{
    tide_graph_free(&self->graph);
    tide_plan_free(&self->plan);
    tide_library_close(&self->library);
}
