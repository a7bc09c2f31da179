/* jobs.c - which jobs are submitted: drawn from the seed. */
#include <string.h>

#include "base/core/assert.h"
#include "tests/sim/cluster.h"

sim_job *sim_cluster_job(const sim_cluster *self, const char *id)
{
    for (uint32_t i = 0; i < self->n_jobs; i++)
        if (strcmp(self->jobs[i].id, id) == 0) return (sim_job *)(uintptr_t)&self->jobs[i];
    return NULL;
}

static void draw_load(sim_world *world, sim_cluster *self, sim_job *job)
{
    sim_load *load = &job->load;
    load->world = world;
    load->seed = tide_random_u64(&world->random[SIM_STREAM_LOAD]);
    load->query = (sim_query)sim_between(world, SIM_STREAM_LOAD, 0, SIM_QUERIES - 1);
    uint32_t slots = self->n_agents * self->slots_per_agent;
    uint32_t p_max = slots < 6 ? slots : 6;
    load->parallelism = (uint32_t)sim_between(world, SIM_STREAM_LOAD, 2, p_max);
    load->keys = (uint32_t)sim_between(world, SIM_STREAM_LOAD, 1, 12);
    load->begin_ns = job->submit_ns;
    load->interval_ns = sim_between(world, SIM_STREAM_LOAD, 20, 100) * SIM_MS;
    int64_t lasts_ns = sim_between(world, SIM_STREAM_LOAD, 5 * SIM_S, 60 * SIM_S);
    bool ends = job->wish == SIM_RUNS && !job->dies_with_driver;
    load->rows = ends ? (uint32_t)(lasts_ns / load->interval_ns) : UINT32_MAX;
    load->row_cost_ns = sim_between(world, SIM_STREAM_LOAD, SIM_US, 300 * SIM_US);
}

static void make_spec(sim_cluster *self, sim_job *job)
{
    const tide_graph *graph;
    const tide_job_settings *settings;
    tide_status rv = sim_load_graph(sim_load_text(&job->load), job->load.parallelism,
                                    sim_load_is_bounded(&job->load), &graph, &settings);
    tide_assert(rv == TIDE_OK);
    static const tide_pair restarts[] = { { "restart-strategy.type", "fixed-delay" },
                                          { "restart-strategy.fixed-delay.attempts", "100000" },
                                          { "restart-strategy.fixed-delay.delay", "200ms" } };
    job->spec = (tide_job_spec){ .name = tide_arena_printf(self->arena, "job %s", job->id),
                                 .kind = "sql",
                                 .text = sim_load_text(&job->load),
                                 .text_name = "job.sql",
                                 .parallelism = job->load.parallelism,
                                 .plan_hash = graph->plan_hash,
                                 .bounded = sim_load_is_bounded(&job->load),
                                 .n_splits_scans = 1 };
    job->spec.settings_above.n = 3;
    job->spec.settings_above.items = (tide_pair *)(uintptr_t)restarts;
}

void sim_cluster_draw_job(sim_world *world, sim_cluster *self, sim_job *job)
{
    draw_load(world, self, job);
    make_spec(self, job);
}
