/* restart.c - four strategies over one small state. */
#include "scheduler/core/restart.h"

#include <string.h>

#include "base/core/mem.h"
#include "base/core/nearest.h"

#define NS_PER_S 1000000000

struct tide_restart {
    tide_restart_config config;
    tide_random random;
    uint64_t failures; /* FIXED_DELAY: in all; EXPONENTIAL: in a row. */
    int64_t pause_ns, last_ns;
    int64_t *times; /* FAILURE_RATE: a ring of the newest failures_max. */
};

static const struct {
    const char *name;
    tide_restart_kind kind;
} names[] = {
    { "none", TIDE_RESTART_NONE },
    { "fixed-delay", TIDE_RESTART_FIXED_DELAY },
    { "exponential-delay", TIDE_RESTART_EXPONENTIAL },
    { "failure-rate", TIDE_RESTART_FAILURE_RATE },
    { "off", TIDE_RESTART_NONE },
    { "disable", TIDE_RESTART_NONE },
    { "fixeddelay", TIDE_RESTART_FIXED_DELAY },
    { "exponentialdelay", TIDE_RESTART_EXPONENTIAL },
    { "failurerate", TIDE_RESTART_FAILURE_RATE },
};
#define N_NAMES (sizeof names / sizeof *names)

tide_status tide_restart_kind_parse(const char *name, tide_restart_kind *out)
{
    tide_nearest nearest;
    tide_nearest_init(&nearest, name);
    for (uint32_t i = 0; i < N_NAMES; i++) {
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].kind;
            return TIDE_OK;
        }
        tide_nearest_try(&nearest, names[i].name);
    }
    const char *meant = tide_nearest_best(&nearest);
    return tide_fail(TIDE_E_OPTION,
                     "no restart strategy \"%s\"; there are none, fixed-delay, "
                     "exponential-delay, failure-rate%s%s%s",
                     name, meant ? " (did you mean " : "", meant ? meant : "", meant ? "?)" : "");
}

const char *tide_restart_kind_name(tide_restart_kind kind)
{
    for (uint32_t i = 0; i < N_NAMES; i++)
        if (names[i].kind == kind) return names[i].name;
    return "?";
}

tide_restart_config tide_restart_default(void)
{
    return (tide_restart_config){
        .kind = TIDE_RESTART_EXPONENTIAL,
        .attempts = 1,
        .delay_ns = NS_PER_S,
        .initial_ns = NS_PER_S,
        .max_ns = INT64_C(60) * NS_PER_S,
        .reset_ns = INT64_C(3600) * NS_PER_S,
        .multiplier = 1.5,
        .jitter = 0.1,
        .failures_max = 1,
        .interval_ns = INT64_C(60) * NS_PER_S,
    };
}

tide_status tide_restart_check(const tide_restart_config *c)
{
    if (c->delay_ns < 0) return tide_fail(TIDE_E_OPTION, "the delay between restarts is negative");
    if (c->kind == TIDE_RESTART_EXPONENTIAL) {
        if (c->initial_ns < 0 || c->max_ns < c->initial_ns)
            return tide_fail(TIDE_E_OPTION,
                             "exponential-delay: max-backoff is below initial-backoff");
        if (!(c->multiplier >= 1 && c->multiplier <= 1000))
            return tide_fail(TIDE_E_OPTION,
                             "exponential-delay: backoff-multiplier must be at least 1");
        if (!(c->jitter >= 0 && c->jitter < 1))
            return tide_fail(TIDE_E_OPTION, "exponential-delay: jitter-factor must be 0 to 1");
    }
    if (c->kind == TIDE_RESTART_FAILURE_RATE &&
        (c->failures_max < 1 || c->failures_max > TIDE_RESTART_FAILURES_MAX))
        return tide_fail(TIDE_E_OPTION, "failure-rate: max-failures-per-interval must be 1 to %u",
                         TIDE_RESTART_FAILURES_MAX);
    return TIDE_OK;
}

tide_restart *tide_restart_new(const tide_restart_config *config, uint64_t seed)
{
    tide_restart *self = tide_calloc(1, sizeof *self);
    self->config = *config;
    tide_random_init(&self->random, seed, 0);
    if (config->kind == TIDE_RESTART_FAILURE_RATE)
        self->times = tide_calloc(config->failures_max, sizeof *self->times);
    return self;
}

void tide_restart_free(tide_restart **self_p)
{
    if (*self_p == NULL) return;
    tide_free((*self_p)->times);
    tide_free(*self_p);
    *self_p = NULL;
}

static double seconds(int64_t ns)
{
    return (double)ns / NS_PER_S;
}

static bool after_fixed_delay(tide_restart *self, int64_t *delay_ns, tide_bytes *why)
{
    const tide_restart_config *c = &self->config;
    if (self->failures >= c->attempts) {
        tide_bytes_printf(why, "no restart: all %llu of fixed-delay are used up",
                          (unsigned long long)c->attempts);
        return false;
    }
    self->failures++;
    *delay_ns = c->delay_ns;
    tide_bytes_printf(why, "restart %llu of %llu in %.3g s", (unsigned long long)self->failures,
                      (unsigned long long)c->attempts, seconds(*delay_ns));
    return true;
}

static int64_t with_jitter(tide_restart *self, int64_t ns)
{
    double factor = 1 + self->config.jitter * (2 * tide_random_f64(&self->random) - 1);
    return (int64_t)((double)ns * factor);
}

static bool after_exponential_delay(tide_restart *self, int64_t now_ns, int64_t *delay_ns,
                                    tide_bytes *why)
{
    const tide_restart_config *c = &self->config;
    bool anew = self->failures == 0 || now_ns - self->last_ns - self->pause_ns >= c->reset_ns;
    if (anew) self->failures = 0;
    if (c->exponential_attempts && self->failures >= c->exponential_attempts) {
        tide_bytes_printf(why, "no restart: all %llu of exponential-delay are used up",
                          (unsigned long long)c->exponential_attempts);
        return false;
    }
    double grown = (double)self->pause_ns * c->multiplier;
    self->pause_ns =
        anew ? c->initial_ns : (grown < (double)c->max_ns ? (int64_t)grown : c->max_ns);
    self->failures++;
    self->last_ns = now_ns;
    *delay_ns = with_jitter(self, self->pause_ns);
    tide_bytes_printf(why, "restart %llu in %.3g s", (unsigned long long)self->failures,
                      seconds(*delay_ns));
    return true;
}

static bool after_failure_rate(tide_restart *self, int64_t now_ns, int64_t *delay_ns,
                               tide_bytes *why)
{
    const tide_restart_config *c = &self->config;
    int64_t *oldest = &self->times[self->failures % c->failures_max];
    bool too_many = self->failures >= c->failures_max && now_ns - *oldest < c->interval_ns;
    *oldest = now_ns;
    self->failures++;
    if (too_many) {
        tide_bytes_printf(why, "no restart: more than %llu failures in %.3g s",
                          (unsigned long long)c->failures_max, seconds(c->interval_ns));
        return false;
    }
    *delay_ns = c->delay_ns;
    tide_bytes_printf(why, "restart in %.3g s", seconds(*delay_ns));
    return true;
}

bool tide_restart_failed(tide_restart *self, int64_t now_ns, int64_t *delay_ns, tide_bytes *why)
{
    switch (self->config.kind) {
    case TIDE_RESTART_NONE: break;
    case TIDE_RESTART_FIXED_DELAY: return after_fixed_delay(self, delay_ns, why);
    case TIDE_RESTART_EXPONENTIAL: return after_exponential_delay(self, now_ns, delay_ns, why);
    case TIDE_RESTART_FAILURE_RATE: return after_failure_rate(self, now_ns, delay_ns, why);
    }
    tide_bytes_puts(why, "no restart: restart-strategy.type is none");
    return false;
}

uint64_t tide_restart_count(const tide_restart *self)
{
    return self->failures;
}
