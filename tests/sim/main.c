/* main.c - sim: runs seeds, on several processes, and says how to replay those that fail. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/fleet.h"
#include "tests/sim/mutations.h"

static const sim_scenario *const scenarios[] = { &sim_scenario_cluster, &sim_scenario_tasks,
                                                 &sim_scenario_log };

static const char usage[] =
    "usage: sim [--scenario NAME] [--seed N | --seeds A..B] [--jobs N] [--trace]\n"
    "           [--mutation NAME | --mutations] [--twice] [--list]\n"
    "  --seed N        one seed in this process, with --trace live on standard error\n"
    "  --seeds A..B    all of these; the first that fails is run again with its trace\n"
    "  --mutation NAME plants a bug; --mutations plants each in turn and wants all to be found\n"
    "  --twice         runs each seed twice: must be the same to the last event\n"
    "exit codes: 0 ok, 1 wrong answer, 2 usage, 3 stall, 4 crash\n";

static int fail_usage(const char *why)
{
    fprintf(stderr, "sim: %s\n%s", why, usage);
    return SIM_USAGE;
}

static const sim_scenario *find_scenario(const char *name)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        if (strcmp(scenarios[i]->name, name) == 0) return scenarios[i];
    return NULL;
}

static int list(void)
{
    for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
        printf("scenario %-12s %s\n", scenarios[i]->name, scenarios[i]->help);
    for (uint32_t i = 0; i < sim_n_mutations; i++)
        printf("mutation %-24s %-8s %s\n", sim_mutations[i].name, sim_mutations[i].scenario->name,
               sim_mutations[i].help);
    for (uint32_t k = 0; k < SIM_FAULT_COUNT; k++)
        printf("fault    %s\n", sim_fault_name((sim_fault_kind)k));
    return SIM_OK;
}

static bool read_u64(const char *text, char **end, uint64_t *out)
{
    *out = strtoull(text, end, 10);
    return *end != text;
}

/* "7" or "1..1000" */
static bool read_range(const char *text, uint64_t *first, uint64_t *last)
{
    char *end;
    if (!read_u64(text, &end, first)) return false;
    *last = *first;
    if (strncmp(end, "..", 2) == 0 && !read_u64(end + 2, &end, last)) return false;
    return *end == 0 && *last >= *first;
}

typedef struct arguments {
    sim_fleet fleet;
    bool all_mutations, lists;
    const char *wrong;
} arguments;

static void read_argument(arguments *a, int c, const char *value)
{
    uint64_t first = 0, last = 0;
    switch (c) {
    case 's':
    case 'r':
        if (!read_range(value, &a->fleet.first, &a->fleet.last)) a->wrong = "which seeds?";
        a->fleet.alone = c == 's';
        break;
    case 'j':
        if (!read_range(value, &first, &last) || first < 1 || first > SIM_FLEET_JOBS_MAX)
            a->wrong = "how many jobs?";
        a->fleet.jobs = (uint32_t)first;
        break;
    case 'n':
        a->fleet.options.scenario = find_scenario(value);
        if (a->fleet.options.scenario == NULL) a->wrong = "no such scenario; see --list";
        break;
    case 'm':
        a->fleet.options.mutation = value;
        if (sim_find_mutation(value) == NULL) a->wrong = "no such mutation; see --list";
        break;
    case 'M': a->all_mutations = true; break;
    case 't': a->fleet.options.trace = a->fleet.options.trace_live = true; break;
    case '2': a->fleet.twice = true; break;
    case 'l': a->lists = true; break;
    default: a->wrong = "not understood";
    }
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        { "seed", 1, NULL, 's' },     { "seeds", 1, NULL, 'r' },    { "jobs", 1, NULL, 'j' },
        { "scenario", 1, NULL, 'n' }, { "mutation", 1, NULL, 'm' }, { "mutations", 0, NULL, 'M' },
        { "trace", 0, NULL, 't' },    { "twice", 0, NULL, '2' },    { "list", 0, NULL, 'l' },
        { NULL, 0, NULL, 0 }
    };
    arguments a = { .fleet = { .first = 1, .last = 100, .jobs = 2, .program = argv[0] } };
    a.fleet.options.scenario = scenarios[0];
    for (int c; (c = getopt_long(argc, argv, "", long_options, NULL)) != -1;)
        read_argument(&a, c, optarg);
    if (a.wrong || optind < argc) return fail_usage(a.wrong ? a.wrong : "too many arguments");
    if (a.lists) return list();
    if (a.all_mutations) return sim_fleet_hunt(&a.fleet);
    if (a.fleet.options.mutation)
        a.fleet.options.scenario = sim_find_mutation(a.fleet.options.mutation)->scenario;
    if (a.fleet.options.trace && !a.fleet.alone) return fail_usage("--trace is for one seed");
    return (int)sim_fleet_run(&a.fleet);
}
