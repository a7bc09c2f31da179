/* doctor.c - `tidemill doctor`: is this host fit to run a cluster, and what is to be done? */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/net/http.h"
#include "base/net/listen.h"
#include "base/thread/topology.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define FILES_MIN 4096u /* Sockets, part files, libraries of a busy worker. */
#define FSYNC_TRIES 9
#define FSYNC_MS_MAX 20 /* A decision is a put of its own: several to start a job. */
#define WRITE_BYTES (16u << 20)
#define WRITE_MB_MIN 50 /* A second: snapshots go there. */
#define CONNECT_MS 2000

typedef enum verdict { GOOD, WARNING, BAD } verdict;
static const char *const verdicts[] = { "ok", "warn", "fail" };

typedef struct doctor {
    const tide_args *args;
    tide_config config;
    tide_table_text table;
    json_t *list;
    bool has_failure;
} doctor;

static void say(doctor *self, const char *what, verdict v, const char *found, const char *to_do)
{
    tide_table_text_add(&self->table, "%s\t%s\t%s\t%s", what, verdicts[v], found,
                        v == GOOD ? "" : to_do);
    json_array_append_new(self->list,
                          json_pack("{s:s,s:s,s:s,s:s}", "check", what, "verdict", verdicts[v],
                                    "found", found, "to-do", v == GOOD ? "" : to_do));
    self->has_failure |= v == BAD;
}

static void sayf(doctor *self, const char *what, verdict v, const char *to_do, const char *fmt, ...)
    TIDE_PRINTF(5, 6);
static void sayf(doctor *self, const char *what, verdict v, const char *to_do, const char *fmt, ...)
{
    char found[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(found, sizeof found, fmt, ap);
    va_end(ap);
    say(self, what, v, found, to_do);
}

/* ---- ports, folders ---- */

static void check_port(doctor *self, const char *what, const char *address, uint64_t port)
{
    int fd;
    uint32_t bound;
    tide_status rv = tide_listen_tcp(address, (uint32_t)port, &fd, &bound);
    if (rv == TIDE_OK) {
        close(fd);
        sayf(self, what, GOOD, "", "%s port %" PRIu64 " is free", address, port);
    } else {
        say(self, what, rv == TIDE_E_EXISTS ? WARNING : BAD, tide_error_text(),
            "free it (is a master running already?), or set another one");
    }
}

static bool is_writable(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/.tidemill-doctor-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) return false;
    close(fd);
    unlink(path);
    return true;
}

static void check_folder(doctor *self, const char *what, const char *folder)
{
    bool made = mkdir(folder, 0777) == 0;
    if (!made && errno != EEXIST)
        sayf(self, what, BAD, "make it, or set another one", "%s: %s", folder, strerror(errno));
    else if (!is_writable(folder))
        sayf(self, what, BAD, "give this user the right to write there, or set another one",
             "%s: %s", folder, strerror(errno));
    else
        sayf(self, what, GOOD, "", "%s can be written", folder);
    if (made) rmdir(folder);
}

/* ---- storage speed ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The median of a few small writes with fsync, in ns; -1: they failed. */
static int64_t measure_fsync(int fd, tide_clock *clock)
{
    int64_t times[FSYNC_TRIES];
    for (int i = 0; i < FSYNC_TRIES; i++) {
        int64_t began = tide_clock_now_ns(clock);
        if (pwrite(fd, "tidemill", 8, i * 4096) != 8 || fsync(fd) != 0) return -1;
        times[i] = tide_clock_now_ns(clock) - began;
    }
    qsort(times, FSYNC_TRIES, sizeof *times, by_value);
    return times[FSYNC_TRIES / 2];
}

static int64_t measure_write(int fd, tide_clock *clock)
{
    char *block = tide_calloc(1, 1u << 20);
    int64_t began = tide_clock_now_ns(clock);
    bool ok = true;
    for (size_t at = 0; ok && at < WRITE_BYTES; at += 1u << 20)
        ok = pwrite(fd, block, 1u << 20, (off_t)at) == 1 << 20;
    ok = ok && fsync(fd) == 0;
    tide_free(block);
    return ok ? tide_clock_now_ns(clock) - began : -1;
}

static void check_storage(doctor *self, const char *folder)
{
    char path[1024];
    tide_clock *clock = tide_clock_real();
    snprintf(path, sizeof path, "%s/.tidemill-doctor-XXXXXX", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0) return; /* check_folder has said it. */
    int64_t small = measure_fsync(fd, clock), large = measure_write(fd, clock);
    close(fd);
    unlink(path);
    if (small < 0 || large <= 0) {
        sayf(self, "storage speed", BAD, "is the disk full?", "%s: %s", folder, strerror(errno));
        return;
    }
    double ms = (double)small / 1e6, mb = (double)(WRITE_BYTES >> 20) / ((double)large / 1e9);
    verdict v = ms > FSYNC_MS_MAX || mb < WRITE_MB_MIN ? WARNING : GOOD;
    sayf(self, "storage speed", v, "use a faster disk: each decision about a job waits for it",
         "fsync takes %.1f ms, %.0f MB/s with fsync", ms, mb);
}

/* ---- the host ---- */

static void check_clock(doctor *self)
{
    struct timex about = { 0 };
    int state = adjtimex(&about);
    if (state == TIME_ERROR || (about.status & STA_UNSYNC))
        say(self, "clock", WARNING, "it is not synchronised",
            "run chrony or systemd-timesyncd: event times and logs of hosts should agree");
    else
        sayf(self, "clock", GOOD, "", "synchronised to %ld us", about.esterror);
}

static void check_limits(doctor *self)
{
    struct rlimit files = { 0 }, memory = { 0 };
    getrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_AS, &memory);
    sayf(self, "descriptors", files.rlim_cur < FILES_MIN ? WARNING : GOOD,
         "raise it: ulimit -n 65536, or LimitNOFILE= of the unit", "%llu open files are allowed",
         (unsigned long long)files.rlim_cur);
    if (memory.rlim_cur != RLIM_INFINITY)
        sayf(self, "limits", WARNING, "ulimit -v unlimited: memory is bounded by settings instead",
             "address space is limited to %llu MB", (unsigned long long)memory.rlim_cur >> 20);
    else
        say(self, "limits", GOOD, "address space is not limited", "");
}

/* The first line of a file; false: it is not there. */
static bool read_line(const char *path, char *line, size_t cap)
{
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool ok = fgets(line, (int)cap, file) != NULL;
    fclose(file);
    if (ok) line[strcspn(line, "\n")] = '\0';
    return ok;
}

static void check_memory(doctor *self)
{
    char limit[64] = "max";
    read_line("/sys/fs/cgroup/memory.max", limit, sizeof limit);
    unsigned long long pages = (unsigned long long)sysconf(_SC_PHYS_PAGES);
    unsigned long long mb = pages * (unsigned long long)sysconf(_SC_PAGESIZE) >> 20;
    uint64_t wanted_mb = self->config.cluster.memory_bytes >> 20;
    sayf(self, "memory", wanted_mb > mb ? BAD : GOOD,
         "lower taskmanager.memory.process.size: runners would be killed",
         "%llu MB, cgroup limit %s", mb, limit);
}

static void check_topology(doctor *self)
{
    tide_topology found;
    if (tide_topology_load(NULL, &found) != TIDE_OK) {
        say(self, "topology", WARNING, tide_error_text(), "slots are offered without their place");
        return;
    }
    uint64_t slots = self->config.cluster.slots;
    sayf(self, "topology", slots > found.n_cores ? WARNING : GOOD,
         "lower taskmanager.numberOfTaskSlots: with more slots than cores nothing is pinned",
         "%u cores, %u sockets, %u NUMA nodes; slots: %" PRIu64 "%s", found.n_cores,
         found.n_sockets, found.n_nodes, slots ? slots : found.n_cores,
         slots ? "" : " (one per core)");
    tide_topology_fini(&found);
}

static void check_plugins(doctor *self)
{
    tide_http *client;
    if (tide_http_new(&client) != TIDE_OK) {
        say(self, "plugins", BAD, tide_error_text(), "install Tidemill as a whole");
        return;
    }
    tide_http_free(&client);
    say(self, "plugins", GOOD, "libtidemill_http.so is there", "");
}

/* ---- Kafka ---- */

static bool connects(const char *host, const char *port, char why[256])
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    int rc = getaddrinfo(host, port, &hints, &found);
    snprintf(why, 256, "%s", rc ? gai_strerror(rc) : "");
    if (rc) return false;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
    rc = connect(fd, found->ai_addr, found->ai_addrlen);
    if (rc != 0 && errno == EINPROGRESS) {
        struct pollfd one = { .fd = fd, .events = POLLOUT };
        socklen_t n = sizeof error;
        error = ETIMEDOUT;
        if (poll(&one, 1, CONNECT_MS) > 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
    } else if (rc != 0) {
        error = errno;
    }
    freeaddrinfo(found);
    close(fd);
    snprintf(why, 256, "%s", error ? strerror(error) : "");
    return error == 0;
}

/* Brokers as Kafka's bootstrap.servers. */
static void check_kafka(doctor *self, const char *brokers)
{
    for (const char *at = brokers; at && *at;) {
        size_t n = strcspn(at, ",");
        char broker[256], why[256];
        snprintf(broker, sizeof broker, "%.*s", (int)n, at);
        char *colon = strrchr(broker, ':');
        if (colon) *colon = '\0';
        bool ok = connects(broker, colon ? colon + 1 : "9092", why);
        sayf(self, "kafka", ok ? GOOD : BAD, "is the broker up, its port open, its name right?",
             "%.*s: %s", (int)n, at, ok ? "connects" : why);
        at += n + (at[n] == ',');
    }
}

static tide_exit print(doctor *self)
{
    tide_exit code;
    if (strcmp(tide_args_value(self->args, "output", "table"), "json") == 0) {
        code = remote_print_json(self->list);
        tide_table_text_fini(&self->table);
    } else {
        code = remote_print_table(&self->table);
    }
    json_decref(self->list);
    return code == TIDE_EXIT_OK && self->has_failure ? TIDE_EXIT_JOB_FAILED : code;
}

int tide_command_doctor(const tide_args *args)
{
    doctor self = { .args = args };
    tide_status rv = tide_config_load(&self.config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage("doctor", "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    const tide_cluster_settings *s = &self.config.cluster;
    const char *data = s->data_dir ? s->data_dir : ".tidemill";
    const char *storage = s->storage_dir ? s->storage_dir : data;
    self.list = json_array();
    tide_table_text_init(&self.table, "CHECK|VERDICT|FOUND|TO DO");
    check_port(&self, "rest.port", s->rest_bind_address, s->rest_port);
    check_port(&self, "control.port", s->control_bind_address, s->control_port);
    check_folder(&self, "data.dir", data);
    if (s->storage_dir) check_folder(&self, "high-availability.storageDir", storage);
    check_storage(&self, access(storage, W_OK) == 0 ? storage : ".");
    check_clock(&self);
    check_limits(&self);
    check_memory(&self);
    check_topology(&self);
    check_plugins(&self);
    check_kafka(&self, tide_args_value(args, "kafka", NULL));
    tide_exit code = print(&self);
    tide_config_fini(&self.config);
    return code;
}
