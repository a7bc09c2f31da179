/* page.h - memory that a runner shares with its agent: where its slots are, also after it died.
 *
 * A memfd: marks of the slots and of the thread that builds the plan (the last one), the slots'
 * cores, names of operators, the stuck time-out. Only the runner writes, but for the cores; user
 * code in it may scribble over everything, so the agent believes nothing that it reads here.
 *
 *   offset  size      meaning
 *   0       64        head: magic, slots, stuck time-out in microseconds, crashed slot + 1,
 * overflow 64      64*(n+1)  marks
 *   ...     8*n       per slot: core (-1 any), NUMA node (-1 any), 32 bits each
 *   ...     64*NAMES  names of the vertices, NUL-terminated
 * Both processes run the same binary: no stored format. */
#ifndef TIDE_WORKER_RUNTIME_PAGE_H
#define TIDE_WORKER_RUNTIME_PAGE_H
#include "base/core/status.h"
#include "worker/core/mark.h"

typedef struct tide_page tide_page;

#define TIDE_PAGE_NAMES_MAX 4096u /* Vertices behind these go by their number. */
#define TIDE_PAGE_NAME_BYTES 64u

/* *fd: to be passed on; the caller closes it. TIDE_E_IO when the system has none. */
TIDE_MUST_CHECK tide_status tide_page_create(uint32_t n_slots, tide_page **out, int *fd);
/* TIDE_E_INVALID when it is no page. Leaves fd to the caller. */
TIDE_MUST_CHECK tide_status tide_page_open(int fd, tide_page **out);
void tide_page_close(tide_page **self_p);

uint32_t tide_page_n_slots(const tide_page *self);
tide_mark *tide_page_marks(tide_page *self); /* n_slots + 1. */
void tide_page_set_core(tide_page *self, uint32_t slot, int32_t cpu, int32_t node);
int32_t tide_page_cpu(const tide_page *self, uint32_t slot);
int32_t tide_page_node(const tide_page *self, uint32_t slot);
void tide_page_set_name(tide_page *self, uint32_t vertex, const char *name);
/* Into buf, cut if need be; "vertex 17" when it has none. */
void tide_page_name(const tide_page *self, uint32_t vertex, char buf[TIDE_PAGE_NAME_BYTES]);
void tide_page_set_stuck_timeout(tide_page *self, int64_t us);
int64_t tide_page_stuck_timeout(const tide_page *self); /* 0: not known yet. */
/* In a signal handler: notes the slot whose thread this is, and whether its stack was used up. */
void tide_page_crash(tide_page *self, int32_t thread, bool overflows);
int32_t tide_page_crashed(const tide_page *self); /* Slot; -1: none noted. */
bool tide_page_overflowed(const tide_page *self);

#endif
