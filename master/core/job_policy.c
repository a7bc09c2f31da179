/* job_policy.c - from settings to limits and strategies. */
#include "master/core/job_policy.h"

#define NS_PER_US INT64_C(1000)

static void override(tide_cluster_settings *settings, const tide_pair *pairs, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        tide_cluster_settings_override(settings, pairs[i].key, pairs[i].value);
}

static int64_t longer(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t limit_ns(int64_t us)
{
    return us ? us * NS_PER_US : INT64_MAX;
}

static tide_restart_config read_restart(const tide_cluster_settings *s)
{
    static const tide_restart_kind kinds[] = {
        [TIDE_RESTART_TYPE_NONE] = TIDE_RESTART_NONE,
        [TIDE_RESTART_TYPE_FIXED_DELAY] = TIDE_RESTART_FIXED_DELAY,
        [TIDE_RESTART_TYPE_EXPONENTIAL_DELAY] = TIDE_RESTART_EXPONENTIAL,
        [TIDE_RESTART_TYPE_FAILURE_RATE] = TIDE_RESTART_FAILURE_RATE,
    };
    bool by_rate = s->restart_type == TIDE_RESTART_TYPE_FAILURE_RATE;
    tide_restart_config config = {
        .kind = kinds[s->restart_type],
        .attempts = s->restart_fixed_attempts,
        .delay_ns = (by_rate ? s->restart_rate_delay_us : s->restart_fixed_delay_us) * NS_PER_US,
        .initial_ns = s->restart_initial_us * NS_PER_US,
        .max_ns = longer(s->restart_max_us, s->restart_initial_us) * NS_PER_US,
        .reset_ns = s->restart_reset_us * NS_PER_US,
        .multiplier = s->restart_multiplier,
        .jitter = s->restart_jitter,
        .failures_max = s->restart_failures_max,
        .interval_ns = s->restart_interval_us * NS_PER_US,
    };
    return tide_restart_check(&config) == TIDE_OK ? config : tide_restart_default();
}

tide_job_policy tide_job_policy_of(const tide_cluster_settings *cluster, const tide_job_spec *spec)
{
    static const tide_placement_policy placements[] = {
        [TIDE_PLACEMENT_SPREAD] = TIDE_PLACE_SPREAD,
        [TIDE_PLACEMENT_PACK] = TIDE_PLACE_PACK,
        [TIDE_PLACEMENT_NEAREST] = TIDE_PLACE_NEAREST,
    };
    tide_cluster_settings settings = *cluster;
    override(&settings, spec->settings_below.items, spec->settings_below.n);
    override(&settings, spec->settings_above.items, spec->settings_above.n);
    return (tide_job_policy){
        .restart = read_restart(&settings),
        .slot_timeout_ns = limit_ns(settings.slot_timeout_us),
        .prepare_timeout_ns = limit_ns(settings.prepare_timeout_us),
        .deploy_timeout_ns = limit_ns(settings.deploy_timeout_us),
        .placement = placements[settings.placement],
    };
}
