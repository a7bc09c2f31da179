/* log.h - the one way to tell an operator of the system that something happened.
 *
 * A line is one event, in words that never change, with key=value fields:
 *     tide_log_warn("broker lost", tide_log_str("broker", name), tide_log_int("attempt", n));
 *     2026-03-01T12:00:00.123Z warn  broker lost broker=kafka-1:9092 attempt=3
 * Levels: error, a person must act; warn, recovered; info, a state changed; debug, off.
 * The same warning again within TIDE_LOG_FOLD_NS is counted instead of written, and the count
 * follows on the next line of its kind ("folded=41") or at tide_log_flush. Only warnings are
 * folded: an error needs a person, and of changes of state each counts. A function that returns a
 * failure does not log it as well. Cores never log.
 *
 * Thread safe; takes a lock, so nothing that happens per row or batch may log. */
#ifndef TIDE_BASE_CORE_LOG_H
#define TIDE_BASE_CORE_LOG_H
#include <stdbool.h>
#include <stddef.h>

#include "base/core/clock.h"

typedef enum tide_log_level {
    TIDE_LOG_ERROR,
    TIDE_LOG_WARN,
    TIDE_LOG_INFO,
    TIDE_LOG_DEBUG
} tide_log_level;

#define TIDE_LOG_FOLD_NS INT64_C(10000000000)
#define TIDE_LOG_LINE_MAX 2048 /* Longer lines are cut. */

typedef enum tide_log_kind {
    TIDE_LOG_END,
    TIDE_LOG_TEXT,
    TIDE_LOG_INTEGER,
    TIDE_LOG_REAL
} tide_log_kind;

typedef struct tide_log_field {
    const char *key;
    tide_log_kind kind;
    union {
        const char *text;
        int64_t integer;
        double real;
    };
} tide_log_field;

typedef struct tide_log tide_log;

typedef struct tide_log_config {
    tide_log_level level; /* The least urgent level that is written. */
    tide_clock *clock;    /* NULL: the real one. */
    /* Where lines go: one whole line with its newline per call, never two calls at a time. NULL:
     * standard error. */
    void (*write)(void *ctx, const char *line, size_t bytes);
    void *ctx;
} tide_log_config;

tide_log *tide_log_new(const tide_log_config *config);
void tide_log_free(tide_log **self_p); /* Flushes; must not be the installed one. */

/* The log that the macros below write to, from every thread. Called once at start, by the program;
 * NULL puts back the default (standard error, warnings and errors). Returns the one before, NULL
 * for the default. */
tide_log *tide_log_install(tide_log *self);

/* Writes the counts of folded lines that are still owed. NULL: the installed log. */
void tide_log_flush(tide_log *self);

/* fields end with one of kind TIDE_LOG_END. self NULL: the installed log. `event` is a constant. */
void tide_log_event(tide_log *self, tide_log_level level, const char *event,
                    const tide_log_field *fields);
bool tide_log_wants(const tide_log *self, tide_log_level level);

/* "warn" to TIDE_LOG_WARN; false when it is not the name of a level. */
bool tide_log_level_parse(const char *name, tide_log_level *out);

static inline tide_log_field tide_log_str(const char *key, const char *text)
{
    return (tide_log_field){ .key = key, .kind = TIDE_LOG_TEXT, .text = text };
}
static inline tide_log_field tide_log_int(const char *key, int64_t integer)
{
    return (tide_log_field){ .key = key, .kind = TIDE_LOG_INTEGER, .integer = integer };
}
static inline tide_log_field tide_log_real(const char *key, double real)
{
    return (tide_log_field){ .key = key, .kind = TIDE_LOG_REAL, .real = real };
}

#define TIDE_LOG_AT(level, event, ...)                                                             \
    tide_log_event(NULL, (level), (event),                                                         \
                   (const tide_log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ .kind = TIDE_LOG_END } })
#define tide_log_error(event, ...) TIDE_LOG_AT(TIDE_LOG_ERROR, event, __VA_ARGS__)
#define tide_log_warn(event, ...) TIDE_LOG_AT(TIDE_LOG_WARN, event, __VA_ARGS__)
#define tide_log_info(event, ...) TIDE_LOG_AT(TIDE_LOG_INFO, event, __VA_ARGS__)
#define tide_log_debug(event, ...) TIDE_LOG_AT(TIDE_LOG_DEBUG, event, __VA_ARGS__)

#endif
