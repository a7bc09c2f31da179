/* master.c - `tidemill master`: the control plane and its REST API in one process. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/log.h"
#include "base/core/random.h"
#include "cli/commands.h"
#include "cli/remote_priv.h"
#include "master/rest/rest.h"

typedef struct master {
    tide_config config;
    const char *folder, *storage;
    tide_bytes settings;
    tide_rest *rest;
    tide_master_server *server;
} master;

static tide_status make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return tide_fail(TIDE_E_IO, "%s: %s; data.dir names another folder", path, strerror(errno));
    if (access(path, W_OK | X_OK) != 0)
        return tide_fail(TIDE_E_IO, "%s cannot be written: %s; data.dir names another folder", path,
                         strerror(errno));
    return TIDE_OK;
}

static tide_status make_folders(master *self)
{
    const tide_cluster_settings *s = &self->config.cluster;
    self->folder = s->data_dir ? s->data_dir : ".tidemill";
    TIDE_TRY(make_folder(self->folder));
    self->storage = s->storage_dir
                        ? s->storage_dir
                        : tide_arena_printf(self->config.arena, "%s/storage", self->folder);
    return TIDE_OK;
}

/* The name at which others reach what is bound to `bound`. */
static const char *reachable(master *self, const char *given, const char *bound)
{
    static const char *const any[] = { "0.0.0.0", "::", "*" };
    char host[256] = "";
    if (given) return given;
    for (size_t i = 0; i < sizeof any / sizeof *any; i++)
        if (strcmp(bound, any[i]) == 0 && gethostname(host, sizeof host - 1) == 0)
            return tide_arena_strdup(self->config.arena, host);
    return bound;
}

static void add_value(void *ctx, const tide_config_value *value)
{
    json_t *list = ctx;
    bool hides = value->def->kind == TIDE_SETTING_SECRET && *value->value;
    json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "key", value->def->key, "value",
                                          hides ? "***" : value->value, "origin", value->origin));
}

static void print_settings(master *self)
{
    json_t *list = json_array();
    tide_config_each(&self->config, add_value, list);
    char *text = json_dumps(list, JSON_INDENT(1));
    tide_bytes_printf(&self->settings, "%s\n", text ? text : "[]");
    free(text);
    json_decref(list);
}

static tide_status start_rest(master *self)
{
    const tide_cluster_settings *s = &self->config.cluster;
    const tide_rest_config config = {
        .address = s->rest_bind_address,
        .port = (uint32_t)s->rest_port,
        .token = s->rest_token,
        .folder = self->folder,
        .version = TIDE_VERSION,
        .settings_json = tide_bytes_text(&self->settings),
    };
    tide_status rv = tide_rest_new(&config, &self->rest);
    return rv == TIDE_OK ? rv : tide_because(rv, "rest.port, rest.bind-address");
}

static tide_status start_server(master *self)
{
    const tide_cluster_settings *s = &self->config.cluster;
    tide_arena *arena = self->config.arena;
    tide_clock *clock = tide_clock_real();
    uint64_t seed = (uint64_t)tide_clock_wall_us(clock) * 1000003 + (uint64_t)getpid();
    tide_random random;
    tide_random_init(&random, seed, 0);
    const char *rest_host = reachable(self, s->rest_address, s->rest_bind_address);
    const char *control_host = reachable(self, s->control_address, s->control_bind_address);
    const tide_master_server_config config = {
        .master = { .id = tide_arena_printf(arena, "%016" PRIx64, tide_random_u64(&random)),
                    .control = tide_arena_printf(arena, "tcp://%s:%" PRIu64, control_host,
                                                 s->control_port),
                    .rest = tide_arena_printf(arena, "http://%s:%u", rest_host,
                                              tide_rest_port(self->rest)),
                    .settings = *s,
                    .random_seed = seed },
        .bind =
            tide_arena_printf(arena, "tcp://%s:%" PRIu64, s->control_bind_address, s->control_port),
        .storage = self->storage,
    };
    TIDE_TRY(tide_master_server_new(&config, &self->server));
    tide_rest_serve(self->rest, self->server);
    tide_log_info("master serves", tide_log_str("id", config.master.id),
                  tide_log_str("rest", config.master.rest),
                  tide_log_str("control", tide_master_server_control(self->server)));
    return TIDE_OK;
}

/* A line for people and for scripts that wait for it; one of JSON for `cluster start`. */
static void tell_ready(const master *self, int64_t fd)
{
    const tide_cluster_settings *s = &self->config.cluster;
    printf("master ready: rest at port %u, control at %s\n", tide_rest_port(self->rest),
           tide_master_server_control(self->server));
    fflush(stdout);
    if (fd < 0) return;
    dprintf((int)fd, "{\"rest\": \"http://%s:%u\", \"control\": \"%s\"}\n",
            s->rest_address ? s->rest_address : s->rest_bind_address, tide_rest_port(self->rest),
            tide_master_server_control(self->server));
    close((int)fd);
}

static tide_status run(master *self, int64_t ready_fd, const sigset_t *signals)
{
    TIDE_TRY(tide_config_read_token(&self->config));
    TIDE_TRY(make_folders(self));
    print_settings(self);
    TIDE_TRY(start_rest(self));
    TIDE_TRY(start_server(self));
    tell_ready(self, ready_fd);
    int signal = 0;
    while (sigwait(signals, &signal) != 0) continue;
    tide_log_info("master ends", tide_log_int("signal", signal));
    return TIDE_OK;
}

int tide_command_master(const tide_args *args)
{
    int64_t ready_fd;
    if (!tide_args_number(args, "ready-fd", 0, 1 << 20, -1, &ready_fd)) return TIDE_EXIT_USAGE;
    master self = { 0 };
    tide_status rv = tide_config_load(&self.config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage("master", "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_log_level level = TIDE_LOG_INFO;
    tide_log_level_parse(tide_args_value(args, "log", "info"), &level);
    tide_log *log = tide_log_new(&(tide_log_config){ .level = level });
    tide_log_install(log);
    /* Taken from before the first thread is there, so that all of them leave the signals alone. */
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    rv = run(&self, ready_fd, &signals);
    tide_exit code = tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_rest_free(&self.rest);
    tide_master_server_free(&self.server);
    tide_log_install(NULL);
    tide_log_free(&log);
    tide_bytes_fini(&self.settings);
    tide_config_fini(&self.config);
    return code;
}
