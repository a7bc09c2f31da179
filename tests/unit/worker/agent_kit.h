/* agent_kit.h - an agent under test: steps in one line each, actions as text.
 *
 * An action is a line: "send 0 AGENT_HELLO slots=4 runners=0", "spawn 1", "tell 1 RUNNER_GO",
 * "kill 1", "connect 2 tcp://d", "find a1", "write a1 0+3/5", "log 0", "exit". */
#ifndef TIDE_TESTS_UNIT_WORKER_AGENT_KIT_H
#define TIDE_TESTS_UNIT_WORKER_AGENT_KIT_H
#include "base/core/bytes.h"
#include "worker/core/agent.h"

#define MS INT64_C(1000000)
#define JOB "00000000000000aa"
#define KIT_PLAN_HASH 9u /* Of every runner that is prepared. */

typedef struct kit {
    tide_agent *agent;
    int64_t now_ns;
    tide_bytes lines; /* Of the last call. */
} kit;

void kit_begin(kit *self, uint32_t n_masters);
void kit_end(kit *self);

/* Each brings one event and keeps its actions; `expect` (NULL: not looked at) is what they must be,
 * lines joined by newlines. */
void kit_step(kit *self, const tide_agent_event *event, const char *expect);
void kit_up(kit *self, uint32_t peer, const char *expect);
void kit_message(kit *self, uint32_t peer, tide_msg_kind kind, const void *body,
                 const char *expect);
void kit_welcome(kit *self, uint32_t peer, uint64_t term, const char *expect);
void kit_exited(kit *self, uint64_t runner, const tide_failure *exit, const char *expect);
void kit_said(kit *self, uint64_t runner, tide_runner_state state, const char *expect);
/* Moves time and ticks once. */
void kit_wait(kit *self, int64_t ms, const char *expect);
void kit_expect(const kit *self, const char *expect);

/* Messages about JOB with one slot: job slot 0 on local slot `local`. */
void kit_start(kit *self, uint32_t peer, uint64_t term, uint64_t attempt, uint64_t local,
               const char *expect);
/* RUNNER_DEPLOY, RUNNER_GO, RUNNER_STOP, RUNNER_KILL of runner 0. */
void kit_command(kit *self, uint32_t peer, uint64_t term, tide_msg_kind kind, uint64_t attempt,
                 const char *expect);
void kit_ack(kit *self, uint32_t peer, uint64_t term, uint64_t attempt, uint64_t report,
             bool forget, const char *expect);

#endif
