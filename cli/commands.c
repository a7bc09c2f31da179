/* commands.c - the table of commands. */
#include "cli/commands.h"

#include <string.h>

/* Flags that several commands have. */
#define FLAG_EXECUTE                                                                               \
    {                                                                                              \
        .name = "execute", .letter = 'e', .value = "SQL",                                          \
        .help = "The job's text, instead of a file"                                                \
    }
#define FLAG_PARALLELISM                                                                           \
    {                                                                                              \
        .name = "parallelism", .letter = 'p', .value = "N", .setting = "parallelism.default",      \
        .help = "Slots, each with a thread"                                                        \
    }
#define FLAG_SET                                                                                   \
    {                                                                                              \
        .name = "set", .letter = 'D', .repeats = true, .value = "KEY=VALUE",                       \
        .help = "A setting; see 'tidemill help settings'"                                          \
    }
#define FLAG_CONFIG                                                                                \
    {                                                                                              \
        .name = "config", .value = "FILE", .help = "YAML file of settings (or $TIDEMILL_CONFIG)"   \
    }

static const tide_flag run_flags[] = {
    FLAG_EXECUTE,
    FLAG_PARALLELISM,
    { .name = "output",
      .letter = 'o',
      .value = "FORMAT",
      .choices = "table|csv|json|jsonl",
      .help = "Form of the rows of a bare SELECT" },
    { .name = "changelog",
      .help = "Show every change of an updating result, not just the final rows" },
    FLAG_SET,
    FLAG_CONFIG,
    { .name = "log", .value = "LEVEL", .choices = "error|warn|info|debug", .help = "What to log" },
    { .name = "quiet", .letter = 'q', .help = "No progress line" },
    { 0 },
};

static const tide_flag explain_flags[] = {
    FLAG_EXECUTE,
    FLAG_PARALLELISM,
    { .name = "output",
      .letter = 'o',
      .value = "FORMAT",
      .choices = "text|json",
      .help = "Form of the answer" },
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag test_flags[] = {
    { .name = "update",
      .letter = 'u',
      .help = "Write what comes out to expected/ instead of comparing" },
    { 0 },
};

static const tide_flag bench_flags[] = {
    { .name = "events", .letter = 'n', .value = "N", .help = "Events to make (10000000)" },
    FLAG_PARALLELISM,
    { .name = "runs",
      .letter = 'r',
      .value = "N",
      .help = "Runs of each query; medians are printed (1)" },
    { .name = "output",
      .letter = 'o',
      .value = "FORMAT",
      .choices = "table|json",
      .help = "Form of the answer" },
    FLAG_SET,
    FLAG_CONFIG,
    { 0 },
};

static const tide_flag version_flags[] = {
    { .name = "output",
      .letter = 'o',
      .value = "FORMAT",
      .choices = "text|json",
      .help = "Form of the answer" },
    { 0 },
};

static const tide_flag help_flags[] = {
    { .name = "man", .help = "Print the manual page: tidemill help --man | man -l -" },
    { 0 },
};

const tide_command tide_commands[] = {
    { .name = "run",
      .operands = "[FILE | ./LIBRARY.so [-- ARGUMENT...]]",
      .help = "Run a job in this process",
      .details = "FILE is SQL text; - or nothing reads standard input. Paths in a job are relative "
                 "to the\n"
                 "current folder. Ctrl-C ends the job cleanly, with what is complete flushed; "
                 "again, at once.\n\n"
                 "examples:\n"
                 "  tidemill run job.sql -p 4\n"
                 "  tidemill run -e 'SELECT 1 + 1'\n"
                 "  tidemill run job.sql -D execution.runtime-mode=batch -o csv > rows.csv",
      .flags = run_flags,
      .operand_kind = TIDE_OPERAND_FILE,
      .n_operands_max = 1000,
      .run = tide_command_run },
    { .name = "explain",
      .operands = "[FILE | ./LIBRARY.so [-- ARGUMENT...]]",
      .help = "Print a job's logical plan and its graph of operators",
      .flags = explain_flags,
      .operand_kind = TIDE_OPERAND_FILE,
      .n_operands_max = 1000,
      .run = tide_command_explain },
    { .name = "test",
      .operands = "FOLDER...",
      .help = "Run jobs on given input in virtual time and compare what they give",
      .details =
          "A case is a folder with\n"
          "  input/TABLE.ndjson (.json, .csv)  what the job reads instead of TABLE's connector\n"
          "  expected/result.csv               the rows of a bare SELECT (the second: "
          "result-2.csv)\n"
          "  expected/TABLE.csv                the rows written to TABLE\n"
          "  expected/error.txt                or: the job fails, and this is part of the message\n"
          "  job.sql                           the job; or in the nearest folder above\n"
          "FOLDER is a case, or holds cases at any depth. A job runs streaming, in one slot, a row "
          "at a\n"
          "time with a watermark after each; the clock stands still at 2000-01-01. Rows are "
          "compared in any\n"
          "order, but for a query with ORDER BY and for updating results, which show each change "
          "as `op`.",
      .flags = test_flags,
      .operand_kind = TIDE_OPERAND_FOLDER,
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_test },
    { .name = "bench",
      .operands = "nexmark [QUERY...]",
      .help = "Measure Nexmark queries, from the built-in generator to nothing",
      .details = "Every run is a process of its own; without queries, all are run. Reported are "
                 "events of all\n"
                 "kinds per second, per second of CPU of that process, and its peak of resident "
                 "memory.\n\n"
                 "example:\n"
                 "  tidemill bench nexmark q0 q11 --events 50000000 -p 2 --runs 5 -o json",
      .flags = bench_flags,
      .operand_kind = TIDE_OPERAND_WORD,
      .words = "nexmark|q0|q1|q2|q11|q12|q14|q15|q17|q21|q22",
      .n_operands_min = 1,
      .n_operands_max = 1000,
      .run = tide_command_bench },
    { .name = "version",
      .help = "Print the version",
      .flags = version_flags,
      .run = tide_command_version },
    { .name = "help",
      .operands = "[COMMAND|TOPIC]",
      .help = "Explain a command, or list settings, functions and more",
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
