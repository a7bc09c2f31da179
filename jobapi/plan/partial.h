/* partial.h - can an aggregate be computed in two phases, and what travels between them?
 *
 * Where an aggregate's rows go through an exchange, a PARTIAL node in front of it adds up rows of
 * one group that come close together. It passes rows on as they are on output 0 when that is
 * cheaper, and sends partial results on output 1, which the aggregate takes on port 1. Columns of a
 * partial result:
 *
 *   | keys   | the aggregate's key columns, in key order                                         |
 *   | first, | windowed: event time of its first and last row. They lie in one slice of the      |
 *   |   last | windows; for sessions, every row between has the next one within the gap.         |
 *   | rows   | windowed: how many rows it stands for (BIGINT)                                     |
 *   | states | of each aggregate in order: of min and max the value; of the others the bytes of  |
 *   |        | the state (base/expr/agg.h), eight in a BIGINT                                    |
 *
 * Pure. Nodes are made in the arena given. */
#ifndef TIDE_JOBAPI_PLAN_PARTIAL_H
#define TIDE_JOBAPI_PLAN_PARTIAL_H
#include "jobapi/plan/plan.h"

/* False where the second phase could not tell what the first had seen: input with changes, late
 * rows that are written to a table, windows that rows carry, DISTINCT, aggregates in C. */
bool tide_partial_fits(const tide_node *aggregate);

/* The first phase of an aggregate that fits. */
tide_node *tide_node_partial(tide_arena *arena, const tide_node *aggregate);

typedef struct tide_partial_columns {
    uint32_t first, last, rows; /* Windowed only. */
    uint32_t states;            /* Of the first aggregate. */
} tide_partial_columns;
tide_partial_columns tide_partial_columns_of(const tide_node *aggregate);

/* How many columns the state of an aggregate travels in. */
uint32_t tide_partial_width(const tide_agg *agg);

#endif
