/* value_set.c - see value_set.h. */
#include "worker/op/value_set.h"

#include <string.h>

#include "base/core/assert.h"

/* Bytes of heads, from the smallest on; the last has no marks. With the blob's own eight bytes the
 * third is a cache line, and the fourth two. */
static const uint8_t HEAD_BYTES[] = { 16, 32, 56, 120, 8 };
#define HEAD_BYTES_INDEXED 8u
#define HEAD_BYTES_LINE 56u
#define LONG_STRING 255u /* In place of a length that does not fit into a byte. */
#define INDEX_SLOTS_MIN 128u
#define WANTED_MORE_MAX 4096u /* Longer members come one by one. */
#define KEYS_MAX 128u         /* Hashed at a time when the index is built. */

typedef struct set_head {
    uint32_t n, room;
    uint16_t marks[];
} set_head;

typedef uint16_t lanes __attribute__((vector_size(16), aligned(8)));

/* Where things are in a members blob. */
typedef struct view {
    set_head *head;
    uint8_t *members;
    uint32_t bytes; /* Of the members. */
} view;

static uint32_t head_bytes_of(uint32_t room)
{
    return (uint32_t)sizeof(set_head) + room * (uint32_t)sizeof(uint16_t);
}

static uint16_t mark_of(uint64_t hash)
{
    return (uint16_t)(hash >> 32 | 0x8000);
}

static view view_of(const tide_value_set *self)
{
    tide_blob *b = self->at[0];
    if (b == NULL) return (view){ 0 };
    set_head *head = (set_head *)(void *)b->bytes;
    uint32_t head_bytes = head_bytes_of(head->room);
    return (view){ .head = head, .members = b->bytes + head_bytes, .bytes = b->n - head_bytes };
}

/* ---- members ---- */

/* The bytes of a string member; its length bytes come first. */
static const uint8_t *string_of(const uint8_t *member, uint32_t *len_out)
{
    *len_out = member[0];
    if (member[0] != LONG_STRING) return member + 1;
    memcpy(len_out, member + 1, sizeof *len_out);
    return member + 1 + sizeof *len_out;
}

static const uint8_t *behind(const tide_key_spec *spec, const uint8_t *member)
{
    uint32_t len;
    if (spec->n_strs == 0) return member + spec->key_bytes;
    const uint8_t *bytes = string_of(member, &len);
    return bytes + len;
}

static bool same(const tide_key_spec *spec, const uint8_t *member, const uint8_t *key)
{
    uint32_t len;
    const tide_key_str *s = (const void *)key;
    if (spec->n_strs == 0 && spec->key_bytes == 8) return memcmp(member, key, 8) == 0;
    if (spec->n_strs == 0) return memcmp(member, key, spec->key_bytes) == 0;
    const uint8_t *bytes = string_of(member, &len);
    return len == s->len && memcmp(bytes, tide_key_str_ptr(s), len) == 0;
}

static uint32_t member_bytes(const tide_key_spec *spec, const uint8_t *key)
{
    uint32_t len = ((const tide_key_str *)(const void *)key)->len;
    if (spec->n_strs == 0) return spec->key_bytes;
    return len + 1 + (len < LONG_STRING ? 0 : (uint32_t)sizeof len);
}

static void write_member(const tide_key_spec *spec, uint8_t *to, const uint8_t *key)
{
    const tide_key_str *s = (const void *)key;
    if (spec->n_strs == 0) {
        memcpy(to, key, spec->key_bytes);
        return;
    }
    if (s->len < LONG_STRING) {
        *to++ = (uint8_t)s->len;
    } else {
        *to++ = LONG_STRING;
        memcpy(to, &s->len, sizeof s->len);
        to += sizeof s->len;
    }
    memcpy(to, tide_key_str_ptr(s), s->len);
}

/* A member as a key. */
static void read_member(const tide_key_spec *spec, const uint8_t *member, uint8_t *key)
{
    if (spec->n_strs == 0) {
        memcpy(key, member, spec->key_bytes);
        return;
    }
    tide_key_str s = { 0 };
    const char *bytes = (const char *)string_of(member, &s.len);
    memcpy(s.prefix, bytes, s.len < 4 ? s.len : 4);
    if (s.len > TIDE_VIEW_INLINE_MAX)
        s.ptr = bytes;
    else if (s.len > 4)
        memcpy(s.rest, bytes + 4, s.len - 4);
    memcpy(key, &s, sizeof s);
}

/* ---- searching ---- */

/* The whole head is compared, in words of 16 bits: the counts in front never look like a mark. */
static bool has_mark(const set_head *head, uint16_t mark)
{
    const uint8_t *at = (const void *)head, *last = at + head_bytes_of(head->room) - sizeof(lanes);
    lanes found =
        (lanes)(*(const lanes *)(const void *)last == mark); /* May meet the one before. */
    for (; at < last; at += sizeof(lanes))
        found |= (lanes)(*(const lanes *)(const void *)at == mark);
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

static bool find_marked(const tide_key_spec *spec, const view *v, const uint8_t *key, uint16_t mark)
{
    const uint8_t *member = v->members;
    for (uint32_t i = 0; i < v->head->n; i++, member = behind(spec, member))
        if (v->head->marks[i] == mark && same(spec, member, key)) return true;
    return false;
}

static uint32_t *index_of(tide_blob *const *at, uint32_t *mask_out)
{
    *mask_out = 0;
    if (at[1] == NULL) return NULL;
    *mask_out = at[1]->n / (uint32_t)sizeof(uint32_t) - 1;
    return (uint32_t *)(void *)at[1]->bytes;
}

static bool find(const tide_value_set *self, const view *v, const uint8_t *key, uint64_t hash)
{
    uint32_t mask;
    if (v->head == NULL) return false;
    if (v->head->room) {
        uint16_t mark = mark_of(hash);
        return has_mark(v->head, mark) && find_marked(self->spec, v, key, mark);
    }
    const uint32_t *index = index_of(self->at, &mask);
    for (uint32_t i = (uint32_t)hash & mask; index[i]; i = (i + 1) & mask)
        if (same(self->spec, v->members + index[i] - 1, key)) return true;
    return false;
}

/* ---- the index ---- */

static void place(uint32_t *index, uint32_t mask, uint64_t hash, uint32_t at)
{
    uint32_t i = (uint32_t)hash & mask;
    while (index[i]) i = (i + 1) & mask;
    index[i] = at + 1;
}

/* An index of that many slots over all members. */
static tide_status rebuild_index(const tide_value_set *self, uint32_t slots)
{
    uint8_t *out, keys[KEYS_MAX * 24] TIDE_ALIGNED(16);
    uint64_t hash[KEYS_MAX];
    uint32_t at[KEYS_MAX], key_bytes = self->spec->key_bytes;
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob + 1,
                                    slots * (uint32_t)sizeof(uint32_t), &out));
    tide_assert(key_bytes <= 24);
    view v = view_of(self);
    memset(out, 0, slots * sizeof(uint32_t));
    for (const uint8_t *member = v.members, *end = v.members + v.bytes; member < end;) {
        uint32_t n = 0;
        for (; n < KEYS_MAX && member < end; n++, member = behind(self->spec, member)) {
            read_member(self->spec, member, keys + (size_t)n * key_bytes);
            at[n] = (uint32_t)(member - v.members);
        }
        tide_key_hash_keys(self->spec, keys, key_bytes, n, hash);
        for (uint32_t i = 0; i < n; i++) place((uint32_t *)(void *)out, slots - 1, hash[i], at[i]);
    }
    return TIDE_OK;
}

/* At least two slots a member; they double when there are not that many. */
static tide_status add_to_index(const tide_value_set *self, uint32_t n, uint32_t at, uint64_t hash)
{
    uint32_t mask;
    uint32_t *index = index_of(self->at, &mask);
    if (index == NULL) return rebuild_index(self, INDEX_SLOTS_MIN);
    if (n * 2 > mask + 1) return rebuild_index(self, (mask + 1) * 2);
    place(index, mask, hash, at);
    return TIDE_OK;
}

/* ---- putting ---- */

/* Head bytes of a set that gets one more member. */
static uint32_t next_head(const set_head *head)
{
    uint32_t i = 0;
    if (head == NULL) return HEAD_BYTES[0];
    uint32_t bytes = head_bytes_of(head->room);
    if (head->room == 0 || head->n < head->room) return bytes;
    while (HEAD_BYTES[i] != bytes) i++;
    return HEAD_BYTES[i + 1];
}

/* What a set that gets a larger head will want: room for as many members as there are marks, if
 * they are like those that it has, but not for more than half as many again, or twelve. So a small
 * set moves as seldom as its head grows. */
static uint32_t wanted_bytes(const view *v, uint32_t head_bytes, uint32_t bytes)
{
    uint32_t n = v->head ? v->head->n + 1 : 1, room = (head_bytes - HEAD_BYTES_INDEXED) / 2;
    uint32_t wanted = n + (n / 2 > 12 ? n / 2 : 12);
    if (wanted > room) wanted = room;
    uint64_t more = (uint64_t)(wanted - n) * ((bytes + n - 1) / n);
    uint32_t all = head_bytes + bytes + (more < WANTED_MORE_MAX ? (uint32_t)more : 0);
    if (head_bytes < HEAD_BYTES_LINE) return all;
    /* Whole lines, of which the first begins with the blob's own bytes. */
    all += (uint32_t)sizeof(tide_blob) + TIDE_CACHE_LINE - 1;
    return all / TIDE_CACHE_LINE * TIDE_CACHE_LINE - (uint32_t)sizeof(tide_blob);
}

/* Makes the head that large; members follow it. `v` is where they were. */
static void move_members(uint8_t *blob, const view *v, uint32_t head_bytes)
{
    set_head *head = (set_head *)(void *)blob;
    uint32_t old = v->head ? head_bytes_of(head->room) : 0;
    if (old == head_bytes) return;
    memmove(blob + head_bytes, blob + old, v->bytes);
    if (head_bytes > old) memset(blob + old, 0, head_bytes - old);
    head->room = (head_bytes - HEAD_BYTES_INDEXED) / (uint32_t)sizeof(uint16_t);
}

static tide_status append(const tide_value_set *self, view v, const uint8_t *key, uint64_t hash)
{
    uint8_t *blob;
    uint32_t head_bytes = next_head(v.head);
    uint32_t bytes = v.bytes + member_bytes(self->spec, key);
    uint32_t had = v.head ? head_bytes_of(v.head->room) + v.bytes : 0;
    bool shrinks = had > head_bytes + bytes; /* The head goes, and only then is there too much. */
    bool grows = head_bytes > HEAD_BYTES_INDEXED && head_bytes + v.bytes != had;
    if (grows)
        TIDE_TRY(tide_table_blob_reserve(self->table, self->row, self->blob,
                                         wanted_bytes(&v, head_bytes, bytes)));
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob,
                                    shrinks ? had : head_bytes + bytes, &blob));
    move_members(blob, &v, head_bytes);
    if (shrinks)
        TIDE_TRY(
            tide_table_blob_resize(self->table, self->row, self->blob, head_bytes + bytes, &blob));
    set_head *head = (set_head *)(void *)blob;
    write_member(self->spec, blob + head_bytes + v.bytes, key);
    if (head->room) {
        head->marks[head->n++] = mark_of(hash);
        return TIDE_OK;
    }
    return add_to_index(self, ++head->n, v.bytes, hash);
}

/* What mostly happens: a short new value, and there is room for it and its mark. */
static bool put_quickly(const tide_value_set *self, const uint8_t *key, uint64_t hash)
{
    tide_blob *b = self->at[0];
    set_head *head = (set_head *)(void *)b->bytes;
    uint16_t mark = mark_of(hash);
    const tide_key_str *s = (const void *)key;
    if (head->n >= head->room || has_mark(head, mark)) return false;
    if (self->spec->n_strs) {
        if (s->len > TIDE_VIEW_INLINE_MAX || b->cap - b->n < 1 + TIDE_VIEW_INLINE_MAX) return false;
        uint8_t *to = tide_blob_extend(b, 1 + s->len);
        to[0] = (uint8_t)s->len;
        memcpy(to + 1, s->prefix, TIDE_VIEW_INLINE_MAX); /* Beyond its end is room, too. */
    } else {
        uint8_t *to = tide_blob_extend(b, self->spec->key_bytes);
        if (to == NULL) return false;
        memcpy(to, key, self->spec->key_bytes);
    }
    head->marks[head->n++] = mark;
    return true;
}

tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key, uint64_t hash,
                               bool *fresh)
{
    *fresh = self->at[0] && put_quickly(self, key, hash);
    if (TIDE_LIKELY(*fresh)) return TIDE_OK;
    view v = view_of(self);
    *fresh = !find(self, &v, key, hash);
    return *fresh ? append(self, v, key, hash) : TIDE_OK;
}

void tide_value_set_fetch_index(tide_blob *const *at, uint64_t hash)
{
    uint32_t mask;
    const uint32_t *index = index_of(at, &mask);
    __builtin_prefetch(index + ((uint32_t)hash & mask), 1);
}

bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash)
{
    view v = view_of(self);
    if (*at >= v.bytes) return false;
    const uint8_t *member = v.members + *at;
    read_member(self->spec, member, key);
    *at += (uint32_t)(behind(self->spec, member) - member);
    tide_key_hash_keys(self->spec, key, self->spec->key_bytes, 1, hash);
    return true;
}
