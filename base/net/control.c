/* control.c - peers over sockets, and their events in order. */
#include "base/net/control.h"

#include "base/core/assert.h"
#include "base/core/log.h"
#include "base/net/control_priv.h"

/* News of connections waits for the frames that came before, but not longer than this many. */
#define FRAMES_BEFORE_NEWS 64u

typedef struct dealer {
    uint64_t peer;
    tide_socket *socket;
    bool up, complained;
} dealer;

typedef struct news {
    tide_control_event_kind kind;
    uint64_t peer;
} news;

struct tide_control {
    tide_control_config config;
    uint64_t next_peer;
    tide_socket **sockets; /* The ROUTER, if there is one, then the dealers': what is waited for. */
    uint32_t n_sockets, cap_sockets;
    tide_socket *router;
    tide_router routed;
    dealer *dealers;
    uint32_t n_dealers, cap_dealers;
    uint32_t turn; /* Whose frames are looked for first. */
    news *news;    /* From news_first on, oldest first. */
    uint32_t news_first, n_news, cap_news;
    uint32_t frames_in_a_row;
    tide_socket_frame frame;
    tide_control_counters counters;
};

tide_control *tide_control_new(const tide_control_config *config)
{
    tide_control *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    self->next_peer = TIDE_CONTROL_NO_PEER + 1;
    return self;
}

void tide_control_free(tide_control **self_p)
{
    tide_control *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n_dealers; i++) tide_socket_close(&self->dealers[i].socket);
    tide_socket_close(&self->router);
    tide_router_fini(&self->routed);
    tide_bytes_fini(&self->frame.id);
    tide_bytes_fini(&self->frame.body);
    tide_free(self->dealers);
    tide_free(self->sockets);
    tide_free(self->news);
    tide_free(self);
}

static void add_socket(tide_control *self, tide_socket *socket)
{
    TIDE_GROW(self->sockets, self->n_sockets, self->cap_sockets);
    self->sockets[self->n_sockets++] = socket;
}

tide_status tide_control_bind(tide_control *self, const char *endpoint)
{
    tide_assert(self->router == NULL);
    TIDE_TRY(tide_socket_open(TIDE_SOCKET_ROUTER, endpoint, self->config.frame_bytes_max,
                              &self->router));
    add_socket(self, self->router);
    return TIDE_OK;
}

const char *tide_control_endpoint(const tide_control *self)
{
    return self->router ? tide_socket_endpoint(self->router) : "";
}

tide_status tide_control_connect(tide_control *self, const char *endpoint, uint64_t *peer)
{
    dealer d = { .peer = self->next_peer };
    TIDE_TRY(
        tide_socket_open(TIDE_SOCKET_DEALER, endpoint, self->config.frame_bytes_max, &d.socket));
    self->next_peer++;
    TIDE_GROW(self->dealers, self->n_dealers, self->cap_dealers);
    self->dealers[self->n_dealers++] = d;
    add_socket(self, d.socket);
    *peer = d.peer;
    return TIDE_OK;
}

static dealer *find_dealer(tide_control *self, uint64_t peer)
{
    for (uint32_t i = 0; i < self->n_dealers; i++)
        if (self->dealers[i].peer == peer) return &self->dealers[i];
    return NULL;
}

void tide_control_disconnect(tide_control *self, uint64_t peer)
{
    dealer *d = find_dealer(self, peer);
    if (d == NULL) return;
    uint32_t at = 0;
    while (self->sockets[at] != d->socket) at++;
    self->sockets[at] = self->sockets[--self->n_sockets];
    tide_socket_close(&d->socket);
    *d = self->dealers[--self->n_dealers];
    for (uint32_t i = self->news_first; i < self->n_news; i++)
        if (self->news[i].peer == peer) self->news[i].peer = TIDE_CONTROL_NO_PEER;
}

static void add_news(tide_control *self, tide_control_event_kind kind, uint64_t peer)
{
    if (peer == TIDE_CONTROL_NO_PEER) return;
    TIDE_GROW(self->news, self->n_news, self->cap_news);
    self->news[self->n_news++] = (news){ kind, peer };
}

bool tide_control_send(tide_control *self, uint64_t peer, const void *bytes, size_t n)
{
    bool sent = false;
    const dealer *d = find_dealer(self, peer);
    if (d) {
        sent = tide_socket_send(d->socket, NULL, 0, bytes, n);
    } else {
        const tide_routed *r = tide_router_find(&self->routed, peer);
        sent = r && !r->gone && tide_socket_send(self->router, r->id, r->n_id, bytes, n);
    }
    *(sent ? &self->counters.frames_out : &self->counters.frames_unsent) += 1;
    return sent;
}

static void watch_router(tide_control *self)
{
    int fd;
    tide_socket_news what;
    while ((what = tide_socket_watch(self->router, &fd)) != TIDE_SOCKET_QUIET) {
        /* Accepted where somebody still is: that one's end was not told. */
        uint64_t closed = tide_router_disconnected(&self->routed, fd);
        if (what == TIDE_SOCKET_UP) tide_router_accepted(&self->routed, fd);
        add_news(self, TIDE_CONTROL_CLOSED, closed);
    }
}

static void watch_dealer(tide_control *self, dealer *d)
{
    int fd;
    tide_socket_news what;
    while ((what = tide_socket_watch(d->socket, &fd)) != TIDE_SOCKET_QUIET) {
        bool up = what == TIDE_SOCKET_UP;
        if (up == d->up) continue; /* A try that failed. */
        d->up = up;
        add_news(self, up ? TIDE_CONTROL_CONNECTED : TIDE_CONTROL_CLOSED, d->peer);
    }
}

static void watch_all(tide_control *self)
{
    if (self->router) watch_router(self);
    for (uint32_t i = 0; i < self->n_dealers; i++) watch_dealer(self, &self->dealers[i]);
}

/* Whose frame self->frame is. */
static uint64_t sender_of(tide_control *self, const tide_socket *socket)
{
    for (uint32_t i = 0; i < self->n_dealers; i++)
        if (self->dealers[i].socket == socket) return self->dealers[i].peer;
    watch_router(self); /* Before the question, not before the frame: see router.c. */
    uint64_t closed, peer = tide_router_of(&self->routed, &self->frame, &self->next_peer, &closed);
    add_news(self, TIDE_CONTROL_CLOSED, closed);
    return peer;
}

static bool next_frame(tide_control *self, tide_control_event *out)
{
    for (uint32_t looked = 0; looked < self->n_sockets; looked++) {
        tide_socket *socket = self->sockets[self->turn++ % self->n_sockets];
        tide_socket_got got;
        while ((got = tide_socket_recv(socket, &self->frame)) != TIDE_SOCKET_NOTHING) {
            uint64_t peer = sender_of(self, socket);
            self->counters.frames_in++;
            if (got == TIDE_SOCKET_MALFORMED) {
                tide_control_complain(self, peer, "not a message of one part");
                continue;
            }
            *out = (tide_control_event){ TIDE_CONTROL_FRAME, peer,
                                         (const uint8_t *)self->frame.body.p, self->frame.body.n };
            return true;
        }
    }
    return false;
}

static bool next_news(tide_control *self, tide_control_event *out)
{
    while (self->news_first < self->n_news) {
        news n = self->news[self->news_first++];
        if (n.peer == TIDE_CONTROL_NO_PEER) continue; /* Disconnected since. */
        if (n.kind == TIDE_CONTROL_CLOSED) tide_router_remove(&self->routed, n.peer);
        *out = (tide_control_event){ .kind = n.kind, .peer = n.peer };
        return true;
    }
    self->news_first = self->n_news = 0;
    return false;
}

bool tide_control_next(tide_control *self, tide_control_event *out)
{
    watch_all(self);
    if (self->frames_in_a_row < FRAMES_BEFORE_NEWS && next_frame(self, out)) {
        self->frames_in_a_row++;
        return true;
    }
    self->frames_in_a_row = 0;
    return next_news(self, out) || next_frame(self, out);
}

void tide_control_wait(tide_control *self, struct pollfd *fds, uint32_t n, int64_t timeout_ms)
{
    tide_assert(n <= TIDE_CONTROL_FDS_MAX);
    if (self->news_first < self->n_news) timeout_ms = 0;
    tide_sockets_wait(self->sockets, self->n_sockets, fds, n, timeout_ms);
}

void tide_control_complain(tide_control *self, uint64_t peer, const char *why)
{
    self->counters.frames_dropped++;
    dealer *d = find_dealer(self, peer);
    tide_routed *r = d ? NULL : tide_router_find(&self->routed, peer);
    bool *complained = d ? &d->complained : r ? &r->complained : NULL;
    if (complained == NULL || *complained) return;
    *complained = true;
    tide_log_warn("control frame dropped", tide_log_str("at", self->config.name),
                  tide_log_int("peer", (int64_t)peer), tide_log_str("why", why));
}

tide_control_counters tide_control_counters_of(const tide_control *self)
{
    return self->counters;
}
