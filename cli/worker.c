/* worker.c - `tidemill worker`: this host's agent. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/log.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/worker_priv.h"
#include "worker/runtime/agent_process.h"

#define MASTERS_MAX 16u

/* "a:1, b:2" as endpoints in the config's arena. */
static tide_status read_masters(const tide_config *config, const char **masters, uint32_t *n)
{
    const char *at = config->cluster.masters ? config->cluster.masters : "";
    for (*n = 0; *at;) {
        at += strspn(at, ", ");
        size_t bytes = strcspn(at, ", ");
        if (bytes == 0) continue;
        if (*n == MASTERS_MAX)
            return tide_fail(TIDE_E_OPTION, "control.masters: more than %u masters", MASTERS_MAX);
        masters[(*n)++] = tide_arena_printf(config->arena, "tcp://%.*s", (int)bytes, at);
        at += bytes;
    }
    return *n ? TIDE_OK : tide_fail(TIDE_E_OPTION, "control.masters: a worker needs a master");
}

/* One line that says who this is, for people and for scripts that wait for it. */
static void on_ready(void *ctx, const tide_agent_ready *ready)
{
    (void)ctx;
    printf("worker %s ready: %u slots%s, pid %d, host %s, rows at %s\n", ready->agent,
           ready->n_slots, ready->n_pinned ? " on cores of their own" : "", (int)getpid(),
           ready->host, ready->data_host);
    fflush(stdout);
}

static tide_status run(tide_config *config)
{
    const tide_cluster_settings *c = &config->cluster;
    const char *masters[MASTERS_MAX];
    tide_agent_process_config agent = {
        .masters = masters,
        .n_slots = (uint32_t)c->slots,
        .memory_bytes = c->memory_bytes,
        .folder = c->data_dir ? c->data_dir : ".tidemill",
        .data_host = c->data_host,
        .runners_serve_metrics = c->runner_metrics,
        .version = TIDE_VERSION,
        .heartbeat_ns = c->heartbeat_interval_us * 1000,
        .retry_ns = c->control_retry_us * 1000,
        .drain_ns = c->drain_timeout_us * 1000,
        .on_ready = on_ready,
    };
    tide_metrics_server *metrics;
    TIDE_TRY(read_masters(config, masters, &agent.n_masters));
    TIDE_TRY(worker_serve_metrics(config, &metrics, &agent.rest));
    tide_status rv = tide_agent_process(&agent);
    tide_metrics_server_free(&metrics);
    return rv;
}

int tide_command_worker(const tide_args *args)
{
    tide_config config;
    tide_status rv = tide_config_load(&config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage("worker", "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_log_level level = TIDE_LOG_INFO;
    tide_log_level_parse(tide_args_value(args, "log", "info"), &level);
    tide_log *log = tide_log_new(&(tide_log_config){ .level = level });
    tide_log_install(log);
    rv = run(&config);
    tide_log_install(NULL);
    tide_log_free(&log);
    tide_exit code = rv == TIDE_E_OPTION ? tide_exit_usage("worker", "%s", tide_error_text())
                                         : tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_config_fini(&config);
    return code;
}
