/* exposition.h - metrics as Prometheus reads them (text format 0.0.4).
 *
 * One metric at a time: _begin, then every value of it. _process reads /proc; the rest is pure. */
#ifndef TIDE_BASE_NET_EXPOSITION_H
#define TIDE_BASE_NET_EXPOSITION_H
#include <stdint.h>

#include "base/core/bytes.h"

#define TIDE_EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef struct tide_exposition_label {
    const char *name, *value;
} tide_exposition_label;

/* type: "counter" or "gauge". */
void tide_exposition_begin(tide_bytes *out, const char *name, const char *type, const char *help);
void tide_exposition_put(tide_bytes *out, const char *name, const tide_exposition_label *labels,
                         uint32_t n_labels, double value);
/* A metric of one value without labels. */
void tide_exposition_single(tide_bytes *out, const char *name, const char *type, const char *help,
                            double value);
/* Memory, CPU time and open files of this process, by the names that Prometheus' own libraries use.
 */
void tide_exposition_process(tide_bytes *out);

#endif
