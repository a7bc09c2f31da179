/* args.h - a command line, read by a command's table of flags.
 *
 * Forms: --name VALUE, --name=VALUE, -n VALUE, -nVALUE, --switch, -s, and -- before operands that
 * begin with a dash. Flags may stand before, between and behind operands. Owner: one thread; texts
 * are borrowed from argv. */
#ifndef TIDE_CLI_ARGS_H
#define TIDE_CLI_ARGS_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/attr.h"

typedef struct tide_flag {
    const char *name;    /* Long form, without dashes. NULL ends a table. */
    char letter;         /* Short form, or 0. */
    bool repeats;        /* May be given more than once; otherwise that is an error. */
    const char *value;   /* What follows it ("FILE"), or NULL for a switch. "[STATE]": may be left
                          * out; a word behind the flag is it only when it is one of `choices`. */
    const char *choices; /* "table|csv|json": the values it takes; NULL any. */
    const char *setting; /* The key of the setting that it stands for, or NULL. */
    const char *help;    /* One line. */
} tide_flag;

typedef enum tide_operand_kind {
    TIDE_OPERAND_NONE,
    TIDE_OPERAND_FILE,
    TIDE_OPERAND_FOLDER,
    TIDE_OPERAND_WORD,  /* One of `words`. */
    TIDE_OPERAND_TOPIC, /* A command or a help topic. */
} tide_operand_kind;

typedef struct tide_args tide_args;

typedef struct tide_command {
    const char *name;     /* NULL ends a table. */
    const char *operands; /* For the usage line: "[FILE]". */
    const char *help;     /* One line. */
    const char *details;  /* Paragraphs and examples behind the flags; may be NULL. */
    const tide_flag *flags;
    tide_operand_kind operand_kind;
    const char *words; /* "bash|zsh|fish": what completion offers. */
    uint32_t n_operands_min, n_operands_max;
    bool is_process;                   /* A process of the cluster: -D takes the cluster's keys. */
    int (*run)(const tide_args *args); /* Returns a tide_exit. */
} tide_command;

typedef struct tide_given {
    const tide_flag *flag;
    const char *value; /* "" for a switch. */
} tide_given;

struct tide_args {
    const tide_command *command;
    uint32_t n_operands, n_given, cap_given;
    const char **operands;
    tide_given *given; /* In the order of the command line. */
};

/* Reads argv[0 .. argc) (behind the command's name) for `command`. False: a usage error was
 * printed, with the nearest flag when one is unknown. --help and -h are known to every command. */
TIDE_MUST_CHECK bool tide_args_read(tide_args *self, const tide_command *command, int argc,
                                    char **argv);
void tide_args_fini(tide_args *self);

/* `name` must be in the command's table. */
bool tide_args_has(const tide_args *self, const char *name);
/* The (last) value given, or fallback. */
const char *tide_args_value(const tide_args *self, const char *name, const char *fallback);
/* Reads the value as a whole number in [min, max]. False: a usage error was printed. */
TIDE_MUST_CHECK bool tide_args_number(const tide_args *self, const char *name, int64_t min,
                                      int64_t max, int64_t fallback, int64_t *out);

/* Is `word` one of "a|b|c"? */
bool tide_choice_has(const char *choices, const char *word);

/* The flag that asks every command for its help. */
extern const tide_flag tide_flag_help;

#endif
