/* args.c - reading a command line. */
#include "cli/args.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "base/core/nearest.h"
#include "cli/exit.h"

const tide_flag tide_flag_help = { .name = "help", .letter = 'h', .help = "Show this text" };

/* Where reading stands: argv[at] is next. */
typedef struct cursor {
    int at, argc;
    char **argv;
} cursor;

static const tide_flag *find_long(const tide_command *command, const char *name, size_t n);
static bool read_long(tide_args *self, cursor *c);
static bool read_short(tide_args *self, cursor *c);
static bool add(tide_args *self, const tide_flag *flag, const char *value);
static bool check_operands(const tide_args *self);

bool tide_args_read(tide_args *self, const tide_command *command, int argc, char **argv)
{
    *self = (tide_args){ .command = command };
    self->operands = tide_calloc((size_t)argc + 1, sizeof *self->operands);
    bool ok = true, only_operands = false;
    cursor c = { .argc = argc, .argv = argv };
    while (ok && c.at < argc) {
        const char *word = argv[c.at];
        if (only_operands || word[0] != '-' || word[1] == '\0') {
            self->operands[self->n_operands++] = word;
            c.at++;
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
            c.at++;
        } else {
            ok = word[1] == '-' ? read_long(self, &c) : read_short(self, &c);
        }
    }
    ok = ok && (tide_args_has(self, "help") || check_operands(self));
    if (!ok) tide_args_fini(self);
    return ok;
}

void tide_args_fini(tide_args *self)
{
    tide_free(self->operands);
    tide_free(self->given);
    *self = (tide_args){ 0 };
}

bool tide_args_has(const tide_args *self, const char *name)
{
    return tide_args_value(self, name, NULL) != NULL;
}

const char *tide_args_value(const tide_args *self, const char *name, const char *fallback)
{
    tide_assert(find_long(self->command, name, strlen(name)) != NULL);
    const char *value = fallback;
    for (uint32_t i = 0; i < self->n_given; i++)
        if (strcmp(self->given[i].flag->name, name) == 0) value = self->given[i].value;
    return value;
}

bool tide_args_number(const tide_args *self, const char *name, int64_t min, int64_t max,
                      int64_t fallback, int64_t *out)
{
    const char *text = tide_args_value(self, name, NULL);
    *out = fallback;
    if (!text) return true;
    char *end = NULL;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && errno == 0 && n >= min && n <= max) {
        *out = n;
        return true;
    }
    tide_exit_usage(self->command->name, "--%s takes a whole number from %lld to %lld, not \"%s\"",
                    name, (long long)min, (long long)max, text);
    return false;
}

bool tide_choice_has(const char *choices, const char *word)
{
    size_t n = strlen(word);
    if (strchr(word, '|')) return false;
    for (const char *at = choices; at; at = strchr(at, '|')) {
        at += *at == '|';
        if (strncmp(at, word, n) == 0 && (at[n] == '|' || at[n] == '\0')) return n > 0;
    }
    return false;
}

static const tide_flag *find_long(const tide_command *command, const char *name, size_t n)
{
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++)
        if (strlen(flag->name) == n && strncmp(flag->name, name, n) == 0) return flag;
    bool is_help = n == strlen(tide_flag_help.name) && strncmp(name, tide_flag_help.name, n) == 0;
    return is_help ? &tide_flag_help : NULL;
}

static bool unknown_flag(const tide_args *self, const char *name)
{
    tide_nearest nearest;
    tide_nearest_init(&nearest, name);
    const tide_flag *flag = self->command->flags;
    for (; flag && flag->name; flag++) tide_nearest_try(&nearest, flag->name);
    const char *best = tide_nearest_best(&nearest);
    if (best)
        tide_exit_usage(self->command->name, "unknown flag --%s, did you mean --%s?", name, best);
    else
        tide_exit_usage(self->command->name, "unknown flag --%s", name);
    return false;
}

static bool may_lack_value(const tide_flag *flag)
{
    return flag->value && flag->value[0] == '[';
}

static bool read_long(tide_args *self, cursor *c)
{
    const char *name = c->argv[c->at++] + 2;
    const char *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const tide_flag *flag = find_long(self->command, name, n);
    if (!flag) {
        char *wrong = tide_strndup(name, n);
        unknown_flag(self, wrong);
        tide_free(wrong);
        return false;
    }
    if (!flag->value && equals) {
        tide_exit_usage(self->command->name, "--%s takes no value", flag->name);
        return false;
    }
    if (!flag->value) return add(self, flag, "");
    if (equals) return add(self, flag, equals + 1);
    if (may_lack_value(flag)) {
        bool is_value = c->at < c->argc && tide_choice_has(flag->choices, c->argv[c->at]);
        return add(self, flag, is_value ? c->argv[c->at++] : "");
    }
    if (c->at < c->argc) return add(self, flag, c->argv[c->at++]);
    tide_exit_usage(self->command->name, "--%s needs a value: --%s %s", flag->name, flag->name,
                    flag->value);
    return false;
}

/* One word: switches may be run together (-qv), the first that takes a value ends it (-p4, -p 4).
 */
static bool read_short(tide_args *self, cursor *c)
{
    for (const char *at = c->argv[c->at++] + 1; *at; at++) {
        const tide_flag *flag = self->command->flags;
        while (flag && flag->name && flag->letter != *at) flag++;
        if (!flag || !flag->name) flag = *at == tide_flag_help.letter ? &tide_flag_help : NULL;
        if (!flag) {
            tide_exit_usage(self->command->name, "unknown flag -%c", *at);
            return false;
        }
        if (!flag->value) {
            if (!add(self, flag, "")) return false;
            continue;
        }
        if (at[1]) return add(self, flag, at[1] == '=' ? at + 2 : at + 1);
        if (c->at < c->argc) return add(self, flag, c->argv[c->at++]);
        tide_exit_usage(self->command->name, "-%c needs a value: -%c %s", *at, *at, flag->value);
        return false;
    }
    return true;
}

static bool add(tide_args *self, const tide_flag *flag, const char *value)
{
    if (!flag->repeats && flag != &tide_flag_help && tide_args_has(self, flag->name)) {
        tide_exit_usage(self->command->name, "--%s is given twice", flag->name);
        return false;
    }
    bool is_left_out = may_lack_value(flag) && *value == '\0';
    if (flag->choices && !is_left_out && !tide_choice_has(flag->choices, value)) {
        tide_exit_usage(self->command->name, "--%s takes one of %s, not \"%s\"", flag->name,
                        flag->choices, value);
        return false;
    }
    TIDE_GROW(self->given, self->n_given, self->cap_given);
    self->given[self->n_given++] = (tide_given){ flag, value };
    return true;
}

static bool check_operands(const tide_args *self)
{
    const tide_command *command = self->command;
    if (self->n_operands < command->n_operands_min) {
        tide_exit_usage(command->name, "%s needs %s", command->name, command->operands);
        return false;
    }
    if (self->n_operands > command->n_operands_max) {
        tide_exit_usage(command->name, "unexpected \"%s\"",
                        self->operands[command->n_operands_max]);
        return false;
    }
    return true;
}
