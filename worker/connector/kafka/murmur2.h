/* murmur2.h - which partition has a key? As Kafka's Java clients hash it, so that rows of a key
 * meet those that others wrote. Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_MURMUR2_H
#define TIDE_WORKER_CONNECTOR_KAFKA_MURMUR2_H
#include <stddef.h>
#include <stdint.h>

uint32_t tide_murmur2(const void *key, size_t n);

/* Below n_partitions, which is not 0. */
uint32_t tide_kafka_partition_of(const void *key, size_t n, uint32_t n_partitions);

#endif
