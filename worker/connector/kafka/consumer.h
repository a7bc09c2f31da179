/* consumer.h - Kafka consumer clients, shared by every source of the process with the same
 * properties.
 *
 * A client costs threads and connections, so partitions share it; one partition that is read
 * twice (by two scans of a table) gets a second client, since a client fetches a partition once.
 * Fetched records wait in librdkafka, at most TIDE_KAFKA_QUEUED_BYTES_MAX a client. Thread safe. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_CONSUMER_H
#define TIDE_WORKER_CONNECTOR_KAFKA_CONSUMER_H
#include "jobapi/plan/table.h"

/* Fetching stops at these; what is on its way then (fetch.message.max.bytes a partition) still
 * comes. Larger ones gain nothing: a queue that drains is filled again within milliseconds. */
#define TIDE_KAFKA_QUEUED_BYTES_MAX (32u << 20) /* Payload; librdkafka adds 400 B a record. */
#define TIDE_KAFKA_QUEUED_RECORDS_MAX 50000u

typedef struct tide_kafka_consumer tide_kafka_consumer;
typedef struct rd_kafka_s rd_kafka_t;

/* A client for one partition of a topic, until _put. n_partitions: about how many will share the
 * client; its buffers are divided by that. */
TIDE_MUST_CHECK tide_status tide_kafka_consumer_get(const tide_table *table, const char *topic,
                                                    int32_t partition, uint32_t n_partitions,
                                                    tide_kafka_consumer **out);
void tide_kafka_consumer_put(tide_kafka_consumer **self_p, const char *topic, int32_t partition);

rd_kafka_t *tide_kafka_consumer_client(const tide_kafka_consumer *self);
/* Records and bytes of a partition at which fetching stops. */
uint32_t tide_kafka_consumer_records_max(const tide_kafka_consumer *self);
size_t tide_kafka_consumer_bytes_max(const tide_kafka_consumer *self);

/* A queue that was full has room again. librdkafka 2.0 looks again only when a second has passed
 * or its broker thread has other work; so it is given some. */
void tide_kafka_consumer_kick(tide_kafka_consumer *self, const char *topic, int32_t partition);

/* Looks every interval_us how many partitions a topic has. Those that it had at the first look
 * are not new. */
void tide_kafka_consumer_watch(tide_kafka_consumer *self, const char *topic, int64_t interval_us);
/* True, once, when a watched topic has got the partitions *from to *to - 1. Cheap when there is no
 * news. */
bool tide_kafka_consumer_take_new(tide_kafka_consumer *self, const char *topic, uint32_t *from,
                                  uint32_t *to);

/* TIDE_OK, or the failure that makes the whole client useless. */
TIDE_MUST_CHECK tide_status tide_kafka_consumer_error(tide_kafka_consumer *self);

#endif
