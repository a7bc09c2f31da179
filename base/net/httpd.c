/* httpd.c - see httpd.h: requests as the plugin hands them over become requests of ours. */
#include "base/net/httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/assert.h"
#include "base/net/httpd_abi.h"
#include "base/net/listen.h"
#include "base/net/plugin.h"
#include "base/net/problem.h"

struct tide_httpd {
    const tide_httpd_abi *abi;
    void *plugin;
    uint32_t port;
    tide_httpd_config config;
    char *upload_folder;
    _Atomic uint64_t malformed;
};

typedef struct request {
    tide_httpd_request public; /* First: what callers hold. */
    tide_httpd *server;
    void *exchange;
    tide_arena *arena;
    tide_bytes body;
    char *file;
    int fd;
    XXH3_state_t *hash;
    bool is_answered;
} request;

static void *on_begin(void *ctx, void *exchange, const char *method, const char *target);
static void on_body(void *request_v, const char *bytes, size_t n);
static void on_complete(void *request_v);
static void on_end(void *request_v);

tide_status tide_httpd_new(const tide_httpd_config *config, tide_httpd **out)
{
    const void *abi;
    TIDE_TRY(
        tide_plugin_load(TIDE_HTTPD_ABI_FILE, TIDE_HTTPD_ABI_SYMBOL, TIDE_HTTPD_ABI_VERSION, &abi));
    int listener;
    uint32_t port;
    TIDE_TRY(tide_listen_tcp(config->address, config->port, &listener, &port));
    tide_httpd *self = tide_calloc(1, sizeof *self);
    self->abi = abi;
    self->port = port;
    self->config = *config;
    if (config->upload_folder) self->upload_folder = tide_strdup(config->upload_folder);
    const tide_httpd_abi_host host = { .ctx = self,
                                       .connections_max = TIDE_HTTPD_CONNECTIONS_MAX,
                                       .idle_timeout_s = TIDE_HTTPD_IDLE_TIMEOUT_S,
                                       .begin = on_begin,
                                       .body = on_body,
                                       .complete = on_complete,
                                       .end = on_end };
    self->plugin = self->abi->start(listener, &host);
    if (!self->plugin) {
        tide_free(self->upload_folder);
        tide_free(self);
        return tide_fail(TIDE_E_IO, "the HTTP server cannot start: too few file descriptors or too "
                                    "little memory; see 'tidemill doctor'");
    }
    *out = self;
    return TIDE_OK;
}

void tide_httpd_free(tide_httpd **self_p)
{
    tide_httpd *self = *self_p;
    if (!self) return;
    self->abi->stop(self->plugin);
    tide_free(self->upload_folder);
    tide_free(self);
    *self_p = NULL;
}

uint32_t tide_httpd_port(const tide_httpd *self)
{
    return self->port;
}

uint64_t tide_httpd_malformed(const tide_httpd *self)
{
    return atomic_load_explicit(&self->malformed, memory_order_relaxed);
}

bool tide_httpd_has_token(const tide_httpd_request *asked, const char *token)
{
    static const char scheme[] = "Bearer ";
    if (strncasecmp(asked->authorization, scheme, sizeof scheme - 1) != 0) return false;
    const char *given = asked->authorization + sizeof scheme - 1;
    size_t n = strlen(token);
    if (strlen(given) != n) return false;
    unsigned char differs = 0;
    for (size_t i = 0; i < n; i++) differs |= (unsigned char)(given[i] ^ token[i]);
    return differs == 0;
}

/* ---- answers ---- */

void tide_httpd_answer_request(tide_httpd_request **request_p, const tide_httpd_answer *answer)
{
    request *self = (request *)*request_p;
    tide_assert(!self->is_answered);
    self->is_answered = true;
    *request_p = NULL;
    uint32_t n = 0;
    tide_httpd_abi_header *headers =
        tide_calloc(answer->n_headers + 2, sizeof *headers); /* And two of our own. */
    for (; n < answer->n_headers; n++)
        headers[n] = (tide_httpd_abi_header){ answer->headers[n].name, answer->headers[n].value };
    headers[n++] = (tide_httpd_abi_header){ "Cache-Control", "no-store" };
    if (answer->content_type)
        headers[n++] = (tide_httpd_abi_header){ "Content-Type", answer->content_type };
    const tide_httpd_abi_answer out = {
        .code = answer->code,
        .n_headers = n,
        .headers = headers,
        .body = answer->n ? answer->body : "",
        .n = answer->n,
    };
    /* From here the request may end on the server's thread at any time. */
    const tide_httpd_abi *abi = self->server->abi;
    abi->answer(self->exchange, &out);
    tide_free(headers);
}

void tide_httpd_answer_problem(tide_httpd_request **request_p, uint32_t code, const char *name,
                               const char *detail, const char *hint)
{
    tide_bytes body = { 0 };
    tide_problem_json(code, name, detail, hint, &body);
    tide_httpd_answer_request(request_p, &(tide_httpd_answer){ .code = code,
                                                               .content_type = TIDE_PROBLEM_TYPE,
                                                               .body = body.p,
                                                               .n = body.n });
    tide_bytes_fini(&body);
}

static void refuse(request *self, uint32_t code, tide_status status, const char *hint)
{
    tide_httpd_request *public = &self->public;
    if (code < 500) atomic_fetch_add_explicit(&self->server->malformed, 1, memory_order_relaxed);
    tide_httpd_answer_problem(&public, code, tide_status_name(status), tide_error_text(), hint);
}

/* ---- what the plugin calls, on its thread ---- */

static void open_file(request *self)
{
    const char *folder = self->server->upload_folder;
    tide_assert(folder != NULL);
    self->file = tide_asprintf("%s/upload-XXXXXX", folder);
    self->fd = mkostemp(self->file, O_CLOEXEC);
    self->hash = XXH3_createState();
    XXH3_64bits_reset(self->hash);
    if (self->fd >= 0) return;
    tide_status rv = tide_fail(TIDE_E_IO, "%s: %s", folder, strerror(errno));
    refuse(self, 507, rv, "the master cannot write into its folder");
}

static const char *header_of(request *self, const char *name)
{
    const char *value = self->server->abi->header(self->exchange, name);
    return value ? tide_arena_strdup(self->arena, value) : "";
}

static void *on_begin(void *ctx, void *exchange, const char *method, const char *target)
{
    request *self = tide_calloc(1, sizeof *self);
    self->server = ctx;
    self->exchange = exchange;
    self->arena = tide_arena_new();
    self->fd = -1;
    tide_httpd_request *r = &self->public;
    r->method = strcmp(method, "HEAD") == 0 ? "GET" : tide_arena_strdup(self->arena, method);
    r->target = tide_arena_strdup(self->arena, target);
    r->content_type = header_of(self, "Content-Type");
    r->authorization = header_of(self, "Authorization");
    char peer[64];
    r->peer = tide_arena_strdup(self->arena, self->server->abi->peer(exchange, peer, sizeof peer));
    tide_status rv = tide_uri_parse(target, strlen(target), self->arena, &r->uri);
    if (rv != TIDE_OK) {
        refuse(self, 400, rv, NULL);
        return self;
    }
    tide_httpd_intake intake = { 0 };
    if (self->server->config.on_head) {
        tide_httpd_request *given = r;
        self->server->config.on_head(self->server->config.ctx, given, &intake);
    }
    if (intake.to_file && !self->is_answered) open_file(self);
    return self;
}

static bool write_file(request *self, const char *bytes, size_t n)
{
    XXH3_64bits_update(self->hash, bytes, n);
    while (n > 0) {
        ssize_t done = write(self->fd, bytes, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

static void on_body(void *request_v, const char *bytes, size_t n)
{
    request *self = request_v;
    size_t max = self->file ? TIDE_HTTPD_UPLOAD_BYTES_MAX : TIDE_HTTPD_BODY_BYTES_MAX;
    self->public.body_bytes += n;
    if (self->public.body_bytes > max) {
        tide_status rv = tide_fail(TIDE_E_LIMIT, "the body is longer than %zu MB", max >> 20);
        refuse(self, 413, rv, NULL);
    } else if (!self->file) {
        tide_bytes_put(&self->body, bytes, n);
    } else if (!write_file(self, bytes, n)) {
        tide_status rv = tide_fail(errno == ENOSPC ? TIDE_E_NO_SPACE : TIDE_E_IO, "%s: %s",
                                   self->file, strerror(errno));
        refuse(self, 507, rv, "the master cannot write into its folder");
    }
}

static void on_complete(void *request_v)
{
    request *self = request_v;
    tide_httpd_request *r = &self->public;
    if (self->file) {
        close(self->fd);
        self->fd = -1;
        r->body_file = self->file;
        r->body_xxh3 = XXH3_64bits_digest(self->hash);
    } else {
        r->body = tide_bytes_text(&self->body);
    }
    self->server->config.on_request(self->server->config.ctx, r);
}

static void on_end(void *request_v)
{
    request *self = request_v;
    if (self->fd >= 0) close(self->fd);
    if (self->file) unlink(self->file);
    if (self->hash) XXH3_freeState(self->hash);
    tide_free(self->file);
    tide_bytes_fini(&self->body);
    tide_arena_free(&self->arena);
    tide_free(self);
}
