/* table.h - rows of text in columns, as wide as what stands in them. Owner: one thread. */
#ifndef TIDE_CLI_TABLE_H
#define TIDE_CLI_TABLE_H
#include "base/core/arena.h"
#include "base/core/bytes.h"

#define TIDE_TABLE_COLUMNS_MAX 16u

typedef struct tide_table_text {
    tide_arena *arena;
    uint32_t n_columns, n_rows, cap_rows;
    const char *const **rows; /* The first is the head. */
} tide_table_text;

/* Names separated by '|': "ID|NAME|STATE". */
void tide_table_text_init(tide_table_text *self, const char *columns);
void tide_table_text_fini(tide_table_text *self);
/* A row by one format whose cells are separated by tabs; missing cells are empty, tabs and control
 * characters in a cell cannot be had. */
void tide_table_text_add(tide_table_text *self, const char *fmt, ...) TIDE_PRINTF(2, 3);
/* Two blanks between columns, none behind the last. */
void tide_table_text_print(const tide_table_text *self, tide_bytes *out);

#endif
