/* master.c - `tidemill master`: the control plane of a cluster, until a signal ends it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/core/mem.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "master/runtime/master_server.h"

extern char **environ;

/* Where others find us: what is configured, the address bound, or this host's name. */
static const char *told_host(const tide_cluster_settings *s, tide_arena *arena)
{
    char name[256] = "localhost";
    if (s->control_address) return s->control_address;
    if (strcmp(s->control_bind_address, "0.0.0.0") != 0) return s->control_bind_address;
    (void)gethostname(name, sizeof name - 1);
    return tide_arena_strdup(arena, name);
}

/* The shared folder, or one of our own, which is made. */
static tide_status choose_storage(const tide_cluster_settings *s, tide_arena *arena,
                                  const char **out)
{
    const char *folder = s->data_dir ? s->data_dir : ".tidemill";
    *out = s->storage_dir;
    if (*out) return TIDE_OK;
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tide_fail(TIDE_E_IO, "%s: %s", folder, strerror(errno));
    *out = tide_arena_printf(arena, "%s/storage", folder);
    return TIDE_OK;
}

static tide_status start(const tide_config *config, tide_master_server **out)
{
    const tide_cluster_settings *s = &config->cluster;
    tide_master_server_config server = { 0 };
    tide_master_config_init(&server.master);
    server.master.settings = *s;
    server.master.control =
        tide_arena_printf(config->arena, "tcp://%s:%u", told_host(s, config->arena),
                          (unsigned)s->control_port);
    server.bind = tide_arena_printf(config->arena, "tcp://%s:%u", s->control_bind_address,
                                    (unsigned)s->control_port);
    TIDE_TRY(tide_cluster_settings_check(s));
    TIDE_TRY(choose_storage(s, config->arena, &server.storage));
    return tide_master_server_new(&server, out);
}

/* A line for whoever started us, when everything is served. */
static void tell_ready(int fd, const tide_master_server *server)
{
    if (fd < 0) return;
    char line[512];
    int n = snprintf(line, sizeof line, "{\"rest\": \"\", \"control\": \"%s\"}\n",
                     tide_master_server_control(server));
    ssize_t written = write(fd, line, (size_t)n);
    (void)written; /* Nobody reads: so nobody waits. */
    close(fd);
}

static tide_exit serve(const tide_config *config, int ready_fd)
{
    /* Before any thread is there, so that all of them leave these signals to sigwait. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    tide_master_server *server;
    tide_status rv = start(config, &server);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_log_info("master serves", tide_log_str("control", tide_master_server_control(server)));
    tell_ready(ready_fd, server);
    int number;
    sigwait(&ends, &number);
    tide_log_info("master ends", tide_log_str("signal", number == SIGINT ? "SIGINT" : "SIGTERM"));
    tide_master_server_free(&server);
    return TIDE_EXIT_OK;
}

int tide_command_master(const tide_args *args)
{
    tide_config config;
    int64_t ready_fd;
    if (!tide_args_number(args, "ready-fd", 0, 1 << 20, -1, &ready_fd)) return TIDE_EXIT_USAGE;
    tide_status rv = tide_config_load(&config, args, environ);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_log_level level = TIDE_LOG_INFO;
    tide_log_level_parse(tide_args_value(args, "log", "info"), &level);
    tide_log *log = tide_log_new(&(tide_log_config){ .level = level });
    tide_log_install(log);
    tide_exit code = serve(&config, (int)ready_fd);
    tide_log_install(NULL);
    tide_log_free(&log);
    tide_config_fini(&config);
    return code;
}
