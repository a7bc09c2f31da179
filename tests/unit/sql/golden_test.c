/* golden_test.c - the trees and errors that SQL texts give, from the files of golden/.
 *
 * A file is a list of cases: lines of SQL, then what they give. Lines that begin with "#" are
 * comments.
 *   => <tree>               one per statement, as tests/support/sql_print.h writes it
 *   @> <tree>               the same with positions
 *   =! E_SYNTAX             the status; then for each error
 *    ! 1:8: <message> | <hint>
 * In plain.txt every text is PostgreSQL's own and must give the same tree without the rewriter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "jobapi/sql/parse.h"
#include "jobapi/sql/plain_priv.h"
#include "tests/support/sql_print.h"

typedef struct golden {
    const char *file;
    bool is_plain;
    char *text;
    tide_bytes sql, expected, actual;
    bool positions;
    uint32_t n_cases, n_failed, line, case_line;
} golden;

/* The chain's text without source lines and carets: they have a test of their own. */
static void put_errors(tide_bytes *out, tide_status rv)
{
    tide_bytes_printf(out, "=! %s", tide_status_name(rv));
    for (const char *line = tide_error_text(); *line;) {
        size_t len = strcspn(line, "\n");
        if (strncmp(line, "sql:", 4) == 0)
            tide_bytes_printf(out, "\n ! %.*s", (int)len - 4, line + 4);
        else if (strncmp(line, "hint: ", 6) == 0)
            tide_bytes_printf(out, " | %.*s", (int)len - 6, line + 6);
        line += len + (line[len] == '\n');
    }
}

/* One tree a line, each with the mark. */
static void put_trees(tide_bytes *out, const tide_sql_script *script, bool positions)
{
    tide_bytes text = { 0 };
    tide_sql_print(&text, script, positions);
    const char *line = tide_bytes_text(&text);
    for (uint32_t i = 0; i < script->n; i++) {
        size_t len = strcspn(line, "\n");
        tide_bytes_printf(out, "%s%s %.*s", i ? "\n" : "", positions ? "@>" : "=>", (int)len, line);
        line += len + (line[len] == '\n');
    }
    tide_bytes_fini(&text);
}

static void parse(golden *self, bool plain, bool positions, tide_bytes *out)
{
    tide_arena *arena = tide_arena_new();
    tide_sql_script *script = NULL;
    const char *sql = tide_bytes_text(&self->sql);
    tide_status rv = plain ? tide_sql_parse_plain(arena, sql, &script)
                           : tide_sql_parse(arena, sql, "sql", &script);
    out->n = 0;
    if (rv != TIDE_OK)
        put_errors(out, rv);
    else
        put_trees(out, script, positions);
    tide_arena_free(&arena);
}

static void fail_case(golden *self, const char *what, const char *expected, const char *actual)
{
    self->n_failed++;
    printf("%s:%u: %s\n%s\n--- expected\n%s\n--- got\n%s\n\n", self->file, self->case_line, what,
           tide_bytes_text(&self->sql), expected, actual);
}

static void check_case(golden *self)
{
    if (self->sql.n == 0) return;
    self->n_cases++;
    parse(self, false, self->positions, &self->actual);
    const char *expected = tide_bytes_text(&self->expected);
    const char *actual = tide_bytes_text(&self->actual);
    if (strcmp(expected, actual) != 0) fail_case(self, "another tree", expected, actual);
    if (self->is_plain) {
        parse(self, false, true, &self->expected);
        parse(self, true, true, &self->actual);
        expected = tide_bytes_text(&self->expected);
        actual = tide_bytes_text(&self->actual);
        if (strcmp(expected, actual) != 0)
            fail_case(self, "another tree when plain", expected, actual);
    }
    self->sql.n = self->expected.n = 0;
    self->positions = false;
}

static void read_line(golden *self, const char *line, size_t len)
{
    bool is_result = len > 1 && (strncmp(line, "=>", 2) == 0 || strncmp(line, "@>", 2) == 0 ||
                                 strncmp(line, "=!", 2) == 0 || strncmp(line, " !", 2) == 0);
    if (len == 0 || *line == '#') return;
    if (!is_result && self->expected.n) check_case(self);
    if (!is_result && self->sql.n == 0) self->case_line = self->line;
    if (is_result && *line == '@') self->positions = true;
    tide_bytes *to = is_result ? &self->expected : &self->sql;
    if (to->n) tide_bytes_putc(to, '\n');
    tide_bytes_put(to, line, len);
}

static void run(const char *name, bool is_plain)
{
    char path[512], line[8192];
    snprintf(path, sizeof path, "%s/%s.txt", TIDE_GOLDEN_FOLDER, name);
    golden g = { .file = path, .is_plain = is_plain };
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        g.line++;
        read_line(&g, line, strcspn(line, "\n"));
    }
    fclose(file);
    check_case(&g);
    tide_bytes_fini(&g.sql);
    tide_bytes_fini(&g.expected);
    tide_bytes_fini(&g.actual);
    assert_true(g.n_cases > 5);
    assert_int_equal(g.n_failed, 0);
}

static void plain_postgresql_gives_the_same_trees(void **state)
{
    (void)state;
    run("plain", true);
}

static void expressions_give_the_expected_trees(void **state)
{
    (void)state;
    run("expressions", false);
}

static void queries_give_the_expected_trees(void **state)
{
    (void)state;
    run("queries", false);
}

static void statements_give_the_expected_trees(void **state)
{
    (void)state;
    run("statements", false);
}

static void wrong_texts_give_the_expected_errors(void **state)
{
    (void)state;
    run("errors", false);
}

static void what_is_not_supported_is_named(void **state)
{
    (void)state;
    run("refused", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_postgresql_gives_the_same_trees),
        cmocka_unit_test(expressions_give_the_expected_trees),
        cmocka_unit_test(queries_give_the_expected_trees),
        cmocka_unit_test(statements_give_the_expected_trees),
        cmocka_unit_test(wrong_texts_give_the_expected_errors),
        cmocka_unit_test(what_is_not_supported_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
