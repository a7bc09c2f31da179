/* explain.c - `tidemill explain`. */
#include <string.h>

#include "cli/commands.h"
#include "cli/job.h"
#include "cli/output.h"

int tide_command_explain(const tide_args *args)
{
    tide_cli_job job;
    tide_exit code = tide_cli_job_load(&job, args);
    if (code != TIDE_EXIT_OK) return code;
    bool as_json = strcmp(tide_args_value(args, "output", "text"), "json") == 0;
    tide_bytes text = { 0 };
    code = tide_exit_report(tide_cli_job_explain(job.plan, &job.settings, as_json, &text),
                            TIDE_PHASE_PLAN);
    tide_cli_job_fini(&job);
    if (code == TIDE_EXIT_OK) return tide_output_text(&text);
    tide_bytes_fini(&text);
    return code;
}
