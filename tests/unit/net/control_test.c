/* control_test.c - control endpoints over loopback: frames both ways, closes told in time and once,
 * bad frames survived.
 *
 * Both ends live in the test's thread and are pumped in turn, with a deadline. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include "base/core/clock.h"
#include "base/core/log.h"
#include "base/core/mem.h"
#include "base/net/control.h"

#define DEADLINE_NS INT64_C(10000000000)
#define LIMIT 1000u

static int64_t now_ns(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

static tide_control *make(const char *name)
{
    return tide_control_new(&(tide_control_config){ .name = name, .frame_bytes_max = LIMIT });
}

static tide_control *make_server(void)
{
    tide_control *server = make("server");
    assert_int_equal(tide_control_bind(server, "tcp://127.0.0.1:0"), TIDE_OK);
    return server;
}

/* Where another one was: its descriptor is closed a moment after it was freed. */
static tide_control *make_server_at(const char *endpoint)
{
    tide_control *server = make("server");
    int64_t until = now_ns() + DEADLINE_NS;
    while (tide_control_bind(server, endpoint) != TIDE_OK) {
        assert_true(now_ns() < until);
        tide_control_wait(server, NULL, 0, 1);
    }
    return server;
}

static tide_control *make_client(const tide_control *server, uint64_t *peer)
{
    tide_control *client = make("client");
    assert_int_equal(tide_control_connect(client, tide_control_endpoint(server), peer), TIDE_OK);
    return client;
}

/* The next event of `who`; fails when none comes in time. */
static tide_control_event expect(tide_control *who, tide_control_event_kind kind)
{
    tide_control_event e;
    int64_t until = now_ns() + DEADLINE_NS;
    while (!tide_control_next(who, &e)) {
        assert_true(now_ns() < until);
        tide_control_wait(who, NULL, 0, 100);
    }
    assert_int_equal(e.kind, kind);
    return e;
}

static void expect_frame(tide_control *who, const char *text, uint64_t *peer)
{
    tide_control_event e = expect(who, TIDE_CONTROL_FRAME);
    assert_int_equal(e.n, strlen(text));
    assert_memory_equal(e.bytes, text, e.n);
    *peer = e.peer;
}

static void send_text(tide_control *from, uint64_t peer, const char *text)
{
    assert_true(tide_control_send(from, peer, text, strlen(text)));
}

static void frames_go_both_ways(void **state)
{
    (void)state;
    tide_control *server = make_server();
    uint64_t up, seen;
    tide_control *client = make_client(server, &up);
    assert_int_equal(expect(client, TIDE_CONTROL_CONNECTED).peer, up);
    send_text(client, up, "hello");
    expect_frame(server, "hello", &seen);
    send_text(server, seen, "welcome");
    uint64_t from;
    expect_frame(client, "welcome", &from);
    assert_int_equal(from, up);
    tide_control_free(&client);
    tide_control_free(&server);
}

/* Nothing is queued for who is not there, or it would arrive when it is no longer meant. */
static void nothing_is_kept_for_an_absent_peer(void **state)
{
    (void)state;
    char folder[] = "/tmp/tide-control-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = tide_asprintf("%s/socket", folder), *endpoint = tide_asprintf("ipc://%s", path);
    tide_control *client = make("client"), *server = make("server");
    uint64_t up, seen;
    assert_int_equal(tide_control_connect(client, endpoint, &up), TIDE_OK);
    assert_false(tide_control_send(client, up, "old", 3));
    assert_false(tide_control_send(client, up + 1, "nobody", 6));
    assert_int_equal(tide_control_counters_of(client).frames_unsent, 2);
    assert_int_equal(tide_control_bind(server, endpoint), TIDE_OK);
    expect(client, TIDE_CONTROL_CONNECTED);
    send_text(client, up, "new");
    expect_frame(server, "new", &seen);
    tide_control_free(&client);
    tide_control_free(&server);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    tide_free(path);
    tide_free(endpoint);
}

/* Told within 200 ms, behind what was sent before; the number does not come again. */
static void a_close_is_told_after_the_last_frame(void **state)
{
    (void)state;
    tide_control *server = make_server();
    uint64_t up, seen;
    tide_control *client = make_client(server, &up);
    expect(client, TIDE_CONTROL_CONNECTED);
    send_text(client, up, "a");
    expect_frame(server, "a", &seen);
    send_text(client, up, "bye");
    tide_control_free(&client);
    int64_t closed_ns = now_ns();
    uint64_t from;
    expect_frame(server, "bye", &from);
    assert_int_equal(from, seen);
    assert_int_equal(expect(server, TIDE_CONTROL_CLOSED).peer, seen);
    assert_true(now_ns() - closed_ns < 200000000);
    assert_false(tide_control_send(server, seen, "x", 1));
    client = make_client(server, &up);
    expect(client, TIDE_CONTROL_CONNECTED);
    send_text(client, up, "b");
    expect_frame(server, "b", &from);
    assert_int_not_equal(from, seen);
    tide_control_free(&client);
    tide_control_free(&server);
}

/* The old one may take connections for a moment after it was freed, so the client may be told of
 * several before the new one hears it. */
static void a_lost_server_is_told_and_found_again(void **state)
{
    (void)state;
    tide_control *server = make_server();
    char *endpoint = tide_strdup(tide_control_endpoint(server));
    uint64_t up;
    tide_control *client = make_client(server, &up);
    expect(client, TIDE_CONTROL_CONNECTED);
    tide_control_free(&server);
    assert_int_equal(expect(client, TIDE_CONTROL_CLOSED).peer, up);
    server = make_server_at(endpoint);
    tide_control_event e;
    int64_t until = now_ns() + DEADLINE_NS;
    while (!tide_control_next(server, &e)) {
        assert_true(now_ns() < until);
        if (tide_control_next(client, &e) && e.kind == TIDE_CONTROL_CONNECTED)
            tide_control_send(client, up, "hello", 5);
        tide_control_wait(client, NULL, 0, 10);
    }
    assert_int_equal(e.kind, TIDE_CONTROL_FRAME);
    tide_free(endpoint);
    tide_control_free(&client);
    tide_control_free(&server);
}

/* Connections come and go on the same descriptors, several between two looks of the server: each
 * one's end is told once. */
static void every_end_is_told_once_though_descriptors_repeat(void **state)
{
    (void)state;
    enum { ROUNDS = 30, AT_ONCE = 3 };
    tide_control *server = make_server();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < AT_ONCE; i++) {
            uint64_t up;
            tide_control *client = make_client(server, &up);
            expect(client, TIDE_CONTROL_CONNECTED);
            send_text(client, up, "hello");
            tide_control_free(&client);
        }
        uint64_t first = 0;
        int frames = 0, closes = 0;
        int64_t until = now_ns() + DEADLINE_NS;
        while (frames < AT_ONCE || closes < AT_ONCE) {
            tide_control_event e;
            assert_true(now_ns() < until);
            if (!tide_control_next(server, &e)) {
                tide_control_wait(server, NULL, 0, 100);
                continue;
            }
            assert_true(e.peer > first || e.kind == TIDE_CONTROL_CLOSED);
            *(e.kind == TIDE_CONTROL_FRAME ? &frames : &closes) += 1;
        }
        assert_int_equal(frames, closes);
        tide_control_event none;
        assert_false(tide_control_next(server, &none));
    }
    tide_control_free(&server);
}

static void log_nowhere(void *ctx, const char *line, size_t n)
{
    (void)n;
    if (strstr(line, "control frame dropped")) *(int *)ctx += 1;
}

/* Two parts are dropped, counted, and logged once; the next whole frame is delivered. */
static void a_frame_of_two_parts_is_dropped(void **state)
{
    (void)state;
    int lines = 0;
    tide_log *log = tide_log_new(
        &(tide_log_config){ .level = TIDE_LOG_WARN, .write = log_nowhere, .ctx = &lines });
    tide_log_install(log);
    tide_control *server = make_server();
    void *context = zmq_ctx_new(), *raw = zmq_socket(context, ZMQ_DEALER);
    assert_int_equal(zmq_connect(raw, tide_control_endpoint(server)), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zmq_send(raw, "two", 3, ZMQ_SNDMORE), 3);
        assert_int_equal(zmq_send(raw, "parts", 5, 0), 5);
    }
    assert_int_equal(zmq_send(raw, "one", 3, 0), 3);
    uint64_t seen;
    expect_frame(server, "one", &seen);
    assert_int_equal(tide_control_counters_of(server).frames_dropped, 2);
    assert_int_equal(lines, 1);
    zmq_close(raw);
    zmq_ctx_term(context);
    tide_control_free(&server);
    tide_log_install(NULL);
    tide_log_free(&log);
}

/* It costs the sender its connection, and nobody else anything. */
static void a_frame_beyond_the_limit_is_never_read(void **state)
{
    (void)state;
    tide_control *server = make_server();
    uint64_t up, other_up, seen;
    tide_control *client = make_client(server, &up), *other = make_client(server, &other_up);
    expect(client, TIDE_CONTROL_CONNECTED);
    expect(other, TIDE_CONTROL_CONNECTED);
    send_text(client, up, "a");
    expect_frame(server, "a", &seen);
    static const char big[LIMIT + 1];
    assert_true(tide_control_send(client, up, big, sizeof big));
    assert_int_equal(expect(server, TIDE_CONTROL_CLOSED).peer, seen);
    assert_true(tide_control_send(other, other_up, big, LIMIT));
    assert_int_equal(expect(server, TIDE_CONTROL_FRAME).n, LIMIT);
    tide_control_free(&client);
    tide_control_free(&other);
    tide_control_free(&server);
}

static void a_wait_ends_for_other_descriptors_too(void **state)
{
    (void)state;
    tide_control *server = make_server();
    int fd = eventfd(1, EFD_CLOEXEC);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int64_t began_ns = now_ns();
    tide_control_wait(server, &p, 1, 10000);
    assert_int_equal(p.revents, POLLIN);
    assert_true(now_ns() - began_ns < DEADLINE_NS / 2);
    close(fd);
    tide_control_free(&server);
}

static void endpoints_that_do_not_read_are_refused(void **state)
{
    (void)state;
    tide_control *control = make("nobody");
    uint64_t peer;
    assert_int_equal(tide_control_connect(control, "tcp//nowhere", &peer), TIDE_E_OPTION);
    assert_int_equal(tide_control_bind(control, "tcp://192.0.2.1:6123"), TIDE_E_IO);
    assert_string_equal(tide_control_endpoint(control), "");
    tide_control_free(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_go_both_ways),
        cmocka_unit_test(nothing_is_kept_for_an_absent_peer),
        cmocka_unit_test(a_close_is_told_after_the_last_frame),
        cmocka_unit_test(a_lost_server_is_told_and_found_again),
        cmocka_unit_test(every_end_is_told_once_though_descriptors_repeat),
        cmocka_unit_test(a_frame_of_two_parts_is_dropped),
        cmocka_unit_test(a_frame_beyond_the_limit_is_never_read),
        cmocka_unit_test(a_wait_ends_for_other_descriptors_too),
        cmocka_unit_test(endpoints_that_do_not_read_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
