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
    "       limits kafka-fill FILE | kafka-consume TOPIC | kafka-latency TOPIC [OPTIONS]\n"
    "       limits spawn COMMAND [ARGUMENTS]\n"
    "  --events N      events of all three kinds, 50000000\n"
    "  --rate N        events per second of event time, 10000\n"
    "  --threads 1|2   each pinned to a CPU, 1\n"
    "  --written       every byte of every string is written and copied, not shared\n"
    "  --by-shape      JSON: one shape is expected, nothing else parses\n"
    "  --broker HOST   Kafka's, 127.0.0.1:9092\n"
    "  --to TOPIC      kafka-fill: where to; kafka-latency: where records come out\n";

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

static const char *text(const char *value)
{
    if (!value) limits_fail("no value\n", USAGE);
    return value;
}

/* The option at *i, and its value, which *i is moved to. */
static void read_option(int argc, char **argv, int *i, limits_options *out)
{
    const char *name = argv[*i];
    if (strcmp(name, "--written") == 0) {
        out->written = 1;
        return;
    }
    if (strcmp(name, "--by-shape") == 0) {
        out->by_shape = 1;
        return;
    }
    const char *value = ++*i < argc ? argv[*i] : NULL;
    if (strcmp(name, "--events") == 0)
        out->events = number(value, 1u << 31);
    else if (strcmp(name, "--rate") == 0)
        out->rate = number(value, 1000000000);
    else if (strcmp(name, "--threads") == 0)
        out->threads = (uint32_t)number(value, LIMITS_THREADS_MAX);
    else if (strcmp(name, "--broker") == 0)
        out->broker = text(value);
    else if (strcmp(name, "--to") == 0)
        out->to = text(value);
    else
        limits_fail("unknown option", name);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const limits_options *options);
    } commands[] = { { "nexmark", limits_nexmark },
                     { "csv", limits_csv },
                     { "json", limits_json },
                     { "kafka-fill", limits_kafka_fill },
                     { "kafka-consume", limits_kafka_consume },
                     { "kafka-latency", limits_kafka_latency } };
    limits_options options = {
        .events = 50000000, .rate = 10000, .threads = 1, .broker = "127.0.0.1:9092", .to = "limits"
    };
    if (argc < 3) limits_fail("what?\n", USAGE);
    if (strcmp(argv[1], "spawn") == 0) {
        limits_spawn(argv + 2);
        return 0;
    }
    options.what = argv[2];
    for (int i = 3; i < argc; i++) read_option(argc, argv, &i, &options);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            commands[i].run(&options);
            return 0;
        }
    limits_fail("unknown command", USAGE);
}
