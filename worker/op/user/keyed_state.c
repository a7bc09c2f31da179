/* keyed_state.c - the layout and the functions of process.h on values, lists and maps. */
#include "worker/op/user/keyed_state.h"

#include <stdlib.h>

#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/user/process_priv.h"

/* A row's value: int64 written_us[n]; then, when states expire, int64 due, uint64 filed; then n
 * blobs. */
#define WRITTEN(self, value) ((int64_t *)(value))
#define DUE_OFFSET(self) ((self)->n * 8u)
/* How often rows are looked through for expired states, at the most. */
#define EXPIRE_EVERY_US_MIN 1000000

static bool has_ttl(const tide_process_def *def, int64_t *least_ms)
{
    *least_ms = INT64_MAX;
    for (uint32_t i = 0; i < def->n_states; i++)
        if (def->states[i].ttl_ms > 0 && def->states[i].ttl_ms < *least_ms)
            *least_ms = def->states[i].ttl_ms;
    return *least_ms != INT64_MAX;
}

/* A map's entries: keyed by the key's columns and the map key, in the key's own group. */
static tide_status open_map(tide_keyed_state *self, uint32_t i, tide_state_set *set)
{
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    uint32_t n = self->spec->n;
    if (n + 1 > TIDE_KEY_COLS_MAX)
        return tide_fail(TIDE_E_LIMIT, "too many key columns for map state");
    memcpy(cols, self->spec->cols, n * sizeof *cols);
    cols[n] = (tide_key_col){ .type = tide_type_of(TIDE_TYPE_BYTES), .idx = n, .not_null = true };
    TIDE_TRY(tide_key_spec_init(&self->map_specs[i], cols, n + 1, n));
    const tide_table_spec spec = {
        .name = self->defs[i].name, .key = &self->map_specs[i], .value_bytes = 8, .n_blobs = 1
    };
    return tide_state_set_open(set, &spec, &self->maps[i]);
}

tide_status tide_keyed_state_open(tide_keyed_state *self, const tide_process_def *def,
                                  const tide_key_spec *spec, tide_state_set *set)
{
    self->n = def->n_states;
    self->defs = def->states;
    self->spec = spec;
    if (self->n == 0) return TIDE_OK;
    if (self->n > TIDE_TABLE_BLOBS_MAX)
        return tide_fail(TIDE_E_LIMIT, "%u states; the most is %u", self->n, TIDE_TABLE_BLOBS_MAX);
    int64_t least_ttl_ms;
    bool expires = has_ttl(def, &least_ttl_ms);
    const tide_table_spec table = { .name = "process.state",
                                    .key = spec,
                                    .value_bytes = self->n * 16 + (expires ? 16 : 0),
                                    .n_blobs = self->n };
    TIDE_TRY(tide_state_set_open(set, &table, &self->table));
    self->maps = tide_calloc(self->n, sizeof(tide_table *));
    self->map_specs = tide_calloc(self->n, sizeof *self->map_specs);
    self->entry_key = tide_malloc_aligned(16, TIDE_KEY_COLS_MAX * 24 + 32);
    for (uint32_t i = 0; i < self->n; i++)
        if (self->defs[i].kind == TIDE_STATE_MAP) TIDE_TRY(open_map(self, i, set));
    if (expires) {
        const tide_calendar_config config = { .table = self->table,
                                              .due_offset = DUE_OFFSET(self),
                                              .filed_offset = DUE_OFFSET(self) + 8,
                                              .span = least_ttl_ms * 1000 };
        self->expiry = tide_calendar_new(&config);
    }
    return TIDE_OK;
}

void tide_keyed_state_close(tide_keyed_state *self)
{
    tide_calendar_free(&self->expiry);
    tide_free(self->maps);
    tide_free(self->map_specs);
    tide_free(self->entry_key);
}

void tide_keyed_state_select(tide_keyed_state *self, const uint8_t *key, uint64_t hash,
                             uint32_t row, int64_t wall_us)
{
    self->key = key;
    self->hash = hash;
    self->row = row;
    self->wall_us = wall_us;
    self->touched = false;
    self->list_state = UINT32_MAX;
}

/* ---- the current row ---- */
static tide_keyed_state *state_of(tide_context *ctx, uint32_t n, tide_state_kind kind)
{
    tide_keyed_state *self = &ctx->state;
    if (n >= self->n)
        tide_user_misuse("state %u was used; there are %u", n, self->n);
    else if (self->defs[n].kind != kind)
        tide_user_misuse("state %s is not of the kind that it was used as", self->defs[n].name);
    else
        return self;
    return NULL;
}

static const uint8_t *blob_of(tide_keyed_state *self, uint32_t n, uint32_t *bytes)
{
    const uint8_t *value = tide_table_value(self->table, self->row);
    int64_t ttl_us = self->defs[n].ttl_ms * 1000;
    *bytes = 0;
    if (ttl_us > 0 && WRITTEN(self, value)[n] + ttl_us <= self->wall_us) return NULL;
    return tide_table_blob(self->table, self->row, n, bytes);
}

/* Before writing state n: the dirty bit, the time of writing, the expiry. */
static void note_write(tide_keyed_state *self, uint32_t n)
{
    if (!self->touched) tide_table_touch(self->table, &self->row, 1);
    self->touched = true;
    self->list_state = UINT32_MAX;
    uint8_t *value = tide_table_value(self->table, self->row);
    WRITTEN(self, value)[n] = self->wall_us;
    if (self->defs[n].ttl_ms == 0) return;
    int64_t *due = (int64_t *)(value + DUE_OFFSET(self));
    int64_t mine = self->wall_us + self->defs[n].ttl_ms * 1000;
    if (*due == 0 || mine < *due) *due = mine;
    tide_calendar_file(self->expiry, &self->row, 1);
}

static void check(tide_status rv)
{
    if (rv != TIDE_OK) tide_user_misuse("%s", tide_error_text());
}

/* ---- values ---- */
/* A VALUE's blob begins with a byte that tells an empty value from none. */
const void *tide_value_get(tide_context *ctx, uint32_t n, size_t *bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_VALUE);
    uint32_t len = 0;
    const uint8_t *blob = self ? blob_of(self, n, &len) : NULL;
    *bytes = blob && len ? len - 8 : 0;
    return blob && len ? blob + 8 : NULL;
}

void tide_value_put(tide_context *ctx, uint32_t n, const void *ptr, size_t bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_VALUE);
    if (self == NULL) return;
    if (bytes > TIDE_TABLE_BLOB_BYTES_MAX - 8) {
        tide_user_misuse("state %s: a value of %zu bytes is too long", self->defs[n].name, bytes);
        return;
    }
    note_write(self, n);
    uint8_t *at;
    tide_status rv = tide_table_blob_resize(self->table, self->row, n, (uint32_t)bytes + 8, &at);
    check(rv);
    if (rv == TIDE_OK && bytes) memcpy(at + 8, ptr, bytes);
}

static void clear_state(tide_keyed_state *self, uint32_t n);

void tide_state_clear(tide_context *ctx, uint32_t n)
{
    tide_keyed_state *self = &ctx->state;
    if (n >= self->n)
        tide_user_misuse("state %u was cleared; there are %u", n, self->n);
    else
        clear_state(self, n);
}

/* ---- lists ---- */
/* Makes sure that expired content is not added to. */
static void drop_expired(tide_keyed_state *self, uint32_t n)
{
    uint32_t len;
    if (blob_of(self, n, &len) == NULL) clear_state(self, n);
}

static tide_status append_entry(tide_keyed_state *self, uint32_t n, const void *ptr, size_t bytes)
{
    if (bytes > TIDE_TABLE_BLOB_BYTES_MAX - 4)
        return tide_fail(TIDE_E_LIMIT, "an entry is too long");
    uint32_t len = (uint32_t)bytes;
    TIDE_TRY(tide_table_blob_append(self->table, self->row, n, &len, 4));
    return tide_table_blob_append(self->table, self->row, n, ptr, len);
}

void tide_list_add(tide_context *ctx, uint32_t n, const void *ptr, size_t bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_LIST);
    if (self == NULL) return;
    drop_expired(self, n);
    note_write(self, n);
    check(append_entry(self, n, ptr, bytes));
}

static uint32_t entry_len(const uint8_t *at)
{
    uint32_t len;
    memcpy(&len, at, 4);
    return len;
}

uint32_t tide_list_count(tide_context *ctx, uint32_t n)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_LIST);
    uint32_t bytes = 0, count = 0;
    const uint8_t *blob = self ? blob_of(self, n, &bytes) : NULL;
    for (uint32_t at = 0; blob && at < bytes; at += 4 + entry_len(blob + at)) count++;
    return count;
}

/* Reading in order costs one step an entry: the last place is remembered. */
const void *tide_list_get(tide_context *ctx, uint32_t n, uint32_t i, size_t *bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_LIST);
    *bytes = 0;
    uint32_t len = 0;
    const uint8_t *blob = self ? blob_of(self, n, &len) : NULL;
    if (blob == NULL) return NULL;
    uint32_t at = 0, index = 0;
    if (self->list_state == n && self->list_index <= i) {
        at = self->list_at;
        index = self->list_index;
    }
    for (; at < len && index < i; index++) at += 4 + entry_len(blob + at);
    self->list_state = n;
    self->list_at = at;
    self->list_index = index;
    if (at >= len) return NULL;
    *bytes = entry_len(blob + at);
    return blob + at + 4;
}

/* ---- maps ---- */
/* The row of a map's entry; 0 when there is none and it was not to be made. */
static uint32_t entry_row(tide_keyed_state *self, uint32_t n, const void *map_key, size_t bytes,
                          bool make, bool *is_new)
{
    const tide_key_spec *spec = &self->map_specs[n];
    tide_key_str s = { .len = (uint32_t)bytes };
    if (bytes <= TIDE_VIEW_INLINE_MAX) {
        memcpy(s.prefix, map_key, bytes); /* On into rest: the two are one field of 12 bytes. */
    } else {
        memcpy(s.prefix, map_key, 4);
        s.ptr = map_key;
    }
    uint32_t fields = spec->at[spec->n - 1];
    memset(self->entry_key, 0, spec->key_bytes);
    memcpy(self->entry_key, self->key, fields);
    memcpy(self->entry_key + fields, &s, sizeof s);
    if (spec->key_bytes > spec->hash_bytes) /* The NULL word, which both keys have. */
        memcpy(self->entry_key + spec->hash_bytes, self->key + self->spec->hash_bytes, 8);
    uint64_t hash;
    tide_key_hash_keys(spec, self->entry_key, spec->key_bytes, 1, &hash);
    uint32_t row = 0, n_fresh = 0;
    uint16_t fresh;
    if (!make) {
        tide_table_find(self->maps[n], self->entry_key, &hash, 1, &row);
        return row;
    }
    check(tide_table_find_or_insert(self->maps[n], self->entry_key, &hash, 1, &row, &fresh,
                                    &n_fresh));
    *is_new = n_fresh > 0;
    return tide_user_has_failed() ? 0 : row;
}

static bool is_map_key(tide_keyed_state *self, uint32_t n, size_t bytes)
{
    if (bytes <= UINT32_MAX / 4) return true;
    tide_user_misuse("state %s: a map key of %zu bytes is too long", self->defs[n].name, bytes);
    return false;
}

const void *tide_map_get(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes,
                         size_t *bytes)
{
    *bytes = 0;
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_MAP);
    uint32_t len = 0;
    if (self == NULL || !is_map_key(self, n, key_bytes) || blob_of(self, n, &len) == NULL ||
        len == 0)
        return NULL;
    uint32_t row = entry_row(self, n, key, key_bytes, false, NULL);
    if (row == 0) return NULL;
    const uint8_t *blob = tide_table_blob(self->maps[n], row, 0, &len);
    *bytes = len - 8;
    return blob + 8;
}

void tide_map_put(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes, const void *ptr,
                  size_t bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_MAP);
    if (self == NULL || !is_map_key(self, n, key_bytes)) return;
    if (bytes > TIDE_TABLE_BLOB_BYTES_MAX - 8) {
        tide_user_misuse("state %s: a value of %zu bytes is too long", self->defs[n].name, bytes);
        return;
    }
    drop_expired(self, n);
    bool is_new = false;
    uint32_t row = entry_row(self, n, key, key_bytes, true, &is_new);
    if (row == 0) return;
    note_write(self, n);
    if (is_new) check(append_entry(self, n, key, key_bytes));
    tide_table_touch(self->maps[n], &row, 1);
    uint8_t *at;
    tide_status rv = tide_table_blob_resize(self->maps[n], row, 0, (uint32_t)bytes + 8, &at);
    check(rv);
    if (rv == TIDE_OK && bytes) memcpy(at + 8, ptr, bytes);
}

/* One key of a map's list of keys. */
typedef struct map_key {
    const uint8_t *ptr;
    uint32_t len;
} map_key;

static int compare_keys(const void *a_v, const void *b_v)
{
    const map_key *a = a_v, *b = b_v;
    int c = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return c ? c : (a->len > b->len) - (a->len < b->len);
}

/* The map's keys, sorted, without repeats and without removed ones. Caller frees. */
static map_key *live_keys(tide_keyed_state *self, uint32_t n, uint32_t *count)
{
    uint32_t bytes, cap = 0, n_keys = 0;
    const uint8_t *blob = blob_of(self, n, &bytes);
    map_key *keys = NULL;
    for (uint32_t at = 0; blob && at < bytes; at += 4 + entry_len(blob + at)) {
        TIDE_GROW(keys, n_keys, cap);
        keys[n_keys++] = (map_key){ blob + at + 4, entry_len(blob + at) };
    }
    if (n_keys) qsort(keys, n_keys, sizeof *keys, compare_keys);
    *count = 0;
    for (uint32_t i = 0; i < n_keys; i++) {
        if (*count && compare_keys(&keys[*count - 1], &keys[i]) == 0) continue;
        if (entry_row(self, n, keys[i].ptr, keys[i].len, false, NULL)) keys[(*count)++] = keys[i];
    }
    return keys;
}

/* Once removed keys may outnumber the others, the list is written anew, or dropped with the last.
 */
static void compact_keys(tide_keyed_state *self, uint32_t n)
{
    uint32_t count;
    map_key *keys = live_keys(self, n, &count);
    tide_bytes list = { 0 };
    for (uint32_t i = 0; i < count; i++) {
        tide_bytes_put(&list, &keys[i].len, 4);
        tide_bytes_put(&list, keys[i].ptr, keys[i].len);
    }
    check(tide_table_blob_set(self->table, self->row, n, list.p, (uint32_t)list.n));
    tide_bytes_fini(&list);
    tide_free(keys);
}

bool tide_map_remove(tide_context *ctx, uint32_t n, const void *key, size_t key_bytes)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_MAP);
    uint32_t len = 0;
    if (self == NULL || !is_map_key(self, n, key_bytes) || blob_of(self, n, &len) == NULL ||
        len == 0)
        return false;
    uint32_t row = entry_row(self, n, key, key_bytes, false, NULL);
    if (row == 0) return false;
    tide_table_delete(self->maps[n], &row, 1);
    note_write(self, n);
    /* Every removal at the end of a doubling pays for the compaction: amortised constant. */
    ctx->removed++;
    if (ctx->removed * 8 >= len) {
        ctx->removed = 0;
        compact_keys(self, n);
    }
    return true;
}

void tide_map_each(tide_context *ctx, uint32_t n,
                   int (*visit)(void *arg, const void *key, size_t key_bytes, const void *ptr,
                                size_t bytes),
                   void *arg)
{
    tide_keyed_state *self = state_of(ctx, n, TIDE_STATE_MAP);
    uint32_t count = 0;
    map_key *keys = self ? live_keys(self, n, &count) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = entry_row(self, n, keys[i].ptr, keys[i].len, false, NULL), len;
        const uint8_t *blob = tide_table_blob(self->maps[n], row, 0, &len);
        if (visit(arg, keys[i].ptr, keys[i].len, blob + 8, len - 8)) break;
    }
    tide_free(keys);
}

/* ---- clearing ---- */
static void clear_state(tide_keyed_state *self, uint32_t n)
{
    uint32_t bytes;
    const uint8_t *blob = tide_table_blob(self->table, self->row, n, &bytes);
    if (bytes == 0) return;
    if (self->defs[n].kind == TIDE_STATE_MAP)
        for (uint32_t at = 0; at < bytes; at += 4 + entry_len(blob + at)) {
            uint32_t row = entry_row(self, n, blob + at + 4, entry_len(blob + at), false, NULL);
            if (row) tide_table_delete(self->maps[n], &row, 1);
        }
    if (!self->touched) tide_table_touch(self->table, &self->row, 1);
    self->touched = true;
    self->list_state = UINT32_MAX;
    check(tide_table_blob_resize(self->table, self->row, n, 0, NULL));
}

static bool is_empty(const tide_keyed_state *self, uint32_t row)
{
    for (uint32_t i = 0; i < self->n; i++) {
        uint32_t bytes;
        tide_table_blob(self->table, row, i, &bytes);
        if (bytes) return false;
    }
    return true;
}

void tide_keyed_state_sweep(tide_keyed_state *self, const uint32_t *rows, uint32_t n)
{
    for (uint32_t i = 0; self->table && i < n; i++)
        if (tide_table_is_live(self->table, rows[i]) && is_empty(self, rows[i]))
            tide_table_delete(self->table, &rows[i], 1);
}

static void expire_row(tide_keyed_state *self, uint32_t row, int64_t wall_us)
{
    const uint8_t *key = tide_table_key(self->table, row);
    uint64_t hash;
    tide_key_hash_keys(self->spec, key, self->spec->key_bytes, 1, &hash);
    tide_keyed_state_select(self, key, hash, row, wall_us);
    uint8_t *value = tide_table_value(self->table, row);
    int64_t next = 0;
    for (uint32_t i = 0; i < self->n; i++) {
        int64_t due = WRITTEN(self, value)[i] + self->defs[i].ttl_ms * 1000;
        uint32_t bytes;
        tide_table_blob(self->table, row, i, &bytes);
        if (self->defs[i].ttl_ms == 0 || bytes == 0) continue;
        if (due <= wall_us)
            clear_state(self, i);
        else if (next == 0 || due < next)
            next = due;
    }
    if (next) {
        *(int64_t *)(value + DUE_OFFSET(self)) = next;
        tide_calendar_file(self->expiry, &row, 1);
    }
    tide_keyed_state_sweep(self, &row, 1);
}

void tide_keyed_state_expire(tide_keyed_state *self, int64_t wall_us)
{
    if (self->expiry == NULL || wall_us < self->next_expiry_us) return;
    uint32_t rows[64], n;
    while ((n = tide_calendar_pop(self->expiry, wall_us + 1, rows, 64)) > 0)
        for (uint32_t i = 0; i < n; i++) expire_row(self, rows[i], wall_us);
    self->next_expiry_us = wall_us + EXPIRE_EVERY_US_MIN;
}

int64_t tide_keyed_state_next_expiry(const tide_keyed_state *self)
{
    bool any = self->expiry && tide_table_count(self->table) > 0;
    return any ? self->next_expiry_us : INT64_MAX;
}

void tide_keyed_state_restored(tide_keyed_state *self)
{
    if (self->expiry) tide_calendar_rebuild(self->expiry);
}
