/* duplex.c - see duplex.h. */
#include "worker/runtime/duplex.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/mem.h"

#define HEAD_BYTES 4u
#define READ_BYTES 65536u

struct tide_duplex {
    int fd;
    bool closed;
    tide_bytes in, out;
    size_t in_taken, out_sent; /* From their starts. */
};

tide_status tide_duplex_make(int fds[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0) return TIDE_OK;
    return tide_fail(TIDE_E_IO, "socket pair: %s", strerror(errno));
}

tide_duplex *tide_duplex_new(int fd)
{
    tide_duplex *self = tide_calloc(1, sizeof *self);
    self->fd = fd;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return self;
}

void tide_duplex_free(tide_duplex **self_p)
{
    tide_duplex *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    close(self->fd);
    tide_bytes_fini(&self->in);
    tide_bytes_fini(&self->out);
    tide_free(self);
}

int tide_duplex_fd(const tide_duplex *self)
{
    return self->fd;
}

bool tide_duplex_has_unsent(const tide_duplex *self)
{
    return !self->closed && self->out_sent < self->out.n;
}

static void put_length(char *at, size_t n)
{
    for (unsigned i = 0; i < HEAD_BYTES; i++) at[i] = (char)(n >> (8 * i));
}

static size_t length_at(const char *at)
{
    size_t n = 0;
    for (unsigned i = 0; i < HEAD_BYTES; i++) n |= (size_t)(uint8_t)at[i] << (8 * i);
    return n;
}

void tide_duplex_send(tide_duplex *self, tide_msg_kind kind, const void *body)
{
    if (self->closed) return;
    size_t head = self->out.n;
    tide_bytes_put(&self->out, "\0\0\0\0", HEAD_BYTES);
    tide_msg_encode(kind, body, &self->out);
    put_length(self->out.p + head, self->out.n - head - HEAD_BYTES);
    tide_duplex_flush(self);
}

void tide_duplex_flush(tide_duplex *self)
{
    while (tide_duplex_has_unsent(self)) {
        ssize_t n = send(self->fd, self->out.p + self->out_sent, self->out.n - self->out_sent,
                         MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n < 0) return; /* What was sent to us before is still to be read: _next tells. */
        self->out_sent += (size_t)n;
    }
    self->out.n = self->out_sent = 0;
}

/* False: there is nothing more to read now. */
static bool read_more(tide_duplex *self)
{
    if (self->in_taken == self->in.n) self->in_taken = self->in.n = 0;
    char *at = tide_bytes_reserve(&self->in, READ_BYTES);
    ssize_t n;
    do n = recv(self->fd, at, READ_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) {
        self->closed = true;
        return false;
    }
    self->in.n += (size_t)n;
    return true;
}

tide_duplex_got tide_duplex_next(tide_duplex *self, tide_arena *arena, tide_msg *out)
{
    for (;;) {
        size_t n = self->in.n - self->in_taken;
        const char *at = n ? self->in.p + self->in_taken : NULL;
        size_t length = n >= HEAD_BYTES ? length_at(at) : 0;
        if (length > TIDE_PROTO_BYTES_MAX) {
            (void)tide_fail(TIDE_E_PROTO, "a frame of %zu bytes", length);
            return TIDE_DUPLEX_BROKEN;
        }
        if (n >= HEAD_BYTES && n - HEAD_BYTES >= length) {
            tide_status rv = tide_msg_decode((const uint8_t *)at + HEAD_BYTES, length, arena, out);
            self->in_taken += HEAD_BYTES + length;
            return rv == TIDE_OK ? TIDE_DUPLEX_MESSAGE : TIDE_DUPLEX_BROKEN;
        }
        if (self->closed) return TIDE_DUPLEX_CLOSED;
        if (!read_more(self) && !self->closed) return TIDE_DUPLEX_NOTHING;
    }
}
