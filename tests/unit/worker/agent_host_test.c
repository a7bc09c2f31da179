/* agent_host_test.c - what an agent keeps on its host: cores that only one agent has, artifacts
 * that are what their names say, a folder of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/folder.h"
#include "worker/runtime/agent_process_priv.h"

/* XXH3-64 of "abc". */
#define ABC "78af5f94892f3950"

static char folder[TIDE_TEST_FOLDER_BYTES];

static int setup(void **state)
{
    (void)state;
    return !tide_test_folder_new("host", folder);
}

static int teardown(void **state)
{
    (void)state;
    return !tide_test_folder_remove(folder);
}

static void no_two_agents_have_the_same_core(void **state)
{
    (void)state;
    agent_cores first, second;
    assert_int_equal(agent_cores_claim(0, folder, &first), TIDE_OK);
    assert_true(first.n_slots >= 1);
    assert_int_equal(first.n_pinned, first.n_slots); /* A slot for each core. */
    for (uint32_t i = 0; i < first.n_slots; i++) {
        assert_int_equal(first.slots[i].local, i);
        assert_true(first.slots[i].cpu >= 0);
    }
    assert_int_equal(agent_cores_claim(1, folder, &second), TIDE_OK);
    assert_int_equal(second.n_pinned, 0);
    assert_int_equal(second.slots[0].cpu, -1);
    agent_cores_fini(&second);
    agent_cores_fini(&first);
    assert_int_equal(agent_cores_claim(1, folder, &second), TIDE_OK);
    assert_int_equal(second.n_pinned, 1);
    agent_cores_fini(&second);
}

/* And those that it does not use are left to others. */
static void with_more_slots_than_cores_nothing_is_pinned(void **state)
{
    (void)state;
    agent_cores many, one;
    assert_int_equal(agent_cores_claim(4096, folder, &many), TIDE_OK);
    assert_int_equal(many.n_pinned, 0);
    assert_int_equal(many.slots[4095].local, 4095);
    assert_int_equal(many.slots[0].cpu, -1);
    assert_int_equal(agent_cores_claim(1, folder, &one), TIDE_OK);
    assert_int_equal(one.n_pinned, 1);
    agent_cores_fini(&one);
    agent_cores_fini(&many);
}

static bool write_chunk(agent_store *store, tide_arena *arena, const char *name, uint64_t offset,
                        const char *text, uint64_t total, tide_agent_artifact *out)
{
    const tide_artifact_data data = { .artifact = name,
                                      .offset = offset,
                                      .total = total,
                                      .data = { (const uint8_t *)text, strlen(text) } };
    bool done;
    agent_store_write(store, &data, arena, &done, out);
    return done;
}

static void an_artifact_is_there_when_it_is_whole_and_what_its_name_says(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    agent_store *store = agent_store_new(folder);
    tide_agent_artifact out;
    assert_null(agent_store_find(store, ABC, arena));
    assert_false(write_chunk(store, arena, ABC, 0, "ab", 3, &out));
    assert_null(agent_store_find(store, ABC, arena));
    assert_true(write_chunk(store, arena, ABC, 2, "c", 3, &out));
    assert_non_null(out.path);
    assert_string_equal(agent_store_find(store, ABC, arena), out.path);
    agent_store_free(&store);
    tide_arena_free(&arena);
}

static void a_damaged_artifact_is_refused_and_gone(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    agent_store *store = agent_store_new(folder);
    tide_agent_artifact out;
    assert_true(write_chunk(store, arena, ABC, 0, "abd", 3, &out));
    assert_non_null(strstr(out.failure, "checksum"));
    assert_null(agent_store_find(store, ABC, arena));
    char *part = tide_asprintf("%s/%s.part", folder, ABC);
    assert_int_not_equal(access(part, F_OK), 0);
    tide_free(part);
    /* A name that leads elsewhere is none. */
    assert_true(write_chunk(store, arena, "../escaped", 0, "x", 1, &out));
    assert_non_null(out.failure);
    assert_null(agent_store_find(store, "../escaped", arena));
    agent_store_free(&store);
    tide_arena_free(&arena);
}

static void a_folder_has_one_worker(void **state)
{
    (void)state;
    char *nested = tide_asprintf("%s/a/b", folder);
    int first, second;
    assert_int_equal(agent_make_folder(nested), TIDE_OK);
    assert_int_equal(agent_make_folder(nested), TIDE_OK);
    assert_int_equal(agent_lock_folder(nested, &first), TIDE_OK);
    assert_int_equal(agent_lock_folder(nested, &second), TIDE_E_REFUSED);
    assert_int_equal(second, -1);
    close(first);
    assert_int_equal(agent_lock_folder(nested, &first), TIDE_OK);
    close(first);
    tide_free(nested);
}

static void our_address_towards_ourselves_is_the_loopback(void **state)
{
    (void)state;
    tide_arena *arena = tide_arena_new();
    assert_string_equal(agent_address_towards("tcp://127.0.0.1:6123", arena), "127.0.0.1");
    assert_string_equal(agent_address_towards("ipc:///nowhere", arena), "127.0.0.1");
    tide_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_two_agents_have_the_same_core, setup, teardown),
        cmocka_unit_test_setup_teardown(with_more_slots_than_cores_nothing_is_pinned, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            an_artifact_is_there_when_it_is_whole_and_what_its_name_says, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_artifact_is_refused_and_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_has_one_worker, setup, teardown),
        cmocka_unit_test(our_address_towards_ourselves_is_the_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
