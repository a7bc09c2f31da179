/* commands.c - the table of commands. */
#include "cli/commands.h"

#include <string.h>

static const tide_flag version_flags[] = {
    { .name = "output", .letter = 'o', .value = "FORMAT", .choices = "text|json", .help = "Form of the answer" },
    { 0 },
};

static const tide_flag help_flags[] = {
    { .name = "man", .help = "Print the manual page: tidemill help --man | man -l -" },
    { 0 },
};

const tide_command tide_commands[] = {
    { .name = "version",
      .help = "Print the version",
      .flags = version_flags,
      .run = tide_command_version },
    { .name = "help",
      .operands = "[COMMAND|TOPIC]",
      .help = "Explain a command, or list settings, functions, connectors or counters",
      .flags = help_flags,
      .operand_kind = TIDE_OPERAND_TOPIC,
      .n_operands_max = 1,
      .run = tide_command_help },
    { .name = "completion",
      .operands = "bash|zsh|fish",
      .help = "Print a completion script for a shell",
      .details = "bash:  source <(tidemill completion bash)\n"
                 "zsh:   tidemill completion zsh > ~/.zfunc/_tidemill\n"
                 "fish:  tidemill completion fish | source",
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "bash|zsh|fish",
      .n_operands_min = 1,
      .n_operands_max = 1,
      .run = tide_command_completion },
    { 0 },
};

const tide_command *tide_command_find(const char *name)
{
    for (const tide_command *c = tide_commands; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}
