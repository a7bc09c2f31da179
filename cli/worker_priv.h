/* worker_priv.h - what `tidemill worker` serves over HTTP. */
#ifndef TIDE_CLI_WORKER_PRIV_H
#define TIDE_CLI_WORKER_PRIV_H
#include "base/net/metrics.h"
#include "cli/config.h"

/* Serves /metrics and /healthz of this worker, and memory and CPU time of its runners, on
 * taskmanager.rest.port. *rest is the address that others are told, in the config's arena. */
TIDE_MUST_CHECK tide_status worker_serve_metrics(tide_config *config, tide_metrics_server **out,
                                                 const char **rest);

#endif
