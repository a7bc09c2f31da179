/* agent_cores.c - cores are claimed by locking a file each, so that no two agents of a host pin
 * slots to the same one. An agent that cannot have one for every slot pins none. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/thread/topology.h"
#include "worker/runtime/agent_process_priv.h"

/* -1: somebody else has it. Files stay: unlinking one that another waits for would split the lock.
 */
static int lock_core(const char *folder, int32_t cpu)
{
    char *path = tide_asprintf("%s/cpu-%d", folder, (int)cpu);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    tide_free(path);
    if (fd >= 0) (void)fchmod(fd, 0666); /* Refused when it is another user's, who did it. */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

static void unlock_all(agent_cores *self)
{
    for (uint32_t i = 0; i < self->n_pinned; i++) close(self->locks[i]);
    self->n_pinned = 0;
}

static void place_slots(agent_cores *self, const tide_topology *topology, const char *folder)
{
    /* Every user's agents meet there, whatever the mask of the first. */
    if (mkdir(folder, 01777) == 0) (void)chmod(folder, 01777);
    for (uint32_t c = 0; c < topology->n_cores && self->n_pinned < self->n_slots; c++) {
        const tide_core *core = &topology->cores[c];
        int fd = lock_core(folder, core->cpu);
        if (fd < 0) continue;
        uint32_t i = self->n_pinned++;
        self->locks[i] = fd;
        self->slots[i] = (tide_slot_info){ .local = i,
                                           .cpu = core->cpu,
                                           .numa = core->numa,
                                           .socket = core->socket,
                                           .cache = core->cache };
    }
    if (self->n_pinned == self->n_slots) return;
    unlock_all(self);
    for (uint32_t i = 0; i < self->n_slots; i++)
        self->slots[i] = (tide_slot_info){ i, -1, -1, -1, -1 };
}

tide_status agent_cores_claim(uint32_t n_slots, const char *folder, agent_cores *out)
{
    tide_topology topology;
    TIDE_TRY(tide_topology_load(NULL, &topology));
    *out = (agent_cores){ .n_slots = n_slots ? n_slots : topology.n_cores };
    out->slots = tide_calloc(out->n_slots, sizeof *out->slots);
    out->locks = tide_calloc(out->n_slots, sizeof *out->locks);
    place_slots(out, &topology, folder);
    tide_topology_fini(&topology);
    return TIDE_OK;
}

void agent_cores_fini(agent_cores *self)
{
    unlock_all(self);
    tide_free(self->locks);
    tide_free(self->slots);
    *self = (agent_cores){ 0 };
}
