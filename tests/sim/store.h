/* store.h - the shared storage: one consistent map of keys to bytes, behind delays and failures.
 *
 * An operation takes effect at one moment between its begin and its answer; some are answered
 * with a failure although they took effect, some fail and take effect later still, after the
 * answer, even when the process that asked is dead. So a failure says nothing. While the storage is
 * full, nothing new is written. */
#ifndef TIDE_TESTS_SIM_STORE_H
#define TIDE_TESTS_SIM_STORE_H
#include "checkpoint/storage/storage.h"
#include "tests/sim/world.h"

typedef struct sim_store sim_store;

typedef struct sim_store_faults {
    double fails;      /* Not done, and says so. */
    double forgets;    /* Done, but says that it failed. */
    double comes_late; /* Says that it failed, is done later. */
    int64_t latency_ns, jitter_ns;
    int64_t full_until, slow_until;   /* Slow: 20 times. */
    int64_t cut_until[SIM_HOSTS_MAX]; /* Hosts that do not reach it: nothing is done. */
} sim_store_faults;

sim_store *sim_store_new(sim_world *world);
void sim_store_free(sim_store **self_p);
sim_store_faults *sim_store_faults_of(sim_store *self); /* To be set. */
void sim_store_heal(sim_store *self);

/* The outcome reaches the process's lane 0 through vt->on_stored. */
void sim_store_do(sim_process *process, uint32_t tag, const tide_store_op *op);
sim_fire sim_store_fire_apply; /* Owns its arg: for the world's end. */

/* What lies there, seen at once and without a fault: for checkers. NULL: nothing. */
const uint8_t *sim_store_peek(const sim_store *self, const char *key, size_t *n);
uint32_t sim_store_n(const sim_store *self);
const char *sim_store_key(const sim_store *self, uint32_t i); /* In byte order. */

/* A checker's look at every change: was_there says that it replaces; bytes NULL: a removal. */
typedef void sim_store_watch(sim_world *world, const sim_process *writer, const char *key,
                             bool was_there, const uint8_t *bytes, size_t n);
void sim_store_watch_with(sim_store *self, sim_store_watch *watch);

#endif
