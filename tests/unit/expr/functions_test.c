/* functions_test.c - every function against PostgreSQL's answers (functions.expected). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/column/text.h"
#include "tests/support/expr_reader.h"
#include "tests/unit/expr/run.h"

/* PostgreSQL's types and ours. Its numeric is a DECIMAL here, or BIGINT where results are whole. */
static const struct {
    const char *theirs;
    uint8_t ours, or_ours;
} types[] = {
    { "integer", TIDE_TYPE_INT, TIDE_TYPE_INT },
    { "bigint", TIDE_TYPE_BIGINT, TIDE_TYPE_BIGINT },
    { "smallint", TIDE_TYPE_SMALLINT, TIDE_TYPE_SMALLINT },
    { "numeric", TIDE_TYPE_DECIMAL, TIDE_TYPE_BIGINT },
    { "double precision", TIDE_TYPE_DOUBLE, TIDE_TYPE_DOUBLE },
    { "real", TIDE_TYPE_FLOAT, TIDE_TYPE_FLOAT },
    { "boolean", TIDE_TYPE_BOOLEAN, TIDE_TYPE_BOOLEAN },
    { "text", TIDE_TYPE_STRING, TIDE_TYPE_STRING },
    { "character varying", TIDE_TYPE_STRING, TIDE_TYPE_STRING },
    { "bytea", TIDE_TYPE_BYTES, TIDE_TYPE_BYTES },
    { "date", TIDE_TYPE_DATE, TIDE_TYPE_DATE },
    { "time without time zone", TIDE_TYPE_TIME, TIDE_TYPE_TIME },
    { "timestamp without time zone", TIDE_TYPE_TIMESTAMP, TIDE_TYPE_TIMESTAMP },
    { "timestamp with time zone", TIDE_TYPE_TIMESTAMP_LTZ, TIDE_TYPE_TIMESTAMP_LTZ },
    { "interval", TIDE_TYPE_INTERVAL, TIDE_TYPE_INTERVAL },
};

static bool type_agrees(tide_arena *arena, const char *text, const char *theirs)
{
    const tide_expr *e;
    if (read_expr(arena, text, NULL, &e) != TIDE_OK) return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].theirs, theirs) == 0)
            return e->type.id == types[i].ours || e->type.id == types[i].or_ours;
    return false;
}

/* PostgreSQL's numeric has as many digits as a value needs; ours as many as its type. */
static bool same_number(const char *a, const char *b)
{
    __int128 x, y;
    const char *point = strchr(a, '.');
    uint32_t scale = point ? (uint32_t)strlen(point + 1) : 0;
    return tide_parse_decimal(a, strlen(a), 38, scale, &x) &&
           tide_parse_decimal(b, strlen(b), 38, scale, &y) && x == y;
}

/* Backslashes and line ends are escaped in the file. */
static const char *unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1]) from++;
        *to++ = *from == 'n' && from > text && from[-1] == '\\' ? '\n' : *from;
    }
    *to = '\0';
    return text;
}

/* Returns whether the line's expression gives what the line says. */
static bool check_line(char *line)
{
    char *expected = strchr(line, '\t'), *type = expected ? strchr(expected + 1, '\t') : NULL;
    assert_non_null(type);
    *expected++ = '\0';
    *type++ = '\0';
    type[strcspn(type, "\n")] = '\0';
    unescape(expected);
    tide_arena *arena = tide_arena_new();
    const char *got = eval_text(arena, line);
    bool failed = strncmp(got, "ERROR", 5) == 0, should_fail = strcmp(expected, "ERROR") == 0;
    bool ok = failed == should_fail;
    if (ok && !should_fail) {
        bool numeric = strcmp(type, "numeric") == 0;
        ok = strcmp(got, expected) == 0 || (numeric && same_number(got, expected));
        if (ok && !type_agrees(arena, line, type) && strcmp(expected, "NULL") != 0) {
            printf("%s has another type than %s\n", line, type);
            ok = false;
        }
    }
    if (!ok) printf("%s\n    gives %s\n    not   %s\n", line, got, expected);
    tide_arena_free(&arena);
    return ok;
}

static void functions_give_what_postgresql_gives(void **state)
{
    (void)state;
    FILE *file = fopen(TIDE_TEST_DATA "/functions.expected", "r");
    assert_non_null(file);
    char line[4096];
    uint32_t n = 0, n_bad = 0;
    while (fgets(line, sizeof line, file)) {
        n++;
        n_bad += !check_line(line);
    }
    fclose(file);
    assert_true(n > 500);
    assert_int_equal(n_bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(functions_give_what_postgresql_gives) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
