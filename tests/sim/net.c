/* net.c - frames under way. */
#include "tests/sim/net.h"

#include <string.h>

#include "base/core/assert.h"

#define LOCAL_LATENCY_NS (20 * SIM_US)
#define BYTES_PER_US 1000

/* One direction. */
typedef struct connection {
    uint32_t from, to;
    uint32_t generation;  /* Grows with every close: a part of the peer's number. */
    uint32_t lost_before; /* Frames of older generations do not arrive any more. */
    uint32_t told_before; /* The sender was told that generations before this one closed. */
    int64_t last_arrival; /* Order is kept. */
    bool open, local;
    uint32_t lane; /* Of the receiver, that the frames go to, and the news of the close. */
} connection;

typedef struct binding {
    char endpoint[64];
    uint32_t process;
} binding;

typedef struct block {
    int64_t until;
    bool loses;
} block;

struct sim_net {
    sim_world *world;
    sim_net_faults control, data;
    uint32_t n, cap, *index, index_cap; /* Connections in order of their making; a hash of them. */
    connection *connections;
    uint32_t n_bindings, cap_bindings;
    binding *bindings;
    block blocks[SIM_HOSTS_MAX][SIM_HOSTS_MAX];
    sim_net_counters counters;
};

sim_net *sim_net_new(sim_world *world)
{
    sim_net *self = tide_calloc(1, sizeof *self);
    self->world = world;
    self->index_cap = 1024;
    self->index = tide_calloc(self->index_cap, sizeof *self->index);
    sim_net_faults none = { .latency_ns = 100 * SIM_US, .jitter_ns = 200 * SIM_US };
    self->control = self->data = none;
    return self;
}

void sim_net_free(sim_net **self_p)
{
    sim_net *self = *self_p;
    *self_p = NULL;
    tide_free(self->index);
    tide_free(self->connections);
    tide_free(self->bindings);
    tide_free(self);
}

sim_net_faults *sim_net_control_faults(sim_net *self)
{
    return &self->control;
}

sim_net_faults *sim_net_data_faults(sim_net *self)
{
    return &self->data;
}

const sim_net_counters *sim_net_counters_of(const sim_net *self)
{
    return &self->counters;
}

/* ---- connections ---- */
static uint32_t *slot_of(sim_net *self, uint32_t from, uint32_t to)
{
    uint64_t h = tide_random_mix((uint64_t)from << 32 | to);
    for (uint32_t i = (uint32_t)h & (self->index_cap - 1);; i = (i + 1) & (self->index_cap - 1)) {
        uint32_t at = self->index[i];
        if (at == 0) return &self->index[i];
        if (self->connections[at - 1].from == from && self->connections[at - 1].to == to)
            return &self->index[i];
    }
}

static void grow_index(sim_net *self)
{
    tide_free(self->index);
    self->index_cap *= 2;
    self->index = tide_calloc(self->index_cap, sizeof *self->index);
    for (uint32_t i = 0; i < self->n; i++)
        *slot_of(self, self->connections[i].from, self->connections[i].to) = i + 1;
}

static connection *connection_of(sim_net *self, uint32_t from, uint32_t to)
{
    uint32_t *slot = slot_of(self, from, to);
    if (*slot) return &self->connections[*slot - 1];
    if (2 * self->n >= self->index_cap) {
        grow_index(self);
        slot = slot_of(self, from, to);
    }
    TIDE_GROW(self->connections, self->n, self->cap);
    self->connections[self->n] = (connection){ .from = from, .to = to };
    *slot = ++self->n;
    return &self->connections[self->n - 1];
}

static void open_both(sim_net *self, uint32_t a, uint32_t b, uint32_t lane, bool local)
{
    if (connection_of(self, a, b)->open) return;
    const uint32_t ends[][2] = { { a, b }, { b, a } };
    for (uint32_t i = 0; i < 2; i++) {
        connection *c = connection_of(self, ends[i][0], ends[i][1]);
        c->open = true;
        c->local = local;
        c->lane = lane;
    }
}

static uint32_t host_index(const sim_net *self, uint32_t process)
{
    return (uint32_t)(sim_process_at(self->world, process)->host - self->world->hosts);
}

static block *block_of(sim_net *self, uint32_t from, uint32_t to)
{
    return &self->blocks[host_index(self, from)][host_index(self, to)];
}

/* When something sent now over a free way would be there. */
static int64_t travel(sim_net *self, const sim_net_faults *faults, size_t n)
{
    double u = tide_random_f64(&self->world->random[SIM_STREAM_NET]);
    int64_t jitter = (int64_t)(u * u * u * (double)faults->jitter_ns); /* Rarely much. */
    return self->world->now + faults->latency_ns + jitter + (int64_t)(n / BYTES_PER_US) * SIM_US;
}

/* ---- closing ---- */
static uint64_t peer_number(uint32_t generation, uint32_t process)
{
    return ((uint64_t)generation << 32 | process) + 1;
}

uint64_t sim_net_peer(sim_process *self, uint32_t process)
{
    return peer_number(connection_of(self->world->net, self->id, process)->generation, process);
}

uint32_t sim_net_process_of(uint64_t peer)
{
    return (uint32_t)(peer - 1);
}

static void run_closed(sim_process *to, sim_post *post)
{
    sim_net *self = to->world->net;
    connection *c = connection_of(self, to->id, post->from);
    if (post->code < c->told_before) return; /* Known. */
    c->told_before = post->code + 1;
    self->counters.closed++;
    sim_say(to->world, to->name, "connection to %s closed",
            sim_process_at(to->world, post->from)->name);
    to->vt->on_closed(to, peer_number(post->code, post->from));
}

/* Tells `to` that a connection to `from` is gone; word of it waits where the way is blocked, and
 * comes behind what was sent before. */
static void tell_closed(sim_net *self, uint32_t to, uint32_t from, uint32_t generation)
{
    connection *c = connection_of(self, from, to);
    int64_t at = self->world->now + LOCAL_LATENCY_NS;
    if (!c->local) {
        at = travel(self, &self->control, 0);
        int64_t until = block_of(self, from, to)->until;
        if (until > self->world->now) at += until - self->world->now;
    }
    if (at <= c->last_arrival) at = c->last_arrival + 1;
    c->last_arrival = at;
    sim_post *post = sim_post_new(to, c->lane, from, NULL, 0, run_closed);
    post->code = generation;
    sim_post_at(self->world, at, post);
}

/* Returns the generation that ended. */
static uint32_t close_both(sim_net *self, uint32_t a, uint32_t b, bool loses)
{
    uint32_t generation = connection_of(self, a, b)->generation;
    connection *ends[] = { connection_of(self, a, b), connection_of(self, b, a) };
    for (uint32_t i = 0; i < 2; i++) {
        ends[i]->open = false;
        ends[i]->generation = generation + 1;
        if (loses) ends[i]->lost_before = generation + 1;
    }
    return generation;
}

void sim_net_close(sim_process *from, uint32_t to)
{
    sim_net *self = from->world->net;
    if (!connection_of(self, from->id, to)->open) return;
    tell_closed(self, to, from->id, close_both(self, from->id, to, false));
}

void sim_net_cut(sim_world *world, uint32_t a, uint32_t b)
{
    sim_net *self = world->net;
    if (!connection_of(self, a, b)->open) return;
    sim_say(world, "net", "connection %s - %s is cut", sim_process_at(world, a)->name,
            sim_process_at(world, b)->name);
    uint32_t generation = close_both(self, a, b, true);
    tell_closed(self, a, b, generation);
    tell_closed(self, b, a, generation);
}

bool sim_net_any(sim_world *world, uint32_t *a, uint32_t *b)
{
    sim_net *self = world->net;
    uint32_t n = 0, chosen = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        const connection *c = &self->connections[i];
        if (!c->open || c->local || c->from > c->to) continue;
        n++;
        if (tide_random_below(&world->random[SIM_STREAM_FAULTS], n) == 0) chosen = i;
    }
    if (n == 0) return false;
    *a = self->connections[chosen].from;
    *b = self->connections[chosen].to;
    return true;
}

void sim_net_process_died(sim_net *self, sim_process *process, bool silent)
{
    for (uint32_t i = 0; i < self->n; i++) {
        const connection c = self->connections[i];
        if (!c.open || c.from != process->id) continue;
        /* What it had sent is in the kernel's hands and still arrives, unless the host is gone. */
        uint32_t generation = close_both(self, c.from, c.to, silent);
        if (!silent) tell_closed(self, c.to, c.from, generation);
    }
}

/* ---- frames ---- */
static void run_frame(sim_process *to, sim_post *post)
{
    sim_net *self = to->world->net;
    if (post->code < connection_of(self, post->from, to->id)->lost_before) {
        self->counters.dropped++;
        return;
    }
    self->counters.delivered++;
    to->vt->on_frame(to, post->lane, peer_number(post->code, post->from), post->bytes, post->n);
}

static void dispatch(sim_net *self, const connection *c, uint32_t lane, int64_t at,
                     const void *bytes, size_t n)
{
    sim_post *post = sim_post_new(c->to, lane, c->from, bytes, n, run_frame);
    post->code = c->generation;
    sim_post_at(self->world, at, post);
}

static void send_remote(sim_process *from, connection *c, uint32_t lane, sim_way way,
                        const void *bytes, size_t n)
{
    sim_world *world = from->world;
    sim_net *self = world->net;
    const sim_net_faults *faults = way == SIM_DATA ? &self->data : &self->control;
    const block *way_block = block_of(self, c->from, c->to);
    bool is_blocked = way_block->until > world->now;
    int64_t at = travel(self, faults, n);
    if (is_blocked) {
        self->counters.blocked++;
        at += way_block->until - world->now;
    }
    if ((is_blocked && way_block->loses) || sim_chance(world, SIM_STREAM_NET, faults->drop)) {
        self->counters.dropped++;
        sim_say(world, "net", "drops %zu bytes %s > %s", n, from->name,
                sim_process_at(world, c->to)->name);
        if (way == SIM_DATA) sim_net_cut(world, c->from, c->to);
        return;
    }
    if (sim_chance(world, SIM_STREAM_NET, faults->late)) {
        self->counters.late++;
        at += sim_between(world, SIM_STREAM_NET, 0, faults->late_max_ns);
    } else {
        if (at <= c->last_arrival) at = c->last_arrival + 1;
        c->last_arrival = at;
    }
    dispatch(self, c, lane, at, bytes, n);
    if (!sim_chance(world, SIM_STREAM_NET, faults->twice)) return;
    self->counters.doubled++;
    at += sim_between(world, SIM_STREAM_NET, 1, faults->late_max_ns + 1);
    dispatch(self, c, lane, at, bytes, n);
}

void sim_net_send(sim_process *from, uint32_t to, uint32_t lane, sim_way way, const void *bytes,
                  size_t n)
{
    sim_net *self = from->world->net;
    const sim_process *peer = sim_process_at(self->world, to);
    self->counters.sent++;
    if (!peer->alive) { /* Nobody listens: a living host says so at once. */
        self->counters.dropped++;
        if (!peer->host->down)
            tell_closed(self, from->id, to, connection_of(self, from->id, to)->generation);
        return;
    }
    open_both(self, from->id, to, lane, false);
    connection *c = connection_of(self, from->id, to);
    if (!c->local) {
        send_remote(from, c, lane, way, bytes, n);
        return;
    }
    int64_t at = self->world->now + LOCAL_LATENCY_NS;
    if (at <= c->last_arrival) at = c->last_arrival + 1;
    c->last_arrival = at;
    dispatch(self, c, lane, at, bytes, n);
}

bool sim_net_stands(sim_process *from, uint64_t peer)
{
    sim_net *self = from->world->net;
    uint32_t to = sim_net_process_of(peer), generation = (uint32_t)((peer - 1) >> 32);
    if (sim_net_peer(from, to) == peer) return true;
    /* A host that came back knows nothing of the connection, and says so. */
    if (!sim_process_at(from->world, to)->host->down &&
        connection_of(self, from->id, to)->told_before <= generation)
        tell_closed(self, from->id, to, generation);
    return false;
}

void sim_net_connect(sim_process *from, uint32_t to, uint32_t lane)
{
    if (sim_process_at(from->world, to)->alive)
        open_both(from->world->net, from->id, to, lane, false);
}

void sim_net_connect_local(sim_process *from, uint32_t to)
{
    open_both(from->world->net, from->id, to, 0, true);
}

/* ---- blocks ---- */
void sim_net_block(sim_net *self, uint32_t from_host, uint32_t to_host, int64_t until, bool loses)
{
    self->blocks[from_host][to_host] = (block){ .until = until, .loses = loses };
    sim_say(self->world, "net", "nothing gets from %s to %s until %.3f",
            self->world->hosts[from_host].name, self->world->hosts[to_host].name,
            (double)until / 1e9);
}

bool sim_net_is_reachable(sim_process *from, uint32_t to)
{
    sim_net *self = from->world->net;
    return sim_process_at(from->world, to)->alive &&
           block_of(self, from->id, to)->until <= from->world->now &&
           block_of(self, to, from->id)->until <= from->world->now;
}

void sim_net_heal(sim_net *self)
{
    memset(self->blocks, 0, sizeof self->blocks);
    self->control.drop = self->control.twice = self->control.late = 0;
    self->data.drop = self->data.twice = self->data.late = 0;
}

/* ---- endpoints ---- */
void sim_net_bind(sim_net *self, const char *endpoint, uint32_t process)
{
    for (uint32_t i = 0; i < self->n_bindings; i++) {
        if (strcmp(self->bindings[i].endpoint, endpoint) != 0) continue;
        self->bindings[i].process = process;
        return;
    }
    TIDE_GROW(self->bindings, self->n_bindings, self->cap_bindings);
    binding *b = &self->bindings[self->n_bindings++];
    size_t n = strnlen(endpoint, sizeof b->endpoint);
    tide_assert(n < sizeof b->endpoint);
    memcpy(b->endpoint, endpoint, n + 1);
    b->process = process;
}

uint32_t sim_net_find(const sim_net *self, const char *endpoint)
{
    for (uint32_t i = 0; i < self->n_bindings; i++)
        if (strcmp(self->bindings[i].endpoint, endpoint) == 0) return self->bindings[i].process;
    return SIM_NOBODY;
}
