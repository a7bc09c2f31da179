/* testcase.c - one folder of `tidemill test`. */
#include "cli/testcase.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/core/nearest.h"
#include "cli/diff.h"
#include "cli/driver/driver.h"
#include "cli/input.h"
#include "cli/job.h"
#include "worker/connector/print/output.h"

#define LEVELS_UP_MAX 8                  /* Folders above a case in which its job is looked for. */
#define WALL_US INT64_C(946684800000000) /* 2000-01-01 00:00:00 */

typedef struct testcase {
    const char *folder;
    const tide_testcase_options *options;
    tide_bytes *report;
    tide_arena *arena;
    tide_plan *plan;
    tide_job_settings settings;
    uint32_t n_results; /* Bare SELECTs so far. */
    bool differs;
} testcase;

static tide_status plan_job(testcase *self);
static tide_status take_input(testcase *self);
static tide_status run_sink(testcase *self, uint32_t i);
static tide_status expect_error(testcase *self, tide_status rv);

static bool exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

bool tide_testcase_is(const char *folder)
{
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/input", folder);
    return n < (int)sizeof path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

tide_status tide_testcase_run(const char *folder, const tide_testcase_options *options,
                              tide_bytes *report)
{
    testcase self = {
        .folder = folder, .options = options, .report = report, .arena = tide_arena_new()
    };
    tide_status rv = plan_job(&self);
    if (rv == TIDE_OK) rv = take_input(&self);
    for (uint32_t i = 0; rv == TIDE_OK && i < self.plan->n_sinks; i++) rv = run_sink(&self, i);
    rv = expect_error(&self, rv);
    if (rv == TIDE_OK && self.differs) rv = tide_fail(TIDE_E_MISMATCH, "%s", folder);
    tide_plan_free(&self.plan);
    tide_arena_free(&self.arena);
    return rv;
}

/* ---- the job ---- */

static const char *find_job(testcase *self)
{
    char *folder = tide_arena_strdup(self->arena, self->folder);
    for (int level = 0; level <= LEVELS_UP_MAX; level++) {
        char *path = tide_arena_printf(self->arena, "%s/job.sql", folder);
        if (exists(path)) return path;
        folder = tide_arena_printf(self->arena, "%s/..", folder);
    }
    return NULL;
}

static const char *input_path(testcase *self, const char *table)
{
    static const char *const endings[] = { "ndjson", "json", "csv" };
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        char *path =
            tide_arena_printf(self->arena, "%s/input/%s.%s", self->folder, table, endings[i]);
        if (exists(path)) return path;
    }
    return NULL;
}

/* Tables with an input file are what the file is; sinks are never reached. */
static tide_status check_table(void *ctx, const tide_table *table, bool as_sink)
{
    (void)as_sink;
    testcase *self = ctx;
    if (as_sink || input_path(self, table->name)) return TIDE_OK;
    return tide_fail(TIDE_E_NOT_FOUND, "%s/input has no file %s.ndjson, .json or .csv",
                     self->folder, table->name);
}

static tide_status plan_job(testcase *self)
{
    static const tide_option settings[] = { { .key = "execution.runtime-mode",
                                              .value = "streaming" },
                                            { .key = "parallelism.default", .value = "1" } };
    const char *path = find_job(self);
    if (!path)
        return tide_fail(TIDE_E_NOT_FOUND, "%s: no job.sql here or in a folder above",
                         self->folder);
    tide_sql_context context = { .ctx = self,
                                 .check_table = check_table,
                                 .settings = settings,
                                 .n_settings = sizeof settings / sizeof *settings };
    tide_bytes text = { 0 };
    TIDE_TRY(tide_input_read(path, &text));
    tide_status rv = tide_sql_plan(tide_bytes_text(&text), path, &context, &self->plan);
    tide_bytes_fini(&text);
    if (rv != TIDE_OK) return rv;
    return tide_job_settings_read(&self->settings, self->plan->settings, self->plan->n_settings,
                                  NULL);
}

/* ---- the input ---- */

static bool keeps_option(const char *key, const char *format)
{
    size_t n = strlen(format);
    return strcmp(key, "on-error") == 0 || (strncmp(key, format, n) == 0 && key[n] == '.');
}

/* The same table, read from a file. Options of its format are kept where the file has that format.
 */
static tide_status redirect(testcase *self, const tide_table *table, const tide_table **out)
{
    const char *path = input_path(self, table->name);
    if (!path) return check_table(self, table, false);
    const char *format = strcmp(strrchr(path, '.'), ".csv") == 0 ? "csv" : "json";
    tide_table *copy = TIDE_NEW(self->arena, tide_table);
    *copy = *table;
    copy->options = TIDE_NEW_N(self->arena, tide_option, table->n_options + 3);
    copy->n_options = 0;
    copy->options[copy->n_options++] = (tide_option){ .key = "connector", .value = "filesystem" };
    copy->options[copy->n_options++] = (tide_option){ .key = "path", .value = path };
    copy->options[copy->n_options++] = (tide_option){ .key = "format", .value = format };
    for (uint32_t i = 0; i < table->n_options; i++)
        if (keeps_option(table->options[i].key, format))
            copy->options[copy->n_options++] = table->options[i];
    copy->columns = TIDE_NEW_N(self->arena, tide_table_column, table->n_columns);
    for (uint32_t i = 0; i < table->n_columns; i++) {
        copy->columns[i] = table->columns[i];
        if (copy->columns[i].kind == TIDE_COLUMN_METADATA)
            copy->columns[i].kind = TIDE_COLUMN_PHYSICAL;
    }
    *out = copy;
    return TIDE_OK;
}

typedef struct table_names {
    uint32_t n, cap;
    const char **items;
} table_names;

/* Redirects every scan below, once. The plan is this case's own, so its nodes may be changed. */
static tide_status redirect_below(testcase *self, const tide_node *node, table_names *read)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        TIDE_TRY(redirect_below(self, node->inputs[i], read));
    if (node->kind != TIDE_NODE_SCAN) return TIDE_OK;
    TIDE_PUSH(self->arena, read->items, read->n, read->cap, node->scan.table->name);
    return redirect(self, node->scan.table, &((tide_node *)node)->scan.table);
}

/* A file that no table reads is a misspelt name. */
static tide_status check_unread(testcase *self, const table_names *read)
{
    const char *path = tide_arena_printf(self->arena, "%s/input", self->folder);
    DIR *dir = opendir(path);
    if (!dir) return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    tide_status rv = TIDE_OK;
    for (struct dirent *entry; rv == TIDE_OK && (entry = readdir(dir)) != NULL;) {
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.' || !dot || strcmp(dot, ".md") == 0) continue;
        const char *name =
            tide_arena_strndup(self->arena, entry->d_name, (size_t)(dot - entry->d_name));
        bool known = false;
        tide_nearest nearest;
        tide_nearest_init(&nearest, name);
        for (uint32_t i = 0; i < read->n; i++) {
            known = known || strcmp(read->items[i], name) == 0;
            tide_nearest_try(&nearest, read->items[i]);
        }
        const char *best = tide_nearest_best(&nearest);
        if (!known)
            rv = tide_fail(TIDE_E_NOT_FOUND, "%s/%s: the job reads no table of this name%s%s", path,
                           entry->d_name, best ? ", did you mean " : "", best ? best : "");
    }
    closedir(dir);
    return rv;
}

static tide_status take_input(testcase *self)
{
    table_names read = { 0 };
    for (uint32_t i = 0; i < self->plan->n_sinks; i++)
        TIDE_TRY(redirect_below(self, self->plan->sinks[i], &read));
    return check_unread(self, &read);
}

/* ---- running and comparing ---- */

static bool has_order(const tide_node *node)
{
    while (node->kind == TIDE_NODE_PROJECT || node->kind == TIDE_NODE_SINK) node = node->inputs[0];
    return node->kind == TIDE_NODE_SORT || node->updating;
}

static void put_csv_name(tide_bytes *out, const char *name)
{
    if (!strpbrk(name, ",\"\r\n")) {
        tide_bytes_puts(out, name);
        return;
    }
    tide_bytes_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"') tide_bytes_putc(out, '"');
        tide_bytes_putc(out, *name);
    }
    tide_bytes_putc(out, '"');
}

/* The header of a declared table has its names, not those of the query that fills it. */
static void rename_header(const tide_node *sink, tide_bytes *rows)
{
    const char *newline = rows->n ? memchr(rows->p, '\n', rows->n) : NULL;
    if (sink->sink.print || !newline) return;
    tide_bytes out = { 0 };
    if (sink->inputs[0]->updating) tide_bytes_puts(&out, "op,");
    bool first = true;
    for (uint32_t i = 0; i < sink->sink.table->n_columns; i++) {
        const tide_table_column *column = &sink->sink.table->columns[i];
        if (column->kind == TIDE_COLUMN_COMPUTED || column->is_virtual) continue;
        if (!first) tide_bytes_putc(&out, ',');
        put_csv_name(&out, column->name);
        first = false;
    }
    tide_bytes_put(&out, newline, rows->n - (size_t)(newline - rows->p));
    tide_bytes_fini(rows);
    *rows = out;
}

static tide_status write_file(const char *path, const tide_bytes *text)
{
    FILE *file = fopen(path, "we");
    bool ok = file && fwrite(text->p, 1, text->n, file) == text->n;
    if (file && fclose(file) != 0) ok = false;
    return ok ? TIDE_OK : tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
}

static tide_status update_file(testcase *self, const char *path, const tide_bytes *text)
{
    const char *folder = tide_arena_printf(self->arena, "%s/expected", self->folder);
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return tide_fail(TIDE_E_IO, "%s: %s", folder, strerror(errno));
    return write_file(path, text);
}

static tide_status compare(testcase *self, const char *path, bool in_order, tide_bytes *rows)
{
    if (!in_order) tide_diff_sort_lines(rows, 1);
    if (self->options->update) return update_file(self, path, rows);
    tide_bytes expected = { 0 };
    TIDE_TRY(tide_input_read(path, &expected));
    if (!in_order) tide_diff_sort_lines(&expected, 1);
    tide_diff_side before = { path, expected.p, expected.n };
    tide_diff_side after = { "what the job gave", rows->p, rows->n };
    if (tide_diff(&before, &after, self->options->colour, self->report)) self->differs = true;
    tide_bytes_fini(&expected);
    return TIDE_OK;
}

static tide_status run_sink(testcase *self, uint32_t i)
{
    const tide_node *sink = self->plan->sinks[i];
    const char *name = sink->sink.print ? "result" : sink->sink.table->name;
    const char *path = tide_arena_printf(self->arena, "%s/expected/%s.csv", self->folder, name);
    if (sink->sink.print && ++self->n_results > 1)
        path = tide_arena_printf(self->arena, "%s/expected/result-%u.csv", self->folder,
                                 self->n_results);

    tide_node printing = *sink;
    printing.sink.print = true;
    const tide_node *only[] = { &printing };
    tide_plan plan = *self->plan;
    plan.n_sinks = 1;
    plan.sinks = only;

    tide_bytes rows = { 0 };
    bool updating = sink->inputs[0]->updating;
    tide_clock_manual clock;
    tide_clock_manual_init(&clock, 0, WALL_US);
    tide_output *output = tide_output_new_memory(&rows, TIDE_OUTPUT_CSV, updating);
    tide_driver_options options = {
        .settings = &self->settings, .clock = &clock.clock, .output = output, .virtual_time = true
    };
    tide_status rv = tide_driver_run(&plan, &options, NULL, NULL);
    tide_output_free(&output);
    if (rv == TIDE_OK) {
        rename_header(sink, &rows);
        rv = compare(self, path, has_order(sink), &rows);
    }
    tide_bytes_fini(&rows);
    return rv;
}

/* Turns the failure that a case asks for into success, and its absence into a difference. */
static tide_status expect_error(testcase *self, tide_status rv)
{
    const char *path = tide_arena_printf(self->arena, "%s/expected/error.txt", self->folder);
    if (!exists(path)) return rv;
    tide_bytes expected = { 0 };
    if (rv == TIDE_OK) {
        tide_bytes_printf(self->report, "%s: the job succeeded\n", path);
        self->differs = true;
        return TIDE_OK;
    }
    tide_error failure;
    tide_error_take(rv, &failure);
    if (self->options->update) {
        tide_bytes_printf(&expected, "%s\n", failure.text);
        rv = write_file(path, &expected);
    } else if ((rv = tide_input_read(path, &expected)) == TIDE_OK) {
        while (expected.n && expected.p[expected.n - 1] == '\n') expected.n--;
        if (!strstr(failure.text, tide_bytes_text(&expected))) {
            tide_diff_side before = { path, expected.p, expected.n };
            tide_diff_side after = { "how the job failed", failure.text, strlen(failure.text) };
            tide_diff(&before, &after, self->options->colour, self->report);
            self->differs = true;
        }
    }
    tide_bytes_fini(&expected);
    return rv;
}
