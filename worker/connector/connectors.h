/* connectors.h - the rows of the connector table, one per folder; registry.c links them. */
#ifndef TIDE_WORKER_CONNECTOR_CONNECTORS_H
#define TIDE_WORKER_CONNECTOR_CONNECTORS_H
#include "worker/connector/connector.h"

extern const tide_connector tide_connector_blackhole;
extern const tide_connector tide_connector_datagen;
extern const tide_connector tide_connector_filesystem;
extern const tide_connector tide_connector_kafka;
extern const tide_connector tide_connector_nexmark;
extern const tide_connector tide_connector_print;

#endif
