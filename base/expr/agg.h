/* agg.h - aggregate functions: their types, the bytes they keep per group, and their kernels.
 *
 * A group's accumulators lie in one block of memory (a keyed table's row); each aggregate owns
 * state_bytes (a multiple of 8) at a state offset that the operator chose. All-zero bytes are the
 * initial value of every aggregate, so new rows need no init. Pure kernels over plain memory; any
 * thread. count(DISTINCT) is an operator's business (a second table); here its state is a plain
 * count. */
#ifndef TIDE_BASE_EXPR_AGG_H
#define TIDE_BASE_EXPR_AGG_H
#include "base/column/batch.h"
#include "base/core/arena.h"

typedef enum tide_agg_kind {
    TIDE_AGG_COUNT_STAR,
    TIDE_AGG_COUNT,
    TIDE_AGG_SUM,
    TIDE_AGG_MIN,
    TIDE_AGG_MAX,
    TIDE_AGG_AVG,
    TIDE_AGG_USER, /* C callbacks; see jobapi. */
    TIDE_AGG_KIND_COUNT
} tide_agg_kind;

/* Returns TIDE_E_BIND for an unknown aggregate. "count" without argument gives COUNT_STAR. */
bool tide_agg_exists(const char *name);
TIDE_MUST_CHECK tide_status tide_agg_resolve(const char *name, bool has_arg, tide_type arg,
                                             tide_agg_kind *kind_out, tide_type *result_out);

/* One aggregate, resolved to kernels for its argument type. */
typedef struct tide_agg tide_agg;

/* What can be done with a state that owns heap bytes, by whoever keeps it. A constant: it outlives
 * all. */
typedef struct tide_agg_heap {
    void (*drop)(uint8_t *state); /* Frees, and leaves the initial state. */
    uint32_t (*saved_bytes)(const uint8_t *state);
    void (*save)(const uint8_t *state, uint8_t *to); /* saved_bytes of them. */
    /* Makes a state, whose bytes are overwritten, from saved bytes: false when they make no
     * sense. */
    bool (*load)(uint8_t *state, const uint8_t *from, uint32_t n);
} tide_agg_heap;

struct tide_agg {
    tide_agg_kind kind;
    tide_type arg, result;
    uint32_t state_bytes;
    const struct tide_user_agg *user; /* TIDE_AGG_USER: the callbacks. */
    bool invertible; /* unmerge works and is exact (not for min and max, nor for floating point). */
    const tide_agg_heap *heap; /* The state owns heap bytes (min, max of strings); or NULL. */
    /* retract is NULL where it cannot be done. For i in 0..n: value row rows[i] of arg (COUNT_STAR:
     * arg is NULL) into the state at states[i] + offset. A NULL argument is skipped. SUM reports
     * overflow: the index i of the first failing row is returned, n when all went well. */
    uint32_t (*update)(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                       const tide_col *arg, const uint16_t *rows, uint32_t n);
    uint32_t (*retract)(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                        const tide_col *arg, const uint16_t *rows, uint32_t n);
    /* into += from (which stays), for panes, sessions that fuse and two-phase plans. False on
     * overflow. */
    bool (*merge)(const tide_agg *self, uint8_t *into, const uint8_t *from);
    /* into -= from; only when invertible. */
    bool (*unmerge)(const tide_agg *self, uint8_t *into, const uint8_t *from);
    /* Writes the results of n groups to rows first.. of a column under construction. */
    void (*result_of)(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                      uint32_t n, tide_colb *out, uint32_t first);
};
TIDE_MUST_CHECK tide_status tide_agg_init(tide_agg *self, tide_agg_kind kind, tide_type arg);

#endif
