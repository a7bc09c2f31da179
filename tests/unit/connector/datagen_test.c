/* datagen_test.c - generated rows keep their bounds, end when they should, and
 * depend on the seed alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/connkit.h"

#define OPTIONS(...)                                                                               \
    ((const char *const[]){ "connector", "datagen", "rows-per-second", "0", __VA_ARGS__, NULL })

static uint64_t read_all(tide_connkit_home *f, const char *columns, const char *const *options,
                         uint32_t subtask, uint32_t parallelism, tide_bytes *lines)
{
    tide_connkit_source s;
    tide_table *table = tide_connkit_table(f->arena, columns, options);
    tide_status rv =
        tide_connkit_source_open(&s, f->pool, f->waker, tide_connkit_scan(f->arena, table, NULL),
                                 subtask, parallelism, 1000);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    assert_int_equal(tide_connkit_source_run(&s, UINT64_MAX, 2000, lines), TIDE_SOURCE_END);
    uint64_t rows = s.rows;
    tide_connkit_source_close(&s);
    return rows;
}

static void a_sequence_ends_the_table(void **state)
{
    tide_bytes lines = { 0 };
    assert_int_equal(read_all(*state, "id INT,name STRING,d DOUBLE,m DECIMAL(10,2)",
                              OPTIONS("fields.id.kind", "sequence", "fields.id.start", "7",
                                      "fields.id.end", "9", "fields.name.kind", "sequence",
                                      "fields.name.start", "-1", "fields.name.end", "100",
                                      "fields.d.kind", "sequence", "fields.d.start", "0",
                                      "fields.d.end", "10", "fields.m.kind", "sequence",
                                      "fields.m.start", "5", "fields.m.end", "50"),
                              0, 1, &lines),
                     3);
    assert_string_equal(tide_bytes_text(&lines), "7|-1|0|5.00\n8|0|1|6.00\n9|1|2|7.00\n");
    tide_bytes_fini(&lines);
}

static void bounds_and_null_rates_hold(void **state)
{
    tide_bytes lines = { 0 };
    assert_int_equal(read_all(*state, "a INT,b DOUBLE,s STRING,n BIGINT",
                              OPTIONS("number-of-rows", "10000", "fields.a.min", "-3",
                                      "fields.a.max", "3", "fields.b.min", "10", "fields.b.max",
                                      "11", "fields.s.length", "5", "fields.s.var-len", "true",
                                      "fields.n.null-rate", "0.25"),
                              0, 1, &lines),
                     10000);
    uint32_t seen[7] = { 0 }, lengths[6] = { 0 }, nulls = 0;
    char *save = NULL;
    for (char *l = strtok_r((char *)(uintptr_t)tide_bytes_text(&lines), "\n", &save); l;
         l = strtok_r(NULL, "\n", &save)) {
        int a, at = 0;
        double b;
        char s[8], n[32];
        assert_int_equal(sscanf(l, "%d|%lf|%7[0-9a-f]|%31s%n", &a, &b, s, n, &at), 4);
        assert_int_equal(at, strlen(l));
        assert_true(a >= -3 && a <= 3 && b >= 10 && b < 11 && strlen(s) <= 5);
        seen[a + 3]++;
        lengths[strlen(s)]++;
        nulls += strcmp(n, "NULL") == 0;
    }
    for (int i = 0; i < 7; i++) assert_in_range(seen[i], 1300, 1560);
    for (int i = 1; i < 6; i++) assert_in_range(lengths[i], 1850, 2150);
    assert_in_range(nulls, 2350, 2650);
    tide_bytes_fini(&lines);
}

static uint64_t sum_of_lines(const tide_bytes *lines)
{
    uint64_t sum = 0, hash = 0;
    for (size_t i = 0; i < lines->n; i++) {
        hash = hash * 1099511628211ull + (unsigned char)lines->p[i];
        if (lines->p[i] != '\n') continue;
        sum += hash;
        hash = 0;
    }
    return sum;
}

static void strings_fit_their_type(void **state)
{
    tide_connkit_home *f = *state;
    tide_bytes lines = { 0 };
    assert_int_equal(read_all(f, "s VARCHAR(3)", OPTIONS("number-of-rows", "2"), 0, 1, &lines), 2);
    assert_int_equal(lines.n, 8);
    assert_true(((const char *)lines.p)[3] == '\n' && ((const char *)lines.p)[7] == '\n');
    tide_bytes_fini(&lines);
    const tide_connector *c;
    assert_int_equal(tide_connector_of(tide_connkit_table(f->arena, "s VARCHAR(3)",
                                                          OPTIONS("fields.s.length", "4")),
                                       false, &c),
                     TIDE_E_OPTION);
    assert_non_null(strstr(tide_error_text(), "'fields.s.length' is above the 3 of its type"));
}

static void parallelism_does_not_change_the_data(void **state)
{
    static const char columns[] =
        "a INT,s STRING,b BOOLEAN,d DECIMAL(12,3),y BYTES,f FLOAT,t TINYINT";
    const char *const *options =
        OPTIONS("number-of-rows", "5000", "fields.y.length", "3", "seed", "9");
    tide_bytes one = { 0 }, three = { 0 };
    assert_int_equal(read_all(*state, columns, options, 0, 1, &one), 5000);
    uint64_t rows = 0;
    for (uint32_t i = 0; i < 3; i++) rows += read_all(*state, columns, options, i, 3, &three);
    assert_int_equal(rows, 5000);
    assert_true(sum_of_lines(&one) == sum_of_lines(&three));
    tide_bytes_fini(&one), tide_bytes_fini(&three);
}

static void timestamps_lie_before_the_wall_clock(void **state)
{
    tide_connkit_home *f = *state;
    tide_bytes lines = { 0 };
    tide_table *table =
        tide_connkit_table(f->arena, "t TIMESTAMP(3),z TIMESTAMP_LTZ(0)",
                           OPTIONS("number-of-rows", "100", "fields.t.max-past", "1 h"));
    tide_connkit_source s;
    assert_int_equal(tide_connkit_source_open(&s, f->pool, f->waker,
                                              tide_connkit_scan(f->arena, table, NULL), 0, 1, 4096),
                     TIDE_OK);
    s.wall_us = 1000000000123456;
    tide_source_poll poll;
    assert_int_equal(s.connector->source->poll(s.self, &poll), TIDE_SOURCE_BATCH);
    for (uint32_t i = 0; i < 100; i++) {
        int64_t t = tide_col_value(poll.batch->cols[0], i).i64;
        assert_true(t <= s.wall_us && t > s.wall_us - 3600000000 - 1000 && t % 1000 == 0);
        assert_true(tide_col_value(poll.batch->cols[1], i).i64 == 1000000000000000);
    }
    tide_batch_unref(&poll.batch);
    tide_connkit_source_close(&s);
    tide_bytes_fini(&lines);
}

static void bad_fields_are_refused(void **state)
{
    tide_connkit_home *f = *state;
    static const struct {
        const char *columns, *key, *value, *text;
    } cases[] = {
        { "amount INT", "fields.amout.min", "1", "there is no column amout; did you mean amount?" },
        { "a TINYINT", "fields.a.max", "200", "is no bound of a column of type TINYINT" },
        { "a STRING", "fields.a.min", "2", "is no bound of a column of type STRING" },
        { "a INT", "fields.a.kind", "sequence", "a sequence needs 'fields.a.start'" },
        { "a INTERVAL", "seed", "1", "an INTERVAL cannot be generated" },
        { "a INT", "fields.a.null-rate", "2", "expected a number from 0 to 1" },
        { "a INT", "fields.a.kin", "random", "did you mean 'fields.*.kind'?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tide_connector *c;
        tide_table *t =
            tide_connkit_table(f->arena, cases[i].columns, OPTIONS(cases[i].key, cases[i].value));
        assert_true(tide_connector_of(t, false, &c) != TIDE_OK);
        if (strstr(tide_error_text(), cases[i].text) == NULL)
            fail_msg("no \"%s\" in: %s", cases[i].text, tide_error_text());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sequence_ends_the_table, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(bounds_and_null_rates_hold, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(strings_fit_their_type, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(parallelism_does_not_change_the_data, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(timestamps_lie_before_the_wall_clock, tide_connkit_set_up,
                                        tide_connkit_tear_down),
        cmocka_unit_test_setup_teardown(bad_fields_are_refused, tide_connkit_set_up,
                                        tide_connkit_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
