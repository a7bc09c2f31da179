/* bench.c - `tidemill bench`: Nexmark from the generator to nothing.
 *
 * Every run is a process of its own, so that its CPU time and its peak of memory are those of one
 * query and nothing is warm that would not be. Runs of several queries are interleaved, and medians
 * reported. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/mem.h"
#include "base/core/nearest.h"
#include "cli/bench/texts.h"
#include "cli/commands.h"
#include "cli/driver/driver.h"
#include "cli/job.h"
#include "cli/output.h"

#define RUNS_MAX 101
#define EVENTS_MAX INT64_C(1000000000000)

typedef struct run_result {
    double wall_s, cpu_s, peak_mb;
    uint64_t rows_in, rows_out;
} run_result;

/* What the child sends back; the rest its parent sees. */
typedef struct child_report {
    int64_t wall_ns;
    uint64_t rows_in, rows_out;
} child_report;

typedef struct bench {
    const tide_args *args;
    int64_t events, parallelism, runs;
    uint32_t n_queries;
    const tide_text **queries;
    run_result *results; /* [query * runs + run] */
} bench;

static const tide_text *find_text(const char *name)
{
    for (const tide_text *t = tide_texts; t->name; t++)
        if (strcmp(t->name, name) == 0) return t;
    return NULL;
}

/* The query's script: tables first, ${events} filled in. */
static void script_of(const tide_text *query, int64_t events, tide_bytes *out)
{
    static const char hole[] = "${events}";
    const char *at = find_text("nexmark")->text;
    for (const char *next; (next = strstr(at, hole)) != NULL; at = next + sizeof hole - 1) {
        tide_bytes_put(out, at, (size_t)(next - at));
        tide_bytes_printf(out, "%" PRId64, events);
    }
    tide_bytes_printf(out, "%s\n%s", at, query->text);
}

/* In the child: the whole life of a job. */
static tide_exit run_query(const bench *self, const tide_text *query, child_report *report)
{
    tide_clock *clock = tide_clock_real();
    int64_t began_ns = tide_clock_now_ns(clock);
    tide_config config;
    tide_status rv = tide_config_load(&config, self->args, environ);
    if (rv != TIDE_OK) return tide_exit_usage("bench", "%s", tide_error_text());
    tide_bytes script = { 0 };
    script_of(query, self->events, &script);
    const tide_sql_context context = tide_cli_sql_context(&config);
    tide_plan *plan;
    rv = tide_sql_plan(tide_bytes_text(&script), query->name, &context, &plan);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_PLAN);
    tide_job_settings settings;
    rv = tide_job_settings_read(&settings, plan->settings, plan->n_settings, NULL);
    if (rv != TIDE_OK) return tide_exit_report(rv, TIDE_PHASE_PLAN);
    tide_driver_options options = { .settings = &settings, .clock = clock };
    tide_job_progress final;
    rv = tide_driver_run(plan, &options, &final, NULL);
    *report = (child_report){ tide_clock_now_ns(clock) - began_ns, final.rows_in, final.rows_out };
    return tide_exit_report(rv, TIDE_PHASE_RUN);
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* One run in a fresh process. */
static tide_exit run_child(const bench *self, const tide_text *query, run_result *out)
{
    int ends[2];
    if (pipe(ends) != 0)
        return tide_exit_report(tide_fail(TIDE_E_IO, "pipe: %s", strerror(errno)), TIDE_PHASE_RUN);
    pid_t pid = fork();
    if (pid < 0) {
        close(ends[0]), close(ends[1]);
        return tide_exit_report(tide_fail(TIDE_E_IO, "fork: %s", strerror(errno)), TIDE_PHASE_RUN);
    }
    if (pid == 0) {
        child_report report = { 0 };
        tide_exit code = run_query(self, query, &report);
        if (write(ends[1], &report, sizeof report) != (ssize_t)sizeof report)
            code = TIDE_EXIT_JOB_FAILED;
        _exit(code);
    }
    close(ends[1]);
    child_report report = { 0 };
    ssize_t n = read(ends[0], &report, sizeof report);
    close(ends[0]);
    int status;
    struct rusage usage;
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {}
    if (WIFSIGNALED(status))
        return tide_exit_report(tide_fail(TIDE_E_INTERNAL, "%s was ended by signal %d", query->name,
                                          WTERMSIG(status)),
                                TIDE_PHASE_RUN);
    if (WEXITSTATUS(status) != 0 || n != (ssize_t)sizeof report)
        return (tide_exit)WEXITSTATUS(status);
    *out = (run_result){ .wall_s = (double)report.wall_ns / 1e9,
                         .cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime),
                         .peak_mb = (double)usage.ru_maxrss / 1024,
                         .rows_in = report.rows_in,
                         .rows_out = report.rows_out };
    return TIDE_EXIT_OK;
}

static int by_value(const void *a_v, const void *b_v)
{
    double a = *(const double *)a_v, b = *(const double *)b_v;
    return (a > b) - (a < b);
}

/* The median over a query's runs of the number at `offset` in a result. */
static double median(const bench *self, uint32_t query, size_t offset)
{
    double values[RUNS_MAX];
    for (int64_t r = 0; r < self->runs; r++)
        memcpy(&values[r], (const char *)&self->results[query * self->runs + r] + offset,
               sizeof(double));
    qsort(values, (size_t)self->runs, sizeof *values, by_value);
    return values[self->runs / 2];
}

static void print_query(const bench *self, uint32_t q, bool as_json, tide_bytes *out)
{
    double wall = median(self, q, offsetof(run_result, wall_s)),
           cpu = median(self, q, offsetof(run_result, cpu_s));
    double peak = median(self, q, offsetof(run_result, peak_mb)), events = (double)self->events;
    const run_result *first = &self->results[q * self->runs];
    if (!as_json) {
        tide_bytes_printf(out,
                          "%-6s %12" PRId64 " %3" PRId64 " %5" PRId64
                          " %9.3f %9.3f %12.3f %14.3f %9.1f\n",
                          self->queries[q]->name, self->events, self->parallelism, self->runs, wall,
                          cpu, events / wall / 1e6, events / cpu / 1e6, peak);
        return;
    }
    tide_bytes_printf(out,
                      "%s{\"query\":\"%s\",\"events\":%" PRId64 ",\"parallelism\":%" PRId64
                      ",\"runs\":%" PRId64,
                      q ? ",\n " : "[", self->queries[q]->name, self->events, self->parallelism,
                      self->runs);
    tide_bytes_printf(
        out, ",\"wall_s\":%.4f,\"cpu_s\":%.4f,\"events_per_s\":%.0f,\"events_per_cpu_s\":%.0f",
        wall, cpu, events / wall, events / cpu);
    tide_bytes_printf(out,
                      ",\"peak_memory_mb\":%.1f,\"rows_in\":%" PRIu64 ",\"rows_out\":%" PRIu64 "}",
                      peak, first->rows_in, first->rows_out);
}

static tide_exit pick_queries(bench *self)
{
    for (uint32_t i = 1; i < self->args->n_operands; i++) {
        const char *name = self->args->operands[i];
        const tide_text *query = name[0] == 'q' ? find_text(name) : NULL;
        if (!query) {
            tide_nearest nearest;
            tide_nearest_init(&nearest, name);
            for (const tide_text *t = tide_texts; t->name; t++)
                if (t->name[0] == 'q') tide_nearest_try(&nearest, t->name);
            const char *best = tide_nearest_best(&nearest);
            return tide_exit_usage("bench", "no query \"%s\"%s%s", name,
                                   best ? ", did you mean " : "", best ? best : "");
        }
        self->queries[self->n_queries++] = query;
    }
    for (const tide_text *t = tide_texts; self->args->n_operands == 1 && t->name; t++)
        if (t->name[0] == 'q') self->queries[self->n_queries++] = t;
    return TIDE_EXIT_OK;
}

static tide_exit run_all(bench *self)
{
    for (int64_t r = 0; r < self->runs; r++)
        for (uint32_t q = 0; q < self->n_queries; q++) {
            if (isatty(STDERR_FILENO))
                fprintf(stderr, "\r\033[Krun %" PRId64 " of %" PRId64 ": %s", r + 1, self->runs,
                        self->queries[q]->name);
            tide_exit code = run_child(self, self->queries[q], &self->results[q * self->runs + r]);
            if (isatty(STDERR_FILENO)) fputs("\r\033[K", stderr);
            if (code != TIDE_EXIT_OK) return code;
        }
    return TIDE_EXIT_OK;
}

int tide_command_bench(const tide_args *args)
{
    bench self = { .args = args };
    if (strcmp(args->operands[0], "nexmark") != 0)
        return tide_exit_usage("bench", "the benchmark is called nexmark, not \"%s\"",
                               args->operands[0]);
    if (!tide_args_number(args, "events", 1, EVENTS_MAX, 10000000, &self.events) ||
        !tide_args_number(args, "runs", 1, RUNS_MAX, 1, &self.runs) ||
        !tide_args_number(args, "parallelism", 1, 1024, 1, &self.parallelism))
        return TIDE_EXIT_USAGE;
    uint32_t n_texts = 0;
    while (tide_texts[n_texts].name) n_texts++;
    self.queries = tide_calloc((size_t)args->n_operands + n_texts, sizeof *self.queries);
    tide_exit code = pick_queries(&self);
    self.results = tide_calloc((size_t)self.n_queries * (size_t)self.runs, sizeof *self.results);
    if (code == TIDE_EXIT_OK) code = run_all(&self);
    if (code == TIDE_EXIT_OK) {
        bool as_json = strcmp(tide_args_value(args, "output", "table"), "json") == 0;
        tide_bytes text = { 0 };
        if (!as_json)
            tide_bytes_puts(&text, "query        events   p  runs    wall s     CPU s  M events/s  "
                                   "M events/CPU s   peak MB\n");
        for (uint32_t q = 0; q < self.n_queries; q++) print_query(&self, q, as_json, &text);
        if (as_json) tide_bytes_puts(&text, "]\n");
        code = tide_output_text(&text);
    }
    tide_free(self.queries);
    tide_free(self.results);
    return code;
}
