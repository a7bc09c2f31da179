/* world.h - a world in one thread: virtual time, hosts with clocks of their own, processes.
 *
 * Everything happens by events, ordered by time and then by the order in which they were made;
 * never by address. A process is a shell around a real core: it gets posts (frames, notices,
 * outcomes of storage) and wakes on its lanes, one after the other. A lane is a thread of the
 * process: work that a handler charges (sim_charge) keeps the lane busy for that long, and what
 * arrives meanwhile waits in order. A paused process does nothing and notices nothing until it
 * wakes with its old beliefs. A dead process never comes back: a restart is another process.
 *
 * All randomness is drawn from the world's seed, one stream per purpose, so that a fault more or
 * less does not change what else is drawn. */
#ifndef TIDE_TESTS_SIM_WORLD_H
#define TIDE_TESTS_SIM_WORLD_H
#include "base/core/mem.h"
#include "base/core/random.h"
#include "checkpoint/storage/storage.h"
#include "tests/sim/trace.h"

#define SIM_US INT64_C(1000)
#define SIM_MS INT64_C(1000000)
#define SIM_S INT64_C(1000000000)
#define SIM_NOBODY UINT32_MAX
#define SIM_HOSTS_MAX 16u
#define SIM_LANES_MAX 8u

typedef struct sim_world sim_world;
typedef struct sim_process sim_process;
typedef struct sim_post sim_post;

typedef struct sim_host {
    const char *name;
    int64_t boot_ns;   /* What its monotonic clock showed when the world began. */
    int64_t drift_ppm; /* How much faster it runs. */
    int64_t wall_us;   /* Offset of its wall clock; jumps. */
    bool down;
} sim_host;

/* Something that reaches a process: run is called on its lane, then the post is freed. */
struct sim_post {
    sim_post *next;
    void (*run)(sim_process *to, sim_post *post);
    uint32_t to, lane, from;
    uint32_t code; /* For run. */
    uint64_t id;   /* For run. */
    size_t n;
    _Alignas(16) uint8_t bytes[];
};

typedef struct sim_process_vt {
    const char *kind;
    /* A frame came over connection `peer`; see sim_net_process_of. */
    void (*on_frame)(sim_process *process, uint32_t lane, uint64_t peer, const uint8_t *bytes,
                     size_t n);
    void (*on_closed)(sim_process *process, uint64_t peer);
    /* The outcome of sim_store_do; the tag tells a shell of many cores whose it is. */
    void (*on_stored)(sim_process *process, uint32_t tag, const tide_store_done *done);
    void (*on_wake)(sim_process *process, uint32_t lane); /* As asked by sim_wake_at. */
    void (*free)(sim_process *process);                   /* Its self, once it is dead. */
    /* A process that it had started is gone; signal 0: by itself. */
    void (*on_child_exit)(sim_process *process, uint64_t child, int signal, int exit_code);
} sim_process_vt;

typedef struct sim_lane {
    sim_process *process;
    uint32_t index;
    int64_t busy_until;
    sim_post *head, **tail; /* Came while it was busy. */
    bool resume_scheduled, wake_due;
    int64_t wake_wanted, wake_scheduled;
} sim_lane;

struct sim_process {
    sim_world *world;
    uint32_t id;
    sim_host *host;
    char name[24];
    const sim_process_vt *vt;
    void *self;
    bool alive;
    int64_t paused_until;
    uint32_t n_lanes;
    sim_lane lanes[SIM_LANES_MAX];
};

typedef enum sim_stream {
    SIM_STREAM_CLUSTER, /* What the world looks like. */
    SIM_STREAM_FAULTS,  /* When what breaks. */
    SIM_STREAM_NET,
    SIM_STREAM_STORE,
    SIM_STREAM_LOAD, /* Jobs and their rows. */
    SIM_STREAMS
} sim_stream;

typedef void sim_fire(sim_world *world, void *arg);

typedef struct sim_event {
    int64_t at;
    uint64_t seq;
    sim_fire *fire;
    void *arg;
} sim_event;

struct sim_world {
    uint64_t seed;
    int64_t now; /* Nanoseconds since the world began. */
    uint64_t seq, fired, hash;
    uint32_t n_events, cap_events;
    sim_event *events; /* A heap. */
    uint32_t n_hosts;
    sim_host hosts[SIM_HOSTS_MAX];
    uint32_t n_processes, cap_processes;
    sim_process **processes;
    tide_random random[SIM_STREAMS];
    sim_trace *trace; /* Borrowed. */
    struct sim_net *net;
    struct sim_store *store;
    struct sim_run_state *run; /* See sim.h. */
    void *scenario;            /* The scenario's own. */
    struct sim_log_check *log_check;
    bool stop; /* Run no more events. */
    /* Told after a process died, and after a host has power again. */
    void (*on_death)(sim_world *world, sim_process *process);
    void (*on_power)(sim_world *world, sim_host *host);
};

sim_world *sim_world_new(uint64_t seed, sim_trace *trace);
void sim_world_free(sim_world **self_p);
sim_host *sim_host_add(sim_world *self, const char *name);

/* Calls fire at that time. An event that is never fired leaks its arg only if it owns one: posts
 * are known and freed. */
void sim_at(sim_world *self, int64_t at, sim_fire *fire, void *arg);
/* Runs events until the time has come or stop() says so. */
void sim_run_until(sim_world *self, int64_t at);

/* ---- processes ---- */
sim_process *sim_spawn(sim_world *self, sim_host *host, const char *name, const sim_process_vt *vt,
                       void *process_self, uint32_t n_lanes);
sim_process *sim_process_at(const sim_world *self, uint32_t id);
/* Dies at once; peers see closed connections unless its host went down (silent). */
void sim_kill(sim_process *process, bool silent);
void sim_pause(sim_process *process, int64_t for_ns);
void sim_unpause(sim_process *process);

/* ---- what a shell calls ---- */
int64_t sim_now_ns(const sim_process *process);  /* Its host's monotonic clock. */
int64_t sim_wall_us(const sim_process *process); /* Its host's wall clock. */
/* When to wake the lane next, by the host's clock: replaces the last wish. INT64_MAX: not. */
void sim_wake_at(sim_process *process, uint32_t lane, int64_t local_ns);
void sim_charge(sim_process *process, uint32_t lane, int64_t ns);

/* ---- posts ---- */
sim_post *sim_post_new(uint32_t to, uint32_t lane, uint32_t from, const void *bytes, size_t n,
                       void (*run)(sim_process *, sim_post *));
void sim_post_at(sim_world *self, int64_t at, sim_post *post); /* Takes the post. */

/* ---- chance ---- */
bool sim_chance(sim_world *self, sim_stream stream, double p);
int64_t sim_between(sim_world *self, sim_stream stream, int64_t low, int64_t high);

#define sim_say(world, who, ...)                                                                   \
    do {                                                                                           \
        if (TIDE_UNLIKELY((world)->trace->on))                                                     \
            sim_trace_add((world)->trace, (world)->now, (who), __VA_ARGS__);                       \
    } while (0)

#endif
