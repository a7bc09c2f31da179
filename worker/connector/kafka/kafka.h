/* kafka.h - the two halves of the connector, linked by kafka.c. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_KAFKA_H
#define TIDE_WORKER_CONNECTOR_KAFKA_KAFKA_H
#include "worker/connector/connector.h"

extern const tide_source_vt tide_kafka_source;
extern const tide_sink_vt tide_kafka_sink;

#endif
