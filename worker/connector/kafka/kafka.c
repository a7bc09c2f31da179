/* kafka.c - the connector's row. */
#include "worker/connector/kafka/kafka.h"

#include "worker/connector/connectors.h"
#include "worker/connector/kafka/cluster.h"
#include "worker/connector/kafka/options.h"

static bool is_bounded(const tide_table *table)
{
    return tide_option_enum(table, tide_kafka_options, "scan.bounded.mode") != 0;
}

const tide_connector tide_connector_kafka = {
    .name = "kafka",
    .help = "Topics of Apache Kafka",
    .options = tide_kafka_options,
    .takes_format = true,
    .metadata = tide_kafka_metadata,
    .check = tide_kafka_check,
    .is_bounded = is_bounded,
    .discover = tide_kafka_discover,
    .source = &tide_kafka_source,
    .sink = &tide_kafka_sink,
};
