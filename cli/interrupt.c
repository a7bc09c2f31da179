/* interrupt.c - signal handlers. */
#include "cli/interrupt.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cli/exit.h"

static const int stop_signals[] = { SIGINT, SIGTERM };
#define STOP_SIGNALS (sizeof stop_signals / sizeof *stop_signals)

/* Written by the program between jobs, read by the handlers. */
static _Atomic(tide_driver_control *) current;
static _Atomic int times;
static struct sigaction before[STOP_SIGNALS];

static void on_signal(int number)
{
    tide_driver_control *control = atomic_load(&current);
    int nth = atomic_fetch_add(&times, 1) + 1;
    if (number == SIGALRM || nth > 2 || !control) _exit(TIDE_EXIT_INTERRUPTED);
    tide_driver_control_stop(control);
    if (nth == 2) alarm(TIDE_INTERRUPT_GRACE_S);
}

void tide_interrupt_begin(tide_driver_control *control)
{
    atomic_store(&times, 0);
    atomic_store(&current, control);
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < STOP_SIGNALS; i++) sigaction(stop_signals[i], &action, &before[i]);
    sigaction(SIGALRM, &action, NULL);
}

void tide_interrupt_end(void)
{
    alarm(0);
    /* If one came, the process is about to end of it: the next one ends it at once. */
    for (size_t i = 0; i < STOP_SIGNALS && !tide_interrupt_came(); i++)
        sigaction(stop_signals[i], &before[i], NULL);
    atomic_store(&current, NULL);
}

bool tide_interrupt_came(void)
{
    return atomic_load(&times) > 0;
}
