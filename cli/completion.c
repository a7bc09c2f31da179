/* completion.c - shell completion scripts, from the tables of commands and flags. */
#include <string.h>

#include "base/core/assert.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/topics.h"

static void add_choices(tide_bytes *out, const char *choices)
{
    for (const char *c = choices; *c; c++) tide_bytes_putc(out, *c == '|' ? ' ' : *c);
}

/* The words that a command's operand may be. */
static void add_words(const tide_command *command, tide_bytes *out)
{
    if (command->operand_kind == TIDE_OPERAND_WORD) {
        add_choices(out, command->words);
        return;
    }
    for (const tide_command *c = tide_commands; c->name; c++)
        tide_bytes_printf(out, "%s ", c->name);
    for (const tide_topic *t = tide_topics; t->name; t++) tide_bytes_printf(out, "%s ", t->name);
    out->n--; /* The last space. */
}

static bool has_words(const tide_command *command)
{
    return command->operand_kind == TIDE_OPERAND_WORD ||
           command->operand_kind == TIDE_OPERAND_TOPIC;
}

static bool takes_file(const tide_flag *flag)
{
    return strcmp(flag->value, "FILE") == 0;
}

/* ---- bash ---- */

static void bash_flag_values(const tide_command *command, tide_bytes *out)
{
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++) {
        if (!flag->value) continue;
        tide_bytes_printf(out, "    %s:--%s", command->name, flag->name);
        if (flag->letter) tide_bytes_printf(out, " | %s:-%c", command->name, flag->letter);
        tide_bytes_puts(out, ") ");
        if (flag->choices) {
            tide_bytes_puts(out, "COMPREPLY=($(compgen -W '");
            add_choices(out, flag->choices);
            tide_bytes_puts(out, "' -- \"$cur\")); ");
        } else if (takes_file(flag)) {
            tide_bytes_puts(out, "COMPREPLY=($(compgen -f -- \"$cur\")); ");
        }
        tide_bytes_puts(out, "return ;;\n");
    }
}

static void bash_words(const tide_command *command, tide_bytes *out)
{
    tide_bytes_printf(out, "    %s)\n        flags='--help", command->name);
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++) tide_bytes_printf(out, " --%s", flag->name);
    tide_bytes_puts(out, "'\n");
    if (has_words(command)) {
        tide_bytes_puts(out, "        words='");
        add_words(command, out);
        tide_bytes_puts(out, "'\n");
    } else if (command->operand_kind == TIDE_OPERAND_FILE) {
        tide_bytes_puts(out, "        action=-f\n");
    } else if (command->operand_kind == TIDE_OPERAND_FOLDER) {
        tide_bytes_puts(out, "        action=-d\n");
    }
    tide_bytes_puts(out, "        ;;\n");
}

static void bash(tide_bytes *out)
{
    tide_bytes_puts(out,
                    "# bash completion of tidemill: source <(tidemill completion bash)\n"
                    "_tidemill() {\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local flags='' words='' action=''\n"
                    "    if [ \"$COMP_CWORD\" = 1 ]; then\n"
                    "        COMPREPLY=($(compgen -W '");
    for (const tide_command *c = tide_commands; c->name; c++)
        tide_bytes_printf(out, "%s%s", c == tide_commands ? "" : " ", c->name);
    tide_bytes_puts(out, "' -- \"$cur\"))\n        return\n    fi\n"
                         "    case ${COMP_WORDS[1]}:$prev in\n");
    for (const tide_command *c = tide_commands; c->name; c++) bash_flag_values(c, out);
    tide_bytes_puts(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    for (const tide_command *c = tide_commands; c->name; c++) bash_words(c, out);
    tide_bytes_puts(out, "    esac\n"
                         "    case $cur in\n"
                         "    -*) COMPREPLY=($(compgen -W \"$flags\" -- \"$cur\")) ;;\n"
                         "    *)\n"
                         "        if [ -n \"$action\" ]; then\n"
                         "            COMPREPLY=($(compgen $action -- \"$cur\"))\n"
                         "        else\n"
                         "            COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                         "        fi\n"
                         "        ;;\n"
                         "    esac\n"
                         "}\n"
                         "complete -o filenames -F _tidemill tidemill\n");
}

/* ---- zsh ---- */

/* Help texts go into single quotes, inside brackets, before colons. */
static void zsh_text(tide_bytes *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\'')
            tide_bytes_puts(out, "'\\''");
        else if (strchr("[]:\\", *c))
            tide_bytes_printf(out, "\\%c", *c);
        else
            tide_bytes_putc(out, *c);
    }
}

static void zsh_flag(const tide_flag *flag, tide_bytes *out)
{
    tide_bytes_puts(out, " \\\n            ");
    if (flag->repeats) tide_bytes_puts(out, "'*'");
    if (flag->letter)
        tide_bytes_printf(out, "{-%c,--%s}", flag->letter, flag->name);
    else
        tide_bytes_printf(out, "--%s", flag->name);
    tide_bytes_puts(out, "'[");
    zsh_text(out, flag->help);
    tide_bytes_putc(out, ']');
    if (flag->value) {
        tide_bytes_printf(out, ":%s:", flag->value);
        if (flag->choices) {
            tide_bytes_putc(out, '(');
            add_choices(out, flag->choices);
            tide_bytes_putc(out, ')');
        } else if (takes_file(flag)) {
            tide_bytes_puts(out, "_files");
        }
    }
    tide_bytes_putc(out, '\'');
}

static void zsh(tide_bytes *out)
{
    tide_bytes_puts(
        out, "#compdef tidemill\n"
             "# zsh completion of tidemill: tidemill completion zsh > _tidemill in your fpath\n"
             "_tidemill() {\n"
             "    local -a commands=(\n");
    for (const tide_command *c = tide_commands; c->name; c++) {
        tide_bytes_printf(out, "        '%s:", c->name);
        zsh_text(out, c->help);
        tide_bytes_puts(out, "'\n");
    }
    tide_bytes_puts(out, "    )\n"
                         "    if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
                         "    local command=$words[2]\n"
                         "    shift words; (( CURRENT-- ))\n"
                         "    case $command in\n");
    for (const tide_command *c = tide_commands; c->name; c++) {
        tide_bytes_printf(out, "    %s)\n        _arguments", c->name);
        const tide_flag *flag = c->flags;
        for (; flag && flag->name; flag++) zsh_flag(flag, out);
        zsh_flag(&tide_flag_help, out);
        if (c->operand_kind == TIDE_OPERAND_FILE) tide_bytes_puts(out, " '*:file:_files'");
        if (c->operand_kind == TIDE_OPERAND_FOLDER) tide_bytes_puts(out, " '*:folder:_files -/'");
        if (has_words(c)) {
            tide_bytes_puts(out, " '*:word:(");
            add_words(c, out);
            tide_bytes_puts(out, ")'");
        }
        tide_bytes_puts(out, "\n        ;;\n");
    }
    tide_bytes_puts(out, "    esac\n}\n_tidemill \"$@\"\n");
}

/* ---- fish ---- */

static void fish_text(tide_bytes *out, const char *text)
{
    tide_bytes_putc(out, '\'');
    for (const char *c = text; *c; c++) {
        if (*c == '\'' || *c == '\\') tide_bytes_putc(out, '\\');
        tide_bytes_putc(out, *c);
    }
    tide_bytes_putc(out, '\'');
}

static void fish_command(const tide_command *command, tide_bytes *out)
{
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++) {
        tide_bytes_printf(out, "complete -c tidemill -n '__fish_seen_subcommand_from %s' -l %s",
                          command->name, flag->name);
        if (flag->letter) tide_bytes_printf(out, " -s %c", flag->letter);
        if (flag->value && takes_file(flag))
            tide_bytes_puts(out, " -r -F");
        else if (flag->value)
            tide_bytes_puts(out, " -x");
        if (flag->choices) {
            tide_bytes_puts(out, " -a '");
            add_choices(out, flag->choices);
            tide_bytes_putc(out, '\'');
        }
        tide_bytes_puts(out, " -d ");
        fish_text(out, flag->help);
        tide_bytes_putc(out, '\n');
    }
    if (command->operand_kind == TIDE_OPERAND_FILE || command->operand_kind == TIDE_OPERAND_FOLDER)
        tide_bytes_printf(out, "complete -c tidemill -n '__fish_seen_subcommand_from %s' -F\n",
                          command->name);
    if (!has_words(command)) return;
    tide_bytes_printf(out, "complete -c tidemill -n '__fish_seen_subcommand_from %s' -a '",
                      command->name);
    add_words(command, out);
    tide_bytes_puts(out, "'\n");
}

static void fish(tide_bytes *out)
{
    tide_bytes_puts(out, "# fish completion of tidemill: tidemill completion fish | source\n"
                         "complete -c tidemill -f\n");
    for (const tide_command *c = tide_commands; c->name; c++) {
        tide_bytes_printf(out, "complete -c tidemill -n __fish_use_subcommand -a %s -d ", c->name);
        fish_text(out, c->help);
        tide_bytes_putc(out, '\n');
    }
    for (const tide_command *c = tide_commands; c->name; c++) fish_command(c, out);
}

void tide_completion(const char *shell, tide_bytes *out)
{
    static const struct {
        const char *shell;
        void (*print)(tide_bytes *out);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (strcmp(shell, shells[i].shell) == 0) shells[i].print(out);
}

int tide_command_completion(const tide_args *args)
{
    const char *shell = args->operands[0];
    if (!tide_choice_has(args->command->words, shell))
        return tide_exit_usage(args->command->name, "completion is there for %s, not for \"%s\"",
                               args->command->words, shell);
    tide_bytes text = { 0 };
    tide_completion(shell, &text);
    return tide_output_text(&text);
}
