/* harness_priv.h - the harness's ends of a job: a connector that a test feeds and reads. */
#ifndef TIDE_CLI_DRIVER_HARNESS_PRIV_H
#define TIDE_CLI_DRIVER_HARNESS_PRIV_H
#include "base/core/bytes.h"
#include "worker/connector/connector.h"

struct tide_harness_source;

/* What one sink wrote. */
typedef struct tide_harness_output {
    const char *table; /* NULL: a print. */
    tide_bytes text, taken;
} tide_harness_output;

typedef struct tide_harness_io {
    struct tide_harness_source **sources; /* Open ones; several may read one table. */
    uint32_t n_sources, cap_sources;
    tide_harness_output *outputs;
    uint32_t n_outputs, cap_outputs;
    bool ended;
} tide_harness_io;

extern const tide_connector tide_harness_connector;

/* Gives a CSV record to every source that reads the table. Returns TIDE_E_NOT_FOUND when none does,
 * TIDE_E_DATA for a record that does not fit. */
TIDE_MUST_CHECK tide_status tide_harness_feed(tide_harness_io *self, const char *table,
                                              const char *csv);
/* What was written to the table since the last call; owned by self until the next. */
const char *tide_harness_take(tide_harness_io *self, const char *table);
void tide_harness_io_fini(tide_harness_io *self);

#endif
