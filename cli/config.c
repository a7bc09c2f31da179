/* config.c - settings from file, environment and command line. */
#include "cli/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/input.h"

static const char environment_prefix[] = "TIDEMILL_";
static const tide_settings_table *const tables[] = { &tide_job_settings_table,
                                                     &tide_cluster_settings_table };

static tide_status read_environment(tide_config *self, char *const *environment);
static tide_status read_flags(tide_config *self, const tide_args *args);
static tide_status check_job(const tide_config_layer *layer);
static tide_status apply_cluster(tide_config *self);

tide_status tide_config_load(tide_config *self, const tide_args *args, char *const *environment)
{
    *self = (tide_config){ .arena = tide_arena_new() };
    tide_status rv = TIDE_OK;
    const char *path = tide_args_value(args, "config", getenv("TIDEMILL_CONFIG"));
    if (path && *path) rv = tide_config_read_yaml(self, path);
    if (rv == TIDE_OK) rv = read_environment(self, environment);
    if (rv == TIDE_OK) rv = read_flags(self, args);
    if (rv == TIDE_OK) rv = check_job(&self->below);
    if (rv == TIDE_OK) rv = check_job(&self->above);
    if (rv == TIDE_OK) rv = apply_cluster(self);
    if (rv != TIDE_OK) tide_config_fini(self);
    return rv;
}

void tide_config_fini(tide_config *self)
{
    tide_arena_free(&self->arena);
    *self = (tide_config){ 0 };
}

static void push(tide_config *self, tide_config_layer *layer, const char *key, const char *value,
                 const char *origin)
{
    tide_option option = { .key = tide_arena_strdup(self->arena, key),
                           .value = tide_arena_strdup(self->arena, value),
                           .pos = TIDE_POS_UNKNOWN };
    uint32_t n = layer->n, cap = layer->cap;
    TIDE_PUSH(self->arena, layer->origins, n, cap, tide_arena_strdup(self->arena, origin));
    TIDE_PUSH(self->arena, layer->options, layer->n, layer->cap, option);
}

tide_status tide_config_add(tide_config *self, tide_config_layer *job_layer, const char *key,
                            const char *value, const char *origin)
{
    const tide_setting_def *cluster = tide_settings_find(&tide_cluster_settings_table, key);
    bool is_of_job = (cluster && cluster->per_job) || tide_settings_find(tables[0], key);
    if (!cluster && !is_of_job)
        return tide_because(tide_settings_unknown(tables, 2, key), "%s", origin);
    if (is_of_job) push(self, job_layer, key, value, origin);
    if (cluster) push(self, &self->processes, key, value, origin);
    return TIDE_OK;
}

/* ---- environment ---- */

const char *tide_config_variable(tide_arena *arena, const char *key)
{
    char *name = tide_arena_printf(arena, "%s%s", environment_prefix, key);
    for (char *c = name; *c; c++)
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    return name;
}

static const char *find_variable(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

static tide_status read_environment(tide_config *self, char *const *environment)
{
    for (uint32_t t = 0; t < 2; t++) {
        for (uint32_t i = 0; i < tables[t]->n; i++) {
            const char *key = tables[t]->defs[i].key;
            const char *name = tide_config_variable(self->arena, key);
            const char *value = find_variable(environment, name);
            if (value) TIDE_TRY(tide_config_add(self, &self->below, key, value, name));
        }
    }
    return TIDE_OK;
}

/* ---- command line ---- */

static tide_status read_set(tide_config *self, const tide_args *args, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value)
        return tide_fail(TIDE_E_OPTION, "-D takes KEY=VALUE, not \"%s\"", value);
    char *key = tide_arena_strndup(self->arena, value, (size_t)(equals - value));
    const tide_setting_def *cluster = tide_settings_find(&tide_cluster_settings_table, key);
    if (cluster && !cluster->per_job && !args->command->is_process)
        return tide_fail(TIDE_E_OPTION,
                         "-D: '%s' is a setting of the cluster's processes: it belongs into their "
                         "file or their environment",
                         cluster->key);
    return tide_config_add(self, &self->above, key, equals + 1, "-D");
}

static tide_status read_flags(tide_config *self, const tide_args *args)
{
    for (uint32_t i = 0; i < args->n_given; i++) {
        const tide_flag *flag = args->given[i].flag;
        const char *value = args->given[i].value;
        if (flag->setting) {
            const char *origin = tide_arena_printf(self->arena, "--%s", flag->name);
            TIDE_TRY(tide_config_add(self, &self->above, flag->setting, value, origin));
        } else if (strcmp(flag->name, "set") == 0) {
            TIDE_TRY(read_set(self, args, value));
        }
    }
    return TIDE_OK;
}

/* ---- what was read ---- */

static tide_status check_job(const tide_config_layer *layer)
{
    tide_job_settings ignored;
    uint32_t bad = 0;
    tide_status rv = tide_job_settings_read(&ignored, layer->options, layer->n, &bad);
    return rv == TIDE_OK ? rv : tide_because(rv, "%s", layer->origins[bad]);
}

static tide_status apply_cluster(tide_config *self)
{
    tide_cluster_settings_init(&self->cluster);
    for (uint32_t i = 0; i < self->processes.n; i++) {
        const tide_option *option = &self->processes.options[i];
        tide_status rv = tide_cluster_settings_set(&self->cluster, option->key, option->value);
        if (rv != TIDE_OK) return tide_because(rv, "%s", self->processes.origins[i]);
    }
    return tide_cluster_settings_check(&self->cluster);
}

tide_status tide_config_read_token(tide_config *self)
{
    const char *path = self->cluster.rest_token_file;
    if (!path || self->cluster.rest_token) return TIDE_OK;
    tide_bytes text = { 0 };
    tide_status rv = tide_input_read(path, &text);
    if (rv != TIDE_OK) return tide_because(rv, "rest.token-file");
    while (text.n && isspace((unsigned char)text.p[text.n - 1])) text.n--;
    const char *token = tide_bytes_text(&text);
    if (text.n == 0 || strcspn(token, " \t\r\n") != text.n)
        rv = tide_fail(TIDE_E_OPTION, "rest.token-file: %s must hold one token and nothing else",
                       path);
    else
        self->cluster.rest_token = tide_arena_strdup(self->arena, token);
    tide_bytes_fini(&text);
    return rv;
}

/* The last of the layer that gives `def`. */
static void look_up(const tide_config_layer *layer, const tide_settings_table *table,
                    tide_config_value *value)
{
    for (uint32_t i = 0; i < layer->n; i++) {
        if (tide_settings_find(table, layer->options[i].key) != value->def) continue;
        value->value = layer->options[i].value;
        value->origin = layer->origins[i];
    }
}

void tide_config_each(const tide_config *self,
                      void (*visit)(void *ctx, const tide_config_value *value), void *ctx)
{
    for (uint32_t t = 0; t < 2; t++) {
        for (uint32_t i = 0; i < tables[t]->n; i++) {
            tide_config_value value = { .def = &tables[t]->defs[i],
                                        .is_of_job = tables[t]->defs[i].per_job,
                                        .value = tables[t]->defs[i].default_value,
                                        .origin = "default" };
            if (t == 0) {
                look_up(&self->below, tables[t], &value);
                look_up(&self->above, tables[t], &value);
            } else {
                look_up(&self->processes, tables[t], &value);
            }
            visit(ctx, &value);
        }
    }
}
