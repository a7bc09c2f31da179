/* httpd.h - an HTTP server: requests in, answers out, now or later, from any thread.
 *
 * The server has a thread of its own, on which both callbacks are called; they must not block. A
 * request is the server's; who was given it in on_request answers it exactly once, from any thread,
 * and may read it until then. Bodies have a limit each, given when their head is here, and may be
 * written to a file as they come. Malformed targets and too long bodies are answered here, as
 * application/problem+json. The protocol itself is in a plugin (httpd_abi.h), which is loaded when
 * the first server is made. */
#ifndef TIDE_BASE_NET_HTTPD_H
#define TIDE_BASE_NET_HTTPD_H
#include <stdbool.h>

#include "base/net/uri.h"

#define TIDE_HTTPD_BODY_BYTES_MAX (64u << 20)    /* A job's text and plan, with room to spare. */
#define TIDE_HTTPD_UPLOAD_BYTES_MAX (256u << 20) /* A job's library. */
#define TIDE_HTTPD_CONNECTIONS_MAX 256u
#define TIDE_HTTPD_IDLE_TIMEOUT_S 60u

typedef struct tide_httpd tide_httpd;

typedef struct tide_httpd_request {
    const char *method; /* "GET" for HEAD, too. */
    const char *target; /* As it was sent, for logs and redirects. */
    tide_uri uri;
    const char *content_type, *authorization; /* "" when not sent. */
    const char *peer;                         /* The other side's address. */
    const char *body;                         /* NUL behind it. NULL when it went to a file. */
    size_t body_bytes;
    const char *body_file; /* Removed when the request ends, unless somebody renamed it; or NULL. */
    uint64_t body_xxh3;    /* XXH3-64, seed 0, of a body that went to a file. */
} tide_httpd_request;

typedef struct tide_httpd_header {
    const char *name, *value;
} tide_httpd_header;

typedef struct tide_httpd_answer {
    uint32_t code;
    const char *content_type; /* NULL: no body. */
    const void *body;         /* Copied, like everything here. */
    size_t n;
    uint32_t n_headers;
    const tide_httpd_header *headers;
} tide_httpd_answer;

/* What shall become of a body; zero: at most TIDE_HTTPD_BODY_BYTES_MAX, in memory. */
typedef struct tide_httpd_intake {
    bool to_file; /* In upload_folder; at most TIDE_HTTPD_UPLOAD_BYTES_MAX. */
} tide_httpd_intake;

typedef struct tide_httpd_config {
    const char *address; /* To bind: "127.0.0.1", "::1", "0.0.0.0", a name. */
    uint32_t port;       /* 0: a free one. */
    const char *upload_folder;
    /* The head of a request is here, its body not yet. NULL: nothing to say. May answer, to refuse:
     * then on_request is not called. */
    void (*on_head)(void *ctx, tide_httpd_request *request, tide_httpd_intake *intake);
    void (*on_request)(void *ctx, tide_httpd_request *request);
    void *ctx;
} tide_httpd_config;

/* Binds and serves. TIDE_E_EXISTS when the port is taken, TIDE_E_IO, TIDE_E_NOT_FOUND (address),
 * TIDE_E_UNSUPPORTED (plugin); each with what to do. */
TIDE_MUST_CHECK tide_status tide_httpd_new(const tide_httpd_config *config, tide_httpd **out);
/* Stops serving. Whoever still holds a request has answered it before. */
void tide_httpd_free(tide_httpd **self_p);
uint32_t tide_httpd_port(const tide_httpd *self);
/* Requests that were answered here, as malformed or too long, since the start. Any thread. */
uint64_t tide_httpd_malformed(const tide_httpd *self);

/* Is the bearer token that was sent this one? Takes as long whatever is wrong with it but its
 * length. */
bool tide_httpd_has_token(const tide_httpd_request *request, const char *token);
/* Any thread; the request is the server's again. */
void tide_httpd_answer_request(tide_httpd_request **request_p, const tide_httpd_answer *answer);
/* Answers with application/problem+json; see problem.h. */
void tide_httpd_answer_problem(tide_httpd_request **request_p, uint32_t code, const char *name,
                               const char *detail, const char *hint);

#endif
