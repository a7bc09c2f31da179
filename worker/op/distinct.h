/* distinct.h - the value sets behind count(DISTINCT x) and its like: tables keyed by (group, x).
 *
 * Aggregates over the same argument and FILTER share a set. An owner of groups (an operator, a pane
 * of one) has one table per set. With `counted`, a set knows how often a value is there, so that
 * rows can be taken away, and min and max can find the next best. Sets are updated before the
 * aggregates' states are read, a batch at a time. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_DISTINCT_H
#define TIDE_WORKER_OP_DISTINCT_H
#include "checkpoint/state/set.h"
#include "worker/op/aggs.h"
#include "worker/op/keys.h"

typedef struct tide_op_distinct {
    uint32_t n;         /* Sets: aggs->n_sets. */
    tide_op_keys *keys; /* Of each: the group's columns, then the argument. */
    tide_op_aggs *aggs;
    tide_pool *pool;
    uint32_t key_groups;
    bool counted;
    uint32_t *rows; /* Scratch. */
    uint16_t *fresh, *fresh_rows;
    uint8_t **fresh_values;
} tide_op_distinct;

/* Zeroed storage; call _close even after a failure. `aggs` outlives it. */
TIDE_MUST_CHECK tide_status tide_op_distinct_open(tide_op_distinct *self, const tide_op_env *env,
                                                  const tide_node *node, tide_op_aggs *aggs,
                                                  bool counted);
void tide_op_distinct_close(tide_op_distinct *self);

/* Opens tables[0..self->n), named "<owner>/<set>". */
TIDE_MUST_CHECK tide_status tide_op_distinct_tables(const tide_op_distinct *self,
                                                    tide_state_set *state, const char *owner,
                                                    tide_table **tables);
/* Puts the rows' arguments into the sets, and feeds the DISTINCT aggregates with those that were
 * new; with `retract`, takes them out and away. */
TIDE_MUST_CHECK tide_status tide_op_distinct_update(tide_op_distinct *self,
                                                    tide_table *const *tables,
                                                    const tide_op_rows *at, bool retract);

#endif
