/* settings.c - see settings.h; the keys are in settings.def. */
#include "jobapi/plan/settings.h"

#include <string.h>
#include <strings.h>

#include "base/column/text.h"
#include "base/core/nearest.h"
#include "base/core/units.h"

typedef enum kind { COUNT, DURATION, SIZE, MODE, ON_ERROR, TEXT } kind;

typedef struct setting {
    const char *key;
    size_t field;
    kind kind;
    const char *default_value, *help;
} setting;

static const setting settings[] = {
#define TIDE_SETTING(key, field, kind, default_value, help)                                        \
    { key, offsetof(tide_job_settings, field), kind, default_value, help },
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
#define N_SETTINGS (sizeof settings / sizeof *settings)
#define N_ALIASES (sizeof aliases / sizeof *aliases)

static const setting *find(const char *key);
static tide_status unknown(const char *key);
static tide_status assign(tide_job_settings *self, const setting *s, const char *value);
static tide_status read_count(const char *value, uint64_t *out);
static bool one_of(const char *value, const char *const *names, uint32_t n, uint32_t *out);

tide_status tide_job_settings_read(tide_job_settings *self, const tide_option *options, uint32_t n,
                                   uint32_t *bad)
{
    *self = (tide_job_settings){ 0 };
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (*settings[i].default_value)
            TIDE_TRY(assign(self, &settings[i], settings[i].default_value));
    for (uint32_t i = 0; i < n; i++) {
        if (bad) *bad = i;
        const setting *s = find(options[i].key);
        if (!s) return unknown(options[i].key);
        tide_status rv = assign(self, s, options[i].value);
        if (rv) return tide_because(rv, "setting '%.100s'", options[i].key);
    }
    return TIDE_OK;
}

void tide_job_settings_visit(void (*visit)(void *ctx, const char *key, const char *default_value,
                                           const char *help),
                             void *ctx)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        visit(ctx, settings[i].key, settings[i].default_value, settings[i].help);
}

static const setting *find(const char *key)
{
    for (size_t i = 0; i < N_ALIASES; i++)
        if (strcasecmp(aliases[i][0], key) == 0) key = aliases[i][1];
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcasecmp(settings[i].key, key) == 0) return &settings[i];
    return NULL;
}

static tide_status unknown(const char *key)
{
    tide_nearest near;
    tide_nearest_init(&near, key);
    for (size_t i = 0; i < N_SETTINGS; i++) tide_nearest_try(&near, settings[i].key);
    for (size_t i = 0; i < N_ALIASES; i++) tide_nearest_try(&near, aliases[i][0]);
    const char *best = tide_nearest_best(&near);
    if (!best) return tide_fail(TIDE_E_OPTION, "unknown setting '%.100s'", key);
    return tide_fail(TIDE_E_OPTION, "unknown setting '%.100s', did you mean '%s'?", key, best);
}

static tide_status assign(tide_job_settings *self, const setting *s, const char *value)
{
    static const char *const modes[] = { "automatic", "streaming", "batch" };
    static const char *const policies[] = { "fail", "skip" };
    void *at = (char *)self + s->field;
    uint32_t choice;
    switch (s->kind) {
    case COUNT: return read_count(value, at);
    case DURATION: return tide_duration_parse(value, at);
    case SIZE: return tide_size_parse(value, at);
    case TEXT: *(const char **)at = *value ? value : NULL; return TIDE_OK;
    case MODE:
        if (!one_of(value, modes, 3, &choice))
            return tide_fail(TIDE_E_OPTION, "\"%.60s\" is not automatic, streaming or batch",
                             value);
        *(tide_run_mode *)at = (tide_run_mode)choice;
        return TIDE_OK;
    case ON_ERROR:
        if (!one_of(value, policies, 2, &choice))
            return tide_fail(TIDE_E_OPTION, "\"%.60s\" is not fail or skip", value);
        *(bool *)at = choice == 1;
        return TIDE_OK;
    }
    return TIDE_OK;
}

static tide_status read_count(const char *value, uint64_t *out)
{
    int64_t number;
    if (!tide_parse_i64(value, strlen(value), &number) || number < 1 || number > 32768)
        return tide_fail(TIDE_E_OPTION, "\"%.60s\" is not a whole number from 1 to 32768", value);
    *out = (uint64_t)number;
    return TIDE_OK;
}

static bool one_of(const char *value, const char *const *names, uint32_t n, uint32_t *out)
{
    for (*out = 0; *out < n; ++*out)
        if (strcasecmp(value, names[*out]) == 0) return true;
    return false;
}
