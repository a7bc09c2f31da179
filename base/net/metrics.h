/* metrics.h - /metrics and /healthz of a process that has no other HTTP to serve.
 *
 * The server's thread calls `put`, which appends what only this process knows; memory, CPU time and
 * open files come with it. */
#ifndef TIDE_BASE_NET_METRICS_H
#define TIDE_BASE_NET_METRICS_H
#include "base/core/status.h"
#include "base/net/exposition.h"

typedef struct tide_metrics_server tide_metrics_server;

typedef struct tide_metrics_config {
    const char *address;
    uint32_t port;                           /* 0: a free one. */
    const char *token;                       /* Asked for by /metrics; NULL: none. */
    void (*put)(void *ctx, tide_bytes *out); /* NULL: nothing more. Must not block. */
    void *ctx;
} tide_metrics_config;

/* Failures are those of tide_httpd_new. */
TIDE_MUST_CHECK tide_status tide_metrics_server_new(const tide_metrics_config *config,
                                                    tide_metrics_server **out);
void tide_metrics_server_free(tide_metrics_server **self_p);
uint32_t tide_metrics_server_port(const tide_metrics_server *self);

#endif
