/* kit.h - real `tidemill worker` processes under a scripted master, which is this test.
 *
 * The kit binds a control endpoint, starts agents, welcomes them, acknowledges every report, serves
 * one artifact and keeps what it hears. What a test waits for, it waits for with a deadline. All
 * processes are children of the test, also those that lost their parent, so none is left behind. */
#ifndef TIDE_TESTS_INTEG_WORKER_KIT_H
#define TIDE_TESTS_INTEG_WORKER_KIT_H
#include <sys/types.h>

#include "base/net/control.h"
#include "jobapi/proto/proto.h"
#include "tests/support/folder.h"

#define KIT_JOB "00000000000000aa"
#define KIT_AGENTS_MAX 2u
#define KIT_RUNNERS_MAX 2u

typedef struct kit_agent {
    pid_t pid;
    uint64_t peer; /* 0: not here. */
    char id[17];
    uint32_t n_slots;
    uint32_t hellos, heartbeats, goodbyes;
    uint32_t beat_runners; /* In the last heartbeat. */
} kit_agent;

typedef struct kit_runner {
    tide_arena *arena;
    tide_runner_report report; /* The last; state 0: none. */
    uint32_t states;           /* Bit s: state s was reported. */
    uint64_t rows_in, rows_out, n_stats;
} kit_runner;

typedef struct kit {
    char folder[TIDE_TEST_FOLDER_BYTES];
    tide_control *control;
    kit_agent agents[KIT_AGENTS_MAX];
    uint32_t n_agents;
    kit_runner runners[KIT_RUNNERS_MAX]; /* Of the attempt. */
    uint64_t attempt;
    tide_bytes artifact;
    char artifact_name[17];
    uint32_t chunks_sent;
    tide_bytes log; /* Of the last LOG_GET. */
    uint64_t log_total;
    bool log_came;
    const char *settings[8]; /* "key=value" for agents; NULL ends. */
} kit;

void kit_begin(kit *self, uint32_t n_agents, const char *const *settings);
void kit_end(kit *self); /* Ends agents cleanly; nothing may be left, neither process nor file. */

/* Handles what comes until `done`; fails the test when that takes too long. */
void kit_until(kit *self, bool (*done)(kit *self, uint64_t arg), uint64_t arg, const char *what);
void kit_until_state(kit *self, uint32_t runner, tide_runner_state state);
void kit_send(kit *self, uint32_t agent, tide_msg_kind kind, const void *body);

/* The next attempt: runner i on agent i % n_agents, with one slot each. */
void kit_start(kit *self, const tide_job_spec *spec, uint32_t n_runners);
void kit_deploy(kit *self, uint32_t n_runners);                         /* All are PREPARED. */
void kit_go(kit *self, uint32_t n_runners);                             /* All are DEPLOYED. */
void kit_run(kit *self, const tide_job_spec *spec, uint32_t n_runners); /* Until RUNNING. */
void kit_stop(kit *self, uint32_t n_runners);
void kit_kill(kit *self, uint32_t n_runners);

/* Puts a file where ARTIFACT_GET finds it. */
void kit_serve(kit *self, const char *path);
/* All that the job printed on an agent. */
const char *kit_log(kit *self, uint32_t agent);
/* A child, or a child of one that is gone, is over within the deadline. */
void kit_await_gone(pid_t pid, int64_t within_ns);
int64_t kit_now_ns(void);

#endif
