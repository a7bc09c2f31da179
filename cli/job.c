/* job.c - loading a job. */
#include "cli/job.h"

#include <string.h>
#include <unistd.h>

#include "cli/input.h"
#include "jobapi/graph/graph.h"
#include "worker/runtime/load.h"

static tide_load_settings settings_around(const tide_config *config)
{
    return (tide_load_settings){ .below = config->below.options,
                                 .n_below = config->below.n,
                                 .above = config->above.options,
                                 .n_above = config->above.n };
}

tide_sql_context tide_cli_sql_context(const tide_config *config)
{
    const tide_load_settings around = settings_around(config);
    return tide_load_context(&around);
}

/* The job's text and what messages call it. */
static tide_exit read_text(const tide_args *args, tide_bytes *text, const char **name)
{
    const char *command = args->command->name, *sql = tide_args_value(args, "execute", NULL);
    const char *path = args->n_operands ? args->operands[0] : NULL;
    if (sql && path) return tide_exit_usage(command, "either a file or -e, not both: \"%s\"", path);
    if (sql) {
        tide_bytes_puts(text, sql);
        *name = "-e";
        return TIDE_EXIT_OK;
    }
    if (!path && isatty(STDIN_FILENO))
        return tide_exit_usage(command, "%s needs a job: a file, -e 'SQL', or standard input",
                               command);
    if (!path) path = "-";
    *name = strcmp(path, "-") == 0 ? "<stdin>" : path;
    return tide_exit_report(tide_input_read(path, text), TIDE_PHASE_PLAN);
}

/* The operand when it names a C job. */
static const char *library_path(const tide_args *args)
{
    const char *path = args->n_operands ? args->operands[0] : NULL;
    size_t n = path ? strlen(path) : 0;
    return n > 3 && strcmp(path + n - 3, ".so") == 0 ? path : NULL;
}

static tide_status plan_library(tide_cli_job *self, const tide_args *args, const char *path)
{
    const tide_load_settings around = settings_around(&self->config);
    return tide_load_library(path, (int)args->n_operands, (char **)(uintptr_t)args->operands,
                             &around, &self->library, &self->plan, &self->settings);
}

static tide_exit load_text(tide_cli_job *self, const tide_args *args)
{
    if (args->n_operands > 1)
        return tide_exit_usage(args->command->name,
                               "unexpected argument \"%s\"; only C jobs take some",
                               args->operands[1]);
    tide_bytes text = { 0 };
    const char *name = NULL;
    tide_exit code = read_text(args, &text, &name);
    const tide_load_settings around = settings_around(&self->config);
    if (code == TIDE_EXIT_OK)
        code = tide_exit_report(tide_load_sql(text.p, text.n, name, &around, &self->plan,
                                              &self->settings),
                                TIDE_PHASE_PLAN);
    tide_bytes_fini(&text);
    return code;
}

tide_exit tide_cli_job_load(tide_cli_job *self, const tide_args *args)
{
    *self = (tide_cli_job){ 0 };
    tide_status rv = tide_config_load(&self->config, args, environ);
    if (rv == TIDE_E_OPTION) return tide_exit_usage(args->command->name, "%s", tide_error_text());
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_PLAN);
    const char *library = library_path(args);
    tide_exit code = library ? tide_exit_report(plan_library(self, args, library), TIDE_PHASE_PLAN)
                             : load_text(self, args);
    if (code != TIDE_EXIT_OK) tide_cli_job_fini(self);
    return code;
}

void tide_cli_job_fini(tide_cli_job *self)
{
    tide_plan_free(&self->plan);
    tide_library_close(&self->library);
    tide_config_fini(&self->config);
}

tide_status tide_cli_job_explain(const tide_plan *plan, const tide_job_settings *settings,
                                 bool as_json, tide_bytes *out)
{
    tide_graph *graph;
    TIDE_TRY(tide_graph_build(plan, settings, &graph));
    if (as_json) {
        char *json = tide_graph_json(graph);
        tide_bytes_printf(out, "%s\n", json);
        tide_free(json);
    } else {
        char *logical = tide_plan_print(plan), *physical = tide_graph_print(graph);
        tide_bytes_printf(out, "== Logical plan ==\n%s\n== Job graph ==\n%s", logical, physical);
        tide_free(logical);
        tide_free(physical);
    }
    tide_graph_free(&graph);
    return TIDE_OK;
}
