#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/random.h"
#include "tests/support/protokit.h"

static tide_status read_spec(const char *text, tide_arena *arena, tide_job_spec *out)
{
    return tide_proto_read_json(TIDE_RECORD_DESC(job_spec), text, strlen(text), arena, out);
}

/* Texts that are not UTF-8 are mended when they are printed, so the second trip must change
 * nothing. */
static void what_is_printed_reads_back(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 500; seed++) {
        tide_arena *arena = tide_arena_new();
        tide_random random;
        tide_random_init(&random, seed, 0);
        const void *spec = protokit_random(TIDE_RECORD_DESC(job_spec), &random, arena);
        tide_bytes first = { 0 }, second = { 0 };
        tide_job_spec mended, again;
        tide_proto_print(TIDE_RECORD_DESC(job_spec), spec, &first);
        if (tide_proto_read_json(TIDE_RECORD_DESC(job_spec), first.p, first.n, arena, &mended))
            fail_msg("seed %d: %s", (int)seed, tide_error_text());
        tide_proto_print(TIDE_RECORD_DESC(job_spec), &mended, &second);
        if (tide_proto_read_json(TIDE_RECORD_DESC(job_spec), second.p, second.n, arena, &again))
            fail_msg("seed %d: %s", (int)seed, tide_error_text());
        assert_null(protokit_difference(TIDE_RECORD_DESC(job_spec), &mended, &again));
        tide_bytes_fini(&first);
        tide_bytes_fini(&second);
        tide_arena_free(&arena);
    }
}

static void what_is_missing_is_empty(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    tide_job_spec spec;
    assert_int_equal(read_spec("{\"kind\":\"sql\",\"vertices\":[{\"parallelism\":2}],"
                               "\"plan_hash\":\"18446744073709551615\"}",
                               arena, &spec),
                     TIDE_OK);
    assert_string_equal(spec.kind, "sql");
    assert_string_equal(spec.name, "");
    assert_int_equal(spec.vertices.n, 1);
    assert_int_equal(spec.vertices.items[0].parallelism, 2);
    assert_string_equal(spec.vertices.items[0].name, "");
    assert_true(spec.plan_hash == UINT64_MAX);
    tide_arena_free(&arena);
}

static void mistakes_name_the_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "", "not JSON" },
        { "{", "not JSON: line 1" },
        { "[]", "\"job_spec\" must be an object" },
        { "{\"nme\":\"x\"}", "did you mean \"name\"?" },
        { "{\"name\":1}", "\"name\" must be a text" },
        { "{\"name\":\"a\\u0000b\"}", "not JSON" },
        { "{\"name\":\"a\",\"name\":\"b\"}", "not JSON" },
        { "{\"parallelism\":-1}", "\"parallelism\" must be a whole number of 0 or more" },
        { "{\"bounded\":1}", "\"bounded\" must be true or false" },
        { "{\"args\":{}}", "\"args\" must be an array" },
        { "{\"args\":[{\"text\":\"x\"},7]}", "\"args[1]\" must be an object" },
        { "{\"vertices\":[{\"paralelism\":1}]}", "in vertices[0], did you mean \"parallelism\"?" },
        { "{\"plan_hash\":\"12x\"}", "\"plan_hash\" must be" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tide_arena *arena = tide_arena_new();
        tide_job_spec spec;
        assert_int_equal(read_spec(cases[i][0], arena, &spec), TIDE_E_INVALID);
        if (!strstr(tide_error_text(), cases[i][1]))
            fail_msg("\"%s\" does not have \"%s\"", tide_error_text(), cases[i][1]);
        tide_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(what_is_missing_is_empty),
        cmocka_unit_test(mistakes_name_the_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
