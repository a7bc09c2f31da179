/* net.c - the life of a network thread: sockets, peers, links. What it does all day is zmq.c. */
#include <inttypes.h>
#include <zmq.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "worker/exchange/net_priv.h"

static tide_status bind_ipc(tide_net *self)
{
    char *path = tide_asprintf("%s/%016" PRIx64 "-%" PRIu64 "-%u", self->config.ipc_folder,
                               self->config.job, self->config.attempt, self->config.runner);
    tide_status rv = tide_net_socket_bind_ipc(self->router, path, self->ipc);
    tide_free(path);
    if (rv != TIDE_E_LIMIT) return rv;
    tide_log_info("no ipc socket", tide_log_str("why", tide_error_text()));
    return TIDE_OK;
}

static tide_status open_sockets(tide_net *self)
{
    self->context = zmq_ctx_new();
    TIDE_TRY(tide_net_socket_router(self->context, &self->router));
    TIDE_TRY(tide_net_socket_bind_tcp(self->router, self->config.tcp_host, self->tcp));
    return self->config.ipc_folder ? bind_ipc(self) : TIDE_OK;
}

tide_status tide_net_new(const tide_net_config *config, tide_net **out)
{
    tide_net *self = tide_malloc_aligned(64, sizeof *self);
    memset(self, 0, sizeof *self);
    self->config = *config;
    self->out_pool = tide_pool_new(config->pool_bytes);
    self->in_pool = tide_pool_new(0);
    self->waker = tide_waker_new();
    tide_status rv = open_sockets(self);
    *out = self;
    if (rv != TIDE_OK) tide_net_free(out);
    return rv;
}

void tide_net_stop(tide_net *self)
{
    if (self->has_thread) {
        atomic_store(&self->stopping, true);
        tide_waker_wake(self->waker);
        pthread_join(self->thread, NULL);
        self->has_thread = false;
    }
    for (uint32_t i = 0; i < self->n_peers; i++) {
        tide_net_socket_close(&self->peers[i]->monitor);
        tide_net_socket_close(&self->peers[i]->dealer);
    }
    tide_net_socket_close(&self->router);
    tide_net_socket_unlink(self->ipc);
    if (self->context) (void)zmq_ctx_term(self->context); /* Gives back what was still queued. */
    self->context = NULL;
    tide_pool_adopt(self->out_pool);
    tide_pool_adopt(self->in_pool);
}

static void free_peer(net_peer *p)
{
    tide_link_sender_free(&p->sender);
    tide_link_receiver_free(&p->receiver);
    tide_buf_unref(&p->out.buf);
    tide_buf_unref(&p->back.buf);
    tide_free(p);
}

void tide_net_free(tide_net **self_p)
{
    tide_net *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    tide_net_stop(self);
    for (uint32_t i = 0; i < self->n_peers; i++) free_peer(self->peers[i]);
    tide_free(self->peers);
    tide_pool_free(&self->out_pool);
    tide_pool_free(&self->in_pool);
    tide_waker_free(&self->waker);
    tide_free(self);
}

const char *tide_net_tcp(const tide_net *self)
{
    return self->tcp;
}

const char *tide_net_ipc(const tide_net *self)
{
    return self->ipc;
}

tide_waker *tide_net_waker(tide_net *self)
{
    return self->waker;
}

static net_peer *find_peer(tide_net *self, uint32_t runner)
{
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i]->runner == runner) return self->peers[i];
    return NULL;
}

static net_peer *find_or_add_peer(tide_net *self, uint32_t runner)
{
    net_peer *p = find_peer(self, runner);
    if (p) return p;
    p = tide_calloc(1, sizeof *p);
    p->runner = runner;
    tide_link_config link = { .job = self->config.job,
                              .attempt = self->config.attempt,
                              .plan_hash = self->config.plan_hash,
                              .self = self->config.runner,
                              .peer = runner,
                              .pool = self->out_pool };
    p->sender = tide_link_sender_new(&link);
    link.pool = self->in_pool;
    link.keeper = &net_keeper;
    p->receiver = tide_link_receiver_new(&link);
    TIDE_GROW(self->peers, self->n_peers, self->cap_peers);
    self->peers[self->n_peers++] = p;
    return p;
}

void tide_net_add_out(tide_net *self, tide_channel_id id, tide_channel *channel, uint32_t peer,
                      const tide_schema *schema)
{
    tide_assert(!self->has_thread && peer != self->config.runner);
    tide_link_sender_add(find_or_add_peer(self, peer)->sender, id, channel, schema);
}

void tide_net_add_in(tide_net *self, tide_channel_id id, tide_channel *channel, uint32_t peer,
                     const tide_schema *schema)
{
    tide_assert(!self->has_thread && peer != self->config.runner);
    tide_link_receiver_add(find_or_add_peer(self, peer)->receiver, id, channel, schema);
}

static tide_status connect_peer(tide_net *self, net_peer *p, const tide_net_peer *where)
{
    bool by_ipc = where->same_host && where->ipc && where->ipc[0] && self->ipc[0];
    TIDE_TRY(tide_net_socket_dealer(self->context, &p->dealer));
    TIDE_TRY(tide_net_socket_monitor(self->context, p->dealer, p->runner, &p->monitor));
    return tide_net_socket_connect(p->dealer, by_ipc ? where->ipc : where->tcp);
}

tide_status tide_net_start(tide_net *self, const tide_net_peer *peers, uint32_t n_peers)
{
    tide_assert(!self->has_thread && self->context);
    for (uint32_t i = 0; i < n_peers; i++) {
        net_peer *p = find_peer(self, peers[i].runner);
        if (p) TIDE_TRY(connect_peer(self, p, &peers[i])); /* No channels, no connection. */
    }
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i]->dealer == NULL)
            return tide_fail(TIDE_E_INVALID, "nobody says where runner %u is",
                             self->peers[i]->runner);
    int err = pthread_create(&self->thread, NULL, net_main, self);
    self->has_thread = err == 0;
    return err == 0 ? TIDE_OK : tide_fail(TIDE_E_IO, "start network thread: %s", strerror(err));
}

const tide_net_counters *tide_net_counters_of(const tide_net *self)
{
    return &self->counters;
}

size_t tide_net_peak_bytes(const tide_net *self)
{
    return tide_pool_peak_bytes(self->out_pool) + tide_pool_peak_bytes(self->in_pool);
}
