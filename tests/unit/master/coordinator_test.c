/* coordinator_test.c - the life of a job, as stories: what the coordinator hears, and what it does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "master/core/attempt.h"
#include "tests/unit/master/coord_story.h"

/* Beginnings that many stories share: two slots on two agents. */
#define GIVEN_SLOTS                                                                                \
    "begin\n"                                                                                      \
    "  = WAITING\n"                                                                                \
    "  ask 2\n"                                                                                    \
    "granted a1.0 a2.3\n"                                                                          \
    "  = NUMBERING\n"                                                                              \
    "  append attempt 1\n"
#define PREPARING                                                                                  \
    GIVEN_SLOTS "appended\n"                                                                       \
                "  = PREPARING\n"                                                                  \
                "  a1 start 1/0 lists-splits 0:0\n"                                                \
                "  a2 start 1/1 1:3\n"
#define DEPLOYING                                                                                  \
    PREPARING "report a1 1/0 PREPARED splits=3\n"                                                  \
              "report a2 1/1 PREPARED\n"                                                           \
              "  = DEPLOYING\n"                                                                    \
              "  a1 deploy 1/0 peers=tcp0,tcp1 owners=0,1 splits=3\n"                              \
              "  a2 deploy 1/1 peers=tcp0,tcp1 owners=0,1 splits=3\n"
#define RUNNING                                                                                    \
    DEPLOYING "report a1 1/0 DEPLOYED\n"                                                           \
              "report a2 1/1 DEPLOYED\n"                                                           \
              "  = RUNNING\n"                                                                      \
              "  a1 go 1/0\n"                                                                      \
              "  a2 go 1/1\n"                                                                      \
              "report a1 1/0 RUNNING\n"                                                            \
              "report a2 1/1 RUNNING\n"
#define KILLED                                                                                     \
    "  a1 kill 1/0\n"                                                                              \
    "  a2 kill 1/1\n"
/* An agent's word about a runner that it killed. */
#define EXITS(agent, runner) "report " agent " " runner " EXITED killed\n"

static void check(const char *text)
{
    coord_story_check(&(coord_story){ .text = text });
}

static void check_with(const char *key, const char *value, const char *text)
{
    coord_story_check(&(coord_story){ .settings = { key, value }, .text = text });
}

/* A beginning and how it goes on, with a restart after a second. */
static void check_all(const char *beginning, const char *rest)
{
    tide_bytes text = { 0 };
    tide_bytes_puts(&text, beginning);
    tide_bytes_puts(&text, rest);
    check_with("restart-strategy.type", "fixed-delay", tide_bytes_text(&text));
    tide_bytes_fini(&text);
}

/* ---- from begin to end ---- */

static void a_job_runs_to_its_end(void **state)
{
    (void)state;
    check(RUNNING "report a1 1/0 FINISHED\n"
                  "report a1 1/0 EXITED\n"
                  "report a2 1/1 FINISHED\n"
                  "report a2 1/1 EXITED\n"
                  "  = ENDING\n"
                  "  append FINISHED \n"
                  "appended\n"
                  "  = FINISHED\n"
                  "  a1 forget 1/0\n"
                  "  a2 forget 1/1\n"
                  "  release\n");
}

/* An agent that has two of the slots starts one runner for both. */
static void slots_of_one_agent_are_one_runner(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .parallelism = 4,
                                      .text = "begin\n"
                                              "  = WAITING\n"
                                              "  ask 4\n"
                                              "granted a2.0 a1.0 a2.1 a1.5\n"
                                              "  = NUMBERING\n"
                                              "  append attempt 1\n"
                                              "appended\n"
                                              "  = PREPARING\n"
                                              "  a2 start 1/0 lists-splits 0:0 2:1\n"
                                              "  a1 start 1/1 1:0 3:5\n" });
}

/* Nothing of an attempt is sent before its number is in the log, however long that takes. */
static void nothing_is_sent_before_the_number_is_decided(void **state)
{
    (void)state;
    check(GIVEN_SLOTS "+300ms\n"
                      "+10s\n"
                      "beat a1\n"
                      "appended\n"
                      "  = PREPARING\n"
                      "  a1 start 1/0 lists-splits 0:0\n"
                      "  a2 start 1/1 1:3\n");
}

/* ---- commands are repeated until they have had their effect ---- */

static void a_lost_command_is_sent_again(void **state)
{
    (void)state;
    check(PREPARING "report a1 1/0 STARTING\n"
                    "+299ms\n"
                    "+1ms\n"
                    "  a2 start 1/1 1:3\n"
                    "+300ms\n"
                    "  a2 start 1/1 1:3\n"
                    "report a2 1/1 STARTING\n"
                    "+300ms\n");
}

static void doubled_and_late_reports_change_nothing(void **state)
{
    (void)state;
    check(PREPARING "report a1 1/0 PREPARED splits=3\n"
                    "report a1 1/0 PREPARED same splits=3\n"
                    "report a2 1/1 PREPARED\n"
                    "  = DEPLOYING\n"
                    "  a1 deploy 1/0 peers=tcp0,tcp1 owners=0,1 splits=3\n"
                    "  a2 deploy 1/1 peers=tcp0,tcp1 owners=0,1 splits=3\n"
                    "report a2 1/1 PREPARED same\n"
                    "report a1 1/0 DEPLOYED\n"
                    "report a1 1/0 PREPARED same\n"
                    "report a2 1/1 DEPLOYED\n"
                    "  = RUNNING\n"
                    "  a1 go 1/0\n"
                    "  a2 go 1/1\n");
}

static void an_agent_that_comes_back_is_told_at_once(void **state)
{
    (void)state;
    check(PREPARING "+100ms\n"
                    "back a2\n"
                    "  a2 start 1/1 1:3\n");
}

/* ---- preparing ---- */

static void a_runner_with_another_plan_fails_the_job(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){
        .notes = true,
        .plan_hash = 7,
        .text = "begin\n"
                "  = WAITING: needs 2 slots\n"
                "  ask 2\n"
                "granted a1.0 a2.3\n"
                "  = NUMBERING: its slots are there\n"
                "  append attempt 1\n"
                "appended\n"
                "  = PREPARING: attempt 1 on 2 runners\n"
                "  note attempt 1 begins at the sources' start positions\n"
                "  a1 start 1/0 lists-splits 0:0\n"
                "  a2 start 1/1 1:3\n"
                "report a1 1/0 PREPARED\n"
                "report a2 1/1 PREPARED hash=8\n"
                "  = FAILING: attempt 1: the plan that host "
                "h-a2 builds is not the one submitted (0000000000000008, not 0000000000000007): "
                "versions of tidemill or of the job's library differ, or the job's main is not "
                "deterministic\n" KILLED });
}

static void runners_that_do_not_get_ready_are_given_up(void **state)
{
    (void)state;
    check(PREPARING "report a1 1/0 PREPARED\n"
                    "report a2 1/1 STARTING\n"
                    "+60s\n"
                    "  = RESTARTING\n" KILLED);
    check(DEPLOYING "report a1 1/0 DEPLOYED\n"
                    "+60s\n"
                    "  = RESTARTING\n" KILLED);
}

static void how_long_they_may_take_is_a_setting(void **state)
{
    (void)state;
    check_with("runner.prepare.timeout", "5s",
               PREPARING "report a1 1/0 PREPARED\n"
                         "report a2 1/1 STARTING\n"
                         "+4999ms\n"
                         "+1ms\n"
                         "  = RESTARTING\n" KILLED);
    check_with("runner.deploy.timeout", "0",
               DEPLOYING "report a1 1/0 DEPLOYED\n"
                         "report a2 1/1 PREPARED\n"
                         "+3600s\n"
                         "  a2 deploy 1/1 peers=tcp0,tcp1 owners=0,1 splits=3\n");
    coord_story_check(&(coord_story){
        .parallelism = 1,
        .settings = { "runner.deploy.timeout", "5s", "restart-strategy.type", "none" },
        .text = "begin\n"
                "  = WAITING\n"
                "  ask 1\n"
                "granted a1.0\n"
                "  = NUMBERING\n"
                "  append attempt 1\n"
                "appended\n"
                "  = PREPARING\n"
                "  a1 start 1/0 lists-splits 0:0\n"
                "report a1 1/0 PREPARED\n"
                "  = DEPLOYING\n"
                "  a1 deploy 1/0 peers=tcp0 owners=0 splits=0\n"
                "+5s\n"
                "  = RESTARTING\n"
                "  a1 kill 1/0\n" EXITS("a1", "1/0") //
        "  = FAILING\n"
        "  = ENDING\n"
        "  append FAILED runner 0 on host h-a1 was not deployed within runner.deploy.timeout\n" });
}

/* ---- waiting for slots ---- */

static void a_job_that_gets_no_slots_tries_again_later(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){
        .notes = true,
        .settings = { "restart-strategy.type", "fixed-delay",
                      "restart-strategy.fixed-delay.attempts", "1" },
        .text = "begin\n"
                "  = WAITING: needs 2 slots\n"
                "  ask 2\n"
                "short waits for 2 slots: 1 of 1 is free\n"
                "+300s\n"
                "  = RESTARTING: attempt 0: no slots within slot.request.timeout: waits "
                "for 2 slots: 1 of 1 is free\n"
                "  note restart 1 of 1 in 1 s\n"
                "  append restart 1 of attempt 0\n"
                "appended\n"
                "  release\n"
                "+1s\n"
                "  = WAITING: after attempt 0\n"
                "  ask 2\n" });
}

static void refused_slots_are_the_end(void **state)
{
    (void)state;
    check("begin\n"
          "  = WAITING\n"
          "  ask 2\n"
          "refused the lease was refused\n"
          "  = FAILING\n"
          "  = ENDING\n"
          "  append FAILED no slots: the lease was refused\n"
          "appended\n"
          "  = FAILED\n"
          "  release\n");
}

/* The agent of a granted slot dies before the attempt has a number: no attempt was lost. */
static void a_slot_that_goes_before_the_attempt_begins_costs_nothing(void **state)
{
    (void)state;
    check("begin\n"
          "  = WAITING\n"
          "  ask 2\n"
          "cancel\n"
          "  append cancel\n"
          "granted a1.0 a2.3\n"
          "  = NUMBERING\n"
          "gone a2\n"
          "appended\n"
          "  = CANCELLING\n"
          "  = ENDING\n"
          "  append CANCELED \n");
    check("begin\n"
          "  = WAITING\n"
          "  ask 2\n"
          "stop\n"
          "  append stop\n"
          "granted a1.0 a2.3\n"
          "  = NUMBERING\n"
          "gone a1\n"
          "gone a2\n"
          "appended\n"
          "  = CANCELLING\n"
          "  = ENDING\n"
          "  append CANCELED \n");
}

/* It dies while the number is being written: the attempt counts, and fails at once. */
static void an_agent_that_dies_while_the_number_is_written_fails_the_attempt(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "fixed-delay",
               GIVEN_SLOTS "gone a2\n"
                           "appended\n"
                           "  = PREPARING\n"
                           "  = RESTARTING\n"
                           "  append restart 1 of attempt 1\n"
                           "appended\n"
                           "  release\n"
                           "+1s\n"
                           "  = WAITING\n"
                           "  ask 2\n");
}

/* ---- failures ---- */

static void a_crash_costs_a_restart(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "fixed-delay",
               RUNNING "report a2 1/1 EXITED signal=11 text=in operator sessions\n"
                       "  = RESTARTING\n"
                       "  a1 kill 1/0\n"
                       "+300ms\n"
                       "  a1 kill 1/0\n" EXITS("a1", "1/0") //
               "  append restart 1 of attempt 1\n"
               "appended\n"
               "  a1 forget 1/0\n"
               "  a2 forget 1/1\n"
               "  release\n"
               "+1s\n"
               "  = WAITING\n"
               "  ask 2\n"
               "granted a1.1 a1.2\n"
               "  = NUMBERING\n"
               "  append attempt 2\n"
               "appended\n"
               "  = PREPARING\n"
               "  a1 start 2/0 lists-splits 0:1 1:2\n");
}

/* Its peer reports that it lost it before the crash itself is reported. */
static void the_most_telling_failure_is_kept(void **state)
{
    (void)state;
    coord_story_check(
        &(coord_story){ .parallelism = 1,
                        .settings = { "restart-strategy.type", "none" },
                        .notes = true,
                        .text = "begin\n"
                                "  = WAITING: needs 1 slot\n"
                                "  ask 1\n"
                                "granted a1.0 a2.0\n"
                                "  = NUMBERING: its slots are there\n"
                                "  append attempt 1\n"
                                "appended\n"
                                "  = PREPARING: attempt 1 on 2 runners\n"
                                "  note attempt 1 begins at the sources' start positions\n"
                                "  a1 start 1/0 lists-splits 0:0\n"
                                "  a2 start 1/1 1:0\n"
                                "report a1 1/0 FAILED code=20 text=lost runner 1\n"
                                "  = RESTARTING: attempt 1: lost runner 1\n" KILLED
                                "report a2 1/1 EXITED signal=11 text=at 0x0\n"
                                "  note runner 1 of attempt 1 exited\n"
                                "  note attempt 1 failed because of SIGSEGV: at 0x0\n"
                                "report a1 1/0 EXITED exit=1\n"
                                "  note runner 0 of attempt 1 exited\n"
                                "  = FAILING: no restart: restart-strategy.type is none\n"
                                "  = ENDING: no runner is left\n"
                                "  append FAILED at 0x0\n" });
}

/* Somebody else's SIGKILL, or the system's for want of memory: our own kill was under way already.
 */
static void a_kill_that_was_not_ours_is_a_failure(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "none",
               RUNNING "report a1 1/0 FAILED code=20 text=lost runner 1\n"
                       "  = RESTARTING\n" KILLED //
                       "report a2 1/1 EXITED signal=9 text=out of memory\n"
                       "report a1 1/0 EXITED exit=1\n"
                       "  = FAILING\n"
                       "  = ENDING\n"
                       "  append FAILED out of memory\n");
}

/* Another attempt would meet the same row. */
static void a_mistake_of_the_job_is_not_tried_again(void **state)
{
    (void)state;
    check(RUNNING "report a1 1/0 FAILED code=9 text=division by zero\n"
                  "  = FAILING\n" KILLED //
                      EXITS("a2", "1/1") //
          "report a1 1/0 EXITED exit=1\n"
          "  = ENDING\n"
          "  append FAILED division by zero\n"
          "appended\n"
          "  = FAILED\n"
          "  a1 forget 1/0\n"
          "  a2 forget 1/1\n"
          "  release\n");
}

/* An agent answers RUNNER_START that it has no such slot: the cluster's fault, so try again. */
static void an_agent_that_refuses_a_runner_costs_a_restart(void **state)
{
    (void)state;
    check(PREPARING "report a2 1/1 EXITED code=24 text=slot 3 is taken\n"
                    "  = RESTARTING\n"
                    "  a1 kill 1/0\n");
}

/* In every phase: its runner is gone with it, the other ones are killed. */
static void an_agent_that_dies_ends_the_attempt(void **state)
{
    (void)state;
    const char *const before[] = { PREPARING, DEPLOYING, RUNNING };
    for (size_t i = 0; i < 3; i++)
        check_all(before[i], "gone a2\n"
                             "  = RESTARTING\n"
                             "  a1 kill 1/0\n" EXITS("a1", "1/0") //
                  "  append restart 1 of attempt 1\n"
                  "appended\n"
                  "  a1 forget 1/0\n"
                  "  release\n"
                  "+1s\n"
                  "  = WAITING\n"
                  "  ask 2\n");
}

/* Both agents are gone: there is nobody to wait for. */
static void with_all_agents_gone_nothing_is_waited_for(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "none",
               RUNNING "gone a2\n"
                       "  = RESTARTING\n"
                       "  a1 kill 1/0\n"
                       "gone a1\n"
                       "  = FAILING\n"
                       "  = ENDING\n"
                       "  append FAILED agent a2 gone\n");
}

static void a_runner_that_finished_may_lose_its_agent(void **state)
{
    (void)state;
    check(RUNNING "report a1 1/0 FINISHED\n"
                  "gone a1\n"
                  "report a2 1/1 EXITED\n"
                  "  = ENDING\n"
                  "  append FINISHED \n");
}

/* An agent that shuts down takes its runners with it; that is not the job's failure. */
static void an_agent_that_leaves_moves_the_job_at_once(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "none",
               RUNNING "leaves a2\n"
                       "  = RESTARTING\n" KILLED                           //
                       "leaves a2\n" EXITS("a2", "1/1") EXITS("a1", "1/0") //
               "  append restart 0 of attempt 1\n"
               "appended\n"
               "  a1 forget 1/0\n"
               "  a2 forget 1/1\n"
               "  release\n"
               "  = WAITING\n"
               "  ask 2\n");
}

/* Three heartbeats in a row do not list a runner that was there. */
static void a_runner_that_its_agent_does_not_know_is_lost(void **state)
{
    (void)state;
    check(RUNNING "beat a2\n"
                  "beat a2 1/1:RUNNING\n"
                  "beat a2\n"
                  "beat a2\n"
                  "beat a2\n"
                  "  = RESTARTING\n"
                  "  a1 kill 1/0\n");
}

/* A late report spoke of a runner that its agent has forgotten since: the agent's denials, which
 * are older than that report by their number, do not keep it alive. */
static void a_denied_runner_is_lost_when_it_is_not_listed(void **state)
{
    (void)state;
    check(RUNNING "cancel\n"
                  "  append cancel\n"
                  "appended\n"
                  "  = CANCELLING\n" KILLED //
                      EXITS("a1", "1/0")    //
          "report a2 1/1 EXITED denied\n"
          "beat a2\n"
          "report a2 1/1 EXITED denied\n"
          "beat a2\n"
          "report a2 1/1 EXITED denied\n"
          "beat a2\n"
          "  = ENDING\n"
          "  append CANCELED \n");
}

/* RUNNER_START never arrived: the agent has nothing to kill, and says so by not listing it. */
static void a_runner_that_never_started_is_not_waited_for(void **state)
{
    (void)state;
    check(PREPARING "cancel\n"
                    "  append cancel\n"
                    "appended\n"
                    "  = CANCELLING\n" KILLED //
                        EXITS("a1", "1/0")    //
          "beat a2\n"
          "beat a2\n"
          "beat a2\n"
          "  = ENDING\n"
          "  append CANCELED \n");
}

static void after_too_many_failures_the_strategy_gives_up(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .settings = { "restart-strategy.type", "fixed-delay",
                                                    "restart-strategy.fixed-delay.attempts", "1" },
                                      .text = RUNNING "gone a1\n"
                                                      "  = RESTARTING\n"
                                                      "  a2 kill 1/1\n"
                                                      "gone a2\n"
                                                      "  append restart 1 of attempt 1\n"
                                                      "appended\n"
                                                      "  release\n"
                                                      "+1s\n"
                                                      "  = WAITING\n"
                                                      "  ask 2\n"
                                                      "granted a3.0 a3.1\n"
                                                      "  = NUMBERING\n"
                                                      "  append attempt 2\n"
                                                      "appended\n"
                                                      "  = PREPARING\n"
                                                      "  a3 start 2/0 lists-splits 0:0 1:1\n"
                                                      "gone a3\n"
                                                      "  = RESTARTING\n"
                                                      "  = FAILING\n"
                                                      "  = ENDING\n"
                                                      "  append FAILED agent a3 gone\n" });
}

/* ---- stale runners ---- */

static void runners_of_older_attempts_are_killed_and_forgotten(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = { .submitted_us = 1, .attempt = 6 },
                                      .text = "begin\n"
                                              "  = RECONCILING\n"
                                              "beat a9 4/0:RUNNING 5/0:EXITED\n"
                                              "  a9 kill 4/0\n"
                                              "  a9 forget 5/0\n"
                                              "report a9 4/0 EXITED killed\n"
                                              "  a9 forget 4/0\n" });
}

/* A later attempt is a newer master's: not ours to judge. */
static void runners_of_later_attempts_are_left_alone(void **state)
{
    (void)state;
    check(RUNNING "beat a2 1/1:RUNNING 2/0:RUNNING\n"
                  "report a2 2/0 RUNNING\n");
}

/* The same number from another agent than the one that was told. */
static void an_impostor_is_killed(void **state)
{
    (void)state;
    check(RUNNING "report a3 1/1 RUNNING\n"
                  "  a3 kill 1/1\n");
}

static void after_the_end_everything_is_stale(void **state)
{
    (void)state;
    coord_story_check(&(coord_story){ .history = { .submitted_us = 1,
                                                   .attempt = 6,
                                                   .end = TIDE_LIFECYCLE_FINISHED,
                                                   .ended_us = 9 },
                                      .text = "begin\n"
                                              "report a1 6/0 RUNNING\n"
                                              "  a1 kill 6/0\n"
                                              "report a1 6/0 EXITED\n"
                                              "  a1 forget 6/0\n"
                                              "cancel\n"
                                              "+60s\n" });
}

/* ---- requests ---- */

static void cancel_is_decided_before_it_is_done(void **state)
{
    (void)state;
    check(RUNNING "cancel\n"
                  "  append cancel\n"
                  "cancel\n"
                  "appended\n"
                  "  = CANCELLING\n" KILLED                 //
                      EXITS("a1", "1/0") EXITS("a2", "1/1") //
          "  = ENDING\n"
          "  append CANCELED \n"
          "appended\n"
          "  = CANCELED\n"
          "  a1 forget 1/0\n"
          "  a2 forget 1/1\n"
          "  release\n");
}

static void cancel_of_a_job_that_waits(void **state)
{
    (void)state;
    check("begin\n"
          "  = WAITING\n"
          "  ask 2\n"
          "cancel\n"
          "  append cancel\n"
          "appended\n"
          "  = CANCELLING\n"
          "  = ENDING\n"
          "  append CANCELED \n"
          "appended\n"
          "  = CANCELED\n"
          "  release\n");
}

static void cancel_in_every_state_with_runners(void **state)
{
    (void)state;
    const char *const before[] = { PREPARING, DEPLOYING, RUNNING };
    for (size_t i = 0; i < 3; i++)
        check_all(before[i], "cancel\n"
                             "  append cancel\n"
                             "appended\n"
                             "  = CANCELLING\n" KILLED //
                             "gone a1\n"               //
                  EXITS("a2", "1/1")                   //
                  "  = ENDING\n"
                  "  append CANCELED \n");
}

/* Behind the number that is being written; nothing of that attempt was sent. */
static void cancel_while_the_number_is_written(void **state)
{
    (void)state;
    check(GIVEN_SLOTS "cancel\n"
                      "appended\n"
                      "  = PREPARING\n"
                      "  append cancel\n"
                      "  a1 start 1/0 lists-splits 0:0\n"
                      "  a2 start 1/1 1:3\n"
                      "appended\n"
                      "  = CANCELLING\n" KILLED);
}

static void cancel_ends_a_restart(void **state)
{
    (void)state;
    check_with("restart-strategy.type", "fixed-delay",
               RUNNING "gone a2\n"
                       "  = RESTARTING\n"
                       "  a1 kill 1/0\n"
                       "cancel\n"
                       "  append cancel\n"
                       "appended\n"
                       "  = CANCELLING\n" EXITS("a1", "1/0") //
               "  = ENDING\n"
               "  append CANCELED \n");
}

static void stop_ends_cleanly(void **state)
{
    (void)state;
    check(RUNNING "stop\n"
                  "  append stop\n"
                  "appended\n"
                  "  = STOPPING\n"
                  "  a1 stop 1/0\n"
                  "  a2 stop 1/1\n"
                  "+300ms\n"
                  "  a1 stop 1/0\n"
                  "  a2 stop 1/1\n"
                  "report a1 1/0 FINISHED\n"
                  "+300ms\n"
                  "  a2 stop 1/1\n"
                  "report a2 1/1 FINISHED\n"
                  "report a2 1/1 EXITED\n"
                  "report a1 1/0 EXITED\n"
                  "  = ENDING\n"
                  "  append FINISHED \n");
}

static void cancel_wins_over_stop(void **state)
{
    (void)state;
    check(RUNNING "stop\n"
                  "  append stop\n"
                  "cancel\n"
                  "appended\n"
                  "  append cancel\n"
                  "  = STOPPING\n"
                  "  a1 stop 1/0\n"
                  "  a2 stop 1/1\n"
                  "appended\n"
                  "  = CANCELLING\n" KILLED);
}

/* Nobody wants another attempt of a job that was asked to stop. */
static void a_failure_while_stopping_is_the_end(void **state)
{
    (void)state;
    check(RUNNING "stop\n"
                  "  append stop\n"
                  "appended\n"
                  "  = STOPPING\n"
                  "  a1 stop 1/0\n"
                  "  a2 stop 1/1\n"
                  "gone a2\n"
                  "  = FAILING\n"
                  "  a1 kill 1/0\n" EXITS("a1", "1/0") //
          "  = ENDING\n"
          "  append FAILED agent a2 gone\n");
}

static void stop_before_anything_runs_cancels(void **state)
{
    (void)state;
    check(DEPLOYING "stop\n"
                    "  append stop\n"
                    "appended\n"
                    "  = CANCELLING\n" KILLED);
}

static void a_request_that_was_decided_before_the_job_began(void **state)
{
    (void)state;
    coord_story_check(
        &(coord_story){ .history = { .submitted_us = 1, .request = TIDE_REQUEST_CANCEL },
                        .text = "begin\n"
                                "  = ENDING\n"
                                "  append CANCELED \n" });
}

/* ---- the table ---- */

static void final_states_have_no_successor_and_names_read_back(void **state)
{
    (void)state;
    for (int from = 0; from < TIDE_LIFECYCLE_COUNT; from++) {
        tide_lifecycle back;
        bool any = false;
        assert_true(tide_lifecycle_parse(tide_lifecycle_name((tide_lifecycle)from), &back));
        assert_int_equal(back, from);
        for (int to = 0; to < TIDE_LIFECYCLE_COUNT; to++)
            any |= tide_lifecycle_may_follow((tide_lifecycle)from, (tide_lifecycle)to);
        assert_int_equal(any, !tide_lifecycle_is_final((tide_lifecycle)from));
    }
    tide_lifecycle none;
    assert_false(tide_lifecycle_parse("running", &none));
    assert_false(tide_lifecycle_may_follow(TIDE_LIFECYCLE_RUNNING, TIDE_LIFECYCLE_DEPLOYING));
}

/* Rates are of the time between the last two statistics, whatever came before. */
static void statistics_are_kept_beside_those_before(void **state)
{
    (void)state;
    tide_attempt attempt;
    tide_attempt_init(&attempt, 1);
    const tide_runner_report report = { .job = "", .tcp = "", .ipc = "", .rest = "" };
    tide_job_runner *runner = tide_attempt_adopt(&attempt, "a", "h", &report);
    tide_task_stats tasks[] = {
        { .vertex = 1, .rows_in = 10, .busy_ns = 300, .idle_ns = 700, .state = "running" },
        { .vertex = 2, .rows_in = 5, .busy_ns = 1000, .state = "running" },
    };
    tide_runner_stats stats = { .agent = "a", .job = "", .tasks = { 2, tasks } };
    tide_attempt_stats(runner, &stats);
    assert_null(runner->before);
    const tide_task_stats *now = runner->stats->tasks.items;
    assert_int_equal(tide_stats_since(runner->before, 0, &now[0]).idle_ns, 700);
    for (uint64_t second = 1; second <= 2; second++) {
        tasks[0].rows_in += 4 * second;
        tasks[0].busy_ns += 1000;
        tide_attempt_stats(runner, &stats);
    }
    now = runner->stats->tasks.items;
    const tide_task_stats since = tide_stats_since(runner->before, 0, &now[0]);
    assert_int_equal(since.vertex, 1);
    assert_int_equal(since.rows_in, 8);
    assert_int_equal(since.busy_ns, 1000);
    assert_int_equal(since.idle_ns, 0);
    assert_int_equal(tide_stats_since(runner->before, 1, &now[1]).busy_ns, 0);
    /* A runner that tells them otherwise makes no difference of what does not belong together. */
    assert_int_equal(tide_stats_since(runner->before, 0, &now[1]).busy_ns, 1000);
    tide_attempt_fini(&attempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_runs_to_its_end),
        cmocka_unit_test(slots_of_one_agent_are_one_runner),
        cmocka_unit_test(nothing_is_sent_before_the_number_is_decided),
        cmocka_unit_test(a_lost_command_is_sent_again),
        cmocka_unit_test(doubled_and_late_reports_change_nothing),
        cmocka_unit_test(an_agent_that_comes_back_is_told_at_once),
        cmocka_unit_test(a_runner_with_another_plan_fails_the_job),
        cmocka_unit_test(runners_that_do_not_get_ready_are_given_up),
        cmocka_unit_test(how_long_they_may_take_is_a_setting),
        cmocka_unit_test(a_job_that_gets_no_slots_tries_again_later),
        cmocka_unit_test(refused_slots_are_the_end),
        cmocka_unit_test(a_slot_that_goes_before_the_attempt_begins_costs_nothing),
        cmocka_unit_test(an_agent_that_dies_while_the_number_is_written_fails_the_attempt),
        cmocka_unit_test(a_crash_costs_a_restart),
        cmocka_unit_test(a_kill_that_was_not_ours_is_a_failure),
        cmocka_unit_test(the_most_telling_failure_is_kept),
        cmocka_unit_test(a_mistake_of_the_job_is_not_tried_again),
        cmocka_unit_test(an_agent_that_refuses_a_runner_costs_a_restart),
        cmocka_unit_test(an_agent_that_dies_ends_the_attempt),
        cmocka_unit_test(with_all_agents_gone_nothing_is_waited_for),
        cmocka_unit_test(a_runner_that_finished_may_lose_its_agent),
        cmocka_unit_test(an_agent_that_leaves_moves_the_job_at_once),
        cmocka_unit_test(a_runner_that_its_agent_does_not_know_is_lost),
        cmocka_unit_test(a_denied_runner_is_lost_when_it_is_not_listed),
        cmocka_unit_test(a_runner_that_never_started_is_not_waited_for),
        cmocka_unit_test(after_too_many_failures_the_strategy_gives_up),
        cmocka_unit_test(runners_of_older_attempts_are_killed_and_forgotten),
        cmocka_unit_test(runners_of_later_attempts_are_left_alone),
        cmocka_unit_test(an_impostor_is_killed),
        cmocka_unit_test(after_the_end_everything_is_stale),
        cmocka_unit_test(cancel_is_decided_before_it_is_done),
        cmocka_unit_test(cancel_of_a_job_that_waits),
        cmocka_unit_test(cancel_in_every_state_with_runners),
        cmocka_unit_test(cancel_while_the_number_is_written),
        cmocka_unit_test(cancel_ends_a_restart),
        cmocka_unit_test(stop_ends_cleanly),
        cmocka_unit_test(cancel_wins_over_stop),
        cmocka_unit_test(a_failure_while_stopping_is_the_end),
        cmocka_unit_test(stop_before_anything_runs_cancels),
        cmocka_unit_test(a_request_that_was_decided_before_the_job_began),
        cmocka_unit_test(final_states_have_no_successor_and_names_read_back),
        cmocka_unit_test(statistics_are_kept_beside_those_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
