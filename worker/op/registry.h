/* registry.h - the operators by name: the only place that knows which node kind runs as what. */
#ifndef TIDE_WORKER_OP_REGISTRY_H
#define TIDE_WORKER_OP_REGISTRY_H
#include "worker/op/op.h"

extern const tide_op_vt tide_op_sink;

#endif
