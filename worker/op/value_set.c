/* value_set.c - see value_set.h. */
#include "worker/op/value_set.h"

#include <string.h>

#include "base/core/assert.h"

/* Bytes of heads, from the smallest on; the last has no marks. With the blob's own eight bytes the
 * third is a cache line, and the fourth two. */
static const uint8_t HEAD_BYTES[] = { 16, 32, 56, 120, 8 };
#define HEAD_BYTES_INDEXED 8u
#define HEAD_BYTES_LINE 56u
#define LINE_MARKS 24u   /* Of a head that is one cache line. */
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
    tide_blob *b = tide_blob_of(self->at[0]);
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

/* Not inlined: GCC, instrumenting for threads, takes the blob for its head and warns. */
static TIDE_NOINLINE void write_member(const tide_key_spec *spec, uint8_t *to, const uint8_t *key)
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

static uint32_t *index_of(const tide_blob_handle *at, uint32_t *mask_out)
{
    tide_blob *b = tide_blob_of(at[1]);
    *mask_out = 0;
    if (b == NULL) return NULL;
    *mask_out = b->n / (uint32_t)sizeof(uint32_t) - 1;
    return (uint32_t *)(void *)b->bytes;
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

/* What mostly happens: a new value, and there is room for it and its mark. */
static bool put_quickly(const tide_value_set *self, const uint8_t *key, uint64_t hash)
{
    tide_blob *b = tide_blob_of(self->at[0]);
    set_head *head = (set_head *)(void *)b->bytes;
    uint16_t mark = mark_of(hash);
    if (head->n >= head->room || has_mark(head, mark)) return false;
    uint8_t *to = tide_blob_extend(b, member_bytes(self->spec, key));
    if (to == NULL) return false;
    write_member(self->spec, to, key);
    head->marks[head->n++] = mark;
    return true;
}

static tide_status put_apart(const tide_value_set *self, const uint8_t *key, uint64_t hash,
                             bool *fresh)
{
    *fresh = self->at[0] && put_quickly(self, key, hash);
    if (*fresh) return TIDE_OK;
    view v = view_of(self);
    *fresh = !find(self, &v, key, hash);
    return *fresh ? append(self, v, key, hash) : TIDE_OK;
}

/* ---- sets in lines ---- */

_Static_assert(sizeof(tide_blob) == TIDE_LINES_FOREIGN, "lines begin with the blob's header");

static uint8_t *lines_of(const tide_value_set *self, uint32_t *n_out)
{
    tide_blob *b = tide_blob_of(self->at[1]);
    *n_out = self->at[0] ? 0 : tide_blob_lines(self->at[1]);
    tide_assert_slow(self->at[0] || !b || sizeof *b + b->n == (size_t)*n_out * TIDE_CACHE_LINE);
    return (uint8_t *)b;
}

/* How many lines come next; 0: there must not be more. Numbers that the heap has blocks for; and
 * not two, since most sets that outgrow one line outgrow two, and those that do not would keep the
 * memory of the others from other uses (slabs.h). */
static uint32_t more_lines(uint32_t n)
{
    uint32_t more = n == 1 ? 3 : n < 6 ? n + 1 : n + 2;
    return more <= TIDE_LINES_MAX ? more : 0;
}

/* More lines, and one member more, for whom there was no room. *fits false: there must not be so
 * many. */
static tide_status grow_lines(const tide_value_set *self, const uint8_t *key, uint32_t mark,
                              bool *fits)
{
    bool text = self->spec->n_strs > 0;
    uint32_t n_old;
    (void)lines_of(self, &n_old);
    *fits = false;
    for (uint32_t n = more_lines(n_old); n > 0 && !*fits; n = more_lines(n)) {
        uint32_t bytes = n * TIDE_CACHE_LINE - TIDE_LINES_FOREIGN;
        uint8_t *made;
        TIDE_TRY(tide_table_blob_reserve(self->table, self->row, self->blob + 1, bytes));
        TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob + 1, bytes, &made));
        made -= TIDE_LINES_FOREIGN;
        if (!tide_lines_spread(made, n_old, n, text)) continue;
        n_old = n;
        *fits = tide_lines_put(made, n, key, mark, text) == TIDE_LINES_NEW;
    }
    return TIDE_OK;
}

/* From lines to a blob of members. */
static tide_status leave_lines(const tide_value_set *self)
{
    uint8_t lines[TIDE_LINES_MAX * TIDE_CACHE_LINE], key[sizeof(tide_key_str)] TIDE_ALIGNED(16);
    uint32_t n, at = 0;
    const uint8_t *old = lines_of(self, &n), *member;
    if (n == 0) return TIDE_OK;
    memcpy(lines, old, (size_t)n * TIDE_CACHE_LINE);
    TIDE_TRY(tide_table_blob_resize(self->table, self->row, self->blob + 1, 0, NULL));
    while ((member = tide_lines_next(lines, n, &at, self->spec->n_strs > 0))) {
        uint64_t hash;
        read_member(self->spec, member, key);
        tide_key_hash_keys(self->spec, key, self->spec->key_bytes, 1, &hash);
        TIDE_TRY(append(self, view_of(self), key, hash));
    }
    return TIDE_OK;
}

tide_status tide_value_set_put(const tide_value_set *self, const uint8_t *key, uint64_t hash,
                               bool *fresh)
{
    if (self->at[0]) return put_apart(self, key, hash, fresh);
    if (tide_lines_can_hold(self->spec, key)) {
        uint32_t n, mark = tide_lines_mark(hash);
        uint8_t *lines = lines_of(self, &n);
        tide_lines_result r =
            n ? tide_lines_put(lines, n, key, mark, self->spec->n_strs > 0) : TIDE_LINES_FULL;
        *fresh = r == TIDE_LINES_NEW;
        if (r != TIDE_LINES_FULL) return TIDE_OK;
        TIDE_TRY(grow_lines(self, key, mark, fresh));
        if (*fresh) return TIDE_OK;
    }
    TIDE_TRY(leave_lines(self));
    return put_apart(self, key, hash, fresh);
}

/* ---- hints ---- */

void tide_value_set_fetch_rest(const tide_blob_handle *at, uint64_t hash)
{
    const tide_blob *b = tide_blob_of(at[0]);
    uint32_t mask;
    if (b == NULL) {
        const uint8_t *lines = (const uint8_t *)tide_blob_of(at[1]);
        for (uint32_t i = 0; i < tide_blob_lines(at[1]); i++)
            __builtin_prefetch(lines + (size_t)i * TIDE_CACHE_LINE, 1);
        return;
    }
    __builtin_prefetch(b->bytes + b->n, 1); /* Where it will go if it is new. */
    if (b->bytes[4] > LINE_MARKS) __builtin_prefetch(b->bytes + TIDE_CACHE_LINE, 1);
    const uint32_t *index = index_of(at, &mask);
    if (index) __builtin_prefetch(index + ((uint32_t)hash & mask), 1);
}

/* ---- listing ---- */

bool tide_value_set_next(const tide_value_set *self, uint32_t *at, uint8_t *key, uint64_t *hash)
{
    uint32_t n_lines;
    uint8_t *lines = lines_of(self, &n_lines);
    view v = view_of(self);
    const uint8_t *member = NULL;
    if (n_lines) {
        member = tide_lines_next(lines, n_lines, at, self->spec->n_strs > 0);
    } else if (*at < v.bytes) {
        member = v.members + *at;
        *at += (uint32_t)(behind(self->spec, member) - member);
    }
    if (member == NULL) return false;
    read_member(self->spec, member, key);
    tide_key_hash_keys(self->spec, key, self->spec->key_bytes, 1, hash);
    return true;
}
