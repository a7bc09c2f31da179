/* settings.c - see settings.h; the keys are in settings.def. */
#include "jobapi/plan/settings.h"

#include "jobapi/plan/cluster_settings.h"

/* settings.def's own kinds that are not names of base/core/settings.h. */
#define TIDE_SETTING_MODE TIDE_SETTING_CHOICE
#define TIDE_SETTING_ON_ERROR TIDE_SETTING_SWITCH
#define COUNT_choices ""
#define DURATION_choices ""
#define SIZE_choices ""
#define TEXT_choices ""
#define MODE_choices "automatic|streaming|batch"
#define ON_ERROR_choices "fail|skip"

static const tide_setting_def defs[] = {
#define TIDE_SETTING(key, field, kind, default_value, help)                                        \
    { key,                                                                                         \
      offsetof(tide_job_settings, field),                                                          \
      TIDE_SETTING_##kind,                                                                         \
      kind##_choices,                                                                              \
      true,                                                                                        \
      default_value,                                                                               \
      help },
#define TIDE_SETTING_ALIAS(alias, key)
#include "jobapi/plan/settings.def"
#undef TIDE_SETTING
#undef TIDE_SETTING_ALIAS
};
static const char *const aliases[][2] = {
#define TIDE_SETTING(key, field, kind, default_value, help)
#define TIDE_SETTING_ALIAS(alias, key) { alias, key },
#include "jobapi/plan/settings.def"
#undef TIDE_SETTING
#undef TIDE_SETTING_ALIAS
};

const tide_settings_table tide_job_settings_table = {
    .defs = defs,
    .n = sizeof defs / sizeof *defs,
    .aliases = aliases,
    .n_aliases = sizeof aliases / sizeof *aliases,
};

/* Keys of the cluster that a job may be given are the coordinator's to use: here they are checked
 * only. */
static tide_status check_cluster(const char *key, const char *value)
{
    static const tide_settings_table *const tables[] = { &tide_job_settings_table,
                                                         &tide_cluster_settings_table };
    const tide_setting_def *def = tide_settings_find(&tide_cluster_settings_table, key);
    if (!def) return tide_settings_unknown(tables, 2, key);
    if (!def->per_job)
        return tide_fail(TIDE_E_OPTION,
                         "'%s' is a setting of the cluster's processes, not of a job", def->key);
    tide_cluster_settings ignored;
    return tide_cluster_settings_set(&ignored, key, value);
}

tide_status tide_job_settings_read(tide_job_settings *self, const tide_option *options, uint32_t n,
                                   uint32_t *bad)
{
    *self = (tide_job_settings){ 0 };
    TIDE_TRY(tide_settings_defaults(&tide_job_settings_table, self));
    for (uint32_t i = 0; i < n; i++) {
        if (bad) *bad = i;
        const tide_setting_def *def = tide_settings_find(&tide_job_settings_table, options[i].key);
        if (!def) {
            TIDE_TRY(check_cluster(options[i].key, options[i].value));
            continue;
        }
        tide_status rv = tide_setting_assign(def, self, options[i].value);
        if (rv) return tide_because(rv, "setting '%.100s'", options[i].key);
    }
    return TIDE_OK;
}
