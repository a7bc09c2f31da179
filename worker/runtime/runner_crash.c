/* runner_crash.c - fatal signals leave a note. */
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include "worker/runtime/altstack.h"
#include "worker/runtime/runner_priv.h"

#define FRAMES_MAX 48

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
#define N_FATAL (sizeof fatal / sizeof *fatal)

/* A handler has no other way to know: set once, before the first slot starts. */
static tide_page *watched;
static struct sigaction before[N_FATAL];

/* Returning repeats the fault (abort raises again), now with what was there before. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    bool is_fault = number == SIGSEGV || number == SIGBUS;
    tide_page_crash(watched, (int32_t)gettid(),
                    is_fault && tide_altstack_is_overflow(info->si_addr));
    void *frames[FRAMES_MAX];
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    for (size_t i = 0; i < N_FATAL; i++)
        if (fatal[i] == number) sigaction(number, &before[i], NULL);
}

void runner_watch_crashes(tide_page *page)
{
    watched = page;
    void *frames[1];
    (void)backtrace(frames, 1); /* Loads what it needs, which a handler could not. */
    struct sigaction action = { .sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < N_FATAL; i++) sigaction(fatal[i], &action, &before[i]);
}
