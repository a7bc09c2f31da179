/* trace.c - the ring of lines. */
#include "tests/sim/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sim_trace_add(sim_trace *self, int64_t now_ns, const char *who, const char *fmt, ...)
{
    if (!self->on) return;
    char *line = self->lines[self->n++ % SIM_TRACE_LINES];
    int n = snprintf(line, SIM_TRACE_COLUMNS - 1, "[%11.6f] %-12s ", (double)now_ns / 1e9, who);
    va_list args;
    va_start(args, fmt);
    vsnprintf(line + n, SIM_TRACE_COLUMNS - 1 - (size_t)n, fmt, args);
    va_end(args);
    n = (int)strlen(line);
    line[n] = '\n';
    line[n + 1] = 0;
    if (self->live) fputs(line, stderr);
}

void sim_trace_dump(const sim_trace *self, int fd)
{
    uint64_t first = self->n > SIM_TRACE_LINES ? self->n - SIM_TRACE_LINES : 0;
    for (uint64_t i = first; i < self->n; i++) {
        const char *line = self->lines[i % SIM_TRACE_LINES];
        if (write(fd, line, strnlen(line, SIM_TRACE_COLUMNS)) < 0) return;
    }
}
