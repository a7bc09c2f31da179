/* job.c - the life of a job on this process's slots: start, watch, stop, take down. */
#include "worker/runtime/job.h"

#include <pthread.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "worker/runtime/deploy.h"

struct tide_job {
    tide_job_config config;
    tide_deployment *deployment; /* NULL when it could not be made. */
    tide_slot **slots;           /* Those that are here. */
    uint32_t n_slots;
    pthread_mutex_t lock;
    pthread_cond_t built;
    /* Under the lock: */
    uint32_t n_built, n_done;
    bool failed;
    tide_error error;
};

static void on_slot_state(void *ctx, uint32_t index, tide_task_state state, const tide_error *error)
{
    (void)index;
    tide_job *self = ctx;
    pthread_mutex_lock(&self->lock);
    if (state == TIDE_TASK_RUNNING) {
        self->n_built++;
    } else {
        self->n_done++;
        if (state == TIDE_TASK_FAILED && !self->failed) {
            self->failed = true;
            self->error = *error;
        }
    }
    pthread_cond_signal(&self->built);
    pthread_mutex_unlock(&self->lock);
    if (self->config.on_change) self->config.on_change(self->config.ctx);
}

static tide_status build_slot(void *ctx, tide_slot *slot)
{
    tide_job *self = ctx;
    return tide_deployment_build(self->deployment, slot);
}

static bool is_here(const tide_job *self, uint32_t slot)
{
    const tide_job_part *part = self->config.part;
    return part == NULL || part->owners[slot] == part->runner;
}

/* The nth of the n_here that are here. */
static tide_slot *make_slot(tide_job *self, uint32_t index, uint32_t nth, uint32_t n_here)
{
    const tide_job_part *part = self->config.part;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    bool own_core = self->config.pins && (long)n_here <= cores;
    int cpu = own_core ? (int)index : -1;
    const tide_slot_config config = {
        .index = index,
        .cpu = part && part->cpus ? part->cpus[index] : cpu,
        .node = part && part->nodes ? part->nodes[index] : -1,
        .in_order = self->config.virtual_time,
        .spins = own_core && (long)n_here < cores,
        .pool_bytes = self->config.settings->memory_bytes,
        .clock = self->config.clock,
        .mark = self->config.marks ? &self->config.marks[nth] : NULL,
        .build = build_slot,
        .on_state = on_slot_state,
        .ctx = self,
    };
    return tide_slot_new(&config);
}

/* The slots that are here, in order of their job slots; their threads are started. */
static tide_status start_slots(tide_job *self)
{
    uint32_t n = self->config.graph->parallelism, n_here = 0;
    for (uint32_t i = 0; i < n; i++) n_here += is_here(self, i);
    self->slots = tide_calloc(n_here, sizeof(tide_slot *));
    for (uint32_t i = 0; i < n; i++)
        if (is_here(self, i)) {
            self->slots[self->n_slots] = make_slot(self, i, self->n_slots, n_here);
            self->n_slots++;
        }
    for (uint32_t i = 0; i < n_here; i++) TIDE_TRY(tide_slot_start(self->slots[i]));
    return TIDE_OK;
}

static void join_remote(void *net, const tide_remote_channel *c)
{
    if (c->is_out)
        tide_net_add_out(net, c->id, c->channel, c->peer, c->schema);
    else
        tide_net_add_in(net, c->id, c->channel, c->peer, c->schema);
}

static void connect_slots(tide_job *self)
{
    const tide_job_part *part = self->config.part;
    uint32_t n = self->config.graph->parallelism;
    tide_waker **wakers = tide_calloc(n, sizeof(tide_waker *));
    for (uint32_t i = 0; i < n; i++)
        if (!is_here(self, i)) wakers[i] = tide_net_waker(part->net);
    for (uint32_t i = 0; i < self->n_slots; i++)
        wakers[tide_slot_index(self->slots[i])] = tide_slot_waker(self->slots[i]);
    tide_deployment_connect(self->deployment, wakers);
    tide_free(wakers);
    if (self->n_slots < n) tide_deployment_visit_remote(self->deployment, join_remote, part->net);
}

/* Waits until every slot built its tasks; the first failure, if one did not. */
static tide_status await_built(tide_job *self)
{
    pthread_mutex_lock(&self->lock);
    while (self->n_built + self->n_done < self->n_slots)
        pthread_cond_wait(&self->built, &self->lock);
    tide_status rv = self->failed ? tide_error_raise(&self->error) : TIDE_OK;
    pthread_mutex_unlock(&self->lock);
    return rv;
}

static void take_down(tide_job *self)
{
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_abandon(self->slots[i]);
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_join(self->slots[i]);
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_free(&self->slots[i]);
    tide_free(self->slots);
    tide_deployment_free(&self->deployment);
    pthread_cond_destroy(&self->built);
    pthread_mutex_destroy(&self->lock);
    tide_free(self);
}

tide_status tide_job_prepare(const tide_job_config *config, tide_job **out)
{
    *out = NULL;
    tide_job *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->built, NULL);
    tide_status rv = tide_deployment_new(&self->config, &self->deployment);
    if (rv == TIDE_OK) {
        rv = start_slots(self);
        if (rv == TIDE_OK)
            connect_slots(self);
        else
            tide_deployment_connect(self->deployment, NULL);
    }
    if (rv == TIDE_OK) rv = await_built(self);
    if (rv != TIDE_OK) {
        tide_error error;
        tide_error_take(rv, &error);
        take_down(self);
        return tide_error_raise(&error);
    }
    *out = self;
    return TIDE_OK;
}

void tide_job_go(tide_job *self)
{
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_go(self->slots[i]);
}

tide_status tide_job_start(const tide_job_config *config, tide_job **out)
{
    TIDE_TRY(tide_job_prepare(config, out));
    tide_job_go(*out);
    return TIDE_OK;
}

tide_job_state tide_job_state_of(tide_job *self)
{
    pthread_mutex_lock(&self->lock);
    bool failed = self->failed, done = self->n_done == self->n_slots;
    pthread_mutex_unlock(&self->lock);
    if (failed) return TIDE_JOB_FAILED;
    return done ? TIDE_JOB_FINISHED : TIDE_JOB_RUNNING;
}

void tide_job_failure(tide_job *self, tide_error *out)
{
    pthread_mutex_lock(&self->lock);
    *out = self->error;
    pthread_mutex_unlock(&self->lock);
}

void tide_job_stop(tide_job *self)
{
    for (uint32_t i = 0; i < self->n_slots; i++) tide_slot_stop(self->slots[i]);
}

static uint64_t get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_task_progress(const tide_task *task, tide_job_progress *out)
{
    for (uint32_t i = 0; i < tide_task_n_stages(task); i++) {
        const tide_op_counters *c = tide_task_counters(task, i);
        tide_node_kind kind = tide_task_node(task, i)->kind;
        if (i == 0 && (kind == TIDE_NODE_SCAN || kind == TIDE_NODE_VALUES))
            out->rows_in += get(&c->rows_out);
        if (kind == TIDE_NODE_SINK) out->rows_out += get(&c->rows_in);
        out->late_rows += get(&c->late_rows);
        out->bad_rows += get(&c->bad_rows);
    }
    int64_t watermark = tide_task_watermark(task);
    if (watermark == TIDE_WATERMARK_NONE || watermark == TIDE_WATERMARK_MAX) return;
    if (out->watermark_us == TIDE_WATERMARK_NONE || watermark < out->watermark_us)
        out->watermark_us = watermark;
}

void tide_job_progress_of(tide_job *self, tide_job_progress *out)
{
    *out = (tide_job_progress){ .watermark_us = TIDE_WATERMARK_NONE };
    for (uint32_t i = 0; i < self->n_slots; i++)
        for (uint32_t t = 0; t < tide_slot_n_tasks(self->slots[i]); t++)
            add_task_progress(tide_slot_task(self->slots[i], t), out);
}

void tide_job_each_task(tide_job *self, void (*visit)(void *ctx, const tide_task *task), void *ctx)
{
    for (uint32_t i = 0; i < self->n_slots; i++)
        for (uint32_t t = 0; t < tide_slot_n_tasks(self->slots[i]); t++)
            visit(ctx, tide_slot_task(self->slots[i], t));
}

tide_status tide_job_free(tide_job **self_p)
{
    tide_job *self = *self_p;
    if (self == NULL) return TIDE_OK;
    *self_p = NULL;
    tide_error error = { .code = TIDE_OK };
    if (tide_job_state_of(self) == TIDE_JOB_FAILED) tide_job_failure(self, &error);
    take_down(self);
    return error.code == TIDE_OK ? TIDE_OK : tide_error_raise(&error);
}
