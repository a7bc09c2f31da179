#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/random.h"
#include "cli/diff.h"

static char *diff_of(const char *before, const char *after)
{
    tide_bytes out = { 0 };
    tide_diff_side a = { "a", before, strlen(before) }, b = { "b", after, strlen(after) };
    tide_diff(&a, &b, false, &out);
    char *text = tide_strdup(tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return text;
}

static void assert_diff(const char *before, const char *after, const char *expect)
{
    char *text = diff_of(before, after);
    assert_string_equal(text, expect);
    tide_free(text);
}

/* Expected texts are those of GNU diff -u, but for the file times. */
static void hunks_are_those_of_diff_u(void **state)
{
    (void)state;
    assert_diff("same\n", "same\n", "");
    assert_diff("", "", "");
    assert_diff("a\nb\nc\n", "a\nX\nc\n", "--- a\n+++ b\n@@ -1,3 +1,3 @@\n a\n-b\n+X\n c\n");
    assert_diff("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
    assert_diff("x\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
    assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nnew\n",
                "--- a\n+++ b\n@@ -7,3 +7,4 @@\n 7\n 8\n 9\n+new\n");
}

static void distant_differences_are_hunks_of_their_own(void **state)
{
    (void)state;
    assert_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
                "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
                "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
    assert_diff("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
                "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

static void a_missing_last_newline_shows(void **state)
{
    (void)state;
    assert_diff("a\n", "a", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
}

static void removed_is_red_and_added_green(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_diff_side a = { "a", "x\n", 2 }, b = { "b", "y\n", 2 };
    assert_true(tide_diff(&a, &b, true, &out));
    assert_non_null(strstr(tide_bytes_text(&out), "\033[31m-x\033[0m\n\033[32m+y\033[0m\n"));
    tide_bytes_fini(&out);
}

/* Applies the shown hunks to `before` and returns what comes out. */
static char *patched(const char *before, const char *diff)
{
    tide_bytes out = { 0 };
    const char *at = before;
    int line = 1;
    for (const char *d = diff; *d;) {
        const char *next = strchr(d, '\n') + 1;
        int start, count;
        if ((count = 1, sscanf(d, "@@ -%d,%d", &start, &count) >= 1)) {
            for (start += count == 0; line < start; line++) {
                const char *end = strchr(at, '\n') + 1;
                tide_bytes_put(&out, at, (size_t)(end - at));
                at = end;
            }
        } else if (strncmp(d, "---", 3) != 0 && strncmp(d, "+++", 3) != 0) {
            if (*d != '-') tide_bytes_put(&out, d + 1, (size_t)(next - d - 1));
            if (*d != '+') at = strchr(at, '\n') + 1, line++;
        }
        d = next;
    }
    tide_bytes_puts(&out, at);
    char *text = tide_strdup(tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return text;
}

static void applying_a_diff_gives_the_other_text(void **state)
{
    (void)state;
    tide_random r;
    tide_random_init(&r, 42, 0);
    for (int round = 0; round < 500; round++) {
        char texts[2][256] = { "", "" };
        for (int side = 0; side < 2; side++) {
            uint64_t n = tide_random_below(&r, 40);
            for (uint64_t i = 0; i < n; i++) {
                char line[3] = { (char)('p' + tide_random_below(&r, 3)), '\n', '\0' };
                strncat(texts[side], line, 2);
            }
        }
        char *diff = diff_of(texts[0], texts[1]), *result = patched(texts[0], diff);
        assert_string_equal(result, texts[1]);
        tide_free(diff), tide_free(result);
    }
}

static void lines_are_sorted_behind_the_head(void **state)
{
    (void)state;
    tide_bytes text = { 0 };
    tide_bytes_puts(&text, "z head\nb\na\nab\n\na");
    tide_diff_sort_lines(&text, 1);
    assert_string_equal(tide_bytes_text(&text), "z head\n\na\na\nab\nb\n");
    tide_bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hunks_are_those_of_diff_u),
        cmocka_unit_test(distant_differences_are_hunks_of_their_own),
        cmocka_unit_test(a_missing_last_newline_shows),
        cmocka_unit_test(removed_is_red_and_added_green),
        cmocka_unit_test(applying_a_diff_gives_the_other_text),
        cmocka_unit_test(lines_are_sorted_behind_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
