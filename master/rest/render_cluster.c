/* render_cluster.c - workers, slots, jobs and leases as JSON. */
#include "master/rest/rest_priv.h"

int64_t rest_ms(int64_t us)
{
    return us ? us / 1000 : -1;
}

json_t *rest_time(int64_t us)
{
    return json_integer(rest_ms(us));
}

static uint32_t in(const tide_view_overview *o, tide_lifecycle state)
{
    return o->jobs[state];
}

json_t *rest_render_overview(const tide_view_overview *o, const char *version)
{
    uint32_t over = in(o, TIDE_LIFECYCLE_FINISHED) + in(o, TIDE_LIFECYCLE_CANCELED) +
                    in(o, TIDE_LIFECYCLE_FAILED) + in(o, TIDE_LIFECYCLE_SUSPENDED);
    uint32_t all = 0;
    for (int i = 0; i < TIDE_LIFECYCLE_COUNT; i++) all += o->jobs[i];
    return json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:s,s:s,s:I,s:b,s:s,s:s}",
                     "taskmanagers", (int)o->agents, "taskmanagers-lost", (int)o->agents_lost,
                     "slots-total", (int)o->slots_total, "slots-available", (int)o->slots_free,
                     "jobs-running", (int)(all - over), "jobs-finished",
                     (int)in(o, TIDE_LIFECYCLE_FINISHED), "jobs-cancelled",
                     (int)in(o, TIDE_LIFECYCLE_CANCELED), "jobs-failed",
                     (int)in(o, TIDE_LIFECYCLE_FAILED), "jobs-suspended",
                     (int)in(o, TIDE_LIFECYCLE_SUSPENDED), "version", version, "master", o->id,
                     "term", (json_int_t)o->term, "leads", o->leads, "rest", o->rest, "control",
                     o->control);
}

json_t *rest_render_jobs(const tide_view_jobs *jobs)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < jobs->n; i++)
        json_array_append_new(list, json_pack("{s:s,s:s}", "id", jobs->items[i].id, "status",
                                              tide_lifecycle_name(jobs->items[i].state)));
    return json_pack("{s:o}", "jobs", list);
}

/* Slots by what they do: Flink's keys, of which a job of ours uses few. */
static json_t *count_slots(const tide_view_job *job)
{
    static const struct {
        const char *key;
        uint32_t states; /* A bit each. */
    } keys[] = {
        { "created", 1u << TIDE_LIFECYCLE_CREATED },
        { "scheduled", 1u << TIDE_LIFECYCLE_WAITING | 1u << TIDE_LIFECYCLE_NUMBERING |
                           1u << TIDE_LIFECYCLE_RESTARTING },
        { "deploying", 1u << TIDE_LIFECYCLE_PREPARING | 1u << TIDE_LIFECYCLE_DEPLOYING },
        { "running", 1u << TIDE_LIFECYCLE_RUNNING | 1u << TIDE_LIFECYCLE_STOPPING },
        { "finished", 1u << TIDE_LIFECYCLE_FINISHED | 1u << TIDE_LIFECYCLE_ENDING },
        { "canceling", 1u << TIDE_LIFECYCLE_CANCELLING },
        { "canceled", 1u << TIDE_LIFECYCLE_CANCELED },
        { "failed", 1u << TIDE_LIFECYCLE_FAILED | 1u << TIDE_LIFECYCLE_FAILING },
        { "reconciling", 1u << TIDE_LIFECYCLE_RECONCILING },
        { "initializing", 0 },
    };
    json_t *counts = json_pack("{s:I}", "total", (json_int_t)job->parallelism);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        bool is_it = keys[i].states >> job->state & 1;
        json_object_set_new(counts, keys[i].key,
                            json_integer(is_it ? (json_int_t)job->parallelism : 0));
    }
    return counts;
}

static json_t *render_job_line(const tide_view_job *job, int64_t now_us)
{
    int64_t end_us = job->ended_us ? job->ended_us : now_us, last_us = job->submitted_us;
    for (int i = 0; i < TIDE_LIFECYCLE_COUNT; i++)
        if (job->since_us[i] > last_us) last_us = job->since_us[i];
    return json_pack("{s:s,s:s,s:s,s:o,s:o,s:I,s:o,s:o,s:s,s:I,s:I,s:I,s:s}", "jid", job->id,
                     "name", job->name, "state", tide_lifecycle_name(job->state), "start-time",
                     rest_time(job->submitted_us), "end-time", rest_time(job->ended_us), "duration",
                     (json_int_t)((end_us - job->submitted_us) / 1000), "last-modification",
                     rest_time(last_us), "tasks", count_slots(job), "kind", job->kind,
                     "parallelism", (json_int_t)job->parallelism, "attempt",
                     (json_int_t)job->attempt, "restarts",
                     (json_int_t)(job->attempt ? job->attempt - 1 : 0), "waiting-for",
                     job->why_waiting);
}

json_t *rest_render_jobs_overview(const tide_view_jobs *jobs, int64_t now_us)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < jobs->n; i++)
        json_array_append_new(list, render_job_line(&jobs->items[i], now_us));
    return json_pack("{s:o}", "jobs", list);
}

json_t *rest_render_agent(const tide_view_agent *a, bool whole)
{
    json_t *agent =
        json_pack("{s:s,s:s,s:s,s:I,s:i,s:i,s:s,s:s,s:s,s:I,s:o}", "id", a->id, "path", a->rest,
                  "host", a->host, "timeSinceLastHeartbeat", (json_int_t)(a->silent_ns / 1000000),
                  "slotsNumber", (int)a->n_slots, "freeSlots", (int)a->n_free, "state",
                  tide_member_state_name(a->state), "version", a->version, "data-host",
                  a->data_host, "pid", (json_int_t)a->pid, "joined", rest_time(a->joined_us));
    if (!whole) return agent;
    json_t *slots = json_array();
    for (uint32_t i = 0; i < a->n_slots; i++) {
        const tide_view_slot *s = &a->slots[i];
        json_array_append_new(slots,
                              json_pack("{s:I,s:I,s:I,s:I,s:I,s:s}", "index",
                                        (json_int_t)s->info.local, "cpu", (json_int_t)s->info.cpu,
                                        "numa", (json_int_t)s->info.numa, "socket",
                                        (json_int_t)s->info.socket, "cache",
                                        (json_int_t)s->info.cache, "jobId", s->owner));
    }
    json_object_set_new(agent, "allocatedSlots", slots);
    return agent;
}

json_t *rest_render_agents(const tide_view_agents *agents)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < agents->n; i++)
        json_array_append_new(list, rest_render_agent(&agents->items[i], false));
    return json_pack("{s:o}", "taskmanagers", list);
}

json_t *rest_render_leases(const tide_view_leases *leases)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < leases->n; i++) {
        const tide_view_lease *l = &leases->items[i];
        json_array_append_new(list,
                              json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "job", l->job, "name",
                                        l->name, "endpoint", l->endpoint, "state", l->state,
                                        "waiting-for", l->why, "slots", (json_int_t)l->n_slots,
                                        "taskmanagers", (json_int_t)l->n_agents));
    }
    return json_pack("{s:o}", "leases", list);
}
