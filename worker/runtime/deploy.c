/* deploy.c - channels, splits and tasks of a job graph. */
#include "worker/runtime/deploy.h"

#include <pthread.h>

#include "base/column/key.h"
#include "base/core/assert.h"
#include "checkpoint/state/set.h"
#include "worker/core/source.h"
#include "worker/op/registry.h"
#include "worker/runtime/scans.h"

typedef enum connect_state { NOT_CONNECTED, CONNECTED, GIVEN_UP } connect_state;

struct tide_deployment {
    const tide_job_config *config;
    const tide_graph *graph;
    tide_arena *arena;
    tide_scan_plan *scans;       /* Per vertex; zero for other kinds. */
    tide_alignment **alignments; /* Per vertex, of scans with several readers; else NULL. */
    tide_channel *
        *channels; /* Per edge: [from subtask * to parallelism + to subtask]; NULL if chained. */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    connect_state state; /* Under the lock. */
};

/* ---- control thread ---- */
tide_status tide_deployment_new(const tide_job_config *config, tide_deployment **out)
{
    tide_deployment *self = tide_calloc(1, sizeof *self);
    self->config = config;
    self->graph = config->graph;
    self->arena = tide_arena_new();
    self->scans = tide_calloc(self->graph->n_vertices, sizeof *self->scans);
    self->alignments = tide_calloc(self->graph->n_vertices, sizeof *self->alignments);
    for (uint32_t v = 0; v < self->graph->n_vertices; v++) {
        const tide_vertex *vertex = &self->graph->vertices[v];
        if (vertex->node->kind == TIDE_NODE_SCAN && vertex->parallelism > 1)
            self->alignments[v] = tide_alignment_new(vertex->parallelism);
    }
    self->channels = tide_calloc(self->graph->n_edges, sizeof *self->channels);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    tide_status rv = tide_scans_plan(self->arena, config, self->scans);
    *out = self;
    if (rv != TIDE_OK) tide_deployment_free(out);
    return rv;
}

static uint32_t n_channels(const tide_graph *graph, const tide_edge *edge)
{
    return graph->vertices[edge->from].parallelism * graph->vertices[edge->to].parallelism;
}

void tide_deployment_free(tide_deployment **self_p)
{
    tide_deployment *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t e = 0; e < self->graph->n_edges; e++) {
        if (self->channels[e] == NULL) continue;
        uint32_t n = n_channels(self->graph, &self->graph->edges[e]);
        for (uint32_t i = 0; i < n; i++) tide_channel_fini(&self->channels[e][i]);
        tide_free(self->channels[e]);
    }
    for (uint32_t v = 0; v < self->graph->n_vertices; v++) {
        tide_splits_fini(&self->scans[v].splits);
        tide_alignment_free(&self->alignments[v]);
    }
    tide_free(self->alignments);
    tide_free(self->channels);
    tide_free(self->scans);
    tide_arena_free(&self->arena);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    tide_free(self);
}

/* Does the edge lead from that subtask to this one? */
static bool connects(const tide_edge *edge, uint32_t from, uint32_t to)
{
    return edge->partitioner != TIDE_PARTITION_FORWARD || from == to;
}

static bool is_here(const tide_deployment *self, uint32_t slot)
{
    const tide_job_part *part = self->config->part;
    return part == NULL || part->owners[slot] == part->runner;
}

static uint32_t bytes_of_row(const tide_graph *graph, const tide_edge *edge)
{
    const tide_schema *schema = tide_vertex_output(&graph->vertices[edge->from], edge->output);
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < schema->n; i++) bytes += tide_type_width(schema->fields[i].type);
    return bytes;
}

/* Those with an end here: subtask i is on slot i. */
static void make_channels(tide_deployment *self, uint32_t e, tide_waker *const *wakers)
{
    const tide_edge *edge = &self->graph->edges[e];
    uint32_t n_from = self->graph->vertices[edge->from].parallelism;
    uint32_t n_to = self->graph->vertices[edge->to].parallelism;
    self->channels[e] = tide_malloc_aligned(64, n_from * n_to * sizeof(tide_channel));
    memset(self->channels[e], 0, n_from * n_to * sizeof(tide_channel));
    uint32_t row_bytes = bytes_of_row(self->graph, edge);
    for (uint32_t f = 0; f < n_from; f++)
        for (uint32_t t = 0; t < n_to; t++)
            if (connects(edge, f, t) && (is_here(self, f) || is_here(self, t))) {
                tide_channel *channel = &self->channels[e][f * n_to + t];
                tide_channel_init(channel, wakers[f], wakers[t]);
                channel->leaves = is_here(self, f) && !is_here(self, t);
                channel->row_bytes = channel->leaves ? 0 : row_bytes;
            }
}

void tide_deployment_connect(tide_deployment *self, tide_waker *const *wakers)
{
    for (uint32_t e = 0; wakers && e < self->graph->n_edges; e++)
        if (!self->graph->edges[e].chained) make_channels(self, e, wakers);
    pthread_mutex_lock(&self->lock);
    self->state = wakers ? CONNECTED : GIVEN_UP;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

static void visit_channel(tide_deployment *self, tide_channel_id id,
                          void (*visit)(void *ctx, const tide_remote_channel *channel), void *ctx)
{
    const tide_edge *edge = &self->graph->edges[id.edge];
    bool from_here = is_here(self, id.from), to_here = is_here(self, id.to);
    if (!connects(edge, id.from, id.to) || from_here == to_here) return;
    uint32_t n_to = self->graph->vertices[edge->to].parallelism;
    const tide_remote_channel channel = {
        .id = id,
        .channel = &self->channels[id.edge][id.from * n_to + id.to],
        .schema = tide_vertex_output(&self->graph->vertices[edge->from], edge->output),
        .peer = self->config->part->owners[from_here ? id.to : id.from],
        .is_out = from_here,
    };
    visit(ctx, &channel);
}

void tide_deployment_visit_remote(tide_deployment *self,
                                  void (*visit)(void *ctx, const tide_remote_channel *channel),
                                  void *ctx)
{
    for (uint32_t e = 0; e < self->graph->n_edges; e++) {
        const tide_edge *edge = &self->graph->edges[e];
        if (edge->chained) continue;
        for (uint32_t f = 0; f < self->graph->vertices[edge->from].parallelism; f++)
            for (uint32_t t = 0; t < self->graph->vertices[edge->to].parallelism; t++)
                visit_channel(self, (tide_channel_id){ e, f, t }, visit, ctx);
    }
}

/* ---- slot threads ---- */
static tide_status await_connected(tide_deployment *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->state == NOT_CONNECTED) pthread_cond_wait(&self->changed, &self->lock);
    connect_state state = self->state;
    pthread_mutex_unlock(&self->lock);
    return state == CONNECTED ? TIDE_OK : tide_fail(TIDE_E_CANCELLED, "the job was not started");
}

/* One task under construction. */
typedef struct build {
    tide_deployment *deployment;
    tide_slot *slot;
    tide_task *task;
    const tide_chain *chain;
    uint32_t subtask;
    uint32_t *tail; /* Per vertex of the graph: the stage that its consumers hang on. */
} build;

static tide_op_env make_env(const build *b, const tide_vertex *vertex)
{
    const tide_job_config *config = b->deployment->config;
    const tide_graph *graph = b->deployment->graph;
    uint32_t p = vertex->parallelism;
    tide_op_env env = {
        .pool = tide_slot_pool(b->slot),
        .subtask = b->subtask,
        .parallelism = p,
        .vertex = (uint32_t)(vertex - graph->vertices),
        .key_groups = graph->key_groups,
        .key_group_first = tide_key_group_first(b->subtask, graph->key_groups, p),
        .key_group_end = tide_key_group_first(b->subtask + 1, graph->key_groups, p),
        .batch_mode = vertex->final_only,
        .on_error = config->settings->skip_errors ? TIDE_ON_ERROR_SKIP : TIDE_ON_ERROR_FAIL,
        .random_seed = config->random_seed + b->subtask * 0x9E3779B97F4A7C15ull + graph->plan_hash,
        .source_text = graph->plan->source_text,
        .source_name = graph->plan->source_name,
        .state_budget_bytes = config->settings->state_bytes,
        .waker = tide_slot_waker(b->slot),
        .output = config->output,
        .hook_connector = config->hook_connector,
        .hook = config->hook,
    };
    return env;
}

static tide_state_set *make_state(const tide_vertex *vertex, const tide_op_env *env)
{
    tide_table_groups groups = { .total = env->key_groups,
                                 .first = env->key_group_first,
                                 .end = env->key_group_end };
    return tide_state_set_new(vertex->name, groups, env->state_budget_bytes);
}

static tide_status add_operator(build *b, int32_t parent, uint32_t output, uint8_t port,
                                const tide_vertex *vertex, const tide_node *node, uint32_t *stage)
{
    const tide_op_vt *vt = tide_op_for_node(node);
    if (vt == NULL) return tide_fail(TIDE_E_UNSUPPORTED, "no operator runs %s", vertex->name);
    tide_op_env env = make_env(b, vertex);
    env.state = make_state(vertex, &env);
    tide_status rv = tide_task_add_stage(b->task, parent, output, port, vt, node, &env, stage);
    return rv == TIDE_OK ? TIDE_OK : tide_because(rv, "%s", vertex->name);
}

/* The splits of a subtask: dealt in turn, so that parts of one file are read side by side. */
static const tide_split **deal_splits(build *b, const tide_splits *all, uint32_t p, uint32_t *n)
{
    const tide_split **mine = TIDE_NEW_N(b->deployment->arena, const tide_split *, all->n / p + 1);
    for (uint32_t i = b->subtask; i < all->n; i += p) mine[(*n)++] = &all->items[i];
    return mine;
}

static tide_status add_scan(build *b, uint32_t v, const tide_vertex *vertex, uint32_t *tail)
{
    const tide_scan_plan *scan = &b->deployment->scans[v];
    const tide_job_config *job = b->deployment->config;
    tide_op_env env = make_env(b, vertex);
    TIDE_TRY(tide_task_add_stage(b->task, -1, 0, 0, NULL, vertex->node, &env, tail));
    pthread_mutex_lock(&b->deployment->lock); /* The arena. */
    uint32_t n_splits = 0;
    const tide_split **splits = deal_splits(b, &scan->splits, vertex->parallelism, &n_splits);
    pthread_mutex_unlock(&b->deployment->lock);
    const tide_source_config config = {
        .scan = vertex->node,
        .reading = &scan->reading,
        .connector = scan->connector,
        .splits = splits,
        .n_splits = n_splits,
        .env = tide_task_env(b->task, *tail),
        .watermark_every_row = job->virtual_time,
        .bounded = vertex->node->bounded,
        .idle_timeout_us = scan->idle_timeout_us,
        .alignment = job->virtual_time ? NULL : b->deployment->alignments[v],
    };
    tide_feed *feed;
    TIDE_TRY(tide_source_feed_new(&config, &feed));
    tide_task_set_feed(b->task, &feed);
    const tide_node *behind[] = { scan->reading.project, scan->reading.filter };
    for (uint32_t i = 0; i < 2; i++)
        if (behind[i]) TIDE_TRY(add_operator(b, (int32_t)*tail, 0, 0, vertex, behind[i], tail));
    return TIDE_OK;
}

static tide_status add_values(build *b, const tide_vertex *vertex, uint32_t *tail)
{
    tide_op_env env = make_env(b, vertex);
    TIDE_TRY(tide_task_add_stage(b->task, -1, 0, 0, NULL, vertex->node, &env, tail));
    tide_feed *feed;
    TIDE_TRY(tide_values_feed_new(vertex->node, tide_task_env(b->task, *tail), &feed));
    tide_task_set_feed(b->task, &feed);
    return TIDE_OK;
}

static void add_gate(build *b, const tide_vertex *vertex)
{
    tide_gate *gate = tide_gate_new();
    const tide_graph *graph = b->deployment->graph;
    for (uint32_t i = 0; i < vertex->n_in; i++) {
        const tide_edge *edge = &graph->edges[vertex->in[i]];
        for (uint32_t f = 0; f < graph->vertices[edge->from].parallelism; f++) {
            if (!connects(edge, f, b->subtask)) continue;
            tide_channel *row = b->deployment->channels[vertex->in[i]];
            tide_gate_add(gate, &row[f * vertex->parallelism + b->subtask], (uint8_t)edge->port);
        }
    }
    tide_task_set_gate(b->task, &gate);
}

static tide_status add_vertex(build *b, uint32_t v, bool is_head)
{
    const tide_graph *graph = b->deployment->graph;
    const tide_vertex *vertex = &graph->vertices[v];
    if (vertex->node->kind == TIDE_NODE_SCAN) return add_scan(b, v, vertex, &b->tail[v]);
    if (vertex->node->kind == TIDE_NODE_VALUES) return add_values(b, vertex, &b->tail[v]);
    if (is_head) {
        add_gate(b, vertex);
        return add_operator(b, -1, 0, 0, vertex, vertex->node, &b->tail[v]);
    }
    const tide_edge *edge = &graph->edges[vertex->in[0]];
    tide_assert(vertex->n_in == 1 && edge->chained);
    return add_operator(b, (int32_t)b->tail[edge->from], edge->output, (uint8_t)edge->port, vertex,
                        vertex->node, &b->tail[v]);
}

static tide_status add_outlet(build *b, const tide_vertex *vertex, uint32_t e)
{
    const tide_graph *graph = b->deployment->graph;
    const tide_edge *edge = &graph->edges[e];
    uint32_t n_to = graph->vertices[edge->to].parallelism, n = 0;
    tide_channel **targets = tide_calloc(n_to, sizeof *targets);
    for (uint32_t t = 0; t < n_to; t++)
        if (connects(edge, b->subtask, t))
            targets[n++] = &b->deployment->channels[e][b->subtask * n_to + t];
    const tide_outlet_config config = {
        .partitioner = edge->partitioner,
        .n_keys = edge->n_keys,
        .keys = edge->keys,
        .schema = tide_vertex_output(vertex, edge->output),
        .key_groups = graph->key_groups,
        .n_targets = n,
        .first_target = b->subtask,
        .targets = targets,
        .pool = tide_slot_pool(b->slot),
    };
    tide_outlet *outlet;
    tide_status rv = tide_outlet_new(&config, &outlet);
    tide_free(targets);
    if (rv == TIDE_OK) tide_task_add_outlet(b->task, b->tail[edge->from], edge->output, &outlet);
    return rv;
}

static tide_status build_chain(build *b)
{
    const tide_graph *graph = b->deployment->graph;
    for (uint32_t i = 0; i < b->chain->n; i++)
        TIDE_TRY(add_vertex(b, b->chain->vertices[i], i == 0));
    for (uint32_t i = 0; i < b->chain->n; i++) {
        const tide_vertex *vertex = &graph->vertices[b->chain->vertices[i]];
        for (uint32_t o = 0; o < vertex->n_out; o++)
            if (!graph->edges[vertex->out[o]].chained)
                TIDE_TRY(add_outlet(b, vertex, vertex->out[o]));
    }
    return TIDE_OK;
}

tide_status tide_deployment_build(tide_deployment *self, tide_slot *slot)
{
    TIDE_TRY(await_connected(self));
    build b = { .deployment = self, .slot = slot, .subtask = tide_slot_index(slot) };
    b.tail = tide_calloc(self->graph->n_vertices, sizeof *b.tail);
    tide_status rv = TIDE_OK;
    for (uint32_t c = self->graph->n_chains; c-- > 0 && rv == TIDE_OK;) {
        b.chain = &self->graph->chains[c];
        if (b.subtask >= b.chain->parallelism) continue;
        const tide_task_config config = {
            .name = self->graph->vertices[b.chain->vertices[0]].name,
            .pool = tide_slot_pool(slot),
            .subtask = b.subtask,
            .mark = tide_slot_mark(slot),
            .times = tide_slot_times_of(slot),
        };
        b.task = tide_task_new(&config);
        rv = build_chain(&b);
        tide_slot_add_task(slot, &b.task); /* Also when it failed: the slot closes it. */
    }
    tide_free(b.tail);
    return rv;
}
