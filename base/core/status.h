/* status.h - how does a function say that it failed, and why?
 *
 * Everything that can fail returns a tide_status (TIDE_OK is 0) and is TIDE_MUST_CHECK. At the
 * origin: `return tide_fail(TIDE_E_IO, "open %s: %s", path, why);`. On the way up a caller may add
 * what it was about: `return tide_because(rv, "reading split %u", i);`. The texts form a chain, one
 * per thread; a new tide_fail starts a new chain. To carry a failure to another thread, take it
 * (tide_error_take) and raise it there (tide_error_raise).
 * "Try again", "no more input" and the like are results, not failures: they have their own enums.
 */
#ifndef TIDE_BASE_CORE_STATUS_H
#define TIDE_BASE_CORE_STATUS_H
#include <stddef.h>

#include "base/core/attr.h"

typedef enum tide_status {
    TIDE_OK = 0,
#define TIDE_STATUS(name, class, text) TIDE_##name,
#include "base/core/status.def"
#undef TIDE_STATUS
    TIDE_STATUS_COUNT
} tide_status;

typedef enum tide_status_class {
    TIDE_STATUS_CLASS_USER,
    TIDE_STATUS_CLASS_RETRY,
    TIDE_STATUS_CLASS_FATAL
} tide_status_class;

/* Longest chain text kept, in bytes with its final NUL; longer ones are cut with "...". */
#define TIDE_ERROR_TEXT_MAX 4096

/* A failure lifted out of its thread. Plain data: copy it freely. */
typedef struct tide_error {
    tide_status code;
    char text[TIDE_ERROR_TEXT_MAX];
} tide_error;

/* Starts a new chain on this thread and returns `code`. `code` must not be TIDE_OK. */
tide_status tide_fail(tide_status code, const char *fmt, ...) TIDE_PRINTF(2, 3);

/* Puts "<text>: " before the chain's text and returns `code` unchanged. The chain must be that of
 * the failure that returned `code`. */
tide_status tide_because(tide_status code, const char *fmt, ...) TIDE_PRINTF(2, 3);

/* The chain's text of this thread's newest failure; "" when there was none. Valid until the next
 * tide_fail or tide_because on this thread. */
const char *tide_error_text(void);

/* The code of this thread's newest failure; TIDE_OK when there was none. For callers of functions
 * that return a result enum with a "failed" value and leave the reason in the chain. */
tide_status tide_error_code(void);

/* Copies this thread's chain with `code` into *out. */
void tide_error_take(tide_status code, tide_error *out);

/* Makes *err this thread's chain and returns its code. */
tide_status tide_error_raise(const tide_error *err);

const char *tide_status_name(tide_status code);           /* "E_IO"; "OK" for TIDE_OK. */
const char *tide_status_text(tide_status code);           /* "input/output error". */
tide_status_class tide_status_class_of(tide_status code); /* code must not be TIDE_OK. */

/* Returns from the enclosing function when `expr` fails. Use only where nothing is acquired yet. */
#define TIDE_TRY(expr)                                                                             \
    do {                                                                                           \
        tide_status try_rv_ = (expr);                                                              \
        if (TIDE_UNLIKELY(try_rv_ != TIDE_OK)) return try_rv_;                                     \
    } while (0)

#endif
