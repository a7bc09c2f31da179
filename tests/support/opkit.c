/* opkit.c - runs one case under every schedule and compares. */
#include <inttypes.h>

#include "checkpoint/state/set.h"
#include "tests/support/opkit_priv.h"

typedef struct schedule {
    const char *name;
    uint32_t rows_max; /* Per batch; 0: as many as come in a row. */
    uint64_t seed;     /* Not 0: random sizes up to rows_max. */
    bool padded;       /* Batches with unselected rows. */
    bool refusing;     /* Room for one batch, on every other call only. */
    bool restored;     /* State out and into a fresh operator after every call. */
    bool two_phases;   /* The first phase of an aggregate in front of it. */
} schedule;

static const schedule schedules[] = {
    { .name = "whole batches" },
    { .name = "row by row", .rows_max = 1 },
    { .name = "selections", .padded = true },
    { .name = "refusing outbox", .refusing = true },
    { .name = "refusing outbox, row by row", .rows_max = 1, .refusing = true },
    { .name = "random splits 1", .rows_max = 3, .seed = 1 },
    { .name = "random splits 2", .rows_max = 7, .seed = 2, .padded = true },
    { .name = "random splits 3", .rows_max = 100, .seed = 3, .refusing = true },
    { .name = "restored", .restored = true },
    { .name = "restored, row by row", .rows_max = 1, .restored = true },
    { .name = "restored, random splits", .rows_max = 5, .seed = 4, .restored = true },
    { .name = "two phases", .two_phases = true },
    { .name = "two phases, row by row", .rows_max = 1, .two_phases = true },
    { .name = "two phases, random splits",
      .rows_max = 7,
      .seed = 5,
      .padded = true,
      .refusing = true,
      .two_phases = true },
    { .name = "two phases, restored",
      .rows_max = 3,
      .seed = 6,
      .restored = true,
      .two_phases = true },
};
#define SCHEDULES (sizeof schedules / sizeof *schedules)

/* Calls of one callback that may in a row say "again": a stuck operator, not a long one, has
 * more. */
#define AGAIN_MAX 100000u

typedef struct run run;
typedef struct kit_outbox {
    tide_outbox base;
    run *owner;
    uint32_t room, pushed;
} kit_outbox;

struct run {
    const tide_op_case *c;
    const schedule *how;
    tide_arena *arena;
    const tide_node *node;
    opkit_script script;
    tide_pool *pool;
    int64_t now_ns, wall_us, watermark_us;
    tide_op_counters counters;
    tide_op_env env;
    const tide_op_vt *vt;
    void *op;
    opkit_front *front; /* NULL: one phase. */
    kit_outbox outbox;
    uint64_t calls, random;
    tide_bytes text; /* What came out. */
    char *error;     /* The failure's chain, when it failed. */
};

static void start(run *r, const tide_op_case *c, const schedule *how);
static void abandon(run *r);
static void play(run *r);
static void finish(run *r);

/* ---- the outbox ---- */

static bool kit_has_room(tide_outbox *self)
{
    return ((kit_outbox *)self)->room > 0;
}

static void kit_push(tide_outbox *self_v, uint32_t output, tide_batch **batch_p)
{
    kit_outbox *self = (kit_outbox *)self_v;
    run *r = self->owner;
    tide_batch *batch = *batch_p;
    if (self->room == 0) opkit_die("%s: pushed without room", r->how->name);
    if (output > 1) opkit_die("output %" PRIu32, output);
    self->room--;
    self->pushed++;
    if (batch->n_phys > TIDE_BATCH_ROWS_MAX)
        opkit_die("a batch of %" PRIu32 " rows", batch->n_phys);
    if (output == 0 && batch->n_cols != r->node->schema.n)
        opkit_die("%" PRIu32 " columns, not %" PRIu32, batch->n_cols, r->node->schema.n);
    for (uint32_t i = 0; output == 0 && i < batch->n_cols; i++)
        if (batch->cols[i]->type.id != r->node->schema.fields[i].type.id)
            opkit_die("column %" PRIu32 " has another type than the schema says", i);
    const char *word = output ? "late" : r->c->input_updating ? "+I" : "row";
    for (uint32_t k = 0; k < batch->n_rows; k++)
        opkit_print_row(batch, tide_batch_phys(batch, k), word, &r->text);
    tide_batch_unref(batch_p);
}

static void kit_watermark(tide_outbox *self, int64_t watermark_us)
{
    run *r = ((kit_outbox *)self)->owner;
    tide_bytes_printf(&r->text, "wm %" PRId64 "\n", watermark_us / 1000);
}

/* ---- one run ---- */

void tide_op_check(const tide_op_case *c)
{
    for (size_t i = 0; i < SCHEDULES; i++) {
        run r;
        if (schedules[i].restored && c->no_snapshot) continue;
        start(&r, c, &schedules[i]);
        if (schedules[i].two_phases && !r.front) {
            abandon(&r);
            continue;
        }
        play(&r);
        finish(&r);
    }
}

char *tide_op_run_once(const tide_op_case *c)
{
    run r;
    start(&r, c, &schedules[0]);
    play(&r);
    char *text = tide_strdup(tide_bytes_text(&r.text));
    tide_free(r.error);
    r.error = NULL;
    tide_bytes_fini(&r.text);
    tide_arena_free(&r.arena);
    tide_pool_free(&r.pool);
    return text;
}

static tide_state_set *make_state(run *r)
{
    tide_table_groups groups = { .total = 128, .end = 128 };
    return tide_state_set_new("op", groups, r->c->state_budget_bytes);
}

static void open_op(run *r)
{
    r->op = tide_calloc(1, r->vt->size);
    if (r->vt->open(r->op, r->node, &r->env) != TIDE_OK) opkit_die("open: %s", tide_error_text());
}

static void close_op(run *r)
{
    r->vt->close(r->op);
    tide_free(r->op);
    r->op = NULL;
}

/* What a restart does: the state goes out as bytes, and into a new operator. */
static void restore_op(run *r)
{
    tide_bytes image = { 0 };
    tide_state_set_save(r->env.state, &image);
    close_op(r);
    tide_state_set_free(&r->env.state);
    r->env.state = make_state(r);
    if (tide_state_set_load(r->env.state, image.p, image.n) != TIDE_OK)
        opkit_die("load: %s", tide_error_text());
    tide_bytes_fini(&image);
    r->env.is_restored = true;
    r->env.restored_watermark_us = r->watermark_us;
    open_op(r);
    if (r->front) opkit_front_restart(r->front, &r->env);
    if (r->vt->after_restore && r->vt->after_restore(r->op) != TIDE_OK)
        opkit_die("after_restore: %s", tide_error_text());
}

static void start(run *r, const tide_op_case *c, const schedule *how)
{
    *r = (run){ .c = c, .how = how, .random = how->seed, .watermark_us = TIDE_WATERMARK_NONE };
    r->arena = tide_arena_new();
    r->node = opkit_build_node(r->arena, c);
    opkit_parse_script(r->arena, &r->node->inputs[0]->schema, c->input, &r->script);
    r->pool = tide_pool_new(0);
    r->outbox = (kit_outbox){ .base = { kit_has_room, kit_push, kit_watermark }, .owner = r };
    r->env = (tide_op_env){ .pool = r->pool,
                            .now_ns = &r->now_ns,
                            .wall_us = &r->wall_us,
                            .parallelism = 1,
                            .key_groups = 128,
                            .key_group_end = 128,
                            .batch_mode = c->batch_mode,
                            .counters = &r->counters,
                            .on_error = c->skip_bad_rows ? TIDE_ON_ERROR_SKIP : TIDE_ON_ERROR_FAIL,
                            .state_budget_bytes = c->state_budget_bytes,
                            .source_name = "test.sql",
                            .source_text = "SELECT\n  1\n" };
    r->env.state = make_state(r);
    r->vt = tide_op_for_node(r->node);
    if (!r->vt) opkit_die("no operator runs this node");
    open_op(r);
    if (how->two_phases) r->front = opkit_front_new(r->arena, r->node, &r->env);
}

/* A run that has nothing to show. */
static void abandon(run *r)
{
    close_op(r);
    tide_state_set_free(&r->env.state);
    tide_arena_free(&r->arena);
    tide_pool_free(&r->pool);
}

typedef struct op_call {
    opkit_event_kind kind;
    uint32_t port;
    tide_batch *batch;
    int64_t at_us;
} op_call;

static tide_op_result call_once(run *r, op_call *call)
{
    tide_outbox *out = &r->outbox.base;
    switch (call->kind) {
    case OPKIT_ROW: return r->vt->on_batch(r->op, call->port, &call->batch, out);
    case OPKIT_WATERMARK:
        return r->vt->on_watermark ? r->vt->on_watermark(r->op, call->at_us, out) : TIDE_OP_DONE;
    case OPKIT_TIME:
        return r->vt->next_timer && r->vt->next_timer(r->op) <= call->at_us
                   ? r->vt->on_timer(r->op, call->at_us, out)
                   : TIDE_OP_DONE;
    case OPKIT_END: return r->vt->on_end ? r->vt->on_end(r->op, out) : TIDE_OP_DONE;
    }
    return TIDE_OP_FAILED;
}

/* Repeats the call until it is done. False when the operator failed. */
static bool call_op(run *r, op_call *call)
{
    for (uint32_t i = 0; i < AGAIN_MAX; i++) {
        r->outbox.room = r->how->refusing ? (uint32_t)(r->calls++ % 2) : UINT32_MAX;
        uint32_t room = r->outbox.room;
        r->outbox.pushed = 0;
        tide_op_result result = call_once(r, call);
        if (result == TIDE_OP_DONE) {
            if (call->batch) opkit_die("%s: done, but the batch is still there", r->how->name);
            if (call->kind == OPKIT_WATERMARK) r->watermark_us = call->at_us;
            return true;
        }
        if (result == TIDE_OP_FAILED) {
            r->error = tide_strdup(tide_error_text());
            tide_batch_unref(&call->batch);
            return false;
        }
        if (room > 0 && r->outbox.pushed == 0)
            opkit_die("%s: no progress though there was room", r->how->name);
    }
    opkit_die("%s: does not finish", r->how->name);
}

/* The call goes to the first phase; what that sends goes on. */
static bool call_front(run *r, opkit_event_kind kind, op_call *call)
{
    tide_op_result result;
    do {
        uint32_t room = r->how->refusing ? (uint32_t)(r->calls++ % 2) : UINT32_MAX;
        result = opkit_front_call(r->front, kind, &call->batch, call->at_us, room);
        op_call next = { .kind = OPKIT_ROW };
        while (opkit_front_take(r->front, &next.port, &next.batch))
            if (!call_op(r, &next)) return false;
    } while (result == TIDE_OP_AGAIN);
    if (result == TIDE_OP_DONE) return true;
    r->error = tide_strdup(tide_error_text());
    tide_batch_unref(&call->batch);
    return false;
}

static bool call_until_done(run *r, op_call *call)
{
    if (r->front && !call_front(r, call->kind, call)) return false;
    bool consumed = r->front && call->kind == OPKIT_ROW;
    if (!consumed && !call_op(r, call)) return false;
    if (!r->how->restored || call->kind == OPKIT_END) return true;
    if (r->front && !call_front(r, OPKIT_END, call)) return false; /* As before a barrier. */
    restore_op(r);
    return true;
}

static uint32_t next_size(run *r, uint32_t most)
{
    uint32_t n = r->how->rows_max ? r->how->rows_max : TIDE_BATCH_ROWS_MAX / 4;
    if (r->how->seed) {
        r->random = r->random * 6364136223846793005u + 1442695040888963407u;
        n = 1 + (uint32_t)(r->random >> 33) % n;
    }
    return n < most ? n : most;
}

static bool play_rows(run *r, uint32_t from, uint32_t to)
{
    while (from < to) {
        uint32_t n = next_size(r, to - from);
        op_call call = { .kind = OPKIT_ROW };
        call.batch = opkit_make_batch(r->pool, &r->node->inputs[0]->schema, &r->script.events[from],
                                      n, r->how->padded, r->c->input_updating);
        if (!call_until_done(r, &call)) return false;
        from += n;
    }
    return true;
}

static bool play_watermark(run *r, int64_t at_us, bool is_final)
{
    op_call call = { .kind = OPKIT_WATERMARK, .at_us = at_us };
    if (!call_until_done(r, &call)) return false;
    if (!r->vt->emits_watermarks && !is_final)
        tide_bytes_printf(&r->text, "wm %" PRId64 "\n", at_us / 1000);
    return true;
}

static bool play_time(run *r, int64_t at_ms)
{
    op_call call = { .kind = OPKIT_TIME, .at_us = at_ms * 1000 };
    if (r->front && !call_front(r, OPKIT_TIME, &call)) return false; /* Due long before that. */
    r->wall_us = at_ms * 1000;
    r->now_ns = at_ms * 1000000;
    return call_until_done(r, &call);
}

static bool play_end(run *r)
{
    op_call call = { .kind = OPKIT_END };
    if (!play_watermark(r, TIDE_WATERMARK_MAX, true) || !call_until_done(r, &call)) return false;
    tide_bytes_puts(&r->text, "end\n");
    return true;
}

static void play(run *r)
{
    uint32_t i = 0;
    bool ok = true;
    while (ok && i < r->script.n) {
        const opkit_event *e = &r->script.events[i];
        uint32_t to = i + 1;
        switch (e->kind) {
        case OPKIT_ROW:
            while (to < r->script.n && r->script.events[to].kind == OPKIT_ROW) to++;
            ok = play_rows(r, i, to);
            break;
        case OPKIT_WATERMARK: ok = play_watermark(r, e->at_ms * 1000, false); break;
        case OPKIT_TIME: ok = play_time(r, e->at_ms); break;
        case OPKIT_END: ok = play_end(r); break;
        }
        i = to;
    }
    close_op(r);
    opkit_front_free(&r->front);
    tide_state_set_free(&r->env.state);
}

/* ---- comparing ---- */

static void compare(run *r)
{
    const tide_op_case *c = r->c;
    const char *got = tide_bytes_text(&r->text);
    tide_bytes bad = { 0 };
    char *want = c->ordered ? tide_strdup(c->expect) : opkit_sort_lines(c->expect);
    char *have = c->materialize ? opkit_materialize(got, &bad)
                 : c->ordered   ? tide_strdup(got)
                                : opkit_sort_lines(got);
    if (!have)
        opkit_die("%s: takes away a row that is not there: %s\nafter:\n%s", r->how->name,
                  tide_bytes_text(&bad), got);
    if (strcmp(want, have) != 0)
        opkit_die("%s:\n--- expected\n%s--- got\n%s---", r->how->name, want, have);
    tide_bytes_fini(&bad);
    tide_free(want);
    tide_free(have);
}

static void finish(run *r)
{
    const tide_op_case *c = r->c;
    if (c->expect_error) {
        if (!r->error || !strstr(r->error, c->expect_error))
            opkit_die("%s: expected the failure \"%s\", got %s", r->how->name, c->expect_error,
                      r->error ? r->error : "none");
    } else {
        if (r->error) opkit_die("%s: failed: %s", r->how->name, r->error);
        compare(r);
        if (r->counters.late_rows != c->late_rows || r->counters.bad_rows != c->bad_rows)
            opkit_die("%s: %" PRIu64 " late and %" PRIu64 " bad rows", r->how->name,
                      (uint64_t)r->counters.late_rows, (uint64_t)r->counters.bad_rows);
    }
    if (tide_pool_bytes(r->pool) != 0)
        opkit_die("%s: %zu bytes are left in the pool", r->how->name, tide_pool_bytes(r->pool));
    tide_free(r->error);
    tide_bytes_fini(&r->text);
    tide_arena_free(&r->arena);
    tide_pool_free(&r->pool);
}
