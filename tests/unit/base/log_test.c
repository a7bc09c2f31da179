#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/bytes.h"
#include "base/core/log.h"

/* A log over a clock that stands still, whose lines are collected. */
typedef struct fixture {
    tide_clock_manual manual;
    tide_bytes lines;
    tide_log *log;
} fixture;

static void collect(void *ctx, const char *line, size_t bytes)
{
    fixture *self = ctx;
    tide_bytes_put(&self->lines, line, bytes);
}

static int begin(void **state)
{
    fixture *self = tide_calloc(1, sizeof *self);
    /* 2026-03-01 12:00:00.123456 UTC */
    tide_clock_manual_init(&self->manual, 0, INT64_C(1772366400123456));
    self->log = tide_log_new(&(tide_log_config){
        .level = TIDE_LOG_INFO, .clock = &self->manual.clock, .write = collect, .ctx = self });
    tide_log_install(self->log);
    *state = self;
    return 0;
}

static int end(void **state)
{
    fixture *self = *state;
    tide_log_install(NULL);
    tide_log_free(&self->log);
    tide_bytes_fini(&self->lines);
    tide_free(self);
    return 0;
}

static void expect_lines(fixture *self, const char *expect)
{
    assert_string_equal(tide_bytes_text(&self->lines), expect);
    self->lines.n = 0;
}

static void a_line_is_time_level_event_and_fields(void **state)
{
    tide_log_warn("broker lost", tide_log_str("broker", "kafka-1:9092"), tide_log_int("attempt", 3),
                  tide_log_real("share", 0.5));
    expect_lines(*state, "2026-03-01T12:00:00.123Z warn  broker lost broker=kafka-1:9092 attempt=3 "
                         "share=0.5\n");
    tide_log_info("started");
    expect_lines(*state, "2026-03-01T12:00:00.123Z info  started\n");
}

/* Whatever a value holds, one event stays one line that can be read back. */
static void values_are_quoted_when_they_must_be(void **state)
{
    tide_log_info("odd values", tide_log_str("a", "two words"), tide_log_str("b", "x\"y\\z"),
                  tide_log_str("c", "1\n2"), tide_log_str("d", ""), tide_log_str("e", NULL));
    expect_lines(*state,
                 "2026-03-01T12:00:00.123Z info  odd values a=\"two words\" b=\"x\\\"y\\\\z\" "
                 "c=\"1\\x0a2\" d=\"\" e=null\n");
}

static void levels_below_the_chosen_one_are_dropped(void **state)
{
    tide_log_debug("not seen");
    expect_lines(*state, "");
    assert_false(tide_log_wants(NULL, TIDE_LOG_DEBUG));
    assert_true(tide_log_wants(NULL, TIDE_LOG_INFO));
}

static void repeats_are_folded_into_a_count(void **state)
{
    fixture *self = *state;
    for (int i = 0; i < 5; i++) tide_log_warn("slow", tide_log_int("i", i));
    expect_lines(self, "2026-03-01T12:00:00.123Z warn  slow i=0\n");
    tide_clock_manual_advance(&self->manual, TIDE_LOG_FOLD_NS);
    tide_log_warn("slow", tide_log_int("i", 5));
    expect_lines(self, "2026-03-01T12:00:10.123Z warn  slow i=5 folded=4\n");
    tide_log_warn("slow");
    tide_log_flush(NULL);
    expect_lines(self, "2026-03-01T12:00:10.123Z warn  slow folded=1\n");
    tide_log_flush(NULL);
    expect_lines(self, "");
}

static void only_warnings_are_folded(void **state)
{
    tide_log_error("gone");
    tide_log_error("gone");
    tide_log_info("moved");
    tide_log_info("moved");
    expect_lines(*state, "2026-03-01T12:00:00.123Z error gone\n"
                         "2026-03-01T12:00:00.123Z error gone\n"
                         "2026-03-01T12:00:00.123Z info  moved\n"
                         "2026-03-01T12:00:00.123Z info  moved\n");
}

/* More kinds of events than are remembered: what the forgotten ones owe is written first. */
static void forgotten_events_pay_what_they_owe(void **state)
{
    fixture *self = *state;
    static char names[65][16];
    tide_log_warn("first");
    tide_log_warn("first");
    for (int i = 0; i < 64; i++) {
        tide_clock_manual_advance(&self->manual, 1);
        snprintf(names[i], sizeof names[i], "e%d", i);
        tide_log_warn(names[i]);
    }
    assert_non_null(strstr(tide_bytes_text(&self->lines), "warn  first folded=1\n"));
}

static void long_lines_are_cut(void **state)
{
    fixture *self = *state;
    char big[2 * TIDE_LOG_LINE_MAX];
    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    tide_log_info("big", tide_log_str("v", big));
    assert_int_equal(self->lines.n, TIDE_LOG_LINE_MAX);
    assert_int_equal(self->lines.p[self->lines.n - 1], '\n');
}

static void level_names_are_read(void **state)
{
    (void)state;
    tide_log_level level;
    assert_true(tide_log_level_parse("debug", &level));
    assert_int_equal(level, TIDE_LOG_DEBUG);
    assert_false(tide_log_level_parse("loud", &level));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_time_level_event_and_fields),
        TEST(values_are_quoted_when_they_must_be),
        TEST(levels_below_the_chosen_one_are_dropped),
        TEST(repeats_are_folded_into_a_count),
        TEST(only_warnings_are_folded),
        TEST(forgotten_events_pay_what_they_owe),
        TEST(long_lines_are_cut),
        TEST(level_names_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
