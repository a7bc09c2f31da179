/* socket.h - the one place where the exchange's ZeroMQ sockets are made, so that what every one of
 * them must have (limits, no lingering, later encryption) is said once.
 *
 * Sockets are ZeroMQ's handles. All on one thread at a time. */
#ifndef TIDE_WORKER_EXCHANGE_SOCKET_H
#define TIDE_WORKER_EXCHANGE_SOCKET_H
#include <stdint.h>

#include "base/core/status.h"

#define TIDE_NET_SOCKET_ENDPOINT_MAX 256u
/* Messages that wait in a socket's queue, per peer and direction; each is a packed frame. */
#define TIDE_NET_SOCKET_MESSAGES_MAX 16

/* Refuses, instead of dropping, what it cannot send. */
TIDE_MUST_CHECK tide_status tide_net_socket_router(void *context, void **out);
/* Queues while it is not connected yet. */
TIDE_MUST_CHECK tide_status tide_net_socket_dealer(void *context, void **out);
/* Binds to a free port of the host (a name or an address of this machine), or to a path. endpoint
 * gets what others connect to, TIDE_NET_SOCKET_ENDPOINT_MAX bytes. */
TIDE_MUST_CHECK tide_status tide_net_socket_bind_tcp(void *socket, const char *host,
                                                     char *endpoint);
TIDE_MUST_CHECK tide_status tide_net_socket_bind_ipc(void *socket, const char *path,
                                                     char *endpoint);
TIDE_MUST_CHECK tide_status tide_net_socket_connect(void *socket, const char *endpoint);
/* A socket on which news of a DEALER's connection can be read; `id` is unique in the context. */
TIDE_MUST_CHECK tide_status tide_net_socket_monitor(void *context, void *dealer, uint32_t id,
                                                    void **out);
typedef enum tide_net_socket_news {
    TIDE_NET_SOCKET_NOTHING,
    TIDE_NET_SOCKET_CONNECTED,
    TIDE_NET_SOCKET_CLOSED,
    TIDE_NET_SOCKET_OTHER
} tide_net_socket_news;
tide_net_socket_news tide_net_socket_news_of(void *monitor); /* Does not block. */
/* Takes away the file of an ipc endpoint that was bound here; "" is fine. */
void tide_net_socket_unlink(const char *endpoint);
void tide_net_socket_close(void **socket_p); /* NULL inside is fine. */

#endif
