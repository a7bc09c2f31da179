/* settings.c - see settings.h. */
#include "base/core/settings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"
#include "base/core/units.h"

#define NUMBER_MAX ((int64_t)1 << 53) /* Exact in JSON. */

static tide_status read_whole(const char *value, int64_t min, int64_t max, void *at);
static tide_status read_real(const char *value, void *at);
static bool read_choice(const char *choices, const char *value, uint32_t *out);

const tide_setting_def *tide_settings_find(const tide_settings_table *self, const char *key)
{
    for (uint32_t i = 0; i < self->n_aliases; i++)
        if (strcasecmp(self->aliases[i][0], key) == 0) key = self->aliases[i][1];
    for (uint32_t i = 0; i < self->n; i++)
        if (strcasecmp(self->defs[i].key, key) == 0) return &self->defs[i];
    return NULL;
}

tide_status tide_settings_unknown(const tide_settings_table *const *tables, uint32_t n,
                                  const char *key)
{
    tide_nearest near;
    tide_nearest_init(&near, key);
    for (uint32_t t = 0; t < n; t++) {
        for (uint32_t i = 0; i < tables[t]->n; i++) tide_nearest_try(&near, tables[t]->defs[i].key);
        for (uint32_t i = 0; i < tables[t]->n_aliases; i++)
            tide_nearest_try(&near, tables[t]->aliases[i][0]);
    }
    const char *best = tide_nearest_best(&near);
    if (!best) return tide_fail(TIDE_E_OPTION, "unknown setting '%.100s'", key);
    return tide_fail(TIDE_E_OPTION, "unknown setting '%.100s', did you mean '%s'?", key, best);
}

tide_status tide_setting_assign(const tide_setting_def *def, void *to, const char *value)
{
    void *at = (char *)to + def->field;
    uint32_t choice;
    switch (def->kind) {
    case TIDE_SETTING_COUNT: return read_whole(value, 1, 32768, at);
    case TIDE_SETTING_NUMBER: return read_whole(value, 0, NUMBER_MAX, at);
    case TIDE_SETTING_PORT: return read_whole(value, 0, 65535, at);
    case TIDE_SETTING_REAL: return read_real(value, at);
    case TIDE_SETTING_DURATION: return tide_duration_parse(value, at);
    case TIDE_SETTING_SIZE: return tide_size_parse(value, at);
    case TIDE_SETTING_TEXT:
    case TIDE_SETTING_SECRET: *(const char **)at = *value ? value : NULL; return TIDE_OK;
    case TIDE_SETTING_CHOICE:
    case TIDE_SETTING_SWITCH: break;
    }
    if (!read_choice(def->choices, value, &choice)) {
        tide_bytes choices = { 0 };
        tide_setting_type(def, &choices);
        tide_status rv =
            tide_fail(TIDE_E_OPTION, "\"%.60s\" is not %s", value, tide_bytes_text(&choices));
        tide_bytes_fini(&choices);
        return rv;
    }
    if (def->kind == TIDE_SETTING_SWITCH)
        *(bool *)at = choice == 1;
    else
        *(uint32_t *)at = choice; /* Enums of ours are as wide as an int. */
    return TIDE_OK;
}

tide_status tide_settings_defaults(const tide_settings_table *self, void *to)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (*self->defs[i].default_value)
            TIDE_TRY(tide_setting_assign(&self->defs[i], to, self->defs[i].default_value));
    return TIDE_OK;
}

void tide_setting_type(const tide_setting_def *def, tide_bytes *out)
{
    static const char *const names[] = {
        [TIDE_SETTING_COUNT] = "whole number from 1",
        [TIDE_SETTING_NUMBER] = "whole number",
        [TIDE_SETTING_PORT] = "port",
        [TIDE_SETTING_REAL] = "number",
        [TIDE_SETTING_DURATION] = "duration",
        [TIDE_SETTING_SIZE] = "size",
        [TIDE_SETTING_TEXT] = "text",
        [TIDE_SETTING_SECRET] = "secret text",
    };
    if (def->kind != TIDE_SETTING_CHOICE && def->kind != TIDE_SETTING_SWITCH) {
        tide_bytes_puts(out, names[def->kind]);
        return;
    }
    for (const char *c = def->choices; *c; c++) {
        if (*c != '|')
            tide_bytes_putc(out, *c);
        else
            tide_bytes_puts(out, strchr(c + 1, '|') ? ", " : " or ");
    }
}

static tide_status read_whole(const char *value, int64_t min, int64_t max, void *at)
{
    char *end = NULL;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (*value == '\0' || *end != '\0' || errno != 0 || n < min || n > max)
        return tide_fail(TIDE_E_OPTION, "\"%.60s\" is not a whole number from %lld to %lld", value,
                         (long long)min, (long long)max);
    *(uint64_t *)at = (uint64_t)n;
    return TIDE_OK;
}

static tide_status read_real(const char *value, void *at)
{
    char *end = NULL;
    double n = strtod(value, &end);
    if (*value == '\0' || *end != '\0' || !isfinite(n) || n < 0)
        return tide_fail(TIDE_E_OPTION, "\"%.60s\" is not a number of 0 or more", value);
    *(double *)at = n;
    return TIDE_OK;
}

static bool read_choice(const char *choices, const char *value, uint32_t *out)
{
    size_t n = strlen(value);
    *out = 0;
    for (const char *at = choices; n; at = strchr(at, '|') + 1, ++*out) {
        if (strncasecmp(at, value, n) == 0 && (at[n] == '|' || at[n] == '\0')) return true;
        if (!strchr(at, '|')) return false;
    }
    return false;
}
