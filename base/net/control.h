/* control.h - one end of the control plane: frames to peers, and what comes from them.
 *
 * A peer is either somebody that we connected to (one DEALER each) or somebody that connected to us
 * (one ROUTER for all). Numbers of peers are never used twice, so nothing that was meant for one
 * connection reaches another. Frames may be lost (a full queue, a connection that breaks): whoever
 * counts on one repeats it. What is malformed or too long is counted, logged once per peer and
 * dropped; a frame longer than the limit costs its sender the connection, before it is read.
 *
 * Owner: one thread, which also owns the sockets. CURVE will be switched on in czmq.c. */
#ifndef TIDE_BASE_NET_CONTROL_H
#define TIDE_BASE_NET_CONTROL_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

struct pollfd;

typedef struct tide_control tide_control;

#define TIDE_CONTROL_NO_PEER UINT64_C(0)

typedef struct tide_control_config {
    const char *name;       /* For the log: "master", "agent". Borrowed. */
    size_t frame_bytes_max; /* Longest frame that is taken. */
} tide_control_config;

typedef enum tide_control_event_kind {
    TIDE_CONTROL_CONNECTED, /* A peer that we connect to is reachable, for the first time or again.
                             */
    TIDE_CONTROL_FRAME,
    /* The connection is gone. A peer that we connect to keeps its number and may be CONNECTED
     * again; one that connected to us has ended. Comes behind the frames that arrived before. */
    TIDE_CONTROL_CLOSED
} tide_control_event_kind;

typedef struct tide_control_event {
    tide_control_event_kind kind;
    uint64_t peer;
    const uint8_t *bytes; /* FRAME: valid until the next call. */
    size_t n;
} tide_control_event;

typedef struct tide_control_counters {
    uint64_t frames_in, frames_out;
    uint64_t frames_unsent;  /* No such peer, or its queue was full. */
    uint64_t frames_dropped; /* Malformed: see tide_control_complain. */
} tide_control_counters;

tide_control *tide_control_new(const tide_control_config *config);
/* Closes everything; frames on their way get TIDE_CONTROL_LINGER_MS. */
void tide_control_free(tide_control **self_p);
#define TIDE_CONTROL_LINGER_MS 200

/* Takes connections at "tcp://host:port" (port "*" or 0: chosen by the system) or "ipc://path"; at
 * most once. TIDE_E_IO says why it cannot. */
TIDE_MUST_CHECK tide_status tide_control_bind(tide_control *self, const char *endpoint);
/* Where it is bound, with the port; "" when it is not. */
const char *tide_control_endpoint(const tide_control *self);

/* Connects, again and again until _disconnect: CONNECTED says when. TIDE_E_OPTION when the endpoint
 * does not read as one. */
TIDE_MUST_CHECK tide_status tide_control_connect(tide_control *self, const char *endpoint,
                                                 uint64_t *peer);
/* Of a peer that we connected to; others, and unknown numbers, are left alone. */
void tide_control_disconnect(tide_control *self, uint64_t peer);

/* Copies the frame and sends it when the network takes it. False: it was dropped, since the peer is
 * not connected or takes nothing. */
bool tide_control_send(tide_control *self, uint64_t peer, const void *bytes, size_t n);
/* The next event that is there already; false when there is none. */
bool tide_control_next(tide_control *self, tide_control_event *out);
/* Sleeps until _next has something, one of fds[0..n) is ready (revents is set, as by poll) or
 * timeout_ms passed (negative: no limit). At most TIDE_CONTROL_FDS_MAX descriptors. */
void tide_control_wait(tide_control *self, struct pollfd *fds, uint32_t n, int64_t timeout_ms);
#define TIDE_CONTROL_FDS_MAX 4096u

/* The caller could make nothing of a frame: counts it, and logs it once per peer. */
void tide_control_complain(tide_control *self, uint64_t peer, const char *why);
tide_control_counters tide_control_counters_of(const tide_control *self);

#endif
