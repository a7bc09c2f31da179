/* top.c - `tidemill top`: what every operator does right now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/net/uri.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/remote_priv.h"

#define EVERY_MS 1000 /* Runners tell their numbers once a second. */

/* Jobs as they were at one time: a list of what GET /jobs/:id answers. */
typedef struct sample {
    json_t *jobs;
    int64_t at_ns;
} sample;

static tide_status add_job(remote *r, const char *id, sample *out)
{
    json_t *job;
    tide_bytes escaped = { 0 };
    tide_uri_escape(id, &escaped);
    tide_status rv = remote_getf(r, &job, "/jobs/%s", tide_bytes_text(&escaped));
    tide_bytes_fini(&escaped);
    if (rv == TIDE_OK) json_array_append_new(out->jobs, job);
    return rv;
}

static tide_status add_running(remote *r, sample *out)
{
    json_t *root, *job;
    size_t i;
    TIDE_TRY(remote_get(r, "/jobs/overview", &root));
    tide_status rv = TIDE_OK;
    json_array_foreach(json_object_get(root, "jobs"), i, job)
    {
        bool is_over = remote_int(job, "end-time") > 0;
        if (!is_over && rv == TIDE_OK) rv = add_job(r, remote_text(job, "jid"), out);
    }
    json_decref(root);
    return rv;
}

static tide_status take(remote *r, const tide_args *args, sample *out)
{
    *out = (sample){ json_array(), tide_clock_now_ns(tide_clock_real()) };
    tide_status rv = args->n_operands ? add_job(r, args->operands[0], out) : add_running(r, out);
    if (rv != TIDE_OK) json_decref(out->jobs);
    return rv;
}

/* The same vertex of the same attempt a sample before, or NULL. */
static const json_t *find_before(const sample *before, const json_t *job, const char *vertex)
{
    size_t i, v;
    json_t *other, *found;
    json_array_foreach(before->jobs, i, other)
    {
        if (strcmp(remote_text(other, "jid"), remote_text(job, "jid")) != 0) continue;
        if (remote_int(other, "attempt") != remote_int(job, "attempt")) return NULL;
        json_array_foreach(json_object_get(other, "vertices"), v,
                           found) if (strcmp(remote_text(found, "id"), vertex) == 0) return found;
    }
    return NULL;
}

/* How much more of it there is per second; since the attempt began when there was no sample. */
static double rate(const json_t *now, const json_t *before, const char *key, double seconds)
{
    int64_t n = remote_int(json_object_get(now, "metrics"), key);
    if (before) n -= remote_int(json_object_get(before, "metrics"), key);
    double span = before ? seconds : (double)remote_int(now, "duration") / 1000;
    return span > 0 ? (double)n / span : 0;
}

static void add_vertex(tide_table_text *table, const json_t *job, const json_t *v,
                       const json_t *before, double seconds, int64_t now_ms)
{
    char when[48], lag[48] = "-";
    int64_t watermark_ms = remote_int(v, "watermark") / 1000;
    double tasks = (double)remote_int(v, "parallelism");
    bool has = watermark_ms > 0 && watermark_ms < now_ms * 1000;
    if (has) remote_span(now_ms > watermark_ms ? now_ms - watermark_ms : 0, lag);
    tide_table_text_add(table, "%s\t%s\t%s\t%.0f\t%.0f\t%.0f\t%.0f %%\t%.0f %%\t%s\t%s",
                        remote_text(job, "name"), remote_text(v, "name"), remote_text(v, "status"),
                        tasks, rate(v, before, "read-records", seconds),
                        rate(v, before, "write-records", seconds),
                        rate(v, before, "accumulated-busy-time", seconds) / 10 / tasks,
                        rate(v, before, "accumulated-backpressured-time", seconds) / 10 / tasks,
                        has ? remote_time(watermark_ms, when) : "-", lag);
}

static void print(const sample *before, const sample *now, tide_bytes *out)
{
    tide_table_text table;
    tide_table_text_init(&table,
                         "JOB|TASK|STATE|N|ROWS IN/S|ROWS OUT/S|BUSY|BACK-PRESSURE|WATERMARK|LAG");
    double seconds = (double)(now->at_ns - before->at_ns) / 1e9;
    size_t i, v;
    json_t *job, *vertex;
    json_array_foreach(now->jobs, i, job)
    {
        json_array_foreach(json_object_get(job, "vertices"), v, vertex)
            add_vertex(&table, job, vertex, find_before(before, job, remote_text(vertex, "id")),
                       seconds, remote_int(job, "now"));
    }
    tide_table_text_print(&table, out);
    if (table.n_rows == 1) tide_bytes_puts(out, "no job is running\n");
    tide_table_text_fini(&table);
}

static tide_exit show(remote *r, const tide_args *args, bool live)
{
    sample before, now;
    tide_exit code = tide_exit_report(take(r, args, &before), TIDE_PHASE_RUN);
    if (code != TIDE_EXIT_OK) return code;
    do {
        tide_client_pause(EVERY_MS);
        code = tide_exit_report(take(r, args, &now), TIDE_PHASE_RUN);
        if (code != TIDE_EXIT_OK) break;
        tide_bytes out = { 0 };
        if (live) tide_bytes_puts(&out, "\x1b[H\x1b[J");
        print(&before, &now, &out);
        json_decref(before.jobs);
        before = now;
        code = (tide_exit)tide_output_text(&out);
    } while (live && code == TIDE_EXIT_OK);
    json_decref(before.jobs);
    return code;
}

int tide_command_top(const tide_args *args)
{
    remote r;
    tide_exit code = remote_open(&r, args);
    if (code != TIDE_EXIT_OK) return code;
    sample now;
    if (r.form != REMOTE_JSON) {
        code = show(&r, args, isatty(STDOUT_FILENO) && !tide_args_has(args, "once"));
    } else {
        code = tide_exit_report(take(&r, args, &now), TIDE_PHASE_RUN);
        if (code == TIDE_EXIT_OK) {
            code = remote_print_json(now.jobs);
            json_decref(now.jobs);
        }
    }
    remote_close(&r);
    return code;
}
