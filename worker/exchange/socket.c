/* socket.c - options of sockets, addresses, and the monitor of a connection. */
#include "worker/exchange/socket.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include "base/core/assert.h"
#include "worker/exchange/link.h"

#define IPC "ipc://"

static tide_status failed(const char *what, const char *of)
{
    return tide_fail(TIDE_E_IO, "%s %s: %s", what, of, zmq_strerror(errno));
}

static void set(void *socket, int option, int value)
{
    int rv = zmq_setsockopt(socket, option, &value, sizeof value);
    tide_assert(rv == 0);
}

static tide_status make(void *context, int type, void **out)
{
    *out = zmq_socket(context, type);
    if (*out == NULL) return failed("open", "a socket");
    set(*out, ZMQ_LINGER, 0); /* What matters was acknowledged before a runner ends. */
    set(*out, ZMQ_SNDHWM, TIDE_NET_SOCKET_MESSAGES_MAX);
    set(*out, ZMQ_RCVHWM, TIDE_NET_SOCKET_MESSAGES_MAX);
    int64_t bytes_max = TIDE_LINK_BODY_BYTES_MAX;
    int rv = zmq_setsockopt(*out, ZMQ_MAXMSGSIZE, &bytes_max, sizeof bytes_max);
    tide_assert(rv == 0);
    return TIDE_OK;
}

tide_status tide_net_socket_router(void *context, void **out)
{
    TIDE_TRY(make(context, ZMQ_ROUTER, out));
    set(*out, ZMQ_ROUTER_MANDATORY, 1);
    return TIDE_OK;
}

tide_status tide_net_socket_dealer(void *context, void **out)
{
    return make(context, ZMQ_DEALER, out);
}

/* ZeroMQ binds to addresses only. */
static tide_status resolve(const char *host, char *address, size_t cap)
{
    const struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found;
    int err = getaddrinfo(host, NULL, &hints, &found);
    if (err) return tide_fail(TIDE_E_IO, "resolve %s: %s", host, gai_strerror(err));
    err = getnameinfo(found->ai_addr, found->ai_addrlen, address, (socklen_t)cap, NULL, 0,
                      NI_NUMERICHOST);
    freeaddrinfo(found);
    if (err) return tide_fail(TIDE_E_IO, "resolve %s: %s", host, gai_strerror(err));
    return TIDE_OK;
}

static tide_status bind_to(void *socket, const char *wanted, char *endpoint)
{
    size_t n = TIDE_NET_SOCKET_ENDPOINT_MAX;
    if (zmq_bind(socket, wanted) != 0) return failed("bind to", wanted);
    int rv = zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &n);
    return rv == 0 ? TIDE_OK : failed("bind to", wanted);
}

tide_status tide_net_socket_bind_tcp(void *socket, const char *host, char *endpoint)
{
    char address[NI_MAXHOST], wanted[NI_MAXHOST + 16];
    TIDE_TRY(resolve(host, address, sizeof address));
    snprintf(wanted, sizeof wanted, "tcp://%s:*", address);
    return bind_to(socket, wanted, endpoint);
}

tide_status tide_net_socket_bind_ipc(void *socket, const char *path, char *endpoint)
{
    char wanted[sizeof(struct sockaddr_un)];
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path - strlen(IPC))
        return tide_fail(TIDE_E_LIMIT, "%s is too long a path for a socket", path);
    snprintf(wanted, sizeof wanted, IPC "%s", path);
    return bind_to(socket, wanted, endpoint);
}

tide_status tide_net_socket_connect(void *socket, const char *endpoint)
{
    return zmq_connect(socket, endpoint) == 0 ? TIDE_OK : failed("connect to", endpoint);
}

tide_status tide_net_socket_monitor(void *context, void *dealer, uint32_t id, void **out)
{
    char name[64];
    *out = NULL;
    snprintf(name, sizeof name, "inproc://monitor-%u", id);
    if (zmq_socket_monitor(dealer, name, ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED) != 0)
        return failed("watch", name);
    TIDE_TRY(make(context, ZMQ_PAIR, out));
    if (zmq_connect(*out, name) == 0) return TIDE_OK;
    tide_status rv = failed("watch", name);
    tide_net_socket_close(out);
    return rv;
}

tide_net_socket_news tide_net_socket_news_of(void *monitor)
{
    uint8_t event[6]; /* 16 bits of event, 32 of value; then a frame with the address. */
    char address[TIDE_NET_SOCKET_ENDPOINT_MAX];
    if (zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT) < 0) return TIDE_NET_SOCKET_NOTHING;
    (void)zmq_recv(monitor, address, sizeof address, ZMQ_DONTWAIT);
    uint16_t what;
    memcpy(&what, event, sizeof what);
    if (what == ZMQ_EVENT_CONNECTED) return TIDE_NET_SOCKET_CONNECTED;
    return what == ZMQ_EVENT_DISCONNECTED ? TIDE_NET_SOCKET_CLOSED : TIDE_NET_SOCKET_OTHER;
}

void tide_net_socket_unlink(const char *endpoint)
{
    if (strncmp(endpoint, IPC, strlen(IPC)) == 0) (void)unlink(endpoint + strlen(IPC));
}

void tide_net_socket_close(void **socket_p)
{
    if (*socket_p) (void)zmq_close(*socket_p);
    *socket_p = NULL;
}
