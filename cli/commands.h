/* commands.h - every command of the binary, from one table. Help, manual and shell completion are
 * printed from it, so they cannot lag behind. */
#ifndef TIDE_CLI_COMMANDS_H
#define TIDE_CLI_COMMANDS_H
#include "base/core/bytes.h"
#include "cli/args.h"

/* Ends with a NULL name. */
extern const tide_command tide_commands[];

/* NULL when there is none of this name. */
const tide_command *tide_command_find(const char *name);

/* What `tidemill --help`, `tidemill COMMAND --help`, `tidemill help --man` and
 * `tidemill completion SHELL` print. */
void tide_help_all(tide_bytes *out);
void tide_help_command(const tide_command *command, tide_bytes *out);
void tide_help_manual(tide_bytes *out);                   /* troff, section 1. */
void tide_completion(const char *shell, tide_bytes *out); /* shell: "bash", "zsh" or "fish". */

/* The commands, a file each. */
int tide_command_run(const tide_args *args);
int tide_command_explain(const tide_args *args);
int tide_command_test(const tide_args *args);
int tide_command_bench(const tide_args *args);
int tide_command_submit(const tide_args *args);
int tide_command_list(const tide_args *args);
int tide_command_describe(const tide_args *args);
int tide_command_status(const tide_args *args);
int tide_command_cancel(const tide_args *args);
int tide_command_stop(const tide_args *args);
int tide_command_logs(const tide_args *args);
int tide_command_top(const tide_args *args);
int tide_command_cluster(const tide_args *args);
int tide_command_config(const tide_args *args);
int tide_command_doctor(const tide_args *args);
int tide_command_master(const tide_args *args);
int tide_command_worker(const tide_args *args);
int tide_command_version(const tide_args *args);
int tide_command_help(const tide_args *args);
int tide_command_completion(const tide_args *args);

#endif
