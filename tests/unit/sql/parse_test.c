/* parse_test.c - texts that no table can hold: deep, long, cut short, with NUL bytes, many at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "jobapi/sql/parse.h"
#include "tests/support/sql_print.h"

static tide_status parse(const char *text, size_t bytes)
{
    tide_arena *arena = tide_arena_new();
    tide_sql_script *script = NULL;
    tide_status rv = tide_sql_parse_bytes(arena, text, bytes, "sql", &script);
    tide_arena_free(&arena);
    return rv;
}

/* start, n times middle, then end n times after `core`. */
static tide_status parse_repeated(const char *start, const char *middle, const char *core,
                                  const char *end, uint32_t n)
{
    tide_bytes text = { 0 };
    tide_bytes_puts(&text, start);
    for (uint32_t i = 0; i < n; i++) tide_bytes_puts(&text, middle);
    tide_bytes_puts(&text, core);
    for (uint32_t i = 0; i < n; i++) tide_bytes_puts(&text, end);
    tide_status rv = parse(text.p, text.n);
    tide_bytes_fini(&text);
    return rv;
}

static void deep_texts_are_refused_not_fatal(void **state)
{
    (void)state;
    static const struct {
        const char *start, *middle, *core, *end;
    } texts[] = {
        { "SELECT ", "1 + ", "1", "" },
        { "SELECT ", "- ", "a", "" },
        { "SELECT ", "NOT ", "a", "" },
        { "SELECT ", "(", "1", ")" },
        { "SELECT ", "f(", "1", ")" },
        { "SELECT ", "(SELECT ", "1", ")" },
        { "SELECT ", "CASE WHEN a THEN ", "1", " END" },
        { "SELECT ", "CAST(", "1", " AS INT)" },
        { "SELECT 1", "::INT", "", "" },
        { "SELECT a", "[1]", "", "" },
        { "SELECT (a)", ".b", "", "" },
        { "SELECT a", " AT TIME ZONE 'UTC'", "", "" },
        { "SELECT * FROM a", " JOIN b ON TRUE", "", "" },
        { "SELECT 1", " UNION SELECT 1", "", "" },
        { "SELECT * FROM ", "(SELECT * FROM ", "t", ")" },
        { "", "(", "SELECT 1", ")" },
        { "", "WITH q AS (", "SELECT 1", ") SELECT * FROM q" },
        { "SELECT ", "ARRAY[", "1", "]" },
        { "SELECT CAST(a AS ", "ARRAY<", "INT", ">" },
        { "CREATE TABLE t (a ", "ROW<b ", "INT", ">" },
        { "", "EXPLAIN ", "SELECT 1", "" },
        { "SELECT 1 GROUP BY ", "GROUPING SETS (", "a", ")" },
        { "SELECT ", "a -> ", "b", "" },
        { "SELECT a FROM t WHERE ", "b BETWEEN c AND d AND ", "e", "" },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (uint32_t n = 900; n <= 15000; n *= 16) {
            tide_status rv =
                parse_repeated(texts[i].start, texts[i].middle, texts[i].core, texts[i].end, n);
            assert_true(rv == TIDE_OK || rv == TIDE_E_LIMIT || rv == TIDE_E_SYNTAX);
        }
    }
}

/* What machines write: long, but flat. */
static void long_flat_texts_are_fine(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("SELECT a FROM t WHERE b IN (0", ", 1", ")", "", 50000),
                     TIDE_OK);
    assert_int_equal(parse_repeated("SELECT a FROM t WHERE b", " AND b", "", "", 15000), TIDE_OK);
    assert_int_equal(parse_repeated("SELECT a", ", a AS b", " FROM t", "", 5000), TIDE_OK);
    assert_int_equal(parse_repeated("", "SELECT 1;\n", "", "", 3000), TIDE_OK);
    assert_int_equal(parse_repeated("SELECT 1 ", "+ 1", "", "", 900), TIDE_OK);
    assert_int_equal(parse_repeated("SELECT '", "0123456789", "'", "", 100000), TIDE_OK);
}

static void limits_say_where(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("SELECT ", "1 + ", "1", "", 5000), TIDE_E_LIMIT);
    assert_non_null(strstr(tide_error_text(), "nested more than 1000 deep"));
    assert_int_equal(parse_repeated("SELECT ", "1 + ", "1", "", 25000), TIDE_E_LIMIT);
    assert_non_null(strstr(tide_error_text(), "more than 20000 operators"));
    assert_int_equal(parse_repeated("SELECT ", "(", "1", ")", 1001), TIDE_E_LIMIT);
    assert_non_null(strstr(tide_error_text(), "sql:1:1008: brackets are nested"));
    assert_int_equal(parse_repeated("SELECT a", "b", "", "", 300), TIDE_E_LIMIT);
    assert_non_null(strstr(tide_error_text(), "a name has at most 255 bytes"));
}

/* PostgreSQL would cut these at 63 bytes. */
static void long_names_are_kept_whole(void **state)
{
    (void)state;
    char name[101], text[512];
    memset(name, 'n', 100);
    name[100] = '\0';
    name[99] = 'X';
    snprintf(text, sizeof text, "SELECT %s AS \"%s\" FROM %s", name, name, name);
    tide_arena *arena = tide_arena_new();
    tide_sql_script *script = NULL;
    assert_int_equal(tide_sql_parse(arena, text, "sql", &script), TIDE_OK);
    const tide_sql_query *q = script->stmts[0]->query;
    assert_string_equal(q->select.targets[0].expr->column.parts[0].text, name);
    assert_string_equal(q->select.targets[0].alias.text, name);
    assert_string_equal(q->select.from[0]->table.name.parts[0].text, name);
    tide_arena_free(&arena);
}

static const char *const sample =
    "CREATE TABLE `ad views` (user_id BIGINT, ts TIMESTAMP(3), v AS f(x)[1], r ROW<a INT, b "
    "ARRAY<INT>>,"
    " WATERMARK FOR ts AS ts - INTERVAL '5' SECOND, PRIMARY KEY (user_id) NOT ENFORCED)"
    " WITH ('connector' = 'kafka', a.b = 5);\n"
    "BEGIN STATEMENT SET; INSERT INTO o /*+ OPTIONS('a'='b') */ SELECT * EXCEPT (a), CAST(x AS "
    "ROW<y INT>),"
    " CASE WHEN a IS JSON THEN TRY_CAST(b AS INT) ELSE MAP[1, 2][1] END, limit\n"
    "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' MINUTES)) JOIN d FOR SYSTEM_TIME AS "
    "OF o.p AS d"
    " ON TRUE GROUP BY window_start QUALIFY ROW_NUMBER() OVER (ORDER BY x) = 1 EMIT ON WINDOW "
    "CLOSE; END;\n"
    "EXPLAIN SELECT U&'a\\0041', e'\\n', $$x$$, X'00' FROM (VALUES (1)) MINUS SELECT 'ä' == `b``c`";

/* No prefix and no suffix of a text may crash, and each gives a tree or an error with a place. */
static void truncated_texts_are_survived(void **state)
{
    (void)state;
    size_t len = strlen(sample);
    assert_int_equal(parse(sample, len), TIDE_OK);
    for (size_t cut = 0; cut < len; cut++) {
        tide_status rv = parse(sample, cut);
        assert_true(rv == TIDE_OK || strncmp(tide_error_text(), "sql:", 4) == 0);
        rv = parse(sample + cut, len - cut);
        assert_true(rv == TIDE_OK || strncmp(tide_error_text(), "sql:", 4) == 0);
    }
}

static void nul_bytes_and_invalid_utf8_are_refused(void **state)
{
    (void)state;
    assert_int_equal(parse("SELECT 1\0;", 10), TIDE_E_SYNTAX);
    assert_string_equal(tide_error_text(),
                        "sql:1:9: the text has a NUL byte\n  SELECT 1\n          ^");
    static const char *const bad[] = { "SELECT '\xFF'", "SELECT '\xC0\x80'",
                                       "SELECT '\xED\xA0\x80'", "SELECT '\xF4\x90\x80\x80'",
                                       "SELECT '\xE4\xB8" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i], strlen(bad[i])), TIDE_E_SYNTAX);
        assert_non_null(strstr(tide_error_text(), "sql:1:9: the text is not valid UTF-8"));
    }
    assert_int_equal(parse("SELECT '\xF4\x8F\xBF\xBF \xE4\xB8\xAD'", 17), TIDE_OK);
}

/* The grammar counts characters, everything else bytes: an error behind umlauts is still in its
 * place. */
static void errors_behind_multibyte_text_are_in_place(void **state)
{
    (void)state;
    const char *text = "SELECT '\xC3\xA4\xC3\xB6\xC3\xBC' AS a,\n  '\xE6\x9D\xB1' b c";
    assert_int_equal(parse(text, strlen(text)), TIDE_E_SYNTAX);
    assert_string_equal(tide_error_text(),
                        "sql:2:9: syntax error near \"c\"\n    '\xE6\x9D\xB1' b c\n           ^");
}

static void empty_statements_are_skipped(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", " \n", ";;", "; -- nothing\n", "/* nothing */", "\xEF\xBB\xBF"
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        tide_arena *arena = tide_arena_new();
        tide_sql_script *script = NULL;
        assert_int_equal(tide_sql_parse(arena, texts[i], "sql", &script), TIDE_OK);
        assert_int_equal(script->n, 0);
        tide_arena_free(&arena);
    }
}

static void every_statement_reports_its_error(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("", "SELEC 1;\n", "", "", 3), TIDE_E_SYNTAX);
    assert_non_null(strstr(tide_error_text(), "sql:1:1: "));
    assert_non_null(strstr(tide_error_text(), "sql:3:1: "));
    assert_int_equal(parse_repeated("", "SELEC 1;\n", "", "", 30), TIDE_E_SYNTAX);
    assert_non_null(strstr(tide_error_text(), "sql:10:1: "));
    assert_null(strstr(tide_error_text(), "sql:11:1: "));
}

static void *parse_often(void *failed_v)
{
    _Atomic int *failed = failed_v;
    for (int i = 0; i < 20; i++) {
        if (parse(sample, strlen(sample)) != TIDE_OK) ++*failed;
        if (parse("SELECT a FORM t", 15) != TIDE_E_SYNTAX || !strstr(tide_error_text(), "FROM?"))
            ++*failed;
    }
    return NULL;
}

static void many_threads_may_parse_at_once(void **state)
{
    (void)state;
    pthread_t threads[6];
    _Atomic int failed = 0;
    for (int i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, parse_often, &failed), 0);
    for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deep_texts_are_refused_not_fatal),
        cmocka_unit_test(long_flat_texts_are_fine),
        cmocka_unit_test(limits_say_where),
        cmocka_unit_test(long_names_are_kept_whole),
        cmocka_unit_test(truncated_texts_are_survived),
        cmocka_unit_test(nul_bytes_and_invalid_utf8_are_refused),
        cmocka_unit_test(errors_behind_multibyte_text_are_in_place),
        cmocka_unit_test(empty_statements_are_skipped),
        cmocka_unit_test(every_statement_reports_its_error),
        cmocka_unit_test(many_threads_may_parse_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
