/* control_priv.h - the two halves of a control endpoint: sockets (czmq.c) and who is behind the
 * ROUTER's connections (router.c). */
#ifndef TIDE_BASE_NET_CONTROL_PRIV_H
#define TIDE_BASE_NET_CONTROL_PRIV_H
#include "base/core/bytes.h"
#include "base/net/control.h"

/* ---- czmq.c: a socket with its monitor ---- */
typedef struct tide_socket tide_socket;

typedef enum tide_socket_kind { TIDE_SOCKET_ROUTER, TIDE_SOCKET_DEALER } tide_socket_kind;

/* Binds a ROUTER, connects a DEALER. */
TIDE_MUST_CHECK tide_status tide_socket_open(tide_socket_kind kind, const char *endpoint,
                                             size_t frame_bytes_max, tide_socket **out);
void tide_socket_close(tide_socket **self_p);
const char *tide_socket_endpoint(const tide_socket *self);

typedef enum tide_socket_got {
    TIDE_SOCKET_NOTHING,
    TIDE_SOCKET_FRAME,
    TIDE_SOCKET_MALFORMED /* More or fewer parts than one. */
} tide_socket_got;

typedef struct tide_socket_frame {
    tide_bytes id;   /* ROUTER: the connection's. */
    tide_bytes body; /* FRAME only. */
    int fd;          /* The connection's descriptor, or -1. */
} tide_socket_frame;

/* Does not block. */
tide_socket_got tide_socket_recv(tide_socket *self, tide_socket_frame *frame);
/* id: the connection's for a ROUTER, else n_id is 0. False: not taken. */
bool tide_socket_send(tide_socket *self, const void *id, size_t n_id, const void *bytes, size_t n);

typedef enum tide_socket_news {
    TIDE_SOCKET_QUIET,
    TIDE_SOCKET_UP,  /* Connected (DEALER) or accepted (ROUTER). */
    TIDE_SOCKET_DOWN /* Disconnected. */
} tide_socket_news;
/* What happened to which descriptor; does not block. */
tide_socket_news tide_socket_watch(tide_socket *self, int *fd);

/* Until a socket or a monitor of sockets[0..n) has something, or a descriptor is ready. */
void tide_sockets_wait(tide_socket *const *sockets, uint32_t n, struct pollfd *fds, uint32_t n_fds,
                       int64_t timeout_ms);

/* ---- router.c: which peer is behind a routing id, and behind a descriptor? ---- */
typedef struct tide_routed {
    uint64_t peer;
    int fd;
    uint8_t n_id;
    uint8_t id[255];
    bool gone; /* Its CLOSED is waiting to be delivered. */
    bool complained;
} tide_routed;

typedef struct tide_router {
    tide_routed *peers;
    uint32_t n, cap;
    bool *live; /* By descriptor: a connection is open on it. */
    uint32_t n_live;
} tide_router;

void tide_router_fini(tide_router *self);
void tide_router_accepted(tide_router *self, int fd);
/* Returns the peer that lost its connection, marked as gone; TIDE_CONTROL_NO_PEER: none was known.
 */
uint64_t tide_router_disconnected(tide_router *self, int fd);
/* Who sent this? New ones get *next_peer. *closed: the peer, or another one that had the
 * descriptor before, turns out to have lost its connection (now marked as gone), else
 * TIDE_CONTROL_NO_PEER. */
uint64_t tide_router_of(tide_router *self, const tide_socket_frame *frame, uint64_t *next_peer,
                        uint64_t *closed);
tide_routed *tide_router_find(tide_router *self, uint64_t peer);
void tide_router_remove(tide_router *self, uint64_t peer);

#endif
