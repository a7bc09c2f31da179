/* consumer.c - the list of clients, and a helper thread for each. */
#include "worker/connector/kafka/consumer.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/clock.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "worker/connector/kafka/options.h"

#define RECORDS_MIN 4096u /* Queued of one partition at least, whatever their number. */
#define BYTES_MIN (1u << 20)
#define SERVE_NS 100000000 /* How often errors and logs of the client are looked at. */
#define KICK_TIMEOUT_MS 1000
#define PULL_MAX "4096" /* TIDE_BATCH_ROWS_MAX */

typedef struct claim {
    char *topic;
    int32_t partition;
} claim;

/* A topic whose partitions are counted. */
typedef struct watch {
    char *topic;
    int64_t interval_ns, next_ns;
    uint32_t n_taken, n_found; /* Partitions told to the source, and there. 0: not looked yet. */
} watch;

struct tide_kafka_consumer {
    rd_kafka_t *client;
    char *key; /* The properties, as one text. */
    uint32_t records_max;
    size_t bytes_max;
    uint32_t n_claims, cap_claims;
    claim *claims; /* Guarded by list_lock. */
    tide_kafka_consumer *next;
    pthread_t helper;
    _Atomic uint32_t news; /* Watches with n_found > n_taken. */
    _Atomic bool failed;   /* The helper sets it behind `error`. */
    pthread_mutex_t lock;  /* Guards what follows. */
    pthread_cond_t work;
    bool ending, has_kick;
    claim kick; /* The topic is owned. */
    tide_error error;
    uint32_t n_watches, cap_watches;
    watch *watches;
};

/* One client per process and set of properties, so there is one list of
 * them. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static tide_kafka_consumer *list;

/* ---- the helper thread ---- */

static void take_error(rd_kafka_t *client, int err, const char *reason, void *self_v)
{
    tide_kafka_consumer *self = self_v;
    if (err != RD_KAFKA_RESP_ERR__FATAL && err != RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        tide_log_warn("kafka client", tide_log_str("reason", reason));
        return;
    }
    char why[512] = "";
    if (err == RD_KAFKA_RESP_ERR__FATAL) rd_kafka_fatal_error(client, why, sizeof why);
    tide_fail(TIDE_E_UNREACHABLE, "Kafka client: %s%s%s", reason, why[0] ? ": " : "", why);
    pthread_mutex_lock(&self->lock);
    tide_error_take(TIDE_E_UNREACHABLE, &self->error);
    pthread_mutex_unlock(&self->lock);
    atomic_store(&self->failed, true);
}

static void take_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    (void)client;
    if (level > 5) return; /* syslog's: 5 is a notice. */
    tide_log_warn("kafka client", tide_log_str("facility", facility), tide_log_str("text", text));
}

/* Waits for a kick or for time to look at errors. True with *kick set, and
 * owned. */
static bool wait_for_kick(tide_kafka_consumer *self, claim *kick, bool *ending)
{
    struct timespec until;
    int64_t at = tide_clock_now_ns(tide_clock_real()) + SERVE_NS;
    until = (struct timespec){ .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };
    pthread_mutex_lock(&self->lock);
    if (!self->has_kick && !self->ending) pthread_cond_timedwait(&self->work, &self->lock, &until);
    bool kicked = self->has_kick;
    *kick = self->kick;
    *ending = self->ending;
    self->has_kick = false;
    self->kick.topic = NULL;
    pthread_mutex_unlock(&self->lock);
    return kicked;
}

/* The topic of a watch that is due (owned by the caller), or NULL. */
static char *next_watched(tide_kafka_consumer *self, int64_t now_ns)
{
    char *topic = NULL;
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; topic == NULL && i < self->n_watches; i++) {
        watch *w = &self->watches[i];
        if (w->next_ns > now_ns) continue;
        w->next_ns = now_ns + w->interval_ns;
        topic = tide_strdup(w->topic);
    }
    pthread_mutex_unlock(&self->lock);
    return topic;
}

static void note_partitions(tide_kafka_consumer *self, const char *topic, uint32_t n)
{
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; i < self->n_watches; i++) {
        watch *w = &self->watches[i];
        if (strcmp(w->topic, topic) != 0 || n <= w->n_found) continue;
        if (w->n_taken == 0)
            w->n_taken = n;
        else if (w->n_taken == w->n_found)
            atomic_fetch_add(&self->news, 1);
        w->n_found = n;
    }
    pthread_mutex_unlock(&self->lock);
}

static void look_at_watches(tide_kafka_consumer *self)
{
    char *topic;
    while ((topic = next_watched(self, tide_clock_now_ns(tide_clock_real())))) {
        rd_kafka_topic_t *handle = rd_kafka_topic_new(self->client, topic, NULL);
        const struct rd_kafka_metadata *metadata;
        if (handle && rd_kafka_metadata(self->client, 0, handle, &metadata, KICK_TIMEOUT_MS) == 0) {
            if (metadata->topic_cnt == 1 && metadata->topics[0].err == 0)
                note_partitions(self, topic, (uint32_t)metadata->topics[0].partition_cnt);
            rd_kafka_metadata_destroy(metadata);
        }
        if (handle) rd_kafka_topic_destroy(handle);
        tide_free(topic);
    }
}

static void *help(void *self_v)
{
    tide_kafka_consumer *self = self_v;
    for (bool ending = false; !ending;) {
        claim kick;
        if (wait_for_kick(self, &kick, &ending) && !ending) {
            int64_t low, high;
            rd_kafka_query_watermark_offsets(self->client, kick.topic, kick.partition, &low, &high,
                                             KICK_TIMEOUT_MS);
        }
        tide_free(kick.topic);
        rd_kafka_poll(self->client, 0);
        if (!ending) look_at_watches(self);
    }
    return NULL;
}

/* ---- making and ending clients ---- */

static char *key_of(const tide_table *table)
{
    tide_bytes text = { 0 };
    for (uint32_t i = 0; i < table->n_options; i++)
        if (strncmp(table->options[i].key, "properties.", 11) == 0)
            tide_bytes_printf(&text, "%s=%s\n", table->options[i].key, table->options[i].value);
    char *key = tide_strdup(tide_bytes_text(&text));
    tide_bytes_fini(&text);
    return key;
}

static int64_t number_of(const rd_kafka_conf_t *conf, const char *property)
{
    char text[32];
    size_t n = sizeof text;
    int64_t value = 0;
    rd_kafka_conf_res_t rv = rd_kafka_conf_get(conf, property, text, &n);
    tide_assert(rv == RD_KAFKA_CONF_OK && tide_parse_i64(text, strlen(text), &value));
    return value;
}

static tide_status make_client(const tide_table *table, tide_kafka_consumer *self)
{
    char records[16], kilobytes[16], why[256];
    snprintf(records, sizeof records, "%u", self->records_max);
    snprintf(kilobytes, sizeof kilobytes, "%u", (uint32_t)(self->bytes_max >> 10));
    const char *const defaults[] = { "queued.min.messages",
                                     records,
                                     "queued.max.messages.kbytes",
                                     kilobytes,
                                     "fetch.message.max.bytes",
                                     "2097152",
                                     "check.crcs",
                                     "false",
                                     "enable.partition.eof",
                                     "true",
                                     "enable.auto.commit",
                                     "false",
                                     "enable.auto.offset.store",
                                     "false",
                                     "fetch.error.backoff.ms",
                                     "100",
                                     "auto.offset.reset",
                                     "error",
                                     "consume.callback.max.messages",
                                     PULL_MAX,
                                     "socket.nagle.disable",
                                     "true",
                                     NULL };
    rd_kafka_conf_t *conf;
    TIDE_TRY(tide_kafka_conf(table, defaults, &conf));
    self->records_max =
        (uint32_t)number_of(conf, "queued.min.messages"); /* Or what the table says. */
    self->bytes_max = (size_t)number_of(conf, "queued.max.messages.kbytes") << 10;
    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_error_cb(conf, take_error);
    rd_kafka_conf_set_log_cb(conf, take_log);
    self->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (self->client) return TIDE_OK;
    rd_kafka_conf_destroy(conf);
    return tide_fail(TIDE_E_OPTION, "Kafka client: %s", why);
}

static tide_status consumer_new(const tide_table *table, char *key, uint32_t n_partitions,
                                tide_kafka_consumer **out)
{
    tide_kafka_consumer *self = tide_calloc(1, sizeof *self);
    uint32_t n = n_partitions ? n_partitions : 1;
    self->key = key;
    self->records_max = TIDE_KAFKA_QUEUED_RECORDS_MAX / n;
    if (self->records_max < RECORDS_MIN) self->records_max = RECORDS_MIN;
    self->bytes_max = TIDE_KAFKA_QUEUED_BYTES_MAX / n;
    if (self->bytes_max < BYTES_MIN) self->bytes_max = BYTES_MIN;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&self->lock, NULL);
    tide_status rv = make_client(table, self);
    if (rv != TIDE_OK) {
        pthread_cond_destroy(&self->work);
        pthread_mutex_destroy(&self->lock);
        tide_free(self);
        return rv;
    }
    int error = pthread_create(&self->helper, NULL, help, self);
    tide_assert(error == 0);
    *out = self;
    return TIDE_OK;
}

static void consumer_free(tide_kafka_consumer *self)
{
    pthread_mutex_lock(&self->lock);
    self->ending = true;
    pthread_cond_signal(&self->work);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->helper, NULL);
    rd_kafka_destroy_flags(self->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    pthread_cond_destroy(&self->work);
    pthread_mutex_destroy(&self->lock);
    tide_free(self->kick.topic);
    for (uint32_t i = 0; i < self->n_watches; i++) tide_free(self->watches[i].topic);
    tide_free(self->watches);
    tide_free(self->claims);
    tide_free(self->key);
    tide_free(self);
}

/* ---- claims ---- */

static uint32_t find_claim(const tide_kafka_consumer *self, const char *topic, int32_t partition)
{
    uint32_t i = 0;
    while (i < self->n_claims &&
           (self->claims[i].partition != partition || strcmp(self->claims[i].topic, topic) != 0))
        i++;
    return i;
}

tide_status tide_kafka_consumer_get(const tide_table *table, const char *topic, int32_t partition,
                                    uint32_t n_partitions, tide_kafka_consumer **out)
{
    char *key = key_of(table);
    tide_status rv = TIDE_OK;
    pthread_mutex_lock(&list_lock);
    tide_kafka_consumer *c = list;
    while (c && (strcmp(c->key, key) != 0 || find_claim(c, topic, partition) < c->n_claims))
        c = c->next;
    if (c == NULL) {
        rv = consumer_new(table, key, n_partitions, &c);
        if (rv == TIDE_OK) {
            key = NULL;
            c->next = list;
            list = c;
        }
    }
    if (rv == TIDE_OK) {
        TIDE_GROW(c->claims, c->n_claims, c->cap_claims);
        c->claims[c->n_claims++] = (claim){ .topic = tide_strdup(topic), .partition = partition };
        *out = c;
    }
    pthread_mutex_unlock(&list_lock);
    tide_free(key);
    return rv;
}

void tide_kafka_consumer_put(tide_kafka_consumer **self_p, const char *topic, int32_t partition)
{
    tide_kafka_consumer *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    pthread_mutex_lock(&list_lock);
    uint32_t i = find_claim(self, topic, partition);
    tide_assert(i < self->n_claims);
    tide_free(self->claims[i].topic);
    self->claims[i] = self->claims[--self->n_claims];
    bool is_last = self->n_claims == 0;
    if (is_last) {
        tide_kafka_consumer **at = &list;
        while (*at != self) at = &(*at)->next;
        *at = self->next;
    }
    pthread_mutex_unlock(&list_lock);
    if (is_last) consumer_free(self);
}

rd_kafka_t *tide_kafka_consumer_client(const tide_kafka_consumer *self)
{
    return self->client;
}

uint32_t tide_kafka_consumer_records_max(const tide_kafka_consumer *self)
{
    return self->records_max;
}

size_t tide_kafka_consumer_bytes_max(const tide_kafka_consumer *self)
{
    return self->bytes_max;
}

void tide_kafka_consumer_kick(tide_kafka_consumer *self, const char *topic, int32_t partition)
{
    pthread_mutex_lock(&self->lock);
    if (!self->has_kick) {
        self->kick = (claim){ .topic = tide_strdup(topic), .partition = partition };
        self->has_kick = true;
        pthread_cond_signal(&self->work);
    }
    pthread_mutex_unlock(&self->lock);
}

void tide_kafka_consumer_watch(tide_kafka_consumer *self, const char *topic, int64_t interval_us)
{
    pthread_mutex_lock(&self->lock);
    TIDE_GROW(self->watches, self->n_watches, self->cap_watches);
    self->watches[self->n_watches++] =
        (watch){ .topic = tide_strdup(topic), .interval_ns = interval_us * 1000 };
    pthread_cond_signal(&self->work);
    pthread_mutex_unlock(&self->lock);
}

bool tide_kafka_consumer_take_new(tide_kafka_consumer *self, const char *topic, uint32_t *from,
                                  uint32_t *to)
{
    if (atomic_load_explicit(&self->news, memory_order_relaxed) == 0) return false;
    bool found = false;
    pthread_mutex_lock(&self->lock);
    for (uint32_t i = 0; !found && i < self->n_watches; i++) {
        watch *w = &self->watches[i];
        if (strcmp(w->topic, topic) != 0 || w->n_found == w->n_taken) continue;
        found = true;
        *from = w->n_taken;
        *to = w->n_taken = w->n_found;
        atomic_fetch_sub(&self->news, 1);
    }
    pthread_mutex_unlock(&self->lock);
    return found;
}

tide_status tide_kafka_consumer_error(tide_kafka_consumer *self)
{
    if (!atomic_load(&self->failed)) return TIDE_OK;
    pthread_mutex_lock(&self->lock);
    tide_status rv = tide_error_raise(&self->error);
    pthread_mutex_unlock(&self->lock);
    return rv;
}
