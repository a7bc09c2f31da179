/* cli.c - from argv to a command. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/core/nearest.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "worker/runtime/runner_process.h"

static int help_all(void)
{
    tide_bytes text = { 0 };
    tide_help_all(&text);
    return tide_output_text(&text);
}

/* A standard stream that was closed (`>&-`) would be the next file or socket that is opened, and
 * take the output meant for the stream: its place is held, by what fails when it is used. */
static void hold_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) != -1) continue;
        int held = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (held != fd && held >= 0) close(held);
    }
}

int tide_cli_main(int argc, char **argv)
{
    hold_closed_streams();
    /* A reader that goes away is an error of the write, with a message, not the process's death. */
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) return help_all();
    if (strcmp(name, "--version") == 0) name = "version";

    if (strcmp(name, "runner") == 0) return tide_runner_main(argc - 2, argv + 2);

    const tide_command *command = tide_command_find(name);
    if (!command) {
        tide_nearest nearest;
        tide_nearest_init(&nearest, name);
        for (const tide_command *c = tide_commands; c->name; c++)
            tide_nearest_try(&nearest, c->name);
        const char *best = tide_nearest_best(&nearest);
        if (best)
            return tide_exit_usage(NULL, "no command \"%s\", did you mean \"%s\"?", name, best);
        return tide_exit_usage(NULL, "no command \"%s\"", name);
    }
    tide_args args;
    if (!tide_args_read(&args, command, argc - 2, argv + 2)) return TIDE_EXIT_USAGE;
    int code;
    if (tide_args_has(&args, "help")) {
        tide_bytes text = { 0 };
        tide_help_command(command, &text);
        code = tide_output_text(&text);
    } else {
        code = command->run(&args);
    }
    tide_args_fini(&args);
    return code;
}
