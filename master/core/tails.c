/* tails.c - a list of tails; see tails.h. */
#include "master/core/tails.h"

#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"

typedef struct entry {
    char *job, *agent, *host, *lost_of;
    int64_t lost_us;
    tide_bytes bytes;
    uint64_t offset;  /* Of bytes.p[0]. */
    uint64_t request; /* Under way; 0 none. */
    uint64_t left;    /* Bytes that may be asked for before the next pause. */
    int64_t due_ns;   /* When to ask, or to give an answer up; INT64_MAX not. */
    int64_t pause_ns, grown_ns;
    bool ended; /* The runner has: asked for the rest, then no more. */
} entry;

struct tide_tails {
    entry **items;
    uint32_t n, cap;
    uint64_t bytes, last_request;
};

tide_tails *tide_tails_new(void)
{
    return tide_calloc(1, sizeof(tide_tails));
}

static void drop_bytes(tide_tails *self, entry *e)
{
    e->offset += e->bytes.n;
    self->bytes -= e->bytes.n;
    tide_bytes_fini(&e->bytes);
}

static void free_entry(tide_tails *self, entry *e)
{
    drop_bytes(self, e);
    tide_free(e->job);
    tide_free(e->agent);
    tide_free(e->host);
    tide_free(e->lost_of);
    tide_free(e);
}

void tide_tails_free(tide_tails **self_p)
{
    tide_tails *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) free_entry(self, self->items[i]);
    tide_free(self->items);
    tide_free(self);
}

static entry *find(const tide_tails *self, const char *job, const char *agent)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->items[i]->job, job) == 0 && strcmp(self->items[i]->agent, agent) == 0)
            return self->items[i];
    return NULL;
}

void tide_tails_runner(tide_tails *self, const char *job, const char *agent, const char *host,
                       uint64_t state, int64_t now_ns)
{
    entry *e = find(self, job, agent);
    if (!e && self->n == TIDE_TAILS_MAX) return;
    if (!e) {
        TIDE_GROW(self->items, self->n, self->cap);
        e = self->items[self->n++] = tide_calloc(1, sizeof *e);
        e->job = tide_strdup(job);
        e->agent = tide_strdup(agent);
        e->host = tide_strdup(host);
        e->ended = true; /* Begins below. */
    }
    if (e->lost_us) { /* It was silent only. */
        e->lost_us = e->due_ns = 0;
        tide_free(e->lost_of);
        e->lost_of = NULL;
    }
    bool ends = state == TIDE_RUNNER_EXITED;
    if (ends == e->ended && e->due_ns) return;
    e->ended = ends;
    e->pause_ns = TIDE_TAIL_FAST_NS;
    if (!e->request) e->due_ns = ends ? now_ns : now_ns + TIDE_TAIL_FAST_NS;
}

void tide_tails_agent_lost(tide_tails *self, const char *agent, const char *why, int64_t wall_us)
{
    for (uint32_t i = 0; i < self->n; i++) {
        entry *e = self->items[i];
        if (e->lost_us || strcmp(e->agent, agent) != 0) continue;
        e->lost_us = wall_us;
        e->lost_of = tide_strdup(why);
        e->due_ns = INT64_MAX;
        e->request = 0;
    }
}

void tide_tails_forget(tide_tails *self, const char *job)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        if (strcmp(self->items[i]->job, job) == 0)
            free_entry(self, self->items[i]);
        else
            self->items[n++] = self->items[i];
    }
    self->n = n;
}

/* ---- asking ---- */

bool tide_tails_next(tide_tails *self, int64_t now_ns, const char **agent, tide_log_get *out)
{
    for (uint32_t i = 0; i < self->n; i++) {
        entry *e = self->items[i];
        if (e->due_ns > now_ns) continue;
        if (!e->left) e->left = TIDE_TAIL_BYTES_MAX;
        e->request = TIDE_TAIL_REQUEST | ++self->last_request;
        e->due_ns = now_ns + TIDE_TAIL_PATIENCE_NS;
        *agent = e->agent;
        *out = (tide_log_get){ .job = e->job,
                               .request = e->request,
                               .offset = e->offset + e->bytes.n,
                               .bytes_max = TIDE_TAIL_CHUNK_BYTES };
        return true;
    }
    return false;
}

int64_t tide_tails_deadline_ns(const tide_tails *self)
{
    int64_t at = INT64_MAX;
    for (uint32_t i = 0; i < self->n; i++)
        if (self->items[i]->due_ns < at) at = self->items[i]->due_ns;
    return at;
}

static void skip_front(tide_tails *self, entry *e, size_t n)
{
    memmove(e->bytes.p, e->bytes.p + n, e->bytes.n - n);
    e->bytes.n -= n;
    e->offset += n;
    self->bytes -= n;
}

static void make_room(tide_tails *self, const entry *but)
{
    while (self->bytes > TIDE_TAILS_BYTES_MAX) {
        entry *oldest = NULL;
        for (uint32_t i = 0; i < self->n; i++) {
            entry *e = self->items[i];
            if (e == but || e->bytes.n == 0) continue;
            if (!oldest || e->grown_ns < oldest->grown_ns) oldest = e;
        }
        tide_assert(oldest != NULL); /* One alone has not that much. */
        drop_bytes(self, oldest);
    }
}

/* What lies between, nobody keeps. */
static void append(tide_tails *self, entry *e, const tide_log_data *data, int64_t now_ns)
{
    if (data->offset != e->offset + e->bytes.n) {
        drop_bytes(self, e);
        e->offset = data->offset;
    }
    tide_bytes_put(&e->bytes, data->data.p, data->data.n);
    self->bytes += data->data.n;
    e->grown_ns = now_ns;
    if (e->bytes.n > TIDE_TAIL_BYTES_MAX) skip_front(self, e, e->bytes.n - TIDE_TAIL_BYTES_MAX);
    make_room(self, e);
}

/* More than is kept may have been printed meanwhile: only its end is of use. */
static bool goes_on(tide_tails *self, entry *e, const tide_log_data *data)
{
    uint64_t end = e->offset + e->bytes.n;
    e->left -= data->data.n < e->left ? data->data.n : e->left;
    if (data->data.n == 0 || data->total <= end || (e->left == 0 && !e->ended)) return false;
    if (data->total - end > TIDE_TAIL_BYTES_MAX) {
        drop_bytes(self, e);
        e->offset = data->total - TIDE_TAIL_BYTES_MAX;
    }
    return true;
}

void tide_tails_answered(tide_tails *self, const tide_log_data *data, int64_t now_ns)
{
    entry *e = find(self, data->job, data->agent);
    if (!e || e->request != data->request || data->data.n > TIDE_TAIL_CHUNK_BYTES) return;
    e->request = 0;
    if (data->data.n) append(self, e, data, now_ns);
    if (goes_on(self, e, data)) {
        e->due_ns = now_ns;
        return;
    }
    e->left = 0;
    if (data->data.n)
        e->pause_ns = TIDE_TAIL_FAST_NS;
    else if (e->pause_ns < TIDE_TAIL_SLOW_NS)
        e->pause_ns *= 2;
    e->due_ns = e->ended ? INT64_MAX : now_ns + e->pause_ns;
}

/* ---- looking ---- */

static void show(const entry *e, tide_tail *out)
{
    *out = (tide_tail){ .job = e->job,
                        .agent = e->agent,
                        .host = e->host,
                        .lost_us = e->lost_us,
                        .lost_of = e->lost_of ? e->lost_of : "",
                        .offset = e->offset,
                        .bytes = { (const uint8_t *)e->bytes.p, e->bytes.n } };
}

uint32_t tide_tails_n(const tide_tails *self)
{
    return self->n;
}

void tide_tails_at(const tide_tails *self, uint32_t i, tide_tail *out)
{
    tide_assert(i < self->n);
    show(self->items[i], out);
}

bool tide_tails_find(const tide_tails *self, const char *job, const char *agent, tide_tail *out)
{
    const entry *e = find(self, job, agent);
    if (e) show(e, out);
    return e != NULL;
}
