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
    bool is_lost; /* The worker: the master has the end of what it printed, or nothing. */
} source;

typedef struct follow {
    remote r;
    const char *job; /* Escaped. */
    uint32_t n;
    source sources[RUNNERS_MAX];
    bool is_over; /* The job. */
} follow;

static source *add_source(follow *self, const char *agent)
{
    for (uint32_t s = 0; s < self->n; s++)
        if (strcmp(self->sources[s].agent, agent) == 0) return &self->sources[s];
    if (self->n == RUNNERS_MAX) return NULL;
    source *added = &self->sources[self->n++];
    *added = (source){ 0 };
    snprintf(added->agent, sizeof added->agent, "%s", agent);
    return added;
}

/* Says once that a worker is lost, since when, and how much of what it printed is left. */
static void note_loss(source *from, const json_t *place)
{
    char when[48];
    int64_t lost = remote_int(place, "lost"), kept = remote_int(place, "bytes-kept");
    uint64_t begin = (uint64_t)remote_int(place, "offset");
    if (lost < 0 || from->is_lost) return;
    from->is_lost = true;
    fprintf(stderr, "tidemill logs: worker %s on host %s is lost since %s UTC (%s): ", from->agent,
            remote_text(place, "host"), remote_time(lost, when), remote_text(place, "reason"));
    if (kept == 0)
        fprintf(stderr, "what the job printed there is gone with it\n");
    else if (from->offset < begin)
        fprintf(stderr,
                "of what the job printed there, the master has the last %" PRId64 " bytes\n", kept);
    else
        fprintf(stderr, "its last second may be missing\n");
    if (from->offset < begin) from->offset = begin;
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
    json_t *job, *place;
    size_t i;
    TIDE_TRY(remote_getf(&self->r, &job, "/jobs/%s", self->job));
    json_array_foreach(json_object_get(job, "logs"), i, place)
    {
        source *from = add_source(self, remote_text(place, "taskmanager-id"));
        if (from) note_loss(from, place);
    }
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
            bool is_gone = rv == TIDE_E_NOT_FOUND && (self->sources[i].is_lost || self->n > 1);
            if (rv != TIDE_OK && !is_gone) return rv;
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
