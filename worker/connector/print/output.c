/* output.c - a bounded buffer and the thread that writes it. */
#include "worker/connector/print/output.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/core/assert.h"

#define BUFFER_BYTES_MAX (1u << 20) /* Beyond this a put is refused; one chunk may overrun it. */
#define WAITERS_MAX 64u             /* Sinks that can wait at once: one a slot. */

struct tide_output {
    int fd;           /* -1: memory only. */
    tide_bytes *into; /* Memory. */
    tide_output_format format;
    bool changelog;
    _Atomic uint64_t rows;
    pthread_t thread;
    pthread_mutex_t lock; /* Guards what follows. */
    pthread_cond_t work;  /* To the thread: bytes came, or the end. */
    tide_bytes pending;   /* Put, not yet taken by the thread. */
    bool writing;         /* The thread holds bytes that are not written yet. */
    bool ending, started;
    bool any_row, broken;
    uint32_t n_inside; /* Sinks that entered and have not left. */
    int error;         /* errno of the failed write; 0 none. */
    uint32_t n_waiters;
    tide_waker *waiters[WAITERS_MAX];
    uint32_t n_names, cap_names;
    char **names; /* Tables whose header was claimed. */
};

static tide_output *output_new(tide_output_format format, bool changelog)
{
    tide_output *self = tide_calloc(1, sizeof *self);
    self->fd = -1;
    self->format = format;
    self->changelog = changelog;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->work, NULL);
    return self;
}

tide_output *tide_output_new(int fd, tide_output_format format, bool changelog)
{
    tide_output *self = output_new(format, changelog);
    self->fd = fd;
    return self;
}

tide_output *tide_output_new_memory(tide_bytes *into, tide_output_format format, bool changelog)
{
    tide_output *self = output_new(format, changelog);
    self->into = into;
    return self;
}

void tide_output_free(tide_output **self_p)
{
    tide_output *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    pthread_mutex_lock(&self->lock);
    self->ending = true;
    pthread_cond_signal(&self->work);
    pthread_mutex_unlock(&self->lock);
    if (self->started) pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->work);
    pthread_mutex_destroy(&self->lock);
    tide_bytes_fini(&self->pending);
    for (uint32_t i = 0; i < self->n_names; i++) tide_free(self->names[i]);
    tide_free(self->names);
    tide_free(self);
}

tide_output_format tide_output_format_of(const tide_output *self)
{
    return self->format;
}

bool tide_output_has_changelog(const tide_output *self)
{
    return self->changelog;
}

uint64_t tide_output_rows(const tide_output *self)
{
    return atomic_load_explicit(&self->rows, memory_order_relaxed);
}

/* ---- the thread ---- */

/* Returns 0 or errno. */
static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return errno;
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

static void wake_waiters(tide_output *self)
{
    for (uint32_t i = 0; i < self->n_waiters; i++) tide_waker_wake(self->waiters[i]);
    self->n_waiters = 0;
}

static void *write_pending(void *self_v)
{
    tide_output *self = self_v;
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE); /* A closed pipe is an error of write here, not a signal. */
    pthread_sigmask(SIG_BLOCK, &pipe_only, NULL);
    tide_bytes taken = { 0 };
    pthread_mutex_lock(&self->lock);
    for (;;) {
        while (self->pending.n == 0 && !self->ending) pthread_cond_wait(&self->work, &self->lock);
        if (self->pending.n == 0) break;
        tide_bytes full = self->pending;
        self->pending = taken;
        self->pending.n = 0;
        self->writing = true;
        pthread_mutex_unlock(&self->lock);
        int error = write_all(self->fd, full.p, full.n);
        pthread_mutex_lock(&self->lock);
        taken = full;
        self->writing = false;
        if (self->error == 0) self->error = error;
        wake_waiters(self);
        if (self->error) break;
    }
    wake_waiters(self);
    pthread_mutex_unlock(&self->lock);
    tide_bytes_fini(&taken);
    return NULL;
}

/* ---- sinks ---- */

void tide_output_enter(tide_output *self)
{
    pthread_mutex_lock(&self->lock);
    self->n_inside++;
    pthread_mutex_unlock(&self->lock);
}

/* With the lock held. */
static void append(tide_output *self, const char *bytes, size_t n)
{
    tide_bytes_put(self->into ? self->into : &self->pending, bytes, n);
    if (self->into) return;
    if (!self->started) {
        int rv = pthread_create(&self->thread, NULL, write_pending, self);
        tide_assert(rv == 0);
        self->started = true;
    }
    pthread_cond_signal(&self->work);
}

void tide_output_leave(tide_output *self, bool complete)
{
    pthread_mutex_lock(&self->lock);
    tide_assert(self->n_inside > 0);
    self->n_inside--;
    self->broken |= !complete;
    if (self->n_inside == 0 && !self->broken && self->format == TIDE_OUTPUT_JSON) {
        const char *end = self->any_row ? "\n]\n" : "[]\n";
        append(self, end, strlen(end));
    }
    pthread_mutex_unlock(&self->lock);
}

bool tide_output_claim_header(tide_output *self, const char *name)
{
    bool claimed = true;
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; i < self->n_names; i++)
        if (strcmp(self->names[i], name) == 0) claimed = false;
    if (claimed) {
        TIDE_GROW(self->names, self->n_names, self->cap_names);
        self->names[self->n_names++] = tide_strdup(name);
    }
    pthread_mutex_unlock(&self->lock);
    return claimed;
}

/* With the lock held: the thread will wake it. */
static tide_output_result wait_for_thread(tide_output *self, tide_waker *waker)
{
    for (uint32_t i = 0; i < self->n_waiters; i++)
        if (self->waiters[i] == waker) return TIDE_OUTPUT_AGAIN;
    tide_assert(self->n_waiters < WAITERS_MAX);
    self->waiters[self->n_waiters++] = waker;
    return TIDE_OUTPUT_AGAIN;
}

void tide_output_forget(tide_output *self, tide_waker *waker)
{
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; i < self->n_waiters; i++) {
        if (self->waiters[i] != waker) continue;
        tide_waker_wake(waker);
        self->waiters[i--] = self->waiters[--self->n_waiters];
    }
    pthread_mutex_unlock(&self->lock);
}

static tide_output_result fail(int error)
{
    if (error == EPIPE)
        tide_fail(TIDE_E_PIPE_CLOSED, "the output's reader has closed it");
    else if (error == ENOSPC)
        tide_fail(TIDE_E_NO_SPACE, "writing the output: no space left");
    else
        tide_fail(TIDE_E_IO, "writing the output: %s", strerror(error));
    return TIDE_OUTPUT_FAILED;
}

tide_output_result tide_output_put(tide_output *self, tide_waker *waker, const char *bytes,
                                   size_t n, uint64_t n_rows)
{
    tide_output_result result = TIDE_OUTPUT_DONE;
    pthread_mutex_lock(&self->lock);
    int error = self->error;
    if (error == 0 && self->pending.n > BUFFER_BYTES_MAX) {
        result = wait_for_thread(self, waker);
    } else if (error == 0) {
        if (self->format == TIDE_OUTPUT_JSON && n_rows)
            append(self, self->any_row ? ",\n" : "[\n", 2);
        self->any_row |= n_rows > 0;
        append(self, bytes, n);
        atomic_fetch_add_explicit(&self->rows, n_rows, memory_order_relaxed);
    }
    pthread_mutex_unlock(&self->lock);
    return error ? fail(error) : result;
}

tide_output_result tide_output_drain(tide_output *self, tide_waker *waker)
{
    tide_output_result result = TIDE_OUTPUT_DONE;
    pthread_mutex_lock(&self->lock);
    int error = self->error;
    if (error == 0 && (self->pending.n || self->writing)) result = wait_for_thread(self, waker);
    pthread_mutex_unlock(&self->lock);
    return error ? fail(error) : result;
}
