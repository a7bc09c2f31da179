/* agent_child.c - a runner's process as its agent has it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/core/assert.h"
#include "jobapi/plan/settings.h"
#include "worker/runtime/agent_process_priv.h"

#define DUPLEX_FD 3
#define PAGE_FD 4
#define COPY_BYTES 65536u
#define COPIES_MAX 16u /* At a time: other runners print, too. */

/* ---- start ---- */
/* Descriptors that the child gets, with numbers that its own do not clash with. */
typedef struct gifts {
    int duplex, page, out;
} gifts;

static int above_its_own(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, PAGE_FD + 1);
    close(fd);
    return high;
}

static void close_gifts(gifts *g)
{
    if (g->duplex >= 0) close(g->duplex);
    if (g->page >= 0) close(g->page);
    if (g->out >= 0) close(g->out);
}

static int spawn_with(const char *program, char **argv, const gifts *g, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, g->out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, g->out, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&files, g->duplex, DUPLEX_FD);
    posix_spawn_file_actions_adddup2(&files, g->page, PAGE_FD);
    posix_spawn_file_actions_addclosefrom_np(&files, PAGE_FD + 1);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    /* A group of its own: Ctrl-C at the agent's terminal is the agent's to handle. */
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    int err = posix_spawn(pid, program, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return err;
}

static tide_status spawn(agent_child *self, const agent_child_config *config, const gifts *g)
{
    char duplex[16], page[16], agent[16], memory[32];
    snprintf(duplex, sizeof duplex, "%d", DUPLEX_FD);
    snprintf(page, sizeof page, "%d", PAGE_FD);
    snprintf(agent, sizeof agent, "%d", (int)getpid());
    snprintf(memory, sizeof memory, "%llu", (unsigned long long)config->memory_bytes);
    const char *argv[] = { "tidemill",
                           "runner",
                           duplex,
                           page,
                           agent,
                           memory,
                           config->serves_metrics ? "1" : "0",
                           config->data_host,
                           config->ipc_folder,
                           NULL };
    int err = spawn_with(config->program, (char **)(uintptr_t)argv, g, &self->pid);
    if (err != 0) return tide_fail(TIDE_E_IO, "start %s: %s", config->program, strerror(err));
    self->pidfd = pidfd_open(self->pid, 0);
    if (self->pidfd >= 0) return TIDE_OK;
    err = errno;
    kill(self->pid, SIGKILL);
    waitpid(self->pid, NULL, 0);
    return tide_fail(TIDE_E_IO, "watch process %d: %s", (int)self->pid, strerror(err));
}

static tide_status make_page(agent_child *self, const agent_child_config *config, int *fd)
{
    uint32_t n = config->start->slots.n;
    TIDE_TRY(tide_page_create(n, &self->page, fd));
    for (uint32_t i = 0; i < n; i++) {
        const tide_slot_info *slot = &config->slots[config->start->slots.items[i].local];
        tide_page_set_core(self->page, i, (int32_t)slot->cpu, (int32_t)slot->numa);
    }
    /* Until the job says otherwise: its plan may be user code as well. */
    tide_job_settings defaults;
    TIDE_TRY(tide_job_settings_read(&defaults, NULL, 0, NULL));
    tide_page_set_stuck_timeout(self->page, defaults.stuck_timeout_us);
    self->n_marks = n + 1;
    self->seen = tide_calloc(self->n_marks, sizeof *self->seen);
    return TIDE_OK;
}

static tide_status make_gifts(agent_child *self, const agent_child_config *config, gifts *g)
{
    int pair[2], out[2];
    TIDE_TRY(make_page(self, config, &g->page));
    g->page = above_its_own(g->page);
    TIDE_TRY(tide_duplex_make(pair));
    self->duplex = tide_duplex_new(pair[0]);
    g->duplex = above_its_own(pair[1]);
    if (pipe2(out, O_CLOEXEC) != 0) return tide_fail(TIDE_E_IO, "pipe: %s", strerror(errno));
    self->out_fd = out[0];
    fcntl(self->out_fd, F_SETFL, O_NONBLOCK);
    g->out = above_its_own(out[1]);
    if (g->page >= 0 && g->duplex >= 0 && g->out >= 0) return TIDE_OK;
    return tide_fail(TIDE_E_IO, "descriptors: %s", strerror(errno));
}

tide_status agent_child_start(const agent_child_config *config, agent_child **out)
{
    agent_child *self = tide_calloc(1, sizeof *self);
    self->runner = config->runner;
    self->memory_bytes = config->memory_bytes;
    self->pidfd = self->out_fd = -1;
    gifts g = { -1, -1, -1 };
    tide_status rv =
        tide_joblog_is_job(config->start->job)
            ? tide_joblog_open(config->logs, config->start->job, TIDE_JOBLOG_BYTES_MAX, &self->log)
            : tide_fail(TIDE_E_INVALID, "\"%.40s\" is no job", config->start->job);
    if (rv == TIDE_OK) rv = make_gifts(self, config, &g);
    if (rv == TIDE_OK) rv = spawn(self, config, &g);
    close_gifts(&g);
    *out = self;
    if (rv != TIDE_OK) agent_child_free(out);
    return rv;
}

void agent_child_free(agent_child **self_p)
{
    agent_child *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    if (self->pidfd >= 0) close(self->pidfd);
    if (self->out_fd >= 0) close(self->out_fd);
    tide_duplex_free(&self->duplex);
    tide_page_close(&self->page);
    tide_joblog_close(&self->log);
    tide_free(self->seen);
    tide_free(self);
}

/* Has it begun to end? Its connections are closed, so that others know, some time before it can be
 * waited for. The flags in /proc are the kernel's PF_*. */
static bool is_ending(const agent_child *self)
{
    enum { EXITING = 0x4 };
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)self->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return true; /* Gone. */
    text[n] = '\0';
    const char *behind_name = strrchr(text, ')');
    unsigned flags = 0;
    return behind_name && sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %u", &flags) == 1 &&
           (flags & EXITING) != 0;
}

void agent_child_kill(agent_child *self)
{
    if (!self->was_killed) self->was_dying = is_ending(self);
    self->was_killed = true;
    kill(self->pid, SIGKILL);
}

void agent_child_copy_output(agent_child *self)
{
    char buf[COPY_BYTES];
    for (unsigned i = 0; self->out_fd >= 0 && i < COPIES_MAX; i++) {
        ssize_t n = read(self->out_fd, buf, sizeof buf);
        if (n > 0) tide_joblog_put(self->log, buf, (size_t)n);
        if (n < 0 && errno != EINTR) return;
        if (n != 0) continue;
        close(self->out_fd);
        self->out_fd = -1;
    }
}

/* ---- where it is ---- */
static uint64_t progress_of(const tide_mark *mark)
{
    return atomic_load_explicit(&mark->progress, memory_order_relaxed);
}

tide_agent_progress agent_child_progress(agent_child *self, tide_arena *arena)
{
    tide_agent_slot_progress *slots = TIDE_NEW_N(arena, tide_agent_slot_progress, self->n_marks);
    const tide_mark *marks = tide_page_marks(self->page);
    for (uint32_t i = 0; i < self->n_marks; i++) {
        slots[i].progress = self->seen[i] = progress_of(&marks[i]);
        slots[i].busy = atomic_load_explicit(&marks[i].busy, memory_order_relaxed) != 0;
    }
    return (tide_agent_progress){ .n = self->n_marks,
                                  .slots = slots,
                                  .stuck_timeout_ns = tide_page_stuck_timeout(self->page) * 1000 };
}

/* The thread that died: it left a note, or it stands in a callback longest. -1: nobody knows. */
static int32_t find_culprit(const agent_child *self)
{
    int32_t noted = tide_page_crashed(self->page), busy = -1;
    if (noted >= 0) return noted;
    const tide_mark *marks = tide_page_marks(self->page);
    for (uint32_t i = 0; i < self->n_marks; i++) {
        if (atomic_load_explicit(&marks[i].busy, memory_order_relaxed) == 0) continue;
        if (progress_of(&marks[i]) == self->seen[i]) return (int32_t)i;
        if (busy < 0) busy = (int32_t)i;
    }
    return busy;
}

/* ---- the end ---- */
static void name_operator(const agent_child *self, tide_arena *arena, tide_failure *f)
{
    int32_t i = find_culprit(self);
    if (i < 0) return;
    const tide_mark *mark = &tide_page_marks(self->page)[i];
    uint32_t vertex = atomic_load(&mark->vertex);
    if ((uint32_t)i + 1 == self->n_marks) {
        f->text = tide_arena_printf(arena, "%s while the job was planned", f->text);
        return;
    }
    if (vertex == 0) return;
    char name[TIDE_PAGE_NAME_BYTES];
    tide_page_name(self->page, vertex - 1, name);
    f->operator= tide_arena_strdup(arena, name);
    f->batch = atomic_load(&mark->batch);
}

/* Whoever runs into a limit rarely says so. The limit is of what is mapped, of which allocators
 * leave some untouched. */
static void tell_memory(const agent_child *self, uint64_t peak, tide_arena *arena, tide_failure *f)
{
    if (self->memory_bytes == 0 || peak < self->memory_bytes / 2) return;
    f->text = tide_arena_printf(arena,
                                "%s; it had used %llu of its %llu MiB of memory "
                                "(taskmanager.memory.process.size)",
                                f->text, (unsigned long long)(peak >> 20),
                                (unsigned long long)(self->memory_bytes >> 20));
}

tide_failure agent_child_wait(agent_child *self, tide_arena *arena)
{
    int status = 0;
    struct rusage usage = { 0 };
    pid_t pid;
    do pid = wait4(self->pid, &status, 0, &usage);
    while (pid < 0 && errno == EINTR);
    tide_assert(pid == self->pid);
    tide_failure f = { .code = TIDE_OK, .text = "", .operator= "" };
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return f;
    f.code = TIDE_E_CRASHED;
    if (WIFEXITED(status)) {
        f.exit_code = WEXITSTATUS(status);
        f.text = tide_arena_printf(arena, "the runner ended with exit code %d", (int)f.exit_code);
    } else {
        f.signal = WTERMSIG(status);
        f.text = tide_arena_printf(arena, "the runner was killed by signal %d (%s%s)",
                                   (int)f.signal, strsignal((int)f.signal),
                                   tide_page_overflowed(self->page) ? ": stack overflow" : "");
    }
    name_operator(self, arena, &f);
    tell_memory(self, (uint64_t)usage.ru_maxrss << 10, arena, &f);
    return f;
}
