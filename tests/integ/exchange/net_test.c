/* net_test.c - network threads of several runners, over ipc and tcp: what arrives, who waits for
 * whom, who is refused, and what a death looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/column/block_builder.h"
#include "base/core/assert.h"
#include "base/core/clock.h"
#include "tests/integ/exchange/netkit.h"

static tide_pool *pool;
static tide_waker *waker;
static char folder[64];

static int setup(void **state)
{
    (void)state;
    pool = tide_pool_new(0);
    waker = tide_waker_new();
    snprintf(folder, sizeof folder, "/tmp/tide-net-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(tide_pool_bytes(pool), 0); /* Every batch that was sent is back. */
    tide_pool_free(&pool);
    tide_waker_free(&waker);
    assert_int_equal(rmdir(folder), 0); /* No socket is left behind. */
    return 0;
}

/* Two runners with `n` channels from a to b and one back, not started. */
static void open_two(end *a, end *b, uint32_t n)
{
    const end_config first = { .runner = 0, .attempt = 3, .plan_hash = 5, .ipc_folder = folder };
    const end_config second = { .runner = 1, .attempt = 3, .plan_hash = 5, .ipc_folder = folder };
    end_open(a, &first, waker);
    end_open(b, &second, waker);
    for (uint32_t i = 0; i < n; i++) {
        end_out(a, i, 1);
        end_in(b, i, 0);
    }
    end_out(b, n, 0);
    end_in(a, n, 1);
}

static void start_two(end *a, end *b, bool same_host)
{
    tide_net_peer at_a = end_where(a, 0, same_host), at_b = end_where(b, 1, same_host);
    end_start(a, &at_b, 1);
    end_start(b, &at_a, 1);
    assert_true(end_await(waker, &a->news.connected));
    assert_true(end_await(waker, &b->news.connected));
}

static void push_rows(end *self, uint32_t out, uint64_t seed, uint32_t n)
{
    assert_true(end_await_room(self, out));
    tide_batch *batch = tide_rowkit_batch(pool, seed, n, seed % 5, seed % 2);
    tide_channel_push(&self->out[out], &batch);
}

static void assert_rows(end *self, uint32_t in, uint64_t seed, uint32_t n)
{
    tide_elem e;
    assert_true(end_pop(self, in, &e));
    assert_int_equal(e.kind, TIDE_ELEM_BATCH);
    tide_batch *expected = tide_rowkit_batch(pool, seed, n, seed % 5, seed % 2);
    assert_true(tide_rowkit_equal(e.batch, expected));
    tide_batch_unref(&expected);
    tide_batch_unref(&e.batch);
}

static void assert_end(end *self, uint32_t in)
{
    tide_elem e;
    assert_true(end_pop(self, in, &e));
    assert_int_equal(e.kind, TIDE_ELEM_END);
    assert_true(e.drained);
}

static void drain_two(end *a, end *b)
{
    for (uint32_t i = 0; i < a->n_out; i++) end_push_end(a, i, pool);
    for (uint32_t i = 0; i < b->n_out; i++) end_push_end(b, i, pool);
    for (uint32_t i = 0; i < b->n_in; i++) assert_end(b, i);
    for (uint32_t i = 0; i < a->n_in; i++) assert_end(a, i);
    assert_true(end_await(waker, &a->news.drained));
}

/* Ends everything in order; nobody is lost, whoever leaves first. */
static void finish_two(end *a, end *b)
{
    drain_two(a, b);
    end_close(a);
    assert_true(end_await(waker, &b->news.drained));
    end_close(b);
    assert_int_equal(a->news.lost + a->news.failed + b->news.lost + b->news.failed, 0);
}

static void rows_of_every_type_arrive(bool same_host)
{
    end a, b;
    open_two(&a, &b, 2);
    start_two(&a, &b, same_host);
    for (uint64_t seed = 0; seed < 60; seed++) {
        uint32_t n = seed % 7 == 0 ? TIDE_BATCH_ROWS_MAX : 1 + (uint32_t)seed * 3;
        push_rows(&a, seed % 2, seed, n);
        push_rows(&b, 0, seed + 1000, n);
        assert_rows(&b, seed % 2, seed, n);
        assert_rows(&a, 0, seed + 1000, n);
    }
    drain_two(&a, &b);
    assert_true(end_await(waker, &b.news.drained));
    const tide_net_counters *c = tide_net_counters_of(b.net);
    assert_true(c->blocks_in == 60 && c->blocks_out == 60);
    assert_int_equal(c->dropped_malformed + c->dropped_stale + c->dropped_duplicate, 0);
    end_close(&b);
    end_close(&a);
    assert_int_equal(a.news.lost + a.news.failed + b.news.lost + b.news.failed, 0);
}

static void rows_of_every_type_arrive_over_tcp(void **state)
{
    (void)state;
    rows_of_every_type_arrive(false);
}

static void rows_of_every_type_arrive_over_ipc(void **state)
{
    (void)state;
    rows_of_every_type_arrive(true);
}

/* Rows as a hash edge's outlet makes them: a block already, which goes from where it lies. */
static tide_batch *block_of_rows(uint64_t seed)
{
    tide_block_builder b;
    tide_block_builder_init(&b, pool, tide_rowkit_schema(), TIDE_BATCH_ROWS_MAX);
    tide_batch *rows = tide_rowkit_batch(pool, seed, TIDE_BATCH_ROWS_MAX, seed % 5, false);
    uint16_t all[TIDE_BATCH_ROWS_MAX];
    for (uint32_t i = 0; i < TIDE_BATCH_ROWS_MAX; i++) all[i] = (uint16_t)i;
    tide_batch *batch = NULL;
    for (uint32_t i = 0; i < 2; i++) { /* The first teaches how much room strings need. */
        tide_batch_unref(&batch);
        tide_block_builder_append(&b, rows, all, TIDE_BATCH_ROWS_MAX);
        batch = tide_block_builder_finish(&b);
    }
    assert_non_null(batch->block);
    tide_batch_unref(&rows);
    tide_block_builder_fini(&b);
    return batch;
}

static void push_block(end *self, uint32_t out, uint64_t seed)
{
    assert_true(end_await_room(self, out));
    tide_batch *batch = block_of_rows(seed);
    tide_channel_push(&self->out[out], &batch);
}

static void assert_block(const tide_batch *batch, uint64_t seed)
{
    tide_batch *expected = tide_rowkit_batch(pool, seed, TIDE_BATCH_ROWS_MAX, seed % 5, false);
    assert_true(tide_rowkit_equal(batch, expected));
    tide_batch_unref(&expected);
}

/* Large rows stay in the memory in which they came: they can be read, and released, when the
 * network that brought them is gone. */
static void rows_outlive_the_network(bool same_host)
{
    enum { KEPT = 20 };
    end a, b;
    open_two(&a, &b, 1);
    start_two(&a, &b, same_host);
    tide_batch *kept[KEPT];
    for (uint64_t seed = 0; seed < KEPT; seed++) {
        push_block(&a, 0, seed);
        tide_elem e;
        assert_true(end_pop(&b, 0, &e));
        kept[seed] = e.batch;
    }
    finish_two(&a, &b);
    for (uint64_t seed = 0; seed < KEPT; seed++) {
        assert_block(kept[seed], seed);
        tide_batch_unref(&kept[seed]);
    }
}

static void rows_outlive_the_network_over_tcp(void **state)
{
    (void)state;
    rows_outlive_the_network(false);
}

static void rows_outlive_the_network_over_ipc(void **state)
{
    (void)state;
    rows_outlive_the_network(true);
}

static void control_arrives_in_order(void **state)
{
    (void)state;
    end a, b;
    open_two(&a, &b, 1);
    start_two(&a, &b, true);
    for (int64_t i = 1; i <= 50; i++) {
        push_rows(&a, 0, (uint64_t)i, 10);
        tide_elem w = { .kind = TIDE_ELEM_WATERMARK, .watermark = i }, e;
        tide_channel_control(&a.out[0], pool, &w);
        assert_rows(&b, 0, (uint64_t)i, 10);
        assert_true(end_pop(&b, 0, &e));
        assert_int_equal(e.kind, TIDE_ELEM_WATERMARK);
        assert_int_equal(e.watermark, i);
    }
    finish_two(&a, &b);
}

/* Nobody takes from channel 0. The others move as many rows as ever, channel 0 holds what it has
 * places for, and memory stays where it was; then channel 0 goes on where it stopped. */
static void a_sink_that_stands_still_costs_its_neighbours_nothing(void **state)
{
    (void)state;
    end a, b;
    open_two(&a, &b, 4);
    start_two(&a, &b, true);
    uint64_t stuck = 0;
    size_t peak_early = 0;
    for (uint64_t round = 0; round < 300; round++) {
        if (tide_channel_has_room(&a.out[0])) push_rows(&a, 0, stuck++, 100);
        for (uint32_t i = 1; i < 4; i++) push_rows(&a, i, round, 100);
        for (uint32_t i = 1; i < 4; i++) assert_rows(&b, i, round, 100);
        if (round == 60) peak_early = tide_net_peak_bytes(a.net) + tide_net_peak_bytes(b.net);
    }
    assert_true(stuck >= 2 * TIDE_CHANNEL_BATCHES - 1 && stuck <= 2 * TIDE_CHANNEL_BATCHES);
    size_t peak = tide_net_peak_bytes(a.net) + tide_net_peak_bytes(b.net);
    assert_true(peak <= peak_early + (1u << 20));
    for (uint64_t i = 0; i < stuck; i++) assert_rows(&b, 0, i, 100);
    push_rows(&a, 0, stuck, 100);
    assert_rows(&b, 0, stuck, 100);
    finish_two(&a, &b);
}

/* With a budget of nothing one message is made after the other: the thread sleeps until ZeroMQ
 * gives the last one's memory back. */
/* A batch's own block counts while it waits to be sent, though its memory is the slot's. */
static void a_budget_that_is_used_up_slows_and_stops_nothing(void **state)
{
    (void)state;
    end a, b;
    const end_config first = { 0, 3, 5, folder, 1 }, second = { 1, 3, 5, folder, 1 };
    end_open(&a, &first, waker);
    end_open(&b, &second, waker);
    for (uint32_t i = 0; i < 3; i++) {
        end_out(&a, i, 1);
        end_in(&b, i, 0);
    }
    start_two(&a, &b, true);
    for (uint64_t seed = 0; seed < 50; seed++) {
        for (uint32_t i = 0; i < 3; i++) push_rows(&a, i, seed, 2000);
        for (uint32_t i = 0; i < 3; i++) assert_rows(&b, i, seed, 2000);
        if (seed % 10) continue;
        tide_elem e;
        push_block(&a, 0, seed);
        assert_true(end_pop(&b, 0, &e));
        assert_block(e.batch, seed);
        tide_batch_unref(&e.batch);
    }
    finish_two(&a, &b);
}

/* Everybody to everybody. */
static void three_runners_exchange_rows(void **state)
{
    (void)state;
    const uint32_t others[3][2] = { { 1, 2 }, { 0, 2 }, { 0, 1 } };
    end ends[3];
    tide_net_peer where[3];
    for (uint32_t i = 0; i < 3; i++) {
        const end_config config = { i, 3, 5, folder, 0 };
        end_open(&ends[i], &config, waker);
        where[i] = end_where(&ends[i], i, false);
        for (uint32_t peer = 0; peer < 3; peer++) {
            if (peer == i) continue;
            end_out(&ends[i], i * 3 + peer, peer);
            end_in(&ends[i], peer * 3 + i, peer);
        }
    }
    for (uint32_t i = 0; i < 3; i++) end_start(&ends[i], where, 3);
    for (uint32_t i = 0; i < 3; i++) assert_true(end_await(waker, &ends[i].news.connected));
    for (uint64_t seed = 0; seed < 30; seed++) {
        for (uint32_t i = 0; i < 3; i++)
            for (uint32_t c = 0; c < 2; c++) push_rows(&ends[i], c, seed * 10 + i, 200);
        for (uint32_t i = 0; i < 3; i++)
            for (uint32_t c = 0; c < 2; c++)
                assert_rows(&ends[i], c, seed * 10 + others[i][c], 200);
    }
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t c = 0; c < 2; c++) end_push_end(&ends[i], c, pool);
    for (uint32_t i = 0; i < 3; i++)
        for (uint32_t c = 0; c < 2; c++) assert_end(&ends[i], c);
    for (uint32_t i = 0; i < 3; i++) assert_true(end_await(waker, &ends[i].news.drained));
    for (uint32_t i = 0; i < 3; i++) end_close(&ends[i]);
}

static void a_runner_without_peers_is_connected_and_drained(void **state)
{
    (void)state;
    end a;
    const end_config config = { .attempt = 1 };
    end_open(&a, &config, waker);
    end_start(&a, NULL, 0);
    assert_true(end_await(waker, &a.news.connected));
    assert_true(end_await(waker, &a.news.drained));
    assert_string_equal(tide_net_ipc(a.net), "");
    end_close(&a);
}

static void a_peer_that_nobody_can_find_is_an_error(void **state)
{
    (void)state;
    end a;
    const end_config config = { .attempt = 1 };
    end_open(&a, &config, waker);
    end_out(&a, 0, 7);
    assert_int_equal(tide_net_start(a.net, NULL, 0), TIDE_E_INVALID);
    end_close(&a);
}

/* Not an address of this machine (RFC 5737). */
static void a_host_that_is_not_here_is_an_error(void **state)
{
    (void)state;
    const tide_net_config config = { .tcp_host = "192.0.2.1" };
    tide_net *net;
    assert_int_equal(tide_net_new(&config, &net), TIDE_E_IO);
    assert_null(net);
    assert_non_null(strstr(tide_error_text(), "bind to tcp://192.0.2.1"));
}

static void a_path_that_is_too_long_for_a_socket_means_no_ipc(void **state)
{
    (void)state;
    char path[200];
    memset(path, 'a', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    end a;
    const end_config config = { .attempt = 1, .ipc_folder = path };
    end_open(&a, &config, waker);
    assert_string_equal(tide_net_ipc(a.net), "");
    assert_non_null(strstr(tide_net_tcp(a.net), "tcp://127.0.0.1:"));
    end_close(&a);
}

static void another_plan_is_refused(void **state)
{
    (void)state;
    end a, b;
    const end_config first = { 0, 3, 5, folder, 0 }, second = { 1, 3, 6, folder, 0 };
    end_open(&a, &first, waker);
    end_open(&b, &second, waker);
    end_out(&a, 0, 1);
    end_in(&b, 0, 0);
    tide_net_peer at_a = end_where(&a, 0, true), at_b = end_where(&b, 1, true);
    end_start(&a, &at_b, 1);
    end_start(&b, &at_a, 1);
    const end *failed = end_await_failed(&a, &b); /* Whoever is refused first. */
    assert_non_null(failed);
    assert_non_null(strstr(failed->news.error.text, "different plans"));
    end_close(&a);
    end_close(&b);
}

/* A child process is runner 1; it tells where it is, and stays until it is killed. */
static void be_runner_1(int to_parent, const char *where_0)
{
    end b;
    const end_config config = { 1, 3, 5, NULL, 0 };
    waker = tide_waker_new(); /* The parent's is one descriptor for both processes. */
    end_open(&b, &config, waker);
    end_in(&b, 0, 0);
    dprintf(to_parent, "%s", tide_net_tcp(b.net));
    close(to_parent);
    tide_net_peer peer = { .runner = 0, .tcp = where_0 };
    end_start(&b, &peer, 1);
    (void)end_await(waker, &b.news.lost);
    _exit(0);
}

static void a_killed_peer_is_lost_at_once(void **state)
{
    (void)state;
    end a;
    const end_config config = { 0, 3, 5, NULL, 0 };
    int to_child[2], to_parent[2];
    assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
    pid_t child = fork(); /* Before this process has threads. */
    if (child == 0) {
        char where[256] = "";
        close(to_child[1]);
        if (read(to_child[0], where, sizeof where - 1) > 0) be_runner_1(to_parent[1], where);
        _exit(1);
    }
    close(to_child[0]);
    close(to_parent[1]);
    end_open(&a, &config, waker);
    end_out(&a, 0, 1);
    dprintf(to_child[1], "%s", tide_net_tcp(a.net));
    close(to_child[1]);
    char where[256] = "";
    assert_true(read(to_parent[0], where, sizeof where - 1) > 0);
    close(to_parent[0]);
    tide_net_peer peer = { .runner = 1, .tcp = where };
    end_start(&a, &peer, 1);
    assert_true(end_await(waker, &a.news.connected));
    push_rows(&a, 0, 1, 100);
    int64_t killed_ns = tide_clock_now_ns(tide_clock_real());
    kill(child, SIGKILL);
    assert_true(end_await(waker, &a.news.lost));
    int64_t ms = (tide_clock_now_ns(tide_clock_real()) - killed_ns) / 1000000;
    print_message("a killed peer was lost after %lld ms\n", (long long)ms);
    assert_true(ms < 2000); /* On a busy machine; a few on an idle one. */
    assert_non_null(strstr(a.news.error.text, "runner 1"));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(a.news.lost + a.news.failed, 1);
    end_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_killed_peer_is_lost_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_every_type_arrive_over_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_of_every_type_arrive_over_ipc, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_outlive_the_network_over_tcp, setup, teardown),
        cmocka_unit_test_setup_teardown(rows_outlive_the_network_over_ipc, setup, teardown),
        cmocka_unit_test_setup_teardown(control_arrives_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(a_sink_that_stands_still_costs_its_neighbours_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_budget_that_is_used_up_slows_and_stops_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_host_that_is_not_here_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(a_path_that_is_too_long_for_a_socket_means_no_ipc, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(three_runners_exchange_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(a_runner_without_peers_is_connected_and_drained, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_nobody_can_find_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(another_plan_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
