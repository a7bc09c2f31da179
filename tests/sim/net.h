/* net.h - connections between processes: delay, loss, doubling, overtaking, one-way cuts.
 *
 * A frame goes from a process to a lane of another; a connection uses one lane at both ends.
 * Between two processes frames keep their order, unless a fault delays one. A connection (made by
 * the first frame, or by _connect) tells both ends when the other dies, is cut, or closes it; a
 * host that loses power tells nobody. Between hosts each direction can be blocked for a while: what
 * is sent then is lost, or arrives when the way is free again, as the block says. Local connections
 * (a socket pair) have no faults. */
#ifndef TIDE_TESTS_SIM_NET_H
#define TIDE_TESTS_SIM_NET_H
#include "tests/sim/world.h"

typedef struct sim_net sim_net;

/* Chances per frame. Control messages get lost between connections. Data (frames between runners)
 * lies in one stream: where a frame is lost the connection is, and both ends hear of that. */
typedef struct sim_net_faults {
    double drop, twice, late;
    int64_t late_max_ns;
    int64_t latency_ns, jitter_ns;
} sim_net_faults;

sim_net *sim_net_new(sim_world *world);
void sim_net_free(sim_net **self_p);
sim_net_faults *sim_net_control_faults(sim_net *self); /* To be set. */
sim_net_faults *sim_net_data_faults(sim_net *self);

typedef enum sim_way { SIM_CONTROL, SIM_DATA } sim_way;

void sim_net_send(sim_process *from, uint32_t to, uint32_t lane, sim_way way, const void *bytes,
                  size_t n);
/* Connections as cores number them: never 0, and not used again when the connection closed. */
uint64_t sim_net_peer(sim_process *self, uint32_t process);
uint32_t sim_net_process_of(uint64_t peer);
/* To be asked before something is sent to a peer. False: the connection is no more; who was not
 * told of that (the other host had lost power) is told now. */
bool sim_net_stands(sim_process *from, uint64_t peer);
void sim_net_connect(sim_process *from, uint32_t to, uint32_t lane);
void sim_net_connect_local(sim_process *from, uint32_t to);
void sim_net_close(sim_process *from, uint32_t to); /* The other end is told, this one is not. */
/* Breaks a connection of two living processes: both are told, what was under way is lost. */
void sim_net_cut(sim_world *world, uint32_t a, uint32_t b);
/* Some open connection that is not local; false: there is none. */
bool sim_net_any(sim_world *world, uint32_t *a, uint32_t *b);
void sim_net_process_died(sim_net *self, sim_process *process, bool silent);

/* Would a connection stand: is the other alive, and the way free in both directions? */
bool sim_net_is_reachable(sim_process *from, uint32_t to);
/* Nothing gets from one host to the other for a time. */
void sim_net_block(sim_net *self, uint32_t from_host, uint32_t to_host, int64_t until, bool loses);
void sim_net_heal(sim_net *self); /* No block, no chance of a fault. */

/* Who listens there. The newest binding counts. */
void sim_net_bind(sim_net *self, const char *endpoint, uint32_t process);
uint32_t sim_net_find(const sim_net *self, const char *endpoint); /* SIM_NOBODY */

typedef struct sim_net_counters {
    uint64_t sent, delivered, dropped, doubled, late, blocked, closed;
} sim_net_counters;
const sim_net_counters *sim_net_counters_of(const sim_net *self);

#endif
