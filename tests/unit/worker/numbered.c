/* numbered.c - see numbered.h. */
#include "tests/unit/worker/numbered.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

tide_pool *pool;

int numbered_setup(void **state)
{
    (void)state;
    pool = tide_pool_new(0);
    return 0;
}

int numbered_teardown(void **state)
{
    (void)state;
    assert_int_equal(tide_pool_bytes(pool), 0);
    tide_pool_free(&pool);
    return 0;
}

tide_batch *numbered(int64_t number)
{
    void *values;
    tide_col *col = tide_col_new(pool, tide_type_of(TIDE_TYPE_BIGINT), 1, &values, false, NULL);
    *(int64_t *)values = number;
    return tide_batch_new(pool, &col, 1, 1);
}

int64_t number_of(const tide_batch *batch)
{
    return tide_col_value(batch->cols[0], 0).i64;
}
