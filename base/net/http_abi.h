/* http_abi.h - what passes between http.h and the plugin that speaks HTTP (http_curl.c). */
#ifndef TIDE_BASE_NET_HTTP_ABI_H
#define TIDE_BASE_NET_HTTP_ABI_H
#include <stddef.h>
#include <stdint.h>

#define TIDE_HTTP_ABI_VERSION 1u
#define TIDE_HTTP_ABI_FILE "libtidemill_http.so"
#define TIDE_HTTP_ABI_SYMBOL "tide_http_plugin_table"

typedef struct tide_http_abi_call {
    const char *method, *url;
    const char *const *headers; /* "Name: value" */
    uint32_t n_headers;
    const char *body; /* NULL: none, or body_fd. */
    size_t n;
    int body_fd; /* -1: none. Read from where it stands, n bytes. */
    int64_t connect_timeout_ms, timeout_ms;
    /* Part of the answer's body; not 0: enough, the call fails. */
    int (*on_body)(void *ctx, const char *bytes, size_t n);
    void *ctx;
} tide_http_abi_call;

typedef enum tide_http_abi_end {
    TIDE_HTTP_ABI_ANSWERED,
    TIDE_HTTP_ABI_UNREACHABLE, /* Not connected: nothing was sent. */
    TIDE_HTTP_ABI_TIMEOUT,
    TIDE_HTTP_ABI_BROKEN, /* Connected, and then something went wrong. */
    TIDE_HTTP_ABI_ENOUGH  /* on_body said so. */
} tide_http_abi_end;

typedef struct tide_http_abi_outcome {
    tide_http_abi_end end;
    uint32_t code; /* ANSWERED */
    char content_type[128], location[2048];
    char why[256]; /* Otherwise. */
} tide_http_abi_outcome;

typedef struct tide_http_abi {
    uint32_t version;
    void *(*open)(void); /* NULL: out of memory. Keeps connections between calls. */
    void (*perform)(void *client, const tide_http_abi_call *call, tide_http_abi_outcome *outcome);
    void (*close)(void *client);
} tide_http_abi;

#endif
