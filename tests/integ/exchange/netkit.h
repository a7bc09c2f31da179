/* netkit.h - a runner's network thread with channels that a test fills and empties by hand.
 *
 * All ends of a test share one waker: its thread sleeps until something moved anywhere, or a
 * deadline passed. */
#ifndef TIDE_TESTS_INTEG_EXCHANGE_NETKIT_H
#define TIDE_TESTS_INTEG_EXCHANGE_NETKIT_H
#include "tests/support/rowkit.h"
#include "worker/exchange/net.h"

#define END_CHANNELS_MAX 8u
#define DEADLINE_NS INT64_C(20000000000)

typedef struct end_news { /* Written on the network thread, read by the test. */
    _Atomic int connected, drained, lost, failed;
    tide_error error; /* Behind lost or failed. */
} end_news;

typedef struct end {
    tide_net *net;
    tide_waker *waker; /* The test's. */
    end_news news;
    tide_channel out[END_CHANNELS_MAX], in[END_CHANNELS_MAX];
    uint32_t n_out, n_in;
} end;

typedef struct end_config {
    uint32_t runner;
    uint64_t attempt, plan_hash;
    const char *ipc_folder;
    size_t pool_bytes; /* 0: not limited. */
} end_config;

#define END_JOB UINT64_C(0xfeed)

void end_open(end *self, const end_config *config, tide_waker *waker);
/* Channel number `id` to, or from, a peer; in ascending order per peer. */
void end_out(end *self, uint32_t id, uint32_t peer);
void end_in(end *self, uint32_t id, uint32_t peer);
void end_start(end *self, const tide_net_peer *peers, uint32_t n);
void end_close(end *self);
/* Where the others find it. */
tide_net_peer end_where(const end *self, uint32_t runner, bool same_host);

/* Sleeps until `*flag` is set, or the deadline; false then. */
bool end_await(tide_waker *waker, const _Atomic int *flag);
/* The same for one of two ends that failed; NULL at the deadline. */
const end *end_await_failed(const end *a, const end *b);
/* Pops the next element of a channel, waiting for it; false at the deadline. */
bool end_pop(end *self, uint32_t in, tide_elem *out);
/* Room for a batch, waited for. */
bool end_await_room(end *self, uint32_t out);
void end_push_end(end *self, uint32_t out, tide_pool *pool);

#endif
