/* limits.h - what does the hardware allow a measured job at best?
 *
 * Each measurement does by hand, in straight loops over arrays, what one of the engine's benchmark
 * jobs does, without what an engine has to have: no tasks, rings, watermarks, null handling,
 * general types or snapshots. Its rate bounds the engine's from above. One line of JSON each. */
#ifndef TIDE_BENCH_LIMITS_LIMITS_H
#define TIDE_BENCH_LIMITS_LIMITS_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIMITS_THREADS_MAX 2u

typedef struct limits_options {
    const char *what;        /* The measurement: "q11", or a file's name. */
    uint64_t events;         /* Of all threads together. */
    uint64_t rate;           /* Events per second of event time. */
    uint32_t threads;        /* Each a partition of its own, pinned to a CPU. */
    int written;             /* Strings: every byte of every row, not views of shared bytes. */
    const char *broker, *to; /* Kafka: where it is, and the topic that is written or waited on. */
    int by_shape;            /* JSON: one shape expected, no parser. */
} limits_options;

/* What a thread did. Units are events, records or bytes: those of the measurement. */
typedef struct limits_part {
    const limits_options *options;
    void *input;    /* Shared by all threads, read only. */
    uint32_t index; /* 0 .. threads - 1 */
    uint64_t done;  /* Units of work. */
    uint64_t out;   /* Rows of the result: keeps the work from being optimised away. */
    double cpu_s;   /* CPU time of the loop; set by limits_begin and limits_end. */
    double began_s, ended_s;
} limits_part;

typedef void (*limits_work)(limits_part *part);

/* Called by the work around what is to be measured, so that setting up does not count. */
void limits_begin(limits_part *part);
void limits_end(limits_part *part);

/* Runs the work on every thread and prints one line: units per CPU-second and per second. */
void limits_run(const char *name, const char *unit, const limits_options *options, void *input,
                limits_work work);

/* Zeroed memory in huge pages, touched; ends the program if there is none. Never freed: a
 * measurement is a process. */
void *limits_memory(size_t bytes);

/* Ends the program with a message. */
__attribute__((noreturn)) void limits_fail(const char *why, const char *about);

/* A whole file in memory, followed by at least 64 readable zero bytes. */
typedef struct limits_text {
    char *p;
    size_t n;
} limits_text;
limits_text limits_read(const char *path);

/* The measurements, by the program's sub-commands. */
void limits_nexmark(const limits_options *options);
void limits_csv(const limits_options *options);
void limits_json(const limits_options *options);
void limits_kafka_fill(const limits_options *options);
void limits_kafka_consume(const limits_options *options);
void limits_kafka_latency(const limits_options *options);

/* Runs a command, given with its path, its output thrown away; prints what it took. */
void limits_spawn(char **command);

#ifdef __cplusplus
}
#endif
#endif
