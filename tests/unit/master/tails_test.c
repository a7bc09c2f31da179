/* tails_test.c - what is fetched of runners' output, and what is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "master/core/tails.h"

#define JOB "00000000000000aa"
#define S INT64_C(1000000000)
#define CHUNK TIDE_TAIL_CHUNK_BYTES

/* A worker's log: bytes 0, 1, 2, ... of which the newest `kept` are there. */
typedef struct log {
    uint64_t total, kept;
} log;

static tide_tails *new_tails(const char *agent)
{
    tide_tails *tails = tide_tails_new();
    tide_tails_runner(tails, JOB, agent, "h1", TIDE_RUNNER_RUNNING, 0);
    return tails;
}

/* Answers every question that is due as a worker with that log would; how many there were. */
static uint32_t serve(tide_tails *tails, const log *from, int64_t now_ns)
{
    const char *agent;
    tide_log_get get;
    uint32_t n = 0;
    for (; tide_tails_next(tails, now_ns, &agent, &get); n++) {
        static uint8_t bytes[CHUNK];
        uint64_t first = from->total - from->kept;
        tide_log_data data = { .agent = agent, .job = get.job, .request = get.request };
        data.offset = get.offset < first ? first : get.offset;
        data.total = from->total;
        data.data.p = bytes;
        data.data.n =
            from->total - data.offset < get.bytes_max ? from->total - data.offset : get.bytes_max;
        for (uint64_t i = 0; i < data.data.n; i++) bytes[i] = (uint8_t)(data.offset + i);
        tide_tails_answered(tails, &data, now_ns);
    }
    return n;
}

/* The newest n bytes of the log, and no others. */
static void expect_end(const tide_tails *tails, const char *agent, const log *of, uint64_t n)
{
    tide_tail tail;
    assert_true(tide_tails_find(tails, JOB, agent, &tail));
    assert_int_equal(tail.bytes.n, n);
    assert_int_equal(tail.offset + n, of->total);
    for (uint64_t i = 0; i < n; i++) assert_int_equal(tail.bytes.p[i], (uint8_t)(tail.offset + i));
}

static void the_newest_bytes_are_kept(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    log l = { 100, 100 };
    assert_int_equal(serve(tails, &l, S - 1), 0);
    assert_int_equal(serve(tails, &l, S), 1);
    expect_end(tails, "a1", &l, 100);
    l.total = l.kept = 200000;
    assert_int_equal(serve(tails, &l, 2 * S), 4);
    expect_end(tails, "a1", &l, 200000);
    l.total = l.kept = 300000;
    serve(tails, &l, 3 * S);
    expect_end(tails, "a1", &l, TIDE_TAIL_BYTES_MAX);
    tide_tails_free(&tails);
}

/* A job that prints more than can be fetched costs so much a second, and no more. */
static void what_is_printed_too_fast_is_skipped(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    log l = { UINT64_C(10) << 20, UINT64_C(10) << 20 };
    uint32_t asked = serve(tails, &l, S);
    assert_in_range(asked, 4, 6);
    l.total += UINT64_C(10) << 20;
    l.kept = 1 << 20; /* The worker itself keeps no more. */
    assert_in_range(serve(tails, &l, 2 * S) + serve(tails, &l, 2 * S), 4, 6);
    serve(tails, &l, 3 * S);
    expect_end(tails, "a1", &l, TIDE_TAIL_BYTES_MAX);
    tide_tails_free(&tails);
}

static void an_idle_runner_is_asked_less_and_less(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    const log l = { 10, 10 };
    uint32_t asked = 0;
    for (int64_t t = 0; t < 60 * S; t += S / 10) asked += serve(tails, &l, t);
    assert_in_range(asked, 6, 12);
    tide_tails_free(&tails);
}

/* The end of its output comes at once, then nothing is asked any more, until another begins. */
static void a_runner_that_ended_is_asked_for_the_rest(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    log l = { 150000, 150000 };
    tide_tails_runner(tails, JOB, "a1", "h1", TIDE_RUNNER_EXITED, 1);
    assert_int_equal(serve(tails, &l, 1), 3);
    expect_end(tails, "a1", &l, 150000);
    assert_int_equal(tide_tails_deadline_ns(tails), INT64_MAX);
    l.total = l.kept = 150010;
    tide_tails_runner(tails, JOB, "a1", "h1", TIDE_RUNNER_STARTING, S);
    assert_int_equal(serve(tails, &l, 2 * S), 1);
    expect_end(tails, "a1", &l, 150010);
    tide_tails_free(&tails);
}

static void questions_without_an_answer_are_asked_again(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    const log l = { 10, 10 };
    const char *agent;
    tide_log_get first, get;
    assert_true(tide_tails_next(tails, S, &agent, &first));
    assert_false(tide_tails_next(tails, 2 * S, &agent, &get));
    assert_true(tide_tails_next(tails, S + TIDE_TAIL_PATIENCE_NS, &agent, &get));
    const tide_log_data late = { .agent = "a1", .job = JOB, .request = first.request, .total = 9 };
    tide_tails_answered(tails, &late, 7 * S); /* Not what is waited for now. */
    assert_int_equal(tide_tails_deadline_ns(tails), S + 2 * TIDE_TAIL_PATIENCE_NS);
    assert_int_equal(serve(tails, &l, 20 * S), 1);
    expect_end(tails, "a1", &l, 10);
    tide_tails_free(&tails);
}

static void a_lost_worker_is_not_asked_until_it_is_back(void **state)
{
    (void)state;
    tide_tails *tails = new_tails("a1");
    const log l = { 10, 10 };
    tide_tail tail;
    serve(tails, &l, S);
    tide_tails_agent_lost(tails, "a1", "agent a1 is silent", 5);
    assert_int_equal(serve(tails, &l, 100 * S), 0);
    assert_true(tide_tails_find(tails, JOB, "a1", &tail));
    assert_int_equal(tail.lost_us, 5);
    assert_string_equal(tail.lost_of, "agent a1 is silent");
    tide_tails_runner(tails, JOB, "a1", "h1", TIDE_RUNNER_RUNNING, 100 * S);
    assert_int_equal(serve(tails, &l, 101 * S), 1);
    expect_end(tails, "a1", &l, 10);
    tide_tails_forget(tails, JOB);
    assert_int_equal(tide_tails_n(tails), 0);
    tide_tails_free(&tails);
}

/* Together they stay below the limit: what grew longest ago goes. */
static void all_together_are_bounded(void **state)
{
    (void)state;
    tide_tails *tails = tide_tails_new();
    const log l = { TIDE_TAIL_BYTES_MAX, TIDE_TAIL_BYTES_MAX };
    const uint32_t n = TIDE_TAILS_BYTES_MAX / TIDE_TAIL_BYTES_MAX + 3;
    for (uint32_t i = 0; i < n; i++) {
        char agent[16];
        snprintf(agent, sizeof agent, "a%u", i);
        tide_tails_runner(tails, JOB, agent, "h1", TIDE_RUNNER_EXITED, i + 1);
        serve(tails, &l, i + 1);
    }
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < n; i++) {
        tide_tail tail;
        tide_tails_at(tails, i, &tail);
        assert_int_equal(tail.bytes.n, i < 3 ? 0 : TIDE_TAIL_BYTES_MAX);
        bytes += tail.bytes.n;
    }
    assert_int_equal(bytes, TIDE_TAILS_BYTES_MAX);
    tide_tails_free(&tails);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_bytes_are_kept),
        cmocka_unit_test(what_is_printed_too_fast_is_skipped),
        cmocka_unit_test(an_idle_runner_is_asked_less_and_less),
        cmocka_unit_test(a_runner_that_ended_is_asked_for_the_rest),
        cmocka_unit_test(questions_without_an_answer_are_asked_again),
        cmocka_unit_test(a_lost_worker_is_not_asked_until_it_is_back),
        cmocka_unit_test(all_together_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
