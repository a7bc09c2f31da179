/* agg_minmax.c - min and max: what cannot be taken away again.
 *
 * A state is {has, value}; all integer-like types share one kernel shape on 64 bits. Strings keep
 * their bytes outside of the state, in a block that grows with the longest winner so far. */
#include <math.h>

#include "base/core/mem.h"
#include "base/expr/agg_priv.h"

typedef struct int_best {
    int64_t has, value;
} int_best;

typedef struct float_best {
    int64_t has;
    double value;
} float_best;

typedef struct wide_best { /* DECIMAL and INTERVAL: 16 bytes as they lie in a column. */
    int64_t has;
    uint64_t words[2];
} wide_best;

typedef struct string_best {
    char *ptr; /* NULL: none yet. */
    uint32_t len, cap;
} string_best;

/* ---- 64 bits and less ---- */

TIDE_INLINE void take_int(int_best *s, int64_t v, bool want_max)
{
    if ((s->has == 0) | (want_max ? v > s->value : v < s->value))
        *s = (int_best){ .has = 1, .value = v };
}

TIDE_INLINE uint32_t best_ints(uint8_t *const *states, uint32_t offset, const tide_col *arg,
                               const uint16_t *rows, uint32_t n, tide_type_id id, bool want_max)
{
    const uint64_t *validity = arg->validity;
    for (uint32_t i = 0; i < n; i++)
        if (tide_agg_row_valid(validity, rows[i]))
            take_int((void *)(states[i] + offset), tide_agg_load_i64(arg->values, rows[i], id),
                     want_max);
    return n;
}

TIDE_INLINE uint32_t best_ints_of(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                                  const tide_col *arg, const uint16_t *rows, uint32_t n,
                                  bool want_max)
{
    switch (tide_type_width(self->arg)) {
    case 8: return best_ints(states, offset, arg, rows, n, TIDE_TYPE_BIGINT, want_max);
    case 4: return best_ints(states, offset, arg, rows, n, TIDE_TYPE_INT, want_max);
    case 2: return best_ints(states, offset, arg, rows, n, TIDE_TYPE_SMALLINT, want_max);
    default: return best_ints(states, offset, arg, rows, n, TIDE_TYPE_TINYINT, want_max);
    }
}

static uint32_t min_int_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                               const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return best_ints_of(self, states, offset, arg, rows, n, false);
}

static uint32_t max_int_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                               const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    return best_ints_of(self, states, offset, arg, rows, n, true);
}

static bool int_merge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    const int_best *from = (const void *)from_bytes;
    if (from->has) take_int((void *)into, from->value, self->kind == TIDE_AGG_MAX);
    return true;
}

static void int_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                       uint32_t n, tide_colb *out, uint32_t first)
{
    uint32_t width = tide_type_width(self->result);
    for (uint32_t i = 0; i < n; i++) {
        const int_best *s = (const void *)(states[i] + offset);
        if (!s->has)
            tide_colb_set_null(out, first + i);
        else if (width == 8)
            ((int64_t *)out->values)[first + i] = s->value;
        else if (width == 4)
            ((int32_t *)out->values)[first + i] = (int32_t)s->value;
        else if (width == 2)
            ((int16_t *)out->values)[first + i] = (int16_t)s->value;
        else
            ((int8_t *)out->values)[first + i] = (int8_t)s->value;
    }
}

/* ---- floating point: NaN above all, as PostgreSQL orders it ---- */

TIDE_INLINE bool float_less(double a, double b)
{
    return a < b || (isnan(b) && !isnan(a));
}

TIDE_INLINE void take_float(float_best *s, double v, bool want_max)
{
    if (!s->has || (want_max ? float_less(s->value, v) : float_less(v, s->value)))
        *s = (float_best){ .has = 1, .value = v };
}

static uint32_t float_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                             const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    bool is_float = self->arg.id == TIDE_TYPE_FLOAT, want_max = self->kind == TIDE_AGG_MAX;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows[i];
        if (!tide_agg_row_valid(arg->validity, row)) continue;
        double v = is_float ? (double)((const float *)arg->values)[row]
                            : ((const double *)arg->values)[row];
        take_float((void *)(states[i] + offset), v, want_max);
    }
    return n;
}

static bool float_merge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    const float_best *from = (const void *)from_bytes;
    if (from->has) take_float((void *)into, from->value, self->kind == TIDE_AGG_MAX);
    return true;
}

static void float_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                         uint32_t n, tide_colb *out, uint32_t first)
{
    bool is_float = self->result.id == TIDE_TYPE_FLOAT;
    for (uint32_t i = 0; i < n; i++) {
        const float_best *s = (const void *)(states[i] + offset);
        if (!s->has)
            tide_colb_set_null(out, first + i);
        else if (is_float)
            ((float *)out->values)[first + i] = (float)s->value;
        else
            ((double *)out->values)[first + i] = s->value;
    }
}

/* ---- decimals and intervals ---- */

/* An interval's length in microseconds, a month being 30 days: PostgreSQL's order. */
static __int128 interval_length(const tide_interval *v)
{
    return ((__int128)v->months * 30 + v->days) * 86400000000LL + v->micros;
}

TIDE_INLINE __int128 wide_rank(const uint64_t words[2], bool is_interval)
{
    if (is_interval) return interval_length((const void *)words);
    return (__int128)(((unsigned __int128)words[1] << 64) | words[0]);
}

TIDE_INLINE void take_wide(wide_best *s, const uint64_t words[2], bool is_interval, bool want_max)
{
    if (s->has) {
        __int128 old = wide_rank(s->words, is_interval), v = wide_rank(words, is_interval);
        if (want_max ? v <= old : v >= old) return;
    }
    s->has = 1;
    s->words[0] = words[0];
    s->words[1] = words[1];
}

static uint32_t wide_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                            const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    const uint64_t(*values)[2] = arg->values;
    bool is_interval = self->arg.id == TIDE_TYPE_INTERVAL, want_max = self->kind == TIDE_AGG_MAX;
    for (uint32_t i = 0; i < n; i++)
        if (tide_agg_row_valid(arg->validity, rows[i]))
            take_wide((void *)(states[i] + offset), values[rows[i]], is_interval, want_max);
    return n;
}

static bool wide_merge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    const wide_best *from = (const void *)from_bytes;
    if (from->has)
        take_wide((void *)into, from->words, self->arg.id == TIDE_TYPE_INTERVAL,
                  self->kind == TIDE_AGG_MAX);
    return true;
}

static void wide_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                        uint32_t n, tide_colb *out, uint32_t first)
{
    (void)self;
    uint64_t(*values)[2] = out->values;
    for (uint32_t i = 0; i < n; i++) {
        const wide_best *s = (const void *)(states[i] + offset);
        if (!s->has) {
            tide_colb_set_null(out, first + i);
            continue;
        }
        values[first + i][0] = s->words[0];
        values[first + i][1] = s->words[1];
    }
}

/* ---- strings ---- */

static void set_string(string_best *s, const char *ptr, uint32_t len)
{
    if (s->ptr == NULL || len > s->cap) {
        tide_free(s->ptr);
        s->cap = len < 16 ? 16 : len + len / 4;
        s->ptr = tide_malloc(s->cap);
    }
    memcpy(s->ptr, ptr, len);
    s->len = len;
}

static void take_string(string_best *s, const char *ptr, uint32_t len, bool want_max)
{
    if (s->ptr) {
        int order = memcmp(ptr, s->ptr, len < s->len ? len : s->len);
        if (order == 0) order = len < s->len ? -1 : len > s->len;
        if (want_max ? order <= 0 : order >= 0) return;
    }
    set_string(s, ptr, len);
}

static uint32_t string_update(const tide_agg *self, uint8_t *const *states, uint32_t offset,
                              const tide_col *arg, const uint16_t *rows, uint32_t n)
{
    bool want_max = self->kind == TIDE_AGG_MAX;
    for (uint32_t i = 0; i < n; i++) {
        if (!tide_agg_row_valid(arg->validity, rows[i])) continue;
        uint32_t len;
        const char *ptr = tide_col_str(arg, rows[i], &len);
        take_string((void *)(states[i] + offset), ptr, len, want_max);
    }
    return n;
}

static bool string_merge(const tide_agg *self, uint8_t *into, const uint8_t *from_bytes)
{
    const string_best *from = (const void *)from_bytes;
    if (from->ptr) take_string((void *)into, from->ptr, from->len, self->kind == TIDE_AGG_MAX);
    return true;
}

static void string_result(const tide_agg *self, const uint8_t *const *states, uint32_t offset,
                          uint32_t n, tide_colb *out, uint32_t first)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++) {
        const string_best *s = (const void *)(states[i] + offset);
        if (s->ptr)
            tide_colb_put_str(out, first + i, s->ptr, s->len);
        else
            tide_colb_set_null(out, first + i);
    }
}

static void string_drop(uint8_t *state)
{
    string_best *s = (void *)state;
    tide_free(s->ptr);
    *s = (string_best){ 0 };
}

/* A byte in front tells the empty string from none. */
static uint32_t string_saved_bytes(const uint8_t *state)
{
    const string_best *s = (const void *)state;
    return s->ptr ? 1 + s->len : 0;
}

static void string_save(const uint8_t *state, uint8_t *to)
{
    const string_best *s = (const void *)state;
    if (s->ptr == NULL) return;
    *to = 1;
    memcpy(to + 1, s->ptr, s->len);
}

static bool string_load(uint8_t *state, const uint8_t *from, uint32_t n)
{
    string_best *s = (void *)state;
    *s = (string_best){ 0 };
    if (n == 0) return true;
    if (*from != 1) return false;
    set_string(s, (const char *)from + 1, n - 1);
    return true;
}

static const tide_agg_heap string_heap = {
    .drop = string_drop, .saved_bytes = string_saved_bytes, .save = string_save, .load = string_load
};

static void init_string(tide_agg *self)
{
    self->state_bytes = sizeof(string_best);
    self->heap = &string_heap;
    self->update = string_update;
    self->merge = string_merge;
    self->result_of = string_result;
}

void tide_agg_init_minmax(tide_agg *self)
{
    tide_type_id id = (tide_type_id)self->arg.id;
    if (tide_type_is_string(self->arg)) {
        init_string(self);
    } else if (id == TIDE_TYPE_FLOAT || id == TIDE_TYPE_DOUBLE) {
        self->state_bytes = sizeof(float_best);
        self->update = float_update;
        self->merge = float_merge;
        self->result_of = float_result;
    } else if (id == TIDE_TYPE_DECIMAL || id == TIDE_TYPE_INTERVAL) {
        self->state_bytes = sizeof(wide_best);
        self->update = wide_update;
        self->merge = wide_merge;
        self->result_of = wide_result;
    } else {
        self->state_bytes = sizeof(int_best);
        self->update = self->kind == TIDE_AGG_MAX ? max_int_update : min_int_update;
        self->merge = int_merge;
        self->result_of = int_result;
    }
}
