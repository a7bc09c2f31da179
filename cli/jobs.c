/* jobs.c - `tidemill list`, `status`, `cancel` and `stop`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define WAIT_MS (INT64_C(365) * 86400 * 1000) /* Without --timeout. */

static void print_jobs(const json_t *jobs, bool wide)
{
    tide_table_text table;
    tide_table_text_init(&table, wide ? "JOB|NAME|STATE|SLOTS|ATTEMPT|SUBMITTED|DURATION|WAITS FOR"
                                      : "JOB|NAME|STATE|SLOTS|DURATION");
    size_t i;
    json_t *job;
    json_array_foreach((json_t *)(uintptr_t)jobs, i, job)
    {
        char span[48], when[48];
        remote_span(remote_int(job, "duration"), span);
        if (wide)
            tide_table_text_add(&table, "%s\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%s\t%s\t%s",
                                remote_text(job, "jid"), remote_text(job, "name"),
                                remote_text(job, "state"), remote_int(job, "parallelism"),
                                remote_int(job, "attempt"),
                                remote_time(remote_int(job, "start-time"), when), span,
                                remote_text(job, "waiting-for"));
        else
            tide_table_text_add(&table, "%s\t%s\t%s\t%" PRId64 "\t%s", remote_text(job, "jid"),
                                remote_text(job, "name"), remote_text(job, "state"),
                                remote_int(job, "parallelism"), span);
    }
    (void)remote_print_table(&table);
}

int tide_command_list(const tide_args *args)
{
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    json_t *root;
    code = tide_exit_report(remote_get(&r, "/jobs/overview", &root), TIDE_PHASE_RUN);
    if (code == TIDE_EXIT_OK && r.form == REMOTE_JSON)
        code = remote_print_json(root);
    else if (code == TIDE_EXIT_OK)
        print_jobs(json_object_get(root, "jobs"), r.form == REMOTE_WIDE);
    json_decref(root);
    remote_close(&r);
    return code;
}

static tide_exit print_state(const remote *r, const char *job, const tide_client_state *state)
{
    if (r->form == REMOTE_JSON) {
        json_t *root = json_pack("{s:s,s:s,s:b,s:s,s:s}", "jid", job, "state", state->state,
                                 "is-final", state->is_final, "waiting-for", state->why_waiting,
                                 "failure", state->failure);
        tide_exit code = remote_print_json(root);
        json_decref(root);
        return code;
    }
    tide_bytes out = { 0 };
    tide_bytes_printf(&out, "%s\n", state->state);
    if (r->form == REMOTE_WIDE && *state->why_waiting)
        tide_bytes_printf(&out, "%s\n", state->why_waiting);
    if (r->form == REMOTE_WIDE && *state->failure) tide_bytes_printf(&out, "%s\n", state->failure);
    return (tide_exit)tide_output_text(&out);
}

int tide_command_status(const tide_args *args)
{
    int64_t timeout_ms;
    if (!remote_duration(args, "timeout", WAIT_MS, &timeout_ms)) return TIDE_EXIT_USAGE;
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    const char *job = args->operands[0], *wanted = tide_args_value(args, "wait", NULL);
    tide_client_state state;
    tide_status rv =
        wanted ? tide_client_wait(r.client, job, *wanted ? wanted : NULL, timeout_ms, NULL, &state)
               : tide_client_job_state(r.client, job, &state);
    code = tide_exit_report(rv, TIDE_PHASE_RUN);
    /* What was seen is said even when it is not what was waited for. */
    if (*state.state) {
        tide_exit printed = print_state(&r, job, &state);
        if (code == TIDE_EXIT_OK) code = printed;
    }
    remote_close(&r);
    return code;
}

static tide_status end_one(remote *r, const tide_args *args, const char *job, bool stops,
                           int64_t timeout_ms)
{
    TIDE_TRY(stops ? tide_client_stop(r->client, job) : tide_client_cancel(r->client, job));
    if (!tide_args_has(args, "wait")) return TIDE_OK;
    tide_client_state state;
    return tide_client_wait(r->client, job, NULL, timeout_ms, NULL, &state);
}

/* Goes on behind a job that cannot be ended; the first failure is the exit code. */
static int end_jobs(const tide_args *args, bool stops)
{
    int64_t timeout_ms;
    if (!remote_duration(args, "timeout", WAIT_MS, &timeout_ms)) return TIDE_EXIT_USAGE;
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    json_t *list = json_array();
    for (uint32_t i = 0; i < args->n_operands; i++) {
        tide_status rv = end_one(&r, args, args->operands[i], stops, timeout_ms);
        json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "jid", args->operands[i], "request",
                                              stops ? "stop" : "cancel", "done", rv == TIDE_OK));
        tide_exit one = tide_exit_report(rv, TIDE_PHASE_RUN);
        if (code == TIDE_EXIT_OK) code = one;
    }
    if (r.form == REMOTE_JSON) {
        tide_exit printed = remote_print_json(list);
        if (code == TIDE_EXIT_OK) code = printed;
    }
    json_decref(list);
    remote_close(&r);
    return code;
}

int tide_command_cancel(const tide_args *args)
{
    return end_jobs(args, false);
}

int tide_command_stop(const tide_args *args)
{
    return end_jobs(args, true);
}
