/* listen.c - see listen.h. */
#include "base/net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 256

static tide_status fail_listen(const char *address, uint32_t port, int why)
{
    if (why == EADDRINUSE)
        return tide_fail(TIDE_E_EXISTS,
                         "port %u of %s is taken by another process; give another port, or 0 for a "
                         "free one",
                         port, address);
    if (why == EADDRNOTAVAIL)
        return tide_fail(TIDE_E_NOT_FOUND, "%s is no address of this host", address);
    if (why == EACCES)
        return tide_fail(TIDE_E_IO, "port %u needs more rights; ports above 1023 do not", port);
    return tide_fail(TIDE_E_IO, "listening on %s port %u: %s", address, port, strerror(why));
}

tide_status tide_listen_tcp(const char *address, uint32_t port, int *fd_out, uint32_t *port_out)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port & 0xffffu);
    struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM }, *found = NULL;
    int rc = getaddrinfo(address, service, &hints, &found);
    if (rc != 0)
        return tide_fail(TIDE_E_NOT_FOUND, "%s: %s; an address of this host is needed", address,
                         gai_strerror(rc));
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    struct sockaddr_storage bound;
    socklen_t n = sizeof bound;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
              getsockname(fd, (struct sockaddr *)&bound, &n) == 0;
    int why = errno;
    freeaddrinfo(found);
    if (!ok) {
        if (fd >= 0) close(fd);
        return fail_listen(address, port, why);
    }
    *port_out = ntohs(bound.ss_family == AF_INET6
                          ? ((const struct sockaddr_in6 *)(const void *)&bound)->sin6_port
                          : ((const struct sockaddr_in *)(const void *)&bound)->sin_port);
    *fd_out = fd;
    return TIDE_OK;
}
