/* sim.c - the course of one seed. */
#include "tests/sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/core/bytes.h"
#include "tests/sim/net.h"

#define SETTLE_LOOK_NS (500 * SIM_MS)

static sim_trace ring; /* 140 KB; one run at a time. */

const char *sim_verdict_name(sim_verdict verdict)
{
    switch (verdict) {
    case SIM_OK: return "ok";
    case SIM_WRONG: return "wrong answer";
    case SIM_USAGE: return "usage";
    case SIM_STALLED: return "stall";
    case SIM_CRASHED: return "crash";
    }
    return "?";
}

void sim_fail(sim_world *world, sim_verdict verdict, const char *fmt, ...)
{
    sim_result *result = world->run->result;
    if (result->verdict != SIM_OK) return;
    result->verdict = verdict;
    va_list args;
    va_start(args, fmt);
    vsnprintf(result->why, sizeof result->why, fmt, args);
    va_end(args);
    sim_say(world, "CHECKER", "%s: %s", sim_verdict_name(verdict), result->why);
    world->stop = true;
}

bool sim_failed(const sim_world *world)
{
    return world->run->result->verdict != SIM_OK;
}

static void fire_heal(sim_world *world, void *arg)
{
    const sim_scenario *scenario = arg;
    world->run->healed = true;
    sim_faults_heal(&world->run->faults, world);
    if (scenario->heal) scenario->heal(world);
}

/* At least SIM_RUN_NS, then until everything came to rest. */
static void run_to_rest(sim_world *world, const sim_scenario *scenario)
{
    sim_run_until(world, SIM_RUN_NS);
    tide_bytes why_not = { 0 };
    while (!sim_failed(world) && !scenario->is_settled(world, &why_not)) {
        if (world->now >= SIM_RUN_MAX_NS) {
            sim_fail(world, SIM_STALLED, "%s", tide_bytes_text(&why_not));
            break;
        }
        why_not.n = 0;
        sim_run_until(world, world->now + SETTLE_LOOK_NS);
    }
    tide_bytes_fini(&why_not);
}

void sim_run(const sim_options *options, uint64_t seed, sim_result *out)
{
    *out = (sim_result){ 0 };
    const sim_scenario *scenario = options->scenario;
    ring.n = 0;
    ring.on = options->trace;
    ring.live = options->trace_live;
    sim_world *world = sim_world_new(seed, &ring);
    sim_run_state run = { .options = options, .result = out };
    world->run = &run;
    scenario->setup(world);
    sim_at(world, scenario->heal_ns, fire_heal, (void *)(uintptr_t)scenario);
    run_to_rest(world, scenario);
    if (!sim_failed(world)) scenario->check(world);
    out->virtual_ns = world->now;
    out->events = world->fired;
    out->hash = world->hash;
    out->frames = sim_net_counters_of(world->net)->sent;
    out->n_faults = run.faults.n;
    out->n_fault_kinds = run.faults.n_kinds;
    memcpy(out->faults, run.faults.count, sizeof out->faults);
    if (!sim_failed(world) && (out->n_faults < SIM_FAULTS_MIN || out->n_fault_kinds < 2))
        sim_fail(world, SIM_WRONG, "only %u faults of %u kinds", out->n_faults, out->n_fault_kinds);
    scenario->free(world);
    sim_world_free(&world);
    if (options->trace && !options->trace_live && out->verdict != SIM_OK) sim_trace_dump(&ring, 2);
}

void sim_dump_trace(void)
{
    sim_trace_dump(&ring, 2);
}
