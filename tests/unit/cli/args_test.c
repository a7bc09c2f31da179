#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/args.h"

static const tide_flag flags[] = {
    { .name = "output", .letter = 'o', .value = "FORMAT", .choices = "table|csv", .help = "form" },
    { .name = "parallelism", .letter = 'p', .value = "N", .help = "slots" },
    { .name = "set", .letter = 'D', .repeats = true, .value = "KEY=VALUE", .help = "setting" },
    { .name = "changelog", .letter = 'c', .help = "changes" },
    { .name = "quiet", .letter = 'q', .help = "nothing" },
    { 0 },
};
static const tide_command command = {
    .name = "run", .operands = "[FILE]", .flags = flags, .n_operands_max = 1
};

/* Splits a line at spaces and reads it. */
static bool read_line(tide_args *args, const char *line)
{
    static char text[256];
    static char *argv[32];
    int argc = 0;
    strncpy(text, line, sizeof text - 1);
    for (char *at = text, *word; (word = strsep(&at, " ")) != NULL;)
        if (*word) argv[argc++] = word;
    return tide_args_read(args, &command, argc, argv);
}

static void every_form_of_a_flag_is_read(void **state)
{
    (void)state;
    static const char *const lines[] = { "--parallelism 4 job.sql",
                                         "--parallelism=4 job.sql",
                                         "job.sql -p 4",
                                         "-p4 job.sql",
                                         "-cp4 job.sql",
                                         "-p=4 -- job.sql" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tide_args args;
        assert_true(read_line(&args, lines[i]));
        int64_t n = 0;
        assert_true(tide_args_number(&args, "parallelism", 1, 1024, 1, &n));
        assert_int_equal(n, 4);
        assert_int_equal(args.n_operands, 1);
        assert_string_equal(args.operands[0], "job.sql");
        tide_args_fini(&args);
    }
}

static void repeated_flags_keep_their_order(void **state)
{
    (void)state;
    tide_args args;
    assert_true(read_line(&args, "-D a=1 --set b=2 -Dc=3 -"));
    assert_int_equal(args.n_given, 3);
    assert_string_equal(args.given[0].value, "a=1");
    assert_string_equal(args.given[1].value, "b=2");
    assert_string_equal(args.given[2].value, "c=3");
    assert_string_equal(args.operands[0], "-"); /* Standard input, not a flag. */
    tide_args_fini(&args);
}

static void wrong_lines_are_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "--outptu csv", "-x",  "--output",    "-o",         "--output=xml",    "-o xml",
        "-p 1 -p 2",    "a b", "--quiet=yes", "--quiet -q", "-o table -o csv",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tide_args args;
        assert_false(read_line(&args, lines[i]));
    }
}

static void numbers_are_checked(void **state)
{
    (void)state;
    static const char *const lines[] = { "-p 0",  "-p 1025",        "-p four",
                                         "-p 4x", "--parallelism=", "-p 99999999999999999999" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tide_args args;
        int64_t n;
        assert_true(read_line(&args, lines[i]));
        assert_false(tide_args_number(&args, "parallelism", 1, 1024, 1, &n));
        tide_args_fini(&args);
    }
}

/* More switches in one word than there are words. */
static void help_may_be_asked_many_times(void **state)
{
    (void)state;
    tide_args args;
    assert_true(read_line(&args, "-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"));
    assert_true(tide_args_has(&args, "help"));
    tide_args_fini(&args);
}

static void choices_match_whole_words(void **state)
{
    (void)state;
    assert_true(tide_choice_has("table|csv|json", "json"));
    assert_true(tide_choice_has("table|csv|json", "table"));
    assert_false(tide_choice_has("table|csv|json", "js"));
    assert_false(tide_choice_has("table|csv|json", ""));
    assert_false(tide_choice_has("table|csv|json", "csv|json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_flag_is_read),
        cmocka_unit_test(repeated_flags_keep_their_order),
        cmocka_unit_test(wrong_lines_are_refused),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(help_may_be_asked_many_times),
        cmocka_unit_test(choices_match_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
