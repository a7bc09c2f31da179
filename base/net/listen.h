/* listen.h - a listening TCP socket, or why not. */
#ifndef TIDE_BASE_NET_LISTEN_H
#define TIDE_BASE_NET_LISTEN_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

/* Binds and listens; close-on-exec, not blocking. Port 0: a free one; *port_out is the one bound.
 * TIDE_E_EXISTS: the port is taken. TIDE_E_NOT_FOUND: no such address here. TIDE_E_IO. */
TIDE_MUST_CHECK tide_status tide_listen_tcp(const char *address, uint32_t port, int *fd_out,
                                            uint32_t *port_out);

#endif
