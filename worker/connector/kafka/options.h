/* options.h - what a Kafka table's options say. Pure, but for librdkafka's own check of
 * properties; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_KAFKA_OPTIONS_H
#define TIDE_WORKER_CONNECTOR_KAFKA_OPTIONS_H
#include "base/core/arena.h"
#include "worker/connector/options.h"

typedef enum tide_kafka_position {
    TIDE_KAFKA_EARLIEST,
    TIDE_KAFKA_LATEST,
    TIDE_KAFKA_GROUP,     /* The consumer group's committed offsets. */
    TIDE_KAFKA_TIMESTAMP, /* The first record at or behind a time. */
    TIDE_KAFKA_OFFSETS,   /* Given by partition. */
    TIDE_KAFKA_UNBOUNDED  /* As an end only. */
} tide_kafka_position;

typedef struct tide_kafka_offset {
    int32_t partition;
    int64_t offset;
} tide_kafka_offset;

/* Where to start or to end. */
typedef struct tide_kafka_bound {
    tide_kafka_position position;
    int64_t timestamp_ms;
    uint32_t n_offsets;
    const tide_kafka_offset *offsets;
} tide_kafka_bound;

typedef enum tide_kafka_partitioner {
    TIDE_KAFKA_PARTITION_DEFAULT,     /* By key if there is one, else as below. */
    TIDE_KAFKA_PARTITION_FIXED,       /* A subtask writes to one partition. */
    TIDE_KAFKA_PARTITION_ROUND_ROBIN, /* Batches of rows in turn. */
    TIDE_KAFKA_PARTITION_KEY_HASH     /* By key; a key format is required. */
} tide_kafka_partitioner;

/* A table's columns by role, as indexes into its columns. */
typedef struct tide_kafka_columns {
    uint32_t n_key, n_value;
    uint32_t *key, *value; /* Fields of the key's and of the value's record, in order. */
} tide_kafka_columns;

extern const tide_option_def tide_kafka_options[];
extern const tide_field tide_kafka_metadata[];

/* Positions of tide_kafka_metadata. */
enum {
    TIDE_KAFKA_META_TOPIC,
    TIDE_KAFKA_META_PARTITION,
    TIDE_KAFKA_META_OFFSET,
    TIDE_KAFKA_META_TIMESTAMP,
    TIDE_KAFKA_META_TIMESTAMP_TYPE,
    TIDE_KAFKA_META_HEADERS,
    TIDE_KAFKA_META_KEY
};
int32_t tide_kafka_metadata_find(const char *key); /* -1: none. */

/* Everything that can be checked without a broker. */
TIDE_MUST_CHECK tide_status tide_kafka_check(const tide_table *table, bool as_sink);

/* The topics of 'topic' (arena); NULL and 0 when the table has a 'topic-pattern'. */
const char **tide_kafka_topics(const tide_table *table, tide_arena *arena, uint32_t *n_out);
tide_kafka_bound tide_kafka_start(const tide_table *table, tide_arena *arena);
tide_kafka_bound tide_kafka_end(const tide_table *table, tide_arena *arena);
tide_kafka_columns tide_kafka_columns_of(const tide_table *table, tide_arena *arena);
/* The fields of `columns` as a record's schema. */
tide_schema tide_kafka_schema(const tide_table *table, const uint32_t *columns, uint32_t n,
                              tide_arena *arena);

/* The value of 'properties.<name>', or NULL. */
const char *tide_kafka_property(const tide_table *table, const char *name);
/* A client's configuration out of 'properties.*', on top of `defaults` (name, value, ..., NULL).
 * The caller owns it. TIDE_E_OPTION with librdkafka's word on a property it does not know or
 * take. */
typedef struct rd_kafka_conf_s rd_kafka_conf_t;
TIDE_MUST_CHECK tide_status tide_kafka_conf(const tide_table *table, const char *const *defaults,
                                            rd_kafka_conf_t **out);

#endif
