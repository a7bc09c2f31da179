/* scan.h - what a scan node asks of its connector, and what is left to compute behind it.
 *
 * A connector produces physical and metadata columns. Computed columns, and a predicate, become
 * nodes of their own that ordinary operators run right behind the source. Pure; the result lives in
 * the arena. */
#ifndef TIDE_WORKER_CORE_SCAN_H
#define TIDE_WORKER_CORE_SCAN_H
#include "jobapi/plan/plan.h"

typedef struct tide_scan_reading {
    uint32_t n_columns;
    const uint32_t *columns;  /* Table columns to read. */
    const tide_node *project; /* PROJECT over the columns read, or NULL when they are the output. */
    const tide_node *filter;  /* FILTER over the scan's output, or NULL. */
    const tide_expr *watermark; /* Over the columns read, or NULL. */
} tide_scan_reading;

/* want_watermark: read what the table's WATERMARK needs, even if the plan does not. Returns
 * TIDE_E_INVALID when computed columns depend on each other in a circle. */
TIDE_MUST_CHECK tide_status tide_scan_analyse(tide_arena *arena, const tide_node *scan,
                                              bool want_watermark, tide_scan_reading *out);

#endif
