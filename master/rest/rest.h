/* rest.h - the master's REST API: what people and programs ask of a cluster over HTTP.
 *
 * Flink's paths and field names where the meaning is the same, below / and /v1; more fields where
 * we know more. Errors are application/problem+json. A standby points to the leader. A few threads
 * carry requests out, since asking the master may wait; the HTTP server has its own. */
#ifndef TIDE_MASTER_REST_REST_H
#define TIDE_MASTER_REST_REST_H
#include "master/runtime/master_server.h"

typedef struct tide_rest tide_rest;

typedef struct tide_rest_config {
    tide_master_server *server;
    const char *address; /* To bind. */
    uint32_t port;       /* 0: a free one. */
    const char *token;   /* Asked of everyone but /healthz and /readyz; NULL: none. */
    const char *folder;  /* For uploads on their way; exists. */
    const char *version;
    /* What GET /jobmanager/config answers: [{"key","value"}], without secrets. */
    const char *settings_json;
} tide_rest_config;

/* Serves from now on; `server` may be given later by _serve, until when requests are answered with
 * 503. TIDE_E_EXISTS: the port is taken; else as tide_httpd_new. */
TIDE_MUST_CHECK tide_status tide_rest_new(const tide_rest_config *config, tide_rest **out);
void tide_rest_serve(tide_rest *self, tide_master_server *server);
/* Before the server goes. Requests under way are finished, later ones refused. */
void tide_rest_free(tide_rest **self_p);
uint32_t tide_rest_port(const tide_rest *self);

#endif
