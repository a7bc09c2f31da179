/* proto_test.c - messages come back from their bytes as they were, to readers of other versions
 * too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <msgpack.h>
#include <string.h>

#include "tests/support/protokit.h"

#define ROUNDS 60

static void encode(tide_msg_kind kind, const void *body, tide_bytes *out)
{
    out->n = 0;
    tide_msg_encode(kind, body, out);
}

static tide_msg decode(const tide_bytes *frame, tide_arena *arena)
{
    tide_msg msg;
    tide_status rv = tide_msg_decode((const uint8_t *)frame->p, frame->n, arena, &msg);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    return msg;
}

static void assert_same(tide_msg_kind kind, const void *a, const void *b)
{
    const char *field = protokit_difference(tide_msg_desc(kind), a, b);
    if (field) fail_msg("%s.%s differs", tide_msg_name(kind), field);
}

/* Calls what with random messages of every kind. */
static void for_random_messages(void (*what)(tide_msg_kind kind, const void *body,
                                             tide_random *random))
{
    for (uint32_t kind = 0; kind < tide_msg_kinds_end(); kind++) {
        const tide_proto_desc *desc = tide_msg_desc(kind);
        for (uint32_t round = 0; desc && round < ROUNDS; round++) {
            tide_random random;
            tide_random_init(&random, round, kind);
            tide_arena *arena = tide_arena_new();
            what((tide_msg_kind)kind, protokit_random(desc, &random, arena), &random);
            tide_arena_free(&arena);
        }
    }
}

static void check_round_trip(tide_msg_kind kind, const void *body, tide_random *random)
{
    (void)random;
    tide_bytes frame = { 0 }, again = { 0 };
    tide_arena *arena = tide_arena_new();
    encode(kind, body, &frame);
    tide_msg msg = decode(&frame, arena);
    assert_int_equal(msg.kind, kind);
    assert_same(kind, body, msg.body);
    encode(kind, msg.body, &again); /* Equal messages have equal bytes. */
    assert_int_equal(again.n, frame.n);
    assert_memory_equal(again.p, frame.p, frame.n);
    tide_arena_free(&arena);
    tide_bytes_fini(&frame);
    tide_bytes_fini(&again);
}

static void every_message_comes_back_as_it_was(void **state)
{
    (void)state;
    for_random_messages(check_round_trip);
}

static void check_stored(tide_msg_kind kind, const void *body, tide_random *random)
{
    tide_bytes stored = { 0 };
    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    tide_msg_encode_stored(kind, body, &stored);
    assert_int_equal(tide_msg_decode_stored((uint8_t *)stored.p, stored.n, arena, &msg), TIDE_OK);
    assert_same(kind, body, msg.body);
    size_t at = tide_random_below(random, stored.n);
    stored.p[at] = (char)(stored.p[at] ^ (1 << tide_random_below(random, 8)));
    assert_int_equal(tide_msg_decode_stored((uint8_t *)stored.p, stored.n, arena, &msg),
                     TIDE_E_CORRUPT);
    assert_int_equal(tide_msg_decode_stored((uint8_t *)stored.p, at, arena, &msg), TIDE_E_CORRUPT);
    tide_arena_free(&arena);
    tide_bytes_fini(&stored);
}

static void what_is_stored_notices_damage(void **state)
{
    (void)state;
    for_random_messages(check_stored);
}

static void check_copy(tide_msg_kind kind, const void *body, tide_random *random)
{
    (void)random;
    tide_bytes frame = { 0 };
    tide_arena *arena = tide_arena_new(), *other = tide_arena_new();
    encode(kind, body, &frame);
    tide_msg msg = decode(&frame, other);
    void *copy = tide_msg_copy(kind, msg.body, arena);
    tide_arena_free(&other); /* A pointer into it would be noticed by ASan. */
    assert_same(kind, body, copy);
    tide_arena_free(&arena);
    tide_bytes_fini(&frame);
}

static void a_copy_shares_nothing_with_its_original(void **state)
{
    (void)state;
    for_random_messages(check_copy);
}

/* ---- other versions ---- */

/* Anything that a newer version might have put into a field. */
static void pack_anything(msgpack_packer *to, tide_random *random, int depth)
{
    uint64_t n = tide_random_below(random, 4), what = tide_random_below(random, depth > 0 ? 9 : 7);
    switch (what) {
    case 0: msgpack_pack_uint64(to, tide_random_u64(random)); break;
    case 1: msgpack_pack_int64(to, (int64_t)tide_random_u64(random)); break;
    case 2: msgpack_pack_double(to, 0.5); break;
    case 3: msgpack_pack_nil(to); break;
    case 4: msgpack_pack_str_with_body(to, "\0newer", n); break;
    case 5: msgpack_pack_bin_with_body(to, "newer", n); break;
    case 6: msgpack_pack_ext_with_body(to, "newer", n, 7); break;
    case 7:
        msgpack_pack_array(to, n);
        while (n-- > 0) pack_anything(to, random, depth - 1);
        break;
    default:
        msgpack_pack_map(to, n);
        while (n-- > 0) {
            pack_anything(to, random, 0);
            pack_anything(to, random, depth - 1);
        }
        break;
    }
}

/* Writes an object again, with unknown fields in every map behind its first two pairs. */
static void pack_with_unknown(msgpack_packer *to, const msgpack_object *object, tide_random *random)
{
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        msgpack_pack_array(to, object->via.array.size);
        for (uint32_t i = 0; i < object->via.array.size; i++)
            pack_with_unknown(to, &object->via.array.ptr[i], random);
        return;
    }
    if (object->type != MSGPACK_OBJECT_MAP) {
        msgpack_pack_object(to, *object);
        return;
    }
    uint32_t n = object->via.map.size, unknown_at = 2 + (uint32_t)tide_random_below(random, 4);
    msgpack_pack_map(to, n + 1u);
    for (uint32_t i = 0; i <= n; i++) {
        if (i == unknown_at || (i == n && n < unknown_at)) {
            msgpack_pack_str_with_body(to, "newer_field", 11);
            pack_anything(to, random, 2);
        }
        if (i == n) break;
        msgpack_pack_object(to, object->via.map.ptr[i].key);
        pack_with_unknown(to, &object->via.map.ptr[i].val, random);
    }
}

static void check_unknown_fields(tide_msg_kind kind, const void *body, tide_random *random)
{
    tide_bytes frame = { 0 };
    encode(kind, body, &frame);
    msgpack_unpacked object; /* An independent reader, too. */
    msgpack_unpacked_init(&object);
    assert_int_equal(msgpack_unpack_next(&object, frame.p, frame.n, NULL), MSGPACK_UNPACK_SUCCESS);
    msgpack_sbuffer newer;
    msgpack_sbuffer_init(&newer);
    msgpack_packer to;
    msgpack_packer_init(&to, &newer, msgpack_sbuffer_write);
    pack_with_unknown(&to, &object.data, random);

    tide_arena *arena = tide_arena_new();
    tide_msg msg;
    tide_status rv = tide_msg_decode((const uint8_t *)newer.data, newer.size, arena, &msg);
    if (rv != TIDE_OK) fail_msg("%s", tide_error_text());
    assert_same(kind, body, msg.body);
    tide_arena_free(&arena);
    msgpack_sbuffer_destroy(&newer);
    msgpack_unpacked_destroy(&object);
    tide_bytes_fini(&frame);
}

static void fields_of_a_newer_version_are_skipped(void **state)
{
    (void)state;
    for_random_messages(check_unknown_fields);
}

static void assert_no_null_text(const tide_proto_desc *desc, const void *record)
{
    for (uint32_t i = 0; i < desc->n_fields; i++) {
        const tide_proto_field *field = &desc->fields[i];
        const void *at = tide_proto_at(field, record);
        assert_true(tide_proto_is_empty(field, record));
        if (field->type == TIDE_FIELD_TEXT) assert_non_null(*(const char *const *)at);
        if (field->type == TIDE_FIELD_ONE) assert_no_null_text(field->sub(), at);
    }
}

static void fields_that_an_older_version_lacks_are_empty(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    for (uint32_t kind = 0; kind < tide_msg_kinds_end(); kind++) {
        if (!tide_msg_desc(kind)) continue;
        const uint8_t frame[] = { 0x82, 0xa1, 'm', (uint8_t)kind, 0xa1, 'v', 1 };
        tide_msg msg;
        assert_int_equal(tide_msg_decode(frame, sizeof frame, arena, &msg), TIDE_OK);
        assert_no_null_text(tide_msg_desc(kind), msg.body);
    }
    tide_arena_free(&arena);
}

/* ---- frozen bytes ---- */

static void assert_hex(const tide_bytes *bytes, const char *expected)
{
    tide_bytes hex = { 0 };
    for (size_t i = 0; i < bytes->n; i++)
        tide_bytes_printf(&hex, "%02x", (unsigned)(uint8_t)bytes->p[i]);
    assert_string_equal(tide_bytes_text(&hex), expected);
    tide_bytes_fini(&hex);
}

static const tide_slot_ref two_slots[] = { { 0, 3 }, { 1, 300 } };

static tide_runner_report_msg a_report(void)
{
    return (tide_runner_report_msg){
        .agent = "a1",
        .report = { .job = "j",
                    .attempt = 2,
                    .state = TIDE_RUNNER_FAILED,
                    .slots = { 2, (tide_slot_ref *)two_slots },
                    .stopped = true,
                    .failure = { .text = "no \"such\"\tfile \xff", .exit_code = -1 } },
    };
}

/* These bytes are what other versions send and expect. */
static void a_message_has_these_bytes(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_runner_report_msg report = a_report();
    encode(TIDE_MSG_RUNNER_REPORT, &report, &out);
    assert_hex(&out, "84a16d03a17601a56167656e74a26131a67265706f727486a36a6f62a16aa7617474656d7074"
                     "02a5737461746506a5736c6f74739281a56c6f63616c0382a4736c6f7401a56c6f63616ccd01"
                     "2ca773746f70706564c3a76661696c75726582a474657874b06e6f202273756368220966696c"
                     "6520ffa9657869745f636f6465ff");
    tide_bytes_fini(&out);
}

static void a_stored_message_has_these_bytes(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_msg_encode_stored(TIDE_MSG_LOG_TERM, &(tide_log_term){ .term = 7, .owner = "m" }, &out);
    assert_hex(&out, "84a16d3da17601a47465726d07a56f776e6572a16d010000001ba0f28fa157e7ee");
    tide_bytes_fini(&out);
}

/* ---- for people ---- */

static void a_message_prints_as_a_line_of_json(void **state)
{
    (void)state;
    tide_bytes out = { 0 };
    tide_runner_report_msg report = a_report();
    tide_msg_print(TIDE_MSG_RUNNER_REPORT, &report, &out);
    assert_string_equal(
        tide_bytes_text(&out),
        "{\"message\":\"RUNNER_REPORT\",\"agent\":\"a1\",\"report\":{\"job\":\"j\",\"attempt\":2,"
        "\"state\":6,\"slots\":[{\"local\":3},{\"slot\":1,\"local\":300}],\"stopped\":true,"
        "\"failure\":{\"text\":\"no \\\"such\\\"\\u0009file \\ufffd\",\"exit_code\":-1}}}");
    out.n = 0;
    tide_msg_print(TIDE_MSG_LOG_DATA,
                   &(tide_log_data){ .job = "\xc3\xa4", .data = { (const uint8_t *)"abc", 3 } },
                   &out);
    assert_string_equal(tide_bytes_text(&out),
                        "{\"message\":\"LOG_DATA\",\"job\":\"\xc3\xa4\",\"data_bytes\":3}");
    tide_bytes_fini(&out);
}

static void names_of_messages_and_states(void **state)
{
    (void)state;
    assert_string_equal(tide_msg_name(TIDE_MSG_AGENT_HELLO), "AGENT_HELLO");
    assert_string_equal(tide_msg_name(TIDE_MSG_NONE), "?");
    assert_string_equal(tide_msg_name((tide_msg_kind)1000000), "?");
    assert_string_equal(tide_runner_state_name(TIDE_RUNNER_EXITED), "exited");
    assert_string_equal(tide_runner_state_name((tide_runner_state)0), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back_as_it_was),
        cmocka_unit_test(what_is_stored_notices_damage),
        cmocka_unit_test(a_copy_shares_nothing_with_its_original),
        cmocka_unit_test(fields_of_a_newer_version_are_skipped),
        cmocka_unit_test(fields_that_an_older_version_lacks_are_empty),
        cmocka_unit_test(a_message_has_these_bytes),
        cmocka_unit_test(a_stored_message_has_these_bytes),
        cmocka_unit_test(a_message_prints_as_a_line_of_json),
        cmocka_unit_test(names_of_messages_and_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
