#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jobapi/plan/cluster_settings.h"
#include "jobapi/plan/settings.h"

static void defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    tide_cluster_settings s;
    tide_cluster_settings_init(&s);
    assert_int_equal(s.rest_port, 8081);
    assert_int_equal(s.control_port, 6123);
    assert_int_equal(s.heartbeat_interval_us, 500000);
    assert_int_equal(s.heartbeat_timeout_us, 2500000);
    assert_int_equal(s.lease_timeout_us, 1500000);
    assert_int_equal(s.prepare_timeout_us, 60000000);
    assert_int_equal(s.deploy_timeout_us, 60000000);
    assert_int_equal(s.restart_type, TIDE_RESTART_TYPE_EXPONENTIAL_DELAY);
    assert_int_equal(s.placement, TIDE_PLACEMENT_SPREAD);
    assert_null(s.rest_token);
    assert_int_equal(tide_cluster_settings_check(&s), TIDE_OK);
}

/* Flink's spellings, and ours, in any case. */
static void names_that_users_know_are_understood(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "jobmanager.rpc.port", "7000" },
        { "rest.bind-port", "7001" },
        { "worker.slots", "3" },
        { "TaskManager.NumberOfTaskSlots", "4" },
        { "restart-strategy", "fixed-delay" },
    };
    tide_cluster_settings s;
    tide_cluster_settings_init(&s);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(tide_cluster_settings_set(&s, pairs[i][0], pairs[i][1]), TIDE_OK);
    assert_int_equal(s.control_port, 7000);
    assert_int_equal(s.rest_port, 7001);
    assert_int_equal(s.slots, 4);
    assert_int_equal(s.restart_type, TIDE_RESTART_TYPE_FIXED_DELAY);
}

static void mistakes_say_what_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        { "rest.prt", "1", "did you mean 'rest.port'?" },
        { "rest.port", "70000", "from 0 to 65535" },
        { "scheduler.placement", "near", "is not spread, pack or nearest" },
        { "heartbeat.timeout", "soon", "duration" },
        { "restart-strategy.exponential-delay.jitter-factor", "-1", "number of 0 or more" },
    };
    tide_cluster_settings s;
    tide_cluster_settings_init(&s);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(tide_cluster_settings_set(&s, wrong[i][0], wrong[i][1]), TIDE_E_OPTION);
        if (!strstr(tide_error_text(), wrong[i][2]))
            fail_msg("\"%s\" does not have \"%s\"", tide_error_text(), wrong[i][2]);
    }
}

static void settings_must_go_together(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        { "heartbeat.timeout", "600 ms" },
        { "heartbeat.interval", "0" },
        { "taskmanager.numberOfTaskSlots", "5000" },
        { "restart-strategy.exponential-delay.backoff-multiplier", "0.5" },
        { "restart-strategy.exponential-delay.jitter-factor", "1.5" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tide_cluster_settings s;
        tide_cluster_settings_init(&s);
        assert_int_equal(tide_cluster_settings_set(&s, wrong[i][0], wrong[i][1]), TIDE_OK);
        assert_int_equal(tide_cluster_settings_check(&s), TIDE_E_OPTION);
    }
}

static void a_job_overrides_what_is_its_own_to_decide(void **state)
{
    (void)state;
    tide_cluster_settings s;
    tide_cluster_settings_init(&s);
    tide_cluster_settings_override(&s, "restart-strategy.type", "none");
    tide_cluster_settings_override(&s, "scheduler.placement", "nonsense");
    tide_cluster_settings_override(&s, "rest.port", "9");
    tide_cluster_settings_override(&s, "pipeline.name", "x");
    assert_int_equal(s.restart_type, TIDE_RESTART_TYPE_NONE);
    assert_int_equal(s.placement, TIDE_PLACEMENT_SPREAD);
    assert_int_equal(s.rest_port, 8081);
}

static void a_job_may_be_given_some_of_them(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *expect; /* NULL: accepted. */
    } cases[] = {
        { "restart-strategy", "none", NULL },
        { "scheduler.placement", "pack", NULL },
        { "scheduler.placement", "x", "spread, pack or nearest" },
        { "rest.port", "1", "of the cluster's processes" },
        { "restart-stratgy.type", "none", "did you mean 'restart-strategy.type'?" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_job_settings settings;
        tide_option option = { cases[i].key, cases[i].value, 0 };
        tide_status rv = tide_job_settings_read(&settings, &option, 1, NULL);
        assert_int_equal(rv, cases[i].expect ? TIDE_E_OPTION : TIDE_OK);
        if (cases[i].expect) assert_non_null(strstr(tide_error_text(), cases[i].expect));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_contract),
        cmocka_unit_test(names_that_users_know_are_understood),
        cmocka_unit_test(mistakes_say_what_is_wrong),
        cmocka_unit_test(settings_must_go_together),
        cmocka_unit_test(a_job_overrides_what_is_its_own_to_decide),
        cmocka_unit_test(a_job_may_be_given_some_of_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
