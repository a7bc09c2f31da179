/* mailbox.c - one list, one lock, one condition; see mailbox.h. */
#include "master/runtime/mailbox.h"

#include <pthread.h>
#include <time.h>

#include "base/core/assert.h"
#include "base/core/clock.h"
#include "base/core/mem.h"

struct tide_mailbox {
    void (*wake)(void *ctx);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    tide_call *calls; /* Newest first: few. */
    uint64_t next_id;
};

tide_mailbox *tide_mailbox_new(void (*wake)(void *ctx), void *ctx)
{
    tide_mailbox *self = tide_calloc(1, sizeof *self);
    pthread_condattr_t monotonic;
    self->wake = wake;
    self->ctx = ctx;
    pthread_mutex_init(&self->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return self;
}

void tide_mailbox_free(tide_mailbox **self_p)
{
    tide_mailbox *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    tide_assert(self->calls == NULL);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    tide_free(self);
}

static void unlink_call(tide_mailbox *self, const tide_call *call)
{
    tide_call **at = &self->calls;
    while (*at != call) at = &(*at)->next;
    *at = call->next;
}

static void wait_until(tide_mailbox *self, int64_t until_ns)
{
    if (until_ns == INT64_MAX) {
        pthread_cond_wait(&self->changed, &self->lock);
        return;
    }
    const struct timespec at = { .tv_sec = until_ns / 1000000000,
                                 .tv_nsec = until_ns % 1000000000 };
    pthread_cond_timedwait(&self->changed, &self->lock, &at);
}

bool tide_mailbox_call(tide_mailbox *self, tide_call *call, int64_t timeout_ns)
{
    /* The condition waits by the machine's own clock, whatever clock the cores are given. */
    int64_t now_ns = tide_clock_now_ns(tide_clock_real());
    int64_t until_ns = timeout_ns < 0 ? INT64_MAX : now_ns + timeout_ns;
    pthread_mutex_lock(&self->lock);
    call->state = TIDE_CALL_POSTED;
    call->id = ++self->next_id;
    call->next = self->calls;
    self->calls = call;
    pthread_mutex_unlock(&self->lock);
    self->wake(self->ctx);
    pthread_mutex_lock(&self->lock);
    while (call->state != TIDE_CALL_DONE) {
        bool over = tide_clock_now_ns(tide_clock_real()) >= until_ns;
        if (over && call->state != TIDE_CALL_TAKEN) break;
        wait_until(self, over ? INT64_MAX : until_ns);
    }
    bool done = call->state == TIDE_CALL_DONE;
    unlink_call(self, call);
    pthread_mutex_unlock(&self->lock);
    return done;
}

tide_call *tide_mailbox_take(tide_mailbox *self)
{
    tide_call *oldest = NULL;
    pthread_mutex_lock(&self->lock);
    for (tide_call *c = self->calls; c; c = c->next)
        if (c->state == TIDE_CALL_POSTED) oldest = c;
    if (oldest) oldest->state = TIDE_CALL_TAKEN;
    pthread_mutex_unlock(&self->lock);
    return oldest;
}

void tide_mailbox_put(tide_mailbox *self, tide_call *call, bool is_done)
{
    pthread_mutex_lock(&self->lock);
    call->state = is_done ? TIDE_CALL_DONE : TIDE_CALL_ASKED;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
}

tide_call *tide_mailbox_find(tide_mailbox *self, uint64_t id)
{
    pthread_mutex_lock(&self->lock);
    tide_call *c = self->calls;
    while (c && c->id != id) c = c->next;
    if (c) c->state = TIDE_CALL_TAKEN;
    pthread_mutex_unlock(&self->lock);
    return c;
}
