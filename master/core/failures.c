/* failures.c - a ring of failures; see failures.h. */
#include "master/core/failures.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

void tide_failures_fini(tide_failures *self)
{
    for (uint32_t i = 0; i < TIDE_COORDINATOR_FAILURES_MAX; i++)
        tide_arena_free(&self->ring[i].arena);
}

static void fill(tide_failure_entry *entry, const char *agent, const tide_failure *failure)
{
    if (!entry->arena) entry->arena = tide_arena_new();
    tide_arena_reset(entry->arena);
    entry->agent = tide_arena_strdup(entry->arena, agent);
    entry->failure = TIDE_COPY_RECORD(failure, failure, entry->arena);
}

void tide_failures_add(tide_failures *self, uint64_t attempt, int64_t at_us, const char *agent,
                       const tide_failure *failure)
{
    tide_failure_entry *entry = &self->ring[self->n++ % TIDE_COORDINATOR_FAILURES_MAX];
    entry->attempt = attempt;
    entry->at_us = at_us;
    fill(entry, agent, failure);
}

static tide_failure_entry *newest(tide_failures *self)
{
    return self->n ? &self->ring[(self->n - 1) % TIDE_COORDINATOR_FAILURES_MAX] : NULL;
}

const tide_failure_entry *tide_failures_newest(const tide_failures *self)
{
    return self->n ? &self->ring[(self->n - 1) % TIDE_COORDINATOR_FAILURES_MAX] : NULL;
}

int tide_failures_telling(const tide_failure *f)
{
    if (f->signal == 0 && f->exit_code == 0 && f->code == TIDE_OK) return -1;
    if (f->signal != 0 && f->signal != SIGKILL && f->signal != SIGTERM) return 2;
    if (f->code == TIDE_E_CRASHED) return 2; /* Also a kill, if nobody of ours asked for it. */
    if (f->code == TIDE_E_UNREACHABLE || f->code == TIDE_E_CANCELLED) return 0;
    if (tide_failure_is_final(f)) return 2;
    return 1;
}

bool tide_failures_improve(tide_failures *self, const char *agent, const tide_failure *failure)
{
    tide_failure_entry *entry = newest(self);
    if (!entry || tide_failures_telling(failure) <= tide_failures_telling(entry->failure))
        return false;
    fill(entry, agent, failure);
    return true;
}

bool tide_failure_is_final(const tide_failure *failure)
{
    if (failure->signal != 0 || failure->code == TIDE_OK || failure->code >= TIDE_STATUS_COUNT)
        return false;
    return tide_status_class_of((tide_status)failure->code) == TIDE_STATUS_CLASS_USER &&
           failure->code != TIDE_E_CANCELLED;
}

void tide_failure_print(const tide_failure *f, tide_bytes *out)
{
    const char *name = f->signal ? sigabbrev_np((int)f->signal) : NULL;
    const char *where = f->operator;
    const size_t before = out->n;
    if (name)
        tide_bytes_printf(out, "SIG%s", name);
    else if (f->signal)
        tide_bytes_printf(out, "signal %" PRIi64, f->signal);
    else if (f->exit_code)
        tide_bytes_printf(out, "exit code %" PRIi64, f->exit_code);
    if (where && *where) tide_bytes_printf(out, " in operator %s", where);
    if (f->batch) tide_bytes_printf(out, ", batch %" PRIu64, f->batch);
    if (f->host && *f->host)
        tide_bytes_printf(out, "%son host %s", out->n > before ? ", " : "", f->host);
    const char *text = f->text ? f->text : "";
    if (!*text && f->code > TIDE_OK && f->code < TIDE_STATUS_COUNT)
        text = tide_status_text((tide_status)f->code);
    if (!*text && out->n == before) text = "ended without a word";
    if (*text) tide_bytes_printf(out, "%s%s", out->n > before ? ": " : "", text);
}
