/* help.c - the help texts and the manual, from the tables of commands and flags. */
#include <stdio.h>
#include <string.h>

#include "base/core/nearest.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/topics.h"

static const tide_exit exit_codes[] = { TIDE_EXIT_OK,          TIDE_EXIT_JOB_FAILED,
                                        TIDE_EXIT_USAGE,       TIDE_EXIT_SQL,
                                        TIDE_EXIT_UNREACHABLE, TIDE_EXIT_TIMEOUT,
                                        TIDE_EXIT_NOT_FOUND,   TIDE_EXIT_REFUSED,
                                        TIDE_EXIT_INTERRUPTED };
#define EXIT_CODES (sizeof exit_codes / sizeof *exit_codes)

static const char about[] = "Tidemill runs SQL and C jobs over streams and files: the same job on "
                            "a laptop and on a cluster.";

static void add_flag(const tide_flag *flag, tide_bytes *out);

void tide_help_all(tide_bytes *out)
{
    tide_bytes_printf(out, "%s\n\nusage: tidemill COMMAND [FLAGS] [OPERANDS]\n\ncommands:\n",
                      about);
    for (const tide_command *c = tide_commands; c->name; c++)
        tide_bytes_printf(out, "  %-16s %s\n", c->name, c->help);
    tide_bytes_puts(out, "\n'tidemill COMMAND --help' explains one of them.\n\nhelp topics:\n");
    for (const tide_topic *t = tide_topics; t->name; t++)
        tide_bytes_printf(out, "  %-16s %s\n", t->name, t->help);
    tide_bytes_puts(out, "\nexit codes:\n");
    for (size_t i = 0; i < EXIT_CODES; i++)
        tide_bytes_printf(out, "  %-4d %s\n", (int)exit_codes[i], tide_exit_text(exit_codes[i]));
}

void tide_help_command(const tide_command *command, tide_bytes *out)
{
    tide_bytes_printf(out, "%s\n\nusage: tidemill %s [FLAGS]%s%s\n\nflags:\n", command->help,
                      command->name, command->operands ? " " : "",
                      command->operands ? command->operands : "");
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++) add_flag(flag, out);
    add_flag(&tide_flag_help, out);
    if (command->details) tide_bytes_printf(out, "\n%s\n", command->details);
}

static void add_flag(const tide_flag *flag, tide_bytes *out)
{
    char head[64];
    int n = snprintf(head, sizeof head, "  %c%c%s --%s%s%s", flag->letter ? '-' : ' ',
                     flag->letter ? flag->letter : ' ', flag->letter ? "," : " ", flag->name,
                     flag->value ? " " : "", flag->value ? flag->value : "");
    tide_bytes_printf(out, "%-28s%s%s", head, n > 27 ? " " : "", flag->help);
    if (flag->choices) tide_bytes_printf(out, " (%s)", flag->choices);
    tide_bytes_putc(out, '\n');
}

/* Text for troff: backslashes, hyphens that are to be copied, and a dot or quote at a line's start.
 */
static void add_troff(tide_bytes *out, const char *text)
{
    for (const char *c = text; *c; c++) {
        bool starts_line = c == text || c[-1] == '\n';
        if (starts_line && (*c == '.' || *c == '\'')) tide_bytes_puts(out, "\\&");
        if (*c == '\\')
            tide_bytes_puts(out, "\\e");
        else if (*c == '-')
            tide_bytes_puts(out, "\\-");
        else
            tide_bytes_putc(out, *c);
    }
}

static void add_troff_command(const tide_command *command, tide_bytes *out)
{
    tide_bytes_printf(out, ".SS tidemill %s", command->name);
    if (command->operands) tide_bytes_printf(out, " %s", command->operands);
    tide_bytes_putc(out, '\n');
    add_troff(out, command->help);
    tide_bytes_puts(out, ".\n");
    const tide_flag *flag = command->flags;
    for (; flag && flag->name; flag++) {
        tide_bytes_puts(out, ".TP\n\\fB");
        if (flag->letter) tide_bytes_printf(out, "\\-%c\\fR, \\fB", flag->letter);
        tide_bytes_puts(out, "\\-\\-");
        add_troff(out, flag->name);
        tide_bytes_puts(out, "\\fR");
        if (flag->value) tide_bytes_printf(out, " \\fI%s\\fR", flag->value);
        tide_bytes_putc(out, '\n');
        add_troff(out, flag->help);
        if (flag->choices) {
            tide_bytes_puts(out, " (");
            add_troff(out, flag->choices);
            tide_bytes_putc(out, ')');
        }
        tide_bytes_puts(out, ".\n");
    }
    if (!command->details) return;
    tide_bytes_puts(out, ".PP\n.nf\n");
    add_troff(out, command->details);
    tide_bytes_puts(out, "\n.fi\n");
}

void tide_help_manual(tide_bytes *out)
{
    tide_bytes_printf(out, ".TH TIDEMILL 1 \"\" \"tidemill %s\" \"User Commands\"\n", TIDE_VERSION);
    tide_bytes_puts(out, ".SH NAME\ntidemill \\- run streaming and batch jobs\n.SH SYNOPSIS\n"
                         ".B tidemill\nCOMMAND [FLAGS] [OPERANDS]\n.SH DESCRIPTION\n");
    add_troff(out, about);
    tide_bytes_puts(out, "\n.SH COMMANDS\n");
    for (const tide_command *c = tide_commands; c->name; c++) add_troff_command(c, out);
    tide_bytes_puts(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < EXIT_CODES; i++) {
        tide_bytes_printf(out, ".TP\n%d\n", (int)exit_codes[i]);
        add_troff(out, tide_exit_text(exit_codes[i]));
        tide_bytes_putc(out, '\n');
    }
    tide_bytes_puts(
        out, ".SH ENVIRONMENT\n.TP\nTIDEMILL_CONFIG\nThe settings file, when \\-\\-config is "
             "not given.\n.TP\nTIDEMILL_*\nA setting: its key in capitals with _ for . and "
             "\\-, as in TIDEMILL_PIPELINE_NAME.\n.TP\nNO_COLOR\nNo colour, when set.\n");
}

static int unknown_topic(const char *word)
{
    tide_nearest nearest;
    tide_nearest_init(&nearest, word);
    for (const tide_command *c = tide_commands; c->name; c++) tide_nearest_try(&nearest, c->name);
    for (const tide_topic *t = tide_topics; t->name; t++) tide_nearest_try(&nearest, t->name);
    const char *best = tide_nearest_best(&nearest);
    if (best) return tide_exit_usage(NULL, "no help on \"%s\", did you mean \"%s\"?", word, best);
    return tide_exit_usage(NULL, "no help on \"%s\"", word);
}

int tide_command_help(const tide_args *args)
{
    tide_bytes text = { 0 };
    if (tide_args_has(args, "man")) {
        tide_help_manual(&text);
        return tide_output_text(&text);
    }
    if (args->n_operands == 0) {
        tide_help_all(&text);
        return tide_output_text(&text);
    }
    const char *word = args->operands[0];
    const tide_command *command = tide_command_find(word);
    if (command) {
        tide_help_command(command, &text);
        return tide_output_text(&text);
    }
    for (const tide_topic *t = tide_topics; t->name; t++) {
        if (strcmp(t->name, word) != 0) continue;
        tide_bytes_printf(&text, "%s:\n", t->help);
        t->print(&text);
        return tide_output_text(&text);
    }
    return unknown_topic(word);
}
