/* node.h - how is a plan node made? By these functions only, so that what a node promises about its
 * output (schema, event time, window columns, changes, end) is derived in one place.
 *
 * Nodes live in the arena given; arrays and texts are borrowed (they must live as long). The result
 * may still be given a `uid` or `pos` before it is used as an input. Pure; one thread per arena. */
#ifndef TIDE_JOBAPI_PLAN_NODE_H
#define TIDE_JOBAPI_PLAN_NODE_H
#include "jobapi/plan/plan.h"

/* columns[0..n) of the table; the rowtime is the table's when it is among them. */
tide_node *tide_node_scan(tide_arena *arena, const tide_table *table, const uint32_t *columns,
                          uint32_t n, const tide_expr *filter, bool bounded);
tide_node *tide_node_values(tide_arena *arena, const tide_schema *schema,
                            const tide_value *const *rows, uint32_t n_rows);
tide_node *tide_node_filter(tide_arena *arena, const tide_node *input, const tide_expr *predicate);
/* names[i]: of output column i. */
tide_node *tide_node_project(tide_arena *arena, const tide_node *input,
                             const tide_expr *const *exprs, const char *const *names, uint32_t n);
/* n >= 1 inputs of equal types; the first one names the columns. */
tide_node *tide_node_union(tide_arena *arena, const tide_node *const *inputs, uint32_t n);
/* keys[0..n_keys): PARTITION BY of a SESSION. */
tide_node *tide_node_window(tide_arena *arena, const tide_node *input, const tide_window *window,
                            const uint32_t *keys, uint32_t n_keys);
/* `like` carries the aggregate's members (keys, aggs, window, late, ttl_us, final); nothing else of
 * it is read. */
tide_node *tide_node_aggregate(tide_arena *arena, const tide_node *input, const tide_node *like);
tide_node *tide_node_sort(tide_arena *arena, const tide_node *input, const tide_sort_key *keys,
                          uint32_t n_keys, int64_t limit, int64_t offset);
/* table NULL: print, for a bare SELECT. The input has one column for each that a sink writes. */
tide_node *tide_node_sink(tide_arena *arena, const tide_node *input, const tide_table *table);

/* The same operator over other inputs, whose columns have the same types in the same places. */
const tide_node *tide_node_with_inputs(tide_arena *arena, const tide_node *node,
                                       const tide_node *const *inputs);
/* Columns of the input by their indexes, keeping names: a projection of plain columns. */
tide_node *tide_node_pick(tide_arena *arena, const tide_node *input, const uint32_t *columns,
                          uint32_t n);

/* An expression for column i of the node's output. */
const tide_expr *tide_node_column(tide_arena *arena, const tide_node *node, uint32_t i,
                                  uint32_t pos);
/* The schema's names as an array, for tide_expr_print. */
const char *const *tide_schema_names(tide_arena *arena, const tide_schema *schema);
/* The type of window_start, window_end and window_time for a time column of type t. */
tide_type tide_window_time_type(tide_type t);

#endif
