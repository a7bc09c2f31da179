/* options.c - reading Kafka tables. Keys and meanings are those of Flink's connector. */
#include "worker/connector/kafka/options.h"

#include <librdkafka/rdkafka.h>
#include <regex.h>

#include "base/column/text.h"
#include "base/core/assert.h"
#include "base/core/nearest.h"

#define PROPERTIES "properties."

const tide_option_def tide_kafka_options[] = {
    { "topic", NULL, "The topic, or several separated by ';' (reading only)", "string" },
    { "topic-pattern", NULL,
      "A POSIX regular expression; every topic that it matches whole is read", "string" },
    { "properties.bootstrap.servers", TIDE_OPTION_REQUIRED, "Brokers: host:port,host:port",
      "string" },
    { "properties.*", NULL, "Any property of librdkafka", "string" },
    { "value.format", NULL, "Format of the value; 'format' for short", "string" },
    { "key.format", NULL, "Format of the key; needs key.fields", "string" },
    { "key.fields", NULL, "Columns that make up the key, separated by ';'", "string" },
    { "value.fields-include", "ALL", "Does the value hold the key's columns too?",
      "enum(ALL|EXCEPT_KEY)" },
    { "scan.startup.mode", NULL,
      "Where reading starts; group-offsets when properties.group.id is set, else earliest-offset",
      "enum(earliest-offset|latest-offset|group-offsets|timestamp|specific-offsets)" },
    { "scan.startup.timestamp-millis", NULL, "For scan.startup.mode = timestamp",
      "integer(0..253402300799999)" },
    { "scan.startup.specific-offsets", NULL, "partition:0,offset:42;partition:1,offset:300",
      "string" },
    { "scan.bounded.mode", "unbounded", "Where reading ends",
      "enum(unbounded|latest-offset|group-offsets|timestamp|specific-offsets)" },
    { "scan.bounded.timestamp-millis", NULL, "For scan.bounded.mode = timestamp",
      "integer(0..253402300799999)" },
    { "scan.bounded.specific-offsets", NULL, "partition:0,offset:42;partition:1,offset:300",
      "string" },
    { "scan.topic-partition-discovery.interval", "5 min",
      "How often to look for new partitions of a topic that is read without end; 0: never",
      "duration" },
    { "connect-timeout", "10 s", "How long to try to reach a broker before giving up", "duration" },
    { "sink.partitioner", "default", "Which partition a row goes to",
      "enum(default|fixed|round-robin|key-hash)" },
    { "sink.delivery-guarantee", "at-least-once",
      "at-least-once: acknowledged by all replicas, without duplicates by retries; none: by the "
      "leader",
      "enum(none|at-least-once|exactly-once)" },
    { NULL, NULL, NULL, NULL },
};

const tide_field tide_kafka_metadata[] = {
    [TIDE_KAFKA_META_TOPIC] = { "topic", { .id = TIDE_TYPE_STRING }, true },
    [TIDE_KAFKA_META_PARTITION] = { "partition", { .id = TIDE_TYPE_INT }, true },
    [TIDE_KAFKA_META_OFFSET] = { "offset", { .id = TIDE_TYPE_BIGINT }, true },
    [TIDE_KAFKA_META_TIMESTAMP] = { "timestamp",
                                    { .id = TIDE_TYPE_TIMESTAMP_LTZ, .precision = 3 },
                                    false },
    [TIDE_KAFKA_META_TIMESTAMP_TYPE] = { "timestamp-type", { .id = TIDE_TYPE_STRING }, true },
    [TIDE_KAFKA_META_HEADERS] = { "headers", { .id = TIDE_TYPE_STRING }, false },
    [TIDE_KAFKA_META_KEY] = { "key", { .id = TIDE_TYPE_BYTES }, false },
    { NULL, { 0 }, false },
};

int32_t tide_kafka_metadata_find(const char *key)
{
    for (int32_t i = 0; tide_kafka_metadata[i].name; i++)
        if (strcmp(tide_kafka_metadata[i].name, key) == 0) return i;
    return -1;
}

/* ---- lists ---- */

/* The next item of a list separated by ';', without spaces around it; false at the end. */
static bool next_item(const char **at, const char **item, size_t *n)
{
    if (*at == NULL) return false;
    const char *end = strchr(*at, ';');
    *item = *at;
    *n = end ? (size_t)(end - *at) : strlen(*at);
    *at = end ? end + 1 : NULL;
    while (*n > 0 && **item == ' ') (*item)++, (*n)--;
    while (*n > 0 && (*item)[*n - 1] == ' ') (*n)--;
    return true;
}

const char **tide_kafka_topics(const tide_table *table, tide_arena *arena, uint32_t *n_out)
{
    const char **topics = NULL, *at = tide_option_str(table, tide_kafka_options, "topic"), *item;
    uint32_t n_topics = 0, cap = 0;
    size_t n;
    while (next_item(&at, &item, &n))
        if (n > 0) TIDE_PUSH(arena, topics, n_topics, cap, tide_arena_strndup(arena, item, n));
    *n_out = n_topics;
    return topics;
}

/* "partition:0,offset:42" */
static tide_status parse_offset(const char *item, size_t n, tide_kafka_offset *out)
{
    const char *comma = memchr(item, ',', n), *p = "partition:", *o = "offset:";
    size_t n_p = strlen(p), n_o = strlen(o);
    int64_t partition;
    bool ok = comma && n > n_p && memcmp(item, p, n_p) == 0;
    ok = ok && tide_parse_i64(item + n_p, (size_t)(comma - item) - n_p, &partition) &&
         partition >= 0 && partition <= INT32_MAX;
    const char *rest = comma ? comma + 1 : item;
    size_t n_rest = comma ? n - (size_t)(rest - item) : 0;
    ok = ok && n_rest > n_o && memcmp(rest, o, n_o) == 0 &&
         tide_parse_i64(rest + n_o, n_rest - n_o, &out->offset) && out->offset >= 0;
    if (!ok)
        return tide_fail(TIDE_E_OPTION, "'%.*s' is not of the form partition:0,offset:42", (int)n,
                         item);
    out->partition = (int32_t)partition;
    return TIDE_OK;
}

static tide_status parse_offsets(const char *text, tide_arena *arena, tide_kafka_bound *out)
{
    tide_kafka_offset *offsets = NULL;
    uint32_t n_offsets = 0, cap = 0;
    const char *at = text, *item;
    size_t n;
    while (next_item(&at, &item, &n)) {
        tide_kafka_offset offset;
        if (n == 0) continue;
        TIDE_TRY(parse_offset(item, n, &offset));
        TIDE_PUSH(arena, offsets, n_offsets, cap, offset);
    }
    out->n_offsets = n_offsets;
    out->offsets = offsets;
    return TIDE_OK;
}

/* `what` is "startup" or "bounded". */
static tide_status read_bound(const tide_table *table, const char *what, tide_arena *arena,
                              tide_kafka_bound *out)
{
    const char *time = tide_arena_printf(arena, "scan.%s.timestamp-millis", what);
    const char *list = tide_arena_printf(arena, "scan.%s.specific-offsets", what);
    if (out->position == TIDE_KAFKA_TIMESTAMP) {
        if (!tide_option_has(table, tide_kafka_options, time))
            return tide_fail(TIDE_E_OPTION, "scan.%s.mode = timestamp needs '%s'", what, time);
        out->timestamp_ms = tide_option_i64(table, tide_kafka_options, time);
    }
    if (out->position != TIDE_KAFKA_OFFSETS) return TIDE_OK;
    if (!tide_option_has(table, tide_kafka_options, list))
        return tide_fail(TIDE_E_OPTION, "scan.%s.mode = specific-offsets needs '%s'", what, list);
    return parse_offsets(tide_option_str(table, tide_kafka_options, list), arena, out);
}

static tide_status read_start(const tide_table *table, tide_arena *arena, tide_kafka_bound *out)
{
    int32_t mode = tide_option_enum(table, tide_kafka_options, "scan.startup.mode");
    *out = (tide_kafka_bound){ .position = TIDE_KAFKA_EARLIEST };
    if (mode < 0 && tide_kafka_property(table, "group.id")) out->position = TIDE_KAFKA_GROUP;
    if (mode >= 0) out->position = (tide_kafka_position)mode; /* Words and values in one order. */
    if (out->position == TIDE_KAFKA_GROUP && tide_kafka_property(table, "group.id") == NULL)
        return tide_fail(TIDE_E_OPTION,
                         "scan.startup.mode = group-offsets needs 'properties.group.id'");
    return read_bound(table, "startup", arena, out);
}

static tide_status read_end(const tide_table *table, tide_arena *arena, tide_kafka_bound *out)
{
    int32_t mode = tide_option_enum(table, tide_kafka_options, "scan.bounded.mode");
    *out = (tide_kafka_bound){ .position = (tide_kafka_position)mode };
    if (mode == 0) out->position = TIDE_KAFKA_UNBOUNDED; /* Where a start has "earliest-offset". */
    if (out->position == TIDE_KAFKA_GROUP && tide_kafka_property(table, "group.id") == NULL)
        return tide_fail(TIDE_E_OPTION,
                         "scan.bounded.mode = group-offsets needs 'properties.group.id'");
    return read_bound(table, "bounded", arena, out);
}

tide_kafka_bound tide_kafka_start(const tide_table *table, tide_arena *arena)
{
    tide_kafka_bound bound;
    tide_status rv = read_start(table, arena, &bound);
    tide_assert(rv == TIDE_OK); /* tide_kafka_check has seen it. */
    return bound;
}

tide_kafka_bound tide_kafka_end(const tide_table *table, tide_arena *arena)
{
    tide_kafka_bound bound;
    tide_status rv = read_end(table, arena, &bound);
    tide_assert(rv == TIDE_OK);
    return bound;
}

/* ---- columns ---- */

static int32_t find_physical(const tide_table *table, const char *name, size_t n)
{
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const tide_table_column *c = &table->columns[i];
        if (c->kind == TIDE_COLUMN_PHYSICAL && strlen(c->name) == n &&
            memcmp(c->name, name, n) == 0)
            return (int32_t)i;
    }
    return -1;
}

static tide_status read_columns(const tide_table *table, tide_arena *arena, tide_kafka_columns *out)
{
    *out = (tide_kafka_columns){ .key = TIDE_NEW_N(arena, uint32_t, table->n_columns + 1),
                                 .value = TIDE_NEW_N(arena, uint32_t, table->n_columns + 1) };
    bool *in_key = TIDE_NEW_N(arena, bool, table->n_columns + 1);
    const char *at = tide_option_str(table, tide_kafka_options, "key.fields"), *item;
    size_t n;
    while (next_item(&at, &item, &n)) {
        int32_t column = find_physical(table, item, n);
        if (column < 0 || in_key[column])
            return tide_fail(TIDE_E_OPTION, "option 'key.fields': %.*s is %s", (int)n, item,
                             column < 0 ? "no column of the table's records" : "named twice");
        in_key[column] = true;
        out->key[out->n_key++] = (uint32_t)column;
    }
    bool all = tide_option_enum(table, tide_kafka_options, "value.fields-include") == 0;
    for (uint32_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].kind == TIDE_COLUMN_PHYSICAL && (all || !in_key[i]))
            out->value[out->n_value++] = i;
    return TIDE_OK;
}

tide_kafka_columns tide_kafka_columns_of(const tide_table *table, tide_arena *arena)
{
    tide_kafka_columns columns;
    tide_status rv = read_columns(table, arena, &columns);
    tide_assert(rv == TIDE_OK); /* tide_kafka_check has seen it. */
    return columns;
}

tide_schema tide_kafka_schema(const tide_table *table, const uint32_t *columns, uint32_t n,
                              tide_arena *arena)
{
    tide_schema schema = { .n = n, .fields = TIDE_NEW_N(arena, tide_field, n + 1) };
    for (uint32_t i = 0; i < n; i++) {
        const tide_table_column *c = &table->columns[columns[i]];
        schema.fields[i] =
            (tide_field){ .name = c->name, .type = c->type, .not_null = c->not_null };
    }
    return schema;
}

/* ---- properties ---- */

const char *tide_kafka_property(const tide_table *table, const char *name)
{
    for (uint32_t i = 0; i < table->n_options; i++) {
        const char *key = table->options[i].key;
        if (strncmp(key, PROPERTIES, strlen(PROPERTIES)) == 0 &&
            strcmp(key + strlen(PROPERTIES), name) == 0)
            return table->options[i].value;
    }
    return NULL;
}

static tide_status set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK) return TIDE_OK;
    return tide_fail(TIDE_E_OPTION, "option 'properties.%s' = '%s': %s", name, value, why);
}

static tide_status set_all(const tide_table *table, const char *const *defaults,
                           rd_kafka_conf_t *conf)
{
    for (; *defaults; defaults += 2)
        if (tide_kafka_property(table, defaults[0]) == NULL)
            TIDE_TRY(set(conf, defaults[0], defaults[1]));
    for (uint32_t i = 0; i < table->n_options; i++) {
        const char *key = table->options[i].key;
        if (strncmp(key, PROPERTIES, strlen(PROPERTIES)) == 0)
            TIDE_TRY(set(conf, key + strlen(PROPERTIES), table->options[i].value));
    }
    return TIDE_OK;
}

tide_status tide_kafka_conf(const tide_table *table, const char *const *defaults,
                            rd_kafka_conf_t **out)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    tide_status rv = set_all(table, defaults, conf);
    if (rv != TIDE_OK) {
        rd_kafka_conf_destroy(conf);
        return rv;
    }
    *out = conf;
    return TIDE_OK;
}

/* ---- the check ---- */

static tide_status check_topics(const tide_table *table, bool as_sink, tide_arena *arena)
{
    bool has_pattern = tide_option_has(table, tide_kafka_options, "topic-pattern");
    uint32_t n;
    tide_kafka_topics(table, arena, &n);
    if (has_pattern == tide_option_has(table, tide_kafka_options, "topic"))
        return tide_fail(TIDE_E_OPTION, has_pattern ? "give 'topic' or 'topic-pattern', not both"
                                                    : "option 'topic' is missing");
    if (as_sink && (has_pattern || n != 1))
        return tide_fail(TIDE_E_OPTION, "a table that is written needs exactly one 'topic'");
    if (!has_pattern)
        return n > 0 ? TIDE_OK : tide_fail(TIDE_E_OPTION, "option 'topic' names no topic");
    regex_t regex;
    char why[128];
    const char *pattern = tide_option_str(table, tide_kafka_options, "topic-pattern");
    int rv = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (rv == 0) regfree(&regex);
    if (rv == 0) return TIDE_OK;
    regerror(rv, &regex, why, sizeof why);
    return tide_fail(TIDE_E_OPTION, "option 'topic-pattern' = '%s': %s", pattern, why);
}

static tide_status check_key(const tide_table *table, tide_arena *arena)
{
    bool has_format = tide_option_has(table, tide_kafka_options, "key.format");
    if (has_format != tide_option_has(table, tide_kafka_options, "key.fields"))
        return tide_fail(TIDE_E_OPTION, "'key.format' and 'key.fields' need each other");
    tide_kafka_columns columns;
    TIDE_TRY(read_columns(table, arena, &columns));
    bool except_key = tide_option_enum(table, tide_kafka_options, "value.fields-include") == 1;
    if (except_key && !has_format)
        return tide_fail(TIDE_E_OPTION, "value.fields-include = EXCEPT_KEY needs 'key.fields'");
    return TIDE_OK;
}

static tide_status check_sink(const tide_table *table)
{
    if (tide_option_enum(table, tide_kafka_options, "sink.delivery-guarantee") == 2)
        return tide_fail(TIDE_E_UNSUPPORTED,
                         "sink.delivery-guarantee = exactly-once is not supported "
                         "yet; at-least-once is");
    bool by_key = tide_option_enum(table, tide_kafka_options, "sink.partitioner") ==
                  TIDE_KAFKA_PARTITION_KEY_HASH;
    if (by_key && !tide_option_has(table, tide_kafka_options, "key.format"))
        return tide_fail(TIDE_E_OPTION, "sink.partitioner = key-hash needs 'key.format'");
    for (uint32_t i = 0; i < table->n_columns; i++) {
        const tide_table_column *c = &table->columns[i];
        if (c->kind != TIDE_COLUMN_METADATA || c->is_virtual) continue;
        int32_t which = tide_kafka_metadata_find(c->metadata);
        if (which != TIDE_KAFKA_META_TIMESTAMP && which != TIDE_KAFKA_META_KEY)
            return tide_fail(TIDE_E_BIND,
                             "column %s: metadata '%s' cannot be written; declare it VIRTUAL",
                             c->name, c->metadata);
        if (which == TIDE_KAFKA_META_KEY &&
            tide_option_has(table, tide_kafka_options, "key.format"))
            return tide_fail(TIDE_E_OPTION, "column %s: the key is made by 'key.format'", c->name);
    }
    return TIDE_OK;
}

static tide_status check_all(const tide_table *table, bool as_sink, tide_arena *arena)
{
    TIDE_TRY(check_topics(table, as_sink, arena));
    TIDE_TRY(check_key(table, arena));
    tide_kafka_bound bound;
    TIDE_TRY(read_start(table, arena, &bound));
    TIDE_TRY(read_end(table, arena, &bound));
    if (as_sink) TIDE_TRY(check_sink(table));
    rd_kafka_conf_t *conf;
    TIDE_TRY(tide_kafka_conf(table, (const char *const[]){ NULL }, &conf));
    rd_kafka_conf_destroy(conf);
    return TIDE_OK;
}

tide_status tide_kafka_check(const tide_table *table, bool as_sink)
{
    tide_arena *arena = tide_arena_new();
    tide_status rv = check_all(table, as_sink, arena);
    tide_arena_free(&arena);
    return rv;
}
