/* router.c - a ROUTER tells who sent a message, its monitor which descriptor closed: this joins
 * the two.
 *
 * Descriptors are used again at once. A monitor's events are in order, and the one of a message's
 * connection comes before the message; so the caller reads the monitor empty between receiving a
 * message and asking here, and `live` then says whether the sender's connection still stands. */
#include "base/core/assert.h"
#include "base/net/control_priv.h"

void tide_router_fini(tide_router *self)
{
    tide_free(self->peers);
    tide_free(self->live);
    *self = (tide_router){ 0 };
}

static tide_routed *find_by_fd(tide_router *self, int fd)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->peers[i].fd == fd && !self->peers[i].gone) return &self->peers[i];
    return NULL;
}

static tide_routed *find_by_id(tide_router *self, const tide_bytes *id)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->peers[i].n_id == id->n && memcmp(self->peers[i].id, id->p, id->n) == 0)
            return &self->peers[i];
    return NULL;
}

static void set_live(tide_router *self, int fd, bool live)
{
    if (fd < 0) return;
    uint32_t n = (uint32_t)fd + 1;
    if (n > self->n_live) {
        self->live = tide_realloc(self->live, n * sizeof *self->live);
        memset(self->live + self->n_live, 0, n - self->n_live);
        self->n_live = n;
    }
    self->live[fd] = live;
}

static bool is_live(const tide_router *self, int fd)
{
    return fd >= 0 && (uint32_t)fd < self->n_live && self->live[fd];
}

void tide_router_accepted(tide_router *self, int fd)
{
    set_live(self, fd, true);
}

uint64_t tide_router_disconnected(tide_router *self, int fd)
{
    set_live(self, fd, false);
    tide_routed *peer = find_by_fd(self, fd);
    if (peer == NULL) return TIDE_CONTROL_NO_PEER;
    peer->gone = true;
    return peer->peer;
}

uint64_t tide_router_of(tide_router *self, const tide_socket_frame *frame, uint64_t *next_peer,
                        uint64_t *closed)
{
    *closed = TIDE_CONTROL_NO_PEER;
    tide_routed *known = find_by_id(self, &frame->id);
    if (known) return known->peer;
    tide_assert(frame->id.n <= sizeof known->id);
    tide_routed *before = find_by_fd(self, frame->fd);
    if (before) { /* It spoke and left between two looks at the monitor. */
        before->gone = true;
        *closed = before->peer;
    }
    tide_routed peer = { .peer = (*next_peer)++, .fd = frame->fd, .n_id = (uint8_t)frame->id.n };
    memcpy(peer.id, frame->id.p, frame->id.n);
    if (!before && !is_live(self, frame->fd)) {
        peer.gone = true;
        *closed = peer.peer;
    }
    TIDE_GROW(self->peers, self->n, self->cap);
    self->peers[self->n++] = peer;
    return peer.peer;
}

tide_routed *tide_router_find(tide_router *self, uint64_t peer)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (self->peers[i].peer == peer) return &self->peers[i];
    return NULL;
}

void tide_router_remove(tide_router *self, uint64_t peer)
{
    tide_routed *at = tide_router_find(self, peer);
    if (at) *at = self->peers[--self->n];
}
