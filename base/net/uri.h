/* uri.h - what does a request ask for? The target of an HTTP request, taken apart and decoded.
 *
 * "/v1/jobs/ab%20c?mode=cancel" has the segments "v1", "jobs", "ab c" and the parameter mode.
 * Segments are split before they are decoded, so an escaped slash stays inside one. Trusts nothing.
 * Pure; any thread. */
#ifndef TIDE_BASE_NET_URI_H
#define TIDE_BASE_NET_URI_H
#include <stdint.h>

#include "base/core/arena.h"
#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_URI_BYTES_MAX 8192u
#define TIDE_URI_SEGMENTS_MAX 16u
#define TIDE_URI_PARAMS_MAX 64u

typedef struct tide_uri_pair {
    const char *name, *value;
} tide_uri_pair;

typedef struct tide_uri {
    uint32_t n_segments, n_params;
    const char *const *segments; /* Without empty ones: "//jobs/" has one. */
    const tide_uri_pair *params; /* In order; a name without "=" has the value "". */
} tide_uri;

/* Everything in *out is in the arena. TIDE_E_INVALID: no leading '/', a malformed escape, a control
 * character, more than the maxima above. */
TIDE_MUST_CHECK tide_status tide_uri_parse(const char *target, size_t n, tide_arena *arena,
                                           tide_uri *out);
/* The last value of a parameter, or fallback. */
const char *tide_uri_param(const tide_uri *self, const char *name, const char *fallback);
/* Appends text so that it survives as one segment, name or value. */
void tide_uri_escape(const char *text, tide_bytes *out);

#endif
