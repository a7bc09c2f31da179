#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "base/net/http.h"
#include "base/net/httpd.h"
#include "base/net/metrics.h"
#include "base/net/problem.h"

#define DEADLINE_MS 60000 /* Sanitizers on a busy machine. */

/* A server whose answers tell what it was asked. /later is answered by another thread, /file takes
 * its body to a file, /refused is refused by its head. */
typedef struct fixture {
    char folder[64];
    tide_httpd *server;
    tide_http *client;
    pthread_t answerer;
    pthread_mutex_t lock;
    pthread_cond_t filled;
    tide_httpd_request *waiting; /* Under the lock. */
    bool closes;
} fixture;

static void on_head(void *ctx, tide_httpd_request *request, tide_httpd_intake *intake)
{
    (void)ctx;
    const char *first = request->uri.n_segments ? request->uri.segments[0] : "";
    intake->to_file = strcmp(first, "file") == 0;
    if (strcmp(first, "refused") == 0)
        tide_httpd_answer_problem(&request, 401, "E_REFUSED", "no token", "send one");
}

static void echo(tide_httpd_request *request)
{
    tide_bytes body = { 0 };
    tide_bytes_printf(&body, "%s %s auth=%s type=%s body=%zu", request->method, request->target,
                      request->authorization, request->content_type, request->body_bytes);
    if (request->body) tide_bytes_printf(&body, " %.20s", request->body);
    if (request->body_file)
        tide_bytes_printf(&body, " file=%s hash=%016lx", request->body_file,
                          (unsigned long)request->body_xxh3);
    const tide_httpd_header headers[] = { { "Location", "/elsewhere" } };
    bool moves = strcmp(request->target, "/moved") == 0;
    tide_httpd_answer_request(&request, &(tide_httpd_answer){ .code = moves ? 307 : 200,
                                                              .content_type = "text/plain",
                                                              .body = body.p,
                                                              .n = body.n,
                                                              .n_headers = moves,
                                                              .headers = headers });
    tide_bytes_fini(&body);
}

static void on_request(void *ctx, tide_httpd_request *request)
{
    fixture *self = ctx;
    if (strncmp(request->target, "/later", 6) != 0) {
        echo(request);
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->waiting = request;
    pthread_cond_signal(&self->filled);
    pthread_mutex_unlock(&self->lock);
}

static void *answer_later(void *ctx)
{
    fixture *self = ctx;
    pthread_mutex_lock(&self->lock);
    while (!self->closes) {
        while (!self->waiting && !self->closes) pthread_cond_wait(&self->filled, &self->lock);
        if (self->waiting) echo(self->waiting);
        self->waiting = NULL;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

static int open_both(void **state)
{
    fixture *self = tide_calloc(1, sizeof *self);
    snprintf(self->folder, sizeof self->folder, "/tmp/tide_http_XXXXXX");
    if (!mkdtemp(self->folder)) return -1;
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->filled, NULL);
    const tide_httpd_config config = { .address = "127.0.0.1",
                                       .upload_folder = self->folder,
                                       .on_head = on_head,
                                       .on_request = on_request,
                                       .ctx = self };
    assert_int_equal(tide_httpd_new(&config, &self->server), TIDE_OK);
    assert_int_equal(tide_http_new(&self->client), TIDE_OK);
    pthread_create(&self->answerer, NULL, answer_later, self);
    *state = self;
    return 0;
}

static int close_both(void **state)
{
    fixture *self = *state;
    pthread_mutex_lock(&self->lock);
    self->closes = true;
    pthread_cond_signal(&self->filled);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->answerer, NULL);
    tide_http_free(&self->client);
    tide_httpd_free(&self->server);
    assert_int_equal(rmdir(self->folder), 0); /* Uploads are gone. */
    tide_free(self);
    return 0;
}

static tide_status call(fixture *self, const char *path, tide_http_call how, tide_http_reply *reply)
{
    char url[256];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", tide_httpd_port(self->server), path);
    how.url = url;
    how.connect_timeout_ms = how.timeout_ms = DEADLINE_MS;
    return tide_http_perform(self->client, &how, reply);
}

static void expect(fixture *self, const char *path, tide_http_call how, uint32_t code,
                   const char *text)
{
    tide_http_reply reply;
    if (call(self, path, how, &reply) != TIDE_OK) fail_msg("%s: %s", path, tide_error_text());
    assert_int_equal(reply.code, code);
    const char *body = tide_bytes_text(&reply.body);
    if (!strstr(body, text)) fail_msg("\"%s\" does not have \"%s\"", body, text);
    tide_http_reply_fini(&reply);
}

static void requests_arrive_whole(void **state)
{
    fixture *self = *state;
    expect(self, "/a?b=c", (tide_http_call){ 0 }, 200, "GET /a?b=c auth= type= body=0");
    expect(self, "/a", (tide_http_call){ .token = "t" }, 200, "auth=Bearer t ");
    expect(self, "/a",
           (tide_http_call){
               .method = "POST", .content_type = "application/json", .body = "{}", .n = 2 },
           200, "POST /a auth= type=application/json body=2 {}");
    expect(self, "/a", (tide_http_call){ .method = "PATCH" }, 200, "PATCH /a");
}

static void answers_may_come_later_from_another_thread(void **state)
{
    fixture *self = *state;
    for (int i = 0; i < 200; i++)
        expect(self, "/later", (tide_http_call){ .method = "POST", .body = "x", .n = 1 }, 200,
               "POST /later auth= type= body=1 x");
}

static void long_bodies_go_to_a_file_with_their_checksum(void **state)
{
    fixture *self = *state;
    char path[] = "/tmp/tide_upload_XXXXXX";
    int fd = mkstemp(path);
    static char block[1 << 20];
    for (int i = 0; i < 3; i++) assert_int_equal(write(fd, block, sizeof block), sizeof block);
    close(fd);
    expect(self, "/file", (tide_http_call){ .method = "POST", .body_file = path }, 200,
           "body=3145728 file=");
    unlink(path);
    expect(self, "/file", (tide_http_call){ .method = "POST", .body = "", .n = 0 }, 200,
           "hash=2d06800538d394c2"); /* XXH3-64 of nothing. */
    tide_http_reply reply;
    assert_int_equal(call(self, "/file", (tide_http_call){ .body_file = "/nonexistent" }, &reply),
                     TIDE_E_NOT_FOUND);
}

static void what_is_too_long_or_malformed_is_a_problem(void **state)
{
    fixture *self = *state;
    size_t n = TIDE_HTTPD_BODY_BYTES_MAX + 1;
    char *body = tide_calloc(1, n);
    expect(self, "/a", (tide_http_call){ .method = "POST", .body = body, .n = n }, 413,
           "longer than 64 MB");
    tide_free(body);
    expect(self, "/%zz", (tide_http_call){ 0 }, 400, "\"code\":\"E_INVALID\"");
    expect(self, "/refused", (tide_http_call){ .method = "POST", .body = "abc", .n = 3 }, 401,
           "\"hint\":\"send one\"");
}

static void redirects_are_told_not_followed(void **state)
{
    fixture *self = *state;
    tide_http_reply reply;
    assert_int_equal(call(self, "/moved", (tide_http_call){ 0 }, &reply), TIDE_OK);
    assert_int_equal(reply.code, 307);
    assert_non_null(strstr(reply.location, "/elsewhere"));
    tide_http_reply_fini(&reply);
}

static void put_more(void *ctx, tide_bytes *out)
{
    const tide_exposition_label label = { "name", ctx };
    tide_exposition_begin(out, "tidemill_tests", "gauge", "Tests");
    tide_exposition_put(out, "tidemill_tests", &label, 1, 3);
}

static void expect_metrics(fixture *self, const tide_metrics_server *server, const char *path,
                           const char *token, uint32_t code, const char *text)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", tide_metrics_server_port(server), path);
    const tide_http_call how = {
        .url = url, .token = token, .connect_timeout_ms = DEADLINE_MS, .timeout_ms = DEADLINE_MS
    };
    tide_http_reply reply;
    assert_int_equal(tide_http_perform(self->client, &how, &reply), TIDE_OK);
    assert_int_equal(reply.code, code);
    if (!strstr(tide_bytes_text(&reply.body), text)) fail_msg("no %s", text);
    tide_http_reply_fini(&reply);
}

/* What a process without REST serves. */
static void metrics_are_served_with_those_of_the_process(void **state)
{
    fixture *self = *state;
    tide_metrics_server *server = NULL;
    const tide_metrics_config config = {
        .address = "127.0.0.1", .token = "t0ken", .put = put_more, .ctx = "a\"b\\c\nd"
    };
    assert_int_equal(tide_metrics_server_new(&config, &server), TIDE_OK);
    expect_metrics(self, server, "/metrics", "t0ken", 200,
                   "# TYPE tidemill_tests gauge\ntidemill_tests{name=\"a\\\"b\\\\c\\nd\"} 3\n");
    expect_metrics(self, server, "/metrics", "t0ken", 200, "process_cpu_seconds_total ");
    expect_metrics(self, server, "/metrics", "t0kem", 401, "Bearer");
    expect_metrics(self, server, "/metrics", "t0ken2", 401, "Bearer");
    expect_metrics(self, server, "/metrics", NULL, 401, "Bearer");
    expect_metrics(self, server, "/healthz", NULL, 200, "ok");
    expect_metrics(self, server, "/jobs", "t0ken", 421, "the master has");
    tide_metrics_server_free(&server);
}

static void a_taken_port_is_said(void **state)
{
    fixture *self = *state;
    tide_httpd *second = NULL;
    tide_httpd_config config = { .address = "127.0.0.1",
                                 .port = tide_httpd_port(self->server),
                                 .on_request = on_request };
    assert_int_equal(tide_httpd_new(&config, &second), TIDE_E_EXISTS);
    assert_non_null(strstr(tide_error_text(), "taken by another process"));
    config.address = "192.0.2.1";
    assert_int_equal(tide_httpd_new(&config, &second), TIDE_E_NOT_FOUND);
}

/* A socket that is bound but does not listen refuses connections. */
static void nobody_there_is_unreachable(void **state)
{
    fixture *self = *state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(address.sin_port));
    tide_http_call how = { .url = url,
                           .connect_timeout_ms = DEADLINE_MS,
                           .timeout_ms = DEADLINE_MS };
    tide_http_reply reply;
    assert_int_equal(tide_http_perform(self->client, &how, &reply), TIDE_E_UNREACHABLE);
    how.url = "ftp://127.0.0.1/";
    assert_int_equal(tide_http_perform(self->client, &how, &reply), TIDE_E_UNREACHABLE);
    close(fd);
}

/* Listens and never answers. */
static void silence_is_a_time_out(void **state)
{
    fixture *self = *state;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(address.sin_port));
    tide_http_call how = { .url = url, .connect_timeout_ms = DEADLINE_MS, .timeout_ms = 50 };
    tide_http_reply reply;
    assert_int_equal(tide_http_perform(self->client, &how, &reply), TIDE_E_TIMEOUT);
    close(fd);
}

/* A client that breaks off in the middle costs nothing; close_both sees that no file stays. */
static void send_raw(const tide_httpd *server, const char *text)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)tide_httpd_port(server)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

#define GARBAGE "\x16\x03\x01 not http at all\r\n\r\n"

static void half_a_request_is_forgotten(void **state)
{
    fixture *self = *state;
    static const char *const texts[] = {
        "POST /file HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "GET /a HTTP/1.1\r\nHo",
        GARBAGE,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) send_raw(self->server, texts[i]);
    expect(self, "/a", (tide_http_call){ 0 }, 200, "GET /a");
}

/* The library answers garbage by itself, on the server's thread, while another one stops it. */
static void a_server_may_stop_while_it_refuses(void **state)
{
    fixture *self = *state;
    const tide_httpd_config config = { .address = "127.0.0.1",
                                       .upload_folder = self->folder,
                                       .on_head = on_head,
                                       .on_request = on_request,
                                       .ctx = self };
    for (int i = 0; i < 300; i++) {
        tide_httpd *server;
        assert_int_equal(tide_httpd_new(&config, &server), TIDE_OK);
        for (int k = 0; k < 4; k++) send_raw(server, GARBAGE);
        tide_httpd_free(&server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_arrive_whole),
        cmocka_unit_test(answers_may_come_later_from_another_thread),
        cmocka_unit_test(long_bodies_go_to_a_file_with_their_checksum),
        cmocka_unit_test(what_is_too_long_or_malformed_is_a_problem),
        cmocka_unit_test(redirects_are_told_not_followed),
        cmocka_unit_test(metrics_are_served_with_those_of_the_process),
        cmocka_unit_test(a_taken_port_is_said),
        cmocka_unit_test(nobody_there_is_unreachable),
        cmocka_unit_test(silence_is_a_time_out),
        cmocka_unit_test(half_a_request_is_forgotten),
        cmocka_unit_test(a_server_may_stop_while_it_refuses),
    };
    return cmocka_run_group_tests(tests, open_both, close_both);
}
