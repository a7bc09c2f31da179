/* rowkit.c - random values per type; rows compared value by value. */
#include "tests/support/rowkit.h"

#include "base/core/random.h"

#define FIELD(type_id)                                                                             \
    {                                                                                              \
        .name = #type_id, .type = {.id = TIDE_TYPE_##type_id }                                     \
    }

static tide_field fields[] = {
    FIELD(BOOLEAN),
    FIELD(TINYINT),
    FIELD(SMALLINT),
    FIELD(INT),
    FIELD(BIGINT),
    FIELD(FLOAT),
    FIELD(DOUBLE),
    { .name = "DECIMAL", .type = { .id = TIDE_TYPE_DECIMAL, .precision = 20, .scale = 4 } },
    FIELD(STRING),
    FIELD(BYTES),
    FIELD(DATE),
    FIELD(TIME),
    { .name = "TIMESTAMP", .type = { .id = TIDE_TYPE_TIMESTAMP, .precision = 3 } },
    { .name = "TIMESTAMP_LTZ", .type = { .id = TIDE_TYPE_TIMESTAMP_LTZ, .precision = 6 } },
    FIELD(INTERVAL),
};
_Static_assert(sizeof fields / sizeof *fields == TIDE_ROWKIT_COLUMNS, "every type");
static const tide_schema schema = { TIDE_ROWKIT_COLUMNS, fields };

const tide_schema *tide_rowkit_schema(void)
{
    return &schema;
}

static tide_value random_value(tide_random *random, tide_type type, char *text)
{
    tide_value v = { .type = type };
    uint64_t bits = tide_random_u64(random);
    if (type.id == TIDE_TYPE_DECIMAL) {
        v.i128 = (__int128)(int64_t)bits * 3;
    } else if (type.id == TIDE_TYPE_INTERVAL) {
        v.interval = (tide_interval){ .months = (int32_t)bits, .days = 3, .micros = (int64_t)bits };
    } else if (type.id == TIDE_TYPE_FLOAT || type.id == TIDE_TYPE_DOUBLE) {
        v.f64 = (double)(float)(int64_t)bits;
    } else if (tide_type_is_string(type)) {
        v.str.ptr = text;
        v.str.len = (uint32_t)(bits % 40);
        memset(text, 'a' + (int)(bits % 26), v.str.len);
    } else if (type.id == TIDE_TYPE_BOOLEAN) {
        v.boolean = bits & 1;
    } else {
        v.i64 = (int64_t)bits >> (64 - 8 * tide_type_width(type));
    }
    return v;
}

tide_batch *tide_rowkit_batch(tide_pool *pool, uint64_t seed, uint32_t n, uint64_t null_every,
                              bool changes)
{
    tide_random random;
    tide_random_init(&random, seed, n);
    tide_type types[TIDE_ROWKIT_COLUMNS];
    for (uint32_t c = 0; c < TIDE_ROWKIT_COLUMNS; c++) types[c] = fields[c].type;
    tide_builder b;
    tide_builder_init(&b, pool, types, TIDE_ROWKIT_COLUMNS, n);
    char text[64];
    for (; b.n < n; b.n++) {
        for (uint32_t c = 0; c < TIDE_ROWKIT_COLUMNS; c++) {
            tide_value v = random_value(&random, types[c], text);
            v.is_null = null_every && tide_random_below(&random, null_every) == 0;
            tide_colb_put_value(&b.cols[c], b.n, &v);
        }
        if (changes) tide_builder_set_change(&b, b.n, (tide_change)tide_random_below(&random, 4));
    }
    tide_batch *batch = tide_builder_finish(&b);
    tide_builder_fini(&b);
    return batch;
}

static bool same_value(tide_value a, tide_value b)
{
    if (a.is_null || b.is_null) return a.is_null && b.is_null;
    if (tide_type_is_string(a.type))
        return a.str.len == b.str.len && memcmp(a.str.ptr, b.str.ptr, a.str.len) == 0;
    if (tide_type_width(a.type) == 16) return a.i128 == b.i128;
    return a.type.id == TIDE_TYPE_BOOLEAN ? a.boolean == b.boolean : a.i64 == b.i64;
}

bool tide_rowkit_equal(const tide_batch *a, const tide_batch *b)
{
    if (a->n_rows != b->n_rows || a->n_cols != b->n_cols) return false;
    for (uint32_t k = 0; k < a->n_rows; k++) {
        uint32_t row_a = tide_batch_phys(a, k), row_b = tide_batch_phys(b, k);
        if (tide_batch_change(a, row_a) != tide_batch_change(b, row_b)) return false;
        for (uint32_t c = 0; c < a->n_cols; c++)
            if (!same_value(tide_col_value(a->cols[c], row_a), tide_col_value(b->cols[c], row_b)))
                return false;
    }
    return true;
}
