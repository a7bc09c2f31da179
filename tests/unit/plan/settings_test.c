#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/plan/plan_text.h"

static tide_status read_one(tide_job_settings *out, const char *key, const char *value)
{
    tide_option option = { key, value, 0 };
    return tide_job_settings_read(out, &option, 1, NULL);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    tide_job_settings s;
    assert_int_equal(tide_job_settings_read(&s, NULL, 0, NULL), TIDE_OK);
    assert_int_equal(s.parallelism, 0);
    assert_int_equal(s.key_groups, 128);
    assert_int_equal(s.mode, TIDE_RUN_AUTOMATIC);
    assert_int_equal(s.stuck_timeout_us, 60000000);
    assert_false(s.skip_errors);
    assert_null(s.late_table);
}

static void values_are_read_by_their_kind(void **state)
{
    (void)state;
    tide_job_settings s;
    assert_int_equal(read_one(&s, "Parallelism.Default", "4"), TIDE_OK);
    assert_int_equal(s.parallelism, 4);
    assert_int_equal(read_one(&s, "execution.runtime-mode", "BATCH"), TIDE_OK);
    assert_int_equal(s.mode, TIDE_RUN_BATCH);
    assert_int_equal(read_one(&s, "on-error", "skip"), TIDE_OK);
    assert_true(s.skip_errors);
    assert_int_equal(read_one(&s, "task.memory", "64 mb"), TIDE_OK);
    assert_int_equal(s.memory_bytes, 64 << 20);
    assert_int_equal(read_one(&s, "table.exec.source.idle-timeout", "5 s"), TIDE_OK);
    assert_int_equal(s.idle_timeout_us, 5000000);
    assert_int_equal(read_one(&s, "late-rows.table", ""), TIDE_OK);
    assert_null(s.late_table);
}

static void unknown_keys_and_bad_values_are_refused(void **state)
{
    (void)state;
    tide_job_settings s;
    uint32_t bad = 9;
    tide_option options[] = { { "parallelism.default", "2", 0 }, { "on-eror", "fail", 0 } };
    assert_int_equal(tide_job_settings_read(&s, options, 2, &bad), TIDE_E_OPTION);
    assert_int_equal(bad, 1);
    assert_non_null(strstr(tide_error_text(), "did you mean 'on-error'?"));
    static const char *const wrong[][2] = {
        { "parallelism.default", "0" },
        { "parallelism.default", "1x" },
        { "pipeline.max-parallelism", "40000" },
        { "execution.runtime-mode", "fast" },
        { "on-error", "ignore" },
        { "task.memory", "much" },
        { "table.exec.state.ttl", "-1 s" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(read_one(&s, wrong[i][0], wrong[i][1]), TIDE_E_OPTION);
}

static void the_command_line_wins_over_set(void **state)
{
    (void)state;
    tide_option option = { "parallelism.default", "8", 0 };
    tide_sql_context context = plan_text_context;
    context.settings = &option;
    context.n_settings = 1;
    tide_plan *plan;
    assert_int_equal(tide_sql_plan("SET 'parallelism.default' = '2'; SET 'pipeline.name' = 'j';",
                                   "x", &context, &plan),
                     TIDE_OK);
    tide_job_settings s;
    assert_int_equal(tide_job_settings_read(&s, plan->settings, plan->n_settings, NULL), TIDE_OK);
    assert_int_equal(s.parallelism, 8);
    assert_string_equal(plan->name, "j");
    assert_int_equal(plan->n_sinks, 0);
    tide_plan_free(&plan);
}

static void set_wins_over_the_base(void **state)
{
    (void)state;
    tide_option base[] = { { "parallelism.default", "8", 0 }, { "pipeline.name", "base", 0 } };
    tide_sql_context context = plan_text_context;
    context.base_settings = base;
    context.n_base_settings = 2;
    tide_plan *plan;
    assert_int_equal(tide_sql_plan("SET 'parallelism.default' = '2';", "x", &context, &plan),
                     TIDE_OK);
    tide_job_settings s;
    assert_int_equal(tide_job_settings_read(&s, plan->settings, plan->n_settings, NULL), TIDE_OK);
    assert_int_equal(s.parallelism, 2);
    assert_string_equal(plan->name, "base");
    tide_plan_free(&plan);
}

static void reset_takes_a_setting_back(void **state)
{
    (void)state;
    tide_plan *plan;
    assert_int_equal(tide_sql_plan("SET 'on-error' = 'skip'; SET 'parallelism.default' = '2';"
                                   "RESET 'on-error';",
                                   "x", NULL, &plan),
                     TIDE_OK);
    assert_int_equal(plan->n_settings, 1);
    tide_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(values_are_read_by_their_kind),
        cmocka_unit_test(unknown_keys_and_bad_values_are_refused),
        cmocka_unit_test(the_command_line_wins_over_set),
        cmocka_unit_test(set_wins_over_the_base),
        cmocka_unit_test(reset_takes_a_setting_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
