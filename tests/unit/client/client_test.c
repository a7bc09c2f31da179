#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "base/net/httpd.h"
#include "base/net/metrics.h"
#include "base/net/problem.h"
#include "jobapi/client/client.h"

/* Two servers that answer as told: `leader` knows jobs, `standby` points to it. */
typedef struct fixture {
    tide_httpd *leader, *standby;
    tide_client *client;
    char leader_url[64], standby_url[64], folder[32];
    /* Written by the test between calls, read by the servers during them. */
    _Atomic int n_asked, fails, n_until_running;
    char seen[512];
} fixture;

static void answer_text(tide_httpd_request *request, uint32_t code, const char *text)
{
    tide_httpd_answer_request(&request, &(tide_httpd_answer){ .code = code,
                                                              .content_type = "application/json",
                                                              .body = text,
                                                              .n = strlen(text) });
}

static const char *state_of(fixture *self, const char *job)
{
    if (strcmp(job, "fails") == 0)
        return "{\"state\":\"FAILED\",\"is-final\":true,\"failure\":\"division by zero\"}";
    if (strcmp(job, "ends") == 0) return "{\"state\":\"CANCELED\",\"is-final\":true}";
    if (strcmp(job, "waits") == 0)
        return "{\"state\":\"WAITING\",\"is-final\":false,\"waiting-for\":\"waits for 4 slots\"}";
    return self->n_until_running-- > 0 ? "{\"state\":\"DEPLOYING\",\"is-final\":false}"
                                       : "{\"state\":\"RUNNING\",\"is-final\":false}";
}

static void on_leader(void *ctx, tide_httpd_request *request)
{
    fixture *self = ctx;
    self->n_asked++;
    snprintf(self->seen, sizeof self->seen, "%s %s %s %s", request->method, request->target,
             request->authorization, request->body ? request->body : "");
    const tide_uri *uri = &request->uri;
    if (self->fails > 0) {
        self->fails--;
        tide_httpd_answer_problem(&request, 503, "E_UNREACHABLE", "taking over", NULL);
    } else if (uri->n_segments == 3 && strcmp(uri->segments[2], "status") == 0) {
        answer_text(request, 200, state_of(self, uri->segments[1]));
    } else if (uri->n_segments == 2 && strcmp(uri->segments[1], "missing") == 0) {
        tide_httpd_answer_problem(&request, 404, "E_NOT_FOUND", "no job missing", "list them");
    } else if (uri->n_segments == 1 && strcmp(uri->segments[0], "html") == 0) {
        answer_text(request, 500, "<html>");
    } else {
        answer_text(request, 200, "{}");
    }
}

static void on_standby(void *ctx, tide_httpd_request *request)
{
    fixture *self = ctx;
    char location[256];
    snprintf(location, sizeof location, "%s%s", self->leader_url, request->target);
    const tide_httpd_header header = { "Location", location };
    tide_httpd_answer_request(&request, &(tide_httpd_answer){
                                            .code = 307, .n_headers = 1, .headers = &header });
}

static void take_to_file(void *ctx, tide_httpd_request *request, tide_httpd_intake *intake)
{
    (void)ctx;
    intake->to_file = request->uri.n_segments && strcmp(request->uri.segments[0], "artifacts") == 0;
}

static tide_client *connect_to(const char *masters)
{
    tide_client *client = NULL;
    const tide_client_config config = {
        .masters = masters, .token = "t0ken", .clock = tide_clock_real(), .random_seed = 7
    };
    assert_int_equal(tide_client_new(&config, &client), TIDE_OK);
    return client;
}

static int open_all(void **state)
{
    fixture *self = tide_calloc(1, sizeof *self);
    strncpy(self->folder, "/tmp/tide_client_XXXXXX", sizeof self->folder - 1);
    if (!mkdtemp(self->folder)) return -1;
    tide_httpd_config config = { .address = "127.0.0.1",
                                 .upload_folder = self->folder,
                                 .on_head = take_to_file,
                                 .on_request = on_leader,
                                 .ctx = self };
    assert_int_equal(tide_httpd_new(&config, &self->leader), TIDE_OK);
    config.on_request = on_standby;
    assert_int_equal(tide_httpd_new(&config, &self->standby), TIDE_OK);
    snprintf(self->leader_url, sizeof self->leader_url, "http://127.0.0.1:%u",
             tide_httpd_port(self->leader));
    snprintf(self->standby_url, sizeof self->standby_url, "127.0.0.1:%u/",
             tide_httpd_port(self->standby));
    self->client = connect_to(self->leader_url);
    *state = self;
    return 0;
}

static int close_all(void **state)
{
    fixture *self = *state;
    tide_client_free(&self->client);
    tide_httpd_free(&self->standby);
    tide_httpd_free(&self->leader);
    assert_int_equal(rmdir(self->folder), 0);
    tide_free(self);
    return 0;
}

static void a_standby_points_to_the_leader(void **state)
{
    fixture *self = *state;
    tide_client *client = connect_to(self->standby_url);
    assert_int_equal(tide_client_cancel(client, "1f"), TIDE_OK);
    assert_string_equal(self->seen, "PATCH /jobs/1f?mode=cancel Bearer t0ken ");
    tide_client_free(&client);
}

/* Nothing listens at the first: the next is asked. */
static void the_next_master_is_tried(void **state)
{
    fixture *self = *state;
    char masters[128];
    snprintf(masters, sizeof masters, "http://127.0.0.1:1, %s", self->leader_url);
    tide_client *client = connect_to(masters);
    assert_int_equal(tide_client_stop(client, "1f"), TIDE_OK);
    assert_string_equal(self->seen, "POST /jobs/1f/stop Bearer t0ken ");
    tide_client_free(&client);
}

/* A worker has got the port of a master that is gone. */
static void what_is_no_master_is_passed_over(void **state)
{
    fixture *self = *state;
    tide_metrics_server *worker;
    char masters[128];
    const tide_metrics_config config = { .address = "127.0.0.1" };
    assert_int_equal(tide_metrics_server_new(&config, &worker), TIDE_OK);
    uint32_t port = tide_metrics_server_port(worker);
    snprintf(masters, sizeof masters, "http://127.0.0.1:%u, %s", port, self->leader_url);
    tide_client *client = connect_to(masters);
    assert_int_equal(tide_client_stop(client, "1f"), TIDE_OK);
    assert_string_equal(self->seen, "POST /jobs/1f/stop Bearer t0ken ");
    tide_client_free(&client);
    snprintf(masters, sizeof masters, "http://127.0.0.1:%u", port);
    client = connect_to(masters);
    tide_bytes out = { 0 };
    const tide_client_call call = { .path = "/jobs", .timeout_ms = 200 };
    assert_int_equal(tide_client_perform(client, &call, &out), TIDE_E_UNREACHABLE);
    assert_non_null(strstr(tide_error_text(), "no master can be reached"));
    assert_non_null(strstr(tide_error_text(), "this is no master"));
    tide_bytes_fini(&out);
    tide_client_free(&client);
    tide_metrics_server_free(&worker);
}

static void what_will_pass_is_tried_again(void **state)
{
    fixture *self = *state;
    self->fails = 2;
    self->n_asked = 0;
    assert_int_equal(tide_client_cancel(self->client, "1f"), TIDE_OK);
    assert_int_equal(self->n_asked, 3);
}

/* A master that is there and cannot answer yet is worth the whole time limit: nobody leads for as
 * long as it takes a standby to notice. Not so one that is not there. */
static void a_change_of_leader_is_waited_for(void **state)
{
    fixture *self = *state;
    self->fails = 25; /* Pauses grow to 100 ms: about two seconds. */
    self->n_asked = 0;
    assert_int_equal(tide_client_cancel(self->client, "1f"), TIDE_OK);
    assert_int_equal(self->n_asked, 26);
    self->fails = 1000;
    tide_bytes out = { 0 };
    const tide_client_call call = { .path = "/jobs", .timeout_ms = 300 };
    assert_int_equal(tide_client_perform(self->client, &call, &out), TIDE_E_UNREACHABLE);
    assert_string_equal(tide_error_text(), "taking over"); /* Not that nobody is there. */
    self->fails = 0;
    tide_bytes_fini(&out);
}

static void failures_are_the_masters_own(void **state)
{
    fixture *self = *state;
    assert_int_equal(tide_client_cancel(self->client, "missing"), TIDE_E_NOT_FOUND);
    assert_string_equal(tide_error_text(), "no job missing; list them");
    tide_bytes out = { 0 };
    assert_int_equal(tide_client_perform(self->client, &(tide_client_call){ .path = "/html" },
                                         &out),
                     TIDE_E_INTERNAL);
    assert_non_null(strstr(tide_error_text(), "is it a Tidemill master?"));
    tide_client *nobody = connect_to("http://127.0.0.1:1");
    const tide_client_call call = { .path = "/jobs", .timeout_ms = 200 };
    assert_int_equal(tide_client_perform(nobody, &call, &out), TIDE_E_UNREACHABLE);
    assert_non_null(strstr(tide_error_text(), "tidemill cluster start"));
    tide_client_free(&nobody);
    tide_bytes_fini(&out);
}

static void masters_that_do_not_read_are_refused(void **state)
{
    (void)state;
    static const char *const cases[] = { "", ",", "a,,b", "1,2,3,4,5,6,7,8,9" };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_client *client;
        const tide_client_config config = { .masters = cases[i], .clock = tide_clock_real() };
        assert_int_equal(tide_client_new(&config, &client), TIDE_E_INVALID);
    }
}

static void a_submission_carries_its_id(void **state)
{
    fixture *self = *state;
    char first[TIDE_CLIENT_ID_BYTES], second[TIDE_CLIENT_ID_BYTES], expect[64];
    const tide_job_spec spec = { .kind = "sql", .text = "SELECT 1", .parallelism = 1 };
    assert_int_equal(tide_client_submit(self->client, &spec, first), TIDE_OK);
    snprintf(expect, sizeof expect, "POST /jobs?job=%s ", first);
    assert_non_null(strstr(self->seen, expect));
    assert_non_null(strstr(self->seen, "\"text\":\"SELECT 1\""));
    assert_int_equal(tide_client_submit(self->client, &spec, second), TIDE_OK);
    assert_string_not_equal(first, second);
}

static void an_upload_is_named_by_its_checksum(void **state)
{
    fixture *self = *state;
    char path[] = "/tmp/tide_library_XXXXXX", artifact[TIDE_CLIENT_ID_BYTES];
    close(mkstemp(path));
    assert_int_equal(tide_client_upload(self->client, path, artifact), TIDE_OK);
    assert_string_equal(artifact, "2d06800538d394c2"); /* XXH3-64 of nothing. */
    assert_non_null(strstr(self->seen, "POST /artifacts?checksum=2d06800538d394c2 "));
    unlink(path);
    assert_int_equal(tide_client_upload(self->client, path, artifact), TIDE_E_NOT_FOUND);
}

static bool always(void)
{
    return true;
}

static void waits_end_as_documented(void **state)
{
    fixture *self = *state;
    static const struct {
        const char *job, *wanted;
        tide_status expect;
        const char *text;
    } cases[] = {
        { "runs", "RUNNING", TIDE_OK, NULL },
        { "ends", NULL, TIDE_OK, NULL },
        { "fails", "FAILED", TIDE_OK, NULL },
        { "fails", NULL, TIDE_E_USER_CODE, "division by zero" },
        { "fails", "RUNNING", TIDE_E_USER_CODE, "division by zero" },
        { "ends", "RUNNING", TIDE_E_REFUSED, "is CANCELED: it will not be RUNNING" },
        { "waits", "RUNNING", TIDE_E_TIMEOUT, "waits for 4 slots" },
        { "runs", "RUNING", TIDE_E_INVALID, "did you mean RUNNING?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_client_state out;
        self->n_until_running = 5;
        assert_int_equal(tide_client_wait(self->client, cases[i].job, cases[i].wanted, 300, NULL,
                                          &out),
                         cases[i].expect);
        if (cases[i].text && !strstr(tide_error_text(), cases[i].text))
            fail_msg("\"%s\" does not have \"%s\"", tide_error_text(), cases[i].text);
    }
    tide_client_state out;
    assert_int_equal(tide_client_wait(self->client, "waits", NULL, 60000, always, &out),
                     TIDE_E_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_standby_points_to_the_leader),
        cmocka_unit_test(the_next_master_is_tried),
        cmocka_unit_test(what_is_no_master_is_passed_over),
        cmocka_unit_test(what_will_pass_is_tried_again),
        cmocka_unit_test(a_change_of_leader_is_waited_for),
        cmocka_unit_test(failures_are_the_masters_own),
        cmocka_unit_test(masters_that_do_not_read_are_refused),
        cmocka_unit_test(a_submission_carries_its_id),
        cmocka_unit_test(an_upload_is_named_by_its_checksum),
        cmocka_unit_test(waits_end_as_documented),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
