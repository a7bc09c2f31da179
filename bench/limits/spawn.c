/* spawn.c - what one process takes from exec to its end: wall time, CPU time, peak of memory.
 *
 * A process's peak counts what it was before exec, so the one that forks must be small: an
 * interpreter that starts programs itself would measure itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/limits/limits.h"

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void limits_spawn(char **command)
{
    double began_s = now_s();
    pid_t pid = fork();
    if (pid < 0) limits_fail("cannot fork for", command[0]);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) _exit(126);
        execv(command[0], command);
        _exit(127);
    }
    int status;
    struct rusage usage;
    while (wait4(pid, &status, 0, &usage) < 0)
        if (errno != EINTR) limits_fail("cannot wait for", command[0]);
    double wall_s = now_s() - began_s;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) limits_fail("failed:", command[0]);
    printf("{\"wall_s\":%.6f,\"cpu_s\":%.6f,\"peak_mb\":%.3f}\n", wall_s,
           seconds(usage.ru_utime) + seconds(usage.ru_stime), (double)usage.ru_maxrss / 1024);
}
