/* net.h - the network thread of a runner: rows to and from the other runners of the job.
 *
 * Owns one ROUTER (bound to tcp:// and, with a folder, ipc://) and one DEALER per peer; empties and
 * fills the rings of the channels that lead to other runners. For a slot a remote channel looks
 * like any other: its other end is this thread. The protocol is link.h's; sockets are made in one
 * place (socket.h).
 *
 * A lost connection loses frames, and nobody keeps frames to send them again: it is PEER_LOST and
 * ends the attempt, unless everything to and from that peer had arrived. Replays and duplicates, of
 * old attempts and of this one, are dropped and counted.
 *
 * Life: _new, then _add_out and _add_in for every channel, _start, ..., _stop, then whoever uses
 * the channels ends (slots wake this thread's waker, so it must outlive them), _free. All called on
 * one control thread. */
#ifndef TIDE_WORKER_EXCHANGE_NET_H
#define TIDE_WORKER_EXCHANGE_NET_H
#include "base/core/status.h"
#include "worker/exchange/link.h"

typedef struct tide_net tide_net;

typedef enum tide_net_event_kind {
    TIDE_NET_CONNECTED, /* With every peer, both ways. Once; at once when there are no peers. */
    TIDE_NET_DRAINED,   /* Every peer has all that was for it, END included: the runner may exit. */
    TIDE_NET_PEER_LOST, /* The connection to `peer` closed before all was said. */
    TIDE_NET_FAILED     /* The protocol was broken, or the peer speaks another version. */
} tide_net_event_kind;

typedef struct tide_net_event {
    tide_net_event_kind kind;
    uint32_t peer;    /* Runner; PEER_LOST and FAILED. */
    tide_error error; /* PEER_LOST and FAILED: one of them comes, once, and then nothing. */
} tide_net_event;

typedef struct tide_net_config {
    uint64_t job, attempt, plan_hash;
    uint32_t runner;
    const char *tcp_host;   /* To bind, and to be reached at; the port is the system's choice. */
    const char *ipc_folder; /* Where the ipc socket goes; NULL, or too long a path: no ipc. */
    size_t pool_bytes;      /* Budget of frames that wait to be sent; 0 unlimited. What comes in is
                             * bounded by the channels' places. */
    /* On the network thread; must not block. */
    void (*on_event)(void *ctx, const tide_net_event *event);
    void *ctx;
} tide_net_config;

typedef struct tide_net_peer {
    uint32_t runner;
    bool same_host;        /* Then ipc is used where both sides have it. */
    const char *tcp, *ipc; /* What tide_net_tcp and tide_net_ipc said there. */
} tide_net_peer;

/* Binds; no thread yet. */
TIDE_MUST_CHECK tide_status tide_net_new(const tide_net_config *config, tide_net **out);
const char *tide_net_tcp(const tide_net *self); /* "tcp://host:port" */
const char *tide_net_ipc(const tide_net *self); /* "ipc://path"; "" without. */
/* The other end's waker of every remote channel. */
tide_waker *tide_net_waker(tide_net *self);

/* Before _start: a channel to (out) or from (in) a subtask of runner `peer`. Borrowed until _stop;
 * so is the schema of its rows. */
void tide_net_add_out(tide_net *self, tide_channel_id id, tide_channel *channel, uint32_t peer,
                      const tide_schema *schema);
void tide_net_add_in(tide_net *self, tide_channel_id id, tide_channel *channel, uint32_t peer,
                     const tide_schema *schema);

/* Connects to the peers (every one that a channel names) and runs the thread. */
TIDE_MUST_CHECK tide_status tide_net_start(tide_net *self, const tide_net_peer *peers,
                                           uint32_t n_peers);
void tide_net_stop(tide_net *self); /* Ends the thread, closes the sockets; fine at any time. */
void tide_net_free(tide_net **self_p);

/* Written by the network thread; read by any. */
typedef struct tide_net_counters {
    _Atomic uint64_t bytes_out, bytes_in, frames_out, frames_in, blocks_out, blocks_in;
    _Atomic uint64_t dropped_stale, dropped_duplicate, dropped_malformed;
} tide_net_counters;
const tide_net_counters *tide_net_counters_of(const tide_net *self);
/* The most that frames to be sent, and rows that came, ever took together. Any thread. */
size_t tide_net_peak_bytes(const tide_net *self);

#endif
