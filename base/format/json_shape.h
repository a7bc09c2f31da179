/* json_shape.h - the speculated shape of a record: its keys and punctuation as
 * the record before had them. A record that matches is read by plain comparing
 * and scanning, at twice simdjson's speed; any deviation (another key, order,
 * space; an escape; a nested value; a value that does not fit) falls back to
 * simdjson, which alone decides what is an error. Values' kinds are not part of
 * a shape. */
#ifndef TIDE_BASE_FORMAT_JSON_SHAPE_H
#define TIDE_BASE_FORMAT_JSON_SHAPE_H
#include <stdint.h>

#define JSON_SHAPE_FIELDS_MAX 64u
#define JSON_LITERAL_MAX 64u

/* How a field's value reaches its column. */
typedef enum json_route {
    JSON_ROUTE_SKIP,
    JSON_ROUTE_STRING,
    JSON_ROUTE_I64,
    JSON_ROUTE_I32,
    JSON_ROUTE_MILLIS,
    JSON_ROUTE_OTHER
} json_route;

/* One field: the text between the value before and its own, and where its value
 * goes. */
typedef struct json_shape_field {
    char literal[JSON_LITERAL_MAX]; /* "{\"user_id\":"; zeros behind. */
    uint32_t len;
    uint16_t mask;  /* A bit for each of its first 16 bytes. */
    uint16_t index; /* Of the wanted field. */
    uint8_t route;  /* json_route */
} json_shape_field;

typedef struct json_shape {
    uint32_t n_fields, n_missing;
    uint16_t *missing;     /* Wanted fields that records of this shape lack: NULL. */
    json_shape_field tail; /* "}\n"; no value. */
    json_shape_field fields[];
} json_shape;
void json_shape_free(json_shape **shape_p);

#endif
