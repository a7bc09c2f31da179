/* graph_test.c - operator ids that survive changes of the job, the graph's
 * shape, and its validation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/core/mem.h"
#include "tests/unit/plan/plan_text.h"

#define ADS                                                                                        \
    "CREATE TABLE ads (user_id BIGINT, ad_id INT, price INT, ts TIMESTAMP(3), "                    \
    "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'x');"                      \
    "CREATE TABLE more (user_id BIGINT, ts TIMESTAMP(3), "                                         \
    "WATERMARK FOR ts AS ts) WITH ('connector' = 'x');"                                            \
    "CREATE TABLE o (a BIGINT, n BIGINT) WITH ('connector' = 'x', 'changes' = "                    \
    "'true');"

#define SESSION(keys, from, gap)                                                                   \
    "FROM TABLE(SESSION(TABLE " from " PARTITION BY " keys ", DESCRIPTOR(ts), INTERVAL '" gap      \
    "' MINUTE)) GROUP BY " keys ", window_start, window_end;"

/* The id of the first vertex of a kind; the caller frees it. */
static char *id_of(const char *sql, tide_node_kind kind)
{
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(sql, 2, &plan);
    char *id = NULL;
    for (uint32_t v = 0; v < graph->n_vertices && !id; v++)
        if (graph->vertices[v].node->kind == kind) id = tide_strdup(graph->vertices[v].id);
    assert_non_null(id);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
    return id;
}

static bool same_id(const char *one, const char *other, tide_node_kind kind)
{
    char *a = id_of(one, kind), *b = id_of(other, kind);
    bool same = strcmp(a, b) == 0;
    tide_free(a);
    tide_free(b);
    return same;
}

static const char base[] = ADS "SELECT user_id, count(*) " SESSION("user_id", "ads", "30");

static void filters_and_columns_keep_ids(void **state)
{
    (void)state;
    static const char *const same[] = {
        ADS "SELECT count(*), max(price) + 1, user_id AS u " SESSION("user_id", "ads", "30"),
        ADS "WITH few AS (SELECT * FROM ads WHERE price > 3) SELECT "
            "count(*) " SESSION("user_id", "few", "30"),
        ADS "SELECT user_id, upper(count(*)::STRING) FROM ads "
            "GROUP BY user_id, SESSION(ts, INTERVAL '30' MINUTE);",
        ADS "INSERT INTO o SELECT user_id, count(*) " SESSION("user_id", "ads", "30"),
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_true(same_id(base, same[i], TIDE_NODE_AGGREGATE));
}

static void keys_windows_and_sources_change_ids(void **state)
{
    (void)state;
    static const char *const other[] = {
        ADS "SELECT ad_id, count(*) " SESSION("ad_id", "ads", "30"),
        ADS "SELECT user_id, count(*) " SESSION("user_id", "ads", "31"),
        ADS "SELECT user_id, count(*) " SESSION("user_id", "more", "30"),
        ADS "SELECT user_id, count(*) FROM ads GROUP BY user_id, "
            "TUMBLE(ts, INTERVAL '30' MINUTE);",
        ADS "SELECT user_id, count(*) FROM ads GROUP BY user_id;",
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_false(same_id(base, other[i], TIDE_NODE_AGGREGATE));
}

static void sinks_and_sources_are_named_by_their_table(void **state)
{
    (void)state;
    const char *one = ADS "INSERT INTO o SELECT user_id, 1 FROM ads;";
    assert_true(same_id(one, ADS "INSERT INTO o SELECT user_id, price FROM ads WHERE price > 3;",
                        TIDE_NODE_SINK));
    assert_false(same_id(one, ADS "SELECT user_id, 1 FROM ads;", TIDE_NODE_SINK));
    assert_true(same_id(one, base, TIDE_NODE_SCAN));
}

/* Ids are stored in snapshots: this one must never change. */
static void ids_are_a_stored_format(void **state)
{
    (void)state;
    char *id = id_of(base, TIDE_NODE_AGGREGATE);
    assert_string_equal(id, "ede0d30b9090a467");
    tide_free(id);
}

static void equal_operators_are_told_apart(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(ADS "SELECT user_id, count(*) FROM ads GROUP BY user_id;"
                                            "SELECT user_id, sum(price) FROM ads GROUP BY user_id;",
                                        1, &plan);
    const char *ids[2];
    uint32_t n = 0;
    for (uint32_t v = 0; v < graph->n_vertices; v++)
        if (graph->vertices[v].node->kind == TIDE_NODE_AGGREGATE && n < 2)
            ids[n++] = graph->vertices[v].id;
    assert_int_equal(n, 2);
    assert_string_not_equal(ids[0], ids[1]);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

static void the_plan_hash_tells_jobs_apart(void **state)
{
    (void)state;
    static const char *const sql[] = {
        ADS "SELECT user_id FROM ads WHERE price > 3;",
        ADS "SELECT user_id FROM ads WHERE price > 3;",
        ADS "SELECT user_id FROM ads WHERE price > 4;",
    };
    uint64_t hashes[3];
    for (int i = 0; i < 3; i++) {
        tide_plan *plan;
        tide_graph *graph = plan_text_graph(sql[i], 2, &plan);
        hashes[i] = graph->plan_hash;
        tide_graph_free(&graph);
        tide_plan_free(&plan);
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

/* With one subtask everything that has one input is one task. */
static void parallelism_one_chains_across_keys(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(base, 1, &plan);
    assert_int_equal(graph->n_chains, 1);
    for (uint32_t e = 0; e < graph->n_edges; e++) assert_true(graph->edges[e].chained);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

static void key_groups_bound_the_parallelism(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_job_settings settings;
    assert_int_equal(tide_sql_plan(base, "x", &plan_text_context, &plan), TIDE_OK);
    assert_int_equal(tide_job_settings_read(&settings, NULL, 0, NULL), TIDE_OK);
    assert_int_equal(settings.key_groups, 128);
    settings.parallelism = 129;
    tide_graph *graph;
    assert_int_equal(tide_graph_build(plan, &settings, &graph), TIDE_E_INVALID);
    assert_null(graph);
    tide_plan_free(&plan);
}

typedef void (*breaker)(tide_graph *graph);
static tide_edge *edge_of(tide_graph *g, uint32_t e)
{
    return (tide_edge *)&g->edges[e];
}
static tide_vertex *vertex_of(tide_graph *g, uint32_t v)
{
    return (tide_vertex *)&g->vertices[v];
}
static void cycle(tide_graph *g)
{
    edge_of(g, 1)->from = g->n_vertices - 1;
}
static void no_such_vertex(tide_graph *g)
{
    edge_of(g, 1)->to = g->n_vertices;
}
static void no_such_output(tide_graph *g)
{
    edge_of(g, 1)->output = 7;
}
static void no_such_port(tide_graph *g)
{
    edge_of(g, 1)->port = 7;
}
static void no_keys(tide_graph *g)
{
    edge_of(g, 1)->n_keys = 0;
}
static void forwards_to_fewer(tide_graph *g)
{
    edge_of(g, g->n_edges - 1)->partitioner = TIDE_PARTITION_FORWARD;
}
static void wrongly_chained(tide_graph *g)
{
    edge_of(g, 1)->chained = true;
}
static void same_ids(tide_graph *g)
{
    memcpy(vertex_of(g, 1)->id, g->vertices[0].id, 17);
}
static void no_parallelism(tide_graph *g)
{
    vertex_of(g, 1)->parallelism = 0;
}
static void wrong_chain(tide_graph *g)
{
    vertex_of(g, 1)->chain = 99;
}
static void lost_edge(tide_graph *g)
{
    vertex_of(g, 1)->n_in = 0;
}
static void too_parallel(tide_graph *g)
{
    g->parallelism = g->key_groups + 1;
}

static void a_broken_graph_is_refused(void **state)
{
    (void)state;
    static const breaker breakers[] = { cycle,           no_such_vertex, no_such_output,
                                        no_such_port,    no_keys,        forwards_to_fewer,
                                        wrongly_chained, same_ids,       no_parallelism,
                                        wrong_chain,     lost_edge,      too_parallel };
    for (size_t i = 0; i < sizeof breakers / sizeof *breakers; i++) {
        tide_plan *plan;
        tide_graph *graph = plan_text_graph(base, 2, &plan);
        breakers[i](graph);
        assert_int_equal(tide_graph_validate(graph), TIDE_E_INTERNAL);
        tide_graph_free(&graph);
        tide_plan_free(&plan);
    }
}

static void json_holds_plan_and_graph(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(base, 2, &plan);
    char *text = tide_graph_json(graph);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);
    assert_non_null(root);
    json_t *g = json_object_get(root, "graph");
    assert_int_equal(json_array_size(json_object_get(g, "vertices")), graph->n_vertices);
    assert_int_equal(json_array_size(json_object_get(g, "edges")), graph->n_edges);
    json_t *aggregate = json_array_get(json_object_get(g, "vertices"), 2);
    assert_string_equal(json_string_value(json_object_get(aggregate, "id")), "ede0d30b9090a467");
    json_t *edge = json_array_get(json_object_get(g, "edges"), 1);
    assert_string_equal(json_string_value(json_object_get(edge, "partitioner")), "hash");
    json_decref(root);
    tide_free(text);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

/* How many first phases the script's aggregates have. */
static uint32_t count_phases(const char *sql, uint32_t parallelism)
{
    tide_plan *plan;
    tide_graph *graph = plan_text_graph(sql, parallelism, &plan);
    uint32_t n = 0;
    for (uint32_t v = 0; v < graph->n_vertices; v++)
        n += graph->vertices[v].node->kind == TIDE_NODE_PARTIAL;
    tide_graph_free(&graph);
    tide_plan_free(&plan);
    return n;
}

static void aggregates_behind_an_exchange_have_two_phases(void **state)
{
    (void)state;
    assert_int_equal(count_phases(base, 2), 1);
    assert_int_equal(count_phases(base, 1), 0);
    assert_int_equal(count_phases(ADS "SELECT count(*), max(user_id) FROM ads;", 2), 1);
    assert_int_equal(
        count_phases(ADS "SELECT user_id, count(*) FROM (SELECT user_id FROM ads UNION ALL "
                         "SELECT user_id FROM more) GROUP BY user_id;",
                     2),
        2);
}

/* One whose rows lie where they belong, one that sends late rows elsewhere, and those whose states
 * do not add up. */
static void other_aggregates_have_one_phase(void **state)
{
    (void)state;
    static const char *const one[] = {
        ADS "CREATE TABLE late (ts TIMESTAMP(3), user_id STRING) WITH ('connector' = 'x');"
            "SET 'late-rows.table' = 'late';"
            "SELECT user_id, count(*) " SESSION("user_id", "ads", "30"),
        ADS "SELECT user_id, count(DISTINCT ad_id) FROM ads GROUP BY user_id;",
    };
    for (size_t i = 0; i < sizeof one / sizeof *one; i++)
        assert_int_equal(count_phases(one[i], 2), 0);
    assert_int_equal(count_phases(ADS "SELECT user_id, max(n) FROM (SELECT user_id, count(*) AS n "
                                      "FROM ads GROUP BY user_id) GROUP BY user_id;",
                                  2),
                     1); /* The inner one; the outer one reads changes, too. */
}

static void a_side_table_gets_late_rows(void **state)
{
    (void)state;
    tide_plan *plan;
    tide_graph *graph =
        plan_text_graph(ADS "CREATE TABLE late (ts TIMESTAMP(3), user_id STRING) WITH "
                            "('connector' = 'x');"
                            "SET 'late-rows.table' = 'late';"
                            "SELECT user_id, count(*) " SESSION("user_id", "ads", "30"),
                        2, &plan);
    bool found = false;
    for (uint32_t v = 0; v < graph->n_vertices; v++) {
        const tide_vertex *vertex = &graph->vertices[v];
        if (vertex->node->kind != TIDE_NODE_AGGREGATE) continue;
        found = true;
        assert_non_null(vertex->late);
        assert_int_equal(vertex->n_out, 2);
        assert_int_equal(graph->edges[vertex->out[0]].output, 0);
        assert_int_equal(graph->edges[vertex->out[1]].output, 1);
        const tide_vertex *rows = &graph->vertices[graph->edges[vertex->out[1]].to];
        assert_int_equal(rows->node->schema.n, 2);
        assert_string_equal(rows->node->schema.fields[0].name, "ts");
        assert_int_equal(rows->node->schema.fields[1].type.id, TIDE_TYPE_STRING);
    }
    assert_true(found);
    tide_graph_free(&graph);
    tide_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_and_columns_keep_ids),
        cmocka_unit_test(keys_windows_and_sources_change_ids),
        cmocka_unit_test(sinks_and_sources_are_named_by_their_table),
        cmocka_unit_test(ids_are_a_stored_format),
        cmocka_unit_test(equal_operators_are_told_apart),
        cmocka_unit_test(the_plan_hash_tells_jobs_apart),
        cmocka_unit_test(parallelism_one_chains_across_keys),
        cmocka_unit_test(key_groups_bound_the_parallelism),
        cmocka_unit_test(a_broken_graph_is_refused),
        cmocka_unit_test(json_holds_plan_and_graph),
        cmocka_unit_test(aggregates_behind_an_exchange_have_two_phases),
        cmocka_unit_test(other_aggregates_have_one_phase),
        cmocka_unit_test(a_side_table_gets_late_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
