/* session_older.c - rows off the fast path: they open a session, reach back, fill a break, or are
 * late.
 *
 * None of this is frequent, so a row costs a microsecond here without harm. Before a session moves
 * to another row or fuses, the batch's pending rows are fed to where they belong. */
#include "base/core/assert.h"
#include "base/core/mem.h"
#include "worker/op/session_priv.h"

typedef struct older_list { /* A key's older open sessions, taken out of the blob to be changed. */
    session_older *items;
    uint32_t n;
} older_list;

static tide_status place_in_older(session *self, uint32_t k, int64_t ts, tide_row_ref *ref_out,
                                  session_fate *fate_out);
static tide_status displace(session *self, uint32_t k);
static tide_status reach_back(session *self, uint32_t k, int64_t ts);

static bool is_late(const session *self, int64_t ts)
{
    return ts + self->gap < self->watermark;
}

tide_status session_place(session *self, uint32_t k, int64_t ts, tide_row_ref *ref_out,
                          session_fate *fate_out)
{
    tide_row_ref newest = { self->newest.table, self->rows[k] };
    session_value *s = session_of(newest);
    *ref_out = newest;
    *fate_out = SESSION_JOINED;
    if (s->start == s->due) {
        if (is_late(self, ts)) {
            *fate_out = SESSION_LATE;
            if (s->due == 0) self->empty[self->n_empty++] = newest.row;
            s->start = s->due = 1; /* Listed once. */
            return TIDE_OK;
        }
        s->start = ts;
        s->due = ts + self->gap;
        self->file[self->n_file++] = newest.row;
        return TIDE_OK;
    }
    if (ts > s->due) {
        TIDE_TRY(displace(self, k));
        s->start = ts;
        s->due = ts + self->gap; /* Filed already, for an earlier time: that will do. */
        return TIDE_OK;
    }
    if (ts >= s->start - self->gap) return reach_back(self, k, ts);
    return place_in_older(self, k, ts, ref_out, fate_out);
}

/* ---- the list of older sessions ---- */

/* Those that have fired are left out. tide_free list->items. */
static void load_list(const session *self, uint32_t row, uint32_t spare, older_list *list)
{
    uint32_t bytes;
    const session_older *kept =
        (const void *)tide_table_blob(self->newest.table, row, SESSION_BLOB_OLDER, &bytes);
    uint32_t n = bytes / (uint32_t)sizeof *kept;
    *list = (older_list){ .items = tide_calloc(n + spare + 1, sizeof *kept) };
    for (uint32_t i = 0; i < n; i++)
        if (kept[i].due >= self->watermark) list->items[list->n++] = kept[i];
}

static tide_status store_list(session *self, uint32_t row, const older_list *list)
{
    return tide_table_blob_set(self->newest.table, row, SESSION_BLOB_OLDER, list->items,
                               list->n * (uint32_t)sizeof *list->items);
}

/* Encodes (key k, id) for the table of older sessions; returns its hash. */
static uint64_t encode_older(const session *self, uint32_t k, int64_t id, uint8_t *key)
{
    const tide_key_spec *spec = &self->groups.keys.spec, *older = &self->older_spec;
    const uint8_t *from = self->groups.keys.keys + (size_t)k * spec->key_bytes;
    uint64_t hash;
    memcpy(key, from, spec->hash_bytes);
    memcpy(key + older->at[spec->n], &id, sizeof id);
    if (spec->key_bytes > spec->hash_bytes)
        memcpy(key + older->hash_bytes, from + spec->hash_bytes, sizeof(uint64_t));
    tide_key_hash_keys(older, key, older->key_bytes, 1, &hash);
    return hash;
}

/* The row of an older session of key k, made when there is none. */
static tide_status older_row(session *self, uint32_t k, int64_t id, tide_row_ref *out)
{
    uint8_t *key = tide_malloc_aligned(16, self->older_spec.key_bytes + 16);
    uint64_t hash = encode_older(self, k, id, key);
    *out = (tide_row_ref){ .table = self->older.table };
    tide_status rv =
        tide_table_find_or_insert(self->older.table, key, &hash, 1, &out->row, NULL, NULL);
    tide_free(key);
    if (rv != TIDE_OK) return rv;
    tide_table_touch(self->older.table, &out->row, 1);
    return TIDE_OK;
}

/* ---- moving and fusing ---- */

/* The newest session of key k becomes an older one; its row is left without rows of its own. */
static tide_status displace(session *self, uint32_t k)
{
    tide_row_ref from = { self->newest.table, self->rows[k] }, into;
    session_value *s = session_of(from);
    older_list list;
    TIDE_TRY(session_flush(self));
    load_list(self, from.row, 1, &list);
    list.items[list.n++] = (session_older){ .start = s->start, .due = s->due, .id = s->start };
    tide_status rv = store_list(self, from.row, &list);
    tide_free(list.items);
    if (rv != TIDE_OK) return rv;

    TIDE_TRY(older_row(self, k, s->start, &into));
    session_value *moved = session_of(into);
    tide_assert(moved->due == 0);
    memcpy(moved, s, self->groups.aggs.value_bytes); /* What the states own goes with them. */
    memset(s + 1, 0, self->groups.aggs.value_bytes - sizeof *s);
    moved->filed = 0;
    for (uint32_t i = 0; i < TIDE_VALUE_SET_BLOBS * self->groups.sets.n; i++) {
        uint32_t blob = SESSION_BLOB_SETS + i, n;
        const uint8_t *bytes = tide_table_blob(from.table, from.row, blob, &n);
        TIDE_TRY(tide_table_blob_set(into.table, into.row, blob, bytes, n));
        TIDE_TRY(tide_table_blob_resize(from.table, from.row, blob, 0, NULL));
    }
    tide_calendar_file(self->older.calendar, &into.row, 1);
    return TIDE_OK;
}

/* The older session of key k with that id becomes part of `into`. */
static tide_status fuse(session *self, uint32_t k, int64_t id, tide_row_ref into)
{
    tide_row_ref from;
    TIDE_TRY(session_flush(self));
    TIDE_TRY(older_row(self, k, id, &from));
    session_value *a = session_of(into), *b = session_of(from);
    tide_assert(b->due != 0);
    TIDE_TRY(tide_op_aggs_merge(&self->groups.aggs, tide_table_value(into.table, into.row),
                                tide_table_value(from.table, from.row)));
    TIDE_TRY(tide_row_sets_merge(&self->groups.sets, self->groups.env->pool, into, from));
    if (b->start < a->start) a->start = b->start;
    if (b->due > a->due) a->due = b->due;
    tide_table_delete(self->older.table, &from.row, 1);
    return TIDE_OK;
}

/* The newest session of key k begins at ts now; it may have reached the one before. */
static tide_status reach_back(session *self, uint32_t k, int64_t ts)
{
    tide_row_ref newest = { self->newest.table, self->rows[k] };
    session_value *s = session_of(newest);
    uint32_t bytes;
    if (ts < s->start) s->start = ts;
    tide_table_blob(self->newest.table, newest.row, SESSION_BLOB_OLDER, &bytes);
    if (bytes == 0) return TIDE_OK;

    older_list list;
    tide_status rv = TIDE_OK;
    load_list(self, newest.row, 0, &list);
    if (list.n > 0 && list.items[list.n - 1].due >= ts) {
        rv = fuse(self, k, list.items[--list.n].id, newest);
        if (rv == TIDE_OK) rv = store_list(self, newest.row, &list);
    }
    tide_free(list.items);
    return rv;
}

/* ts joins item i of the list, and perhaps makes it meet the next one. */
static tide_status join_older(session *self, uint32_t k, int64_t ts, older_list *list, uint32_t i,
                              tide_row_ref *ref_out)
{
    session_older *e = &list->items[i];
    TIDE_TRY(older_row(self, k, e->id, ref_out));
    session_value *s = session_of(*ref_out);
    tide_assert(s->due == e->due && s->start == e->start);
    if (ts < s->start) s->start = ts;
    if (ts + self->gap > s->due) s->due = ts + self->gap;
    if (i + 1 < list->n && list->items[i + 1].start - self->gap <= ts) {
        TIDE_TRY(fuse(self, k, list->items[i + 1].id, *ref_out));
        list->n--;
        memmove(e + 1, e + 2, (list->n - i - 1) * sizeof *e);
    }
    e->start = s->start;
    e->due = s->due;
    return TIDE_OK;
}

static tide_status open_older(session *self, uint32_t k, int64_t ts, older_list *list, uint32_t i,
                              tide_row_ref *ref_out)
{
    TIDE_TRY(older_row(self, k, ts, ref_out));
    session_value *s = session_of(*ref_out);
    tide_assert(s->due == 0 && s->start == 0);
    s->start = ts;
    s->due = ts + self->gap;
    tide_calendar_file(self->older.calendar, &ref_out->row, 1);
    memmove(list->items + i + 1, list->items + i, (list->n - i) * sizeof *list->items);
    list->items[i] = (session_older){ .start = s->start, .due = s->due, .id = ts };
    list->n++;
    return TIDE_OK;
}

/* ts lies before the newest session, out of its reach. */
static tide_status place_in_older(session *self, uint32_t k, int64_t ts, tide_row_ref *ref_out,
                                  session_fate *fate_out)
{
    older_list list;
    uint32_t i = 0;
    tide_status rv;
    load_list(self, self->rows[k], 1, &list);
    while (i < list.n && list.items[i].due < ts) i++;
    if (i < list.n && ts >= list.items[i].start - self->gap) {
        rv = join_older(self, k, ts, &list, i, ref_out);
    } else if (is_late(self, ts)) {
        *fate_out = SESSION_LATE;
        rv = TIDE_OK;
    } else {
        rv = open_older(self, k, ts, &list, i, ref_out);
    }
    if (rv == TIDE_OK) rv = store_list(self, self->rows[k], &list);
    tide_free(list.items);
    return rv;
}
