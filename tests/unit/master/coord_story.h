/* coord_story.h - a coordinator's life as a text: what it is told, and, indented, what it does.
 *
 * A story is run line by line: a line at the margin is an event, the indented ones below it are the
 * actions that must follow, in order. Events:
 *   begin | appended | cancel | stop | tick | +TIME (time passes, then a tick)
 *   granted AGENT.SLOT ... | short TEXT | refused TEXT
 *   report AGENT ATTEMPT/RUNNER STATE [same] [denied] [hash=N] [code=N] [signal=N] [exit=N]
 *          [splits=N] [slots=JOBSLOT:SLOT,...] [text=TEXT to the end of the line]
 *   beat AGENT [ATTEMPT/RUNNER:STATE ...]
 *   back AGENT | leaves AGENT | gone AGENT
 * A report is newer than the one before it, unless it is the `same`, or one with which an
 * agent has `denied` that it knows the runner. Actions:
 *   = STATE | ask N | adopt AGENT.SLOT ... | release | append ENTRY
 *   AGENT start|deploy|go|stop|kill|forget ATTEMPT/RUNNER ...
 *   note TEXT (other traces, when notes are shown)
 * Plain acknowledgements are not shown. */
#ifndef TIDE_TESTS_UNIT_MASTER_COORD_STORY_H
#define TIDE_TESTS_UNIT_MASTER_COORD_STORY_H
#include "master/core/coordinator.h"

typedef struct coord_story {
    uint64_t parallelism; /* 0: 2 */
    uint64_t plan_hash;   /* Of the spec; reports have 7 unless they say otherwise. */
    tide_job_history history;
    const char *settings[8]; /* key, value, ...; NULL ends them. */
    bool notes;
    const char *text;
} coord_story;

/* Fails the test with the difference when the coordinator does not live up to the text. */
void coord_story_check(const coord_story *story);

#endif
