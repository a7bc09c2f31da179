/* sink.c - rows to records of a topic.
 *
 * A batch is encoded once, its records grouped by partition and handed to librdkafka, which
 * copies them (one allocation a record either way; a copy of 100 bytes is the cheaper half).
 * When its queue is full the rest waits, and the next delivery report wakes the slot. */
#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/core/assert.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "worker/connector/kafka/cluster.h"
#include "worker/connector/kafka/kafka.h"
#include "worker/connector/kafka/murmur2.h"
#include "worker/connector/kafka/options.h"

#define NO_COLUMN UINT32_MAX

/* How far the connecting thread is. */
typedef enum connection { CONNECTION_PENDING, CONNECTION_READY, CONNECTION_FAILED } connection;

/* The key or the value: some of the input's columns through an encoder. */
typedef struct part {
    tide_table_format format;
    tide_encoder *encoder;
    uint32_t n;
    uint32_t *columns; /* Of the input. */
    bool is_whole;     /* All of them, in order. */
    tide_bytes bytes;
    size_t ends[TIDE_BATCH_ROWS_MAX];
} part;

typedef struct kafka_sink {
    const tide_sink_args *args;
    tide_arena *arena;
    tide_on_error on_error;
    const char *topic;
    rd_kafka_t *client;
    rd_kafka_topic_t *handle;
    rd_kafka_queue_t *reports;
    tide_kafka_partitioner partitioner;
    part value, key;
    bool has_key;                          /* key.format */
    uint32_t timestamp_column, key_column; /* Metadata columns of the input, or NO_COLUMN. */
    uint32_t turn;                         /* Partition of records without a key. */
    /* The batch in work: its records, grouped by partition, and the first not yet taken. */
    uint32_t n_messages, n_done;
    rd_kafka_message_t messages[TIDE_BATCH_ROWS_MAX];
    uint16_t row_of[TIDE_BATCH_ROWS_MAX]; /* Physical row of a message. */
    uint32_t partition_of[TIDE_BATCH_ROWS_MAX];
    tide_error failure; /* First failed delivery; code TIDE_OK: none. */
    pthread_t connector;
    bool connecting; /* The thread is to be joined. */
    _Atomic bool cancel;
    _Atomic uint32_t connected; /* enum connection; what follows is set before it. */
    uint32_t n_partitions;
    uint32_t *starts; /* Scratch: by partition. */
    tide_error connect_error;
} kafka_sink;

/* ---- opening ---- */

/* Input columns are the table's without computed and virtual ones; this is a table column's
 * place. */
static uint32_t input_column(const tide_table *table, uint32_t column)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < column; i++)
        at += table->columns[i].kind == TIDE_COLUMN_PHYSICAL ||
              (table->columns[i].kind == TIDE_COLUMN_METADATA && !table->columns[i].is_virtual);
    return at;
}

static void find_metadata(kafka_sink *self, const tide_table *table)
{
    self->timestamp_column = self->key_column = NO_COLUMN;
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const tide_table_column *c = &table->columns[i];
        if (c->kind != TIDE_COLUMN_METADATA || c->is_virtual) continue;
        bool is_key = tide_kafka_metadata_find(c->metadata) == TIDE_KAFKA_META_KEY;
        *(is_key ? &self->key_column : &self->timestamp_column) = input_column(table, i);
    }
}

static tide_status open_part(kafka_sink *self, part *p, const char *role, const uint32_t *columns,
                             uint32_t n)
{
    const tide_table *table = self->args->table;
    tide_schema *schema = TIDE_NEW(self->arena, tide_schema);
    *schema = tide_kafka_schema(table, columns, n, self->arena);
    p->n = n;
    p->columns = TIDE_NEW_N(self->arena, uint32_t, n + 1);
    p->is_whole = n == self->args->schema->n;
    for (uint32_t i = 0; i < n; i++) {
        p->columns[i] = input_column(table, columns[i]);
        p->is_whole = p->is_whole && p->columns[i] == i;
    }
    TIDE_TRY(tide_table_format_of(table, role, self->arena, &p->format));
    tide_assert(p->format.format != NULL); /* The table was checked. */
    return p->format.format->encoder_new(schema, p->format.options, p->format.n_options,
                                         &p->encoder);
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *m, void *self_v)
{
    (void)client;
    kafka_sink *self = self_v;
    if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || self->failure.code != TIDE_OK) return;
    bool refused = m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                   m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    tide_status code = tide_fail(refused ? TIDE_E_REFUSED : TIDE_E_UNREACHABLE,
                                 "topic %s, partition %d: a record was not delivered: %s",
                                 self->topic, m->partition, rd_kafka_err2str(m->err));
    tide_error_take(code, &self->failure);
}

static void on_error(rd_kafka_t *client, int err, const char *reason, void *self_v)
{
    kafka_sink *self = self_v;
    tide_log_warn("kafka client", tide_log_str("reason", reason));
    if (err != RD_KAFKA_RESP_ERR__FATAL || self->failure.code != TIDE_OK) return;
    char why[512];
    rd_kafka_fatal_error(client, why, sizeof why);
    tide_error_take(tide_fail(TIDE_E_UNREACHABLE, "topic %s: %s", self->topic, why),
                    &self->failure);
}

static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    if (level > 5) return; /* syslog's: 5 is a notice. */
    tide_log_warn("kafka client", tide_log_str("facility", facility), tide_log_str("text", text));
}

static void on_reports(rd_kafka_t *client, void *self_v)
{
    (void)client;
    kafka_sink *self = self_v;
    tide_waker_wake(self->args->waker);
}

/* A slot hands over whole batches, so the client need not wait long for more; without a
 * millisecond's wait it would send a request for every few records. */
static tide_status make_client(kafka_sink *self, const tide_table *table)
{
    bool reliable = tide_option_enum(table, tide_kafka_options, "sink.delivery-guarantee") != 0;
    const char *const defaults[] = { "enable.idempotence",
                                     reliable ? "true" : "false",
                                     "acks",
                                     reliable ? "all" : "1",
                                     "queue.buffering.max.kbytes",
                                     "65536",
                                     "queue.buffering.max.messages",
                                     "200000",
                                     "linger.ms",
                                     "1",
                                     "socket.nagle.disable",
                                     "true",
                                     NULL };
    rd_kafka_conf_t *conf;
    char why[256];
    TIDE_TRY(tide_kafka_conf(table, defaults, &conf));
    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    self->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (self->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return tide_fail(TIDE_E_OPTION, "Kafka client: %s", why);
    }
    self->handle = rd_kafka_topic_new(self->client, self->topic, NULL);
    if (self->handle == NULL)
        return tide_fail(TIDE_E_UNREACHABLE, "topic %s: %s", self->topic,
                         rd_kafka_err2str(rd_kafka_last_error()));
    self->reports = rd_kafka_queue_get_main(self->client);
    rd_kafka_queue_cb_event_enable(self->reports, on_reports, self);
    return TIDE_OK;
}

/* Asks for the topic's partitions, so that a missing one is told early, and off the slot. */
static void *connect_topic(void *self_v)
{
    kafka_sink *self = self_v;
    tide_status rv = tide_kafka_partition_count(self->client, self->args->table, self->topic,
                                                &self->cancel, &self->n_partitions);
    if (rv != TIDE_OK)
        tide_error_take(rv, &self->connect_error);
    else
        self->starts = tide_calloc(self->n_partitions + 1, sizeof *self->starts);
    atomic_store(&self->connected, rv == TIDE_OK ? CONNECTION_READY : CONNECTION_FAILED);
    tide_waker_wake(self->args->waker);
    return NULL;
}

static tide_status open_all(kafka_sink *self, const tide_sink_args *args)
{
    const tide_table *table = args->table;
    uint32_t n_topics;
    self->args = args;
    self->arena = tide_arena_new();
    self->on_error = tide_table_on_error(table);
    self->topic = tide_kafka_topics(table, self->arena, &n_topics)[0];
    self->partitioner =
        (tide_kafka_partitioner)tide_option_enum(table, tide_kafka_options, "sink.partitioner");
    self->turn = args->subtask;
    find_metadata(self, table);
    tide_kafka_columns roles = tide_kafka_columns_of(table, self->arena);
    self->has_key = roles.n_key > 0;
    TIDE_TRY(open_part(self, &self->value, "value", roles.value, roles.n_value));
    if (self->has_key) TIDE_TRY(open_part(self, &self->key, "key", roles.key, roles.n_key));
    TIDE_TRY(make_client(self, table));
    int error = pthread_create(&self->connector, NULL, connect_topic, self);
    tide_assert(error == 0);
    self->connecting = true;
    return TIDE_OK;
}

static void close_part(part *p)
{
    if (p->encoder) p->format.format->encoder_free(&p->encoder);
    tide_bytes_fini(&p->bytes);
}

static void sink_close(void *self_v)
{
    kafka_sink *self = self_v;
    atomic_store(&self->cancel, true);
    if (self->connecting) pthread_join(self->connector, NULL);
    if (self->reports) {
        rd_kafka_queue_cb_event_enable(self->reports, NULL, NULL);
        rd_kafka_queue_destroy(self->reports);
    }
    if (self->client && rd_kafka_outq_len(self->client) > 0) {
        rd_kafka_purge(self->client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll(self->client, 0);
    }
    if (self->handle) rd_kafka_topic_destroy(self->handle);
    if (self->client) rd_kafka_destroy(self->client);
    tide_free(self->starts);
    close_part(&self->value);
    close_part(&self->key);
    tide_arena_free(&self->arena);
}

static tide_status sink_open(void *self_v, const tide_sink_args *args)
{
    tide_status rv = open_all(self_v, args);
    if (rv != TIDE_OK) sink_close(self_v);
    return rv;
}

/* ---- what the client has to say ---- */

static tide_sink_result check_client(kafka_sink *self)
{
    rd_kafka_poll(self->client, 0); /* Delivery reports: on_delivery. */
    if (self->failure.code != TIDE_OK) {
        tide_error_raise(&self->failure);
        return TIDE_SINK_FAILED;
    }
    uint32_t connected = atomic_load_explicit(&self->connected, memory_order_acquire);
    if (connected == CONNECTION_FAILED) tide_error_raise(&self->connect_error);
    if (connected == CONNECTION_PENDING) return TIDE_SINK_AGAIN;
    return connected == CONNECTION_READY ? TIDE_SINK_DONE : TIDE_SINK_FAILED;
}

/* ---- a batch ---- */

static tide_status encode(kafka_sink *self, part *p, tide_batch *in)
{
    tide_batch *batch = p->is_whole ? tide_batch_ref(in)
                                    : tide_batch_project(self->args->pool, in, p->columns, p->n);
    p->bytes.n = 0;
    tide_status rv =
        p->format.format->encode(p->encoder, batch, 0, batch->n_rows, false, &p->bytes, p->ends);
    tide_batch_unref(&batch);
    return rv;
}

static size_t start_of(const part *p, uint32_t k)
{
    return k ? p->ends[k - 1] : 0;
}

/* Row k's key; NULL: none. */
static const char *key_of(const kafka_sink *self, const tide_batch *in, uint32_t k, size_t *n)
{
    *n = 0;
    if (self->has_key) {
        *n = self->key.ends[k] - start_of(&self->key, k);
        return self->key.bytes.p + start_of(&self->key, k);
    }
    if (self->key_column == NO_COLUMN) return NULL;
    uint32_t row = tide_batch_phys(in, k), len;
    if (!tide_col_valid(in->cols[self->key_column], row)) return NULL;
    const char *key = tide_col_str(in->cols[self->key_column], row, &len);
    *n = len;
    return key;
}

static uint32_t choose_partition(const kafka_sink *self, const char *key, size_t n)
{
    switch (self->partitioner) {
    case TIDE_KAFKA_PARTITION_FIXED: return self->args->subtask % self->n_partitions;
    case TIDE_KAFKA_PARTITION_ROUND_ROBIN: return self->turn % self->n_partitions;
    case TIDE_KAFKA_PARTITION_DEFAULT:
    case TIDE_KAFKA_PARTITION_KEY_HASH: break;
    }
    return key ? tide_kafka_partition_of(key, n, self->n_partitions)
               : self->turn % self->n_partitions;
}

/* Puts the rows into self->messages, those of a partition together and in their order. */
static void make_messages(kafka_sink *self, const tide_batch *in)
{
    uint32_t n = in->n_rows;
    uint32_t *starts = self->starts;
    memset(starts, 0, (self->n_partitions + 1) * sizeof *starts);
    for (uint32_t k = 0; k < n; k++) {
        size_t key_len;
        const char *key = key_of(self, in, k, &key_len);
        self->partition_of[k] = choose_partition(self, key, key_len);
        starts[self->partition_of[k] + 1]++;
    }
    for (uint32_t p = 0; p < self->n_partitions; p++) starts[p + 1] += starts[p];
    for (uint32_t k = 0; k < n; k++) {
        uint32_t to = starts[self->partition_of[k]]++;
        rd_kafka_message_t *m = &self->messages[to];
        *m = (rd_kafka_message_t){ .partition = (int32_t)self->partition_of[k] };
        m->payload = self->value.bytes.p + start_of(&self->value, k);
        m->len = self->value.ends[k] - start_of(&self->value, k);
        m->key = (void *)(uintptr_t)key_of(self, in, k, &m->key_len);
        self->row_of[to] = (uint16_t)tide_batch_phys(in, k);
    }
    self->n_messages = n;
    self->n_done = 0;
    self->turn++;
}

static tide_sink_result begin(kafka_sink *self, tide_batch *in)
{
    if (encode(self, &self->value, in) != TIDE_OK) return TIDE_SINK_FAILED;
    if (self->has_key && encode(self, &self->key, in) != TIDE_OK) return TIDE_SINK_FAILED;
    make_messages(self, in);
    return TIDE_SINK_DONE;
}

/* With a timestamp of its own a record goes alone. */
static rd_kafka_resp_err_t produce_one(kafka_sink *self, const tide_batch *in,
                                       rd_kafka_message_t *m)
{
    uint32_t row = self->row_of[m - self->messages];
    tide_value at = tide_col_value(in->cols[self->timestamp_column], row);
    rd_kafka_vu_t args[] = {
        { .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = self->handle },
        { .vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = m->partition },
        { .vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { .ptr = m->payload, .size = m->len } },
        { .vtype = RD_KAFKA_VTYPE_KEY, .u.mem = { .ptr = m->key, .size = m->key_len } },
        { .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = at.is_null ? 0 : at.i64 / 1000 },
    };
    rd_kafka_error_t *error = rd_kafka_produceva(self->client, args, sizeof args / sizeof *args);
    rd_kafka_resp_err_t err = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error) rd_kafka_error_destroy(error);
    return err;
}

static void produce_rest(kafka_sink *self, const tide_batch *in)
{
    rd_kafka_message_t *rest = &self->messages[self->n_done];
    uint32_t n = self->n_messages - self->n_done;
    if (self->timestamp_column == NO_COLUMN) {
        rd_kafka_produce_batch(self->handle, RD_KAFKA_PARTITION_UA,
                               RD_KAFKA_MSG_F_COPY | RD_KAFKA_MSG_F_PARTITION, rest, (int)n);
        return;
    }
    rd_kafka_resp_err_t err = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (uint32_t i = 0; i < n; i++) {
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL) err = produce_one(self, in, &rest[i]);
        rest[i].err = err;
    }
}

/* Hands over what is left of the batch. A full queue refuses all from one record on. */
static tide_sink_result go_on(kafka_sink *self, const tide_batch *in)
{
    produce_rest(self, in);
    for (; self->n_done < self->n_messages; self->n_done++) {
        const rd_kafka_message_t *m = &self->messages[self->n_done];
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
        if (m->err == RD_KAFKA_RESP_ERR__QUEUE_FULL) return TIDE_SINK_AGAIN;
        bool too_large = m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
        if (too_large && self->on_error == TIDE_ON_ERROR_SKIP) {
            atomic_fetch_add_explicit(&self->args->counters->bad_rows, 1, memory_order_relaxed);
            continue;
        }
        tide_fail(too_large ? TIDE_E_DATA : TIDE_E_UNREACHABLE,
                  "topic %s, partition %d: a record of %zu bytes: %s%s", self->topic, m->partition,
                  m->len, rd_kafka_err2str(m->err),
                  too_large ? " ('properties.message.max.bytes')" : "");
        return TIDE_SINK_FAILED;
    }
    return TIDE_SINK_DONE;
}

static tide_sink_result sink_write(void *self_v, tide_batch **in_p)
{
    kafka_sink *self = self_v;
    tide_sink_result r = check_client(self);
    if (r != TIDE_SINK_DONE) return r;
    if (self->n_messages == 0) r = begin(self, *in_p);
    if (r == TIDE_SINK_DONE) r = go_on(self, *in_p);
    if (r != TIDE_SINK_DONE) return r;
    self->n_messages = 0;
    tide_batch_unref(in_p);
    return TIDE_SINK_DONE;
}

/* Records were handed over when they came; they leave within linger.ms. */
static tide_sink_result sink_flush(void *self_v)
{
    return check_client(self_v) == TIDE_SINK_FAILED ? TIDE_SINK_FAILED : TIDE_SINK_DONE;
}

static tide_sink_result sink_finish(void *self_v)
{
    kafka_sink *self = self_v;
    tide_sink_result r = check_client(self);
    if (r != TIDE_SINK_DONE) return r;
    return rd_kafka_outq_len(self->client) == 0 ? TIDE_SINK_DONE : TIDE_SINK_AGAIN;
}

const tide_sink_vt tide_kafka_sink = { .size = sizeof(kafka_sink),
                                       .open = sink_open,
                                       .write = sink_write,
                                       .flush = sink_flush,
                                       .finish = sink_finish,
                                       .close = sink_close };
