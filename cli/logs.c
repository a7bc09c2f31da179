/* logs.c - `tidemill logs`: what a job's runners wrote. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/net/uri.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define RUNNERS_MAX 1024u
#define FOLLOW_MS 300

typedef struct source {
    char agent[64];
    uint64_t offset;
} source;

typedef struct follow {
    remote r;
    const char *job; /* Escaped. */
    uint32_t n;
    source sources[RUNNERS_MAX];
    bool is_over; /* The job. */
} follow;

static void add_source(follow *self, const char *agent)
{
    for (uint32_t s = 0; s < self->n; s++)
        if (strcmp(self->sources[s].agent, agent) == 0) return;
    if (self->n == RUNNERS_MAX) return;
    source *added = &self->sources[self->n++];
    snprintf(added->agent, sizeof added->agent, "%s", agent);
    added->offset = 0;
}

/* An ended job has no runners; what they wrote is still where they were. */
static tide_status add_workers(follow *self)
{
    json_t *root, *worker;
    size_t i;
    TIDE_TRY(remote_get(&self->r, "/taskmanagers", &root));
    json_array_foreach(json_object_get(root, "taskmanagers"), i, worker)
        add_source(self, remote_text(worker, "id"));
    json_decref(root);
    return TIDE_OK;
}

/* A runner per agent; one that comes with a new attempt goes on in the same file. */
static tide_status find_sources(follow *self)
{
    json_t *job, *runner;
    size_t i;
    TIDE_TRY(remote_getf(&self->r, &job, "/jobs/%s", self->job));
    json_array_foreach(json_object_get(job, "runners"), i, runner)
        add_source(self, remote_text(runner, "taskmanager-id"));
    const char *state = remote_text(job, "state");
    self->is_over = strcmp(state, "FINISHED") == 0 || strcmp(state, "CANCELED") == 0 ||
                    strcmp(state, "FAILED") == 0;
    bool is_lost = strcmp(state, "SUSPENDED") == 0; /* Its runners may run, wherever they are. */
    json_decref(job);
    return (self->is_over || is_lost) && self->n == 0 ? add_workers(self) : TIDE_OK;
}

/* Prints what is new; *more is true when something was. */
static tide_status print_new(follow *self, source *from, bool *more)
{
    char path[512];
    snprintf(path, sizeof path, "/jobs/%s/logs?agent=%s&offset=%" PRIu64, self->job, from->agent,
             from->offset);
    tide_bytes text = { 0 };
    const tide_client_call call = { .path = path };
    tide_status rv = tide_client_perform(self->r.client, &call, &text);
    if (rv != TIDE_OK || text.n == 0) {
        tide_bytes_fini(&text);
        return rv;
    }
    from->offset += text.n;
    *more = true;
    return tide_output_text(&text) == TIDE_EXIT_OK ? TIDE_OK : TIDE_E_CANCELLED; /* It was said. */
}

static tide_status run(follow *self, bool follows)
{
    for (;;) {
        TIDE_TRY(find_sources(self));
        bool was_over = self->is_over, more = false;
        for (uint32_t i = 0; i < self->n; i++) {
            tide_status rv = print_new(self, &self->sources[i], &more);
            /* A worker that went away takes its part along; the others' is still worth having. */
            if (rv != TIDE_OK && (rv != TIDE_E_NOT_FOUND || self->n == 1)) return rv;
        }
        if (more) continue;
        if (!follows || was_over) return TIDE_OK;
        tide_client_pause(FOLLOW_MS);
    }
}

int tide_command_logs(const tide_args *args)
{
    follow *self = tide_calloc(1, sizeof *self);
    tide_exit code = remote_open(&self->r, args);
    if (code == TIDE_EXIT_OK) {
        tide_bytes id = { 0 };
        tide_uri_escape(args->operands[0], &id);
        self->job = tide_bytes_text(&id);
        tide_status rv = run(self, tide_args_has(args, "follow"));
        code = tide_exit_report(rv, TIDE_PHASE_RUN);
        tide_bytes_fini(&id);
        remote_close(&self->r);
    }
    tide_free(self);
    return code;
}
