/* smallsim.h - actors around one storage that fails, in virtual time, from a seed: what the small
 * simulations of cores share.
 *
 * A simulation says who acts when, and what is claimed of the world; smallsim_main runs it over
 * seeds. The first false claim ends a seed, and the command that replays it is printed. Planted
 * bugs (mutations) alter what passes between the cores and the storage, as a bug in a core would;
 * `--mutations` wants each to be found by the very claim that is there for it. Owner: one thread.
 */
#ifndef TIDE_TESTS_SUPPORT_SMALLSIM_H
#define TIDE_TESTS_SUPPORT_SMALLSIM_H
#include "tests/support/storesim.h"

typedef struct smallsim smallsim;

/* A planted bug, and a claim that finds it. */
typedef struct smallsim_mutation {
    const char *name, *claim;
    uint32_t seeds; /* Within so many. */
    /* NULL: unchanged. False: it is lost. What they make may live in the world's arena. */
    bool (*op)(smallsim *world, tide_store_op *op);
    bool (*done)(smallsim *world, const tide_store_op *op, tide_store_done *done);
} smallsim_mutation;

/* A simulation. */
typedef struct smallsim_kind {
    uint32_t seeds, actors;
    int64_t delay_max_ns, late_max_ns; /* See storesim.h; delays are drawn up to this. */
    uint32_t fault_percent;            /* Drawn below this. */
    size_t state_bytes;                /* Of world->state, which begins as zeros. */
    void (*run)(smallsim *world);      /* From begin to end, by smallsim_step. */
    void (*fini)(smallsim *world);
    int64_t (*next_ns)(smallsim *world, uint32_t actor); /* When it wants to act; INT64_MAX. */
    void (*act)(smallsim *world, uint32_t actor);
    void (*answer)(smallsim *world, uint64_t client, const tide_store_done *done);
    void (*stored)(smallsim *world); /* The storage did something; NULL. */
    uint32_t n_mutations;
    const smallsim_mutation *mutations;
} smallsim_kind;

struct smallsim {
    const smallsim_kind *kind;
    const smallsim_mutation *mutation; /* NULL: none. */
    void *state;
    tide_random random;
    storesim *store;
    tide_arena *arena;
    int64_t now_ns;
    uint32_t n_steps;
    const char *wrong; /* The first claim that was false; NULL none. */
};

uint64_t smallsim_draw(smallsim *world, uint64_t limit);
void smallsim_claim(smallsim *world, bool condition, const char *claim);
/* To the storage; client: comes back with the answer. */
void smallsim_submit(smallsim *world, uint64_t client, const tide_store_op *op);
/* Lets the next thing happen. */
void smallsim_step(smallsim *world);
/* Arguments: nothing (all seeds), SEED, --mutations, or --mutation NAME [SEED]. */
int smallsim_main(const smallsim_kind *kind, int argc, char **argv);

#endif
