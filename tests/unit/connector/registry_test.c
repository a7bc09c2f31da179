/* registry_test.c - a table's options are all checked, and errors say what was
 * meant. */
#include "worker/connector/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/connkit.h"

/* The failure of resolving a table declared with these options. */
static void expect_failure(const char *columns, bool as_sink, tide_status code, const char *text,
                           const char *const *options)
{
    tide_arena *arena = tide_arena_new();
    const tide_connector *c = NULL;
    tide_status rv = tide_connector_of(tide_connkit_table(arena, columns, options), as_sink, &c);
    assert_int_equal(rv, code);
    if (strstr(tide_error_text(), text) == NULL)
        fail_msg("no \"%s\" in: %s", text, tide_error_text());
    tide_arena_free(&arena);
}

#define OPTIONS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void an_unknown_option_names_the_nearest(void **state)
{
    (void)state;
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "did you mean 'events-per-second'?",
                   OPTIONS("connector", "nexmark", "event-per-second", "7"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "unknown option 'password'",
                   OPTIONS("connector", "nexmark", "password", "x"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "did you mean 'connector'?",
                   OPTIONS("connector", "nexmark", "conector", "x"));
}

static void an_unknown_connector_names_the_nearest(void **state)
{
    (void)state;
    expect_failure("a INT", true, TIDE_E_OPTION, "did you mean 'blackhole'?",
                   OPTIONS("connector", "blackhol"));
    expect_failure("a INT", true, TIDE_E_OPTION, "unknown connector 'jdbc'; there are ",
                   OPTIONS("connector", "jdbc"));
    expect_failure("a INT", true, TIDE_E_OPTION, "'connector' is missing", OPTIONS("events", "1"));
}

static void directions_are_checked(void **state)
{
    (void)state;
    expect_failure("a INT", false, TIDE_E_OPTION, "cannot be read from",
                   OPTIONS("connector", "blackhole"));
    expect_failure("auction BIGINT", true, TIDE_E_OPTION, "cannot be written to",
                   OPTIONS("connector", "nexmark"));
}

static void values_are_checked_by_type(void **state)
{
    (void)state;
    expect_failure("auction BIGINT", false, TIDE_E_OPTION,
                   "table t: option 'events' = 'many': expected an integer",
                   OPTIONS("connector", "nexmark", "events", "many"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION,
                   "expected an integer from 1 to 1000000000",
                   OPTIONS("connector", "nexmark", "event-time.rate", "0"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "expected one of bid|auction|person",
                   OPTIONS("connector", "nexmark", "table-type", "bi"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "expected a timestamp",
                   OPTIONS("connector", "nexmark", "event-time.start", "yesterday"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "'source.idle-timeout' = 'soon'",
                   OPTIONS("connector", "nexmark", "source.idle-timeout", "soon"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "expected one of fail|skip",
                   OPTIONS("connector", "nexmark", "on-error", "ignore"));
    expect_failure("auction BIGINT", false, TIDE_E_OPTION, "given twice",
                   OPTIONS("connector", "nexmark", "seed", "1", "seed", "2"));
}

/* What a file system or a format makes of a value that is right by its type. */
static void values_are_checked_by_meaning(void **state)
{
    (void)state;
    static const char *const lengths[][2] = { { "source.split-size", "0" },
                                              { "source.max-record-size", "0" },
                                              { "source.monitor-interval", "0 s" },
                                              { "sink.rolling-policy.file-size", "0 mb" },
                                              { "sink.rolling-policy.rollover-interval",
                                                "0 min" } };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        expect_failure("a INT", i > 2, TIDE_E_OPTION, "must not be 0",
                       OPTIONS("connector", "filesystem", "path", "x", "format", "json",
                               lengths[i][0], lengths[i][1]));
    for (int as_sink = 0; as_sink < 2; as_sink++) {
        expect_failure("a INT", as_sink, TIDE_E_OPTION,
                       "option 'csv.field-delimiter' = ';;': expected one character",
                       OPTIONS("connector", "filesystem", "path", "x", "format", "csv",
                               "csv.field-delimiter", ";;"));
        expect_failure("a INT", as_sink, TIDE_E_OPTION,
                       "option 'csv.quote-character': expected one character, not the delimiter",
                       OPTIONS("connector", "filesystem", "path", "x", "format", "csv",
                               "csv.quote-character", ","));
    }
}

static void columns_are_checked(void **state)
{
    (void)state;
    expect_failure("auctoin BIGINT", false, TIDE_E_BIND, "did you mean auction?",
                   OPTIONS("connector", "nexmark"));
    expect_failure("auction INT", false, TIDE_E_TYPE, "column auction is BIGINT, not INT",
                   OPTIONS("connector", "nexmark"));
    expect_failure("at TIMESTAMP(3) METADATA FROM 'time'", false, TIDE_E_BIND, "no metadata 'time'",
                   OPTIONS("connector", "nexmark"));
}

static void getters_return_values_and_defaults(void **state)
{
    (void)state;
    static const tide_option_def defs[] = {
        { "wait", "10 s", "", "duration" },
        { "room", "64 kb", "", "size" },
        { "fields.*.kind", "a", "", "enum(a|bc|d)" },
        { "share", "0.5", "", "double(0..1)" },
        { "loud", "false", "", "boolean" },
        { "name", NULL, "", "string" },
        { NULL, NULL, NULL, NULL },
    };
    tide_arena *arena = tide_arena_new();
    tide_table *t =
        tide_connkit_table(arena, "a INT",
                           OPTIONS("wait", "5 min", "fields.x.kind", "bc", "loud", "true"));
    assert_int_equal(tide_option_us(t, defs, "wait"), 300000000);
    assert_int_equal(tide_option_bytes(t, defs, "room"), 65536);
    assert_int_equal(tide_option_enum(t, defs, "fields.x.kind"), 1);
    assert_int_equal(tide_option_enum(t, defs, "fields.y.kind"), 0);
    assert_true(tide_option_f64(t, defs, "share") == 0.5);
    assert_true(tide_option_bool(t, defs, "loud"));
    assert_false(tide_option_has(t, defs, "name"));
    assert_int_equal(tide_table_on_error(t), TIDE_ON_ERROR_FAIL);
    assert_int_equal(tide_option_check(&defs[3], "share", "1.5"), TIDE_E_OPTION);
    assert_int_equal(tide_option_check(&defs[3], "share", "nan"), TIDE_E_OPTION);
    assert_null(tide_option_def_find(defs, "fields..kind"));
    tide_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_option_names_the_nearest),
        cmocka_unit_test(an_unknown_connector_names_the_nearest),
        cmocka_unit_test(directions_are_checked),
        cmocka_unit_test(values_are_checked_by_type),
        cmocka_unit_test(values_are_checked_by_meaning),
        cmocka_unit_test(columns_are_checked),
        cmocka_unit_test(getters_return_values_and_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
