/* set.c - an operator's tables. */
#include "checkpoint/state/set.h"

#include <string.h>

#include "base/core/mem.h"
#include "checkpoint/state/piece_bytes.h"

typedef struct entry {
    char *name;
    tide_table *table; /* NULL: loaded, not opened yet. */
    tide_bytes saved;  /* Its part of the image until then. */
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
    tide_bytes_fini(&e->saved);
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

static void remove_entry(tide_state_set *self, uint32_t i)
{
    entry_fini(&self->entries[i]);
    memmove(self->entries + i, self->entries + i + 1, (self->n - i - 1) * sizeof(entry));
    self->n--;
}

/* ---- images ---- */
typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

/* The next n bytes; NULL when there are not that many. */
static const uint8_t *take(cursor *c, uint64_t n)
{
    if (n > (uint64_t)(c->end - c->at)) return NULL;
    c->at += n;
    return c->at - n;
}

static tide_status damaged(void)
{
    return tide_fail(TIDE_E_CORRUPT, "a saved set of state tables is damaged");
}

/* A number of pieces, then each with its length. With `table` NULL they are only counted off. */
static tide_status read_pieces(tide_table *table, cursor *c)
{
    const uint8_t *at = take(c, 4);
    if (at == NULL) return damaged();
    for (uint32_t i = 0, n = get_u32(at); i < n; i++) {
        const uint8_t *length = take(c, 8);
        if (length == NULL) return damaged();
        const uint8_t *piece = take(c, get_u64(length));
        if (piece == NULL || get_u64(length) < TIDE_PIECE_HEAD_BYTES) return damaged();
        if (table == NULL) continue;
        uint32_t group = get_u32(piece + 8);
        if (group - table->first_group >= table->n_groups) continue; /* Another subtask's. */
        TIDE_TRY(tide_table_restore(table, piece, get_u64(length)));
    }
    return TIDE_OK;
}

static tide_status restore_table(tide_table *table, cursor *c)
{
    TIDE_TRY(read_pieces(table, c));
    return tide_table_restore_end(table);
}

static tide_status append_piece(void *ctx, uint32_t group, bool base, const uint8_t *bytes,
                                size_t n)
{
    (void)group;
    (void)base;
    tide_bytes_put(ctx, bytes, n);
    return TIDE_OK;
}

static void put_number(tide_bytes *out, uint64_t v, size_t bytes)
{
    tide_bytes_put(out, &v, bytes);
}

static void save_table(const tide_table *t, tide_bytes *out)
{
    const tide_piece_sink sink = { .ctx = out, .write = append_piece };
    size_t count_at = out->n;
    uint32_t n_pieces = 0;
    put_number(out, 0, 4);
    for (uint32_t g = 0; g < t->n_groups; g++) {
        if (t->groups[g].n == 0) continue;
        size_t length_at = out->n;
        put_number(out, 0, 8);
        tide_status rv = tide_table_write_group(t, g, &sink);
        tide_assert(rv == TIDE_OK); /* Nothing above can fail. */
        put_u64((uint8_t *)out->p + length_at, out->n - length_at - 8);
        n_pieces++;
    }
    put_u32((uint8_t *)out->p + count_at, n_pieces);
}

void tide_state_set_save(tide_state_set *self, tide_bytes *out)
{
    size_t start = out->n;
    tide_bytes_put(out, "TKS1", 4);
    put_number(out, self->n, 4);
    for (uint32_t i = 0; i < self->n; i++) {
        const entry *e = &self->entries[i];
        put_number(out, strlen(e->name), 4);
        tide_bytes_puts(out, e->name);
        if (e->table)
            save_table(e->table, out);
        else
            tide_bytes_put(out, e->saved.p, e->saved.n);
    }
    put_number(out, piece_sum(out->p + start, out->n - start, 0), 8);
}

/* One table of an image. */
static tide_status load_table(tide_state_set *self, cursor *c)
{
    const uint8_t *at = take(c, 4);
    uint32_t n = at ? get_u32(at) : 0;
    const char *text = at ? (const char *)take(c, n) : NULL;
    if (text == NULL) return damaged();
    char *name = tide_strndup(text, n);
    entry *e = find_entry(self, name);
    if (e == NULL) e = add_entry(self, name);
    tide_free(name);
    if (e->table) return restore_table(e->table, c);
    const uint8_t *from = c->at;
    TIDE_TRY(read_pieces(NULL, c));
    e->saved.n = 0;
    tide_bytes_put(&e->saved, from, (size_t)(c->at - from));
    return TIDE_OK;
}

tide_status tide_state_set_load(tide_state_set *self, const void *image, size_t n)
{
    cursor c = { image, (const uint8_t *)image + n };
    if (n < 16 || memcmp(image, "TKS1", 4)) return damaged();
    c.end -= 8;
    if (piece_sum(image, n - 8, 0) != get_u64(c.end)) return damaged();
    c.at += 8;
    for (uint32_t i = self->n; i-- > 0;)
        if (self->entries[i].table)
            tide_table_clear(self->entries[i].table);
        else
            remove_entry(self, i); /* Of an image before. */
    for (uint32_t i = 0, tables = get_u32((const uint8_t *)image + 4); i < tables; i++)
        TIDE_TRY(load_table(self, &c));
    return c.at == c.end ? TIDE_OK : damaged();
}

/* ---- tables ---- */
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
    if (e) {
        cursor c = { (const uint8_t *)e->saved.p, (const uint8_t *)e->saved.p + e->saved.n };
        rv = restore_table(table, &c);
    } else {
        e = add_entry(self, spec->name);
    }
    if (rv != TIDE_OK) {
        tide_table_free(&table);
        return tide_because(rv, "keyed state of %s", self->op_name);
    }
    tide_bytes_fini(&e->saved);
    e->table = table;
    *out = table;
    return TIDE_OK;
}

void tide_state_set_drop(tide_state_set *self, tide_table **table_p)
{
    for (uint32_t i = 0; i < self->n; i++) {
        if (self->entries[i].table != *table_p) continue;
        remove_entry(self, i);
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
