/* czmq.c - where control sockets are made: DEALER and ROUTER, each with a monitor.
 *
 * czmq makes and configures them; messages and monitor events are read through libzmq, since only
 * its messages tell the connection's descriptor (ZMQ_SRCFD). */
#include <czmq.h>
#include <errno.h>
#include <poll.h>
#include <zmq.h>

#include "base/core/assert.h"
#include "base/net/control_priv.h"

#define QUEUE_FRAMES 4096      /* Per connection and direction; more is dropped, and repeated. */
#define RECONNECT_MS 50        /* First try again; doubles */
#define RECONNECT_MAX_MS 1000  /* up to this. */
#define ALIVE_EVERY_MS 1000    /* A peer that vanished without a word: */
#define ALIVE_TIMEOUT_MS 3000  /* its connection is closed after this. */
#define HANDSHAKE_MAX_MS 10000 /* Who connects and says nothing. */

struct tide_socket {
    zsock_t *socket, *monitor;
    char *endpoint;
};

static void set_options(zsock_t *socket, tide_socket_kind kind, size_t frame_bytes_max)
{
    zsock_set_linger(socket, TIDE_CONTROL_LINGER_MS);
    zsock_set_sndhwm(socket, QUEUE_FRAMES);
    zsock_set_rcvhwm(socket, QUEUE_FRAMES);
    zsock_set_reconnect_ivl(socket, RECONNECT_MS);
    zsock_set_reconnect_ivl_max(socket, RECONNECT_MAX_MS);
    zsock_set_heartbeat_ivl(socket, ALIVE_EVERY_MS);
    zsock_set_heartbeat_timeout(socket, ALIVE_TIMEOUT_MS);
    zsock_set_handshake_ivl(socket, HANDSHAKE_MAX_MS);
    int64_t limit = (int64_t)frame_bytes_max; /* zsock_set_maxmsgsize takes an int. */
    zmq_setsockopt(zsock_resolve(socket), ZMQ_MAXMSGSIZE, &limit, sizeof limit);
    if (kind == TIDE_SOCKET_ROUTER) zsock_set_router_mandatory(socket, 1);
    /* Frames for a peer that is not there would arrive late, when they are no longer meant. */
    if (kind == TIDE_SOCKET_DEALER) zsock_set_immediate(socket, 1);
}

static void start_monitor(tide_socket *self, tide_socket_kind kind)
{
    char name[64];
    int up = kind == TIDE_SOCKET_ROUTER ? ZMQ_EVENT_ACCEPTED : ZMQ_EVENT_HANDSHAKE_SUCCEEDED, rc;
    unsigned nth = 0; /* The name of a socket that was here before is given back late. */
    do {
        snprintf(name, sizeof name, "inproc://control-%p-%u", (void *)self, nth++);
        rc = zmq_socket_monitor(zsock_resolve(self->socket), name, up | ZMQ_EVENT_DISCONNECTED);
    } while (rc != 0 && errno == EADDRINUSE);
    tide_assert(rc == 0);
    self->monitor = zsock_new(ZMQ_PAIR);
    tide_assert(self->monitor != NULL);
    rc = zsock_connect(self->monitor, "%s", name);
    tide_assert(rc == 0);
}

/* libzmq knows "*" only. */
static char *bind_form(const char *endpoint)
{
    size_t n = strlen(endpoint);
    bool any = n > 2 && strncmp(endpoint, "tcp://", 6) == 0 && strcmp(endpoint + n - 2, ":0") == 0;
    return any ? tide_asprintf("%.*s:*", (int)(n - 2), endpoint) : tide_strdup(endpoint);
}

tide_status tide_socket_open(tide_socket_kind kind, const char *endpoint, size_t frame_bytes_max,
                             tide_socket **out)
{
    bool binds = kind == TIDE_SOCKET_ROUTER;
    zsys_handler_set(NULL); /* Signals are the program's. */
    tide_socket *self = tide_calloc(1, sizeof *self);
    self->socket = zsock_new(binds ? ZMQ_ROUTER : ZMQ_DEALER);
    tide_assert(self->socket != NULL);
    set_options(self->socket, kind, frame_bytes_max);
    start_monitor(self, kind);
    char *form = bind_form(endpoint);
    void *socket = zsock_resolve(self->socket);
    int rc = binds ? zmq_bind(socket, form) : zmq_connect(socket, form);
    int err = errno;
    tide_free(form);
    if (rc != 0) {
        tide_socket_close(&self);
        return tide_fail(binds && err != EINVAL ? TIDE_E_IO : TIDE_E_OPTION, "%s %s: %s",
                         binds ? "bind" : "connect to", endpoint, zmq_strerror(err));
    }
    char last[512];
    size_t n = sizeof last;
    rc = zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, last, &n);
    self->endpoint = tide_strdup(rc == 0 ? last : endpoint);
    *out = self;
    return TIDE_OK;
}

void tide_socket_close(tide_socket **self_p)
{
    tide_socket *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    zmq_socket_monitor(zsock_resolve(self->socket), NULL, 0);
    zsock_destroy(&self->monitor);
    zsock_destroy(&self->socket);
    tide_free(self->endpoint);
    tide_free(self);
}

const char *tide_socket_endpoint(const tide_socket *self)
{
    return self->endpoint;
}

/* Reads the rest of a message away. */
static void skip_parts(void *socket, zmq_msg_t *part)
{
    while (zmq_msg_more(part))
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) return;
}

tide_socket_got tide_socket_recv(tide_socket *self, tide_socket_frame *frame)
{
    void *socket = zsock_resolve(self->socket);
    bool has_id = zsock_type(self->socket) == ZMQ_ROUTER;
    tide_socket_got got = TIDE_SOCKET_NOTHING;
    frame->id.n = frame->body.n = 0;
    frame->fd = -1;
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) goto done;
    got = TIDE_SOCKET_MALFORMED;
    if (has_id) {
        tide_bytes_put(&frame->id, zmq_msg_data(&part), zmq_msg_size(&part));
        if (!zmq_msg_more(&part) || zmq_msg_recv(&part, socket, ZMQ_DONTWAIT) < 0) goto done;
    }
    frame->fd = zmq_msg_get(&part, ZMQ_SRCFD);
    if (zmq_msg_more(&part)) goto done;
    tide_bytes_put(&frame->body, zmq_msg_data(&part), zmq_msg_size(&part));
    got = TIDE_SOCKET_FRAME;
done:
    skip_parts(socket, &part);
    zmq_msg_close(&part);
    return got;
}

bool tide_socket_send(tide_socket *self, const void *id, size_t n_id, const void *bytes, size_t n)
{
    void *socket = zsock_resolve(self->socket);
    zsock_events(self->socket); /* Makes it take note of connections that came and went. */
    if (n_id && zmq_send(socket, id, n_id, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) return false;
    return zmq_send(socket, bytes, n, ZMQ_DONTWAIT) >= 0;
}

tide_socket_news tide_socket_watch(tide_socket *self, int *fd)
{
    void *monitor = zsock_resolve(self->monitor);
    zmq_msg_t part;
    zmq_msg_init(&part);
    tide_socket_news news = TIDE_SOCKET_QUIET;
    if (zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT) >= 0) {
        uint16_t event;
        int32_t value;
        tide_assert(zmq_msg_size(&part) == sizeof event + sizeof value);
        const char *p = zmq_msg_data(&part);
        memcpy(&event, p, sizeof event);
        memcpy(&value, p + sizeof event, sizeof value);
        *fd = value;
        news = event == ZMQ_EVENT_DISCONNECTED ? TIDE_SOCKET_DOWN : TIDE_SOCKET_UP;
        skip_parts(monitor, &part);
    }
    zmq_msg_close(&part);
    return news;
}

void tide_sockets_wait(tide_socket *const *sockets, uint32_t n, struct pollfd *fds, uint32_t n_fds,
                       int64_t timeout_ms)
{
    zmq_pollitem_t *items = tide_calloc(2u * n + n_fds + 1u, sizeof *items);
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        items[at++] = (zmq_pollitem_t){ zsock_resolve(sockets[i]->socket), 0, ZMQ_POLLIN, 0 };
        items[at++] = (zmq_pollitem_t){ zsock_resolve(sockets[i]->monitor), 0, ZMQ_POLLIN, 0 };
    }
    for (uint32_t i = 0; i < n_fds; i++) {
        short events = (short)((fds[i].events & POLLIN ? ZMQ_POLLIN : 0) |
                               (fds[i].events & POLLOUT ? ZMQ_POLLOUT : 0));
        items[at++] = (zmq_pollitem_t){ NULL, fds[i].fd, events, 0 };
    }
    int ready = zmq_poll(items, (int)at, timeout_ms < 0 ? -1 : (long)timeout_ms);
    tide_assert(ready >= 0 || errno == EINTR);
    for (uint32_t i = 0; i < n_fds; i++) {
        short got = ready > 0 ? items[2 * n + i].revents : 0;
        fds[i].revents =
            (short)((got & ZMQ_POLLIN ? POLLIN : 0) | (got & ZMQ_POLLOUT ? POLLOUT : 0) |
                    (got & ZMQ_POLLERR ? POLLERR : 0));
    }
    tide_free(items);
}
