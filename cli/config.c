/* config.c - settings from file, environment and command line. */
#include "cli/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char environment_prefix[] = "TIDEMILL_";

static void read_environment(tide_config *self, char *const *environment);
static tide_status read_flags(tide_config *self, const tide_args *args);
static tide_status check(const tide_config_layer *layer);

tide_status tide_config_load(tide_config *self, const tide_args *args, char *const *environment)
{
    *self = (tide_config){ .arena = tide_arena_new() };
    tide_status rv = TIDE_OK;
    const char *path = tide_args_value(args, "config", getenv("TIDEMILL_CONFIG"));
    if (path && *path) rv = tide_config_read_yaml(self, path);
    if (rv == TIDE_OK) {
        read_environment(self, environment);
        rv = read_flags(self, args);
    }
    if (rv == TIDE_OK) rv = check(&self->below);
    if (rv == TIDE_OK) rv = check(&self->above);
    if (rv != TIDE_OK) tide_config_fini(self);
    return rv;
}

void tide_config_fini(tide_config *self)
{
    tide_arena_free(&self->arena);
    *self = (tide_config){ 0 };
}

void tide_config_add(tide_config *self, tide_config_layer *layer, const char *key,
                     const char *value, const char *origin)
{
    tide_option option = { .key = tide_arena_strdup(self->arena, key),
                           .value = tide_arena_strdup(self->arena, value),
                           .pos = TIDE_POS_UNKNOWN };
    uint32_t n = layer->n, cap = layer->cap;
    TIDE_PUSH(self->arena, layer->origins, n, cap, tide_arena_strdup(self->arena, origin));
    TIDE_PUSH(self->arena, layer->options, layer->n, layer->cap, option);
}

/* ---- environment ---- */

typedef struct environment_search {
    tide_config *config;
    char *const *environment;
} environment_search;

static const char *find_variable(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

static void look_up(void *ctx, const char *key, const char *default_value, const char *help)
{
    (void)default_value, (void)help;
    environment_search *search = ctx;
    char *name = tide_arena_printf(search->config->arena, "%s%s", environment_prefix, key);
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    const char *value = find_variable(search->environment, name);
    if (value) tide_config_add(search->config, &search->config->below, key, value, name);
}

static void read_environment(tide_config *self, char *const *environment)
{
    environment_search search = { self, environment };
    tide_job_settings_visit(look_up, &search);
}

/* ---- command line ---- */

static tide_status read_flags(tide_config *self, const tide_args *args)
{
    for (uint32_t i = 0; i < args->n_given; i++) {
        const char *name = args->given[i].flag->name, *value = args->given[i].value;
        if (strcmp(name, "parallelism") == 0)
            tide_config_add(self, &self->above, "parallelism.default", value, "--parallelism");
        if (strcmp(name, "set") != 0) continue;
        const char *equals = strchr(value, '=');
        if (!equals || equals == value)
            return tide_fail(TIDE_E_OPTION, "-D takes KEY=VALUE, not \"%s\"", value);
        char *key = tide_arena_strndup(self->arena, value, (size_t)(equals - value));
        tide_config_add(self, &self->above, key, equals + 1, "-D");
    }
    return TIDE_OK;
}

static tide_status check(const tide_config_layer *layer)
{
    tide_job_settings ignored;
    uint32_t bad = 0;
    tide_status rv = tide_job_settings_read(&ignored, layer->options, layer->n, &bad);
    return rv == TIDE_OK ? rv : tide_because(rv, "%s", layer->origins[bad]);
}
