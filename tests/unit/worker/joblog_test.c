/* joblog_test.c - a job's log: bytes by number, over segments, restarts and the limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/folder.h"
#include "worker/runtime/joblog.h"

#define JOB "00000000000000aa"

static char folder[TIDE_TEST_FOLDER_BYTES];

static int setup(void **state)
{
    (void)state;
    return !tide_test_folder_new("joblog", folder);
}

static int teardown(void **state)
{
    (void)state;
    return !tide_test_folder_remove(folder);
}

static void expect(uint64_t offset, size_t n_max, const char *text, uint64_t at, uint64_t total)
{
    tide_bytes bytes = { 0 };
    uint64_t total_now;
    assert_int_equal(tide_joblog_read(folder, JOB, &offset, n_max, &bytes, &total_now), TIDE_OK);
    assert_string_equal(tide_bytes_text(&bytes), text);
    assert_int_equal(offset, at);
    assert_int_equal(total_now, total);
    tide_bytes_fini(&bytes);
}

static void bytes_are_read_from_any_offset(void **state)
{
    (void)state;
    tide_joblog *log;
    expect(0, 10, "", 0, 0);
    assert_int_equal(tide_joblog_open(folder, JOB, 1000, &log), TIDE_OK);
    tide_joblog_put(log, "hello ", 6);
    tide_joblog_put(log, "world", 5);
    expect(0, 100, "hello world", 0, 11);
    expect(6, 3, "wor", 6, 11);
    expect(11, 9, "", 11, 11);
    expect(UINT64_MAX, 5, "world", 6, 11); /* The end, wherever that is. */
    tide_joblog_close(&log);
}

static void a_full_log_keeps_its_newest_half(void **state)
{
    (void)state;
    tide_joblog *log;
    assert_int_equal(tide_joblog_open(folder, JOB, 20, &log), TIDE_OK);
    for (char c = 'a'; c <= 'f'; c++)
        for (int i = 0; i < 5; i++) tide_joblog_put(log, &c, 1);
    expect(0, 100, "cccccdddddeeeeefffff", 10, 30);
    expect(18, 4, "ddee", 18, 30); /* Over the border of two segments. */
    tide_joblog_close(&log);
}

static void a_log_goes_on_where_it_ended(void **state)
{
    (void)state;
    tide_joblog *log;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tide_joblog_open(folder, JOB, 8, &log), TIDE_OK);
        tide_joblog_put(log, "0123" + i, 1);
        tide_joblog_put(log, "abc", 3);
        tide_joblog_close(&log);
    }
    expect(0, 100, "2abc3abc", 8, 16);
}

static void the_oldest_logs_go_when_there_are_too_many(void **state)
{
    (void)state;
    tide_joblog *log;
    for (uint32_t i = 0; i < TIDE_JOBLOG_JOBS_MAX + 3; i++) {
        char name[17], path[128];
        snprintf(name, sizeof name, "%016x", i);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        assert_int_equal(tide_joblog_open(folder, name, 8, &log), TIDE_OK);
        tide_joblog_close(&log);
        /* As many seconds old as they are numbered from the end. */
        struct timespec times[2] = { { .tv_sec = 1000 + (time_t)i },
                                     { .tv_sec = 1000 + (time_t)i } };
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
    char path[128];
    snprintf(path, sizeof path, "%s/%016x", folder, 2u);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%s/%016x", folder, 3u);
    assert_int_equal(access(path, F_OK), 0);
}

static void only_sixteen_hex_digits_name_a_log(void **state)
{
    (void)state;
    assert_true(tide_joblog_is_job(JOB));
    assert_false(tide_joblog_is_job("../../etc/passwd"));
    assert_false(tide_joblog_is_job(""));
    assert_false(tide_joblog_is_job("00000000000000AA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(bytes_are_read_from_any_offset, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_log_keeps_its_newest_half, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_goes_on_where_it_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_logs_go_when_there_are_too_many, setup,
                                        teardown),
        cmocka_unit_test(only_sixteen_hex_digits_name_a_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
