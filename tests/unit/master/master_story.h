/* master_story.h - masters, their agents and clients as a text: what happens, and, indented, what
 * the master does about it. All masters of a story share one storage; one at a time is awake.
 *
 * Lines at the margin:
 *   +TIME | tick                           time passes for the master that is awake
 *   awake N                                now master N (1 or 2) is; the other one hears nothing
 *   hello PEER AGENT HOST SLOTS [lease=JOB:N] [JOB ATTEMPT/RUNNER STATE ... ; ...]
 *       (lease: its first N slots belong to a driver's job)
 *   beat PEER AGENT [JOB ATTEMPT/RUNNER:STATE] [lease=JOB]
 *   report PEER AGENT JOB ATTEMPT/RUNNER STATE ... (as in coord_story.h)
 *   goodbye PEER AGENT | closed PEER | term PEER AGENT N (a heartbeat that has seen term N)
 *   submit ID JOB SLOTS [ARTIFACT] | cancel ID JOB | stop ID JOB | logs ID JOB AGENT
 *   upload ID ARTIFACT TEXT | fetch PEER ARTIFACT OFFSET | logdata PEER AGENT JOB NUMBER TEXT
 *   tail PEER AGENT JOB TEXT (answers the newest question for the end of an output; those are not
 *   shown)
 *   lease PEER JOB SLOTS | release PEER JOB
 *   storage fails | holds (answers nothing until it) | works; keys PREFIX (lists them)
 *   damage KEY (flips a bit) | unreadable [KEY] (none) | lose PREFIX | resign
 *   say (shows what the master thinks: leads, agents, slots, jobs)
 * Jobs are named by one letter and have ids of sixteen of it. Acknowledgements and welcomes are not
 * shown. */
#ifndef TIDE_TESTS_UNIT_MASTER_MASTER_STORY_H
#define TIDE_TESTS_UNIT_MASTER_MASTER_STORY_H
#include <stdint.h>

typedef struct master_story {
    uint64_t jobs_retained; /* 0: the default. */
    const char *text;
} master_story;

void master_story_check(const master_story *story);

#endif
