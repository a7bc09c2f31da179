/* set.c - an operator's tables. */
#include "checkpoint/state/set.h"

#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/table_priv.h"

typedef struct entry {
    char *name;
    tide_table *table; /* NULL: loaded, not opened yet. */
} entry;

struct tide_state_set {
    char *op_name;
    tide_table_groups groups;
    tide_state_memory *memory;
    entry *entries;
    uint32_t n, cap;
};

tide_state_set *tide_state_set_new(const char *op_name, tide_table_groups groups,
                                   size_t budget_bytes)
{
    tide_state_set *self = tide_calloc(1, sizeof *self);
    self->op_name = tide_strdup(op_name);
    self->groups = groups;
    self->memory = tide_state_memory_new(budget_bytes);
    return self;
}

static void entry_fini(entry *e)
{
    tide_table_free(&e->table);
    tide_free(e->name);
}

void tide_state_set_free(tide_state_set **self_p)
{
    tide_state_set *self = *self_p;
    if (self == NULL) return;
    *self_p = NULL;
    for (uint32_t i = 0; i < self->n; i++) entry_fini(&self->entries[i]);
    tide_state_memory_free(&self->memory);
    tide_free(self->entries);
    tide_free(self->op_name);
    tide_free(self);
}

static entry *find_entry(const tide_state_set *self, const char *name)
{
    for (uint32_t i = 0; i < self->n; i++)
        if (strcmp(self->entries[i].name, name) == 0) return &self->entries[i];
    return NULL;
}

static entry *add_entry(tide_state_set *self, const char *name)
{
    TIDE_GROW(self->entries, self->n, self->cap);
    entry *e = &self->entries[self->n++];
    *e = (entry){ .name = tide_strdup(name) };
    return e;
}

tide_status tide_state_set_open(tide_state_set *self, const tide_table_spec *spec, tide_table **out)
{
    *out = NULL;
    entry *e = find_entry(self, spec->name);
    if (e && e->table) {
        if (!tide_table_agrees(e->table, spec))
            return tide_fail(TIDE_E_MISMATCH, "state table %s of %s is open with another layout",
                             spec->name, self->op_name);
        *out = e->table;
        return TIDE_OK;
    }
    tide_table *table;
    tide_status rv = tide_table_open(&table, spec, self->groups, self->memory);
    if (rv != TIDE_OK) return tide_because(rv, "keyed state of %s", self->op_name);
    tide_table_set_owner(table, self->op_name);
    add_entry(self, spec->name)->table = table;
    *out = table;
    return TIDE_OK;
}

void tide_state_set_drop(tide_state_set *self, tide_table **table_p)
{
    for (uint32_t i = 0; i < self->n; i++) {
        if (self->entries[i].table != *table_p) continue;
        entry_fini(&self->entries[i]);
        memmove(self->entries + i, self->entries + i + 1, (self->n - i - 1) * sizeof(entry));
        self->n--;
        *table_p = NULL;
        return;
    }
    tide_assert(!"a table is dropped from the set that opened it");
}

uint32_t tide_state_set_count(const tide_state_set *self)
{
    return self->n;
}

const char *tide_state_set_name(const tide_state_set *self, uint32_t i)
{
    tide_assert(i < self->n);
    return self->entries[i].name;
}

tide_table *tide_state_set_find(const tide_state_set *self, const char *name)
{
    const entry *e = find_entry(self, name);
    return e ? e->table : NULL;
}

size_t tide_state_set_bytes(const tide_state_set *self)
{
    return tide_state_memory_bytes(self->memory);
}
