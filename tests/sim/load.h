/* load.h - the jobs of a simulated cluster: SQL texts over a source of seeded rows and a sink that
 * remembers, and what the right output is.
 *
 * Rows belong to the load, not to an attempt: row i of split s is a function of the load's seed and
 * arrives at a fixed time of the world, so an attempt that begins late finds a backlog, which it
 * reads as fast as its processor (virtual, too) allows. A key lives in one split and a split's
 * event time ascends, so the right output does not depend on how rows meet: the oracle is the
 * same job run to its end in one process, without faults, all rows there at once. */
#ifndef TIDE_TESTS_SIM_LOAD_H
#define TIDE_TESTS_SIM_LOAD_H
#include "jobapi/graph/graph.h"
#include "tests/sim/world.h"
#include "worker/connector/connector.h"

#define SIM_SPLITS 6u

typedef enum sim_query {
    SIM_WINDOWS,
    SIM_COUNTS, /* Without windows: updates. */
    SIM_SESSIONS,
    SIM_HOPS,      /* Overlapping windows, with distinct values. */
    SIM_TWO_STEPS, /* Windows over windows: two shuffles. */
    SIM_QUERIES
} sim_query;

/* What one attempt wrote. */
typedef struct sim_output {
    uint64_t attempt;
    tide_bytes lines; /* "change,key,values\n" in the order of writing. */
    int64_t first_ns, last_ns;
    uint64_t rows;
} sim_output;

struct sim_hook;
typedef struct sim_load {
    sim_world *world; /* NULL: the oracle's, where everything is there at once. */
    uint64_t seed;
    sim_query query;
    uint32_t parallelism;
    uint32_t rows;       /* Of a split; UINT32_MAX: without end. */
    uint32_t keys;       /* Of a split. */
    int64_t begin_ns;    /* When row 0 arrives. */
    int64_t interval_ns; /* Between a split's rows. */
    int64_t row_cost_ns; /* Of a slot's time, per row and operator. */
    int64_t sink_blocked_until;
    bool fails_next; /* The next write of a task fails. */
    /* A checker's look at every write; NULL: nobody looks. */
    void (*on_write)(const struct sim_hook *hook);
    uint32_t n_outputs, cap_outputs;
    sim_output *outputs; /* By attempt as they came. */
} sim_load;

void sim_load_fini(sim_load *self);
const char *sim_load_text(const sim_load *self); /* The job's SQL. */
bool sim_load_is_bounded(const sim_load *self);

/* What a task's source and sink are given. */
typedef struct sim_hook {
    sim_load *load;
    uint64_t attempt;
    sim_process *runner; /* NULL: the oracle's. */
} sim_hook;
extern const tide_connector sim_connector;

/* The job's plan and graph; both live until the process ends, as they are the same for everybody.
 * _plan is what the control plane asks a runner to build: the same text gives the same graph. */
TIDE_MUST_CHECK tide_status sim_load_graph(const char *text, uint32_t parallelism, bool bounded,
                                           const tide_graph **graph,
                                           const tide_job_settings **settings);

sim_output *sim_load_output(sim_load *self, uint64_t attempt); /* NULL: it wrote nothing. */

/* What the job has to write: appends its lines. */
void sim_load_run_alone(const sim_load *self, tide_bytes *out);
/* Is this what the job had to write? Otherwise *why is filled. */
bool sim_load_check(sim_load *self, const sim_output *output, tide_bytes *why);

#endif
