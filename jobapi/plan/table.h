/* table.h - a declared table: what CREATE TABLE (or the C API) says about a source or sink. */
#ifndef TIDE_JOBAPI_PLAN_TABLE_H
#define TIDE_JOBAPI_PLAN_TABLE_H
#include "base/expr/expr.h"

typedef struct tide_option {
    const char *key, *value; /* Key in lower case as written in WITH (...); value without quotes. */
    uint32_t pos;            /* Of the key in the SQL text. */
} tide_option;

typedef enum tide_table_column_kind {
    TIDE_COLUMN_PHYSICAL, /* In the record. */
    TIDE_COLUMN_METADATA, /* From the connector: `metadata` names the key ("timestamp", "offset").
                           */
    TIDE_COLUMN_COMPUTED  /* c AS expr: evaluated after reading, over the table's other columns. */
} tide_table_column_kind;

typedef struct tide_table_column {
    const char *name;
    tide_type type;
    bool not_null;
    tide_table_column_kind kind;
    const char *metadata;  /* METADATA: the key. */
    bool is_virtual;       /* METADATA VIRTUAL: not written by a sink. */
    const tide_expr *expr; /* COMPUTED: over the table's columns by their index here. */
    uint32_t pos;
} tide_table_column;

typedef struct tide_table {
    const char *name;
    uint32_t n_columns;
    tide_table_column *columns;
    uint32_t n_options;
    tide_option *options;
    int32_t rowtime;            /* Index of the WATERMARK FOR column, or -1. */
    const tide_expr *watermark; /* Over the columns; TIMESTAMP; NULL without WATERMARK. */
    uint32_t n_primary_key;
    uint32_t *primary_key; /* Column indexes. */
    uint32_t pos;
} tide_table;

/* Does a sink write this column? Physical ones and METADATA that is not VIRTUAL. */
TIDE_INLINE bool tide_table_writes(const tide_table_column *column)
{
    return column->kind == TIDE_COLUMN_PHYSICAL ||
           (column->kind == TIDE_COLUMN_METADATA && !column->is_virtual);
}
/* The value of an option, or NULL. */
const char *tide_table_option(const tide_table *self, const char *key);
/* Index of a column by exact name, else by unique case-insensitive match; -1 none, -2 ambiguous. */
int32_t tide_table_find_column(const tide_table *self, const char *name);

#endif
