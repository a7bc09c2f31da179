/* client.c - see client.h. */
#include "jobapi/client/client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/arena.h"
#include "base/core/random.h"
#include "base/net/http.h"
#include "base/net/problem.h"
#include "base/net/uri.h"

#define REDIRECTS_MAX 4u
#define HTTP_MISDIRECTED 421u
#define RETRY_MIN_MS 5 /* Between two rounds over the masters, doubled with each. */
#define RETRY_MAX_MS 100

struct tide_client {
    tide_arena *arena;
    tide_http *http;
    const char *masters[TIDE_CLIENT_MASTERS_MAX]; /* "http://host:port", no slash behind. */
    uint32_t n_masters, current;
    const char *token;
    tide_clock *clock;
    tide_random random;
};

static tide_status read_masters(tide_client *self, const char *text);

tide_status tide_client_new(const tide_client_config *config, tide_client **out)
{
    tide_client *self = tide_calloc(1, sizeof *self);
    self->arena = tide_arena_new();
    self->clock = config->clock;
    if (config->token) self->token = tide_arena_strdup(self->arena, config->token);
    tide_random_init(&self->random, config->random_seed, 0);
    tide_status rv = read_masters(self, config->masters);
    if (rv == TIDE_OK) rv = tide_http_new(&self->http);
    if (rv != TIDE_OK) {
        tide_client_free(&self);
        return rv;
    }
    *out = self;
    return TIDE_OK;
}

void tide_client_free(tide_client **self_p)
{
    tide_client *self = *self_p;
    if (!self) return;
    tide_http_free(&self->http);
    tide_arena_free(&self->arena);
    tide_free(self);
    *self_p = NULL;
}

tide_clock *tide_client_clock(const tide_client *self)
{
    return self->clock;
}

static tide_status read_masters(tide_client *self, const char *text)
{
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, ",");
        while (n && *at == ' ') at++, n--;
        size_t length = n;
        while (length && (at[length - 1] == '/' || at[length - 1] == ' ')) length--;
        if (length == 0 || self->n_masters == TIDE_CLIENT_MASTERS_MAX)
            return tide_fail(TIDE_E_INVALID,
                             "\"%.200s\" is no list of at most %u masters, as in "
                             "http://host1:8081,http://host2:8081",
                             text, TIDE_CLIENT_MASTERS_MAX);
        bool has_scheme = memmem(at, length, "://", 3) != NULL;
        self->masters[self->n_masters++] =
            tide_arena_printf(self->arena, "%s%.*s", has_scheme ? "" : "http://", (int)length, at);
        at += n + (at[n] == ',');
    }
    return self->n_masters ? TIDE_OK : tide_fail(TIDE_E_INVALID, "no master is given");
}

static int64_t now_ms(const tide_client *self)
{
    return tide_clock_now_ns(self->clock) / 1000000;
}

void tide_client_pause(int64_t ms)
{
    (void)poll(NULL, 0, (int)ms);
}

/* ---- one call ---- */

static void copy_text(const json_t *object, const char *key, char *out, size_t cap)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(out, cap, "%s", text ? text : "");
}

/* The failure that an answer tells of. */
static tide_status fail_reply(const char *url, const tide_http_reply *reply)
{
    tide_status rv = tide_problem_status(reply->code);
    json_t *body = json_loadb(reply->body.p ? reply->body.p : "", reply->body.n, 0, NULL);
    char code[32], detail[2048], hint[1024];
    copy_text(body, "code", code, sizeof code);
    copy_text(body, "detail", detail, sizeof detail);
    copy_text(body, "hint", hint, sizeof hint);
    json_decref(body);
    if (tide_problem_named(code) != TIDE_OK) rv = tide_problem_named(code);
    if (!*detail)
        return tide_fail(rv, "%s answers %u %s; is it a Tidemill master?", url, reply->code,
                         tide_problem_title(reply->code));
    return tide_fail(rv, "%s%s%s", detail, *hint ? "; " : "", hint);
}

/* Asks one master, and where it points to. *is_there: it answered, be it that it cannot now. A
 * worker that has got the port of a master that is gone answers as well: that none is there. */
static tide_status perform_at(tide_client *self, const char *master, const tide_client_call *call,
                              int64_t timeout_ms, tide_http_reply *reply, bool *is_there)
{
    tide_bytes url = { 0 };
    tide_bytes_printf(&url, "%s%s", master, call->path);
    tide_status rv = TIDE_OK;
    for (uint32_t i = 0; i <= REDIRECTS_MAX; i++) {
        const tide_http_call out = {
            .method = call->method,
            .url = tide_bytes_text(&url),
            .token = self->token,
            .content_type = call->content_type,
            .body = call->body,
            .n = call->n,
            .body_file = call->body_file,
            .connect_timeout_ms =
                timeout_ms < TIDE_CLIENT_CONNECT_MS ? timeout_ms : TIDE_CLIENT_CONNECT_MS,
            .timeout_ms = timeout_ms,
        };
        rv = tide_http_perform(self->http, &out, reply);
        *is_there = *is_there || (rv == TIDE_OK && reply->code != HTTP_MISDIRECTED);
        bool moves = rv == TIDE_OK && (reply->code == 307 || reply->code == 308) &&
                     reply->location[0] != '\0';
        if (!moves) break;
        url.n = 0;
        tide_bytes_puts(&url, reply->location);
        tide_http_reply_fini(reply);
        /* For a moment after one died: worth waiting for. */
        rv = tide_fail(TIDE_E_IO, "the masters point to each other");
    }
    if (rv == TIDE_OK && reply->code / 100 != 2) {
        rv = fail_reply(tide_bytes_text(&url), reply);
        tide_http_reply_fini(reply);
    }
    tide_bytes_fini(&url);
    return rv;
}

/* Worth trying again, here or elsewhere. */
static bool may_pass(tide_status rv)
{
    return rv == TIDE_E_UNREACHABLE || rv == TIDE_E_TIMEOUT || rv == TIDE_E_IO;
}

tide_status tide_client_perform(tide_client *self, const tide_client_call *call, tide_bytes *out)
{
    int64_t limit = call->timeout_ms ? call->timeout_ms : TIDE_CLIENT_CALL_MS;
    int64_t deadline = now_ms(self) + limit, left = limit;
    /* Nobody there at all is said sooner: on a laptop it mostly means that nothing was started. */
    int64_t patience = self->n_masters > 1 ? limit : limit < 1000 ? limit : 1000;
    int64_t pause = RETRY_MIN_MS;
    for (uint32_t tried = 1;; tried++) {
        tide_http_reply reply;
        bool is_there = false;
        tide_status rv =
            perform_at(self, self->masters[self->current], call, left, &reply, &is_there);
        if (rv == TIDE_OK) {
            tide_bytes_put(out, reply.body.p, reply.body.n);
            tide_http_reply_fini(&reply);
            return TIDE_OK;
        }
        if (!may_pass(rv)) return rv;
        self->current = (self->current + 1) % self->n_masters;
        left = deadline - now_ms(self);
        bool gives_up = rv == TIDE_E_UNREACHABLE && !is_there && limit - left >= patience;
        if (left <= pause || gives_up) {
            if (rv == TIDE_E_IO) rv = TIDE_E_UNREACHABLE;
            return rv == TIDE_E_UNREACHABLE && !is_there
                       ? tide_because(rv, "no master can be reached; 'tidemill cluster start' "
                                          "starts one here, --master names another")
                       : rv;
        }
        if (tried % self->n_masters == 0) {
            tide_client_pause(pause);
            pause = 2 * pause < RETRY_MAX_MS ? 2 * pause : RETRY_MAX_MS;
        }
        left = deadline - now_ms(self);
    }
}

/* ---- jobs ---- */

static tide_status checksum(const char *path, char artifact[TIDE_CLIENT_ID_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return tide_fail(errno == ENOENT ? TIDE_E_NOT_FOUND : TIDE_E_IO, "%s: %s", path,
                         strerror(errno));
    XXH3_state_t *state = XXH3_createState();
    XXH3_64bits_reset(state);
    char *block = tide_malloc(1u << 16);
    ssize_t n;
    while ((n = read(fd, block, 1u << 16)) > 0) XXH3_64bits_update(state, block, (size_t)n);
    snprintf(artifact, TIDE_CLIENT_ID_BYTES, "%016" PRIx64, XXH3_64bits_digest(state));
    XXH3_freeState(state);
    tide_free(block);
    close(fd);
    return n < 0 ? tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno)) : TIDE_OK;
}

tide_status tide_client_upload(tide_client *self, const char *path,
                               char artifact[TIDE_CLIENT_ID_BYTES])
{
    TIDE_TRY(checksum(path, artifact));
    tide_bytes ignored = { 0 }, target = { 0 };
    tide_bytes_printf(&target, "/artifacts?checksum=%s", artifact);
    const tide_client_call call = { .method = "POST",
                                    .path = tide_bytes_text(&target),
                                    .content_type = "application/octet-stream",
                                    .body_file = path,
                                    .timeout_ms = TIDE_CLIENT_UPLOAD_MS };
    tide_status rv = tide_client_perform(self, &call, &ignored);
    tide_bytes_fini(&ignored);
    tide_bytes_fini(&target);
    return rv == TIDE_OK ? rv : tide_because(rv, "uploading %s", path);
}

tide_status tide_client_submit(tide_client *self, const tide_job_spec *spec,
                               char job[TIDE_CLIENT_ID_BYTES])
{
    /* Chosen here, so that a submission whose answer was lost can be sent again. */
    snprintf(job, TIDE_CLIENT_ID_BYTES, "%016" PRIx64, tide_random_u64(&self->random) | 1);
    tide_bytes body = { 0 }, answer = { 0 }, path = { 0 };
    tide_proto_print(TIDE_RECORD_DESC(job_spec), spec, &body);
    tide_bytes_printf(&path, "/jobs?job=%s", job);
    const tide_client_call call = { .method = "POST",
                                    .path = tide_bytes_text(&path),
                                    .content_type = "application/json",
                                    .body = body.p,
                                    .n = body.n };
    tide_status rv = tide_client_perform(self, &call, &answer);
    tide_bytes_fini(&path);
    tide_bytes_fini(&body);
    tide_bytes_fini(&answer);
    return rv;
}

static tide_status perform_on(tide_client *self, const char *method, const char *job,
                              const char *behind, tide_bytes *out)
{
    tide_bytes path = { 0 };
    tide_bytes_puts(&path, "/jobs/");
    tide_uri_escape(job, &path);
    tide_bytes_puts(&path, behind);
    const tide_client_call call = { .method = method, .path = tide_bytes_text(&path) };
    tide_status rv = tide_client_perform(self, &call, out);
    tide_bytes_fini(&path);
    return rv;
}

tide_status tide_client_cancel(tide_client *self, const char *job)
{
    tide_bytes ignored = { 0 };
    tide_status rv = perform_on(self, "PATCH", job, "?mode=cancel", &ignored);
    tide_bytes_fini(&ignored);
    return rv;
}

tide_status tide_client_stop(tide_client *self, const char *job)
{
    tide_bytes ignored = { 0 };
    tide_status rv = perform_on(self, "POST", job, "/stop", &ignored);
    tide_bytes_fini(&ignored);
    return rv;
}

tide_status tide_client_job_state(tide_client *self, const char *job, tide_client_state *out)
{
    *out = (tide_client_state){ 0 };
    tide_bytes text = { 0 };
    tide_status rv = perform_on(self, "GET", job, "/status", &text);
    json_t *body = rv == TIDE_OK ? json_loadb(text.p, text.n, 0, NULL) : NULL;
    if (rv == TIDE_OK && !body) rv = tide_fail(TIDE_E_PROTO, "the master's answer is not JSON");
    if (rv == TIDE_OK) {
        copy_text(body, "state", out->state, sizeof out->state);
        copy_text(body, "waiting-for", out->why_waiting, sizeof out->why_waiting);
        copy_text(body, "failure", out->failure, sizeof out->failure);
        out->is_final = json_is_true(json_object_get(body, "is-final"));
    }
    json_decref(body);
    tide_bytes_fini(&text);
    return rv;
}
