/* restart.h - shall a failed job begin another attempt, and when?
 *
 * Pure; randomness from a seed. The strategies and their settings are Flink's (restart-strategy.*):
 * NONE; FIXED_DELAY, so many times; EXPONENTIAL, a pause that grows with every failure, has jitter,
 * and begins anew after a time without any; FAILURE_RATE, as long as failures are rare enough. */
#ifndef TIDE_SCHEDULER_CORE_RESTART_H
#define TIDE_SCHEDULER_CORE_RESTART_H
#include <stdbool.h>
#include <stdint.h>

#include "base/core/bytes.h"
#include "base/core/random.h"
#include "base/core/status.h"

typedef enum tide_restart_kind {
    TIDE_RESTART_NONE,
    TIDE_RESTART_FIXED_DELAY,
    TIDE_RESTART_EXPONENTIAL,
    TIDE_RESTART_FAILURE_RATE
} tide_restart_kind;

typedef struct tide_restart_config {
    tide_restart_kind kind;
    uint64_t attempts;                    /* FIXED_DELAY: restarts at most. */
    int64_t delay_ns;                     /* FIXED_DELAY, FAILURE_RATE: the pause. */
    int64_t initial_ns, max_ns, reset_ns; /* EXPONENTIAL */
    double multiplier, jitter;            /* EXPONENTIAL; jitter 0.1: up to 10 % either way. */
    uint64_t exponential_attempts;        /* EXPONENTIAL: in a row at most; 0 no limit. */
    uint64_t failures_max;                /* FAILURE_RATE: in any interval. */
    int64_t interval_ns;                  /* FAILURE_RATE */
} tide_restart_config;

/* Flink's names: "none" (also "off", "disable"), "fixed-delay", "exponential-delay",
 * "failure-rate". TIDE_E_OPTION names the nearest. */
TIDE_MUST_CHECK tide_status tide_restart_kind_parse(const char *name, tide_restart_kind *out);
const char *tide_restart_kind_name(tide_restart_kind kind);
/* Exponential from 1 s to 60 s, factor 1.5, jitter 0.1, anew after an hour: Flink's default. */
tide_restart_config tide_restart_default(void);
/* TIDE_E_OPTION names the first member that makes no sense. */
TIDE_MUST_CHECK tide_status tide_restart_check(const tide_restart_config *config);

#define TIDE_RESTART_FAILURES_MAX 1024u /* Limit of failures_max: their times are remembered. */

typedef struct tide_restart tide_restart;
/* `config` was checked. */
tide_restart *tide_restart_new(const tide_restart_config *config, uint64_t seed);
void tide_restart_free(tide_restart **self_p);
/* An attempt failed. True: begin the next one *delay_ns from now. False: give up. Either way the
 * reason is appended to *why ("restart 2 of 3 in 10 s"). */
bool tide_restart_failed(tide_restart *self, int64_t now_ns, int64_t *delay_ns, tide_bytes *why);
/* Restarts that it granted and still counts: with the newest one, and since it began anew. Asked
 * again about the failures of an earlier life, in order, it counts as it did then. */
uint64_t tide_restart_count(const tide_restart *self);

#endif
