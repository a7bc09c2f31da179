#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "master/rest/routes.h"

static tide_status find(const char *method, const char *target, tide_arena *arena,
                        tide_route_match *out)
{
    tide_uri uri;
    assert_int_equal(tide_uri_parse(target, strlen(target), arena, &uri), TIDE_OK);
    return tide_route_find(method, &uri, out);
}

/* Every route is found by its own path, below / and below /v1. */
static void every_route_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < TIDE_ROUTE_COUNT; i++) {
        tide_arena *arena = tide_arena_new();
        const tide_route *route = tide_route_at((tide_route_id)i);
        tide_bytes target = { 0 };
        for (const char *c = route->path; *c; c++) tide_bytes_putc(&target, *c == ':' ? 'x' : *c);
        tide_route_match match;
        assert_int_equal(find(route->method, tide_bytes_text(&target), arena, &match), TIDE_OK);
        assert_int_equal(match.route->id, i);
        const char *below = tide_arena_printf(arena, "/v1%s?a=b", tide_bytes_text(&target));
        assert_int_equal(find(route->method, below, arena, &match), TIDE_OK);
        assert_int_equal(match.route->id, i);
        tide_bytes_fini(&target);
        tide_arena_free(&arena);
    }
}

static void segments_become_parameters(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    tide_route_match match;
    assert_int_equal(find("GET", "/jobs/1f/vertices/a%2Fb/watermarks", arena, &match), TIDE_OK);
    assert_int_equal(match.route->id, TIDE_ROUTE_watermarks);
    assert_string_equal(match.params[0], "1f");
    assert_string_equal(match.params[1], "a/b");
    /* A fixed word wins over a parameter. */
    assert_int_equal(find("GET", "/jobs/overview", arena, &match), TIDE_OK);
    assert_int_equal(match.route->id, TIDE_ROUTE_jobs_overview);
    tide_arena_free(&arena);
}

static void what_is_not_there_is_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *method, *target;
        tide_status expect;
        const char *text;
    } cases[] = {
        { "GET", "/overveiw", TIDE_E_NOT_FOUND, "did you mean /overview?" },
        { "GET", "/", TIDE_E_NOT_FOUND, "there is no /" },
        { "GET", "/v1", TIDE_E_NOT_FOUND, "there is no /" },
        { "GET", "/jobs/1f/vertices", TIDE_E_NOT_FOUND, "there is no /jobs/1f/vertices" },
        { "GET", "/jobs/1f/config/x", TIDE_E_NOT_FOUND, "there is no" },
        { "DELETE", "/jobs/1f", TIDE_E_UNSUPPORTED, "not with DELETE" },
        { "POST", "/overview", TIDE_E_UNSUPPORTED, "/overview is asked with GET" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_arena *arena = tide_arena_new();
        tide_route_match match;
        assert_int_equal(find(cases[i].method, cases[i].target, arena, &match), cases[i].expect);
        if (!strstr(tide_error_text(), cases[i].text))
            fail_msg("\"%s\" does not have \"%s\"", tide_error_text(), cases[i].text);
        tide_arena_free(&arena);
    }
}

static void the_description_has_every_route(void **state)
{
    (void)state;
    tide_bytes text = { 0 };
    tide_routes_openapi("1.2.3", &text);
    json_t *root = json_loadb(text.p, text.n, 0, NULL);
    assert_non_null(root);
    size_t n = 0;
    const char *path;
    json_t *methods;
    json_object_foreach(json_object_get(root, "paths"), path, methods) n +=
        json_object_size(methods);
    assert_int_equal(n, TIDE_ROUTE_COUNT);
    json_t *job = json_object_get(json_object_get(root, "paths"), "/jobs/{job}");
    json_t *parameter =
        json_array_get(json_object_get(json_object_get(job, "patch"), "parameters"), 0);
    assert_string_equal(json_string_value(json_object_get(parameter, "name")), "job");
    json_decref(root);
    tide_bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_found),
        cmocka_unit_test(segments_become_parameters),
        cmocka_unit_test(what_is_not_there_is_told_apart),
        cmocka_unit_test(the_description_has_every_route),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
