/* failures.h - why did a job's attempts fail? The newest few, each with what is most telling.
 *
 * When one runner crashes its peers report that they lost it, often before the crash itself is
 * reported. So the failure of an attempt that is being taken down is replaced by one that says
 * more. Pure; bounded. Owner: the coordinator. */
#ifndef TIDE_MASTER_CORE_FAILURES_H
#define TIDE_MASTER_CORE_FAILURES_H
#include "master/core/coordinator.h"

typedef struct tide_failure_entry {
    tide_arena *arena;
    uint64_t attempt;
    int64_t at_us;
    const char *agent;
    const tide_failure *failure;
} tide_failure_entry;

typedef struct tide_failures {
    tide_failure_entry ring[TIDE_COORDINATOR_FAILURES_MAX];
    uint64_t n; /* Ever; the newest is ring[(n - 1) % MAX]. */
} tide_failures;

void tide_failures_fini(tide_failures *self);
void tide_failures_add(tide_failures *self, uint64_t attempt, int64_t at_us, const char *agent,
                       const tide_failure *failure);
/* Replaces the newest if this one says more. True: it did. */
bool tide_failures_improve(tide_failures *self, const char *agent, const tide_failure *failure);
const tide_failure_entry *tide_failures_newest(const tide_failures *self); /* NULL: none. */

/* -1: it says nothing; 0: a consequence of something else; 1: a cause that names itself; 2: a crash
 * or a mistake of the job. */
int tide_failures_telling(const tide_failure *failure);
/* Would another attempt fail in the same way? The job or its input is wrong. */
bool tide_failure_is_final(const tide_failure *failure);
/* "SIGSEGV in operator sessions, batch 17, on host h1: ...", appended. */
void tide_failure_print(const tide_failure *failure, tide_bytes *out);

#endif
