/* cluster_api.c - tidemill/client.h: submitting from a program. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/arena.h"
#include "base/core/mem.h"
#include "cli/exit.h"
#include "jobapi/client/client.h"
#include "jobapi/client/spec.h"
#include "tidemill/client.h"
#include "worker/runtime/load.h"

#define FOREVER_MS (INT64_C(365) * 86400 * 1000)

struct tide_cluster {
    tide_client *client; /* NULL: `opened` says why. */
    tide_error opened, error;
    tide_client_state state;
};

_Static_assert(TIDE_JOB_ID_BYTES == TIDE_CLIENT_ID_BYTES, "both are ids of jobs");
_Static_assert((int)TIDE_BAD_JOB == (int)TIDE_EXIT_SQL &&
                   (int)TIDE_REFUSED == (int)TIDE_EXIT_REFUSED,
               "results are exit codes");

tide_cluster *tide_cluster_connect(const char *masters, const char *token)
{
    tide_cluster *self = tide_calloc(1, sizeof *self);
    const char *named = getenv("TIDEMILL_MASTER");
    tide_clock *clock = tide_clock_real();
    const tide_client_config config = {
        .masters = masters ? masters
                   : named ? named
                           : "http://127.0.0.1:8081",
        .token = token,
        .clock = clock,
        .random_seed = (uint64_t)tide_clock_now_ns(clock) * 31 + (uint64_t)getpid(),
    };
    tide_status rv = tide_client_new(&config, &self->client);
    if (rv != TIDE_OK) tide_error_take(rv, &self->opened);
    return self;
}

void tide_cluster_close(tide_cluster **self_p)
{
    tide_cluster *self = *self_p;
    if (!self) return;
    tide_client_free(&self->client);
    tide_free(self);
    *self_p = NULL;
}

const char *tide_cluster_error(const tide_cluster *self)
{
    return self->error.text;
}

static int finish(tide_cluster *self, tide_status rv, tide_phase phase)
{
    self->error = (tide_error){ 0 };
    if (rv == TIDE_OK) return TIDE_DONE;
    tide_error_take(rv, &self->error);
    return rv == TIDE_E_INVALID && phase == TIDE_PHASE_RUN ? (int)TIDE_BAD_ARGUMENT
                                                           : (int)tide_exit_of(rv, phase);
}

static tide_status check_open(const tide_cluster *self)
{
    return self->client ? TIDE_OK : tide_error_raise(&self->opened);
}

/* ---- submitting ---- */

/* A job on its way: planned, with what it was planned from. */
typedef struct draft {
    tide_arena *arena;
    tide_library *library;
    tide_plan *plan;
    tide_graph *graph;
    tide_job_settings settings;
    tide_option *above;
    uint32_t n_above;
} draft;

static void draft_fini(draft *self)
{
    tide_graph_free(&self->graph);
    tide_plan_free(&self->plan);
    tide_library_close(&self->library);
    tide_arena_free(&self->arena);
}

static tide_status read_submission(draft *self, const tide_submission *how)
{
    const tide_submission nothing = { 0 };
    if (!how) how = &nothing;
    self->arena = tide_arena_new();
    self->above = TIDE_NEW_N(self->arena, tide_option, how->n_settings + 2);
    for (uint32_t i = 0; i < how->n_settings; i++) {
        const char *equals = strchr(how->settings[i], '=');
        if (!equals)
            return tide_fail(TIDE_E_OPTION, "a setting is \"key=value\", not \"%.100s\"",
                             how->settings[i]);
        size_t n = (size_t)(equals - how->settings[i]);
        self->above[self->n_above++] =
            (tide_option){ .key = tide_arena_strndup(self->arena, how->settings[i], n),
                           .value = equals + 1 };
    }
    if (how->name)
        self->above[self->n_above++] = (tide_option){ .key = "pipeline.name", .value = how->name };
    if (how->parallelism)
        self->above[self->n_above++] =
            (tide_option){ .key = "parallelism.default",
                           .value = tide_arena_printf(self->arena, "%u", how->parallelism) };
    return TIDE_OK;
}

static tide_status submit(tide_cluster *self, draft *d, tide_spec_source *source, const char *path,
                          char job[TIDE_JOB_ID_BYTES])
{
    char artifact[TIDE_CLIENT_ID_BYTES];
    if (path) {
        TIDE_TRY(tide_client_upload(self->client, path, artifact));
        source->artifact = artifact;
    }
    char *folder = getcwd(NULL, 0);
    source->folder = folder ? tide_arena_strdup(d->arena, folder) : "";
    free(folder);
    source->above = d->above;
    source->n_above = d->n_above;
    tide_job_spec spec;
    tide_spec_of(d->graph, source, d->arena, &spec);
    return tide_client_submit(self->client, &spec, job);
}

int tide_cluster_submit_sql(tide_cluster *self, const char *sql, const tide_submission *how,
                            char job[TIDE_JOB_ID_BYTES])
{
    draft d = { 0 };
    tide_status rv = check_open(self);
    if (rv == TIDE_OK) rv = read_submission(&d, how);
    const tide_load_settings around = { .above = d.above, .n_above = d.n_above };
    if (rv == TIDE_OK) rv = tide_load_sql(sql, strlen(sql), "sql", &around, &d.plan, &d.settings);
    if (rv == TIDE_OK) rv = tide_graph_build(d.plan, &d.settings, &d.graph);
    tide_phase phase = rv == TIDE_OK ? TIDE_PHASE_RUN : TIDE_PHASE_PLAN;
    tide_spec_source source = { .name = "sql" };
    if (rv == TIDE_OK) rv = submit(self, &d, &source, NULL, job);
    int result = finish(self, rv, phase);
    draft_fini(&d);
    return result;
}

int tide_cluster_submit_library(tide_cluster *self, const char *path, int argc, char **argv,
                                const tide_submission *how, char job[TIDE_JOB_ID_BYTES])
{
    draft d = { 0 };
    const char *slash = strrchr(path, '/');
    tide_status rv = check_open(self);
    if (rv == TIDE_OK) rv = read_submission(&d, how);
    const tide_load_settings around = { .above = d.above, .n_above = d.n_above };
    /* As a program sees it: its own name first. */
    char **words = tide_calloc((size_t)argc + 2, sizeof *words);
    words[0] = (char *)(uintptr_t)path;
    for (int i = 0; i < argc; i++) words[i + 1] = argv[i];
    if (rv == TIDE_OK)
        rv = tide_load_library(path, argc + 1, words, &around, &d.library, &d.plan, &d.settings);
    if (rv == TIDE_OK) rv = tide_graph_build(d.plan, &d.settings, &d.graph);
    tide_phase phase = rv == TIDE_OK ? TIDE_PHASE_RUN : TIDE_PHASE_PLAN;
    tide_spec_source source = { .name = slash ? slash + 1 : path,
                                .artifact_name = slash ? slash + 1 : path,
                                .args = (const char *const *)(words + 1),
                                .n_args = (uint32_t)argc };
    if (rv == TIDE_OK) rv = submit(self, &d, &source, path, job);
    int result = finish(self, rv, phase);
    draft_fini(&d);
    tide_free(words);
    return result;
}

/* ---- afterwards ---- */

int tide_cluster_wait(tide_cluster *self, const char *job, const char *state, int64_t timeout_ms)
{
    tide_status rv = check_open(self);
    if (rv == TIDE_OK)
        rv = tide_client_wait(self->client, job, state, timeout_ms < 0 ? FOREVER_MS : timeout_ms,
                              NULL, &self->state);
    return finish(self, rv, TIDE_PHASE_RUN);
}

int tide_cluster_cancel(tide_cluster *self, const char *job)
{
    tide_status rv = check_open(self);
    if (rv == TIDE_OK) rv = tide_client_cancel(self->client, job);
    return finish(self, rv, TIDE_PHASE_RUN);
}

int tide_cluster_stop(tide_cluster *self, const char *job)
{
    tide_status rv = check_open(self);
    if (rv == TIDE_OK) rv = tide_client_stop(self->client, job);
    return finish(self, rv, TIDE_PHASE_RUN);
}

const char *tide_cluster_state(tide_cluster *self, const char *job)
{
    tide_status rv = check_open(self);
    if (rv == TIDE_OK) rv = tide_client_job_state(self->client, job, &self->state);
    return finish(self, rv, TIDE_PHASE_RUN) == TIDE_DONE ? self->state.state : NULL;
}
