/* check_log.c - what lies in jobs/<id>/log. */
#include "tests/sim/check_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobapi/proto/proto.h"
#include "tests/sim/sim.h"
#include "tests/sim/store.h"

typedef struct job_log {
    char job[32];
    uint64_t n, term, attempt, restarts;
    uint64_t *terms; /* Of each entry. */
    uint32_t n_terms, cap_terms;
    char end[16];
} job_log;

struct sim_log_check {
    tide_arena *arena; /* Of one entry. */
    uint32_t n_jobs, cap_jobs;
    job_log *jobs;
    uint32_t n_leaders, cap_leaders;
    struct leader {
        uint64_t term;
        uint32_t process;
    } * leaders;
    uint64_t appends;
};

static sim_log_check *the_check(sim_world *world)
{
    return world->log_check;
}

static job_log *find(const sim_log_check *self, const char *job, size_t n)
{
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (strlen(self->jobs[i].job) == n && memcmp(self->jobs[i].job, job, n) == 0)
            return &self->jobs[i];
    return NULL;
}

static job_log *find_or_add(sim_log_check *self, const char *job, size_t n)
{
    job_log *log = find(self, job, n);
    if (log || n >= sizeof log->job) return log;
    TIDE_GROW(self->jobs, self->n_jobs, self->cap_jobs);
    log = &self->jobs[self->n_jobs++];
    *log = (job_log){ 0 };
    memcpy(log->job, job, n);
    return log;
}

/* The parts of an entry that the rules are about. */
typedef struct entry {
    tide_msg_kind kind;
    uint64_t term, attempt;
    uint64_t restarts; /* That the strategy has counted; 0: it was not asked. */
    const char *end;
} entry;

static bool read_entry(sim_log_check *self, const uint8_t *bytes, size_t n, entry *out)
{
    tide_msg msg;
    tide_arena_reset(self->arena);
    if (tide_msg_decode_stored(bytes, n, self->arena, &msg) != TIDE_OK) return false;
    *out = (entry){ .kind = msg.kind };
    if (msg.kind == TIDE_MSG_LOG_TERM) out->term = ((const tide_log_term *)msg.body)->term;
    if (msg.kind == TIDE_MSG_LOG_REQUEST) out->term = ((const tide_log_request *)msg.body)->term;
    if (msg.kind == TIDE_MSG_LOG_ATTEMPT) {
        out->term = ((const tide_log_attempt *)msg.body)->term;
        out->attempt = ((const tide_log_attempt *)msg.body)->attempt;
    }
    if (msg.kind == TIDE_MSG_LOG_RESTART) {
        out->term = ((const tide_log_restart *)msg.body)->term;
        out->attempt = ((const tide_log_restart *)msg.body)->attempt;
        out->restarts = ((const tide_log_restart *)msg.body)->count;
    }
    if (msg.kind == TIDE_MSG_LOG_END) {
        out->term = ((const tide_log_end *)msg.body)->term;
        out->end = ((const tide_log_end *)msg.body)->state;
    }
    return true;
}

static void check_entry(sim_world *world, job_log *log, uint64_t seq, const entry *e)
{
    if (seq != log->n)
        sim_fail(world, SIM_WRONG, "log of %s: entry %" PRIu64 " written when there are %" PRIu64,
                 log->job, seq, log->n);
    if ((seq == 0) != (e->kind == TIDE_MSG_LOG_SUBMITTED))
        sim_fail(world, SIM_WRONG, "log of %s: entry %" PRIu64 " is %s", log->job, seq,
                 tide_msg_name(e->kind));
    if (log->end[0])
        sim_fail(world, SIM_WRONG, "log of %s: %s behind its END", log->job,
                 tide_msg_name(e->kind));
    if (seq > 0 && e->term < log->term)
        sim_fail(world, SIM_WRONG,
                 "log of %s: %s of term %" PRIu64 " at %" PRIu64 " behind term %" PRIu64, log->job,
                 tide_msg_name(e->kind), e->term, seq, log->term);
    if (seq > 0 && e->term > log->term && e->kind != TIDE_MSG_LOG_TERM)
        sim_fail(world, SIM_WRONG, "log of %s: %s of term %" PRIu64 " before its TERM", log->job,
                 tide_msg_name(e->kind), e->term);
    if (e->kind == TIDE_MSG_LOG_ATTEMPT && e->attempt <= log->attempt)
        sim_fail(world, SIM_WRONG, "log of %s: attempt %" PRIu64 " after attempt %" PRIu64,
                 log->job, e->attempt, log->attempt);
    if (e->kind == TIDE_MSG_LOG_RESTART && e->attempt != log->attempt)
        sim_fail(world, SIM_WRONG, "log of %s: restart of attempt %" PRIu64 " in attempt %" PRIu64,
                 log->job, e->attempt, log->attempt);
    if (e->restarts && e->restarts != log->restarts + 1)
        sim_fail(world, SIM_WRONG, "log of %s: restart %" PRIu64 " after restart %" PRIu64,
                 log->job, e->restarts, log->restarts);
}

static void note_entry(sim_log_check *self, job_log *log, const entry *e)
{
    TIDE_GROW(log->terms, log->n_terms, log->cap_terms);
    log->terms[log->n_terms++] = e->term;
    log->n++;
    if (e->term > log->term) log->term = e->term;
    if (e->kind == TIDE_MSG_LOG_ATTEMPT) log->attempt = e->attempt;
    if (e->restarts) log->restarts = e->restarts;
    if (e->kind == TIDE_MSG_LOG_END) snprintf(log->end, sizeof log->end, "%s", e->end);
    self->appends++;
}

static void watch(sim_world *world, const sim_process *writer, const char *key, bool was_there,
                  const uint8_t *bytes, size_t n)
{
    sim_log_check *self = the_check(world);
    if (strncmp(key, "masters/terms/", 14) == 0 && was_there)
        sim_fail(world, SIM_WRONG, "%s %s %s", writer->name, bytes ? "overwrites" : "removes", key);
    const char *log_part = strstr(key, "/log/");
    if (strncmp(key, "jobs/", 5) != 0 || log_part == NULL) return;
    job_log *log = find_or_add(self, key + 5, (size_t)(log_part - key - 5));
    if (log == NULL) return;
    if (bytes == NULL) {
        if (was_there && log->end[0] == 0)
            sim_fail(world, SIM_WRONG, "%s removes %s of a living job", writer->name, key);
        return;
    }
    if (was_there) sim_fail(world, SIM_WRONG, "%s overwrites %s", writer->name, key);
    entry e;
    if (!read_entry(self, bytes, n, &e)) {
        sim_fail(world, SIM_WRONG, "%s is not a log entry", key);
        return;
    }
    sim_say(world, writer->name, "wrote %s: %s term %" PRIu64 " attempt %" PRIu64, key,
            tide_msg_name(e.kind), e.term, e.attempt);
    check_entry(world, log, strtoull(log_part + 5, NULL, 10), &e);
    note_entry(self, log, &e);
}

sim_log_check *sim_log_check_new(sim_world *world)
{
    sim_log_check *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    world->log_check = self;
    sim_store_watch_with(world->store, watch);
    return self;
}

void sim_log_check_free(sim_log_check **self_p)
{
    sim_log_check *self = *self_p;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_jobs; i++) tide_free(self->jobs[i].terms);
    tide_free(self->jobs);
    tide_free(self->leaders);
    tide_arena_free(&self->arena);
    tide_free(self);
}

void sim_log_check_leads(sim_world *world, sim_log_check *self, uint64_t term, uint32_t process)
{
    for (uint32_t i = 0; i < self->n_leaders; i++) {
        const struct leader *l = &self->leaders[i];
        if (l->term == term && l->process != process)
            sim_fail(world, SIM_WRONG, "term %" PRIu64 " has two owners: %s and %s", term,
                     sim_process_at(world, l->process)->name, sim_process_at(world, process)->name);
        if (l->term == term) return;
    }
    TIDE_GROW(self->leaders, self->n_leaders, self->cap_leaders);
    self->leaders[self->n_leaders++] = (struct leader){ term, process };
}

void sim_log_check_told(sim_world *world, sim_log_check *self, const char *job, uint64_t seq,
                        uint64_t term)
{
    const job_log *log = find(self, job, strlen(job));
    if (log == NULL || seq >= log->n || log->terms[seq] != term)
        sim_fail(world, SIM_WRONG,
                 "a writer of term %" PRIu64 " believes that entry %" PRIu64
                 " of %s is its own, which it is not",
                 term, seq, job);
}

uint64_t sim_log_check_attempt(const sim_log_check *self, const char *job)
{
    const job_log *log = find(self, job, strlen(job));
    return log ? log->attempt : 0;
}

const char *sim_log_check_end(const sim_log_check *self, const char *job)
{
    const job_log *log = find(self, job, strlen(job));
    return log ? log->end : "";
}

uint64_t sim_log_check_appends(const sim_log_check *self)
{
    return self->appends;
}
