/* rest.c - see rest.h: requests are checked on the server's thread, carried out on one of a few. */
#include "master/rest/rest.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "base/core/log.h"
#include "base/net/problem.h"
#include "master/rest/rest_priv.h"

#define THREADS 4u
#define QUEUE_MAX 256u /* More wait for an answer already: 503. */

typedef struct waiting {
    struct waiting *next;
    tide_httpd_request *request;
    tide_route_match match;
} waiting;

struct tide_rest {
    tide_rest_config config; /* `server` under the lock. */
    tide_httpd *httpd;
    rest_counts counts;
    pthread_t threads[THREADS];
    pthread_mutex_t lock;
    pthread_cond_t filled;
    /* Under the lock. */
    waiting *first, **last;
    uint32_t n_waiting;
    bool closes;
};

static tide_status (*const handlers[])(rest_call *call) = {
#define TIDE_ROUTE(method, path, handler, open, summary) handle_##handler,
#include "master/rest/routes.def"
#undef TIDE_ROUTE
};

static void on_head(void *ctx, tide_httpd_request *request, tide_httpd_intake *intake);
static void on_request(void *ctx, tide_httpd_request *request);
static void *work(void *ctx);

static void start_threads(tide_rest *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 0; i < THREADS; i++) pthread_create(&self->threads[i], NULL, work, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_threads(tide_rest *self)
{
    pthread_mutex_lock(&self->lock);
    self->closes = true;
    pthread_cond_broadcast(&self->filled);
    pthread_mutex_unlock(&self->lock);
    for (uint32_t i = 0; i < THREADS; i++) pthread_join(self->threads[i], NULL);
}

tide_status tide_rest_new(const tide_rest_config *config, tide_rest **out)
{
    tide_rest *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    self->last = &self->first;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->filled, NULL);
    start_threads(self);
    const tide_httpd_config httpd = { .address = config->address,
                                      .port = config->port,
                                      .upload_folder = config->folder,
                                      .on_head = on_head,
                                      .on_request = on_request,
                                      .ctx = self };
    tide_status rv = tide_httpd_new(&httpd, &self->httpd);
    if (rv != TIDE_OK) {
        tide_rest_free(&self);
        return tide_because(rv, "REST");
    }
    self->counts.httpd = self->httpd;
    *out = self;
    return TIDE_OK;
}

void tide_rest_serve(tide_rest *self, tide_master_server *server)
{
    pthread_mutex_lock(&self->lock);
    self->config.server = server;
    pthread_mutex_unlock(&self->lock);
}

void tide_rest_free(tide_rest **self_p)
{
    tide_rest *self = *self_p;
    if (!self) return;
    stop_threads(self); /* Answers what waits; later requests are refused at once. */
    tide_httpd_free(&self->httpd);
    pthread_cond_destroy(&self->filled);
    pthread_mutex_destroy(&self->lock);
    tide_free(self);
    *self_p = NULL;
}

uint32_t tide_rest_port(const tide_rest *self)
{
    return tide_httpd_port(self->httpd);
}

/* ---- on the server's thread ---- */

static void refuse_token(tide_httpd_request *request)
{
    tide_bytes body = { 0 };
    tide_problem_json(401, tide_status_name(TIDE_E_REFUSED),
                      *request->authorization ? "the token is not the one of this cluster"
                                              : "this cluster asks for a token",
                      "send 'Authorization: Bearer TOKEN'; tidemill takes it from rest.token, "
                      "rest.token-file or $TIDEMILL_REST_TOKEN",
                      &body);
    const tide_httpd_header header = { "WWW-Authenticate", "Bearer" };
    tide_httpd_answer_request(&request, &(tide_httpd_answer){ .code = 401,
                                                              .content_type = TIDE_PROBLEM_TYPE,
                                                              .body = body.p,
                                                              .n = body.n,
                                                              .n_headers = 1,
                                                              .headers = &header });
    tide_bytes_fini(&body);
}

static void refuse(tide_httpd_request **request, tide_status status, uint32_t code,
                   const char *hint)
{
    tide_httpd_answer_problem(request, code, tide_status_name(status), tide_error_text(), hint);
}

static void on_head(void *ctx, tide_httpd_request *request, tide_httpd_intake *intake)
{
    tide_rest *self = ctx;
    atomic_fetch_add(&self->counts.requests, 1);
    tide_route_match match;
    tide_status rv = tide_route_find(request->method, &request->uri, &match);
    bool is_open = rv == TIDE_OK && match.route->is_open;
    if (self->config.token && !is_open && !tide_httpd_has_token(request, self->config.token)) {
        atomic_fetch_add(&self->counts.refused, 1);
        /* Repeats are folded by the log. */
        tide_log_warn("request without the token", tide_log_str("peer", request->peer));
        refuse_token(request);
    } else if (rv != TIDE_OK) {
        atomic_fetch_add(&self->counts.refused, 1);
        refuse(&request, rv, rv == TIDE_E_NOT_FOUND ? 404 : 405, "GET /openapi.json lists all");
    } else {
        intake->to_file = match.route->id == TIDE_ROUTE_upload;
    }
}

static void on_request(void *ctx, tide_httpd_request *request)
{
    tide_rest *self = ctx;
    waiting *item = tide_calloc(1, sizeof *item);
    item->request = request;
    tide_status found = tide_route_find(request->method, &request->uri, &item->match);
    pthread_mutex_lock(&self->lock);
    bool is_alive = found == TIDE_OK && item->match.route->id == TIDE_ROUTE_healthz;
    bool takes = !self->closes && (self->config.server || is_alive) && self->n_waiting < QUEUE_MAX;
    if (takes) {
        *self->last = item;
        self->last = &item->next;
        self->n_waiting++;
        pthread_cond_signal(&self->filled);
    }
    bool closes = self->closes, starts = !self->config.server;
    pthread_mutex_unlock(&self->lock);
    if (takes) return;
    tide_free(item);
    tide_status rv = tide_fail(TIDE_E_UNREACHABLE, closes   ? "this master is ending"
                                                   : starts ? "this master is starting"
                                                            : "too many requests wait");
    refuse(&request, rv, 503, "try again in a moment");
}

/* ---- on one of the threads ---- */

static void answer_failure(rest_call *call, tide_httpd_request **request, tide_status rv)
{
    if (call->location) {
        const tide_httpd_header header = { "Location", call->location };
        tide_httpd_answer_request(request, &(tide_httpd_answer){
                                               .code = 307, .n_headers = 1, .headers = &header });
        return;
    }
    uint32_t code = call->code >= 400 ? call->code : tide_problem_code(rv);
    refuse(request, rv, code, call->hint);
}

static void carry_out(tide_rest *self, const tide_rest_config *config, waiting *item)
{
    rest_call call = { .config = config,
                       .counts = &self->counts,
                       .request = item->request,
                       .match = item->match,
                       .arena = tide_arena_new() };
    tide_status rv = handlers[item->match.route->id](&call);
    if (rv != TIDE_OK)
        answer_failure(&call, &item->request, rv);
    else
        tide_httpd_answer_request(&item->request,
                                  &(tide_httpd_answer){ .code = call.code ? call.code : 200,
                                                        .content_type = call.content_type,
                                                        .body = call.body.p,
                                                        .n = call.body.n });
    tide_bytes_fini(&call.body);
    tide_arena_free(&call.arena);
    tide_free(item);
}

static waiting *take(tide_rest *self, tide_rest_config *config)
{
    pthread_mutex_lock(&self->lock);
    while (!self->first && !self->closes) pthread_cond_wait(&self->filled, &self->lock);
    waiting *item = self->first;
    if (item) {
        self->first = item->next;
        if (!self->first) self->last = &self->first;
        self->n_waiting--;
    }
    *config = self->config;
    pthread_mutex_unlock(&self->lock);
    return item;
}

static void *work(void *ctx)
{
    tide_rest_config config;
    waiting *item;
    while ((item = take(ctx, &config)) != NULL) carry_out(ctx, &config, item);
    return NULL;
}
