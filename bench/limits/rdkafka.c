/* rdkafka.c - what librdkafka does without an engine behind it, and how long a record takes.
 *
 * CPU time is the process's: librdkafka's own threads do most of the work. Topics are made by the
 * broker when they are first used. */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/limits/limits.h"

#define POLL_MS 100
#define SILENCE_S 20.0 /* With nothing arriving for so long, nothing more will. */
#define BATCH 10000u
#define ERROR_BYTES 512u
#define WARM_UP_S 2u /* Records of the first seconds do not count. */

typedef struct setting {
    const char *name, *value;
} setting;

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static rd_kafka_t *client(rd_kafka_type_t type, const limits_options *options,
                          const setting *settings, uint32_t n)
{
    char error[ERROR_BYTES];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (rd_kafka_conf_set(conf, "bootstrap.servers", options->broker, error, sizeof error))
        limits_fail("kafka:", error);
    for (uint32_t i = 0; i < n; i++)
        if (rd_kafka_conf_set(conf, settings[i].name, settings[i].value, error, sizeof error))
            limits_fail("kafka:", error);
    rd_kafka_t *self = rd_kafka_new(type, conf, error, sizeof error);
    if (!self) limits_fail("kafka:", error);
    return self;
}

/* A full queue is waited for. */
static void produce(rd_kafka_t *producer, rd_kafka_topic_t *topic, const char *p, size_t n)
{
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)p, n, NULL,
                            0, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            limits_fail("kafka:", rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(producer, POLL_MS);
    }
}

static rd_kafka_t *subscribe(const limits_options *options, const char *topic, const char *start)
{
    char group[64];
    snprintf(group, sizeof group, "limits-%.0f", seconds_of(CLOCK_REALTIME) * 1e6);
    const setting settings[] = { { "group.id", group },
                                 { "auto.offset.reset", start },
                                 { "enable.auto.commit", "false" },
                                 { "allow.auto.create.topics", "true" },
                                 { "queued.min.messages", "1000000" },
                                 { "fetch.wait.max.ms", "5" } };
    rd_kafka_t *consumer =
        client(RD_KAFKA_CONSUMER, options, settings, sizeof settings / sizeof *settings);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    if (rd_kafka_subscribe(consumer, topics)) limits_fail("kafka: cannot subscribe to", topic);
    rd_kafka_topic_partition_list_destroy(topics);
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

/* The lines of a file, a message each. */
void limits_kafka_fill(const limits_options *options)
{
    static const setting settings[] = { { "linger.ms", "20" },
                                        { "batch.size", "1000000" },
                                        { "queue.buffering.max.messages", "1000000" } };
    limits_text text = limits_read(options->what);
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, options, settings, 3);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, options->to, NULL);
    uint64_t n = 0;
    for (const char *p = text.p, *end; p < text.p + text.n; p = end + 1, n++) {
        end = memchr(p, '\n', text.n - (size_t)(p - text.p));
        if (!end) break;
        produce(producer, topic, p, (size_t)(end - p));
        if (n % 1024 == 0) rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, 120000)) limits_fail("kafka: cannot fill", options->to);
    printf("{\"limit\":\"kafka fill\",\"done\":%llu}\n", (unsigned long long)n);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
}

/* Takes `events` messages and looks at the first bytes of each. */
void limits_kafka_consume(const limits_options *options)
{
    static rd_kafka_message_t *messages[BATCH];
    double began_s = seconds_of(CLOCK_MONOTONIC), cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    rd_kafka_t *consumer = subscribe(options, options->what, "earliest");
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    uint64_t done = 0, sum = 0;
    double last_s = began_s;
    while (done < options->events) {
        ssize_t n = rd_kafka_consume_batch_queue(queue, POLL_MS, messages, BATCH);
        double now_s = seconds_of(CLOCK_MONOTONIC);
        if (n > 0)
            last_s = now_s;
        else if (now_s - last_s > SILENCE_S)
            limits_fail("kafka: silence on", options->what);
        for (ssize_t i = 0; i < n; i++) {
            if (!messages[i]->err && messages[i]->len >= sizeof sum) {
                uint64_t head;
                memcpy(&head, messages[i]->payload, sizeof head);
                sum += head;
                done++;
            }
            rd_kafka_message_destroy(messages[i]);
        }
    }
    cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_s;
    double wall_s = seconds_of(CLOCK_MONOTONIC) - began_s;
    printf("{\"limit\":\"kafka consume\",\"unit\":\"records\",\"done\":%llu,\"out\":%llu,"
           "\"cpu_s\":%.4f,\"wall_s\":%.4f,\"per_cpu_s\":%.0f,\"per_s\":%.0f}\n",
           (unsigned long long)done, (unsigned long long)sum, cpu_s, wall_s, (double)done / cpu_s,
           (double)done / wall_s);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
}

/* ---- latency ---- */

typedef struct latency {
    double *taken_ms;
    uint64_t n, n_max;
    double began_ns; /* Older records are of another run. */
} latency;

static int by_value(const void *a_v, const void *b_v)
{
    double a = *(const double *)a_v, b = *(const double *)b_v;
    return (a > b) - (a < b);
}

/* Takes what has arrived and notes how old each record is. */
static void take_answers(rd_kafka_t *consumer, latency *self, int wait_ms)
{
    static const char key[] = "\"sent\":";
    for (rd_kafka_message_t *m; (m = rd_kafka_consumer_poll(consumer, wait_ms)) != NULL;
         rd_kafka_message_destroy(m), wait_ms = 0) {
        char text[128];
        if (m->err || m->len == 0 || m->len >= sizeof text || self->n == self->n_max) continue;
        memcpy(text, m->payload, m->len);
        text[m->len] = '\0';
        const char *at = strstr(text, key);
        if (!at) continue;
        uint64_t sent_ns = strtoull(at + sizeof key - 1, NULL, 10);
        if ((double)sent_ns < self->began_ns) continue;
        double now_ns = seconds_of(CLOCK_MONOTONIC) * 1e9;
        self->taken_ms[self->n++] = (now_ns - (double)sent_ns) / 1e6;
    }
}

/* Sends `rate` records a second to one topic and waits for each in another, that a filter which
 * keeps all of them fills. With the same topic twice: the broker and librdkafka alone. */
void limits_kafka_latency(const limits_options *options)
{
    static const setting settings[] = { { "linger.ms", "0" }, { "acks", "1" } };
    rd_kafka_t *producer = client(RD_KAFKA_PRODUCER, options, settings, 2);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer, options->what, NULL);
    rd_kafka_t *consumer = subscribe(options, options->to, "earliest");
    latency l = { .n_max = options->events + 1, .began_ns = seconds_of(CLOCK_MONOTONIC) * 1e9 };
    l.taken_ms = limits_memory(l.n_max * sizeof *l.taken_ms);
    /* One record through everything first: only then do both sides stand. */
    char text[96];
    int n =
        snprintf(text, sizeof text, "{\"n\":0,\"sent\":%.0f}", seconds_of(CLOCK_MONOTONIC) * 1e9);
    produce(producer, topic, text, (size_t)n);
    for (double began_s = seconds_of(CLOCK_MONOTONIC); l.n == 0;) {
        if (seconds_of(CLOCK_MONOTONIC) - began_s > SILENCE_S)
            limits_fail("kafka: silence on", options->to);
        take_answers(consumer, &l, POLL_MS);
    }
    double began_s = seconds_of(CLOCK_MONOTONIC);
    for (uint64_t sent = 0; sent < options->events;) {
        double now_s = seconds_of(CLOCK_MONOTONIC);
        uint64_t due = (uint64_t)((now_s - began_s) * (double)options->rate);
        for (; sent < due && sent < options->events; sent++) {
            n = snprintf(text, sizeof text, "{\"n\":%llu,\"sent\":%.0f}", (unsigned long long)sent,
                         seconds_of(CLOCK_MONOTONIC) * 1e9);
            produce(producer, topic, text, (size_t)n);
        }
        rd_kafka_poll(producer, 0);
        take_answers(consumer, &l, 1);
    }
    for (double last_s = seconds_of(CLOCK_MONOTONIC); l.n < l.n_max;) {
        uint64_t before = l.n;
        take_answers(consumer, &l, POLL_MS);
        if (l.n > before)
            last_s = seconds_of(CLOCK_MONOTONIC);
        else if (seconds_of(CLOCK_MONOTONIC) - last_s > SILENCE_S)
            break;
    }
    uint64_t skip = WARM_UP_S * options->rate < l.n / 2 ? WARM_UP_S * options->rate : l.n / 2;
    double *counted = l.taken_ms + skip;
    uint64_t n_counted = l.n - skip;
    qsort(counted, n_counted, sizeof *counted, by_value);
    printf("{\"limit\":\"kafka latency\",\"done\":%llu,\"lost\":%llu,\"p50_ms\":%.3f,"
           "\"p99_ms\":%.3f,\"max_ms\":%.3f}\n",
           (unsigned long long)l.n, (unsigned long long)(l.n_max - l.n), counted[n_counted / 2],
           counted[n_counted * 99 / 100], counted[n_counted - 1]);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_flush(producer, 10000);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(producer);
}
