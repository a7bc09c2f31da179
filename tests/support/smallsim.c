/* smallsim.c - the loop over events, and the one over seeds. */
#include "tests/support/smallsim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/core/mem.h"

#define STEPS_MAX 1000000u

uint64_t smallsim_draw(smallsim *world, uint64_t limit)
{
    return tide_random_below(&world->random, limit);
}

void smallsim_claim(smallsim *world, bool condition, const char *claim)
{
    if (!condition && !world->wrong) world->wrong = claim;
}

void smallsim_submit(smallsim *world, uint64_t client, const tide_store_op *op)
{
    tide_store_op changed = *op;
    const smallsim_mutation *m = world->mutation;
    if (m && m->op && !m->op(world, &changed)) return;
    storesim_submit(world->store, client, &changed, world->now_ns);
}

static void step_store(smallsim *world)
{
    uint64_t client;
    tide_store_op op;
    tide_store_done done;
    const smallsim_mutation *m = world->mutation;
    if (!storesim_step(world->store, &client, &op, &done)) {
        if (world->kind->stored) world->kind->stored(world);
        return;
    }
    if (m && m->done && !m->done(world, &op, &done)) return;
    world->kind->answer(world, client, &done);
}

void smallsim_step(smallsim *world)
{
    int64_t next = storesim_next_ns(world->store);
    uint32_t who = world->kind->actors;
    smallsim_claim(world, ++world->n_steps < STEPS_MAX, "steps without end");
    for (uint32_t i = 0; i < world->kind->actors; i++) {
        int64_t at = world->kind->next_ns(world, i);
        if (at >= next) continue;
        next = at;
        who = i;
    }
    smallsim_claim(world, next < INT64_MAX, "nothing will ever happen again");
    if (next == INT64_MAX) return;
    if (next > world->now_ns) world->now_ns = next;
    if (who < world->kind->actors)
        world->kind->act(world, who);
    else
        step_store(world);
}

/* ---- seeds ---- */

static const char *run_seed(const smallsim_kind *kind, const smallsim_mutation *mutation,
                            uint64_t seed)
{
    smallsim world = { .kind = kind, .mutation = mutation };
    tide_random_init(&world.random, seed, 1);
    world.arena = tide_arena_new();
    world.state = tide_calloc(1, kind->state_bytes);
    storesim_config config = { .seed = seed, .late_max_ns = kind->late_max_ns };
    config.delay_max_ns = 1 + (int64_t)smallsim_draw(&world, (uint64_t)kind->delay_max_ns);
    config.fault_percent = (uint32_t)smallsim_draw(&world, kind->fault_percent);
    world.store = storesim_new(&config);
    kind->run(&world);
    kind->fini(&world);
    storesim_free(&world.store);
    tide_free(world.state);
    tide_arena_free(&world.arena);
    return world.wrong;
}

static int run_seeds(const smallsim_kind *kind, const smallsim_mutation *mutation, uint64_t first,
                     uint64_t n, const char *program)
{
    for (uint64_t seed = first; seed < first + n; seed++) {
        const char *wrong = run_seed(kind, mutation, seed);
        if (!wrong) continue;
        printf("seed %" PRIu64 ": %s\nreplay: %s%s%s %" PRIu64 "\n", seed, wrong, program,
               mutation ? " --mutation " : "", mutation ? mutation->name : "", seed);
        return 1;
    }
    printf("%" PRIu64 " seed%s\n", n, n == 1 ? "" : "s");
    return 0;
}

/* Each must be found by its claim; that another claim finds it, too, is no matter. */
static int hunt(const smallsim_kind *kind)
{
    uint32_t missed = 0;
    for (uint32_t i = 0; i < kind->n_mutations; i++) {
        const smallsim_mutation *m = &kind->mutations[i];
        uint64_t seed = 1;
        for (; seed <= m->seeds; seed++) {
            const char *wrong = run_seed(kind, m, seed);
            if (wrong && strcmp(wrong, m->claim) == 0) break;
        }
        missed += seed > m->seeds;
        if (seed > m->seeds)
            printf("%-28s MISSED in %u seeds: %s\n", m->name, m->seeds, m->claim);
        else
            printf("%-28s found at seed %" PRIu64 ": %s\n", m->name, seed, m->claim);
    }
    printf("%u mutations, %u missed\n", kind->n_mutations, missed);
    return missed > 0;
}

static const smallsim_mutation *find_mutation(const smallsim_kind *kind, const char *name)
{
    for (uint32_t i = 0; i < kind->n_mutations; i++)
        if (strcmp(kind->mutations[i].name, name) == 0) return &kind->mutations[i];
    return NULL;
}

int smallsim_main(const smallsim_kind *kind, int argc, char **argv)
{
    const smallsim_mutation *mutation = NULL;
    int at = 1;
    if (argc == 2 && strcmp(argv[1], "--mutations") == 0) return hunt(kind);
    if (argc > 2 && strcmp(argv[1], "--mutation") == 0) {
        mutation = find_mutation(kind, argv[2]);
        at = 3;
        if (!mutation) {
            fprintf(stderr, "no mutation %s\n", argv[2]);
            return 2;
        }
    }
    if (at < argc) return run_seeds(kind, mutation, strtoull(argv[at], NULL, 10), 1, argv[0]);
    return run_seeds(kind, mutation, 1, kind->seeds, argv[0]);
}
