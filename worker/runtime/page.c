/* page.c - see page.h. */
#include "worker/runtime/page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/core/mem.h"

#define MAGIC 0x54504731u
#define SLOTS_MAX 32768u

typedef struct page_head {
    uint32_t magic, n_slots;
    _Atomic int64_t stuck_timeout_us;
    _Atomic int32_t crashed; /* Slot + 1. */
    _Atomic int32_t overflowed;
} TIDE_ALIGNED(TIDE_CACHE_LINE) page_head;
_Static_assert(sizeof(page_head) == 64 && sizeof(tide_mark) == 64, "the table in page.h");

typedef struct page_core {
    int32_t cpu, node;
} page_core;

struct tide_page {
    uint32_t n_slots; /* Our own copy. */
    size_t bytes;
    page_head *head;
    tide_mark *marks;
    page_core *cores;
    char (*names)[TIDE_PAGE_NAME_BYTES];
};

static size_t bytes_of(uint32_t n_slots)
{
    return sizeof(page_head) + (n_slots + 1u) * sizeof(tide_mark) + n_slots * sizeof(page_core) +
           TIDE_PAGE_NAMES_MAX * TIDE_PAGE_NAME_BYTES;
}

static tide_status map(int fd, uint32_t n_slots, tide_page **out)
{
    size_t bytes = bytes_of(n_slots);
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return tide_fail(TIDE_E_IO, "map shared memory: %s", strerror(errno));
    tide_page *self = tide_calloc(1, sizeof *self);
    self->n_slots = n_slots;
    self->bytes = bytes;
    self->head = at;
    self->marks = (tide_mark *)(self->head + 1);
    self->cores = (page_core *)(self->marks + n_slots + 1);
    self->names = (char(*)[TIDE_PAGE_NAME_BYTES])(self->cores + n_slots);
    *out = self;
    return TIDE_OK;
}

tide_status tide_page_create(uint32_t n_slots, tide_page **out, int *fd)
{
    *fd = memfd_create("tidemill-runner", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, (off_t)bytes_of(n_slots)) != 0) {
        tide_status rv = tide_fail(TIDE_E_IO, "shared memory: %s", strerror(errno));
        if (*fd >= 0) close(*fd);
        *fd = -1;
        return rv;
    }
    tide_status rv = map(*fd, n_slots, out);
    if (rv != TIDE_OK) {
        close(*fd);
        *fd = -1;
        return rv;
    }
    (*out)->head->magic = MAGIC;
    (*out)->head->n_slots = n_slots;
    for (uint32_t i = 0; i < n_slots; i++) (*out)->cores[i] = (page_core){ -1, -1 };
    return TIDE_OK;
}

tide_status tide_page_open(int fd, tide_page **out)
{
    page_head head;
    struct stat st;
    if (pread(fd, &head, sizeof head, 0) != sizeof head || head.magic != MAGIC ||
        head.n_slots > SLOTS_MAX || fstat(fd, &st) != 0 ||
        (size_t)st.st_size != bytes_of(head.n_slots))
        return tide_fail(TIDE_E_INVALID, "descriptor %d is not a runner's page", fd);
    return map(fd, head.n_slots, out);
}

void tide_page_close(tide_page **self_p)
{
    tide_page *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    munmap(self->head, self->bytes);
    tide_free(self);
}

uint32_t tide_page_n_slots(const tide_page *self)
{
    return self->n_slots;
}

tide_mark *tide_page_marks(tide_page *self)
{
    return self->marks;
}

void tide_page_set_core(tide_page *self, uint32_t slot, int32_t cpu, int32_t node)
{
    self->cores[slot] = (page_core){ cpu, node };
}

int32_t tide_page_cpu(const tide_page *self, uint32_t slot)
{
    return self->cores[slot].cpu;
}

int32_t tide_page_node(const tide_page *self, uint32_t slot)
{
    return self->cores[slot].node;
}

void tide_page_set_name(tide_page *self, uint32_t vertex, const char *name)
{
    if (vertex >= TIDE_PAGE_NAMES_MAX) return;
    snprintf(self->names[vertex], TIDE_PAGE_NAME_BYTES, "%s", name);
}

void tide_page_name(const tide_page *self, uint32_t vertex, char buf[TIDE_PAGE_NAME_BYTES])
{
    buf[0] = '\0';
    if (vertex < TIDE_PAGE_NAMES_MAX) memcpy(buf, self->names[vertex], TIDE_PAGE_NAME_BYTES);
    buf[TIDE_PAGE_NAME_BYTES - 1] = '\0';
    if (buf[0] == '\0') snprintf(buf, TIDE_PAGE_NAME_BYTES, "vertex %u", vertex);
    for (char *c = buf; *c; c++)
        if ((unsigned char)*c < ' ') *c = '?';
}

void tide_page_set_stuck_timeout(tide_page *self, int64_t us)
{
    atomic_store(&self->head->stuck_timeout_us, us);
}

int64_t tide_page_stuck_timeout(const tide_page *self)
{
    return atomic_load(&self->head->stuck_timeout_us);
}

void tide_page_crash(tide_page *self, int32_t thread, bool overflows)
{
    if (overflows) atomic_store(&self->head->overflowed, 1);
    for (uint32_t i = 0; i <= self->n_slots; i++)
        if (atomic_load(&self->marks[i].thread) == thread)
            atomic_store(&self->head->crashed, (int32_t)i + 1);
}

int32_t tide_page_crashed(const tide_page *self)
{
    int32_t slot = atomic_load(&self->head->crashed);
    return slot > 0 && (uint32_t)slot <= self->n_slots + 1 ? slot - 1 : -1;
}

bool tide_page_overflowed(const tide_page *self)
{
    return atomic_load(&self->head->overflowed) != 0;
}
