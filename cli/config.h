/* config.h - which settings does a job start with, and who said so?
 *
 * Weakest first: the table's defaults, a YAML file (--config, else $TIDEMILL_CONFIG), the
 * environment (TIDEMILL_PIPELINE_NAME for pipeline.name), the job's own SET statements, and the
 * command line (-D, -p). A key that no setting has is an error wherever it stands, with the nearest
 * one that exists; only unknown environment variables are let through, since a cluster puts its own
 * TIDEMILL_* there. Owner: one thread. */
#ifndef TIDE_CLI_CONFIG_H
#define TIDE_CLI_CONFIG_H
#include "base/core/arena.h"
#include "cli/args.h"
#include "jobapi/plan/settings.h"

typedef struct tide_config_layer {
    uint32_t n, cap;
    tide_option *options;
    const char **origins; /* "tidemill.yaml:3", "TIDEMILL_PIPELINE_NAME", "-D". */
} tide_config_layer;

typedef struct tide_config {
    tide_arena *arena;
    tide_config_layer below; /* Than the job's SETs: file, environment. */
    tide_config_layer above; /* Command line. */
} tide_config;

/* Reads all layers but the job's and checks every key and value; `environment` is a NULL-terminated
 * array of NAME=VALUE. `args` is of a command with the flags config, set and parallelism.
 * TIDE_E_OPTION names the origin; TIDE_E_NOT_FOUND and TIDE_E_IO are the file's. On failure there
 * is nothing to free. */
TIDE_MUST_CHECK tide_status tide_config_load(tide_config *self, const tide_args *args,
                                             char *const *environment);
void tide_config_fini(tide_config *self);

void tide_config_add(tide_config *self, tide_config_layer *layer, const char *key,
                     const char *value, const char *origin);
/* Adds the settings of a YAML file: nested maps are joined by dots. In config_yaml.c. */
TIDE_MUST_CHECK tide_status tide_config_read_yaml(tide_config *self, const char *path);

#endif
