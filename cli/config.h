/* config.h - settings around a job's own and those of the cluster's processes, from file,
 * environment and command line.
 *
 * Precedence, lowest first: built-in defaults, the YAML file (--config, else $TIDEMILL_CONFIG),
 * environment (TIDEMILL_PARALLELISM_DEFAULT is parallelism.default), SET in a job, -D and the flags
 * that stand for a setting. One file configures all: keys of a job (settings.def) and of the
 * cluster (cluster_settings.def) may stand in it side by side; whoever reads it takes what concerns
 * it. A key that neither table knows is an error that names the nearest, also when it stands in the
 * file; other TIDEMILL_* variables are left alone (Kubernetes sets some). Owner: one thread. */
#ifndef TIDE_CLI_CONFIG_H
#define TIDE_CLI_CONFIG_H
#include "base/core/arena.h"
#include "cli/args.h"
#include "jobapi/plan/cluster_settings.h"
#include "jobapi/plan/settings.h"

typedef struct tide_config_layer {
    uint32_t n, cap;
    tide_option *options;
    const char **origins; /* "tidemill.yaml:3", "TIDEMILL_PIPELINE_NAME", "-D". */
} tide_config_layer;

typedef struct tide_config {
    tide_arena *arena;
    tide_config_layer below;       /* Of a job, below its SETs: file, environment. */
    tide_config_layer above;       /* Of a job, above them: command line. */
    tide_config_layer processes;   /* Of the cluster, lowest first. */
    tide_cluster_settings cluster; /* The defaults with `processes` on top. */
} tide_config;

/* Reads all layers but the job's and checks every key and value; `environment` is a NULL-terminated
 * array of NAME=VALUE. `args` is of a command with the flags config and set. -D takes keys of a
 * job; of the cluster only when the command is `is_process`. TIDE_E_OPTION names the origin;
 * TIDE_E_NOT_FOUND and TIDE_E_IO are the file's. On failure there is nothing to free. */
TIDE_MUST_CHECK tide_status tide_config_load(tide_config *self, const tide_args *args,
                                             char *const *environment);
void tide_config_fini(tide_config *self);

/* Puts the content of rest.token-file, when that is set, into cluster.rest_token. Reads the file:
 * TIDE_E_NOT_FOUND, TIDE_E_IO; TIDE_E_OPTION when it is empty or of more than one line. */
TIDE_MUST_CHECK tide_status tide_config_read_token(tide_config *self);

/* One key of either table with where its value comes from. */
typedef struct tide_config_value {
    const tide_setting_def *def;
    bool is_of_job;
    const char *value;  /* "" unset; secrets as they are. */
    const char *origin; /* "default" or as above. */
} tide_config_value;
/* Calls visit for every key of both tables. SETs of a job are not known here. */
void tide_config_each(const tide_config *self,
                      void (*visit)(void *ctx, const tide_config_value *value), void *ctx);
/* The variable of the environment that stands for a key, in the arena. */
const char *tide_config_variable(tide_arena *arena, const char *key);

/* Adds to the layer of a job or to `processes`, by its key. TIDE_E_OPTION for an unknown key. */
TIDE_MUST_CHECK tide_status tide_config_add(tide_config *self, tide_config_layer *job_layer,
                                            const char *key, const char *value, const char *origin);
/* Adds the settings of a YAML file: nested maps are joined by dots. In config_yaml.c. */
TIDE_MUST_CHECK tide_status tide_config_read_yaml(tide_config *self, const char *path);

#endif
