/* numbered.h - batches of one number each, and the pool that all of a test's batches are from. */
#ifndef TIDE_TESTS_UNIT_WORKER_NUMBERED_H
#define TIDE_TESTS_UNIT_WORKER_NUMBERED_H
#include "base/column/batch.h"

extern tide_pool *pool; /* Of the test that runs: between _setup and _teardown. */

/* For cmocka. The test fails when one of its batches is still there at the end. */
int numbered_setup(void **state);
int numbered_teardown(void **state);

tide_batch *numbered(int64_t number);
int64_t number_of(const tide_batch *batch);

#endif
