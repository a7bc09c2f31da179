/* netkit.c - ends, and waiting for what happens at them. */
#include "tests/integ/exchange/netkit.h"

#include "base/core/assert.h"
#include "base/core/clock.h"

static void on_event(void *ctx, const tide_net_event *event)
{
    end *self = ctx;
    if (event->kind == TIDE_NET_PEER_LOST || event->kind == TIDE_NET_FAILED)
        self->news.error = event->error;
    _Atomic int *flags[] = { [TIDE_NET_CONNECTED] = &self->news.connected,
                             [TIDE_NET_DRAINED] = &self->news.drained,
                             [TIDE_NET_PEER_LOST] = &self->news.lost,
                             [TIDE_NET_FAILED] = &self->news.failed };
    atomic_fetch_add(flags[event->kind], 1);
    tide_waker_wake(self->waker);
}

void end_open(end *self, const end_config *config, tide_waker *waker)
{
    memset(self, 0, sizeof *self);
    self->waker = waker;
    const tide_net_config net = { .job = END_JOB,
                                  .attempt = config->attempt,
                                  .plan_hash = config->plan_hash,
                                  .runner = config->runner,
                                  .tcp_host = "127.0.0.1",
                                  .ipc_folder = config->ipc_folder,
                                  .pool_bytes = config->pool_bytes,
                                  .on_event = on_event,
                                  .ctx = self };
    tide_status rv = tide_net_new(&net, &self->net);
    tide_assert(rv == TIDE_OK);
}

void end_out(end *self, uint32_t id, uint32_t peer)
{
    tide_channel *c = &self->out[self->n_out++];
    tide_channel_init(c, self->waker, tide_net_waker(self->net));
    tide_net_add_out(self->net, (tide_channel_id){ id, 0, 0 }, c, peer, tide_rowkit_schema());
}

void end_in(end *self, uint32_t id, uint32_t peer)
{
    tide_channel *c = &self->in[self->n_in++];
    tide_channel_init(c, tide_net_waker(self->net), self->waker);
    tide_net_add_in(self->net, (tide_channel_id){ id, 0, 0 }, c, peer, tide_rowkit_schema());
}

void end_start(end *self, const tide_net_peer *peers, uint32_t n)
{
    tide_status rv = tide_net_start(self->net, peers, n);
    tide_assert(rv == TIDE_OK);
}

void end_close(end *self)
{
    tide_net_stop(self->net);
    for (uint32_t i = 0; i < self->n_out; i++) tide_channel_fini(&self->out[i]);
    for (uint32_t i = 0; i < self->n_in; i++) tide_channel_fini(&self->in[i]);
    tide_net_free(&self->net);
}

tide_net_peer end_where(const end *self, uint32_t runner, bool same_host)
{
    return (tide_net_peer){ .runner = runner,
                            .same_host = same_host,
                            .tcp = tide_net_tcp(self->net),
                            .ipc = tide_net_ipc(self->net) };
}

/* ---- waiting ---- */
typedef bool (*condition)(void *ctx);

static bool await(tide_waker *waker, condition holds, void *ctx)
{
    tide_clock *clock = tide_clock_real();
    int64_t until_ns = tide_clock_now_ns(clock) + DEADLINE_NS;
    for (;;) {
        tide_waker_arm(waker);
        bool done = holds(ctx);
        int64_t left_ns = until_ns - tide_clock_now_ns(clock);
        if (done || left_ns <= 0) {
            tide_waker_disarm(waker);
            return done;
        }
        tide_waker_wait(waker, left_ns);
    }
}

static bool is_set(void *flag)
{
    return atomic_load((const _Atomic int *)flag);
}

bool end_await(tide_waker *waker, const _Atomic int *flag)
{
    return await(waker, is_set, (void *)(uintptr_t)flag);
}

static bool one_failed(void *two)
{
    const end *const *ends = two;
    return atomic_load(&ends[0]->news.failed) || atomic_load(&ends[1]->news.failed);
}

const end *end_await_failed(const end *a, const end *b)
{
    const end *ends[] = { a, b };
    if (!await(a->waker, one_failed, ends)) return NULL;
    return atomic_load(&a->news.failed) ? a : b;
}

static bool has_element(void *channel)
{
    tide_elem e;
    return tide_channel_peek(channel, &e);
}

bool end_pop(end *self, uint32_t in, tide_elem *out)
{
    return await(self->waker, has_element, &self->in[in]) && tide_channel_pop(&self->in[in], out);
}

static bool has_room(void *channel)
{
    return tide_channel_has_room(channel);
}

bool end_await_room(end *self, uint32_t out)
{
    return await(self->waker, has_room, &self->out[out]);
}

void end_push_end(end *self, uint32_t out, tide_pool *pool)
{
    tide_channel_control(&self->out[out], pool,
                         &(tide_elem){ .kind = TIDE_ELEM_END, .drained = true });
}
