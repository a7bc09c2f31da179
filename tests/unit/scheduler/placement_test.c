/* placement_test.c - what each policy promises, on machines that hwloc makes up and on random
 * fleets. */
#include "scheduler/core/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/core/mem.h"
#include "base/core/random.h"
#include "base/thread/topology.h"

#define SLOTS_MAX 512u

typedef struct fleet {
    uint32_t n, n_hosts;
    tide_free_slot slots[SLOTS_MAX];
} fleet;

/* A host more, with a slot on each core of the made-up machine. */
static void add_host(fleet *f, const char *machine)
{
    tide_topology t;
    assert_int_equal(tide_topology_load(machine, &t), TIDE_OK);
    for (uint32_t i = 0; i < t.n_cores; i++)
        f->slots[f->n++] = (tide_free_slot){ .agent = f->n_hosts,
                                             .host = f->n_hosts,
                                             .local = i,
                                             .socket = t.cores[i].socket,
                                             .numa = t.cores[i].numa,
                                             .cache = t.cores[i].cache };
    f->n_hosts++;
    tide_topology_fini(&t);
}

static void take_away(fleet *f, uint32_t host, uint32_t local)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->slots[i].host == host && f->slots[i].local == local)
            f->slots[i--] = f->slots[--f->n];
}

typedef enum level { HOST, SOCKET, NODE, CACHE } level;

static bool together(const tide_free_slot *a, const tide_free_slot *b, level l)
{
    return a->host == b->host && (l < SOCKET || a->socket == b->socket) &&
           (l < NODE || a->numa == b->numa) && (l < CACHE || a->cache == b->cache);
}

/* In how many domains do the chosen slots lie? */
static uint32_t count(const fleet *f, const uint32_t *chosen, uint32_t n, level l)
{
    uint32_t domains = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool seen = false;
        for (uint32_t j = 0; j < i; j++)
            seen = seen || together(&f->slots[chosen[i]], &f->slots[chosen[j]], l);
        domains += !seen;
    }
    return domains;
}

static void place(const fleet *f, tide_placement_policy policy, uint32_t n, uint32_t *chosen)
{
    assert_true(tide_place(policy, f->slots, f->n, n, chosen));
    for (uint32_t i = 0; i < n; i++) {
        assert_true(chosen[i] < f->n);
        for (uint32_t j = 0; j < i; j++) assert_int_not_equal(chosen[i], chosen[j]);
    }
}

/* Two sockets, each two nodes with two caches of four cores. */
#define BIG "pack:2 node:2 l3:2 core:4 pu:2"

static void nearest_takes_one_cache_node_socket_host_in_that_order(void **state)
{
    (void)state;
    fleet f = { 0 };
    add_host(&f, BIG);
    add_host(&f, BIG);
    uint32_t chosen[SLOTS_MAX];
    place(&f, TIDE_PLACE_NEAREST, 4, chosen);
    assert_int_equal(count(&f, chosen, 4, CACHE), 1);
    place(&f, TIDE_PLACE_NEAREST, 8, chosen);
    assert_int_equal(count(&f, chosen, 8, NODE), 1);
    place(&f, TIDE_PLACE_NEAREST, 16, chosen);
    assert_int_equal(count(&f, chosen, 16, SOCKET), 1);
    place(&f, TIDE_PLACE_NEAREST, 32, chosen);
    assert_int_equal(count(&f, chosen, 32, HOST), 1);
    place(&f, TIDE_PLACE_NEAREST, 36, chosen);
    assert_int_equal(count(&f, chosen, 36, HOST), 2);
    assert_int_equal(count(&f, chosen, 36, CACHE), 9); /* A whole host, and one cache beside it. */
}

/* The smallest domain that holds a job is taken, so that large ones stay whole for large jobs. */
static void nearest_fills_what_is_broken_already(void **state)
{
    (void)state;
    fleet f = { 0 };
    add_host(&f, BIG);
    take_away(&f, 0, 8); /* The third cache has three left. */
    uint32_t chosen[SLOTS_MAX];
    place(&f, TIDE_PLACE_NEAREST, 3, chosen);
    for (uint32_t i = 0; i < 3; i++) assert_in_range(f.slots[chosen[i]].local, 9, 11);
}

static void neighbours_in_slot_order_lie_side_by_side(void **state)
{
    (void)state;
    fleet f = { 0 };
    add_host(&f, BIG);
    uint32_t chosen[SLOTS_MAX];
    place(&f, TIDE_PLACE_NEAREST, 32, chosen);
    uint32_t crossings = 0;
    for (uint32_t i = 1; i < 32; i++)
        crossings += !together(&f.slots[chosen[i - 1]], &f.slots[chosen[i]], CACHE);
    assert_int_equal(crossings, 7); /* Eight caches one after the other. */
}

static void spread_takes_hosts_then_nodes_in_turn(void **state)
{
    (void)state;
    fleet f = { 0 };
    for (int i = 0; i < 3; i++) add_host(&f, "pack:1 node:2 core:4 pu:1");
    uint32_t chosen[SLOTS_MAX];
    place(&f, TIDE_PLACE_SPREAD, 3, chosen);
    assert_int_equal(count(&f, chosen, 3, HOST), 3);
    place(&f, TIDE_PLACE_SPREAD, 6, chosen);
    assert_int_equal(count(&f, chosen, 6, HOST), 3);
    assert_int_equal(count(&f, chosen, 6, NODE), 6);
}

static void pack_leaves_whole_hosts_free(void **state)
{
    (void)state;
    fleet f = { 0 };
    for (int i = 0; i < 3; i++) add_host(&f, "pack:1 node:1 core:4 pu:1");
    take_away(&f, 1, 0);
    take_away(&f, 1, 1);
    uint32_t chosen[SLOTS_MAX];
    place(&f, TIDE_PLACE_PACK, 2, chosen);
    for (uint32_t i = 0; i < 2; i++) assert_int_equal(f.slots[chosen[i]].host, 1);
    place(&f, TIDE_PLACE_PACK, 6, chosen);
    assert_int_equal(count(&f, chosen, 6, HOST), 2);
}

static void too_few_slots_are_refused(void **state)
{
    (void)state;
    fleet f = { 0 };
    add_host(&f, "pack:1 node:1 core:4 pu:1");
    uint32_t chosen[SLOTS_MAX];
    for (int p = TIDE_PLACE_SPREAD; p <= TIDE_PLACE_NEAREST; p++) {
        assert_false(tide_place((tide_placement_policy)p, f.slots, f.n, 5, chosen));
        assert_true(tide_place((tide_placement_policy)p, f.slots, f.n, 4, chosen));
        assert_true(tide_place((tide_placement_policy)p, f.slots, 0, 0, chosen));
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x > y ? -1 : x < y;
}

/* The fewest hosts that can hold n: the largest ones first. */
static uint32_t fewest_hosts(const fleet *f, uint32_t n)
{
    uint32_t sizes[SLOTS_MAX] = { 0 }, hosts = 0;
    for (uint32_t i = 0; i < f->n; i++) sizes[f->slots[i].host]++;
    qsort(sizes, f->n_hosts, sizeof *sizes, by_size);
    for (uint32_t got = 0; got < n; hosts++) got += sizes[hosts];
    return hosts;
}

static uint32_t hosts_with_slots(const fleet *f)
{
    uint32_t all[SLOTS_MAX];
    for (uint32_t i = 0; i < f->n; i++) all[i] = i;
    return count(f, all, f->n, HOST);
}

/* Random fleets with holes, listed in random order: every policy keeps its promise, and the order
 * of the list does not matter. */
static void promises_hold_on_random_fleets(void **state)
{
    (void)state;
    static const char *const machines[] = { "pack:1 node:1 core:2 pu:1",
                                            "pack:2 node:1 core:4 pu:1", BIG,
                                            "pack:1 l3:2 core:3 pu:1" };
    for (uint64_t seed = 0; seed < 200; seed++) {
        tide_random r;
        tide_random_init(&r, seed, 0);
        fleet f = { 0 }, shuffled;
        for (uint64_t i = tide_random_below(&r, 6) + 1; i > 0; i--)
            add_host(&f, machines[tide_random_below(&r, 4)]);
        for (uint64_t i = tide_random_below(&r, 20); i > 0 && f.n > 1; i--)
            f.slots[tide_random_below(&r, f.n)] = f.slots[f.n - 1], f.n--;
        shuffled = f;
        for (uint32_t i = f.n; i-- > 1;) {
            uint64_t j = tide_random_below(&r, i + 1);
            tide_free_slot t = shuffled.slots[i];
            shuffled.slots[i] = shuffled.slots[j], shuffled.slots[j] = t;
        }
        uint32_t n = (uint32_t)tide_random_below(&r, f.n) + 1, a[SLOTS_MAX], b[SLOTS_MAX];
        for (int p = TIDE_PLACE_SPREAD; p <= TIDE_PLACE_NEAREST; p++) {
            place(&f, (tide_placement_policy)p, n, a);
            place(&shuffled, (tide_placement_policy)p, n, b);
            for (uint32_t i = 0; i < n; i++)
                assert_memory_equal(&f.slots[a[i]], &shuffled.slots[b[i]], sizeof *f.slots);
            uint32_t hosts = hosts_with_slots(&f);
            assert_int_equal(count(&f, a, n, HOST), p == TIDE_PLACE_SPREAD ? (n < hosts ? n : hosts)
                                                                           : fewest_hosts(&f, n));
        }
    }
}

static void policies_are_called_by_name(void **state)
{
    (void)state;
    tide_placement_policy p;
    assert_int_equal(tide_placement_parse("nearest", &p), TIDE_OK);
    assert_int_equal(p, TIDE_PLACE_NEAREST);
    assert_string_equal(tide_placement_name(p), "nearest");
    assert_int_equal(tide_placement_parse("packed", &p), TIDE_E_OPTION);
    assert_non_null(strstr(tide_error_text(), "did you mean pack?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_takes_one_cache_node_socket_host_in_that_order),
        cmocka_unit_test(nearest_fills_what_is_broken_already),
        cmocka_unit_test(neighbours_in_slot_order_lie_side_by_side),
        cmocka_unit_test(spread_takes_hosts_then_nodes_in_turn),
        cmocka_unit_test(pack_leaves_whole_hosts_free),
        cmocka_unit_test(too_few_slots_are_refused),
        cmocka_unit_test(promises_hold_on_random_fleets),
        cmocka_unit_test(policies_are_called_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
