/* oracle.c - what a job had to write: the same job, run in one process and at once. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/load.h"
#include "worker/runtime/deploy.h"

/* ---- the run ---- */
typedef struct run {
    sim_load load;
    sim_hook hook;
    tide_clock_manual clock;
    tide_job_config config;
    tide_deployment *deployment;
    tide_slot *slots[SIM_LANES_MAX];
    tide_waker *wakers[SIM_LANES_MAX];
} run;

static void start(run *self)
{
    const tide_graph *graph;
    const tide_job_settings *settings;
    tide_status rv =
        sim_load_graph(sim_load_text(&self->load), self->load.parallelism, true, &graph, &settings);
    tide_assert(rv == TIDE_OK);
    self->config = (tide_job_config){ .graph = graph,
                                      .settings = settings,
                                      .clock = &self->clock.clock,
                                      .hook_connector = &sim_connector,
                                      .hook = &self->hook };
    rv = tide_deployment_new(&self->config, &self->deployment);
    tide_assert(rv == TIDE_OK);
    for (uint32_t i = 0; i < graph->parallelism; i++) {
        const tide_slot_config slot = {
            .index = i, .cpu = -1, .node = -1, .clock = &self->clock.clock
        };
        self->slots[i] = tide_slot_new(&slot);
        self->wakers[i] = tide_slot_waker(self->slots[i]);
    }
    tide_deployment_connect(self->deployment, self->wakers);
    for (uint32_t i = 0; i < graph->parallelism; i++) {
        rv = tide_deployment_build(self->deployment, self->slots[i]);
        tide_assert(rv == TIDE_OK);
    }
}

static void finish(run *self)
{
    uint32_t p = self->config.graph->parallelism;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t i = 0; i < p; i++)
            if (tide_slot_step(self->slots[i], self->clock.now, self->clock.wall)) moved = true;
    }
    for (uint32_t i = 0; i < p; i++) tide_slot_free(&self->slots[i]);
    tide_deployment_free(&self->deployment);
}

/* ---- comparing ---- */
typedef struct line {
    int64_t key;
    uint32_t place;
    uint32_t n;
    const char *text;
} line;

typedef struct lines {
    uint32_t n, cap;
    line *items;
} lines;

static int by_key_then_place(const void *a_v, const void *b_v)
{
    const line *a = a_v, *b = b_v;
    if (a->key != b->key) return a->key < b->key ? -1 : 1;
    return a->place < b->place ? -1 : a->place > b->place;
}

/* Lines by key, each key's in the order of writing. */
static lines lines_of(const tide_bytes *bytes)
{
    lines out = { 0 };
    for (size_t i = 0; i < bytes->n;) {
        const char *text = bytes->p + i, *end = memchr(text, '\n', bytes->n - i);
        TIDE_GROW(out.items, out.n, out.cap);
        out.items[out.n] = (line){ .key = strtoll(text + 2, NULL, 10),
                                   .place = out.n,
                                   .n = (uint32_t)(end - text),
                                   .text = text };
        out.n++;
        i += (size_t)(end - text) + 1;
    }
    if (out.n) qsort(out.items, out.n, sizeof *out.items, by_key_then_place);
    return out;
}

/* Of updating results only each key's last row counts: how many updates came between depends on how
 * rows met in batches. What is taken back must be what was said. */
static bool keep_last(lines *self, tide_bytes *why)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        const line *now = &self->items[i];
        bool same_key = n > 0 && self->items[n - 1].key == now->key;
        char change = now->text[0];
        if (change == '1') { /* -U */
            const line *last = same_key ? &self->items[n - 1] : NULL;
            if (last == NULL || last->n != now->n ||
                memcmp(last->text + 1, now->text + 1, now->n - 1) != 0) {
                tide_bytes_printf(why, "takes back what it had not said: %.*s", (int)now->n,
                                  now->text);
                return false;
            }
            continue;
        }
        if ((change == '0') == same_key) {
            tide_bytes_printf(why, "%s: %.*s", same_key ? "inserts twice" : "updates nothing",
                              (int)now->n, now->text);
            return false;
        }
        self->items[same_key ? n - 1 : n] = *now;
        n += !same_key;
    }
    self->n = n;
    return true;
}

static bool are_equal(const lines *want, const lines *got, bool with_change, tide_bytes *why)
{
    uint32_t skip = with_change ? 0 : 1;
    for (uint32_t i = 0; i < want->n && i < got->n; i++) {
        const line *w = &want->items[i], *g = &got->items[i];
        if (w->n == g->n && memcmp(w->text + skip, g->text + skip, w->n - skip) == 0) continue;
        tide_bytes_printf(why, "row %u by key is %.*s, must be %.*s (%u rows, must be %u)", i,
                          (int)g->n, g->text, (int)w->n, w->text, got->n, want->n);
        return false;
    }
    if (want->n == got->n) return true;
    tide_bytes_printf(why, "%u rows, must be %u", got->n, want->n);
    return false;
}

void sim_load_run_alone(const sim_load *self, tide_bytes *out)
{
    run oracle = { .load = *self };
    oracle.load.world = NULL;
    oracle.load.on_write = NULL;
    oracle.load.n_outputs = oracle.load.cap_outputs = 0;
    oracle.load.outputs = NULL;
    oracle.hook.load = &oracle.load;
    tide_clock_manual_init(&oracle.clock, SIM_S, 0);
    start(&oracle);
    finish(&oracle);
    const sim_output *right = sim_load_output(&oracle.load, 0);
    if (right) tide_bytes_put(out, right->lines.p, right->lines.n);
    sim_load_fini(&oracle.load);
}

bool sim_load_check(sim_load *self, const sim_output *output, tide_bytes *why)
{
    tide_bytes right = { 0 };
    sim_load_run_alone(self, &right);
    static const tide_bytes nothing;
    lines want = lines_of(&right);
    lines got = lines_of(output ? &output->lines : &nothing);
    bool updating = self->query == SIM_COUNTS;
    bool ok = true;
    if (updating) ok = keep_last(&want, why) && keep_last(&got, why);
    ok = ok && are_equal(&want, &got, !updating, why);
    tide_free(want.items);
    tide_free(got.items);
    tide_bytes_fini(&right);
    return ok;
}
