/* submit.c - `tidemill submit`: a job onto a cluster. */
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "cli/commands.h"
#include "cli/job.h"
#include "cli/output.h"
#include "cli/submit_priv.h"
#include "jobapi/client/spec.h"

#define WAIT_MS (INT64_C(365) * 86400 * 1000) /* Without --timeout. */

static bool is_library(const tide_args *args)
{
    const char *path = args->n_operands ? args->operands[0] : "";
    size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".so") == 0;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- planning ---- */

static void fill_spec(const tide_cli_job *job, const tide_graph *graph, const tide_args *args,
                      tide_arena *arena, tide_job_spec *out)
{
    const char *path = args->n_operands ? args->operands[0] : "sql";
    char *folder = getcwd(NULL, 0);
    const tide_spec_source source = {
        .name = file_name(path),
        .folder = folder ? tide_arena_strdup(arena, folder) : "",
        .artifact_name = is_library(args) ? file_name(path) : NULL,
        .artifact = "", /* Known when it was uploaded. */
        .args = args->operands + 1,
        .n_args = args->n_operands ? args->n_operands - 1 : 0,
        .below = job->config.below.options,
        .n_below = job->config.below.n,
        .above = job->config.above.options,
        .n_above = job->config.above.n,
    };
    free(folder);
    tide_spec_of(graph, &source, arena, out);
}

/* Plans the job as `run` does, with its messages and exit codes, and appends the LOG_SUBMITTED that
 * holds its specification: bytes, so that it may come from another process. */
static tide_exit plan(const tide_args *args, tide_bytes *out)
{
    tide_cli_job job;
    tide_exit code = tide_cli_job_load(&job, args);
    if (code != TIDE_EXIT_OK) return code;
    tide_graph *graph = NULL;
    tide_status rv = job.plan->explain
                         ? tide_fail(TIDE_E_UNSUPPORTED, "EXPLAIN is for 'tidemill explain'")
                     : job.plan->n_sinks == 0
                         ? tide_fail(TIDE_E_INVALID, "nothing to submit: no SELECT, no INSERT")
                         : tide_graph_build(job.plan, &job.settings, &graph);
    code = tide_exit_report(rv, TIDE_PHASE_PLAN);
    if (code == TIDE_EXIT_OK) {
        tide_arena *arena = tide_arena_new();
        tide_log_submitted submitted = { 0 };
        fill_spec(&job, graph, args, arena, &submitted.spec);
        tide_msg_encode(TIDE_MSG_LOG_SUBMITTED, &submitted, out);
        tide_arena_free(&arena);
    }
    tide_graph_free(&graph);
    tide_cli_job_fini(&job);
    return code;
}

static void write_all(int fd, const tide_bytes *bytes)
{
    for (size_t done = 0; done < bytes->n;) {
        ssize_t n = write(fd, bytes->p + done, bytes->n - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return; /* The parent is gone. */
        done += (size_t)n;
    }
}

/* In the child: user code runs here, and what it prints is not the job's id. */
static void plan_and_exit(const tide_args *args, int to)
{
    dup2(STDERR_FILENO, STDOUT_FILENO);
    tide_bytes bytes = { 0 };
    tide_exit code = plan(args, &bytes);
    if (code == TIDE_EXIT_OK) write_all(to, &bytes);
    tide_bytes_fini(&bytes);
    fflush(NULL);
    _exit((int)code);
}

static tide_exit judge_child(pid_t pid, const char *path)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status)) return (tide_exit)WEXITSTATUS(status);
    return tide_exit_report(tide_fail(TIDE_E_USER_CODE,
                                      "%s: its main was ended by signal %d (%s) while the job was "
                                      "planned; 'tidemill run %s' in a debugger shows where",
                                      path, WTERMSIG(status), strsignal(WTERMSIG(status)), path),
                            TIDE_PHASE_PLAN);
}

static tide_exit plan_library(const tide_args *args, tide_bytes *out)
{
    int ends[2];
    if (pipe(ends) != 0)
        return tide_exit_report(tide_fail(TIDE_E_IO, "pipe: %s", strerror(errno)), TIDE_PHASE_PLAN);
    pid_t pid = fork();
    if (pid < 0)
        return tide_exit_report(tide_fail(TIDE_E_IO, "fork: %s", strerror(errno)), TIDE_PHASE_PLAN);
    if (pid == 0) {
        close(ends[0]);
        plan_and_exit(args, ends[1]);
    }
    close(ends[1]);
    for (ssize_t n = 1; n != 0;) {
        n = read(ends[0], tide_bytes_reserve(out, 1u << 16), 1u << 16);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        out->n += (size_t)n;
    }
    close(ends[0]);
    return judge_child(pid, args->operands[0]);
}

/* ---- submitting ---- */

static tide_exit show_plan(const remote *r, const tide_job_spec *spec)
{
    if (r->form == REMOTE_JSON) {
        tide_bytes out = { 0 };
        tide_proto_print(TIDE_RECORD_DESC(job_spec), spec, &out);
        tide_bytes_putc(&out, '\n');
        return (tide_exit)tide_output_text(&out);
    }
    tide_table_text table;
    tide_table_text_init(&table, "VERTEX|OPERATOR|TASKS|CHAIN");
    for (uint32_t i = 0; i < spec->vertices.n; i++) {
        const tide_vertex_info *v = &spec->vertices.items[i];
        tide_table_text_add(&table, "%s\t%s\t%" PRIu64 "\t%" PRIu64, v->id, v->name, v->parallelism,
                            v->chain);
    }
    return remote_print_table(&table);
}

tide_exit submit_print_id(const remote *r, const char *job)
{
    tide_bytes out = { 0 };
    tide_bytes_printf(&out, r->form == REMOTE_JSON ? "{\"jobid\": \"%s\"}\n" : "%s\n", job);
    return (tide_exit)tide_output_text(&out);
}

static tide_exit send(remote *r, const tide_args *args, tide_job_spec *spec, int64_t timeout_ms)
{
    char job[TIDE_CLIENT_ID_BYTES], artifact[TIDE_CLIENT_ID_BYTES];
    tide_status rv = TIDE_OK;
    if (is_library(args)) {
        rv = tide_client_upload(r->client, args->operands[0], artifact);
        spec->artifact = artifact;
    }
    if (rv == TIDE_OK) rv = tide_client_submit(r->client, spec, job);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_RUN);
    tide_exit code = submit_print_id(r, job);
    const char *wanted = tide_args_value(args, "wait", NULL);
    if (code != TIDE_EXIT_OK || !wanted) return code;
    tide_client_state state;
    rv = tide_client_wait(r->client, job, *wanted ? wanted : NULL, timeout_ms, NULL, &state);
    return tide_exit_report(rv, TIDE_PHASE_RUN);
}

int tide_command_submit(const tide_args *args)
{
    int64_t timeout_ms;
    if (!remote_duration(args, "timeout", WAIT_MS, &timeout_ms)) return TIDE_EXIT_USAGE;
    if (tide_args_has(args, "detached") && tide_args_has(args, "wait"))
        return tide_exit_usage("submit", "either --detached or --wait");
    tide_bytes bytes = { 0 };
    tide_exit code = is_library(args) ? plan_library(args, &bytes) : plan(args, &bytes);
    remote r;
    if (code == TIDE_EXIT_OK) code = remote_open(&r, args);
    if (code == TIDE_EXIT_OK) {
        tide_arena *arena = tide_arena_new();
        tide_msg msg;
        tide_status rv = tide_msg_decode((const uint8_t *)bytes.p, bytes.n, arena, &msg);
        code = tide_exit_report(rv, TIDE_PHASE_PLAN);
        if (code == TIDE_EXIT_OK) {
            tide_job_spec spec = ((const tide_log_submitted *)msg.body)->spec;
            bool as_client = strcmp(tide_args_value(args, "deploy-mode", "cluster"), "client") == 0;
            const char *library = is_library(args) ? args->operands[0] : NULL;
            code = tide_args_has(args, "dry-run") ? show_plan(&r, &spec)
                   : as_client                    ? submit_as_client(&r, library, &spec)
                                                  : send(&r, args, &spec, timeout_ms);
        }
        tide_arena_free(&arena);
        remote_close(&r);
    }
    tide_bytes_fini(&bytes);
    return code;
}
