/* test.c - `tidemill test`: finds cases in folders and runs them. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/clock.h"
#include "base/core/mem.h"
#include "cli/commands.h"
#include "cli/exit.h"
#include "cli/output.h"
#include "cli/testcase.h"

#define DEPTH_MAX 32 /* Of folders; a loop of links ends there. */

typedef struct totals {
    tide_testcase_options options;
    uint32_t passed, failed;
} totals;

static void run_case(totals *self, const char *folder)
{
    tide_bytes report = { 0 };
    int64_t began_ns = tide_clock_now_ns(tide_clock_real());
    tide_status rv = tide_testcase_run(folder, &self->options, &report);
    int64_t took_ms = (tide_clock_now_ns(tide_clock_real()) - began_ns) / 1000000;
    printf("%s %s (%" PRId64 " ms)\n", rv == TIDE_OK ? "ok  " : "FAIL", folder, took_ms);
    if (rv == TIDE_E_MISMATCH)
        fwrite(report.p, 1, report.n, stdout);
    else if (rv != TIDE_OK)
        printf("%s\n", tide_error_text());
    fflush(stdout);
    self->passed += rv == TIDE_OK;
    self->failed += rv != TIDE_OK;
    tide_bytes_fini(&report);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void walk(totals *self, const char *folder, int depth)
{
    if (tide_testcase_is(folder)) {
        run_case(self, folder);
        return;
    }
    struct dirent **entries;
    int n = depth < DEPTH_MAX ? scandir(folder, &entries, is_visible, alphasort) : 0;
    for (int i = 0; i < n; i++) {
        char *path = tide_asprintf("%s/%s", folder, entries[i]->d_name);
        struct stat st;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) walk(self, path, depth + 1);
        tide_free(path);
        free(entries[i]);
    }
    if (n > 0) free(entries);
}

int tide_command_test(const tide_args *args)
{
    totals all = { .options = { .update = tide_args_has(args, "update"),
                                .colour = tide_output_has_colour(STDOUT_FILENO) } };
    for (uint32_t i = 0; i < args->n_operands; i++) {
        const char *folder = args->operands[i];
        struct stat st;
        if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
            return tide_exit_report(tide_fail(TIDE_E_NOT_FOUND, "%s is not a folder", folder),
                                    TIDE_PHASE_PLAN);
        uint32_t before = all.passed + all.failed;
        walk(&all, folder, 0);
        if (all.passed + all.failed == before)
            return tide_exit_report(tide_fail(TIDE_E_NOT_FOUND,
                                              "%s: no case here: a case is a folder with input/",
                                              folder),
                                    TIDE_PHASE_PLAN);
    }
    printf("%" PRIu32 " passed, %" PRIu32 " failed\n", all.passed, all.failed);
    return all.failed ? TIDE_EXIT_JOB_FAILED : TIDE_EXIT_OK;
}
