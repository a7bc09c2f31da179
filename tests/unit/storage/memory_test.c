/* memory_test.c - the tests' own storage keeps the contract too, and its faults are what they say.
 */
#include "tests/unit/storage/conformance.h"

#include "base/core/mem.h"
#include "tests/support/memstore.h"

typedef struct fixture {
    tide_storage *storage;
    memstore *memory;
} fixture;

static int setup(void **state)
{
    fixture *f = tide_calloc(1, sizeof *f);
    f->memory = memstore_new();
    f->storage = memstore_storage(f->memory);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    memstore_free(&f->memory);
    tide_free(f);
    return 0;
}

static void what_fails_was_not_done(void **state)
{
    fixture *f = *state;
    memstore_fault_next(f->memory, MEMSTORE_FAILS);
    assert_int_equal(storage_put(f->storage, "k", "x"), TIDE_E_IO);
    storage_assert(f->storage, "k", NULL);
}

static void a_lost_answer_was_done(void **state)
{
    fixture *f = *state;
    memstore_fault_next(f->memory, MEMSTORE_ANSWER_LOST);
    assert_int_equal(storage_put_if_absent(f->storage, "k", "x"), TIDE_E_TIMEOUT);
    storage_assert(f->storage, "k", "x");
}

static void a_late_write_lands_later(void **state)
{
    fixture *f = *state;
    memstore_fault_next(f->memory, MEMSTORE_LATE);
    assert_int_equal(storage_put_if_absent(f->storage, "k", "late"), TIDE_E_TIMEOUT);
    storage_assert(f->storage, "k", NULL);
    assert_string_equal(memstore_land(f->memory), "k");
    storage_assert(f->storage, "k", "late");
    assert_null(memstore_land(f->memory));
    memstore_fault_next(f->memory, MEMSTORE_LATE);
    assert_int_equal(f->storage->vt->remove(f->storage, "k"), TIDE_E_TIMEOUT);
    assert_non_null(memstore_look(f->memory, "k"));
    memstore_land(f->memory);
    assert_null(memstore_look(f->memory, "k"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_fails_was_not_done, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_answer_was_done, setup, teardown),
        cmocka_unit_test_setup_teardown(a_late_write_lands_later, setup, teardown),
    };
    int failed = storage_conformance("memory", setup, teardown);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
