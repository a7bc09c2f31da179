/* caret_test.c - errors shown in their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobapi/sql/caret.h"

/* What tide_sql_caret writes for the first occurrence of `at` in the text. */
static void check(const char *text, const char *at, const char *expected)
{
    tide_bytes out = { 0 };
    const char *found = strstr(text, at);
    assert_non_null(found);
    tide_sql_caret(&out, text, "job.sql", (uint32_t)(found - text), "wrong", NULL);
    assert_string_equal(tide_bytes_text(&out), expected);
    tide_bytes_fini(&out);
}

static void caret_is_under_its_character(void **state)
{
    (void)state;
    check("SELECT a\nFROM t\n WHERE x\n", "x", "job.sql:3:8: wrong\n   WHERE x\n         ^");
    check("x", "x", "job.sql:1:1: wrong\n  x\n  ^");
    check("a\r\nx\r\n", "x", "job.sql:2:1: wrong\n  x\n  ^");
}

static void hint_follows(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_sql_caret(&out, "abc", "-e", 1, "unknown b", "did you mean c?");
    assert_string_equal(tide_bytes_text(&out),
                        "-e:1:2: unknown b\n  abc\n   ^\nhint: did you mean c?");
    tide_bytes_fini(&out);
}

/* A tab is one column, and the caret line has it too: both lines indent alike on any terminal. */
static void tabs_are_repeated(void **state)
{
    (void)state;
    check("\tab\tx", "x", "job.sql:1:5: wrong\n  \tab\tx\n  \t  \t^");
}

/* Columns count characters; the caret moves by cells: 1 for u-umlaut, 2 for CJK, 0 for a combining
 * mark. */
static void wide_and_narrow_characters_are_measured(void **state)
{
    (void)state;
    check("'\xC3\xBC\xC3\xBC' x", "x", "job.sql:1:6: wrong\n  '\xC3\xBC\xC3\xBC' x\n       ^");
    check("'\xE6\x9D\xB1\xE4\xBA\xAC' x", "x",
          "job.sql:1:6: wrong\n  '\xE6\x9D\xB1\xE4\xBA\xAC' x\n         ^");
    check("'e\xCC\x81' x", "x", "job.sql:1:6: wrong\n  'e\xCC\x81' x\n      ^");
    check("'\xF0\x9F\x98\x80' x", "x", "job.sql:1:5: wrong\n  '\xF0\x9F\x98\x80' x\n       ^");
}

static void byte_order_mark_has_no_column(void **state)
{
    (void)state;
    check("\xEF\xBB\xBFx", "x", "job.sql:1:1: wrong\n  x\n  ^");
}

static void end_of_text_is_a_place(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_sql_caret(&out, "SELECT", "f", 6, "ends", NULL);
    assert_string_equal(tide_bytes_text(&out), "f:1:7: ends\n  SELECT\n        ^");
    out.n = 0;
    tide_sql_caret(&out, "SELECT", "f", 1000, "ends", NULL);
    assert_string_equal(tide_bytes_text(&out), "f:1:7: ends\n  SELECT\n        ^");
    out.n = 0;
    tide_sql_caret(&out, "", "f", 0, "ends", NULL);
    assert_string_equal(tide_bytes_text(&out), "f:1:1: ends\n  \n  ^");
    tide_bytes_fini(&out);
}

/* Any bytes are shown without reading beyond them; control characters do not reach the terminal. */
static void invalid_bytes_are_survived(void **state)
{
    (void)state;
    check("a\xFF\xC3x", "x", "job.sql:1:4: wrong\n  a\xFF\xC3x\n     ^");
    check("\x1B[31mx", "x", "job.sql:1:6: wrong\n  ?[31mx\n       ^");
}

/* Of a long line the part around the caret is shown, with the caret still under its character. */
static void long_lines_are_cut(void **state)
{
    (void)state;
    char text[2001];
    memset(text, 'a', 2000);
    text[2000] = '\0';
    text[1000] = 'x';
    tide_bytes out = { 0 };
    tide_sql_caret(&out, text, "f", 1000, "wrong", NULL);
    char *shown = strchr(tide_bytes_text(&out), '\n') + 1, *caret = strchr(shown, '\n') + 1;
    assert_true(strlen(shown) < 400);
    assert_int_equal(shown[strchr(caret, '^') - caret], 'x');
    assert_true(strncmp(shown, "  ...", 5) == 0 && caret[-2] == '.');
    tide_bytes_fini(&out);
}

static void fail_puts_it_into_the_chain(void **state)
{
    (void)state;
    assert_int_equal(tide_sql_fail(TIDE_E_BIND, "a b", "f", 2, NULL, "no column %s", "b"),
                     TIDE_E_BIND);
    assert_string_equal(tide_error_text(), "f:1:3: no column b\n  a b\n    ^");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caret_is_under_its_character),
        cmocka_unit_test(hint_follows),
        cmocka_unit_test(tabs_are_repeated),
        cmocka_unit_test(wide_and_narrow_characters_are_measured),
        cmocka_unit_test(byte_order_mark_has_no_column),
        cmocka_unit_test(end_of_text_is_a_place),
        cmocka_unit_test(invalid_bytes_are_survived),
        cmocka_unit_test(long_lines_are_cut),
        cmocka_unit_test(fail_puts_it_into_the_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
