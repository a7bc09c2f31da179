/* view.c - copies of what there is; see view.h. */
#include "master/core/view.h"

#include <stdlib.h>

#include "base/core/assert.h"
#include "master/core/attempt.h"
#include "master/core/master_priv.h"

/* A job has a coordinator, or its log could not be read so far: then less is known. */
static bool is_seen(const tide_master_job *job)
{
    return job->stage != TIDE_STAGE_FORGETTING && (job->coordinator || job->error);
}

/* Storage that does not answer now is tried again, and then the job goes on. */
static tide_lifecycle state_of(const tide_master_job *job)
{
    if (!tide_master_is_suspended(job)) return tide_coordinator_state(job->coordinator);
    bool is_damaged = job->error->code == TIDE_E_CORRUPT ||
                      tide_status_class_of(job->error->code) != TIDE_STATUS_CLASS_RETRY;
    return is_damaged ? TIDE_LIFECYCLE_SUSPENDED : TIDE_LIFECYCLE_RECONCILING;
}

void tide_view_overview_of(const tide_master *master, tide_arena *arena, tide_view_overview *out)
{
    const tide_master_config *config = &master->config;
    *out = (tide_view_overview){
        .id = tide_arena_strdup(arena, config->id),
        .control = tide_arena_strdup(arena, config->control),
        .rest = tide_arena_strdup(arena, config->rest),
        .leads = master->leads,
        .ready = tide_master_is_ready(master),
        .term = tide_master_term_of(master),
        .leader_control = tide_arena_strdup(arena, tide_election_leader_control(master->election)),
        .leader_rest = tide_arena_strdup(arena, tide_election_leader_rest(master->election)),
    };
    if (!master->leads) return;
    out->leader_control = out->control;
    out->leader_rest = out->rest;
    for (uint32_t i = 0; i < tide_membership_n(master->members); i++) {
        if (tide_member_lives(tide_membership_at(master->members, i)))
            out->agents++;
        else
            out->agents_lost++;
    }
    out->slots_total = tide_slots_total(master->slots);
    out->slots_free = tide_slots_free_count(master->slots);
    out->leases = tide_leases_n(master->leases);
    for (uint32_t i = 0; i < master->n_jobs; i++)
        if (is_seen(master->jobs[i])) out->jobs[state_of(master->jobs[i])]++;
}

/* ---- jobs ---- */

/* What a person can do about it. */
static const char *print_suspension(const tide_master_job *job, tide_arena *arena)
{
    const char *advice = "the master tries again";
    if (state_of(job) == TIDE_LIFECYCLE_SUSPENDED)
        advice = tide_arena_printf(
            arena,
            "its runners are left alone; put that file of high-availability.storageDir back from "
            "a backup%s, or remove jobs/%s there, then the job is ended and forgotten",
            job->coordinator ? " and restart the master" : " and the job goes on", job->id);
    return tide_arena_printf(arena, "%s; %s", job->error->text, advice);
}

static const tide_job_spec *spec_of(const tide_master_job *job)
{
    static const tide_job_spec unknown = { .name = "?",
                                           .kind = "?",
                                           .text = "",
                                           .text_name = "",
                                           .artifact = "",
                                           .artifact_name = "",
                                           .explain = "" };
    return job->spec ? job->spec : &unknown;
}

static void view_suspended(const tide_master_job *job, tide_arena *arena, tide_view_job *out)
{
    const tide_job_spec *spec = spec_of(job);
    const tide_job_history *known = &job->known;
    *out = (tide_view_job){
        .id = tide_arena_strdup(arena, job->id),
        .name = tide_arena_strdup(arena, spec->name),
        .kind = tide_arena_strdup(arena, spec->kind),
        .state = state_of(job),
        .request = known->request,
        .parallelism = spec->parallelism,
        .plan_hash = spec->plan_hash,
        .attempt = known->attempt,
        .n_failed = known->n_restarts,
        .bounded = spec->bounded,
        .submitted_us = known->submitted_us ? known->submitted_us : job->suspended_us,
        .why_waiting = print_suspension(job, arena),
    };
    out->since_us[TIDE_LIFECYCLE_CREATED] = known->submitted_us;
    out->since_us[out->state] = job->suspended_us;
}

static void view_job(const tide_master_job *job, tide_arena *arena, tide_view_job *out)
{
    if (!job->coordinator) {
        view_suspended(job, arena, out);
        return;
    }
    const tide_coordinator *c = job->coordinator;
    const tide_job_spec *spec = tide_coordinator_spec(c);
    *out = (tide_view_job){
        .id = tide_arena_strdup(arena, job->id),
        .name = tide_arena_strdup(arena, spec->name),
        .kind = tide_arena_strdup(arena, spec->kind),
        .state = state_of(job),
        .request = tide_coordinator_request(c),
        .parallelism = spec->parallelism,
        .plan_hash = spec->plan_hash,
        .attempt = tide_coordinator_attempt(c),
        .n_failed = tide_coordinator_n_failed(c),
        .bounded = spec->bounded,
        .submitted_us = tide_coordinator_submitted_us(c),
        .ended_us = tide_coordinator_ended_us(c),
        .why_waiting = tide_arena_strdup(arena, tide_coordinator_why_waiting(c)),
        .n_runners =
            tide_lifecycle_is_final(tide_coordinator_state(c)) ? 0 : tide_coordinator_n_runners(c),
    };
    for (uint32_t s = 0; s < TIDE_LIFECYCLE_COUNT; s++)
        out->since_us[s] = tide_coordinator_since_us(c, (tide_lifecycle)s);
    if (!tide_master_is_suspended(job)) return;
    out->why_waiting = print_suspension(job, arena);
    out->since_us[out->state] = job->suspended_us;
}

static int newest_first(const void *a_v, const void *b_v)
{
    const tide_view_job *a = a_v, *b = b_v;
    if (a->submitted_us != b->submitted_us) return a->submitted_us < b->submitted_us ? 1 : -1;
    return strcmp(a->id, b->id);
}

void tide_view_jobs_of(const tide_master *master, tide_arena *arena, tide_view_jobs *out)
{
    *out = (tide_view_jobs){ 0 };
    if (!master->leads) return;
    tide_view_job *jobs = TIDE_NEW_N(arena, tide_view_job, master->n_jobs);
    for (uint32_t i = 0; i < master->n_jobs; i++)
        if (is_seen(master->jobs[i])) view_job(master->jobs[i], arena, &jobs[out->n++]);
    if (out->n) qsort(jobs, out->n, sizeof *jobs, newest_first);
    out->items = jobs;
}

static void view_runners(const tide_coordinator *c, tide_arena *arena, tide_view_job_detail *out)
{
    uint32_t n_tasks = 0, n = tide_coordinator_n_runners(c);
    tide_runner_view from;
    tide_view_runner *runners = TIDE_NEW_N(arena, tide_view_runner, n);
    for (uint32_t i = 0; i < n; i++) {
        tide_coordinator_runner(c, i, &from);
        uint64_t *slots = TIDE_NEW_N(arena, uint64_t, from.n_slots);
        if (from.n_slots) memcpy(slots, from.slots, from.n_slots * sizeof *slots);
        runners[i] = (tide_view_runner){ .runner = from.runner,
                                         .pid = from.report->pid,
                                         .rss_bytes = from.stats ? from.stats->rss_bytes : 0,
                                         .agent = tide_arena_strdup(arena, from.agent),
                                         .host = tide_arena_strdup(arena, from.host),
                                         .rest = tide_arena_strdup(arena, from.report->rest),
                                         .state = from.report->state,
                                         .gone = from.gone,
                                         .n_slots = from.n_slots,
                                         .slots = slots };
        if (from.stats) n_tasks += from.stats->tasks.n;
    }
    tide_view_task *tasks = TIDE_NEW_N(arena, tide_view_task, n_tasks);
    for (uint32_t i = 0; i < n; i++) {
        tide_coordinator_runner(c, i, &from);
        for (uint32_t t = 0; from.stats && t < from.stats->tasks.n; t++) {
            const tide_task_stats *now = &from.stats->tasks.items[t];
            tasks[out->n_tasks++] =
                (tide_view_task){ .runner = from.runner,
                                  .agent = runners[i].agent,
                                  .host = runners[i].host,
                                  .stats = *TIDE_COPY_RECORD(task_stats, now, arena),
                                  .recent = tide_stats_since(from.before, t, now) };
        }
    }
    out->n_runners = n;
    out->runners = runners;
    out->tasks = tasks;
}

static int by_vertex(const void *a_v, const void *b_v)
{
    const tide_task_stats *a = &((const tide_view_task *)a_v)->stats;
    const tide_task_stats *b = &((const tide_view_task *)b_v)->stats;
    if (a->vertex != b->vertex) return a->vertex < b->vertex ? -1 : 1;
    if (a->subtask != b->subtask) return a->subtask < b->subtask ? -1 : 1;
    return 0;
}

static void view_failures(const tide_coordinator *c, tide_arena *arena, tide_view_job_detail *out)
{
    out->n_failures = tide_coordinator_n_failures(c);
    tide_view_failure *failures = TIDE_NEW_N(arena, tide_view_failure, out->n_failures);
    for (uint32_t i = 0; i < out->n_failures; i++) {
        tide_attempt_failure from;
        tide_coordinator_failure(c, i, &from);
        failures[i] =
            (tide_view_failure){ .attempt = from.attempt,
                                 .at_us = from.at_us,
                                 .agent = tide_arena_strdup(arena, from.agent),
                                 .failure = *TIDE_COPY_RECORD(failure, from.failure, arena) };
    }
    out->failures = failures;
}

static void view_places(const tide_master *master, const char *id, tide_arena *arena,
                        tide_view_job_detail *out)
{
    uint32_t n = tide_tails_n(master->tails);
    tide_view_place *places = TIDE_NEW_N(arena, tide_view_place, n);
    for (uint32_t i = 0; i < n; i++) {
        tide_tail tail;
        tide_tails_at(master->tails, i, &tail);
        if (strcmp(tail.job, id) != 0) continue;
        places[out->n_places++] =
            (tide_view_place){ .agent = tide_arena_strdup(arena, tail.agent),
                               .host = tide_arena_strdup(arena, tail.host),
                               .lost_us = tail.lost_us,
                               .lost_of = tide_arena_strdup(arena, tail.lost_of),
                               .offset = tail.offset,
                               .bytes = tail.bytes.n };
    }
    out->places = places;
}

bool tide_view_job_of(const tide_master *master, const char *id, tide_arena *arena,
                      tide_view_job_detail *out)
{
    *out = (tide_view_job_detail){ 0 };
    const tide_master_job *job = master->leads ? tide_master_find_job(master, id) : NULL;
    if (!job || !is_seen(job)) return false;
    const tide_coordinator *c = job->coordinator;
    view_job(job, arena, &out->job);
    out->spec = TIDE_COPY_RECORD(job_spec, spec_of(job), arena);
    if (c) {
        view_runners(c, arena, out);
        if (out->n_tasks) qsort((void *)out->tasks, out->n_tasks, sizeof *out->tasks, by_vertex);
        view_failures(c, arena, out);
    }
    view_places(master, id, arena, out);
    return true;
}

/* ---- agents, leases ---- */

static void view_agent(const tide_master *master, const tide_member *from, int64_t now_ns,
                       tide_arena *arena, tide_view_agent *out)
{
    bool lives = tide_member_lives(from);
    tide_view_slot *slots = TIDE_NEW_N(arena, tide_view_slot, from->n_slots);
    for (uint32_t i = 0; i < from->n_slots; i++) {
        const char *owner =
            lives ? tide_slots_owner(master->slots, from->id, (uint32_t)from->slots[i].local)
                  : NULL;
        slots[i] = (tide_view_slot){ from->slots[i], owner ? tide_arena_strdup(arena, owner) : "" };
    }
    *out = (tide_view_agent){
        .id = tide_arena_strdup(arena, from->id),
        .host = tide_arena_strdup(arena, from->host),
        .version = tide_arena_strdup(arena, from->version),
        .data_host = tide_arena_strdup(arena, from->data_host),
        .rest = tide_arena_strdup(arena, from->rest),
        .pid = from->pid,
        .state = from->state,
        .joined_us = from->joined_us,
        .silent_ns = now_ns - from->heard_ns,
        .n_slots = from->n_slots,
        .n_free = lives ? tide_slots_free_on(master->slots, from->id) : 0,
        .slots = slots,
    };
}

void tide_view_agents_of(const tide_master *master, int64_t now_ns, tide_arena *arena,
                         tide_view_agents *out)
{
    *out = (tide_view_agents){ 0 };
    if (!master->leads) return;
    out->n = tide_membership_n(master->members);
    tide_view_agent *agents = TIDE_NEW_N(arena, tide_view_agent, out->n);
    for (uint32_t i = 0; i < out->n; i++)
        view_agent(master, tide_membership_at(master->members, i), now_ns, arena, &agents[i]);
    out->items = agents;
}

void tide_view_leases_of(const tide_master *master, tide_arena *arena, tide_view_leases *out)
{
    *out = (tide_view_leases){ 0 };
    if (!master->leads) return;
    out->n = tide_leases_n(master->leases);
    tide_view_lease *leases = TIDE_NEW_N(arena, tide_view_lease, out->n);
    for (uint32_t i = 0; i < out->n; i++) {
        tide_lease_view from;
        tide_leases_at(master->leases, i, &from);
        leases[i] = (tide_view_lease){ .job = tide_arena_strdup(arena, from.job),
                                       .name = tide_arena_strdup(arena, from.name),
                                       .endpoint = tide_arena_strdup(arena, from.endpoint),
                                       .state = tide_lease_phase_name(from.phase),
                                       .why = tide_arena_strdup(arena, from.why),
                                       .n_slots = from.n_slots,
                                       .n_agents = from.n_agents };
    }
    out->items = leases;
}
