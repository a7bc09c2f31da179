/* world.c - the event queue, clocks and processes. */
#include "tests/sim/world.h"

#include <stdio.h>
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/net.h"
#include "tests/sim/store.h"

/* 2026-01-01 00:00 UTC: where wall clocks begin. */
#define WALL_BEGIN_US INT64_C(1767225600000000)

/* ---- events ---- */
static bool is_before(const sim_event *a, const sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

void sim_at(sim_world *self, int64_t at, sim_fire *fire, void *arg)
{
    TIDE_GROW(self->events, self->n_events, self->cap_events);
    if (at < self->now) at = self->now;
    sim_event event = { .at = at, .seq = self->seq++, .fire = fire, .arg = arg };
    uint32_t i = self->n_events++;
    for (; i > 0 && is_before(&event, &self->events[(i - 1) / 2]); i = (i - 1) / 2)
        self->events[i] = self->events[(i - 1) / 2];
    self->events[i] = event;
}

static sim_event take_first(sim_world *self)
{
    sim_event first = self->events[0], last = self->events[--self->n_events];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= self->n_events) break;
        if (child + 1 < self->n_events && is_before(&self->events[child + 1], &self->events[child]))
            child++;
        if (!is_before(&self->events[child], &last)) break;
        self->events[i] = self->events[child];
        i = child;
    }
    self->events[i] = last;
    return first;
}

void sim_run_until(sim_world *self, int64_t at)
{
    while (!self->stop && self->n_events && self->events[0].at <= at) {
        sim_event event = take_first(self);
        tide_assert(event.at >= self->now);
        self->now = event.at;
        self->fired++;
        self->hash = tide_random_mix(self->hash ^ (uint64_t)event.at ^ event.seq << 40);
        event.fire(self, event.arg);
    }
    if (!self->stop) self->now = at;
}

/* ---- clocks ---- */
int64_t sim_now_ns(const sim_process *process)
{
    const sim_host *host = process->host;
    return host->boot_ns + process->world->now * (1000000 + host->drift_ppm) / 1000000;
}

int64_t sim_wall_us(const sim_process *process)
{
    return WALL_BEGIN_US + process->world->now / 1000 + process->host->wall_us;
}

/* The first time of the world at which the host's clock shows local_ns or more. */
static int64_t world_time(const sim_host *host, int64_t local_ns)
{
    int64_t rate = 1000000 + host->drift_ppm;
    __int128 scaled = ((__int128)local_ns - host->boot_ns) * 1000000 + rate - 1;
    return scaled <= 0 ? 0 : (int64_t)(scaled / rate);
}

/* ---- lanes ---- */
static void run_lane(sim_lane *lane);

static void fire_resume(sim_world *self, void *arg)
{
    (void)self;
    sim_lane *lane = arg;
    lane->resume_scheduled = false;
    run_lane(lane);
}

static int64_t blocked_until(const sim_lane *lane)
{
    int64_t paused = lane->process->paused_until;
    return paused > lane->busy_until ? paused : lane->busy_until;
}

static void run_lane(sim_lane *lane)
{
    sim_process *process = lane->process;
    sim_world *world = process->world;
    while (process->alive && blocked_until(lane) <= world->now && (lane->head || lane->wake_due)) {
        sim_post *post = lane->head;
        if (post == NULL) {
            lane->wake_due = false;
            process->vt->on_wake(process, lane->index);
            continue;
        }
        lane->head = post->next;
        if (lane->head == NULL) lane->tail = &lane->head;
        post->run(process, post);
        tide_free(post);
    }
    if (!process->alive || lane->resume_scheduled || !(lane->head || lane->wake_due)) return;
    lane->resume_scheduled = true;
    sim_at(world, blocked_until(lane), fire_resume, lane);
}

static void fire_wake(sim_world *self, void *arg)
{
    sim_lane *lane = arg;
    lane->wake_scheduled = INT64_MAX;
    if (!lane->process->alive || lane->wake_wanted == INT64_MAX) return;
    if (lane->wake_wanted > self->now) { /* Put off since. */
        lane->wake_scheduled = lane->wake_wanted;
        sim_at(self, lane->wake_wanted, fire_wake, lane);
        return;
    }
    lane->wake_wanted = INT64_MAX;
    lane->wake_due = true;
    run_lane(lane);
}

void sim_wake_at(sim_process *process, uint32_t lane_index, int64_t local_ns)
{
    sim_lane *lane = &process->lanes[lane_index];
    lane->wake_wanted = local_ns == INT64_MAX ? INT64_MAX : world_time(process->host, local_ns);
    if (lane->wake_wanted >= lane->wake_scheduled) return; /* That event will see to it. */
    lane->wake_scheduled = lane->wake_wanted;
    sim_at(process->world, lane->wake_wanted, fire_wake, lane);
}

void sim_charge(sim_process *process, uint32_t lane_index, int64_t ns)
{
    sim_lane *lane = &process->lanes[lane_index];
    int64_t from = lane->busy_until > process->world->now ? lane->busy_until : process->world->now;
    lane->busy_until = from + ns;
}

/* ---- posts ---- */
sim_post *sim_post_new(uint32_t to, uint32_t lane, uint32_t from, const void *bytes, size_t n,
                       void (*run)(sim_process *, sim_post *))
{
    sim_post *post = tide_malloc(sizeof *post + n);
    *post = (sim_post){ .run = run, .to = to, .lane = lane, .from = from, .n = n };
    if (n) memcpy(post->bytes, bytes, n);
    return post;
}

static void fire_post(sim_world *self, void *arg)
{
    sim_post *post = arg;
    sim_process *to = self->processes[post->to];
    if (!to->alive) {
        tide_free(post);
        return;
    }
    sim_lane *lane = &to->lanes[post->lane];
    post->next = NULL;
    *lane->tail = post;
    lane->tail = &post->next;
    run_lane(lane);
}

void sim_post_at(sim_world *self, int64_t at, sim_post *post)
{
    sim_at(self, at, fire_post, post);
}

/* ---- processes ---- */
sim_process *sim_spawn(sim_world *self, sim_host *host, const char *name, const sim_process_vt *vt,
                       void *process_self, uint32_t n_lanes)
{
    tide_assert(n_lanes >= 1 && n_lanes <= SIM_LANES_MAX);
    sim_process *process = tide_calloc(1, sizeof *process);
    process->world = self;
    process->id = self->n_processes;
    process->host = host;
    process->vt = vt;
    process->self = process_self;
    process->alive = true;
    process->n_lanes = n_lanes;
    snprintf(process->name, sizeof process->name, "%s", name);
    for (uint32_t i = 0; i < n_lanes; i++)
        process->lanes[i] = (sim_lane){ .process = process,
                                        .index = i,
                                        .tail = &process->lanes[i].head,
                                        .wake_wanted = INT64_MAX,
                                        .wake_scheduled = INT64_MAX };
    TIDE_GROW(self->processes, self->n_processes, self->cap_processes);
    self->processes[self->n_processes++] = process;
    sim_say(self, process->name, "starts on %s", host->name);
    return process;
}

sim_process *sim_process_at(const sim_world *self, uint32_t id)
{
    tide_assert(id < self->n_processes);
    return self->processes[id];
}

static void drop_backlog(sim_process *process)
{
    for (uint32_t i = 0; i < process->n_lanes; i++) {
        while (process->lanes[i].head) {
            sim_post *post = process->lanes[i].head;
            process->lanes[i].head = post->next;
            tide_free(post);
        }
        process->lanes[i].tail = &process->lanes[i].head;
    }
}

static void fire_reap(sim_world *self, void *arg)
{
    (void)self;
    sim_process *process = arg;
    drop_backlog(process);
    if (process->self) process->vt->free(process);
    process->self = NULL;
}

void sim_kill(sim_process *process, bool silent)
{
    if (!process->alive) return;
    sim_world *self = process->world;
    process->alive = false;
    sim_say(self, process->name, "is dead%s", silent ? ", silently" : "");
    sim_at(self, self->now, fire_reap, process); /* It may be on the stack now. */
    sim_net_process_died(self->net, process, silent);
    if (self->on_death) self->on_death(self, process);
}

void sim_pause(sim_process *process, int64_t for_ns)
{
    int64_t until = process->world->now + for_ns;
    if (until > process->paused_until) process->paused_until = until;
    sim_say(process->world, process->name, "is paused for %.3f s", (double)for_ns / 1e9);
}

static void fire_unpause(sim_world *self, void *arg)
{
    (void)self;
    run_lane(arg);
}

void sim_unpause(sim_process *process)
{
    if (process->paused_until <= process->world->now) return;
    process->paused_until = process->world->now;
    for (uint32_t i = 0; i < process->n_lanes; i++)
        sim_at(process->world, process->world->now, fire_unpause, &process->lanes[i]);
}

/* ---- world ---- */
sim_world *sim_world_new(uint64_t seed, sim_trace *trace)
{
    sim_world *self = tide_calloc(1, sizeof *self);
    self->seed = seed;
    self->trace = trace;
    for (uint32_t i = 0; i < SIM_STREAMS; i++) tide_random_init(&self->random[i], seed, i);
    self->net = sim_net_new(self);
    self->store = sim_store_new(self);
    return self;
}

sim_host *sim_host_add(sim_world *self, const char *name)
{
    tide_assert(self->n_hosts < SIM_HOSTS_MAX);
    sim_host *host = &self->hosts[self->n_hosts++];
    host->name = name;
    host->boot_ns = sim_between(self, SIM_STREAM_CLUSTER, SIM_S, 1000 * SIM_S);
    host->drift_ppm = sim_between(self, SIM_STREAM_CLUSTER, -500, 500);
    host->wall_us = sim_between(self, SIM_STREAM_CLUSTER, -2000000, 2000000);
    return host;
}

void sim_world_free(sim_world **self_p)
{
    sim_world *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_processes; i++) self->processes[i]->alive = false;
    for (uint32_t i = 0; i < self->n_processes; i++) fire_reap(self, self->processes[i]);
    while (self->n_events) {
        sim_event event = take_first(self);
        if (event.fire == fire_post) tide_free(event.arg);
        if (event.fire == sim_store_fire_apply) tide_free(event.arg);
    }
    for (uint32_t i = 0; i < self->n_processes; i++) tide_free(self->processes[i]);
    sim_net_free(&self->net);
    sim_store_free(&self->store);
    tide_free(self->processes);
    tide_free(self->events);
    tide_free(self);
}

bool sim_chance(sim_world *self, sim_stream stream, double p)
{
    return p > 0 && tide_random_f64(&self->random[stream]) < p;
}

int64_t sim_between(sim_world *self, sim_stream stream, int64_t low, int64_t high)
{
    uint64_t span = (uint64_t)(high - low) + 1;
    return low + (int64_t)tide_random_below(&self->random[stream], span);
}
