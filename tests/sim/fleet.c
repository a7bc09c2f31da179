/* fleet.c - forks, collects, prints. */
#include "tests/sim/fleet.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "base/core/clock.h"
#include "tests/sim/mutations.h"

#define FAILURES_SHOWN 5u
#define SEED_CPU_SECONDS 120

/* What a worker writes: before a seed (done 0) and after it. */
typedef struct report {
    uint64_t seed;
    bool done;
    sim_result result;
} report;

typedef struct worker {
    pid_t pid;
    int fd;
    uint64_t next, running;
    bool busy;
    size_t n; /* Bytes of the report so far. */
    report report;
} worker;

/* ---- in a worker ---- */
static void on_crash(int signal_number)
{
    sim_dump_trace();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void run_once(const sim_fleet *fleet, uint64_t seed, sim_result *result)
{
    sim_run(&fleet->options, seed, result);
    if (!fleet->twice || result->verdict != SIM_OK) return;
    sim_result again;
    sim_run(&fleet->options, seed, &again);
    if (again.hash == result->hash && again.events == result->events) return;
    result->verdict = SIM_WRONG;
    snprintf(result->why, sizeof result->why,
             "not deterministic: %" PRIu64 " events, then %" PRIu64, result->events, again.events);
}

static void put_report(int fd, const report *r)
{
    /* Below PIPE_BUF, so that it is whole. */
    _Static_assert(sizeof *r <= 4096, "a report fits a pipe's atomic write");
    if (write(fd, r, sizeof *r) != (ssize_t)sizeof *r) _exit(SIM_CRASHED);
}

static void limit_seed(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    struct rlimit limit;
    getrlimit(RLIMIT_CPU, &limit);
    limit.rlim_cur = (rlim_t)used.ru_utime.tv_sec + SEED_CPU_SECONDS;
    setrlimit(RLIMIT_CPU, &limit); /* The hard one stays: it cannot be raised again. */
}

static void work(const sim_fleet *fleet, uint64_t from, int fd)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
    if (!fleet->options.trace && freopen("/dev/null", "w", stderr) == NULL) _exit(SIM_CRASHED);
    for (uint64_t seed = from; seed <= fleet->last; seed += fleet->jobs) {
        report r = { .seed = seed };
        put_report(fd, &r);
        limit_seed();
        run_once(fleet, seed, &r.result);
        r.done = true;
        put_report(fd, &r);
    }
    exit(0); /* With what a sanitizer has to say about leaks. */
}

/* ---- in the parent ---- */
static void start_worker(const sim_fleet *fleet, worker *w)
{
    int fds[2];
    if (pipe(fds) != 0) {
        perror("sim: pipe");
        exit(SIM_CRASHED);
    }
    fflush(NULL);
    w->pid = fork();
    tide_assert(w->pid >= 0);
    if (w->pid == 0) {
        close(fds[0]);
        work(fleet, w->next, fds[1]);
    }
    close(fds[1]);
    w->fd = fds[0];
    w->busy = false;
    w->n = 0;
}

static void print_replay(const sim_fleet *fleet, uint64_t seed)
{
    printf("  replay: %s --scenario %s%s%s --seed %" PRIu64 " --trace\n", fleet->program,
           fleet->options.scenario->name, fleet->options.mutation ? " --mutation " : "",
           fleet->options.mutation ? fleet->options.mutation : "", seed);
}

static void add(const sim_fleet *fleet, sim_tally *tally, const report *r)
{
    const sim_result *result = &r->result;
    tally->seeds++;
    tally->events += result->events;
    tally->frames += result->frames;
    tally->rows += result->rows;
    for (uint32_t k = 0; k < SIM_FAULT_COUNT; k++) tally->faults[k] += result->faults[k];
    tally->virtual_ns += result->virtual_ns;
    if (result->verdict == SIM_OK) return;
    if (tally->failed++ == 0 || r->seed < tally->first_failed) {
        tally->first_failed = r->seed;
        tally->first_result = *result;
    }
    if (result->verdict > tally->verdict) tally->verdict = result->verdict;
    if (fleet->quiet || tally->failed > FAILURES_SHOWN) return;
    printf("seed %" PRIu64 ": %s: %s\n", r->seed, sim_verdict_name(result->verdict), result->why);
    print_replay(fleet, r->seed);
    fflush(stdout);
}

/* The worker's pipe ended: it is finished, or died in a seed. True: begin again behind that. */
static bool has_died(const sim_fleet *fleet, sim_tally *tally, worker *w)
{
    int status;
    waitpid(w->pid, &status, 0);
    close(w->fd);
    w->fd = -1;
    bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!w->busy && ended_well) return false;
    report r = { .seed = w->running, .result = { .verdict = SIM_CRASHED } };
    snprintf(r.result.why, sizeof r.result.why, "%s",
             WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "the process ended");
    add(fleet, tally, &r);
    w->next = w->running + fleet->jobs;
    return w->next <= fleet->last;
}

static void read_worker(const sim_fleet *fleet, sim_tally *tally, worker *w)
{
    ssize_t n = read(w->fd, (char *)&w->report + w->n, sizeof w->report - w->n);
    if (n <= 0) {
        if (has_died(fleet, tally, w)) start_worker(fleet, w);
        return;
    }
    w->n += (size_t)n;
    if (w->n < sizeof w->report) return;
    w->n = 0;
    w->busy = !w->report.done;
    w->running = w->report.seed;
    if (w->report.done) add(fleet, tally, &w->report);
}

static void end_worker(worker *w)
{
    if (w->fd < 0) return;
    kill(w->pid, SIGKILL);
    waitpid(w->pid, NULL, 0);
    close(w->fd);
    w->fd = -1;
}

static void run_workers(const sim_fleet *fleet, sim_tally *tally)
{
    worker workers[SIM_FLEET_JOBS_MAX] = { { 0 } };
    for (uint32_t i = 0; i < fleet->jobs; i++) {
        workers[i] = (worker){ .fd = -1, .next = fleet->first + i };
        if (workers[i].next <= fleet->last) start_worker(fleet, &workers[i]);
    }
    for (;;) {
        struct pollfd fds[SIM_FLEET_JOBS_MAX];
        uint32_t n_open = 0;
        for (uint32_t i = 0; i < fleet->jobs; i++) {
            fds[i] = (struct pollfd){ .fd = workers[i].fd, .events = POLLIN };
            n_open += workers[i].fd >= 0;
        }
        if (n_open == 0) break;
        poll(fds, fleet->jobs, -1);
        for (uint32_t i = 0; i < fleet->jobs; i++)
            if (fds[i].revents) read_worker(fleet, tally, &workers[i]);
        if (fleet->stops_at_failure && tally->failed) break;
    }
    for (uint32_t i = 0; i < fleet->jobs; i++) end_worker(&workers[i]);
}

static int64_t real_now_ns(void)
{
    return tide_clock_now_ns(tide_clock_real());
}

static void tally_all(const sim_fleet *fleet, sim_tally *tally)
{
    int64_t began = real_now_ns();
    run_workers(fleet, tally);
    tally->real_ns = real_now_ns() - began;
}

static void print_figures(const sim_fleet *fleet, const sim_tally *t)
{
    double real_s = (double)t->real_ns / 1e9, virtual_s = (double)t->virtual_ns / 1e9;
    printf("%s: %" PRIu64 " seeds, %" PRIu64 " failed; %.0f virtual s in %.1f s on %u processes: "
           "%.0f times real time, %.0f seeds a minute\n",
           fleet->options.scenario->name, t->seeds, t->failed, virtual_s, real_s, fleet->jobs,
           virtual_s / real_s, (double)t->seeds / real_s * 60);
    double n = t->seeds ? (double)t->seeds : 1;
    printf("a seed: %.0f events, %.0f frames, %.0f rows; faults in all:", (double)t->events / n,
           (double)t->frames / n, (double)t->rows / n);
    for (uint32_t k = 0; k < SIM_FAULT_COUNT; k++)
        if (t->faults[k])
            printf(" %" PRIu64 " %s", t->faults[k], sim_fault_name((sim_fault_kind)k));
    printf("\n");
}

/* Again, with the trace on, in a process that may die. */
static void show_trace(const sim_fleet *fleet, uint64_t seed)
{
    printf("the end of seed %" PRIu64 ":\n", seed);
    fflush(NULL);
    pid_t pid = fork();
    tide_assert(pid >= 0);
    if (pid == 0) {
        dup2(1, 2);
        sim_options options = fleet->options;
        options.trace = true;
        signal(SIGABRT, on_crash);
        signal(SIGSEGV, on_crash);
        sim_result result;
        sim_run(&options, seed, &result);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

static sim_verdict run_alone(const sim_fleet *fleet)
{
    sim_verdict verdict = SIM_OK;
    for (uint64_t seed = fleet->first; seed <= fleet->last; seed++) {
        sim_result result;
        run_once(fleet, seed, &result);
        printf("seed %" PRIu64 ": %s%s%s; %.1f virtual s, %u faults of %u kinds, %" PRIu64
               " events, %" PRIu64 " rows, hash %016" PRIx64 "\n",
               seed, sim_verdict_name(result.verdict), result.verdict ? ": " : "", result.why,
               (double)result.virtual_ns / 1e9, result.n_faults, result.n_fault_kinds,
               result.events, result.rows, result.hash);
        if (result.verdict > verdict) verdict = result.verdict;
    }
    return verdict;
}

sim_verdict sim_fleet_run(const sim_fleet *fleet)
{
    if (fleet->alone) return run_alone(fleet);
    sim_tally tally = { 0 };
    tally_all(fleet, &tally);
    if (tally.failed) show_trace(fleet, tally.first_failed);
    if (tally.failed) {
        printf("first of %" PRIu64 " failed seeds: %" PRIu64 ": %s: %s\n", tally.failed,
               tally.first_failed, sim_verdict_name(tally.first_result.verdict),
               tally.first_result.why);
        print_replay(fleet, tally.first_failed);
    }
    print_figures(fleet, &tally);
    return tally.verdict;
}

int sim_fleet_hunt(const sim_fleet *fleet)
{
    uint32_t missed = 0;
    for (uint32_t i = 0; i < sim_n_mutations; i++) {
        const sim_mutation *m = &sim_mutations[i];
        sim_fleet hunt = *fleet;
        hunt.options.scenario = m->scenario;
        hunt.options.mutation = m->name;
        hunt.first = 1;
        hunt.last = m->seeds;
        hunt.stops_at_failure = hunt.quiet = true;
        sim_tally tally = { 0 };
        tally_all(&hunt, &tally);
        missed += tally.failed == 0;
        if (tally.failed)
            printf("%-24s found at seed %" PRIu64 ": %s: %s\n", m->name, tally.first_failed,
                   sim_verdict_name(tally.first_result.verdict), tally.first_result.why);
        else
            printf("%-24s MISSED in %u seeds: %s\n", m->name, m->seeds, m->help);
        fflush(stdout);
    }
    printf("%u mutations, %u missed\n", sim_n_mutations, missed);
    return missed ? SIM_WRONG : SIM_OK;
}
