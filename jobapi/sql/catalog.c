/* catalog.c - see catalog.h. */
#include "jobapi/sql/catalog.h"

#include <string.h>
#include <strings.h>

#include "base/core/nearest.h"

tide_entry *tide_catalog_find(const tide_catalog *self, const char *name, bool *ambiguous)
{
    *ambiguous = false;
    tide_entry *found = NULL;
    for (uint32_t i = 0; i < self->n; i++) {
        if (strcmp(self->entries[i]->name, name) == 0) {
            *ambiguous = false;
            return self->entries[i];
        }
        if (strcasecmp(self->entries[i]->name, name) != 0) continue;
        *ambiguous = found != NULL;
        found = self->entries[i];
    }
    return *ambiguous ? NULL : found;
}

tide_entry *tide_catalog_find_exact(const tide_catalog *self, const char *name)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->entries[i]->name, name) == 0) return self->entries[i];
    return NULL;
}

tide_entry *tide_catalog_add(tide_catalog *self, tide_arena *arena, tide_entry_kind kind,
                             const char *name)
{
    tide_entry *entry = TIDE_NEW(arena, tide_entry);
    entry->kind = kind;
    entry->name = name;
    TIDE_PUSH(arena, self->entries, self->n, self->cap, entry);
    return entry;
}

void tide_catalog_remove(tide_catalog *self, tide_entry *entry)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < self->n; i++)
        if (self->entries[i] != entry) self->entries[kept++] = self->entries[i];
    self->n = kept;
}

const char *tide_catalog_nearest(const tide_catalog *self, const char *name)
{
    tide_nearest near;
    tide_nearest_init(&near, name);
    for (uint32_t i = 0; i < self->n; i++) tide_nearest_try(&near, self->entries[i]->name);
    return tide_nearest_best(&near);
}
