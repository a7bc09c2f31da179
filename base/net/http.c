/* http.c - see http.h. */
#include "base/net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/net/http_abi.h"
#include "base/net/plugin.h"

struct tide_http {
    const tide_http_abi *abi;
    void *client;
};

tide_status tide_http_new(tide_http **out)
{
    const void *abi_v;
    TIDE_TRY(
        tide_plugin_load(TIDE_HTTP_ABI_FILE, TIDE_HTTP_ABI_SYMBOL, TIDE_HTTP_ABI_VERSION, &abi_v));
    const tide_http_abi *abi = abi_v;
    void *client = abi->open();
    if (!client) return tide_fail(TIDE_E_INTERNAL, "the HTTP client cannot start");
    *out = tide_calloc(1, sizeof **out);
    **out = (tide_http){ abi, client };
    return TIDE_OK;
}

void tide_http_free(tide_http **self_p)
{
    tide_http *self = *self_p;
    if (!self) return;
    self->abi->close(self->client);
    tide_free(self);
    *self_p = NULL;
}

void tide_http_reply_fini(tide_http_reply *self)
{
    tide_bytes_fini(&self->body);
}

static int take_body(void *ctx, const char *bytes, size_t n)
{
    tide_http_reply *reply = ctx;
    if (reply->body.n + n > TIDE_HTTP_ANSWER_BYTES_MAX) return 1;
    tide_bytes_put(&reply->body, bytes, n);
    return 0;
}

static tide_status open_body(const char *path, tide_http_abi_call *call)
{
    struct stat about;
    call->body_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (call->body_fd < 0 || fstat(call->body_fd, &about) != 0)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    call->n = (size_t)about.st_size;
    return TIDE_OK;
}

static tide_status fail_call(const char *url, const tide_http_abi_outcome *outcome)
{
    switch (outcome->end) {
    case TIDE_HTTP_ABI_UNREACHABLE:
        return tide_fail(TIDE_E_UNREACHABLE, "%s: %s", url, outcome->why);
    case TIDE_HTTP_ABI_TIMEOUT:
        return tide_fail(TIDE_E_TIMEOUT, "%s does not answer in time: %s", url, outcome->why);
    case TIDE_HTTP_ABI_ENOUGH:
        return tide_fail(TIDE_E_LIMIT, "%s: the answer is longer than %zu MB", url,
                         TIDE_HTTP_ANSWER_BYTES_MAX >> 20);
    case TIDE_HTTP_ABI_BROKEN:
    case TIDE_HTTP_ABI_ANSWERED: break;
    }
    return tide_fail(TIDE_E_IO, "%s: %s", url, outcome->why);
}

tide_status tide_http_perform(tide_http *self, const tide_http_call *call, tide_http_reply *reply)
{
    *reply = (tide_http_reply){ 0 };
    const char *headers[4];
    uint32_t n_headers = 0;
    tide_bytes token = { 0 }, type = { 0 };
    if (call->token) {
        tide_bytes_printf(&token, "Authorization: Bearer %s", call->token);
        headers[n_headers++] = tide_bytes_text(&token);
    }
    /* An empty one takes libcurl's own away. */
    tide_bytes_printf(&type, "Content-Type:%s%s", call->content_type ? " " : "",
                      call->content_type ? call->content_type : "");
    headers[n_headers++] = tide_bytes_text(&type);
    tide_http_abi_call out = { .method = call->method ? call->method : "GET",
                               .url = call->url,
                               .headers = headers,
                               .n_headers = n_headers,
                               .body = call->body_file ? NULL : call->body,
                               .n = call->n,
                               .body_fd = -1,
                               .connect_timeout_ms = call->connect_timeout_ms,
                               .timeout_ms = call->timeout_ms,
                               .on_body = take_body,
                               .ctx = reply };
    tide_http_abi_outcome outcome = { 0 };
    tide_status rv = call->body_file ? open_body(call->body_file, &out) : TIDE_OK;
    if (rv == TIDE_OK) {
        self->abi->perform(self->client, &out, &outcome);
        if (outcome.end != TIDE_HTTP_ABI_ANSWERED) rv = fail_call(call->url, &outcome);
    }
    if (out.body_fd >= 0) close(out.body_fd);
    tide_bytes_fini(&token);
    tide_bytes_fini(&type);
    if (rv != TIDE_OK) {
        tide_http_reply_fini(reply);
        return rv;
    }
    reply->code = outcome.code;
    memcpy(reply->content_type, outcome.content_type, sizeof reply->content_type);
    memcpy(reply->location, outcome.location, sizeof reply->location);
    return TIDE_OK;
}
