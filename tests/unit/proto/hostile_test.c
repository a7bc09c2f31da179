/* hostile_test.c - whatever the bytes are, decoding says no or gives a message; it never reads
 * beyond them, nor takes memory for what is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/mem.h"
#include "tests/support/protokit.h"

/* Decodes a copy that ends where its memory ends; a message that comes out can be used. */
static tide_status decode(const void *bytes, size_t n, tide_arena *arena)
{
    uint8_t *exact = tide_malloc(n);
    memcpy(exact, bytes, n);
    tide_msg msg;
    tide_status rv = tide_msg_decode(exact, n, arena, &msg);
    tide_free(exact);
    if (rv == TIDE_OK) {
        tide_bytes out = { 0 };
        tide_msg_print(msg.kind, msg.body, &out);
        tide_msg_encode(msg.kind, msg.body, &out);
        tide_bytes_fini(&out);
    } else {
        assert_int_equal(rv, TIDE_E_PROTO);
        assert_null(msg.body);
    }
    return rv;
}

/* A frame of a message with something in it. */
static void sample(uint32_t kind, tide_bytes *out)
{
    tide_arena *arena = tide_arena_new();
    tide_random random;
    tide_random_init(&random, 3, kind);
    out->n = 0;
    tide_msg_encode((tide_msg_kind)kind, protokit_random(tide_msg_desc(kind), &random, arena), out);
    tide_arena_free(&arena);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    tide_bytes frame = { 0 };
    tide_arena *arena = tide_arena_new();
    for (uint32_t kind = 0; kind < tide_msg_kinds_end(); kind++) {
        if (!tide_msg_desc(kind)) continue;
        sample(kind, &frame);
        assert_int_equal(decode(frame.p, frame.n, arena), TIDE_OK);
        for (size_t n = 0; n < frame.n; n++) {
            assert_int_equal(decode(frame.p, n, arena), TIDE_E_PROTO);
            tide_arena_reset(arena);
        }
    }
    tide_arena_free(&arena);
    tide_bytes_fini(&frame);
}

static void every_flipped_byte_is_survived(void **state)
{
    (void)state;
    tide_bytes frame = { 0 };
    tide_arena *arena = tide_arena_new();
    uint32_t n_refused = 0;
    for (uint32_t kind = 0; kind < tide_msg_kinds_end(); kind++) {
        if (!tide_msg_desc(kind)) continue;
        sample(kind, &frame);
        for (size_t i = 0; i < frame.n; i++) {
            const char was = frame.p[i];
            for (uint32_t bit = 0; bit < 9; bit++) { /* Each alone, and all of them. */
                frame.p[i] = (char)(was ^ (bit < 8 ? 1 << bit : 0xff));
                n_refused += decode(frame.p, frame.n, arena) != TIDE_OK;
                tide_arena_reset(arena);
            }
            frame.p[i] = was;
        }
    }
    assert_true(n_refused > 1000);
    tide_arena_free(&arena);
    tide_bytes_fini(&frame);
}

#define HEAD "\x83\xa1m\x04\xa1v\x01" /* RUNNER_STATS with one more field. */
#define TASKS HEAD "\xa5tasks"
typedef struct refusal {
    const char *bytes;
    size_t n;
    const char *text;
} refusal;
#define REFUSED(bytes, text)                                                                       \
    {                                                                                              \
        bytes, sizeof bytes - 1, text                                                              \
    }

static const refusal refusals[] = {
    REFUSED("", "byte 0: the frame of 0 bytes ends within a value"),
    REFUSED("\xc1", "byte 0: 0xc1 is not msgpack"),
    REFUSED("\x05", "byte 0: expected a map, found a number"),
    REFUSED("\x80", "byte 0: a map without \"m\" and \"v\""),
    REFUSED("\x82\xa1v\x01\xa1m\x01", "byte 1: expected the field \"m\""),
    REFUSED("\x82\xa1m\xc0\xa1v\x01", "field \"m\": byte 3: expected a number, found nil"),
    REFUSED("\x82\xa1m\x13\xa1v\x02",
            "byte 0: no message has the number 19 (version 2, ours is 1)"),
    REFUSED("\x82\xa1m\x04\xa1v\x01\xc0", "byte 7: bytes behind the message"),
    REFUSED(HEAD "\x01\x02", "a field's name in runner_stats: byte 7: expected a text, found a "
                             "number"),
    REFUSED(HEAD "\xa5"
                 "agent\x01",
            "runner_stats.agent: byte 13: expected a text, found a number"),
    REFUSED(HEAD "\xa5"
                 "agent\xa2"
                 "a\0",
            "runner_stats.agent: byte 13: a text with a NUL byte"),
    REFUSED(HEAD "\xa7"
                 "attempt\xff",
            "runner_stats.attempt: byte 15: expected a number, found a negative number"),
    REFUSED(TASKS "\x80", "runner_stats.tasks: byte 13: expected a list, found a map"),
    REFUSED(TASKS "\x92\x80\x01",
            "runner_stats.tasks: item 1: byte 15: expected a map, found a number"),
    REFUSED(TASKS "\x91\x81\xa9watermark\xcf\x80\0\0\0\0\0\0\0",
            "runner_stats.tasks: item 0: task_stats.watermark: byte 25: a number above 2^63 - 1"),
    REFUSED(TASKS "\x91\x82\xa6vertex\x01\xa6vertex\x01",
            "runner_stats.tasks: item 0: task_stats.vertex: byte 23: the field comes twice"),
    /* 2^32 - 1 items, and pairs, and bytes of text, in a frame of few. */
    REFUSED(TASKS "\xdd\xff\xff\xff\xff\x80\x80",
            "runner_stats.tasks: byte 13: the frame of 20 bytes ends within a value"),
    REFUSED("\xdf\xff\xff\xff\xff\xa1m\x04\xa1v\x01",
            "byte 0: the frame of 11 bytes ends within a value"),
    REFUSED(HEAD "\xa5"
                 "agent\xdb\xff\xff\xff\xff",
            "runner_stats.agent: byte 13: the frame of 18 bytes ends within a value"),
    REFUSED(HEAD "\xa5newer\xc9\xff\xff\xff\xff\x01",
            "an unknown field of runner_stats: byte 13: the frame of 19 bytes ends within a value"),
    REFUSED(HEAD "\xa5newer\x91\x91\x91\x91\x91\x91\x91\x91\x01",
            "an unknown field of runner_stats: byte 20: lists and maps go deeper than 8"),
};

/* The text names the field and the byte; next to nothing is allocated before. */
static void what_is_wrong_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        tide_arena *arena = tide_arena_new();
        assert_int_equal(decode(refusals[i].bytes, refusals[i].n, arena), TIDE_E_PROTO);
        assert_string_equal(tide_error_text(), refusals[i].text);
        assert_true(tide_arena_bytes(arena) < 4096);
        tide_arena_free(&arena);
    }
}

static void a_frame_beyond_the_limit_is_refused_unread(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    assert_int_equal(tide_msg_decode(NULL, TIDE_PROTO_BYTES_MAX + 1, arena, &msg), TIDE_E_PROTO);
    tide_arena_free(&arena);
}

/* An item of one byte becomes a struct of a hundred: that has a limit of its own. */
static void a_frame_cannot_fill_the_memory_with_empty_records(void **state)
{
    (void)state;
    uint32_t n = TIDE_PROTO_DECODED_BYTES_MAX / (uint32_t)sizeof(tide_task_stats) + 1;
    tide_bytes frame = { 0 };
    tide_bytes_put(&frame, TASKS "\xdd", sizeof TASKS);
    for (int shift = 24; shift >= 0; shift -= 8) tide_bytes_putc(&frame, (char)(n >> shift));
    memset(tide_bytes_reserve(&frame, n), 0x80, n);
    frame.n += n;
    tide_arena *arena = tide_arena_new();
    assert_int_equal(decode(frame.p, frame.n, arena), TIDE_E_PROTO);
    assert_string_equal(tide_error_text(),
                        "runner_stats.tasks: byte 13: more than 167772160 bytes once decoded");
    assert_true(tide_arena_bytes(arena) < 4096);
    tide_arena_free(&arena);
    tide_bytes_fini(&frame);
}

static void stored_bytes_of_another_format_are_refused(void **state)
{
    (void)state;
    uint8_t format_2[] = { 0x82, 0xa1, 'm', 61, 0xa1, 'v', 1, 2, 0, 0, 0, [18] = 0 };
    uint64_t sum = XXH3_64bits(format_2, 11);
    memcpy(format_2 + 11, &sum, sizeof sum);
    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    assert_int_equal(tide_msg_decode_stored(format_2, sizeof format_2, arena, &msg),
                     TIDE_E_UNSUPPORTED);
    assert_string_equal(tide_error_text(), "stored in format 2; this program reads format 1");
    tide_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_flipped_byte_is_survived),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_frame_beyond_the_limit_is_refused_unread),
        cmocka_unit_test(a_frame_cannot_fill_the_memory_with_empty_records),
        cmocka_unit_test(stored_bytes_of_another_format_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
