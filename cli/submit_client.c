/* submit_client.c - `tidemill submit --deploy-mode client`: the job's coordinator lives here. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/core/log.h"
#include "base/core/random.h"
#include "cli/driver/client_mode.h"
#include "cli/local_priv.h"
#include "cli/submit_priv.h"

#define UNANSWERED_NS INT64_C(10000000000)

/* Slots are asked for where the settings say; for a local cluster, where its state file says. */
static void choose_masters(tide_cluster_settings *settings, tide_arena *arena)
{
    tide_cluster_settings unset;
    local_cluster local;
    tide_cluster_settings_init(&unset);
    if (strcmp(settings->masters, unset.masters) != 0 || !local_find(&local)) return;
    const char *at = strstr(local.control, "://");
    settings->masters = tide_arena_strdup(arena, at ? at + 3 : local.control);
}

static tide_status map_library(const char *path, tide_proto_bytes *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(errno));
    void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    int why = errno;
    close(fd);
    if (bytes == MAP_FAILED) return tide_fail(TIDE_E_IO, "%s: %s", path, strerror(why));
    *out = (tide_proto_bytes){ bytes, (uint64_t)about.st_size };
    return TIDE_OK;
}

/* The first signal cancels the job, the second gives it up. */
static int watch_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

tide_exit submit_as_client(remote *r, const char *library, tide_job_spec *spec)
{
    char job[TIDE_CLIENT_ID_BYTES], checksum[TIDE_CLIENT_ID_BYTES];
    tide_clock *clock = tide_clock_real();
    tide_random random;
    uint64_t seed = (uint64_t)tide_clock_wall_us(clock) * 1000003 + (uint64_t)getpid();
    tide_random_init(&random, seed, 0);
    snprintf(job, sizeof job, "%016" PRIx64, tide_random_u64(&random) | 1);
    tide_client_mode options = {
        .job = job,
        .spec = spec,
        .settings = &r->config.cluster,
        .clock = clock,
        .random_seed = seed,
        .unanswered_ns = UNANSWERED_NS,
        .cancel_fd = watch_signals(),
    };
    choose_masters(&r->config.cluster, r->config.arena);
    tide_status rv = library ? map_library(library, &options.artifact) : TIDE_OK;
    if (rv == TIDE_OK && library) {
        snprintf(checksum, sizeof checksum, "%016" PRIx64,
                 XXH3_64bits(options.artifact.p, options.artifact.n));
        spec->artifact = checksum;
    }
    tide_exit code = rv == TIDE_OK ? submit_print_id(r, job) : TIDE_EXIT_OK;
    tide_lifecycle end = TIDE_LIFECYCLE_CREATED;
    if (rv == TIDE_OK && code == TIDE_EXIT_OK) rv = tide_client_mode_run(&options, &end);
    if (rv != TIDE_OK) code = tide_exit_report(rv, TIDE_PHASE_RUN);
    if (code == TIDE_EXIT_OK && end != TIDE_LIFECYCLE_FINISHED) code = TIDE_EXIT_INTERRUPTED;
    if (options.artifact.p)
        munmap((void *)(uintptr_t)options.artifact.p, (size_t)options.artifact.n);
    if (options.cancel_fd >= 0) close(options.cancel_fd);
    return code;
}
