/* registry.c - see registry.h. */
#include "worker/op/registry.h"

#include "jobapi/plan/user_op.h"
#include "worker/op/op_priv.h"
#include "worker/op/user/user_priv.h"

static const tide_op_vt *const by_kind[TIDE_NODE_KIND_COUNT] = {
    [TIDE_NODE_FILTER] = &tide_op_filter,       [TIDE_NODE_PROJECT] = &tide_op_project,
    [TIDE_NODE_WATERMARK] = &tide_op_watermark, [TIDE_NODE_WINDOW] = &tide_op_window,
    [TIDE_NODE_SORT] = &tide_op_sort,           [TIDE_NODE_SINK] = &tide_op_sink,
    [TIDE_NODE_PARTIAL] = &tide_op_partial,
};

static const tide_op_vt *const by_window[] = {
    [TIDE_WINDOW_NONE] = &tide_op_group,      [TIDE_WINDOW_TUMBLE] = &tide_op_window_agg,
    [TIDE_WINDOW_HOP] = &tide_op_window_agg,  [TIDE_WINDOW_CUMULATE] = &tide_op_window_agg,
    [TIDE_WINDOW_SESSION] = &tide_op_session, [TIDE_WINDOW_ATTACHED] = &tide_op_attached,
};

static const tide_op_vt *const by_user[] = {
    [TIDE_USER_MAP] = &tide_op_user_map,
    [TIDE_USER_FILTER] = &tide_op_user_filter,
    [TIDE_USER_PROCESS] = &tide_op_user_process,
};

const tide_op_vt *tide_op_for_node(const tide_node *node)
{
    if (node->kind == TIDE_NODE_AGGREGATE) return by_window[node->aggregate.window.kind];
    if (node->kind == TIDE_NODE_USER) return by_user[node->user.op->kind];
    return by_kind[node->kind];
}
