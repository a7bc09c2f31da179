/* value_set.c - see value_set.h. */
#include "worker/op/value_set.h"

#include "base/core/assert.h"

/* Up to this many bytes of members are searched one by one. */
#define SCAN_BYTES_MAX 128u

typedef struct entry { /* What every entry begins with. */
    uint64_t hash;
    uint8_t value[];
} entry;

static uint32_t string_bytes(uint32_t len)
{
    return (uint32_t)sizeof(entry) + 8u + ((len + 7u) & ~7u);
}

static uint32_t entry_bytes(const tide_key_spec *spec, const entry *e)
{
    if (spec->n_strs == 0) return (uint32_t)sizeof(entry) + spec->key_bytes;
    return string_bytes(*(const uint32_t *)(const void *)e->value);
}

static bool same(const tide_key_spec *spec, const entry *e, const uint8_t *key, uint64_t hash)
{
    if (e->hash != hash) return false;
    if (spec->n_strs == 0) return memcmp(e->value, key, spec->key_bytes) == 0;
    const tide_key_str *s = (const void *)key;
    return *(const uint32_t *)(const void *)e->value == s->len &&
           memcmp(e->value + 8, tide_key_str_ptr(s), s->len) == 0;
}

static bool find(const tide_value_set *self, const uint8_t *members, uint32_t n, const uint8_t *key,
                 uint64_t hash)
{
    uint32_t n_index;
    const uint32_t *index = (const void *)tide_table_blob(self->table, self->row, self->blob + 1, &n_index);
    if (n_index == 0) {
        for (uint32_t at = 0; at < n;) {
            const entry *e = (const void *)(members + at);
            if (same(self->spec, e, key, hash)) return true;
            at += entry_bytes(self->spec, e);
        }
        return false;
    }
    uint32_t mask = n_index / (uint32_t)sizeof *index - 1;
    for (uint32_t i = (uint32_t)hash & mask; index[i]; i = (i + 1) & mask)
        if (same(self->spec, (const void *)(members + (size_t)(index[i] - 1) * 8), key, hash)) return true;
    return false;
}

static void place(uint32_t *index, uint32_t mask, uint64_t hash, uint32_t at)
{
    uint32_t i = (uint32_t)hash & mask;
    while (index[i]) i = (i + 1) & mask;
    index[i] = at / 8 + 1;
}

/* The index of twice the entries that fit, over members[0..n). */
static tide_status rebuild_index(const tide_value_set *self, uint32_t slots)
{
    uint32_t n;
    uint8_t *out;
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob + 1,
                                    slots * (uint32_t)sizeof(uint32_t), &out));
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    uint32_t *index = (uint32_t *)(void *)out;
    memset(index, 0, slots * sizeof *index);
    for (uint32_t at = 0; at < n;) {
        const entry *e = (const void *)(members + at);
        place(index, slots - 1, e->hash, at);
        at += entry_bytes(self->spec, e);
    }
    return TIDE_OK;
}

/* Every entry has at least 16 bytes, so bytes / 8 slots leave the index at most half full. */
static tide_status add_to_index(const tide_value_set *self, uint32_t at, uint32_t n, uint64_t hash)
{
    uint32_t n_index;
    const uint8_t *old = tide_table_blob(self->table, self->row, self->blob + 1, &n_index);
    uint32_t slots = n_index / (uint32_t)sizeof(uint32_t);
    if (n <= SCAN_BYTES_MAX && slots == 0) return TIDE_OK;
    if (slots >= n / 8) {
        place((uint32_t *)(uintptr_t)old, slots - 1, hash, at); /* The row is touched: ours to write. */
        return TIDE_OK;
    }
    uint32_t wanted = 64;
    while (wanted < n / 4) wanted *= 2;
    return rebuild_index(self, wanted);
}

tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key, uint64_t hash, bool *fresh)
{
    const tide_key_spec *spec = self->spec;
    uint32_t n;
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    *fresh = !find(self, members, n, key, hash);
    if (!*fresh) return TIDE_OK;

    const tide_key_str *s = (const void *)key;
    uint32_t bytes = spec->n_strs ? string_bytes(s->len) : (uint32_t)sizeof(entry) + spec->key_bytes;
    uint8_t *out;
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob, n + bytes, &out));
    entry *e = (void *)(out + n);
    e->hash = hash;
    if (spec->n_strs) {
        *(uint32_t *)(void *)e->value = s->len;
        memcpy(e->value + 8, tide_key_str_ptr(s), s->len);
    } else {
        memcpy(e->value, key, spec->key_bytes);
    }
    return add_to_index(self, n, n + bytes, hash);
}

bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash)
{
    uint32_t n;
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    if (*at >= n) return false;
    const entry *e = (const void *)(members + *at);
    *hash = e->hash;
    if (self->spec->n_strs) {
        uint32_t len = *(const uint32_t *)(const void *)e->value;
        const char *ptr = (const char *)e->value + 8;
        tide_key_str *s = (void *)key;
        *s = (tide_key_str){ .len = len };
        memcpy(s->prefix, ptr, len < 4 ? len : 4);
        if (len <= TIDE_VIEW_INLINE_MAX) memcpy(s->rest, ptr + 4, len > 4 ? len - 4 : 0);
        else s->ptr = ptr;
    } else {
        memcpy(key, e->value, self->spec->key_bytes);
    }
    *at += entry_bytes(self->spec, e);
    return true;
}
