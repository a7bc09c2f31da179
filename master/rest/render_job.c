/* render_job.c - one job as JSON. */
#include <string.h>

#include "master/rest/rest_priv.h"

const char *rest_task_state(const tide_view_job_detail *job, const tide_view_task *task)
{
    static const char *const names[] = { "SCHEDULED", "SCHEDULED", "DEPLOYING", "INITIALIZING",
                                         "RUNNING",   "FINISHED",  "FAILED",    "CANCELED" };
    if (strcmp(task->stats.state, "finished") == 0) return "FINISHED";
    for (uint32_t i = 0; i < job->n_runners; i++)
        if (job->runners[i].runner == task->runner && job->runners[i].state <= TIDE_RUNNER_EXITED)
            return names[job->runners[i].state];
    return "SCHEDULED";
}

/* A vertex's subtasks in one: sums, and FINISHED when all of them are. */
typedef struct vertex_sum {
    uint64_t rows_in, rows_out, bytes_in, bytes_out, late_rows, bad_rows;
    uint64_t busy_ns, idle_ns, backpressured_ns;
    rest_shares shares; /* Sums, too. */
    uint32_t n_timed;   /* Tasks with new time: not those that are over, or just begin. */
    double rows_in_rate, rows_out_rate;
    int64_t pending_rows; /* -1: no task can tell. */
    uint32_t n;
    int64_t watermark; /* The lowest. */
    const char *state;
} vertex_sum;

static void add_recent(vertex_sum *sum, const tide_task_stats *recent)
{
    rest_shares part = rest_shares_of(recent);
    sum->n_timed += part.seconds > 0;
    sum->shares.busy += part.busy;
    sum->shares.idle += part.idle;
    sum->shares.held += part.held;
    sum->rows_in_rate += rest_per_second(recent->rows_in, recent);
    sum->rows_out_rate += rest_per_second(recent->rows_out, recent);
}

static vertex_sum sum_vertex(const tide_view_job_detail *job, uint32_t vertex)
{
    vertex_sum sum = { .watermark = INT64_MAX,
                       .pending_rows = -1,
                       .state = tide_lifecycle_name(job->job.state) };
    for (uint32_t i = 0; i < job->n_tasks; i++) {
        const tide_task_stats *s = &job->tasks[i].stats;
        if (s->vertex != vertex) continue;
        sum.rows_in += s->rows_in;
        sum.rows_out += s->rows_out;
        sum.bytes_in += s->bytes_in;
        sum.bytes_out += s->bytes_out;
        sum.busy_ns += s->busy_ns;
        sum.idle_ns += s->idle_ns;
        sum.backpressured_ns += s->backpressured_ns;
        sum.late_rows += s->late_rows;
        sum.bad_rows += s->bad_rows;
        add_recent(&sum, &job->tasks[i].recent);
        if (s->pending_rows >= 0)
            sum.pending_rows = (sum.pending_rows > 0 ? sum.pending_rows : 0) + s->pending_rows;
        if (s->watermark < sum.watermark) sum.watermark = s->watermark;
        const char *state = rest_task_state(job, &job->tasks[i]);
        if (sum.n == 0 || strcmp(sum.state, "FINISHED") == 0) sum.state = state;
        sum.n++;
    }
    if (sum.n == 0) sum.watermark = INT64_MIN;
    /* Some have not told of themselves yet. */
    if (sum.n < job->spec->vertices.items[vertex].parallelism && strcmp(sum.state, "FINISHED") == 0)
        sum.state = tide_lifecycle_name(job->job.state);
    return sum;
}

/* How many subtasks are in each state. */
static json_t *count_states(const tide_view_job_detail *job, uint32_t vertex)
{
    json_t *counts = json_object();
    for (uint32_t i = 0; i < job->n_tasks; i++) {
        if (job->tasks[i].stats.vertex != vertex) continue;
        const char *state = rest_task_state(job, &job->tasks[i]);
        json_int_t n = json_integer_value(json_object_get(counts, state));
        json_object_set_new(counts, state, json_integer(n + 1));
    }
    return counts;
}

static json_t *render_io(const vertex_sum *sum)
{
    double each = sum->n_timed ? 1000.0 / sum->n_timed : 0;
    json_t *io =
        json_pack("{s:I,s:b,s:I,s:b,s:I,s:b,s:I,s:b,s:I,s:I,s:I,s:f,s:f,s:f,s:f,s:f}", "read-bytes",
                  (json_int_t)sum->bytes_in, "read-bytes-complete", sum->n > 0, "write-bytes",
                  (json_int_t)sum->bytes_out, "write-bytes-complete", sum->n > 0, "read-records",
                  (json_int_t)sum->rows_in, "read-records-complete", sum->n > 0, "write-records",
                  (json_int_t)sum->rows_out, "write-records-complete", sum->n > 0,
                  "accumulated-backpressured-time", (json_int_t)(sum->backpressured_ns / 1000000),
                  "accumulated-idle-time", (json_int_t)(sum->idle_ns / 1000000),
                  "accumulated-busy-time", (json_int_t)(sum->busy_ns / 1000000),
                  "busyTimeMsPerSecond", sum->shares.busy * each, "backPressuredTimeMsPerSecond",
                  sum->shares.held * each, "idleTimeMsPerSecond", sum->shares.idle * each,
                  "numRecordsInPerSecond", sum->rows_in_rate, "numRecordsOutPerSecond",
                  sum->rows_out_rate);
    if (sum->pending_rows >= 0)
        json_object_set_new(io, "pendingRecords", json_integer((json_int_t)sum->pending_rows));
    return io;
}

static json_t *render_vertices(const tide_view_job_detail *job, int64_t now_us)
{
    int64_t began_us = job->job.since_us[TIDE_LIFECYCLE_RUNNING];
    int64_t end_us = job->job.ended_us ? job->job.ended_us : now_us;
    json_t *list = json_array();
    for (uint32_t v = 0; v < job->spec->vertices.n; v++) {
        const tide_vertex_info *info = &job->spec->vertices.items[v];
        vertex_sum sum = sum_vertex(job, v);
        json_array_append_new(
            list,
            json_pack("{s:s,s:s,s:I,s:s,s:o,s:o,s:I,s:o,s:o,s:I,s:I}", "id", info->id, "name",
                      info->name, "parallelism", (json_int_t)info->parallelism, "status", sum.state,
                      "start-time", rest_time(began_us), "end-time", rest_time(job->job.ended_us),
                      "duration", (json_int_t)(began_us ? (end_us - began_us) / 1000 : -1), "tasks",
                      count_states(job, v), "metrics", render_io(&sum), "chain",
                      (json_int_t)info->chain, "watermark", (json_int_t)sum.watermark));
    }
    return list;
}

static json_t *render_runners(const tide_view_job_detail *job)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < job->n_runners; i++) {
        const tide_view_runner *r = &job->runners[i];
        json_t *slots = json_array();
        for (uint32_t s = 0; s < r->n_slots; s++)
            json_array_append_new(slots, json_integer((json_int_t)r->slots[s]));
        const char *state = r->state ? tide_runner_state_name((tide_runner_state)r->state) : "none";
        json_array_append_new(list,
                              json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:b,s:I,s:o}", "runner",
                                        (json_int_t)r->runner, "pid", (json_int_t)r->pid,
                                        "taskmanager-id", r->agent, "host", r->host, "rest",
                                        r->rest, "state", state, "gone", r->gone, "resident-bytes",
                                        (json_int_t)r->rss_bytes, "slots", slots));
    }
    return list;
}

/* Whose logs there are; of a lost worker the end only, if at all. */
static json_t *render_places(const tide_view_job_detail *job)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < job->n_places; i++) {
        const tide_view_place *p = &job->places[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:o,s:s,s:I,s:I}", "taskmanager-id", p->agent,
                                        "host", p->host, "lost", rest_time(p->lost_us), "reason",
                                        p->lost_of, "offset", (json_int_t)p->offset, "bytes-kept",
                                        (json_int_t)p->bytes));
    }
    return list;
}

static json_t *render_timestamps(const tide_view_job *job)
{
    json_t *times = json_object();
    for (int i = 0; i < TIDE_LIFECYCLE_COUNT; i++)
        json_object_set_new(times, tide_lifecycle_name((tide_lifecycle)i),
                            json_integer(job->since_us[i] / 1000));
    return times;
}

static json_t *plan_of(const tide_view_job_detail *job)
{
    json_t *nodes = json_array();
    for (uint32_t v = 0; v < job->spec->vertices.n; v++) {
        const tide_vertex_info *info = &job->spec->vertices.items[v];
        json_t *inputs = json_array();
        for (uint32_t e = 0; e < job->spec->edges.n; e++) {
            const tide_edge_info *edge = &job->spec->edges.items[e];
            if (edge->to != v || edge->from >= job->spec->vertices.n) continue;
            json_array_append_new(inputs, json_pack("{s:i,s:s,s:s,s:s,s:b}", "num",
                                                    (int)json_array_size(inputs), "id",
                                                    job->spec->vertices.items[edge->from].id,
                                                    "ship_strategy", edge->partitioner, "exchange",
                                                    "pipelined_bounded", "chained", edge->chained));
        }
        json_array_append_new(nodes,
                              json_pack("{s:s,s:I,s:s,s:s,s:s,s:o,s:{}}", "id", info->id,
                                        "parallelism", (json_int_t)info->parallelism, "operator",
                                        info->name, "operator_strategy", "", "description",
                                        info->name, "inputs", inputs, "optimizer_properties"));
    }
    return json_pack("{s:s,s:s,s:s,s:o}", "jid", job->job.id, "name", job->job.name, "type",
                     job->job.bounded ? "BATCH" : "STREAMING", "nodes", nodes);
}

json_t *rest_render_plan(const tide_view_job_detail *job)
{
    json_t *explain = json_loads(job->spec->explain, 0, NULL);
    return json_pack("{s:o,s:o}", "plan", plan_of(job), "explain", explain ? explain : json_null());
}

static const char *newest_failure(const tide_view_job_detail *job, tide_bytes *text)
{
    if (job->n_failures) rest_render_failure(&job->failures[0].failure, text);
    return tide_bytes_text(text);
}

json_t *rest_render_job(const tide_view_job_detail *job, int64_t now_us)
{
    const tide_view_job *j = &job->job;
    int64_t end_us = j->ended_us ? j->ended_us : now_us;
    tide_bytes failure = { 0 };
    json_t *root = json_pack(
        "{s:s,s:s,s:b,s:s,s:o,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:s,s:I,s:I,s:I,s:s,s:s,s:o,s:o}", "jid",
        j->id, "name", j->name, "isStoppable", 1, "state", tide_lifecycle_name(j->state),
        "start-time", rest_time(j->submitted_us), "end-time", rest_time(j->ended_us), "duration",
        (json_int_t)((end_us - j->submitted_us) / 1000), "maxParallelism", (json_int_t)-1, "now",
        rest_time(now_us), "timestamps", render_timestamps(j), "vertices",
        render_vertices(job, now_us), "plan", plan_of(job), "kind", j->kind, "parallelism",
        (json_int_t)j->parallelism, "attempt", (json_int_t)j->attempt, "failed-attempts",
        (json_int_t)j->n_failed, "waiting-for", j->why_waiting, "failure",
        newest_failure(job, &failure), "runners", render_runners(job), "logs", render_places(job));
    tide_bytes_fini(&failure);
    return root;
}

json_t *rest_render_job_status(const tide_view_job_detail *job)
{
    tide_bytes failure = { 0 };
    json_t *root = json_pack("{s:s,s:s,s:b,s:s,s:s,s:I}", "jid", job->job.id, "state",
                             tide_lifecycle_name(job->job.state), "is-final",
                             tide_lifecycle_is_final(job->job.state), "waiting-for",
                             job->job.why_waiting, "failure", newest_failure(job, &failure),
                             "attempt", (json_int_t)job->job.attempt);
    tide_bytes_fini(&failure);
    return root;
}

json_t *rest_render_job_config(const tide_view_job_detail *job)
{
    json_t *user = json_object();
    for (uint32_t i = 0; i < job->spec->settings_below.n; i++)
        json_object_set_new(user, job->spec->settings_below.items[i].key,
                            json_string(job->spec->settings_below.items[i].value));
    const char *restart = "cluster default";
    for (uint32_t i = 0; i < job->spec->settings_above.n; i++) {
        const tide_pair *pair = &job->spec->settings_above.items[i];
        json_object_set_new(user, pair->key, json_string(pair->value));
        if (strcmp(pair->key, "restart-strategy.type") == 0) restart = pair->value;
    }
    return json_pack("{s:s,s:s,s:{s:s,s:s,s:I,s:b,s:o}}", "jid", job->job.id, "name", job->job.name,
                     "execution-config", "execution-mode", "PIPELINED", "restart-strategy", restart,
                     "job-parallelism", (json_int_t)job->job.parallelism, "object-reuse-mode", 1,
                     "user-config", user);
}

/* JSON holds UTF-8 only; a failure may quote a record that is not. */
static void put_clean(const char *text, tide_bytes *out)
{
    json_t *whole = json_string(text);
    for (const char *c = text; *c; c++) tide_bytes_putc(out, whole || *c > 0 ? *c : '?');
    json_decref(whole);
}

void rest_render_failure(const tide_failure *failure, tide_bytes *out)
{
    put_clean(failure->text, out);
    if (failure->signal) tide_bytes_printf(out, " (signal %d)", (int)failure->signal);
    if (*failure->operator) tide_bytes_printf(out, "; operator %s", failure->operator);
    if (failure->batch) tide_bytes_printf(out, ", batch %llu", (unsigned long long)failure->batch);
    if (*failure->host) tide_bytes_printf(out, "; host %s", failure->host);
}

static json_t *render_exception(const tide_view_failure *f, const char *text)
{
    const char *name = f->failure.code > 0 && f->failure.code < TIDE_STATUS_COUNT
                           ? tide_status_name((tide_status)f->failure.code)
                           : "E_INTERNAL";
    return json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:I,s:[]}", "exceptionName", name, "stacktrace",
                     text, "timestamp", rest_time(f->at_us), "taskName", f->failure.operator,
                     "endpoint", f->failure.host, "taskManagerId", f->agent, "attempt",
                     (json_int_t)f->attempt, "concurrentExceptions");
}

json_t *rest_render_exceptions(const tide_view_job_detail *job)
{
    json_t *entries = json_array();
    json_t *root = json_pack("{s:n,s:n,s:[],s:b}", "root-exception", "timestamp", "all-exceptions",
                             "truncated", 0);
    for (uint32_t i = 0; i < job->n_failures; i++) {
        tide_bytes text = { 0 };
        rest_render_failure(&job->failures[i].failure, &text);
        if (i == 0) {
            json_object_set_new(root, "root-exception", json_string(tide_bytes_text(&text)));
            json_object_set_new(root, "timestamp", rest_time(job->failures[i].at_us));
        }
        json_array_append_new(entries, render_exception(&job->failures[i], tide_bytes_text(&text)));
        tide_bytes_fini(&text);
    }
    bool truncated = job->job.n_failed > job->n_failures;
    json_object_set_new(root, "exceptionHistory",
                        json_pack("{s:o,s:b}", "entries", entries, "truncated", truncated));
    return root;
}
