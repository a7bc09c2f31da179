/* catalog.h - the tables and views that a script has declared so far. Of sql/ only.
 *
 * Names are found exactly, else by unique case-insensitive match. */
#ifndef TIDE_JOBAPI_SQL_CATALOG_H
#define TIDE_JOBAPI_SQL_CATALOG_H
#include "jobapi/plan/plan.h"

typedef enum tide_entry_kind {
    TIDE_ENTRY_TABLE,
    TIDE_ENTRY_VIEW,
    TIDE_ENTRY_BROKEN /* Its declaration failed: uses of it are not reported once more. */
} tide_entry_kind;

typedef struct tide_entry {
    tide_entry_kind kind;
    const char *name;
    const tide_table *table;
    const tide_node *node; /* A view's rows; a table's scan once it was read. NULL before. */
    bool checked_source, checked_sink;
} tide_entry;

typedef struct tide_catalog {
    uint32_t n, cap;
    tide_entry **entries; /* In order of declaration. */
} tide_catalog;

/* The entry called so; NULL if there is none or (*ambiguous) several that differ in case. */
tide_entry *tide_catalog_find(const tide_catalog *self, const char *name, bool *ambiguous);
/* Is there one of exactly this name? */
tide_entry *tide_catalog_find_exact(const tide_catalog *self, const char *name);
tide_entry *tide_catalog_add(tide_catalog *self, tide_arena *arena, tide_entry_kind kind,
                             const char *name);
void tide_catalog_remove(tide_catalog *self, tide_entry *entry);
/* The nearest name, or NULL. */
const char *tide_catalog_nearest(const tide_catalog *self, const char *name);

#endif
