/* golden_test.c - every NAME.sql of a folder gives the text of NAME.plan beside
 * it, at parallelism 2.
 *
 *   golden_test FOLDER            compares
 *   golden_test --write FOLDER    writes the .plan files, to be reviewed by
 * hand
 *
 * A .sql file may hold several scripts, each begun by a line "--- title"; text
 * before the first such line is put in front of every one. */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/bytes.h"
#include "tests/unit/plan/plan_text.h"

#define FILES_MAX 256
#define PATH_MAX_BYTES 1024

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    tide_bytes text = { 0 };
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof buf, f)) > 0;) tide_bytes_put(&text, buf, n);
    fclose(f);
    char *copy = tide_strdup(tide_bytes_text(&text));
    tide_bytes_fini(&text);
    return copy;
}

/* The next line that begins with "--- ", or the end. */
static const char *next_title(const char *at)
{
    while (*at && strncmp(at, "--- ", 4) != 0) {
        const char *line = strchr(at, '\n');
        at = line ? line + 1 : at + strlen(at);
    }
    return at;
}

static char *plan_file(const char *sql)
{
    tide_bytes out = { 0 };
    const char *title = next_title(sql);
    int n_common = (int)(title - sql);
    if (!*title) {
        char *text = plan_text(sql, 2);
        tide_bytes_puts(&out, text);
        tide_free(text);
    }
    while (*title) {
        const char *body = strchr(title, '\n'), *next = next_title(body + 1);
        char *script = tide_asprintf("%.*s%.*s", n_common, sql, (int)(next - body - 1), body + 1);
        char *text = plan_text(script, 2);
        tide_bytes_printf(&out, "%.*s\n%s\n", (int)(body - title), title, text);
        tide_free(text);
        tide_free(script);
        title = next;
    }
    char *copy = tide_strdup(tide_bytes_text(&out));
    tide_bytes_fini(&out);
    return copy;
}

static void show_difference(const char *path, const char *got, const char *want)
{
    int line = 1;
    while (*got && *got == *want) {
        line += *got == '\n';
        got++;
        want++;
    }
    while (line > 1 && got[-1] != '\n') {
        got--;
        want--;
    }
    fprintf(stderr, "%s:%d: differs\n  expected: %.*s\n  got:      %.*s\n", path, line,
            (int)strcspn(want, "\n"), want, (int)strcspn(got, "\n"), got);
}

static bool check(const char *folder, const char *name, bool write)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *sql = read_file(path);
    if (!sql) return false;
    char *got = plan_file(sql);
    memcpy(path + strlen(path) - 4, ".plan", 6);
    bool same = true;
    if (write) {
        FILE *f = fopen(path, "wb");
        if (f) fputs(got, f);
        if (f) fclose(f);
    } else {
        char *want = read_file(path);
        same = want && strcmp(got, want) == 0;
        if (!same) show_difference(path, got, want ? want : "");
        tide_free(want);
    }
    tide_free(sql);
    tide_free(got);
    return same;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    bool write = argc == 3 && strcmp(argv[1], "--write") == 0;
    if (argc != 2 && !write) return 2;
    const char *folder = argv[argc - 1];
    DIR *dir = opendir(folder);
    if (!dir) return 2;
    char *names[FILES_MAX];
    size_t n = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL && n < FILES_MAX;) {
        size_t len = strlen(e->d_name);
        if (len > 4 && strcmp(e->d_name + len - 4, ".sql") == 0)
            names[n++] = tide_strdup(e->d_name);
    }
    closedir(dir);
    qsort(names, n, sizeof *names, compare_names);
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) {
        failed += !check(folder, names[i], write);
        tide_free(names[i]);
    }
    printf("%zu files, %zu differ\n", n, failed);
    return n == 0 || failed ? 1 : 0;
}
