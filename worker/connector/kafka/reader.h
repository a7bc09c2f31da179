/* reader.h - records of one pull to columns: values, keys and metadata side by side.
 *
 * A pull is up to the batch's rows of one partition. Payloads are copied once, back to back, and
 * decoded together; what cannot be decoded is skipped and counted, or fails with topic,
 * partition and offset. Owner: one slot's source. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_READER_H
#define TIDE_WORKER_CONNECTOR_KAFKA_READER_H
#include "worker/connector/connector.h"
#include "worker/connector/kafka/options.h"

typedef struct tide_kafka_reader tide_kafka_reader;

TIDE_MUST_CHECK tide_status tide_kafka_reader_new(const tide_source_args *args,
                                                  tide_kafka_reader **out);
void tide_kafka_reader_free(tide_kafka_reader **self_p);

/* One record of the pull. Bytes are borrowed for the call; NULL: absent. */
typedef struct tide_kafka_record {
    const void *value, *key;
    size_t value_len, key_len;
    int64_t offset, timestamp_ms; /* timestamp_ms -1: none. */
    const char *timestamp_type;
    const char *headers; /* JSON text, or NULL; only asked for by wants_headers. */
    size_t headers_len;
} tide_kafka_record;

bool tide_kafka_reader_wants_headers(const tide_kafka_reader *self);
/* A record without a value is no row, as in a compacted topic, unless no column needs the value. */
void tide_kafka_reader_add(tide_kafka_reader *self, const tide_kafka_record *record);
uint32_t tide_kafka_reader_records(const tide_kafka_reader *self); /* Added since the last take. */
/* The rows of the records added, as a batch (NULL in *out: there are none), and starts anew.
 * TIDE_E_DATA for a malformed record unless the table skips them. */
TIDE_MUST_CHECK tide_status tide_kafka_reader_take(tide_kafka_reader *self, const char *topic,
                                                   int32_t partition, tide_batch **out);

#endif
