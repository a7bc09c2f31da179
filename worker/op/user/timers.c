/* timers.c - a keyed table of timers with a calendar over it. */
#include "worker/op/user/timers.h"

#include "base/core/assert.h"
#include "base/core/mem.h"

/* A row's value. */
typedef struct timer {
    int64_t due;    /* When it fires: its time, or just after what has fired already. */
    uint64_t filed; /* The calendar's. */
} timer;

#define SPAN_US 60000000 /* Timers are usually set about a minute ahead. */

tide_status tide_timers_open(tide_timers *self, const char *name, const tide_key_spec *key,
                             tide_state_set *set, bool wants_next)
{
    tide_key_col cols[TIDE_KEY_COLS_MAX];
    if (key->n + 1 > TIDE_KEY_COLS_MAX)
        return tide_fail(TIDE_E_LIMIT, "too many key columns for timers");
    memcpy(cols, key->cols, key->n * sizeof *cols);
    cols[key->n] = (tide_key_col){ .type = tide_type_of(TIDE_TYPE_BIGINT), .not_null = true };
    TIDE_TRY(tide_key_spec_init(&self->spec, cols, key->n + 1, key->n));
    self->key = key;
    self->wants_next = wants_next;
    self->fired_until = INT64_MIN;
    const tide_table_spec spec = { .name = name, .key = &self->spec, .value_bytes = sizeof(timer) };
    TIDE_TRY(tide_state_set_open(set, &spec, &self->table));
    const tide_calendar_config config = { .table = self->table,
                                          .due_offset = offsetof(timer, due),
                                          .filed_offset = offsetof(timer, filed),
                                          .span = SPAN_US };
    self->calendar = tide_calendar_new(&config);
    self->encoded = tide_malloc_aligned(16, self->spec.key_bytes + 16);
    return TIDE_OK;
}

void tide_timers_close(tide_timers *self)
{
    tide_calendar_free(&self->calendar);
    tide_free(self->heap);
    tide_free(self->encoded);
}

/* (key, time) in self->encoded, and its hash. */
static uint64_t encode(tide_timers *self, const uint8_t *key, int64_t time_us)
{
    uint32_t fields = self->spec.at[self->key->n];
    memcpy(self->encoded, key, fields);
    memcpy(self->encoded + fields, &time_us, 8);
    if (self->spec.key_bytes > self->spec.hash_bytes)
        memcpy(self->encoded + self->spec.hash_bytes, key + self->key->hash_bytes, 8);
    uint64_t hash;
    tide_key_hash_keys(&self->spec, self->encoded, self->spec.key_bytes, 1, &hash);
    return hash;
}

static void heap_push(tide_timers *self, int64_t time_us)
{
    TIDE_GROW(self->heap, self->n_heap, self->cap_heap);
    uint32_t i = self->n_heap++;
    for (; i > 0 && self->heap[(i - 1) / 2] > time_us; i = (i - 1) / 2)
        self->heap[i] = self->heap[(i - 1) / 2];
    self->heap[i] = time_us;
}

static void heap_drop(tide_timers *self)
{
    int64_t last = self->heap[--self->n_heap];
    uint32_t i = 0;
    for (uint32_t c; (c = 2 * i + 1) < self->n_heap; i = c) {
        if (c + 1 < self->n_heap && self->heap[c + 1] < self->heap[c]) c++;
        if (self->heap[c] >= last) break;
        self->heap[i] = self->heap[c];
    }
    if (self->n_heap) self->heap[i] = last;
}

tide_status tide_timers_set(tide_timers *self, const uint8_t *key, int64_t time_us)
{
    uint64_t hash = encode(self, key, time_us);
    uint32_t row, n_fresh = 0;
    uint16_t fresh;
    TIDE_TRY(
        tide_table_find_or_insert(self->table, self->encoded, &hash, 1, &row, &fresh, &n_fresh));
    if (n_fresh == 0 && row != self->firing) return TIDE_OK;
    if (row == self->firing) self->firing = 0; /* Set again by its own callback: it stays. */
    tide_table_touch(self->table, &row, 1);
    timer *t = (timer *)tide_table_value(self->table, row);
    t->due = time_us > self->fired_until || self->fired_until == INT64_MAX ? time_us
                                                                           : self->fired_until + 1;
    tide_calendar_file(self->calendar, &row, 1);
    if (self->wants_next) heap_push(self, t->due);
    return TIDE_OK;
}

void tide_timers_delete(tide_timers *self, const uint8_t *key, int64_t time_us)
{
    uint64_t hash = encode(self, key, time_us);
    uint32_t row;
    tide_table_find(self->table, self->encoded, &hash, 1, &row);
    if (row == 0 || row == self->firing) return;
    tide_table_delete(self->table, &row, 1);
    for (uint32_t i = self->next_due; i < self->n_due; i++)
        if (self->due[i] == row) self->due[i] = 0;
}

bool tide_timers_pop(tide_timers *self, int64_t now_us, int64_t *time_us, uint8_t *key)
{
    if (now_us > self->fired_until) self->fired_until = now_us;
    for (;;) {
        if (self->next_due == self->n_due) {
            int64_t before = now_us == INT64_MAX ? INT64_MAX : now_us + 1;
            self->n_due = tide_calendar_pop(self->calendar, before, self->due, 64);
            self->next_due = 0;
            if (self->n_due == 0) break;
        }
        uint32_t row = self->due[self->next_due++];
        if (row == 0) continue; /* Deleted by a timer before it. */
        const uint8_t *encoded = tide_table_key(self->table, row);
        uint32_t fields = self->spec.at[self->key->n];
        memcpy(time_us, encoded + fields, 8);
        memcpy(key, encoded, fields);
        if (self->spec.key_bytes > self->spec.hash_bytes)
            memcpy(key + self->key->hash_bytes, encoded + self->spec.hash_bytes, 8);
        self->firing = row; /* Which stays for now: long strings of the key point into it. */
        return true;
    }
    return false;
}

void tide_timers_fired(tide_timers *self)
{
    if (self->firing) tide_table_delete(self->table, &self->firing, 1);
    self->firing = 0;
}

int64_t tide_timers_next(tide_timers *self)
{
    while (self->n_heap && self->heap[0] <= self->fired_until) heap_drop(self);
    return self->n_heap ? self->heap[0] : INT64_MAX;
}

void tide_timers_restored(tide_timers *self)
{
    tide_calendar_rebuild(self->calendar);
    self->n_heap = self->n_due = self->next_due = 0;
    tide_table_scan scan = { 0 };
    uint32_t rows[64], n;
    while (self->wants_next && (n = tide_table_scan_next(self->table, &scan, rows, 64)) > 0)
        for (uint32_t i = 0; i < n; i++)
            heap_push(self, ((timer *)tide_table_value(self->table, rows[i]))->due);
}
