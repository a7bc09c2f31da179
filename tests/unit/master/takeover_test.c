/* takeover_test.c - a job's life goes on under a new master, as stories: what the log and the
 * agents tell its coordinator, and what it does. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/master/coord_story.h"

/* ---- does the newest attempt go on? ---- */

static const tide_job_history after_change = { .submitted_us = 1, .attempt = 3 };

static void a_new_master_goes_on_with_what_runs(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a2 3/1 RUNNING slots=1:5\n"
                                              "+500ms\n"
                                              "report a1 3/0 RUNNING slots=0:2\n"
                                              "  adopt a2.5 a1.2\n"
                                              "  = RUNNING\n"
                                              "report a1 3/0 FINISHED\n"
                                              "report a1 3/0 EXITED\n"
                                              "report a2 3/1 EXITED\n"
                                              "  = ENDING\n"
                                              "  append FINISHED \n" });
}

/* The old master died between two GOs. */
static void a_new_master_lets_go_who_was_deployed(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a2 3/1 DEPLOYED slots=1:5\n"
                                              "report a1 3/0 RUNNING slots=0:2\n"
                                              "  adopt a2.5 a1.2\n"
                                              "  = RUNNING\n"
                                              "  a2 go 3/1\n" });
}

/* All finished while there was no master; their agents remember until they are told to forget. */
static void a_new_master_sees_that_the_job_finished(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a2 3/1 EXITED slots=1:5\n"
                                              "report a1 3/0 EXITED slots=0:2\n"
                                              "  adopt\n"
                                              "  = RUNNING\n"
                                              "  = ENDING\n"
                                              "  append FINISHED \n" });
}

static void what_is_incomplete_is_killed_and_begun_again(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .settings = { "restart-strategy.type", "none" },
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 RUNNING slots=0:2\n"
                                              "+1s\n"
                                              "  = RESTARTING\n"
                                              "  a1 kill 3/0\n"
                                              "report a2 3/1 RUNNING slots=1:5\n"
                                              "  a2 kill 3/1\n"
                                              "report a1 3/0 EXITED killed\n"
                                              "  append restart 0 of attempt 3\n"
                                              "appended\n"
                                              "  a1 forget 3/0\n"
                                              "  release\n"
                                              "  = WAITING\n"
                                              "  ask 2\n"
                                              "report a2 3/1 EXITED killed\n"
                                              "  a2 forget 3/1\n" });
}

static void what_was_only_prepared_is_begun_again(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 PREPARED slots=0:2\n"
                                              "report a2 3/1 DEPLOYED slots=1:5\n"
                                              "+1s\n"
                                              "  = RESTARTING\n"
                                              "  a1 kill 3/0\n"
                                              "  a2 kill 3/1\n" });
}

/* Two agents claim the same job slot, or one claims a slot that the job does not have. */
static void runners_that_do_not_fit_together_are_not_adopted(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 RUNNING slots=0:2\n"
                                              "report a2 3/1 RUNNING slots=0:5\n"
                                              "+1s\n"
                                              "  = RESTARTING\n"
                                              "  a1 kill 3/0\n"
                                              "  a2 kill 3/1\n" });
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 RUNNING slots=0:2,7:3\n"
                                              "+1s\n"
                                              "  = RESTARTING\n"
                                              "  a1 kill 3/0\n" });
}

static void a_new_master_finishes_what_was_asked_for(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){
        .history = { .submitted_us = 1, .attempt = 3, .request = TIDE_REQUEST_STOP },
        .text = "begin\n"
                "  = RECONCILING\n"
                "report a2 3/1 RUNNING slots=1:5\n"
                "report a1 3/0 RUNNING slots=0:2\n"
                "  adopt a2.5 a1.2\n"
                "  = RUNNING\n"
                "  = STOPPING\n"
                "  a2 stop 3/1\n"
                "  a1 stop 3/0\n" });
    coord_story_check(&(coord_story){
        .history = { .submitted_us = 1, .attempt = 3, .request = TIDE_REQUEST_CANCEL },
        .text = "begin\n"
                "  = RECONCILING\n"
                "report a2 3/1 RUNNING slots=1:5\n"
                "+1s\n"
                "  = CANCELLING\n"
                "  a2 kill 3/1\n"
                "report a2 3/1 EXITED killed\n"
                "  = ENDING\n"
                "  append CANCELED \n" });
}

/* ---- restarts that an older master decided ---- */

#define FIXED_DELAY(attempts)                                                                      \
    {                                                                                              \
        "restart-strategy.type", "fixed-delay", "restart-strategy.fixed-delay.attempts", attempts  \
    }

static const tide_failure crash = { .signal = SIGSEGV, .text = "", .operator= "", .host = "" };

/* Two restarts are on record, one that counted and one of a change of master before it. */
static const tide_log_restart earlier[] = {
    { .attempt = 1, .at_us = 100, .failure = crash },
    { .attempt = 2, .at_us = 200, .count = 1, .delay_us = 1000000, .failure = crash },
};
static const tide_log_restart *const earlier_list[] = { &earlier[0], &earlier[1] };
static const tide_job_history after_restarts = {
    .submitted_us = 1, .attempt = 3, .restarts = earlier_list, .n_restarts = 2
};

#define ADOPTED                                                                                    \
    "begin\n"                                                                                      \
    "  = RECONCILING\n"                                                                            \
    "report a2 3/1 RUNNING slots=1:5\n"                                                            \
    "report a1 3/0 RUNNING slots=0:2\n"                                                            \
    "  adopt a2.5 a1.2\n"                                                                          \
    "  = RUNNING\n"
#define BOTH_CRASH                                                                                 \
    "report a1 3/0 EXITED signal=11\n"                                                             \
    "  = RESTARTING\n"                                                                             \
    "  a2 kill 3/1\n"                                                                              \
    "report a2 3/1 EXITED killed\n"

static void a_new_master_counts_on(void **state)
{
    (void)state;
    coord_story_check(
        &(coord_story){ .history = after_restarts,
                        .settings = FIXED_DELAY("2"),
                        .text = ADOPTED BOTH_CRASH "  append restart 2 of attempt 3\n" });
    coord_story_check(&(coord_story){ .history = after_restarts,
                                      .settings = FIXED_DELAY("1"),
                                      .text = ADOPTED BOTH_CRASH "  = FAILING\n"
                                                                 "  = ENDING\n"
                                                                 "  append FAILED \n" });
}

/* The teller's clock begins at 1 s: the failures were just now, or two minutes ago. */
static void a_new_master_remembers_when_failures_were(void **state)
{
    (void)state;
    tide_log_restart then = { .attempt = 2, .at_us = 999999, .count = 1, .failure = crash };
    const tide_log_restart *const list[] = { &then };
    coord_story story = {
        .history = { .submitted_us = 1, .attempt = 3, .restarts = list, .n_restarts = 1 },
        .settings = { "restart-strategy.type", "failure-rate" }
    };
    story.text = ADOPTED BOTH_CRASH "  = FAILING\n"
                                    "  = ENDING\n"
                                    "  append FAILED \n";
    coord_story_check(&story);
    then.at_us = -120000000;
    story.text = ADOPTED BOTH_CRASH "  append restart 2 of attempt 3\n";
    coord_story_check(&story);
}

/* The old master died in the pause before attempt 4, half a second after it had begun. */
static void a_new_master_goes_on_with_the_pause(void **state)
{
    (void)state;
    static const tide_log_restart last = {
        .attempt = 3, .at_us = 500000, .count = 1, .delay_us = 1000000, .failure = crash
    };
    static const tide_log_restart *const list[] = { &last };
    coord_story_check(&(coord_story){
        .history = { .submitted_us = 1, .attempt = 3, .restarts = list, .n_restarts = 1 },
        .settings = FIXED_DELAY("1"),
        .text = "begin\n"
                "  = RESTARTING\n"
                "report a1 3/0 EXITED signal=11\n"
                "  a1 forget 3/0\n"
                "+499ms\n"
                "+1ms\n"
                "  = WAITING\n"
                "  ask 2\n" });
}

/* It crashed while there was no master; its agent remembers why. */
static void a_failure_between_two_masters_counts(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = after_change,
                                      .settings = FIXED_DELAY("1"),
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 FAILED code=20 text=lost runner 1\n"
                                              "report a2 3/1 EXITED signal=11\n"
                                              "+1s\n"
                                              "  = RESTARTING\n"
                                              "  a1 kill 3/0\n"
                                              "report a1 3/0 EXITED exit=1\n"
                                              "  append restart 1 of attempt 3\n" });
    coord_story_check(&(coord_story){ .history = after_change,
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "report a1 3/0 EXITED code=9 text=division by zero\n"
                                              "+1s\n"
                                              "  = FAILING\n"
                                              "  = ENDING\n"
                                              "  append FAILED division by zero\n" });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_master_goes_on_with_what_runs),
        cmocka_unit_test(a_new_master_lets_go_who_was_deployed),
        cmocka_unit_test(a_new_master_sees_that_the_job_finished),
        cmocka_unit_test(what_is_incomplete_is_killed_and_begun_again),
        cmocka_unit_test(what_was_only_prepared_is_begun_again),
        cmocka_unit_test(runners_that_do_not_fit_together_are_not_adopted),
        cmocka_unit_test(a_new_master_finishes_what_was_asked_for),
        cmocka_unit_test(a_new_master_counts_on),
        cmocka_unit_test(a_new_master_remembers_when_failures_were),
        cmocka_unit_test(a_new_master_goes_on_with_the_pause),
        cmocka_unit_test(a_failure_between_two_masters_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
