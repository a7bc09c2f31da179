/* partial_groups.c - see partial_groups.h. */
#include "worker/op/partial_groups.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

/* How a row's time decides about its group. */
typedef enum time_rule { TIMELESS, IN_SLICE, IN_SESSION } time_rule;

/* On a slot: its group takes no further row. */
#define CLOSED 0x8000u
_Static_assert(PARTIAL_GROUPS_MAX < CLOSED, "a slot holds a group's number and the mark");

/* Of a row that is looked up. */
typedef struct row_key {
    const uint8_t *key;
    uint64_t hash;
    int64_t ts;
    tide_span slice;
} row_key;

void partial_groups_open(partial_groups *self, const tide_window *window, const tide_op_keys *keys,
                         uint32_t value_bytes)
{
    self->window = *window;
    self->keys = keys;
    self->states_at = (uint32_t)sizeof(partial_group) + keys->spec.key_bytes;
    self->stride = self->states_at + value_bytes;
    if (self->stride < TIDE_CACHE_LINE) self->stride = TIDE_CACHE_LINE;
    self->items = tide_malloc_aligned(TIDE_CACHE_LINE, (size_t)PARTIAL_GROUPS_MAX * self->stride);
    self->strings = tide_arena_new();
}

void partial_groups_close(partial_groups *self)
{
    tide_free(self->items);
    self->items = NULL;
    tide_arena_free(&self->strings);
}

void partial_groups_clear(partial_groups *self)
{
    if (self->n == 0) return;
    memset(self->slots, 0, sizeof self->slots);
    self->n = 0;
    if (self->keys->spec.n_strs) tide_arena_reset(self->strings);
}

/* ---- off the fast path ---- */

/* Long strings of the key borrow from a batch that will be gone. */
static void own_strings(partial_groups *self, uint8_t *key)
{
    const tide_key_spec *spec = &self->keys->spec;
    for (uint32_t c = 0; c < spec->n; c++) {
        if (!tide_type_is_string(spec->cols[c].type)) continue;
        tide_key_str *s = (tide_key_str *)(void *)(key + spec->at[c]);
        if (s->len > TIDE_VIEW_INLINE_MAX)
            s->ptr = tide_arena_strndup(self->strings, s->ptr, s->len);
    }
}

static partial_group *make(partial_groups *self, uint16_t *slot, const row_key *row)
{
    if (self->n == PARTIAL_GROUPS_MAX) return NULL;
    partial_group *made = partial_groups_at(self, self->n);
    *slot = (uint16_t)++self->n;
    *made = (partial_group){ .hash = row->hash, .first = row->ts, .last = row->ts };
    memcpy(made + 1, row->key, self->keys->spec.key_bytes);
    if (self->keys->spec.n_strs) own_strings(self, partial_group_key(made));
    memset((uint8_t *)made + self->states_at, 0, self->stride - self->states_at);
    return made;
}

static bool joins(const partial_group *group, int64_t ts, int64_t gap)
{
    return ts - group->last <= gap && group->first - ts <= gap;
}

/* The slot of the row's key (and slice), or the free one that it may have. */
static uint16_t *find_slot(partial_groups *self, time_rule rule, const row_key *row)
{
    const tide_key_spec *spec = &self->keys->spec;
    for (uint32_t at = (uint32_t)row->hash;; at++) {
        uint16_t *slot = &self->slots[at % PARTIAL_SLOTS];
        if (*slot == 0) return slot;
        partial_group *group = partial_groups_at(self, (*slot & ~CLOSED) - 1);
        if (group->hash == row->hash && tide_key_equal(spec, partial_group_key(group), row->key) &&
            (rule != IN_SLICE ||
             (group->first >= row->slice.start && group->first < row->slice.end)))
            return slot;
    }
}

/* The row's group; NULL when a new one is needed and there is none left. */
static TIDE_NOINLINE partial_group *find_or_make(partial_groups *self, time_rule rule,
                                                 const row_key *row)
{
    uint16_t *slot = find_slot(self, rule, row);
    if (*slot == 0 || (*slot & CLOSED)) return make(self, slot, row);
    partial_group *group = partial_groups_at(self, *slot - 1u);
    if (rule == IN_SESSION && !joins(group, row->ts, self->window.size_us))
        return make(self, slot, row);
    return group;
}

static void add_row(partial_group *group, int64_t ts)
{
    if (ts < group->first) group->first = ts;
    if (ts > group->last) group->last = ts;
    group->rows++;
}

/* Sessions, one by one: whether a row is late depends on what came before it. So one that may be is
 * a group by itself, and later ones of its key begin another. */
static uint32_t take_possibly_late(partial_groups *self, const partial_rows *in)
{
    const tide_op_keys *keys = self->keys;
    for (uint32_t k = 0; k < in->n; k++) {
        row_key row = { .key = keys->keys + (size_t)k * keys->spec.key_bytes,
                        .hash = keys->hash[k],
                        .ts = in->ts[in->rows[k]] };
        bool alone = row.ts + self->window.size_us < in->watermark_us;
        uint16_t *slot = find_slot(self, IN_SESSION, &row);
        partial_group *group =
            alone ? make(self, slot, &row) : find_or_make(self, IN_SESSION, &row);
        if (group == NULL) return k;
        if (alone) *slot |= CLOSED;
        add_row(group, row.ts);
        in->values[k] = (uint8_t *)group + self->states_at;
    }
    return in->n;
}

/* ---- the fast path ---- */

/* Keys of one or two words are compared here; 0: of any kind. */
TIDE_INLINE bool is_same_key(const partial_groups *self, uint32_t words, partial_group *group,
                             const row_key *row)
{
    const uint64_t *a = (const void *)partial_group_key(group), *b = (const void *)row->key;
    if (words == 1) return a[0] == b[0];
    if (words == 2) return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
    return group->hash == row->hash &&
           tide_key_equal(&self->keys->spec, (const uint8_t *)a, row->key);
}

/* rule and words are constants at every call site. */
TIDE_INLINE uint32_t take_rows(partial_groups *self, time_rule rule, uint32_t words,
                               const partial_rows *in)
{
    const uint32_t n = in->n, stride = self->stride, states_at = self->states_at;
    const size_t key_bytes = words ? words * sizeof(uint64_t) : self->keys->spec.key_bytes;
    const int64_t gap = self->window.size_us, *ts = in->ts;
    const uint64_t *hash = self->keys->hash;
    const uint8_t *key = self->keys->keys;
    const uint16_t *rows = in->rows, *slots = self->slots;
    uint8_t **values = in->values, *items = self->items;
    row_key row = { 0 };
    for (uint32_t k = 0; k < n; k++, key += key_bytes) {
        row.key = key;
        row.hash = hash[k];
        if (rule != TIMELESS) row.ts = ts[rows[k]];
        if (rule == IN_SLICE && (row.ts < row.slice.start || row.ts >= row.slice.end))
            row.slice = tide_window_slice(&self->window, row.ts);
        uint32_t slot = slots[row.hash % PARTIAL_SLOTS] - 1u;
        partial_group *group = (partial_group *)(void *)(items + (size_t)slot * stride);
        if (TIDE_UNLIKELY(slot >= PARTIAL_GROUPS_MAX || !is_same_key(self, words, group, &row) ||
                          (rule == IN_SLICE &&
                           (group->first < row.slice.start || group->first >= row.slice.end)) ||
                          (rule == IN_SESSION && !joins(group, row.ts, gap)))) {
            group = find_or_make(self, rule, &row);
            if (group == NULL) return k;
        }
        if (rule != TIMELESS) {
            int64_t first = group->first, last = group->last;
            group->first = row.ts < first ? row.ts : first;
            group->last = row.ts > last ? row.ts : last;
        }
        group->rows++;
        values[k] = (uint8_t *)group + states_at;
    }
    return n;
}

TIDE_INLINE uint32_t take_by_rule(partial_groups *self, time_rule rule, const partial_rows *in)
{
    const tide_key_spec *spec = &self->keys->spec;
    uint32_t words = spec->n_strs ? 0 : spec->key_bytes / (uint32_t)sizeof(uint64_t);
    if (words == 1) return take_rows(self, rule, 1, in);
    if (words == 2) return take_rows(self, rule, 2, in);
    return take_rows(self, rule, 0, in);
}

uint32_t partial_groups_take(partial_groups *self, const partial_rows *in)
{
    if (self->window.kind == TIDE_WINDOW_NONE) return take_by_rule(self, TIMELESS, in);
    if (self->window.kind != TIDE_WINDOW_SESSION) return take_by_rule(self, IN_SLICE, in);
    if (in->may_be_late) return take_possibly_late(self, in);
    return take_by_rule(self, IN_SESSION, in);
}
