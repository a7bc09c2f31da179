/* remote_priv.h - what the commands that talk to a master share. */
#ifndef TIDE_CLI_REMOTE_PRIV_H
#define TIDE_CLI_REMOTE_PRIV_H
#include <jansson.h>

#include "cli/args.h"
#include "cli/config.h"
#include "cli/exit.h"
#include "cli/table.h"
#include "jobapi/client/client.h"

typedef enum remote_form { REMOTE_TABLE, REMOTE_WIDE, REMOTE_JSON } remote_form;

typedef struct remote {
    tide_config config;
    tide_client *client;
    remote_form form;
} remote;

/* By the flags master, config and output (where the command has it). Anything but TIDE_EXIT_OK was
 * reported and left nothing to free. */
TIDE_MUST_CHECK tide_exit remote_open(remote *self, const tide_args *args);
void remote_close(remote *self);

/* GETs what `path` has as JSON; the caller decref()s it. */
TIDE_MUST_CHECK tide_status remote_get(remote *self, const char *path, json_t **out);
/* The same, for a path made of a format. */
TIDE_MUST_CHECK tide_status remote_getf(remote *self, json_t **out, const char *fmt, ...)
    TIDE_PRINTF(3, 4);

/* Prints the object with -o json. */
tide_exit remote_print_json(json_t *root);
tide_exit remote_print_table(tide_table_text *table);

/* "" and 0 when it is not there. */
const char *remote_text(const json_t *object, const char *key);
int64_t remote_int(const json_t *object, const char *key);
double remote_real(const json_t *object, const char *key);

/* "12 s", "3 min 20 s", "2 h 5 min": at most two units. */
const char *remote_span(int64_t ms, char buf[48]);
/* "2026-03-01 12:00:00" UTC; "-" when it is not after 1970. */
const char *remote_time(int64_t ms, char buf[48]);

/* The masters to ask: --master, $TIDEMILL_MASTER, the state file of a local cluster in ./.tidemill
 * or ~/.tidemill, or 127.0.0.1 with rest.port. In the config's arena. */
const char *remote_masters(tide_config *config, const char *given);

/* A duration given as a flag, in ms. False: a usage error was printed. */
TIDE_MUST_CHECK bool remote_duration(const tide_args *args, const char *flag, int64_t fallback_ms,
                                     int64_t *out);

#endif
