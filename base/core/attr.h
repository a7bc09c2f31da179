/* attr.h - the only place where compiler attributes are spelled out. */
#ifndef TIDE_BASE_CORE_ATTR_H
#define TIDE_BASE_CORE_ATTR_H

#define TIDE_MUST_CHECK __attribute__((warn_unused_result))
#define TIDE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define TIDE_API __attribute__((visibility("default")))
#define TIDE_NORETURN __attribute__((noreturn))
#define TIDE_NOINLINE __attribute__((noinline))
#define TIDE_INLINE static inline __attribute__((always_inline))
#define TIDE_LIKELY(x) __builtin_expect(!!(x), 1)
#define TIDE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TIDE_CACHE_LINE 64
#define TIDE_ALIGNED(n) __attribute__((aligned(n)))

/* A kernel that is compiled once per instruction set and chosen when the program loads. Empty under
 * ThreadSanitizer (its runtime is not ready when the chooser runs) and on other machines. */
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) &&      \
    !defined(__clang__)
#define TIDE_HOT __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define TIDE_HOT
#endif

/* Tells the core that this is a waiting loop. */
static inline void tide_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

#endif
