/* mutations_wire.c - planted bugs on the way between cores: messages, and operations of the
 * storage. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/mutations.h"
#include "tests/sim/store.h"

/* ---- messages ---- */
/* Names a command to a runner; 0: it is none. */
static uint64_t command_key(tide_msg_kind kind, const void *body)
{
    char text[80] = "";
#define NAME(KIND, type)                                                                           \
    if (kind == TIDE_MSG_##KIND) {                                                                 \
        const type *m = body;                                                                      \
        snprintf(text, sizeof text, #KIND " %s %" PRIu64 " %" PRIu64, m->job, m->attempt,          \
                 m->runner);                                                                       \
    }
    NAME(RUNNER_START, tide_runner_start)
    NAME(RUNNER_DEPLOY, tide_runner_deploy)
    NAME(RUNNER_GO, tide_runner_go)
    NAME(RUNNER_STOP, tide_runner_stop)
    NAME(RUNNER_KILL, tide_runner_kill)
#undef NAME
    uint64_t h = 0;
    for (const char *p = text; *p; p++) h = tide_random_mix(h ^ (uint8_t)*p);
    return h;
}

/* True the first time only. */
static bool is_new(sim_run_state *run, uint64_t key)
{
    for (uint32_t i = 0; i < run->n_seen; i++)
        if (run->seen[i] == key) return false;
    if (run->n_seen < sizeof run->seen / sizeof *run->seen) run->seen[run->n_seen++] = key;
    return true;
}

/* EXITED becomes RUNNING, in reports, hellos and beats. */
static const void *without_exits(tide_msg_kind kind, const void *body, tide_arena *arena)
{
    void *copy = tide_msg_copy(kind, body, arena);
    if (kind == TIDE_MSG_RUNNER_REPORT) {
        tide_runner_report_msg *m = copy;
        if (m->report.state == TIDE_RUNNER_EXITED) m->report.state = TIDE_RUNNER_RUNNING;
    } else if (kind == TIDE_MSG_AGENT_HELLO) {
        tide_agent_hello *m = copy;
        for (uint32_t i = 0; i < m->runners.n; i++)
            if (m->runners.items[i].state == TIDE_RUNNER_EXITED)
                m->runners.items[i].state = TIDE_RUNNER_RUNNING;
    } else if (kind == TIDE_MSG_AGENT_HEARTBEAT) {
        tide_agent_heartbeat *m = copy;
        for (uint32_t i = 0; i < m->runners.n; i++)
            if (m->runners.items[i].state == TIDE_RUNNER_EXITED)
                m->runners.items[i].state = TIDE_RUNNER_RUNNING;
    }
    return copy;
}

static const void *without_runners(tide_msg_kind kind, const void *body, tide_arena *arena)
{
    if (kind != TIDE_MSG_AGENT_HELLO && kind != TIDE_MSG_AGENT_HEARTBEAT) return body;
    void *copy = tide_msg_copy(kind, body, arena);
    if (kind == TIDE_MSG_AGENT_HELLO)
        ((tide_agent_hello *)copy)->runners.n = 0;
    else
        ((tide_agent_heartbeat *)copy)->runners.n = 0;
    return copy;
}

bool sim_mutate_message(sim_process *from, uint32_t to, tide_msg_kind *kind, const void **body,
                        tide_arena *arena)
{
    sim_world *world = from->world;
    (void)to;
    if (sim_is_mutated(world, "command-not-repeated") && strcmp(from->vt->kind, "agent") != 0) {
        uint64_t key = command_key(*kind, *body);
        if (key && !is_new(world->run, key)) return false;
    }
    if (sim_is_mutated(world, "runners-not-reported")) *body = without_runners(*kind, *body, arena);
    if (sim_is_mutated(world, "exited-report-lost") && strcmp(from->vt->kind, "agent") == 0)
        *body = without_exits(*kind, *body, arena);
    return true;
}

/* ---- storage ---- */
static bool is_log(const tide_store_op *op)
{
    return op->kind == TIDE_STORE_PUT_IF_ABSENT && strstr(op->key, "/log/");
}

static bool is_request(const tide_store_op *op)
{
    tide_msg msg;
    tide_arena *arena = tide_arena_new();
    bool is = is_log(op) && tide_msg_decode_stored(op->bytes, op->n, arena, &msg) == TIDE_OK &&
              msg.kind == TIDE_MSG_LOG_REQUEST;
    tide_arena_free(&arena);
    return is;
}

static bool is_there(const sim_world *world, const char *key)
{
    size_t n;
    return sim_store_peek(world->store, key, &n) != NULL;
}

/* Behind the last entry instead of where it was meant. */
static void store_behind(sim_process *process, uint32_t tag, const tide_store_op *op)
{
    char key[TIDE_STORAGE_KEY_MAX];
    tide_store_op moved = *op;
    moved.key = key;
    const char *number = strrchr(op->key, '/') + 1;
    int width = (int)strlen(number);
    unsigned long long seq = strtoull(number, NULL, 10);
    do snprintf(key, sizeof key, "%.*s%0*llu", (int)(number - op->key), op->key, width, seq++);
    while (is_there(process->world, key));
    sim_store_do(process, tag, &moved);
}

static void store_older_attempt(sim_process *process, uint32_t tag, const tide_store_op *op)
{
    tide_arena *arena = tide_arena_new();
    tide_bytes bytes = { 0 };
    tide_store_op changed = *op;
    tide_msg msg;
    if (tide_msg_decode_stored(op->bytes, op->n, arena, &msg) == TIDE_OK &&
        msg.kind == TIDE_MSG_LOG_ATTEMPT) {
        tide_log_attempt attempt = *(const tide_log_attempt *)msg.body;
        if (attempt.attempt > 1) attempt.attempt--;
        tide_msg_encode_stored(TIDE_MSG_LOG_ATTEMPT, &attempt, &bytes);
        changed.bytes = (const uint8_t *)bytes.p;
        changed.n = bytes.n;
    }
    sim_store_do(process, tag, &changed);
    tide_bytes_fini(&bytes);
    tide_arena_free(&arena);
}

tide_store_done sim_mutate_stored(const sim_process *process, uint64_t term,
                                  const tide_store_done *done, tide_arena *arena)
{
    tide_msg msg;
    tide_bytes bytes = { 0 };
    tide_store_done changed = *done;
    if (!sim_is_mutated(process->world, "restart-count-forgotten") || !done->bytes ||
        tide_msg_decode_stored(done->bytes, done->n, arena, &msg) != TIDE_OK ||
        msg.kind != TIDE_MSG_LOG_RESTART)
        return changed;
    tide_log_restart restart = *(const tide_log_restart *)msg.body;
    if (restart.term == term) return changed; /* It reads back what it wrote itself. */
    restart.count = 0;
    tide_msg_encode_stored(TIDE_MSG_LOG_RESTART, &restart, &bytes);
    uint8_t *copy = tide_arena_alloc(arena, bytes.n);
    memcpy(copy, bytes.p, bytes.n);
    changed.bytes = copy;
    changed.n = bytes.n;
    tide_bytes_fini(&bytes);
    return changed;
}

void sim_shell_store(sim_process *process, uint32_t tag, const tide_store_op *op)
{
    sim_world *world = process->world;
    tide_store_op changed = *op;
    if (sim_is_mutated(world, "log-overwrites") && is_log(op)) changed.kind = TIDE_STORE_PUT;
    if (sim_is_mutated(world, "two-leaders") && strncmp(op->key, "masters/terms/", 14) == 0 &&
        is_there(world, op->key))
        changed.key = "masters/terms-elsewhere";
    if (sim_is_mutated(world, "log-ack-before-durable") && is_log(op) &&
        sim_chance(world, SIM_STREAM_FAULTS, 0.05))
        changed.key = "jobs/elsewhere";
    if (sim_is_mutated(world, "cancel-not-written") && is_request(op)) changed.key = "elsewhere";
    if (sim_is_mutated(world, "log-skips-term") && is_log(op))
        store_behind(process, tag, op);
    else if (sim_is_mutated(world, "log-reuses-attempt") && is_log(op))
        store_older_attempt(process, tag, op);
    else
        sim_store_do(process, tag, &changed);
}
