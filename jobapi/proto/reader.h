/* reader.h - which msgpack token is next?
 *
 * msgpack-c's own unpacker allocates what a list's head claims before it has seen one item, and
 * cannot say at which byte it stopped; so frames are read here. Pure: reads within the frame only,
 * allocates nothing. Owner: one thread. */
#ifndef TIDE_JOBAPI_PROTO_READER_H
#define TIDE_JOBAPI_PROTO_READER_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/status.h"

typedef enum tide_token_type {
    TIDE_TOKEN_NIL,
    TIDE_TOKEN_BOOL,
    TIDE_TOKEN_UINT,
    TIDE_TOKEN_NEGATIVE,
    TIDE_TOKEN_FLOAT,
    TIDE_TOKEN_TEXT,
    TIDE_TOKEN_BYTES,
    TIDE_TOKEN_EXT, /* Skipped only. */
    TIDE_TOKEN_LIST,
    TIDE_TOKEN_MAP
} tide_token_type;

typedef struct tide_token {
    tide_token_type type;
    size_t at; /* Where it begins. */
    union {
        bool b;
        uint64_t u;
        int64_t i;
        double f;
        const uint8_t *p; /* TEXT, BYTES: n bytes. */
    };
    uint32_t n; /* LIST: items, MAP: pairs; as many bytes at least are left in the frame. */
} tide_token;

typedef struct tide_reader {
    const uint8_t *bytes;
    size_t n, at;
} tide_reader;

/* Reads one token, TEXT and BYTES with what they hold, of LIST and MAP the head. TIDE_E_PROTO: the
 * frame ends too early, or no token begins so. */
TIDE_MUST_CHECK tide_status tide_reader_next(tide_reader *self, tide_token *out);
/* Reads a value and all that is in it. TIDE_E_PROTO also for more than depth_max lists and maps in
 * each other. */
TIDE_MUST_CHECK tide_status tide_reader_skip(tide_reader *self, uint32_t depth_max);

const char *tide_token_name(tide_token_type type); /* "a list" */

#endif
