/* cluster.h - asking a Kafka cluster: which partitions are there, and from where to where are
 * they read?
 *
 * Every function may block, up to the table's 'connect-timeout'. A broker that cannot be reached
 * gives TIDE_E_UNREACHABLE, a topic that is not there TIDE_E_NOT_FOUND, each with what to look
 * at. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_CLUSTER_H
#define TIDE_WORKER_CONNECTOR_KAFKA_CLUSTER_H
#include "worker/connector/connector.h"

typedef struct rd_kafka_s rd_kafka_t;

/* A split for every partition of the table's topics, id "<topic>-<partition>", start and end as
 * offsets (end UINT64_MAX: without end). Each is its own partition. */
TIDE_MUST_CHECK tide_status tide_kafka_discover(const tide_node *scan, uint32_t parallelism,
                                                tide_splits *out);

/* Partitions of one topic, asked through any client. Gives up soon (TIDE_E_CANCELLED) when another
 * thread sets *cancel, which may be NULL. */
TIDE_MUST_CHECK tide_status tide_kafka_partition_count(rd_kafka_t *client, const tide_table *table,
                                                       const char *topic,
                                                       const _Atomic bool *cancel, uint32_t *n_out);

#endif
