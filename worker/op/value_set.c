/* value_set.c - see value_set.h. */
#include "worker/op/value_set.h"

#include "base/core/assert.h"

/* Up to this many bytes of members are searched one by one: eight cache lines. */
#define SCAN_BYTES_MAX 512u
/* Entries hashed at a time when the index is built. */
#define HASH_MAX 256u

typedef struct string_entry {
    uint32_t hash; /* The low half: what the index goes by. */
    uint32_t len;
    char bytes[];
} string_entry;

static uint32_t string_bytes(uint32_t len)
{
    return (uint32_t)sizeof(string_entry) + ((len + 7u) & ~7u);
}

static uint32_t entry_bytes(const tide_key_spec *spec, const uint8_t *entry)
{
    if (spec->n_strs == 0) return spec->key_bytes;
    return string_bytes(((const string_entry *)(const void *)entry)->len);
}

static bool same_string(const uint8_t *entry, const tide_key_str *s, uint64_t hash)
{
    const string_entry *e = (const void *)entry;
    return e->hash == (uint32_t)hash && e->len == s->len &&
           memcmp(e->bytes, tide_key_str_ptr(s), s->len) == 0;
}

TIDE_INLINE bool same(const tide_key_spec *spec, const uint8_t *entry, const uint8_t *key,
                      uint64_t hash)
{
    if (spec->n_strs) return same_string(entry, (const void *)key, hash);
    const uint64_t *a = (const void *)entry, *b = (const void *)key;
    uint64_t differ = a[0] ^ b[0];
    for (uint32_t i = 1; i < spec->key_bytes / 8; i++) differ |= a[i] ^ b[i];
    return differ == 0;
}

static bool scan_words(const uint64_t *members, uint32_t n, uint64_t word)
{
    bool found = false;
    for (uint32_t i = 0; i < n; i++) found |= members[i] == word;
    return found;
}

static bool find(const tide_value_set *self, const uint8_t *members, uint32_t n, const uint8_t *key,
                 uint64_t hash)
{
    uint32_t n_index = 0;
    const tide_key_spec *spec = self->spec;
    if (n <= SCAN_BYTES_MAX) {
        if (spec->n_strs == 0 && spec->key_bytes == 8)
            return scan_words((const void *)members, n / 8, *(const uint64_t *)(const void *)key);
        for (uint32_t at = 0; at < n; at += entry_bytes(spec, members + at))
            if (same(spec, members + at, key, hash)) return true;
        return false;
    }
    const uint32_t *index =
        (const void *)tide_table_blob(self->table, self->row, self->blob + 1, &n_index);
    uint32_t mask = n_index / (uint32_t)sizeof *index - 1;
    for (uint32_t i = (uint32_t)hash & mask; index[i]; i = (i + 1) & mask)
        if (same(spec, members + (size_t)(index[i] - 1) * 8, key, hash)) return true;
    return false;
}

static void place(uint32_t *index, uint32_t mask, uint64_t hash, uint32_t at)
{
    uint32_t i = (uint32_t)hash & mask;
    while (index[i]) i = (i + 1) & mask;
    index[i] = at / 8 + 1;
}

/* An index of that many slots over members[0..n). */
static tide_status rebuild_index(const tide_value_set *self, uint32_t slots)
{
    uint32_t n;
    uint8_t *out;
    const tide_key_spec *spec = self->spec;
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob + 1,
                                    slots * (uint32_t)sizeof(uint32_t), &out));
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    uint32_t *index = (uint32_t *)(void *)out;
    memset(index, 0, slots * sizeof *index);
    for (uint32_t at = 0; spec->n_strs && at < n; at += entry_bytes(spec, members + at))
        place(index, slots - 1, ((const string_entry *)(const void *)(members + at))->hash, at);
    for (uint32_t at = 0; spec->n_strs == 0 && at < n;) {
        uint64_t hash[HASH_MAX];
        uint32_t n_hash = (n - at) / spec->key_bytes;
        if (n_hash > HASH_MAX) n_hash = HASH_MAX;
        tide_key_hash_keys(spec, members + at, spec->key_bytes, n_hash, hash);
        for (uint32_t i = 0; i < n_hash; i++, at += spec->key_bytes)
            place(index, slots - 1, hash[i], at);
    }
    return TIDE_OK;
}

/* The bytes of the shortest entry: what tells how many there can be. (Only one string is empty.) */
static uint32_t entry_bytes_min(const tide_key_spec *spec)
{
    return spec->n_strs ? string_bytes(1) : spec->key_bytes;
}

/* At least two slots an entry, so that the index is at most half full; it doubles when it is. */
static tide_status add_to_index(const tide_value_set *self, uint32_t at, uint32_t n, uint64_t hash)
{
    uint32_t n_index, wanted = 16;
    if (n <= SCAN_BYTES_MAX) return TIDE_OK;
    const uint8_t *old = tide_table_blob(self->table, self->row, self->blob + 1, &n_index);
    uint32_t slots = n_index / (uint32_t)sizeof(uint32_t);
    uint32_t needed = n / entry_bytes_min(self->spec) * 2;
    if (slots >= needed) {
        place((uint32_t *)(uintptr_t)old, slots - 1, hash,
              at); /* The row is touched: ours to write. */
        return TIDE_OK;
    }
    while (wanted < needed + needed / 2) wanted *= 2;
    return rebuild_index(self, wanted);
}

tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key, uint64_t hash,
                               bool *fresh)
{
    const tide_key_spec *spec = self->spec;
    uint32_t n;
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    *fresh = !find(self, members, n, key, hash);
    if (!*fresh) return TIDE_OK;

    const tide_key_str *s = (const void *)key;
    uint32_t bytes = spec->n_strs ? string_bytes(s->len) : spec->key_bytes;
    uint8_t *out;
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob, n + bytes, &out));
    if (spec->n_strs) {
        string_entry *e = (void *)(out + n);
        *e = (string_entry){ .hash = (uint32_t)hash, .len = s->len };
        memcpy(e->bytes, tide_key_str_ptr(s), s->len);
    } else {
        memcpy(out + n, key, spec->key_bytes);
    }
    return add_to_index(self, n, n + bytes, hash);
}

bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash)
{
    uint32_t n;
    const uint8_t *members = tide_table_blob(self->table, self->row, self->blob, &n);
    if (*at >= n) return false;
    const uint8_t *entry = members + *at;
    *at += entry_bytes(self->spec, entry);
    if (self->spec->n_strs == 0) {
        memcpy(key, entry, self->spec->key_bytes);
        tide_key_hash_keys(self->spec, key, self->spec->key_bytes, 1, hash);
        return true;
    }
    const string_entry *e = (const void *)entry;
    tide_key_str *s = (void *)key;
    *hash = e->hash;
    *s = (tide_key_str){ .len = e->len };
    memcpy(s->prefix, e->bytes, e->len < 4 ? e->len : 4);
    if (e->len > TIDE_VIEW_INLINE_MAX)
        s->ptr = e->bytes;
    else if (e->len > 4)
        memcpy(s->rest, e->bytes + 4, e->len - 4);
    return true;
}
