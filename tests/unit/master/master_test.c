/* master_test.c - the master as a whole, as stories: agents, clients, jobs, leases, changes of
 * leadership. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "tests/unit/master/master_story.h"

static void check(const char *text)
{
    master_story_check(&(master_story){ .text = text });
}

static void check_both(const char *beginning, const char *rest)
{
    tide_bytes text = { 0 };
    tide_bytes_puts(&text, beginning);
    tide_bytes_puts(&text, rest);
    check(tide_bytes_text(&text));
    tide_bytes_fini(&text);
}

#define TWO_AGENTS                                                                                 \
    "hello 1 a1 h1 1\n"                                                                            \
    "hello 2 a2 h2 1\n"
#define WAITS                                                                                      \
    "submit 100 e 2\n"                                                                             \
    "  e = WAITING\n"                                                                              \
    "  reply 100 ok\n"
#define PREPARING                                                                                  \
    TWO_AGENTS "submit 100 e 2\n"                                                                  \
               "  e = WAITING\n"                                                                   \
               "  e = NUMBERING\n"                                                                 \
               "  reply 100 ok\n"                                                                  \
               "  e = PREPARING\n"                                                                 \
               "  1 start e 1/0 0:0\n"                                                             \
               "  2 start e 1/1 1:0\n"
#define DEPLOYING                                                                                  \
    PREPARING "report 1 a1 e 1/0 PREPARED slots=0:0\n"                                             \
              "report 2 a2 e 1/1 PREPARED slots=1:0\n"                                             \
              "  e = DEPLOYING\n"                                                                  \
              "  1 deploy e 1/0\n"                                                                 \
              "  2 deploy e 1/1\n"
#define RUNNING                                                                                    \
    DEPLOYING "report 1 a1 e 1/0 DEPLOYED slots=0:0\n"                                             \
              "report 2 a2 e 1/1 DEPLOYED slots=1:0\n"                                             \
              "  e = RUNNING\n"                                                                    \
              "  1 go e 1/0\n"                                                                     \
              "  2 go e 1/1\n"                                                                     \
              "report 1 a1 e 1/0 RUNNING slots=0:0\n"                                              \
              "report 2 a2 e 1/1 RUNNING slots=1:0\n"

/* ---- the life of a job ---- */

static void a_job_waits_for_agents_and_runs(void **state)
{
    (void)state;
    check("say\n"
          "  leads, 0 agents, 0 of 0 slots free\n" WAITS //
          "say\n"
          "  leads, 0 agents, 0 of 0 slots free\n"
          "  job e WAITING attempt 0: waits for 2 slots: 0 of 0 are free on 0 workers; start more "
          "workers (tidemill worker) or submit with a lower -p\n"
          "hello 1 a1 h1 1\n"
          "hello 2 a2 h2 1\n"
          "  e = NUMBERING\n"
          "  e = PREPARING\n"
          "  1 start e 1/0 0:0\n"
          "  2 start e 1/1 1:0\n"
          "keys jobs/\n"
          "  jobs/eeeeeeeeeeeeeeee/log/0\n"
          "  jobs/eeeeeeeeeeeeeeee/log/1\n"
          "  jobs/eeeeeeeeeeeeeeee/log/2\n");
}

static void a_job_runs_to_its_end_and_frees_its_slots(void **state)
{
    (void)state;
    check(RUNNING "say\n"
                  "  leads, 2 agents, 0 of 2 slots free\n"
                  "  job e RUNNING attempt 1\n"
                  "report 1 a1 e 1/0 FINISHED slots=0:0\n"
                  "report 1 a1 e 1/0 EXITED slots=0:0\n"
                  "report 2 a2 e 1/1 EXITED slots=1:0\n"
                  "  e = ENDING\n"
                  "  e = FINISHED\n"
                  "  1 forget e 1/0\n"
                  "  2 forget e 1/1\n"
                  "say\n"
                  "  leads, 2 agents, 2 of 2 slots free\n"
                  "  job e FINISHED attempt 1\n");
}

/* The second job gets the first one's slots as soon as their runners are gone, not before. */
static void slots_pass_on_when_runners_are_gone(void **state)
{
    (void)state;
    check(RUNNING "submit 101 f 1\n"
                  "  f = WAITING\n"
                  "  reply 101 ok\n"
                  "cancel 102 e\n"
                  "  e = CANCELLING\n"
                  "  1 kill e 1/0\n"
                  "  2 kill e 1/1\n"
                  "  reply 102 ok\n"
                  "report 1 a1 e 1/0 EXITED killed\n"
                  "report 2 a2 e 1/1 EXITED killed\n"
                  "  e = ENDING\n"
                  "  e = CANCELED\n"
                  "  1 forget e 1/0\n"
                  "  2 forget e 1/1\n"
                  "  f = NUMBERING\n"
                  "  f = PREPARING\n"
                  "  1 start f 1/0 0:0\n");
}

static void submitting_again_is_harmless(void **state)
{
    (void)state;
    check(WAITS "submit 101 e 2\n"
                "  reply 101 ok existed\n"
                "submit 102 e 3\n"
                "  reply 102 E_EXISTS: there is another job of the id eeeeeeeeeeeeeeee\n");
}

static void what_cannot_be_done_is_said(void **state)
{
    (void)state;
    check("submit 1 e 0\n"
          "  reply 1 E_INVALID: parallelism 0 is not 1 to 32768\n"
          "submit 2 e 1 b\n"
          "  reply 2 E_NOT_FOUND: artifact bbbbbbbbbbbbbbbb is not here; upload it first\n"
          "cancel 3 e\n"
          "  reply 3 E_NOT_FOUND: there is no job eeeeeeeeeeeeeeee\n"
          "logs 4 e\n"
          "  reply 4 E_NOT_FOUND: there is no job eeeeeeeeeeeeeeee\n" WAITS //
          "logs 5 e\n"
          "  reply 5 E_NOT_FOUND: job eeeeeeeeeeeeeeee ran on no worker yet\n"
          "cancel 6 e\n"
          "  e = CANCELLING\n"
          "  e = ENDING\n"
          "  reply 6 ok\n"
          "  e = CANCELED\n"

          "cancel 7 e\n"
          "  reply 7 ok\n");
}

static void ended_jobs_are_forgotten_with_their_keys(void **state)
{
    (void)state;
    master_story_check(&(master_story){ .jobs_retained = 1,
                                        .text = "submit 1 e 1\n"
                                                "  e = WAITING\n"
                                                "  reply 1 ok\n"
                                                "cancel 2 e\n"
                                                "  e = CANCELLING\n"
                                                "  e = ENDING\n"
                                                "  reply 2 ok\n"
                                                "  e = CANCELED\n"

                                                "+1s\n"
                                                "submit 3 f 1\n"
                                                "  f = WAITING\n"
                                                "  reply 3 ok\n"
                                                "cancel 4 f\n"
                                                "  f = CANCELLING\n"
                                                "  f = ENDING\n"
                                                "  reply 4 ok\n"
                                                "  f = CANCELED\n"

                                                "say\n"
                                                "  leads, 0 agents, 0 of 0 slots free\n"
                                                "  job f CANCELED attempt 0\n"
                                                "keys jobs/e\n" });
}

/* ---- agents ---- */

static void an_agent_that_dies_costs_a_restart_elsewhere(void **state)
{
    (void)state;
    check(RUNNING "hello 3 a3 h3 1\n"
                  "closed 2\n"
                  "  e = RESTARTING\n"
                  "  1 kill e 1/0\n"
                  "report 1 a1 e 1/0 EXITED killed\n"
                  "  1 forget e 1/0\n"
                  "beat 1 a1\n"
                  "beat 3 a3\n"
                  "+1s\n"
                  "  e = WAITING\n"
                  "  e = NUMBERING\n"
                  "  e = PREPARING\n"
                  "  1 start e 2/0 0:0\n"
                  "  3 start e 2/1 1:0\n");
}

static void an_agent_that_is_silent_is_lost_and_must_say_hello(void **state)
{
    (void)state;
    check("hello 1 a1 h1 2\n"
          "+2s\n"
          "beat 1 a1\n"
          "+2s\n"
          "say\n"
          "  leads, 1 agents, 2 of 2 slots free\n"
          "+500ms\n"
          "say\n"
          "  leads, 0 agents, 0 of 0 slots free\n"
          "beat 1 a1\n"
          "  1 hello-again\n"
          "hello 1 a1 h1 2\n"
          "say\n"
          "  leads, 1 agents, 2 of 2 slots free\n");
}

/* The network was away; the agent's runners still run, of an attempt that is over. */
static void what_a_lost_agent_still_runs_holds_its_slots_until_it_is_gone(void **state)
{
    (void)state;
    check(
        "hello 1 a1 h1 1\n"
        "submit 100 e 1\n"
        "  e = WAITING\n"
        "  e = NUMBERING\n"
        "  reply 100 ok\n"
        "  e = PREPARING\n"
        "  1 start e 1/0 0:0\n"
        "report 1 a1 e 1/0 STARTING\n"
        "closed 1\n"
        "  e = RESTARTING\n"
        "+1s\n"
        "  e = WAITING\n"
        "hello 7 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
        "  7 kill e 1/0\n"
        "say\n"
        "  leads, 1 agents, 0 of 1 slots free\n"
        "  job e WAITING attempt 1: waits for 1 slot: 0 of 1 are free on 1 worker; cancel another "
        "job, start more workers, or submit with a lower -p\n"
        "report 7 a1 e 1/0 EXITED killed\n"
        "  7 forget e 1/0\n"
        "  e = NUMBERING\n"
        "  e = PREPARING\n"
        "  7 start e 2/0 0:0\n");
}

static void an_agent_that_says_goodbye_is_left(void **state)
{
    (void)state;
    check(RUNNING "hello 3 a3 h3 1\n"
                  "goodbye 2 a2\n"
                  "  e = RESTARTING\n"
                  "  1 kill e 1/0\n"
                  "  2 kill e 1/1\n"
                  "report 1 a1 e 1/0 EXITED killed\n"
                  "report 2 a2 e 1/1 EXITED killed\n"
                  "  1 forget e 1/0\n"
                  "  2 forget e 1/1\n"
                  "  e = WAITING\n"
                  "  e = NUMBERING\n"
                  "  e = PREPARING\n"
                  "  1 start e 2/0 0:0\n"
                  "  3 start e 2/1 1:0\n");
}

static void runners_of_unknown_jobs_are_ended(void **state)
{
    (void)state;
    check("hello 1 a1 h1 1 9 4/0 RUNNING slots=0:0\n"
          "  1 kill 9 4/0\n"
          "beat 1 a1 9 4/0:RUNNING\n"
          "  1 kill 9 4/0\n"
          "beat 1 a1 9 4/0:EXITED\n"
          "  1 forget 9 4/0\n"
          "say\n"
          "  leads, 1 agents, 1 of 1 slots free\n");
}

/* ---- output, artifacts ---- */

static void output_is_fetched_from_the_agent(void **state)
{
    (void)state;
    check(RUNNING "logs 7 e a2\n"
                  "  2 log-get e number 1\n"
                  "logdata 2 a2 e 9 who asked?\n"
                  "logdata 2 a2 e 1 a line\n"
                  "  reply 7 ok 'a line'\n"
                  "logs 8 e\n"
                  "  2 log-get e number 2\n"
                  "beat 1 a1 e 1/0:RUNNING\n"
                  "beat 2 a2 e 1/1:RUNNING\n"
                  "+2s\n"
                  "beat 1 a1 e 1/0:RUNNING\n"
                  "beat 2 a2 e 1/1:RUNNING\n"
                  "+2s\n"
                  "beat 1 a1 e 1/0:RUNNING\n"
                  "beat 2 a2 e 1/1:RUNNING\n"
                  "+1s\n"
                  "  reply 8 E_TIMEOUT: agent a2 did not answer\n");
}

static void the_end_of_the_output_of_a_lost_worker_is_kept(void **state)
{
    (void)state;
    check(RUNNING "+1s\n"
                  "tail 2 a2 e begins; \n"
                  "beat 1 a1 e 1/0:RUNNING\n"
                  "beat 2 a2 e 1/1:RUNNING\n"
                  "+1s\n"
                  "tail 2 a2 e goes on\n"
                  "logs 7 e a2\n"
                  "  2 log-get e number 1\n"
                  "closed 2\n"
                  "  e = RESTARTING\n"
                  "  1 kill e 1/0\n"
                  "closed 1\n"
                  "logs 8 e a2\n"
                  "  reply 8 ok 'begins; goes on'\n"
                  "logs 9 e a1\n"
                  "  reply 9 E_NOT_FOUND: agent a1 on host h1 closed its connection: what the job "
                  "printed there is gone with it\n"
                  "logs 10 e a9\n"
                  "  reply 10 E_NOT_FOUND: worker a9 is not there\n");
}

static void artifacts_are_uploaded_fetched_and_removed_when_unused(void **state)
{
    (void)state;
    check("upload 1 b lib\n"
          "  reply 1 ok\n"
          "upload 2 b lib\n"
          "  reply 2 ok\n"
          "keys artifacts/\n"
          "  artifacts/bbbbbbbbbbbbbbbb\n"
          "fetch 5 b 0\n"
          "  5 artifact 'lib' of 3\n"
          "fetch 5 b 2\n"
          "  5 artifact 'b' of 3\n"
          "fetch 5 c 0\n"
          "  5 artifact '' of 0\n"
          "submit 3 e 1 b\n"
          "  e = WAITING\n"
          "  reply 3 ok\n"
          "+200s\n"
          "cancel 4 e\n"
          "  e = CANCELLING\n"
          "  e = ENDING\n"
          "  reply 4 ok\n"
          "  e = CANCELED\n"
          "upload 6 c other\n"
          "  reply 6 ok\n"
          "+601s\n"
          "keys artifacts/\n"
          "  artifacts/bbbbbbbbbbbbbbbb\n");
}

/* Else the removal might be done behind the upload. */
static void an_artifact_that_is_being_removed_is_not_written(void **state)
{
    (void)state;
    check("upload 1 c lib\n"
          "  reply 1 ok\n"
          "+599s\n"
          "storage holds\n"
          "+1s\n"
          "upload 2 c lib\n"
          "  reply 2 E_REFUSED: it is being written or removed; try again\n"
          "submit 3 e 1 c\n"
          "  reply 3 E_NOT_FOUND: artifact cccccccccccccccc is not here; upload it first\n"
          "storage works\n"
          "upload 4 c lib\n"
          "  reply 4 ok\n");
}

/* ---- leases ---- */

static void a_driver_leases_slots(void **state)
{
    (void)state;
    check(
        "hello 1 a1 h1 2\n"
        "lease 9 d 2\n"
        "  9 lease d waiting\n"
        "  1 grant d\n"
        "  9 lease d granted a1*2\n"
        "beat 1 a1 lease=d\n"
        "submit 100 e 1\n"
        "  e = WAITING\n"
        "  reply 100 ok\n"
        "release 9 d\n"
        "  9 lease d ended: the driver is done\n"
        "  1 end d\n"
        "beat 1 a1\n"
        "  e = NUMBERING\n"
        "  e = PREPARING\n"
        "  1 start e 1/0 0:0\n"
        "lease 9 e 1\n"
        "  9 lease e refused: the master has a job of this id\n"
        "lease 9 d 2\n"
        "  9 lease d waiting\n"
        "  9 lease d waiting: waits for 2 slots: 1 of 2 are free on 1 worker; cancel another job, "
        "start more workers, or submit with a lower -p\n"
        "submit 101 d 1\n"
        "  reply 101 E_EXISTS: a driver has the id dddddddddddddddd\n");
}

static void a_driver_that_is_gone_frees_its_slots(void **state)
{
    (void)state;
    check("hello 1 a1 h1 2\n"
          "lease 9 d 2\n"
          "  9 lease d waiting\n"
          "  1 grant d\n"
          "  9 lease d granted a1*2\n"
          "beat 1 a1 d 1/0:RUNNING lease=d\n"
          "closed 9\n"
          "  1 end d\n"
          "beat 1 a1 d 1/0:RUNNING lease=d\n"
          "beat 1 a1\n"
          "say\n"
          "  leads, 1 agents, 2 of 2 slots free\n");
}

/* ---- leadership ---- */

static void a_standby_sends_everybody_to_the_leader(void **state)
{
    (void)state;
    check("awake 2\n"
          "tick\n"
          "hello 1 a1 h1 1\n"
          "  1 not-leader c1\n"
          "beat 1 a1\n"
          "  1 not-leader c1\n"
          "lease 9 d 1\n"
          "  9 not-leader c1\n"
          "submit 5 e 1\n"
          "  reply 5 redirect to 'c1' 'r1'\n"
          "say\n"
          "  stands by, 0 agents, 0 of 0 slots free\n");
}

/* The agent had found the standby already: it is asked to tell what runs. */
#define MASTER_2_LEADS                                                                             \
    "awake 2\n"                                                                                    \
    "tick\n"                                                                                       \
    "hello 11 a1 h1 1\n"                                                                           \
    "  11 not-leader c1\n"                                                                         \
    "+2s\n"                                                                                        \
    "  11 hello-again\n"

static void a_new_leader_goes_on_with_what_runs(void **state)
{
    (void)state;
    check(RUNNING MASTER_2_LEADS //
          "  e = RECONCILING\n"
          "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
          "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n"
          "  e = RUNNING\n"
          "say\n"
          "  leads, 2 agents, 0 of 2 slots free\n"
          "  job e RUNNING attempt 1\n"
          "beat 11 a1 e 1/0:RUNNING\n"
          "beat 12 a2 e 1/1:RUNNING\n"
          "cancel 200 e\n"
          "  e = CANCELLING\n"
          "  11 kill e 1/0\n"
          "  12 kill e 1/1\n"
          "  reply 200 ok\n");
}

/* Hellos that come before the logs were claimed are remembered. */
static void a_new_leader_gives_no_slots_away_before_the_grace(void **state)
{
    (void)state;
    check(RUNNING MASTER_2_LEADS //
          "  e = RECONCILING\n"
          "submit 300 f 1\n"
          "  f = WAITING\n"
          "  reply 300 ok\n"
          "hello 13 a3 h3 1\n"
          "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
          "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n"
          "  e = RUNNING\n"
          "+700ms\n"
          "  f = NUMBERING\n"
          "  f = PREPARING\n"
          "  13 start f 1/0 0:0\n");
}

static void a_new_leader_begins_again_what_is_incomplete(void **state)
{
    (void)state;
    check(RUNNING MASTER_2_LEADS //
          "  e = RECONCILING\n"
          "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
          "+700ms\n"
          "  e = RESTARTING\n"
          "  11 kill e 1/0\n"
          "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n"
          "  12 kill e 1/1\n"
          "report 11 a1 e 1/0 EXITED killed\n"
          "  11 forget e 1/0\n"
          "  e = WAITING\n"
          "report 12 a2 e 1/1 EXITED killed\n"
          "  12 forget e 1/1\n"
          "  e = NUMBERING\n"
          "  e = PREPARING\n"
          "  11 start e 2/0 0:0\n"
          "  12 start e 2/1 1:0\n");
}

/* Leadership changes in each state of a job: none is lost, none runs twice. */
static void a_job_survives_a_change_of_leader_in_every_state(void **state)
{
    (void)state;
    check_both(WAITS, MASTER_2_LEADS "  e = WAITING\n"
                                     "hello 11 a1 h1 1\n"
                                     "hello 12 a2 h2 1\n"
                                     "+700ms\n"
                                     "  e = NUMBERING\n"
                                     "  e = PREPARING\n"
                                     "  11 start e 1/0 0:0\n"
                                     "  12 start e 1/1 1:0\n");
    check_both(PREPARING, MASTER_2_LEADS "  e = RECONCILING\n"
                                         "hello 11 a1 h1 1 e 1/0 STARTING slots=0:0\n"
                                         "hello 12 a2 h2 1\n"
                                         "+700ms\n"
                                         "  e = RESTARTING\n"
                                         "  11 kill e 1/0\n"
                                         "beat 12 a2\n"
                                         "report 11 a1 e 1/0 EXITED killed\n"
                                         "  11 forget e 1/0\n"
                                         "  e = WAITING\n"
                                         "  e = NUMBERING\n"
                                         "  e = PREPARING\n"
                                         "  11 start e 2/0 0:0\n"
                                         "  12 start e 2/1 1:0\n");
    check_both(DEPLOYING, MASTER_2_LEADS "  e = RECONCILING\n"
                                         "hello 11 a1 h1 1 e 1/0 DEPLOYED slots=0:0\n"
                                         "hello 12 a2 h2 1 e 1/1 DEPLOYED slots=1:0\n"
                                         "  e = RUNNING\n"
                                         "  11 go e 1/0\n"
                                         "  12 go e 1/1\n");
    check_both(RUNNING "stop 101 e\n"
                       "  e = STOPPING\n"
                       "  1 stop e 1/0\n"
                       "  2 stop e 1/1\n"
                       "  reply 101 ok\n",
               MASTER_2_LEADS "  e = RECONCILING\n"
                              "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
                              "hello 12 a2 h2 1 e 1/1 EXITED slots=1:0\n"
                              "  e = RUNNING\n"
                              "  e = STOPPING\n"
                              "  11 stop e 1/0\n");
    check_both(RUNNING "cancel 101 e\n"
                       "  e = CANCELLING\n"
                       "  1 kill e 1/0\n"
                       "  2 kill e 1/1\n"
                       "  reply 101 ok\n",
               MASTER_2_LEADS "  e = RECONCILING\n"
                              "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
                              "+700ms\n"
                              "  e = CANCELLING\n"
                              "  11 kill e 1/0\n"
                              "report 11 a1 e 1/0 EXITED killed\n"
                              "  e = ENDING\n"
                              "  e = CANCELED\n"
                              "  11 forget e 1/0\n");
}

static void a_new_leader_shows_what_has_ended(void **state)
{
    (void)state;
    check("submit 1 e 1\n"
          "  e = WAITING\n"
          "  reply 1 ok\n"
          "cancel 2 e\n"
          "  e = CANCELLING\n"
          "  e = ENDING\n"
          "  reply 2 ok\n"
          "  e = CANCELED\n"

          "awake 2\n"
          "+2s\n"
          "say\n"
          "  leads, 0 agents, 0 of 0 slots free\n"
          "  job e CANCELED attempt 0\n"
          "cancel 3 e\n"
          "  reply 3 ok\n"
          "hello 1 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
          "  1 kill e 1/0\n");
}

/* The old leader was only asleep. What it decides next meets the new one's entry. */
static void an_old_leader_loses_at_its_next_decision(void **state)
{
    (void)state;
    check(RUNNING "awake 2\n"
                  "+2s\n"
                  "  e = RECONCILING\n"
                  "awake 1\n"
                  "cancel 9 e\n"
                  "  reply 9 redirect to '' ''\n"
                  "say\n"
                  "  stands by, 0 agents, 0 of 0 slots free\n");
}

/* It said yes to a client before it noticed: the new leader finds the job when it lists again. */
static void what_an_old_leader_accepted_is_found(void **state)
{
    (void)state;
    check("awake 2\n"
          "+2s\n"
          "awake 1\n"
          "submit 7 f 1\n"
          "  f = WAITING\n"
          "  reply 7 ok\n"
          "awake 2\n"
          "+5s\n"
          "  f = WAITING\n");
}

/* The client asks again before that: the same job is taken over, another one is refused. */
static void a_job_that_an_old_leader_accepted_may_be_submitted_again(void **state)
{
    (void)state;
    check("awake 2\n"
          "+2s\n"
          "awake 1\n"
          "submit 7 f 1\n"
          "  f = WAITING\n"
          "  reply 7 ok\n"
          "awake 2\n"
          "submit 8 f 1\n"
          "  f = WAITING\n"
          "  reply 8 ok\n"
          "submit 9 f 2\n"
          "  reply 9 E_EXISTS: there is another job of the id ffffffffffffffff\n");
}

static void an_agent_that_knows_a_newer_leader_ends_the_old_one(void **state)
{
    (void)state;
    check("hello 1 a1 h1 1\n"
          "term 1 a1 8\n"
          "say\n"
          "  stands by, 0 agents, 0 of 0 slots free\n");
}

static void a_leader_that_resigns_is_followed_at_once(void **state)
{
    (void)state;
    check(WAITS "resign\n"
                "say\n"
                "  stands by, 0 agents, 0 of 0 slots free\n"
                "awake 2\n"
                "tick\n"
                "  e = WAITING\n"
                "say\n"
                "  leads, 0 agents, 0 of 0 slots free\n"
                "  job e WAITING attempt 0: waits for 2 slots: 0 of 0 are free on 0 workers; start "
                "more workers (tidemill worker) or submit with a lower -p\n");
}

static void a_driver_is_found_again_by_a_new_leader(void **state)
{
    (void)state;
    check(
        "hello 1 a1 h1 2\n"
        "lease 9 d 2\n"
        "  9 lease d waiting\n"
        "  1 grant d\n"
        "  9 lease d granted a1*2\n"
        "awake 2\n"
        "tick\n"
        "hello 11 a1 h1 2\n"
        "  11 not-leader c1\n"
        "+2s\n"
        "  11 hello-again\n"
        "submit 300 e 1\n"
        "  e = WAITING\n"
        "  reply 300 ok\n"
        "hello 11 a1 h1 2 lease=d:2\n"
        "lease 19 d 2\n"
        "+700ms\n"
        "beat 11 a1 lease=d\n"
        "lease 19 d 2\n"
        "  19 lease d granted a1*2\n"
        "say\n"
        "  leads, 1 agents, 0 of 2 slots free\n"
        "  job e WAITING attempt 0: waits for 1 slot: 0 of 2 are free on 1 worker; cancel another "
        "job, start more workers, or submit with a lower -p\n");
}

/* ---- a storage that fails ---- */

static void nothing_is_decided_while_the_storage_is_away(void **state)
{
    (void)state;
    check(TWO_AGENTS "storage fails\n"
                     "submit 100 e 2\n"
                     "+500ms\n"
                     "storage works\n"
                     "+500ms\n"
                     "  e = WAITING\n"
                     "  e = NUMBERING\n"
                     "  reply 100 ok\n"
                     "  e = PREPARING\n"
                     "  1 start e 1/0 0:0\n"
                     "  2 start e 1/1 1:0\n");
}

#define SECOND_LEADS                                                                               \
    "submit 101 f 1\n"                                                                             \
    "  f = WAITING\n"                                                                              \
    "  reply 101 ok\n"
#define DAMAGED                                                                                    \
    RUNNING SECOND_LEADS                                                                           \
        "damage jobs/eeeeeeeeeeeeeeee/log/2\n"                                                     \
        "awake 2\n"                                                                                \
        "+2s\n"                                                                                    \
        "  f = WAITING\n"                                                                          \
        "  e alarm jobs/eeeeeeeeeeeeeeee/log/2: the checksum of 45 stored bytes does not agree\n"  \
        "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"

/* Its runners go on; the other jobs are none the worse for it. */
static void a_damaged_log_breaks_that_job_alone(void **state)
{
    (void)state;
    check(DAMAGED
          "cancel 102 e\n"
          "  reply 102 E_CORRUPT: jobs/eeeeeeeeeeeeeeee/log/2: the checksum of 45 stored bytes "
          "does not agree\n"
          "hello 12 a2 h2 2\n"
          "+700ms\n"
          "  f = NUMBERING\n"
          "  f = PREPARING\n"
          "  12 start f 1/0 0:0\n"
          "say\n"
          "  leads, 2 agents, 1 of 3 slots free\n"
          "  job e SUSPENDED attempt 0: jobs/eeeeeeeeeeeeeeee/log/2: the checksum of 45 stored "
          "bytes does not agree; its runners are left alone; put that file of "
          "high-availability.storageDir back from a backup and the job goes on, or remove "
          "jobs/eeeeeeeeeeeeeeee there, then the job is ended and forgotten\n"
          "  job f PREPARING attempt 1\n");
}

#define PASS_2S                                                                                    \
    "+1s\n"                                                                                        \
    "beat 11 a1 e 1/0:RUNNING\n"                                                                   \
    "beat 12 a2 e 1/1:RUNNING\n"                                                                   \
    "+1s\n"                                                                                        \
    "beat 11 a1 e 1/0:RUNNING\n"                                                                   \
    "beat 12 a2 e 1/1:RUNNING\n"

static void a_log_that_was_mended_is_taken_over(void **state)
{
    (void)state;
    check(DAMAGED "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n" //
          PASS_2S "damage jobs/eeeeeeeeeeeeeeee/log/2\n"       //
          PASS_2S "+1s\n"
                  "  e = RECONCILING\n"
                  "  e = RUNNING\n"
                  "say\n"
                  "  leads, 2 agents, 0 of 2 slots free\n"
                  "  job e RUNNING attempt 1\n"
                  "  job f WAITING attempt 0: waits for 1 slot: 0 of 2 are free on 2 workers; "
                  "cancel another job, start more workers, or submit with a lower -p\n");
}

static void a_broken_job_whose_log_is_removed_is_ended(void **state)
{
    (void)state;
    check(DAMAGED "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n" //
          PASS_2S "lose jobs/eeeeeeeeeeeeeeee/\n"              //
          PASS_2S "+1s\n"
                  "beat 11 a1 e 1/0:RUNNING\n"
                  "  11 kill e 1/0\n");
}

/* The storage gives one entry out no more: the others are served, and so is this one later. */
static void a_log_that_cannot_be_read_holds_nobody_up(void **state)
{
    (void)state;
    check(RUNNING SECOND_LEADS "unreadable jobs/eeeeeeeeeeeeeeee/log/2\n"
                               "awake 2\n"
                               "+2s\n"
                               "  f = WAITING\n"
                               "cancel 102 f\n"
                               "  reply 102 E_UNREACHABLE: the master is taking over; try again\n"
                               "+2s\n"
                               "  e alarm jobs/eeeeeeeeeeeeeeee/log/2: input/output error\n"
                               "cancel 103 e\n"
                               "  reply 103 E_IO: jobs/eeeeeeeeeeeeeeee/log/2: input/output "
                               "error\n"
                               "say\n"
                               "  leads, 0 agents, 0 of 0 slots free\n"
                               "  job e RECONCILING attempt 0: jobs/eeeeeeeeeeeeeeee/log/2: "
                               "input/output error; the master tries again\n"
                               "  job f WAITING attempt 0: waits for 1 slot: 0 of 0 are free on 0 "
                               "workers; start more workers (tidemill worker) or submit with a "
                               "lower -p\n"
                               "unreadable\n"
                               "hello 11 a1 h1 1 e 1/0 RUNNING slots=0:0\n"
                               "hello 12 a2 h2 1 e 1/1 RUNNING slots=1:0\n"
                               "+2s\n"
                               "  e = RECONCILING\n"
                               "  e = RUNNING\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_waits_for_agents_and_runs),
        cmocka_unit_test(a_job_runs_to_its_end_and_frees_its_slots),
        cmocka_unit_test(slots_pass_on_when_runners_are_gone),
        cmocka_unit_test(submitting_again_is_harmless),
        cmocka_unit_test(what_cannot_be_done_is_said),
        cmocka_unit_test(ended_jobs_are_forgotten_with_their_keys),
        cmocka_unit_test(an_agent_that_dies_costs_a_restart_elsewhere),
        cmocka_unit_test(an_agent_that_is_silent_is_lost_and_must_say_hello),
        cmocka_unit_test(what_a_lost_agent_still_runs_holds_its_slots_until_it_is_gone),
        cmocka_unit_test(an_agent_that_says_goodbye_is_left),
        cmocka_unit_test(runners_of_unknown_jobs_are_ended),
        cmocka_unit_test(output_is_fetched_from_the_agent),
        cmocka_unit_test(the_end_of_the_output_of_a_lost_worker_is_kept),
        cmocka_unit_test(artifacts_are_uploaded_fetched_and_removed_when_unused),
        cmocka_unit_test(an_artifact_that_is_being_removed_is_not_written),
        cmocka_unit_test(a_driver_leases_slots),
        cmocka_unit_test(a_driver_that_is_gone_frees_its_slots),
        cmocka_unit_test(a_standby_sends_everybody_to_the_leader),
        cmocka_unit_test(a_new_leader_goes_on_with_what_runs),
        cmocka_unit_test(a_new_leader_gives_no_slots_away_before_the_grace),
        cmocka_unit_test(a_new_leader_begins_again_what_is_incomplete),
        cmocka_unit_test(a_job_survives_a_change_of_leader_in_every_state),
        cmocka_unit_test(a_new_leader_shows_what_has_ended),
        cmocka_unit_test(an_old_leader_loses_at_its_next_decision),
        cmocka_unit_test(what_an_old_leader_accepted_is_found),
        cmocka_unit_test(a_job_that_an_old_leader_accepted_may_be_submitted_again),
        cmocka_unit_test(an_agent_that_knows_a_newer_leader_ends_the_old_one),
        cmocka_unit_test(a_leader_that_resigns_is_followed_at_once),
        cmocka_unit_test(a_driver_is_found_again_by_a_new_leader),
        cmocka_unit_test(nothing_is_decided_while_the_storage_is_away),
        cmocka_unit_test(a_damaged_log_breaks_that_job_alone),
        cmocka_unit_test(a_log_that_was_mended_is_taken_over),
        cmocka_unit_test(a_broken_job_whose_log_is_removed_is_ended),
        cmocka_unit_test(a_log_that_cannot_be_read_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
