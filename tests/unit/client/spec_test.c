#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jobapi/client/spec.h"
#include "tests/unit/plan/plan_text.h"

static const char script[] = "SET 'restart-strategy.type' = 'none';\n"
                             "CREATE TABLE t (a BIGINT, b STRING) WITH ('connector' = 'x');\n"
                             "SELECT b, COUNT(*) FROM t GROUP BY b;";

static const char *value_of(const tide_pair *pairs, uint32_t n, const char *key)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(pairs[i].key, key) == 0) value = pairs[i].value;
    return value;
}

/* What a coordinator needs is in the specification: it never plans. */
static void a_text_is_submitted_with_its_graph_and_settings(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(script, 3, &plan);
    tide_option below = { "pipeline.name", "below", 0 }, above = { "task.memory", "1 mb", 0 };
    const tide_spec_source source = {
        .name = "job.sql", .below = &below, .n_below = 1, .above = &above, .n_above = 1
    };
    tide_arena *arena = tide_arena_new();
    tide_job_spec spec;
    tide_spec_of(graph, &source, arena, &spec);
    assert_string_equal(spec.kind, "sql");
    assert_string_equal(spec.name, "job.sql");
    assert_string_equal(spec.text, script);
    assert_int_equal(spec.parallelism, 3);
    assert_true(spec.plan_hash == graph->plan_hash);
    assert_int_equal(spec.vertices.n, graph->n_vertices);
    assert_string_equal(spec.vertices.items[0].id, graph->vertices[0].id);
    assert_int_equal(spec.edges.n, graph->n_edges);
    assert_int_equal(spec.n_splits_scans, 1);
    assert_false(spec.bounded);
    const tide_pair *pairs = spec.settings_above.items;
    assert_string_equal(value_of(pairs, spec.settings_above.n, "restart-strategy.type"), "none");
    assert_string_equal(value_of(pairs, spec.settings_above.n, "task.memory"), "1 mb");
    assert_string_equal(value_of(spec.settings_below.items, 1, "pipeline.name"), "below");
    tide_arena_free(&arena);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

static void a_library_is_submitted_by_checksum_with_its_arguments(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(script, 1, &plan);
    const char *const args[] = { "in", "out" };
    const tide_spec_source source = { .name = "libx.so",
                                      .artifact_name = "libx.so",
                                      .artifact = "00112233445566aa",
                                      .args = args,
                                      .n_args = 2 };
    tide_arena *arena = tide_arena_new();
    tide_job_spec spec;
    tide_spec_of(graph, &source, arena, &spec);
    assert_string_equal(spec.kind, "library");
    assert_string_equal(spec.artifact, "00112233445566aa");
    assert_string_equal(spec.text, "");
    assert_int_equal(spec.args.n, 2);
    assert_string_equal(spec.args.items[1].text, "out");
    tide_arena_free(&arena);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_submitted_with_its_graph_and_settings),
        cmocka_unit_test(a_library_is_submitted_by_checksum_with_its_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
