/* cluster.c - discovery, through a client of its own that lives as long as the question. */
#include "worker/connector/kafka/cluster.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "worker/connector/kafka/options.h"

#define NS_PER_MS 1000000
#define TOPIC_WAIT_MS 2000 /* A topic that was just made takes a moment to show. */
#define ASK_MS_MAX 500     /* One request; then it is looked whether time is left. */
#define RETRY_MS 50

typedef struct topic {
    const char *name;
    uint32_t n_partitions;
} topic;

typedef struct inquiry {
    const tide_table *table;
    tide_arena *arena;
    rd_kafka_t *client;
    int64_t deadline_ns;
    uint32_t n_topics, cap_topics;
    topic *topics;
} inquiry;

static int64_t now_ns(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

/* Milliseconds left, at least 1 and at most ASK_MS_MAX. */
static int left_ms(int64_t deadline_ns)
{
    int64_t ms = (deadline_ns - now_ns()) / NS_PER_MS;
    return ms < 1 ? 1 : ms > ASK_MS_MAX ? ASK_MS_MAX : (int)ms;
}

/* The broker's answers come on librdkafka's threads; this waits without holding anything up. */
static void pause_ms(rd_kafka_t *client, int ms)
{
    rd_kafka_poll(client, ms);
}

static const char *servers_of(const tide_table *table)
{
    const char *servers = tide_kafka_property(table, "bootstrap.servers");
    return servers ? servers : "";
}

static int64_t timeout_us(const tide_table *table)
{
    return tide_option_us(table, tide_kafka_options, "connect-timeout");
}

static tide_status fail_unreachable(const tide_table *table, rd_kafka_resp_err_t err)
{
    return tide_fail(TIDE_E_UNREACHABLE,
                     "no Kafka broker answers at %s after %.1f s (%s); check "
                     "'properties.bootstrap.servers' and that the broker runs, or raise "
                     "'connect-timeout'",
                     servers_of(table), (double)timeout_us(table) / 1e6, rd_kafka_err2str(err));
}

static tide_status fail_topic(const tide_table *table, const char *name, rd_kafka_resp_err_t err)
{
    tide_status code = TIDE_E_UNREACHABLE;
    if (err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) code = TIDE_E_NOT_FOUND;
    if (err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) code = TIDE_E_REFUSED;
    if (code == TIDE_E_NOT_FOUND)
        return tide_fail(code, "topic %s does not exist at %s; create it, or correct 'topic'", name,
                         servers_of(table));
    return tide_fail(code, "topic %s at %s: %s", name, servers_of(table), rd_kafka_err2str(err));
}

/* ---- metadata ---- */

/* One request about one topic. RD_KAFKA_RESP_ERR_NO_ERROR sets *n_out. *answered: a broker
 * spoke. */
static rd_kafka_resp_err_t ask_topic(rd_kafka_t *client, const char *name, int ms, bool *answered,
                                     uint32_t *n_out)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, name, NULL);
    if (handle == NULL) return rd_kafka_last_error();
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t err = rd_kafka_metadata(client, 0, handle, &metadata, ms);
    if (err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        *answered = true;
        err = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                       : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        *n_out = err ? 0 : (uint32_t)metadata->topics[0].partition_cnt;
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR && *n_out == 0)
            err = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(handle);
    return err;
}

tide_status tide_kafka_partition_count(rd_kafka_t *client, const tide_table *table,
                                       const char *topic_name, const _Atomic bool *cancel,
                                       uint32_t *n_out)
{
    int64_t start_ns = now_ns(), deadline_ns = start_ns + timeout_us(table) * 1000;
    int64_t topic_deadline_ns = start_ns + (int64_t)TOPIC_WAIT_MS * NS_PER_MS;
    bool answered = false;
    for (;;) {
        rd_kafka_resp_err_t err =
            ask_topic(client, topic_name, left_ms(deadline_ns), &answered, n_out);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return TIDE_OK;
        int64_t limit_ns = err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && answered &&
                                   topic_deadline_ns < deadline_ns
                               ? topic_deadline_ns
                               : deadline_ns;
        if (now_ns() >= limit_ns || err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            return answered ? fail_topic(table, topic_name, err) : fail_unreachable(table, err);
        if (cancel && atomic_load(cancel))
            return tide_fail(TIDE_E_CANCELLED, "connecting to Kafka");
        pause_ms(client, RETRY_MS);
    }
}

static void add_topic(inquiry *self, const char *name, uint32_t n_partitions)
{
    topic t = { .name = tide_arena_strdup(self->arena, name), .n_partitions = n_partitions };
    TIDE_PUSH(self->arena, self->topics, self->n_topics, self->cap_topics, t);
}

static int compare_topics(const void *a, const void *b)
{
    return strcmp(((const topic *)a)->name, ((const topic *)b)->name);
}

static void add_matching(inquiry *self, const struct rd_kafka_metadata *metadata)
{
    regex_t regex;
    const char *pattern = tide_option_str(self->table, tide_kafka_options, "topic-pattern");
    if (regcomp(&regex, pattern, REG_EXTENDED) != 0) return; /* tide_kafka_check has compiled it. */
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *t = &metadata->topics[i];
        regmatch_t match;
        if (t->err || regexec(&regex, t->topic, 1, &match, 0) != 0) continue;
        if (match.rm_so == 0 && (size_t)match.rm_eo == strlen(t->topic))
            add_topic(self, t->topic, (uint32_t)t->partition_cnt);
    }
    regfree(&regex);
}

static tide_status find_matching_topics(inquiry *self)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_resp_err_t err;
    while (
        (err = rd_kafka_metadata(self->client, 1, NULL, &metadata, left_ms(self->deadline_ns)))) {
        if (now_ns() >= self->deadline_ns) return fail_unreachable(self->table, err);
        pause_ms(self->client, RETRY_MS);
    }
    add_matching(self, metadata);
    rd_kafka_metadata_destroy(metadata);
    if (self->n_topics == 0)
        return tide_fail(TIDE_E_NOT_FOUND, "no topic at %s matches 'topic-pattern' = '%s'",
                         servers_of(self->table),
                         tide_option_str(self->table, tide_kafka_options, "topic-pattern"));
    qsort(self->topics, self->n_topics, sizeof *self->topics, compare_topics);
    return TIDE_OK;
}

static tide_status find_topics(inquiry *self)
{
    if (tide_option_has(self->table, tide_kafka_options, "topic-pattern"))
        return find_matching_topics(self);
    uint32_t n;
    const char **names = tide_kafka_topics(self->table, self->arena, &n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t n_partitions;
        TIDE_TRY(
            tide_kafka_partition_count(self->client, self->table, names[i], NULL, &n_partitions));
        add_topic(self, names[i], n_partitions);
    }
    return TIDE_OK;
}

/* ---- offsets ---- */

/* Retries what may pass: a new topic's partition has no leader at first. */
static tide_status watermarks(inquiry *self, const char *name, int32_t partition, int64_t *low,
                              int64_t *high)
{
    for (;;) {
        rd_kafka_resp_err_t err =
            rd_kafka_query_watermark_offsets(self->client, name, partition, low, high,
                                             left_ms(self->deadline_ns));
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return TIDE_OK;
        if (now_ns() >= self->deadline_ns)
            return tide_fail(TIDE_E_UNREACHABLE, "offsets of topic %s, partition %d: %s", name,
                             partition, rd_kafka_err2str(err));
        pause_ms(self->client, RETRY_MS);
    }
}

typedef rd_kafka_resp_err_t list_offsets(rd_kafka_t *client, rd_kafka_topic_partition_list_t *list,
                                         int timeout_ms);

/* One partition's answer to a request about a list; negative: it has none. */
static tide_status ask_one(inquiry *self, list_offsets *ask, const char *name, int32_t partition,
                           int64_t question, int64_t *out)
{
    for (;;) {
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
        rd_kafka_topic_partition_list_add(list, name, partition)->offset = question;
        rd_kafka_resp_err_t err = ask(self->client, list, left_ms(self->deadline_ns));
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) err = list->elems[0].err;
        *out = list->elems[0].offset;
        rd_kafka_topic_partition_list_destroy(list);
        if (err == RD_KAFKA_RESP_ERR_NO_ERROR) return TIDE_OK;
        if (now_ns() >= self->deadline_ns)
            return tide_fail(TIDE_E_UNREACHABLE, "offset of topic %s, partition %d: %s", name,
                             partition, rd_kafka_err2str(err));
        pause_ms(self->client, RETRY_MS);
    }
}

/* A group that has committed nothing starts where auto.offset.reset says. */
static tide_status reset_offset(const inquiry *self, const char *name, int32_t partition,
                                int64_t low, int64_t high, int64_t *out)
{
    const char *reset = tide_kafka_property(self->table, "auto.offset.reset");
    if (reset && (strcmp(reset, "earliest") == 0 || strcmp(reset, "smallest") == 0)) {
        *out = low;
        return TIDE_OK;
    }
    if (reset && (strcmp(reset, "latest") == 0 || strcmp(reset, "largest") == 0)) {
        *out = high;
        return TIDE_OK;
    }
    return tide_fail(TIDE_E_NOT_FOUND,
                     "group %s has no offset for topic %s, partition %d; set "
                     "'properties.auto.offset.reset' to earliest or latest, or another "
                     "'scan.startup.mode'",
                     tide_kafka_property(self->table, "group.id"), name, partition);
}

/* The offset that a bound stands for. `fallback`: where it says nothing about this partition. */
static tide_status resolve(inquiry *self, const tide_kafka_bound *bound, const char *name,
                           int32_t partition, int64_t low, int64_t high, int64_t fallback,
                           int64_t *out)
{
    *out = fallback;
    switch (bound->position) {
    case TIDE_KAFKA_EARLIEST: *out = low; break;
    case TIDE_KAFKA_LATEST: *out = high; break;
    case TIDE_KAFKA_UNBOUNDED: *out = INT64_MAX; break;
    case TIDE_KAFKA_OFFSETS:
        for (uint32_t i = 0; i < bound->n_offsets; i++)
            if (bound->offsets[i].partition == partition) *out = bound->offsets[i].offset;
        break;
    case TIDE_KAFKA_TIMESTAMP:
        TIDE_TRY(
            ask_one(self, rd_kafka_offsets_for_times, name, partition, bound->timestamp_ms, out));
        if (*out < 0) *out = high; /* Nothing is that new. */
        break;
    case TIDE_KAFKA_GROUP:
        TIDE_TRY(ask_one(self, rd_kafka_committed, name, partition, RD_KAFKA_OFFSET_INVALID, out));
        if (*out < 0) TIDE_TRY(reset_offset(self, name, partition, low, high, out));
        break;
    }
    return TIDE_OK;
}

static tide_status add_splits(inquiry *self, tide_splits *out)
{
    tide_kafka_bound start = tide_kafka_start(self->table, self->arena);
    tide_kafka_bound end = tide_kafka_end(self->table, self->arena);
    for (uint32_t t = 0; t < self->n_topics; t++)
        for (uint32_t p = 0; p < self->topics[t].n_partitions; p++) {
            const char *name = self->topics[t].name;
            int64_t low, high, from, to;
            TIDE_TRY(watermarks(self, name, (int32_t)p, &low, &high));
            TIDE_TRY(resolve(self, &start, name, (int32_t)p, low, high, low, &from));
            TIDE_TRY(resolve(self, &end, name, (int32_t)p, low, high, high, &to));
            if (from < low) from = low; /* What was asked for has expired. */
            uint64_t to_offset = to == INT64_MAX ? UINT64_MAX : (uint64_t)to;
            tide_splits_add(out, tide_arena_printf(self->arena, "%s-%u", name, p), out->n,
                            (uint64_t)from, to_offset);
        }
    return TIDE_OK;
}

static tide_status inquire(inquiry *self, tide_splits *out)
{
    rd_kafka_conf_t *conf;
    char why[256];
    TIDE_TRY(tide_kafka_conf(self->table, (const char *const[]){ "log_level", "0", NULL }, &conf));
    self->client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (self->client == NULL) {
        rd_kafka_conf_destroy(conf);
        return tide_fail(TIDE_E_OPTION, "Kafka client: %s", why);
    }
    self->deadline_ns = now_ns() + timeout_us(self->table) * 1000;
    tide_status rv = find_topics(self);
    if (rv == TIDE_OK) rv = add_splits(self, out);
    rd_kafka_destroy_flags(self->client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return rv;
}

tide_status tide_kafka_discover(const tide_node *scan, uint32_t parallelism, tide_splits *out)
{
    (void)parallelism;
    inquiry self = { .table = scan->scan.table, .arena = tide_arena_new() };
    tide_status rv = inquire(&self, out);
    tide_arena_free(&self.arena);
    return rv;
}
