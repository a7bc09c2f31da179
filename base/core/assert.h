/* assert.h - guards against ourselves; they stay on in release builds.
 * Bytes from disk, network or user never reach an assertion: they get a tide_status. */
#ifndef TIDE_BASE_CORE_ASSERT_H
#define TIDE_BASE_CORE_ASSERT_H
#include "base/core/attr.h"

/* Prints the condition and its place to standard error and aborts. */
TIDE_NORETURN void tide_assert_failed(const char *condition, const char *file, int line);

#define tide_assert(condition)                                                                     \
    (TIDE_LIKELY(condition) ? (void)0 : tide_assert_failed(#condition, __FILE__, __LINE__))

/* For checks that cost as much as the work they guard: debug and sanitizer builds only. */
#ifdef TIDE_SLOW_ASSERTS
#define tide_assert_slow(condition) tide_assert(condition)
#else
#define tide_assert_slow(condition) ((void)sizeof(!(condition)))
#endif

#endif
