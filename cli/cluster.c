/* cluster.c - `tidemill cluster`: a master and workers on this host, for trying things out. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/local_priv.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define READY_MS 30000 /* Until everything is there, before it is given up. */
#define DRAIN_MS 2000  /* Until a process that got SIGTERM gets another: no more draining. */
#define STOP_MS 15000  /* And until it gets SIGKILL. */
#define LOG_TAIL_BYTES 1500
#define READY_FD 3
#define ARGV_MAX 128u

/* ---- starting processes ---- */

typedef struct launch {
    const tide_args *args;
    const char *role;
    char log[640];
    char *argv[ARGV_MAX];
    uint32_t argc;
    tide_arena *arena;
} launch;

static void add_word(launch *self, const char *word)
{
    if (self->argc + 1 < ARGV_MAX) self->argv[self->argc++] = tide_arena_strdup(self->arena, word);
}

static void add_setting(launch *self, const char *key, const char *value)
{
    add_word(self, "-D");
    add_word(self, tide_arena_printf(self->arena, "%s=%s", key, value));
}

/* The role's command line: what the user gave, and behind it what this command decides. */
static void launch_init(launch *self, tide_arena *arena, const tide_args *args, const char *folder,
                        const char *role, uint32_t number)
{
    *self = (launch){ .args = args, .role = role, .arena = arena };
    const char *name = number ? tide_arena_printf(arena, "%s%u", role, number) : role;
    snprintf(self->log, sizeof self->log, "%s/%s.log", folder, name);
    add_word(self, "tidemill");
    add_word(self, role);
    for (uint32_t i = 0; i < args->n_given; i++) {
        const char *flag = args->given[i].flag->name;
        if (strcmp(flag, "config") == 0 || strcmp(flag, "set") == 0) {
            add_word(self, tide_arena_printf(arena, "--%s", flag));
            add_word(self, args->given[i].value);
        }
    }
    add_setting(self, "data.dir", tide_arena_printf(arena, "%s/%s", folder, name));
}

/* In the child: a session of its own, output to the log, no input. */
static void become(const launch *self, int ready)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    int nothing = open("/dev/null", O_RDONLY);
    int log = open(self->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (n <= 0 || nothing < 0 || log < 0) _exit(127);
    exe[n] = '\0';
    setsid();
    dup2(nothing, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (ready >= 0) dup2(ready, READY_FD);
    close_range(ready >= 0 ? READY_FD + 1 : READY_FD, ~0u, 0);
    execv(exe, self->argv);
    _exit(127);
}

static tide_status spawn(const launch *self, int ready, local_cluster *into)
{
    pid_t pid = fork();
    if (pid < 0) return tide_fail(TIDE_E_IO, "fork: %s", strerror(errno));
    if (pid == 0) become(self, ready);
    local_process *process = &into->processes[into->n++];
    snprintf(process->role, sizeof process->role, "%s", self->role);
    process->pid = pid;
    process->started = local_started(pid);
    return TIDE_OK;
}

/* What a process that ended said last. */
static tide_status fail_ended(const launch *self)
{
    char tail[LOG_TAIL_BYTES + 1] = "";
    FILE *file = fopen(self->log, "re");
    if (file) {
        (void)fseek(file, 0, SEEK_END);
        long bytes = ftell(file);
        (void)fseek(file, bytes > LOG_TAIL_BYTES ? bytes - LOG_TAIL_BYTES : 0, SEEK_SET);
        tail[fread(tail, 1, LOG_TAIL_BYTES, file)] = '\0';
        fclose(file);
    }
    size_t n = strlen(tail);
    while (n && tail[n - 1] == '\n') tail[--n] = '\0';
    const char *line = strrchr(tail, '\n');
    const char *error = strstr(tail, "error: ");
    for (const char *next = error; next; next = strstr(next + 1, "error: ")) error = next;
    return tide_fail(TIDE_E_IO, "the %s ended: %s (%s)", self->role,
                     error  ? error + 7
                     : line ? line + 1
                            : tail,
                     self->log);
}

/* ---- ending them ---- */

/* False: it is still there after the time. */
static bool wait_end(const local_process *process, int pidfd, int64_t ms)
{
    struct pollfd one = { .fd = pidfd, .events = POLLIN };
    bool ended = pidfd < 0 ? !local_lives(process) : poll(&one, 1, (int)ms) > 0;
    (void)waitpid(process->pid, NULL, WNOHANG); /* When it is a child. */
    return ended;
}

static void send_signal(int pidfd, int number)
{
    (void)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

/* Ends one that got SIGTERM. False: it had to be killed. */
static bool end_one(const local_process *process, int pidfd, int64_t drain_ms)
{
    if (wait_end(process, pidfd, drain_ms)) return true;
    send_signal(pidfd, SIGTERM);
    if (wait_end(process, pidfd, STOP_MS)) return true;
    send_signal(pidfd, SIGKILL);
    (void)wait_end(process, pidfd, STOP_MS);
    return false;
}

/* Ends those of one role at a time. Returns how many had to be killed. */
static uint32_t end_role(const local_cluster *cluster, const char *role)
{
    int fds[LOCAL_PROCESSES_MAX];
    uint32_t killed = 0;
    tide_clock *clock = tide_clock_real();
    int64_t began_ns = tide_clock_now_ns(clock);
    for (uint32_t i = 0; i < cluster->n; i++) {
        const local_process *process = &cluster->processes[i];
        fds[i] =
            strcmp(process->role, role) == 0 ? (int)syscall(SYS_pidfd_open, process->pid, 0) : -1;
        /* Checked behind the open: the descriptor cannot come to mean another process. */
        if (fds[i] >= 0 && !local_lives(process)) {
            close(fds[i]);
            fds[i] = -1;
        }
        if (fds[i] >= 0) send_signal(fds[i], SIGTERM);
    }
    for (uint32_t i = 0; i < cluster->n; i++) {
        if (fds[i] < 0) continue;
        int64_t left_ms = DRAIN_MS - (tide_clock_now_ns(clock) - began_ns) / 1000000;
        if (!end_one(&cluster->processes[i], fds[i], left_ms > 0 ? left_ms : 0)) killed++;
        close(fds[i]);
    }
    return killed;
}

/* Ends exactly these. Workers first: their runners go at the master's word. */
static uint32_t end_all(const local_cluster *cluster)
{
    return end_role(cluster, "worker") + end_role(cluster, "master");
}

/* ---- cluster start ---- */

static tide_status make_folder(const char *given, char folder[512])
{
    if (mkdir(given, 0777) != 0 && errno != EEXIST)
        return tide_fail(TIDE_E_IO, "%s: %s; --dir names another folder", given, strerror(errno));
    char real[PATH_MAX];
    if (!realpath(given, real) || access(real, W_OK | X_OK) != 0)
        return tide_fail(TIDE_E_IO, "%s: %s; --dir names another folder", given, strerror(errno));
    if (strlen(real) >= 400) return tide_fail(TIDE_E_LIMIT, "%s: the name is too long", given);
    memcpy(folder, real, strlen(real) + 1);
    return TIDE_OK;
}

static tide_status check_none_runs(const char *folder)
{
    local_cluster old;
    if (local_read(folder, &old) != TIDE_OK) return TIDE_OK;
    for (uint32_t i = 0; i < old.n; i++)
        if (local_lives(&old.processes[i]))
            return tide_fail(
                TIDE_E_REFUSED,
                "a cluster of %s runs already, at %s; 'tidemill cluster stop --dir %s' "
                "ends it",
                folder, old.rest, folder);
    return TIDE_OK;
}

/* Reads the line that the master writes when it serves: {"rest": URL, "control": ENDPOINT}. */
static tide_status read_ready(int fd, const launch *master, local_cluster *cluster)
{
    char line[1024];
    size_t n = 0;
    struct pollfd one = { .fd = fd, .events = POLLIN };
    while (n < sizeof line - 1 && !memchr(line, '\n', n)) {
        if (poll(&one, 1, READY_MS) <= 0)
            return tide_fail(TIDE_E_TIMEOUT, "the master is not ready after %d s; see %s",
                             READY_MS / 1000, master->log);
        ssize_t got = read(fd, line + n, sizeof line - 1 - n);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return fail_ended(master);
        n += (size_t)got;
    }
    json_t *root = json_loadb(line, n, JSON_DISABLE_EOF_CHECK, NULL);
    snprintf(cluster->rest, sizeof cluster->rest, "%s", remote_text(root, "rest"));
    snprintf(cluster->control, sizeof cluster->control, "%s", remote_text(root, "control"));
    json_decref(root);
    return TIDE_OK;
}

static tide_status start_master(launch *self, local_cluster *cluster)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return tide_fail(TIDE_E_IO, "pipe: %s", strerror(errno));
    tide_status rv = spawn(self, ends[1], cluster);
    close(ends[1]);
    if (rv == TIDE_OK) rv = read_ready(ends[0], self, cluster);
    close(ends[0]);
    return rv;
}

static tide_status wait_workers(const tide_args *args, const launch *workers, uint32_t n,
                                local_cluster *cluster)
{
    tide_config config;
    TIDE_TRY(tide_config_load(&config, args, environ));
    tide_clock *clock = tide_clock_real();
    remote r = { 0 };
    tide_status rv = tide_config_read_token(&config);
    const tide_client_config client = { .masters = cluster->rest,
                                        .token = config.cluster.rest_token,
                                        .clock = clock };
    if (rv == TIDE_OK) rv = tide_client_new(&client, &r.client);
    int64_t deadline_ns = tide_clock_now_ns(clock) + READY_MS * INT64_C(1000000);
    for (bool ready = false; rv == TIDE_OK && !ready;) {
        json_t *overview;
        rv = remote_get(&r, "/overview", &overview);
        ready = rv == TIDE_OK && remote_int(overview, "taskmanagers") >= n;
        json_decref(overview);
        for (uint32_t i = 0; i < n && rv == TIDE_OK && !ready; i++)
            if (waitpid(cluster->processes[i + 1].pid, NULL, WNOHANG) > 0)
                rv = fail_ended(&workers[i]);
        if (rv == TIDE_OK && !ready && tide_clock_now_ns(clock) > deadline_ns)
            rv = tide_fail(TIDE_E_TIMEOUT, "the workers are not there after %d s; see %s",
                           READY_MS / 1000, workers[0].log);
        if (rv == TIDE_OK && !ready) tide_client_pause(2);
    }
    tide_client_free(&r.client);
    tide_config_fini(&config);
    return rv;
}

static tide_status start(const tide_args *args, uint32_t n_workers, tide_arena *arena,
                         local_cluster *cluster)
{
    TIDE_TRY(make_folder(tide_args_value(args, "dir", LOCAL_FOLDER), cluster->folder));
    TIDE_TRY(check_none_runs(cluster->folder));
    launch master, *workers = TIDE_NEW_N(arena, launch, n_workers + 1);
    launch_init(&master, arena, args, cluster->folder, "master", 0);
    add_setting(&master, "rest.port", tide_args_value(args, "rest-port", "0"));
    add_setting(&master, "control.port", tide_args_value(args, "control-port", "0"));
    add_setting(&master, "high-availability.storageDir",
                tide_arena_printf(arena, "%s/storage", cluster->folder));
    add_word(&master, "--ready-fd");
    add_word(&master, tide_arena_printf(arena, "%d", READY_FD));
    tide_status rv = start_master(&master, cluster);
    for (uint32_t i = 0; i < n_workers && rv == TIDE_OK; i++) {
        launch_init(&workers[i], arena, args, cluster->folder, "worker", i + 1);
        const char *slots = tide_args_value(args, "slots", NULL);
        if (slots) add_setting(&workers[i], "taskmanager.numberOfTaskSlots", slots);
        const char *at = strstr(cluster->control, "://");
        add_setting(&workers[i], "control.masters", at ? at + 3 : cluster->control);
        rv = spawn(&workers[i], -1, cluster);
    }
    if (rv == TIDE_OK) rv = local_write(cluster);
    if (rv == TIDE_OK) rv = wait_workers(args, workers, n_workers, cluster);
    if (rv == TIDE_OK) local_remember(cluster);
    if (rv == TIDE_OK) return rv;
    tide_error error;
    tide_error_take(rv, &error);
    end_all(cluster);
    local_forget(cluster);
    return tide_error_raise(&error);
}

static tide_exit start_cluster(const tide_args *args)
{
    int64_t n_workers, ignored;
    if (!tide_args_number(args, "workers", 1, LOCAL_PROCESSES_MAX - 1, 1, &n_workers) ||
        !tide_args_number(args, "slots", 1, 1024, 1, &ignored) ||
        !tide_args_number(args, "rest-port", 0, 65535, 0, &ignored) ||
        !tide_args_number(args, "control-port", 0, 65535, 0, &ignored))
        return TIDE_EXIT_USAGE;
    local_cluster *cluster = tide_calloc(1, sizeof *cluster);
    tide_arena *arena = tide_arena_new();
    tide_exit code =
        tide_exit_report(start(args, (uint32_t)n_workers, arena, cluster), TIDE_PHASE_RUN);
    if (code == TIDE_EXIT_OK) {
        tide_bytes out = { 0 };
        bool as_json = strcmp(tide_args_value(args, "output", "table"), "json") == 0;
        if (as_json)
            tide_bytes_printf(&out, "{\"rest\": \"%s\", \"control\": \"%s\"}\n", cluster->rest,
                              cluster->control);
        else
            tide_bytes_printf(&out, "%s\n", cluster->rest);
        code = (tide_exit)tide_output_text(&out);
    }
    tide_arena_free(&arena);
    tide_free(cluster);
    return code;
}

/* ---- cluster stop, cluster status ---- */

/* That of --dir, else the one that other commands ask. *out is to be freed, whatever the outcome.
 */
static tide_exit read_cluster(const tide_args *args, local_cluster **out)
{
    *out = tide_calloc(1, sizeof **out);
    bool has_dir = tide_args_value(args, "dir", NULL) != NULL;
    if (!has_dir && access(LOCAL_FOLDER "/cluster.json", F_OK) != 0 && local_find(*out))
        return TIDE_EXIT_OK;
    return tide_exit_report(local_read(tide_args_value(args, "dir", LOCAL_FOLDER), *out),
                            TIDE_PHASE_RUN);
}

static tide_exit stop_cluster(const tide_args *args)
{
    local_cluster *cluster;
    tide_exit code = read_cluster(args, &cluster);
    if (code == TIDE_EXIT_OK) {
        uint32_t killed = end_all(cluster);
        if (killed)
            fprintf(stderr, "%u processes did not end within %d s and were killed\n", killed,
                    STOP_MS / 1000);
        local_forget(cluster);
    }
    tide_free(cluster);
    return code;
}

static tide_exit show_cluster(const tide_args *args)
{
    local_cluster *cluster;
    tide_exit code = read_cluster(args, &cluster);
    if (code == TIDE_EXIT_OK) {
        json_t *list = json_array();
        tide_table_text table;
        tide_table_text_init(&table, "ROLE|PID|STATE");
        for (uint32_t i = 0; i < cluster->n; i++) {
            const local_process *p = &cluster->processes[i];
            const char *state = local_lives(p) ? "runs" : "gone";
            tide_table_text_add(&table, "%s\t%d\t%s", p->role, (int)p->pid, state);
            json_array_append_new(list, json_pack("{s:s,s:i,s:s}", "role", p->role, "pid",
                                                  (int)p->pid, "state", state));
        }
        if (strcmp(tide_args_value(args, "output", "table"), "json") == 0) {
            tide_table_text_fini(&table);
            json_t *root = json_pack("{s:s,s:s,s:s,s:O}", "dir", cluster->folder, "rest",
                                     cluster->rest, "control", cluster->control, "processes", list);
            code = remote_print_json(root);
            json_decref(root);
        } else {
            printf("%s\n", cluster->rest);
            fflush(stdout);
            code = remote_print_table(&table);
        }
        json_decref(list);
    }
    tide_free(cluster);
    return code;
}

int tide_command_cluster(const tide_args *args)
{
    const char *verb = args->operands[0];
    if (strcmp(verb, "start") == 0) return start_cluster(args);
    if (strcmp(verb, "stop") == 0) return stop_cluster(args);
    if (strcmp(verb, "status") == 0) return show_cluster(args);
    return tide_exit_usage("cluster", "cluster takes start, stop or status, not \"%s\"", verb);
}
