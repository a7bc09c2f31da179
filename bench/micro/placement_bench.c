/* placement_bench.c - how long do 10,000 slots on 1,000 hosts take to be placed?
 *
 * A fleet of 1,000 hosts with 12 slots each (two sockets, four nodes), a tenth of the slots in use
 * at random; one job of 10,000, by each policy, through the slot table as the master uses it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/core/clock.h"
#include "base/core/random.h"
#include "scheduler/core/slots.h"

#define HOSTS 1000
#define SLOTS_PER_HOST 12
#define WANTED 10000u
#define RUNS 5

static tide_slots *make_fleet(void)
{
    tide_slots *slots = tide_slots_new(0);
    tide_random random;
    tide_random_init(&random, 1, 0);
    for (int h = 0; h < HOSTS; h++) {
        char name[32];
        snprintf(name, sizeof name, "host-%d", h);
        tide_slot_place places[SLOTS_PER_HOST];
        for (int i = 0; i < SLOTS_PER_HOST; i++)
            places[i] = (tide_slot_place){ (uint32_t)i, i / 6, i / 3, i / 3 };
        if (tide_slots_add_agent(slots, name, name, places, SLOTS_PER_HOST) != TIDE_OK) abort();
        for (uint32_t i = 0; i < SLOTS_PER_HOST; i++) {
            const tide_granted_slot used = { name, i };
            if (tide_random_below(&random, 10) == 0 &&
                tide_slots_adopt(slots, "others", &used, 1) != TIDE_OK)
                abort();
        }
    }
    return slots;
}

static double best_ms(tide_placement_policy policy)
{
    double best = 1e9;
    for (int run = 0; run < RUNS; run++) {
        tide_slots *slots = make_fleet();
        const tide_granted_slot *granted;
        uint32_t n = 0;
        int64_t began = tide_clock_now_ns(tide_clock_real());
        if (tide_slots_ask(slots, "job", WANTED, policy, 0) != TIDE_OK) abort();
        const char *owner = tide_slots_next_grant(slots, 0, &granted, &n);
        double ms = (double)(tide_clock_now_ns(tide_clock_real()) - began) / 1e6;
        if (owner == NULL || n != WANTED) abort();
        if (ms < best) best = ms;
        tide_slots_free(&slots);
    }
    return best;
}

int main(void)
{
    for (int p = TIDE_PLACE_SPREAD; p <= TIDE_PLACE_NEAREST; p++)
        printf("%-8s %8.2f ms\n", tide_placement_name((tide_placement_policy)p),
               best_ms((tide_placement_policy)p));
    return 0;
}
