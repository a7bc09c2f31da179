/* seen.c - a list of runners; see seen.h. */
#include "master/core/seen.h"

#include <inttypes.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

typedef struct seen_runner {
    tide_arena *arena;
    tide_seen_runner is;
} seen_runner;

struct tide_seen {
    seen_runner *items;
    uint32_t n, cap;
};

tide_seen *tide_seen_new(void)
{
    return tide_calloc(1, sizeof(tide_seen));
}

void tide_seen_free(tide_seen **self_p)
{
    tide_seen *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) tide_arena_free(&self->items[i].arena);
    tide_free(self->items);
    tide_free(self);
}

static seen_runner *find(const tide_seen *self, const char *agent, const tide_runner_report *r)
{
    for (uint32_t i = 0; i < self->n; i++) {
        const tide_seen_runner *s = &self->items[i].is;
        if (s->report->attempt == r->attempt && s->report->runner == r->runner &&
            strcmp(s->report->job, r->job) == 0 && strcmp(s->agent, agent) == 0)
            return &self->items[i];
    }
    return NULL;
}

static void drop(tide_seen *self, uint32_t i, tide_slots *slots)
{
    tide_slots_release(slots, self->items[i].is.owner);
    tide_arena_free(&self->items[i].arena);
    memmove(&self->items[i], &self->items[i + 1], (self->n - i - 1) * sizeof *self->items);
    self->n--;
}

static void take_slots(const tide_seen_runner *s, tide_slots *slots)
{
    for (uint32_t i = 0; i < s->report->slots.n; i++) {
        const tide_granted_slot slot = { s->agent, (uint32_t)s->report->slots.items[i].local };
        /* Refused when its job has the slot itself, which is as good. */
        if (tide_slots_adopt(slots, s->owner, &slot, 1) != TIDE_OK) continue;
    }
}

static void fill(seen_runner *s, const char *agent, const char *host, const tide_runner_report *r)
{
    s->arena = tide_arena_new();
    s->is = (tide_seen_runner){
        .agent = tide_arena_strdup(s->arena, agent),
        .host = tide_arena_strdup(s->arena, host),
        .owner =
            tide_arena_printf(s->arena, "%s/%" PRIu64 "/%" PRIu64, r->job, r->attempt, r->runner),
        .report = TIDE_COPY_RECORD(runner_report, r, s->arena),
    };
}

void tide_seen_update(tide_seen *self, const char *agent, const tide_runner_report *report,
                      tide_slots *slots)
{
    seen_runner *s = find(self, agent, report);
    if (!s || report->report < s->is.report->report) return;
    if (report->state == TIDE_RUNNER_EXITED) {
        drop(self, (uint32_t)(s - self->items), slots);
        return;
    }
    seen_runner before = *s;
    fill(s, before.is.agent, before.is.host, report);
    tide_arena_free(&before.arena);
}

void tide_seen_reported(tide_seen *self, const char *agent, const char *host,
                        const tide_runner_report *report, tide_slots *slots)
{
    if (find(self, agent, report)) {
        tide_seen_update(self, agent, report, slots);
        return;
    }
    if (report->state == TIDE_RUNNER_EXITED || self->n == TIDE_SEEN_MAX) return;
    TIDE_GROW(self->items, self->n, self->cap);
    fill(&self->items[self->n], agent, host, report);
    take_slots(&self->items[self->n++].is, slots);
}

static bool is_listed(const tide_runner_report *r, const tide_runner_beat *beats, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (beats[i].attempt == r->attempt && beats[i].runner == r->runner &&
            beats[i].state != TIDE_RUNNER_EXITED && strcmp(beats[i].job, r->job) == 0)
            return true;
    return false;
}

bool tide_seen_beat(tide_seen *self, const char *agent, const tide_runner_beat *beats, uint32_t n,
                    tide_slots *slots)
{
    uint32_t before = self->n;
    for (uint32_t i = self->n; i-- > 0;) {
        const tide_seen_runner *s = &self->items[i].is;
        if (strcmp(s->agent, agent) == 0 && !is_listed(s->report, beats, n)) drop(self, i, slots);
    }
    return self->n != before;
}

void tide_seen_agent_lost(tide_seen *self, const char *agent, tide_slots *slots)
{
    for (uint32_t i = self->n; i-- > 0;)
        if (strcmp(self->items[i].is.agent, agent) == 0) drop(self, i, slots);
}

void tide_seen_taken_over(tide_seen *self, const char *job, tide_slots *slots)
{
    for (uint32_t i = self->n; i-- > 0;)
        if (strcmp(self->items[i].is.report->job, job) == 0) drop(self, i, slots);
}

uint32_t tide_seen_n(const tide_seen *self)
{
    return self->n;
}

void tide_seen_at(const tide_seen *self, uint32_t i, tide_seen_runner *out)
{
    tide_assert(i < self->n);
    *out = self->items[i].is;
}
