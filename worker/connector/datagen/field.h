/* field.h - what value has row r in one generated column?
 *
 * Every value derives from the seed, the column's name and the row's number, but for random
 * timestamps, which lie before the wall clock. Pure; any thread. */
#ifndef TIDE_WORKER_CONNECTOR_DATAGEN_FIELD_H
#define TIDE_WORKER_CONNECTOR_DATAGEN_FIELD_H
#include "base/column/batch.h"
#include "jobapi/plan/table.h"
#include "worker/connector/options.h"

typedef enum tide_field_kind { TIDE_FIELD_RANDOM, TIDE_FIELD_SEQUENCE } tide_field_kind;

typedef struct tide_datagen_field {
    tide_type type;
    tide_field_kind kind;
    uint64_t key;        /* Seed and name. */
    uint64_t null_below; /* A row is NULL when its draw is below this; 0 never. */
    int64_t min, max;    /* Random integers; of DECIMAL before scaling. */
    double min_f64, max_f64;
    int64_t start, end; /* Sequence, both inclusive. */
    int64_t max_past_us;
    uint32_t length;      /* Of strings. */
    bool variable_length; /* 1 to length. */
} tide_datagen_field;

/* The options of datagen; see connector.h. */
extern const tide_option_def tide_datagen_options[];

/* Reads 'fields.<column>.*'. TIDE_E_OPTION for bounds that are no values of the type, are
 * crossed, or missing; TIDE_E_TYPE for a type that cannot be generated. */
TIDE_MUST_CHECK tide_status tide_datagen_field_read(const tide_table *table,
                                                    const tide_table_column *column,
                                                    tide_datagen_field *out);
/* Rows that a sequence has; UINT64_MAX for random fields. */
uint64_t tide_datagen_field_rows(const tide_datagen_field *self);
/* Sets rows 0..n of a column under construction to those numbered rows[0..n). */
void tide_datagen_field_fill(const tide_datagen_field *self, const uint64_t *rows, uint32_t n,
                             int64_t wall_us, tide_colb *out);

#endif
