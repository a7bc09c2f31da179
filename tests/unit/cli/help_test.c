#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/topics.h"

static void assert_has(tide_bytes *text, const char *part)
{
    if (!strstr(tide_bytes_text(text), part)) fail_msg("\"%s\" is missing", part);
}

/* Whoever adds a command or a flag gets help, manual and three completions, or this fails. */
static void every_flag_of_every_command_is_in_every_text(void **state)
{
    (void)state;
    tide_bytes all = { 0 }, manual = { 0 }, bash = { 0 }, zsh = { 0 }, fish = { 0 };
    tide_help_all(&all);
    tide_help_manual(&manual);
    tide_completion("bash", &bash);
    tide_completion("zsh", &zsh);
    tide_completion("fish", &fish);
    for (const tide_command *c = tide_commands; c->name; c++) {
        tide_bytes help = { 0 };
        tide_help_command(c, &help);
        tide_bytes *texts[] = { &all, &manual, &bash, &zsh, &fish };
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) assert_has(texts[i], c->name);
        for (const tide_flag *f = c->flags; f && f->name; f++) {
            assert_true(f->help && f->help[0]);
            assert_has(&help, f->name);
            assert_has(&bash, f->name);
            assert_has(&zsh, f->name);
            assert_has(&fish, f->name);
        }
        tide_bytes_fini(&help);
    }
    for (const tide_topic *t = tide_topics; t->name; t++) {
        assert_has(&all, t->name);
        assert_has(&bash, t->name);
    }
    tide_bytes *texts[] = { &all, &manual, &bash, &zsh, &fish };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) tide_bytes_fini(texts[i]);
}

/* Two flags of one command with one letter: the second could never be given. */
static void letters_are_unique_within_a_command(void **state)
{
    (void)state;
    for (const tide_command *c = tide_commands; c->name; c++)
        for (const tide_flag *f = c->flags; f && f->name; f++)
            for (const tide_flag *g = f + 1; g->name; g++) {
                assert_string_not_equal(f->name, g->name);
                assert_true(f->letter == 0 || f->letter != g->letter);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_flag_of_every_command_is_in_every_text),
        cmocka_unit_test(letters_are_unique_within_a_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
