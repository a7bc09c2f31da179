/* run.c - `tidemill run`: a job in this process. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/log.h"
#include "cli/commands.h"
#include "cli/driver/driver.h"
#include "cli/interrupt.h"
#include "cli/job.h"
#include "cli/mpi/ranks.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "worker/connector/print/output.h"

typedef struct running {
    tide_progress *progress;
    tide_clock *clock;
} running;

static void on_progress(void *ctx, const tide_job_progress *now)
{
    running *self = ctx;
    tide_progress_update(self->progress, now, tide_clock_now_ns(self->clock),
                         tide_clock_wall_us(self->clock));
}

static tide_output_format output_format(const char *name)
{
    static const char *const names[] = { "table", "csv", "json", "jsonl" };
    static const tide_output_format formats[] = { TIDE_OUTPUT_TABLE, TIDE_OUTPUT_CSV,
                                                  TIDE_OUTPUT_JSON, TIDE_OUTPUT_JSONL };
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return formats[i];
    return TIDE_OUTPUT_TABLE;
}

static bool prints_rows(const tide_plan *plan)
{
    for (uint32_t i = 0; i < plan->n_sinks; i++)
        if (plan->sinks[i]->sink.print) return true;
    return false;
}

/* Nothing is lost in silence: what was dropped is said at the end, terminal or not. */
static void report_dropped(const tide_job_progress *final)
{
    if (final->late_rows)
        tide_log_warn("late rows dropped", tide_log_int("rows", (int64_t) final->late_rows));
    if (final->bad_rows)
        tide_log_warn("bad records skipped", tide_log_int("rows", (int64_t) final->bad_rows));
}

static tide_exit run_plan(const tide_cli_job *job, const tide_args *args, running *self)
{
    tide_output_format format = output_format(tide_args_value(args, "output", "table"));
    tide_output *output = tide_output_new(STDOUT_FILENO, format, tide_args_has(args, "changelog"));
    tide_driver_control *control = tide_driver_control_new();
    tide_driver_options options = {
        .settings = &job->settings,
        .clock = self->clock,
        .output = output,
        .random_seed = (uint64_t)tide_clock_wall_us(self->clock),
        .control = control,
        .progress_every_ns = TIDE_PROGRESS_EVERY_NS,
        .on_progress = on_progress,
        .ctx = self,
    };
    tide_job_progress final;
    tide_driver_end end;
    int64_t began_ns = tide_clock_now_ns(self->clock);
    tide_interrupt_begin(control);
    tide_status rv = tide_driver_run(job->plan, &options, &final, &end);
    tide_output_free(&output); /* Waits for standard output: may still be interrupted. */
    tide_interrupt_end();
    tide_driver_control_free(&control);
    tide_progress_finish(self->progress, &final, tide_clock_now_ns(self->clock) - began_ns);
    report_dropped(&final);
    tide_exit code =
        tide_exit_report(rv, end == TIDE_DRIVER_REFUSED ? TIDE_PHASE_PLAN : TIDE_PHASE_RUN);
    return code == TIDE_EXIT_OK && end != TIDE_DRIVER_FINISHED ? TIDE_EXIT_INTERRUPTED : code;
}

static tide_exit explain_instead(const tide_cli_job *job)
{
    tide_bytes text = { 0 };
    tide_status rv =
        tide_cli_job_explain(job->plan, &job->settings, job->plan->explain_json, &text);
    if (rv == TIDE_OK) return tide_output_text(&text);
    tide_bytes_fini(&text);
    return tide_exit_report(rv, TIDE_PHASE_PLAN);
}

int tide_command_run(const tide_args *args)
{
    if (tide_ranks_wanted(environ)) {
        const tide_ranks_options ranks = {
            .args = args,
            .format = output_format(tide_args_value(args, "output", "table")),
            .changelog = tide_args_has(args, "changelog"),
        };
        return tide_ranks_run(&ranks);
    }
    tide_cli_job job;
    tide_exit code = tide_cli_job_load(&job, args);
    if (code != TIDE_EXIT_OK) return code;
    /* The line would be torn by rows that go to the same terminal. */
    bool shows = isatty(STDERR_FILENO) && !(isatty(STDOUT_FILENO) && prints_rows(job.plan)) &&
                 !tide_args_has(args, "quiet");
    running self = { .progress = tide_progress_new(shows), .clock = tide_clock_real() };
    tide_log_level level = TIDE_LOG_WARN;
    tide_log_level_parse(tide_args_value(args, "log", "warn"), &level);
    tide_log *log = tide_log_new(
        &(tide_log_config){ .level = level, .write = tide_progress_log, .ctx = self.progress });
    tide_log_install(log);
    if (job.plan->explain)
        code = explain_instead(&job);
    else if (job.plan->n_sinks == 0)
        fprintf(stderr, "nothing to run: no SELECT, no INSERT\n");
    else
        code = run_plan(&job, args, &self);
    tide_log_install(NULL);
    tide_log_free(&log);
    tide_progress_free(&self.progress);
    tide_cli_job_fini(&job);
    return code;
}
