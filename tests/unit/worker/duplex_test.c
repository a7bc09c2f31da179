/* duplex_test.c - messages between an agent and its runner: whole, in order, to the last one; and
 * the page that they share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "worker/runtime/duplex.h"
#include "worker/runtime/page.h"

static void open_pair(tide_duplex *ends[2])
{
    int fds[2];
    assert_int_equal(tide_duplex_make(fds), TIDE_OK);
    for (int i = 0; i < 2; i++) ends[i] = tide_duplex_new(fds[i]);
}

/* More than a socket holds: what does not fit waits until the other end has read. */
static void long_messages_pass_in_pieces(void **state)
{
    (void)state;
    enum { BYTES = 4 << 20 };
    tide_duplex *ends[2];
    open_pair(ends);
    char *text = tide_malloc(BYTES + 1);
    memset(text, 'x', BYTES);
    text[BYTES] = '\0';
    const tide_artifact_path big = { .path = text }, small = { .path = "y" };
    tide_duplex_send(ends[0], TIDE_MSG_ARTIFACT_PATH, &big);
    tide_duplex_send(ends[0], TIDE_MSG_ARTIFACT_PATH, &small);
    assert_true(tide_duplex_has_unsent(ends[0]));
    tide_arena *arena = tide_arena_new();
    size_t lengths[2];
    for (uint32_t n = 0; n < 2;) {
        tide_msg m;
        tide_duplex_got got = tide_duplex_next(ends[1], arena, &m);
        assert_true(got == TIDE_DUPLEX_NOTHING || got == TIDE_DUPLEX_MESSAGE);
        if (got == TIDE_DUPLEX_MESSAGE)
            lengths[n++] = strlen(((const tide_artifact_path *)m.body)->path);
        tide_duplex_flush(ends[0]);
    }
    assert_int_equal(lengths[0], BYTES);
    assert_int_equal(lengths[1], 1);
    assert_false(tide_duplex_has_unsent(ends[0]));
    tide_arena_free(&arena);
    tide_free(text);
    for (int i = 0; i < 2; i++) tide_duplex_free(&ends[i]);
}

static void the_end_is_told_after_the_last_message(void **state)
{
    (void)state;
    tide_duplex *ends[2];
    open_pair(ends);
    tide_duplex_send(ends[0], TIDE_MSG_ARTIFACT_PATH, &(tide_artifact_path){ .path = "last" });
    tide_duplex_free(&ends[0]);
    tide_duplex_send(ends[1], TIDE_MSG_ARTIFACT_PATH, &(tide_artifact_path){ .path = "no" });
    tide_arena *arena = tide_arena_new();
    tide_msg m;
    assert_int_equal(tide_duplex_next(ends[1], arena, &m), TIDE_DUPLEX_MESSAGE);
    assert_int_equal(tide_duplex_next(ends[1], arena, &m), TIDE_DUPLEX_CLOSED);
    assert_int_equal(tide_duplex_next(ends[1], arena, &m), TIDE_DUPLEX_CLOSED);
    tide_arena_free(&arena);
    tide_duplex_free(&ends[1]);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "\xff\xff\xff\xff", "\x01\0\0\0\xc1" };
    static const size_t bytes[] = { 4, 5 };
    for (int i = 0; i < 2; i++) {
        int fds[2];
        assert_int_equal(tide_duplex_make(fds), TIDE_OK);
        tide_duplex *end = tide_duplex_new(fds[0]);
        assert_int_equal(write(fds[1], bad[i], bytes[i]), bytes[i]);
        tide_arena *arena = tide_arena_new();
        tide_msg m;
        assert_int_equal(tide_duplex_next(end, arena, &m), TIDE_DUPLEX_BROKEN);
        tide_arena_free(&arena);
        tide_duplex_free(&end);
        close(fds[1]);
    }
}

static void a_page_is_seen_from_both_sides(void **state)
{
    (void)state;
    tide_page *ours, *theirs;
    int fd;
    assert_int_equal(tide_page_create(2, &ours, &fd), TIDE_OK);
    assert_int_equal(tide_page_cpu(ours, 1), -1);
    tide_page_set_core(ours, 1, 5, 1);
    assert_int_equal(tide_page_open(fd, &theirs), TIDE_OK);
    close(fd);
    assert_int_equal(tide_page_n_slots(theirs), 2);
    assert_int_equal(tide_page_cpu(theirs, 1), 5);
    assert_int_equal(tide_page_node(theirs, 1), 1);
    tide_page_set_name(theirs, 3, "map a");
    tide_page_set_name(theirs, TIDE_PAGE_NAMES_MAX, "too many");
    tide_mark_at(&tide_page_marks(theirs)[2], 3, 9);
    assert_int_equal(tide_page_marks(ours)[2].vertex, 4);
    assert_int_equal(tide_page_marks(ours)[2].batch, 9);
    char name[TIDE_PAGE_NAME_BYTES];
    tide_page_name(ours, 3, name);
    assert_string_equal(name, "map a");
    tide_page_name(ours, TIDE_PAGE_NAMES_MAX, name);
    assert_string_equal(name, "vertex 4096");
    assert_int_equal(tide_page_crashed(ours), -1);
    tide_page_marks(theirs)[1].thread = 77;
    tide_page_crash(theirs, 78, false);
    assert_int_equal(tide_page_crashed(ours), -1);
    assert_false(tide_page_overflowed(ours));
    tide_page_crash(theirs, 77, true);
    assert_int_equal(tide_page_crashed(ours), 1);
    assert_true(tide_page_overflowed(ours));
    tide_page_close(&ours);
    tide_page_close(&theirs);
}

static void another_file_is_no_page(void **state)
{
    (void)state;
    int fds[2];
    tide_page *page;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(tide_page_open(fds[0], &page), TIDE_E_INVALID);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_messages_pass_in_pieces),
        cmocka_unit_test(the_end_is_told_after_the_last_message),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_page_is_seen_from_both_sides),
        cmocka_unit_test(another_file_is_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
