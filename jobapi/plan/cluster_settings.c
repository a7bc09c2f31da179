/* cluster_settings.c - see cluster_settings.h; the keys are in cluster_settings.def. */
#include "jobapi/plan/cluster_settings.h"

#include "base/core/assert.h"

static const tide_setting_def defs[] = {
#define CLUSTER false
#define JOB true
#define TIDE_CLUSTER_SETTING(key, field, kind, choices, scope, default_value, help)                \
    { key,                                                                                         \
      offsetof(tide_cluster_settings, field),                                                      \
      TIDE_SETTING_##kind,                                                                         \
      choices,                                                                                     \
      scope,                                                                                       \
      default_value,                                                                               \
      help },
#define TIDE_CLUSTER_ALIAS(alias, key)
#include "jobapi/plan/cluster_settings.def"
#undef TIDE_CLUSTER_SETTING
#undef TIDE_CLUSTER_ALIAS
#undef CLUSTER
#undef JOB
};
static const char *const aliases[][2] = {
#define TIDE_CLUSTER_SETTING(key, field, kind, choices, scope, default_value, help)
#define TIDE_CLUSTER_ALIAS(alias, key) { alias, key },
#include "jobapi/plan/cluster_settings.def"
#undef TIDE_CLUSTER_SETTING
#undef TIDE_CLUSTER_ALIAS
};

const tide_settings_table tide_cluster_settings_table = {
    .defs = defs,
    .n = sizeof defs / sizeof *defs,
    .aliases = aliases,
    .n_aliases = sizeof aliases / sizeof *aliases,
};

void tide_cluster_settings_init(tide_cluster_settings *self)
{
    *self = (tide_cluster_settings){ 0 };
    tide_status rv = tide_settings_defaults(&tide_cluster_settings_table, self);
    tide_assert(rv == TIDE_OK);
}

tide_status tide_cluster_settings_set(tide_cluster_settings *self, const char *key,
                                      const char *value)
{
    static const tide_settings_table *const tables[] = { &tide_cluster_settings_table };
    const tide_setting_def *def = tide_settings_find(&tide_cluster_settings_table, key);
    if (!def) return tide_settings_unknown(tables, 1, key);
    tide_status rv = tide_setting_assign(def, self, value);
    return rv == TIDE_OK ? rv : tide_because(rv, "setting '%s'", def->key);
}

void tide_cluster_settings_override(tide_cluster_settings *self, const char *key, const char *value)
{
    const tide_setting_def *def = tide_settings_find(&tide_cluster_settings_table, key);
    tide_cluster_settings changed = *self;
    if (def && def->per_job && tide_setting_assign(def, &changed, value) == TIDE_OK)
        *self = changed;
}

tide_status tide_cluster_settings_check(const tide_cluster_settings *self)
{
    if (self->heartbeat_interval_us <= 0 || self->lease_timeout_us <= 0 ||
        self->control_retry_us <= 0)
        return tide_fail(TIDE_E_OPTION, "heartbeat.interval, control.retry-interval and "
                                        "high-availability.lease-timeout must be longer than 0");
    if (self->heartbeat_timeout_us < 2 * self->heartbeat_interval_us)
        return tide_fail(TIDE_E_OPTION,
                         "heartbeat.timeout must be at least twice heartbeat.interval, or one late "
                         "heartbeat ends a worker");
    if (self->rest_token && self->rest_token_file)
        return tide_fail(TIDE_E_OPTION, "give rest.token or rest.token-file, not both");
    if (self->slots > 1024)
        return tide_fail(TIDE_E_OPTION, "taskmanager.numberOfTaskSlots is at most 1024");
    if (self->restart_multiplier < 1)
        return tide_fail(TIDE_E_OPTION,
                         "restart-strategy.exponential-delay.backoff-multiplier is at least 1");
    if (self->restart_jitter > 1)
        return tide_fail(TIDE_E_OPTION,
                         "restart-strategy.exponential-delay.jitter-factor is at most 1");
    return TIDE_OK;
}
