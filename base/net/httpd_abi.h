/* httpd_abi.h - what passes between httpd.h and the plugin that speaks HTTP (httpd_mhd.c).
 *
 * An exchange is one request and its answer. All calls of the host's come on the plugin's thread;
 * answer may be called on any, once per exchange. */
#ifndef TIDE_BASE_NET_HTTPD_ABI_H
#define TIDE_BASE_NET_HTTPD_ABI_H
#include <stddef.h>
#include <stdint.h>

#define TIDE_HTTPD_ABI_VERSION 1u
#define TIDE_HTTPD_ABI_FILE "libtidemill_httpd.so"
#define TIDE_HTTPD_ABI_SYMBOL "tide_httpd_plugin_table"

typedef struct tide_httpd_abi_header {
    const char *name, *value;
} tide_httpd_abi_header;

typedef struct tide_httpd_abi_answer {
    uint32_t code, n_headers;
    const tide_httpd_abi_header *headers;
    const void *body;
    size_t n;
} tide_httpd_abi_answer;

typedef struct tide_httpd_abi_host {
    void *ctx;
    uint32_t connections_max, idle_timeout_s;
    /* The head of a request is here. Returns what stands for the exchange in the calls below, never
     * NULL; may answer already. */
    void *(*begin)(void *ctx, void *exchange, const char *method, const char *target);
    /* Bytes of the body; none more once it was answered. */
    void (*body)(void *request, const char *bytes, size_t n);
    void (*complete)(void *request); /* All of the body is here: answer now or later. */
    void (*end)(void *request);      /* The exchange is over; last call. */
} tide_httpd_abi_host;

typedef struct tide_httpd_abi {
    uint32_t version;
    /* Serves what comes on the listening socket, which is the plugin's from now on, also on failure
     * (NULL). */
    void *(*start)(int listener, const tide_httpd_abi_host *host);
    const char *(*header)(void *exchange, const char *name);    /* Inside begin. NULL: not there. */
    const char *(*peer)(void *exchange, char *buf, size_t cap); /* Inside begin. */
    void (*answer)(void *exchange, const tide_httpd_abi_answer *answer); /* Copies. */
    void (*stop)(void *server); /* Every exchange was answered. Joins the thread. */
} tide_httpd_abi;

#endif
