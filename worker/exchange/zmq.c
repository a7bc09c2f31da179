/* zmq.c - the network thread: messages of links to and from sockets, until it is told to stop.
 *
 * It takes and sends as long as anything moves, then sleeps in a poll of its sockets and of its
 * waker. ZeroMQ sends bodies from where they were packed and gives them back on its own thread.
 * Large blocks stay in the messages that brought them, for as long as their rows live. */
#include <errno.h>
#include <zmq.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "worker/exchange/net_priv.h"

#define TRANSFERS_PER_TURN 16u /* Of one socket, before others get their turn. */
#define TRANSFER_BYTES (768u << 10)
/* To ask a socket that has nothing is a system call. So only those are asked that the poll found
 * readable, until they have nothing any more; and all of them every so many rounds without a sleep.
 */
#define ASK_ALL_EVERY 8u
/* A ROUTER cannot be asked when one of its peers has room again. */
#define RETRY_MS 1

/* ---- news for the job ---- */
static void tell(tide_net *self, tide_net_event_kind kind, uint32_t peer, tide_status rv)
{
    tide_net_event event = { .kind = kind, .peer = peer };
    if (rv != TIDE_OK) tide_error_take(rv, &event.error);
    self->config.on_event(self->config.ctx, &event);
}

static void fail(tide_net *self, net_peer *p, tide_net_event_kind kind, tide_status rv)
{
    if (self->told_failure) return;
    self->told_failure = true;
    tell(self, kind, p->runner, rv);
}

/* CONNECTED and DRAINED, when they have come about, each once. */
static void tell_progress(tide_net *self)
{
    if (self->told_failure || self->told_drained) return;
    bool up = true, done = true;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        const net_peer *p = self->peers[i];
        up = up && tide_link_sender_is_up(p->sender) && tide_link_receiver_is_up(p->receiver);
        done = done && (p->gone || tide_link_sender_is_done(p->sender));
    }
    if (up && !self->told_connected) {
        self->told_connected = true;
        tell(self, TIDE_NET_CONNECTED, 0, TIDE_OK);
    }
    if (!self->told_connected || !done) return;
    self->told_drained = true;
    tell(self, TIDE_NET_DRAINED, 0, TIDE_OK);
}

static void warn_once(bool *warned, const net_peer *p, const char *why)
{
    if (*warned) return;
    *warned = true;
    tide_log_warn("exchange message dropped", tide_log_int("peer", p ? (int64_t)p->runner : -1),
                  tide_log_str("why", why));
}

static void set(_Atomic uint64_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

static void publish_counters(tide_net *self)
{
    tide_link_counters out = { 0 }, in = { 0 };
    uint64_t malformed = self->strangers;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        const tide_link_counters *s = tide_link_sender_counters(self->peers[i]->sender);
        const tide_link_counters *r = tide_link_receiver_counters(self->peers[i]->receiver);
        out.messages += s->messages, out.bytes += s->bytes, out.blocks += s->blocks;
        in.messages += r->messages, in.bytes += r->bytes, in.blocks += r->blocks;
        in.stale += r->stale + s->stale;
        in.duplicate += r->duplicate + s->duplicate;
        malformed += r->malformed + s->malformed + r->refused + s->refused;
    }
    tide_net_counters *c = &self->counters;
    set(&c->frames_out, out.messages);
    set(&c->bytes_out, out.bytes);
    set(&c->blocks_out, out.blocks);
    set(&c->frames_in, in.messages);
    set(&c->bytes_in, in.bytes);
    set(&c->blocks_in, in.blocks);
    set(&c->dropped_stale, in.stale);
    set(&c->dropped_duplicate, in.duplicate);
    set(&c->dropped_malformed, malformed);
}

/* ---- sending ---- */
/* On a thread of ZeroMQ's: the body was sent, or will not be. */
static void give_back(void *data, void *net)
{
    tide_net *self = net;
    /* A body begins in the first line of its buffer. */
    uint8_t *line = (uint8_t *)((uintptr_t)data & ~(uintptr_t)(TIDE_BLOCK_ALIGN - 1));
    tide_buf *buf = (tide_buf *)(void *)(line - offsetof(tide_buf, data));
    if (buf->pool != self->out_pool) tide_pool_discharge(self->out_pool, buf->capacity);
    tide_buf_unref(&buf);
    if (atomic_load(&self->starved)) tide_waker_wake(self->waker);
}

/* False: no room, nothing was sent. What follows a first part has room. */
static bool send_header(void *socket, const tide_link_message *m)
{
    int more = m->buf ? ZMQ_SNDMORE : 0;
    if (zmq_send(socket, m->header, m->header_bytes, more | ZMQ_DONTWAIT) >= 0) return true;
    tide_assert(errno == EAGAIN);
    return false;
}

/* Gives the body away, if there is one. */
static void send_body(tide_net *self, void *socket, tide_link_message *m, int more)
{
    if (m->buf == NULL) return;
    /* A batch's own block counts here, too, while it waits to be sent. */
    if (m->buf->pool != self->out_pool) tide_pool_charge(self->out_pool, m->buf->capacity);
    zmq_msg_t body;
    int rv = zmq_msg_init_data(&body, m->body, m->body_bytes, give_back, self);
    tide_assert(rv == 0);
    m->buf = NULL;
    if (zmq_msg_send(&body, socket, more | ZMQ_DONTWAIT) < 0) zmq_msg_close(&body); /* It closed. */
}

/* Sends the message to who has that route, and gives its body away. False: no room, nothing was
 * sent. */
static bool send_answer(tide_net *self, const net_peer *route, tide_link_message *m)
{
    if (zmq_send(self->router, route->route, route->route_bytes, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
        if (errno == EAGAIN) return false;
        tide_buf_unref(&m->buf); /* Its connection is closed: the monitor says so, too. */
        return true;
    }
    bool sent = send_header(self->router, m);
    tide_assert(sent);
    send_body(self, self->router, m, 0);
    return true;
}

/* Makes the peer's next message, if nothing waits. */
static bool make_out(tide_net *self, net_peer *p)
{
    if (p->has_out) return true;
    tide_status rv = tide_link_sender_next(p->sender, &p->out, &p->has_out);
    if (rv != TIDE_OK) fail(self, p, TIDE_NET_FAILED, rv);
    return p->has_out;
}

/* The messages that are there, up to TRANSFER_BYTES, as the parts of one of ZeroMQ's: its threads
 * and ours wake each other once for all of them. False: nothing was sent. */
static bool send_transfer(tide_net *self, net_peer *p)
{
    if (!make_out(self, p) || !send_header(p->dealer, &p->out)) return false;
    for (size_t bytes = p->out.body_bytes;; bytes += p->out.body_bytes) {
        tide_link_message m = p->out;
        p->has_out = false;
        bool more = bytes < TRANSFER_BYTES && make_out(self, p);
        send_body(self, p->dealer, &m, more ? ZMQ_SNDMORE : 0);
        if (!more) return true;
        bool sent = send_header(p->dealer, &p->out);
        tide_assert(sent);
    }
}

/* Everything that the sender has for its peer, as far as the socket takes it. */
static bool send_rows(tide_net *self, net_peer *p)
{
    bool moved = false;
    for (uint32_t n = 0; n < TRANSFERS_PER_TURN && !p->gone && send_transfer(self, p); n++)
        moved = true;
    return moved;
}

/* Rows that waited into their rings; credits and the like to the peer. */
static bool send_answers(tide_net *self, net_peer *p)
{
    bool moved = false;
    if (p->route_bytes == 0) return false;
    tide_link_receiver_pump(p->receiver);
    for (;;) {
        if (!p->has_back) p->has_back = tide_link_receiver_next(p->receiver, &p->back);
        if (!p->has_back || !send_answer(self, p, &p->back)) break;
        p->has_back = false;
        moved = true;
    }
    return moved;
}

static bool send_all(tide_net *self)
{
    bool moved = false;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        moved |= send_rows(self, self->peers[i]);
        moved |= send_answers(self, self->peers[i]);
    }
    return moved;
}

/* ---- receiving ---- */
/* A message; what of it came. */
typedef struct parts {
    zmq_msg_t header, body;
    bool more; /* Something follows in the same transfer. */
} parts;

static bool receive_part(void *socket, zmq_msg_t *part)
{
    zmq_msg_init(part);
    return zmq_msg_recv(part, socket, ZMQ_DONTWAIT) >= 0;
}

/* The next message of a transfer. False: nothing there. Always to be released. */
static bool receive_parts(void *socket, parts *m)
{
    zmq_msg_init(&m->body);
    if (!receive_part(socket, &m->header)) return false;
    bool has_body = zmq_msg_more(&m->header) && receive_part(socket, &m->body);
    m->more = has_body && zmq_msg_more(&m->body);
    return true;
}

static void release_parts(parts *m)
{
    zmq_msg_close(&m->header);
    zmq_msg_close(&m->body);
}

static void after(tide_net *self, net_peer *p, tide_link_result result)
{
    if (result == TIDE_LINK_DROPPED) {
        publish_counters(self); /* Seldom, and people look for it. */
        warn_once(&p->warned, p, "it is malformed, of another attempt, or was here before");
    } else if (result != TIDE_LINK_TAKEN) {
        fail(self, p, TIDE_NET_FAILED, tide_error_code());
    }
}

static net_peer *peer_of_route(tide_net *self, zmq_msg_t *route)
{
    size_t n = zmq_msg_size(route);
    for (uint32_t i = 0; i < self->n_peers; i++) {
        net_peer *p = self->peers[i];
        if (p->route_bytes == n && memcmp(p->route, zmq_msg_data(route), n) == 0) return p;
    }
    return NULL;
}

static void keep_message(void *message, void *room)
{
    zmq_msg_t *kept = room;
    zmq_msg_init(kept);
    zmq_msg_move(kept, message);
}

/* The message is taken out of the memory that goes with it first. */
static void release_message(tide_buf *rows)
{
    zmq_msg_t message;
    zmq_msg_init(&message);
    zmq_msg_move(&message, (zmq_msg_t *)(void *)((uint8_t *)rows - TIDE_LINK_ROOM_BYTES));
    zmq_msg_close(&message);
}
_Static_assert(sizeof(zmq_msg_t) <= TIDE_LINK_ROOM_BYTES, "a message fits");

const tide_link_keeper net_keeper = { keep_message, release_message };

static tide_link_result give_to_receiver(net_peer *p, parts *m)
{
    return tide_link_receiver_take(p->receiver, zmq_msg_data(&m->header), zmq_msg_size(&m->header),
                                   zmq_msg_data(&m->body), zmq_msg_size(&m->body), &m->body);
}

/* The first message on a connection. Only the HELLO of a runner that has not said one counts. */
static void meet(tide_net *self, zmq_msg_t *route, parts *m)
{
    uint8_t *header = zmq_msg_data(&m->header);
    size_t n = zmq_msg_size(&m->header), route_bytes = zmq_msg_size(route);
    uint32_t runner;
    net_peer *p = NULL;
    if (!m->more && route_bytes <= NET_ROUTE_BYTES_MAX && tide_link_is_hello(header, n) &&
        tide_link_runner_of(header, n, &runner))
        for (uint32_t i = 0; i < self->n_peers; i++)
            if (self->peers[i]->runner == runner) p = self->peers[i];
    if (p == NULL) {
        self->strangers++;
        publish_counters(self);
        warn_once(&self->warned_of_strangers, NULL, "nobody who belongs to this job sent it");
        return;
    }
    tide_link_result result = give_to_receiver(p, m);
    if (result == TIDE_LINK_TAKEN) {
        memcpy(p->route, zmq_msg_data(route), route_bytes);
        p->route_bytes = (uint32_t)route_bytes;
    } else if (result == TIDE_LINK_REFUSED) {
        net_peer asker = { .route_bytes = (uint32_t)route_bytes };
        memcpy(asker.route, zmq_msg_data(route), route_bytes);
        warn_once(&p->warned, p, tide_error_text());
        tide_link_message why;
        tide_link_receiver_refuse(p->receiver, tide_error_text(), &why);
        if (!send_answer(self, &asker, &why)) tide_buf_unref(&why.buf);
    } else {
        after(self, p, result);
    }
}

/* All that came by one route in one go. After a failure nobody looks at the rest. */
static void take_transfer(tide_net *self, zmq_msg_t *route)
{
    net_peer *p = peer_of_route(self, route);
    parts m = { .more = zmq_msg_more(route) };
    do {
        if (m.more)
            receive_parts(self->router, &m);
        else
            zmq_msg_init(&m.header), zmq_msg_init(&m.body); /* A route alone. */
        if (p == NULL)
            meet(self, route, &m);
        else if (!self->told_failure)
            after(self, p, give_to_receiver(p, &m));
        release_parts(&m);
    } while (m.more);
}

static bool receive_rows(tide_net *self)
{
    uint32_t n = 0;
    while (self->readable && n < TRANSFERS_PER_TURN) {
        zmq_msg_t route;
        self->readable = receive_part(self->router, &route);
        if (self->readable) take_transfer(self, &route);
        n += self->readable;
        zmq_msg_close(&route);
    }
    return n > 0;
}

static bool receive_answers(tide_net *self, net_peer *p)
{
    parts m;
    uint32_t n = 0;
    while (p->readable && n < TRANSFERS_PER_TURN) {
        p->readable = receive_parts(p->dealer, &m);
        if (p->readable && !self->told_failure)
            after(self, p,
                  tide_link_sender_take(p->sender, zmq_msg_data(&m.header), zmq_msg_size(&m.header),
                                        zmq_msg_data(&m.body), zmq_msg_size(&m.body)));
        n += p->readable;
        release_parts(&m);
    }
    return n > 0;
}

/* A runner that has all and has said all may leave; any other is lost. */
static void on_closed(tide_net *self, net_peer *p)
{
    p->gone = tide_link_sender_has_ended(p->sender) && tide_link_receiver_is_done(p->receiver);
    if (p->gone) return;
    tide_status rv = tide_fail(TIDE_E_UNREACHABLE, "the connection to runner %u closed", p->runner);
    fail(self, p, TIDE_NET_PEER_LOST, rv);
}

static void read_news(tide_net *self, net_peer *p)
{
    while (p->has_news) {
        tide_net_socket_news news = tide_net_socket_news_of(p->monitor);
        p->has_news = news != TIDE_NET_SOCKET_NOTHING;
        if (news == TIDE_NET_SOCKET_CONNECTED) p->connected = true;
        if (news == TIDE_NET_SOCKET_CLOSED && p->connected && !p->gone) on_closed(self, p);
    }
}

static bool receive_all(tide_net *self)
{
    bool asks_all = self->rounds++ % ASK_ALL_EVERY == ASK_ALL_EVERY - 1;
    self->readable = self->readable || asks_all;
    bool moved = receive_rows(self);
    for (uint32_t i = 0; i < self->n_peers; i++) {
        net_peer *p = self->peers[i];
        p->readable = p->readable || asks_all;
        p->has_news = p->has_news || asks_all;
        moved |= receive_answers(self, p);
        read_news(self, p);
    }
    return moved;
}

/* ---- the thread ---- */
/* One round; false when nothing moved. After a failure the attempt is over: nothing moves. */
static bool work(tide_net *self)
{
    if (self->told_failure) return false;
    bool moved = receive_all(self);
    moved |= !self->told_failure && send_all(self);
    if (moved) publish_counters(self);
    tell_progress(self);
    return moved && !self->told_failure;
}

/* What to poll for; returns how many. In this order: the waker, the ROUTER, and per peer its DEALER
 * and its monitor. After a failure only the waker counts. */
static uint32_t list_items(const tide_net *self, zmq_pollitem_t *items)
{
    uint32_t n = 0;
    items[n++] = (zmq_pollitem_t){ .fd = tide_waker_fd(self->waker), .events = ZMQ_POLLIN };
    if (self->told_failure) return n;
    items[n++] = (zmq_pollitem_t){ .socket = self->router, .events = ZMQ_POLLIN };
    for (uint32_t i = 0; i < self->n_peers; i++) {
        const net_peer *p = self->peers[i];
        short events = (short)(p->has_out && !p->gone ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN);
        items[n++] = (zmq_pollitem_t){ .socket = p->dealer, .events = events };
        items[n++] = (zmq_pollitem_t){ .socket = p->monitor, .events = ZMQ_POLLIN };
    }
    return n;
}

static void note_items(tide_net *self, const zmq_pollitem_t *items, uint32_t n)
{
    if (n == 1) return;
    self->readable = self->readable || items[1].revents & ZMQ_POLLIN;
    for (uint32_t i = 0; i < self->n_peers; i++) {
        net_peer *p = self->peers[i];
        p->readable = p->readable || items[2 + 2 * i].revents & ZMQ_POLLIN;
        p->has_news = p->has_news || items[3 + 2 * i].revents & ZMQ_POLLIN;
    }
}

/* Until a socket or the waker has something. Memory that comes back is something, too. */
static void sleep_until_news(tide_net *self, zmq_pollitem_t *items)
{
    atomic_store(&self->starved, !tide_pool_has_room(self->out_pool));
    tide_waker_arm(self->waker);
    bool moved = !self->told_failure && send_all(self); /* Pushed before it was armed. */
    if (moved || atomic_load(&self->stopping)) {
        tide_waker_disarm(self->waker);
        return;
    }
    long timeout_ms = -1;
    for (uint32_t i = 0; i < self->n_peers; i++)
        if (self->peers[i]->has_back) timeout_ms = RETRY_MS;
    uint32_t n = list_items(self, items);
    int rv = zmq_poll(items, (int)n, timeout_ms);
    tide_assert(rv >= 0 || errno == EINTR);
    tide_waker_clear(self->waker);
    note_items(self, items, n);
    self->rounds = 0;
}

void *net_main(void *net)
{
    tide_net *self = net;
    pthread_setname_np(pthread_self(), "net");
    tide_pool_adopt(self->out_pool);
    tide_pool_adopt(self->in_pool);
    zmq_pollitem_t *items = tide_calloc(2 + 2 * (size_t)self->n_peers, sizeof *items);
    while (!atomic_load(&self->stopping))
        if (!work(self)) sleep_until_news(self, items);
    tide_free(items);
    return NULL;
}
