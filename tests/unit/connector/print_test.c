/* print_test.c - rows as people and pipes read them. */
#include "worker/connector/print/output.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/connkit.h"
#include "worker/connector/print/rows.h"

#define COLUMNS "id INT,name STRING,at TIMESTAMP(3)"
#define OPTIONS ((const char *const[]){ "connector", "print", NULL })

typedef struct fixture {
    tide_arena *arena;
    tide_pool *pool;
    tide_waker *waker;
    tide_bytes printed;
} fixture;

static int set_up(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->arena = tide_arena_new();
    f->pool = tide_pool_new(0);
    f->waker = tide_waker_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    assert_int_equal(tide_pool_bytes(f->pool), 0);
    tide_pool_free(&f->pool);
    tide_arena_free(&f->arena);
    tide_waker_free(&f->waker);
    tide_bytes_fini(&f->printed);
    tide_free(f);
    return 0;
}

/* What is printed of batches (texts of connkit.h, ended by NULL). */
static const char *print(fixture *f, tide_output_format format, bool changelog, bool updating,
                         const char *const *batches)
{
    f->printed.n = 0;
    tide_output *out = tide_output_new_memory(&f->printed, format, changelog);
    tide_table *table = tide_connkit_table(f->arena, COLUMNS, OPTIONS);
    tide_type types[TIDE_CONNKIT_COLUMNS_MAX];
    uint32_t n_types = tide_connkit_types(table, types);
    tide_connkit_sink sink;
    tide_status rv =
        tide_connkit_sink_open(&sink, f->arena, f->pool, f->waker, table, out, updating);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    for (; *batches; batches++) {
        tide_batch *batch = tide_connkit_batch(f->pool, types, n_types, *batches);
        assert_int_equal(tide_connkit_sink_write(&sink, &batch), TIDE_SINK_DONE);
        assert_null(batch);
    }
    assert_int_equal(tide_connkit_sink_finish(&sink), TIDE_SINK_DONE);
    tide_connkit_sink_close(&sink);
    tide_output_free(&out);
    return tide_bytes_text(&f->printed);
}

#define BATCHES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ROWS                                                                                       \
    BATCHES("1|ann|2024-01-01 00:00:00\n-20|NULL|NULL\n", "3|b\"o,b|2024-01-01 00:00:00.25\n")

static void a_table_is_aligned_under_its_header(void **state)
{
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, false, false, ROWS),
                        "  id | name  | at\n"
                        "-----+-------+------------------------\n"
                        "   1 | ann   | 2024-01-01 00:00:00\n"
                        " -20 | NULL  | NULL\n"
                        "   3 | b\"o,b | 2024-01-01 00:00:00.25\n"
                        "(3 rows)\n");
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, false, false, BATCHES(NULL)),
                        " id | name | at\n----+------+----\n(0 rows)\n");
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, false, false,
                              BATCHES("7|\xc3\xa4\x01|NULL\n")),
                        " id | name  | at\n----+-------+------\n  7 | "
                        "\xc3\xa4\\x01 | NULL\n(1 row)\n");
}

/* As a terminal shows them: two columns for CJK and emoji, none for a combining accent. */
static void a_table_is_aligned_whatever_the_script(void **state)
{
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, false, false,
                              BATCHES("1|\u65e5\u672c\u8a9e|NULL\n2|e\u0301|NULL\n"
                                      "3|\U0001f980|NULL\n4|abcdef|NULL\n")),
                        " id | name   | at\n----+--------+------\n"
                        "  1 | \u65e5\u672c\u8a9e | NULL\n"
                        "  2 | e\u0301      | NULL\n"
                        "  3 | \U0001f980     | NULL\n"
                        "  4 | abcdef | NULL\n(4 rows)\n");
}

static void json_is_an_array_or_lines(void **state)
{
    static const char *const one = "{\"id\":1,\"name\":\"ann\",\"at\":\"2024-01-01 00:00:00\"}";
    char expect[512];
    snprintf(expect, sizeof expect, "[\n%s,\n%s,\n%s\n]\n", one,
             "{\"id\":-20,\"name\":null,\"at\":null}",
             "{\"id\":3,\"name\":\"b\\\"o,b\",\"at\":\"2024-01-01 00:00:00.25\"}");
    assert_string_equal(print(*state, TIDE_OUTPUT_JSON, false, false, ROWS), expect);
    assert_string_equal(print(*state, TIDE_OUTPUT_JSON, false, false, BATCHES(NULL)), "[]\n");
    snprintf(expect, sizeof expect, "%s\n", one);
    assert_string_equal(print(*state, TIDE_OUTPUT_JSONL, false, false,
                              BATCHES("1|ann|2024-01-01 00:00:00\n")),
                        expect);
}

static void csv_has_a_header_and_quotes_what_needs_it(void **state)
{
    assert_string_equal(print(*state, TIDE_OUTPUT_CSV, false, false, ROWS),
                        "id,name,at\n1,ann,2024-01-01 00:00:00\n-20,,\n"
                        "3,\"b\"\"o,b\",2024-01-01 00:00:00.25\n");
    assert_string_equal(print(*state, TIDE_OUTPUT_CSV, false, false, BATCHES(NULL)),
                        "id,name,at\n");
}

#define CHANGES                                                                                    \
    BATCHES("1|a|NULL\n2|b|NULL\n", "-U|1|a|NULL\n+U|1|c|NULL\n3|d|NULL\n",                        \
            "-D|2|b|NULL\n2|b|NULL\n")

static void a_changelog_shows_every_change(void **state)
{
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, true, true, CHANGES),
                        " op | id | name | at\n----+----+------+------\n"
                        " +I |  1 | a    | NULL\n +I |  2 | b    | NULL\n"
                        " -U |  1 | a    | NULL\n +U |  1 | c    | NULL\n +I |  3 | d    | NULL\n"
                        " -D |  2 | b    | NULL\n +I |  2 | b    | NULL\n(7 rows)\n");
}

/* The final rows once each, in the order in which they last came. */
static void an_updating_result_is_printed_at_the_end(void **state)
{
    assert_string_equal(print(*state, TIDE_OUTPUT_JSONL, false, true, CHANGES),
                        "{\"id\":1,\"name\":\"c\",\"at\":null}\n{\"id\":3,"
                        "\"name\":\"d\",\"at\":null}\n"
                        "{\"id\":2,\"name\":\"b\",\"at\":null}\n");
    assert_string_equal(print(*state, TIDE_OUTPUT_TABLE, false, true,
                              BATCHES("1|a|NULL\n1|a|NULL\n")),
                        " id | name | at\n----+------+------\n  1 | a    | "
                        "NULL\n  1 | a    | NULL\n"
                        "(2 rows)\n");
}

/* Against a plain count per number: many updates of few rows, so that garbage
 * is dropped on the way. */
static void collected_rows_survive_compaction(void **state)
{
    (void)state;
    enum { KEYS = 100, STEPS = 200000 };
    tide_rows *rows = tide_rows_new();
    uint32_t counts[KEYS] = { 0 };
    uint64_t seed = 7;
    char text[64];
    for (int i = 0; i < STEPS; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        uint32_t k = (uint32_t)(seed >> 33) % KEYS;
        size_t n = (size_t)snprintf(text, sizeof text, "row %u with a count of %u", k, counts[k]);
        if (counts[k]) assert_int_equal(tide_rows_remove(rows, text, n), TIDE_OK);
        n = (size_t)snprintf(text, sizeof text, "row %u with a count of %u", k, ++counts[k]);
        assert_int_equal(tide_rows_add(rows, text, n), TIDE_OK);
    }
    tide_rows_cursor cursor = { 0 };
    const char *p;
    size_t n;
    uint32_t n_rows = 0;
    for (; tide_rows_next(rows, &cursor, &p, &n); n_rows++) {
        unsigned k, count;
        snprintf(text, sizeof text, "%.*s", (int)n, p);
        assert_int_equal(sscanf(text, "row %u with a count of %u", &k, &count), 2);
        assert_int_equal(count, counts[k]);
    }
    assert_int_equal(n_rows, KEYS);
    assert_int_equal(tide_rows_remove(rows, "none", 4), TIDE_E_INTERNAL);
    tide_rows_free(&rows);
}

/* A pipe's reader takes some and goes: the sink fails with the code that the
 * driver knows. */
static void a_closed_pipe_is_an_error_of_its_own(void **state)
{
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    tide_output *out = tide_output_new(ends[1], TIDE_OUTPUT_JSONL, false);
    tide_table *table = tide_connkit_table(f->arena, "id INT", OPTIONS);
    tide_type types[1];
    tide_connkit_types(table, types);
    tide_connkit_sink sink;
    assert_int_equal(tide_connkit_sink_open(&sink, f->arena, f->pool, f->waker, table, out, false),
                     TIDE_OK);
    tide_sink_result r = TIDE_SINK_DONE;
    for (int i = 0; i < 1000000 && r == TIDE_SINK_DONE; i++) {
        tide_batch *batch = tide_connkit_batch(f->pool, types, 1, "1\n2\n3\n");
        if (i == 10) close(ends[0]);
        r = tide_connkit_sink_write(&sink, &batch);
        tide_batch_unref(&batch);
    }
    assert_int_equal(r, TIDE_SINK_FAILED);
    tide_error error;
    tide_error_take(TIDE_E_PIPE_CLOSED, &error);
    assert_non_null(strstr(error.text, "reader has closed it"));
    tide_connkit_sink_close(&sink);
    tide_output_free(&out);
    close(ends[1]);
}

/* More than the buffer and the pipe hold: nothing is lost when the reader is
 * slow. */
static void a_slow_reader_pushes_back(void **state)
{
    fixture *f = *state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t reader = fork();
    assert_true(reader >= 0);
    if (reader == 0) {
        close(ends[1]);
        static char buffer[65536];
        size_t total = 0;
        for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) total += (size_t)n;
        _exit(total == 4096u * 300 * strlen("{\"id\":1234567}\n") ? 0 : 1);
    }
    close(ends[0]);
    tide_output *out = tide_output_new(ends[1], TIDE_OUTPUT_JSONL, false);
    tide_table *table = tide_connkit_table(f->arena, "id INT", OPTIONS);
    tide_value value = { .type = tide_type_of(TIDE_TYPE_INT), .i64 = 1234567 };
    tide_connkit_sink sink;
    assert_int_equal(tide_connkit_sink_open(&sink, f->arena, f->pool, f->waker, table, out, false),
                     TIDE_OK);
    for (int i = 0; i < 300; i++) {
        tide_col *col = tide_col_constant(f->pool, &value, 4096);
        tide_batch *batch = tide_batch_new(f->pool, &col, 1, 4096);
        assert_int_equal(tide_connkit_sink_write(&sink, &batch), TIDE_SINK_DONE);
    }
    assert_int_equal(tide_connkit_sink_finish(&sink), TIDE_SINK_DONE);
    assert_int_equal(tide_output_rows(out), 4096 * 300);
    tide_connkit_sink_close(&sink);
    tide_output_free(&out);
    close(ends[1]);
    int status = -1;
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

/* Nobody reads, a sink waits, and its slot is taken down: once somebody reads, it must not be
 * woken. */
static void a_sink_may_go_while_it_waits(void **state)
{
    (void)state;
    static char chunk[1 << 16], rest[1 << 16];
    int ends[2];
    memset(chunk, 'x', sizeof chunk);
    assert_int_equal(pipe(ends), 0);
    tide_output *out = tide_output_new(ends[1], TIDE_OUTPUT_JSONL, false);
    tide_waker *waker = tide_waker_new();
    tide_output_result r;
    do r = tide_output_put(out, waker, chunk, sizeof chunk, 1);
    while (r == TIDE_OUTPUT_DONE);
    assert_int_equal(r, TIDE_OUTPUT_AGAIN);
    tide_output_forget(out, waker);
    tide_waker_free(&waker);
    for (uint64_t left = tide_output_rows(out) * sizeof chunk; left > 0;) {
        ssize_t n = read(ends[0], rest, sizeof rest);
        assert_true(n > 0);
        left -= (uint64_t)n;
    }
    tide_output_free(&out);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_is_aligned_under_its_header, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_is_aligned_whatever_the_script, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_is_an_array_or_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(csv_has_a_header_and_quotes_what_needs_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_changelog_shows_every_change, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_updating_result_is_printed_at_the_end, set_up,
                                        tear_down),
        cmocka_unit_test(collected_rows_survive_compaction),
        cmocka_unit_test_setup_teardown(a_closed_pipe_is_an_error_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_reader_pushes_back, set_up, tear_down),
        cmocka_unit_test(a_sink_may_go_while_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
