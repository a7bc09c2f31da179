/* api_test.c - tidemill/client.h as a program sees it: only the public headers and libtidemill. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <tidemill/client.h>

static void expect(const tide_cluster *cluster, int result, int wanted, const char *text)
{
    assert_int_equal(result, wanted);
    if (!strstr(tide_cluster_error(cluster), text))
        fail_msg("\"%s\" does not have \"%s\"", tide_cluster_error(cluster), text);
}

static void a_wrong_job_is_answered_before_anybody_is_asked(void **state)
{
    (void)state;
    char job[TIDE_JOB_ID_BYTES];
    static const char *const settings[] = { "pipeline.nme=x" }, *const broken[] = { "x" };
    tide_cluster *cluster = tide_cluster_connect("http://127.0.0.1:1", NULL);
    expect(cluster, tide_cluster_submit_sql(cluster, "SELECT x", NULL, job), TIDE_BAD_JOB, "x");
    tide_submission how = { TIDE_SIZED(tide_submission), .settings = settings, .n_settings = 1 };
    expect(cluster, tide_cluster_submit_sql(cluster, "SELECT 1", &how, job), TIDE_BAD_JOB,
           "did you mean 'pipeline.name'?");
    how.settings = broken;
    expect(cluster, tide_cluster_submit_sql(cluster, "SELECT 1", &how, job), TIDE_BAD_JOB,
           "key=value");
    expect(cluster, tide_cluster_submit_library(cluster, "/missing.so", 0, NULL, NULL, job),
           TIDE_NOT_FOUND, "missing.so");
    tide_cluster_close(&cluster);
    assert_null(cluster);
}

static void nobody_there_is_unreachable(void **state)
{
    (void)state;
    char job[TIDE_JOB_ID_BYTES];
    tide_cluster *cluster = tide_cluster_connect("http://127.0.0.1:1", NULL);
    const tide_submission how = { TIDE_SIZED(tide_submission), .name = "n", .parallelism = 2 };
    expect(cluster, tide_cluster_submit_sql(cluster, "SELECT 1 AS a", &how, job), TIDE_UNREACHABLE,
           "no master can be reached");
    expect(cluster, tide_cluster_cancel(cluster, "1"), TIDE_UNREACHABLE, "no master");
    assert_null(tide_cluster_state(cluster, "1"));
    expect(cluster, tide_cluster_wait(cluster, "1", "RUNING", 0), TIDE_BAD_ARGUMENT, "RUNNING");
    tide_cluster_close(&cluster);
}

static void masters_that_do_not_read_are_told_by_the_first_call(void **state)
{
    (void)state;
    tide_cluster *cluster = tide_cluster_connect(",", NULL);
    expect(cluster, tide_cluster_stop(cluster, "1"), TIDE_BAD_ARGUMENT, "list of at most");
    tide_cluster_close(&cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_job_is_answered_before_anybody_is_asked),
        cmocka_unit_test(nobody_there_is_unreachable),
        cmocka_unit_test(masters_that_do_not_read_are_told_by_the_first_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
