/* shell_master.c - a master process: master/core on the simulated network and storage. */
#include <stdio.h>
#include <string.h>

#include "master/core/master.h"
#include "master/core/view.h"
#include "tests/sim/cluster.h"
#include "tests/sim/mutations.h"

/* A request under way, so that its answer finds the job. */
typedef struct asked {
    uint64_t id;
    sim_job *job;
    sim_ask ask;
} asked;

/* A planted bug: somebody who is gone is heard for ever. */
typedef struct echo {
    uint64_t peer;
    size_t n;
    uint8_t *bytes;
} echo;
#define ECHO_EVERY_NS (500 * SIM_MS)

typedef struct master {
    sim_process *process;
    tide_master *core;
    tide_arena *arena, *view_arena;
    char id[20];
    uint64_t last_request;
    uint32_t n_asked, cap_asked;
    asked *asked;
    bool led;
    uint32_t n_echoes, cap_echoes;
    echo *echoes;
    bool echoes_begun;
} master;

static void answer(master *self, const tide_master_reply *reply)
{
    for (uint32_t i = 0; i < self->n_asked; i++) {
        const asked a = self->asked[i];
        if (a.id != reply->id) continue;
        self->asked[i] = self->asked[--self->n_asked];
        sim_cluster_answered(self->process->world, a.job, a.ask, reply->status == TIDE_OK,
                             reply->redirect ? "another master leads" : reply->text);
        return;
    }
}

static void act(master *self, const tide_master_act *a)
{
    sim_process *process = self->process;
    switch (a->kind) {
    case TIDE_MASTER_SEND: sim_send_msg_peer(process, a->peer, a->msg.kind, a->msg.body); break;
    case TIDE_MASTER_STORE: sim_shell_store(process, 0, &a->op); break;
    case TIDE_MASTER_REPLY: answer(self, &a->reply); break;
    case TIDE_MASTER_TRACE: sim_say(process->world, process->name, "%s %s", a->job, a->text); break;
    }
}

static void step(master *self, tide_master_event *event)
{
    sim_process *process = self->process;
    event->now_ns = sim_now_ns(process);
    event->wall_us = sim_wall_us(process);
    tide_master_acts acts = { 0 };
    tide_master_step(self->core, event, &acts);
    sim_charge(process, 0, SIM_STEP_COST_NS);
    for (uint32_t i = 0; i < acts.n; i++) act(self, &acts.items[i]);
    bool leads = tide_master_leads(self->core);
    if (leads && !self->led)
        sim_log_check_leads(process->world, sim_cluster_of(process->world)->log,
                            tide_master_term_of(self->core), process->id);
    self->led = leads;
    sim_wake_at(process, 0, tide_master_deadline_ns(self->core));
}

/* ---- planted bugs ---- */
static bool echoes(const master *self, tide_msg_kind kind)
{
    const sim_world *world = self->process->world;
    return (kind == TIDE_MSG_AGENT_HEARTBEAT && sim_is_mutated(world, "dead-agent-beats")) ||
           (kind == TIDE_MSG_DRIVER_LEASE && sim_is_mutated(world, "lease-outlives-driver"));
}

static bool is_echoed(const master *self, uint64_t peer)
{
    for (uint32_t i = 0; i < self->n_echoes; i++)
        if (self->echoes[i].peer == peer) return true;
    return false;
}

static void run_echoes(sim_process *process, sim_post *post)
{
    (void)post;
    master *self = process->self;
    for (uint32_t i = 0; i < self->n_echoes; i++) {
        const echo *e = &self->echoes[i];
        tide_master_event event = { .kind = TIDE_MASTER_MESSAGE, .peer = e->peer };
        if (sim_read_msg(process, e->bytes, e->n, self->arena, &event.msg)) step(self, &event);
    }
    sim_post_at(process->world, process->world->now + ECHO_EVERY_NS,
                sim_post_new(process->id, 0, process->id, NULL, 0, run_echoes));
}

static void keep_echo(master *self, uint64_t peer, const uint8_t *bytes, size_t n)
{
    if (is_echoed(self, peer)) return;
    TIDE_GROW(self->echoes, self->n_echoes, self->cap_echoes);
    echo *e = &self->echoes[self->n_echoes++];
    *e = (echo){ peer, n, tide_malloc(n) };
    memcpy(e->bytes, bytes, n);
    sim_process *process = self->process;
    if (!self->echoes_begun)
        sim_post_at(process->world, process->world->now + ECHO_EVERY_NS,
                    sim_post_new(process->id, 0, process->id, NULL, 0, run_echoes));
    self->echoes_begun = true;
}

/* ---- events ---- */
static void on_frame(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n)
{
    (void)lane;
    master *self = process->self;
    tide_master_event event = { .kind = TIDE_MASTER_MESSAGE, .peer = peer };
    if (!sim_read_msg(process, bytes, n, self->arena, &event.msg)) return;
    if (echoes(self, event.msg.kind)) keep_echo(self, peer, bytes, n);
    step(self, &event);
}

static void on_closed(sim_process *process, uint64_t peer)
{
    if (is_echoed(process->self, peer)) return;
    step(process->self, &(tide_master_event){ .kind = TIDE_MASTER_CLOSED, .peer = peer });
}

static void on_stored(sim_process *process, uint32_t tag, const tide_store_done *done)
{
    (void)tag;
    master *self = process->self;
    tide_arena_reset(self->arena);
    tide_store_done found =
        sim_mutate_stored(process, tide_master_term_of(self->core), done, self->arena);
    step(self, &(tide_master_event){ .kind = TIDE_MASTER_STORED, .done = &found });
}

static void on_wake(sim_process *process, uint32_t lane)
{
    (void)lane;
    step(process->self, &(tide_master_event){ .kind = TIDE_MASTER_TICK });
}

static void free_master(sim_process *process)
{
    master *self = process->self;
    tide_master_free(&self->core);
    tide_arena_free(&self->arena);
    tide_arena_free(&self->view_arena);
    for (uint32_t i = 0; i < self->n_echoes; i++) tide_free(self->echoes[i].bytes);
    tide_free(self->echoes);
    tide_free(self->asked);
    tide_free(self);
}

static const sim_process_vt master_vt = { "master", on_frame,    on_closed, on_stored,
                                          on_wake,  free_master, NULL };

sim_process *sim_master_start(sim_world *world, sim_host *host, uint32_t number)
{
    const sim_cluster *cluster = sim_cluster_of(world);
    master *self = tide_calloc(1, sizeof *self);
    char name[24];
    snprintf(name, sizeof name, "master%u.%u", number, world->n_processes);
    snprintf(self->id, sizeof self->id, "%016x", world->n_processes);
    tide_master_config config;
    tide_master_config_init(&config);
    config.id = self->id;
    config.control = cluster->endpoints[number];
    config.rest = host->name;
    config.random_seed = tide_random_u64(&world->random[SIM_STREAM_CLUSTER]);
    self->core = tide_master_new(&config);
    self->arena = tide_arena_new();
    self->view_arena = tide_arena_new();
    self->process = sim_spawn(world, host, name, &master_vt, self, 1);
    sim_net_bind(world->net, cluster->endpoints[number], self->process->id);
    sim_wake_at(self->process, 0, sim_now_ns(self->process));
    return self->process;
}

#define RESIGN_NS (2 * SIM_S) /* For the storage, as TIDE_MASTER_RESIGN_NS. */

static void run_end(sim_process *process, sim_post *post)
{
    (void)post;
    sim_kill(process, false);
}

static void run_resign(sim_process *process, sim_post *post)
{
    (void)post;
    step(process->self, &(tide_master_event){ .kind = TIDE_MASTER_RESIGN });
    sim_post_at(process->world, process->world->now + RESIGN_NS,
                sim_post_new(process->id, 0, process->id, NULL, 0, run_end));
}

void sim_master_resign(sim_process *process)
{
    sim_post_at(process->world, process->world->now,
                sim_post_new(process->id, 0, process->id, NULL, 0, run_resign));
}

/* ---- requests, as REST would bring them ---- */
static void run_ask(sim_process *process, sim_post *post)
{
    master *self = process->self;
    sim_job *job = &sim_cluster_of(process->world)->jobs[post->id];
    static const tide_master_request_kind kinds[] = { [SIM_ASK_SUBMIT] = TIDE_MASTER_SUBMIT,
                                                      [SIM_ASK_CANCEL] = TIDE_MASTER_CANCEL,
                                                      [SIM_ASK_STOP] = TIDE_MASTER_STOP };
    const tide_master_request request = {
        .id = ++self->last_request, .kind = kinds[post->code], .job = job->id, .spec = &job->spec
    };
    TIDE_GROW(self->asked, self->n_asked, self->cap_asked);
    self->asked[self->n_asked++] = (asked){ request.id, job, (sim_ask)post->code };
    step(self, &(tide_master_event){ .kind = TIDE_MASTER_REQUESTED, .request = &request });
}

void sim_master_ask(sim_process *process, sim_job *job, sim_ask ask)
{
    sim_post *post = sim_post_new(process->id, 0, process->id, NULL, 0, run_ask);
    post->code = ask;
    post->id = (uint64_t)(job - sim_cluster_of(process->world)->jobs);
    sim_post_at(process->world, process->world->now + SIM_MS, post);
}

/* ---- looking ---- */
void sim_master_look_at(const sim_process *process, sim_master_look *out)
{
    master *self = process->self;
    tide_view_overview view;
    tide_arena_reset(self->view_arena);
    tide_view_overview_of(self->core, self->view_arena, &view);
    *out = (sim_master_look){ .leads = view.leads,
                              .ready = view.ready,
                              .term = view.term,
                              .slots_total = view.slots_total,
                              .slots_free = view.slots_free,
                              .agents = view.agents,
                              .leases = view.leases };
}

const char *sim_master_job_state(const sim_process *process, const char *job, tide_bytes *why)
{
    master *self = process->self;
    tide_view_job_detail detail;
    tide_arena_reset(self->view_arena);
    if (!tide_view_job_of(self->core, job, self->view_arena, &detail)) return "";
    if (why) tide_bytes_puts(why, detail.job.why_waiting);
    return tide_lifecycle_name(detail.job.state);
}
