#include "tests/unit/storage/conformance.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/core/mem.h"

#define WRITERS 4
#define ROUNDS 40
#define BIG_BYTES (3u << 20)

static tide_storage *storage_of(void **state)
{
    return *(tide_storage **)*state;
}

tide_status storage_put(tide_storage *storage, const char *key, const char *text)
{
    return storage->vt->put(storage, key, text, strlen(text));
}

tide_status storage_put_if_absent(tide_storage *storage, const char *key, const char *text)
{
    return storage->vt->put_if_absent(storage, key, text, strlen(text));
}

void storage_assert(tide_storage *storage, const char *key, const char *text)
{
    tide_bytes out = { 0 };
    tide_status rv = storage->vt->get(storage, key, 0, UINT64_MAX, &out);
    assert_int_equal(rv, text ? TIDE_OK : TIDE_E_NOT_FOUND);
    if (text) assert_string_equal(tide_bytes_text(&out), text);
    tide_bytes_fini(&out);
}

/* The keys with this prefix, one a line. */
static void assert_list(tide_storage *storage, const char *prefix, const char *expected)
{
    tide_arena *arena = tide_arena_new();
    tide_storage_listing listing;
    tide_bytes text = { 0 };
    assert_int_equal(storage->vt->list(storage, prefix, arena, &listing), TIDE_OK);
    for (uint32_t i = 0; i < listing.n; i++) tide_bytes_printf(&text, "%s\n", listing.keys[i]);
    assert_string_equal(tide_bytes_text(&text), expected);
    tide_bytes_fini(&text);
    tide_arena_free(&arena);
}

static void put_writes_and_replaces(void **state)
{
    tide_storage *s = storage_of(state);
    storage_assert(s, "masters/lease", NULL);
    assert_int_equal(storage_put(s, "masters/lease", "one, and longer"), TIDE_OK);
    storage_assert(s, "masters/lease", "one, and longer");
    assert_int_equal(storage_put(s, "masters/lease", "two"), TIDE_OK);
    storage_assert(s, "masters/lease", "two");
    assert_int_equal(storage_put(s, "masters/lease", ""), TIDE_OK);
    storage_assert(s, "masters/lease", "");
}

static void put_if_absent_never_replaces(void **state)
{
    tide_storage *s = storage_of(state);
    assert_int_equal(storage_put_if_absent(s, "jobs/a/log/0", "first"), TIDE_OK);
    assert_int_equal(storage_put_if_absent(s, "jobs/a/log/0", "second"), TIDE_E_EXISTS);
    /* The same bytes do not make it ours: that call had its answer. */
    assert_int_equal(storage_put_if_absent(s, "jobs/a/log/0", "first"), TIDE_E_EXISTS);
    storage_assert(s, "jobs/a/log/0", "first");
    assert_int_equal(s->vt->remove(s, "jobs/a/log/0"), TIDE_OK);
    assert_int_equal(storage_put_if_absent(s, "jobs/a/log/0", "second"), TIDE_OK);
    storage_assert(s, "jobs/a/log/0", "second");
    assert_list(s, "", "jobs/a/log/0\n");
}

static void get_reads_a_range(void **state)
{
    tide_storage *s = storage_of(state);
    tide_bytes out = { 0 };
    tide_bytes_puts(&out, ">");
    assert_int_equal(storage_put(s, "k", "0123456789"), TIDE_OK);
    assert_int_equal(s->vt->get(s, "k", 2, 3, &out), TIDE_OK);
    assert_int_equal(s->vt->get(s, "k", 8, 100, &out), TIDE_OK);
    assert_int_equal(s->vt->get(s, "k", 10, 1, &out), TIDE_OK);
    assert_int_equal(s->vt->get(s, "k", UINT64_MAX, UINT64_MAX, &out), TIDE_OK);
    assert_string_equal(tide_bytes_text(&out), ">23489");
    assert_int_equal(s->vt->get(s, "k/below", 0, 1, &out), TIDE_E_NOT_FOUND);
    assert_int_equal(s->vt->get(s, "other", 0, 1, &out), TIDE_E_NOT_FOUND);
    assert_string_equal(tide_bytes_text(&out), ">23489");
    tide_bytes_fini(&out);
}

static void an_object_may_hold_any_bytes(void **state)
{
    tide_storage *s = storage_of(state);
    uint8_t *bytes = tide_malloc(BIG_BYTES);
    for (uint32_t i = 0; i < BIG_BYTES; i++) bytes[i] = (uint8_t)(i * 2654435761u >> 24);
    assert_int_equal(s->vt->put(s, "big", bytes, BIG_BYTES), TIDE_OK);
    tide_bytes out = { 0 };
    assert_int_equal(s->vt->get(s, "big", 1, BIG_BYTES, &out), TIDE_OK);
    assert_int_equal(out.n, BIG_BYTES - 1);
    assert_memory_equal(out.p, bytes + 1, BIG_BYTES - 1);
    tide_bytes_fini(&out);
    tide_free(bytes);
}

static void list_gives_whole_keys_in_byte_order(void **state)
{
    static const char *const keys[] = { "jobs/b/log/1",  "jobs/b/log/0",
                                        "jobs/a/log/0",  "jobs/b-x",
                                        "jobs/b.x",      "masters/lease",
                                        "jobs/b/log/10", "a" };
    tide_storage *s = storage_of(state);
    assert_list(s, "", "");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(storage_put(s, keys[i], "x"), TIDE_OK);
    assert_list(s, "",
                "a\njobs/a/log/0\njobs/b-x\njobs/b.x\njobs/b/log/0\njobs/b/log/1\n"
                "jobs/b/log/10\nmasters/lease\n");
    assert_list(s, "jobs/b", "jobs/b-x\njobs/b.x\njobs/b/log/0\njobs/b/log/1\njobs/b/log/10\n");
    assert_list(s, "jobs/b/", "jobs/b/log/0\njobs/b/log/1\njobs/b/log/10\n");
    assert_list(s, "jobs/b/log/1", "jobs/b/log/1\njobs/b/log/10\n");
    assert_list(s, "jobs/c", "");
    assert_list(s, "nothing/here/", "");
    assert_list(s, "a/", "");
    assert_list(s, "a", "a\n");
}

static void remove_takes_away_what_is_there(void **state)
{
    tide_storage *s = storage_of(state);
    assert_int_equal(storage_put(s, "jobs/a", "x"), TIDE_OK);
    assert_int_equal(s->vt->remove(s, "jobs/a"), TIDE_OK);
    storage_assert(s, "jobs/a", NULL);
    assert_list(s, "", "");
    assert_int_equal(s->vt->remove(s, "jobs/a"), TIDE_OK); /* It is not there: that is fine. */
    assert_int_equal(s->vt->remove(s, "never/was"), TIDE_OK);
    assert_int_equal(s->vt->remove(s, "jobs"), TIDE_OK);
}

static void no_key_is_a_folder_of_another(void **state)
{
    tide_storage *s = storage_of(state);
    assert_int_equal(storage_put(s, "a/b", "x"), TIDE_OK);
    assert_int_equal(storage_put(s, "a", "y"), TIDE_E_INVALID);
    assert_int_equal(storage_put_if_absent(s, "a", "y"), TIDE_E_INVALID);
    assert_int_equal(storage_put(s, "a/b/c", "y"), TIDE_E_INVALID);
    assert_int_equal(storage_put_if_absent(s, "a/b/c", "y"), TIDE_E_INVALID);
    assert_list(s, "", "a/b\n");
    storage_assert(s, "a/b", "x");
    storage_assert(s, "a", NULL);
}

static void keys_that_are_none_are_refused(void **state)
{
    static const char *const keys[] = { "",     "/",        "/a",  "a/",  "a//b", ".",
                                        "..",   "../a",     "a/.", "a b", "a\\b", "~tmp/x",
                                        "a/~b", "\xc3\xa4", "a:b", "a\n", "*",    "a/../b" };
    tide_storage *s = storage_of(state);
    tide_bytes out = { 0 };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        assert_int_equal(storage_put(s, keys[i], "x"), TIDE_E_INVALID);
        assert_int_equal(storage_put_if_absent(s, keys[i], "x"), TIDE_E_INVALID);
        assert_int_equal(s->vt->get(s, keys[i], 0, 1, &out), TIDE_E_INVALID);
        assert_int_equal(s->vt->remove(s, keys[i]), TIDE_E_INVALID);
    }
    char key[TIDE_STORAGE_KEY_MAX + 2] = { 0 };
    memset(key, 'a', sizeof key - 1);
    for (size_t i = 100; i < sizeof key; i += 100) key[i] = '/'; /* File names have a limit too. */
    assert_int_equal(storage_put(s, key, "x"), TIDE_E_INVALID);
    key[TIDE_STORAGE_KEY_MAX] = '\0';
    assert_int_equal(storage_put(s, key, "x"), TIDE_OK);
    storage_assert(s, key, "x");

    tide_arena *arena = tide_arena_new();
    tide_storage_listing listing;
    assert_int_equal(s->vt->list(s, "a//", arena, &listing), TIDE_E_INVALID);
    assert_int_equal(s->vt->list(s, "/", arena, &listing), TIDE_E_INVALID);
    assert_int_equal(s->vt->list(s, "../", arena, &listing), TIDE_E_INVALID);
    assert_int_equal(s->vt->list(s, ".", arena, &listing), TIDE_OK);
    tide_arena_free(&arena);
    tide_bytes_fini(&out);
}

static void operations_as_values_do_the_same(void **state)
{
    tide_storage *s = storage_of(state);
    tide_arena *arena = tide_arena_new();
    tide_bytes out = { 0 };
    tide_storage_listing listing;
    tide_store_op op = {
        .kind = TIDE_STORE_PUT, .key = "k", .bytes = (const uint8_t *)"x", .n = 1
    };
    assert_int_equal(tide_storage_do(s, &op, NULL, NULL, NULL), TIDE_OK);
    op.kind = TIDE_STORE_PUT_IF_ABSENT;
    assert_int_equal(tide_storage_do(s, &op, NULL, NULL, NULL), TIDE_E_EXISTS);
    op.kind = TIDE_STORE_GET;
    assert_int_equal(tide_storage_do(s, &op, &out, NULL, NULL), TIDE_OK);
    assert_string_equal(tide_bytes_text(&out), "x");
    op.kind = TIDE_STORE_LIST;
    assert_int_equal(tide_storage_do(s, &op, NULL, arena, &listing), TIDE_OK);
    assert_int_equal(listing.n, 1);
    op.kind = TIDE_STORE_REMOVE;
    assert_int_equal(tide_storage_do(s, &op, NULL, NULL, NULL), TIDE_OK);
    op.kind = TIDE_STORE_GET;
    assert_int_equal(tide_storage_do(s, &op, &out, NULL, NULL), TIDE_E_NOT_FOUND);
    tide_bytes_fini(&out);
    tide_arena_free(&arena);
}

/* ---- several at once ---- */

typedef struct writer {
    tide_storage *storage;
    uint32_t number, won[ROUNDS];
} writer;

static void *claim_keys(void *self_v)
{
    writer *self = self_v;
    char key[32], text[32];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        snprintf(key, sizeof key, "terms/%u", i);
        snprintf(text, sizeof text, "writer %u", self->number);
        tide_status rv = storage_put_if_absent(self->storage, key, text);
        self->won[i] = rv == TIDE_OK ? 1 : rv == TIDE_E_EXISTS ? 0 : 100;
    }
    return NULL;
}

static void of_several_writers_one_wins(void **state)
{
    tide_storage *s = storage_of(state);
    writer writers[WRITERS];
    pthread_t threads[WRITERS];
    for (uint32_t w = 0; w < WRITERS; w++) {
        writers[w] = (writer){ .storage = s, .number = w };
        assert_int_equal(pthread_create(&threads[w], NULL, claim_keys, &writers[w]), 0);
    }
    for (uint32_t w = 0; w < WRITERS; w++) pthread_join(threads[w], NULL);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char key[32], text[32] = "";
        uint32_t won = 0;
        snprintf(key, sizeof key, "terms/%u", i);
        for (uint32_t w = 0; w < WRITERS; w++) {
            won += writers[w].won[i];
            if (writers[w].won[i]) snprintf(text, sizeof text, "writer %u", w);
        }
        assert_int_equal(won, 1);
        storage_assert(s, key, text);
    }
}

static void *replace_object(void *self_v)
{
    writer *self = self_v;
    char text[2000];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        size_t n = sizeof text - i;
        self->won[i] = self->storage->vt->put(self->storage, "lease", text, n) == TIDE_OK;
    }
    return NULL;
}

/* Of one letter, and as long as that letter's version. */
static void readers_see_whole_objects(void **state)
{
    tide_storage *s = storage_of(state);
    writer w = { .storage = s };
    pthread_t thread;
    assert_int_equal(storage_put(s, "lease", ""), TIDE_OK);
    assert_int_equal(pthread_create(&thread, NULL, replace_object, &w), 0);
    for (uint32_t round = 0; round < 10 * ROUNDS; round++) {
        tide_bytes out = { 0 };
        tide_status rv = s->vt->get(s, "lease", 0, UINT64_MAX, &out);
        assert_int_equal(rv, TIDE_OK);
        for (size_t i = 1; i < out.n; i++) assert_int_equal(out.p[i], out.p[0]);
        if (out.n > 0) assert_int_equal((2000 - out.n) % 26, out.p[0] - 'a');
        tide_bytes_fini(&out);
    }
    pthread_join(thread, NULL);
    for (uint32_t i = 0; i < ROUNDS; i++) assert_int_equal(w.won[i], 1);
}

int storage_conformance(const char *driver, CMFixtureFunction setup, CMFixtureFunction teardown)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(put_writes_and_replaces),
        TEST(put_if_absent_never_replaces),
        TEST(get_reads_a_range),
        TEST(an_object_may_hold_any_bytes),
        TEST(list_gives_whole_keys_in_byte_order),
        TEST(remove_takes_away_what_is_there),
        TEST(no_key_is_a_folder_of_another),
        TEST(keys_that_are_none_are_refused),
        TEST(operations_as_values_do_the_same),
        TEST(of_several_writers_one_wins),
        TEST(readers_see_whole_objects),
    };
#undef TEST
    return cmocka_run_group_tests_name(driver, tests, NULL, NULL);
}
