/* topology.c - hwloc's tree as a list of cores. */
#include "base/thread/topology.h"

#include <hwloc.h>
#include <string.h>

#include "base/core/mem.h"

static tide_status load_tree(const char *synthetic, hwloc_topology_t *tree)
{
    if (hwloc_topology_init(tree) != 0) return tide_fail(TIDE_E_IO, "hwloc does not start");
    if (synthetic && hwloc_topology_set_synthetic(*tree, synthetic) != 0) {
        hwloc_topology_destroy(*tree);
        return tide_fail(TIDE_E_OPTION, "hwloc does not read the machine \"%s\"", synthetic);
    }
    if (hwloc_topology_load(*tree) != 0) {
        hwloc_topology_destroy(*tree);
        return tide_fail(TIDE_E_IO, "hwloc cannot read this machine's topology");
    }
    return TIDE_OK;
}

/* What the process may run on: a container or taskset may have left it a part of the machine. */
static void restrict_to_process(hwloc_topology_t tree)
{
    hwloc_bitmap_t mine = hwloc_bitmap_alloc();
    if (hwloc_get_cpubind(tree, mine, HWLOC_CPUBIND_PROCESS) == 0 && !hwloc_bitmap_iszero(mine))
        (void)hwloc_topology_restrict(tree, mine, 0);
    hwloc_bitmap_free(mine);
}

static int32_t index_above(hwloc_topology_t tree, hwloc_obj_t core, hwloc_obj_type_t type)
{
    hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(tree, type, core);
    return above ? (int32_t)above->logical_index : -1;
}

static tide_core describe(hwloc_topology_t tree, hwloc_obj_t core)
{
    tide_core c = { .cpu = hwloc_bitmap_first(core->cpuset),
                    .node = -1,
                    .numa = -1,
                    .socket = index_above(tree, core, HWLOC_OBJ_PACKAGE),
                    .cache = index_above(tree, core, HWLOC_OBJ_L3CACHE) };
    int node = core->nodeset ? hwloc_bitmap_first(core->nodeset) : -1;
    hwloc_obj_t numa = node < 0 ? NULL : hwloc_get_numanode_obj_by_os_index(tree, (unsigned)node);
    if (numa) {
        c.node = node;
        c.numa = (int32_t)numa->logical_index;
    }
    return c;
}

static uint32_t count(hwloc_topology_t tree, hwloc_obj_type_t type)
{
    int n = hwloc_get_nbobjs_by_type(tree, type);
    return n > 0 ? (uint32_t)n : 1;
}

tide_status tide_topology_load(const char *synthetic, tide_topology *out)
{
    *out = (tide_topology){ 0 };
    hwloc_topology_t tree;
    TIDE_TRY(load_tree(synthetic, &tree));
    if (synthetic == NULL) restrict_to_process(tree);
    /* Machines without cores in their description (some virtual ones) have hardware threads. */
    hwloc_obj_type_t type =
        hwloc_get_nbobjs_by_type(tree, HWLOC_OBJ_CORE) > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    out->n_cores = count(tree, type);
    out->cores = tide_calloc(out->n_cores, sizeof *out->cores);
    for (uint32_t i = 0; i < out->n_cores; i++)
        out->cores[i] = describe(tree, hwloc_get_obj_by_type(tree, type, i));
    out->n_sockets = count(tree, HWLOC_OBJ_PACKAGE);
    out->n_nodes = count(tree, HWLOC_OBJ_NUMANODE);
    out->memory_bytes = hwloc_get_root_obj(tree)->total_memory;
    hwloc_topology_destroy(tree);
    return TIDE_OK;
}

void tide_topology_fini(tide_topology *self)
{
    tide_free(self->cores);
    *self = (tide_topology){ 0 };
}
