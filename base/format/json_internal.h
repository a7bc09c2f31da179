/* json_internal.h - what the files of the JSON decoder share. */
#ifndef TIDE_BASE_FORMAT_JSON_INTERNAL_H
#define TIDE_BASE_FORMAT_JSON_INTERNAL_H
#include "base/format/field.h"
#include "base/format/formats.h"
#include "base/format/json_shape.h"
#include "base/format/json_simdjson.h"

/* How timestamps are written; the order of the option's words. */
typedef enum json_time {
    JSON_TIME_AUTO,
    JSON_TIME_ISO,
    JSON_TIME_SQL,
    JSON_TIME_MILLIS,
    JSON_TIME_SECONDS,
    JSON_TIME_MICROS
} json_time;

#define JSON_TIME_WORDS "enum(auto|ISO-8601|SQL|epoch-millis|epoch-seconds|epoch-micros)"
#define JSON_NESTED_MAX 512u /* Brackets in brackets; simdjson takes 1024. */
#define JSON_SHAPES 4u       /* Kinds of records that are told apart. */

typedef struct json_decoder {
    uint32_t n;
    tide_field_spec *fields;
    tide_json_keys keys;
    tide_json_token *tokens; /* One per field. */
    tide_simdjson *parser;
    json_time time;
    bool fail_on_missing;
    bool at_start;      /* A byte order mark may follow. */
    bool simdjson_only; /* Tests compare the quick readers with it. */
    uint8_t *routes;    /* json_route of each field. */
    uint32_t *seen;     /* Records in which each field was seen last; */
    uint32_t record;    /* this one. */
    tide_bytes scratch; /* A string without its escapes. */
    uint32_t misses;    /* How badly the shapes have fared lately, */
    uint32_t pause;     /* for how many records they are left alone, */
    uint32_t odd;       /* and how many records no quick reader took. */
    uint32_t n_shapes;
    json_shape *shapes[JSON_SHAPES]; /* The most recently used first. */
    char error[200];                 /* Of the put that failed. */
} json_decoder;

extern const tide_option_def json_options[];

/* The encoder's half of the format, in json_encode.c. */
tide_status json_encoder_new(const tide_schema *schema, const tide_format_option *options,
                             uint32_t n_options, tide_encoder **out);
tide_status json_encode(tide_encoder *self, const tide_batch *in, uint32_t first, uint32_t n,
                        bool newline, tide_bytes *dst, size_t *ends);
tide_status json_encode_header(tide_encoder *self, tide_bytes *dst);
void json_encoder_free(tide_encoder **self_p);

/* Sets row out->n of field i; false, with self->error set, if the value does
 * not fit. */
bool json_put(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row,
              const tide_json_token *token);
/* A number as a timestamp, by the decoder's time format. Same result. */
bool json_put_epoch(json_decoder *self, uint32_t i, tide_colb *out, uint32_t row, const char *ptr,
                    size_t len);

/* Records from p on that have the shape of the last one, as rows out->n and so on, which are
 * counted. Returns where the first other record begins. end: behind the last newline. */
const char *json_shapes_run(json_decoder *self, const char *p, const char *end, tide_builder *out);
/* The record at p into row out->n, if it has one of the known shapes; `first_failed`: but for that
 * of the last one. Returns the start of the next one (for a message: end), or NULL. Does not count
 * the row; what it set is forgotten on NULL. end: behind the last newline, or of the message. */
const char *json_shapes_read(json_decoder *self, const char *p, const char *end, tide_builder *out,
                             bool first_failed);
/* The same for a record of any shape, as long as there is nothing special about it. */
const char *json_flat_read(json_decoder *self, const char *p, const char *end, tide_builder *out);
/* Remembers the shape of a good record at line..end, where end is behind its
 * newline if it has one. */
void json_shapes_learn(json_decoder *self, const char *line, const char *end);

#endif
