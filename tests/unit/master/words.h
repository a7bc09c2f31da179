/* words.h - lines of stories, word by word. */
#ifndef TIDE_TESTS_UNIT_MASTER_WORDS_H
#define TIDE_TESTS_UNIT_MASTER_WORDS_H
#include "jobapi/proto/proto.h"

typedef struct words {
    char *at;
} words;

words words_of(tide_arena *arena, const char *line);
const char *words_next(words *self);           /* NULL: none is left. */
const char *words_rest(words *self);           /* The line's rest, maybe "". */
int64_t words_duration(const char *text);      /* "300ms", "2s" as nanoseconds. */
uint64_t words_runner_state(const char *name); /* "RUNNING" or "running". */
void words_pair(const char *text, uint64_t *attempt, uint64_t *runner); /* "2/0" */

/* "ATTEMPT/RUNNER STATE [same] [denied] [key=value ...]" of coord_story.h. */
void words_report(words *self, tide_arena *arena, uint64_t *newest, tide_runner_report *out);
/* "[ATTEMPT/RUNNER:STATE ...]" */
uint32_t words_beats(words *self, const char *job, tide_runner_beat *out, uint32_t max);

/* Fails the test at the first line that differs, with all that came before it. */
void words_compare(const char *actual, const char *expected);

#endif
