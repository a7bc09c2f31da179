/* net_priv.h - what the life of the network thread (net.c) and its work (zmq.c) share. */
#ifndef TIDE_WORKER_EXCHANGE_NET_PRIV_H
#define TIDE_WORKER_EXCHANGE_NET_PRIV_H
#include <pthread.h>

#include "worker/exchange/net.h"
#include "worker/exchange/socket.h"

#define NET_ROUTE_BYTES_MAX 255u

typedef struct net_peer {
    uint32_t runner;
    tide_link_sender *sender;
    tide_link_receiver *receiver;
    void *dealer, *monitor;
    tide_link_message out, back; /* Made, and not sent yet: the socket had no room. */
    bool has_out, has_back;
    uint8_t route[NET_ROUTE_BYTES_MAX]; /* The peer's DEALER, as our ROUTER calls it. */
    uint32_t route_bytes;               /* 0: no HELLO yet. */
    bool connected, gone;    /* Gone: it closed, and everything to and from it had arrived. */
    bool readable, has_news; /* The DEALER, the monitor: may have something. */
    bool warned;             /* Of a message that was dropped. */
} net_peer;

struct tide_net {
    tide_net_config config;
    void *context, *router;
    char tcp[TIDE_NET_SOCKET_ENDPOINT_MAX], ipc[TIDE_NET_SOCKET_ENDPOINT_MAX];
    tide_pool *out_pool, *in_pool;
    tide_waker *waker;
    net_peer **peers;
    uint32_t n_peers, cap_peers;
    uint64_t strangers; /* Messages of nobody we know. */
    bool warned_of_strangers;
    bool readable;   /* The ROUTER may have something. */
    uint32_t rounds; /* Since it slept. */
    bool told_connected, told_drained, told_failure;
    pthread_t thread;
    bool has_thread;
    _Atomic bool stopping TIDE_ALIGNED(64); /* Control thread writes. */
    _Atomic bool starved; /* Net thread writes; ZeroMQ's read: it waits for memory. */
    tide_net_counters counters TIDE_ALIGNED(64);
};

void *net_main(void *self);               /* The thread. */
extern const tide_link_keeper net_keeper; /* Of zmq_msg_t. */

#endif
