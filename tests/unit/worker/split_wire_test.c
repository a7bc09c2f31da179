/* split_wire_test.c - lists of splits survive the way to another runner; nonsense does not. */
#include "worker/runtime/split_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void lists_arrive_as_they_were(void **state)
{
    (void)state;
    tide_scan_splits scans[] = { { .vertex = 0 }, { .vertex = 3 } }, *read;
    tide_splits_add(&scans[0].splits, "clicks-1", 1, 7, UINT64_MAX);
    tide_splits_add(&scans[0].splits, "clicks-0", 0, 0, 9);
    scans[1].splits.n_partitions = 2; /* Nothing there yet. */
    tide_arena *arena = tide_arena_new();
    tide_split_wire wire;
    tide_split_wire_write(arena, scans, 2, &wire);
    assert_int_equal(wire.n_splits, 2);
    uint32_t n;
    assert_int_equal(tide_split_wire_read(&wire, &read, &n), TIDE_OK);
    assert_int_equal(n, 2);
    assert_int_equal(read[0].vertex, 0);
    assert_int_equal(read[0].splits.n, 2);
    assert_string_equal(read[0].splits.items[0].id, "clicks-1");
    assert_int_equal(read[0].splits.items[0].partition, 1);
    assert_int_equal(read[0].splits.items[0].start, 7);
    assert_true(read[0].splits.items[0].end == UINT64_MAX);
    assert_string_equal(read[0].splits.items[1].id, "clicks-0");
    assert_int_equal(read[0].splits.n_partitions, 2);
    assert_int_equal(read[1].vertex, 3);
    assert_int_equal(read[1].splits.n, 0);
    assert_int_equal(read[1].splits.n_partitions, 2);
    tide_scan_splits_free(&read, n);
    tide_arena_free(&arena);
    tide_splits_fini(&scans[0].splits);
}

static void splits_of_nobody_are_refused(void **state)
{
    (void)state;
    tide_scan_info scan = { .vertex = 2, .n_partitions = 1 };
    tide_split_info split = { .vertex = 1, .id = "x" };
    const tide_split_wire wire = { .n_scans = 1, .n_splits = 1, .scans = &scan, .splits = &split };
    tide_scan_splits *read;
    uint32_t n;
    assert_int_equal(tide_split_wire_read(&wire, &read, &n), TIDE_E_PROTO);
    assert_null(read);
    split.vertex = 2;
    split.partition = 1;
    assert_int_equal(tide_split_wire_read(&wire, &read, &n), TIDE_E_PROTO);
    split.partition = 0;
    assert_int_equal(tide_split_wire_read(&wire, &read, &n), TIDE_OK);
    tide_scan_splits_free(&read, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_arrive_as_they_were),
        cmocka_unit_test(splits_of_nobody_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
