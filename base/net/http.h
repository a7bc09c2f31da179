/* http.h - an HTTP client: one call at a time, with time limits, connections kept between calls.
 *
 * Blocks. Owner: one thread. Neither proxies of the environment nor redirects are followed. The
 * protocol is in a plugin (http_abi.h), loaded when the first client is made. */
#ifndef TIDE_BASE_NET_HTTP_H
#define TIDE_BASE_NET_HTTP_H
#include <stdint.h>

#include "base/core/bytes.h"
#include "base/core/status.h"

#define TIDE_HTTP_ANSWER_BYTES_MAX ((size_t)256 << 20)

typedef struct tide_http tide_http;

/* TIDE_E_UNSUPPORTED: the plugin is missing. */
TIDE_MUST_CHECK tide_status tide_http_new(tide_http **out);
void tide_http_free(tide_http **self_p);

typedef struct tide_http_call {
    const char *method; /* NULL: "GET" */
    const char *url;
    const char *token;        /* Sent as a bearer token; NULL none. */
    const char *content_type; /* Of the body; NULL none. */
    const char *body;
    size_t n;
    const char *body_file; /* Sent instead of body; NULL none. */
    int64_t connect_timeout_ms, timeout_ms;
} tide_http_call;

typedef struct tide_http_reply {
    uint32_t code;
    char content_type[128];
    char location[2048]; /* Of a redirect, absolute; "" otherwise. */
    tide_bytes body;
} tide_http_reply;

/* Any answer is TIDE_OK, whatever its code; *reply is then the caller's to free, and empty on
 * failure. TIDE_E_UNREACHABLE: no connection, nothing was sent. TIDE_E_TIMEOUT and TIDE_E_IO: the
 * other side may have got the request. TIDE_E_LIMIT: the answer is too long. TIDE_E_NOT_FOUND:
 * body_file. */
TIDE_MUST_CHECK tide_status tide_http_perform(tide_http *self, const tide_http_call *call,
                                              tide_http_reply *reply);
void tide_http_reply_fini(tide_http_reply *self);

#endif
