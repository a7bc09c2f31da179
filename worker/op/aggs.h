/* aggs.h - the aggregates of one plan node over states that lie in a table's values.
 *
 * Knows FILTER (WHERE ...) and argument columns; distinct.h narrows the rows of DISTINCT
 * aggregates. Owner: the operator's thread. */
#ifndef TIDE_WORKER_OP_AGGS_H
#define TIDE_WORKER_OP_AGGS_H
#include "checkpoint/state/table.h"
#include "worker/op/op.h"

typedef struct tide_op_aggs {
    uint32_t n;
    const tide_agg_call *calls;
    tide_agg *aggs;
    uint32_t *offsets; /* Of each state in the value. */
    bool *distinct;    /* Takes only new values (min and max need not, as a rule). */
    uint32_t n_sets;   /* Sets of seen values: DISTINCT over one argument and filter shares one. */
    uint32_t *set_of;  /* By aggregate; only where distinct. */
    uint32_t *set_agg; /* By set: the first aggregate of it. */
    bool *counts_set;  /* By set: that is its only aggregate, and counts it. */
    uint32_t *partial_at;    /* Of each: its first column among those of a partial result. */
    uint32_t value_bytes;    /* Offset behind the last state. */
    tide_table_owned *owned; /* For the table's spec: the states that own heap bytes. */
    uint32_t n_owned;
    bool plain;            /* Neither DISTINCT nor FILTER anywhere. */
    bool only_count_star;  /* Nothing but one count(*). */
    bool invertible;       /* All of them. */
    uint8_t **some_values; /* Scratch of a narrowed update. */
    uint16_t *some_rows, *some_at;
} tide_op_aggs;

/* Places the states from `first_offset` on. With `retracting`, min and max count as DISTINCT: they
 * find their next best value in a set. Zeroed storage; call _close even after a failure. */
TIDE_MUST_CHECK tide_status tide_op_aggs_open(tide_op_aggs *self, const tide_node *node,
                                              uint32_t first_offset, bool retracting);
void tide_op_aggs_close(tide_op_aggs *self);

/* Rows of a batch and the values that they go to: row rows[i] (physical) into values[i]. */
typedef struct tide_op_rows {
    const tide_batch *in;
    uint8_t *const *values;
    const uint16_t *rows;
    uint32_t n;
    tide_col *const *partial; /* Rows are partial results (jobapi/plan/partial.h): the columns of
                               * their states. NULL: rows are rows. */
} tide_op_rows;

/* Feeds every aggregate without DISTINCT; `retract` takes the rows away instead, which partial
 * results cannot be. Fails with TIDE_E_OVERFLOW, naming the aggregate. */
TIDE_MUST_CHECK tide_status tide_op_aggs_update(tide_op_aggs *self, const tide_op_rows *at,
                                                bool retract);
/* Feeds one, whatever its FILTER and DISTINCT say. */
TIDE_MUST_CHECK tide_status tide_op_aggs_update_one(tide_op_aggs *self, uint32_t agg,
                                                    const tide_op_rows *at, bool retract);
/* The rows that the FILTER of one lets through, in scratch memory that lives until the next call,
 * and their places in `at` in self->some_at; with `drop_null`, those whose argument is not NULL. */
tide_op_rows tide_op_aggs_narrow(tide_op_aggs *self, uint32_t agg, const tide_op_rows *at,
                                 bool drop_null);

/* Feeds those of `set` with rows whose values were new to it. With `retract`, leaves out those that
 * cannot take values away. */
TIDE_MUST_CHECK tide_status tide_op_aggs_update_set(tide_op_aggs *self, uint32_t set,
                                                    const tide_op_rows *at, bool retract);

/* Feeds one with column `col` of n encoded keys. */
TIDE_MUST_CHECK tide_status tide_op_aggs_feed_keys(tide_op_aggs *self, tide_pool *pool,
                                                   uint32_t agg, const tide_key_spec *spec,
                                                   uint32_t col, const uint8_t *const *keys,
                                                   uint32_t n, uint8_t *value);

/* into += from; into -= from when `invertible`. DISTINCT aggregates are left out: their sets
 * decide. */
TIDE_MUST_CHECK tide_status tide_op_aggs_merge(const tide_op_aggs *self, uint8_t *into,
                                               const uint8_t *from);
TIDE_MUST_CHECK tide_status tide_op_aggs_unmerge(const tide_op_aggs *self, uint8_t *into,
                                                 const uint8_t *from);
/* Writes the states of n values to the columns of a partial result, rows first... */
void tide_op_aggs_partials(const tide_op_aggs *self, const uint8_t *const *values, uint32_t n,
                           tide_colb *cols, uint32_t first);
/* Frees what a value's states own; they are as at the beginning then. */
void tide_op_aggs_drop(const tide_op_aggs *self, uint8_t *value);
/* Writes the results of n values to columns cols[0..self->n), rows first... */
void tide_op_aggs_results(const tide_op_aggs *self, const uint8_t *const *values, uint32_t n,
                          tide_colb *cols, uint32_t first);

#endif
