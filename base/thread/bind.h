/* bind.h - keep the calling thread, and the memory that it touches first, where they belong. */
#ifndef TIDE_BASE_THREAD_BIND_H
#define TIDE_BASE_THREAD_BIND_H
#include <stdbool.h>
#include <stdint.h>

/* Runs the calling thread on one CPU (the system's number; negative: does nothing). False: the
 * system refuses, and the thread runs where it did. */
bool tide_bind_thread(int32_t cpu);
/* New pages of the calling thread come from this NUMA node (the system's number; negative: does
 * nothing) while it has some. False: the system refuses or has no such node. */
bool tide_bind_memory(int32_t node);

#endif
