/* describe.c - `tidemill describe`: one job as people want to read it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/net/uri.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

static void put_head(const json_t *job, tide_bytes *out)
{
    char when[48], span[48];
    tide_bytes_printf(out, "job        %s\nname       %s\nstate      %s\n", remote_text(job, "jid"),
                      remote_text(job, "name"), remote_text(job, "state"));
    if (*remote_text(job, "waiting-for"))
        tide_bytes_printf(out, "waits      %s\n", remote_text(job, "waiting-for"));
    tide_bytes_printf(out, "submitted  %s UTC, for %s\n",
                      remote_time(remote_int(job, "start-time"), when),
                      remote_span(remote_int(job, "duration"), span));
    tide_bytes_printf(out, "slots      %" PRId64 "\nattempt    %" PRId64,
                      remote_int(job, "parallelism"), remote_int(job, "attempt"));
    if (remote_int(job, "attempt") > 1)
        tide_bytes_puts(out, " (each attempt begins at the sources' start positions)");
    tide_bytes_putc(out, '\n');
    if (*remote_text(job, "failure"))
        tide_bytes_printf(out, "failure    %s\n", remote_text(job, "failure"));
}

/* Past every time: the input has ended. */
static const char *watermark_text(int64_t us, char buf[48])
{
    return us == INT64_MAX ? "end" : remote_time(us / 1000, buf);
}

static void put_vertices(const json_t *job, tide_bytes *out)
{
    tide_table_text table;
    tide_table_text_init(
        &table, "VERTEX|OPERATOR|TASKS|STATE|ROWS IN|ROWS OUT|BUSY|BACK-PRESSURE|WATERMARK");
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(job, "vertices"), i, v)
    {
        char when[48];
        const json_t *io = json_object_get(v, "metrics");
        tide_table_text_add(&table,
                            "%s\t%s\t%" PRId64 "\t%s\t%" PRId64 "\t%" PRId64
                            "\t%.0f %%\t%.0f %%\t%s",
                            remote_text(v, "id"), remote_text(v, "name"),
                            remote_int(v, "parallelism"), remote_text(v, "status"),
                            remote_int(io, "read-records"), remote_int(io, "write-records"),
                            remote_real(io, "busyTimeMsPerSecond") / 10,
                            remote_real(io, "backPressuredTimeMsPerSecond") / 10,
                            watermark_text(remote_int(v, "watermark"), when));
    }
    tide_bytes_putc(out, '\n');
    tide_table_text_print(&table, out);
    tide_table_text_fini(&table);
}

static void put_runners(const json_t *job, bool wide, tide_bytes *out)
{
    tide_table_text table;
    tide_table_text_init(&table, wide ? "RUNNER|HOST|WORKER|PID|STATE|MEMORY|SLOTS|METRICS"
                                      : "RUNNER|HOST|WORKER|PID|STATE|MEMORY|SLOTS");
    size_t i, s;
    json_t *r, *slot;
    json_array_foreach(json_object_get(job, "runners"), i, r)
    {
        tide_bytes slots = { 0 };
        json_array_foreach(json_object_get(r, "slots"), s, slot)
            tide_bytes_printf(&slots, "%s%" PRId64, s ? "," : "",
                              (int64_t)json_integer_value(slot));
        tide_table_text_add(&table, "%" PRId64 "\t%s\t%s\t%" PRId64 "\t%s\t%" PRId64 " MB\t%s%s%s",
                            remote_int(r, "runner"), remote_text(r, "host"),
                            remote_text(r, "taskmanager-id"), remote_int(r, "pid"),
                            remote_text(r, "state"), remote_int(r, "resident-bytes") >> 20,
                            tide_bytes_text(&slots), wide ? "\t" : "",
                            wide ? remote_text(r, "rest") : "");
        tide_bytes_fini(&slots);
    }
    if (table.n_rows > 1) {
        tide_bytes_putc(out, '\n');
        tide_table_text_print(&table, out);
    }
    tide_table_text_fini(&table);
}

int tide_command_describe(const tide_args *args)
{
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    json_t *job;
    tide_bytes id = { 0 };
    tide_uri_escape(args->operands[0], &id);
    tide_status rv = remote_getf(&r, &job, "/jobs/%s", tide_bytes_text(&id));
    tide_bytes_fini(&id);
    code = tide_exit_report(rv, TIDE_PHASE_RUN);
    if (code == TIDE_EXIT_OK && r.form == REMOTE_JSON) {
        code = remote_print_json(job);
    } else if (code == TIDE_EXIT_OK) {
        tide_bytes out = { 0 };
        put_head(job, &out);
        put_vertices(job, &out);
        put_runners(job, r.form == REMOTE_WIDE, &out);
        code = (tide_exit)tide_output_text(&out);
    }
    json_decref(job);
    remote_close(&r);
    return code;
}
