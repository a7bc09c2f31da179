/* hostile_test.c - a network thread and a socket that says what it likes: old attempts, other
 * versions, gaps, and bytes that are no messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "tests/integ/exchange/netkit.h"
#include "worker/exchange/link_priv.h"

#define NOWHERE "tcp://127.0.0.1:1"

typedef struct world {
    tide_pool *pool;
    tide_waker *waker;
    end b;                          /* Runner 1, with one channel from runner 0, which is us. */
    void *context, *dealer, *other; /* Connections to it. */
    tide_channel out;
    tide_link_sender *sender; /* What runner 0 would say. */
} world;

static tide_link_sender *sender_of(world *w, uint64_t attempt)
{
    const tide_link_config config = {
        .job = END_JOB, .attempt = attempt, .plan_hash = 5, .self = 0, .peer = 1, .pool = w->pool
    };
    tide_link_sender *sender = tide_link_sender_new(&config);
    tide_link_sender_add(sender, (tide_channel_id){ 0, 0, 0 }, &w->out, tide_rowkit_schema());
    return sender;
}

static void *connected(world *w)
{
    void *dealer = zmq_socket(w->context, ZMQ_DEALER);
    const int linger = 0, timeout_ms = 10000;
    tide_assert(zmq_setsockopt(dealer, ZMQ_LINGER, &linger, sizeof linger) == 0);
    tide_assert(zmq_setsockopt(dealer, ZMQ_RCVTIMEO, &timeout_ms, sizeof timeout_ms) == 0);
    tide_assert(zmq_connect(dealer, tide_net_tcp(w->b.net)) == 0);
    return dealer;
}

static int setup(void **state)
{
    static world w;
    w = (world){ .pool = tide_pool_new(0), .waker = tide_waker_new() };
    const end_config config = { .runner = 1, .attempt = 3, .plan_hash = 5 };
    end_open(&w.b, &config, w.waker);
    end_in(&w.b, 0, 0);
    const tide_net_peer peer = { .runner = 0, .tcp = NOWHERE };
    end_start(&w.b, &peer, 1);
    w.context = zmq_ctx_new();
    w.dealer = connected(&w);
    w.other = connected(&w);
    tide_channel_init(&w.out, NULL, NULL);
    w.sender = sender_of(&w, 3);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    zmq_close(w->dealer);
    zmq_close(w->other);
    zmq_ctx_term(w->context);
    end_close(&w->b);
    tide_link_sender_free(&w->sender);
    tide_channel_fini(&w->out);
    assert_int_equal(tide_pool_bytes(w->pool), 0);
    tide_pool_free(&w->pool);
    tide_waker_free(&w->waker);
    return 0;
}

/* more: ZMQ_SNDMORE when another message follows in the same transfer. */
static void say_part(void *dealer, const tide_link_message *m, int more)
{
    int body = m->buf ? ZMQ_SNDMORE : 0;
    assert_int_equal(zmq_send(dealer, m->header, m->header_bytes, body | more), m->header_bytes);
    if (m->buf) assert_int_equal(zmq_send(dealer, m->body, m->body_bytes, more), m->body_bytes);
}

static void say(void *dealer, const tide_link_message *m)
{
    say_part(dealer, m, 0);
}

/* The next message that the sender would send. */
static tide_link_message next_of(tide_link_sender *sender)
{
    tide_link_message m;
    bool is_one;
    assert_int_equal(tide_link_sender_next(sender, &m, &is_one), TIDE_OK);
    assert_true(is_one);
    return m;
}

static void say_next(world *w)
{
    tide_link_message m = next_of(w->sender);
    say(w->dealer, &m);
    tide_buf_unref(&m.buf);
}

/* Gives the sender what the receiver answers. Returns the answer's kind. */
static int hear(world *w)
{
    uint8_t header[64], body[4096];
    int more = 0, n = 0;
    size_t size = sizeof more;
    assert_int_equal(zmq_recv(w->dealer, header, sizeof header, 0), TIDE_LINK_HEADER_BYTES);
    assert_int_equal(zmq_getsockopt(w->dealer, ZMQ_RCVMORE, &more, &size), 0);
    if (more) n = zmq_recv(w->dealer, body, sizeof body, 0);
    (void)tide_link_sender_take(w->sender, header, TIDE_LINK_HEADER_BYTES, body, (size_t)n);
    return header[3];
}

static void push_rows(world *w, uint64_t seed)
{
    tide_batch *batch = tide_rowkit_batch(w->pool, seed, 10, 0, false);
    tide_channel_push(&w->out, &batch);
}

/* The link works: rows that are sent now arrive. */
static void assert_alive(world *w, uint64_t seed)
{
    push_rows(w, seed);
    say_next(w);
    tide_elem e;
    assert_true(end_pop(&w->b, 0, &e));
    tide_batch *expected = tide_rowkit_batch(w->pool, seed, 10, 0, false);
    assert_true(tide_rowkit_equal(e.batch, expected));
    tide_batch_unref(&expected);
    tide_batch_unref(&e.batch);
}

static void greet(world *w)
{
    say_next(w);
    assert_int_equal(hear(w), LINK_WELCOME);
}

static void an_old_attempt_is_dropped(void **state)
{
    world *w = *state;
    tide_link_sender *old = sender_of(w, 2);
    tide_link_message hello = next_of(old);
    say(w->dealer, &hello);
    greet(w);
    say(w->dealer, &hello);
    assert_alive(w, 1);
    assert_int_equal(tide_net_counters_of(w->b.net)->dropped_stale, 2);
    tide_buf_unref(&hello.buf);
    tide_link_sender_free(&old);
}

static void a_replay_is_dropped(void **state)
{
    world *w = *state;
    tide_link_message hello = next_of(w->sender);
    say(w->dealer, &hello);
    assert_int_equal(hear(w), LINK_WELCOME);
    push_rows(w, 1);
    tide_link_message rows = next_of(w->sender);
    for (uint32_t i = 0; i < 3; i++) {
        say(w->dealer, &hello);
        say(w->dealer, &rows);
    }
    say(w->other, &hello); /* And from another connection. */
    tide_elem e;
    assert_true(end_pop(&w->b, 0, &e));
    tide_batch_unref(&e.batch);
    assert_alive(w, 2);
    assert_true(tide_net_counters_of(w->b.net)->dropped_duplicate >= 5);
    assert_int_equal(w->b.news.failed, 0);
    tide_buf_unref(&hello.buf);
    tide_buf_unref(&rows.buf);
}

static void another_version_is_refused_with_both_named(void **state)
{
    world *w = *state;
    tide_link_message hello = next_of(w->sender);
    hello.header[2] = 9;
    say(w->dealer, &hello);
    assert_int_equal(hear(w), LINK_REFUSED);
    assert_non_null(strstr(tide_error_text(), "speaks version 9"));
    assert_non_null(strstr(tide_error_text(), "runner 1 version 2"));
    assert_int_equal(w->b.news.failed, 0); /* Whoever it was: our attempt goes on. */
    tide_buf_unref(&hello.buf);
}

/* Several messages in one transfer are taken in order; what has failed takes no more of it. */
static void a_transfer_is_taken_message_by_message(void **state)
{
    world *w = *state;
    greet(w);
    tide_link_message m[4];
    for (uint32_t i = 0; i < 4; i++) {
        push_rows(w, i);
        m[i] = next_of(w->sender);
    }
    say_part(w->dealer, &m[0], ZMQ_SNDMORE);
    say_part(w->dealer, &m[0], ZMQ_SNDMORE); /* A duplicate. */
    say_part(w->dealer, &m[1], 0);
    tide_elem e;
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(end_pop(&w->b, 0, &e));
        tide_batch_unref(&e.batch);
    }
    assert_int_equal(w->b.news.failed, 0);
    say_part(w->dealer, &m[3], ZMQ_SNDMORE); /* A gap. */
    say_part(w->dealer, &m[2], 0);
    assert_true(end_await(w->waker, &w->b.news.failed));
    assert_non_null(strstr(w->b.news.error.text, "did not arrive"));
    assert_int_equal(tide_net_counters_of(w->b.net)->dropped_duplicate, 1);
    for (uint32_t i = 0; i < 4; i++) tide_buf_unref(&m[i].buf);
}

static void a_gap_fails_the_attempt(void **state)
{
    world *w = *state;
    greet(w);
    push_rows(w, 1);
    tide_link_message lost = next_of(w->sender);
    push_rows(w, 2);
    say_next(w);
    assert_true(end_await(w->waker, &w->b.news.failed));
    assert_int_equal(w->b.news.error.code, TIDE_E_PROTO);
    assert_non_null(strstr(w->b.news.error.text, "did not arrive"));
    tide_buf_unref(&lost.buf);
}

static void damaged_rows_fail_the_attempt(void **state)
{
    world *w = *state;
    greet(w);
    push_rows(w, 1);
    tide_link_message m = next_of(w->sender);
    memset(m.body + 64, 0xee, 64); /* The block's header. */
    say(w->dealer, &m);
    assert_true(end_await(w->waker, &w->b.news.failed));
    assert_int_equal(w->b.news.error.code, TIDE_E_CORRUPT);
    tide_buf_unref(&m.buf);
}

/* Before and after the HELLO, on our connection and on others: it is counted, nothing else. */
static void what_is_no_message_is_dropped(void **state)
{
    world *w = *state;
    char noise[200];
    memset(noise, 'x', sizeof noise);
    void *dealers[] = { w->dealer, w->other };
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 2; i++) {
            zmq_send(dealers[i], "", 0, 0);
            zmq_send(dealers[i], "TM", 2, 0);
            zmq_send(dealers[i], noise, sizeof noise, 0);
            for (uint32_t part = 0; part < 5; part++)
                zmq_send(dealers[i], noise, sizeof noise, part < 4 ? ZMQ_SNDMORE : 0);
        }
        if (round == 0) greet(w);
        assert_alive(w, round);
    }
    assert_true(tide_net_counters_of(w->b.net)->dropped_malformed >= 8);
    assert_int_equal(w->b.news.failed, 0);
}

/* A frame that says it is longer than any may be costs its sender the connection, unread. */
static void an_oversized_frame_is_not_read(void **state)
{
    world *w = *state;
    size_t n = TIDE_LINK_BODY_BYTES_MAX + 1ul;
    char *much = tide_malloc(n);
    memset(much, 0, n);
    zmq_send(w->other, much, n, 0);
    greet(w);
    assert_alive(w, 1);
    assert_int_equal(tide_net_counters_of(w->b.net)->dropped_malformed, 0);
    tide_free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_old_attempt_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_replay_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(another_version_is_refused_with_both_named, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_transfer_is_taken_message_by_message, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_fails_the_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_rows_fail_the_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_message_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(an_oversized_frame_is_not_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
