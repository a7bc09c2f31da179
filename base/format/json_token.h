/* json_token.h - one value of a record as both JSON scanners hand it to the
 * columns, and the pieces of grammar that they share. Also read by C++. */
#ifndef TIDE_BASE_FORMAT_JSON_TOKEN_H
#define TIDE_BASE_FORMAT_JSON_TOKEN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/core/attr.h"

enum tide_json_kind {
    TIDE_JSON_MISSING = 0, /* The record has no such field. */
    TIDE_JSON_NULL,
    TIDE_JSON_FALSE,
    TIDE_JSON_TRUE,
    TIDE_JSON_NUMBER,
    TIDE_JSON_STRING, /* ptr, len: the text without quotes and escapes. */
    TIDE_JSON_NESTED  /* An object or array as it stands. */
};

typedef struct tide_json_token {
    const char *ptr; /* Borrowed from the input or from the parser, until its next
                      record. */
    size_t len;
    uint8_t kind;
} tide_json_token;

/* The wanted fields by name: an open-addressing table, and what was found last
 * time at each place of the record, since records tend to repeat their order.
 */
#define TIDE_JSON_PLACES 64u
#define TIDE_JSON_PLACE_NAME_MAX 40u

typedef struct tide_json_name {
    char *ptr; /* Eight bytes follow it. */
    uint32_t len;
} tide_json_name;

typedef struct tide_json_place {
    uint32_t len; /* 0: nothing yet. */
    int32_t index;
    char name[TIDE_JSON_PLACE_NAME_MAX];
} tide_json_place;

typedef struct tide_json_keys {
    uint32_t n, mask;
    tide_json_name *names;
    int32_t *table; /* mask + 1 places, -1 empty. */
    tide_json_place places[TIDE_JSON_PLACES];
} tide_json_keys;

/* Of the first and the last eight bytes and the length: it need not be good, but quick. Reads
 * eight bytes. */
TIDE_INLINE uint32_t tide_json_name_hash(const char *name, size_t len)
{
    uint64_t first, last = 0;
    memcpy(&first, name, 8);
    if (len < 8)
        first &= ((uint64_t)1 << 8 * len) - 1;
    else
        memcpy(&last, name + len - 8, 8);
    return (uint32_t)((first ^ last * 0x9e3779b97f4a7c15u ^ len) * 0xff51afd7ed558ccdu >> 32);
}
/* Index of the wanted field of this name, or -1. Sixteen bytes behind the name's first must be
 * readable. */
TIDE_INLINE int32_t tide_json_keys_find(const tide_json_keys *self, const char *name, size_t len)
{
    for (uint32_t at = tide_json_name_hash(name, len) & self->mask;; at = (at + 1) & self->mask) {
        int32_t i = self->table[at];
        if (i < 0) return -1;
        if (self->names[i].len == len && memcmp(self->names[i].ptr, name, len) == 0) return i;
    }
}

TIDE_INLINE bool tide_json_digit(char c)
{
    return (uint8_t)(c - '0') <= 9;
}

/* The end of the JSON number that begins at p and lies before end, or NULL if
 * there is none. */
TIDE_INLINE const char *tide_json_number_end(const char *p, const char *end)
{
    p += p < end && *p == '-';
    if (p == end || !tide_json_digit(*p)) return NULL;
    if (*p == '0')
        p++;
    else
        while (p < end && tide_json_digit(*p)) p++;
    if (p < end && *p == '.') {
        if (++p == end || !tide_json_digit(*p)) return NULL;
        while (p < end && tide_json_digit(*p)) p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '-' || *p == '+');
        if (p == end || !tide_json_digit(*p)) return NULL;
        while (p < end && tide_json_digit(*p)) p++;
    }
    return p;
}

/* The kind of a scalar that is no string and stands alone in ptr[0..len);
 * MISSING if it is none. */
TIDE_INLINE uint8_t tide_json_scalar_kind(const char *ptr, size_t len)
{
    if (len == 4 && memcmp(ptr, "null", 4) == 0) return TIDE_JSON_NULL;
    if (len == 4 && memcmp(ptr, "true", 4) == 0) return TIDE_JSON_TRUE;
    if (len == 5 && memcmp(ptr, "false", 5) == 0) return TIDE_JSON_FALSE;
    return tide_json_number_end(ptr, ptr + len) == ptr + len ? TIDE_JSON_NUMBER : TIDE_JSON_MISSING;
}

#endif
