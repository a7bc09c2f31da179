/* source.c - a subtask's partitions: their queues are polled only when the task asks for a
 * batch, so a task without room leaves records where they are, and librdkafka stops fetching. */
#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/connector/kafka/consumer.h"
#include "worker/connector/kafka/kafka.h"
#include "worker/connector/kafka/options.h"
#include "worker/connector/kafka/reader.h"

#define EMPTY_PULLS_MAX 8

typedef struct kafka_source kafka_source;

typedef struct partition {
    kafka_source *source;
    char *topic;
    int32_t number;
    int64_t next, end; /* Offsets; end INT64_MAX: without. */
    int64_t pending;   /* Offsets between `next` and what the broker last said it has. */
    tide_kafka_consumer *consumer;
    rd_kafka_topic_t *handle;
    rd_kafka_queue_t *queue;
    _Atomic bool ready; /* Set by librdkafka's threads when the queue stops being empty. */
    bool started, ended, told_end;
    bool at_end, told_idle;      /* The broker said that there is no more for now. */
    bool was_full;               /* Fetching has stopped, until the client is kicked. */
    uint64_t n_seen, bytes_seen; /* For the average size of a record. */
} partition;

struct kafka_source {
    const tide_source_args *args;
    tide_kafka_reader *reader;
    partition **partitions;                    /* The splits', then those found later. */
    uint32_t n_partitions, cap_partitions, at; /* at: whose turn it is. */
    int64_t pending;                           /* Of all partitions. */
    tide_bytes headers;
    tide_status failure; /* Found by on_message; its text is in the error chain. */
};

/* ---- opening ---- */

static void on_ready(rd_kafka_t *client, void *partition_v)
{
    (void)client;
    partition *p = partition_v;
    atomic_store_explicit(&p->ready, true, memory_order_release);
    tide_waker_wake(p->source->args->waker);
}

/* "<topic>-<partition>" */
static tide_status read_split_id(partition *p, const tide_split *split)
{
    const char *dash = strrchr(split->id, '-');
    int64_t number = -1;
    if (dash == NULL || !tide_parse_i64(dash + 1, strlen(dash + 1), &number) || number < 0 ||
        number > INT32_MAX)
        return tide_fail(TIDE_E_INVALID, "%s is no Kafka partition", split->id);
    p->topic = tide_strndup(split->id, (size_t)(dash - split->id));
    p->number = (int32_t)number;
    p->next = (int64_t)split->start;
    p->end = split->end == UINT64_MAX ? INT64_MAX : (int64_t)split->end;
    return TIDE_OK;
}

static tide_status start(kafka_source *self, partition *p)
{
    uint32_t n_sharing = self->args->n_splits * self->args->parallelism;
    TIDE_TRY(tide_kafka_consumer_get(self->args->scan->scan.table, p->topic, p->number, n_sharing,
                                     &p->consumer));
    rd_kafka_t *client = tide_kafka_consumer_client(p->consumer);
    p->handle = rd_kafka_topic_new(client, p->topic, NULL);
    if (p->handle == NULL)
        return tide_fail(TIDE_E_UNREACHABLE, "topic %s: %s", p->topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    p->queue = rd_kafka_queue_new(client);
    rd_kafka_queue_cb_event_enable(p->queue, on_ready, p);
    if (rd_kafka_consume_start_queue(p->handle, p->number, p->next, p->queue) != 0)
        return tide_fail(TIDE_E_UNREACHABLE, "topic %s, partition %d: %s", p->topic, p->number,
                         rd_kafka_err2str(rd_kafka_last_error()));
    p->started = true;
    return TIDE_OK;
}

static void stop(partition *p)
{
    if (p->consumer == NULL) return;
    if (p->queue) rd_kafka_queue_cb_event_enable(p->queue, NULL, NULL);
    if (p->started) rd_kafka_consume_stop(p->handle, p->number);
    if (p->queue) rd_kafka_queue_destroy(p->queue);
    if (p->handle) rd_kafka_topic_destroy(p->handle);
    tide_kafka_consumer_put(&p->consumer, p->topic, p->number);
    p->started = false;
    p->queue = NULL;
    p->handle = NULL;
}

static partition *add_partition(kafka_source *self)
{
    TIDE_GROW(self->partitions, self->n_partitions, self->cap_partitions);
    partition *p = tide_calloc(1, sizeof *p);
    p->source = self;
    self->partitions[self->n_partitions++] = p;
    return p;
}

static tide_status start_all(kafka_source *self)
{
    const tide_table *table = self->args->scan->scan.table;
    int64_t interval_us =
        tide_option_us(table, tide_kafka_options, "scan.topic-partition-discovery.interval");
    TIDE_TRY(tide_kafka_reader_new(self->args, &self->reader));
    for (uint32_t i = 0; i < self->args->n_splits; i++) {
        partition *p = add_partition(self);
        TIDE_TRY(read_split_id(p, self->args->splits[i]));
        if (p->next >= p->end) p->ended = true; /* Nothing to read: not even a connection. */
        if (!p->ended) TIDE_TRY(start(self, p));
        /* Who has a topic's first partition looks after new ones. */
        if (!p->ended && p->number == 0 && p->end == INT64_MAX && interval_us > 0)
            tide_kafka_consumer_watch(p->consumer, p->topic, interval_us);
    }
    return TIDE_OK;
}

static void source_close(void *self_v)
{
    kafka_source *self = self_v;
    for (uint32_t i = 0; i < self->n_partitions; i++) {
        stop(self->partitions[i]);
        tide_free(self->partitions[i]->topic);
        tide_free(self->partitions[i]);
    }
    tide_free(self->partitions);
    tide_kafka_reader_free(&self->reader);
    tide_bytes_fini(&self->headers);
}

static tide_status source_open(void *self_v, const tide_source_args *args)
{
    kafka_source *self = self_v;
    self->args = args;
    tide_status rv = start_all(self);
    if (rv != TIDE_OK) source_close(self);
    return rv;
}

/* Partitions that a topic has got since; they are read from their beginning. */
static tide_status start_new(kafka_source *self)
{
    for (uint32_t i = 0, n = self->n_partitions; i < n; i++) {
        const partition *first = self->partitions[i];
        if (first->number != 0 || first->ended) continue;
        uint32_t from, to;
        if (!tide_kafka_consumer_take_new(first->consumer, first->topic, &from, &to)) continue;
        for (uint32_t k = from; k < to; k++) {
            partition *p = add_partition(self);
            p->topic = tide_strdup(first->topic);
            p->number = (int32_t)k;
            p->next = RD_KAFKA_OFFSET_BEGINNING;
            p->end = INT64_MAX;
            TIDE_TRY(start(self, p));
        }
    }
    return TIDE_OK;
}

/* ---- messages ---- */

static void put_json_string(tide_bytes *out, const char *p, size_t n)
{
    tide_bytes_putc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '"' || c == '\\') tide_bytes_putc(out, '\\');
        if (c < 0x20)
            tide_bytes_printf(out, "\\u%04x", c);
        else
            tide_bytes_putc(out, (char)c);
    }
    tide_bytes_putc(out, '"');
}

/* {"name":"value",...}: there is no map type yet. */
static void read_headers(kafka_source *self, const rd_kafka_message_t *m, tide_kafka_record *record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    self->headers.n = 0;
    tide_bytes_putc(&self->headers, '{');
    const char *name;
    const void *value;
    size_t n;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &n) == RD_KAFKA_RESP_ERR_NO_ERROR;
         i++) {
        if (i) tide_bytes_putc(&self->headers, ',');
        put_json_string(&self->headers, name, strlen(name));
        tide_bytes_putc(&self->headers, ':');
        if (value)
            put_json_string(&self->headers, value, n);
        else
            tide_bytes_puts(&self->headers, "null");
    }
    tide_bytes_putc(&self->headers, '}');
    record->headers = self->headers.p;
    record->headers_len = self->headers.n;
}

static void take_record(partition *p, const rd_kafka_message_t *m)
{
    kafka_source *self = p->source;
    tide_kafka_record record = { .value = m->payload,
                                 .key = m->key,
                                 .value_len = m->len,
                                 .key_len = m->key_len,
                                 .offset = m->offset };
    rd_kafka_timestamp_type_t type;
    record.timestamp_ms = rd_kafka_message_timestamp(m, &type);
    record.timestamp_type = type == RD_KAFKA_TIMESTAMP_CREATE_TIME       ? "CreateTime"
                            : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? "LogAppendTime"
                                                                         : "NoTimestampType";
    if (tide_kafka_reader_wants_headers(self->reader)) read_headers(self, m, &record);
    tide_kafka_reader_add(self->reader, &record);
    p->n_seen++;
    p->bytes_seen += m->len + m->key_len;
}

/* An error of the partition: the end of what is there, or a reason to give up. */
static void take_error(partition *p, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        p->at_end = true;
        if (m->offset >= p->end)
            p->ended = true; /* What is missing before the end was compacted. */
        return;
    }
    tide_status code = m->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                               m->err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                               m->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION
                           ? TIDE_E_NOT_FOUND
                           : TIDE_E_UNREACHABLE;
    p->source->failure = tide_fail(code, "topic %s, partition %d: %s%s%s", p->topic, p->number,
                                   rd_kafka_err2str(m->err), m->payload ? ": " : "",
                                   m->payload ? rd_kafka_message_errstr(m) : "");
}

static void on_message(rd_kafka_message_t *m, void *partition_v)
{
    partition *p = partition_v;
    kafka_source *self = p->source;
    if (p->ended || self->failure != TIDE_OK) return;
    if (m->err) {
        take_error(p, m);
        return;
    }
    if (m->offset >= p->end) {
        p->ended = true;
        return;
    }
    p->at_end = p->told_idle = false;
    take_record(p, m);
    p->next = m->offset + 1;
    if (p->next >= p->end) p->ended = true;
    if (tide_kafka_reader_records(self->reader) >= self->args->batch_rows_max)
        rd_kafka_yield(tide_kafka_consumer_client(p->consumer));
}

/* ---- polling ---- */

/* See tide_kafka_consumer_kick. Fetching stops by number or by bytes, whichever comes first. */
static void kick_if_drained(partition *p, uint32_t n_pulled)
{
    uint64_t left = rd_kafka_queue_length(p->queue), before = left + n_pulled;
    uint64_t average = p->n_seen ? p->bytes_seen / p->n_seen + 1 : 1;
    uint64_t max = tide_kafka_consumer_bytes_max(p->consumer) / average;
    if (max > tide_kafka_consumer_records_max(p->consumer))
        max = tide_kafka_consumer_records_max(p->consumer);
    if (before >= max - max / 8) p->was_full = true;
    if (!p->was_full || left > max / 2) return;
    p->was_full = false;
    tide_kafka_consumer_kick(p->consumer, p->topic, p->number);
}

/* What the broker had at the last fetch, which librdkafka remembers: no question to anyone. */
static void count_pending(kafka_source *self, partition *p)
{
    int64_t low, high;
    if (p->next < 0 || /* A place in words, and nothing has come. */
        rd_kafka_get_watermark_offsets(tide_kafka_consumer_client(p->consumer), p->topic, p->number,
                                       &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0)
        return;
    if (high > p->end) high = p->end;
    /* At the end there may be offsets without a record: compacted ones, marks of transactions. */
    bool has_more = !p->ended && !p->at_end && high > p->next;
    int64_t pending = has_more ? high - p->next : 0;
    self->pending += pending - p->pending;
    p->pending = pending;
    atomic_store_explicit(&self->args->counters->pending_rows, self->pending, memory_order_relaxed);
}

static tide_status pull(kafka_source *self, partition *p, tide_batch **out)
{
    atomic_exchange(&p->ready, false); /* Before the pull: what comes behind it sets it again. */
    rd_kafka_consume_callback_queue(p->queue, 0, on_message, p);
    if (self->failure != TIDE_OK) return self->failure;
    uint32_t n = tide_kafka_reader_records(self->reader);
    if (n > 0) kick_if_drained(p, n);
    count_pending(self, p);
    if (rd_kafka_queue_length(p->queue) > 0)
        atomic_store_explicit(&p->ready, true, memory_order_relaxed);
    return tide_kafka_reader_take(self->reader, p->topic, p->number, out);
}

static bool is_ready(const partition *p)
{
    return atomic_load_explicit(&p->ready, memory_order_acquire);
}

static tide_source_result poll_partition(kafka_source *self, uint32_t i, tide_source_poll *poll)
{
    partition *p = self->partitions[i];
    poll->split = i; /* From n_splits on: found later. */
    for (int pulls = 0; !p->ended && is_ready(p); pulls++) {
        if (pulls == EMPTY_PULLS_MAX) { /* Skipped records only: the slot has other tasks, too. */
            poll->next_ns = *self->args->now_ns;
            return TIDE_SOURCE_NOTHING;
        }
        if (pull(self, p, &poll->batch) != TIDE_OK) return TIDE_SOURCE_FAILED;
        if (poll->batch) return TIDE_SOURCE_BATCH;
    }
    if (p->ended && !p->told_end) {
        p->told_end = true;
        stop(p);
        return TIDE_SOURCE_SPLIT_END;
    }
    if (p->at_end && !p->told_idle && !p->ended) {
        p->told_idle = true;
        return TIDE_SOURCE_SPLIT_IDLE;
    }
    if (p->consumer && tide_kafka_consumer_error(p->consumer) != TIDE_OK) return TIDE_SOURCE_FAILED;
    return TIDE_SOURCE_NOTHING;
}

static tide_source_result source_poll(void *self_v, tide_source_poll *poll)
{
    kafka_source *self = self_v;
    *poll = (tide_source_poll){ 0 };
    uint32_t n = self->n_partitions, n_ended = 0;
    for (uint32_t k = 0; k < n; k++) {
        uint32_t i = (self->at + k) % n;
        tide_source_result result = poll_partition(self, i, poll);
        n_ended += self->partitions[i]->told_end;
        if (result == TIDE_SOURCE_NOTHING) continue;
        self->at = (i + 1) % n;
        return result;
    }
    if (start_new(self) != TIDE_OK) return TIDE_SOURCE_FAILED;
    return n_ended == self->n_partitions ? TIDE_SOURCE_END : TIDE_SOURCE_NOTHING;
}

const tide_source_vt tide_kafka_source = {
    .size = sizeof(kafka_source), .open = source_open, .poll = source_poll, .close = source_close
};
