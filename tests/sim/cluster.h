/* cluster.h - what the shells of a simulated cluster share: who there is, which jobs, who watches.
 *
 * Masters, agents, runners and drivers are real cores; their shells here carry actions out in the
 * simulated world. A shell includes the headers of its own core only: master and worker never
 * meet, neither here nor there. */
#ifndef TIDE_TESTS_SIM_CLUSTER_H
#define TIDE_TESTS_SIM_CLUSTER_H
#include "jobapi/proto/proto.h"
#include "tests/sim/check_log.h"
#include "tests/sim/load.h"
#include "tests/sim/net.h"
#include "tests/sim/sim.h"

#define SIM_MASTERS_MAX 3u
#define SIM_AGENTS_MAX 5u
#define SIM_JOBS_MAX 4u
#define SIM_RUNNER_LANE_NET 1u
#define SIM_RUNNER_LANE_SLOT 2u /* and behind. */
#define SIM_AGENT_SLOTS_MAX (SIM_LANES_MAX - SIM_RUNNER_LANE_SLOT)

typedef enum sim_wish { SIM_RUNS, SIM_TO_CANCEL, SIM_TO_STOP } sim_wish;

typedef struct sim_job {
    char id[20];
    sim_load load;
    tide_job_spec spec;
    int64_t submit_ns; /* Submitted then; again until a master says yes. */
    sim_wish wish;
    int64_t wish_ns; /* When it is asked for. */
    bool accepted, wish_accepted;
    uint64_t asked;        /* Requests so far. */
    uint64_t kept_attempt; /* A calm change of leaders must not cost this one; 0: none runs. */
    /* Driver mode: the job lives in this process. */
    bool by_driver, dies_with_driver; /* The latter: without end, until the driver is killed. */
    uint32_t driver;
    int64_t driver_died_ns; /* 0: lives. */
    char end[16];           /* Driver mode: how it ended. */
} sim_job;

typedef struct sim_cluster {
    sim_log_check *log;
    uint32_t n_masters, n_agents, slots_per_agent;
    sim_host *master_hosts[SIM_MASTERS_MAX], *agent_hosts[SIM_AGENTS_MAX];
    char endpoints[SIM_MASTERS_MAX][32]; /* Of masters. */
    uint32_t n_jobs;
    sim_job jobs[SIM_JOBS_MAX];
    tide_arena *arena; /* Texts that live as long as the world. */
} sim_cluster;

static inline sim_cluster *sim_cluster_of(const sim_world *world)
{
    return world->scenario;
}
sim_job *sim_cluster_job(const sim_cluster *self, const char *id); /* NULL: unknown. */
/* Query, rows, parallelism, costs and spec, for as many slots as the cluster has. */
void sim_cluster_draw_job(sim_world *world, sim_cluster *self, sim_job *job);

/* ---- shells ---- */
sim_process *sim_master_start(sim_world *world, sim_host *host, uint32_t number);
sim_process *sim_agent_start(sim_world *world, sim_host *host);
/* By an agent: number is the agent's own for its runner. */
sim_process *sim_runner_start_on(sim_process *agent, sim_host *host, uint64_t number);
sim_process *sim_driver_start(sim_world *world, sim_host *host, sim_job *job);

/* SIGTERM, as it were. */
void sim_master_resign(sim_process *master);
void sim_agent_drain(sim_process *agent);
/* A runner process is gone: tells its agent, if that lives. */
void sim_runner_died(sim_process *runner);

/* ---- requests to masters ---- */
typedef enum sim_ask { SIM_ASK_SUBMIT, SIM_ASK_CANCEL, SIM_ASK_STOP } sim_ask;
void sim_master_ask(sim_process *master, sim_job *job, sim_ask ask);
void sim_cluster_answered(sim_world *world, sim_job *job, sim_ask ask, bool ok, const char *text);

/* ---- what checkers look at; each says nothing of cores that are not the newest ---- */
typedef struct sim_master_look {
    bool leads, ready;
    uint64_t term;
    uint32_t slots_total, slots_free, agents, leases;
} sim_master_look;
void sim_master_look_at(const sim_process *master, sim_master_look *out);
/* The job's state as that master sees it; "" unknown. */
const char *sim_master_job_state(const sim_process *master, const char *job, tide_bytes *why);
const char *sim_driver_job_state(const sim_process *driver);

typedef struct sim_runner_look {
    const char *job;
    uint64_t attempt;
    uint32_t agent; /* Process. */
    uint64_t slots; /* A bit per slot of the agent. */
    uint64_t queued_bytes;
} sim_runner_look;
void sim_runner_look_at(const sim_process *runner, sim_runner_look *out);
uint32_t sim_agent_n_runners(const sim_process *agent); /* That it has not forgotten. */

/* ---- messages ---- */
void sim_send_msg(sim_process *from, uint32_t to, tide_msg_kind kind, const void *body);
/* Over that connection only. */
void sim_send_msg_peer(sim_process *from, uint64_t peer, tide_msg_kind kind, const void *body);
void sim_send_frame(sim_process *from, uint32_t to, const tide_bytes *bytes); /* Of a link. */
/* Decodes into the arena, which is reset first; a broken message is a failure of ours. */
bool sim_read_msg(sim_process *to, const uint8_t *bytes, size_t n, tide_arena *arena,
                  tide_msg *out);
#define SIM_STEP_COST_NS (20 * SIM_US) /* Of a control thread. */

#endif
