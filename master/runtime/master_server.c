/* master_server.c - the control thread: events to the core, its actions to the world. */
#include "master/runtime/master_server.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/net/control.h"
#include "master/runtime/mailbox.h"
#include "master/runtime/store_pool.h"

/* Events of one kind that are taken before the others have their turn. */
#define EVENTS_AT_ONCE 64

/* What a caller wants, and gets. */
typedef struct asked {
    const tide_master_request *request; /* NULL: look. */
    tide_arena *arena;
    tide_master_reply *reply;
    bool answered;
    void (*look)(void *ctx, const tide_master *master, int64_t now_ns);
    void *ctx;
} asked;

struct tide_master_server {
    tide_clock *clock;
    tide_storage *storage;
    tide_store_pool *pool;
    tide_mailbox *mailbox;
    tide_control *control;
    tide_master *master;
    char *told; /* The control endpoint as others are told. */
    int wake_fd;
    pthread_t thread;
    bool started;
    atomic_bool ending;
    /* The control thread's: */
    tide_arena *arena; /* Of one message. */
    tide_bytes frame;
    tide_call *current; /* The call that is being stepped: its reply may come at once. */
};

static void *run(void *self_v);

static void wake(void *self_v)
{
    const tide_master_server *self = self_v;
    const uint64_t one = 1;
    ssize_t written = write(self->wake_fd, &one, sizeof one); /* Full: it is awake anyhow. */
    (void)written;
}

/* ---- making ---- */

/* "tcp://host:port" with the port that was bound. */
static char *choose_told(const char *wanted, const char *bound)
{
    const char *port = strrchr(bound, ':'), *colon = strrchr(wanted, ':');
    if (!*wanted || !port || !colon) return tide_strdup(bound);
    return tide_asprintf("%.*s%s", (int)(colon - wanted), wanted, port);
}

static tide_status make_master(tide_master_server *self, const tide_master_server_config *config)
{
    tide_master_config core = config->master;
    char id[17];
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return tide_fail(TIDE_E_IO, "no random numbers from the system");
    snprintf(id, sizeof id, "%016" PRIx64, random[0]);
    if (!*core.id) core.id = id;
    if (core.random_seed == 0) core.random_seed = random[1];
    core.control = self->told;
    self->master = tide_master_new(&core);
    return TIDE_OK;
}

static tide_status start(tide_master_server *self, const tide_master_server_config *config)
{
    self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (self->wake_fd < 0) return tide_fail(TIDE_E_LIMIT, "no eventfd");
    TIDE_TRY(tide_storage_open(config->storage, &self->storage));
    TIDE_TRY(tide_store_pool_new(self->storage, wake, self, &self->pool));
    self->control = tide_control_new(
        &(tide_control_config){ .name = "master", .frame_bytes_max = TIDE_PROTO_BYTES_MAX });
    TIDE_TRY(tide_control_bind(self->control, config->bind));
    self->told = choose_told(config->master.control, tide_control_endpoint(self->control));
    TIDE_TRY(make_master(self, config));
    if (pthread_create(&self->thread, NULL, run, self) != 0)
        return tide_fail(TIDE_E_LIMIT, "the control thread could not be started");
    self->started = true;
    return TIDE_OK;
}

tide_status tide_master_server_new(const tide_master_server_config *config,
                                   tide_master_server **out)
{
    tide_master_server *self = tide_calloc(1, sizeof *self);
    self->clock = config->clock ? config->clock : tide_clock_real();
    self->wake_fd = -1;
    self->arena = tide_arena_new();
    self->mailbox = tide_mailbox_new(wake, self);
    tide_status rv = start(self, config);
    if (rv == TIDE_OK)
        *out = self;
    else
        tide_master_server_free(&self);
    return rv;
}

void tide_master_server_free(tide_master_server **self_p)
{
    tide_master_server *self = *self_p;
    if (!self) return;
    *self_p = NULL;
    atomic_store(&self->ending, true);
    if (self->started) {
        wake(self);
        pthread_join(self->thread, NULL);
    }
    tide_store_pool_free(&self->pool);
    tide_storage_free(&self->storage);
    tide_control_free(&self->control);
    tide_master_free(&self->master);
    tide_mailbox_free(&self->mailbox);
    tide_bytes_fini(&self->frame);
    tide_arena_free(&self->arena);
    tide_free(self->told);
    if (self->wake_fd >= 0) close(self->wake_fd);
    tide_free(self);
}

const char *tide_master_server_control(const tide_master_server *self)
{
    return self->told;
}

/* ---- asking, from any thread ---- */

tide_status tide_master_server_request(tide_master_server *self, const tide_master_request *request,
                                       int64_t timeout_ns, tide_arena *arena,
                                       tide_master_reply *reply)
{
    asked what = { .request = request, .arena = arena, .reply = reply };
    tide_call call = { .what = &what };
    if (!tide_mailbox_call(self->mailbox, &call, timeout_ns))
        return tide_fail(TIDE_E_TIMEOUT,
                         "the master did not answer in time; whether it was done is unknown");
    if (reply->status == TIDE_OK) return TIDE_OK;
    return tide_fail(reply->status, "%s", reply->text);
}

void tide_master_server_look(tide_master_server *self,
                             void (*look)(void *ctx, const tide_master *master, int64_t now_ns),
                             void *ctx)
{
    asked what = { .look = look, .ctx = ctx };
    tide_call call = { .what = &what };
    bool done = tide_mailbox_call(self->mailbox, &call, -1);
    tide_assert(done);
}

/* ---- the control thread: what the core wants ---- */

static void fill_reply(asked *to, const tide_master_reply *from)
{
    *to->reply = *from;
    to->reply->text = tide_arena_strdup(to->arena, from->text);
    to->reply->job = tide_arena_strdup(to->arena, from->job);
    to->reply->leader_control = tide_arena_strdup(to->arena, from->leader_control);
    to->reply->leader_rest = tide_arena_strdup(to->arena, from->leader_rest);
    if (from->data.n)
        to->reply->data.p =
            memcpy(tide_arena_alloc(to->arena, from->data.n), from->data.p, from->data.n);
    to->answered = true;
}

static void answer(tide_master_server *self, const tide_master_reply *reply)
{
    if (self->current && self->current->id == reply->id) {
        fill_reply(self->current->what, reply);
        return;
    }
    tide_call *call = tide_mailbox_find(self->mailbox, reply->id);
    if (!call) return; /* Its caller waits no longer. */
    fill_reply(call->what, reply);
    tide_mailbox_put(self->mailbox, call, true);
}

static void carry_out(tide_master_server *self, const tide_master_act *act)
{
    switch (act->kind) {
    case TIDE_MASTER_SEND:
        self->frame.n = 0;
        tide_msg_encode(act->msg.kind, act->msg.body, &self->frame);
        tide_control_send(self->control, act->peer, self->frame.p, self->frame.n);
        break;
    case TIDE_MASTER_STORE: tide_store_pool_give(self->pool, &act->op); break;
    case TIDE_MASTER_REPLY: answer(self, &act->reply); break;
    case TIDE_MASTER_TRACE:
        if (act->alarm)
            tide_log_error("nothing is decided about a job any more", tide_log_str("job", act->job),
                           tide_log_str("why", act->text));
        else if (*act->job)
            tide_log_info("job", tide_log_str("job", act->job), tide_log_str("what", act->text));
        else
            tide_log_info("master", tide_log_str("what", act->text));
        break;
    }
}

static void step(tide_master_server *self, tide_master_event event)
{
    tide_master_acts acts;
    event.now_ns = tide_clock_now_ns(self->clock);
    event.wall_us = tide_clock_wall_us(self->clock);
    tide_master_step(self->master, &event, &acts);
    for (uint32_t i = 0; i < acts.n; i++) carry_out(self, &acts.items[i]);
}

/* ---- the control thread: what happens ---- */

static bool take_stored(tide_master_server *self)
{
    tide_store_done done;
    int n = 0;
    while (n < EVENTS_AT_ONCE && tide_store_pool_take(self->pool, &done)) {
        step(self, (tide_master_event){ .kind = TIDE_MASTER_STORED, .done = &done });
        n++;
    }
    return n == EVENTS_AT_ONCE;
}

static void take_call(tide_master_server *self, tide_call *call)
{
    asked *what = call->what;
    if (!what->request) {
        what->look(what->ctx, self->master, tide_clock_now_ns(self->clock));
        tide_mailbox_put(self->mailbox, call, true);
        return;
    }
    tide_master_request request = *what->request;
    request.id = call->id;
    self->current = call;
    step(self, (tide_master_event){ .kind = TIDE_MASTER_REQUESTED, .request = &request });
    self->current = NULL;
    tide_mailbox_put(self->mailbox, call, what->answered);
}

static bool take_calls(tide_master_server *self)
{
    tide_call *call;
    int n = 0;
    for (; n < EVENTS_AT_ONCE && (call = tide_mailbox_take(self->mailbox)) != NULL; n++)
        take_call(self, call);
    return n == EVENTS_AT_ONCE;
}

static void take_frame(tide_master_server *self, const tide_control_event *event)
{
    tide_msg msg;
    tide_arena_reset(self->arena);
    if (tide_msg_decode(event->bytes, event->n, self->arena, &msg) != TIDE_OK)
        tide_control_complain(self->control, event->peer, tide_error_text());
    else
        step(self,
             (tide_master_event){ .kind = TIDE_MASTER_MESSAGE, .peer = event->peer, .msg = msg });
}

static bool take_network(tide_master_server *self)
{
    tide_control_event event;
    int n = 0;
    for (; n < EVENTS_AT_ONCE && tide_control_next(self->control, &event); n++) {
        if (event.kind == TIDE_CONTROL_FRAME) take_frame(self, &event);
        if (event.kind == TIDE_CONTROL_CLOSED)
            step(self, (tide_master_event){ .kind = TIDE_MASTER_CLOSED, .peer = event.peer });
    }
    return n == EVENTS_AT_ONCE;
}

static void sleep_until(tide_master_server *self, int64_t at_ns)
{
    struct pollfd fd = { .fd = self->wake_fd, .events = POLLIN };
    int64_t now_ns = tide_clock_now_ns(self->clock);
    int64_t left_ms = at_ns == INT64_MAX ? -1 : 0;
    if (at_ns > now_ns && at_ns != INT64_MAX) left_ms = (at_ns - now_ns + 999999) / 1000000;
    tide_control_wait(self->control, &fd, 1, left_ms);
    uint64_t count;
    ssize_t n = read(self->wake_fd, &count, sizeof count); /* Nothing there: the time is over. */
    (void)n;
}

/* Everything that is there, in turns; then the time, if it is due. */
static void work(tide_master_server *self)
{
    bool more;
    do {
        more = take_stored(self);
        more |= take_calls(self);
        more |= take_network(self);
        if (tide_master_deadline_ns(self->master) <= tide_clock_now_ns(self->clock))
            step(self, (tide_master_event){ .kind = TIDE_MASTER_TICK });
    } while (more);
}

static void *run(void *self_v)
{
    tide_master_server *self = self_v;
    step(self, (tide_master_event){ .kind = TIDE_MASTER_TICK });
    while (!atomic_load(&self->ending)) {
        work(self);
        sleep_until(self, tide_master_deadline_ns(self->master));
    }
    int64_t until_ns = tide_clock_now_ns(self->clock) + TIDE_MASTER_RESIGN_NS;
    step(self, (tide_master_event){ .kind = TIDE_MASTER_RESIGN });
    while (!tide_master_is_quiet(self->master) && tide_clock_now_ns(self->clock) < until_ns) {
        take_stored(self);
        if (!tide_master_is_quiet(self->master)) sleep_until(self, until_ns);
    }
    return NULL;
}
