/* key_hash.c - XXH3-64 of encoded keys; loops of their own for keys of 8 and 16 bytes.
 *
 * xxhash is compiled in (XXH_INLINE_ALL): constant lengths fold to a few instructions, and the
 * symbols that other libraries export cannot meet ours. */
#include "base/column/key_priv.h"
#include "base/core/attr.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define WORD_CHUNK 256u

/* XXH3's 4 to 8 byte case for 8 bytes, spelled out so that the loop becomes vector code. */
TIDE_INLINE uint64_t hash_word(uint64_t word, uint64_t flip)
{
    uint64_t h = (word >> 32 | word << 32) ^ flip;
    h ^= (h << 49 | h >> 15) ^ (h << 24 | h >> 40);
    h *= 0x9FB21C651E98DF25ull;
    h ^= (h >> 35) + 8;
    h *= 0x9FB21C651E98DF25ull;
    return h ^ (h >> 28);
}

TIDE_INLINE uint64_t secret_at(uint32_t at)
{
    return XXH_readLE64(XXH3_kSecret + at);
}

TIDE_HOT void tide_key_hash_words(const uint64_t *words, uint32_t n, uint64_t *hash)
{
    uint64_t flip = secret_at(8) ^ secret_at(16);
    for (uint32_t i = 0; i < n; i++) hash[i] = hash_word(words[i], flip);
}

static void hash_strided_words(const uint8_t *fields, size_t stride, uint32_t n, uint64_t *hash)
{
    if (stride == 8) {
        tide_key_hash_words((const uint64_t *)(const void *)fields, n, hash);
        return;
    }
    uint64_t words[WORD_CHUNK];
    for (uint32_t done = 0; done < n; done += WORD_CHUNK) {
        uint32_t m = n - done < WORD_CHUNK ? n - done : WORD_CHUNK;
        for (uint32_t i = 0; i < m; i++) memcpy(&words[i], fields + (done + i) * stride, 8);
        tide_key_hash_words(words, m, hash + done);
    }
}

uint64_t tide_key_hash_bytes(const void *bytes, size_t n)
{
    return XXH3_64bits(bytes, n);
}

/* A long string counts by the hash of its bytes, in the place of the pointer. */
TIDE_INLINE uint64_t hash_string_field(const uint8_t *field)
{
    tide_key_str s;
    memcpy(&s, field, sizeof s);
    if (TIDE_UNLIKELY(s.len > TIDE_VIEW_INLINE_MAX)) {
        uint64_t whole = XXH3_64bits(s.ptr, s.len);
        memcpy(s.rest, &whole, 8);
    }
    return XXH3_64bits(&s, 16);
}

/* Copies the fields to `to` with every long string's pointer replaced. */
static void portable_fields(const tide_key_spec *spec, uint32_t n_cols, const uint8_t *fields,
                            uint32_t bytes, uint8_t *to)
{
    memcpy(to, fields, bytes);
    for (uint32_t c = 0; c < n_cols; c++) {
        if (!tide_type_is_string(spec->cols[c].type)) continue;
        tide_key_str s;
        memcpy(&s, fields + spec->at[c], sizeof s);
        if (s.len <= TIDE_VIEW_INLINE_MAX) continue;
        uint64_t whole = XXH3_64bits(s.ptr, s.len);
        memcpy(to + spec->at[c] + 8, &whole, 8);
    }
}

/* Hash of the first n_cols columns of one key, NULL word included: the definition in key.h, word
 * for word. The loops below are shortcuts of this. */
static uint64_t hash_key(const tide_key_spec *spec, uint32_t n_cols, uint32_t bytes,
                         const uint8_t *fields, uint64_t nulls)
{
    uint8_t whole[TIDE_KEY_BYTES_MAX];
    portable_fields(spec, n_cols, fields, bytes, whole);
    if (nulls == 0) return XXH3_64bits(whole, bytes);
    memcpy(whole + bytes, &nulls, 8);
    return XXH3_64bits(whole, bytes + 8);
}

/* Without NULLs. */
static void hash_fields(const tide_key_spec *spec, uint32_t n_cols, uint32_t bytes,
                        const uint8_t *fields, size_t stride, uint32_t n, uint64_t *hash)
{
    bool strings = false;
    for (uint32_t c = 0; c < n_cols; c++) strings |= tide_type_is_string(spec->cols[c].type);
    if (strings && bytes == 16)
        for (uint32_t i = 0; i < n; i++) hash[i] = hash_string_field(fields + i * stride);
    else if (strings)
        for (uint32_t i = 0; i < n; i++)
            hash[i] = hash_key(spec, n_cols, bytes, fields + i * stride, 0);
    else if (bytes == 8)
        hash_strided_words(fields, stride, n, hash);
    else if (bytes == 16)
        for (uint32_t i = 0; i < n; i++) hash[i] = XXH3_64bits(fields + i * stride, 16);
    else
        for (uint32_t i = 0; i < n; i++) hash[i] = XXH3_64bits(fields + i * stride, bytes);
}

static void hash_columns(const tide_key_spec *spec, uint32_t n_cols, uint32_t bytes,
                         const uint8_t *fields, size_t stride, bool null_word, uint32_t n,
                         uint64_t *hash)
{
    hash_fields(spec, n_cols, bytes, fields, stride, n, hash);
    if (!null_word) return;
    uint64_t mask = n_cols == 64 ? UINT64_MAX : (1ull << n_cols) - 1;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t nulls;
        memcpy(&nulls, fields + i * stride + spec->hash_bytes, 8);
        if (TIDE_UNLIKELY(nulls & mask))
            hash[i] = hash_key(spec, n_cols, bytes, fields + i * stride, nulls & mask);
    }
}

void tide_key_hash_rows(const tide_key_spec *spec, const uint8_t *fields, size_t stride,
                        bool null_word, uint32_t n, uint64_t *hash)
{
    hash_columns(spec, spec->n, spec->hash_bytes, fields, stride, null_word, n, hash);
    if (spec->n_route == spec->n) return;
    const uint64_t top = ~(UINT64_MAX >> TIDE_KEY_GROUP_BITS);
    uint64_t route[WORD_CHUNK];
    for (uint32_t done = 0; done < n; done += WORD_CHUNK) {
        uint32_t m = n - done < WORD_CHUNK ? n - done : WORD_CHUNK;
        hash_columns(spec, spec->n_route, spec->route_bytes, fields + done * stride, stride,
                     null_word, m, route);
        for (uint32_t i = 0; i < m; i++)
            hash[done + i] = (route[i] & top) | (hash[done + i] & ~top);
    }
}

void tide_key_hash_keys(const tide_key_spec *self, const uint8_t *keys, size_t stride, uint32_t n,
                        uint64_t *hash)
{
    tide_key_hash_rows(self, keys, stride, self->key_bytes != self->hash_bytes, n, hash);
}
