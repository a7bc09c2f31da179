#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/net/problem.h"
#include "base/net/uri.h"

/* "a|b c?x=1&y=" for what was read. */
static void print(const tide_uri *uri, tide_bytes *out)
{
    for (uint32_t i = 0; i < uri->n_segments; i++)
        tide_bytes_printf(out, "%s%s", i ? "|" : "", uri->segments[i]);
    for (uint32_t i = 0; i < uri->n_params; i++)
        tide_bytes_printf(out, "%s%s=%s", i ? "&" : "?", uri->params[i].name, uri->params[i].value);
}

static void targets_come_apart(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "/", "" },
        { "/jobs/1f/", "jobs|1f" },
        { "//v1//jobs", "v1|jobs" },
        { "/a%20b%2Fc?x=1+2&y=%41&z&&q=a=b", "a b/c?x=1 2&y=A&z=&q=a=b" },
        { "/a+b?", "a+b" },
        { "/x?y=1#fragment?z=2", "x?y=1" },
        { "/%C3%A4", "\xc3\xa4" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_arena *arena = tide_arena_new();
        tide_bytes text = { 0 };
        tide_uri uri;
        assert_int_equal(tide_uri_parse(cases[i][0], strlen(cases[i][0]), arena, &uri), TIDE_OK);
        print(&uri, &text);
        assert_string_equal(tide_bytes_text(&text), cases[i][1]);
        tide_bytes_fini(&text);
        tide_arena_free(&arena);
    }
}

static void malformed_targets_are_refused(void **state)
{
    (void)state;
    static char long_one[TIDE_URI_BYTES_MAX + 2], deep[65], many[256];
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[0] = '/';
    for (size_t i = 0; i + 2 < sizeof deep; i += 2) memcpy(deep + i, "/a", 2);
    many[0] = '/';
    many[1] = '?';
    for (size_t i = 2; i + 2 < sizeof many; i += 2) memcpy(many + i, "a&", 2);
    const char *cases[] = { "",      "jobs",   "*",     "/%",     "/%4", "/%zz", "/%00",
                            "/a%0a", "/?a=%1", "/\x01", long_one, deep,  many };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_arena *arena = tide_arena_new();
        tide_uri uri;
        assert_int_equal(tide_uri_parse(cases[i], strlen(cases[i]), arena, &uri), TIDE_E_INVALID);
        tide_arena_free(&arena);
    }
}

static void what_was_escaped_comes_back(void **state)
{
    (void)state;
    static const char text[] = "a b/c?d&e=%+\xc3\xa4#";
    tide_bytes target = { 0 };
    tide_bytes_puts(&target, "/");
    tide_uri_escape(text, &target);
    tide_bytes_puts(&target, "?x=");
    tide_uri_escape(text, &target);
    tide_arena *arena = tide_arena_new();
    tide_uri uri;
    assert_int_equal(tide_uri_parse(target.p, target.n, arena, &uri), TIDE_OK);
    assert_int_equal(uri.n_segments, 1);
    assert_string_equal(uri.segments[0], text);
    assert_string_equal(tide_uri_param(&uri, "x", ""), text);
    assert_string_equal(tide_uri_param(&uri, "y", "none"), "none");
    tide_arena_free(&arena);
    tide_bytes_fini(&target);
}

static void problems_are_json_with_what_to_do(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_problem_json(404, "E_NOT_FOUND", "no job \"1\\\n", "list them", &out);
    assert_string_equal(tide_bytes_text(&out),
                        "{\"type\":\"about:blank\",\"status\":404,\"code\":\"E_NOT_FOUND\","
                        "\"title\":\"Not Found\",\"detail\":\"no job \\\"1\\\\\\u000a\","
                        "\"hint\":\"list them\"}\n");
    tide_bytes_fini(&out);
    for (int i = 1; i < TIDE_STATUS_COUNT; i++) {
        const char *name = tide_status_name((tide_status)i);
        assert_int_equal(tide_problem_named(name), i);
        assert_true(tide_problem_code((tide_status)i) >= 400);
    }
    assert_int_equal(tide_problem_named("E_WHAT"), TIDE_OK);
    assert_int_equal(tide_problem_status(404), TIDE_E_NOT_FOUND);
    assert_int_equal(tide_problem_status(599), TIDE_E_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_come_apart),
        cmocka_unit_test(malformed_targets_are_refused),
        cmocka_unit_test(what_was_escaped_comes_back),
        cmocka_unit_test(problems_are_json_with_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
