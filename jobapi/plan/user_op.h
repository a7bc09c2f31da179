/* user_op.h - a step of a C job as the plan carries it: the definition, and its side outputs'
 * schemas.
 *
 * Between jobapi/builder, which makes it, and worker/op/user, which runs it. Lives in the plan's
 * arena. */
#ifndef TIDE_JOBAPI_PLAN_USER_OP_H
#define TIDE_JOBAPI_PLAN_USER_OP_H
#include "base/column/type.h"
#include "tidemill/process.h"

typedef enum tide_user_kind { TIDE_USER_MAP, TIDE_USER_FILTER, TIDE_USER_PROCESS } tide_user_kind;

typedef struct tide_user_op {
    tide_user_kind kind;
    const char *name;
    union {
        tide_map_def map;
        tide_filter_def filter;
        tide_process_def process;
    };
    uint32_t n_sides;
    const tide_schema *sides; /* Output i + 1. */
} tide_user_op;

/* A C aggregate: what tide_agg_call.user points to. */
typedef struct tide_user_agg {
    tide_aggregate_fn fn;
} tide_user_agg;

#endif
