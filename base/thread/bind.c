/* bind.c - affinity and memory policy of one thread. */
#include "base/thread/bind.h"

#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NODES_MAX 1024
#define WORD_BITS (8 * sizeof(unsigned long))

bool tide_bind_thread(int32_t cpu)
{
    if (cpu < 0) return true;
    if (cpu >= CPU_SETSIZE) return false;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return pthread_setaffinity_np(pthread_self(), sizeof set, &set) == 0;
}

/* libnuma would be a package more for one system call. */
bool tide_bind_memory(int32_t node)
{
    if (node < 0) return true;
    if (node >= NODES_MAX) return false;
    unsigned long mask[NODES_MAX / WORD_BITS] = { 0 };
    mask[(uint32_t)node / WORD_BITS] = 1ul << ((uint32_t)node % WORD_BITS);
    /* PREFERRED and not BIND: a full node must not end the process. */
    return syscall(SYS_set_mempolicy, MPOL_PREFERRED, mask, (unsigned long)NODES_MAX) == 0;
}
