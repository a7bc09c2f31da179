/* topology_test.c - machines that hwloc makes up, and this one; threads and memory where they
 * belong. */
#include "base/thread/topology.h"

#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/thread/bind.h"

static void a_made_up_machine_is_described(void **state)
{
    (void)state;
    tide_topology t;
    assert_int_equal(tide_topology_load("pack:2 node:2 l3:2 core:2 pu:2", &t), TIDE_OK);
    assert_int_equal(t.n_cores, 16);
    assert_int_equal(t.n_sockets, 2);
    assert_int_equal(t.n_nodes, 4);
    for (int32_t i = 0; i < 16; i++) {
        assert_int_equal(t.cores[i].socket, i / 8);
        assert_int_equal(t.cores[i].numa, i / 4);
        assert_int_equal(t.cores[i].cache, i / 2);
        assert_int_equal(t.cores[i].cpu, 2 * i); /* The first of two hardware threads. */
    }
    tide_topology_fini(&t);
}

static void a_machine_without_caches_says_so(void **state)
{
    (void)state;
    tide_topology t;
    assert_int_equal(tide_topology_load("core:3 pu:1", &t), TIDE_OK);
    assert_int_equal(t.n_cores, 3);
    assert_int_equal(t.cores[0].cache, -1);
    tide_topology_fini(&t);
    assert_int_equal(tide_topology_load("a toaster", &t), TIDE_E_OPTION);
}

/* Only what this process may use is listed. */
static void this_machine_is_restricted_to_the_process(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    tide_topology t;
    assert_int_equal(tide_topology_load(NULL, &t), TIDE_OK);
    assert_int_equal(t.n_cores, 1);
    assert_int_equal(t.cores[0].cpu, cpu);
    assert_true(t.memory_bytes > 0);
    tide_topology_fini(&t);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* "Cpus_allowed_list" of the calling thread. */
static void read_allowed(char out[64])
{
    FILE *f = fopen("/proc/thread-self/status", "r");
    assert_non_null(f);
    char line[256];
    out[0] = 0;
    while (fgets(line, sizeof line, f) && sscanf(line, "Cpus_allowed_list: %63s", out) != 1) {}
    fclose(f);
}

static void *bind_and_look(void *result)
{
    cpu_set_t mine;
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) return NULL;
    int cpu = 0;
    while (!CPU_ISSET(cpu, &mine)) cpu++;
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", cpu);
    char *allowed = result;
    if (!tide_bind_thread(cpu)) return NULL;
    read_allowed(allowed);
    return strcmp(allowed, wanted) == 0 ? result : NULL;
}

static void a_bound_thread_runs_on_its_core_alone(void **state)
{
    (void)state;
    pthread_t thread;
    char allowed[64];
    void *ok;
    assert_int_equal(pthread_create(&thread, NULL, bind_and_look, allowed), 0);
    pthread_join(thread, &ok);
    assert_non_null(ok);
    assert_true(tide_bind_thread(-1));
    assert_false(tide_bind_thread(100000));
}

static void memory_comes_from_the_bound_node(void **state)
{
    (void)state;
    tide_topology t;
    assert_int_equal(tide_topology_load(NULL, &t), TIDE_OK);
    int32_t node = t.cores[0].node;
    tide_topology_fini(&t);
    assert_true(tide_bind_memory(-1));
    assert_false(tide_bind_memory(5000));
    if (node < 0 || !tide_bind_memory(node)) {
        printf("skipped: memory policies: this system has none\n");
        skip();
    }
    int mode = -1;
    unsigned long mask[16] = { 0 };
    assert_int_equal(syscall(SYS_get_mempolicy, &mode, mask, 1024ul, NULL, 0), 0);
    assert_int_equal(mode, MPOL_PREFERRED);
    assert_true(mask[node / 64] >> (node % 64) & 1);
    int at = -1;
    static char page[1 << 16];
    memset(page, 1, sizeof page);
    assert_int_equal(syscall(SYS_get_mempolicy, &at, NULL, 0ul, page + sizeof page / 2,
                             MPOL_F_NODE | MPOL_F_ADDR),
                     0);
    assert_int_equal(at, node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_up_machine_is_described),
        cmocka_unit_test(a_machine_without_caches_says_so),
        cmocka_unit_test(this_machine_is_restricted_to_the_process),
        cmocka_unit_test(a_bound_thread_runs_on_its_core_alone),
        cmocka_unit_test(memory_comes_from_the_bound_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
