/* worker_metrics.c - metrics of a worker, and memory and CPU time of its runners, also of those
 * that serve none themselves: not yet, or for want of a plugin. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/worker_priv.h"
#include "worker/runtime/runner_process.h"

#define RUNNERS_MAX 1024u

typedef struct runner {
    char pid[16];
    double resident, seconds;
} runner;

/* Fields of /proc/PID/stat behind the name, which may hold blanks. False: it is gone. */
static bool read_runner(const char *pid, runner *out)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%.15s/stat", pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *at = strrchr(text, ')');
    unsigned long user, system;
    long pages;
    if (!at || sscanf(at + 2,
                      "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d "
                      "%*u %*u %ld",
                      &user, &system, &pages) != 3)
        return false;
    snprintf(out->pid, sizeof out->pid, "%s", pid);
    out->resident = (double)pages * (double)sysconf(_SC_PAGESIZE);
    out->seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    return true;
}

/* Every child is a runner. A process's children are listed by the thread that made them. */
static uint32_t find_runners(runner *out)
{
    uint32_t n = 0;
    DIR *threads = opendir("/proc/self/task");
    for (struct dirent *thread; threads && (thread = readdir(threads)) != NULL;) {
        char path[300], line[16384] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/children", thread->d_name);
        FILE *file = fopen(path, "re");
        if (!file) continue;
        if (!fgets(line, sizeof line, file)) line[0] = '\0';
        fclose(file);
        for (char *rest = line, *pid; (pid = strsep(&rest, " ")) != NULL && n < RUNNERS_MAX;)
            if (*pid && read_runner(pid, &out[n])) n++;
    }
    if (threads) closedir(threads);
    return n;
}

static void put_runners(void *ctx, tide_bytes *out)
{
    (void)ctx;
    static const char memory[] = "tidemill_runner_resident_memory_bytes";
    static const char cpu[] = "tidemill_runner_cpu_seconds_total";
    runner *runners = tide_calloc(RUNNERS_MAX, sizeof *runners);
    uint32_t n = find_runners(runners);
    tide_exposition_single(out, "tidemill_runners", "gauge", "Runner processes of this worker", n);
    tide_exposition_begin(out, memory, "gauge", "Resident memory of a runner");
    for (uint32_t i = 0; i < n; i++)
        tide_exposition_put(out, memory, &(tide_exposition_label){ "pid", runners[i].pid }, 1,
                            runners[i].resident);
    tide_exposition_begin(out, cpu, "counter", "CPU time of a runner");
    for (uint32_t i = 0; i < n; i++)
        tide_exposition_put(out, cpu, &(tide_exposition_label){ "pid", runners[i].pid }, 1,
                            runners[i].seconds);
    tide_free(runners);
}

tide_status worker_serve_metrics(tide_config *config, tide_metrics_server **out, const char **rest)
{
    const tide_cluster_settings *s = &config->cluster;
    TIDE_TRY(tide_config_read_token(config));
    /* Runners inherit it. No other thread is there yet. */
    if (s->rest_token) setenv(TIDE_RUNNER_TOKEN, s->rest_token, 1);
    const tide_metrics_config metrics = { .address = s->rest_bind_address,
                                          .port = (uint32_t)s->worker_rest_port,
                                          .token = s->rest_token,
                                          .put = put_runners };
    tide_status rv = tide_metrics_server_new(&metrics, out);
    if (rv != TIDE_OK) return tide_because(rv, "taskmanager.rest.port");
    char host[256] = "";
    bool is_any = strcmp(s->rest_bind_address, "0.0.0.0") == 0;
    if (is_any) (void)gethostname(host, sizeof host - 1);
    *rest = tide_arena_printf(config->arena, "http://%s:%u", is_any ? host : s->rest_bind_address,
                              tide_metrics_server_port(*out));
    return TIDE_OK;
}
