/* metrics.c - see metrics.h. */
#include "base/net/metrics.h"

#include "base/net/httpd.h"

struct tide_metrics_server {
    tide_metrics_config config;
    char *token;
    tide_httpd *httpd;
};

static void answer(tide_httpd_request *request, const char *type, tide_bytes *body)
{
    tide_httpd_answer_request(&request, &(tide_httpd_answer){
                                            .code = 200,
                                            .content_type = type,
                                            .body = body->p,
                                            .n = body->n,
                                        });
    tide_bytes_fini(body);
}

static void on_request(void *ctx, tide_httpd_request *request)
{
    tide_metrics_server *self = ctx;
    const char *path = request->uri.n_segments == 1 ? request->uri.segments[0] : "";
    tide_bytes body = { 0 };
    if (strcmp(request->method, "GET") == 0 && strcmp(path, "healthz") == 0) {
        tide_bytes_puts(&body, "{\"status\":\"ok\"}\n");
        answer(request, "application/json", &body);
    } else if (strcmp(request->method, "GET") != 0 || strcmp(path, "metrics") != 0) {
        tide_httpd_answer_problem(&request, 421, "E_UNREACHABLE",
                                  "this is no master: there are /metrics and /healthz",
                                  "the master has everything else");
    } else if (self->token && !tide_httpd_has_token(request, self->token)) {
        tide_httpd_answer_problem(&request, 401, "E_REFUSED", "the token is not the cluster's",
                                  "send 'Authorization: Bearer TOKEN'");
    } else {
        if (self->config.put) self->config.put(self->config.ctx, &body);
        tide_exposition_process(&body);
        answer(request, TIDE_EXPOSITION_TYPE, &body);
    }
}

tide_status tide_metrics_server_new(const tide_metrics_config *config, tide_metrics_server **out)
{
    tide_metrics_server *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    if (config->token) self->token = tide_strdup(config->token);
    const tide_httpd_config httpd = {
        .address = config->address, .port = config->port, .on_request = on_request, .ctx = self
    };
    tide_status rv = tide_httpd_new(&httpd, &self->httpd);
    if (rv != TIDE_OK) {
        tide_metrics_server_free(&self);
        return rv;
    }
    *out = self;
    return TIDE_OK;
}

void tide_metrics_server_free(tide_metrics_server **self_p)
{
    tide_metrics_server *self = *self_p;
    if (!self) return;
    tide_httpd_free(&self->httpd);
    tide_free(self->token);
    tide_free(self);
    *self_p = NULL;
}

uint32_t tide_metrics_server_port(const tide_metrics_server *self)
{
    return tide_httpd_port(self->httpd);
}
