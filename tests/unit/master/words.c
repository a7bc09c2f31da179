/* words.c - lines of stories, word by word. */
#include "tests/unit/master/words.h"

#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

words words_of(tide_arena *arena, const char *line)
{
    return (words){ tide_arena_strdup(arena, line) };
}

const char *words_next(words *self)
{
    self->at += strspn(self->at, " ");
    if (!*self->at) return NULL;
    char *word = self->at;
    self->at += strcspn(self->at, " ");
    if (*self->at) *self->at++ = '\0';
    return word;
}

const char *words_rest(words *self)
{
    return self->at + strspn(self->at, " ");
}

int64_t words_duration(const char *text)
{
    char *unit;
    int64_t n = strtoll(text, &unit, 10);
    if (strcmp(unit, "ms") == 0) return n * INT64_C(1000000);
    assert_string_equal(unit, "s");
    return n * INT64_C(1000000000);
}

uint64_t words_runner_state(const char *name)
{
    for (int s = TIDE_RUNNER_STARTING; s <= TIDE_RUNNER_EXITED; s++)
        if (strcasecmp(tide_runner_state_name((tide_runner_state)s), name) == 0) return (uint64_t)s;
    fail_msg("no such runner state: %s", name);
    return 0;
}

void words_pair(const char *text, uint64_t *attempt, uint64_t *runner)
{
    assert_int_equal(sscanf(text, "%" SCNu64 "/%" SCNu64, attempt, runner), 2);
}

static void read_slots(const char *text, tide_arena *arena, tide_runner_report *out)
{
    tide_slot_ref *refs = TIDE_NEW_N(arena, tide_slot_ref, 16);
    while (out->slots.n < 16 && *text) {
        int n = 0;
        tide_slot_ref *ref = &refs[out->slots.n++];
        assert_true(sscanf(text, "%" SCNu64 ":%" SCNu64 "%n", &ref->slot, &ref->local, &n) >= 2);
        text += n + (text[n] == ',');
    }
    out->slots.items = refs;
}

static void read_option(const char *word, tide_arena *arena, tide_runner_report *out)
{
    const char *value = strchr(word, '=');
    if (!value) fail_msg("no such word in a report: %s", word);
    value++;
    if (strncmp(word, "slots=", 6) == 0) {
        read_slots(value, arena, out);
        return;
    }
    uint64_t n = strtoull(value, NULL, 10);
    if (strncmp(word, "hash=", 5) == 0) {
        out->plan_hash = n;
    } else if (strncmp(word, "code=", 5) == 0) {
        out->failure.code = n;
    } else if (strncmp(word, "signal=", 7) == 0) {
        out->failure.signal = (int64_t)n;
    } else if (strncmp(word, "exit=", 5) == 0) {
        out->failure.exit_code = (int64_t)n;
    } else if (strncmp(word, "splits=", 7) == 0) {
        out->splits.items = TIDE_NEW_N(arena, tide_split_info, n);
        out->splits.n = (uint32_t)n;
        for (uint64_t i = 0; i < n; i++) out->splits.items[i].id = "split";
    } else {
        fail_msg("no such word in a report: %s", word);
    }
}

void words_report(words *self, tide_arena *arena, uint64_t *newest, tide_runner_report *out)
{
    *out = (tide_runner_report){ .job = "",
                                 .plan_hash = 7,
                                 .failure = { .text = "", .operator= "", .host = "" } };
    words_pair(words_next(self), &out->attempt, &out->runner);
    out->state = words_runner_state(words_next(self));
    out->tcp = tide_arena_printf(arena, "tcp%" PRIu64, out->runner);
    out->ipc = "";
    bool same = false, denied = false;
    while (*words_rest(self)) {
        if (strncmp(words_rest(self), "text=", 5) == 0) {
            out->failure.text = words_rest(self) + 5;
            break;
        }
        const char *word = words_next(self);
        if (strcmp(word, "same") == 0)
            same = true;
        else if (strcmp(word, "denied") == 0)
            denied = true;
        else if (strcmp(word, "killed") == 0) /* By its agent, which was told to. */
            out->failure.code = TIDE_E_CANCELLED, out->failure.signal = SIGKILL;
        else
            read_option(word, arena, out);
    }
    if (denied) return; /* Number 0: an agent that has no such runner. */
    out->report = same ? *newest : ++*newest;
}

uint32_t words_beats(words *self, const char *job, tide_runner_beat *out, uint32_t max)
{
    uint32_t n = 0;
    for (const char *word; (word = words_next(self)) != NULL && n < max; n++) {
        const char *colon = strchr(word, ':');
        assert_non_null(colon);
        out[n] = (tide_runner_beat){ .job = job, .state = words_runner_state(colon + 1) };
        words_pair(word, &out[n].attempt, &out[n].runner);
    }
    return n;
}

#define SHOWN_MAX 600u

void words_compare(const char *actual, const char *expected)
{
    if (strcmp(actual, expected) == 0) return;
    size_t at = 0, line = 0;
    for (; actual[at] == expected[at]; at++)
        if (actual[at] == '\n') line = at + 1;
    size_t begin =
        line > SHOWN_MAX ? line - SHOWN_MAX : 0; /* More does not fit in cmocka's line. */
    print_error("%.*s<<< expected: %.*s\n<<< came: %.*s\n", (int)(line - begin), actual + begin,
                (int)strcspn(expected + line, "\n"), expected + line,
                (int)strcspn(actual + line, "\n"), actual + line);
    fail();
}
