/* trace.h - what happened in the simulated world, as readable lines with virtual time.
 *
 * Off by default: a seed is run again with the trace on when it failed, which gives the same world.
 * On, the newest lines are kept in a ring, which is printed on failure; also from a signal handler
 * when the process under simulation aborts. One thread. */
#ifndef TIDE_TESTS_SIM_TRACE_H
#define TIDE_TESTS_SIM_TRACE_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/attr.h"

#define SIM_TRACE_LINES 600u
#define SIM_TRACE_COLUMNS 240u

typedef struct sim_trace {
    bool on;   /* Keep lines. */
    bool live; /* Print each at once, too. */
    uint64_t n;
    char lines[SIM_TRACE_LINES][SIM_TRACE_COLUMNS];
} sim_trace;

/* "[ 12.345678] who        text" */
void sim_trace_add(sim_trace *self, int64_t now_ns, const char *who, const char *fmt, ...)
    TIDE_PRINTF(4, 5);
/* Writes the kept lines, oldest first. Async-signal-safe. */
void sim_trace_dump(const sim_trace *self, int fd);

#endif
