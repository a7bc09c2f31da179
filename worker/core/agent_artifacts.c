/* agent_artifacts.c - libraries come in chunks from whoever wants them to run. */
#include "worker/core/agent_priv.h"

#define ARTIFACT_BYTES_MAX (UINT64_C(1) << 30) /* A library with its debug information. */

static agent_fetch *find_fetch(const tide_agent *self, const char *artifact)
{
    for (uint32_t i = 0; i < self->n_fetches; i++)
        if (strcmp(self->fetches[i].artifact, artifact) == 0) return &self->fetches[i];
    return NULL;
}

static void drop_fetch(tide_agent *self, agent_fetch *fetch)
{
    tide_free(fetch->artifact);
    *fetch = self->fetches[--self->n_fetches];
}

static bool waits_for(const agent_runner *r, const char *artifact)
{
    return r->phase == RUNNER_AWAITS_ARTIFACT && strcmp(r->start->spec.artifact, artifact) == 0;
}

void agent_await_artifact(tide_agent *self, agent_runner *r)
{
    const char *artifact = r->start->spec.artifact;
    r->phase = RUNNER_AWAITS_ARTIFACT;
    if (find_fetch(self, artifact)) return;
    TIDE_GROW(self->fetches, self->n_fetches, self->cap_fetches);
    self->fetches[self->n_fetches++] =
        (agent_fetch){ .artifact = tide_strdup(artifact), .state = FETCH_FINDING, .due_ns = NEVER };
    agent_act(self, &(tide_agent_action){ .kind = TIDE_AGENT_ARTIFACT_FIND, .text = artifact });
}

static void fail_waiting(tide_agent *self, const char *artifact, tide_status code, const char *why)
{
    const tide_failure failure = {
        .code = code,
        .text = tide_arena_printf(self->step_arena, "artifact %s: %s", artifact, why),
    };
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (waits_for(self->runners[i], artifact)) agent_end(self, self->runners[i], &failure);
}

void agent_on_artifact(tide_agent *self, const tide_agent_artifact *a)
{
    agent_fetch *fetch = find_fetch(self, a->artifact);
    if (fetch == NULL) return;
    if (a->path == NULL && a->failure == NULL) {
        fetch->state = FETCH_READING;
        fetch->offset = 0;
        fetch->due_ns = self->now_ns;
        return;
    }
    if (a->failure) fail_waiting(self, a->artifact, TIDE_E_CORRUPT, a->failure);
    for (uint32_t i = 0; a->path && i < self->n_runners; i++)
        if (waits_for(self->runners[i], a->artifact)) agent_spawn(self, self->runners[i], a->path);
    drop_fetch(self, fetch);
}

void agent_on_artifact_data(tide_agent *self, const tide_artifact_data *m)
{
    agent_fetch *fetch = find_fetch(self, m->artifact);
    if (fetch == NULL || fetch->state != FETCH_READING || m->offset != fetch->offset) return;
    if (m->total == 0 || m->total > ARTIFACT_BYTES_MAX) {
        fail_waiting(self, m->artifact, m->total ? TIDE_E_LIMIT : TIDE_E_NOT_FOUND,
                     m->total ? "it is larger than 1 GiB" : "the master does not have it");
        drop_fetch(self, fetch);
        return;
    }
    if (m->data.n == 0 || m->data.n > m->total - m->offset) return;
    agent_act(self, &(tide_agent_action){
                        .kind = TIDE_AGENT_ARTIFACT_WRITE,
                        .data = tide_msg_copy(TIDE_MSG_ARTIFACT_DATA, m, self->step_arena) });
    fetch->offset += m->data.n;
    fetch->state = fetch->offset == m->total ? FETCH_STORING : FETCH_READING;
    fetch->due_ns = fetch->state == FETCH_READING ? self->now_ns : NEVER;
}

/* The job of a runner that waits for it, whose coordinator has it; NULL: nobody waits any more. */
static const char *job_that_waits(const tide_agent *self, const char *artifact)
{
    for (uint32_t i = 0; i < self->n_runners; i++)
        if (waits_for(self->runners[i], artifact)) return self->runners[i]->report.job;
    return NULL;
}

void agent_artifacts_timers(tide_agent *self)
{
    for (uint32_t i = self->n_fetches; i-- > 0;) {
        agent_fetch *fetch = &self->fetches[i];
        if (fetch->due_ns > self->now_ns) continue;
        const char *job = job_that_waits(self, fetch->artifact);
        if (job == NULL) {
            drop_fetch(self, fetch);
            continue;
        }
        fetch->due_ns = self->now_ns + self->config.retry_ns;
        const tide_artifact_get m = { .artifact = fetch->artifact, .offset = fetch->offset };
        agent_send_to_owner(self, job, TIDE_MSG_ARTIFACT_GET, &m);
    }
}
