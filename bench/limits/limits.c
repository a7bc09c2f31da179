/* limits.c - the program: options, threads, clocks, the printed line. */
#include "bench/limits/limits.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char USAGE[] =
    "usage: limits nexmark generate|numbers|q0|q1|q2|q11|q12 [OPTIONS]\n"
    "       limits csv FILE | json FILE [OPTIONS]\n"
    "       limits spawn COMMAND [ARGUMENTS]\n"
    "  --events N      events of all three kinds, 50000000\n"
    "  --rate N        events per second of event time, 10000\n"
    "  --threads 1|2   each pinned to a CPU, 1\n"
    "  --written       every byte of every string is written and copied, not shared\n"
    "  --by-shape      JSON: one shape is expected, nothing else parses\n";

typedef struct thread {
    limits_part part;
    limits_work work;
    pthread_barrier_t *start;
    int cpu;
} thread;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void limits_fail(const char *why, const char *about)
{
    fprintf(stderr, "limits: %s %s\n", why, about);
    exit(1);
}

void limits_begin(limits_part *part)
{
    part->began_s = seconds_of(CLOCK_MONOTONIC);
    part->cpu_s = -seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

void limits_end(limits_part *part)
{
    part->cpu_s += seconds_of(CLOCK_THREAD_CPUTIME_ID);
    part->ended_s = seconds_of(CLOCK_MONOTONIC);
}

void *limits_memory(size_t bytes)
{
    const size_t page = 2u << 20;
    bytes = (bytes + page - 1) / page * page;
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) limits_fail("no memory", "");
    madvise(p, bytes, MADV_HUGEPAGE);
    memset(p, 0, bytes);
    return p;
}

limits_text limits_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) limits_fail("cannot read", path);
    limits_text text = { limits_memory((size_t)info.st_size + 4096), (size_t)info.st_size };
    for (size_t at = 0; at < text.n;) {
        ssize_t n = read(fd, text.p + at, text.n - at);
        if (n <= 0) limits_fail("cannot read", path);
        at += (size_t)n;
    }
    close(fd);
    return text;
}

/* The n-th CPU that this process may use: with fewer, they are shared. */
static int cpu_of(uint32_t n)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
    uint32_t at = n % (uint32_t)CPU_COUNT(&set);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &set) && at-- == 0) return cpu;
    return 0;
}

static void *thread_main(void *self_v)
{
    thread *self = self_v;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(self->cpu, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    pthread_barrier_wait(self->start);
    self->work(&self->part);
    return NULL;
}

void limits_run(const char *name, const char *unit, const limits_options *options, void *input,
                limits_work work)
{
    pthread_t ids[LIMITS_THREADS_MAX];
    thread threads[LIMITS_THREADS_MAX];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, options->threads);
    for (uint32_t i = 0; i < options->threads; i++) {
        threads[i] =
            (thread){ { .options = options, .input = input, .index = i }, work, &start, cpu_of(i) };
        if (pthread_create(&ids[i], NULL, thread_main, &threads[i]) != 0)
            limits_fail("no thread", "");
    }
    double cpu_s = 0, began_s = 0, ended_s = 0;
    uint64_t done = 0, out = 0;
    for (uint32_t i = 0; i < options->threads; i++) {
        pthread_join(ids[i], NULL);
        const limits_part *part = &threads[i].part;
        if (i == 0 || part->began_s < began_s) began_s = part->began_s;
        if (i == 0 || part->ended_s > ended_s) ended_s = part->ended_s;
        cpu_s += part->cpu_s, done += part->done, out += part->out;
    }
    pthread_barrier_destroy(&start);
    double wall_s = ended_s - began_s;
    printf("{\"limit\":\"%s\",\"unit\":\"%s\",\"threads\":%u,\"written\":%s,\"rate\":%llu,"
           "\"done\":%llu,\"out\":%llu,\"cpu_s\":%.4f,\"wall_s\":%.4f,\"per_cpu_s\":%.0f,"
           "\"per_s\":%.0f}\n",
           name, unit, options->threads, options->written ? "true" : "false",
           (unsigned long long)options->rate, (unsigned long long)done, (unsigned long long)out,
           cpu_s, wall_s, (double)done / cpu_s, (double)done / wall_s);
}

static uint64_t number(const char *text, uint64_t max)
{
    char *end;
    unsigned long long n = strtoull(text ? text : "", &end, 10);
    if (!text || end == text || *end || n == 0 || n > max) limits_fail("bad number", USAGE);
    return n;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const limits_options *options);
    } commands[] = { { "nexmark", limits_nexmark },
                     { "csv", limits_csv },
                     { "json", limits_json } };
    limits_options options = { .events = 50000000, .rate = 10000, .threads = 1 };
    if (argc < 3) limits_fail("what?\n", USAGE);
    if (strcmp(argv[1], "spawn") == 0) {
        limits_spawn(argv + 2);
        return 0;
    }
    options.what = argv[2];
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--written") == 0)
            options.written = 1;
        else if (strcmp(argv[i], "--by-shape") == 0)
            options.by_shape = 1;
        else if (strcmp(argv[i], "--events") == 0)
            options.events = number(argv[++i], 1u << 31);
        else if (strcmp(argv[i], "--rate") == 0)
            options.rate = number(argv[++i], 1000000000);
        else if (strcmp(argv[i], "--threads") == 0)
            options.threads = (uint32_t)number(argv[++i], LIMITS_THREADS_MAX);
        else
            limits_fail("unknown option", argv[i]);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            commands[i].run(&options);
            return 0;
        }
    limits_fail("unknown command", USAGE);
}
