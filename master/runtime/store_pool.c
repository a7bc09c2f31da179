/* store_pool.c - two lists under a lock, and threads between them. */
#include "master/runtime/store_pool.h"

#include <pthread.h>

#include "base/core/log.h"
#include "base/core/mem.h"

typedef struct job {
    struct job *next;
    tide_arena *arena;
    tide_store_op op;
    tide_bytes bytes; /* GET */
    tide_storage_listing listing;
    tide_status status;
} job;

typedef struct list {
    job *first, **last_p;
} list;

struct tide_store_pool {
    tide_storage *storage;
    void (*wake)(void *ctx);
    void *ctx;
    pthread_t threads[TIDE_STORE_POOL_THREADS];
    uint32_t n_threads;
    job *taken; /* The owner's: what _take gave out last. */
    pthread_mutex_t lock;
    pthread_cond_t given;
    /* Under the lock: */
    list waiting, done;
    bool ending;
};

static void append(list *l, job *j)
{
    j->next = NULL;
    *l->last_p = j;
    l->last_p = &j->next;
}

static job *pop(list *l)
{
    job *j = l->first;
    if (!j) return NULL;
    l->first = j->next;
    if (!l->first) l->last_p = &l->first;
    return j;
}

static void free_job(job *j)
{
    if (!j) return;
    tide_bytes_fini(&j->bytes);
    tide_arena_free(&j->arena);
    tide_free(j);
}

static void carry_out(tide_store_pool *self, job *j)
{
    j->status = tide_storage_do(self->storage, &j->op, &j->bytes, j->arena, &j->listing);
    bool expected =
        j->status == TIDE_OK || j->status == TIDE_E_EXISTS || j->status == TIDE_E_NOT_FOUND;
    if (!expected)
        tide_log_warn("storage operation failed", tide_log_str("key", j->op.key),
                      tide_log_str("why", tide_error_text()));
}

static void *run(void *self_v)
{
    tide_store_pool *self = self_v;
    pthread_mutex_lock(&self->lock);
    for (;;) {
        while (!self->ending && !self->waiting.first) pthread_cond_wait(&self->given, &self->lock);
        if (self->ending) break;
        job *j = pop(&self->waiting);
        pthread_mutex_unlock(&self->lock);
        carry_out(self, j);
        pthread_mutex_lock(&self->lock);
        append(&self->done, j);
        self->wake(self->ctx);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

tide_status tide_store_pool_new(tide_storage *storage, void (*wake)(void *ctx), void *ctx,
                                tide_store_pool **out)
{
    tide_store_pool *self = tide_calloc(1, sizeof *self);
    *self = (tide_store_pool){ .storage = storage, .wake = wake, .ctx = ctx };
    self->waiting.last_p = &self->waiting.first;
    self->done.last_p = &self->done.first;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->given, NULL);
    for (; self->n_threads < TIDE_STORE_POOL_THREADS; self->n_threads++) {
        if (pthread_create(&self->threads[self->n_threads], NULL, run, self) == 0) continue;
        tide_store_pool_free(&self);
        return tide_fail(TIDE_E_LIMIT, "no thread for the storage could be started");
    }
    *out = self;
    return TIDE_OK;
}

void tide_store_pool_free(tide_store_pool **self_p)
{
    tide_store_pool *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    pthread_mutex_lock(&self->lock);
    self->ending = true;
    pthread_cond_broadcast(&self->given);
    pthread_mutex_unlock(&self->lock);
    for (uint32_t i = 0; i < self->n_threads; i++) pthread_join(self->threads[i], NULL);
    for (job *j; (j = pop(&self->waiting)) != NULL;) free_job(j);
    for (job *j; (j = pop(&self->done)) != NULL;) free_job(j);
    free_job(self->taken);
    pthread_cond_destroy(&self->given);
    pthread_mutex_destroy(&self->lock);
    tide_free(self);
}

void tide_store_pool_give(tide_store_pool *self, const tide_store_op *op)
{
    job *j = tide_calloc(1, sizeof *j);
    j->arena = tide_arena_new();
    j->op = *op;
    j->op.key = tide_arena_strdup(j->arena, op->key);
    if (op->n) j->op.bytes = memcpy(tide_arena_alloc(j->arena, op->n), op->bytes, op->n);
    pthread_mutex_lock(&self->lock);
    append(&self->waiting, j);
    pthread_cond_signal(&self->given);
    pthread_mutex_unlock(&self->lock);
}

bool tide_store_pool_take(tide_store_pool *self, tide_store_done *out)
{
    free_job(self->taken);
    pthread_mutex_lock(&self->lock);
    job *j = self->taken = pop(&self->done);
    pthread_mutex_unlock(&self->lock);
    if (!j) return false;
    *out = (tide_store_done){ .id = j->op.id,
                              .status = j->status,
                              .bytes = (const uint8_t *)j->bytes.p,
                              .n = j->bytes.n,
                              .listing = &j->listing };
    return true;
}
