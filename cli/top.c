/* top.c - `tidemill top`: what every operator does right now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/net/uri.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define EVERY_MS 1000 /* Runners tell their numbers once a second. */

static tide_status add_job(remote *r, const char *id, json_t *jobs)
{
    json_t *job;
    tide_bytes escaped = { 0 };
    tide_uri_escape(id, &escaped);
    tide_status rv = remote_getf(r, &job, "/jobs/%s", tide_bytes_text(&escaped));
    tide_bytes_fini(&escaped);
    if (rv == TIDE_OK) json_array_append_new(jobs, job);
    return rv;
}

static tide_status add_running(remote *r, json_t *jobs)
{
    json_t *root, *job;
    size_t i;
    TIDE_TRY(remote_get(r, "/jobs/overview", &root));
    tide_status rv = TIDE_OK;
    json_array_foreach(json_object_get(root, "jobs"), i, job)
    {
        bool is_over = remote_int(job, "end-time") > 0;
        if (!is_over && rv == TIDE_OK) rv = add_job(r, remote_text(job, "jid"), jobs);
    }
    json_decref(root);
    return rv;
}

/* A list of what GET /jobs/:id answers. */
static tide_status take(remote *r, const tide_args *args, json_t **jobs)
{
    *jobs = json_array();
    tide_status rv =
        args->n_operands ? add_job(r, args->operands[0], *jobs) : add_running(r, *jobs);
    if (rv != TIDE_OK) json_decref(*jobs);
    return rv;
}

/* Rates and shares are the master's, between the last two statistics of each runner: two looks at
 * counters that change once a second would see none or two of the changes. */
static void add_vertex(tide_table_text *table, const json_t *job, const json_t *v)
{
    char when[48], lag[48] = "-", behind[24] = "-";
    const json_t *io = json_object_get(v, "metrics");
    int64_t watermark_ms = remote_int(v, "watermark") / 1000, now_ms = remote_int(job, "now");
    bool has = watermark_ms > 0 && watermark_ms < INT64_MAX / 1000;
    if (has) remote_span(now_ms > watermark_ms ? now_ms - watermark_ms : 0, lag);
    if (json_object_get(io, "pendingRecords"))
        snprintf(behind, sizeof behind, "%" PRId64, remote_int(io, "pendingRecords"));
    tide_table_text_add(table, "%s\t%s\t%s\t%" PRId64 "\t%.0f\t%.0f\t%.0f %%\t%.0f %%\t%s\t%s\t%s",
                        remote_text(job, "name"), remote_text(v, "name"), remote_text(v, "status"),
                        remote_int(v, "parallelism"), remote_real(io, "numRecordsInPerSecond"),
                        remote_real(io, "numRecordsOutPerSecond"),
                        remote_real(io, "busyTimeMsPerSecond") / 10,
                        remote_real(io, "backPressuredTimeMsPerSecond") / 10,
                        has ? remote_time(watermark_ms, when) : "-", lag, behind);
}

static void print(const json_t *jobs, tide_bytes *out)
{
    tide_table_text table;
    tide_table_text_init(&table,
                         "JOB|TASK|STATE|N|ROWS IN/S|ROWS OUT/S|BUSY|BACK-PRESSURE|WATERMARK|LAG|"
                         "BEHIND");
    size_t i, v;
    json_t *job, *vertex;
    json_array_foreach(jobs, i, job) json_array_foreach(json_object_get(job, "vertices"), v, vertex)
        add_vertex(&table, job, vertex);
    tide_table_text_print(&table, out);
    if (table.n_rows == 1) tide_bytes_puts(out, "no job is running\n");
    tide_table_text_fini(&table);
}

static tide_exit show_once(remote *r, const tide_args *args, bool live)
{
    json_t *jobs;
    tide_exit code = tide_exit_report(take(r, args, &jobs), TIDE_PHASE_RUN);
    if (code != TIDE_EXIT_OK) return code;
    tide_bytes out = { 0 };
    if (live) tide_bytes_puts(&out, "\x1b[H\x1b[J");
    print(jobs, &out);
    json_decref(jobs);
    return (tide_exit)tide_output_text(&out);
}

static tide_exit show(remote *r, const tide_args *args, bool live)
{
    tide_exit code = show_once(r, args, live);
    while (live && code == TIDE_EXIT_OK) {
        tide_client_pause(EVERY_MS);
        code = show_once(r, args, live);
    }
    return code;
}

int tide_command_top(const tide_args *args)
{
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    json_t *jobs;
    if (r.form != REMOTE_JSON) {
        code = show(&r, args, isatty(STDOUT_FILENO) && !tide_args_has(args, "once"));
    } else {
        code = tide_exit_report(take(&r, args, &jobs), TIDE_PHASE_RUN);
        if (code == TIDE_EXIT_OK) {
            code = remote_print_json(jobs);
            json_decref(jobs);
        }
    }
    remote_close(&r);
    return code;
}
