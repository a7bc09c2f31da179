/* runner_part.c - one part of a job: what is loaded, built, run and taken down in this process. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "worker/connector/print/output.h"
#include "worker/runtime/altstack.h"
#include "worker/runtime/runner_priv.h"
#include "worker/runtime/split_wire.h"

struct runner_part {
    runner_part_config config;
    tide_arena *arena;
    bool loaded;
    runner_plan plan;
    tide_output *output;
    tide_net *net; /* NULL: every job slot is here. */
    tide_job *job;
    tide_scan_splits *listed, *scans; /* What we found; what DEPLOY said. */
    uint32_t n_listed, n_scans;
    uint32_t *owners;
    int *cpus, *nodes;
    tide_job_part part;
};

runner_part *runner_part_new(const runner_part_config *config)
{
    runner_part *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    self->arena = tide_arena_new();
    return self;
}

const tide_net *runner_part_net(const runner_part *self)
{
    return self->net;
}

const tide_runner_start *runner_part_start(const runner_part *self)
{
    return self->config.start;
}

tide_job *runner_part_job(const runner_part *self)
{
    return self->job;
}

const tide_graph *runner_part_graph(const runner_part *self)
{
    return self->plan.graph;
}

static tide_job_config job_config(const runner_part *self)
{
    const tide_runner_start *start = self->config.start;
    return (tide_job_config){
        .graph = self->plan.graph,
        .settings = &self->plan.settings,
        .part = &self->part,
        .clock = tide_clock_real(),
        .output = self->output,
        .random_seed = start->attempt,
        .marks = tide_page_marks(self->config.page),
        .on_change = self->config.on_change,
        .ctx = self->config.ctx,
    };
}

/* ---- prepare ---- */
/* Relative paths in the job mean what they meant where it was submitted, if that folder is here,
 * too: on the same host, or shared. */
static void enter_folder(const tide_job_spec *spec)
{
    if (*spec->folder == '\0') return;
    if (chdir(spec->folder) != 0)
        tide_log_info("folder of the submission is not here", tide_log_str("folder", spec->folder),
                      tide_log_str("why", strerror(errno)));
}

/* The thread that builds the plan has the page's last mark: user code runs on it. */
static tide_status load(runner_part *self)
{
    tide_mark *mark = &tide_page_marks(self->config.page)[tide_page_n_slots(self->config.page)];
    atomic_store(&mark->thread, (int32_t)gettid());
    tide_mark_busy(mark, true);
    tide_altstack stack;
    tide_altstack_begin(&stack);
    enter_folder(&self->config.start->spec);
    tide_status rv =
        runner_load(&self->config.start->spec, self->config.artifact_path, &self->plan);
    tide_altstack_end(&stack);
    tide_mark_busy(mark, false);
    self->loaded = rv == TIDE_OK;
    return rv;
}

static void fill_page(runner_part *self)
{
    const tide_graph *graph = self->plan.graph;
    for (uint32_t v = 0; v < graph->n_vertices; v++)
        tide_page_set_name(self->config.page, v, graph->vertices[v].name);
    tide_page_set_stuck_timeout(self->config.page, self->plan.settings.stuck_timeout_us);
}

static tide_status bind_net(runner_part *self)
{
    const tide_runner_start *start = self->config.start;
    const tide_net_config config = {
        .job = strtoull(start->job, NULL, 16),
        .attempt = start->attempt,
        .plan_hash = self->plan.graph->plan_hash,
        .runner = (uint32_t)start->runner,
        .tcp_host = self->config.data_host,
        .ipc_folder = *self->config.ipc_folder ? self->config.ipc_folder : NULL,
        .pool_bytes = self->plan.settings.memory_bytes,
        .on_event = self->config.on_net,
        .ctx = self->config.ctx,
    };
    return tide_net_new(&config, &self->net);
}

static tide_status list_splits(runner_part *self, tide_runner_prepared *out)
{
    const tide_job_config config = job_config(self);
    TIDE_TRY(tide_job_list_splits(&config, &self->listed, &self->n_listed));
    tide_split_wire wire;
    tide_split_wire_write(self->arena, self->listed, self->n_listed, &wire);
    out->n_scans = wire.n_scans;
    out->scans = wire.scans;
    out->n_splits = wire.n_splits;
    out->splits = wire.splits;
    return TIDE_OK;
}

tide_status runner_part_prepare(runner_part *self, tide_runner_prepared *out)
{
    const tide_runner_start *start = self->config.start;
    TIDE_TRY(load(self));
    fill_page(self);
    const tide_graph *graph = self->plan.graph;
    if (start->slots.n < graph->parallelism) TIDE_TRY(bind_net(self));
    *out = (tide_runner_prepared){ .plan_hash = graph->plan_hash,
                                   .tcp = self->net ? tide_net_tcp(self->net) : "",
                                   .ipc = self->net ? tide_net_ipc(self->net) : "" };
    return start->lists_splits ? list_splits(self, out) : TIDE_OK;
}

/* ---- deploy ---- */
static tide_status read_owners(runner_part *self, const tide_runner_deploy *m)
{
    const tide_runner_start *start = self->config.start;
    uint32_t n = self->plan.graph->parallelism, n_here = 0;
    self->owners = tide_calloc(n, sizeof *self->owners);
    for (uint32_t i = 0; i < n; i++) self->owners[i] = UINT32_MAX;
    for (uint32_t i = 0; i < m->owners.n; i++)
        if (m->owners.items[i].slot < n)
            self->owners[m->owners.items[i].slot] = (uint32_t)m->owners.items[i].runner;
    for (uint32_t i = 0; i < n; i++) {
        if (self->owners[i] == UINT32_MAX)
            return tide_fail(TIDE_E_PROTO, "job slot %u has no owner", i);
        n_here += self->owners[i] == start->runner;
    }
    if (n_here == start->slots.n && n_here <= tide_page_n_slots(self->config.page)) return TIDE_OK;
    return tide_fail(TIDE_E_PROTO, "%u job slots are to run here, %u were given", n_here,
                     start->slots.n);
}

static tide_status read_cores(runner_part *self)
{
    const tide_runner_start *start = self->config.start;
    uint32_t n = self->plan.graph->parallelism;
    self->cpus = tide_calloc(n, sizeof *self->cpus);
    self->nodes = tide_calloc(n, sizeof *self->nodes);
    for (uint32_t i = 0; i < n; i++) self->cpus[i] = self->nodes[i] = -1;
    for (uint32_t i = 0; i < start->slots.n; i++) {
        uint64_t slot = start->slots.items[i].slot;
        if (slot >= n || self->owners[slot] != start->runner)
            return tide_fail(TIDE_E_PROTO, "job slot %u was given, but is to run elsewhere",
                             (unsigned)slot);
        self->cpus[slot] = tide_page_cpu(self->config.page, i);
        self->nodes[slot] = tide_page_node(self->config.page, i);
    }
    return TIDE_OK;
}

static tide_status read_splits(runner_part *self, const tide_runner_deploy *m)
{
    const tide_split_wire wire = { .n_scans = m->scans.n,
                                   .scans = m->scans.items,
                                   .n_splits = m->splits.n,
                                   .splits = m->splits.items };
    return tide_split_wire_read(&wire, &self->scans, &self->n_scans);
}

static const char *host_of(const tide_runner_deploy *m, uint64_t runner)
{
    for (uint32_t i = 0; i < m->peers.n; i++)
        if (m->peers.items[i].runner == runner) return m->peers.items[i].host;
    return "";
}

static tide_status connect_peers(runner_part *self, const tide_runner_deploy *m)
{
    const char *here = host_of(m, m->runner);
    tide_net_peer *peers = tide_calloc(m->peers.n + 1u, sizeof *peers);
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->peers.n; i++) {
        const tide_peer_info *peer = &m->peers.items[i];
        if (peer->runner == m->runner) continue;
        peers[n++] = (tide_net_peer){ .runner = (uint32_t)peer->runner,
                                      .same_host = *here && strcmp(here, peer->host) == 0,
                                      .tcp = peer->tcp,
                                      .ipc = peer->ipc };
    }
    tide_status rv = tide_net_start(self->net, peers, n);
    tide_free(peers);
    return rv;
}

tide_status runner_part_deploy(runner_part *self, const tide_runner_deploy *m)
{
    TIDE_TRY(read_owners(self, m));
    TIDE_TRY(read_cores(self));
    TIDE_TRY(read_splits(self, m));
    self->part = (tide_job_part){ .runner = (uint32_t)self->config.start->runner,
                                  .owners = self->owners,
                                  .cpus = self->cpus,
                                  .nodes = self->nodes,
                                  .net = self->net,
                                  .scans = self->scans,
                                  .n_scans = self->n_scans };
    /* Standard output is the job's log. */
    self->output = tide_output_new(STDOUT_FILENO, TIDE_OUTPUT_JSONL, !self->plan.graph->bounded);
    const tide_job_config config = job_config(self);
    TIDE_TRY(tide_job_prepare(&config, &self->job));
    return self->net ? connect_peers(self, m) : TIDE_OK;
}

/* ---- run ---- */
void runner_part_run(runner_part *self)
{
    tide_job_go(self->job);
}

void runner_part_stop(runner_part *self)
{
    tide_job_stop(self->job);
}

tide_job_state runner_part_state(runner_part *self)
{
    return tide_job_state_of(self->job);
}

tide_status runner_part_end(runner_part *self)
{
    if (self->net) tide_net_stop(self->net);
    tide_status rv = tide_job_free(&self->job);
    tide_error error;
    if (rv != TIDE_OK) tide_error_take(rv, &error);
    tide_net_free(&self->net);
    tide_output_free(&self->output);
    return rv == TIDE_OK ? TIDE_OK : tide_error_raise(&error);
}

void runner_part_free(runner_part **self_p)
{
    runner_part *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    tide_assert(self->job == NULL); /* _end was called. */
    if (self->listed) tide_scan_splits_free(&self->listed, self->n_listed);
    if (self->scans) tide_scan_splits_free(&self->scans, self->n_scans);
    tide_free(self->owners);
    tide_free(self->cpus);
    tide_free(self->nodes);
    if (self->loaded) runner_unload(&self->plan);
    tide_arena_free(&self->arena);
    tide_free(self);
}
