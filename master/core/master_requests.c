/* master_requests.c - what clients ask for: submit, cancel, stop, logs, upload. */
#include <inttypes.h>
#include <stdio.h>

#include "base/core/mem.h"
#include "master/core/master_priv.h"

static bool is_id(const char *id)
{
    return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

static void wait_for(tide_master *self, tide_master_job *job, const tide_master_request *request)
{
    if (job->n_waiters == TIDE_JOB_WAITERS_MAX) {
        tide_master_reply_failure(self, request->id, TIDE_E_LIMIT,
                                  "too many requests wait for job %s; try again", job->id);
        return;
    }
    job->waiters[job->n_waiters++] = (tide_job_waiter){ request->id, request->kind };
}

/* ---- submitting ---- */

static uint32_t count_unfinished(const tide_master *self)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n_jobs; i++)
        n += self->jobs[i]->stage != TIDE_STAGE_KEPT &&
             self->jobs[i]->stage != TIDE_STAGE_FORGETTING;
    return n;
}

static tide_status check_spec(const tide_master *self, const tide_job_spec *spec)
{
    bool is_library = strcmp(spec->kind, "library") == 0;
    if (!is_library && strcmp(spec->kind, "sql") != 0)
        return tide_fail(TIDE_E_INVALID, "a job is \"sql\" or \"library\", not \"%.40s\"",
                         spec->kind);
    if (spec->parallelism < 1 || spec->parallelism > TIDE_MASTER_PARALLELISM_MAX)
        return tide_fail(TIDE_E_INVALID, "parallelism %" PRIu64 " is not 1 to %u",
                         spec->parallelism, TIDE_MASTER_PARALLELISM_MAX);
    if (is_library && !tide_artifacts_has(self->artifacts, spec->artifact))
        return tide_fail(TIDE_E_NOT_FOUND, "artifact %.40s is not here; upload it first",
                         spec->artifact);
    if (count_unfinished(self) >= TIDE_MASTER_JOBS_MAX)
        return tide_fail(TIDE_E_LIMIT, "there are %u unfinished jobs; end some first",
                         TIDE_MASTER_JOBS_MAX);
    return TIDE_OK;
}

bool tide_master_same_spec(const tide_job_spec *a, const tide_job_spec *b)
{
    tide_bytes x = { 0 }, y = { 0 };
    const tide_log_submitted of_a = { .job = "", .spec = *a }, of_b = { .job = "", .spec = *b };
    tide_msg_encode(TIDE_MSG_LOG_SUBMITTED, &of_a, &x);
    tide_msg_encode(TIDE_MSG_LOG_SUBMITTED, &of_b, &y);
    bool same = x.n == y.n && memcmp(x.p, y.p, x.n) == 0;
    tide_bytes_fini(&x);
    tide_bytes_fini(&y);
    return same;
}

static void submit_again(tide_master *self, tide_master_job *job,
                         const tide_master_request *request)
{
    if (!job->spec || !tide_master_same_spec(job->spec, request->spec))
        tide_master_reply_failure(self, request->id, TIDE_E_EXISTS,
                                  "there is another job of the id %s", job->id);
    else if (job->stage == TIDE_STAGE_SUBMITTING)
        wait_for(self, job, request);
    else
        tide_master_reply_to(self, &(tide_master_reply){
                                       .id = request->id,
                                       .text = "",
                                       .leader_control = "",
                                       .leader_rest = "",
                                       .job = tide_arena_strdup(self->step_arena, job->id),
                                       .existed = true });
}

static void choose_id(tide_master *self, char id[17])
{
    do snprintf(id, 17, "%016" PRIx64, tide_random_u64(&self->random));
    while (tide_master_find_job(self, id));
}

static void submit(tide_master *self, const tide_master_request *request)
{
    char id[17];
    if (*request->job && !is_id(request->job)) {
        tide_master_reply_failure(self, request->id, TIDE_E_INVALID,
                                  "a job's id is 16 hex digits in lower case, not \"%.40s\"",
                                  request->job);
        return;
    }
    tide_master_job *there = *request->job ? tide_master_find_job(self, request->job) : NULL;
    if (there) {
        submit_again(self, there, request);
        return;
    }
    tide_status rv = tide_leases_has(self->leases, request->job)
                         ? tide_fail(TIDE_E_EXISTS, "a driver has the id %s", request->job)
                         : check_spec(self, request->spec);
    if (rv != TIDE_OK) {
        tide_master_reply_failure(self, request->id, rv, "%s", tide_error_text());
        return;
    }
    if (*request->job)
        memcpy(id, request->job, sizeof id);
    else
        choose_id(self, id);
    tide_master_job *job = tide_master_add_job(self, id, TIDE_STAGE_SUBMITTING);
    job->spec = TIDE_COPY_RECORD(job_spec, request->spec, job->arena);
    wait_for(self, job, request);
    const tide_log_submitted entry = { .job = job->id, .at_us = self->wall_us, .spec = *job->spec };
    tide_decision_log_acts acts = { 0 };
    job->log = tide_decision_log_new(job->id, tide_master_term_of(self), self->config.id);
    tide_decision_log_create(job->log, &entry, &acts);
    tide_master_on_log(self, job, &acts);
}

/* ---- cancelling, stopping ---- */

static void ask_job(tide_master *self, tide_master_job *job, const tide_master_request *request)
{
    if (tide_master_is_suspended(job)) {
        tide_master_reply_failure(self, request->id, job->error->code, "%s", job->error->text);
        return;
    }
    wait_for(self, job, request);
    if (job->stage != TIDE_STAGE_LIVE) return; /* It has ended: the waiter is told how. */
    tide_master_step_job(self, job,
                         (tide_coordinator_event){ .kind = TIDE_COORDINATOR_REQUEST,
                                                   .request = request->kind == TIDE_MASTER_STOP
                                                                  ? TIDE_REQUEST_STOP
                                                                  : TIDE_REQUEST_CANCEL });
}

/* ---- logs ---- */

static uint64_t most_bytes(const tide_master_request *request)
{
    uint64_t most = request->bytes_max;
    return most == 0 || most > TIDE_MASTER_CHUNK_BYTES ? TIDE_MASTER_CHUNK_BYTES : most;
}

/* What is left of a worker that is gone. */
static void answer_from_tail(tide_master *self, const tide_tail *tail,
                             const tide_master_request *request)
{
    uint64_t end = tail->offset + tail->bytes.n;
    uint64_t from = request->offset < tail->offset ? tail->offset : request->offset;
    uint64_t n = from < end ? end - from : 0, most = most_bytes(request);
    if (n > most) n = most;
    const uint8_t *copy =
        n ? memcpy(tide_arena_alloc(self->step_arena, n), tail->bytes.p + (from - tail->offset), n)
          : NULL;
    tide_master_reply_to(self, &(tide_master_reply){
                                   .id = request->id,
                                   .text = "",
                                   .leader_control = "",
                                   .leader_rest = "",
                                   .job = tide_arena_strdup(self->step_arena, tail->job),
                                   .data = { copy, n },
                                   .total = end });
}

static const char *last_place(const tide_master *self, const char *job)
{
    tide_tail tail;
    for (uint32_t i = tide_tails_n(self->tails); i-- > 0;) {
        tide_tails_at(self->tails, i, &tail);
        if (strcmp(tail.job, job) == 0) return tail.agent;
    }
    return "";
}

static void ask_logs(tide_master *self, const tide_master_job *job,
                     const tide_master_request *request)
{
    const char *agent = *request->agent ? request->agent : last_place(self, job->id);
    const tide_member *member = tide_membership_find(self->members, agent);
    tide_tail tail;
    bool is_known = tide_tails_find(self->tails, job->id, agent, &tail);
    if (is_known && tail.lost_us && tail.bytes.n) {
        answer_from_tail(self, &tail, request);
        return;
    }
    if (!member || !tide_member_lives(member)) {
        tide_master_reply_failure(self, request->id, TIDE_E_NOT_FOUND,
                                  is_known ? "%.200s: what the job printed there is gone with it"
                                  : *agent ? "worker %.40s is not there"
                                           : "job %s ran on no worker yet",
                                  is_known ? tail.lost_of
                                  : *agent ? agent
                                           : job->id);
        return;
    }
    if (self->n_questions == TIDE_MASTER_REQUESTS_MAX) {
        tide_master_reply_failure(self, request->id, TIDE_E_LIMIT, "too many requests; try again");
        return;
    }
    TIDE_GROW(self->questions, self->n_questions, self->cap_questions);
    self->questions[self->n_questions++] =
        (tide_log_question){ .request = request->id,
                             .number = ++self->next_question,
                             .agent = tide_strdup(agent),
                             .until_ns = self->now_ns + TIDE_MASTER_LOGS_NS };
    const tide_log_get get = { job->id, self->next_question, request->offset, most_bytes(request) };
    tide_master_send(self, member->peer, TIDE_MSG_LOG_GET, &get);
}

static void drop_question(tide_master *self, uint32_t i)
{
    tide_free(self->questions[i].agent);
    self->questions[i] = self->questions[--self->n_questions];
}

void tide_master_ask_tails(tide_master *self)
{
    const char *agent;
    tide_log_get get;
    while (tide_tails_next(self->tails, self->now_ns, &agent, &get))
        tide_master_send_agent(self, agent, TIDE_MSG_LOG_GET, &get);
}

void tide_master_on_log_data(tide_master *self, const tide_log_data *data)
{
    if (data->request & TIDE_TAIL_REQUEST) {
        tide_tails_answered(self->tails, data, self->now_ns);
        tide_master_ask_tails(self);
        return;
    }
    for (uint32_t i = 0; i < self->n_questions; i++) {
        const tide_log_question *q = &self->questions[i];
        if (q->number != data->request || strcmp(q->agent, data->agent) != 0) continue;
        const tide_log_data *copy = tide_msg_copy(TIDE_MSG_LOG_DATA, data, self->step_arena);
        tide_master_reply_to(self, &(tide_master_reply){ .id = q->request,
                                                         .text = "",
                                                         .leader_control = "",
                                                         .leader_rest = "",
                                                         .job = copy->job,
                                                         .data = copy->data,
                                                         .total = copy->total });
        drop_question(self, i);
        return;
    }
}

void tide_master_questions_tick(tide_master *self)
{
    for (uint32_t i = self->n_questions; i-- > 0;) {
        if (self->now_ns < self->questions[i].until_ns) continue;
        tide_master_reply_failure(self, self->questions[i].request, TIDE_E_TIMEOUT,
                                  "agent %s did not answer", self->questions[i].agent);
        drop_question(self, i);
    }
}

int64_t tide_master_questions_deadline_ns(const tide_master *self)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n_questions; i++)
        if (self->questions[i].until_ns < at) at = self->questions[i].until_ns;
    return at;
}

void tide_master_drop_questions(tide_master *self)
{
    while (self->n_questions) {
        tide_master_reply_redirect(self, self->questions[0].request);
        drop_question(self, 0);
    }
}

/* ---- dispatch ---- */

void tide_master_on_request(tide_master *self, const tide_master_request *request)
{
    if (!self->leads) {
        tide_master_reply_redirect(self, request->id);
        return;
    }
    if (!tide_master_is_ready(self)) {
        tide_master_reply_failure(self, request->id, TIDE_E_UNREACHABLE,
                                  "the master is taking over; try again");
        return;
    }
    if (request->kind == TIDE_MASTER_SUBMIT) {
        submit(self, request);
        return;
    }
    if (request->kind == TIDE_MASTER_UPLOAD) {
        if (!is_id(request->artifact) || request->bytes.n > TIDE_MASTER_ARTIFACT_MAX)
            tide_master_reply_failure(self, request->id, TIDE_E_INVALID,
                                      "an artifact is named by its checksum and has at most %u MiB",
                                      TIDE_MASTER_ARTIFACT_MAX >> 20);
        else
            tide_artifacts_upload(self->artifacts, request->id, request->artifact, request->bytes,
                                  self->now_ns);
        return;
    }
    tide_master_job *job = tide_master_find_job(self, request->job);
    if (!job || job->stage == TIDE_STAGE_FORGETTING)
        tide_master_reply_failure(self, request->id, TIDE_E_NOT_FOUND, "there is no job %.40s",
                                  request->job);
    else if (request->kind == TIDE_MASTER_LOGS)
        ask_logs(self, job, request);
    else
        ask_job(self, job, request);
}
